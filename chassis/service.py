"""The doors of a service: `@command`, `@query`, `@subscribe`, `@timer` on a nameko service class.

nameko is the container (workers, life cycle); the bus, the database and everything else hang on one `Platform` a
container. A door verifies the actor, checks the permission, loads the payload, and runs the capability in a unit of
work; it never lets an exception out, because nameko would take the container down with it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import wraps
from typing import Any, TypeVar
from uuid import UUID

import eventlet
import marshmallow
import orjson
from nameko.extensions import Entrypoint, SharedExtension

from chassis import actors, audit, commands, logs, metrics
from chassis.actors import Actor
from chassis.bus.base import Bus, Reply
from chassis.calls import Calls
from chassis.config import Settings
from chassis.database import Database
from chassis.errors import Busy, Conflict, DeadlineExceeded, Unavailable
from chassis.ids import uuid7
from chassis.inbox import Inbox, Subscription, Way
from chassis.leader import Leadership
from chassis.privacy import Privacy
from chassis.relay import Relay
from chassis.uow import Context, UnitOfWork, attempt
from contracts.events import Event, EventType
from rules.refusal import Fault, Refusal, refuse

log = logging.getLogger(__name__)

T = TypeVar("T")
STUCK = 120.0  # seconds; no step of any loop is meant to take longer


@dataclass(frozen=True)
class _Rpc:
    """A declared RPC: its name on the bus, its payload, who may, and whether it changes anything."""

    method: str
    schema: marshmallow.Schema
    permission: str
    changes: bool


@dataclass(frozen=True)
class _Timer:
    name: str
    seconds: float


class Platform(SharedExtension):
    """What one service stands on, for as long as its container lives."""

    settings: Settings
    database: Database
    privacy: Privacy
    calls: Calls

    def setup(self) -> None:
        service = self.container.service_name
        self.settings = self.container.config["settings"][service]
        self.bus: Bus = self.container.config["bus"](self.settings)
        self.database = Database(self.settings.database_url, self.settings.max_workers)
        self.privacy = Privacy(self.settings.rings, self.settings.lookup_key)
        self.context = Context(self.settings, self.database, self.privacy, _clock)
        self.calls = Calls(self.bus)
        self.verifier = actors.Verifier(self.settings.actor_public_keys)
        self.relay = Relay(service, self.database, self.bus)
        self.sealer = audit.Sealer(service, self.database, self.settings.audit_private_key)
        self._system = actors.system(service)
        self._rpcs = {door.declared.method: door for door in self.container.entrypoints if isinstance(door, Rpc)}
        self._leaders: list[Leadership] = []
        self._instance: Service = self.container.service_cls()
        self._instance.configure(self.settings)
        self._in_flight = 0
        self._stopping = False
        self.inbox = Inbox(service, _subscriptions(self._instance), self.unit_of_work)

    def start(self) -> None:
        if self._rpcs:
            self.bus.serve(self.settings.service, self.take_request)
        if self.inbox.types:
            self.bus.consume(self.settings.service, self.inbox.types, self.inbox.take)
        self.bus.start()
        self.relay.start()
        self.sealer.start()
        self._lead("inbox", self._retry_owed)
        self._lead("measure", self._measure)
        for function, timer_ in _timers(self._instance):
            self._lead(timer_.name, _timed(function, self, timer_.seconds))

    def stop_taking(self) -> None:
        """Take no new work. Called first on the way down; what is in flight goes on."""
        if not self._stopping:
            self._stopping = True
            self.bus.stop_taking()

    def stop(self) -> None:
        """Called last, when no worker runs any more: let go of what is held, in order."""
        for leader in self._leaders:
            leader.stop()
        self._instance.close()
        self.relay.stop()
        self.sealer.stop()
        self.bus.stop()
        self.database.close()

    @property
    def live(self) -> dict[str, bool]:
        """Whether every loop of this service still comes round. One that does not wants a restart."""
        leaders = (*self._leaders, *self.relay.leaders, self.sealer.leader)
        return {
            "bus": self.bus.idle_seconds() < STUCK,
            **{leader.name: leader.idle_seconds < STUCK for leader in leaders},
        }

    @property
    def ready(self) -> dict[str, bool]:
        """What a readiness probe wants to know, told truly at this moment."""
        return {"database": self.database.ping(), "bus": self.bus.ready(), "taking": not self._stopping}

    # -- units of work -----------------------------------------------------------------------------------------------

    def unit_of_work(self, actor: Actor | None = None, correlation_id: str | None = None) -> UnitOfWork:
        """A unit of work outside a door (timers, pages). The caller commits it, or uses `attempt`."""
        work = UnitOfWork(self.context, actor or self._system, correlation_id or logs.correlation.get() or uuid7().hex)
        work.after_commit(lambda: self.relay.wake() if work.appended else None)
        return work

    def attempt(self, run: Callable[[UnitOfWork], T], actor: Actor | None = None) -> T:
        """Run and commit, again after a conflict."""
        return attempt(lambda: self.unit_of_work(actor), run)

    # -- requests ----------------------------------------------------------------------------------------------------

    def take_request(self, body: bytes, reply: Reply) -> None:
        """Start one request, or answer at once that the service is full. Never blocks the bus's reader."""
        if self._in_flight >= self.settings.max_in_flight:
            metrics.refused_busy(self.settings.service, "rpc")
            reply(_failed(self.settings.service, "busy"))
            return
        try:
            request = _Request(self, orjson.loads(body), reply)
            rpc = self._rpcs[request.method]
        except (AttributeError, KeyError, TypeError, ValueError):
            reply(_refused(refuse("not_found")))
            return
        if request.deadline < time.time():
            log.info("a request came after its deadline and was left alone", extra={"method": request.method})
            return
        self._in_flight += 1
        try:
            self.container.spawn_worker(rpc, (request,), {}, handle_result=self._ended)
        except Exception:  # the service class itself could not be made: nothing for the bus's reader to fall over
            self._in_flight -= 1
            log.exception("%s could not be started", request.method)
            reply(_failed(self.settings.service, "internal"))

    def _ended(self, worker: Any, result: Any, exc_info: Any) -> tuple[Any, Any]:
        self._in_flight -= 1
        return result, exc_info

    # -- leaders -----------------------------------------------------------------------------------------------------

    def _lead(self, name: str, step: Callable[[Any], float]) -> None:
        leader = Leadership(self.database, name, step)
        self._leaders.append(leader)
        leader.start()

    def _retry_owed(self, session: Any) -> float:
        return 0.0 if self.inbox.retry_due() else 0.5

    def _measure(self, session: Any) -> float:
        self.inbox.measure()
        metrics.audit_unsealed(self.settings.service, audit.unsealed(session))
        metrics.in_flight(self.settings.service, "rpc", self._in_flight)
        pool: Any = self.database.engine.pool
        metrics.database_pool(self.settings.service, pool.checkedout(), pool.checkedin())
        return 5.0


def _clock() -> datetime:
    return datetime.now(UTC)


class Service:
    """Base of every service class. One instance lives as long as the container and handles events and timers; nameko
    makes another for each request, which must hold no state."""

    name: str

    def configure(self, settings: Settings) -> None:
        """Read and check the service's own settings, at start. ConfigurationError stops the process, naming them."""

    def close(self) -> None:
        """Let go of what the service holds outside (sessions with providers), on the way down."""


class _Door(Entrypoint):
    platform = Platform()

    def setup(self) -> None:
        """The platform finds its doors by itself."""

    def stop(self) -> None:
        self.platform.stop_taking()


class Rpc(_Door):
    """A command or query on the bus."""

    def __init__(self, declared: _Rpc) -> None:
        super().__init__()
        self.declared = declared


class Listener(_Door):
    """A subscription or timer. Its work runs in batches and steps of the platform's own, not in workers."""


class _Request:
    """One request on its way through a door."""

    def __init__(self, platform: Platform, message: dict[str, Any], reply: Reply) -> None:
        self.platform = platform
        self.reply = reply
        self.method: str = message["method"]
        self.payload: dict[str, Any] = message["payload"]
        self.token: str | None = message["actor"]
        self.command_id = UUID(message["command"]) if message["command"] else None
        self.deadline = float(message["deadline"])
        self.correlation_id: str = message["correlation"] or uuid7().hex


def command(method: str, schema: type[marshmallow.Schema], *, permission: str) -> Callable[[Any], Any]:
    """An RPC that changes something. `capability(self, work, body) -> dict` is applied once per command id."""
    return _rpc(_Rpc(method, schema(), permission, changes=True))


def query(method: str, schema: type[marshmallow.Schema], *, permission: str) -> Callable[[Any], Any]:
    """An RPC that reads. What it gathers all the same (audit of an unmasking) is committed."""
    return _rpc(_Rpc(method, schema(), permission, changes=False))


def _rpc(declared: _Rpc) -> Callable[[Any], Any]:
    def decorate(function: Any) -> Any:
        @wraps(function)
        def served(self: Any, request: _Request) -> None:
            _serve(declared, lambda work, body: function(self, work, body), request)

        Rpc.decorator(declared)(served)
        return served

    return decorate


def subscribe(*types: EventType, way: Way, name: str | None = None) -> Callable[[Any], Any]:
    """A handler `(self, work, event)` for event types, applied once each in the given way."""

    def decorate(function: Any) -> Any:
        function.subscription = (name or function.__name__, types, way)
        Listener.decorator()(function)
        return function

    return decorate


def timer(*, seconds: float, name: str) -> Callable[[Any], Any]:
    """A function `(self, platform)` that one process a database runs again and again, so many seconds apart. When it
    answers True there is more to do and it runs again at once."""

    def decorate(function: Any) -> Any:
        function.timer = _Timer(name, seconds)
        Listener.decorator()(function)
        return function

    return decorate


def _serve(declared: _Rpc, run: Callable[[UnitOfWork, Any], dict[str, Any]], request: _Request) -> None:
    platform = request.platform
    started = time.perf_counter()
    logs.correlation.set(request.correlation_id)
    service = platform.settings.service
    try:
        with eventlet.Timeout(max(request.deadline - time.time(), 0.001)):
            answer = orjson.dumps({"answer": _run(declared, run, request)})
        outcome = "ok"
    except eventlet.Timeout:
        answer, outcome = _failed(service, "deadline_exceeded"), "deadline_exceeded"
    except Refusal as refusal:
        answer, outcome = _refused(refusal), "refused"
    except Busy:
        answer, outcome = _failed(service, "busy"), "busy"
    except DeadlineExceeded:
        answer, outcome = _failed(service, "deadline_exceeded"), "deadline_exceeded"
    except Unavailable as error:
        log.warning("%s: %s", declared.method, error)
        answer, outcome = _failed(service, "unavailable"), "unavailable"
    except Conflict:
        # A conflict that five tries did not resolve: somebody else was faster every time.
        answer, outcome = _refused(refuse("conflict")), "conflict"
    except Exception:
        log.exception("%s failed", declared.method)
        answer, outcome = _failed(service, "internal"), "internal"
    metrics.rpc(declared.method, outcome, time.perf_counter() - started)
    request.reply(answer)


def _run(declared: _Rpc, run: Callable[[UnitOfWork, Any], dict[str, Any]], request: _Request) -> dict[str, Any]:
    platform = request.platform
    actor = platform.verifier.verify(request.token, _clock())

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


def load(schema: marshmallow.Schema, payload: dict[str, Any]) -> dict[str, Any]:
    """The loaded payload, or a refusal with every fault and its field."""
    try:
        loaded: dict[str, Any] = schema.load(payload)
    except marshmallow.ValidationError as error:
        raise Refusal(list(_faults(error.messages, ""))) from None
    return loaded


def _faults(messages: Any, path: str) -> Sequence[Fault]:
    if isinstance(messages, dict):
        found: list[Fault] = []
        for name, inner in messages.items():
            found += _faults(inner, f"{path}/{name}" if path and name != "_schema" else path or str(name))
        return found
    return [_fault(str(message), path) for message in messages]


def _fault(message: str, path: str) -> Fault:
    if message == marshmallow.fields.Field.default_error_messages["required"]:
        return Fault("field_required", path)
    if message == marshmallow.Schema._default_error_messages["unknown"]:
        return Fault("field_unknown", path)
    return Fault("field_invalid", path, {"reason": message})


def _refused(refusal: Refusal) -> bytes:
    return orjson.dumps({"refused": [fault.as_dict() for fault in refusal.faults]}, default=str)


def _failed(service: str, kind: str) -> bytes:
    return orjson.dumps({"failed": kind, "service": service})


def _subscriptions(instance: Any) -> list[Subscription]:
    found = []
    for attribute in dir(type(instance)):
        declared = getattr(getattr(type(instance), attribute), "subscription", None)
        if declared is not None:
            name, types, way = declared
            handle: Callable[[UnitOfWork, Event], None] = getattr(instance, attribute)
            found.append(Subscription(f"{instance.name}.{name}", types, way, handle))
    return found


def _timers(instance: Any) -> list[tuple[Callable[[Platform], Any], _Timer]]:
    found = []
    for attribute in dir(type(instance)):
        declared = getattr(getattr(type(instance), attribute), "timer", None)
        if declared is not None:
            found.append((getattr(instance, attribute), declared))
    return found


def _timed(function: Callable[[Platform], Any], platform: Platform, seconds: float) -> Callable[[Any], float]:
    def step(session: Any) -> float:
        logs.correlation.set(uuid7().hex)
        return 0.0 if function(platform) is True else seconds

    return step
