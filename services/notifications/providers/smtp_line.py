"""One connection to a mail server: messages handed over one after the other, in groups of commands where the server
offers PIPELINING (RFC 2920), and for each what became of it.

smtplib connects, speaks TLS and logs in; groups it does not know.
"""

from __future__ import annotations

import logging
import re
import smtplib
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from services.notifications.providers.base import Answer, Verdict
from services.notifications.settings_providers import SmtpSettings

LOG = logging.getLogger(__name__)

LOST = OSError  # smtplib's own exceptions are OSErrors too
SOON = timedelta(seconds=5)
_PERIODS = re.compile(rb"(?m)^\.")  # RFC 5321, 4.5.2


@dataclass(frozen=True, slots=True)
class Sent:
    """An answer for each message, in order, and why the connection cannot be used any more, if so."""

    answers: list[Answer]
    broken: Exception | None


class _Broken(Exception):
    """The connection ended within a message."""

    def __init__(self, error: OSError, handed_over: bool) -> None:
        super().__init__(type(error).__name__)
        self.error, self.handed_over = error, handed_over


class Line:
    """Opened when made; raises one of LOST when the server cannot be used."""

    def __init__(self, settings: SmtpSettings, tls: ssl.SSLContext) -> None:
        self._server = server = smtplib.SMTP(settings.host, settings.port, timeout=settings.timeout)
        try:
            server.ehlo_or_helo_if_needed()
            if server.has_extn("starttls"):
                server.starttls(context=tls)  # a certificate that does not verify ends the connection
                server.ehlo()
            elif settings.tls_required:
                raise smtplib.SMTPNotSupportedError("the server offers no STARTTLS and the settings demand it")
            if settings.user is not None and settings.password is not None:
                server.login(settings.user, settings.password)
        except BaseException:
            server.close()
            raise
        self.grouped = server.has_extn("pipelining")
        self.used = time.monotonic()

    def send(self, sender: str, messages: Sequence[tuple[str, bytes]], until: float) -> Sent:
        """Hand over (address, message) one after the other; nothing is begun after `until`."""
        return (self._grouped if self.grouped else self._singly)(sender, messages, until)

    def goodbye(self) -> None:
        try:
            self._server.quit()
        except LOST as error:
            LOG.debug("SMTP goodbye failed: %s", type(error).__name__)
        self._server.close()

    def close(self) -> None:
        self._server.close()

    # one command at a time

    def _singly(self, sender: str, messages: Sequence[tuple[str, bytes]], until: float) -> Sent:
        answers: list[Answer] = []
        for address, payload in messages:
            if time.monotonic() >= until:
                answers.append(_held("no_time"))
                continue
            try:
                answer = self._one(sender, address, payload)
                answers.append(answer)
                if answer.verdict is not Verdict.ACCEPTED:
                    self._server.rset()
            except LOST as error:
                return self._ended(answers, messages, error)
            except _Broken as broken:
                return self._ended([*answers, _lost(broken.error, broken.handed_over)], messages, broken.error)
            self.used = time.monotonic()
        return Sent(answers, None)

    def _one(self, sender: str, address: str, payload: bytes) -> Answer:
        begun, handed_over = time.monotonic(), False
        try:
            code, _ = self._server.mail(sender)
            if code == 250:
                code, _ = self._server.rcpt(address)
            if code in (250, 251):
                # From here an answer that stays out leaves it open whether the message was taken.
                handed_over = True
                code, _ = self._server.data(payload)
        except smtplib.SMTPDataError as error:  # DATA itself was refused: nothing was handed over
            code = error.smtp_code
        except LOST as error:
            raise _Broken(error, handed_over) from error
        if code == 421:
            raise _Broken(smtplib.SMTPResponseException(421, ""), handed_over)
        return _judge(code, time.monotonic() - begun)

    # in groups

    def _grouped(self, sender: str, messages: Sequence[tuple[str, bytes]], until: float) -> Sent:
        """The end of one message and the beginning of the next leave together: one round trip a message."""
        answers: list[Answer] = []
        sending: float | None = None  # since when a whole message is on its way whose answer is not read yet
        begun = time.monotonic()
        try:
            for number, (address, payload) in enumerate(messages):
                if number == 0:
                    self._write(_begin(sender, address))
                codes = [self._read() for _ in range(3)]
                accepted = codes[0] == 250 and codes[1] in (250, 251)
                following = messages[number + 1][0] if number + 1 < len(messages) and time.monotonic() < until else None
                if codes[2] == 354:
                    # Without a recipient there is nobody to send to, but the server waits for an end (RFC 2920, 3.1).
                    piece = _end(payload) if accepted else b".\r\n"
                    sending = time.monotonic() if accepted else None
                else:
                    piece = b"RSET\r\n"
                self._write(piece + (b"" if following is None else _begin(sender, following)))
                code = self._read()
                refused = next((one for one in codes[:2] if one not in (250, 251)), None)
                answers.append(_judge(refused or (code if codes[2] == 354 else codes[2]), time.monotonic() - begun))
                self.used = begun = time.monotonic()
                sending = None
                if following is None:
                    answers.extend(_held("no_time") for _ in messages[number + 1:])
                    break
        except LOST as error:
            answers.append(_lost(error, sending is not None))
            return self._ended(answers, messages, error)
        return Sent(answers, None)

    def _write(self, data: bytes) -> None:
        self._server.send(data)

    def _read(self) -> int:
        code, _ = self._server.getreply()
        if code == 421:  # the server closes the connection
            raise smtplib.SMTPResponseException(421, "")
        return code

    @staticmethod
    def _ended(answers: list[Answer], messages: Sequence[tuple[str, bytes]], error: Exception) -> Sent:
        """What was not begun when the connection ended goes elsewhere soon."""
        return Sent(answers + [_held("connection_lost")] * (len(messages) - len(answers)), error)


def _begin(sender: str, address: str) -> bytes:
    begun = f"MAIL FROM:{smtplib.quoteaddr(sender)}\r\nRCPT TO:{smtplib.quoteaddr(address)}\r\nDATA\r\n"
    return begun.encode("ascii")


def _end(payload: bytes) -> bytes:
    quoted = _PERIODS.sub(b"..", payload)
    return quoted + (b"" if quoted.endswith(b"\r\n") else b"\r\n") + b".\r\n"


def _held(reason: str) -> Answer:
    return Answer(Verdict.HELD, reason=reason, retry_after=SOON)


def _lost(error: Exception, handed_over: bool) -> Answer:
    if isinstance(error, smtplib.SMTPResponseException):
        return _judge(error.smtp_code, None)
    if handed_over:
        return Answer(Verdict.UNCERTAIN, reason="no_answer")
    return Answer(Verdict.TEMPORARY, reason="connection_lost", retry_after=SOON)


def _judge(code: int, took: float | None) -> Answer:
    """4yz is temporary, 5yz permanent (RFC 5321, 4.2.1); 421 and anything unexpected may pass."""
    if code == 250:
        return Answer(Verdict.ACCEPTED, took=took)
    if 500 <= code < 600:
        return Answer(Verdict.PERMANENT, reason=f"smtp_{code}", took=took)
    return Answer(Verdict.TEMPORARY, reason=f"smtp_{code}", took=took)
