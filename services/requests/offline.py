"""What a tablet did without a line, uploaded item by item.

An item whose signature is the tablet's is never lost: it is applied, or it lies in quarantine with its reasons, whole,
until a person has tried it again or closed it (offline_review.py). Each is applied in the commit that records it, once
under its id; what cannot be applied leaves nothing behind but itself. One that follows another waits for it and is
applied by itself after it, and so is the delivery of a licence that is still being issued.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text

from chassis.database import Statement
from chassis.uow import UnitOfWork
from contracts.problems import describe
from contracts.requests_visits import BODY_BYTES
from rules import devices as device_rule
from rules import offline as rule
from rules.refusal import Fault, Refusal, refuse
from services.requests import devices, offline_rooms, tables_visits
from services.requests.offline_rooms import Act, Item

BODY, SIGNATURE = "requests.offline_item.body", "requests.offline_item.signature"
FAULTS, ANSWER, OUTCOME = (
    "requests.offline_item.faults", "requests.offline_item.answer", "requests.offline_item.outcome")
FOR_ITEM, FOR_LICENCE = "item", "licence"
ON_ITS_WAY = frozenset({"licence_not_ready", "licence_unknown"})  # to a delivery, while its licence is being issued
FIRST_AGAIN, LONGEST_AGAIN, PATIENCE = timedelta(seconds=15), timedelta(hours=1), timedelta(days=3)
OFTEN = 3  # conflicts with others at the same moment, before a person is asked

_KEPT = Statement(
    text("SELECT device_id, number, kind, told_time, after_id, body, answer FROM offline_item WHERE id = :item_id")
)
_AROUND = Statement(
    text(
        "SELECT EXISTS (SELECT 1 FROM offline_item WHERE device_id = :device_id AND number = :number "
        "AND id <> :item_id) AS taken, (SELECT state FROM offline_item WHERE id = CAST(:after_id AS uuid) "
        "AND device_id = :device_id) AS before"
    )
)
_ADD = Statement.insert(
    tables_visits.offline_item,
    *(column.name for column in tables_visits.offline_item.columns if column.name != "reason"),
)
_SETTLE = Statement(
    text(
        "UPDATE offline_item SET version = version + 1, tries = tries + 1, state = :state, codes = :codes, "
        "faults = :faults, outcome = :outcome, waits = :waits, again_at = :again_at, clerk_id = :clerk_id, "
        "device_time = :device_time, bundle_id = :bundle_id, visit_id = :visit_id, "
        "request_id = :request_id, "
        "documents = CAST(:documents AS jsonb), accepted = :accepted, happened_at = :happened_at, "
        "settled_at = :settled_at, settled_by = :settled_by "
        "WHERE id = :item_id AND version = :seen AND state = 'quarantined'"
    )
)
_NEXT = Statement(
    text(
        "SELECT item.* FROM offline_item AS item WHERE state = 'quarantined' AND waits IS NOT NULL "
        "AND ((waits = 'licence' AND again_at <= :now) OR (waits = 'item' AND EXISTS (SELECT 1 FROM offline_item "
        "AS earlier WHERE earlier.id = item.after_id AND earlier.device_id = item.device_id "
        "AND earlier.state <> 'quarantined'))) ORDER BY again_at LIMIT 1"
    )
)
# A document that a quarantined item signed waits as long as the item, and so do photos and signature of any.
_HOLD = Statement(
    text("UPDATE document SET kept_until = '9999-12-31' WHERE id = ANY(CAST(CAST(:documents AS text[]) AS uuid[])) "
         "AND request_id IS NULL")
)


@dataclass(frozen=True)
class Tried:
    """What trying an item came to: an outcome, or faults, and what it waits for."""

    act: Act
    outcome: dict[str, Any] | None
    faults: list[Fault]
    waits: str | None

    @property
    def applied(self) -> bool:
        return self.outcome is not None


def take(work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
    """Take one item of a tablet. The same again gets the same answer. Refuses, and keeps nothing of, what is not the
    tablet's own or was uploaded with other content: device_unknown, forbidden in another unit, item_too_large,
    item_not_genuine, item_differs. All else is kept, applied or in quarantine."""
    # After a conflict the same payload comes here again: the count of them is kept in it.
    body["conflicts"] = body.get("conflicts", -1) + 1
    if len(body["body"].encode(errors="surrogatepass")) > BODY_BYTES:
        raise refuse("item_too_large", "body", limit=BODY_BYTES // 1024)
    device = devices.by_id(work, body["device_id"])
    work.require(device_rule.KINDS[device.kind].permission, device.unit)
    item = Item(
        id=body["item_id"], number=body["number"], kind=body["kind"], told_time=body["device_time"], body=body["body"],
        after=body["after"], documents={one["sha256"]: str(one["document_id"]) for one in body["documents"]},
        arrived_at=work.now, uploaded_by=work.actor.id,
    )  # fmt: skip
    signed = rule.signed_text(str(item.id), item.number, item.kind, item.told_time, item.body)
    if device.state == device_rule.PENDING or not devices.genuine(device, signed, body["signature"]):
        work.deny(device_rule.KINDS[device.kind].permission, f"device {device.id}")
        raise refuse("item_not_genuine", "signature")
    kept = work.first(_KEPT, item_id=item.id)
    if kept is not None:
        if not _same(work, kept, device.id, item):
            raise refuse("item_differs", "item_id")
        answer: dict[str, Any] = orjson.loads(work.privacy.open(kept.answer, field=ANSWER))
        return answer
    tried = attempt(work, device, item, conflicts=body["conflicts"])
    answer = shown(work, tried)
    work.write(
        _ADD,
        id=item.id,
        version=1,
        device_id=device.id,
        unit=device.unit,
        number=item.number,
        kind=item.kind,
        told_time=item.told_time,
        arrived_at=work.now,
        uploaded_by=item.uploaded_by,
        after_id=item.after,
        body=work.privacy.seal(item.body, field=BODY),
        signature=work.privacy.seal(body["signature"], field=SIGNATURE),
        answer=work.privacy.seal(orjson.dumps(answer).decode(), field=ANSWER),
        tries=1,
        documents=dict(item.documents),
        **_standing(work, tried),
    )
    _note(work, tried)
    return answer


def apply_next(work: UnitOfWork, conflicts: dict[UUID, int]) -> bool:
    """Try the next item that waited for another, or for a licence, and need wait no longer. Answers whether there was
    one. `conflicts` counts, over the tries of one sweep, how often each met somebody else's work."""
    row = work.first(_NEXT, now=work.now)
    if row is None:
        return False
    conflicts[row.id] = conflicts.get(row.id, -1) + 1
    item = item_of(work, row)
    settle(work, row, attempt(work, devices.by_id(work, row.device_id), item, conflicts=conflicts[row.id]))
    return True


def attempt(work: UnitOfWork, device: Any, item: Item, *, conflicts: int = 0) -> Tried:
    """Try to apply an item in its clerk's name. Where it is not applied, nothing of it is gathered but, of a release
    that a person must look at, that its money was taken."""
    act = offline_rooms.read(work, device, item)
    around = work.one(_AROUND, device_id=device.id, number=item.number, item_id=item.id, after_id=item.after)
    faults = [fault for fault in [*_doubts(work, device, item, around), *act.doubts] if fault.code not in item.accepted]
    if conflicts >= OFTEN:
        faults.append(Fault("conflict"))
    mark = work.mark()
    if not faults:
        try:
            return Tried(act, offline_rooms.apply(work, act), [], None)
        except Refusal as refusal:
            work.back_to(mark)
            faults = refusal.faults
    waits = _waits(work, item, faults)
    if waits is None:
        offline_rooms.cash(work, act)
    return Tried(act, None, faults, waits)


def settle(work: UnitOfWork, row: Any, tried: Tried) -> None:
    """Gather what trying an item again came to."""
    documents = orjson.dumps(dict(tried.act.item.documents)).decode()
    work.write(_SETTLE, expect=1, item_id=row.id, seen=row.version, documents=documents, **_standing(work, tried))
    _note(work, tried)


def item_of(work: UnitOfWork, row: Any, **said: Any) -> Item:
    """The item of a row, as it was signed; `said` is what a person says to it now."""
    kept: dict[str, Any] = {"accepted": frozenset(row.accepted), "happened_at": row.happened_at,
                            "documents": row.documents}  # fmt: skip
    return Item(
        id=row.id, number=row.number, kind=row.kind, told_time=row.told_time, after=row.after_id,
        body=work.privacy.open(row.body, field=BODY), arrived_at=row.arrived_at, uploaded_by=row.uploaded_by,
        tries=row.tries, **{**kept, **said},
    )  # fmt: skip


def shown(work: UnitOfWork, tried: Tried) -> dict[str, Any]:
    """What an upload is answered."""
    item = tried.act.item
    return {
        "item_id": str(item.id),
        "number": item.number,
        "result": rule.APPLIED if tried.applied else rule.QUARANTINED,
        "faults": told(tried.faults),
        "waits": tried.waits,
        "device_time": item.told_time,
        "received_at": item.arrived_at.isoformat(),
        "answer": tried.outcome,
    }


def told(faults: list[Fault]) -> list[dict[str, Any]]:
    """Faults with their texts in both languages."""
    return [{"code": fault.code, "field": fault.field, "ar": describe(fault, "ar"), "en": describe(fault, "en")}
            for fault in faults]  # fmt: skip


def _doubts(work: UnitOfWork, device: Any, item: Item, around: Any) -> list[Fault]:
    faults = []
    standing = device_rule.standing(device.state, device.valid_until, work.now)
    if standing != device_rule.CERTIFIED:
        faults.append(Fault("item_device_not_trusted", "device_id", device_rule.told(standing)))
    kind = device_rule.KINDS[device.kind]
    if item.kind in rule.KINDS and item.kind not in kind.items:
        faults.append(Fault("item_not_of_device", "kind", {f"kind_{lang}": kind.name[lang] for lang in ("ar", "en")}))
    if around.taken:
        faults.append(Fault("item_number_taken", "number", {"number": item.number}))
    if item.after is not None and around.before in (None, rule.QUARANTINED):
        faults.append(Fault("waits_for_item", "after", {"item": str(item.after)}))
    return faults


def _waits(work: UnitOfWork, item: Item, faults: list[Fault]) -> str | None:
    codes = {fault.code for fault in faults}
    if codes == {"waits_for_item"}:
        return FOR_ITEM
    if item.kind == rule.DELIVERY and codes <= ON_ITS_WAY and work.now < item.arrived_at + PATIENCE:
        return FOR_LICENCE
    return None


def _standing(work: UnitOfWork, tried: Tried) -> dict[str, Any]:
    """The columns that say what became of an item."""
    act, item = tried.act, tried.act.item
    held = set(item.documents) if not tried.applied else offline_rooms.evidence_of(act)
    if found := [document for digest, document in item.documents.items() if digest in held]:
        work.write(_HOLD, documents=found)
    faults = orjson.dumps([fault.as_dict() for fault in tried.faults], default=str).decode()
    return {
        "state": rule.APPLIED if tried.applied else rule.QUARANTINED,
        "codes": sorted({fault.code for fault in tried.faults}),
        "faults": None if tried.applied else work.privacy.seal(faults, field=FAULTS),
        "outcome": work.privacy.seal(orjson.dumps(tried.outcome).decode(), field=OUTCOME) if tried.applied else None,
        "waits": tried.waits,
        "again_at": work.now + min(FIRST_AGAIN * 2 ** min(item.tries, 10), LONGEST_AGAIN) if tried.waits else None,
        "clerk_id": act.clerk_id,
        "device_time": act.told_at,
        "bundle_id": act.bundle_id,
        "visit_id": act.visit_id,
        "request_id": offline_rooms.about(work, act, tried.outcome),
        "accepted": sorted(item.accepted),
        "happened_at": item.happened_at,
        "settled_at": work.now if tried.applied else None,
        "settled_by": work.actor.id if tried.applied else None,
    }


def _note(work: UnitOfWork, tried: Tried) -> None:
    item = tried.act.item
    work.audit("offline.applied" if tried.applied else "offline.quarantined", str(item.id), kind=item.kind,
               number=item.number, device=str(tried.act.device.id), codes=sorted({one.code for one in tried.faults}))


def _same(work: UnitOfWork, kept: Any, device_id: UUID, item: Item) -> bool:
    """Whether an item is the one that was kept under its id. Of one whose body went after its time the rest is held
    against it."""
    body = item.body if kept.body is None else work.privacy.open(kept.body, field=BODY)
    told = (device_id, item.number, item.kind, item.told_time, item.after, item.body)
    return told == (kept.device_id, kept.number, kept.kind, kept.told_time, kept.after_id, body)
