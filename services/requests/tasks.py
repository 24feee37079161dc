"""Tasks of the back office: handed out by the engine, done without meeting or choosing the applicant."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text

from chassis.database import Statement
from chassis.uow import UnitOfWork
from rules.refusal import refuse
from rules.workflow import APPEALED, Action, BranchAction, State
from services.requests import answers, documents, due, follow_ups, guide, life, photos
from services.requests.assignment import BARRED
from services.requests.life import Case

_HELD = Statement(
    text(
        "SELECT task.id, task.version, task.state, task.branch, task.due_on, task.held_at, request.tracking_number, "
        "request.service_code, request.service_version, request.due_on AS request_due_on "
        "FROM task JOIN request ON request.id = task.request_id WHERE task.held_by = :actor AND task.status = 'held' "
        "AND (CAST(:after AS uuid) IS NULL OR (coalesce(task.due_on, 'infinity'), task.id) > "
        "(SELECT coalesce(due_on, 'infinity'), id FROM task WHERE id = CAST(:after AS uuid))) "
        "ORDER BY coalesce(task.due_on, 'infinity'), task.id LIMIT :limit"
    )
)
_TASK = (
    "SELECT task.id AS task_id, task.version AS task_version, task.status AS task_status, "
    "task.held_by AS task_held_by, task.due_on AS task_due_on, task.state AS task_state, "
    f"task.branch AS task_branch, task.unit AS task_unit, task.raised_from AS task_raised_from, {BARRED} AS barred, "
    f"task.department AS task_department, task.role AS task_role, request.*, {life.STEPS}"
)
_OF_TASK = "FROM task JOIN request ON request.id = task.request_id WHERE task.id = :task_id"
_ONE = Statement(text(f"{_TASK} {_OF_TASK}"))
# With all that a file shows, so that reading one asks the database once.
_ACTED = (
    "(SELECT jsonb_agg(jsonb_build_array(sequence, at, from_state, action, branch, department, reason, legal_reason, "
    "inputs) ORDER BY sequence) FROM step WHERE step.request_id = request.id AND action IS NOT NULL) AS acted"
)
_FILE = Statement(text(f"{_TASK}, {_ACTED}, {documents.OF_REQUEST}, {photos.OF_REQUEST} {_OF_TASK}"))
_DONE = Statement(
    text(
        "UPDATE task SET status = 'done', version = version + 1, done_at = :at, action = :action "
        "WHERE id = :task_id AND version = :seen AND status = 'held'"
    )
)


def mine(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """The tasks the actor holds, most urgent first."""
    rows = work.all(_HELD, actor=work.actor.id, after=body["after"], limit=body["limit"])
    tasks = []
    for row in rows:
        definition = guide.definition(work, row.service_code, row.service_version)
        tasks.append(
            {
                "task_id": str(row.id),
                "version": row.version,
                "tracking_number": row.tracking_number,
                "service_name": definition.name,
                "state": row.state,
                "state_name": definition.desk(row.state).name,
                **_branch(definition.desk(row.state), row.branch),
                "due_on": row.due_on.isoformat() if row.due_on else None,
                "request_due_on": row.request_due_on.isoformat() if row.request_due_on else None,
            }
        )
    return {"tasks": tasks, "next": tasks[-1]["task_id"] if len(tasks) == body["limit"] else None}


def file(work: UnitOfWork, task_id: UUID) -> dict[str, Any]:
    """The file as the holder may see it: answers and documents, no name, no contact, no identity number."""
    case, row = held(work, task_id, _FILE)
    definition, state = case.definition, case.definition.desk(row.task_state)
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
        "periods": due.shown(standings, work.now, case.calendar, explained=True),
        "answers": _answers(case),
        "documents": [one for one in papers if one["document_id"] not in pictures],
        "actions": [
            {"code": action.code, "name": action.name, "requires": list(action.requires)}
            for action in _actions(state, row.task_branch)
        ],
        "inputs": [dict(field) for field in (follow_ups.inputs(definition, state) if followed
                                             else definition.workflow.inputs)],
        "legal_reasons": [dict(reason) for reason in definition.workflow.reasons],
        "shows": list(((state.branch(row.task_branch) if row.task_branch else None) or state).shows),
        "photos_wanted": photos.wanted(state, row.task_branch),
        "steps": [*_steps(work, case, pictures), *(follow_ups.before(work, case) if followed else [])],
    }


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
    if followed:
        return follow_ups.report(work, case, row.task_id, body)
    action = next((one for one in _actions(case.state, row.task_branch) if one.code == body["action"]), None)
    if action is None:
        raise refuse("action_unknown", "action", action=body["action"], state=row.state)
    photos.attach(work, case.id, case.state, row.task_branch, case.row.version + 1, body["photos"])
    to_applicant = action.to is not None and case.definition.workflow.state(action.to).kind == "applicant"
    return life.move(
        work,
        case,
        body["action"],
        inputs=body["inputs"],
        reason=body["reason"],
        note=body["reason"] if to_applicant else None,
        branch=row.task_branch,
        legal_reason=body["legal_reason"],
    )


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
