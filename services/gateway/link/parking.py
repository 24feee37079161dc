"""What was not applied waits here for a person, with the reason, counted: the same again is the same row."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from sqlalchemy import text

from chassis.database import Each, Statement
from chassis.ids import uuid7
from chassis.uow import UnitOfWork
from contracts.link import NOT_GENUINE
from rules.link import LARGEST, Message
from services.gateway.link.wire import Strange

MOST = 10_000
"""Rows of a peer that nobody settled. Beyond them what is not genuine is counted under its reason alone, so that who
sends rubbish fills a counter and no disk."""

_DETAIL = 500
_OPEN = Statement(text("SELECT count(*) FROM (SELECT FROM link_parked WHERE peer = :peer AND settled_at IS NULL "
                       "LIMIT :most) AS open_ones"))
_PARK = Each(
    "INSERT INTO link_parked AS kept (id, peer, epoch, sequence, type, reason, detail, digest, position, body, count, "
    "first_at, last_at) SELECT id, peer, epoch, sequence, type, reason, detail, digest, position, body, count, at, at "
    "FROM {rows} ON CONFLICT (peer, reason, digest) DO UPDATE SET count = kept.count + excluded.count, "
    "last_at = excluded.last_at",
    id="uuid", peer="text", epoch="integer", sequence="bigint", type="text", reason="text", detail="text",
    digest="bytea", position="bigint", body="bytea", count="bigint", at="timestamptz",
)  # fmt: skip
_LARGEST_EPOCH = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Parked:
    """One message to park. `position` is its place in the log, where it is genuine."""

    peer: str
    epoch: int
    sequence: int
    type: str
    reason: str
    detail: str
    body: bytes
    digest: bytes
    position: int | None = None

    @classmethod
    def of(cls, message: Message, peer: str, reason: str, detail: str = "", position: int | None = None) -> Parked:
        """A message of a peer, with why."""
        # What is claimed is not believed, only kept apart: by everything that it says.
        digest = hashlib.sha256(message.digest + message.key_id.encode() + message.signature).digest()
        return cls(peer, message.epoch, message.sequence, message.type[:100], reason, detail, message.body, digest,
                   position)  # fmt: skip

    @classmethod
    def strange(cls, one: Strange) -> Parked:
        """What was no message at all."""
        digest = hashlib.sha256(f"{one.type}|{one.epoch}|{one.sequence}|".encode() + one.body).digest()
        return cls(one.sender, one.epoch, one.sequence, one.type, one.reason, one.detail, one.body, digest)


def park(work: UnitOfWork, given: list[Parked]) -> None:
    """Keep them aside, each with its reason; the same again is counted."""
    rows: dict[tuple[str, str, bytes], Parked] = {}
    counted: dict[tuple[str, str, bytes], int] = {}
    full = {peer: work.scalar(_OPEN, peer=peer, most=MOST) >= MOST for peer in {one.peer for one in given}}
    for told in given:
        more = full[told.peer] and told.reason in NOT_GENUINE
        one = Parked(told.peer, 0, 0, "", told.reason, "more than are kept apart", b"", b"") if more else told
        key = (one.peer, one.reason, one.digest)
        rows.setdefault(key, one)
        counted[key] = counted.get(key, 0) + 1
    for key, one in rows.items():
        work.write(
            _PARK, id=uuid7(), peer=one.peer, epoch=min(max(one.epoch, 0), _LARGEST_EPOCH),
            sequence=max(one.sequence, 0), type=one.type, reason=one.reason, detail=one.detail[:_DETAIL],
            digest=one.digest, position=one.position, body=one.body if len(one.body) <= LARGEST else None,
            count=counted[key], at=work.now,
        )  # fmt: skip
