"""One attempt over HTTP/1.1: connections that are kept alive, every time bounded, every answer bounded, no redirect.

Written on sockets, because what is needed of an answer is its status and four headers: http.client parses each head
as an e-mail, which is most of a small delivery's CPU, and bounds neither an answer's time nor its length as a whole.
"""

from __future__ import annotations

import os
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from chassis.within import within
from services.gateway.agencies.webhooks.resolve import Refused, Unresolved

CONNECT_SECONDS = 5.0
SECONDS = 10.0
MOST_HEAD, MOST_BODY = 16 * 1024, 64 * 1024
"""Bytes of an answer that are read; a longer one costs its connection and nothing else."""
IDLE_SECONDS = 30.0
AGENT = "Shubbak-Webhooks/1"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of an attempt. `status` is None when there was no answer: `error` says why. `body` is its beginning,
    for the test of a receiver."""

    status: int | None
    seconds: float
    error: str | None = None
    retry_after: timedelta | None = None
    body: bytes = b""


class _Stale(Exception):
    """A kept connection that the receiver had closed meanwhile: nothing was answered on it."""


class _Broken(Exception):
    """What came is no answer of HTTP/1.x."""


class _Line:
    """One connection."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.used_at = time.monotonic()
        self.buffer = b""

    def more(self, ends: float) -> bytes:
        left = ends - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self.sock.settimeout(left)
        piece = self.sock.recv(65536)
        self.buffer += piece
        return piece

    def write(self, message: bytes, ends: float) -> None:
        left = memoryview(message)
        while left:
            self.sock.settimeout(max(ends - time.monotonic(), 0.001))
            left = left[self.sock.send(left):]

    def close(self) -> None:
        self.sock.close()


class Wire:
    """The way to one endpoint. Any number may send at once; each has a connection of its own."""

    def __init__(self, url: str, address_of: Callable[[str, int], str], *, context: ssl.SSLContext | None = None,
                 seconds: float = SECONDS) -> None:
        parts = urlsplit(url)
        self._secure = parts.scheme == "https"
        self._host = parts.hostname or ""
        self._port = parts.port or (443 if self._secure else 80)
        self._address_of = address_of
        self._context = context
        self._seconds = seconds
        self._idle: list[_Line] = []
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        host = f"[{self._host}]" if ":" in self._host else self._host
        named = host if parts.port is None else f"{host}:{self._port}"
        self._head = f"POST {target} HTTP/1.1\r\nhost: {named}\r\nuser-agent: {AGENT}\r\naccept: */*\r\n"

    def send(self, headers: Mapping[str, str], body: bytes) -> Answer:
        """Post the body. Never raises: what went wrong is in the answer."""
        begun = time.monotonic()
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        message = f"{self._head}{lines}content-length: {len(body)}\r\n\r\n".encode() + body
        ends = begun + self._seconds
        error = "the connection broke off"
        try:
            while True:
                line = self._kept()
                fresh = line is None
                try:
                    with within(max(ends - time.monotonic(), 0.001)):
                        return self._exchange(line or self._connect(ends), message, begun, ends)
                except _Stale:
                    if fresh:
                        break
        except Refused as refused:
            error = f"address refused: {refused}"
        except Unresolved as unresolved:
            error = str(unresolved)
        except TimeoutError:
            error = f"no answer within {self._seconds:g} s"
        except ssl.SSLError as failed:
            error = f"TLS: {getattr(failed, 'verify_message', '') or failed.reason or 'failed'}"
        except _Broken as broken:
            error = str(broken)
        except OSError as failed:
            error = os.strerror(failed.errno).lower() if failed.errno else "the connection broke off"
        return Answer(None, time.monotonic() - begun, error)

    def close(self) -> None:
        """Let go of the connections that nobody uses."""
        while self._idle:
            self._idle.pop().close()

    def _kept(self) -> _Line | None:
        while self._idle:
            line = self._idle.pop()
            if time.monotonic() - line.used_at < IDLE_SECONDS:
                return line
            line.close()
        return None

    def _connect(self, ends: float) -> _Line:
        address = self._address_of(self._host, self._port)
        limit = max(min(CONNECT_SECONDS, ends - time.monotonic()), 0.001)
        sock = socket.create_connection((address, self._port), timeout=limit)
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._secure:
                context = self._context or ssl.create_default_context()
                return _Line(context.wrap_socket(sock, server_hostname=self._host))
            return _Line(sock)
        except BaseException:
            sock.close()
            raise

    def _exchange(self, line: _Line, message: bytes, begun: float, ends: float) -> Answer:
        keep = False
        try:
            try:
                line.write(message, ends)
                status, told = _head(line, ends)
            except (BrokenPipeError, ConnectionResetError, ConnectionAbortedError) as error:
                if line.buffer:
                    raise
                raise _Stale from error
            body, keep = _body(line, status, told, ends)
            return Answer(status, time.monotonic() - begun, None, _retry_after(told.get(b"retry-after")), body)
        finally:
            if keep:
                line.used_at = time.monotonic()
                self._idle.append(line)
            else:
                line.close()


def _head(line: _Line, ends: float) -> tuple[int, dict[bytes, bytes]]:
    """Status and headers of the answer; interim ones (1xx) are passed over."""
    while True:
        while (end := line.buffer.find(b"\r\n\r\n")) < 0:
            if len(line.buffer) > MOST_HEAD:
                raise _Broken("the answer's head is too long")
            if not line.more(ends):
                if line.buffer:
                    raise _Broken("the answer broke off")
                raise _Stale
        first, *rest = line.buffer[:end].split(b"\r\n")
        line.buffer = line.buffer[end + 4:]
        parts = first.split(None, 2)
        if len(parts) < 2 or not parts[0].startswith(b"HTTP/1.") or not parts[1].isdigit() or len(parts[1]) != 3:
            raise _Broken("no answer of HTTP/1.1")
        told = {name.strip().lower(): value.strip() for name, _, value in (one.partition(b":") for one in rest)}
        if parts[0] == b"HTTP/1.0":
            told.setdefault(b"connection", b"close")
        if int(parts[1]) >= 200:
            return int(parts[1]), told


def _body(line: _Line, status: int, told: Mapping[bytes, bytes], ends: float) -> tuple[bytes, bool]:
    """The beginning of the body, and whether the connection stands at its end and may be used again."""
    keep = b"close" not in told.get(b"connection", b"").lower()
    if status in (204, 304):
        return b"", keep and not line.buffer
    if b"transfer-encoding" in told:
        return _chunks(line, ends, keep and told[b"transfer-encoding"].lower() == b"chunked")
    length = told.get(b"content-length", b"")
    if not length.isdigit() or int(length) > MOST_BODY:
        return line.buffer[:MOST_BODY], False
    while len(line.buffer) < int(length):
        if not line.more(ends):
            return line.buffer, False
    body, line.buffer = line.buffer[:int(length)], line.buffer[int(length):]
    return body, keep and not line.buffer


def _chunks(line: _Line, ends: float, keep: bool) -> tuple[bytes, bool]:
    """A body in chunks (RFC 9112, 7.1), without trailers; anything else costs the connection."""
    body = b""
    while keep and len(body) <= MOST_BODY:
        while (end := line.buffer.find(b"\r\n")) < 0:
            if len(line.buffer) > MOST_HEAD or not line.more(ends):
                return body, False
        try:
            size = int(line.buffer[:end].partition(b";")[0], 16)
        except ValueError:
            return body, False
        if not 0 <= size <= MOST_BODY:
            return body, False
        while len(line.buffer) < end + 2 + size + 2:
            if not line.more(ends):
                return body, False
        body += line.buffer[end + 2:end + 2 + size]
        line.buffer = line.buffer[end + 2 + size + 2:]
        if size == 0:
            return body, not line.buffer
    return body[:MOST_BODY], False


def _retry_after(told: bytes | None) -> timedelta | None:
    """How long the receiver asks to be left alone (RFC 9110, 10.2.3): seconds or a date."""
    if not told:
        return None
    text = told.decode("latin-1")
    if text.isdigit():
        return timedelta(seconds=min(int(text), 86_400))
    try:
        wait = parsedate_to_datetime(text) - datetime.now(UTC)
    except (TypeError, ValueError):
        return None
    return max(wait, timedelta())
