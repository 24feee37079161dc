"""The doors of a service: `@command`, `@query`, `@subscribe`, `@timer` on a nameko service class.

A door verifies the actor, checks the permission, loads the payload, and runs the capability in a unit of
work; it never lets an exception out, because nameko would take the container down with it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import eventlet
import marshmallow
import orjson

from chassis import commands, logs, metrics
from chassis.answers import failed, load, refused
from chassis.config import Settings
from chassis.errors import Busy, Conflict, DeadlineExceeded, Unavailable
from chassis.inbox import Way
from chassis.platform import Listener, Platform, Request, Rpc, RpcDoor, Timer, clock
from chassis.restoring import Serial
from chassis.uow import UnitOfWork, attempt
from contracts.events import Event, EventType
from rules.refusal import Refusal, refuse

__all__ = ["Platform", "Service", "command", "query", "subscribe", "timer"]

log = logging.getLogger(__name__)


class Service:
    """Base of every service class. One instance lives as long as the container and handles events and timers; nameko
    makes another for each request, which must hold no state."""

    name: str
    serials: Sequence[Serial] = ()  # what numbers are given from: moved when a restored backup begins a new epoch

    def configure(self, settings: Settings) -> None:
        """Read and check the service's own settings, at start. ConfigurationError stops the process, naming them."""

    def close(self) -> None:
        """Let go of what the service holds outside (sessions with providers), on the way down."""


def command(method: str, schema: type[marshmallow.Schema], *, permission: str) -> Callable[[Any], Any]:
    """An RPC that changes something. `capability(self, work, body) -> dict` is applied once per command id."""
    return _rpc(Rpc(method, schema(), permission, changes=True))


def query(method: str, schema: type[marshmallow.Schema], *, permission: str) -> Callable[[Any], Any]:
    """An RPC that reads. What it gathers all the same (audit of an unmasking) is committed."""
    return _rpc(Rpc(method, schema(), permission, changes=False))


def _rpc(declared: Rpc) -> Callable[[Any], Any]:
    def decorate(function: Any) -> Any:
        @wraps(function)
        def served(self: Any, request: Request) -> None:
            _serve(declared, lambda work, body: function(self, work, body), request)

        RpcDoor.decorator(declared)(served)
        return served

    return decorate


def subscribe(
    *types: EventType,
    way: Way,
    name: str | None = None,
    ahead: Callable[[UnitOfWork, Sequence[Event]], None] | None = None,
) -> Callable[[Any], Any]:
    """A handler `(self, work, event)` for event types, applied once each in the given way. `ahead(work, events)` may
    read for all events of a batch at once what the handler then finds with `work.known`; it is no promise: an event
    that is applied alone was not looked up before."""

    def decorate(function: Any) -> Any:
        function.subscription = (name or function.__name__, types, way)
        function.ahead = ahead
        Listener.decorator()(function)
        return function

    return decorate


def timer(*, seconds: float, name: str, everywhere: bool = False) -> Callable[[Any], Any]:
    """A function `(self, platform)` that one process a database runs again and again, so many seconds apart; with
    `everywhere` each process does (to keep what it knows by heart fresh). When it answers True there is more to do and
    it runs again at once."""

    def decorate(function: Any) -> Any:
        function.timer = Timer(name, seconds, everywhere)
        Listener.decorator()(function)
        return function

    return decorate


def _serve(declared: Rpc, run: Callable[[UnitOfWork, Any], dict[str, Any]], request: Request) -> None:
    platform = request.platform
    started = time.perf_counter()
    logs.correlation.set(request.correlation_id)
    service = platform.settings.service
    try:
        with eventlet.Timeout(max(request.deadline - time.time(), 0.001)):
            answer = orjson.dumps({"answer": _run(declared, run, request)})
        outcome = "ok"
    except eventlet.Timeout:
        answer, outcome = failed(service, "deadline_exceeded"), "deadline_exceeded"
    except Refusal as refusal:
        answer, outcome = refused(refusal), "refused"
    except Busy:
        answer, outcome = failed(service, "busy"), "busy"
    except DeadlineExceeded:
        answer, outcome = failed(service, "deadline_exceeded"), "deadline_exceeded"
    except Unavailable as error:
        log.warning("%s: %s", declared.method, error)
        answer, outcome = failed(service, "unavailable"), "unavailable"
    except Conflict:
        # A conflict that five tries did not resolve: somebody else was faster every time.
        answer, outcome = refused(refuse("conflict")), "conflict"
    except Exception:
        log.exception("%s failed", declared.method)
        answer, outcome = failed(service, "internal"), "internal"
    metrics.rpc(declared.method, outcome, time.perf_counter() - started)
    request.reply(answer)


def _run(declared: Rpc, run: Callable[[UnitOfWork, Any], dict[str, Any]], request: Request) -> dict[str, Any]:
    platform = request.platform
    actor = platform.verifier.verify(request.token, clock())

    def make() -> UnitOfWork:
        return platform.unit_of_work(actor, request.correlation_id)

    if not actor.permits(declared.permission):
        make().require(declared.permission)
    body = load(declared.schema, request.payload)
    if not declared.changes:
        return attempt(make, lambda work: run(work, body))
    if request.command_id is None:
        raise refuse("idempotency_key_required")
    return commands.apply(make, request.command_id, declared.method, request.payload, lambda work: run(work, body))


