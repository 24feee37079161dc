"""A wait of a request that may end by itself: begun with the state that waits, made longer by a person, gone with the
state. What follows its end is in lapsing.py."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from chassis.database import Statement
from chassis.uow import UnitOfWork
from rules import waiting as rule
from rules.calendar import Calendar, cairo_date
from rules.refusal import refuse
from rules.waiting import TimeLimit, Waiting
from rules.workflow import State

_BEGIN = Statement(
    text(
        "INSERT INTO waiting (request_id, state, since, last_day, judge_on) "
        "VALUES (:request_id, :state, :since, :last_day, :judge_on) ON CONFLICT (request_id) DO UPDATE SET "
        "state = excluded.state, since = excluded.since, last_day = excluded.last_day, judge_on = excluded.judge_on, "
        "extended = 0, extensions = 0, warned_at = NULL"
    )
)
_END = Statement(text("DELETE FROM waiting WHERE request_id = :request_id"))
OF = Statement(text("SELECT * FROM waiting WHERE request_id = :request_id"))
_JUDGED = Statement(
    text(
        "UPDATE waiting SET last_day = :last_day, judge_on = :judge_on, warned_at = :warned_at, extended = :extended, "
        "extensions = :extensions WHERE request_id = :request_id AND since = :since AND extensions = :seen"
    )
)


def begin(work: UnitOfWork, request_id: UUID, state: State, calendar: Calendar) -> None:
    """Gather the wait of a request that comes into a state with a limit; nothing for any other state."""
    if state.time_limit is None:
        return
    found = rule.dates(state.time_limit, cairo_date(work.now), 0, calendar)
    work.write(_BEGIN, request_id=request_id, state=state.code, since=work.now, last_day=found.last_day,
               judge_on=found.judge_on(False))


def end(work: UnitOfWork, request_id: UUID, left: State) -> None:
    """Gather the end of the wait of a request that leaves a state."""
    if left.time_limit is not None:
        work.write(_END, request_id=request_id)


def first_last_day(state: State, work: UnitOfWork, calendar: Calendar) -> date | None:
    """Until when a request that comes into a state now waits for its applicant there; None without a limit."""
    if state.time_limit is None or state.kind != rule.APPLICANT:
        return None
    return rule.dates(state.time_limit, cairo_date(work.now), 0, calendar).last_day


def until(work: UnitOfWork, case: Any) -> date | None:
    """The last day on which the applicant may complete a request that waits for it; None where nothing runs out."""
    state = case.state
    if state.time_limit is None or state.kind != rule.APPLICANT:
        return None
    row = work.first(OF, request_id=case.id)
    return None if row is None or row.state != state.code else dates_of(row, state.time_limit, case.calendar).last_day


def extend(work: UnitOfWork, case: Any, days: int) -> date:
    """Make the wait of a request longer; answers its new last day. The applicant is warned anew. Refuses
    period_unknown where none runs, and what rules.waiting.check_extension refuses."""
    row = work.first(OF, request_id=case.id)
    limit = case.state.time_limit
    if row is None or limit is None or row.state != case.row.state or case.state.kind != rule.APPLICANT:
        raise refuse("period_unknown", "period", period=rule.APPLICANT)
    today = cairo_date(work.now)
    rule.check_extension(limit, dates_of(row, limit, case.calendar).last_day, days, row.extensions, today)
    found = rule.dates(limit, cairo_date(row.since), row.extended + days, case.calendar)
    last_day = max(found.last_day, row.last_day)
    keep(work, row, last_day, max(found.warn_on, today + timedelta(days=1)), None, row.extended + days,
          row.extensions + 1)
    return last_day


def dates_of(row: Any, limit: TimeLimit, calendar: Calendar) -> Waiting:
    """The dates of a wait as the days stand now, but never earlier than its applicant was told."""
    found = rule.dates(limit, cairo_date(row.since), row.extended, calendar)
    return Waiting(max(found.last_day, row.last_day), found.warn_on)


def keep(work: UnitOfWork, row: Any, last_day: date, judge_on: date, warned_at: Any, extended: int,
         extensions: int) -> None:  # fmt: skip
    """Gather what becomes of a wait that was read; where it changed meanwhile all is done again."""
    work.write(_JUDGED, expect=1, request_id=row.request_id, since=row.since, seen=row.extensions, last_day=last_day,
               judge_on=judge_on, warned_at=warned_at, extended=extended, extensions=extensions)
