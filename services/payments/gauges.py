"""What an operator watches in payments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import Gauge, Histogram
from sqlalchemy import text

from chassis.database import Statement
from chassis.metrics import REGISTRY

if TYPE_CHECKING:
    from chassis.service import Platform

_unsent = Gauge("shubbak_payments_oldest_unsent_charge_seconds",
                "Age of the oldest payment that no rail has given a reference for", registry=REGISTRY)
_reviews = Gauge("shubbak_payments_reviews_open", "Reports of rails that wait for a person", registry=REGISTRY)
_oldest_review = Gauge("shubbak_payments_oldest_review_seconds", "Age of the oldest of them", registry=REGISTRY)
_calls = Histogram("shubbak_rail_call_seconds", "Calls to rails by errand and outcome", ("rail", "errand", "outcome"),
                   registry=REGISTRY)

_MEASURE = Statement(text("""
    SELECT (SELECT min(started_at) FROM payment WHERE state = 'created') AS unsent,
           (SELECT count(*) FROM review WHERE settled_at IS NULL) AS reviews,
           (SELECT min(raised_at) FROM review WHERE settled_at IS NULL) AS review"""))


def rail_call(rail: str, errand: str, outcome: str, seconds: float) -> None:
    _calls.labels(rail, errand, outcome).observe(seconds)


def measure(platform: Platform) -> None:
    """Bring the gauges up to date."""
    work = platform.unit_of_work()
    row = work.one(_MEASURE)
    _unsent.set((work.now - row.unsent).total_seconds() if row.unsent else 0)
    _reviews.set(row.reviews)
    _oldest_review.set((work.now - row.review).total_seconds() if row.review else 0)
