"""The ground of the centre's tests: its gateway's capabilities over a real database, and nodes that tell it things,
without a line between them."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest
from nacl.public import PrivateKey
from sqlalchemy import text

from chassis import boxes, commands, config
from chassis.actors import PUBLIC, Actor
from chassis.config import decode_key
from chassis.database import Database
from chassis.events import decode, encode
from chassis.ids import uuid7
from chassis.privacy import Privacy
from chassis.uow import Context, UnitOfWork, attempt
from contracts import problems, requests_retention, upward
from contracts.events import REGISTRY, Event
from infra import secrets
from rules import inquiry as rule
from rules import numbering, places
from services.gateway.link.arrival import Arrival
from services.gateway.national import appliers
from tests.support.requests_ground import shop

__all__ = ["centre", "made"]  # what a module of tests takes by *

assert problems and requests_retention  # with them every type of event is known
NOON = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)
KEY = "sample-inquiry"
BOXES = {"EG-C": "sample-box-c", "EG-SUZ": "sample-box-suz"}
TABLES = ("national_request", "national_bill", "national_money_delta", "national_money", "national_place",
          "national_definition", "national_edition", "national_retirement", "national_entity", "national_number",
          "national_application", "portal_draft", "portal_document", "portal_piece", "event_log", "organisation",
          "command", "link_sent", "link_key", "failure", "audit")  # fmt: skip


def environ(url: str) -> dict[str, str]:
    """A centre's environment."""
    known = ",".join(f"{node}={boxes.public_of(PrivateKey(decode_key(key)))}" for node, key in BOXES.items())
    return {**secrets.keys(), "SHUBBAK_MODE": "training", "SHUBBAK_NODE": "EG", "SHUBBAK_ROLE": "centre",
            "SHUBBAK_BUS": "local", "SHUBBAK_DATABASE_URL": url, "SHUBBAK_KEY_INQUIRY": KEY,
            "SHUBBAK_LINK_BOXES": known}


class Centre:
    """The gateway at the centre, on a clock of the test's own."""

    def __init__(self, url: str) -> None:
        self.settings = config.load("gateway", environ(url))
        self.database = Database(url, 12)
        self.now = NOON
        self.privacy = Privacy(self.settings.rings, self.settings.lookup_keys)
        self.context = Context(self.settings, self.database, self.privacy, lambda: self.now)
        self.position = 0

    def close(self) -> None:
        self.database.close()

    def fresh(self) -> None:
        self.now = NOON
        with self.database.transaction() as connection:
            connection.execute(text(f"TRUNCATE {', '.join(TABLES)}"))

    def unit_of_work(self, actor: Actor | None = None) -> UnitOfWork:
        return UnitOfWork(self.context, actor or PUBLIC, "test")

    def attempt(self, run: Callable[[UnitOfWork], Any], actor: Actor | None = None) -> Any:
        return attempt(lambda: self.unit_of_work(actor), run)

    def command(self, run: Callable[[UnitOfWork], Any], payload: Any, command_id: UUID | None = None) -> Any:
        return commands.apply(lambda: self.unit_of_work(PUBLIC), command_id or uuid7(), "test", payload, run)

    def read(self, statement: Any, **params: Any) -> list[Any]:
        return self.unit_of_work().all(statement, **params)

    def rows(self, query: str, **params: Any) -> list[Any]:
        with self.database.transaction() as connection:
            return list(connection.execute(text(query), params))

    def events(self, subject: UUID | str) -> list[Event]:
        rows = self.rows("SELECT body FROM event_log WHERE subject = :s ORDER BY sequence", s=str(subject))
        return [decode(bytes(row.body)) for row in rows]

    # what nodes tell

    def arrival(self, peer: str, kind: str, subject: UUID, sequence: int, data: Mapping[str, Any], *, epoch: int = 1,
                at: datetime | None = None) -> Arrival:
        """What a node tells, as it arrives: through the same cut as on the line."""
        body = encode(REGISTRY[kind], event_id=uuid7(), source=f"urn:shubbak:{peer}:x:{epoch}", subject=subject,
                      sequence=sequence, occurred=at or self.now, correlation_id="test", data=dict(data))  # fmt: skip
        cut = upward.project(kind, body)
        assert cut is not None
        self.position += 1
        return Arrival(peer, epoch, self.position, self.position, decode(cut), cut)

    def hear(self, *arrivals: Arrival) -> None:
        """A batch takes effect."""
        self.attempt(lambda work: appliers.apply(work, arrivals))

    def offer(self, peer: str, version: int = 1, code: str = "shop-licence", day: str = "2026-01-01") -> Arrival:
        """A governorate tells that it offers a shop licence from a day on."""
        return self.arrival(peer, "catalog.definition.published.v1", uuid7(), version, {
            "code": code, "version": version, "effective_from": day, "governorate": peer,
            "definition": {**shop(), "code": code}})

    def numbers(self, many: int = 3, peer: str = "EG-C", *, first: int = 1, block: UUID | None = None) -> list[str]:
        """A governorate gives the national portal so many of its numbers."""
        code = places.governorates()[peer].national_id_code
        given = [numbering.tracking_number(code, 2026, one, b"n" * 32) for one in range(first, first + many)]
        block = block or uuid7()
        self.hear(self.arrival(peer, "requests.portalblock.reserved.v1", block, 1,
                               {"block_id": block, "numbers": given}))
        return given

    def wait(self, **duration: float) -> None:
        self.now += timedelta(**duration)

    # an application's papers

    def box(self, node: str) -> tuple[PrivateKey, ...]:
        return (PrivateKey(decode_key(BOXES[node])),)


def request(number: str, *, request_id: UUID | None = None, state: str = "review", unit: str = "EG-C-01",
            last4: str | None = "5678", **changes: Any) -> dict[str, Any]:
    """A request's state as its node's events tell it."""
    return {
        "request_id": request_id or uuid7(), "tracking_number": number, "service_code": "shop-licence",
        "service_version": 1, "service_name": {"ar": "ترخيص محل", "en": "Shop licence"}, "unit": unit,
        "channel": "portal", "applicant_kind": "citizen", "state": state, "state_kind": "task",
        "state_name": {"ar": "قيد المراجعة", "en": "Under review"}, "department": "licensing",
        "lodged_at": NOON, "due_on": "2026-03-31", "clock": "running", "outcome": None, "licence_serial": None,
        "language": "ar", "contact": "v1.sealed", "fee_inputs": {},
        "inquiry_check": rule.check(number, last4, decode_key(KEY)) if last4 else None, **changes}


def base64_of(content: bytes) -> str:
    return base64.b64encode(content).decode()


def opened(sealed: str, keys: tuple[PrivateKey, ...]) -> Any:
    """What was in a box."""
    return orjson.loads(boxes.open_box(sealed, keys))


@pytest.fixture(scope="module")
def made(database_url: Callable[..., str]) -> Iterator[Centre]:
    centre = Centre(database_url("gateway"))
    yield centre
    centre.close()


@pytest.fixture
def centre(made: Centre) -> Centre:
    """A centre that nobody has told anything yet."""
    made.fresh()
    return made
