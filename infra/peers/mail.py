"""The sandbox mail server: takes everything, keeps the last 10,000, refuses on demand and by the table of samples."""

from __future__ import annotations

import asyncio
import ssl
import threading
import time
from collections.abc import Callable
from email import message_from_bytes
from email.policy import default
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

from infra.peers import samples
from infra.peers.rail_store import bounded


class MailSink:
    """`settings`: `answer` (such as "451 4.3.0 later" or "550 5.1.1 no such user") given `times` times (-1: always)
    at the command `at` ("rcpt" or "data"); `drop`: close the connection after DATA without an answer; `pipelining`:
    offer it; `delay_ms` before each answer to a message. With `tls` (certificate and key) it offers STARTTLS."""

    def __init__(self, tls: tuple[str, str] | None = None) -> None:
        self.settings: dict[str, Any] = {"answer": None, "times": -1, "at": "data", "drop": False, "down": False,
                                         "pipelining": True, "delay_ms": 0}
        self._tls: ssl.SSLContext | None = None
        if tls is not None:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.load_cert_chain(*tls)
        self._tries = samples.Tries()
        self.connections = 0
        self._kept = bounded()
        self._lock = threading.Lock()
        self.port = 0

    async def start(self, host: str, port: int) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._session(loop), host, port)
        self.port = int(self._server.sockets[0].getsockname()[1])

    def _session(self, loop: asyncio.AbstractEventLoop) -> Callable[[], SMTP]:
        def made() -> SMTP:
            self.connections += 1
            return SMTP(self, loop=loop, enable_SMTPUTF8=True, tls_context=self._tls, ident="sandbox")

        return made

    async def stop(self) -> None:
        self._server.close()

    def messages(self) -> list[dict[str, Any]]:
        with self._lock:
            return [dict(message) for message in self._kept]

    def forget(self) -> None:
        with self._lock:
            self._kept.clear()

    async def handle_HELO(self, server: SMTP, session: Session, envelope: Envelope, hostname: str) -> str:  # noqa: N802
        session.host_name = hostname
        return "421 4.3.2 not now" if self.settings["down"] else f"250 {server.hostname}"

    async def handle_EHLO(self, server: SMTP, session: Session, envelope: Envelope, hostname: str,  # noqa: N802
                          responses: list[str]) -> list[str]:
        session.host_name = hostname
        if self.settings["down"]:
            return ["421 4.3.2 not now"]
        return [*responses[:-1], "250-PIPELINING", responses[-1]] if self.settings["pipelining"] else responses

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str,  # noqa: N802
                          rcpt_options: list[str]) -> str:
        refused = self._refusal("rcpt")
        if refused or samples.of_address(address) == "refused":
            return refused or "550 5.1.1 no such user"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(rcpt_options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        refused = self._refusal("data")
        if refused:
            return refused
        if self.settings["delay_ms"]:
            await asyncio.sleep(self.settings["delay_ms"] / 1000)
        raw = envelope.original_content or b""
        behaviour = samples.of_address(envelope.rcpt_tos[0])
        first = behaviour is not None and self._tries.first(envelope.rcpt_tos[0], raw)
        if first and behaviour == "failed_then_delivered":
            return "451 4.3.0 later"
        if behaviour == "slow":
            await asyncio.sleep(samples.SLOW_MS / 1000)
        with self._lock:
            self._kept.append(_shown(raw, envelope))
        lost = self.settings["drop"] or (first and behaviour == "no_answer")
        if lost and isinstance(server.transport, asyncio.WriteTransport):
            # Taken, but the sender never hears so: the window that SMTP leaves open.
            server.transport.abort()
        return "250 2.0.0 OK"

    def _refusal(self, at: str) -> str | None:
        settings = self.settings
        if not settings["answer"] or settings["at"] != at or settings["times"] == 0:
            return None
        if settings["times"] > 0:
            settings["times"] -= 1
        return str(settings["answer"])


def _shown(raw: bytes, envelope: Envelope) -> dict[str, Any]:
    message = message_from_bytes(raw, policy=default)
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    return {
        "at": time.time(), "from": envelope.mail_from, "to": list(envelope.rcpt_tos),
        "subject": str(message["Subject"] or ""), "message_id": str(message["Message-ID"] or ""),
        "headers": {name: str(value) for name, value in message.items()},
        "text": text.get_content() if text is not None else "",
        "html": html.get_content() if html is not None else "",
        "attachments": [part.get_filename() for part in message.iter_attachments()],
        "size": len(raw),
    }
