"""The log of what came in: appended in the order of applying, each entry chained to the one before (rules.evidence)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, Integer, Uuid, bindparam, text

from chassis.database import Each, Statement
from chassis.uow import UnitOfWork
from rules.evidence import Entry, chained
from rules.link import Message

_HEAD = Statement(text("SELECT position, hash FROM link_head"))
_MOVE = Statement(text("UPDATE link_head SET position = :position, hash = :hash WHERE position = :before"))
_APPEND = Each(
    "INSERT INTO link_log (position, peer, epoch, sequence, event_id, type, subject, occurred_at, body, key_id, "
    "signature, received_at, parked, hash) SELECT * FROM {rows}",
    position="bigint", peer="text", epoch="integer", sequence="bigint", event_id="uuid", type="text", subject="uuid",
    occurred_at="timestamptz", body="bytea", key_id="text", signature="bytea", received_at="timestamptz",
    parked="text", hash="bytea",
)  # fmt: skip
_PLACES = "unnest(CAST(:epochs AS integer[]), CAST(:sequences AS bigint[])) AS asked (epoch, sequence)"
_STANDING = Statement(
    text(
        "SELECT DISTINCT ON (epoch, sequence) l.epoch, l.sequence, l.event_id, l.type, l.body "  # noqa: S608
        f"FROM link_log l JOIN {_PLACES} USING (epoch, sequence) WHERE l.peer = :peer"
    ).bindparams(bindparam("epochs", type_=ARRAY(Integer)), bindparam("sequences", type_=ARRAY(BigInteger))),
    fresh=True,
)
_OF_EVENTS = Statement(
    # One by one by the index: for all at once PostgreSQL may prefer to go through the whole log.
    text("SELECT asked.event_id, found.body FROM unnest(CAST(:ids AS uuid[])) AS asked (event_id), LATERAL (SELECT "
         "l.body FROM link_log l WHERE l.peer = :peer AND l.event_id = asked.event_id AND l.parked IS NULL LIMIT 1) "
         "AS found").bindparams(bindparam("ids", type_=ARRAY(Uuid))),
    fresh=True,
)


@dataclass(frozen=True, slots=True)
class Line:
    """What is appended: a message, what its envelope said where it can be read, and why it has no effect."""

    message: Message
    subject: UUID | None
    occurred_at: datetime | None
    parked: str | None


@dataclass(frozen=True, slots=True)
class Head:
    """Where the log ends: the next entry stands at the following position."""

    position: int
    hash: bytes


def head(work: UnitOfWork) -> Head:
    """The log's end as it stands."""
    row = work.one(_HEAD)
    return Head(row.position, bytes(row.hash))


def append(work: UnitOfWork, lines: Sequence[Line], after: Head | None = None) -> list[int]:
    """Append in this order, behind `after` where the caller has read the end before. Answers the positions. The commit
    is a conflict when somebody else appended meanwhile."""
    if not lines:
        return []
    end = after or head(work)
    position, last = end.position, end.hash
    positions = []
    for line in lines:
        position += 1
        positions.append(position)
        message = line.message
        last = chained(last, Entry(position, message, work.now, line.parked))
        work.write(
            _APPEND, position=position, peer=message.sender, epoch=message.epoch, sequence=message.sequence,
            event_id=message.id, type=message.type, subject=line.subject, occurred_at=line.occurred_at,
            body=message.body, key_id=message.key_id, signature=message.signature, received_at=work.now,
            parked=line.parked, hash=last,
        )  # fmt: skip
    work.write(_MOVE, expect=1, before=end.position, position=position, hash=last)
    return positions


def digests(work: UnitOfWork, peer: str, receiver: str, repeats: Sequence[Message]) -> Mapping[tuple[int, int], bytes]:
    """What stands at the places of messages that came before, where it is still kept, by (epoch, sequence)."""
    if not repeats:
        return {}
    rows: list[Any] = work.all(_STANDING, peer=peer, epochs=[one.epoch for one in repeats],
                               sequences=[one.sequence for one in repeats])  # fmt: skip
    return {
        (row.epoch, row.sequence): Message(peer, receiver, row.epoch, row.sequence, row.event_id, row.type,
                                           bytes(row.body), "", b"").digest
        for row in rows
    }  # fmt: skip


def bodies(work: UnitOfWork, peer: str, ids: Sequence[UUID]) -> Mapping[UUID, bytes]:
    """The bodies of events of a peer that took effect before, by their ids."""
    return {row.event_id: bytes(row.body) for row in work.all(_OF_EVENTS, peer=peer, ids=list(ids))} if ids else {}
