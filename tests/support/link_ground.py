"""Both ends of the line on real tables, and between them a broker that is played: it loses, doubles, swaps and forges
when told so."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import amqp
import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text

from chassis import config, events
from chassis.actors import system
from chassis.bus.streams import Delivery
from chassis.config import Role
from chassis.database import Database
from chassis.ids import uuid7
from chassis.privacy import Privacy
from chassis.uow import Context, UnitOfWork, attempt
from contracts.event_schemas import every
from contracts.events import EventType
from infra import secrets
from infra.postgres import Postgres
from rules.link import Message, sign
from services.gateway.link import peers, signing, wire
from services.gateway.link.arrival import Applier, Arrival
from services.gateway.link.control import Control
from services.gateway.link.numbering import Numbering
from services.gateway.link.receiving import Receiving, Taken
from services.gateway.link.sending import Sending
from services.gateway.link.settings import LinkSettings
from services.gateway.tables import metadata
from tests.support import databases

__all__ = ["ends", "urls"]  # what a module of tests takes by *

NODE, CENTRE = "EG-SUZ", "EG"
NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
RATED = "requests.rating.given.v1"


def key(number: int) -> Ed25519PrivateKey:
    """The same key for the same number."""
    return Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)


def public(number: int) -> bytes:
    return key(number).public_key().public_bytes_raw()


class Played:
    """A connection that publishes into a list. It is down when told so; a confirm comes at once."""

    def __init__(self, end: End) -> None:
        self._end = end
        self.up = True
        self.sent = self.confirmed = 0
        self.connection = 1
        self.confirms = True

    def send(self, exchange: str, messages: Sequence[tuple[str, bytes, bytes]], seconds: float) -> None:
        assert exchange == self._end.link.exchange
        for routing, body, encoded in messages:
            read = amqp.Message()
            read._load_properties(60, encoded, 0)
            told = read.properties
            self._end.wire.append(Delivery(body, routing, told["type"], told["message_id"], told["user_id"],
                                           told["application_headers"]))
        self.sent += len(messages)

    def wait(self, open_at_most: int, seconds: float) -> int:
        if self.confirms:
            self.confirmed = self.sent
        return self.confirmed

    def reconnect(self) -> None:
        self.connection += 1
        self.confirms = True
        self.sent = self.confirmed = 0


class End:
    """One end: its gateway's tables, and the works on them by hand."""

    def __init__(self, url: str, role: Role, epoch: int = 1, *, mine: int = 1, theirs: int = 2) -> None:
        self.url, self.role = url, role
        self.node, self.peer = (CENTRE, NODE) if role is Role.CENTRE else (NODE, CENTRE)
        self.database = Database(url, 4)
        self.now = NOW
        self.wire: list[Delivery] = []
        self.arrived: list[Arrival] = []
        self.log = "gateway"  # the service whose log it plays
        self.refuses: Callable[[Arrival], bool] = lambda _: False
        self.signing = {"k1": key(mine)}
        self.trusts = {"k1": public(theirs)}
        self.start(epoch)

    def start(self, epoch: int = 1, **settings: Any) -> None:
        """As the process begins: what was in memory is gone."""
        environ = {**secrets.keys(), "SHUBBAK_MODE": "training", "SHUBBAK_NODE": self.node, "SHUBBAK_BUS": "local",
                   "SHUBBAK_ROLE": self.role.value, "SHUBBAK_DATABASE_URL": self.url, "SHUBBAK_EPOCH": str(epoch)}
        self.settings = config.load("gateway", environ)
        privacy = Privacy(self.settings.rings, self.settings.lookup_keys)
        self.context = Context(self.settings, self.database, privacy, lambda: self.now)
        plain = LinkSettings(self.node, self.role, epoch, "", {}, self.signing, {self.peer: self.trusts}, {}, 0.0,
                             50_000, 90)
        self.link = replace(plain, **settings)
        self.publisher, self.speaker = Played(self), Played(self)
        self.numbering = Numbering(self.link, {self.log: self.database})
        self.sending = Sending(self.link, self.publisher, self.database)  # type: ignore[arg-type]
        self.receiving = Receiving(self.link, self.appliers())
        self.control = Control(self.link, self.speaker, self.sending, "1.2",  # type: ignore[arg-type]
                               {self.log: self.database})
        self.attempt(lambda work: peers.open_streams(work, self.link))

    def appliers(self) -> tuple[Applier, ...]:
        return (self.apply,)

    def apply(self, work: UnitOfWork, arrivals: Sequence[Arrival]) -> None:
        """Keeps what was applied once it stands."""
        for arrival in arrivals:
            if self.refuses(arrival):
                raise RuntimeError("the applier cannot")
        work.after_commit(lambda: self.arrived.extend(arrivals))

    def attempt(self, run: Callable[[UnitOfWork], Any]) -> Any:
        return attempt(lambda: UnitOfWork(self.context, system("gateway"), "test"), run)

    # -- facts -------------------------------------------------------------------------------------------------------

    def tell(self, count: int = 1, event_type: str = RATED, data: dict[str, Any] | None = None, *,
             subject: UUID | None = None, first: int = 1) -> list[UUID]:
        """Facts of this place stand in its log, placed."""
        ids = []
        kind = every().get(event_type) or EventType(event_type, every()[RATED].schema)
        with self.database.transaction() as connection:
            last = connection.execute(text("SELECT coalesce(max(position), 0) FROM event_log")).scalar_one()
            for number in range(count):
                about, event_id = subject or uuid7(), uuid7()
                told = data if data is not None else rated(about)
                body = events.encode(kind, event_id=event_id, source=self.settings.source, subject=about,
                                     sequence=first + number, occurred=self.now, correlation_id="c", data=told)
                connection.execute(
                    text("INSERT INTO event_log (position, event_id, type, subject, sequence, occurred_at, "
                         "recorded_at, body) VALUES (:position, :id, :type, :subject, :sequence, :at, :at, :body)"),
                    {"position": last + number + 1, "id": event_id, "type": event_type, "subject": about,
                     "sequence": first + number, "at": self.now, "body": body})
                ids.append(event_id)
        return ids

    def rows(self, sql: str, **values: Any) -> list[Any]:
        with self.database.transaction() as connection:
            return list(connection.execute(text(sql), values))

    def one(self, sql: str, **values: Any) -> Any:
        [row] = self.rows(sql, **values)
        return row

    def do(self, sql: str, **values: Any) -> None:
        with self.database.transaction() as connection:
            connection.execute(text(sql), values)

    def parked(self) -> list[tuple[str, int]]:
        found = self.rows("SELECT reason, count FROM link_parked ORDER BY reason, id")
        return [(row.reason, row.count) for row in found]

    # -- the works ---------------------------------------------------------------------------------------------------

    def number(self) -> None:
        self.attempt(lambda work: signing.announce(work, self.link, self.peer))
        while self.numbering.step(self.attempt, [self.peer]):
            pass

    def send(self) -> list[Delivery]:
        """Number and send all there is; answers what went out."""
        self.number()
        while self.sending.step(self.attempt, [self.peer]):
            pass
        return self.on_the_way()

    def on_the_way(self) -> list[Delivery]:
        went, self.wire = self.wire, []
        return went

    def speak(self) -> list[Delivery]:
        self.control.step(self.attempt, [self.peer])
        return self.on_the_way()

    def take(self, deliveries: Sequence[Delivery]) -> Taken:
        taken = self.receiving.take(self.attempt, deliveries)
        self.control.hear(self.attempt, taken.control)
        return taken

    def message(self, sequence: int, body: bytes, *, epoch: int = 1, event_type: str = RATED,
                event_id: UUID | None = None, by: int | None = None, key_id: str = "k1", **changes: Any) -> Delivery:
        """A message of the peer as it would come, made by hand and signed."""
        plain = Message(self.peer, self.node, epoch, sequence, event_id or uuid7(), event_type, body, key_id, b"")
        plain = replace(plain, **changes)
        private = key(by) if by else key(_number(self.trusts["k1"]))
        return delivered(replace(plain, signature=sign(plain, private)), user_of(self.peer))

    def close(self) -> None:
        self.database.close()


def user_of(place: str) -> str:
    return "centre" if place == CENTRE else f"node.{place}"


def _number(raw: bytes) -> int:
    return next(number for number in range(1, 10) if public(number) == raw)


def delivered(message: Message, user: str | None) -> Delivery:
    """A message as the broker hands it over, published by a user."""
    read = amqp.Message()
    read._load_properties(60, wire.encoded(message, user or ""), 0)
    told = read.properties
    return Delivery(message.body, f"{message.sender}.{message.type}", told["type"], told["message_id"], user,
                    told["application_headers"])


def rated(about: UUID, stars: int = 5) -> dict[str, Any]:
    return {"rating_id": str(about), "request_id": str(about), "service_code": "shop-licence", "unit": "EG-SUZ-01",
            "outcome": "approved", "stars": stars, "commented": False}


def envelope(event_id: UUID, event_type: str = RATED, data: Any = None, **changes: Any) -> bytes:
    """An envelope made by hand."""
    return orjson.dumps({"specversion": "1.0", "id": event_id, "source": f"urn:shubbak:{NODE}:requests:1",
                         "type": event_type, "subject": str(event_id), "time": NOW,
                         "datacontenttype": "application/json", "sequence": "1", "correlationid": "c",
                         "data": rated(event_id) if data is None else data, **changes})


def shuffled(deliveries: Sequence[Delivery], chance: random.Random, *, lost: float = 0.0, doubled: float = 0.0
             ) -> list[Delivery]:
    """What a bad line makes of them."""
    kept = [one for one in deliveries if chance.random() >= lost]
    kept += [one for one in kept if chance.random() < doubled]
    chance.shuffle(kept)
    return kept


def empty(url: str) -> None:
    """Take everything out of the tables that the line fills."""
    names = [name for name in metadata.tables if name.startswith("link_") and name != "link_head"]
    database = Database(url, 1)
    with database.transaction() as connection:
        connection.execute(text(f"TRUNCATE {', '.join(names)}, event_log"))
        connection.execute(text("UPDATE link_head SET position = 0, hash = ''"))
    database.close()


@contextmanager
def both(at_node: str, at_centre: str) -> Iterator[tuple[End, End]]:
    """A node and the centre on the gateway's databases of these addresses, which are emptied."""
    for url in (at_node, at_centre):
        empty(url)
    node, centre = End(at_node, Role.NODE), End(at_centre, Role.CENTRE, mine=2, theirs=1)
    try:
        yield node, centre
    finally:
        node.close()
        centre.close()


LATER = timedelta(days=1)


@pytest.fixture(scope="module")
def urls(postgres: Postgres) -> tuple[str, str]:
    return (databases.create(postgres, "gateway", migrated=True), databases.create(postgres, "gateway", migrated=True))


@pytest.fixture
def ends(urls: tuple[str, str]) -> Iterator[tuple[End, End]]:
    """A node and the centre, which have told each other nothing yet."""
    with both(*urls) as pair:
        yield pair


def exchange(node: End, centre: End, rounds: int = 3) -> None:
    """Everything goes to and fro until nothing is on the way."""
    for _ in range(rounds):
        centre.take(node.send() + node.speak())
        node.take(centre.send() + centre.speak())


def ids(end: End) -> list[UUID]:
    """What took effect at an end."""
    return [one.event.id for one in end.arrived]


def sent(end: End) -> Any:
    """What an end knows of what it told its peer."""
    return end.one("SELECT * FROM link_sent")
