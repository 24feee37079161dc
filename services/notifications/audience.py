"""Whom a campaign is for: applicants of requests, or a list that somebody uploads in pieces. What it takes to read it
happens in audience_reading.py, in the background; here is what people do."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import text

from chassis.database import Statement
from chassis.ids import uuid7
from chassis.uow import UnitOfWork
from contracts.notifications_campaigns import LIST_BYTES, LIST_PIECE_BYTES
from contracts.problems import told
from rules.refusal import Fault, refuse
from services.notifications import campaign_records as records
from services.notifications.tables_campaigns import audience, audience_piece

CONTENT, FILE_NAME = "notifications.audience", "notifications.audience.file_name"
PAGE = 200

_ADD = Statement.insert(audience, "id", "campaign_id", "kind", "state", "chosen", "file_name", "format", "size",
                        "made_by", "made_at")
_PIECE = Statement.insert(audience_piece)
_THERE = Statement(text(
    "SELECT a.*, (SELECT coalesce(array_agg(number ORDER BY number), '{}') FROM audience_piece "
    "WHERE audience_id = a.id) AS numbers FROM audience AS a WHERE id = :audience_id AND state = 'receiving'"))
_ONE_PIECE = Statement(text(
    "SELECT content FROM audience_piece WHERE audience_id = :audience_id AND number = :number"))
_RECEIVED = Statement(text(
    "UPDATE audience SET state = 'reading', sha256 = :sha256 WHERE id = :audience_id AND state = 'receiving'"))
_DROP = Statement(text("DELETE FROM audience WHERE id = :audience_id"))
_DROP_OTHERS = Statement(text(
    "DELETE FROM audience WHERE campaign_id = :campaign_id AND id <> :audience_id AND state <> 'receiving'"))
_ACCEPT = Statement(text(
    "UPDATE audience SET state = 'ready', accepted_by = :by WHERE id = :audience_id AND state = 'faulty' "
    "AND broken = :broken"))
_FAULTS = Statement(text(
    "SELECT line, field, code, params FROM audience_fault WHERE audience_id = :audience_id AND line IN ("
    "SELECT DISTINCT line FROM audience_fault WHERE audience_id = :audience_id AND line > :after ORDER BY line "
    "LIMIT :most) ORDER BY line, number"))


def choose_applicants(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """Everybody who lodged requests like these; of a unit's campaign, with that unit. Refuses campaign_unknown,
    campaign_state, campaign_period_reversed, forbidden."""
    row = records.find(work, body["campaign_id"], records.WRITE)
    records.demand(row, "choose_audience")
    if body["since"] and body["until"] and body["until"] < body["since"]:
        raise refuse("campaign_period_reversed", "until")
    units = list(body["units"])
    if row.unit is not None:
        if set(units) - {row.unit}:
            raise refuse("forbidden", "units")
        units = [row.unit]
    chosen = {"units": units, "services": list(body["services"]), "outcomes": list(body["outcomes"]),
              "language": body["language"], "since": body["since"] and body["since"].isoformat(),
              "until": body["until"] and body["until"].isoformat()}  # fmt: skip
    audience_id = uuid7()
    _add(work, row, audience_id, kind="applicants", state="reading", chosen=chosen)
    _take(work, row, audience_id)
    return {"audience_id": str(audience_id), "state": "reading", "chosen": chosen}


def begin_list(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """Make room for a list. Refuses campaign_unknown, campaign_state, list_too_large, forbidden."""
    row = records.find(work, body["campaign_id"], records.WRITE)
    records.demand(row, "choose_audience")
    if body["size"] > LIST_BYTES:
        raise refuse("list_too_large", "file", megabytes=LIST_BYTES // 1024 // 1024)
    audience_id = uuid7()
    _add(work, row, audience_id, kind="list", state="receiving", format=body["format"], size=body["size"],
         file_name=work.privacy.seal(body["file_name"], field=FILE_NAME))
    return {"audience_id": str(audience_id), "piece_bytes": LIST_PIECE_BYTES, "pieces": count_pieces(body["size"])}


def add_piece(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """Keep one piece, sealed. The same piece again changes nothing. Refuses audience_unknown, list_piece_wrong,
    list_piece_differs, forbidden."""
    there = _there(work, body["audience_id"])
    number, content = body["number"], _decoded(body["content"])
    wanted = min(LIST_PIECE_BYTES, there.size - number * LIST_PIECE_BYTES)
    if number >= count_pieces(there.size) or len(content) != wanted:
        raise refuse("list_piece_wrong", "content", number=number, wanted=max(wanted, 0), came=len(content))
    numbers = set(there.numbers)
    if number in numbers:
        if piece(work, there.id, number) != content:
            raise refuse("list_piece_differs", "number", number=number)
    else:
        work.write(_PIECE, audience_id=there.id, number=number,
                   content=work.privacy.seal_bytes(content, field=CONTENT))
    return {"audience_id": str(there.id), "missing": _missing(there.size, numbers | {number})}


def end_list(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """The list is whole, and is read from now on; it takes the place of any audience before it. The same bytes as the
    campaign's present list stay that list. Refuses audience_unknown, list_incomplete, list_checksum_differs,
    campaign_state, forbidden."""
    there = _there(work, body["audience_id"])
    row = records.find(work, there.campaign_id, records.WRITE)
    records.demand(row, "choose_audience")
    missing = _missing(there.size, set(there.numbers))
    if missing:
        raise refuse("list_incomplete", "audience_id", missing=len(missing))
    digest = hashlib.sha256()
    for number in there.numbers:
        digest.update(piece(work, there.id, number))
    if digest.hexdigest() != body["sha256"]:
        raise refuse("list_checksum_differs", "sha256")
    present = records.audience_of(work, row)
    if present is not None and present.sha256 == body["sha256"]:
        work.write(_DROP, audience_id=there.id)
        return {"audience_id": str(present.id), "state": present.state, "sha256": present.sha256}
    work.write(_RECEIVED, expect=1, audience_id=there.id, sha256=body["sha256"])
    _take(work, row, there.id)
    return {"audience_id": str(there.id), "state": "reading", "sha256": body["sha256"]}


def accept(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """Go on without the broken lines. `broken` is how many the person saw: refuses audience_changed for another number;
    campaign_unknown, campaign_state, campaign_audience_missing, campaign_audience_not_ready, forbidden."""
    row = records.find(work, body["campaign_id"], records.WRITE)
    records.demand(row, "choose_audience")
    present = records.audience_of(work, row)
    if present is None:
        raise refuse("campaign_audience_missing", "campaign_id")
    if present.state != "faulty":
        raise refuse("campaign_audience_not_ready", "campaign_id", state=present.state)
    if present.broken != body["broken"]:
        raise refuse("audience_changed", "broken", broken=present.broken)
    work.write(_ACCEPT, expect=1, audience_id=present.id, by=work.actor.id, broken=body["broken"])
    work.audit("campaign.audience_accepted", str(row.id), broken=present.broken, members=present.members)
    return {**(records.audience_shown(present) or {}), "state": "ready", "accepted_by": work.actor.id}


def faults(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """The broken lines, a page at a time: numbers and faults in words, no value of a line."""
    row = records.find(work, body["campaign_id"], records.RUN)
    if row.audience_id is None:
        return {"faults": [], "next": None}
    found = work.all(_FAULTS, audience_id=row.audience_id, after=body["after"], most=PAGE)
    lines = {one.line for one in found}
    return {"faults": [{"line": one.line, **told(Fault(one.code, one.field, one.params))} for one in found],
            "next": max(lines) if len(lines) == PAGE else None}


def piece(work: UnitOfWork, audience_id: UUID, number: int) -> bytes:
    """One piece of a list as it came."""
    return work.privacy.open_bytes(work.scalar(_ONE_PIECE, audience_id=audience_id, number=number), field=CONTENT)




def _add(work: UnitOfWork, row: Any, audience_id: UUID, **given: Any) -> None:
    values = {"chosen": None, "file_name": None, "format": None, "size": None, **given}
    work.write(_ADD, id=audience_id, campaign_id=row.id, made_by=work.actor.id, made_at=work.now, **values)


def _take(work: UnitOfWork, row: Any, audience_id: UUID) -> None:
    """From now on it is the campaign's audience; the one before is forgotten at once."""
    work.write(_DROP_OTHERS, campaign_id=row.id, audience_id=audience_id)
    records.act(work, row, "choose_audience", audience_id=audience_id, estimate=None,
                authors=records.authors(work, row))


def _there(work: UnitOfWork, audience_id: UUID) -> Any:
    there = work.first(_THERE, audience_id=audience_id)
    if there is None:
        raise refuse("audience_unknown", "audience_id")
    records.find(work, there.campaign_id, records.WRITE)
    return there


def count_pieces(size: int) -> int:
    """How many pieces a list of so many bytes comes in."""
    return -(-size // LIST_PIECE_BYTES)


def _missing(size: int, numbers: set[int]) -> list[int]:
    return [number for number in range(count_pieces(size)) if number not in numbers]


def _decoded(content: str) -> bytes:
    try:
        return base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError):
        raise refuse("field_invalid", "content", reason="base64") from None
