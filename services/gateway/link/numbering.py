"""From the services' event logs to the stream: what travels gets the next number, is signed, and is stored so.

Every service's log is read by its dense position, with a cursor of the line's own. What was numbered, the cursor and
the counts move in one transaction of the gateway's database. A restored place reads its logs again from where it still
knows what it sent, because the databases of its services may be from another moment than the gateway's: an event that
is in the stream already is known by its id.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any
from uuid import UUID

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from prometheus_client import Gauge
from sqlalchemy import ARRAY, Text, Uuid, bindparam, text

from chassis.config import Role
from chassis.database import Database, Each, Statement
from chassis.metrics import REGISTRY
from chassis.uow import UnitOfWork
from contracts import downward, upward
from rules.calendar import cairo_date
from rules.link import Message, sign
from services.gateway.link import counts, signing
from services.gateway.link.settings import LinkSettings

log = logging.getLogger(__name__)

BATCH = 500  # events of a log that are read at once, of no more bytes that travel, and the one that goes beyond
BYTES = 8 * 1024 * 1024
# What is not numbered yet has no place in the stream, so that no backlog tells of it.
_read_at = Gauge("shubbak_link_log_read_at_seconds", "When a service's log was last read and numbered without a fault",
                 ("service",), registry=REGISTRY)

# Only what travels is fetched whole; of the rest the type, so that what nobody decided about is noticed.
_EVENTS = Statement(
    text(
        "SELECT position, event_id, type, subject, occurred_at, body FROM (SELECT *, "
        "sum(coalesce(octet_length(body), 0)) OVER (ORDER BY position) - coalesce(octet_length(body), 0) AS before FROM"
        " (SELECT position, event_id, type, subject, occurred_at, CASE WHEN type = ANY(:travels) THEN body END AS body "
        "FROM event_log WHERE position > :after ORDER BY position LIMIT :size) AS following) AS counted "
        "WHERE before < :bytes ORDER BY position"
    ).bindparams(bindparam("travels", type_=ARRAY(Text)))
)
_HEAD = Statement(text("SELECT coalesce(max(position), 0) AS position FROM event_log"))
_SOURCE = Statement(text("SELECT epoch, position FROM link_source WHERE peer = :peer AND service = :service"))
_BEGIN = Statement(
    text("INSERT INTO link_source (peer, service, epoch, position) VALUES (:peer, :service, :epoch, 0) "
         "ON CONFLICT (peer, service) DO UPDATE SET epoch = :epoch, position = :position")
)
_MOVE = Statement(
    text("UPDATE link_source SET position = :position WHERE peer = :peer AND service = :service "
         "AND epoch = :epoch AND position = :before")
)
_OLDEST = Statement(text("SELECT min(stored_at) AS at FROM link_out WHERE peer = :peer AND sequence = "
                         "(SELECT min(sequence) FROM link_out WHERE peer = :peer AND epoch = "
                         "(SELECT min(epoch) FROM link_out WHERE peer = :peer))"))
_FIRST_KEPT = Statement(text("SELECT min(sequence) AS sequence FROM link_out WHERE peer = :peer AND epoch = "
                             "(SELECT min(epoch) FROM link_out WHERE peer = :peer)"))
_BEFORE = Statement(text("SELECT coalesce(max(position), 0) AS position FROM event_log WHERE recorded_at < :at"))
_LAST = Statement(text("SELECT max(sequence) AS sequence FROM link_out WHERE peer = :peer AND epoch = :epoch"))
_KNOWN = Statement(
    text("SELECT event_id FROM link_out WHERE peer = :peer AND event_id = ANY(:ids)").bindparams(
        bindparam("ids", type_=ARRAY(Uuid)))
)
_STORE = Each(
    "INSERT INTO link_out (peer, epoch, sequence, event_id, type, subject, occurred_at, body, key_id, signature, "
    "stored_at) SELECT * FROM {rows}",
    peer="text", epoch="integer", sequence="bigint", event_id="uuid", type="text", subject="uuid",
    occurred_at="timestamptz", body="bytea", key_id="text", signature="bytea", stored_at="timestamptz",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Read:
    """A batch of a service's log behind a position, and for whom each event is (downward.addressed)."""

    after: int
    events: Sequence[Any]
    to: Mapping[UUID, str | None]


class Numbering:
    """Numbers the logs of this place for its peers."""

    def __init__(self, link: LinkSettings, sources: Mapping[str, Database]) -> None:
        self._link = link
        self._sources = sources
        centre = link.role is Role.CENTRE
        self._travels = sorted(downward.DOWN if centre else upward.UP)
        self._project: Callable[[str, bytes, str], bytes | None] = downward.project if centre else _up
        self._centre = centre
        self._read: dict[tuple[str, str], int] = {}  # how far each log was read to its end, so that it is left alone
        self._counted: dict[str, date] = {}
        self._batch: _Read | None = None
        for service in sources:
            _read_at.labels(service).set_to_current_time()

    def step(self, attempt: Callable[[Callable[[UnitOfWork], int]], int], peers: Sequence[str]) -> bool:
        """Number a batch of each log for each peer. Answers whether there may be more. A log that cannot be read or
        numbered holds up no other; the first fault is raised at the end."""
        more = False
        faults: list[Exception] = []
        for service in self._sources:
            try:
                more = self._number_for_all(attempt, peers, service) or more
                _read_at.labels(service).set_to_current_time()
            except Exception as error:  # noqa: BLE001  (of whatever kind; it is raised below)
                faults.append(error)
        for peer in peers:
            attempt(partial(self._count, peer=peer))
        if faults:
            raise faults[0]
        return more

    def _number_for_all(
        self, attempt: Callable[[Callable[[UnitOfWork], int]], int], peers: Sequence[str], service: str
    ) -> bool:
        head = self._sources[service].read(_HEAD, {})[0].position
        more = False
        self._batch = None
        try:
            for peer in peers:
                if self._read.get((peer, service)) == head:
                    continue
                if attempt(partial(self._number, peer=peer, service=service, head=head)):
                    more = True
                else:
                    # Nothing beyond the head was there when the batch was read, or it is read next time.
                    self._read[peer, service] = head
        finally:
            self._batch = None
        return more

    def _behind(self, service: str, after: int) -> _Read:
        """The next batch of a service's log: read once for all peers of a round that stand at the same place."""
        if self._batch is None or self._batch.after != after:
            events = self._sources[service].read(
                _EVENTS, {"after": after, "travels": self._travels, "size": BATCH, "bytes": BYTES})
            to = {one.event_id: downward.addressed(one.type, bytes(one.body))
                  for one in events if self._centre and one.body is not None}  # fmt: skip
            self._batch = _Read(after, events, to)
        return self._batch

    def _number(self, work: UnitOfWork, peer: str, service: str, head: int) -> bool:
        """Number one batch of a service's log. Answers whether there is more of it."""
        row = work.first(_SOURCE, peer=peer, service=service)
        if row is None or row.epoch < self._link.epoch:
            self._begin(work, peer, service, row)
            return True
        if head < row.position:
            raise LookupError(f"the log of {service} ends at {head}, and {row.position} was numbered: it was restored, "
                              "and SHUBBAK_EPOCH was not raised")
        batch = self._behind(service, row.position)
        events = batch.events
        if not events:
            return False
        for event in events:
            if not (self._centre or event.type in upward.UP or event.type in upward.NOT_UP):
                raise LookupError(f"nobody decided whether {event.type} travels")
        travelling = [event for event in events if event.body is not None
                      and (not self._centre or batch.to[event.event_id] in (downward.ALL, peer))]  # fmt: skip
        known = {one.event_id for one in work.all(_KNOWN, peer=peer, ids=[event.event_id for event in travelling])
                 } if travelling else set()  # fmt: skip
        facts = []
        for event in travelling:
            body = None if event.event_id in known else self._project(event.type, bytes(event.body), peer)
            if body is not None:
                facts.append((event.event_id, event.type, event.subject, event.occurred_at, body))
        if facts:
            self._store(work, peer, facts)
        work.write(_MOVE, expect=1, peer=peer, service=service, epoch=self._link.epoch, before=row.position,
                   position=events[-1].position)  # fmt: skip
        return bool(events[-1].position < head)

    def _begin(self, work: UnitOfWork, peer: str, service: str, row: Any) -> None:
        """From the log's beginning at first. After a restore from the oldest that is still known to have been sent."""
        position = 0
        if row is not None:
            oldest = work.one(_OLDEST, peer=peer).at
            if oldest is not None and (work.scalar(_FIRST_KEPT, peer=peer) or 1) > 1:
                position = self._sources[service].read(_BEFORE, {"at": oldest})[0].position
            log.info("%s is read again from %d on for %s", service, position, peer)
        work.write(_BEGIN, peer=peer, service=service, epoch=self._link.epoch, position=position)

    def _store(self, work: UnitOfWork, peer: str, facts: Sequence[tuple[UUID, str, UUID, datetime, bytes]]) -> None:
        epoch = self._link.epoch
        last = work.scalar(_LAST, peer=peer, epoch=epoch) or 0
        key_id, private = signing.chosen(work, self._link, peer)
        for number, (event_id, event_type, subject, occurred, body) in enumerate(facts, last + 1):
            signature = signed(self._link.node, peer, epoch, number, event_id, event_type, body, key_id, private)
            work.write(_STORE, peer=peer, epoch=epoch, sequence=number, event_id=event_id, type=event_type,
                       subject=subject, occurred_at=occurred, body=body, key_id=key_id, signature=signature,
                       stored_at=work.now)  # fmt: skip
        counts.count(work, peer, "out", epoch, Counter((cairo_date(occurred), event_type)
                                                       for _, event_type, _, occurred, _ in facts))  # fmt: skip

    def _count(self, work: UnitOfWork, peer: str) -> int:
        """Once a day: tell the peer how many facts of the days before are in the stream. Answers how many days."""
        today = cairo_date(work.now)
        if self._counted.get(peer) == today:
            return 0
        work.after_commit(lambda: self._counted.update({peer: today}))  # a conflict asks again
        told = counts.due(work, peer, self._link.epoch)
        if told is None:
            return 0
        event_id, envelope = counts.envelope(work, self._link, peer, told)
        fact = orjson.loads(envelope)
        self._store(work, peer, [(event_id, fact["type"], UUID(fact["subject"]), work.now, envelope)])
        return len(told)


def signed(
    sender: str, receiver: str, epoch: int, sequence: int, event_id: UUID, event_type: str, body: bytes, key_id: str,
    private: Ed25519PrivateKey,
) -> bytes:  # fmt: skip
    """The signature of a message of the stream."""
    return sign(Message(sender, receiver, epoch, sequence, event_id, event_type, body, key_id, b""), private)


def _up(event_type: str, envelope: bytes, peer: str) -> bytes | None:
    return upward.project(event_type, envelope)
