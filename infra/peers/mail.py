"""The sandbox mail server: takes everything, keeps the last 10,000, refuses on demand."""

from __future__ import annotations

import asyncio
import threading
import time
from email import message_from_bytes
from email.policy import default
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

from infra.peers.rail_store import bounded


class MailSink:
    """`settings`: `answer` (such as "451 4.3.0 later" or "550 5.1.1 no such user") given `times` times (-1: always)
    at the command `at` ("rcpt" or "data"); `drop`: close the connection after DATA without an answer."""

    def __init__(self) -> None:
        self.settings: dict[str, Any] = {"answer": None, "times": -1, "at": "data", "drop": False, "down": False}
        self._kept = bounded()
        self._lock = threading.Lock()
        self.port = 0

    async def start(self, host: str, port: int) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: SMTP(self, loop=loop, enable_SMTPUTF8=True), host, port)
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        self._server.close()

    def messages(self) -> list[dict[str, Any]]:
        with self._lock:
            return [dict(message) for message in self._kept]

    def forget(self) -> None:
        with self._lock:
            self._kept.clear()

    async def handle_EHLO(self, server: SMTP, session: Session, envelope: Envelope, hostname: str,  # noqa: N802
                          responses: list[str]) -> list[str]:
        session.host_name = hostname
        return ["421 4.3.2 not now"] if self.settings["down"] else responses

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str,  # noqa: N802
                          rcpt_options: list[str]) -> str:
        refused = self._refusal("rcpt")
        if refused:
            return refused
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(rcpt_options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        refused = self._refusal("data")
        if refused:
            return refused
        raw = envelope.original_content or b""
        with self._lock:
            self._kept.append(_shown(raw, envelope))
        if self.settings["drop"] and isinstance(server.transport, asyncio.WriteTransport):
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
