"""The messages of one Cairo day and type, as both ends list them alike: for two operators whose counts differ."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import text

from chassis.database import Statement
from chassis.uow import UnitOfWork

SENT, RECEIVED = "sent", "received"
PAGE = 5000

_OF = ("peer = :peer AND epoch = :epoch AND type = :type AND sequence > :after "
       "AND (occurred_at AT TIME ZONE 'Africa/Cairo')::date = :day")  # fmt: skip
_SAID = "sequence, event_id, left(encode(sha256(body), 'hex'), 16) AS digest"
_PAGES = {
    SENT: Statement(text(f"SELECT {_SAID}, NULL AS parked FROM link_out WHERE {_OF} "  # noqa: S608
                         "ORDER BY sequence LIMIT :size")),
    # One that was applied after it was parked stands twice.
    RECEIVED: Statement(text(f"SELECT DISTINCT ON (sequence) {_SAID}, parked FROM link_log WHERE {_OF} "  # noqa: S608
                             "ORDER BY sequence, position DESC LIMIT :size")),
}  # fmt: skip
_NEWEST = {
    SENT: Statement(text("SELECT coalesce(max(epoch), 1) FROM link_out WHERE peer = :peer")),
    RECEIVED: Statement(text("SELECT coalesce(max(epoch), 1) FROM link_mark WHERE peer = :peer")),
}


@dataclass(frozen=True, slots=True)
class Listed:
    """`digest` begins the SHA-256 of what the message says; `parked` is why it has no effect here, if it has none."""

    sequence: int
    event_id: UUID
    digest: str
    parked: str | None


def newest_epoch(work: UnitOfWork, peer: str, direction: str) -> int:
    """The newest epoch of the stream to a peer, or from it."""
    return int(work.scalar(_NEWEST[direction], peer=peer))


def messages(
    work: UnitOfWork, peer: str, direction: str, event_type: str, day: date, epoch: int
) -> Iterator[Listed]:  # fmt: skip
    """What went to a peer or came from it of a type and a Cairo day, by its number in the stream."""
    after = 0
    while rows := work.all(_PAGES[direction], peer=peer, epoch=epoch, type=event_type, day=day, after=after, size=PAGE):
        yield from (Listed(row.sequence, row.event_id, row.digest, row.parked) for row in rows)
        after = rows[-1].sequence
