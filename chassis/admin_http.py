"""What operators and supervisors ask a process: `/health/live`, `/health/ready`, `/metrics`.

live: the hub turns, and every reader and every leader's loop still comes round; anything else wants a restart.
ready: database and bus answer at this moment and new work is taken; anything else wants no traffic.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import eventlet
import eventlet.wsgi
import orjson

from chassis import metrics

log = logging.getLogger(__name__)

PATIENCE = 3.0  # seconds; a check that takes longer is a no
Checks = Callable[[], Mapping[str, Mapping[str, bool]]]


def health(checks: Checks, word: str) -> tuple[int, bytes]:
    """Status and body of a health question; `word` is `live` or `ready`."""
    with eventlet.Timeout(PATIENCE, False):
        found = checks()
        good = all(all(parts.values()) for parts in found.values())
        return (200 if good else 503), orjson.dumps({word: good, "services": found})
    return 503, orjson.dumps({word: False, "services": {}})


def serve(port: int, live: Checks, ready: Checks, host: str = "127.0.0.1") -> Any:
    """Start the admin server; answers its listening socket."""

    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path == "/metrics":
            start_response("200 OK", [("Content-Type", "text/plain; version=0.0.4; charset=utf-8")])
            return [metrics.render()]
        if path in ("/health/live", "/health/ready"):
            word = path.rpartition("/")[2]
            status, body = health(live if word == "live" else ready, word)
            start_response(f"{status} {'OK' if status == 200 else 'Service Unavailable'}",
                           [("Content-Type", "application/json")])
            return [body]
        start_response("404 Not Found", [("Content-Type", "text/plain")])
        return [b"not found"]

    listener = eventlet.listen((host, port))
    eventlet.spawn(eventlet.wsgi.server, listener, application, log_output=False, log=logging.getLogger("wsgi"))
    return listener
