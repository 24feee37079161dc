"""What whoever holds the tracking number and the phone's last four digits may see and do."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import text

from chassis.database import Statement
from chassis.uow import UnitOfWork
from rules import deadlines, numbering, withdrawal
from rules.arabic import western_digits
from rules.calendar import cairo_date
from rules.refusal import Fault, Refusal, refuse
from rules.workflow import Action
from services.requests import (
    answers,
    appeal_term,
    deemed,
    documents,
    due,
    life,
    objections,
    quarantine,
    snapshots,
    succession,
    waiting,
)
from services.requests.intake import lets_in
from services.requests.life import Case

_BY_NUMBER = Statement(text(f"SELECT request.*, {life.STEPS} FROM request WHERE tracking_number = :number"))  # noqa: S608
_TIMELINE = Statement(
    text(
        "SELECT at, from_state, action, branch, to_state, reason, legal_reason, missing FROM step "
        "WHERE request_id = :request_id ORDER BY sequence"
    )
)


def status(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """Where the request stands and when it is due."""
    case = admitted(work, body)
    return shown(work, case)


def timeline(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """What happened when, and the explanation of the date due."""
    case = admitted(work, body)
    workflow = case.definition.workflow
    entries = []
    for row in work.all(_TIMELINE, request_id=case.id):
        action = life.action_of(workflow, row.from_state, row.branch, row.action)
        state = workflow.state(row.to_state)
        desk = workflow.state(row.from_state).branch(row.branch) if row.branch else None
        entries.append(
            {
                "at": row.at.isoformat(),
                "state": state.code,
                "state_kind": state.kind,
                "state_name": state.name,
                "department": desk.department if desk and row.to_state == row.from_state else state.department,
                "branch": row.branch,
                "branch_name": desk.name if desk else None,
                "action": row.action,
                "action_name": action.name if action else None,
                "note": _note(work, state.kind, row.reason),
                "legal_reason": row.legal_reason if state.kind in ("applicant", "end") else None,
                "missing": row.missing,
            }
        )
    standings = case.standings(work.now)
    whole = due.whole(standings)
    return {
        **shown(work, case),
        "entries": entries,
        "documents_refused": quarantine.told(work, case),
        **objections.told(work, case),
        "deadline": deadlines.explain(whole.deadline.intervals) if whole else [],
        "periods": due.shown(standings, work.now, case.calendar, explained=True),
    }


def resubmit(work: UnitOfWork, body: Mapping[str, Any], occurred: datetime | None = None) -> dict[str, Any]:
    """The applicant acts: completes what was missing with further documents and corrected answers, or does what else
    the workflow offers there, such as to withdraw. `occurred` is when, where a tablet took it before we heard of it."""
    case = admitted(work, body)
    if body["action"] == withdrawal.WITHDRAW and not any(one.code == body["action"] for one in _offered(case)):
        _nothing_else(body)
        return life.move(work, case, withdrawal.WITHDRAW, reason=body["reason"], withdrawn=True, occurred=occurred)
    if case.row.state_kind != "applicant":
        raise refuse("not_waiting_for_applicant")
    action = _action(case, body["action"])
    if case.definition.workflow.state(action.to).kind != "end":
        return life.move(work, case, action.code, reason=body["reason"], answers=_completed(work, case, body),
                         occurred=occurred)
    _nothing_else(body)
    return life.move(work, case, action.code, reason=body["reason"], occurred=occurred)


def withdraw(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """The applicant takes the request back, wherever it lies and nothing has ended it; by the workflow's own action
    where it has one there. Refuses withdrawal_not_offered."""
    return resubmit(work, {**body, "action": withdrawal.WITHDRAW, "documents": [], "answers": {}})


def _nothing_else(body: Mapping[str, Any]) -> None:
    superfluous = [Fault("document_not_asked", f"documents/{one['code']}") for one in body["documents"]]
    superfluous += [Fault("answer_not_applicable", f"answers/{name}") for name in body["answers"]]
    if superfluous:
        raise Refusal(superfluous)


def _offered(case: Case) -> list[Action]:
    """What the applicant may do now."""
    return [action for action in case.state.actions if case.state.kind == "applicant"]


def _action(case: Case, code: str | None) -> Action:
    for action in _offered(case):
        if code is None or action.code == code:
            return action
    raise refuse("action_unknown", "action", action=code, state=case.row.state)


def _completed(work: UnitOfWork, case: Case, body: Mapping[str, Any]) -> dict[str, Any]:
    """The answers to store, with corrections; what is given of documents is taken. Refuses as intake does."""
    definition = case.definition
    given = answers.opened(work, definition, case.row.answers)
    if body["answers"]:
        before = given
        given = answers.corrected(definition, before, body["answers"])
        if faults := succession.fixed(work, definition, case.id, before, given):
            raise Refusal(faults)
        answers.charges(definition, given)
    untaken = documents.untaken(work, body["documents"])
    held = documents.of_request(work, case.id, definition.body["documents"])
    there = [document for document in held if document["status"] != "refused"]
    asked = [document for document in definition.body["documents"]
             if document["code"] not in {held["code"] for held in there}
             or document["code"] in {given["code"] for given in body["documents"]}]  # fmt: skip
    documents.check(asked, given, body["documents"], untaken)
    documents.replace_refused(work, case.id, held, {document["code"] for document in body["documents"]})
    documents.take(work, case.id, body["documents"])
    return answers.sealed(work, definition, given)


def admitted(work: UnitOfWork, body: Mapping[str, Any]) -> Case:
    """The case, for whoever knows both numbers. Wrong and unknown are refused alike, in about the same time."""
    last4 = western_digits(body["phone_last4"]).strip()
    try:
        number = numbering.parse_tracking(body["tracking_number"])
    except Refusal:
        raise refuse("tracking_unknown") from None
    row = work.first(_BY_NUMBER, number=number)
    if not lets_in(work, row, number, last4) or not _reached_by_partner(work, row):
        raise refuse("tracking_unknown")
    return life.case(work, row)


def _reached_by_partner(work: UnitOfWork, row: Any) -> bool:
    """Whether a partner's key is good for this request's unit; of everybody else the digits say enough."""
    return work.actor.kind != "partner" or work.actor.reaches(row.unit)


def shown(work: UnitOfWork, case: Case) -> dict[str, Any]:
    """The status that the public inquiry shows: no name, no number, no address."""
    row, state = case.row, case.state
    standings = case.standings(work.now)
    whole = due.whole(standings)
    found = whole.deadline if whole else None
    return {
        "request_id": str(row.id),
        "tracking_number": row.tracking_number,
        "service_code": row.service_code,
        "service_version": row.service_version,
        "service_name": case.definition.name,
        "unit": row.unit,
        "unit_name": case.organisation.unit_name(row.unit, cairo_date(work.now)),
        "state": row.state,
        "state_kind": row.state_kind,
        "state_name": state.name,
        "stage": state.stage,
        "department": state.department,
        "body": case.definition.body_name(state.body),
        "branches": [
            {
                "code": branch.code,
                "name": branch.name,
                "department": branch.department,
                "body": case.definition.body_name(branch.body),
                "done": branch.code in case.verdicts,
            }
            for branch in state.branches
        ],
        "lodged_at": row.lodged_at.isoformat(),
        "due_on": _iso(found.due_on if found and not row.outcome else row.due_on),
        "clock": snapshots.clock_in(state),
        "late": bool(found and found.late),
        "days_left": found.days_left if found else None,
        "applicant_until": _iso(waiting.until(work, case)),
        "periods": due.shown(standings, work.now, case.calendar),
        "deemed": deemed.summary(work, case),
        "outcome": row.outcome,
        "licence_serial": row.licence_serial,
        "language": row.language,
        "appeal": appeal_term.shown(case, work.now),
        "actions": [
            {"code": action.code, "name": action.name, "requires": list(action.requires)} for action in _offered(case)
        ],
        "may_withdraw": withdrawal.offered(case.definition.workflow, row.state),
        "as_of": work.now.isoformat(),
    }


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _note(work: UnitOfWork, kind: str, reason: str | None) -> str | None:
    """The reason of a step, where it speaks to the applicant: what to complete, why it was rejected."""
    if reason is None or kind not in ("applicant", "end"):
        return None
    return work.privacy.open(reason, field=life.STEP_REASON)
