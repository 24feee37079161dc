"""All couriers of webhooks of one process."""

from __future__ import annotations

import logging
import ssl
import threading
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis.config import Settings
from chassis.errors import Conflict, Unavailable
from chassis.platform import clock
from rules.webhook import Circuit
from services.gateway.agencies import subscriptions
from services.gateway.agencies.keeper import Keeper, Read
from services.gateway.agencies.webhooks import ledger, resolve
from services.gateway.agencies.webhooks.courier import Courier
from services.gateway.agencies.webhooks.ledger import Ledger
from services.gateway.agencies.webhooks.wire import SECONDS, Wire

log = logging.getLogger(__name__)

AT_ONCE = 256
"""Deliveries under way in all; of one agency at most subscriptions.MOST_AT_ONCE, however many it has."""
DRAIN = SECONDS + 2.0
GONE = "المستقبل أجاب 410: لا يريد شيئاً بعد الآن · the receiver answered 410 Gone"


class Engine(Keeper[Courier]):
    """Delivers the webhooks of a database while `step` is called again and again."""

    way = subscriptions.WEBHOOK

    def __init__(self, settings: Settings, make: Callable[[], Any], *, look: resolve.Look = resolve.look_up,
                 context: ssl.SSLContext | None = None, clock: Callable[[], datetime] = clock) -> None:
        super().__init__(make)
        self._settings = settings
        self._let_in = subscriptions.let_in(settings)
        self._look_up = look
        self._clock = clock
        self._context = context or tls(settings)
        self._seconds = settings.seconds("WEBHOOK_SECONDS", SECONDS)
        self._room = threading.Semaphore(settings.number("WEBHOOK_AT_ONCE", AT_ONCE, least=1, most=4096))
        self._shares: dict[UUID, threading.Semaphore] = {}

    def stop(self) -> None:
        """Let what is under way end, write it down, and let go."""
        for courier in self._of.values():
            courier.stopping = True
        ends = time.monotonic() + DRAIN
        while any(one.flying for one in self._of.values()) and time.monotonic() < ends:
            time.sleep(0.02)
        for courier in self._of.values():
            courier.lay_aside()
            try:
                while courier.write(self._commit, now=True):
                    pass  # what a write left to be done again goes first
            except (Conflict, Unavailable) as error:
                log.warning("deliveries of %s are not written down and will be repeated: %s",
                            courier.row.agency_code, error)
            courier.close()
        self._of.clear()

    @property
    def couriers(self) -> dict[UUID, Courier]:
        """By subscription."""
        return self._of

    def _turn(self, key: UUID, courier: Courier, read: Read, head: int) -> bool:
        more = courier.turn(self._make, read, head)
        courier.write(self._commit)
        if courier.gone:
            self._pause(key, courier)
        return more

    def _write(self, courier: Courier) -> None:
        courier.write(self._commit, now=True)

    def _stamp(self, row: Any, now: datetime) -> tuple[Any, ...]:
        return (*super()._stamp(row, now), row.former_until is not None and row.former_until > now)

    def _courier(self, row: Any, progress: Any) -> Courier:
        unit = self._make()
        lanes = {one.lane: int(one.n) for one in unit.all(ledger.LANES, subscription_id=row.id)}
        beyond = [one.position for one in unit.all(ledger.BEYOND, subscription_id=row.id, position=progress.position)]
        wire = Wire(row.endpoint, self._address_of, context=self._context, seconds=self._seconds)
        return Courier(row, Ledger(row.id, self._run, progress, lanes, beyond),
                       Circuit(progress.failures, progress.open_until), subscriptions.signer_of(unit, row), wire,
                       room=self._room, share=self._share_of(row.agency_id), clock=self._clock,
                       alive=self._alive)  # fmt: skip

    def _share_of(self, agency_id: UUID) -> threading.Semaphore:
        return self._shares.setdefault(agency_id, threading.Semaphore(subscriptions.MOST_AT_ONCE))

    def _address_of(self, host: str, port: int) -> str:
        return resolve.address_of(host, port, self._let_in, self._look_up)

    def _commit(self, gather: Callable[[Any], Any]) -> None:
        unit = self._make()
        gather(unit)
        unit.commit()

    def _pause(self, key: UUID, courier: Courier) -> None:
        """The receiver wants nothing more: the operator hears of it, and nothing is lost."""
        if courier.flying:
            return
        courier.write(self._commit, now=True)
        self._commit(lambda unit: subscriptions.pause(unit, key, GONE, by_itself=True))
        self._drop(key)


def tls(settings: Settings) -> ssl.SSLContext:
    """What receivers' certificates are checked against: the machine's authorities, and those of WEBHOOK_CA (a file)."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if extra := settings.env("WEBHOOK_CA"):
        context.load_verify_locations(extra)
    return context
