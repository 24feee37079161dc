"""Toy services that stand on the chassis exactly as real ones do, under the names that broker and database know.

`catalog` writes notes and tells of them; `requests` listens in all three ways; `gateway` only asks.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import eventlet
import psycopg2
import psycopg2.extras
from marshmallow import Schema, fields
from sqlalchemy import BigInteger, Column, Integer, MetaData, Table, Text, Uuid, bindparam, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from chassis import actors, config, runner
from chassis.actors import Actor
from chassis.bus.rabbit import RabbitBus
from chassis.calls import Calls
from chassis.config import decode_key
from chassis.database import Database, Statement
from chassis.ids import uuid7
from chassis.privacy import Privacy
from chassis.service import Platform, Service, command, query, subscribe, timer
from chassis.uow import Context, UnitOfWork
from contracts.events import Event, EventSchema, EventType
from infra import secrets
from infra.postgres import Postgres
from infra.processes import free_port
from infra.rabbitmq import Broker
from rules.refusal import refuse

metadata = MetaData()
note = Table("note", metadata, Column("id", Uuid, primary_key=True), Column("version", Integer, nullable=False),
             Column("text", Text, nullable=False))
effect = Table("effect", metadata, Column("id", BigInteger, primary_key=True, autoincrement=True),
               Column("way", Text, nullable=False), Column("subject", Uuid, nullable=False),
               Column("sequence", Integer, nullable=False))
state = Table("state", metadata, Column("way", Text, primary_key=True), Column("subject", Uuid, primary_key=True),
              Column("sequence", Integer, nullable=False), Column("text", Text, nullable=False))


class NoteWritten(EventSchema):
    """What a note says now."""

    text = fields.String(required=True)


# Not registered: the published language is for real services. Names lie where the broker lets catalog publish.
WRITTEN = EventType("catalog.note.written.v1", NoteWritten)
UNHEARD = EventType("catalog.whisper.said.v1", NoteWritten)

FIND = Statement(select(note.c.version, note.c.text).where(note.c.id == bindparam("wanted")))
CREATE = Statement.insert(note, "id", "version", "text")
CHANGE = Statement(
    update(note).where(note.c.id == bindparam("wanted"), note.c.version == bindparam("seen"))
    .values(version=bindparam("seen", type_=Integer) + 1, text=bindparam("text"))
)
NOTE_EFFECT = Statement.insert(effect, "way", "subject", "sequence")
_put = upsert(state).values({name: bindparam(name) for name in ("way", "subject", "sequence", "text")})
PUT_STATE = Statement(_put.on_conflict_do_update(
    index_elements=["way", "subject"], set_={"sequence": _put.excluded.sequence, "text": _put.excluded.text}))
SLEEP = Statement(text("SELECT pg_sleep(:seconds)"))
HELD = 7_100_001  # the advisory lock of `held`
HOLD = Statement(text("SELECT pg_advisory_xact_lock(:lock)"))


def write_note(work: UnitOfWork, note_id: uuid.UUID, words: str, event_type: EventType = WRITTEN) -> dict[str, Any]:
    """Create or change a note and tell of it: the shape of every real capability."""
    found = work.first(FIND, wanted=note_id)
    version = found.version + 1 if found else 1
    if found is None:
        work.write(CREATE, id=note_id, version=1, text=words)
    else:
        work.write(CHANGE, expect=1, wanted=note_id, seen=found.version, text=words)
    work.append(event_type, note_id, version, {"text": words})
    return {"note_id": str(note_id), "version": version, "text": words}


def apply_note(way: str, work: UnitOfWork, event: Event) -> None:
    """An effect that shows every application: a row each time, and the state it leads to."""
    work.write(NOTE_EFFECT, way=way, subject=event.subject, sequence=event.sequence)
    work.write(PUT_STATE, way=way, subject=event.subject, sequence=event.sequence, text=event.data["text"])


class Write(Schema):
    note_id = fields.UUID(required=True)
    text = fields.String(required=True)


class Wait(Schema):
    seconds = fields.Float(required=True)


class Nothing(Schema):
    pass


class Catalog(Service):
    name = "catalog"
    ticks = 0
    broken_ticks = 0
    on_write: Callable[[], None] | None = None

    @command("catalog.write", Write, permission="guide.edit")
    def write(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        if body["text"] == "refuse":
            raise refuse("field_invalid", "text", reason="toy")
        answer = write_note(work, body["note_id"], body["text"])
        if Catalog.on_write is not None:
            Catalog.on_write()
        return answer

    @command("catalog.slow_write", Write, permission="guide.edit")
    def slow_write(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        """As slow as a test has it (`held`)."""
        answer = write_note(work, body["note_id"], body["text"])
        work.all(HOLD, lock=HELD)
        return answer

    @query("catalog.wait", Wait, permission="guide.read")
    def wait(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        work.all(SLEEP, seconds=body["seconds"])
        return {"waited": body["seconds"]}

    @query("catalog.explode", Nothing, permission="guide.read")
    def explode(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        raise RuntimeError("a bug")

    @timer(seconds=0.05, name="tick")
    def tick(self, platform: Platform) -> None:
        Catalog.ticks += 1

    @timer(seconds=0.05, name="broken")
    def broken(self, platform: Platform) -> None:
        Catalog.broken_ticks += 1
        raise RuntimeError("a bug in a timer")


class Requests(Service):
    name = "requests"
    failing: set[int] = set()  # sequences that each() cannot apply for now
    gate: Any = None  # called inside the handler of each()
    slow = 0.0

    @subscribe(WRITTEN, way="each")
    def each(self, work: UnitOfWork, event: Event) -> None:
        if Requests.gate is not None:
            Requests.gate()
        if Requests.slow:
            work.all(SLEEP, seconds=Requests.slow)
        if event.sequence in Requests.failing:
            raise RuntimeError("cannot")
        apply_note("each", work, event)

    @subscribe(WRITTEN, way="latest")
    def latest(self, work: UnitOfWork, event: Event) -> None:
        apply_note("latest", work, event)

    @subscribe(WRITTEN, way="ordered")
    def ordered(self, work: UnitOfWork, event: Event) -> None:
        apply_note("ordered", work, event)


class Gateway(Service):
    name = "gateway"


TOYS: dict[str, type[Service]] = {"catalog": Catalog, "requests": Requests, "gateway": Gateway}
KEYS = secrets.keys()
EDITOR = Actor(id="test:editor", kind="staff", roles=("catalogue_editor", "administrator"))
VISITOR = actors.PUBLIC


def environment(service: str, url: str, broker: Broker | None = None, **extra: str) -> dict[str, str]:
    """The environment of one service: its own users and keys."""
    return {
        "SHUBBAK_MODE": "training", "SHUBBAK_NODE": "EG-C", "SHUBBAK_DATABASE_URL": url,
        "SHUBBAK_BUS": "rabbit" if broker else "local", "SHUBBAK_ADMIN_PORT": str(free_port()),
        **({"SHUBBAK_AMQP_URL": broker.amqp_url(service)} if broker else {}),
        **secrets.keys_of(service, KEYS),
        **{f"SHUBBAK_{name}": value for name, value in extra.items()},
    }


def token(actor: Actor = EDITOR, at: datetime | None = None) -> str:
    key = decode_key(KEYS["SHUBBAK_GATEWAY_ACTOR_PRIVATE_KEY"])
    return actors.Signer(key).sign(actor, at or datetime.now(UTC))


def settings_of(service: str, url: str, broker: Broker | None = None, **extra: str) -> config.Settings:
    return config.load(service, environment(service, url, broker, **extra))


def context_of(service: str, url: str, *, pool: int = 8, clock: Callable[[], datetime] | None = None) -> Context:
    settings = settings_of(service, url)
    privacy = Privacy(settings.rings, settings.lookup_key)
    database = Database(settings.database_url, pool)
    return Context(settings, database, privacy, *([clock] if clock else []))


def maker(context: Context, actor: Actor = EDITOR) -> Callable[[], UnitOfWork]:
    """Units of work of a service, as its platform would make them."""
    return lambda: UnitOfWork(context, actor, uuid7().hex)


def rows(url: str, statement: str, *values: object) -> list[Any]:
    """Look into a database from outside."""
    connection = psycopg2.connect(url.replace("+psycopg2", ""), cursor_factory=psycopg2.extras.NamedTupleCursor)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(statement, values or None)
            return list(cursor.fetchall()) if cursor.description else []
    finally:
        connection.close()


def until(true: Callable[[], Any], seconds: float = 30.0, what: str = "") -> Any:
    """Wait until something holds; fails the test when it never does."""
    ends = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < ends, f"waited {seconds} s in vain {what}"
        eventlet.sleep(0.02)
    return found


@contextmanager
def running(monkeypatch: Any, environments: Mapping[str, Mapping[str, str]]) -> Iterator[dict[str, Any]]:
    """Toy services by the real runner, all in this process; gives the platform of each."""
    monkeypatch.setattr(runner, "service_class", lambda name: TOYS[name])
    processes, platforms = [], {}
    try:
        for name, environ in environments.items():
            process = runner.Process([name], environ)
            processes.append(process)
            process.start()
            platforms[name] = process.platform(name)
        for name, platform in platforms.items():
            until(lambda platform=platform: all(platform.ready.values()), what=f"for {name}")
        yield platforms
    finally:
        for process in processes:
            process.stop()
        Requests.failing, Requests.gate, Requests.slow, Catalog.on_write = set(), None, 0.0, None


@contextmanager
def asking(broker: Broker, url: str = "postgresql+psycopg2://nobody@127.0.0.1/none") -> Iterator[Any]:
    """`ask(method, payload, …)` over the broker as the gateway, the only one who may."""
    bus = RabbitBus(settings_of("gateway", url, broker))
    bus.start()
    try:
        until(bus.ready, what="for the asking bus")
        calls = Calls(bus)

        def ask(method: str, payload: dict[str, Any] | None = None, *, actor: Actor = EDITOR, **options: Any) -> Any:
            return calls(method, payload, actor=token(actor), **options)

        ask.bus = bus  # type: ignore[attr-defined]
        yield ask
    finally:
        bus.stop()


@contextmanager
def held(url: str) -> Iterator[Callable[[], int]]:
    """Keeps whoever writes slowly from ending until it is left; gives how many wait."""
    connection = psycopg2.connect(url.replace("+psycopg2", ""))
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", (HELD,))
        yield lambda: int(rows(url, "SELECT count(*) AS n FROM pg_locks WHERE locktype = 'advisory' AND NOT granted "
                                    "AND objid = %s", HELD)[0].n)
    finally:
        connection.close()


def at_once(run: Callable[[int], Any], count: int) -> list[Any]:
    """Run so many at the same time, each on a green thread; answers or exceptions in order."""

    def guarded(number: int) -> Any:
        try:
            return run(number)
        except Exception as error:
            return error

    return list(eventlet.GreenPool(count).imap(guarded, range(count)))


def write(ask: Any, words: str = "نص", note_id: uuid.UUID | None = None, command_id: uuid.UUID | None = None,
          **options: Any) -> Any:
    """Have catalog write a note, by a call over the bus."""
    return ask("catalog.write", {"note_id": str(note_id or uuid7()), "text": words},
               command_id=command_id or uuid7(), **options)


def unsent(url: str) -> int:
    """Events in the log that the bus has not confirmed."""
    counted = "SELECT (SELECT count(*) FROM event_log) - position AS n FROM event_cursor WHERE reader = 'bus'"
    return int(rows(url, counted)[0].n)


class Databases:
    """Databases with the chassis's tables and the toys' own. Given back they are emptied and given out again, which is
    quicker than making and dropping them."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres
        self._free: dict[str, list[str]] = {}

    def __call__(self, service: str = "catalog") -> str:
        if free := self._free.get(service):
            return free.pop()
        template = f"template_toy_{service}"
        if not self._postgres.sql(f"SELECT 1 FROM pg_database WHERE datname = '{template}';"):
            _migrate(service, self._postgres.create_database(template, service))
        return self._postgres.create_database(f"toy_{service}_{uuid.uuid4().hex[:10]}", service, template)

    def give_back(self, service: str, url: str) -> None:
        rows(url, "TRUNCATE event_log, inbox, inbox_stream, command, audit, audit_seal, reseal_progress, note, effect, "
                  "state "
                  "RESTART IDENTITY; UPDATE event_cursor SET position = 0")
        self._free.setdefault(service, []).append(url)


def _migrate(service: str, url: str) -> None:
    from alembic import command as alembic
    from sqlalchemy import create_engine
    from sqlalchemy.pool import NullPool

    from chassis import migrations

    alembic.upgrade(migrations.configuration(service, url), "chassis@head")
    metadata.create_all(create_engine(url, poolclass=NullPool))
