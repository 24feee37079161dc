"""An item of a tablet brought into the room where its kind of thing is done: intake, completion, release, delivery, the
report of a visit. The rooms are those of the window; what is told of an item is when it was done and by whom."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text

from chassis.actors import Actor
from chassis.answers import load
from chassis.database import Statement
from chassis.uow import UnitOfWork
from contracts.requests_visits import BODIES
from rules import devices as device_rule
from rules import numbering
from rules import offline as rule
from rules import visits as visit_rule
from rules.refusal import Fault, Refusal, refuse
from services.requests import delivery, inquiry, intake, numbers, releases, tickets, visits

NOBODY_MET = "visit_missed"  # why a ticket that was taken along is void
_OURS = ("bundle_id", "visit_id", "evidence")

_BUNDLE = Statement(
    text("SELECT clerk_id, issued_at, channel FROM visit_bundle WHERE id = :bundle_id AND device_id = :device_id")
)
_ABOUT = Statement(
    text(
        "SELECT coalesce((SELECT id FROM request WHERE tracking_number = :number), "
        "(SELECT request_id FROM ticket WHERE id = CAST(:ticket_id AS uuid)), "
        "(SELECT request_id FROM licence WHERE serial = :serial), "
        "(SELECT request_id FROM visit WHERE id = CAST(:visit_id AS uuid))) AS request_id"
    )
)
_DRAWN = Statement(text("SELECT nextval('tracking_serial')"))
_DIGESTS = Statement(text("SELECT id, sha256 FROM document WHERE id = ANY(CAST(CAST(:documents AS text[]) AS uuid[]))"))


@dataclass(frozen=True)
class Item:
    """An item as it was signed, and where the bytes of its documents are. `arrived_at` is the node's time of its first
    arrival; `accepted` and `happened_at` are what a person says to it when it is tried again."""

    id: UUID
    number: int
    kind: str
    told_time: str
    body: str
    after: UUID | None
    documents: Mapping[str, str]
    arrived_at: datetime
    uploaded_by: str
    tries: int = 0
    accepted: frozenset[str] = frozenset()
    happened_at: datetime | None = None


@dataclass(frozen=True)
class Act:
    """What an item says: what was done (None where that cannot be read), when, by whom. `at` is the tablet's time where
    it can be right, or the person's finding; `told_at` the tablet's, right or wrong."""

    item: Item
    device: Any
    body: dict[str, Any] | None
    clerk_id: str
    since: datetime | None
    told_at: datetime | None
    at: datetime
    doubts: list[Fault]
    channel: str

    @property
    def bundle_id(self) -> UUID | None:
        return self.body["bundle_id"] if self.body else None

    @property
    def visit_id(self) -> UUID | None:
        return self.body["visit_id"] if self.body else None


def read(work: UnitOfWork, device: Any, item: Item) -> Act:
    """What an item says, with every reason to doubt it: item_kind_unknown, item_unreadable, the faults of its body,
    bundle_unknown, device_time_unreadable, device_time_implausible."""
    body, doubts = _body(item)
    told_at = _moment(item.told_time)
    clerk, since, channel = item.uploaded_by, None, visits.CHANNEL
    if body is not None:
        bundle = work.first(_BUNDLE, bundle_id=body["bundle_id"], device_id=device.id)
        if bundle is None:
            doubts.append(Fault("bundle_unknown", "bundle_id"))
        else:
            clerk, since, channel = bundle.clerk_id, bundle.issued_at, bundle.channel
    if item.happened_at is None:
        if told_at is None:
            doubts.append(Fault("device_time_unreadable", "device_time", {"time": item.told_time}))
        elif since is not None and not rule.plausible(told_at, since, item.arrived_at):
            doubts.append(Fault("device_time_implausible", "device_time", {"time": item.told_time}))
    at = rule.within(item.happened_at or told_at, since, min(item.arrived_at, work.now))
    return Act(item, device, body, clerk, since, told_at, at, doubts, channel)


def apply(work: UnitOfWork, act: Act) -> dict[str, Any]:
    """Do what the item says, in the name of the clerk who did it; answers what the room answers. Refuses as it does."""
    if act.body is None:
        raise refuse("item_unreadable", "body")
    _demand_evidence(work, act)
    with _in_the_name_of(work, act):
        return _ROOMS[act.item.kind](work, act, act.body)


def about(work: UnitOfWork, act: Act, outcome: Mapping[str, Any] | None) -> UUID | None:
    """The request that an item is about; None where there is none, or none yet."""
    if outcome and outcome.get("request_id"):
        return UUID(outcome["request_id"])
    if act.body is None:
        return None
    body = act.body
    found: UUID | None = work.scalar(
        _ABOUT, number=body.get("tracking_number"), ticket_id=body.get("ticket_id"), serial=body.get("serial"),
        visit_id=body["visit_id"])  # fmt: skip
    return found


def cash(work: UnitOfWork, act: Act) -> None:
    """Of a release that is not applied: the money was taken all the same, and payments is told so, once."""
    if act.body is not None and act.item.kind == rule.RELEASE:
        with _in_the_name_of(work, act):
            releases.report_cash_only(work, act.device, _without(act.body), act.at, act.clerk_id)


def _report(work: UnitOfWork, act: Act, body: Mapping[str, Any]) -> dict[str, Any]:
    row = visits.by_id(work, body["visit_id"])
    if row.device_id != act.device.id:
        raise refuse("visit_unknown", "visit_id")
    action = visit_rule.FINISH if body["outcome"] == visit_rule.DONE else visit_rule.MISS
    if action == visit_rule.MISS and row.request_id is not None:
        tickets.void_unreported(work, row.request_id, NOBODY_MET)  # the next visit takes another along
    return visits.change(work, row, action, reason=body["note"], at=act.at)


def _intake(work: UnitOfWork, act: Act, body: Mapping[str, Any]) -> dict[str, Any]:
    number: str | None = numbering.parse_tracking(body["tracking_number"])
    try:
        serial = numbers.claim_reserved(work, act.device.id, body["tracking_number"])
    except Refusal as refusal:
        if refusal.code not in act.item.accepted:
            raise
        serial, number = work.scalar(_DRAWN), None
    application = {**_without(body), "channel": act.channel, "documents": _documents(work, act, body["documents"])}
    return intake.submit_reserved(work, application, intake.Reserved(act.at, serial, number))


def _completion(work: UnitOfWork, act: Act, body: Mapping[str, Any]) -> dict[str, Any]:
    given = {**_without(body), "documents": _documents(work, act, body["documents"])}
    return inquiry.resubmit(work, given, act.at)


def _release(work: UnitOfWork, act: Act, body: Mapping[str, Any]) -> dict[str, Any]:
    return releases.apply(work, act.device, _without(body), act.at, act.clerk_id)


def _delivery(work: UnitOfWork, act: Act, body: Mapping[str, Any]) -> dict[str, Any]:
    return delivery.deliver(work, _without(body), act.at)


_ROOMS: Mapping[str, Callable[[UnitOfWork, Act, Mapping[str, Any]], dict[str, Any]]] = {
    rule.REPORT: _report,
    rule.INTAKE: _intake,
    rule.COMPLETION: _completion,
    rule.RELEASE: _release,
    rule.DELIVERY: _delivery,
}


def _documents(work: UnitOfWork, act: Act, signed: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The uploaded documents that were signed: the tablet signed what they are, the upload says where they are. Refuses
    document_unknown, and checksum_differs for other bytes than those that were signed."""
    where = {one["sha256"]: act.item.documents.get(one["sha256"]) for one in signed}
    ids = [one for one in where.values() if one]
    digests = {str(row.id): row.sha256 for row in work.all(_DIGESTS, documents=ids)} if ids else {}
    faults, found = [], []
    for one in signed:
        document_id = where[one["sha256"]]
        digest = digests.get(document_id) if document_id else None
        if digest is None:
            faults.append(Fault("document_unknown", f"documents/{one['code']}"))
        elif digest != one["sha256"]:
            faults.append(Fault("checksum_differs", f"documents/{one['code']}"))
        else:
            found.append({"code": one["code"], "document_id": UUID(document_id)})
    if faults:
        raise Refusal(faults)
    return found


def _demand_evidence(work: UnitOfWork, act: Act) -> None:
    """Refuse document_unknown or checksum_differs unless the photos and the signature that were signed have come."""
    evidence = (act.body or {}).get("evidence")
    if evidence is None:
        return
    signature = [evidence["signature"]] if evidence["signature"] else []
    _documents(work, act, [{"code": "evidence", "sha256": one["sha256"]} for one in [*evidence["photos"], *signature]])


def evidence_of(act: Act) -> set[str]:
    """The SHA-256 of the photos and the signature that an item signed."""
    evidence = (act.body or {}).get("evidence") or {}
    signature = [evidence["signature"]] if evidence.get("signature") else []
    return {one["sha256"] for one in [*evidence.get("photos", ()), *signature]}


def _body(item: Item) -> tuple[dict[str, Any] | None, list[Fault]]:
    if item.kind not in BODIES:
        return None, [Fault("item_kind_unknown", "kind", {"kind": item.kind})]
    try:
        said = orjson.loads(item.body)
        orjson.dumps(said)  # what is nested deeper than can be written again is kept nowhere
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        said = None
    if not isinstance(said, dict) or "\\u0000" in item.body:  # the character NUL goes into no database's text
        return None, [Fault("item_unreadable", "body")]
    try:
        return load(BODIES[item.kind](), said), []
    except Refusal as refusal:
        return None, list(refusal.faults)


def _without(body: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name not in _OURS}


def _moment(told: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(told)
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


@contextmanager
def _in_the_name_of(work: UnitOfWork, act: Act) -> Iterator[None]:
    """While the item is applied, its clerk acts: whoever uploads it or tries it again did not take the file in."""
    uploading = work.actor
    work.actor = Actor(id=act.clerk_id, kind="staff", roles=(device_rule.KINDS[act.device.kind].role,),
                       unit=act.device.unit)
    try:
        yield
    finally:
        work.actor = uploading
