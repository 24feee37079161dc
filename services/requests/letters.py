"""Letters of a request to bodies outside: written when the request comes to them, numbered and signed as any document,
their sending and their answers recorded; the answer takes the request on."""

from __future__ import annotations

import base64
import logging
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from chassis.database import Statement
from chassis.offload import offload
from chassis.uow import UnitOfWork
from rules import arabic, numbering, places
from rules import licence as licence_rule
from rules.calendar import cairo_date
from rules.refusal import Fault, Refusal, refuse
from services.requests import document, documents, guide, licences, opening, organisation, paper, signing, tasks
from services.requests.guide import Definition
from services.requests.opening import ANSWERED, DRAFTED, SENT

log = logging.getLogger(__name__)

PUT_OFF = timedelta(seconds=30)
_DOCUMENT, NOTE = "requests.letter.document", "requests.letter.note"
_OUTPUT = {"name": {"ar": "خطاب", "en": "Letter"}, "kind": "letter"}
# What is written where the definition has no text of its own. It does not say who the applicant is.
_STANDARD = {
    "kind": "paragraph",
    "text": {
        "ar": "السادة / {body}\nتحية طيبة وبعد،\nالطلب رقم {tracking_number} (خدمة «{service}») معروض على {unit}. "
              "نرجو موافاتنا برأيكم فيه، مع ذكر رقم هذا الخطاب {number} في الرد.\nوتفضلوا بقبول فائق الاحترام.",
        "en": "To {body}\nRequest {tracking_number} (service “{service}”) lies before {unit}. Please let us have your "
              "opinion on it, and quote the number of this letter, {number}, in your answer.",
    },
}  # fmt: skip

_UNDRAWN = Statement(
    text(
        "SELECT letter.*, nextval('letter_serial') AS serial, request.tracking_number, request.service_code, "  # noqa: S608
        f"request.service_version, request.answers, request.name AS name, {organisation.STAMP} "
        "FROM (SELECT * FROM letter WHERE document IS NULL AND draw_at <= :now ORDER BY draw_at LIMIT 1) AS letter "
        "JOIN request ON request.id = letter.request_id"
    )
)
_DRAWN = Statement(
    text(
        "UPDATE letter SET number = :number, document = :document, media_type = :media_type "
        "WHERE id = :letter_id AND document IS NULL"
    )
)
_LATER = Statement(text("UPDATE letter SET draw_at = :later WHERE id = :letter_id"))
_OF_TASK = Statement(
    text(
        "SELECT * FROM letter WHERE request_id = :request_id AND state = :state "
        "AND branch IS NOT DISTINCT FROM CAST(:branch AS text) ORDER BY entered DESC LIMIT 1"
    )
)
# The request still stands where the letter was written, and this part of it has not been decided.
WAITED_FOR = (
    "(request.outcome IS NULL AND request.state = letter.state AND letter.entered = (SELECT max(entered) "
    "FROM letter AS later WHERE later.request_id = letter.request_id AND later.state = letter.state) "
    "AND NOT EXISTS (SELECT 1 FROM step WHERE step.request_id = letter.request_id AND letter.branch IS NOT NULL "
    "AND step.branch = letter.branch AND step.sequence > letter.entered))"
)
_BY_NUMBER = Statement(
    text(
        "SELECT letter.number, letter.status, letter.body, letter.unit, letter.created_at, letter.sent_on, "  # noqa: S608
        "letter.answered_on, request.service_code, request.service_version, request.outcome, "
        f"{WAITED_FOR} AS waited_for, {organisation.STAMP} FROM letter JOIN request ON request.id = letter.request_id "
        "WHERE letter.number = :number"
    )
)
_SEND = Statement(
    text(
        "UPDATE letter SET version = version + 1, status = 'sent', sent_on = :sent_on, sent_by = :actor, "
        "sent_how = :how, sent_reference = :reference WHERE id = :letter_id AND version = :seen"
    )
)
_ANSWER = Statement(
    text(
        "UPDATE letter SET version = version + 1, status = 'answered', answered_on = :answered_on, "
        "answered_by = :actor, answer_reference = :reference, answer_document = :document, answer_note = :note, "
        "recorded_at = :at WHERE id = :letter_id AND version = :seen"
    )
)


def draw_next(work: UnitOfWork) -> bool:
    """Number, draw and sign the next letter. Answers whether there was one. One that cannot be drawn is put off, and a
    number that was drawn for it is a gap."""
    row = work.first(_UNDRAWN, now=work.now)
    if row is None:
        return False
    try:
        number = numbering.letter_number(work.settings.node, cairo_date(row.created_at).year, row.serial)
        content, media_type = _drawn(work, row, number)
    except Exception:
        log.exception("a letter cannot be drawn", extra={"letter": str(row.id)})
        work.write(_LATER, letter_id=row.id, later=work.now + PUT_OFF)
        return True
    work.write(_DRAWN, expect=1, letter_id=row.id, number=number, media_type=media_type,
               document=work.privacy.seal_bytes(content, field=_DOCUMENT))  # fmt: skip
    return True


def of_task(work: UnitOfWork, task_id: UUID) -> dict[str, Any]:
    """The letter that a held task is about, with the document to be sent. That it was opened is recorded; where its
    text names the applicant, as an unmasking."""
    case, row, letter = _of_task(work, task_id)
    if letter.document is None:
        raise refuse("letter_not_ready")
    names = "{applicant}" in str(paper.template(case.definition, _template(case.definition, letter.body)))
    work.audit("letter.unmask" if names else "letter.read", letter.number, task=str(row.task_id))
    content = work.privacy.open_bytes(letter.document, field=_DOCUMENT)
    return {**_shown(case.definition, letter), "file_name": letter.number, "media_type": letter.media_type,
            "content": base64.b64encode(content).decode()}  # fmt: skip


def verification(work: UnitOfWork, number: str) -> dict[str, Any]:
    """What anybody may know of a letter by its number: neither its request nor the applicant. Refuses
    letter_number_malformed, letter_number_unknown."""
    row = work.first(_BY_NUMBER, number=numbering.parse_letter_number(number).text)
    if row is None:
        raise refuse("letter_number_unknown", "number")
    definition = guide.definition(work, row.service_code, row.service_version)
    known = organisation.known(work, row.organisation_stamp)
    day, held = cairo_date(row.created_at), known.unit_ever(row.unit)
    return {
        "number": row.number,
        "status": _standing(row),
        "body": row.body,
        "body_name": definition.body_name(row.body) or {"ar": row.body, "en": row.body},
        "service_code": definition.code,
        "service_name": definition.name,
        "unit": row.unit,
        "unit_name": known.unit_name(row.unit, day),
        "governorate_name": places.governorates()[held.governorate if held else work.settings.node].name,
        "issued_on": day.isoformat(),
        "sent_on": row.sent_on.isoformat() if row.sent_on else None,
        "answered_on": row.answered_on.isoformat() if row.answered_on else None,
    }


def _standing(row: Any) -> str:
    if row.status == ANSWERED:
        return "answered"
    if row.outcome == "withdrawn":
        return "withdrawn"
    return "valid" if row.waited_for else "closed"


def send(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """Record that the letter went out: on which day, how, and under which reference of the carrier."""
    case, _, letter = _of_task(work, body["task_id"])
    if letter.document is None:
        raise refuse("letter_not_ready")
    if letter.status != DRAFTED:
        raise refuse("letter_sent_before", on=letter.sent_on.isoformat())
    day = body["sent_on"] or cairo_date(work.now)
    _dated(work, day, cairo_date(letter.created_at), "sent_on")
    work.write(_SEND, expect=1, letter_id=letter.id, seen=letter.version, sent_on=day, actor=work.actor.id,
               how=body["how"], reference=body["reference"])  # fmt: skip
    opening.tell(work, letter.id, letter.version + 1, case.id, letter.body, SENT, day, None, letter.number)
    work.audit("letter.sent", letter.number, how=body["how"])
    return {**_shown(case.definition, letter), "status": SENT, "sent_on": day.isoformat()}


def answer(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """Record what the body answered, with its date and paper, and take the action that follows from it: one commit.
    Refuses letter_not_sent, letter_answered_by_agency, letter_date_unsound, document_unknown and all that acting on the
    task refuses."""
    case, _, letter = _of_task(work, body["task_id"])
    if letter.status == ANSWERED:
        raise refuse("letter_answered_by_agency", on=letter.answered_on.isoformat())
    if letter.status != SENT:
        raise refuse("letter_not_sent")
    _dated(work, body["answered_on"], letter.sent_on, "answered_on")
    if body["document_id"] is not None:
        given = [{"code": f"answer-{letter.body}", "document_id": body["document_id"]}]
        if not documents.untaken(work, given):
            raise refuse("document_unknown", "document_id")
        documents.take(work, case.id, given)
    note = body["note"]
    work.write(_ANSWER, expect=1, letter_id=letter.id, seen=letter.version, answered_on=body["answered_on"],
               actor=work.actor.id, reference=body["reference"], document=body["document_id"], at=work.now,
               note=work.privacy.seal(note, field=NOTE) if note else None)  # fmt: skip
    opening.tell(work, letter.id, letter.version + 1, case.id, letter.body, ANSWERED, letter.sent_on,
                 body["answered_on"], letter.number)  # fmt: skip
    work.audit("letter.answered", letter.number)
    moved = tasks.act(work, body["act"])
    return {**moved, "letter": {**_shown(case.definition, letter), "status": ANSWERED,
                                "answered_on": body["answered_on"].isoformat()}}  # fmt: skip


def _of_task(work: UnitOfWork, task_id: UUID) -> tuple[Any, Any, Any]:
    case, row = tasks.held(work, task_id)
    letter = work.first(_OF_TASK, request_id=case.id, state=row.task_state, branch=row.task_branch)
    if letter is None:
        raise refuse("letter_unknown", "task_id")
    return case, row, letter


def _dated(work: UnitOfWork, day: date, after: date, field: str) -> None:
    if not after <= day <= cairo_date(work.now):
        raise Refusal([Fault("letter_date_unsound", field, {"after": after.isoformat()})])


def _template(definition: Definition, body: str) -> str | None:
    bodies = definition.body.get("external_bodies") or ()
    return next((one.get("letter") for one in bodies if one["code"] == body), None)


def _drawn(work: UnitOfWork, row: Any, number: str) -> tuple[bytes, str]:
    definition = guide.definition(work, row.service_code, row.service_version)
    known = organisation.known(work, row.organisation_stamp)
    day = cairo_date(row.created_at)
    body, unit = definition.body_name(row.body) or {"ar": row.body, "en": row.body}, known.unit_name(row.unit, day)
    held = known.unit_ever(row.unit)
    governorate = places.governorates()[held.governorate if held else work.settings.node].name
    facts = {
        language: {
            "number": number, "body": body[language], "service": definition.name[language], "unit": unit[language],
            "applicant": work.privacy.open(row.name, field=licences.NAME), "governorate": governorate[language],
            "issued_on": arabic.long_date(day, language), "tracking_number": row.tracking_number,
        }
        for language in paper.LANGUAGES
    }  # fmt: skip
    answers = {name: value for name, value in row.answers.items() if name not in definition.personal_fields}
    said = paper.blocks(definition, _template(definition, row.body), answers, facts)
    key_id, key = licences.signing_key(work.settings)
    qr = licence_rule.sign(
        licence_rule.Licence(number, body["ar"], definition.name["ar"], unit["ar"], day, None, key_id), key
    )
    shown = {
        "link": licences.verify_link(work, number, qr),
        "serial": number, "holder": body["ar"], "service_name": definition.name, "unit_name": unit,
        "governorate_name": governorate, "issued_on": day.isoformat(), "valid_from": day.isoformat(),
        "valid_until": None, "fields": [], "qr": qr, "key_id": key_id, "edition": 1,
        "blocks": said or paper.filled([_STANDARD], facts),
    }  # fmt: skip
    content, media_type = offload(document.render, shown, _OUTPUT)
    if content.startswith(b"%PDF-"):
        content = offload(signing.sign, content, signing.signer_of(work.settings), number)
    return content, media_type


def _shown(definition: Definition, letter: Any) -> dict[str, Any]:
    return {
        "letter_id": str(letter.id),
        "number": letter.number,
        "status": letter.status,
        "body": letter.body,
        "body_name": definition.body_name(letter.body),
        "created_at": letter.created_at.isoformat(),
        "sent_on": letter.sent_on.isoformat() if letter.sent_on else None,
        "answered_on": letter.answered_on.isoformat() if letter.answered_on else None,
    }
