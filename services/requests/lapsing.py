"""Waits that end by themselves: whoever is waited for is warned, and on the day after the last one the step `expired`
is taken, once.

The step demands the request's version, as the applicant's own completion and the head's extension do: of two at the
same moment one wins, and the other looks anew. An applicant is told on a day before anything follows, also after a time
in which nothing ran; and nothing follows while the clock is one that silence does not believe (silence.py).
"""

from __future__ import annotations

import logging
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from chassis.database import Statement
from chassis.errors import Conflict
from chassis.ids import uuid7
from chassis.uow import UnitOfWork
from contracts.requests_engine import REMINDED
from rules import silence as clock
from rules import waiting as rule
from rules.calendar import cairo_date, opens
from rules.refusal import Refusal
from rules.workflow import EXPIRED
from services.requests import life, waiting

log = logging.getLogger(__name__)

PAGE = 100
_DAY = timedelta(days=1)

_DUE = Statement(
    text(
        "SELECT request_id FROM waiting WHERE judge_on <= :today "
        "AND (CAST(:after AS uuid) IS NULL OR request_id > CAST(:after AS uuid)) ORDER BY request_id LIMIT :most"
    )
)
_GONE = Statement(
    text("DELETE FROM waiting WHERE request_id = :request_id AND since = :since AND extensions = :seen")
)
_CLOCK = Statement(text("SELECT seen_until FROM silence_clock"))


def sweep(platform: Any) -> int:
    """Judge every wait that is due to be: warn, or let its end follow. `platform` runs pieces of work (`attempt`).
    Answers how many ended. One that cannot be judged now holds up no other."""
    if not platform.attempt(_believable):
        return 0
    ended, after = 0, None
    while True:
        today = cairo_date(platform.unit_of_work().now)
        rows = platform.attempt(lambda work, after=after, today=today: work.all(_DUE, today=today, after=after,
                                                                                most=PAGE))
        for row in rows:
            try:
                ended += bool(platform.attempt(lambda work, one=row.request_id: judge(work, one)))
            except (Conflict, Refusal):
                log.exception("a wait could not be judged", extra={"request_id": str(row.request_id)})
        if len(rows) < PAGE:
            return ended
        after = rows[-1].request_id


def judge(work: UnitOfWork, request_id: UUID) -> bool:
    """Warn of the end of a wait, or let it follow. Answers whether it did."""
    row = work.first(waiting.OF, request_id=request_id)
    if row is None:
        return False
    case = life.by_id(work, request_id)
    limit = case.state.time_limit if case is not None else None
    if case is None or limit is None or case.row.state != row.state:
        work.write(_GONE, request_id=request_id, since=row.since, seen=row.extensions)  # it went on meanwhile
        return False
    found, today = waiting.dates_of(row, limit, case.calendar), cairo_date(work.now)
    warned_on = cairo_date(row.warned_at) if row.warned_at else None
    asked = case.state.kind == rule.APPLICANT
    if rule.may_end(found, today, warned_on, warned_first=asked):
        work.write(_GONE, expect=1, request_id=request_id, since=row.since, seen=row.extensions)
        heard = [opens(found.over_on)] + ([opens(warned_on + _DAY)] if warned_on else [])
        life.move(work, case, EXPIRED, occurred=max(heard))
        work.audit("request.time_ran_out", str(case.id), state=row.state, last_day=found.last_day.isoformat())
        return True
    warned_at = row.warned_at
    if asked and warned_at is None and today >= found.warn_on:
        warned_at = work.now
        # Who is warned late, because nothing ran, still has the day.
        _remind(work, case, max(found.last_day, today))
    waits_on = found.judge_on(warned_at is not None)
    if waits_on <= today and warned_at == work.now:
        waits_on = today + _DAY
    waiting.keep(work, row, found.last_day, waits_on, warned_at, row.extended, row.extensions)
    return False


def _remind(work: UnitOfWork, case: Any, last_day: date) -> None:
    work.append(REMINDED, uuid7(), 1, {
        "request_id": case.id, "tracking_number": case.row.tracking_number, "service_code": case.definition.code,
        "unit": case.row.unit, "state": case.row.state, "until": last_day})
    work.audit("request.applicant_reminded", str(case.id), until=last_day.isoformat())


def _believable(work: UnitOfWork) -> bool:
    """Whether the clock is one that the sweep of silence has believed of late: it looks each minute, and asks a person
    where the clock jumped or nothing ran for days."""
    mark = work.scalar(_CLOCK)
    return mark is None or -clock.BACKWARD <= work.now - mark <= clock.FORWARD
