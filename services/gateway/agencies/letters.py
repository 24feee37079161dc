"""Letters to outside bodies, as an agency sees and answers them; and the register of licences, as it asks it.

What is known here is what the feed told: `follow` keeps it, in the order of each letter's and licence's own versions.
An answer is a fact of this place: at the centre `gateway.answer.given.v1`, which travels down to the letter's
governorate; at a node at once what arrives there from the centre otherwise, `gateway.letter.answered.v1`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import ARRAY, Text, bindparam, text

from chassis import boxes
from chassis.config import Role
from chassis.database import Statement
from contracts.agencies import ANSWER_GIVEN
from contracts.received import LETTER_ANSWERED
from contracts.requests import LICENCE_ISSUED
from contracts.requests_outputs import LETTER_CHANGED, LICENCE_CHANGED
from rules import numbering, register
from rules.calendar import cairo_date
from rules.refusal import Fault, Refusal, refuse
from services.gateway.agencies import feed, registry
from services.gateway.tables_agencies import agency_answer

REPLY = "letter.reply"
PAGE = 500
_READER = "letters"
_LICENCES = (LICENCE_ISSUED.name, LICENCE_CHANGED.name)
_MOST = 200

_AT = Statement(text("SELECT position FROM agency_reader WHERE name = :name"))
_MOVE = Statement(text(
    "INSERT INTO agency_reader (name, position) VALUES (:name, :position) "
    "ON CONFLICT (name) DO UPDATE SET position = excluded.position"
))  # fmt: skip
_LETTER = Statement(text(
    "INSERT INTO agency_letter (number, letter_id, node, body, status, sent_on, answered_on, sequence, as_of) VALUES "
    "(:number, :letter_id, :node, :body, :status, :sent_on, :answered_on, :sequence, :as_of) ON CONFLICT (number) "
    "DO UPDATE SET status = excluded.status, sent_on = excluded.sent_on, answered_on = excluded.answered_on, "
    "sequence = excluded.sequence, as_of = excluded.as_of WHERE agency_letter.sequence < excluded.sequence"
))  # fmt: skip
_LICENCE = Statement(text(
    "INSERT INTO agency_licence (serial, node, service_code, unit, state, valid_from, valid_until, successor, "
    "sequence, as_of) VALUES (:serial, :node, :service_code, :unit, :state, :valid_from, :valid_until, :successor, "
    ":sequence, :as_of) ON CONFLICT (serial) DO UPDATE SET state = excluded.state, valid_from = excluded.valid_from, "
    "valid_until = excluded.valid_until, successor = excluded.successor, sequence = excluded.sequence, "
    "as_of = excluded.as_of WHERE agency_licence.sequence < excluded.sequence"
))  # fmt: skip
_ONE = Statement(text("SELECT * FROM agency_letter WHERE number = :number"))
_MINE = Statement(text(
    "SELECT l.*, a.given_at, a.opinion FROM agency_letter AS l LEFT JOIN agency_answer AS a ON a.number = l.number "
    "WHERE l.body = ANY(:bodies) AND l.number > :after AND (NOT CAST(:open AS boolean) "
    "OR (l.status <> 'answered' AND a.id IS NULL)) ORDER BY l.number LIMIT :size"
).bindparams(bindparam("bodies", type_=ARRAY(Text))))  # fmt: skip
_ANSWERED = Statement(text("SELECT id FROM agency_answer WHERE number = :number"))
_GIVE = Statement.insert(agency_answer, "id", "agency_id", "number", "node", "given_at", "given_by", "opinion")
_OF_SERIAL = Statement(text("SELECT * FROM agency_licence WHERE serial = :serial"))


def follow(work: Any) -> bool:
    """Read the feed on, and keep what it says of letters and licences. True when there is more."""
    entries = feed.read(work, int(work.scalar(_AT, name=_READER) or 0), PAGE)
    if not entries:
        return False
    for entry in entries:
        if entry.type == LETTER_CHANGED.name or entry.type in _LICENCES:
            envelope = orjson.loads(entry.body)
            keep = _keep_letter if entry.type == LETTER_CHANGED.name else _keep_licence
            keep(work, entry, envelope["data"], int(envelope["sequence"]))
    work.write(_MOVE, name=_READER, position=entries[-1].position)
    return len(entries) == PAGE


def mine(work: Any, *, only_open: bool = True, after: str = "", limit: int = 50) -> dict[str, Any]:
    """Letters to the bodies for which the agency of the key that asks answers: {letters: [as `_shown`], next}."""
    agency = registry.own(work)
    size = max(1, min(limit, _MOST))
    rows = work.all(_MINE, bodies=list(agency.bodies), open=only_open, after=after, size=size + 1)
    return {"letters": [_shown(row, row.given_at, row.opinion) for row in rows[:size]],
            "next": rows[size - 1].number if len(rows) > size else None}  # fmt: skip


def answer(work: Any, number: str, body: Mapping[str, Any], answer_id: UUID) -> dict[str, Any]:
    """Answer a letter with {opinion, answered_on, reference, note}: {answer_id, number, node, opinion, given_at}. The
    governorate's own people decide what follows from it. Refuses agency_key_missing, letter_number_malformed,
    letter_not_yours, letter_answered_before, letter_date_invalid, letter_note_closed."""
    agency = registry.own(work)
    letter = work.first(_ONE, number=numbering.parse_letter_number(number).text)
    if letter is None or letter.body not in agency.bodies:
        raise refuse("letter_not_yours", "number")
    if letter.status == "answered" or work.first(_ANSWERED, number=letter.number) is not None:
        raise refuse("letter_answered_before", "number")
    faults = []
    on: date = body["answered_on"]
    if not (letter.sent_on or on) <= on <= cairo_date(work.now):
        faults.append(Fault("letter_date_invalid", "answered_on"))
    note = (body.get("note") or "").strip() or None
    box = _box_of(work, letter.node)
    if note is not None and box is None:
        faults.append(Fault("letter_note_closed", "note"))
    if faults:
        raise Refusal(faults)
    told = {"answer_id": str(answer_id), "node": letter.node, "number": letter.number, "body": letter.body,
            "agency": agency.code, "agency_name": {"ar": agency.name_ar, "en": agency.name_en},
            "opinion": body["opinion"], "answered_on": on.isoformat(), "reference": body.get("reference") or None,
            "note": boxes.seal(note.encode(), box) if note is not None and box is not None else None,
            "given_at": work.now.isoformat()}  # fmt: skip
    work.write(_GIVE, id=answer_id, agency_id=agency.id, number=letter.number, node=letter.node, given_at=work.now,
               given_by=work.actor.id, opinion=body["opinion"])  # fmt: skip
    if work.settings.role is Role.CENTRE:
        work.append(ANSWER_GIVEN, answer_id, 1, told)
    else:
        here = {"peer": work.settings.node, "epoch": work.settings.epoch, "sequence": 0}
        work.append(LETTER_ANSWERED, answer_id, 1, {**told, "line": here})
    work.audit("letter.replied", letter.number, agency=agency.code, opinion=body["opinion"])
    return {"answer_id": str(answer_id), "number": letter.number, "node": letter.node, "opinion": body["opinion"],
            "given_at": work.now.isoformat()}  # fmt: skip


def licence(work: Any, serial: str) -> dict[str, Any]:
    """Whether a licence of any governorate is in force, as the feed told: {serial, status, service_code, unit,
    governorate, valid_from, valid_until, successor, as_of}; no holder is named. `as_of` is the newest fact of its
    register that had arrived. Refuses serial_malformed, licence_not_heard_of."""
    number = numbering.parse_licence_serial(serial)
    row = work.first(_OF_SERIAL, serial=number.text)
    if row is None:
        raise refuse("licence_not_heard_of", "serial", as_of=work.now.isoformat(timespec="minutes"))
    return {"serial": row.serial, "status": register.status(row.state, row.valid_from, row.valid_until,
                                                            cairo_date(work.now)),
            "service_code": row.service_code, "unit": row.unit, "governorate": row.node,
            "valid_from": row.valid_from.isoformat(),
            "valid_until": row.valid_until.isoformat() if row.valid_until else None, "successor": row.successor,
            "as_of": row.as_of.isoformat()}  # fmt: skip


def _keep_letter(work: Any, entry: feed.Entry, data: Mapping[str, Any], sequence: int) -> None:
    if data.get("number"):  # one that has not been drawn yet has none
        work.write(_LETTER, number=data["number"], letter_id=data["letter_id"], node=entry.node, body=data["body"],
                   status=data["status"], sent_on=data.get("sent_on"), answered_on=data.get("answered_on"),
                   sequence=sequence, as_of=entry.time)  # fmt: skip


def _keep_licence(work: Any, entry: feed.Entry, data: Mapping[str, Any], sequence: int) -> None:
    work.write(_LICENCE, serial=data["serial"], node=entry.node, service_code=data["service_code"], unit=data["unit"],
               state=data["state"], valid_from=data["valid_from"], valid_until=data.get("valid_until"),
               successor=data.get("successor"), sequence=sequence, as_of=entry.time)  # fmt: skip


def _box_of(work: Any, node: str) -> Any:
    """For whom a note is sealed; None where its node opens none."""
    if work.settings.role is Role.CENTRE:
        return boxes.public_keys(work.settings).get(node)
    own = boxes.private_keys(work.settings)
    return own[0].public_key if own else None


def _shown(row: Any, given_at: Any, opinion: str | None) -> dict[str, Any]:
    return {"number": row.number, "governorate": row.node, "body": row.body,
            "status": "answered" if given_at is not None else row.status,
            "sent_on": row.sent_on.isoformat() if row.sent_on else None,
            "answered_on": row.answered_on.isoformat() if row.answered_on else None,
            "given_at": given_at.isoformat() if given_at else None, "opinion": opinion,
            "as_of": row.as_of.isoformat()}  # fmt: skip
