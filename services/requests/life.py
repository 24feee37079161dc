"""The life of a request: one transition at a time, each with its step, its event and its tasks in one commit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import bindparam, text, update

from chassis.database import Statement
from chassis.ids import uuid7
from chassis.uow import UnitOfWork
from contracts.requests import MOVED
from rules import deadlines, periods, silence, withdrawal
from rules.calendar import Calendar
from rules.deadlines import Mark
from rules.organisation_overlay import Overlay
from rules.periods import Extension, Standing
from rules.workflow import EXPIRED, Action, BranchAction, State, Transition, Workflow
from services.requests import (
    board_counts,
    due,
    finding,
    follow_planning,
    guide,
    licences,
    national_check,
    opening,
    organisation,
    ratings,
    snapshots,
    tables,
    tickets,
    waiting,
)
from services.requests.guide import Definition

WITH_TASK = ("task", "external")  # kinds of state in which one department acts
STEP_REASON = "requests.step.reason"
STEP_INPUTS = "requests.step.inputs"
NOTE = "requests.note"
REOPEN = "reopen"
RATING = "requests.rating.token"

_STEP = Statement.insert(tables.step)
_TASK = Statement.insert(
    tables.task, "id", "version", "request_id", "state", "unit", "department", "role", "branch", "status", "created_at",
    "due_on", "judge_on", "taken_by",
)  # fmt: skip
_MOVE = Statement(
    update(tables.request)
    .where(tables.request.c.id == bindparam("request_id"), tables.request.c.version == bindparam("seen"),
           tables.request.c.corrected == bindparam("corrections"))  # what was read was not put right since
    .values(
        version=tables.request.c.version + 1,
        state=bindparam("state"),
        state_kind=bindparam("state_kind"),
        outcome=bindparam("outcome"),
        due_on=bindparam("due_on"),
        judge_on=bindparam("judge_on"),
        silence_on=bindparam("silence_on"),
        licence_serial=bindparam("licence_serial"),
        answers=bindparam("answers", type_=tables.request.c.answers.type),
    )
)
# What is still open or held when the request goes on: nobody did it, so it is closed and not done.
_CLOSE_TASKS = Statement(
    text(
        "UPDATE task SET status = 'closed', version = version + 1, done_at = :at "
        "WHERE request_id = :request_id AND status IN ('open', 'held')"
    )
)
# What a case is made of beside its row.
STEPS = (
    "(SELECT jsonb_agg(jsonb_build_array(at, clock, from_state, to_state, branch, verdict) ORDER BY sequence) "  # noqa: S608
    f"FROM step WHERE step.request_id = request.id) AS steps, {board_counts.LAST_DESK}, {due.EXTENSIONS}, "
    f"{organisation.STAMP}"
)
_BY_ID = Statement(text(f"SELECT request.*, {STEPS} FROM request WHERE id = :request_id"))  # noqa: S608


@dataclass
class Case:
    """A request as it was read, with the definition it was lodged under and the organisation of this moment. `marks`
    are its changes of state, `last` when anything last happened, `verdicts` what the branches of the parallel state in
    which it stands have said since it came there; `path` the states through which it went, from the first to this one;
    `extensions` what its periods were made longer by."""

    row: Any
    definition: Definition
    organisation: Overlay
    marks: list[Mark]
    last: datetime
    verdicts: dict[str, str]
    extensions: tuple[Extension, ...] = ()

    @property
    def id(self) -> UUID:
        identifier: UUID = self.row.id
        return identifier

    @property
    def state(self) -> State:
        return self.definition.workflow.state(self.row.state)

    @property
    def calendar(self) -> Calendar:
        """The working days of the unit in which the request lies."""
        return self.organisation.calendar(self.row.unit)

    @property
    def path(self) -> list[str]:
        return [mark.why for mark in self.marks]

    def standings(self, now: datetime) -> tuple[Standing, ...]:
        """Where every period stands that has begun, that of the whole first."""
        ended = self.marks[-1].at if self.row.outcome else None
        return due.standings(self.definition, self.marks, now, self.calendar, self.extensions, ended)

    def deadline(self, now: datetime) -> deadlines.Deadline | None:
        """Where the statutory period stands, with its explanation; None where the law gives no period."""
        whole = due.whole(self.standings(now))
        return whole.deadline if whole else None


def case(work: UnitOfWork, row: Any) -> Case:
    """The case of a request's row that was read with STEPS."""
    definition = guide.definition(work, row.service_code, row.service_version)
    known = organisation.known(work, row.organisation_stamp)
    return Case(row, definition, known, marks_of(row.steps), datetime.fromisoformat(row.steps[-1][0]),
                verdicts_of(row.steps), due.extensions_of(row.extensions))


def by_id(work: UnitOfWork, request_id: UUID) -> Case | None:
    """The case of a request."""
    row = work.first(_BY_ID, request_id=request_id)
    return None if row is None else case(work, row)


def marks_of(steps: list[Any]) -> list[Mark]:
    """One mark each time a state was entered. A branch's step inside a parallel state moves no clock."""
    return [Mark(datetime.fromisoformat(at), _clock(clock), to_state)
            for at, clock, from_state, to_state, branch, _ in steps if branch is None or to_state != from_state]


def verdicts_of(steps: list[Any]) -> dict[str, str]:
    """What each branch has said since the state was entered: the unbroken run of its steps at the end."""
    found: dict[str, str] = {}
    for _, _, from_state, to_state, branch, verdict in reversed(steps):
        if branch is None or verdict is None or to_state != from_state:
            break
        found[branch] = verdict
    return found


def _clock(clock: str) -> str:
    return deadlines.STOPPED if clock == "ended" else clock


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
    branch: str | None = None,
    by_silence: Standing | None = None,
    legal_reason: str | None = None,
    withdrawn: bool = False,
    reopened_to: str | None = None,
    missing: Mapping[str, list[str]] | None = None,
) -> dict[str, Any]:
    """Take one action from where the request stands. Refuses what the workflow does not allow. `occurred` is when the
    fact happened, if that was before we heard of it (a moment still to come is another's wrong clock and counts as
    now); `note` is for the applicant to read; `answers` are as they are stored; `out_of` is the state left, where
    a fact that came late takes another way out of it than the one taken; `branch` is that of a parallel state whose
    task acts. The request's version is demanded, so of two branches that end at the same moment one runs again, sees
    the other's verdict and takes the join: once, whichever it is. `by_silence` is the period whose end speaks
    instead of anybody. `legal_reason` is the code of one of the definition's list; `withdrawn`: the applicant takes the
    request back (rules.withdrawal); `reopened_to` is the state from which the request came to its end, to which a
    person's decision to open it again leads: the one way out of an end. `missing` is what the applicant is to
    complete, as codes of the definition: {documents, answers}."""
    workflow = of.definition.workflow
    left = out_of or of.row.state
    if by_silence is not None:
        transition = silence.transition(workflow, by_silence, left)
    elif reopened_to is not None:
        transition = Transition(left, reopened_to, REOPEN)
    elif withdrawn:
        transition = withdrawal.transition(workflow, left)
    elif branch is None:
        transition = workflow.step(left, action, inputs, reason, legal_reason)
    else:
        transition = workflow.act(
            left, action, inputs, reason, branch=branch, verdicts=of.verdicts, legal_reason=legal_reason
        )
    state = workflow.state(transition.to_state)
    stays = transition.verdict is not None and transition.joined is None
    verdicts = {**of.verdicts, str(branch): str(transition.verdict)} if stays else {}
    sequence = of.row.version + 1
    at = max(min(occurred or work.now, work.now), of.last)
    marks = of.marks if stays else [*of.marks, Mark(at, _clock(snapshots.clock_in(state)), state.code)]
    dates = _dates(of, marks, state, work.now)
    serial: str | None = of.row.licence_serial
    new_answers = answers if answers is not None else of.row.answers
    if state.output is not None:
        serial = licences.issue(work, of.row, of.definition, of.organisation, state.output, new_answers)
        follow_planning.plan(work, of.definition, of.row, serial)
    leaves_payment = of.row.state_kind == "payment" or out_of is not None
    work.write(
        _MOVE,
        expect=1,
        request_id=of.id,
        seen=of.row.version,
        corrections=of.row.corrected,
        state=state.code,
        state_kind=state.kind,
        outcome=state.outcome,
        due_on=dates.due_on,
        judge_on=dates.judge_on,
        silence_on=dates.silence_on,
        licence_serial=serial,
        answers=new_answers,
    )
    if leaves_payment and action != EXPIRED:  # a lapsed request may still be paid late: its ticket ends by itself
        tickets.void_request(work, of.id)
    if answers is not None:
        finding.answers_changed(work, of.row, of.definition, answers)
    record(work, of.id, transition, state, sequence, at, dates.due_on, reason, missing)
    board_counts.moved(work, of.row, state.outcome, at, dates.due_on, str(transition.action),
                       issued=state.output is not None)
    if not stays:
        work.write(_CLOSE_TASKS, request_id=of.id, at=work.now)
        waiting.end(work, of.id, workflow.state(of.row.state))
        hand_out(work, of.row, state, of.calendar)
        opening.letters(work, of.row, state, sequence)
    told = of.row._replace(answers=new_answers, licence_serial=serial)
    data = snapshots.snapshot(told, of.definition, transition, state, dates.due_on, verdicts)
    data["note"] = work.privacy.seal(note, ring="contact", field=NOTE) if note else None
    data["applicant_until"] = None if stays else waiting.first_last_day(state, work, of.calendar)
    if state.kind == "end":
        data["rating"] = work.privacy.seal(ratings.invite(work, of.id), ring="contact", field=RATING)
    data["inquiry_check"] = national_check.of_contact(work, of.row.tracking_number, of.row.contact)
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


def record(
    work: UnitOfWork,
    request_id: UUID,
    transition: Transition,
    state: State,
    sequence: int,
    at: datetime,
    due_on: date | None,
    reason: str | None = None,
    missing: Mapping[str, list[str]] | None = None,
) -> None:
    """Write the step that was taken. `due_on` is the request's date due as it is after it."""
    work.write(
        _STEP,
        request_id=request_id,
        sequence=sequence,
        at=at,
        from_state=transition.from_state,
        action=transition.action,
        to_state=state.code,
        clock=snapshots.clock_in(state),
        actor_id=work.actor.id,
        department=work.actor.department,
        reason=work.privacy.seal(reason, field=STEP_REASON) if reason else None,
        inputs=work.privacy.seal(orjson.dumps(transition.inputs).decode(), field=STEP_INPUTS)
        if transition.inputs
        else None,
        branch=transition.branch,
        verdict=transition.verdict,
        legal_reason=transition.legal_reason,
        outcome=state.outcome,
        due_on=due_on,
        missing=dict(missing) if missing else None,
    )


def hand_out(work: UnitOfWork, row: Any, state: State, calendar: Calendar) -> None:
    """Write the task where a department is to act on the request of `row`; where several are, one for each branch at
    once. Where the state waits for so long and no longer, the wait begins."""
    waiting.begin(work, row.id, state, calendar)
    if state.kind in WITH_TASK:
        desks: list[tuple[str | None, Any]] = [(None, state)]
    else:
        desks = [(branch.code, branch) for branch in state.branches]
    given = [periods.target_dates(desk.target, desk.escalation, work.now, calendar) for _, desk in desks]
    work.write_many(_TASK, [
        {
            "id": uuid7(),
            "version": 1,
            "request_id": row.id,
            "state": state.code,
            "unit": row.unit,
            "department": desk.department,
            "role": desk.role,
            "branch": branch,
            "status": "open",
            "created_at": work.now,
            "due_on": dates.due_on,
            "judge_on": dates.next_on(date.min),
            "taken_by": row.taken_by,
        }
        for (branch, desk), dates in zip(desks, given, strict=True)
    ])
    for _, desk in desks:
        board_counts.arrived(work, row.unit, desk.department, row.service_code, row.channel)


def action_of(
    workflow: Workflow, state: str | None, branch: str | None, action: str | None
) -> Action | BranchAction | None:
    """The action of a step that was taken, in a branch of the state or in the state itself."""
    if state is None or action is None:
        return None
    if action == silence.SILENCE:
        return Action(action, silence.SILENCE_NAME, "", by_system=True)
    there = workflow.state(state)
    if branch is None:
        taken_back = action == withdrawal.WITHDRAW and there.action(action) is None
        return Action(action, withdrawal.NAME, there.code) if taken_back else there.action(action)
    desk = there.branch(branch)
    return desk.action(action) if desk else None


def _dates(of: Case, marks: list[Mark], state: State, now: datetime) -> due.Dates:
    if state.kind == "end":
        return due.Dates(of.row.due_on, None, None)
    found = due.standings(of.definition, marks, now, of.calendar, of.extensions)
    return due.dates(found, of.definition.workflow, [mark.why for mark in marks], now)
