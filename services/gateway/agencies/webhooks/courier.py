"""One subscription's deliveries: who is next, who waits behind whom, how many at once.

Events of one request go one after the other; a failed one gets a row in `delivery`, and later ones of its request wait
behind it there while all others go on. A receiver that fails again and again is left alone by its circuit: nothing more
of the feed is read for it, so that its backlog stays in the feed.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from rules import webhook
from rules.webhook import Circuit, Signer
from services.gateway.agencies import feed, metrics
from services.gateway.agencies.feed import Entry
from services.gateway.agencies.terms import Terms
from services.gateway.agencies.webhooks import ledger
from services.gateway.agencies.webhooks.ledger import Job, Ledger, Notes
from services.gateway.agencies.webhooks.wire import Answer, Wire

log = logging.getLogger(__name__)

WINDOW = 1000
"""Events of one subscription in memory, at most."""
WINDOW_BYTES = 16 * 1024 * 1024
PAGE = 500
LOOK_AGAIN = 1.0  # seconds between looks for rows that are due
LANES_AGAIN = 2.0  # … and for what operators did with dead letters
WRITE_EVERY, PLACE_EVERY = 0.2, 1.0  # seconds between writings: of what happened, of the place alone
WRITE_AT = 200  # deliveries after which it does not wait: so many are repeated by a process that was killed


class Courier:
    """Of one active subscription. `turn` is called by the engine alone, again and again; deliveries run beside it."""

    def __init__(self, row: Any, held: Ledger, circuit: Circuit, signer: Signer, wire: Wire, *,
                 room: threading.Semaphore, share: threading.Semaphore, clock: Callable[[], datetime],
                 alive: Callable[[], bool]) -> None:
        self.row = row
        self.id: UUID = row.id
        self._ledger = held
        self._circuit = circuit
        self._signer = signer
        self._wire = wire
        self._terms = Terms(row)
        self._room, self._share = room, share  # of all agencies, and of this one
        self._clock = clock
        self._alive = alive
        self._lock = threading.RLock()
        self._fresh: deque[Job] = deque()  # may go now
        self._again: deque[Job] = deque()  # the same, of those with rows
        self._busy_lanes: dict[UUID, deque[Job]] = {}  # in flight, with who waits behind
        self._in_hand: set[int] = set()  # positions of rows that are here
        self._bytes = 0
        self._flying = 0
        self._looked = self._looked_at_lanes = self._wrote = float("-inf")
        self._unwritten: tuple[Notes, int] | None = None
        self.gone = False
        self.stopping = False

    # -- the engine's side ------------------------------------------------------------------------------------------

    @property
    def flying(self) -> int:
        """Deliveries under way."""
        return self._flying

    @property
    def busy(self) -> bool:
        """Whether any is."""
        return self._flying > 0

    def turn(self, work: Callable[[], Any], read: Callable[[Any, int, int], list[Entry]], head: int) -> bool:
        """Read on, take up what is due, let deliveries begin. True when there is more to read at once."""
        now = self._clock()
        if self.stopping or self.gone or not self._terms.hold(now):
            return False
        self._take_up(work, now)
        more = False
        with self._lock:
            lets = self._circuit.lets(now)
            room = (len(self._fresh) + self._ledger.open < WINDOW and self._bytes < WINDOW_BYTES
                    and self._ledger.scanned < head and (lets == "all" or not self._ledger.open))  # fmt: skip
        if room:
            unit = work()
            entries = read(unit, self._ledger.scanned, PAGE)
            with self._lock:
                for entry in entries:
                    self._take(entry)
                more = len(entries) == PAGE and self._ledger.open < WINDOW
        self._begin()
        return more

    def write(self, commit: Callable[[Callable[[Any], None]], None], *, now: bool = False) -> bool:
        """Write down what happened since, if it is time. Raises Conflict when somebody else is in charge, and
        Unavailable, after which the same is written at the next call."""
        with self._lock:
            at = time.monotonic()
            if self._unwritten is None:
                notes, reached = self._ledger.notes, self._ledger.reached
                pause = 0.0 if notes.delivered >= WRITE_AT else WRITE_EVERY if notes.any else PLACE_EVERY
                if not (notes.any or reached != self._ledger.written) or (not now and at - self._wrote < pause):
                    return False
                # Kept until it is certain that it stands: a database that was away gets the same once more.
                self._ledger.notes, self._unwritten = Notes(), (notes, reached)
            notes, reached = self._unwritten
            failures, open_until = self._circuit.failures, self._circuit.open_until
        commit(lambda unit: self._ledger.write(unit, notes, reached, failures, open_until))
        with self._lock:
            self._unwritten, self._wrote = None, at
            self._ledger.written = reached
            self._in_hand.difference_update(notes.done, notes.changed)
            if notes.healed or notes.done:
                self._looked = float("-inf")
        return True

    def lay_aside(self) -> None:
        """Nothing more is delivered here: what others went past is left to whoever comes next."""
        with self._lock:
            waiting = (job for lane in self._busy_lanes.values() for job in lane)
            self._ledger.laid_aside([*self._fresh, *waiting], self._clock())

    def close(self) -> None:
        self._wire.close()

    # -- taking up --------------------------------------------------------------------------------------------------

    def _take(self, entry: Entry) -> None:
        cut = None if self._ledger.has_row(entry.position) else self._terms.take(entry)
        self._ledger.read(entry.position, taken=cut is not None)
        if cut is None:
            return
        headers, body = cut.written(self.row.mode)
        job = Job(entry.position, entry.id, entry.node, entry.type, cut.lane, entry.received_at, headers, body)
        if cut.lane in self._ledger.lanes:
            self._ledger.behind(job)
        elif cut.lane in self._busy_lanes:
            self._busy_lanes[cut.lane].append(job)
            self._bytes += len(body)
        else:
            self._busy_lanes[cut.lane] = deque()
            self._fresh.append(job)
            self._bytes += len(body)

    def _take_up(self, work: Callable[[], Any], now: datetime) -> None:
        """Rows whose time has come."""
        at = time.monotonic()
        mine = {"subscription_id": self.id}
        if self._ledger.lanes and at - self._looked_at_lanes >= LANES_AGAIN and self._unwritten is None:
            self._looked_at_lanes = at
            rows = work().all(ledger.LANES, **mine)
            with self._lock:
                self._ledger.found(rows)
        if at - self._looked < LOOK_AGAIN or not self._ledger.lanes or self._circuit.lets(now) == "none":
            return
        self._looked = at
        unit = work()
        rows = [row for row in unit.all(ledger.DUE, **mine, now=now, size=PAGE) if row.position not in self._in_hand]
        if not rows:
            return
        lanes = {row.lane: row.position for row in reversed(rows) if row.lane not in self._busy_lanes}
        behind = unit.all(ledger.FOLLOWERS, **mine, lanes=list(lanes), size=PAGE) if lanes else []
        entries = feed.these(unit, [row.position for row in (*rows, *behind)])
        with self._lock:
            for row in rows:
                job = self._job(row, entries.get(row.position))
                if job is not None:
                    if lanes.get(row.lane) == row.position:
                        self._busy_lanes[row.lane] = deque()
                    self._again.append(job)
            for row in behind:
                waiting = self._busy_lanes.get(row.lane)
                if waiting is not None and row.position > lanes[row.lane]:
                    job = self._job(row, entries.get(row.position))
                    if job is not None:
                        waiting.append(job)

    def _job(self, row: Any, entry: Entry | None) -> Job | None:
        """What a row says is to be delivered; None when it is in hand, or is to be delivered no more."""
        if row.position in self._in_hand:
            return None
        cut = self._terms.take(entry) if entry is not None else None
        job = Job(row.position, row.event_id, row.node, row.type, row.lane, row.received_at, {}, b"", True,
                  row.attempts, row.first_at)  # fmt: skip
        self._in_hand.add(row.position)
        if cut is None:  # no longer kept, or no longer agreed
            log.info("a delivery is dropped: the feed or the agreement has it no more",
                     extra={"subscription": str(self.id), "event": str(row.event_id)})
            self._ledger.settled(job)
            return None
        job.headers, job.body = cut.written(self.row.mode)
        self._bytes += len(job.body)
        return job

    # -- delivering -------------------------------------------------------------------------------------------------

    def _allowed(self, now: datetime) -> int:
        if self.stopping or self.gone or not self._alive():
            return 0
        lets = self._circuit.lets(now)
        return self.row.at_once if lets == "all" else 1 if lets == "one" else 0

    def _begin(self) -> None:
        with self._lock:
            wanted = min(len(self._fresh) + len(self._again), self._allowed(self._clock()) - self._flying)
            self._flying += max(wanted, 0)
        for _ in range(wanted):
            threading.Thread(target=self._deliver, name=f"webhook-{self.row.agency_code}", daemon=True).start()

    def _deliver(self) -> None:
        """Deliver one after the other while there are some and the circuit lets."""
        try:
            while True:
                with self._lock:
                    # The own place is not counted: it is the one to be filled again.
                    if self._flying > self._allowed(self._clock()) or not (self._again or self._fresh):
                        return
                    job = self._next()
                with self._share, self._room:
                    now = self._clock()
                    headers = self._signer.headers(str(job.event_id), int(now.timestamp()), job.body)
                    answer = self._wire.send({**job.headers, **headers}, job.body)
                with self._lock:
                    self._settle(job, answer, now)
        except Exception:
            log.exception("a delivery failed in an unforeseen way", extra={"subscription": str(self.id)})
            self.stopping = True  # the engine makes a new one, which begins from what is written
        finally:
            with self._lock:
                self._flying -= 1

    def _next(self) -> Job:
        """Rows first. Of a receiver that is only tried, by turns: neither may one event that it never takes keep it
        shut, nor may each try lay another event aside."""
        fresh = self._circuit.open_until is not None and self._circuit.failures % 2 == 0
        first, then = (self._fresh, self._again) if fresh else (self._again, self._fresh)
        return first.popleft() if first else then.popleft()

    def _settle(self, job: Job, answer: Answer, begun: datetime) -> None:
        now = self._clock()
        meaning = webhook.meaning(answer.status)
        metrics.attempt(self.row.agency_code, meaning, answer.seconds, now - job.received_at)
        self._bytes -= len(job.body)
        was_open = self._circuit.open_until is not None
        self._circuit = self._circuit.after(meaning == "taken", now)
        self._ledger.notes.healed |= was_open and self._circuit.open_until is None
        if meaning == "taken":
            self._ledger.delivered(job, now)
        else:
            error = answer.error or f"HTTP {answer.status}"
            self.gone = self.gone or meaning == "gone"
            job.attempts += 1
            job.first_at = job.first_at or begun
            next_at = webhook.next_attempt(job.first_at, now, job.attempts, random.random(), answer.retry_after)
            self._ledger.failed(job, now, next_at, answer.status, error)
        self._let_next(job, blocked=meaning != "taken")

    def _let_next(self, job: Job, *, blocked: bool) -> None:
        """Of the job's lane: the next one, or all of them behind the row that it has now."""
        waiting = self._busy_lanes.get(job.lane)
        if waiting is None:
            return
        if blocked or not waiting or (not job.kept and job.lane in self._ledger.lanes):
            del self._busy_lanes[job.lane]
            for one in waiting:
                self._bytes -= len(one.body)
                if one.kept:
                    self._in_hand.discard(one.position)  # its row says that it waits
                else:
                    self._ledger.behind(one)
        else:
            following = waiting.popleft()
            (self._again if following.kept else self._fresh).append(following)
