"""Sending, one channel at a time: claim, hand over with no database work open, record.

Only the database's leading process runs this, each channel in a loop of its own, so that a provider that is away holds
up nobody else. A channel has several providers: each hands over what was claimed for it in a green thread of its own,
so that a slow one holds up no fast one, and shares.py says how much each takes. While one is at it, one-time codes are
claimed past what it has in hand.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import chain, repeat
from typing import Protocol, TypeVar
from uuid import UUID

from sqlalchemy import DateTime, bindparam, text

from chassis.database import Statement
from chassis.uow import UnitOfWork
from services.notifications import health, messages, metrics, receipts, replies, shares
from services.notifications.health import Policy, Window
from services.notifications.kinds import Lane
from services.notifications.packing import Pack
from services.notifications.providers.base import Arrival, Inbound, Outcome, Outgoing, Provider, Receipt, Verdict
from services.notifications.shares import Configured
from services.notifications.turns import Turns

LOG = logging.getLogger(__name__)

T = TypeVar("T")


class Transact(Protocol):
    """Runs a capability in a unit of work of its own and commits it."""

    def __call__(self, work: Callable[[UnitOfWork], T], /) -> T: ...


AT_ONCE = 100
CODES_AT_ONCE = 20
ROUNDS = 2  # batches a provider: while one is handed over, the other is claimed or recorded
BUDGET = timedelta(seconds=60)  # nothing is handed over later than this after its claim; far below the lease
RECEIPTS_AT_ONCE = 200
LOOK_FOR_OLD = timedelta(seconds=10)  # messages live for 72 hours
LOOK_AT_SHARES = timedelta(seconds=2)  # so soon takes effect what a person set
JUDGE_EVERY = timedelta(seconds=5)
PATIENCE = 0.25  # seconds a step waits for what is being handed over; receipts and codes come in between
PACE = 1.0  # seconds after which a provider that is still at it no longer makes faster ones wait for their turn
AGAIN_ELSEWHERE = timedelta(seconds=1)
RECORD_AGAIN = (0.1, 0.5, 1.0, 2.0, 5.0)  # seconds before answers that were not written down are; the last repeats
DRAIN = 5.0  # seconds in which a process that ends waits for answers; far below what its supervisor gives it
STAY_OUT = 5.0  # seconds that a provider whose adapter failed is left alone
TOLD_WITHIN = timedelta(minutes=14)
_EVERY_LANE = tuple(Lane)

# Of the messages made lately, by whom they went, how many arrived late or not yet. By the index of their making.
_DELIVERIES = Statement(text(
    "SELECT provider, count(*) AS told, count(*) FILTER (WHERE coalesce(delivered_at, :now) - sent_at > :late) AS late "
    "FROM (SELECT provider, sent_at, delivered_at, state FROM message WHERE created_at > :since "
    "AND created_at < :until AND channel = :channel ORDER BY created_at DESC LIMIT 2000) AS made "
    "WHERE sent_at > :after AND sent_at < :until AND state IN ('sent', 'delivered') GROUP BY provider").bindparams(
    *(bindparam(name, type_=DateTime(timezone=True)) for name in ("now", "since", "until", "after"))), fresh=True)


@dataclass(slots=True, eq=False)
class Member:
    """One provider of a channel, what is known of it, and what it has in hand."""

    provider: Provider
    weight: int = 100
    price: int | None = None  # of a part, in 1/1000 EGP
    window: Window = field(default_factory=Window)
    rounds: list[_Round] = field(default_factory=list)
    out_until: float = 0.0
    doing_well: bool = True  # nothing failed in its last batch

    @property
    def name(self) -> str:
        return self.provider.name


@dataclass(slots=True, eq=False)
class _Round:
    """A batch in the hands of one provider."""

    member: Member
    taken: Sequence[Outgoing]
    codes: bool
    since: float


class Channel:
    """One channel's outgoing side. `lease` is both how long a claim lasts and how long a lost answer is waited for."""

    def __init__(self, name: str, providers: Provider | Sequence[Member] | None, pack: Pack | None, lease: timedelta,
                 policy: Policy | None = None) -> None:
        self.name = name
        given = providers if isinstance(providers, Sequence) else [Member(providers)] if providers else []
        self.members = {member.name: member for member in given}
        self._pack = pack
        self._lease = lease
        self._policy = policy or Policy()
        self._turns = Turns()
        self._shares = health.shares(health.Standing(one.name, one.weight) for one in given)
        self._looked: dict[str, datetime] = {}
        self._ended = threading.Condition()
        self._handed = 0
        self._unkept: dict[str, Sequence[Arrival]] = {}

    def step(self, transact: Transact) -> bool:
        """Take receipts, give up what is too old, see how the providers do, send what is due. True when there is
        probably more to do."""
        more = self.take_receipts(transact) == RECEIPTS_AT_ONCE
        given_up = transact(self._give_up)
        self._count({"expired": given_up} if given_up else {})
        self.look_at_shares(transact)
        # While messages go out there may be more: how many fit at once is the provider's affair, not a limit of ours.
        return self.send_due(transact) > 0 or self._busy() or more

    def _give_up(self, work: UnitOfWork) -> int:
        """Expire what is too old, now and then: it means looking at everything that is due."""
        return messages.expire(work, self.name) if self._time_for("old", work.now, LOOK_FOR_OLD) else 0

    def _time_for(self, what: str, now: datetime, every: timedelta) -> bool:
        last = self._looked.get(what)
        if last is not None and timedelta() <= now - last < every:
            return False
        self._looked[what] = now
        return True

    # handing over

    def send_due(self, transact: Transact) -> int:
        """Claim what is due for those whose turn it is, and wait a moment for what is being handed over; returns how
        many messages came back with an answer."""
        if self._pack is not None:
            present = self._present()
            for _ in range(ROUNDS):
                if not self._claim(transact, present):
                    break
            self._claim_codes(transact, present)
        with self._ended:
            if not self._handed and self._busy():
                self._ended.wait(PATIENCE)
            handed, self._handed = self._handed, 0
        return handed

    def _present(self) -> dict[str, int]:
        """Who can take something now, and how much. One that is away is simply not among them; without anybody else,
        one that was switched off is not asked either: its messages wait."""
        now = time.monotonic()
        rooms = {name: min(member.provider.room(), AT_ONCE) for name, member in self.members.items()
                 if name in self._shares and now >= member.out_until}
        return {name: room for name, room in rooms.items() if room}

    def _claim(self, transact: Transact, present: Mapping[str, int]) -> bool:
        """One batch for each whose turn it is. True when somebody got all that he had room for, so that more is due."""
        now = time.monotonic()
        idle = {name: room for name, room in present.items() if len(self._main(name)) < ROUNDS}
        pacing = frozenset(name for name in present.keys() - idle.keys()
                           if all(now - one.since < PACE for one in self._main(name)))
        quanta = self._turns.quanta(self._shares, idle)
        turn = self._turns.order(self._shares, quanta, pacing)
        left_over = [self._claim_one(transact, name, quanta[name]) < quanta[name] for name in turn]
        if turn and all(left_over):
            # Nothing more is due to those; some message may be due to one of the rest alone, which took it before.
            for name in idle.keys() - set(turn):
                self._claim_one(transact, name, quanta[name])
        return not all(left_over)

    def _claim_one(self, transact: Transact, name: str, most: int) -> int:
        taken = self._begin(transact, self.members[name], most, _EVERY_LANE)
        self._turns.took(name, taken, self._shares[name])
        return taken

    def _claim_codes(self, transact: Transact, present: Mapping[str, int]) -> None:
        """While somebody is busy with a batch, a one-time code does not wait for its end."""
        if not self._busy():
            return
        free = [name for name in present if not any(one.codes for one in self.members[name].rounds)]
        if free:
            quickest = min(free, key=lambda name: (bool(self._main(name)), -self._shares[name], name))
            self._begin(transact, self.members[quickest], CODES_AT_ONCE, (Lane.CODE,))

    def _begin(self, transact: Transact, member: Member, most: int, lanes: Sequence[Lane]) -> int:
        pack, faithful = self._pack, self._faithful(member)
        assert pack is not None  # noqa: S101  (send_due asks)
        taken = transact(lambda work: messages.claim(
            work, self.name, member.name, most, self._lease, pack, lanes=lanes, left=faithful))
        if taken:
            # The claim is committed and no connection is held: a slow provider costs nobody a database connection, and
            # a crash from here to `record` leaves the row `sending`, which the rule of the one window resolves.
            begun = _Round(member, taken, lanes != _EVERY_LANE, time.monotonic())
            member.rounds.append(begun)
            threading.Thread(target=self._hand_over, args=(begun, transact), name=f"send-{member.name}",
                             daemon=True).start()
        return len(taken)

    def _faithful(self, member: Member) -> list[str]:
        """Others that live and send a message once however often it is handed over: what may be with one of them is
        left to it."""
        return [name for name, other in self.members.items()
                if other is not member and other.provider.repeats_safely and name in self._shares
                and not other.provider.away]

    def _hand_over(self, begun: _Round, transact: Transact) -> None:
        """In a thread of its own. What goes wrong here takes this provider out for a while, and nobody else."""
        member, counted, answered = begun.member, 0, False
        try:
            outcomes = member.provider.submit(begun.taken, BUDGET)
            if self._another_does_well(member):
                outcomes = {identity: _sooner(outcome) for identity, outcome in outcomes.items()}
            self._record(begun, outcomes, transact)
            counted, answered = len(begun.taken), True
            self._note(transact, member, outcomes)
        except Exception:
            LOG.exception("%s failed with %d messages in hand; they are found again after the lease", member.name,
                          len(begun.taken))
        finally:
            if not answered:
                member.out_until = time.monotonic() + STAY_OUT
            with self._ended:
                member.rounds.remove(begun)
                self._handed += counted
                self._ended.notify_all()

    def _record(self, begun: _Round, outcomes: Mapping[UUID, Outcome], transact: Transact) -> None:
        """Write the answers down, again and again while that fails: an answer that is forgotten is a message that is
        sent twice. Raises what went wrong when the lease is over, since then somebody else may have it."""
        ends = begun.since + self._lease.total_seconds()
        for pause in chain(RECORD_AGAIN, repeat(RECORD_AGAIN[-1])):
            try:
                self._count(transact(lambda work: messages.record(work, outcomes, begun.member.price)))
                return
            except Exception as error:
                if time.monotonic() + pause > ends:
                    raise
                LOG.warning("answers of %s for %d messages are not written down yet: %s", begun.member.name,
                            len(outcomes), type(error).__name__)
                time.sleep(pause)

    def _note(self, transact: Transact, member: Member, outcomes: Mapping[UUID, Outcome]) -> None:
        answers = [answer for outcome in outcomes.values() for answer in outcome.values()]
        seen = [answer for answer in answers if answer.seen]
        slow_after = self._policy.slow_after.total_seconds()
        member.window.note(transact(lambda work: work.now), len(seen), sum(answer.failed for answer in seen),
                           sum(answer.took is not None and answer.took > slow_after for answer in seen))
        if seen:
            member.doing_well = not any(answer.failed for answer in seen)
        for answer in answers:
            metrics.PROVIDER_ANSWERS.labels(member.name, answer.verdict.value).inc()

    def _another_does_well(self, member: Member) -> bool:
        return any(other is not member and name in self._shares and not other.provider.away and other.doing_well
                   for name, other in self.members.items())

    def _main(self, name: str) -> list[_Round]:
        return [one for one in self.members[name].rounds if not one.codes]

    def _busy(self) -> bool:
        return any(member.rounds for member in self.members.values())

    # shares

    def look_at_shares(self, transact: Transact) -> None:
        """Take over what people and steps of health made of the shares; now and then, judge and step."""
        if not self.members:
            return
        now = transact(lambda work: work.now)
        if self._time_for("shares", now, LOOK_AT_SHARES):
            self._shares = transact(self._standing)
        if self._time_for("health", now, JUDGE_EVERY) and len(self.members) > 1:
            stepped = transact(self._judge)
            if stepped is not None:
                LOG.warning("%s: health of %s goes from %d to %d: %s", self.name, stepped.name, stepped.before,
                            stepped.after, stepped.reason)
                metrics.PROVIDER_STEPS.labels(stepped.name, stepped.reason).inc()
                self._shares = transact(self._standing)

    def _standing(self, work: UnitOfWork) -> dict[str, int]:
        return shares.look(work, self.name, [Configured(one.name, one.weight) for one in self.members.values()])

    def _judge(self, work: UnitOfWork) -> health.Step | None:
        policy, last = self._policy, shares.last_step(work, self.name)
        if last is not None and work.now - last < policy.interval:
            return None
        since = work.now - TOLD_WITHIN
        told = {row.provider: row for row in work.all(
            _DELIVERIES, channel=self.name, now=work.now, late=policy.late_after, since=since,
            until=work.now - policy.late_after, after=max(since, last or since))} if self._told() else {}
        figures = {}
        for name, member in self.members.items():
            row = told.get(name) if member.provider.brings_receipts else None
            figures[name] = member.window.figures(
                work.now, policy, last, away=member.provider.away, told=row.told if row else 0,
                late=row.late if row else 0)
        return shares.step(work, self.name, figures, policy)

    def _told(self) -> bool:
        return any(member.provider.brings_receipts for member in self.members.values())

    # receipts

    def take_receipts(self, transact: Transact) -> int:
        """Keep the receipts that came, acknowledge them, apply those whose message is known. Returns how many came."""
        if not self._told():
            return 0
        came = 0
        for member in self.members.values():
            provider = member.provider
            if not provider.brings_receipts:
                continue
            arrived = self._unkept.pop(provider.name, None) or provider.arrivals(RECEIPTS_AT_ONCE)
            if arrived:
                # Until they are kept they are ours: an operator may say them again only when the session ends.
                self._unkept[provider.name] = arrived
                transact(partial(_keep, provider=provider.name, arrived=arrived))
                del self._unkept[provider.name]
                provider.acknowledge(arrived)
            came = max(came, len(arrived))
        self._count(transact(receipts.apply))
        return came

    def close(self) -> None:
        """Hear the answers to what is being handed over, then let go of the providers. What has no answer by then ends
        by it and is recorded while there is time."""
        self._wait_ended(DRAIN)
        for member in self.members.values():
            member.provider.close()
        self._wait_ended(DRAIN)

    def _wait_ended(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        with self._ended:
            while self._busy() and time.monotonic() < end:
                self._ended.wait(PATIENCE)

    def _count(self, counted: Mapping[str, int]) -> None:
        for state, count in counted.items():
            metrics.CHANGED.labels(self.name, state).inc(count)


def _keep(work: UnitOfWork, provider: str, arrived: Sequence[Arrival]) -> None:
    """Receipts as they came, and what citizens wrote back."""
    receipts.keep(work, provider, [one.receipt for one in arrived if isinstance(one.receipt, Receipt)])
    replies.take(work, [one.receipt for one in arrived if isinstance(one.receipt, Inbound)])


def _sooner(outcome: Outcome) -> Outcome:
    """What this provider could not take is tried again at once: another one is there for it. What it asked us to wait
    for still waits."""
    return {number: replace(answer, retry_after=AGAIN_ELSEWHERE) if answer.failed and
            answer.verdict is Verdict.TEMPORARY else answer for number, answer in outcome.items()}
