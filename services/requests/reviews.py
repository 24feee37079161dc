"""What the machine asks a person about silence, and the answers. An act by silence that a late fact contradicts is put
before the head of the unit; the machine withdraws nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from chassis.database import Statement
from chassis.ids import uuid7
from chassis.uow import UnitOfWork
from contracts.requests_deadlines import REVIEW_DECIDED, REVIEW_OPENED
from rules.calendar import cairo_date
from rules.refusal import refuse
from services.requests import due, life, tables_deadlines
from services.requests.life import Case

CONTRADICTION, SURGE, CLOCK = "contradiction", "surge", "clock"
FIT = {CONTRADICTION: ("stands", "to_be_withdrawn"), SURGE: ("proceed", "hold"), CLOCK: ("proceed", "hold")}
RELEASE = "silence.release"  # who may answer for the whole node
REASON = "requests.review.reason"
LOOK_BACK = timedelta(days=60)  # acts by silence that a change of the calendar may contradict

_OPEN = Statement.insert(tables_deadlines.silence_review, "id", "version", "kind", "request_id", "unit", "facts",
                         "opened_at")
_STANDING_OPEN = Statement(
    text(
        "SELECT id FROM silence_review WHERE kind = :kind AND decided_at IS NULL "
        "AND request_id IS NOT DISTINCT FROM CAST(:request_id AS uuid)"
    )
)
_LISTED = Statement(
    text(
        "SELECT silence_review.*, request.tracking_number FROM silence_review "
        "LEFT JOIN request ON request.id = silence_review.request_id WHERE decided_at IS NULL "
        "AND (silence_review.unit = :unit OR (silence_review.unit IS NULL AND :everything)) "
        "ORDER BY opened_at LIMIT 200"
    )
)
_BY_ID = Statement(text("SELECT * FROM silence_review WHERE id = :review_id"))
_DECIDE = Statement(
    text(
        "UPDATE silence_review SET version = version + 1, decision = :decision, reason = :reason, "
        "decided_by = :decided_by, decided_at = :decided_at "
        "WHERE id = :review_id AND version = :seen AND decided_at IS NULL"
    )
)
_TRUST = Statement(text("UPDATE silence_clock SET seen_until = :now, boot_id = NULL"))
_DEEMED = Statement(text("SELECT * FROM deemed WHERE request_id = :request_id ORDER BY issued_at DESC LIMIT 1"))
_LATELY = Statement(text("SELECT * FROM deemed WHERE issued_at > :since ORDER BY issued_at"))
_TASK = Statement(
    text("SELECT id, request_id, state, branch, unit, department, role, taken_by FROM task WHERE id = :task_id")
)


def ask(work: UnitOfWork, kind: str, facts: Mapping[str, Any], case: Case | None = None) -> UUID | None:
    """Put a question before a person, unless the same one is open. Answers its id, None where it was asked already."""
    if work.first(_STANDING_OPEN, kind=kind, request_id=case.id if case else None) is not None:
        return None
    review_id = uuid7()
    unit = case.row.unit if case else None
    work.write(_OPEN, id=review_id, version=1, kind=kind, request_id=case.id if case else None, unit=unit,
               facts=dict(facts), opened_at=work.now)
    work.append(REVIEW_OPENED, review_id, 1, {
        "review_id": review_id, "kind": kind, "request_id": case.id if case else None, "unit": unit})
    work.audit("silence.asked", str(case.id if case else review_id), kind=kind)
    return review_id


def contradicted(work: UnitOfWork, case: Case, what: str, at: datetime, **facts: Any) -> UUID | None:
    """A fact came that happened `at`, before silence took effect, and speaks against it: a person is asked. Answers
    None where silence has not spoken, or the fact came after it."""
    deemed = work.first(_DEEMED, request_id=case.id)
    if deemed is None or at >= deemed.effective_at:
        return None
    return ask(work, CONTRADICTION, {
        "number": deemed.number, "kind": deemed.kind, "effective_at": deemed.effective_at.isoformat(), "what": what,
        "at": at.isoformat(), **facts}, case)


def report(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """The desk whose task silence closed reports what it had done before. Refuses task_unknown for another's desk,
    no_silence, and fact_not_earlier."""
    actor = work.actor
    task = work.first(_TASK, task_id=body["task_id"])
    if (task is None or (task.unit, task.department) != (actor.unit, actor.department)
            or task.role not in actor.roles):
        work.deny("task.act", str(body["task_id"]))
        raise refuse("task_unknown", "task_id")
    if task.taken_by == actor.id:
        work.deny("task.act", str(task.request_id))
        raise refuse("apart_by_design")
    case = life.by_id(work, task.request_id)
    deemed = work.first(_DEEMED, request_id=task.request_id)
    if case is None or deemed is None:
        raise refuse("no_silence", "task_id")
    if life.action_of(case.definition.workflow, task.state, task.branch, body["action"]) is None:
        raise refuse("action_unknown", "action", action=body["action"], state=task.state)
    if body["occurred_at"] >= deemed.effective_at:
        raise refuse("fact_not_earlier", "occurred_at", effective_at=deemed.effective_at.isoformat())
    review_id = contradicted(
        work, case, "act", body["occurred_at"], action=body["action"], state=task.state,
        reason=work.privacy.seal(body["reason"], field=REASON))
    if review_id is None:
        raise refuse("conflict", "task_id")
    return {"review_id": str(review_id)}


def of_the_calendar(work: UnitOfWork) -> None:
    """A holiday that was decreed, or heard of, too late for an act by silence: under the calendar of now the period was
    not over. Acts of the last LOOK_BACK are judged again, and a person is asked about each that does not stand."""
    for deemed in work.all(_LATELY, since=work.now - LOOK_BACK):
        case = life.by_id(work, deemed.request_id)
        if case is None:
            continue
        before = [mark for mark in case.marks if mark.at < deemed.effective_at]
        found = due.standings(case.definition, before, deemed.effective_at, case.calendar, case.extensions)
        standing = next((one for one in found if one.code == deemed.period), None)
        due_on = standing.deadline.due_on if standing else None
        if due_on is None or due_on > deemed.due_on:
            ask(work, CONTRADICTION, {
                "number": deemed.number, "kind": deemed.kind, "effective_at": deemed.effective_at.isoformat(),
                "what": "calendar", "due_on": due_on.isoformat() if due_on else None}, case)


def listed(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """The questions before the actor: those of the own unit, and the node's for whoever answers for it."""
    rows = work.all(_LISTED, unit=work.actor.unit, everything=work.actor.permits(RELEASE))
    return {"reviews": [
        {"review_id": str(row.id), "version": row.version, "kind": row.kind,
         "request_id": str(row.request_id) if row.request_id else None, "tracking_number": row.tracking_number,
         "unit": row.unit, "facts": _readable(work, row.facts), "opened_at": row.opened_at.isoformat()}
        for row in rows]}


def decide(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """A person answers. Refuses silence_review_unknown (also of another unit), review_done, review_decision_unfit,
    reason_required and a version that no longer stands."""
    row = work.first(_BY_ID, review_id=body["review_id"])
    actor = work.actor
    if row is None or (row.unit is not None and row.unit != actor.unit):
        raise refuse("silence_review_unknown", "review_id")
    if row.unit is None:
        work.require(RELEASE)
    if row.decided_at is not None:
        raise refuse("review_done", "review_id")
    if body["version"] != row.version:
        raise refuse("conflict", "version")
    if body["decision"] not in FIT[row.kind]:
        raise refuse("review_decision_unfit", "decision")
    if not any(character.isalnum() for character in body["reason"]):
        raise refuse("reason_required", "reason")
    work.write(_DECIDE, expect=1, review_id=row.id, seen=row.version, decision=body["decision"],
               reason=work.privacy.seal(body["reason"], field=REASON), decided_by=actor.id, decided_at=work.now)
    if row.kind == CLOCK and body["decision"] == "proceed":
        work.write(_TRUST, now=work.now)
    work.append(REVIEW_DECIDED, row.id, row.version + 1, {
        "review_id": row.id, "kind": row.kind, "request_id": row.request_id, "unit": row.unit,
        "decision": body["decision"]})
    work.audit("silence.answered", str(row.request_id or row.id), kind=row.kind, decision=body["decision"],
               day=cairo_date(work.now).isoformat())
    return {"review_id": str(row.id), "decision": body["decision"]}


def _readable(work: UnitOfWork, facts: Mapping[str, Any]) -> dict[str, Any]:
    shown = dict(facts)
    if shown.get("reason"):
        shown["reason"] = work.privacy.open(shown["reason"], field=REASON)
    return shown
