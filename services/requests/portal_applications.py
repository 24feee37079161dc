"""Applications that were taken at the national portal and come down the line.

Each comes as one event and one more for each piece of its documents, in any order, any of them twice. When all are
there it is lodged exactly once, under the number that the applicant was given, by the definition of the day on which it
was taken; the period counts from then. What can no longer be lodged as it is (the service was retired, the unit is
closed, a document is not what was sent) is never lost: it waits whole for a person (portal_review.py), and the centre
is told.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from prometheus_client import Gauge
from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import insert

from chassis import boxes
from chassis.actors import PUBLIC
from chassis.answers import load
from chassis.database import Statement
from chassis.metrics import REGISTRY
from chassis.uow import UnitOfWork
from contracts.events import Event
from contracts.requests import Submit
from contracts.requests_portal import LODGED, PORTAL_APPLICATION_CHANGED, READY, REVIEW, WAITING
from rules.refusal import Fault, Refusal
from services.requests import documents, intake, numbers, tables
from services.requests.portal_numbers import NEVER, PORTAL

FAULTS = "requests.portal_application.faults"
UNREADABLE = "portal_application_sealed"
OFTEN = 3  # conflicts with others at the same moment, before a person is asked
_KEPT = NEVER  # its documents wait as long as it does

_STATES_GAUGE = Gauge("shubbak_portal_applications", "Applications of the national portal that are not lodged yet",
                      ("state",), registry=REGISTRY)  # fmt: skip
_COUNTS = Statement(
    text("SELECT count(*) FILTER (WHERE state IN ('waiting', 'ready')) AS waiting, "
         "count(*) FILTER (WHERE state = 'review') AS review FROM portal_application "
         "WHERE state IN ('waiting', 'ready', 'review')")
)
_KEEP = Statement(
    text(
        "INSERT INTO portal_application (id, version, tracking_number, unit, service_code, state, sealed, parts, "
        "lodged_at, arrived_at, codes) VALUES (:id, 1, :tracking_number, :unit, :service_code, 'waiting', :sealed, "
        ":parts, :lodged_at, :arrived_at, '{}') ON CONFLICT (id) DO NOTHING"
    )
)
_piece = tables.document_piece
_PIECE = Statement(
    insert(_piece).values({c.name: bindparam(c.name, type_=c.type) for c in _piece.columns})
    .on_conflict_do_nothing()
)
_CAME = Statement(
    text("INSERT INTO portal_part (document_id, number, application_id) "
         "VALUES (:document_id, :number, :application_id) ON CONFLICT DO NOTHING")
)
_OVER = Statement(text("SELECT 1 FROM portal_application WHERE id = :id AND state IN ('lodged', 'closed')"))
_NEXT = Statement(
    text(
        "SELECT * FROM portal_application AS a WHERE state = 'ready' OR (state = 'waiting' AND parts <= "
        "(SELECT count(*) FROM portal_part AS p WHERE p.application_id = a.id)) ORDER BY id LIMIT 1"
    )
)
_PIECES = Statement(text("SELECT content FROM document_piece WHERE document_id = :document_id ORDER BY number"))
_ADD = Statement.insert(
    tables.document, "id", "file_name", "media_type", "size", "sha256", "added_at", "status", "kept_until"
)
_STAND = Statement(
    text(
        "UPDATE portal_application SET version = version + 1, tries = tries + 1, state = :state, codes = :codes, "
        "faults = :faults, unit = :unit, told = :told WHERE id = :id AND version = :seen"
    )
)
_LODGED = Statement(
    text(
        "UPDATE portal_application SET version = version + 1, tries = tries + 1, state = 'lodged', codes = '{}', "
        "faults = NULL, sealed = NULL, unit = :unit, request_id = :request_id, settled_at = :at, settled_by = :actor, "
        "told = told + 1 "
        "WHERE id = :id AND version = :seen"
    )
)
_FORGET_PARTS = Statement(text("DELETE FROM portal_part WHERE application_id = :id"))


@dataclass(frozen=True)
class Opened:
    """What was in an application's box: what is to be lodged, and its documents as they were taken."""

    submission: dict[str, Any]
    documents: Sequence[Mapping[str, Any]]


def take(work: UnitOfWork, event: Event) -> None:
    """Keep an application as it came. The same again changes nothing. That the centre gave a number of this node's own
    proves that it was reserved here: one that a restored node does not know is reserved again from now on."""
    data = event.data
    work.write(
        _KEEP,
        id=UUID(data["application_id"]),
        tracking_number=data["tracking_number"],
        unit=data["unit"],
        service_code=data["service_code"],
        sealed=data["sealed"],
        parts=data["parts"],
        lodged_at=datetime.fromisoformat(data["lodged_at"]),
        arrived_at=work.now,
    )
    numbers.take_in(work, PORTAL, data["tracking_number"], NEVER)


def take_part(work: UnitOfWork, event: Event) -> None:
    """Keep one piece of a document, sealed anew under this service's own key. The same again changes nothing; so does
    one of an application that is lodged. Raises Sealed where this node's key does not open it: an operator looks."""
    data = event.data
    application_id, document_id = UUID(data["application_id"]), UUID(data["document_id"])
    if work.first(_OVER, id=application_id) is not None:
        return
    content = boxes.open_box(data["sealed"], boxes.private_keys(work.settings))
    work.write(_PIECE, document_id=document_id, number=data["number"], size=len(content),
               content=work.privacy.seal_bytes(content, field=documents.CONTENT))  # fmt: skip
    work.write(_CAME, document_id=document_id, number=data["number"], application_id=application_id)


def count(work: UnitOfWork) -> None:
    """Tell the metrics how many applications wait for parts, and how many for a person."""
    found = work.one(_COUNTS)
    for state in (WAITING, REVIEW):
        _STATES_GAUGE.labels(state).set(getattr(found, state))


def go_on(work: UnitOfWork, conflicts: dict[UUID, int]) -> bool:
    """Bring the oldest application whose parts are all there one step further: its documents together, then lodged.
    Answers whether there was one. `conflicts` counts, over the tries of one sweep, how often each met another's
    work."""
    row = work.first(_NEXT)
    if row is None:
        return False
    conflicts[row.id] = conflicts.get(row.id, -1) + 1
    if conflicts[row.id] >= OFTEN:
        to_review(work, row, [Fault("conflict")])
    elif row.state == WAITING:
        gather(work, row)
    else:
        lodge(work, row)
    return True


def gather(work: UnitOfWork, row: Any) -> None:
    """Put the documents of an application together: from now on a request can take them."""
    try:
        opened = open_application(work, row)
        faults = [fault for one in opened.documents for fault in _document(work, one)]
    except Refusal as refusal:
        faults = refusal.faults
    if faults:
        to_review(work, row, faults)
        return
    work.write(_STAND, expect=1, id=row.id, seen=row.version, state=READY, codes=[], faults=None, unit=row.unit,
               told=row.told)  # fmt: skip


def lodge(work: UnitOfWork, row: Any, unit: str | None = None) -> list[Fault]:
    """Lodge an application under its number, in another unit where one is given; what stands against it is answered,
    and then it waits for a person."""
    mark, actor, where = work.mark(), work.actor, unit or row.unit
    work.actor = PUBLIC  # nobody of the staff took it in
    try:
        opened = open_application(work, row)
        body = load(Submit(), {**opened.submission, "unit": where, "channel": "portal"})
        serial = numbers.claim_given(work, PORTAL, row.tracking_number, NEVER)
        given = intake.Reserved(min(row.lodged_at, work.now), serial, row.tracking_number)
        lodged = intake.submit_reserved(work, body, given)
    except Refusal as refusal:
        work.back_to(mark)
        work.actor = actor
        to_review(work, row, refusal.faults)
        return refusal.faults
    work.actor = actor
    work.write(_LODGED, expect=1, id=row.id, seen=row.version, unit=where, request_id=UUID(lodged["request_id"]),
               at=work.now, actor=actor.id)  # fmt: skip
    work.write(_FORGET_PARTS, id=row.id)
    tell(work, row, LODGED, [])
    return []


def to_review(work: UnitOfWork, row: Any, faults: Sequence[Fault]) -> None:
    """Gather that an application waits for a person, with what stands against it; the centre is told."""
    codes = sorted({fault.code for fault in faults})
    told = orjson.dumps([fault.as_dict() for fault in faults], default=str).decode()
    work.write(_STAND, expect=1, id=row.id, seen=row.version, state=REVIEW, codes=codes, unit=row.unit,
               told=row.told + 1, faults=work.privacy.seal(told, field=FAULTS))  # fmt: skip
    tell(work, row, REVIEW, codes)
    work.audit("portal_application.quarantined", str(row.id), codes=codes)


def tell(work: UnitOfWork, row: Any, state: str, codes: Sequence[str]) -> None:
    """Gather the event of an application's new state; `row` is as it was before."""
    data = {"application_id": row.id, "tracking_number": row.tracking_number, "state": state, "codes": list(codes)}
    work.append(PORTAL_APPLICATION_CHANGED, row.id, row.told + 1, data)


def open_application(work: UnitOfWork, row: Any) -> Opened:
    """What is in an application's box. Refuses portal_application_sealed where this node's keys do not open it, or it
    is no application."""
    try:
        found = orjson.loads(boxes.open_box(row.sealed or "", boxes.private_keys(work.settings)))
        return Opened(dict(found["submission"]), list(found["documents"]))
    except (boxes.Sealed, orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise Refusal(Fault(UNREADABLE, "sealed")) from error


def _document(work: UnitOfWork, one: Mapping[str, Any]) -> list[Fault]:
    """Gather a document whose pieces are there; what is wrong with it."""
    document_id, digest, size = UUID(one["document_id"]), hashlib.sha256(), 0
    for piece in work.all(_PIECES, document_id=document_id):
        content = work.privacy.open_bytes(piece.content, field=documents.CONTENT)
        digest.update(content)
        size += len(content)
    if digest.hexdigest() != one["sha256"] or size != one["size"] or size > documents.LARGEST:
        return [Fault("checksum_differs", f"documents/{document_id}")]
    work.write(
        _ADD,
        id=document_id,
        file_name=work.privacy.seal(str(one["file_name"])[:200], field=documents.FILE_NAME),
        media_type=one["media_type"],
        size=size,
        sha256=one["sha256"],
        added_at=work.now,
        status="quarantined",
        kept_until=_KEPT,
    )
    return []
