"""The process of the line: `python -m chassis run gateway.link`, on the gateway's database."""

from __future__ import annotations

import logging

from chassis.config import Settings
from chassis.database import Database
from chassis.errors import Unavailable
from chassis.platform import clock
from chassis.service import Platform, Service, timer
from services.gateway.link import certificate, keeping, peers
from services.gateway.link import settings as link_settings
from services.gateway.link.line import Line
from services.gateway.tables import metadata

log = logging.getLogger(__name__)


class Link(Service):
    """The works on the line, each led by one process."""

    name = "gateway.link"
    metadata = metadata

    def __init__(self) -> None:
        self._line: Line | None = None

    def configure(self, settings: Settings) -> None:
        self._settings = link_settings.read(settings)
        database = Database(settings.database_url, 1)
        try:
            peers.check(database, self._settings)
        except Unavailable as error:
            log.warning("whether known peers have the keys of the settings is looked at later: %s", error)
        finally:
            database.close()

    def close(self) -> None:
        if self._line is not None:
            self._line.stop()

    def _the_line(self, platform: Platform) -> Line:
        if self._line is None:
            self._line = Line(self._settings, platform)
        return self._line

    @timer(seconds=0.1, name="link-number")
    def number(self, platform: Platform) -> bool:
        return self._the_line(platform).number()

    @timer(seconds=0.05, name="link-send")
    def send(self, platform: Platform) -> bool:
        return self._the_line(platform).send()

    @timer(seconds=0.05, name="link-take")
    def take(self, platform: Platform) -> bool:
        return self._the_line(platform).take()

    @timer(seconds=60, name="link-certificate", everywhere=True)
    def measure_certificate(self, platform: Platform) -> None:
        """Each process tells of the files on its own machine."""
        certificate.measure(self._settings, clock())

    @timer(seconds=600, name="link-broker-certificate")
    def measure_brokers_certificate(self, platform: Platform) -> None:
        certificate.measure_broker(self._settings, clock())

    @timer(seconds=600, name="link-keep")
    def keep(self, platform: Platform) -> bool:
        """Let go of what was kept long enough."""
        gone = keeping.let_go(platform.database, clock(), self._settings.kept_days)
        return max(gone["link_out"], gone["link_log"]) == keeping.BATCH

    @timer(seconds=0.25, name="link-speak")
    def speak(self, platform: Platform) -> None:
        self._the_line(platform).speak()
