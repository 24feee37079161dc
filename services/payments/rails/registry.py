"""The rails at hand, by name."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

from chassis.config import SAMPLE_PREFIX, Mode, Settings
from chassis.errors import ConfigurationError
from rules.refusal import Refusal, refuse
from services.payments.rails.base import NotSetUp, Rail, Traits

log = logging.getLogger(__name__)

Maker = Callable[[Settings], Rail]


class Registry:
    """Rails by name. An adapter is made from the settings once a process, or found not to be set up."""

    def __init__(self) -> None:
        self._makers: dict[str, Maker] = {}
        self._made: dict[tuple[int, str], tuple[Settings, Rail | None]] = {}

    def register(self, name: str) -> Callable[[Maker], Maker]:
        """Make a rail known under its name, once."""
        def keep(maker: Maker) -> Maker:
            if name in self._makers:
                raise RuntimeError(f"rail registered twice: {name}")
            self._makers[name] = maker
            return maker
        return keep

    @property
    def names(self) -> list[str]:
        """Every rail that there is an adapter for, whether or not this node has set it up."""
        return list(self._makers)

    def of(self, settings: Settings, name: str) -> Rail:
        """The rail of this name. Refuses rail_unknown, and rail_unavailable for one that this node has not set up."""
        if name not in self._makers:
            raise refuse("rail_unknown", "rail")
        key = (id(settings), name)
        if key not in self._made:  # the settings are kept with it, so that their id is not given to others
            self._made[key] = (settings, self._make(settings, name))
        rail = self._made[key][1]
        if rail is None:
            raise refuse("rail_unavailable", "rail")
        return rail

    def _make(self, settings: Settings, name: str) -> Rail | None:
        try:
            return self._makers[name](settings)
        except NotSetUp:
            return None
        except ConfigurationError as error:  # check() stops a service's start by it
            log.error("rail %s is not set up: %s", name, error)
            return None

    def check(self, settings: Settings) -> None:
        """ConfigurationError when a rail is set up by halves, wrongly, or with a sample outside the demo; one that is
        not set up at all is fine."""
        for maker in self._makers.values():
            with suppress(NotSetUp):
                maker(settings)

    def offered(self, settings: Settings) -> list[Traits]:
        """What the rails can do that this node has set up, and so may offer."""
        offered = []
        for name in self._makers:
            with suppress(Refusal):
                offered.append(self.of(settings, name).traits)
        return offered


RAILS = Registry()


class RailSettings:
    """One rail's part of the environment: names begin with the rail's own (`FAWRY_URL`)."""

    def __init__(self, settings: Settings, prefix: str) -> None:
        self._settings, self._prefix = settings, prefix

    def all_of(self, *names: str) -> dict[str, str]:
        """Settings that make sense only together. Raises NotSetUp when none is there, ConfigurationError that names
        those missing when some are."""
        values = {name: self._settings.env(f"{self._prefix}_{name}") for name in names}
        missing = [f"SHUBBAK_{self._prefix}_{name}" for name, value in values.items() if not value]
        if len(missing) == len(values):
            raise NotSetUp(f"nothing is set of {self._prefix.lower()}")
        if missing:
            raise ConfigurationError(f"not set: {', '.join(missing)}")
        return {name: self.no_sample(name, value or "") for name, value in values.items()}

    def optional(self, name: str) -> str | None:
        return self._settings.env(f"{self._prefix}_{name}")

    def no_sample(self, name: str, value: str) -> str:
        """The value. Samples are published: a rail that trusts one outside the demo takes anybody's word for money."""
        if value.startswith(SAMPLE_PREFIX) and self._settings.mode is not Mode.DEMO:
            raise ConfigurationError(f"SHUBBAK_{self._prefix}_{name} is a sample; set the one that the rail gave you")
        return value

    def address(self, name: str, value: str) -> str:
        """A web address without a slash at its end; https in production, because money is reported over it."""
        if not value.startswith(("https://", "http://")):
            raise ConfigurationError(f"SHUBBAK_{self._prefix}_{name} is no web address")
        if self._settings.mode is Mode.PRODUCTION and not value.startswith("https://"):
            raise ConfigurationError(f"SHUBBAK_{self._prefix}_{name} must begin with https:// in production")
        return value.rstrip("/")

    @property
    def timeout(self) -> float:
        """Seconds until a call is given up."""
        return self._settings.seconds(f"{self._prefix}_TIMEOUT", 3)

    def traits(self, usual: Traits) -> Traits:
        """What the rail can do, with the limits of this node's contract: LEAST and MOST in pounds, HOURS that a
        reference lives."""
        def number(name: str, default: int) -> int:
            return self._settings.number(f"{self._prefix}_{name}", default, least=1, most=100_000_000)

        return replace(
            usual, least=100 * number("LEAST", usual.least // 100), most=100 * number("MOST", usual.most // 100),
            lives=timedelta(hours=number("HOURS", int(usual.lives.total_seconds()) // 3600)))
