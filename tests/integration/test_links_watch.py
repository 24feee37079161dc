"""Links as an operator sees them, over real tables: what came in and out, what was parked, applied after all, settled,
given back."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text

from chassis import config, events
from chassis.actors import Actor
from chassis.bus.streams import Delivery
from chassis.database import Database
from chassis.ids import uuid7
from chassis.privacy import Privacy
from chassis.uow import Context, UnitOfWork, attempt
from contracts import requests_afterwards  # noqa: F401  (its events register themselves)
from contracts.events import REGISTRY
from infra import secrets
from rules.link import Message, sign
from rules.refusal import Refusal
from services.gateway import links
from services.gateway.link import appliers, peers
from services.gateway.link.arrival import Arrival
from services.gateway.link.receiving import Receiving
from services.gateway.link.settings import LinkSettings

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
ADMINISTRATOR = Actor(id="staff:admin", kind="staff", roles=("administrator",))
CLERK = Actor(id="staff:clerk", kind="staff", roles=("window_clerk",))
KEY = Ed25519PrivateKey.generate()
SUEZ = "EG-SUZ"
RATED = REGISTRY["requests.rating.given.v1"]


class Centre:
    """The centre's gateway with one link, to Suez."""

    def __init__(self, url: str) -> None:
        environ = {**secrets.keys(), "SHUBBAK_MODE": "training", "SHUBBAK_NODE": "EG", "SHUBBAK_ROLE": "centre",
                   "SHUBBAK_BUS": "local", "SHUBBAK_DATABASE_URL": url, "SHUBBAK_LINK_PEERS": f"{SUEZ}=k1:x,EG-C=k1:y"}
        self.settings = config.load("gateway", environ)
        self.database = Database(url, 4)
        self.now = NOW
        privacy = Privacy(self.settings.rings, self.settings.lookup_keys)
        self.context = Context(self.settings, self.database, privacy, lambda: self.now)
        self.applied: list[UUID] = []
        self.breaks = False
        self.link = LinkSettings("EG", self.settings.role, 1, "", {}, {}, {
            SUEZ: {"k1": KEY.public_key().public_bytes_raw()}}, {}, 15.0, 50_000, 90)
        self.receiving = Receiving(self.link, [self._apply])
        self.attempt(lambda work: peers.open_streams(work, self.link))

    def _apply(self, work: UnitOfWork, arrivals: Sequence[Arrival]) -> None:
        if self.breaks:
            raise RuntimeError("no room")
        self.applied += [one.event.id for one in arrivals]

    def unit_of_work(self, actor: Actor = ADMINISTRATOR) -> UnitOfWork:
        return UnitOfWork(self.context, actor, "test")

    def attempt(self, run: Callable[[UnitOfWork], Any], actor: Actor = ADMINISTRATOR) -> Any:
        return attempt(lambda: self.unit_of_work(actor), run)

    def rows(self, sql: str, **values: Any) -> list[Any]:
        with self.database.transaction() as connection:
            return list(connection.execute(text(sql), values))

    def do(self, sql: str, **values: Any) -> None:
        with self.database.transaction() as connection:
            connection.execute(text(sql), values)

    def hear(self, sequence: int, *, key: Ed25519PrivateKey = KEY, **data: Any) -> UUID:
        """A fact of Suez arrives: a request was rated."""
        event_id = uuid7()
        told = {"rating_id": str(uuid4()), "request_id": str(uuid4()), "service_code": "shop-licence",
                "unit": "EG-SUZ-01", "outcome": "approved", "stars": 4, "commented": False, **data}
        body = events.encode(RATED, event_id=event_id, source="urn:shubbak:EG-SUZ:requests:1",
                             subject=uuid4(), sequence=1, occurred=self.now, correlation_id="test", data=told)
        message = Message(SUEZ, "EG", 1, sequence, event_id, RATED.name, body, "k1", b"")
        headers = {"sender": SUEZ, "receiver": "EG", "epoch": 1, "sequence": sequence, "key": "k1", "schema": 1,
                   "signature": base64.b64encode(sign(message, key)).decode()}
        self.receiving.take(self.attempt, [Delivery(body, f"{SUEZ}.x", message.type, str(event_id), f"node.{SUEZ}",
                                                    headers)])
        return event_id

    def waiting(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = links.parked(self.unit_of_work(), SUEZ)["rows"]
        return found


@pytest.fixture(scope="module")
def opened(database_url: Callable[..., str]) -> Iterator[Centre]:
    made = Centre(database_url("gateway"))
    yield made
    made.database.close()


@pytest.fixture
def centre(opened: Centre, monkeypatch: pytest.MonkeyPatch) -> Centre:
    for table in ("link_out", "link_mark", "link_held", "link_parked", "link_log", "link_count", "link_told",
                  "link_recovered", "link_source", "link_sent", "audit"):
        opened.do(f"TRUNCATE {table}")
    opened.do("UPDATE link_head SET position = 0")
    opened.attempt(lambda work: peers.open_streams(work, opened.link))
    opened.now, opened.applied, opened.breaks = NOW, [], False
    monkeypatch.setattr(appliers, "AT_CENTRE", (opened._apply,))
    return opened


def refused(run: Callable[[], Any]) -> str:
    with pytest.raises(Refusal) as refusal:
        run()
    return refusal.value.code


def test_every_peer_of_the_settings_is_shown_also_one_that_was_never_heard(centre: Centre) -> None:
    found = links.overview(centre.unit_of_work())
    assert (found["node"], found["role"]) == ("EG", "centre")
    assert [(one["peer"], one["condition"], one["concerns"]) for one in found["links"]] == [
        ("EG-C", "never", []), (SUEZ, "never", [])]


def test_what_came_in_is_told(centre: Centre) -> None:
    for sequence in (1, 2, 5):
        centre.hear(sequence)
    link = links.one(centre.unit_of_work(), SUEZ)
    assert link["receiving"] == {"epoch": 1, "applied": 2, "backed_up": 0, "held": 1, "last_at": NOW.isoformat()}
    assert link["days"][0] == {"day": "2026-11-22", "out": 0, "in": 2} and len(link["days"]) == links.DAYS
    assert link["types"] == [{"type": "requests.rating.given.v1", "out": 0, "in": 2}]


def test_what_goes_out_is_told_by_the_peers_receipts(centre: Centre) -> None:
    for epoch, sequence, hours in ((1, 1, 5), (1, 2, 4), (1, 3, 3), (2, 1, 2), (2, 2, 1)):
        centre.do("INSERT INTO link_out VALUES (:peer, :epoch, :sequence, gen_random_uuid(), 'x', gen_random_uuid(), "
                  ":at, 'x', 'k1', 's', :at)", peer=SUEZ, epoch=epoch, sequence=sequence,
                  at=NOW - timedelta(hours=hours))
    centre.do("UPDATE link_sent SET applied = 1, sent = 3, heard_at = :now, receipt_at = :now, skew_ms = 2500 "
              "WHERE peer = :peer", now=NOW - timedelta(seconds=5), peer=SUEZ)
    link = links.one(centre.unit_of_work(), SUEZ)
    assert (link["condition"], link["concerns"]) == ("behind", ["behind", "clock"])
    sending = link["sending"]
    assert (sending["stored"], sending["backlog"], sending["oldest_seconds"]) == (3, 4, 4 * 3600)
    centre.do("UPDATE link_sent SET applied = 3 WHERE peer = :peer", peer=SUEZ)
    assert links.one(centre.unit_of_work(), SUEZ)["sending"]["oldest_seconds"] == 2 * 3600


def test_one_that_is_no_link_is_not_found(centre: Centre) -> None:
    assert refused(lambda: links.one(centre.unit_of_work(), "EG-ALX")) == "link_unknown"


def test_a_message_that_failed_is_applied_after_all(centre: Centre) -> None:
    centre.breaks = True
    event_id = centre.hear(1)
    [row] = centre.waiting()
    assert (row["reason"], row["genuine"], row["sequence"]) == ("not_applied", True, 1)
    again = lambda: centre.attempt(lambda work: links.replay(work, SUEZ, UUID(row["id"])))  # noqa: E731
    assert refused(again) == "link_message_refused" and centre.waiting() == [row]

    centre.breaks = False
    assert again() == {"peer": SUEZ, "id": row["id"]}
    assert centre.applied == [event_id] and centre.waiting() == []
    assert [tuple(one) for one in centre.rows("SELECT position, parked FROM link_log ORDER BY position")] == [
        (1, "not_applied"), (2, None)]
    assert [one.action for one in centre.rows("SELECT action FROM audit")] == ["link.replay"]
    assert refused(again) == "link_message_settled"


def test_what_nothing_proves_is_settled_and_never_applied(centre: Centre) -> None:
    for _ in range(2):
        centre.hear(1, key=Ed25519PrivateKey.generate())
    rows = centre.waiting()
    assert {(row["reason"], row["genuine"]) for row in rows} == {("signature_bad", False)}
    first = UUID(rows[0]["id"])
    assert refused(lambda: centre.attempt(lambda work: links.replay(work, SUEZ, first))) == "link_message_not_genuine"
    assert refused(lambda: centre.attempt(lambda work: links.settle(work, SUEZ, first, "  قصير "))
                   ) == "skip_reason_required"
    centre.attempt(lambda work: links.settle(work, SUEZ, first, "مفتاح اختبار من جهاز قديم"))
    assert len(centre.waiting()) == len(rows) - 1 and centre.applied == []
    [row] = centre.rows("SELECT settled_by, settled_reason FROM link_parked WHERE settled_at IS NOT NULL")
    assert tuple(row) == ("staff:admin", "مفتاح اختبار من جهاز قديم")


def test_who_is_no_administrator_neither_reads_nor_settles(centre: Centre) -> None:
    for run in (links.overview, lambda work: links.one(work, SUEZ), lambda work: links.parked(work, SUEZ),
                lambda work: links.recovered(work, SUEZ), lambda work: links.replay(work, SUEZ, uuid4()),
                lambda work: links.settle(work, SUEZ, uuid4(), "سبب مفصل كافٍ")):
        assert refused(lambda run=run: centre.attempt(run, CLERK)) == "forbidden"  # type: ignore[misc]


def test_facts_that_were_given_back_are_read_page_by_page(centre: Centre) -> None:
    for sequence in range(1, 4):
        centre.do("INSERT INTO link_recovered VALUES (:peer, 1, :sequence, gen_random_uuid(), 'x', gen_random_uuid(), "
                  "CAST(:body AS text)::bytea, :at)", peer=SUEZ, sequence=sequence, at=NOW,
                  body='{"time": "2026-11-20T10:00:00+00:00", "data": {"serial": "C-1"}}')
    first = links.recovered(centre.unit_of_work(), SUEZ, limit=2)
    assert [row["sequence"] for row in first["rows"]] == [1, 2] and first["rows"][0]["data"] == {"serial": "C-1"}
    rest = links.recovered(centre.unit_of_work(), SUEZ, first["next"], limit=2)
    assert [row["sequence"] for row in rest["rows"]] == [3] and rest["next"] is None
    assert refused(lambda: links.recovered(centre.unit_of_work(), SUEZ, "x-1")) == "field_invalid"
