"""From the event log to the bus.

The **sequencer** gives committed events their dense position, in the order of their ids: an event of an aggregate is
visible only when its predecessors are, so order per aggregate holds, and a reader's cursor over positions never skips
(measured: `id > cursor` across concurrent writers never sent 1,465 of 9,000). The **relay** is the first such reader:
it sends what lies beyond its cursor in batches, waits for all confirms, then moves the cursor. A crash between the two
sends a batch again; the inboxes know it. Sequencer and relay lead separately, so that a bus that hangs holds up no
other reader.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import ARRAY, Text, bindparam, text

from chassis import metrics
from chassis.bus.base import Bus, Outgoing
from chassis.database import Database, Statement, execute
from chassis.errors import Unavailable
from chassis.leader import Leadership
from contracts.routes import CONSUMERS

log = logging.getLogger(__name__)

BATCH = 500
_BUSY, _IDLE = 0.05, 0.1  # seconds between looks; writers of other processes cannot wake us
# Events of so many seconds get their places together: each placing is a commit, at this node and at every consumer.
_GATHER = 0.04

# A leader's plans outlive the day on which the log was empty: they are to go by the index from the first.
_BY_INDEX = "SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off"
_ANY_UNPLACED = Statement(text("SELECT FROM event_log WHERE position IS NULL LIMIT 1"))
_PLACE = Statement(
    text(
        "WITH todo AS (SELECT id, row_number() OVER (ORDER BY id) AS n "  # noqa: S608
        f"FROM (SELECT id FROM event_log WHERE position IS NULL ORDER BY id LIMIT {BATCH}) AS unplaced), "
        "head AS (UPDATE event_cursor SET position = position + (SELECT count(*) FROM todo), "
        "moved_at = clock_timestamp() WHERE reader = 'sequencer' AND EXISTS (SELECT FROM todo) "
        "RETURNING position - (SELECT count(*) FROM todo) AS base) "
        "UPDATE event_log SET position = head.base + todo.n FROM todo, head WHERE event_log.id = todo.id"
    )
)
# What is routed to nobody stays in the log, for the log's other readers: of it the bus's reader wants no body.
_UNSENT = Statement(
    text(
        "SELECT position, type, recorded_at, CASE WHEN type <> ALL (:unrouted) THEN body END AS body "  # noqa: S608
        "FROM event_log WHERE position > (SELECT position FROM event_cursor WHERE reader = 'bus') "
        f"ORDER BY position LIMIT {BATCH}"
    ).bindparams(bindparam("unrouted", type_=ARRAY(Text)))
)
_SENT = Statement(
    text("UPDATE event_cursor SET position = :position, moved_at = clock_timestamp() WHERE reader = 'bus'")
)
_UNROUTED = [event_type for event_type, consumers in CONSUMERS.items() if not consumers]


class Relay:
    """The sequencer and the bus relay of one service's database."""

    def __init__(self, service: str, database: Database, bus: Bus) -> None:
        self._service = service
        self._bus = bus
        self._backoff = 0.0
        self._warned: set[str] = set()
        self._written = True
        self._sequencer = Leadership(database, "sequencer", self._place, gather=_GATHER)
        self._sender = Leadership(database, "relay", self._send)

    @property
    def leaders(self) -> tuple[Leadership, Leadership]:
        return self._sequencer, self._sender

    def start(self) -> None:
        self._sequencer.start()
        self._sender.start()

    def stop(self) -> None:
        self._sequencer.stop()
        self._sender.stop()

    def wake(self) -> None:
        """An event was committed by this process."""
        self._written = True
        self._sequencer.wake()

    def _place(self, session: Any) -> float:
        written, self._written = self._written, False
        with _planned(session) as cursor:
            if not written:
                execute(cursor, _ANY_UNPLACED)
                if not cursor.rowcount:
                    return _IDLE
            execute(cursor, _PLACE)
            placed: int = cursor.rowcount
        if placed:
            self._sender.wake()
        return 0.0 if placed == BATCH else _BUSY if placed else _IDLE

    def _send(self, session: Any) -> float:
        with _planned(session) as cursor:
            execute(cursor, _UNSENT, unrouted=_UNROUTED)
            rows = cursor.fetchall()
            if not rows:
                metrics.oldest_unsent(self._service, 0.0)
                return _IDLE
            started = time.monotonic()
            try:
                self._publish([Outgoing(row.type, row.body) for row in rows if row.body is not None])
            except Unavailable as error:
                self._backoff = min(max(self._backoff * 2, 0.1), 5.0)
                metrics.oldest_unsent(self._service, time.time() - rows[0].recorded_at.timestamp())
                log.warning("%d or more events wait for the bus: %s", len(rows), error)
                return self._backoff
            execute(cursor, _SENT, position=rows[-1].position)
        self._backoff = 0.0
        metrics.events_sent(self._service, len(rows), time.monotonic() - started)
        metrics.oldest_unsent(self._service, 0.0)
        return 0.0 if len(rows) == BATCH else _BUSY

    def _publish(self, batch: list[Outgoing]) -> None:
        returned = set(self._bus.publish(batch)) if batch else set()
        for event_type in sorted(returned):
            metrics.events_unroutable(self._service, event_type)
            if CONSUMERS.get(event_type):
                raise Unavailable(f"no queue takes {event_type}, which has consumers")
            if event_type not in self._warned:
                self._warned.add(event_type)
                log.info("nobody consumes %s; it stays in the log", event_type)


@contextmanager
def _planned(session: Any) -> Iterator[Any]:
    """A cursor of a leader's session, which is told once how to plan."""
    with session.cursor() as cursor:
        if not session.prepared:
            cursor.execute(_BY_INDEX)
        yield cursor
