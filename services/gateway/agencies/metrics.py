"""What an operator watches of agencies: attempts by what became of them, how late events reach their receivers."""

from __future__ import annotations

from datetime import timedelta

from prometheus_client import Counter, Gauge, Histogram

from chassis.metrics import REGISTRY

_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 3600, 86400)

ATTEMPTS = Counter("shubbak_webhook_attempts", "Attempts to deliver a webhook, by what the answer meant.",
                   ("agency", "meaning"), registry=REGISTRY)
ANSWERED = Histogram("shubbak_webhook_seconds", "How long receivers take to answer.", ("agency",), registry=REGISTRY)
ADDED = Histogram("shubbak_webhook_age_seconds", "From the arrival of an event to its delivery.", ("agency",),
                  buckets=_BUCKETS, registry=REGISTRY)
LAG = Gauge("shubbak_agency_lag", "Entries of the feed that a subscription has not looked at.",
            ("agency", "subscription"), registry=REGISTRY)
OLDEST = Gauge("shubbak_agency_oldest_seconds", "Age of the oldest event that is not delivered, of those that are to "
               "run.", ("agency", "subscription"), registry=REGISTRY)
WAITING = Gauge("shubbak_agency_deliveries", "Deliveries with a row, by state: waiting, behind, dead.",
                ("agency", "subscription", "state"), registry=REGISTRY)
CIRCUIT = Gauge("shubbak_agency_circuit_open", "1 while a receiver is left alone.", ("agency", "subscription"),
                registry=REGISTRY)

QUEUE_LEFT = Gauge("shubbak_agency_queue_left", "Messages in the queue of an agency that may take none any more.",
                   ("agency",), registry=REGISTRY)


def attempt(agency: str, meaning: str, seconds: float, age: timedelta) -> None:
    ATTEMPTS.labels(agency, meaning).inc()
    ANSWERED.labels(agency).observe(seconds)
    if meaning == "taken":
        ADDED.labels(agency).observe(max(age.total_seconds(), 0.0))
