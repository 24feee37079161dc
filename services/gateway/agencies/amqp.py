"""The AMQP way: each agency's events into its own queue at the centre's broker (virtual host `agencies`).

One courier a subscription, one connection an agency, so that a full queue refuses its own messages and holds up nobody.
Events of one request go one after the other: the next is sent when the broker has the one before, so that whatever is
sent again comes before its successors. What a full queue refuses stays in the feed and follows when there is room;
nothing is dropped. `step` never waits.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID

import orjson

from chassis.bus.acknowledged import Acknowledged, Fate, Letter
from chassis.bus.streams import properties
from chassis.config import Role, Settings
from chassis.errors import ConfigurationError, Conflict, Unavailable
from chassis.events import MEDIA_TYPE
from contracts.asyncapi import EXCHANGE
from rules.webhook import Circuit
from services.gateway.agencies import subscriptions
from services.gateway.agencies.keeper import Keeper, Read
from services.gateway.agencies.terms import Terms
from services.gateway.agencies.webhooks.ledger import Job, Ledger, Notes
from services.gateway.link import settings as line

log = logging.getLogger(__name__)

WINDOW = 1000
"""Events of one subscription that are read and not yet confirmed, at most."""
PAGE = 500
IN_FLIGHT = 200
IDLE, IDLEST = 0.05, 1.0
"""How often the feed's head is looked at, for all couriers together: at first, and when nothing came for a while."""
WRITE_EVERY = 0.5
WORDS: dict[Fate, str] = {
    "refused": "الطابور ممتلئ · the queue is full",
    "nowhere": "لا يوجد طابور لهذه الجهة · the agency has no queue: declare-centre",
    "lost": "انقطع الاتصال بالوسيط · the broker's connection was lost",
}

def address(settings: Settings) -> str | None:
    """Where the agencies' queues stand: AGENCIES_URL, or at the centre the line's broker; None where there is none."""
    given = settings.env("AGENCIES_URL")
    if given or settings.role is not Role.CENTRE or not line.linked(settings):
        return given
    return urlunsplit(urlsplit(settings.env("LINK_URL") or "")._replace(path="/agencies"))


def check(settings: Settings) -> None:
    """Whether the broker's address and certificate can be used, at start. Raises ConfigurationError."""
    url = address(settings)
    try:
        if url:
            line.connection(settings, url)
    except OSError as error:
        raise ConfigurationError(f"the certificate for the agencies' broker: {error}") from error


@dataclass
class Courier:
    """One subscription: what was read of the feed and is not confirmed, by lane, in order."""

    row: Any
    held: Ledger
    circuit: Circuit
    publisher: Acknowledged

    def __post_init__(self) -> None:
        self.terms = Terms(self.row)
        self.lanes: dict[UUID, deque[Job]] = {}
        self.ready: deque[Job] = deque()
        self.flying: dict[str, Job] = {}
        self.wrote = float("-inf")
        self.stopping = False
        self._seen = -1  # nothing up to here is left to read

    @property
    def busy(self) -> bool:
        """What is not confirmed is sent again by the next: nothing is waited for."""
        return False

    def close(self) -> None:
        self.publisher.stop()

    def turn(self, make: Callable[[], Any], read: Read, head: int) -> bool:
        """Read on, where the feed's `head` lies beyond what was read, and send what may go. True when there is more to
        do at once."""
        unit = make()
        if not self.publisher.up or not self.terms.hold(unit.now) or self.circuit.lets(unit.now) == "none":
            return False
        more = False
        if self.held.open < WINDOW and self._seen < head:
            entries = read(unit, self.held.scanned, PAGE)
            for entry in entries:
                cut = self.terms.take(entry)
                self.held.read(entry.position, taken=cut is not None)
                if cut is not None:
                    self._queue(Job(entry.position, entry.id, entry.node, entry.type, cut.lane, entry.received_at, {},
                                    orjson.dumps(cut.envelope)))  # fmt: skip
            more = len(entries) == PAGE
            self._seen = self.held.scanned if more else head
        # A queue that was full is tried with one.
        allowed = (IN_FLIGHT if self.circuit.lets(unit.now) == "all" else 1) - len(self.flying)
        going = [self.ready.popleft() for _ in range(min(allowed, len(self.ready)))]
        if going:
            self.flying.update({str(job.event_id): job for job in going})
            try:
                self.publisher.send(EXCHANGE, [self._letter(job) for job in going])
            except Unavailable as error:
                log.info("the agencies' broker is away: %s", error)
        return more or bool(going)

    def settle(self, fates: list[tuple[str, Fate]], now: datetime) -> None:
        """The broker told what became of some. However many it refused together, that is one failure: it is one queue
        that is full."""
        taken, wrong = False, None
        for token, fate in fates:
            job = self.flying.pop(token, None)
            if job is None:
                continue
            if fate == "taken":
                taken = True
                self.held.delivered(job, now)
                self._let_next(job.lane)
            else:
                wrong = fate
                self.ready.appendleft(job)
        if taken:
            self.circuit = self.circuit.after(True, now)
        if wrong is not None:
            notes = self.held.notes
            notes.failed, notes.failed_at, notes.failure = notes.failed + 1, now, WORDS[wrong]
            if wrong != "lost":
                self.circuit = self.circuit.after(False, now)

    def write(self, make: Callable[[], Any], *, now: bool = False) -> None:
        """Write down how far it is, if it is time. Raises Conflict when another process has taken over, or the place
        was moved, and Unavailable."""
        at, notes, reached = time.monotonic(), self.held.notes, self.held.reached
        if not (notes.any or reached != self.held.written) or (not now and at - self.wrote < WRITE_EVERY):
            return
        unit = make()
        self.held.write(unit, notes, reached, self.circuit.failures, self.circuit.open_until)
        unit.commit()
        self.held.notes, self.held.written, self.wrote = Notes(), reached, at

    def _let_next(self, lane: UUID) -> None:
        if self.lanes[lane]:
            self.ready.append(self.lanes[lane].popleft())
        else:
            del self.lanes[lane]

    def _queue(self, job: Job) -> None:
        if job.lane in self.lanes:
            self.lanes[job.lane].append(job)
        else:
            self.lanes[job.lane] = deque()
            self.ready.append(job)

    def _letter(self, job: Job) -> Letter:
        encoded = properties(
            message_id=str(job.event_id), type=job.type, content_type=MEDIA_TYPE, content_encoding="utf-8",
            delivery_mode=2, application_headers={"subscription": str(self.row.id)})  # fmt: skip
        return Letter(str(job.event_id), f"{self.row.agency_code}.{job.type}", job.body, encoded)


class Couriers(Keeper[Courier]):
    """All of one process, which leads while `step` is called again and again."""

    way = subscriptions.AMQP

    def __init__(self, settings: Settings, make: Callable[[], Any]) -> None:
        super().__init__(make)
        self._url = address(settings)
        self._options = line.connection(settings, self._url) if self._url else {}
        self._asked = float("-inf")
        self._newest, self._idle = 0, IDLE

    def step(self) -> bool:
        return super().step() if self._url else False

    def stop(self) -> None:
        """Write down what is known and let go; what is not confirmed is sent again by the next."""
        for courier in self._of.values():
            try:
                self._write(courier)
            except (Conflict, Unavailable) as error:
                log.warning("the place of %s is not written down: %s", courier.row.agency_code, error)
        self._drop(*self._of)

    def _head(self) -> int:
        """The feed's head, looked at less and less often while nothing comes."""
        at = time.monotonic()
        if at - self._asked >= self._idle:
            head = super()._head()
            self._idle = IDLE if head != self._newest else min(self._idle * 2, IDLEST)
            self._newest, self._asked = head, at
        return self._newest

    def _turn(self, key: UUID, courier: Courier, read: Read, head: int) -> bool:
        courier.settle(courier.publisher.fates(), self._make().now)
        more = courier.turn(self._make, read, head)
        courier.write(self._make)
        return more

    def _write(self, courier: Courier) -> None:
        courier.write(self._make, now=True)

    def _courier(self, row: Any, progress: Any) -> Courier:
        publisher = Acknowledged(self._url or "", f"agency.{row.agency_code}", self._options)
        made = Courier(row, Ledger(row.id, self._run, progress, {}), Circuit(progress.failures, progress.open_until),
                       publisher)  # fmt: skip
        publisher.start()
        self._asked = float("-inf")  # it may stand before the head that is known
        return made
