"""What the head of a unit is asked about a licence in whose inspection a violation was found, and the answer."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from sqlalchemy import text

from chassis.database import Statement
from chassis.uow import UnitOfWork
from rules import follow_ups as rule
from rules import register
from rules.calendar import cairo_date
from rules.refusal import refuse
from services.requests import documents, follow_ups, guide, licences, records

REASON = "requests.licence_question.reason"
PERMISSION = "licence.suspend"
_ACT = "suspend"

_COLUMNS = (
    "SELECT question.*, follow_up.code, follow_up.findings, follow_up.request_id, request.service_code, "
    "request.service_version, ARRAY(SELECT document_id::text FROM step_photo "
    "WHERE step_photo.follow_up_id = follow_up.id ORDER BY document_id) AS photos FROM licence_question AS question "
    "JOIN follow_up ON follow_up.id = question.follow_up_id JOIN request ON request.id = follow_up.request_id "
)
_LISTED = Statement(
    text(f"{_COLUMNS}WHERE question.unit = :unit AND question.decision IS NULL ORDER BY question.id LIMIT 200")
)
_ONE = Statement(text(f"{_COLUMNS}WHERE question.id = :question_id"))
_DECIDE = Statement(
    text(
        "UPDATE licence_question SET version = version + 1, decision = :decision, reason = :reason, "
        "decided_by = :actor, decided_at = :at WHERE id = :question_id AND version = :seen AND decision IS NULL"
    )
)


def listed(work: UnitOfWork) -> dict[str, Any]:
    """The questions of the actor's unit that nobody has answered, the oldest first. That findings were read is
    recorded."""
    rows = work.all(_LISTED, unit=work.actor.unit)
    for row in rows:
        work.audit("follow_up.read", str(row.follow_up_id), serial=row.serial)
    return {"questions": [_shown(work, row) for row in rows]}


def photo(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """A picture of the inspection that a question is about. Refuses licence_question_unknown, document_unknown."""
    row = _own(work, body["question_id"])
    if str(body["document_id"]) not in row.photos:
        raise refuse("document_unknown", "document_id")
    found, content = documents.content(work, row.request_id, body["document_id"])
    work.audit("document.read", str(body["document_id"]), serial=row.serial)
    return {"media_type": found.media_type, "content": base64.b64encode(content).decode()}


def decide(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """Suspend the licence, or leave it as it is, in one commit with the answer. Refuses licence_question_unknown,
    licence_question_done, conflict, apart_by_design to whoever inspected, and licence_act_refused where the licence
    cannot be suspended any more."""
    row = _own(work, body["question_id"])
    if row.found_by == work.actor.id:
        work.deny(PERMISSION, row.serial)
        raise refuse("apart_by_design")
    if row.decision is not None:
        raise refuse("licence_question_done", "question_id")
    if row.version != body["version"]:
        raise refuse("conflict", "version")
    work.write(_DECIDE, expect=1, question_id=row.id, seen=row.version, decision=body["decision"],
               reason=work.privacy.seal(body["reason"], field=REASON), actor=work.actor.id, at=work.now)
    if body["decision"] == rule.SUSPEND:
        licence = licences.by_serial(work, row.serial)
        standing = register.status(licence.state, licence.valid_from, licence.valid_until, cairo_date(work.now))
        records.change(work, licence, _ACT, register.act(_ACT, standing).to, reason=body["reason"])
    work.audit("licence.question_decided", row.serial, decision=body["decision"])
    return {"question_id": str(row.id), "serial": row.serial, "decision": body["decision"]}


def _own(work: UnitOfWork, question_id: Any) -> Any:
    row = work.first(_ONE, question_id=question_id)
    if row is None or row.unit != work.actor.unit:
        if row is not None:
            work.deny(PERMISSION, row.serial)
        raise refuse("licence_question_unknown", "question_id")
    return row


def _shown(work: UnitOfWork, row: Any) -> dict[str, Any]:
    definition = guide.definition(work, row.service_code, row.service_version)
    return {
        "question_id": str(row.id),
        "version": row.version,
        "serial": row.serial,
        "service_name": definition.name,
        "name": definition.desk(rule.PREFIX + row.code).name,
        "findings": follow_ups.found_in(work, row.findings).get("findings"),
        "photos": list(row.photos),
        "opened_at": row.opened_at.isoformat(),
    }
