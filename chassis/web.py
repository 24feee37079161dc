"""HTTP inside a nameko container: a WSGI application behind eventlet's server, bounded and stopped gracefully.

Beyond MAX_IN_FLIGHT requests a further one gets 503 with Retry-After at once, before anything is read. On the way down
the listener closes first, requests in flight finish, and only then does the platform let go of bus and database.
"""

from __future__ import annotations

import importlib
import logging
import time
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


class FlaskServer(DependencyProvider):
    """Serves the WSGI application that `factory` ("module:function") makes of the platform."""

    platform = Platform()

    def __init__(self, factory: str, *, port_name: str = "HTTP_PORT", default_port: int = 8000) -> None:
        super().__init__()
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
        self._listener = eventlet.listen((host, port), backlog=1024)
        self._thread = eventlet.spawn(
            eventlet.wsgi.server,
            self._listener,
            self._bounded(application),
            max_size=settings.max_in_flight * 2,
            log=logging.getLogger("wsgi"),
            log_output=False,
            protocol=_Protocol,
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
            try:
                return _Counted(application(environ, start_response), self._finished)
            except BaseException:
                self._finished()
                raise

        return serve

    def _finished(self) -> None:
        self._in_flight -= 1
        metrics.in_flight(self.platform.settings.service, "http", self._in_flight)


class _Protocol(eventlet.wsgi.HttpProtocol):
    """One length or none: of two, a proxy in front might believe the other one, and what follows would be read as a
    request that nobody sent (RFC 9112, 6.3)."""

    def parse_request(self) -> bool:
        if not super().parse_request():
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
