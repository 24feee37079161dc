"""Answers that agencies give to letters through the platform, at the centre or at this node.

An answer reaches its letter by itself: it is recorded with its date, opinion and note, and whoever holds the task
reads it there and decides what follows, because an opinion is the agency's and the decision is not. Late, for a letter
that was answered before, or for one whose request was taken back or went on without it, it is kept and laid before a
person of the unit; one about a letter that nobody knows lies before every unit. Who finds the letter that it belongs to
attaches it there. The same answer twice is one.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text

from chassis import boxes
from chassis.database import Statement
from chassis.uow import UnitOfWork
from contracts.events import Event
from contracts.requests_letter_answers import ASIDE, RECORDED, SEEN
from rules.calendar import cairo_date
from rules.refusal import refuse
from services.requests import letters, opening
from services.requests import tables_outputs as tables
from services.requests.opening import ANSWERED

NOTE, REMARK = "requests.letter_answer.note", "requests.letter_answer.remark"
UNREADABLE = "note_unreadable"

_KNOWN = Statement(text("SELECT 1 FROM letter_answer WHERE id = :wanted"))
_LETTER = Statement(text(f"""
    SELECT letter.*, request.outcome, {letters.WAITED_FOR} AS waited_for
      FROM letter JOIN request ON request.id = letter.request_id WHERE letter.number = :number"""))  # noqa: S608
_KEEP = Statement.insert(tables.letter_answer, "id", "number", "letter_id", "request_id", "unit", "body", "agency",
                         "agency_name", "opinion", "answered_on", "reference", "note", "box", "given_at", "arrived_at",
                         "state", "why")  # fmt: skip
_RECORD = Statement(text("""
    UPDATE letter SET version = version + 1, status = 'answered', sent_on = coalesce(sent_on, :answered_on),
           sent_how = coalesce(sent_how, 'portal'), answered_on = :answered_on, answered_by = :agency,
           answer_reference = :reference, answer_note = :note, answer_opinion = :opinion,
           answer_agency = CAST(:agency_name AS jsonb), recorded_at = :at
     WHERE id = :letter_id AND version = :seen"""))
_COLUMNS = """a.id, a.number, a.body, a.agency, a.agency_name, a.opinion, a.answered_on, a.reference, a.note, a.box,
    a.given_at, a.arrived_at, a.state, a.why, a.unit, a.settled_at, a.settled_by, request.tracking_number,
    (SELECT letter.number FROM letter WHERE letter.id = a.letter_id) AS letter_number"""
_LISTED = Statement(text(f"""
    SELECT {_COLUMNS} FROM letter_answer AS a LEFT JOIN request ON request.id = a.request_id
     WHERE a.state = :state AND (CAST(:unit AS text) IS NULL OR a.unit IS NULL OR a.unit = :unit)
       AND (CAST(:before AS uuid) IS NULL OR a.id < :before)
     ORDER BY a.id DESC LIMIT :size"""), fresh=True)  # noqa: S608
_ONE = Statement(text(f"""
    SELECT {_COLUMNS} FROM letter_answer AS a LEFT JOIN request ON request.id = a.request_id
     WHERE a.id = :wanted"""))  # noqa: S608
_ATTACH = Statement(text("""
    UPDATE letter_answer SET state = 'recorded', letter_id = :letter_id, request_id = :request_id, unit = :unit,
           note = :note, box = :box, settled_at = :at, settled_by = :actor, remark = :remark
     WHERE id = :wanted AND state = 'aside'"""))
CANDIDATES = 20
_CANDIDATES = Statement(text(f"""
    SELECT letter.number, letter.sent_on, request.tracking_number FROM letter
      JOIN request ON request.id = letter.request_id
     WHERE letter.body = :body AND letter.status <> 'answered' AND letter.number IS NOT NULL
       AND (CAST(:unit AS text) IS NULL OR letter.unit = :unit) AND {letters.WAITED_FOR}
     ORDER BY letter.id DESC LIMIT {CANDIDATES}"""), fresh=True)  # noqa: S608
_SETTLE = Statement(text("""
    UPDATE letter_answer SET state = 'seen', settled_at = :at, settled_by = :actor, remark = :remark
     WHERE id = :wanted AND state = 'aside'"""))


def take(work: UnitOfWork, event: Event) -> None:
    """Keep an answer, and record it on its letter where that still waits for one."""
    data, answer_id = event.data, UUID(str(event.data["answer_id"]))
    if work.first(_KNOWN, wanted=answer_id) is not None:
        return
    letter = work.first(_LETTER, number=data["number"])
    note, unread = _note(work, data["note"])
    why = _why_aside(letter, data)
    if why is None:
        _record(work, letter, data, note)
    work.write(
        _KEEP, id=answer_id, number=data["number"], letter_id=letter.id if letter else None,
        request_id=letter.request_id if letter else None, unit=letter.unit if letter else None, body=data["body"],
        agency=data["agency"], agency_name=data["agency_name"], opinion=data["opinion"],
        answered_on=date.fromisoformat(data["answered_on"]), reference=data["reference"],
        note=work.privacy.seal(note, field=NOTE) if note else None, box=data["note"] if unread else None,
        given_at=datetime.fromisoformat(data["given_at"]), arrived_at=work.now,
        state=RECORDED if why is None and not unread else ASIDE, why=why or (UNREADABLE if unread else None))
    work.audit("letter.answer_arrived", data["number"], agency=data["agency"], opinion=data["opinion"], why=why)


def _note(work: UnitOfWork, box: str | None) -> tuple[str | None, bool]:
    """The agency's own words; and whether there are some that no key of this node opens (it is then kept shut)."""
    if box is None:
        return None, False
    try:
        return boxes.open_box(box, boxes.private_keys(work.settings)).decode(), False
    except (boxes.Sealed, UnicodeDecodeError):
        return None, True


def _why_aside(letter: Any, data: Mapping[str, Any]) -> str | None:
    if letter is None:
        return "letter_unknown"
    if letter.body != data["body"]:
        return "body_differs"
    if letter.status == ANSWERED:
        return "answered_before"
    if letter.outcome == "withdrawn":
        return "withdrawn"
    return None if letter.waited_for else "closed"


def _record(work: UnitOfWork, letter: Any, data: Mapping[str, Any], note: str | None) -> None:
    day = date.fromisoformat(data["answered_on"])
    work.write(_RECORD, expect=1, letter_id=letter.id, seen=letter.version, answered_on=day,
               agency=f"agency:{data['agency']}", reference=data["reference"], opinion=data["opinion"],
               agency_name=_json(data["agency_name"]), at=work.now,
               note=work.privacy.seal(note, field=letters.NOTE) if note else None)
    opening.tell(work, letter.id, letter.version + 1, letter.request_id, letter.body, ANSWERED, letter.sent_on or day,
                 day, letter.number)
    work.audit("letter.answered", letter.number, agency=data["agency"], opinion=data["opinion"])


def listed(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """A page of answers, newest first; without the agencies' words."""
    size = body["limit"]
    rows = work.all(_LISTED, state=body["state"], unit=work.actor.unit, before=body["before"], size=size + 1)
    return {"answers": [_shown(row) for row in rows[:size]],
            "next": str(rows[size - 1].id) if len(rows) > size else None}


def read(work: UnitOfWork, answer_id: UUID) -> dict[str, Any]:
    """One answer with the agency's words, None where this node's key does not open them. The reading is recorded.
    Refuses letter_answer_unknown."""
    row = _reached(work, answer_id)
    work.audit_read("letter.answer_read", row.number, answer=str(answer_id))
    waiting = work.all(_CANDIDATES, body=row.body, unit=work.actor.unit) if row.state == ASIDE else []
    return {**_shown(row), "note": work.privacy.open(row.note, field=NOTE) if row.note else None,
            "candidates": [{"number": one.number, "tracking_number": one.tracking_number,
                            "sent_on": one.sent_on.isoformat() if one.sent_on else None} for one in waiting]}


def settle(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """A person has dealt with an answer that fitted no letter. Refuses letter_answer_unknown, letter_answer_settled."""
    row = _reached(work, body["answer_id"])
    if row.state != ASIDE:
        raise refuse("letter_answer_settled")
    work.write(_SETTLE, expect=1, wanted=row.id, at=work.now, actor=work.actor.id,
               remark=work.privacy.seal(body["remark"], field=REMARK))
    work.audit("letter.answer_settled", row.number, answer=str(row.id), why=row.why)
    return {"answer_id": str(row.id), "state": SEEN}


def attach(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """Record an answer on the letter that a person found for it. Words that no key opened are tried again. Refuses
    letter_answer_unknown, letter_answer_settled, letter_to_attach_unknown, letter_to_attach_differs,
    letter_to_attach_waits_not, letter_date_unsound (an answer from before the letter)."""
    row, number = _reached(work, body["answer_id"]), body["number"].strip().upper()
    if row.state != ASIDE:
        raise refuse("letter_answer_settled")
    letter = work.first(_LETTER, number=number)
    if letter is None or not work.actor.reaches(letter.unit):
        raise refuse("letter_to_attach_unknown", "number")
    if letter.body != row.body:
        raise refuse("letter_to_attach_differs", "number")
    if letter.status == ANSWERED or not letter.waited_for:
        raise refuse("letter_to_attach_waits_not", "number")
    if row.answered_on < (begun := cairo_date(letter.created_at)):
        raise refuse("letter_date_unsound", "number", after=begun.isoformat())
    note, unread = _note(work, row.box) if row.box else (work.privacy.open(row.note, field=NOTE) if row.note else None,
                                                         False)  # fmt: skip
    _record(work, letter, {"agency": row.agency, "agency_name": row.agency_name, "opinion": row.opinion,
                           "answered_on": row.answered_on.isoformat(), "reference": row.reference}, note)
    work.write(_ATTACH, expect=1, wanted=row.id, letter_id=letter.id, request_id=letter.request_id, unit=letter.unit,
               note=work.privacy.seal(note, field=NOTE) if note else None, box=row.box if unread else None, at=work.now,
               actor=work.actor.id, remark=work.privacy.seal(body["remark"], field=REMARK))
    work.audit("letter.answer_attached", letter.number, answer=str(row.id), quoted=row.number, why=row.why)
    return {"answer_id": str(row.id), "state": RECORDED, "number": letter.number}


def _reached(work: UnitOfWork, answer_id: UUID) -> Any:
    row = work.first(_ONE, wanted=answer_id)
    if row is None or not (row.unit is None or work.actor.reaches(row.unit)):
        raise refuse("letter_answer_unknown", "answer_id")
    return row


def _shown(row: Any) -> dict[str, Any]:
    return {
        "answer_id": str(row.id), "number": row.number, "body": row.body, "agency": row.agency,
        "agency_name": row.agency_name, "opinion": row.opinion, "answered_on": row.answered_on.isoformat(),
        "reference": row.reference, "has_note": row.note is not None or row.box is not None,
        "given_at": row.given_at.isoformat(), "arrived_at": row.arrived_at.isoformat(),
        "state": row.state, "why": row.why, "unit": row.unit,
        "tracking_number": row.tracking_number, "letter_number": row.letter_number, "settled_by": row.settled_by,
        "settled_at": row.settled_at.isoformat() if row.settled_at else None}


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()
