"""The process of the agencies: it delivers webhooks and keeps track of letters. On the gateway's database."""

from __future__ import annotations

from chassis.config import Settings
from chassis.service import Platform, Service, timer
from services.gateway.agencies import amqp, letters, subscriptions, watching
from services.gateway.agencies.amqp_queues import Leavers
from services.gateway.agencies.webhooks.engine import Engine, tls
from services.gateway.tables import metadata


class Agencies(Service):
    """The doors of the agencies' process."""

    name = "gateway.agencies"
    metadata = metadata
    _engine: Engine | None = None
    _couriers: amqp.Couriers | None = None
    _leavers: Leavers | None = None

    def configure(self, settings: Settings) -> None:
        subscriptions.let_in(settings)
        amqp.check(settings)
        tls(settings)
        settings.seconds("WEBHOOK_SECONDS", 10.0)
        settings.number("WEBHOOK_AT_ONCE", 256, least=1, most=4096)

    def close(self) -> None:
        if self._engine is not None:
            self._engine.stop()
        if self._couriers is not None:
            self._couriers.stop()

    @timer(seconds=0.05, name="agencies-webhooks")
    def deliver(self, platform: Platform) -> bool:
        """Hand the feed over to webhooks."""
        if self._engine is None:
            self._engine = Engine(platform.settings, platform.unit_of_work)
        return self._engine.step()

    @timer(seconds=0.05, name="agencies-amqp")
    def publish(self, platform: Platform) -> bool:
        """Hand the feed over to the queues of agencies."""
        if self._couriers is None:
            self._couriers = amqp.Couriers(platform.settings, platform.unit_of_work)
        return self._couriers.step()

    @timer(seconds=0.5, name="agencies-letters")
    def follow_letters(self, platform: Platform) -> bool:
        """Keep the letters that agencies are to answer."""
        return platform.attempt(letters.follow)

    @timer(seconds=5, name="agencies-measure")
    def measure(self, platform: Platform) -> None:
        watching.measure(platform.unit_of_work())

    @timer(seconds=2, name="agencies-queues")
    def take_queues_away(self, platform: Platform) -> None:
        """Take away the queues of agencies that may take nothing any more."""
        if self._leavers is None:
            self._leavers = Leavers(platform.settings, platform.unit_of_work)
        self._leavers.step()
