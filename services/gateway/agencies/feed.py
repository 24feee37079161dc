"""The one feed that every way of consuming reads: at the centre everything that came up the line, in the order in which
it was applied (`link_log`); at a node what goes up (`link_out`). What reaches an agency has so already lost everything
that does not leave a governorate (contracts/upward.py).

What a node said in a former version is read as today's (contracts/upcasting.py): agreements and filters name today's
types, and an agency gets one version of an event from all governorates, however old their software is.

A position counts up by commits of one writer, so that a reader beyond it misses nothing. At a node it holds the epoch
above the sequence: a restored node begins a new epoch, which lies beyond all of the former one.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import ARRAY, BigInteger, bindparam, text

from chassis.config import CENTRE, Role, Settings
from chassis.database import Statement
from chassis.events import decode
from chassis.uow import UnitOfWork
from contracts.event_schemas import every
from contracts.upcasting import STEPS, Unreadable, upcast
from rules.refusal import refuse

MOST_COUNTED = 1_000_000
_EPOCH = 40  # bits of a position below the epoch

_LOG = "position, peer AS node, event_id AS id, type, subject, occurred_at AS time, received_at, body FROM link_log"
_OUT = (f"(epoch::bigint << {_EPOCH}) + sequence AS position, '' AS node, event_id AS id, type, subject, "
        "occurred_at AS time, stored_at AS received_at, body FROM link_out")  # fmt: skip
_READ_LOG = Statement(text(
    f"SELECT {_LOG} WHERE position > :after AND parked IS NULL ORDER BY position LIMIT :size"
))  # fmt: skip
_READ_OUT = Statement(text(
    f"SELECT {_OUT} WHERE peer = '{CENTRE}' AND (epoch, sequence) > (:epoch, :sequence) "
    "ORDER BY epoch, sequence LIMIT :size"
))  # fmt: skip
_THESE_LOG = Statement(text(f"SELECT {_LOG} WHERE position = ANY(:these) AND parked IS NULL").bindparams(
    bindparam("these", type_=ARRAY(BigInteger))))  # fmt: skip
_THESE_OUT = Statement(text(
    f"SELECT {_OUT} WHERE peer = '{CENTRE}' AND (epoch, sequence) IN "  # noqa: S608
    f"(SELECT (one >> {_EPOCH})::integer, one & ((1::bigint << {_EPOCH}) - 1) FROM unnest(:these) AS one)"
).bindparams(bindparam("these", type_=ARRAY(BigInteger))))  # fmt: skip
_HEAD_LOG = Statement(text("SELECT coalesce(max(position), 0) AS position FROM link_log"))
_HEAD_OUT = Statement(text(
    f"SELECT (epoch::bigint << {_EPOCH}) + sequence AS position FROM link_out WHERE peer = '{CENTRE}' "  # noqa: S608
    "ORDER BY epoch DESC, sequence DESC LIMIT 1"
))  # fmt: skip
_COUNT_OUT = Statement(text(
    f"SELECT count(*) FROM (SELECT FROM link_out WHERE peer = '{CENTRE}' AND (epoch, sequence) > "  # noqa: S608
    f"(:epoch, :sequence) LIMIT {MOST_COUNTED}) AS beyond"
))  # fmt: skip
_FIRST_LOG = Statement(text("SELECT position, received_at FROM link_log ORDER BY position LIMIT 1"))
_AT_LOG = Statement(text(
    "SELECT position, received_at FROM link_log WHERE position >= :position ORDER BY position LIMIT 1"))
_SINCE_OUT = Statement(text(
    f"SELECT (epoch::bigint << {_EPOCH}) + sequence AS position FROM link_out "  # noqa: S608
    f"WHERE peer = '{CENTRE}' AND stored_at >= :since ORDER BY epoch, sequence LIMIT 1"
), fresh=True)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """One event of the feed. `body` is the CloudEvents envelope as its node made it, of today's version."""

    position: int
    node: str
    id: UUID
    type: str
    subject: UUID
    time: datetime
    received_at: datetime
    body: bytes


def read(work: UnitOfWork, after: int, limit: int) -> list[Entry]:
    """The next entries beyond a position, at most `limit`; none parked is among them."""
    if _central(work.settings):
        return [_today(Entry(*row)) for row in work.all(_READ_LOG, after=after, size=limit)]
    epoch, sequence = after >> _EPOCH, after & ((1 << _EPOCH) - 1)
    return [_own(work, row) for row in work.all(_READ_OUT, epoch=epoch, sequence=sequence, size=limit)]


def these(work: UnitOfWork, positions: list[int]) -> dict[int, Entry]:
    """Entries by their positions; one that is kept no more is not among them."""
    if _central(work.settings):
        return {row.position: _today(Entry(*row)) for row in work.all(_THESE_LOG, these=positions)}
    return {row.position: _own(work, row) for row in work.all(_THESE_OUT, these=positions)}


def head(work: UnitOfWork) -> int:
    """The position of the newest entry; 0 where there is none."""
    return int(work.scalar(_HEAD_LOG if _central(work.settings) else _HEAD_OUT) or 0)


def distance(work: UnitOfWork, position: int) -> int:
    """How many entries lie beyond a position; at most MOST_COUNTED where a node's epoch changed since."""
    if _central(work.settings):
        return max(head(work) - position, 0)
    newest = head(work)
    if newest >> _EPOCH == position >> _EPOCH:
        return max(newest - position, 0)
    epoch, sequence = position >> _EPOCH, position & ((1 << _EPOCH) - 1)
    return int(work.scalar(_COUNT_OUT, epoch=epoch, sequence=sequence))


def position_at(work: UnitOfWork, since: datetime) -> int:
    """The position from which a reader goes on that wants everything that arrived here at `since` or later: the last
    one before. At the centre it is found by halving, in some thirty looks by key; a clock that was set back there in
    the past makes it a little early."""
    if not _central(work.settings):
        found = work.scalar(_SINCE_OUT, since=since)
        return head(work) if found is None else int(found) - 1
    first = work.first(_FIRST_LOG)
    if first is None or first.received_at >= since:
        return 0 if first is None else int(first.position) - 1
    low, high = int(first.position), head(work) + 1  # low arrived before; high, or what comes next, after
    while high - low > 1:
        row = work.first(_AT_LOG, position=(low + high) // 2)
        if row is None or row.received_at >= since:
            high = (low + high) // 2
        else:
            low = max((low + high) // 2, int(row.position))
    return low


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a client has read: the position, and when its entry arrived. The moment tells whether the place still
    means the same: after a restore from a backup other entries may stand there."""

    position: int
    at: datetime

    def __str__(self) -> str:
        """Opaque text."""
        micros = int(self.at.timestamp()) * 1_000_000 + self.at.microsecond
        raw = b"1" + self.position.to_bytes(8, "big") + micros.to_bytes(8, "big")
        return base64.urlsafe_b64encode(raw).decode().rstrip("=")

    @classmethod
    def of(cls, text: str) -> Cursor:
        """Refuses cursor_invalid."""
        try:
            raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
            if len(raw) != 17 or raw[:1] != b"1" or raw[1] > 127:
                raise ValueError("no cursor")
            seconds, micros = divmod(int.from_bytes(raw[9:], "big"), 1_000_000)
            at = datetime.fromtimestamp(seconds, UTC).replace(microsecond=micros)
            return cls(int.from_bytes(raw[1:9], "big"), at)
        except (ValueError, binascii.Error, OverflowError, OSError) as error:
            raise refuse("cursor_invalid", "after") from error

    def resumed(self, work: UnitOfWork) -> int:
        """The position to go on from. Where the entry of the cursor is there as it was, that is the cursor's; where
        the platform was restored to a time before, the last place that the client certainly has: it gets some events
        twice and misses none."""
        if self.position == 0 or not _central(work.settings):
            return self.position
        row = work.first(_AT_LOG, position=self.position)
        if row is not None and (row.position > self.position or row.received_at == self.at):
            return self.position  # as it was, or no longer kept
        return min(self.position, position_at(work, self.at))


def _central(settings: Settings) -> bool:
    return settings.role is Role.CENTRE


def _own(work: UnitOfWork, row: Any) -> Entry:
    return _today(Entry(row.position, work.settings.node, *row[2:]))


def _today(entry: Entry) -> Entry:
    """The entry in today's version. One that is too old for that stays as it is, and no agreement names its type."""
    if entry.type not in STEPS:
        return entry
    try:
        event = upcast(decode(entry.body), every())
    except Unreadable:
        return entry
    envelope = orjson.loads(entry.body) | {"type": event.type, "data": event.data}
    return replace(entry, type=event.type, body=orjson.dumps(envelope))
