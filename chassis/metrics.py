"""Prometheus metrics, one registry a process. Labels are bounded: services, methods, routes, event types."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

REGISTRY = CollectorRegistry()
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

_http = Histogram("shubbak_http_seconds", "HTTP requests by route and status", ("route", "method", "status"),
                  buckets=_BUCKETS, registry=REGISTRY)
_rpc = Histogram("shubbak_rpc_seconds", "RPCs served by method and outcome", ("method", "outcome"), buckets=_BUCKETS,
                 registry=REGISTRY)
_sent = Counter("shubbak_events_sent_total", "Events confirmed by the bus", ("service",), registry=REGISTRY)
_publish = Histogram("shubbak_publish_seconds", "Time to publish and confirm a batch", ("service",), buckets=_BUCKETS,
                     registry=REGISTRY)
_unsent = Gauge("shubbak_oldest_unsent_event_seconds", "Age of the oldest event not yet with the bus", ("service",),
                registry=REGISTRY)
_unroutable = Counter("shubbak_events_unroutable_total", "Events that no queue took", ("service", "type"),
                      registry=REGISTRY)
_applied = Counter("shubbak_events_applied_total", "Events applied", ("service",), registry=REGISTRY)
_owed = Gauge("shubbak_inbox_owed", "Events waiting for a retry, or parked for an operator", ("service", "state"),
              registry=REGISTRY)
_malformed = Counter("shubbak_events_malformed_total", "Deliveries that were no event", ("service",), registry=REGISTRY)
_in_flight = Gauge("shubbak_in_flight", "Work in flight", ("service", "door"), registry=REGISTRY)
_refused_busy = Counter("shubbak_refused_busy_total", "Work refused because the service was full", ("service", "door"),
                        registry=REGISTRY)
_pool = Gauge("shubbak_database_pool", "Database connections", ("service", "state"), registry=REGISTRY)
_unsealed = Gauge("shubbak_audit_unsealed", "Audit rows not yet chained", ("service",), registry=REGISTRY)
_window = Histogram("shubbak_audit_window_seconds", "From an act to the chaining of its row, oldest of a batch",
                    ("service",), buckets=_BUCKETS, registry=REGISTRY)


def http(route: str, method: str, status: int, seconds: float) -> None:
    _http.labels(route, method, str(status)).observe(seconds)


def rpc(method: str, outcome: str, seconds: float) -> None:
    _rpc.labels(method, outcome).observe(seconds)


def events_sent(service: str, count: int, seconds: float) -> None:
    _sent.labels(service).inc(count)
    _publish.labels(service).observe(seconds)


def oldest_unsent(service: str, seconds: float) -> None:
    _unsent.labels(service).set(seconds)


def events_unroutable(service: str, event_type: str) -> None:
    _unroutable.labels(service, event_type).inc()


def events_applied(service: str, count: int) -> None:
    _applied.labels(service).inc(count)


def events_malformed(service: str) -> None:
    _malformed.labels(service).inc()


def inbox_owed(service: str, state: str, count: int) -> None:
    _owed.labels(service, state).set(count)


def in_flight(service: str, door: str, count: int) -> None:
    _in_flight.labels(service, door).set(count)


def refused_busy(service: str, door: str) -> None:
    _refused_busy.labels(service, door).inc()


def database_pool(service: str, used: int, idle: int) -> None:
    _pool.labels(service, "used").set(used)
    _pool.labels(service, "idle").set(idle)


def audit_unsealed(service: str, count: int) -> None:
    _unsealed.labels(service).set(count)


def render() -> bytes:
    """The exposition text."""
    text: bytes = generate_latest(REGISTRY)
    return text


def audit_window(service: str, seconds: float) -> None:
    _window.labels(service).observe(seconds)
