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
from typing import Any

from chassis import metrics
from chassis.bus.base import Bus, Outgoing
from chassis.database import Database
from chassis.errors import Unavailable
from chassis.leader import Leadership
from contracts.routes import CONSUMERS

log = logging.getLogger(__name__)

BATCH = 500
_BUSY, _IDLE = 0.02, 0.1  # seconds between looks; writers of other processes cannot wake us
# Events of so many seconds get their places together: each placing is a commit, at this node and at every consumer.
_GATHER = 0.02

_PLACE = """
WITH todo AS (
  SELECT id, row_number() OVER (ORDER BY id) AS n
  FROM (SELECT id FROM event_log WHERE position IS NULL ORDER BY id LIMIT %s) AS unplaced
), head AS (
  UPDATE event_cursor SET position = position + (SELECT count(*) FROM todo), moved_at = clock_timestamp()
  WHERE reader = 'sequencer' AND EXISTS (SELECT FROM todo)
  RETURNING position - (SELECT count(*) FROM todo) AS base
)
UPDATE event_log SET position = head.base + todo.n FROM todo, head WHERE event_log.id = todo.id
"""
_UNSENT = """
SELECT position, type, body, recorded_at FROM event_log
WHERE position > (SELECT position FROM event_cursor WHERE reader = 'bus') ORDER BY position LIMIT %s
"""
_SENT = "UPDATE event_cursor SET position = %s, moved_at = clock_timestamp() WHERE reader = 'bus'"


class Relay:
    """The sequencer and the bus relay of one service's database."""

    def __init__(self, service: str, database: Database, bus: Bus) -> None:
        self._service = service
        self._bus = bus
        self._backoff = 0.0
        self._warned: set[str] = set()
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
        self._sequencer.wake()

    def _place(self, session: Any) -> float:
        with session.cursor() as cursor:
            cursor.execute(_PLACE, (BATCH,))
            placed: int = cursor.rowcount
        if placed:
            self._sender.wake()
        return 0.0 if placed == BATCH else _BUSY if placed else _IDLE

    def _send(self, session: Any) -> float:
        with session.cursor() as cursor:
            cursor.execute(_UNSENT, (BATCH,))
            rows = cursor.fetchall()
            if not rows:
                metrics.oldest_unsent(self._service, 0.0)
                return _IDLE
            started = time.monotonic()
            try:
                self._publish([Outgoing(row.type, row.body) for row in rows])
            except Unavailable as error:
                self._backoff = min(max(self._backoff * 2, 0.1), 5.0)
                metrics.oldest_unsent(self._service, time.time() - rows[0].recorded_at.timestamp())
                log.warning("%d or more events wait for the bus: %s", len(rows), error)
                return self._backoff
            cursor.execute(_SENT, (rows[-1].position,))
        self._backoff = 0.0
        metrics.events_sent(self._service, len(rows), time.monotonic() - started)
        metrics.oldest_unsent(self._service, 0.0)
        return 0.0 if len(rows) == BATCH else _BUSY

    def _publish(self, batch: list[Outgoing]) -> None:
        # A type that is routed to nobody stays in the log, for the log's other readers, and costs the broker nothing.
        wanted = [outgoing for outgoing in batch if CONSUMERS.get(outgoing.type) != ()]
        returned = set(self._bus.publish(wanted)) if wanted else set()
        for event_type in sorted(returned):
            metrics.events_unroutable(self._service, event_type)
            if CONSUMERS.get(event_type):
                raise Unavailable(f"no queue takes {event_type}, which has consumers")
            if event_type not in self._warned:
                self._warned.add(event_type)
                log.info("nobody consumes %s; it stays in the log", event_type)

