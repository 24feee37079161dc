"""Tasks of the back office: handed out by the engine, done without meeting or choosing the applicant."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text

from chassis.database import Statement
from chassis.uow import UnitOfWork
from rules.calendar import cairo_date
from rules.refusal import Fault, Refusal, refuse
from rules.workflow import APPEALED, PAID, Action, BranchAction, State
from services.requests import (
    answers,
    board_counts,
    completion,
    documents,
    due,
    follow_ups,
    guide,
    life,
    organisation,
    photos,
)
from services.requests.assignment import BARRED
from services.requests.life import Case

LETTER_NOTE = "requests.letter.note"

_HELD = Statement(
    text(
        "SELECT task.id, task.version, task.state, task.branch, task.unit, task.due_on, task.held_at, "  # noqa: S608
        "request.tracking_number, request.service_code, request.service_version, "
        "CASE WHEN request.outcome IS NULL THEN request.due_on END AS request_due_on, "
        "(SELECT jsonb_build_array(letter.number, letter.status, letter.sent_on) FROM letter "
        "WHERE letter.request_id = task.request_id AND letter.state = task.state "
        "AND letter.branch IS NOT DISTINCT FROM task.branch ORDER BY entered DESC LIMIT 1) AS letter, "
        "EXISTS (SELECT 1 FROM handed_over WHERE handed_over.task_id = task.id "
        f"AND handed_over.receiver = :actor) AS handed_over, {organisation.STAMP} "
        "FROM task JOIN request ON request.id = task.request_id WHERE task.held_by = :actor AND task.status = 'held' "
        "AND (CAST(:after AS uuid) IS NULL OR (coalesce(task.due_on, 'infinity'), task.id) > "
        "(SELECT coalesce(due_on, 'infinity'), id FROM task WHERE id = CAST(:after AS uuid))) "
        "ORDER BY coalesce(task.due_on, 'infinity'), task.id LIMIT :limit"
    )
)
_TASK = (
    "SELECT task.id AS task_id, task.version AS task_version, task.status AS task_status, "
    "task.held_by AS task_held_by, task.due_on AS task_due_on, task.state AS task_state, "
    f"task.branch AS task_branch, task.created_at AS task_created_at, task.unit AS task_unit, "
    f"task.raised_from AS task_raised_from, {BARRED} AS barred, "
    f"task.department AS task_department, task.role AS task_role, request.*, {life.STEPS}"
)
_OF_TASK = "FROM task JOIN request ON request.id = task.request_id WHERE task.id = :task_id"
_ONE = Statement(text(f"{_TASK} {_OF_TASK}"))
# With all that a file shows, so that reading one asks the database once.
_ACTED = (
    "(SELECT jsonb_agg(jsonb_build_array(sequence, at, from_state, action, branch, department, reason, legal_reason, "
    "inputs) ORDER BY sequence) FROM step WHERE step.request_id = request.id AND action IS NOT NULL) AS acted"
)
_LETTERS = (
    "(SELECT jsonb_agg(jsonb_build_array(number, status, body, sent_on, answered_on, answer_note, answer_document, "
    "answer_opinion, answer_agency, "
    "letter.state = task.state AND letter.branch IS NOT DISTINCT FROM task.branch AND entered = (SELECT max(entered) "
    "FROM letter AS newest WHERE newest.request_id = request.id)) "
    "ORDER BY entered, id) FROM letter WHERE letter.request_id = request.id) AS letters"
)
_FILE = Statement(
    text(f"{_TASK}, {_ACTED}, {_LETTERS}, {documents.OF_REQUEST}, {photos.OF_REQUEST} {_OF_TASK}")
)
_DONE = Statement(
    text(
        "UPDATE task SET status = 'done', version = version + 1, done_at = :at, action = :action "
        "WHERE id = :task_id AND version = :seen AND status = 'held'"
    )
)


def mine(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """The tasks the actor holds, most urgent first."""
    rows = work.all(_HELD, actor=work.actor.id, after=body["after"], limit=body["limit"])
    tasks, today = [], cairo_date(work.now)
    for row in rows:
        definition = guide.definition(work, row.service_code, row.service_version)
        state = definition.desk(row.state)
        desk = (state.branch(row.branch) if row.branch else None) or state
        tasks.append(
            {
                "task_id": str(row.id),
                "version": row.version,
                "tracking_number": row.tracking_number,
                "service_name": definition.name,
                "state": row.state,
                "state_name": state.name,
                **_branch(state, row.branch),
                "purpose": desk.purpose,
                "due_on": row.due_on.isoformat() if row.due_on else None,
                "days_left": _days_left(work, row, row.due_on, today),
                "request_due_on": row.request_due_on.isoformat() if row.request_due_on else None,
                "held_at": row.held_at.isoformat(),
                "handed_over": row.handed_over,
                "body_name": definition.body_name(desk.body),
                "letter": _letter(row.letter) if desk.body else None,
            }
        )
    return {"tasks": tasks, "next": tasks[-1]["task_id"] if len(tasks) == body["limit"] else None}


def _days_left(work: UnitOfWork, row: Any, due_on: date | None, today: date) -> int | None:
    """Working days of the unit left of a desk's own date: none on the day itself, less than none after it."""
    if due_on is None:
        return None
    calendar = organisation.known(work, row.organisation_stamp).calendar(row.unit)
    return calendar.working_days(today, due_on) if due_on >= today else -calendar.working_days(due_on, today)


def _letter(kept: list[Any] | None) -> dict[str, Any] | None:
    """Where the letter to an outside body stands that a task is about."""
    return dict(zip(("number", "status", "sent_on"), kept, strict=True)) if kept else None


def file(work: UnitOfWork, task_id: UUID) -> dict[str, Any]:
    """The file as the holder may see it: answers and documents, no name, no contact, no identity number."""
    case, row = held(work, task_id, _FILE)
    definition, state = case.definition, case.definition.desk(row.task_state)
    desk = (state.branch(row.task_branch) if row.task_branch else None) or state
    followed = definition.is_follow_up(row.task_state)
    standings = case.standings(work.now)
    whole = due.whole(standings)
    papers = documents.shown(row.papers or (), definition.body["documents"])
    pictures = photos.shown(work, row.pictures or ())
    work.audit("file.read", str(case.id), task=str(task_id))
    return {
        "task_id": str(task_id),
        "version": row.task_version,
        "tracking_number": row.tracking_number,
        "service_code": row.service_code,
        "service_name": definition.name,
        "unit": row.unit,
        "raised_from": row.task_raised_from,
        "state": state.code,
        "state_name": state.name,
        **_branch(state, row.task_branch),
        "department": row.task_department,
        "due_on": row.task_due_on.isoformat() if row.task_due_on else None,
        "request_due_on": row.due_on.isoformat() if row.due_on else None,
        "days_left": whole.deadline.days_left if whole else None,
        "task_days_left": _days_left(work, row._replace(unit=row.task_unit), row.task_due_on, cairo_date(work.now)),
        "purpose": desk.purpose,
        "body_name": definition.body_name(desk.body),
        "periods": due.shown(standings, work.now, case.calendar, explained=True),
        "answers": _answers(case),
        "documents": [one for one in papers if one["document_id"] not in pictures],
        "actions": [
            {"code": action.code, "name": action.name, "requires": list(action.requires),
             "to_applicant": not followed and _to_applicant(definition, action)}
            for action in _actions(state, row.task_branch)
        ],
        "may_miss": _may_miss(definition),
        "inputs": [dict(field) for field in (follow_ups.inputs(definition, state) if followed
                                             else definition.workflow.inputs)],
        "legal_reasons": [dict(reason) for reason in definition.workflow.reasons],
        "shows": list(desk.shows),
        "photos_wanted": photos.wanted(state, row.task_branch),
        "steps": [*_steps(work, case, pictures), *(follow_ups.before(work, case) if followed else [])],
        "branches": [
            {"code": branch.code, "name": branch.name, "department": branch.department,
             "body": definition.body_name(branch.body), "done": branch.code in case.verdicts}
            for branch in case.state.branches
        ],
        "fees": _fees(case),
        "letters": [
            {"number": number, "status": status, "body_name": definition.body_name(body), "sent_on": sent_on,
             "answered_on": answered_on, "document_id": document_id, "current": current,
             "opinion": opinion, "agency_name": agency,
             "note": work.privacy.open(note, field=LETTER_NOTE) if note else None}
            for number, status, body, sent_on, answered_on, note, document_id, opinion, agency, current
            in row.letters or ()
        ],
    }


def _to_applicant(definition: guide.Definition, action: Action | BranchAction) -> bool:
    """Whether an action sends the file back to its applicant."""
    return action.to is not None and definition.workflow.state(action.to).kind == "applicant"


def _may_miss(definition: guide.Definition) -> dict[str, Any]:
    """What an applicant can be asked to complete: all documents and questions of the service, without answers."""
    return {"documents": [{"code": one["code"], "name": one["name"]} for one in definition.body["documents"]],
            "answers": [{"name": one["name"], "label": one["label"], "part": one.get("part")}
                        for one in definition.body["form"]]}


def _fees(case: Case) -> list[dict[str, Any]]:
    """The payments that the request came to, and when each was paid. Amounts are payments' to tell."""
    workflow, found = case.definition.workflow, []
    for _, at, from_state, taken, *_ in case.row.acted or ():
        state = workflow.states.get(from_state or "")
        if state is not None and state.kind == "payment" and taken == PAID:
            found.append({"stage": state.stage, "name": state.name, "paid_at": at})
    if case.state.kind == "payment":
        found.append({"stage": case.state.stage, "name": case.state.name, "paid_at": None})
    return found


def document(work: UnitOfWork, task_id: UUID, document_id: UUID) -> dict[str, Any]:
    """A document of the file. Opening one that shows who the applicant is is a recorded unmasking."""
    case, _ = held(work, task_id)
    row, content = documents.content(work, case.id, document_id)
    identity = any(d["code"] == row.code and d.get("identity") for d in case.definition.body["documents"])
    work.audit("document.unmask" if identity else "document.read", str(document_id), task=str(task_id))
    return {"media_type": row.media_type, "content": base64.b64encode(content).decode()}


def act(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """Take an action of the workflow on a held task. Who took the file in, collected its money, declared a relation
    with its applicant or decided what it appeals against may act in none of its tasks. The branches of
    a parallel state are different questions, so whoever holds two of them answers both: they can only be of one desk,
    and a unit with one engineer would otherwise hold its files for ever. Where two people must look, a definition names
    two departments or two roles."""
    case, row = held(work, body["task_id"])
    if row.taken_by == work.actor.id or row.barred:
        work.deny("task.act", str(case.id))
        raise refuse("apart_by_design")
    followed = case.definition.is_follow_up(row.task_state)
    if row.state != row.task_state and not followed:
        raise refuse("task_done")
    if body["version"] is not None and body["version"] != row.task_version:
        raise refuse("conflict", "version")
    work.write(
        _DONE, expect=1, task_id=row.task_id, seen=row.task_version, at=work.now, action=body["action"]
    )
    board_counts.acted(work, row)
    if followed:
        return follow_ups.report(work, case, row.task_id, body)
    action = next((one for one in _actions(case.state, row.task_branch) if one.code == body["action"]), None)
    if action is None:
        raise refuse("action_unknown", "action", action=body["action"], state=row.state)
    photos.attach(work, case.id, case.state, row.task_branch, case.row.version + 1, body["photos"])
    to_applicant, missing, reason = _to_applicant(case.definition, action), body.get("missing"), body["reason"]
    if missing and not to_applicant:
        raise refuse("missing_not_asked", "missing")
    if to_applicant:
        reason = completion.said(case.definition, missing, reason, case.row.language) or None
    try:
        return life.move(
            work,
            case,
            body["action"],
            inputs=body["inputs"],
            reason=reason,
            note=reason if to_applicant else None,
            branch=row.task_branch,
            legal_reason=body["legal_reason"],
            missing=missing,
        )
    except Refusal as refusal:
        # What the applicant is told is the list as well as the words: one of the two is enough.
        raise Refusal([Fault("nothing_missing", one.field) if to_applicant and one.code == "reason_required" else one
                       for one in refusal.faults]) from None


def preview_completion(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """What the applicant of a held task would read were it sent back so: {text, language}, in the applicant's own
    language. Refuses missing_unknown, and nothing_missing where nothing would be said."""
    case, _ = held(work, body["task_id"])
    said = completion.said(case.definition, body["missing"], body["reason"], case.row.language)
    if not said:
        raise refuse("nothing_missing", "reason")
    return {"text": said, "language": case.row.language}


def _actions(state: State, branch: str | None) -> list[Action | BranchAction]:
    """What the holder of a task may do: the written actions of its state, or of its branch."""
    if branch is None:
        return [action for action in state.exits if not action.by_system]
    desk = state.branch(branch)
    return list(desk.actions) if desk else []


def _branch(state: State, code: str | None) -> dict[str, Any]:
    desk = state.branch(code) if code else None
    return {"branch": code, "branch_name": desk.name if desk else None}


def held(work: UnitOfWork, task_id: UUID, read: Statement = _ONE) -> tuple[Case, Any]:
    """The case of a task that the actor holds, and the row that `read` brought of both. A task of another is refused
    like one that does not exist, and the attempt is recorded."""
    actor = work.actor
    row = work.first(read, task_id=task_id, actor=actor.id)
    if row is None:
        raise refuse("task_unknown", "task_id")
    if row.task_held_by != actor.id:
        work.deny("task.read", str(task_id))
        raise refuse("task_unknown", "task_id")
    if row.task_status in ("done", "closed"):
        raise refuse("task_done", "task_id")
    if row.task_unit != actor.unit or row.task_department != actor.department or row.task_role not in actor.roles:
        work.deny("task.act", str(task_id))
        raise refuse("forbidden")
    return life.case(work, row), row


def _steps(
    work: UnitOfWork, case: Case, pictures: Mapping[str, tuple[int, str | None]]
) -> list[dict[str, Any]]:
    """What was done before, for whoever decides next: findings and reasons, not who wrote them."""
    workflow = case.definition.workflow
    inputs = {field["name"]: field for field in workflow.inputs}
    steps = []
    for sequence, at, from_state, taken, branch, department, reason, legal_reason, given in case.row.acted or ():
        action = life.action_of(workflow, from_state, branch, taken)
        found = orjson.loads(work.privacy.open(given, field=life.STEP_INPUTS)) if given else {}
        steps.append(
            {
                "at": datetime.fromisoformat(at).isoformat(),
                "state": from_state,
                "state_name": workflow.state(from_state).name,
                **_branch(workflow.state(from_state), branch),
                "action": taken,
                "action_name": action.name if action else None,
                "department": department,
                "reason": work.privacy.open(reason, field=life.STEP_REASON)
                if reason and (department or taken == APPEALED)
                else None,  # what an applicant wrote may say who wrote it; but an appeal must be read to be heard
                "legal_reason": legal_reason,
                "photos": [
                    {"document_id": document_id, "caption": caption}
                    for document_id, (of_step, caption) in pictures.items()
                    if of_step == sequence
                ],
                "inputs": [
                    {
                        "name": name,
                        "label": inputs[name]["label"],
                        "value": value,
                        "value_name": answers.value_name(inputs[name], value),
                    }
                    for name, value in found.items()
                ],
            }
        )
    return steps


def _answers(case: Case) -> list[dict[str, Any]]:
    lines = []
    for field in case.definition.body["form"]:
        name = field["name"]
        if name not in case.row.answers or name in case.definition.personal_fields:
            continue
        value = case.row.answers[name]
        lines.append(
            {
                "name": name,
                "label": field["label"],
                "part": field.get("part"),
                "value": value,
                "value_name": answers.value_name(field, value),
            }
        )
    return lines
