"""From the stored stream to the peer's broker: in order, confirmed, never more than the window beyond the receipts.

What the broker has confirmed is in its quorum queue and is not sent again, unless the peer misses it and wishes for it.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text

from chassis.bus.streams import Publisher
from chassis.database import Database, Statement
from chassis.offload import beside
from chassis.uow import UnitOfWork
from rules.link import Message
from services.gateway.link import wire
from services.gateway.link.settings import LinkSettings

log = logging.getLogger(__name__)

BATCH = 200
BYTES = 256 * 1024
"""Of a batch's bodies; the one that goes beyond is its last. A version of a service in the guide has up to 100 KB."""
IN_FLIGHT = 1_000
"""Unconfirmed messages: the broker confirms one batch while the next is read and written."""
WRITE = 30.0  # seconds for a batch to be written: a line of 9 KB a second is still one
CONFIRM = 20.0  # seconds without any confirm
WISHED_MOST = 10_000
LOOK, NOTE = 0.2, 0.2
"""Seconds, while there is more to send: how old what is known of receipts may be, and how often what was confirmed is
written down. A process that dies sends so much again, which is known there."""

_STATES = Statement(
    text("SELECT s.peer, s.epoch, s.sent, s.applied, coalesce((SELECT max(o.sequence) FROM link_out o "
         "WHERE o.peer = s.peer AND o.epoch = s.epoch), 0) AS stored FROM link_sent s")
)
_NEXT = Statement(
    text("SELECT sequence, event_id, type, body, key_id, signature FROM (SELECT *, sum(octet_length(body)) OVER "
         "(ORDER BY sequence) - octet_length(body) AS before FROM link_out WHERE peer = :peer AND epoch = :epoch "
         "AND sequence > :after AND sequence <= :last ORDER BY sequence LIMIT :size) AS following "
         "WHERE before < :bytes ORDER BY sequence")
)
# A receipt may have come before the confirm was written down; the figure never goes back here. Where somebody else put
# it back, because the peer lost something, it stays there.
_SENT = Statement(
    text("UPDATE link_sent SET sent = greatest(sent, :sent) WHERE peer = :peer AND epoch = :epoch AND sent >= :before")
)
_FOLLOWING = Statement(
    text("SELECT coalesce((SELECT min(epoch) FROM link_out WHERE peer = :peer AND epoch > :epoch), :own) AS following")
)
_TURN = Statement(
    text("UPDATE link_sent SET epoch = :following, sent = 0, applied = 0, backed_up = 0 "
         "WHERE peer = :peer AND epoch = :epoch")
)

Attempt = Callable[[Callable[[UnitOfWork], Any]], Any]


@dataclass
class Stream:
    """How far this process has written to a peer on this connection. `confirmed` is what the table says too."""

    epoch: int = 0
    connection: int = -1
    after: int = 0
    confirmed: int = 0
    noted: float = float("-inf")
    ahead: tuple[tuple[int, int], Callable[[], list[Any]]] | None = None  # rows behind (epoch, sequence), being read
    open: deque[tuple[int, int]] = field(default_factory=deque)  # (messages of the connection, sequence)
    wished: list[tuple[int, int, int]] = field(default_factory=list)


class Sending:
    """Sends the streams of this place over one connection."""

    def __init__(self, link: LinkSettings, publisher: Publisher, database: Database) -> None:
        self._link = link
        self._publisher = publisher
        self._database = database
        self._streams: dict[str, Stream] = {}
        self._standing: dict[str, Any] = {}
        self._looked = float("-inf")

    def wish(self, peer: str, gaps: Sequence[tuple[int, int, int]]) -> None:
        """Send (epoch, first, last) once more, at most WISHED_MOST messages."""
        stream = self._streams.setdefault(peer, Stream())
        room = WISHED_MOST
        stream.wished = []
        for epoch, first, last in gaps:
            if room > 0 and first <= last:
                stream.wished.append((epoch, first, min(last, first + room - 1)))
                room -= last - first + 1

    def step(self, attempt: Attempt, peers: Sequence[str]) -> bool:
        """Send a batch to each peer. Answers whether there may be more; Unavailable when the broker is away."""
        if not self._publisher.up:
            return False
        more = False
        rows = self._states()
        for peer in peers:
            stream = self._streams.setdefault(peer, Stream())
            if peer in rows:
                more = self._send(attempt, peer, stream, rows[peer]) or more
        due = True
        try:
            self._publisher.wait(IN_FLIGHT - BATCH if more else 0, CONFIRM)
            due = not more
        finally:
            for peer in peers:
                self._note(attempt, peer, self._streams[peer], due)
        if more:
            self._standing = rows
        return more

    def _states(self) -> dict[str, Any]:
        """How far each stream is: while there is more to send, as it was a moment ago."""
        rows, self._standing = self._standing, {}
        now = time.monotonic()
        if rows and now - self._looked < LOOK:
            return rows
        self._looked = now
        return {row.peer: row for row in self._database.read(_STATES, {})}

    def _send(self, attempt: Attempt, peer: str, stream: Stream, row: Any) -> bool:
        if (stream.connection, stream.epoch) != (self._publisher.connection, row.epoch) or row.sent < stream.confirmed:
            stream.connection, stream.epoch = self._publisher.connection, row.epoch
            stream.after = stream.confirmed = row.sent
            stream.open.clear()
        stream.after = max(stream.after, row.applied)
        if stream.wished:
            self._again(peer, stream)
            return True
        if stream.after >= row.stored:
            return self._turn(attempt, peer, row)
        size = min(BATCH, row.applied + self._link.window - stream.after)
        if size <= 0:
            return False
        rows = self._following(peer, stream, row, size)
        if not rows:
            log.error("%s lacks messages of epoch %d beyond %d, which are gone", peer, row.epoch, stream.after)
            return False
        stream.after = rows[-1].sequence
        if stream.after < row.stored:
            following = {"peer": peer, "epoch": row.epoch, "after": stream.after, "last": row.stored, "size": BATCH,
                         "bytes": BYTES}  # fmt: skip
            stream.ahead = (row.epoch, stream.after), beside(self._database.read, _NEXT, following)
        self._publish(peer, row.epoch, rows)
        stream.open.append((self._publisher.sent, stream.after))
        return stream.after < row.stored

    def _following(self, peer: str, stream: Stream, row: Any, size: int) -> list[Any]:
        """The next rows of a stream; those that were read while the ones before them were written, where there are."""
        ahead, stream.ahead = stream.ahead, None
        if ahead is not None and ahead[0] == (row.epoch, stream.after):
            return ahead[1]()[:size]
        return self._database.read(_NEXT, {"peer": peer, "epoch": row.epoch, "after": stream.after,
                                           "last": row.stored, "size": size, "bytes": BYTES})  # fmt: skip

    def _again(self, peer: str, stream: Stream) -> None:
        epoch, first, last = stream.wished.pop(0)
        rows = self._database.read(_NEXT, {"peer": peer, "epoch": epoch, "after": first - 1, "last": last,
                                           "size": BATCH, "bytes": BYTES})  # fmt: skip
        if not rows:
            log.error("%s wishes for %d/%d to %d, which is not kept any more", peer, epoch, first, last)
            return
        if rows[-1].sequence < last:
            stream.wished.insert(0, (epoch, rows[-1].sequence + 1, last))
        self._publish(peer, epoch, rows)

    def _publish(self, peer: str, epoch: int, rows: Sequence[Any]) -> None:
        node, user, key = self._link.node, self._link.user, self._link.key
        messages = [
            (key(peer, row.type), row.body,
             wire.encoded(Message(node, peer, epoch, row.sequence, row.event_id, row.type, b"", row.key_id,
                                  row.signature), user))
            for row in rows
        ]  # fmt: skip
        self._publisher.send(self._link.exchange, messages, WRITE)

    def _note(self, attempt: Attempt, peer: str, stream: Stream, due: bool) -> None:
        """Write down what the broker has confirmed, when it is due or was not for a while."""
        now = time.monotonic()
        if stream.connection != self._publisher.connection or not (due or now - stream.noted >= NOTE):
            return
        stream.noted = now
        reached = stream.confirmed
        while stream.open and stream.open[0][0] <= self._publisher.confirmed:
            reached = stream.open.popleft()[1]
        if reached > stream.confirmed:
            epoch, before = stream.epoch, stream.confirmed
            attempt(lambda work: work.write(_SENT, peer=peer, epoch=epoch, sent=reached, before=before))
            stream.confirmed = reached
            self._looked = float("-inf")

    def _turn(self, attempt: Attempt, peer: str, row: Any) -> bool:
        """Of an older epoch everything is applied: go on with the next. Answers whether there is one."""
        if row.epoch >= self._link.epoch:
            return False
        if row.applied < row.stored:
            return False
        found = self._database.read(_FOLLOWING, {"peer": peer, "epoch": row.epoch, "own": self._link.epoch})[0]
        attempt(lambda work: work.write(_TURN, peer=peer, epoch=row.epoch, following=found.following))
        self._looked = float("-inf")
        log.info("%s has all of epoch %d; on with %d", peer, row.epoch, found.following)
        return True


