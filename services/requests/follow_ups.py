"""Inspections after the issue: opened as tasks when they are due and dealt like all others, reported with findings and
pictures; a violation becomes a question to the head of the unit, whose own act suspends the licence or leaves it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text

from chassis.database import Statement
from chassis.errors import Conflict
from chassis.ids import uuid7
from chassis.uow import UnitOfWork
from contracts.requests_engine import FOLLOW_UP_CHANGED
from rules import follow_ups as rule
from rules import periods, register
from rules.calendar import cairo_date
from rules.refusal import Refusal, refuse
from rules.workflow import State
from services.requests import board_counts, follow_planning, guide, organisation, photos, tables, tables_engine
from services.requests.life import Case

log = logging.getLogger(__name__)

FINDINGS = "requests.follow_up.findings"
PAGE = 100

_DUE = Statement(
    text(
        "SELECT id FROM follow_up WHERE status = 'planned' AND due_on <= :today "
        "AND (CAST(:after AS uuid) IS NULL OR id > CAST(:after AS uuid)) ORDER BY id LIMIT :most"
    )
)
_ONE = Statement(
    text(
        "SELECT follow_up.*, licence.state AS licence_state, licence.valid_from, licence.valid_until, "  # noqa: S608
        "licence.successor, licence.unit AS licence_unit, request.taken_by, request.channel, request.service_code, "
        f"request.service_version, {organisation.STAMP}, (SELECT jsonb_build_array(service_code, service_version) "
        "FROM licence AS next WHERE next.serial = licence.successor) AS succeeding "
        "FROM follow_up JOIN licence USING (serial) JOIN request ON request.id = follow_up.request_id "
        "WHERE follow_up.id = :id"
    )
)
_OPEN = Statement(
    text(
        "UPDATE follow_up SET status = 'open', version = version + 1, task_id = :task_id, opened_at = :at "
        "WHERE id = :id AND version = :seen AND status = 'planned'"
    )
)
_FOLLOW = Statement(
    text("UPDATE follow_up SET serial = :serial, unit = :unit WHERE id = :id AND status = 'planned' AND serial = :seen")
)
_DROP = Statement(
    text(
        "UPDATE follow_up SET status = 'dropped', version = version + 1, why = :why, done_at = :at "
        "WHERE id = :id AND version = :seen AND status = 'planned'"
    )
)
_TASK = Statement.insert(
    tables.task, "id", "version", "request_id", "state", "unit", "department", "role", "branch", "status", "created_at",
    "due_on", "judge_on", "taken_by",
)  # fmt: skip
_OF_TASK = Statement(text("SELECT * FROM follow_up WHERE task_id = :task_id"))
_REPORT = Statement(
    text(
        "UPDATE follow_up SET status = 'done', version = version + 1, result = :result, findings = :findings, "
        "done_by = :actor, done_at = :at WHERE id = :id AND version = :seen AND status = 'open'"
    )
)
_ASK = Statement.insert(
    tables_engine.licence_question, "id", "version", "serial", "unit", "follow_up_id", "found_by", "opened_at",
)  # fmt: skip
_LISTED = Statement(
    text(
        "SELECT follow_up.*, request.service_code, request.service_version FROM follow_up "
        "JOIN request ON request.id = follow_up.request_id WHERE follow_up.unit = :unit "
        "AND (CAST(:serial AS text) IS NULL OR serial = CAST(:serial AS text)) "
        "AND (CAST(:status AS text) IS NULL OR status = CAST(:status AS text)) "
        "AND (CAST(:after AS uuid) IS NULL OR (follow_up.due_on, follow_up.id) > "
        "(SELECT due_on, id FROM follow_up WHERE id = CAST(:after AS uuid))) "
        "ORDER BY follow_up.due_on, follow_up.id LIMIT :limit"
    )
)
_BEFORE = Statement(
    text("SELECT * FROM follow_up WHERE request_id = :request_id AND status = 'done' ORDER BY done_at")
)
_PICTURES = Statement(text("SELECT document_id, follow_up_id FROM step_photo WHERE follow_up_id = ANY(:ids)"))


def sweep(platform: Any) -> int:
    """Open every inspection that is due, or do what its licence's fate asks. `platform` runs pieces of work
    (`attempt`). Answers how many were judged; one that cannot be holds up no other."""
    judged, after = 0, None
    while True:
        today = cairo_date(platform.unit_of_work().now)
        rows = platform.attempt(lambda work, after=after, today=today: work.all(_DUE, today=today, after=after,
                                                                                most=PAGE))
        for row in rows:
            try:
                platform.attempt(lambda work, one=row.id: when_due(work, one))
                judged += 1
            except (Conflict, Refusal):
                log.exception("an inspection after the issue could not be opened", extra={"follow_up": str(row.id)})
        if len(rows) < PAGE:
            return judged
        after = rows[-1].id


def when_due(work: UnitOfWork, follow_up_id: UUID) -> None:
    """Open a planned inspection as a task of its desk, and plan the one after it. That of a licence which was renewed
    or transferred goes over to the successor, unless the successor's own definition orders inspections; that of a
    licence which is out of force is dropped, and says why."""
    row, today = work.one(_ONE, id=follow_up_id), cairo_date(work.now)
    if row.status != rule.PLANNED or row.due_on > today:
        return
    status = register.status(row.licence_state, row.valid_from, row.valid_until, today)
    fate = rule.fate(status, row.successor is not None)
    definition = guide.definition(work, row.service_code, row.service_version)
    if fate == rule.FOLLOW and not guide.definition(work, *row.succeeding).body.get("follow_up"):
        work.write(_FOLLOW, expect=1, id=row.id, seen=row.serial, serial=row.successor, unit=row.licence_unit)
        return
    if fate != rule.GO_ON:
        work.write(_DROP, expect=1, id=row.id, seen=row.version, why=status, at=work.now)
        _tell(work, row, rule.DROPPED)
        work.audit("follow_up.dropped", str(row.id), serial=row.serial, why=status)
        return
    desk = definition.desk(rule.PREFIX + row.code)
    calendar = organisation.known(work, row.organisation_stamp).calendar(row.unit)
    dates = periods.target_dates(desk.target, desk.escalation, work.now, calendar)
    task_id = uuid7()
    work.write(_OPEN, expect=1, id=row.id, seen=row.version, task_id=task_id, at=work.now)
    work.write(_TASK, id=task_id, version=1, request_id=row.request_id, state=desk.code, unit=row.unit,
               department=desk.department, role=desk.role, branch=None, status="open", created_at=work.now,
               due_on=dates.due_on, judge_on=dates.next_on(date.min), taken_by=row.taken_by)
    board_counts.arrived(work, row.unit, str(desk.department), row.service_code, row.channel)
    following = rule.following(definition.body, row.code, row.number, row.due_on)
    if following is not None:
        follow_planning.add(work, row.request_id, row.unit, row.serial, following)
    _tell(work, row, rule.OPEN)
    work.audit("follow_up.opened", str(row.id), serial=row.serial, task=str(task_id))


def report(work: UnitOfWork, case: Case, task_id: UUID, body: Mapping[str, Any]) -> dict[str, Any]:
    """Gather the result of an inspection whose task the actor holds: findings, sealed, and pictures. A violation asks
    the head of the unit; the licence stays what it is until a person decides. Refuses what rules.workflow refuses of an
    action, and what is wrong with the pictures."""
    row = work.one(_OF_TASK, task_id=task_id)
    desk = rule.workflow(case.definition.body, rule.PREFIX + row.code)
    if desk is None:
        raise refuse("task_unknown", "task_id")
    taken = desk.step(desk.initial, body["action"], body["inputs"], body["reason"])
    photos.attach(work, case.id, desk.states[desk.initial], None, 0, body["photos"], follow_up_id=row.id)
    work.write(_REPORT, expect=1, id=row.id, seen=row.version, result=taken.to_state, actor=work.actor.id, at=work.now,
               findings=work.privacy.seal(orjson.dumps(taken.inputs).decode(), field=FINDINGS))
    if taken.to_state == rule.VIOLATION:
        work.write(_ASK, id=uuid7(), version=1, serial=row.serial, unit=row.unit, follow_up_id=row.id,
                   found_by=work.actor.id, opened_at=work.now)
    _tell(work, row, rule.DONE, taken.to_state)
    work.audit("follow_up.reported", str(row.id), serial=row.serial, result=taken.to_state)
    return {"request_id": str(case.id), "tracking_number": case.row.tracking_number, "state": case.row.state,
            "state_kind": case.row.state_kind, "state_name": case.state.name, "outcome": case.row.outcome}


def listed(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """Inspections after the issue in the actor's unit, by the day they are due."""
    rows = work.all(_LISTED, unit=work.actor.unit, **body)
    return {"follow_ups": [_shown(work, row) for row in rows],
            "next": str(rows[-1].id) if len(rows) == body["limit"] else None}


def before(work: UnitOfWork, case: Case) -> list[dict[str, Any]]:
    """What earlier inspections of the licence found, in the shape of the steps of a file (tasks.file)."""
    rows = work.all(_BEFORE, request_id=case.id)
    pictures = work.all(_PICTURES, ids=[row.id for row in rows]) if rows else []
    steps = []
    for row in rows:
        desk = rule.workflow(case.definition.body, rule.PREFIX + row.code)
        if desk is None:
            continue
        here, result = desk.states[desk.initial], desk.states[row.result]
        inputs = {one["name"]: one for one in desk.inputs}
        steps.append({
            "at": row.done_at.isoformat(), "state": here.code, "state_name": here.name, "branch": None,
            "branch_name": None, "action": row.result, "action_name": result.name, "department": here.department,
            "reason": None, "legal_reason": None,
            "photos": [{"document_id": str(one.document_id), "caption": None}
                       for one in pictures if one.follow_up_id == row.id],
            "inputs": [{"name": name, "label": inputs[name]["label"], "value": value, "value_name": None}
                       for name, value in found_in(work, row.findings).items()]})
    return steps


def inputs(definition: guide.Definition, desk: State) -> list[Mapping[str, Any]]:
    """What the report of an inspection asks for."""
    found = rule.workflow(definition.body, desk.code)
    return list(found.inputs) if found else []


def found_in(work: UnitOfWork, findings: str | None) -> dict[str, Any]:
    """The inputs of a report, opened."""
    opened: dict[str, Any] = orjson.loads(work.privacy.open(findings, field=FINDINGS)) if findings else {}
    return opened


def _shown(work: UnitOfWork, row: Any) -> dict[str, Any]:
    definition = guide.definition(work, row.service_code, row.service_version)
    return {
        "follow_up_id": str(row.id),
        "serial": row.serial,
        "service_name": definition.name,
        "name": definition.desk(rule.PREFIX + row.code).name,
        "number": row.number,
        "due_on": row.due_on.isoformat(),
        "status": row.status,
        "why": row.why,
        "result": row.result,
        "opened_at": row.opened_at.isoformat() if row.opened_at else None,
        "done_at": row.done_at.isoformat() if row.done_at else None,
    }


def _tell(work: UnitOfWork, row: Any, status: str, result: str | None = None) -> None:
    work.append(FOLLOW_UP_CHANGED, row.id, row.version + 1, {
        "follow_up_id": row.id, "request_id": row.request_id, "serial": row.serial, "unit": row.unit, "code": row.code,
        "number": row.number, "due_on": row.due_on, "status": status, "result": result})
