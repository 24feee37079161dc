"""E-mail over SMTP: one connection, kept while there is work; TLS whenever it is offered."""

from __future__ import annotations

import logging
import smtplib
import ssl
import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from email.utils import parseaddr
from uuid import UUID

from services.notifications import metrics
from services.notifications.providers.base import Answer, Arrival, Outcome, Outgoing, Provider, Verdict, register
from services.notifications.settings import NotificationSettings, SmtpSettings

LOG = logging.getLogger(__name__)

AT_ONCE = 20  # messages before their answers are recorded; a crash leaves no more than these unanswered
IDLE_CLOSE = 20.0  # seconds; servers drop an idle client after minutes, and a dropped one costs a failed attempt
RECONNECT = (1, 5, 15, 30, 60)  # seconds between attempts to connect; the last one repeats

_LOST = OSError  # smtplib's own exceptions are OSErrors too


class Smtp:
    """A mail server that relays for us."""

    name = "smtp"
    brings_receipts = False

    def __init__(self, settings: SmtpSettings) -> None:
        self._settings = settings
        self._sender = parseaddr(settings.sender)[1]
        self._server: smtplib.SMTP | None = None
        self._used = 0.0
        self._away_until = 0.0
        self._failures = 0
        self._tls = ssl.create_default_context()

    def room(self) -> int:
        return AT_ONCE if self._connected() is not None else 0

    def submit(self, batch: Sequence[Outgoing], budget: timedelta) -> Mapping[UUID, Outcome]:
        until = time.monotonic() + budget.total_seconds()
        return {message.message_id: {part.number: self._send(message.address, part.payload, until)
                                     for part in message.parts} for message in batch}

    def arrivals(self, limit: int) -> Sequence[Arrival]:
        return ()

    def acknowledge(self, arrivals: Sequence[Arrival]) -> None:
        raise AssertionError("SMTP brings no receipts")

    def close(self) -> None:
        server, self._server = self._server, None
        metrics.CONNECTED.labels(self.name).set(0)
        if server is None:
            return
        try:
            server.quit()
        except _LOST as error:
            LOG.debug("SMTP goodbye failed: %s", type(error).__name__)
        server.close()

    # one message

    def _send(self, address: str, payload: bytes, until: float) -> Answer:
        if time.monotonic() >= until:
            return Answer(Verdict.HELD, reason="no_time", retry_after=timedelta(seconds=5))
        server = self._connected()
        if server is None:
            return Answer(Verdict.HELD, reason="no_connection", retry_after=timedelta(seconds=5))
        handed_over = False
        try:
            code, _ = server.mail(self._sender)
            if code == 250:
                code, _ = server.rcpt(address)
            if code in (250, 251):
                # From here an answer that stays out leaves it open whether the message was taken.
                handed_over = True
                code, _ = server.data(payload)
        except smtplib.SMTPDataError as error:  # DATA itself was refused: nothing was handed over
            self._reset(server)
            return _judge(error.smtp_code)
        except smtplib.SMTPResponseException as error:
            self._lose(error)
            return _judge(error.smtp_code)
        except _LOST as error:
            self._lose(error)
            if handed_over:
                return Answer(Verdict.UNCERTAIN, reason="no_answer")
            return Answer(Verdict.TEMPORARY, reason="connection_lost", retry_after=timedelta(seconds=5))
        self._used = time.monotonic()
        if code == 250 and handed_over:
            return Answer(Verdict.ACCEPTED)
        self._reset(server)
        return _judge(code)

    def _reset(self, server: smtplib.SMTP) -> None:
        try:
            server.rset()
        except _LOST as error:
            self._lose(error)

    # the connection

    def _connected(self) -> smtplib.SMTP | None:
        """The connection, made anew when it is time to; None while the server is away. One that lay idle is replaced:
        the server may have dropped it, which would only show when a message is half-way."""
        now = time.monotonic()
        if self._server is not None and now - self._used > IDLE_CLOSE:
            self.close()
        if self._server is not None:
            return self._server
        if now < self._away_until:
            return None
        try:
            self._server = self._open()
        except _LOST as error:
            self._away(error)
            return None
        self._failures, self._used = 0, time.monotonic()
        metrics.CONNECTED.labels(self.name).set(1)
        return self._server

    def _open(self) -> smtplib.SMTP:
        settings = self._settings
        server = smtplib.SMTP(settings.host, settings.port, timeout=settings.timeout)
        try:
            server.ehlo_or_helo_if_needed()
            if server.has_extn("starttls"):
                server.starttls(context=self._tls)  # a certificate that does not verify ends the connection
                server.ehlo()
            elif settings.tls_required:
                raise smtplib.SMTPNotSupportedError("the server offers no STARTTLS and the settings demand it")
            if settings.user is not None and settings.password is not None:
                server.login(settings.user, settings.password)
        except BaseException:
            server.close()
            raise
        return server

    def _away(self, error: Exception) -> None:
        self._away_until = time.monotonic() + RECONNECT[min(self._failures, len(RECONNECT) - 1)]
        self._failures += 1
        LOG.warning("the mail server cannot be used: %s", type(error).__name__)

    def _lose(self, error: Exception) -> None:
        server, self._server = self._server, None
        metrics.CONNECTED.labels(self.name).set(0)
        if server is not None:
            server.close()
        self._away(error)


def _judge(code: int) -> Answer:
    """4yz is temporary, 5yz permanent (RFC 5321, 4.2.1); 421 and anything unexpected may pass."""
    if 500 <= code < 600:
        return Answer(Verdict.PERMANENT, reason=f"smtp_{code}")
    return Answer(Verdict.TEMPORARY, reason=f"smtp_{code}")


@register.adapter("email")
def _make(settings: NotificationSettings) -> Provider | None:
    return Smtp(settings.smtp) if settings.smtp else None
