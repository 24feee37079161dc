"""What heads see of their people's files, and how a file comes out of a hand: by a head with a reason, by the clock
when it was left lying, by its holder's declaration of a relation (relations.py). The engine hands it out again; nobody
says to whom.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import text

from chassis.database import Statement
from chassis.uow import UnitOfWork
from rules import assignment
from rules.calendar import cairo_date
from rules.refusal import refuse
from services.requests import guide, organisation, tables_assignment

REASON = "requests.taken_back.reason"
_SWEPT = 200

_ONE = Statement(
    text("SELECT id, version, request_id, unit, department, status, held_by FROM task WHERE id = :task_id")
)
_TAKE_BACK = Statement(
    text(
        "UPDATE task SET status = 'open', held_by = NULL, held_at = NULL, version = version + 1, "
        "left_by = array_append(left_by, held_by) WHERE id = :task_id AND version = :seen AND status = 'held'"
    )
)
_KEEP = Statement.insert(tables_assignment.taken_back)
_DESK = Statement(
    text(
        "SELECT task.id, task.version, task.state, task.branch, task.department, task.status, task.held_by, "
        "task.held_at, task.due_on, task.raised_from, request.tracking_number, request.service_code, "
        "request.service_version FROM task JOIN request ON request.id = task.request_id "
        "WHERE task.unit = :unit AND task.status IN ('open', 'held') "
        "AND (CAST(:department AS text) IS NULL OR task.department = CAST(:department AS text)) "
        "AND (CAST(:after AS uuid) IS NULL OR task.id > CAST(:after AS uuid)) ORDER BY task.id LIMIT :limit"
    )
)
_HELD_LONG = Statement(
    text(
        "SELECT id, version, request_id, unit, held_by, held_at, due_on, "  # noqa: S608
        f"{organisation.STAMP} FROM task WHERE status = 'held' AND held_at < :before "
        "AND (CAST(:after AS timestamptz) IS NULL OR held_at > CAST(:after AS timestamptz)) "
        "ORDER BY held_at LIMIT :most"
    )
)


def desk(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """What lies open or held in the head's department, or in all of the unit for its head: no applicant, no answer."""
    actor = work.actor
    rows = work.all(_DESK, unit=actor.unit, department=bound(work), after=body["after"], limit=body["limit"])
    listed = []
    for row in rows:
        definition = guide.definition(work, row.service_code, row.service_version)
        state = definition.desk(row.state)
        branch = state.branch(row.branch) if row.branch else None
        listed.append(
            {
                "task_id": str(row.id),
                "version": row.version,
                "tracking_number": row.tracking_number,
                "service_name": definition.name,
                "state": row.state,
                "state_name": state.name,
                "branch": row.branch,
                "branch_name": branch.name if branch else None,
                "department": row.department,
                "status": row.status,
                "holder": row.held_by,
                "held_at": row.held_at.isoformat() if row.held_at else None,
                "due_on": row.due_on.isoformat() if row.due_on else None,
                "raised_from": row.raised_from,
            }
        )
    return {"tasks": listed, "next": listed[-1]["task_id"] if len(listed) == body["limit"] else None}


def take_back(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """Take a file of the head's own people out of a hand, with a reason that is kept sealed. Refuses task_unknown (of
    another unit or department; the attempt is recorded), task_not_held, conflict."""
    row = work.first(_ONE, task_id=body["task_id"])
    if row is None:
        raise refuse("task_unknown", "task_id")
    check_mine(work, row)
    if row.status != "held":
        raise refuse("task_not_held", "task_id")
    if body["version"] is not None and body["version"] != row.version:
        raise refuse("conflict", "version")
    _back(work, row, body["reason"])
    return {"task_id": str(row.id), "version": row.version + 1}


def return_left_lying(work: UnitOfWork) -> int:
    """Give back to their desks the files that rules.assignment finds left lying; answers how many."""
    today, returned, after = cairo_date(work.now), 0, None
    while True:
        rows = work.all(_HELD_LONG, before=work.now - assignment.LEFT_LYING_AT_LEAST, after=after, most=_SWEPT)
        for row in rows:
            calendar = organisation.known(work, row.organisation_stamp).calendar(row.unit)
            if assignment.left_lying(cairo_date(row.held_at), row.due_on, today, calendar):
                _back(work, row, None)
                returned += 1
        if len(rows) < _SWEPT or returned >= _SWEPT:
            return returned
        after = rows[-1].held_at


def _back(work: UnitOfWork, row: Any, reason: str | None) -> None:
    work.write(_TAKE_BACK, expect=1, task_id=row.id, seen=row.version)
    work.write(
        _KEEP,
        task_id=row.id,
        version=row.version + 1,
        request_id=row.request_id,
        holder=row.held_by,
        by=work.actor.id,
        reason=work.privacy.seal(reason, field=REASON) if reason else None,
        at=work.now,
    )
    work.audit("task.taken_back", str(row.id), request=str(row.request_id), holder=row.held_by,
               why="reason" if reason else "left_lying")  # fmt: skip


def check_mine(work: UnitOfWork, row: Any) -> None:
    """Refuse task_unknown for a task that lies before none of the actor's people, and record the attempt."""
    department = bound(work)
    if row.unit != work.actor.unit or (department is not None and row.department != department):
        work.deny("task.oversee", str(row.id))
        raise refuse("task_unknown", "task_id")


def bound(work: UnitOfWork) -> str | None:
    """The department to which the actor's oversight is bound; None for the head of the unit."""
    if work.actor.permits("task.oversee_unit"):
        return None
    return work.actor.department or ""
