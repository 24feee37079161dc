"""E-mail over SMTP: a few connections, kept while there is work; TLS whenever it is offered; commands in groups where
the server takes them so (RFC 2920), which costs a batch one round trip a message instead of four.

DKIM is the relay's: it signs what it sends for the domain, and holds the key.
"""

from __future__ import annotations

import logging
import ssl
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from datetime import timedelta
from email.utils import parseaddr
from uuid import UUID

from services.notifications import metrics
from services.notifications.providers.base import (
    Answer,
    Arrival,
    Outcome,
    Outgoing,
    Verdict,
    of_whole,
    register,
    together,
)
from services.notifications.providers.smtp_line import LOST, Line
from services.notifications.settings_providers import SmtpSettings

LOG = logging.getLogger(__name__)

AT_ONCE = 20  # messages a connection before their answers are recorded; a crash leaves no more than these unanswered
IDLE_CLOSE = 20.0  # seconds; servers drop an idle client after minutes, and a dropped one costs a failed attempt
RECONNECT = (1, 5, 15, 30, 60)  # seconds between attempts to connect; the last one repeats
SOON = timedelta(seconds=5)


class Smtp:
    """A mail server that relays for us."""

    brings_receipts = False
    repeats_safely = False  # most mailboxes show a Message-ID once, but no server promises it

    def __init__(self, settings: SmtpSettings, name: str = "smtp") -> None:
        self.name = name
        self._settings = settings
        self._sender = parseaddr(settings.sender)[1]
        self._idle: list[Line] = []
        self._open = 0
        self._lock = threading.Lock()
        self._slots = threading.Semaphore(settings.connections)
        self._away_until = 0.0
        self._failures = 0
        self._tls = ssl.create_default_context()
        if settings.ca is not None:
            self._tls.load_verify_locations(settings.ca)

    @property
    def away(self) -> bool:
        return self._failures > 0 and not self._open

    def room(self) -> int:
        """Room while a connection stands or can be made: one is made to see."""
        if not self._open:
            line = self._take()
            if line is None:
                return 0
            self._give_back(line)
        return AT_ONCE * self._settings.connections

    def submit(self, batch: Sequence[Outgoing], budget: timedelta) -> Mapping[UUID, Outcome]:
        until = time.monotonic() + budget.total_seconds()
        answers: dict[UUID, Answer] = {}
        waiting = deque(batch)
        workers = min(self._settings.connections, -(-len(batch) // AT_ONCE) or 1)
        together(self.name, workers, lambda: self._work_off(waiting, answers, until))
        return of_whole(batch, answers)

    def arrivals(self, limit: int) -> Sequence[Arrival]:
        return ()

    def acknowledge(self, arrivals: Sequence[Arrival]) -> None:
        raise AssertionError("SMTP brings no receipts")

    def close(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
            self._open -= len(idle)
        for line in idle:
            line.goodbye()
        metrics.CONNECTED.labels(self.name).set(0)

    # one connection

    def _work_off(self, waiting: deque[Outgoing], answers: dict[UUID, Answer], until: float) -> None:
        """Hand over what waits, over one connection at a time, until nothing waits. Never raises for a message."""
        while waiting:
            chunk = [waiting.popleft() for _ in range(min(AT_ONCE, len(waiting)))]
            with self._slots:
                answers.update(zip((one.message_id for one in chunk), self._hand_over(chunk, until), strict=True))

    def _hand_over(self, chunk: Sequence[Outgoing], until: float) -> Sequence[Answer]:
        held = "no_time" if time.monotonic() >= until else None
        line = None if held else self._take()
        if line is None:
            return [Answer(Verdict.HELD, reason=held or "no_connection", retry_after=SOON)] * len(chunk)
        try:
            sent = line.send(self._sender, [(one.address, one.parts[0].payload) for one in chunk], until)
        except BaseException:
            self._lose(line)
            raise
        if sent.broken is None:
            self._give_back(line)
        else:
            self._lose(line, sent.broken)
        return sent.answers

    # the pool

    def _take(self) -> Line | None:
        """A connection, made anew when it is time to; None while the server is away. One that lay idle is replaced:
        the server may have dropped it, which would only show when a message is half-way."""
        while True:
            with self._lock:
                line = self._idle.pop() if self._idle else None
            if line is None:
                break
            if time.monotonic() - line.used <= IDLE_CLOSE:
                return line
            self._open -= 1
            line.goodbye()
        if time.monotonic() < self._away_until:
            return None
        try:
            line = Line(self._settings, self._tls)
        except LOST as error:
            self._count_failure(error)
            return None
        self._open += 1
        self._failures = 0
        metrics.CONNECTED.labels(self.name).set(1)
        return line

    def _give_back(self, line: Line) -> None:
        with self._lock:
            self._idle.append(line)

    def _lose(self, line: Line, error: Exception | None = None) -> None:
        self._open -= 1
        line.close()
        if not self._open:
            metrics.CONNECTED.labels(self.name).set(0)
        if error is not None:
            self._count_failure(error)

    def _count_failure(self, error: Exception) -> None:
        self._away_until = time.monotonic() + RECONNECT[min(self._failures, len(RECONNECT) - 1)]
        self._failures += 1
        LOG.warning("the mail server %s cannot be used: %s", self.name, type(error).__name__)


@register.kind("smtp", SmtpSettings)
def _make(settings: SmtpSettings, name: str) -> Smtp:
    return Smtp(settings, name)
