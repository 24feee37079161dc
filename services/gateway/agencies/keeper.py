"""Couriers of one process and one way, each of one subscription: which there are, which changed, which is stuck.

One process a database leads; whoever takes over writes a run of its own into each progress, and what a former one still
writes touches no row. `step` is called again and again while this process leads.
"""

from __future__ import annotations

import logging
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar
from uuid import UUID

from sqlalchemy import text

from chassis.database import Statement
from chassis.errors import Conflict, Unavailable
from chassis.ids import uuid7
from services.gateway.agencies import feed, subscriptions
from services.gateway.agencies.webhooks import ledger

log = logging.getLogger(__name__)

LOOK_EVERY = 1.0
LEASE = 10.0
"""Seconds without a step after which this process leads no more: what it knows counts nothing then."""
STUCK = 30.0

_ACTIVE = Statement(text(
    f"SELECT {subscriptions.COLUMNS}, p.moves FROM subscription AS s "  # noqa: S608
    "JOIN agreement AS a ON a.id = s.agreement_id JOIN agency AS g ON g.id = s.agency_id "
    "JOIN subscription_progress AS p ON p.subscription_id = s.id "
    "WHERE s.way = :way AND s.state = 'active' AND g.closed_at IS NULL"
))  # fmt: skip

Read = Callable[[Any, int, int], list[feed.Entry]]


class Courier(Protocol):
    """What a keeper knows of one."""

    row: Any
    stopping: bool

    @property
    def busy(self) -> bool:
        """Whether something is under way that has to end before it may go."""

    def close(self) -> None: ...


C = TypeVar("C", bound=Courier)


class Keeper(ABC, Generic[C]):
    """`make` is a new unit of work."""

    way: str

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._of: dict[UUID, C] = {}
        self._stamps: dict[UUID, tuple[Any, ...]] = {}
        self._again_at: dict[UUID, float] = {}
        self._run = uuid7()
        self._beat = self._looked = float("-inf")
        self._stepping = False

    def step(self) -> bool:
        """Look after every subscription once. True when there is more to do at once. Raises Unavailable."""
        if not self._alive():
            self._begin_anew()
        self._stepping = True
        try:
            if time.monotonic() - self._looked >= LOOK_EVERY:
                self._look()
                self._looked = time.monotonic()
            return self._each(self._head()) if self._of else False
        finally:
            self._beat, self._stepping = time.monotonic(), False

    # -- said by each way -------------------------------------------------------------------------------------------

    @abstractmethod
    def _courier(self, row: Any, progress: Any) -> C:
        """One for a subscription that nobody of this process serves, from where it stands."""

    @abstractmethod
    def _turn(self, key: UUID, courier: C, read: Read, head: int) -> bool:
        """Have it go on and write down. True when there is more to do at once."""

    @abstractmethod
    def _write(self, courier: C) -> None:
        """Write down what it knows, now."""

    def _stamp(self, row: Any, now: datetime) -> tuple[Any, ...]:
        """What a courier is made anew for when it changes."""
        return row.version, row.agreement_version, row.moves

    def _head(self) -> int:
        """The newest position of the feed."""
        return feed.head(self._make())

    # -- the same for all -------------------------------------------------------------------------------------------

    def _alive(self) -> bool:
        return self._stepping or time.monotonic() - self._beat < LEASE

    def _begin_anew(self) -> None:
        """Somebody else may have led meanwhile: what is known here counts no more."""
        self._drop(*self._of)
        self._run, self._looked = uuid7(), float("-inf")

    def _each(self, head: int) -> bool:
        pages: dict[int, list[feed.Entry]] = {}  # many stand at the same place

        def read(unit: Any, after: int, size: int) -> list[feed.Entry]:
            if after not in pages:
                pages[after] = feed.read(unit, after, size)
            return pages[after]

        more = False
        for key, courier in list(self._of.items()):
            try:
                more |= self._turn(key, courier, read, head)
            except Conflict:
                log.info("what goes to %s by %s is somebody else's now, or begins elsewhere", courier.row.agency_code,
                         self.way)  # fmt: skip
                self._drop(key)
            except Unavailable:
                raise
            except Exception:  # noqa: BLE001  (whatever it is, it is this one's alone)
                self._stuck(key, courier.row)
        return more

    def _look(self) -> None:
        """Which subscriptions there are, and which changed."""
        unit = self._make()
        rows = {row.id: row for row in unit.all(_ACTIVE, way=self.way)}
        for key, courier in list(self._of.items()):
            row = rows.get(key)
            if row is not None and not courier.stopping and self._stamps[key] == self._stamp(row, unit.now):
                continue
            # What is in memory was cut by the terms of before: nothing more of it goes, and it is read again.
            courier.stopping = True
            if courier.busy:
                continue
            try:
                self._write(courier)
            except Conflict:
                log.info("the place of %s was moved", courier.row.agency_code)
            self._drop(key)
        for key in rows.keys() - self._of.keys():
            if self._again_at.get(key, 0.0) > time.monotonic():
                continue
            try:
                self._of[key] = self._courier(rows[key], self._taken_over(key))
                self._stamps[key] = self._stamp(rows[key], unit.now)
            except (Conflict, Unavailable):
                raise
            except Exception:  # noqa: BLE001  (whatever it is, it is this one's alone)
                self._stuck(key, rows[key])

    def _taken_over(self, key: UUID) -> Any:
        """The progress of a subscription, which is this process's from now on."""
        taking = self._make()
        taking.write(ledger.TAKE_OVER, expect=1, subscription_id=key, run=self._run)
        taking.commit()
        return self._make().one(ledger.PROGRESS, subscription_id=key)

    def _drop(self, *keys: UUID) -> None:
        for key in keys:
            courier = self._of.pop(key, None)
            if courier is not None:
                courier.stopping = True
                courier.close()
            self._stamps.pop(key, None)

    def _stuck(self, key: UUID, row: Any) -> None:
        """Something of this one subscription cannot be handled (a secret under a key that is gone): it is left alone
        for a while, and all others go on."""
        log.exception("the subscription of %s by %s is left alone for %g s", row.agency_code, self.way, STUCK,
                      extra={"subscription": str(key)})
        self._again_at[key] = time.monotonic() + STUCK
        self._drop(key)
