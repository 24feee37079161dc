"""What one service stands on, for as long as its container lives: bus, database, inbox, relay, sealer, leaders.

nameko is the container (workers, life cycle). Everything else hangs on one `Platform` a container, which starts and
stops it in order, starts requests as workers and bounds them, and tells the truth about its health.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID

import marshmallow
import orjson
from nameko.extensions import Entrypoint, SharedExtension

from chassis import actors, audit, logs, metrics, restoring, retention
from chassis.actors import Actor
from chassis.answers import failed, refused
from chassis.bus.base import Bus, Reply
from chassis.calls import Calls
from chassis.config import Settings
from chassis.database import Database
from chassis.ids import uuid7
from chassis.inbox import Inbox, Subscription
from chassis.leader import Leadership, Round
from chassis.privacy import Privacy
from chassis.relay import Relay
from chassis.uow import Context, UnitOfWork, attempt
from contracts.events import Event
from rules.refusal import refuse

log = logging.getLogger(__name__)

T = TypeVar("T")
STUCK = 120.0  # seconds; no step of any loop is meant to take longer


@dataclass(frozen=True)
class Rpc:
    """A declared RPC: its name on the bus, its payload, who may, and whether it changes anything."""

    method: str
    schema: marshmallow.Schema
    permission: str
    changes: bool


@dataclass(frozen=True)
class Timer:
    """A declared timer. One that runs `everywhere` needs no lead: each process runs it for itself."""

    name: str
    seconds: float
    everywhere: bool = False


class Platform(SharedExtension):
    """What one service stands on, for as long as its container lives."""

    settings: Settings
    database: Database
    privacy: Privacy
    calls: Calls

    def setup(self) -> None:
        self.settings = self.container.config["settings"][self.container.service_name]
        service = self.settings.service
        self.bus: Bus = self.container.config["bus"](self.settings)
        self.database = Database(self.settings.database_url, self.settings.max_workers)
        self.privacy = Privacy(self.settings.rings, self.settings.lookup_keys)
        self.context = Context(self.settings, self.database, self.privacy, clock)
        self.calls = Calls(self.bus)
        self.verifier = actors.Verifier(self.settings.actor_public_keys)
        self.relay = Relay(service, self.database, self.bus)
        heads = self.settings.env("AUDIT_HEADS")
        self.sealer = audit.Sealer(service, self.database, self.settings.audit_private_key, heads)
        self._system = actors.system(service)
        self._rpcs = {
            door.declared.method: door for door in self.container.entrypoints if isinstance(door, RpcDoor)
        }
        self._leaders: list[Leadership] = []
        self._instance: Any = self.container.service_cls()
        self._instance.configure(self.settings)
        self._in_flight = 0
        self._stopping = False
        self.inbox = Inbox(service, _subscriptions(self._instance), self.unit_of_work)

    def start(self) -> None:
        if self.settings.main:
            restoring.begin(self.database, self.settings, self._instance.serials, clock())
        if self._rpcs:
            self.bus.serve(self.settings.service, self.take_request)
        if self.inbox.types:
            self.bus.consume(self.settings.service, self.inbox.types, self.inbox.take)
        self.bus.start()
        self.relay.start()
        self.sealer.start()
        if self.settings.main:
            self._lead_own_work()
        for function, timer_ in _timers(self._instance):
            self._lead(timer_.name, _timed(function, self, timer_.seconds), Round if timer_.everywhere else Leadership)

    def _lead_own_work(self) -> None:
        """What a service does beside its doors; further processes on its database leave it alone."""
        self._lead("inbox", self._retry_owed)
        self._lead("measure", self._measure)
        if rules := retention.rules_of(self.settings):
            daily = retention.Daily(self.database, self.privacy, rules, self.settings.service, self.settings.source)
            self._lead("retention", lambda _: daily.step(clock()))

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
            reply(failed(self.settings.service, "busy"))
            return
        try:
            request = Request(self, orjson.loads(body), reply)
            rpc = self._rpcs[request.method]
        except (AttributeError, KeyError, TypeError, ValueError):
            reply(refused(refuse("not_found")))
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
            reply(failed(self.settings.service, "internal"))

    def _ended(self, worker: Any, result: Any, exc_info: Any) -> tuple[Any, Any]:
        self._in_flight -= 1
        return result, exc_info

    # -- leaders -----------------------------------------------------------------------------------------------------

    def _lead(self, name: str, step: Callable[[Any], float], kind: type[Leadership] = Leadership) -> None:
        leader = kind(self.database, name, step)
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


def clock() -> datetime:
    """The one clock."""
    return datetime.now(UTC)


class Door(Entrypoint):
    """Base of the entrypoints: on the way down the first of them stops the taking of work."""

    platform = Platform()

    def setup(self) -> None:
        """The platform finds its doors by itself."""

    def stop(self) -> None:
        self.platform.stop_taking()


class RpcDoor(Door):
    """A command or query on the bus."""

    def __init__(self, declared: Rpc) -> None:
        super().__init__()
        self.declared = declared


class Listener(Door):
    """A subscription or timer. Its work runs in batches and steps of the platform's own, not in workers."""


class Request:
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


def _subscriptions(instance: Any) -> list[Subscription]:
    found = []
    for attribute in dir(type(instance)):
        declared = getattr(getattr(type(instance), attribute), "subscription", None)
        if declared is not None:
            name, types, way = declared
            handle: Callable[[UnitOfWork, Event], None] = getattr(instance, attribute)
            found.append(Subscription(f"{instance.name}.{name}", types, way, handle))
    return found


def _timers(instance: Any) -> list[tuple[Callable[[Platform], Any], Timer]]:
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
