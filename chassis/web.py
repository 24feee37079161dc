"""HTTP inside a nameko container: a WSGI application behind eventlet's server, bounded and stopped gracefully.

Beyond MAX_IN_FLIGHT requests a further one gets 503 with Retry-After at once, before anything is read. On the way down
the listener closes first, requests in flight finish, and only then does the platform let go of bus and database.

Connections are many more than requests in flight: browsers keep theirs for a while. Whoever sends nothing, or a little
now and then, is let go: IDLE_SECONDS for the first line, HEAD_SECONDS for the rest of the head, for a body BODY_SECONDS
and a second more for each SLOWEST bytes. Without a proxy in front (`WEB_PROXIES` 0) one address has a quarter of the
connections at most.
"""

from __future__ import annotations

import importlib
import logging
import resource
import time
from collections import Counter
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

import eventlet
import eventlet.wsgi
import orjson
from nameko.extensions import DependencyProvider

from chassis import metrics
from chassis.platform import Platform
from contracts import problems
from rules.refusal import Fault

log = logging.getLogger(__name__)

DRAIN = 20.0  # seconds that requests in flight have to finish
HEALTH = "/health/"
CONNECTIONS = 4096
"""Most at a time; fewer where the process may not open twice as many files."""
IDLE_SECONDS = 20.0
HEAD_SECONDS = 10.0
BODY_SECONDS = 30.0
SLOWEST = 8 * 1024
"""Bytes a second of a body, about a telephone at the edge of its cell."""


class FlaskServer(DependencyProvider):
    """Serves the WSGI application that `factory` ("module:function") makes of the platform."""

    platform = Platform()

    def __init__(
        self, factory: str, *, port_name: str = "HTTP_PORT", default_port: int = 8000, proxies_name: str = "WEB_PROXIES"
    ) -> None:
        super().__init__()
        self._proxies_name = proxies_name
        self._factory = factory
        self._port_name = port_name
        self._default_port = default_port
        self._in_flight = 0
        self._stopping = False
        self._listener: Any = None
        self._thread: Any = None

    def setup(self) -> None:
        """The application is made at start, when the platform stands."""

    def start(self) -> None:
        settings = self.platform.settings
        module, _, name = self._factory.partition(":")
        application = getattr(importlib.import_module(module), name)(self.platform)
        host = settings.env("HTTP_HOST", "127.0.0.1") or "127.0.0.1"
        port = settings.number(self._port_name, self._default_port, least=1, most=65535)
        most = connections(settings.max_in_flight)
        behind_proxies = settings.number(self._proxies_name, 0, most=10) > 0
        protocol = type("Protocol", (_Protocol,), {"peers": Counter(), "of_one": most if behind_proxies else most // 4})
        self._listener = eventlet.listen((host, port), backlog=1024)
        self._thread = eventlet.spawn(
            eventlet.wsgi.server,
            self._listener,
            self._bounded(application),
            max_size=most,
            log=logging.getLogger("wsgi"),
            log_output=False,
            protocol=protocol,
            keepalive=True,
            socket_timeout=60,
            debug=False,
        )
        log.info("listening", extra={"port": port})

    def stop(self) -> None:
        self._stopping = True
        if self._listener is not None:
            self._listener.close()
        ends = time.monotonic() + DRAIN
        while self._in_flight and time.monotonic() < ends:
            eventlet.sleep(0.02)
        if self._thread is not None:
            self._thread.kill()

    def _bounded(self, application: Any) -> Callable[..., Iterable[bytes]]:
        service, limit = self.platform.settings.service, self.platform.settings.max_in_flight

        def serve(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            # A full door still says how it is: who asks for health decides whether others are sent elsewhere.
            asked_for_health = environ.get("PATH_INFO", "").startswith(HEALTH)
            if (self._in_flight >= limit and not asked_for_health) or self._stopping:
                metrics.refused_busy(service, "http")
                headers = [("Content-Type", "application/problem+json"), ("Retry-After", "1"), ("Connection", "close")]
                start_response("503 Service Unavailable", headers)
                return [_full()]
            self._in_flight += 1
            metrics.in_flight(service, "http", self._in_flight)
            # What is answered without asking anybody never waits, nor does a busy client's next request: without
            # giving way here, one connection is served again and again (measured: others waited 2 s).
            eventlet.sleep(0)
            environ["wsgi.input"] = _InTime(environ["wsgi.input"])
            try:
                return _Counted(application(environ, start_response), self._finished)
            except BaseException:
                self._finished()
                raise

        return serve

    def _finished(self) -> None:
        self._in_flight -= 1
        metrics.in_flight(self.platform.settings.service, "http", self._in_flight)


def connections(in_flight: int) -> int:
    """How many connections are held at a time. A listener that may open no more files ends, so it stays far below."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(in_flight * 2, min(CONNECTIONS, CONNECTIONS if files < 0 else files // 2))


class _InTime:
    """A body that must arrive at a certain pace. Raises TimeoutError, which is read as a sender who is gone."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._ends = time.monotonic() + BODY_SECONDS

    def _within(self, take: Callable[[int], bytes], size: int) -> bytes:
        left = self._ends - time.monotonic()
        if left <= 0:
            raise TimeoutError("the body came too slowly")
        with eventlet.Timeout(left, TimeoutError("the body came too slowly")):
            piece = take(size)
        self._ends += len(piece) / SLOWEST
        return piece

    def read(self, size: int = -1) -> bytes:
        return self._within(self._stream.read, size)

    def readline(self, size: int = -1) -> bytes:
        return self._within(self._stream.readline, size)


class _Protocol(eventlet.wsgi.HttpProtocol):
    """One length or none: of two, a proxy in front might believe the other one, and what follows would be read as a
    request that nobody sent (RFC 9112, 6.3). And a head within its time, and no address with all connections."""

    peers: Counter[str]
    of_one: int

    def handle(self) -> None:
        peer = self.client_address[0]
        if self.peers[peer] >= self.of_one:
            return
        self.peers[peer] += 1
        try:
            super().handle()
        finally:
            self.peers[peer] -= 1
            if not self.peers[peer]:
                del self.peers[peer]

    def _read_request_line(self) -> Any:
        with eventlet.Timeout(IDLE_SECONDS, False):
            return super()._read_request_line()
        return b""

    def parse_request(self) -> bool:
        arrived = False
        with eventlet.Timeout(HEAD_SECONDS, False):
            arrived = super().parse_request()
        if not arrived:
            self.close_connection = 1
            return False
        lengths = self.headers.get_all("content-length", ())
        if len(lengths) > 1 or not all(one.isascii() and one.isdecimal() for one in lengths):
            self.wfile.write(b"HTTP/1.0 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
            self.close_connection = 1
            return False
        return True


@cache
def _full() -> bytes:
    """The problem `busy` in both languages, made once: a full door has no time to choose."""
    busy = Fault("busy")
    arabic, english = problems.describe(busy, "ar"), problems.describe(busy, "en")
    return orjson.dumps(
        {
            "type": "urn:shubbak:problem:busy",
            "title": arabic,
            "status": 503,
            "code": "busy",
            "detail": english,
            "title_ar": arabic,
            "title_en": english,
            "errors": [{"field": None, "code": "busy", "ar": arabic, "en": english}],
        }
    )


class _Counted:
    """The response's body; reports when it has been sent or given up."""

    def __init__(self, body: Iterable[bytes], finished: Callable[[], None]) -> None:
        self._body = body
        self._finished = finished

    def __iter__(self) -> Any:
        return iter(self._body)

    def close(self) -> None:
        try:
            close = getattr(self._body, "close", None)
            if close is not None:
                close()
        finally:
            self._finished()
