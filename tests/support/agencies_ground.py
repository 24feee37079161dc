"""The centre's feed with events laid into it by hand, agencies with agreements, and a receiver of webhooks that answers
as a test wants."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text

from chassis import config, events
from chassis.actors import Actor
from chassis.database import Database, Statement
from chassis.ids import uuid7
from chassis.privacy import Privacy
from chassis.uow import Context, UnitOfWork, attempt
from contracts import event_schemas
from contracts.upward import UP
from services.gateway.agencies import agreements, registry, subscriptions
from services.gateway.agencies.webhooks.engine import Engine
from services.gateway.tables import metadata, organisation_stamp

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
MOVED = "requests.request.moved.v1"
LETTER = "requests.letter.changed.v1"
OPERATOR = Actor(id="01980c5e-0000-7000-8000-00000000000a", kind="staff", roles=("administrator",))
_LAND = Statement(text(
    "INSERT INTO link_log (position, peer, epoch, sequence, event_id, type, subject, occurred_at, body, key_id, "
    "signature, received_at, parked, hash) VALUES (:position, :peer, 1, :position, :event_id, :type, :subject, :time, "
    ":body, 'k1', '', :received_at, :parked, '')"
))  # fmt: skip


def settings(**more: str) -> config.Settings:
    """Those of the centre's gateway in training, which may send to this machine."""
    return config.load("gateway", {
        "SHUBBAK_MODE": "training", "SHUBBAK_NODE": "EG", "SHUBBAK_ROLE": "centre", "SHUBBAK_BUS": "local",
        "SHUBBAK_DATABASE_URL": "postgresql://nowhere/none", "SHUBBAK_KEYS_STORE": "k1:sample-store",
        "SHUBBAK_KEY_LOOKUP": "sample-lookup", "SHUBBAK_ACTOR_PRIVATE_KEY": "sample-actor",
        "SHUBBAK_ACTOR_PUBLIC_KEYS": "sample-actor-public", "SHUBBAK_AUDIT_PRIVATE_KEY": "sample-audit",
        "SHUBBAK_WEBHOOK_NETWORKS": "127.0.0.0/8", **more})  # fmt: skip


def envelope(event_type: str, data: dict[str, Any], *, node: str = "EG-C", subject: UUID | None = None,
             sequence: int = 1, at: datetime = NOW) -> tuple[UUID, UUID, bytes]:
    """Id, subject and the bytes that came up of an event."""
    event_id, about = uuid7(), subject or uuid7()
    kind = event_schemas.every()[event_type]
    body = events.encode(kind, event_id=event_id, source=f"urn:shubbak:{node}:{kind.service}:1", subject=about,
                         sequence=sequence, occurred=at, correlation_id="a-correlation-id", data=data)
    return event_id, about, UP[event_type].envelope(body)


@dataclass
class AgencyGround:
    """`now` is the clock of everything here but the waits between attempts of the engine's own loop."""

    database: Database
    settings: config.Settings = field(default_factory=settings)
    now: datetime = NOW
    position: int = 0
    engines: list[Engine] = field(default_factory=list)

    def unit(self, actor: Actor = OPERATOR) -> UnitOfWork:
        privacy = Privacy(self.settings.rings, self.settings.lookup_key)
        return UnitOfWork(Context(self.settings, self.database, privacy, lambda: self.now), actor, "test")

    def run(self, work: Callable[[Any], Any], actor: Actor = OPERATOR) -> Any:
        return attempt(lambda: self.unit(actor), work)

    def rows(self, sql: str, **params: Any) -> list[Any]:
        return list(self.database.read(Statement(text(sql)), params))

    def execute(self, sql: str, **params: Any) -> None:
        self.database.commit([(Statement(text(sql)), params, None)])

    def close(self) -> None:
        """Leave the database as it was found, for the next test."""
        for engine in self.engines:
            engine.stop()
        with self.database.transaction() as connection:
            connection.execute(text("SET LOCAL shubbak.retention = 'on'"))
            for table in reversed(metadata.sorted_tables):
                if table is not organisation_stamp:
                    connection.execute(table.delete())
        self.database.close()

    # -- the feed ---------------------------------------------------------------------------------------------------

    def land(self, data: dict[str, Any], event_type: str = MOVED, *, node: str = "EG-C", subject: UUID | None = None,
             sequence: int = 1, parked: str | None = None) -> UUID:
        """An event arrives; its id."""
        event_id, about, body = envelope(event_type, data, node=node, subject=subject, sequence=sequence, at=self.now)
        self.position += 1
        self.database.commit([(_LAND, {"position": self.position, "peer": node, "event_id": event_id,
                                       "type": event_type, "subject": about, "time": self.now, "body": body,
                                       "received_at": self.now, "parked": parked}, None)])
        return event_id

    def moved(self, request: UUID, sequence: int = 1, service: str = "shop-licence", **more: Any) -> UUID:
        """A request moved."""
        data = {"request_id": str(request), "service_code": service, "state": f"state-{sequence}", "unit": "EG-C-01",
                "tracking_number": "01-26-21263991-J"}  # fmt: skip
        return self.land(data, subject=request, sequence=sequence, **more)

    # -- who gets it ------------------------------------------------------------------------------------------------

    def agency(self, code: str = "mot", bodies: tuple[str, ...] = ()) -> UUID:
        made: UUID = uuid7()
        self.run(lambda work: registry.add(
            work, {"code": code, "name": {"ar": "وزارة النقل", "en": "Ministry of Transport"}, "bodies": bodies}, made))
        return made

    def agreement(self, agency: UUID, *events_: str, **more: Any) -> UUID:
        made: UUID = uuid7()
        body = {"reference": "بروتوكول 7 لسنة 2026", "events": list(events_) or [MOVED], "valid_from": date(2026, 1, 1),
                "valid_until": date(2027, 12, 31), **more}  # fmt: skip
        self.run(lambda work: agreements.agree(work, agency, body, made))
        return made

    def subscription(self, agency: UUID, agreement: UUID, way: str = "webhook", **more: Any) -> tuple[UUID, str]:
        """Its id and its secret or public key."""
        made: UUID = uuid7()
        body = {"agreement_id": agreement, "name": "حركة الطلبات", "way": way, **more}
        found = self.run(lambda work: subscriptions.subscribe(work, agency, body, made))
        return made, found["secret"] or found["public_key"] or ""

    # -- the engine -------------------------------------------------------------------------------------------------

    def engine(self, **more: Any) -> Engine:
        made = Engine(self.settings, self.unit, clock=lambda: self.now, **more)
        self.engines.append(made)
        return made

    def until(self, true: Callable[[], Any], engine: Engine, seconds: float = 60.0) -> None:
        """Let the engine work until something is so."""
        ends = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < ends, "it did not become so"
            engine.step()
            time.sleep(0.01)

    def settled(self, engine: Engine, subscription: UUID) -> Callable[[], bool]:
        """Whether all that arrived is dealt with, in what is written down."""
        sql = "SELECT position FROM subscription_progress WHERE subscription_id = :one"
        return lambda: self.rows(sql, one=subscription)[0].position == self.position

    def deliveries(self, subscription: UUID) -> list[tuple[str, int]]:
        """State and attempts of each row, in order."""
        return [(row.state, row.attempts) for row in self.rows(
            "SELECT state, attempts FROM delivery WHERE subscription_id = :one ORDER BY position", one=subscription)]

    def later(self, **by: float) -> None:
        """Let time pass."""
        self.now += timedelta(**by)


@dataclass
class Received:
    headers: dict[str, str]
    body: bytes
    at: float

    @property
    def event(self) -> dict[str, Any]:
        found: dict[str, Any] = orjson.loads(self.body)
        return found


class Receiver:
    """A receiver on this machine. `answers(received)` is the status (with headers, if a tuple) of each delivery."""

    def __init__(self, answers: Callable[[Received], Any] = lambda _: 204) -> None:
        self.answers = answers
        self.got: list[Received] = []
        self.connections = 0
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                super().setup()
                receiver.connections += 1

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                received = Received({name.lower(): value for name, value in self.headers.items()}, body,
                                    time.monotonic())
                found = receiver.answers(received)
                status, headers, content = found if isinstance(found, tuple) else (found, {}, b"")
                receiver.got.append(received)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                if status != 204:
                    self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/events"

    @property
    def ids(self) -> list[str]:
        return [one.headers["webhook-id"] for one in self.got]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@contextlib.contextmanager
def receiving(answers: Callable[[Received], Any] = lambda _: 204) -> Iterator[Receiver]:
    receiver = Receiver(answers)
    try:
        yield receiver
    finally:
        receiver.close()
