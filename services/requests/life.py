"""The life of a request: one transition at a time, each with its step, its event and its tasks in one commit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import bindparam, text, update

from chassis.database import Statement
from chassis.ids import uuid7
from chassis.uow import UnitOfWork
from contracts.requests import MOVED
from rules import deadlines
from rules.calendar import Calendar, cairo_date
from rules.deadlines import Mark, Period
from rules.workflow import State, Transition
from services.requests import guide, licences, tables
from services.requests.guide import Definition

CALENDAR = Calendar()
STEP_REASON = "requests.step.reason"
STEP_INPUTS = "requests.step.inputs"
NOTE = "requests.note"

_STEP = Statement.insert(tables.step)
_TASK = Statement.insert(
    tables.task, "id", "version", "request_id", "state", "unit", "department", "role", "status", "created_at", "due_on",
    "taken_by",
)  # fmt: skip
_MOVE = Statement(
    update(tables.request)
    .where(tables.request.c.id == bindparam("request_id"), tables.request.c.version == bindparam("seen"))
    .values(
        version=tables.request.c.version + 1,
        state=bindparam("state"),
        state_kind=bindparam("state_kind"),
        outcome=bindparam("outcome"),
        due_on=bindparam("due_on"),
        licence_serial=bindparam("licence_serial"),
        answers=bindparam("answers", type_=tables.request.c.answers.type),
    )
)
_CLOSE_TASK = Statement(
    text(
        "UPDATE task SET status = 'done', version = version + 1, done_at = :at, action = :action "
        "WHERE request_id = :request_id AND status <> 'done'"
    )
)
STEPS = (
    "(SELECT jsonb_agg(jsonb_build_array(at, clock, to_state) ORDER BY sequence) "
    "FROM step WHERE step.request_id = request.id) AS marks"
)
_BY_ID = Statement(text(f"SELECT request.*, {STEPS} FROM request WHERE id = :request_id"))  # noqa: S608


@dataclass
class Case:
    """A request as it was read, with the definition it was lodged under."""

    row: Any
    definition: Definition
    marks: list[Mark]

    @property
    def id(self) -> UUID:
        identifier: UUID = self.row.id
        return identifier

    @property
    def state(self) -> State:
        return self.definition.workflow.state(self.row.state)

    def deadline(self, now: datetime) -> deadlines.Deadline | None:
        """Where the statutory period stands, with its explanation; None where the law gives no period."""
        return deadline_of(self.definition, self.marks, now, ended=self.marks[-1].at if self.row.outcome else None)


def case(work: UnitOfWork, row: Any) -> Case:
    """The case of a request's row that was read with STEPS."""
    return Case(row, guide.definition(work, row.service_code, row.service_version), marks_of(row.marks))


def by_id(work: UnitOfWork, request_id: UUID) -> Case | None:
    """The case of a request."""
    row = work.first(_BY_ID, request_id=request_id)
    return None if row is None else case(work, row)


def marks_of(rows: list[Any]) -> list[Mark]:
    return [Mark(datetime.fromisoformat(at), _clock(clock), state) for at, clock, state in rows]


def _clock(clock: str) -> str:
    return deadlines.STOPPED if clock == "ended" else clock


def deadline_of(
    definition: Definition, marks: list[Mark], now: datetime, ended: datetime | None = None
) -> deadlines.Deadline | None:
    """The statutory period of a definition over the marks of a case."""
    period = definition.body.get("period")
    if not period:
        return None
    counted = marks[:-1] if ended else marks
    if ended and not counted:
        return None
    return deadlines.deadline(
        Period(period["days"], period["kind"]), counted, cairo_date(now), CALENDAR, ended=ended
    )


def clock_in(state: State) -> str:
    """Whether the statutory period runs while a request stands in a state."""
    return "ended" if state.kind == "end" else state.clock


def move(
    work: UnitOfWork,
    of: Case,
    action: str,
    *,
    inputs: dict[str, Any] | None = None,
    reason: str | None = None,
    answers: dict[str, Any] | None = None,
    occurred: datetime | None = None,
    note: str | None = None,
    out_of: str | None = None,
) -> dict[str, Any]:
    """Take one action from where the request stands. Refuses what the workflow does not allow. `occurred` is when the
    fact happened, if that was before we heard of it (a moment still to come is another's wrong clock and counts as
    now); `note` is for the applicant to read; `answers` are as they are stored; `out_of` is the state left, where
    a fact that came late takes another way out of it than the one taken."""
    transition = of.definition.workflow.step(out_of or of.row.state, action, inputs, reason)
    state = of.definition.workflow.state(transition.to_state)
    sequence = of.row.version + 1
    at = max(min(occurred or work.now, work.now), of.marks[-1].at)
    marks = [*of.marks, Mark(at, _clock(clock_in(state)), state.code)]
    due = _due_on(of.definition, marks, work.now, of.row.due_on, ended=state.kind == "end")
    serial: str | None = of.row.licence_serial
    new_answers = answers if answers is not None else of.row.answers
    if state.output is not None:
        serial = licences.issue(work, of.row, of.definition, state.output, new_answers)
    work.write(
        _MOVE,
        expect=1,
        request_id=of.id,
        seen=of.row.version,
        state=state.code,
        state_kind=state.kind,
        outcome=state.outcome,
        due_on=due,
        licence_serial=serial,
        answers=new_answers,
    )
    work.write(_CLOSE_TASK, request_id=of.id, at=work.now, action=action)
    enter(work, of.definition, of.id, of.row.unit, of.row.taken_by, transition, state, sequence, at, reason)
    data = snapshot(of.row._replace(answers=new_answers, licence_serial=serial), of.definition, transition, state, due)
    data["note"] = work.privacy.seal(note, ring="contact", field=NOTE) if note else None
    work.append(MOVED, of.id, sequence, data, occurred=at)
    work.audit(f"request.{action}", str(of.id), state=state.code)
    return {
        "request_id": str(of.id),
        "tracking_number": of.row.tracking_number,
        "state": state.code,
        "state_kind": state.kind,
        "state_name": state.name,
        "outcome": state.outcome,
    }


def enter(
    work: UnitOfWork,
    definition: Definition,
    request_id: UUID,
    unit: str,
    taken_by: str,
    transition: Transition,
    state: State,
    sequence: int,
    at: datetime,
    reason: str | None = None,
) -> None:
    """Write the step into a state, and the task where a department is to act."""
    work.write(
        _STEP,
        request_id=request_id,
        sequence=sequence,
        at=at,
        from_state=transition.from_state,
        action=transition.action,
        to_state=state.code,
        clock=clock_in(state),
        actor_id=work.actor.id,
        department=work.actor.department,
        reason=work.privacy.seal(reason, field=STEP_REASON) if reason else None,
        inputs=work.privacy.seal(orjson.dumps(transition.inputs).decode(), field=STEP_INPUTS)
        if transition.inputs
        else None,
    )
    if state.kind == "task":
        work.write(
            _TASK,
            id=uuid7(),
            version=1,
            request_id=request_id,
            state=state.code,
            unit=unit,
            department=state.department,
            role=state.role,
            status="open",
            created_at=work.now,
            due_on=_target(state, work.now),
            taken_by=taken_by,
        )


def snapshot(
    row: Any, definition: Definition, transition: Transition, state: State, due: date | None
) -> dict[str, Any]:
    """The request's state as its events carry it (contracts.requests.RequestState), without contact."""
    return {
        "request_id": row.id,
        "tracking_number": row.tracking_number,
        "service_code": definition.code,
        "service_version": definition.version,
        "service_name": definition.name,
        "unit": row.unit,
        "channel": row.channel,
        "applicant_kind": row.applicant_kind,
        "state": state.code,
        "state_kind": state.kind,
        "state_name": state.name,
        "stage": state.stage,
        "department": state.department,
        "from_state": transition.from_state,
        "action": transition.action,
        "note": None,
        "fee_inputs": {
            name: row.answers[name]
            for name in definition.fee_inputs
            if name in row.answers and name not in definition.personal_fields
        },
        "lodged_at": row.lodged_at,
        "due_on": due,
        "clock": clock_in(state),
        "outcome": state.outcome,
        "licence_serial": row.licence_serial,
        "language": row.language,
        "contact": None,
    }


def _due_on(
    definition: Definition, marks: list[Mark], now: datetime, before: date | None, *, ended: bool
) -> date | None:
    if ended:
        return before
    found = deadline_of(definition, marks, now)
    return found.due_on if found else None


def _target(state: State, now: datetime) -> date | None:
    if state.target is None:
        return None
    today = cairo_date(now)
    if state.target["kind"] == deadlines.WORKING:
        return CALENDAR.add_working_days(today, state.target["days"])
    return today + timedelta(days=state.target["days"])
