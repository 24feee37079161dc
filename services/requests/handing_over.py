"""A head hands a file to a colleague of its desk by name: with a reason that stays, within what the engine itself could
have dealt. Nobody hands a file to themselves, and nobody who is kept apart from a request has a hand in who gets it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import text

from chassis.database import Statement
from chassis.uow import UnitOfWork
from rules import assignment as rule
from rules.assignment import HELD_MOST, KNOWN, Candidate, File
from rules.calendar import cairo_date
from rules.refusal import refuse
from services.requests import guide, oversight, tables_desk
from services.requests.assignment import APART

REASON = "requests.handed_over.reason"
PERMISSION = "task.oversee"

_ONE = Statement(
    text(
        "SELECT task.*, request.tracking_number, request.service_code, request.service_version, "  # noqa: S608
        f"{APART} || task.taken_by AS barred, (SELECT jsonb_agg(jsonb_build_array(person.account, "
        "(SELECT count(*) FROM task AS held WHERE held.held_by = person.account AND held.status = 'held'), "
        "CASE WHEN person.day = :today THEN person.given ELSE 0 END)) FROM attendance AS person "
        "WHERE person.unit = task.unit AND person.department = task.department AND task.role = ANY(person.roles) "
        "AND person.seen_at >= :known) AS people "
        "FROM task JOIN request ON request.id = task.request_id WHERE task.id = :task_id"
    )
)
_HAND = Statement(
    text(
        "UPDATE task SET status = 'held', held_by = :receiver, held_at = :at, version = version + 1, "
        "left_by = CASE WHEN held_by IS NULL THEN left_by ELSE array_append(left_by, held_by) END "
        "WHERE id = :task_id AND version = :seen AND status IN ('open', 'held')"
    )
)
# It counts as given today, so that the engine's dealing stays fair to the others.
_GIVEN = Statement(
    text(
        "UPDATE attendance SET given = 1 + CASE WHEN day = :today THEN given ELSE 0 END, day = :today "
        "WHERE account = :account"
    )
)
_KEEP = Statement.insert(tables_desk.handed_over)


def choices(work: UnitOfWork, task_id: Any) -> dict[str, Any]:
    """To whom the head may hand this file, those with the fewest in hand first. Refuses as `hand_over` does of the
    task."""
    row, file, people = _of_my_people(work, task_id)
    state = guide.definition(work, row.service_code, row.service_version)
    fit = [one for one in people if _fit(work, row, file, people, one.account) is None]
    return {
        "task_id": str(row.id),
        "version": row.version,
        "tracking_number": row.tracking_number,
        "service_name": state.name,
        "state_name": state.desk(row.state).name,
        "department": row.department,
        "role": row.role,
        "holder": row.held_by,
        "due_on": row.due_on.isoformat() if row.due_on else None,
        "people": [{"account": one.account, "in_hand": one.in_hand, "given": one.given}
                   for one in sorted(fit, key=lambda one: (one.in_hand, one.given, one.account))],
    }


def hand_over(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """Hand a file that lies open or in another hand to a colleague of its desk. Refuses task_unknown (of another unit
    or department; the attempt is recorded), task_done, conflict, apart_by_design to a head who is kept apart from the
    request, colleague_unfit for everybody whom the engine could not have dealt it, colleague_full."""
    row, file, people = _of_my_people(work, body["task_id"])
    if body["version"] is not None and body["version"] != row.version:
        raise refuse("conflict", "version")
    receiver = body["to"]
    why = _fit(work, row, file, people, receiver)
    if why == rule.FULL:
        raise refuse("colleague_full", "to", most=HELD_MOST)
    if why is not None:
        work.deny(PERMISSION, str(row.id))
        raise refuse("colleague_unfit", "to")
    work.write(_HAND, expect=1, task_id=row.id, seen=row.version, receiver=receiver, at=work.now)
    work.write(_GIVEN, account=receiver, today=cairo_date(work.now))
    work.write(_KEEP, task_id=row.id, version=row.version + 1, request_id=row.request_id, holder=row.held_by,
               receiver=receiver, by=work.actor.id, at=work.now,
               reason=work.privacy.seal(body["reason"], field=REASON))
    work.audit("task.handed_over", str(row.id), request=str(row.request_id), holder=row.held_by, receiver=receiver,
               people={one.account: [one.in_hand, one.given] for one in people})
    return {"task_id": str(row.id), "version": row.version + 1, "holder": receiver}


def _of_my_people(work: UnitOfWork, task_id: Any) -> tuple[Any, File, list[Candidate]]:
    """The task of the head's own people, as the file that the engine deals, and who belongs to its desk."""
    row = work.first(_ONE, task_id=task_id, today=cairo_date(work.now), known=work.now - KNOWN)
    if row is None:
        raise refuse("task_unknown", "task_id")
    oversight.check_mine(work, row)
    if row.status not in ("open", "held"):
        raise refuse("task_done", "task_id")
    if work.actor.id in row.barred:
        work.deny(PERMISSION, str(row.request_id))
        raise refuse("apart_by_design")
    people = [Candidate(account, in_hand, given) for account, in_hand, given in row.people or ()]
    return row, File(str(row.id), row.due_on, frozenset(row.barred), frozenset(row.left_by)), people


def _fit(work: UnitOfWork, row: Any, file: File, people: list[Candidate], account: str) -> str | None:
    if account in (work.actor.id, row.held_by):  # nobody chooses a file for themselves, nor for who has it
        return rule.UNFIT
    return rule.why_not(account, file, people, ())
