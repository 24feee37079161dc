"""What people do about items in quarantine, and how a tablet stands: which of its numbers never came."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text

from chassis.database import Statement
from chassis.uow import UnitOfWork
from rules import devices as device_rule
from rules import offline as rule
from rules.refusal import Fault, refuse
from services.requests import devices, documents, offline, offline_rooms
from services.requests.offline import FAULTS, OUTCOME, SIGNATURE

REASON = "requests.offline_item.reason"
MOST_MISSING, NEWEST = 100, 100

_ONE = Statement(text("SELECT * FROM offline_item WHERE id = :item_id"))
_LIST = Statement(
    text(
        "SELECT * FROM offline_item WHERE (CAST(:unit AS text) IS NULL OR unit = :unit) AND state = :state "
        "AND (CAST(:device_id AS uuid) IS NULL OR device_id = :device_id) "
        "AND (CAST(:after AS uuid) IS NULL OR id > :after) ORDER BY id LIMIT :limit"
    )
)
_CLOSE = Statement(
    text(
        "UPDATE offline_item SET version = version + 1, state = 'closed', waits = NULL, again_at = NULL, "
        "reason = :reason, settled_at = :at, settled_by = :actor "
        "WHERE id = :item_id AND version = :seen AND state = 'quarantined'"
    )
)
_COUNTS = Statement(
    text(
        "SELECT coalesce(max(number), 0) AS highest, max(arrived_at) AS last_arrived_at, "
        "count(*) FILTER (WHERE state = 'applied') AS applied, "
        "count(*) FILTER (WHERE state = 'quarantined') AS quarantined, "
        "count(*) FILTER (WHERE state = 'closed') AS closed, "
        "(SELECT max(issued_at) FROM visit_bundle WHERE device_id = :device_id) AS last_bundle_at "
        "FROM offline_item WHERE device_id = :device_id"
    )
)
_MISSING = Statement(
    text(
        "SELECT number FROM generate_series(1, CAST(:highest AS bigint)) AS number WHERE NOT EXISTS "
        "(SELECT 1 FROM offline_item AS item WHERE item.device_id = :device_id AND item.number = number.number) "
        "ORDER BY number LIMIT :most"
    )
)
_NEWEST = Statement(
    text("SELECT * FROM offline_item WHERE device_id = :device_id ORDER BY number DESC, id DESC LIMIT :most")
)


def listed(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """Items of the actor's unit, by state; who they are about is not named."""
    rows = work.all(_LIST, unit=work.actor.unit, **body)
    return {"items": [_shown(row) for row in rows], "next": str(rows[-1].id) if len(rows) == body["limit"] else None}


def file(work: UnitOfWork, item_id: UUID) -> dict[str, Any]:
    """An item with its body and faults. Reading is recorded. Refuses item_unknown."""
    row = _of_unit(work, item_id)
    work.audit_read("offline.read", str(row.id), device=str(row.device_id), unit=row.unit)
    item = offline.item_of(work, row) if row.body else None
    faults = orjson.loads(work.privacy.open(row.faults, field=FAULTS)) if row.faults else []
    return {
        **_shown(row),
        "body": item.body if item else None,
        "signature": work.privacy.open(row.signature, field=SIGNATURE),
        "documents": row.documents,
        "faults": offline.told([Fault(**fault) for fault in faults]),
        "outcome": orjson.loads(work.privacy.open(row.outcome, field=OUTCOME)) if row.outcome else None,
        "reason": work.privacy.open(row.reason, field=REASON) if row.reason else None,
    }


def document(work: UnitOfWork, item_id: UUID, sha256: str) -> dict[str, Any]:
    """A photo or signature of an item, or a document of one that was not applied. Reading is recorded. Refuses
    item_unknown, document_unknown, document_in_quarantine, and what was found wrong with it."""
    row = _of_unit(work, item_id)
    document_id = row.documents.get(sha256)
    if document_id is None:
        raise refuse("document_unknown", "sha256")
    paper, content = documents.content(work, None, UUID(document_id))
    work.audit_read("offline.document", str(row.id), document=document_id, unit=row.unit)
    return {"media_type": paper.media_type, "content": base64.b64encode(content).decode()}


def retry(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """Try an item in quarantine once more, as it was signed and in the name of the clerk who did it. Refuses
    item_unknown, item_settled; what stands against it now is answered, and it stays."""
    row = _quarantined(work, body["item_id"])
    if body["happened_at"] is not None and body["happened_at"] > work.now:
        raise refuse("device_time_implausible", "happened_at", time=body["happened_at"].isoformat())
    item = offline.item_of(
        work,
        row,
        accepted=frozenset(row.accepted) | frozenset(body["accept"]),
        happened_at=body["happened_at"] or row.happened_at,
        documents={**row.documents, **{one["sha256"]: str(one["document_id"]) for one in body["documents"]}},
    )
    tried = offline.attempt(work, devices.by_id(work, row.device_id), item)
    offline.settle(work, row, tried)
    work.audit("offline.retried", str(row.id), accepted=sorted(item.accepted), applied=tried.applied)
    return offline.shown(work, tried)


def close(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """A person dealt with an item otherwise, and says how. It stays with its body. The money of a release is told to
    payments if it was not. What waited for it goes on. Refuses item_unknown, item_settled."""
    row = _quarantined(work, body["item_id"])
    offline_rooms.cash(work, offline_rooms.read(work, devices.by_id(work, row.device_id), offline.item_of(work, row)))
    work.write(_CLOSE, expect=1, item_id=row.id, seen=row.version, at=work.now, actor=work.actor.id,
               reason=work.privacy.seal(body["reason"], field=REASON))  # fmt: skip
    work.audit("offline.closed", str(row.id), kind=row.kind, device=str(row.device_id))
    return {"item_id": str(row.id), "state": rule.CLOSED}


def of_device(work: UnitOfWork, device_id: UUID) -> dict[str, Any]:
    """What came of a tablet, and which numbers below the highest never did. Refuses device_unknown."""
    device = devices.by_id(work, device_id)
    work.require("offline.read", device.unit)
    found = work.one(_COUNTS, device_id=device.id)
    missing = work.all(_MISSING, device_id=device.id, highest=found.highest, most=MOST_MISSING)
    return {
        "device_id": str(device.id),
        "device_state": device_rule.standing(device.state, device.valid_until, work.now,
                                             device.wiped_at is not None),
        "highest": found.highest,
        "missing": [row.number for row in missing],
        "applied": found.applied,
        "quarantined": found.quarantined,
        "closed": found.closed,
        "last_arrived_at": found.last_arrived_at.isoformat() if found.last_arrived_at else None,
        "last_bundle_at": found.last_bundle_at.isoformat() if found.last_bundle_at else None,
        "items": [_shown(row) for row in work.all(_NEWEST, device_id=device.id, most=NEWEST)],
    }


def _of_unit(work: UnitOfWork, item_id: UUID) -> Any:
    row = work.first(_ONE, item_id=item_id)
    if row is None:
        raise refuse("item_unknown", "item_id")
    work.require("offline.review", row.unit)
    return row


def _quarantined(work: UnitOfWork, item_id: UUID) -> Any:
    row = _of_unit(work, item_id)
    if row.state != rule.QUARANTINED:
        raise refuse("item_settled", "item_id")
    return row


def _shown(row: Any) -> dict[str, Any]:
    return {
        "item_id": str(row.id),
        "device_id": str(row.device_id),
        "unit": row.unit,
        "number": row.number,
        "kind": row.kind,
        "state": row.state,
        "codes": list(row.codes),
        "waits": row.waits,
        "tries": row.tries,
        "device_time": row.told_time,
        "received_at": row.arrived_at.isoformat(),
        "clerk_id": row.clerk_id,
        "visit_id": str(row.visit_id) if row.visit_id else None,
        "request_id": str(row.request_id) if row.request_id else None,
        "after": str(row.after_id) if row.after_id else None,
        "settled_at": row.settled_at.isoformat() if row.settled_at else None,
        "settled_by": row.settled_by,
    }
