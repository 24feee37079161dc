"""The whole of the line in one process: its connections, and the four works on it."""

from __future__ import annotations

import logging
import time
from functools import partial

from chassis.bus.streams import Publisher, Taker
from chassis.config import Role
from chassis.database import Database
from chassis.offload import beside, give_way
from chassis.service import Platform
from services.gateway.link import peers, signing
from services.gateway.link.appliers import AT_CENTRE, AT_NODE
from services.gateway.link.control import Control
from services.gateway.link.numbering import Numbering
from services.gateway.link.proving import Proving
from services.gateway.link.receiving import Batch, Receiving, Taken
from services.gateway.link.sending import Sending
from services.gateway.link.settings import LinkSettings

log = logging.getLogger(__name__)

TAKE = 500  # messages applied together
PREFETCH = 1500  # messages that the broker hands over ahead: a batch at hand, one that is proved, one that comes
WAIT = 0.2  # seconds that one waits for messages
PEERS_AGAIN = 5.0  # seconds; a peer that is trusted by hand is noticed so soon


class Line:
    """Made at start; connected by whoever leads."""

    def __init__(self, link: LinkSettings, platform: Platform) -> None:
        self._link = link
        self._platform = platform
        self._sources = {name: Database(url, 2) for name, url in link.sources.items()}
        self._publisher = Publisher(link.url, "link-sending", link.options)
        self._speaker = Publisher(link.url, "link-speaking", link.options)
        self._taker = Taker(link.url, "link-taking", link.queue, PREFETCH, link.options, link.bytes)
        self._numbering = Numbering(link, self._sources)
        self._sending = Sending(link, self._publisher, platform.database)
        self._proving = Proving(link.provers)
        self._receiving = Receiving(link, AT_CENTRE if link.role is Role.CENTRE else AT_NODE, self._proving)
        self._control = Control(link, self._speaker, self._sending, platform.settings.env("VERSION") or "development",
                                self._sources)  # fmt: skip
        self._peers: list[str] = []
        self._peers_read = float("-inf")
        self._started: set[str] = set()
        self._ahead: Batch | None = None  # taken and read while the one before it took effect

    def number(self) -> bool:
        """Number what the services told. True when there may be more."""
        return self._numbering.step(self._platform.attempt, self._everybody())

    def send(self) -> bool:
        """Send what is numbered. True when there may be more."""
        self._start("sending", self._publisher)
        return self._sending.step(self._platform.attempt, self._everybody())

    def take(self) -> bool:
        """Wait for messages and let them take effect. Always True: the waiting is in it."""
        self._everybody()  # their keys stand before the first of them is heard
        self._start("taking", self._taker)
        batch, self._ahead = self._ahead, None
        try:
            batch = batch or self._read(WAIT)
            if batch is None:
                return True
            taken = self._apply(batch)
        except Exception:
            self._ahead = None
            self._taker.again()
            raise
        self._taker.done()
        self._control.hear(self._platform.attempt, taken.control)
        return True

    def _read(self, seconds: float) -> Batch | None:
        deliveries = self._taker.take(TAKE, seconds)
        return self._receiving.read(deliveries) if deliveries else None

    def _apply(self, batch: Batch) -> Taken:
        """Let a batch take effect, and get the next one ready as long as the database is at work."""
        batch.settle()  # before the helpers are handed the next
        applied = beside(self._receiving.apply, self._platform.attempt, batch)
        try:
            self._ahead = self._read(0.0)
            if self._ahead is not None:
                self._receiving.ahead(self._ahead, give_way)
        finally:
            taken = applied()
        return taken

    def speak(self) -> None:
        """Say what is due about the line."""
        self._start("speaking", self._speaker)
        self._control.step(self._platform.attempt, self._everybody())

    def stop(self) -> None:
        """Close all connections."""
        for name, connection in (("sending", self._publisher), ("taking", self._taker), ("speaking", self._speaker)):
            if name in self._started:
                connection.stop()
        for source in self._sources.values():
            source.close()
        self._proving.stop()

    def _start(self, name: str, connection: Publisher | Taker) -> None:
        if name not in self._started:
            self._started.add(name)
            connection.start()

    def _everybody(self) -> list[str]:
        now = time.monotonic()
        if now - self._peers_read >= PEERS_AGAIN:
            self._platform.attempt(lambda work: peers.open_streams(work, self._link))
            self._peers = [peer for peer in self._platform.attempt(peers.known) if peer != self._link.node]
            for peer in self._peers:
                self._platform.attempt(partial(signing.announce, link=self._link, peer=peer))
            self._peers_read = now
        return self._peers


