"""What comes in: proved, put in its place, applied; each batch in one transaction of the gateway's database.

That moves the marks, appends the log, keeps what came too early, and runs the appliers. What an applier cannot take is
parked with its place, and the rest of the batch goes on without it: facts carry the state, so that the next of the same
thing makes up for it. When the database refuses the whole, every message is applied in a transaction of its own.
"""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import text

from chassis import events
from chassis.bus.streams import Delivery
from chassis.database import Statement
from chassis.errors import Conflict, Unavailable
from chassis.uow import UnitOfWork
from contracts.events import Event
from contracts.link import COUNTED
from contracts.received import KEY_ISSUED
from rules.calendar import cairo_date
from rules.link import CONTROL, Key, Mark, Message, genuine, placed, signed_by, spoken
from services.gateway.link import counts, peers, wire
from services.gateway.link.arrival import Applier, Arrival
from services.gateway.link.holding import FOLLOWING, Waiting
from services.gateway.link.log import Line, append, bodies, digests, head
from services.gateway.link.parking import Parked, park
from services.gateway.link.proving import Proving, Signed
from services.gateway.link.reading import Refused, event_of
from services.gateway.link.settings import LinkSettings

log = logging.getLogger(__name__)

READ_AHEAD = 64 * 1024  # bytes of a body; what is read of a larger one takes up memory only in its turn
AT_ONCE = 20  # messages that are proved and read before others are let run: a millisecond's work

_MARK = Statement(
    text("INSERT INTO link_mark (peer, epoch, applied, backed_up) VALUES (:peer, :epoch, :applied, 0)")
)
_MOVE = Statement(
    text("UPDATE link_mark SET applied = :applied WHERE peer = :peer AND epoch = :epoch AND applied = :before")
)
Attempt = Callable[[Callable[[UnitOfWork], Any]], Any]


@dataclass(slots=True)
class _Read:
    """A message in its place, and why it has no effect, if so."""

    message: Message
    event: Event | None
    reason: str | None
    detail: str


@dataclass
class Batch:
    """Deliveries read: the messages of each peer in their order, and what is none. Of the `proved` it is known which
    public key signed them; whether that key may is asked when they take effect. `awaited` answers what is proved
    elsewhere. `events` is what could be read ahead, by the message's identity in memory."""

    by_peer: dict[str, list[Message]]
    strange: list[Parked]
    proved: set[Signed] = field(default_factory=set)
    awaited: Callable[[], Sequence[Signed]] | None = None
    events: dict[int, Event | Refused] = field(default_factory=dict)

    def settle(self) -> None:
        """Wait for what is proved elsewhere."""
        awaited, self.awaited = self.awaited, None
        if awaited is not None:
            self.proved.update(awaited())


_NOTHING = Batch({}, [])


@dataclass
class Taken:
    """What became of a batch: how many took effect, and what the peers said about the line itself."""

    applied: int = 0
    known: int = 0
    control: list[Message] = field(default_factory=list)
    peers: set[str] = field(default_factory=set)


class Receiving:
    """Takes what comes from all peers of this place."""

    def __init__(self, link: LinkSettings, appliers: Sequence[Applier], proving: Proving | None = None) -> None:
        self._link = link
        self._appliers = tuple(appliers)
        self._proving = proving
        self._known: dict[str, Mapping[str, Key]] = {}  # keys of each peer as they were last read
        self._waiting = Waiting(link.node)

    def take(self, attempt: Attempt, deliveries: Sequence[Delivery]) -> Taken:
        """Let a batch take effect. When this returns it may be acknowledged; when it raises it may not."""
        return self.apply(attempt, self.read(deliveries))

    def read(self, deliveries: Sequence[Delivery]) -> Batch:
        """What is in deliveries. Nothing takes effect yet. By the keys that were known last, helpers begin to prove the
        signatures."""
        by_peer: dict[str, list[Message]] = defaultdict(list)
        strange: list[Parked] = []
        for delivery in deliveries:
            one = wire.read(delivery)
            if isinstance(one, wire.Strange):
                strange.append(Parked.strange(one))
            else:
                by_peer[wire.proved_sender(delivery)].append(one)
        batch = Batch(by_peer, strange)
        if self._proving is not None:
            batch.awaited = self._proving.begin(list(self._claimed(batch)))
        return batch

    def _claimed(self, batch: Batch) -> Iterator[Signed]:
        for peer, messages in batch.by_peer.items():
            keys = self._known.get(peer, {})
            for message in messages:
                key = keys.get(message.key_id)
                if key is not None:
                    yield message, key.public

    def ahead(self, batch: Batch, give_way: Callable[[], None]) -> None:
        """Do what can be done of a batch while the one before it is on its way into the database: prove signatures that
        no helper proves, and read what is in the messages. Every now and then others are let run."""
        if batch.awaited is None:
            for number, (message, public) in enumerate(self._claimed(batch), 1):
                if signed_by(message, public):
                    batch.proved.add((message, public))
                if number % AT_ONCE == 0:
                    give_way()
        for messages in batch.by_peer.values():
            for number, message in enumerate(messages, 1):
                self._read_ahead(batch, message)
                if number % AT_ONCE == 0:
                    give_way()

    def _read_ahead(self, batch: Batch, message: Message) -> None:
        if message.type.startswith(CONTROL) or len(message.body) > READ_AHEAD:
            return
        try:
            batch.events[id(message)] = self._event(message)
        except Exception as error:  # noqa: BLE001  (nobody has proved yet that it is to be read at all)
            log.info("message %d/%d of %s is read in its turn: %s", message.epoch, message.sequence, message.sender,
                     error)  # fmt: skip

    def apply(self, attempt: Attempt, batch: Batch) -> Taken:
        """As `take`, of a batch that was read."""
        told = Taken()
        batch.settle()
        if batch.strange:
            attempt(lambda work: park(work, batch.strange))
        for peer, messages in batch.by_peer.items():
            told.peers.add(peer)
            self._take_of(attempt, peer, messages, batch, told)
        return told

    def _take_of(
        self, attempt: Attempt, peer: str, messages: Sequence[Message], batch: Batch, told: Taken
    ) -> None:  # fmt: skip
        stream = [one for one in messages if not one.type.startswith(CONTROL)]
        said = [one for one in messages if one.type.startswith(CONTROL)]
        if said:
            told.control += attempt(lambda work: self._prove_control(work, peer, said))
        self._take_stream(attempt, peer, stream, batch, told)
        alone = 0  # after a refusal: as many as were tried with the one that was refused
        while not self._waiting.nothing(peer) and (ready := attempt(partial(self._waiting.ready, peer=peer))):
            before = told.applied
            if alone:
                alone -= 1
                self._one_by_one(attempt, peer, ready, told)
            elif not self._take_stream(attempt, peer, ready, _NOTHING, told):
                alone = FOLLOWING
            if told.applied == before:
                break

    def _take_stream(
        self, attempt: Attempt, peer: str, stream: Sequence[Message], batch: Batch, told: Taken
    ) -> bool:
        """Whether all of it was taken as a whole; else it was taken one by one."""
        whole = True
        while stream:
            try:
                applied, known, stream = attempt(partial(self._apply, peer=peer, stream=stream, batch=batch))
            except (Conflict, Unavailable):  # nothing is wrong with the messages: they come again
                raise
            except Exception as error:  # noqa: BLE001  (whatever an applier raises; each message is tried alone now)
                log.warning("a batch of %d from %s is applied one by one: %s", len(stream), peer, error)
                whole = False
                self._one_by_one(attempt, peer, stream, told)
                break
            told.applied += applied
            told.known += known
        return whole

    def _one_by_one(self, attempt: Attempt, peer: str, stream: Sequence[Message], told: Taken) -> None:
        for message in stream:
            run = partial(self._apply, peer=peer, stream=[message], alone=True)
            try:
                applied, known, _ = attempt(run)
            except (Conflict, Unavailable):
                raise
            except Exception as error:
                log.exception("message %d/%d of %s is parked", message.epoch, message.sequence, peer)
                applied, known, _ = attempt(partial(run, refused=f"{type(error).__name__}: {error}"))
            told.applied += applied
            told.known += known

    def _prove_control(self, work: UnitOfWork, peer: str, said: Sequence[Message]) -> list[Message]:
        keys = peers.keys(work, peer)
        proved, wrong = [], []
        for message in said:
            reason = spoken(message, peer, self._link.node, keys)
            if reason is None:
                proved.append(message)
            else:
                wrong.append(Parked.of(message, peer, reason))
        if wrong:
            park(work, wrong)
        return proved

    def _apply(
        self, work: UnitOfWork, peer: str, stream: Sequence[Message], *, refused: str | None = None,
        alone: bool = False, batch: Batch | None = None,
    ) -> tuple[int, int, Sequence[Message]]:  # fmt: skip
        """Gather what messages of a peer change, which are of a batch, and with them what waited behind them unless
        they are to be taken alone. With `refused` what they bring takes no effect, for that reason. Answers how many
        messages took their place, how many were known, and what is to be judged again by then: what stands behind a
        message about keys."""
        batch = batch or _NOTHING
        parked: list[Parked] = []
        self._known[peer] = peers.keys(work, peer)
        real = self._genuine(peer, stream, batch.proved, parked)
        marks = peers.marks(work, peer)
        repeats = [one for one in real if one.sequence <= marks.get(one.epoch, Mark(one.epoch)).applied]
        standing = digests(work, peer, self._link.node, repeats)
        held = self._waiting.behind(work, peer, real, marks, alone=alone)
        done = placed(real, marks, standing, held, (KEY_ISSUED.name,))
        parked += [Parked.of(one, peer, reason) for one, reason in done.park]
        self._effect(work, peer, done.apply, parked, refused, batch.events)
        self._mark(work, peer, marks, done.moved)
        self._waiting.let_go(work, peer, [one for one in done.apply if (one.epoch, one.sequence) in held])
        self._waiting.hold(work, peer, done.hold)
        if parked:
            park(work, parked)
        return len(done.apply), done.known, done.rest

    def _genuine(
        self, peer: str, stream: Sequence[Message], proved: Collection[Signed], parked: list[Parked]
    ) -> list[Message]:
        real = []
        for message in stream:
            reason = genuine(message, peer, self._link.node, self._known[peer], proved)
            if reason is None:
                real.append(message)
            else:
                parked.append(Parked.of(message, peer, reason))
        return real

    def _effect(
        self, work: UnitOfWork, peer: str, apply: Sequence[Message], parked: list[Parked], refused: str | None,
        events_read: Mapping[int, Event | Refused],
    ) -> None:  # fmt: skip
        """Append to the log and run the appliers."""
        before = dict(bodies(work, peer, [one.id for one in apply]))
        read: list[_Read] = []
        for message in apply:
            event, reason, detail = self._read(message, before, refused, events_read)
            if reason is None:
                before[message.id] = message.body
            read.append(_Read(message, event, reason, detail))
        last = head(work)
        arrivals = {
            number: Arrival(peer, one.message.epoch, one.message.sequence, last.position + number, one.event,
                            one.message.body)
            for number, one in enumerate(read, 1)
            if one.reason is None and one.event is not None and one.event.type != COUNTED.name
        }  # fmt: skip
        for number, detail in self._run(work, arrivals).items():
            read[number - 1].reason, read[number - 1].detail = "not_applied", detail
        append(work, [Line(one.message, one.event.subject if one.event else None,
                           one.event.time if one.event else None, one.reason) for one in read], last)  # fmt: skip
        parked += [Parked.of(one.message, peer, one.reason, one.detail, last.position + number)
                   for number, one in enumerate(read, 1) if one.reason not in (None, "known_already")]
        self._count(work, peer, read)

    def _run(self, work: UnitOfWork, arrivals: Mapping[int, Arrival]) -> dict[int, str]:
        """Run the appliers on all; where that fails, on those that they can take one by one. Answers by their numbers
        what was said about the others."""
        if not arrivals:
            return {}
        start = work.mark()
        try:
            self._run_all(work, list(arrivals.values()))
            return {}
        except (Conflict, Unavailable):
            raise
        except Exception:
            log.exception("%d messages are tried one by one", len(arrivals))
            work.back_to(start)
        wrong: dict[int, str] = {}
        for number, arrival in arrivals.items():
            try:
                self._run_all(work, [arrival])
            except (Conflict, Unavailable):
                raise
            except Exception as error:  # noqa: BLE001  (whatever it is, it is told to who looks at what is parked)
                wrong[number] = f"{type(error).__name__}: {error}"
            work.back_to(start)
        log.warning("%d of %d messages are parked", len(wrong), len(arrivals))
        self._run_all(work, [arrival for number, arrival in arrivals.items() if number not in wrong])
        return wrong

    def _run_all(self, work: UnitOfWork, arrivals: Sequence[Arrival]) -> None:
        for applier in self._appliers if arrivals else ():
            applier(work, arrivals)

    def _count(self, work: UnitOfWork, peer: str, read: Sequence[_Read]) -> None:
        """Count what came, and hold the peer's own counts against it where they came too."""
        counted = Counter[tuple[int, date, str]]()
        for one in read:
            epoch = one.message.epoch
            if one.reason is None and one.event is not None and one.event.type == COUNTED.name:
                counts.compare(work, peer, epoch, one.event,
                               {(day, name): n for (other, day, name), n in counted.items() if other == epoch})
            if one.event is not None:
                counted[epoch, cairo_date(one.event.time), one.message.type] += 1
        for epoch in {one.message.epoch for one in read}:
            counts.count(work, peer, "in", epoch,
                         {(day, name): n for (other, day, name), n in counted.items() if other == epoch})  # fmt: skip

    def _read(
        self, message: Message, before: Mapping[UUID, bytes], refused: str | None,
        events_read: Mapping[int, Event | Refused],
    ) -> tuple[Event | None, str | None, str]:  # fmt: skip
        """The event of a message, why it has no effect if it has none, and what about it."""
        event = events_read.get(id(message)) or self._event(message)
        if isinstance(event, Refused):
            return _glimpse(message), event.reason, event.detail
        if refused is not None:
            return event, "not_applied", refused
        if message.id in before:
            same = before[message.id] == message.body
            return event, "known_already", "" if same else "the same id with another body"
        return event, None, ""

    def _event(self, message: Message) -> Event | Refused:
        try:
            return event_of(message, self._link.role)
        except Refused as error:
            return error

    def _mark(self, work: UnitOfWork, peer: str, marks: Mapping[int, Mark], moved: Mapping[int, Mark]) -> None:
        for epoch, mark in moved.items():
            if epoch in marks:
                work.write(_MOVE, expect=1, peer=peer, epoch=epoch, before=marks[epoch].applied, applied=mark.applied)
            else:
                work.write(_MARK, peer=peer, epoch=epoch, applied=mark.applied)

def _glimpse(message: Message) -> Event | None:
    """What can be read of a message that takes no effect, for the log and the counts."""
    try:
        return events.decode(message.body)
    except events.Malformed:
        return None
