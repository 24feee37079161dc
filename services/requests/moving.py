"""Open dates follow the organisation: a holiday decreed later, a weekend that changes. One sweep over all open requests
for every change that catalog published; where it was broken off it goes on."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import text

from chassis.database import Statement
from chassis.errors import Conflict
from chassis.uow import UnitOfWork
from contracts.requests_deadlines import DUE_CHANGED
from rules import periods
from rules.workflow import Transition
from services.requests import due, judging, life, reviews, snapshots
from services.requests.life import Case

PAGE = 200

_PLACE = Statement(
    text(
        "SELECT due_sweep.stamp AS judged, after, done, organisation_stamp.stamp AS current "
        "FROM due_sweep, organisation_stamp"
    )
)
_BEGIN = Statement(text("UPDATE due_sweep SET stamp = :stamp, after = NULL, done = false"))
_COME = Statement(text("UPDATE due_sweep SET after = :after, done = :done WHERE stamp = :stamp"))
_PAGE = Statement(
    text(
        f"SELECT request.*, {life.STEPS} FROM request "  # noqa: S608
        "WHERE outcome IS NULL AND (CAST(:after AS uuid) IS NULL OR id > CAST(:after AS uuid)) ORDER BY id LIMIT :most"
    )
)
_IDS = Statement(
    text(
        "SELECT id FROM request WHERE outcome IS NULL "
        "AND (CAST(:after AS uuid) IS NULL OR id > CAST(:after AS uuid)) ORDER BY id LIMIT :most"
    )
)
_TASKS = Statement(
    text(
        "SELECT id, request_id, state, branch, created_at, due_on FROM task "
        "WHERE request_id = ANY(:ids) AND status IN ('open', 'held')"
    )
)
_MOVE = Statement(
    text(
        "UPDATE request SET version = version + 1, due_on = :due_on, judge_on = :judge_on, silence_on = :silence_on "
        "WHERE id = :request_id AND version = :seen"
    )
)
_ADJUST = Statement(
    text(
        "UPDATE request SET judge_on = :judge_on, silence_on = :silence_on "
        "WHERE id = :request_id AND version = :seen"
    )
)
_MOVE_TASK = Statement(
    text("UPDATE task SET due_on = :due_on, judge_on = :judge_on WHERE id = :task_id AND status IN ('open', 'held')")
)


def settled(work: UnitOfWork) -> bool:
    """Whether every open date stands on the organisation as it is known now."""
    place = work.one(_PLACE)
    return bool(place.done and place.judged == place.current)


def sweep(platform: Any) -> bool:
    """Judge one page of open requests by the organisation of now, if it changed since they were judged. `platform` is
    what runs pieces of work (`attempt`). Answers whether there is more to do."""
    place = platform.attempt(lambda work: work.one(_PLACE))
    if place.done and place.judged == place.current:
        return False
    if place.judged != place.current:
        platform.attempt(lambda work: work.write(_BEGIN, stamp=place.current))
        after = None
    else:
        after = place.after
    ids = [row.id for row in platform.attempt(lambda work: work.all(_IDS, after=after, most=PAGE))]
    if ids:
        try:
            platform.attempt(lambda work: _judge(work, after))
        except Conflict:  # somebody acts on one of them again and again: each by itself, from where it stands
            for one in ids:
                platform.attempt(lambda work, one=one: _judge_one(work, one))
    else:
        platform.attempt(reviews.of_the_calendar)
    done = not ids
    come = ids[-1] if ids else after
    platform.attempt(lambda work: work.write(_COME, stamp=place.current, after=come, done=done))
    return not done


def change(
    work: UnitOfWork, case: Case, dates: due.Dates, why: str, before: Any, applicant_until: date | None = None,
) -> None:
    """Write that a date moved, as an event of the request: the version counts, nothing else of its state changes.
    `applicant_until` where it is the applicant's own that did."""
    sequence = case.row.version + 1
    work.write(_MOVE, expect=1, request_id=case.id, seen=case.row.version, due_on=dates.due_on,
               judge_on=dates.judge_on, silence_on=dates.silence_on)
    stays = Transition(case.row.state, case.row.state, None)
    data = snapshots.snapshot(case.row, case.definition, stays, case.state, dates.due_on, case.verdicts)
    work.append(DUE_CHANGED, case.id, sequence,
                {**data, "due_before": before, "why": why, "applicant_until": applicant_until})


def dates_of(case: Case, work: UnitOfWork) -> due.Dates:
    """The dates of a case as they are now."""
    return due.dates(case.standings(work.now), case.definition.workflow, case.path, work.now)


def _judge(work: UnitOfWork, after: UUID | None) -> None:
    cases = [life.case(work, row) for row in work.all(_PAGE, after=after, most=PAGE)]
    _write(work, cases)


def _judge_one(work: UnitOfWork, request_id: UUID) -> None:
    case = life.by_id(work, request_id)
    if case is not None and case.row.outcome is None:
        _write(work, [case])


def _write(work: UnitOfWork, cases: list[Case]) -> None:
    by_id = {case.id: case for case in cases}
    for case in cases:
        found = dates_of(case, work)
        if found.due_on != case.row.due_on:
            change(work, case, found, "calendar", case.row.due_on)
            work.audit("request.due_moved", str(case.id), why="calendar")
        elif (found.judge_on, found.silence_on) != (case.row.judge_on, case.row.silence_on):
            work.write(_ADJUST, request_id=case.id, seen=case.row.version, judge_on=found.judge_on,
                       silence_on=found.silence_on)
    for row in work.all(_TASKS, ids=list(by_id)):
        case = by_id[row.request_id]
        desk = judging.desk_of(case.definition.workflow.state(row.state), row.branch)
        dates = periods.target_dates(desk.target, desk.escalation, row.created_at, case.calendar)
        if dates.due_on != row.due_on:
            work.write(_MOVE_TASK, task_id=row.id, due_on=dates.due_on, judge_on=dates.next_on(date.min))
