"""What an operator watches in payments."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from prometheus_client import Gauge, Histogram
from sqlalchemy import text

from chassis.config import Settings
from chassis.database import Statement
from chassis.metrics import REGISTRY
from chassis.uow import UnitOfWork
from rules import refunds
from services.payments.rails import RAILS

if TYPE_CHECKING:
    from chassis.service import Platform

log = logging.getLogger(__name__)

TELL_AGAIN = timedelta(minutes=1)
_told: dict[str, datetime] = {}

_unsent = Gauge("shubbak_payments_oldest_unsent_charge_seconds",
                "Age of the oldest payment that no rail has given a reference for", registry=REGISTRY)
_age = Gauge("shubbak_payments_reference_age_seconds",
             "Age of the oldest payment at a rail that has not given its reference", ("rail",), registry=REGISTRY)
_refunds = Gauge("shubbak_payments_refunds_waiting", "Refunds by what they wait for, at the centre of nodes' too",
                 ("state",), registry=REGISTRY)
_reviews = Gauge("shubbak_payments_reviews_open", "Reports of rails that wait for a person", registry=REGISTRY)
_oldest_review = Gauge("shubbak_payments_oldest_review_seconds", "Age of the oldest of them", registry=REGISTRY)
_calls = Histogram("shubbak_rail_call_seconds", "Calls to rails by errand and outcome", ("rail", "errand", "outcome"),
                   registry=REGISTRY)

_MEASURE = Statement(text("""
    SELECT (SELECT count(*) FROM review WHERE settled_at IS NULL) AS reviews,
           (SELECT min(raised_at) FROM review WHERE settled_at IS NULL) AS review"""))
# At the centre, charges for nodes' bills too. Each part is the predicate of a small index.
_LATE = Statement(text("""
    SELECT rail, count(*) AS payments, min(since) AS since FROM (
      SELECT rail, started_at AS since FROM payment WHERE state = 'created'
      UNION ALL SELECT rail, taken_at FROM charge WHERE state = 'wished') AS unsent GROUP BY rail"""))
_WAITING = Statement(text(  # the predicates of the indexes refund_waiting and charge_refund_at_rail, to the letter
    "SELECT state, sum(refunds)::bigint AS refunds FROM (SELECT state, count(*) AS refunds FROM refund "
    "WHERE state IN ('requested','approved','sent','under_way','refused','uncertain') GROUP BY state "
    "UNION ALL SELECT state, count(*) FROM charge_refund WHERE state IN ('sent', 'under_way', 'uncertain') "
    "GROUP BY state) AS waiting GROUP BY state"))


def reference_alarm(settings: Settings) -> timedelta:
    """How long a rail may keep a payer waiting for its reference (SHUBBAK_REFERENCE_ALARM, seconds; 120) before an
    operator is told. ConfigurationError when that is no number."""
    return timedelta(seconds=settings.number("REFERENCE_ALARM", 120, least=1, most=86_400))


def _watch_references(work: UnitOfWork) -> None:
    """Tell how old the oldest wish at each rail is that got no reference; over the limit, in the log too, once a minute
    for each rail."""
    late = {row.rail: row for row in work.all(_LATE)}
    ages = {rail: (work.now - late[rail].since).total_seconds() if rail in late else 0.0
            for rail in {*RAILS.names, *late}}
    for rail, age in ages.items():
        _age.labels(rail).set(age)
        if age <= reference_alarm(work.settings).total_seconds():
            _told.pop(rail, None)
        elif rail not in _told or work.now - _told[rail] >= TELL_AGAIN:
            _told[rail] = work.now
            log.error("a rail gives no references", extra={
                "rail": rail, "payments": late[rail].payments, "oldest_seconds": int(age)})
    _unsent.set(max(ages.values(), default=0.0))


def rail_call(rail: str, errand: str, outcome: str, seconds: float) -> None:
    _calls.labels(rail, errand, outcome).observe(seconds)


def measure(platform: Platform) -> None:
    """Bring the gauges up to date."""
    work = platform.unit_of_work()
    row = work.one(_MEASURE)
    _watch_references(work)
    waiting = {one.state: one.refunds for one in work.all(_WAITING)}
    for state in refunds.OPEN:
        _refunds.labels(state).set(waiting.get(state, 0))
    _reviews.set(row.reviews)
    _oldest_review.set((work.now - row.review).total_seconds() if row.review else 0)
