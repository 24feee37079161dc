"""The sweep that tells who is late: warnings at 80 % of a period, before silence and at its end, and a department's
task that its head must hear of. What was missed while nothing ran is told with the next sweep, once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import text

from chassis.database import Statement
from chassis.ids import uuid7
from chassis.uow import UnitOfWork
from contracts.requests_deadlines import WARNING_RAISED
from rules import periods
from rules.calendar import cairo_date
from rules.periods import BREACHED, ESCALATED, WARNED, Standing
from rules.workflow import Branch, State
from services.requests import board_counts, due, guide, life, organisation, tables_deadlines
from services.requests.life import Case

PAGE = 100
TASK = "task"  # the period of a department's own target
HEAD = due.HEAD

_TO_JUDGE = Statement(
    text(
        f"SELECT request.*, {life.STEPS}, "  # noqa: S608
        "(SELECT jsonb_agg(jsonb_build_array(period, level, allowance)) FROM warning "
        "WHERE warning.request_id = request.id AND task_id IS NULL) AS told "
        "FROM request WHERE outcome IS NULL AND judge_on <= :today ORDER BY judge_on, id LIMIT :most"
    )
)
_JUDGED = Statement(
    text("UPDATE request SET judge_on = :judge_on WHERE id = :request_id AND version = :seen")
)
_TASKS_TO_JUDGE = Statement(
    text(
        "SELECT task.id, task.request_id, task.state, task.unit, task.department, task.role, task.branch, "  # noqa: S608
        "task.created_at, task.warned_at, task.breached_at, task.escalated_at, request.tracking_number, "
        f"request.service_code, request.service_version, {organisation.STAMP} "
        "FROM task JOIN request ON request.id = task.request_id "
        "WHERE task.status IN ('open', 'held') AND task.judge_on <= :today ORDER BY task.judge_on, task.id LIMIT :most"
    )
)
_TASK_JUDGED = Statement(
    text(
        "UPDATE task SET judge_on = :judge_on, warned_at = :warned_at, breached_at = :breached_at, "
        "escalated_to = coalesce(escalated_to, :escalated_to), escalated_at = :escalated_at WHERE id = :task_id"
    )
)
_WARN = Statement.insert(tables_deadlines.warning)
_LISTED = Statement(
    text(
        "SELECT warning.*, request.tracking_number, request.service_code, request.service_version, "
        "coalesce(task.state, request.state) AS state "
        "FROM warning JOIN request ON request.id = warning.request_id LEFT JOIN task ON task.id = warning.task_id "
        "WHERE warning.unit = :unit AND warning.role = ANY(:roles) "
        "AND (request.outcome IS NULL OR task.id IS NOT NULL) "  # of an inspection after the issue
        "AND (warning.role <> 'department_head' OR warning.department = :department) "  # there is one of each
        "AND (task.id IS NULL OR task.status IN ('open', 'held')) "
        "AND (CAST(:before AS uuid) IS NULL OR warning.id < CAST(:before AS uuid)) "
        "ORDER BY warning.id DESC LIMIT :limit"
    )
)


def sweep(work: UnitOfWork) -> bool:
    """Tell what one page of requests has reached, most overdue first. Answers whether there may be more."""
    today = cairo_date(work.now)
    rows = work.all(_TO_JUDGE, today=today, most=PAGE)
    for row in rows:
        case = life.case(work, row)
        state, told = case.state, {tuple(one) for one in row.told or ()}
        concerned = [one for one in case.standings(work.now) if due.concerns(one, state)]
        for standing in concerned:
            for level in standing.levels(today):
                if (standing.code, level, standing.period.days) not in told:
                    _tell(work, case, standing, level)
        following = min((on for one in concerned if (on := one.next_on(today)) is not None), default=None)
        work.write(_JUDGED, request_id=case.id, seen=row.version, judge_on=following)
    return len(rows) == PAGE


def sweep_tasks(work: UnitOfWork) -> bool:
    """The same for a page of departments' tasks; one that is late beyond its escalation is put before the head."""
    today = cairo_date(work.now)
    rows = work.all(_TASKS_TO_JUDGE, today=today, most=PAGE)
    for row in rows:
        definition = guide.definition(work, row.service_code, row.service_version)
        desk = desk_of(definition.desk(row.state), row.branch)
        calendar = organisation.known(work, row.organisation_stamp).calendar(row.unit)
        dates = periods.target_dates(desk.target, desk.escalation, row.created_at, calendar)
        reached = dates.levels(today)
        head = desk.escalation["role"] if desk.escalation else HEAD
        allowance = desk.target["days"] if desk.target else 0
        for level, before, role in ((WARNED, row.warned_at, row.role), (BREACHED, row.breached_at, head),
                                    (ESCALATED, row.escalated_at, head)):
            if level in reached and before is None:
                _raise(work, row, task_id=row.id, period=TASK, level=level, allowance=allowance, due_on=dates.due_on,
                       department=row.department, role=role)
        stamped = {level: work.now if level in reached else None for level in (WARNED, BREACHED, ESCALATED)}
        work.write(
            _TASK_JUDGED,
            task_id=row.id,
            judge_on=dates.next_on(today),
            warned_at=row.warned_at or stamped[WARNED],
            breached_at=row.breached_at or stamped[BREACHED],
            escalated_to=head if ESCALATED in reached else None,
            escalated_at=row.escalated_at or stamped[ESCALATED],
        )
    return len(rows) == PAGE


def listed(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """What the actor's role is to look at: warnings of open requests of the own unit, the newest first."""
    actor = work.actor
    rows = work.all(_LISTED, unit=actor.unit, roles=list(actor.roles), department=actor.department,
                    before=body["before"], limit=body["limit"])
    found = []
    for row in rows:
        definition = guide.definition(work, row.service_code, row.service_version)
        found.append({
            "warning_id": str(row.id), "request_id": str(row.request_id),
            "task_id": str(row.task_id) if row.task_id else None, "tracking_number": row.tracking_number,
            "service_name": definition.name, "state_name": definition.desk(row.state).name,
            "period": row.period, "level": row.level, "due_on": row.due_on.isoformat() if row.due_on else None,
            "department": row.department, "at": row.at.isoformat()})
    return {"warnings": found, "next": found[-1]["warning_id"] if len(found) == body["limit"] else None}


def desk_of(state: State, branch: str | None) -> State | Branch:
    """Whose task it is: that of the state, or of a branch of it."""
    return (state.branch(branch) if branch else None) or state


def _tell(work: UnitOfWork, case: Case, standing: Standing, level: str) -> None:
    """80 % are told to whom the state's own escalation names, everything else to the head of the unit."""
    state = case.state
    role = state.escalation["role"] if level == WARNED and state.escalation else HEAD
    if level == BREACHED and standing.code == periods.WHOLE:
        board_counts.overdue(work, case.row, state.department)
    _raise(work, case.row, task_id=None, period=standing.code, level=level, allowance=standing.period.days,
           due_on=standing.deadline.due_on, department=state.department, role=role)


def _raise(work: UnitOfWork, row: Any, *, task_id: Any, period: str, level: str, allowance: int, due_on: date | None,
           department: str | None, role: str) -> None:
    warning_id = uuid7()
    request_id = row.request_id if task_id else row.id
    work.write(_WARN, id=warning_id, request_id=request_id, task_id=task_id, period=period, level=level,
               allowance=allowance, due_on=due_on, unit=row.unit, department=department, role=role, at=work.now)
    work.append(WARNING_RAISED, warning_id, 1, {
        "warning_id": warning_id, "request_id": request_id, "task_id": task_id,
        "tracking_number": row.tracking_number, "service_code": row.service_code, "period": period, "level": level,
        "due_on": due_on, "unit": row.unit, "department": department, "role": role})
