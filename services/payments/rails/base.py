"""What a payment rail is to payments, and the registry of those at hand.

An adapter translates and signs; it decides nothing. It is called with no database work open: a rail may take seconds
to answer, and a connection or a row held meanwhile would stop the counter.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from chassis.config import Settings
from chassis.errors import ConfigurationError
from rules.refusal import Refusal, refuse

log = logging.getLogger(__name__)

# What a rail may say of a charge, whatever words it uses itself.
NEW, PAID, FAILED, EXPIRED, CANCELLED, REFUNDED = "new", "paid", "failed", "expired", "cancelled", "refunded"


class RailUnreachable(Exception):
    """No usable answer: nothing is known, the same question is asked again later."""


class NotSetUp(ConfigurationError):
    """This node has nothing of the rail in its environment, or may not use it. It is not offered."""


class RailRefused(Exception):
    """The rail understood and said no. Asking the same again is useless."""


@dataclass(frozen=True, slots=True)
class Order:
    """A charge as it is asked for. `amount` in piastres; repeating it under the same reference changes nothing."""

    merchant_reference: str
    amount: int
    description: str
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Report:
    """What a rail says of one charge. `reference` is its own number for it, None while it has not given one;
    `amount` is the money that came (piastres), None unless `status` is paid."""

    merchant_reference: str
    status: str
    reference: str | None = None
    amount: int | None = None
    paid_at: datetime | None = None
    pay_url: str | None = None


class Rail(Protocol):
    """One rail."""

    name: str

    def charge(self, order: Order) -> Report:
        """Place the order. Raises RailUnreachable or RailRefused."""

    def ask(self, merchant_reference: str) -> Report:
        """What the rail knows of a charge. Raises RailUnreachable or RailRefused."""

    def read_callback(self, body: str, query: Mapping[str, str]) -> Report:
        """The report inside a callback. Refuses callback_malformed, and callback_forged for a wrong signature."""


class Registry:
    """Rails by name. An adapter is made from the settings once a process."""

    def __init__(self) -> None:
        self._makers: dict[str, Callable[[Settings], Rail]] = {}
        self._made: dict[tuple[int, str], tuple[Settings, Rail]] = {}

    def register(self, name: str) -> Callable[[Callable[[Settings], Rail]], Callable[[Settings], Rail]]:
        def keep(maker: Callable[[Settings], Rail]) -> Callable[[Settings], Rail]:
            if name in self._makers:
                raise RuntimeError(f"rail registered twice: {name}")
            self._makers[name] = maker
            return maker
        return keep

    def of(self, settings: Settings, name: str) -> Rail:
        """The rail of this name. Refuses rail_unknown, and rail_unavailable for one that this node has not set up."""
        if name not in self._makers:
            raise refuse("rail_unknown", "rail")
        key = (id(settings), name)
        if key not in self._made:  # the settings are kept with it, so that their id is not given to others
            try:
                self._made[key] = (settings, self._makers[name](settings))
            except ConfigurationError as error:
                log.error("rail %s is not set up: %s", name, error)
                raise refuse("rail_unavailable", "rail") from error
        return self._made[key][1]

    def check(self, settings: Settings) -> None:
        """ConfigurationError when a rail is set up by halves or wrongly; one that is not set up at all is fine."""
        for maker in self._makers.values():
            with suppress(NotSetUp):
                maker(settings)

    def offered(self, settings: Settings) -> list[str]:
        """The rails that this node has set up, and so may offer."""
        offered = []
        for name in self._makers:
            with suppress(Refusal):
                offered.append(self.of(settings, name).name)
        return offered


RAILS = Registry()
