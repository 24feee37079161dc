"""Sending, one channel at a time: claim, hand over with no database work open, record.

Only the database's leading process runs this, each channel in a loop of its own, so that a provider that is away holds
up nobody else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from chassis.uow import UnitOfWork
from services.notifications import messages, metrics, receipts
from services.notifications.packing import Pack
from services.notifications.providers.base import Provider

T = TypeVar("T")


class Transact(Protocol):
    """Runs a capability in a unit of work of its own and commits it."""

    def __call__(self, work: Callable[[UnitOfWork], T], /) -> T: ...


AT_ONCE = 50
BUDGET = timedelta(seconds=60)  # nothing is handed over later than this after its claim; far below the lease
RECEIPTS_AT_ONCE = 200
LOOK_FOR_OLD = timedelta(seconds=10)  # messages live for 72 hours


class Channel:
    """One channel's outgoing side. `lease` is both how long a claim lasts and how long a lost answer is waited for."""

    def __init__(self, name: str, provider: Provider | None, pack: Pack | None, lease: timedelta) -> None:
        self.name = name
        self._provider = provider
        self._pack = pack
        self._lease = lease
        self._looked: datetime | None = None

    def step(self, transact: Transact) -> bool:
        """Take receipts, give up what is too old, send what is due. True when there is probably more to do."""
        more = self.take_receipts(transact) == RECEIPTS_AT_ONCE
        given_up = transact(self._give_up)
        self._count({"expired": given_up} if given_up else {})
        # While messages go out there may be more: how many fit at once is the provider's affair, not a limit of ours.
        return self.send_due(transact) > 0 or more

    def _give_up(self, work: UnitOfWork) -> int:
        """Expire what is too old, now and then: it means looking at everything that is due."""
        if self._looked is not None and work.now - self._looked < LOOK_FOR_OLD:
            return 0
        self._looked = work.now
        return messages.expire(work, self.name)

    def send_due(self, transact: Transact) -> int:
        """Send one batch of what is due; returns how many messages were handed over."""
        provider, pack = self._provider, self._pack
        room = min(provider.room(), AT_ONCE) if provider is not None else 0
        if provider is None or pack is None or not room:
            return 0
        taken = transact(lambda work: messages.claim(work, self.name, provider.name, room, self._lease, pack))
        if not taken:
            return 0
        # The claim is committed and no connection is held: a slow provider costs nobody a database connection, and a
        # crash from here to `record` leaves the row `sending`, which the rule of the one window resolves.
        outcomes = provider.submit(taken, BUDGET)
        self._count(transact(lambda work: messages.record(work, outcomes)))
        return len(taken)

    def take_receipts(self, transact: Transact) -> int:
        """Keep the receipts that came, acknowledge them, apply those whose message is known. Returns how many came."""
        provider = self._provider
        if provider is None or not provider.brings_receipts:
            return 0
        arrived = provider.arrivals(RECEIPTS_AT_ONCE)
        if arrived:
            transact(lambda work: receipts.keep(work, provider.name, [one.receipt for one in arrived]))
            provider.acknowledge(arrived)
        self._count(transact(receipts.apply))
        return len(arrived)

    def close(self) -> None:
        if self._provider is not None:
            self._provider.close()

    def _count(self, counted: Mapping[str, int]) -> None:
        for state, count in counted.items():
            metrics.CHANGED.labels(self.name, state).inc(count)
