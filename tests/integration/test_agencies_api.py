"""The API of agencies through the web door, on a real database: an operator registers, an agency's program consumes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient

from chassis.actors import PUBLIC, Actor
from chassis.database import Database
from chassis.ids import uuid7
from chassis.platform import clock
from chassis.privacy import Privacy
from rules import numbering, webhook
from services.gateway import accounts
from services.gateway.agencies import letters, pulling
from services.gateway.web.app import create_app
from tests.support.agencies_ground import LETTER, MOVED, AgencyGround, receiving, settings

API = "/api/v1"


class Desk:
    """Who asks: an operator by a session, or a program by a key."""

    def __init__(self, client: FlaskClient, token: str) -> None:
        self.client = client
        self.token = token

    def get(self, path: str, status: int = 200, **more: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.token}", **more.pop("headers", {})}
        answer = self.client.get(API + path, headers=headers, **more)
        assert answer.status_code == status, answer.get_data(as_text=True)
        return answer.get_json(silent=True)

    def post(self, path: str, body: dict[str, Any] | None = None, status: int = 200, key: str = "") -> Any:
        answer = self.client.post(API + path, json=body, headers={
            "Authorization": f"Bearer {self.token}", "Idempotency-Key": key or str(uuid4())})
        assert answer.status_code == status, answer.get_data(as_text=True)
        return answer.get_json()


class ApiGround(AgencyGround):
    """The web door on the ground's database."""

    def open(self) -> None:
        self.now = clock()
        privacy = Privacy(self.settings.rings, self.settings.lookup_key)
        service = SimpleNamespace(
            settings=self.settings, privacy=privacy, live={}, ready={},
            unit_of_work=lambda actor=None: self.unit(actor or PUBLIC),
            attempt=lambda work, actor=None: self.run(work, actor or PUBLIC))
        self.app = create_app(service)
        self.operator = self._operator()

    def _operator(self) -> Desk:
        self.run(lambda work: accounts.create(
            work, username="sara", password="a long password", display_name="سارة فؤاد", roles=("administrator",),
            unit=None))
        row = self.run(lambda work: accounts.check_password(work, "sara", "a long password"))
        token = self.run(lambda work: accounts.open_session(work, row, "a long password"))[0]
        return Desk(self.app.test_client(), token)

    def unit(self, actor: Actor = PUBLIC) -> Any:
        self.now = clock()
        return super().unit(actor)

    def registered(self, code: str = "transport", *scopes: str, bodies: tuple[str, ...] = ()) -> tuple[str, Desk]:
        """An agency with a key."""
        name = {"ar": "وزارة النقل", "en": "Ministry of Transport"}
        made = self.operator.post("/agencies", {"code": code, "name": name, "bodies": list(bodies)}, 201)
        key = self.operator.post(f"/agencies/{made['agency_id']}/keys", {
            "scopes": list(scopes) or ["feed.read", "subscription.own"]}, 201)
        return made["agency_id"], Desk(self.app.test_client(), key["key"])

    def agreed(self, agency: str, **more: Any) -> str:
        made = self.operator.post(f"/agencies/{agency}/agreements", {
            "reference": "بروتوكول 7 لسنة 2026", "events": [MOVED], "valid_from": "2026-01-01",
            "valid_until": f"{clock().year + 1}-12-31", **more}, 201)
        return str(made["agreement_id"])

    def subscribed(self, agency: str, agreement: str, way: str = "feed", **more: Any) -> Any:
        return self.operator.post(f"/agencies/{agency}/subscriptions", {
            "agreement_id": agreement, "name": "حركة الطلبات", "way": way, **more}, 201)


@pytest.fixture
def ground(database_url: Callable[..., str]) -> Iterator[ApiGround]:
    database = Database(database_url("gateway"), 8)
    ground = ApiGround(database, settings(SHUBBAK_RATE_LIMITS="off"))
    ground.open()
    yield ground
    ground.close()


def test_from_the_registration_to_the_first_event_by_feed(ground: ApiGround) -> None:
    agency, program = ground.registered()
    made = ground.subscribed(agency, ground.agreed(agency, fields={MOVED: ["request_id", "state"]}))
    request = uuid7()
    event_id = ground.moved(request)
    path = f"/agency/feed?subscription_id={made['subscription_id']}"
    page = program.get(path)
    assert [one["id"] for one in page["events"]] == [str(event_id)] and page["more"] is False
    assert page["events"][0]["data"] == {"request_id": str(request), "state": "state-1"}
    assert program.get(f"{path}&after={page['next']}")["events"] == []
    (shown,) = program.get("/agency/subscriptions")["subscriptions"]
    assert (shown["condition"], shown["delivered"], shown["lag"]) == ("well", 1, 0)
    (watched,) = ground.operator.get(f"/subscriptions?agency_id={agency}")["subscriptions"]
    assert watched["subscription_id"] == made["subscription_id"]


def test_a_page_that_is_held_is_not_sent_again(ground: ApiGround) -> None:
    agency, program = ground.registered()
    made = ground.subscribed(agency, ground.agreed(agency))
    first = program.get(f"/agency/feed?subscription_id={made['subscription_id']}")
    ground.moved(uuid7())
    path = f"{API}/agency/feed?subscription_id={made['subscription_id']}&after={first['next']}"
    headers = {"Authorization": f"Bearer {program.token}"}
    answer = program.client.get(path, headers=headers)
    again = program.client.get(path, headers={**headers, "If-None-Match": answer.headers["ETag"]})
    assert (answer.status_code, again.status_code, again.data) == (200, 304, b"")
    ground.moved(uuid7())
    assert program.client.get(path, headers={**headers, "If-None-Match": answer.headers["ETag"]}).status_code == 200


def test_one_waits_for_what_is_not_there_yet(ground: ApiGround, monkeypatch: pytest.MonkeyPatch) -> None:
    agency, program = ground.registered()
    made = ground.subscribed(agency, ground.agreed(agency))
    landed: list[float] = []
    waits, wait = threading.Event(), pulling.Head.wait

    def told(head: pulling.Head, *given: Any) -> bool:
        waits.set()
        return wait(head, *given)

    monkeypatch.setattr(pulling.Head, "wait", told)

    def arrive() -> None:
        waits.wait()
        landed.append(time.monotonic())  # before it lands: what waits for it may be told at once
        ground.moved(uuid7())

    threading.Thread(target=arrive, daemon=True).start()
    page = program.get(f"/agency/feed?subscription_id={made['subscription_id']}&wait=10")
    assert len(page["events"]) == 1 and time.monotonic() - landed[0] < 8
    begun = time.monotonic()
    path = f"/agency/feed?subscription_id={made['subscription_id']}&after={page['next']}&wait=1"
    assert program.get(path)["events"] == []
    assert 0.9 <= time.monotonic() - begun < 8


def test_a_webhook_is_tried_with_a_sample_and_its_secret_is_shown_once(ground: ApiGround) -> None:
    agency, program = ground.registered()
    agreement = ground.agreed(agency)
    with receiving(lambda _: (202, {}, b"taken, thanks")) as receiver:
        key, body = str(uuid4()), {"agreement_id": agreement, "name": "حركة الطلبات", "way": "webhook",
                                   "endpoint": receiver.url}  # fmt: skip
        made = ground.operator.post(f"/agencies/{agency}/subscriptions", body, 201, key)
        again = ground.operator.post(f"/agencies/{agency}/subscriptions", body, 201, key)
        assert made["secret"].startswith("whsec_") and again["secret"] is None
        assert again["subscription_id"] == made["subscription_id"]
        assert made["secret"] not in ground.rows("SELECT secret FROM subscription")[0].secret
        found = program.post(f"/agency/subscriptions/{made['subscription_id']}/test", {"type": None})
        assert (found["status"], found["answer"]) == (202, "taken, thanks") and found["event"]["sample"] is True
        (got,) = receiver.got
        assert webhook.genuine(got.headers, got.body, made["secret"], clock())
        assert ground.operator.get(f"/subscriptions/{made['subscription_id']}")["tested"].startswith("HTTP 202")
        rotated = program.post(f"/agency/subscriptions/{made['subscription_id']}/secret", {"overlap_hours": 1})
        ground.operator.post(f"/subscriptions/{made['subscription_id']}/test", {})
        got = receiver.got[-1]
        assert webhook.genuine(got.headers, got.body, rotated["secret"], clock())
        assert webhook.genuine(got.headers, got.body, made["secret"], clock())


def test_a_receiver_that_cannot_be_reached_is_told_and_nothing_is_broken_by_it(ground: ApiGround) -> None:
    agency, _ = ground.registered()
    made = ground.subscribed(agency, ground.agreed(agency), "webhook", endpoint="http://127.0.0.1:9999/")
    found = ground.operator.post(f"/subscriptions/{made['subscription_id']}/test", {})
    assert found["status"] is None and "refused" in found["error"]


def test_a_key_does_what_its_scopes_say_and_a_revoked_one_nothing(ground: ApiGround) -> None:
    agency, program = ground.registered("transport", "feed.read")
    made = ground.subscribed(agency, ground.agreed(agency))
    program.post(f"/agency/subscriptions/{made['subscription_id']}/pause", {"reason": "صيانة في مركز بياناتنا"}, 403)
    program.get("/agency/letters", 403)
    program.get("/agencies", 403)
    ground.operator.get("/agency/subscriptions", 403)
    (key,) = ground.operator.get(f"/agencies/{agency}")["keys"]
    ground.operator.post(f"/keys/{key['key_id']}/revocation", {"reason": "تسرب المفتاح من الجهة"})
    program.get("/agency/subscriptions", 401)


def test_pausing_the_own_subscription_stops_the_feed_until_it_is_resumed(ground: ApiGround) -> None:
    agency, program = ground.registered()
    made = ground.subscribed(agency, ground.agreed(agency))
    own = f"/agency/subscriptions/{made['subscription_id']}"
    program.post(f"{own}/pause", {"reason": "قصير"}, 422)
    assert program.post(f"{own}/pause", {"reason": "صيانة في مركز بياناتنا"})["state"] == "paused"
    event_id = ground.moved(uuid7())
    program.get(f"/agency/feed?subscription_id={made['subscription_id']}", 409)
    program.post(f"{own}/resumption")
    page = program.get(f"/agency/feed?subscription_id={made['subscription_id']}")
    assert [one["id"] for one in page["events"]] == [str(event_id)]


def test_a_letter_is_listed_answered_and_answered_once_however_often_it_is_sent(ground: ApiGround) -> None:
    _, program = ground.registered("civil", "letter.reply", bodies=("civil_protection",))
    number = numbering.letter_number("EG-C", 2026, 5)
    ground.land({"letter_id": str(uuid7()), "request_id": str(uuid7()), "number": number, "body": "civil_protection",
                 "status": "sent", "sent_on": "2026-01-05"}, LETTER)
    ground.run(letters.follow)
    assert [one["number"] for one in program.get("/agency/letters")["letters"]] == [number]
    key, body = str(uuid4()), {"opinion": "agreed", "answered_on": "2026-01-20", "reference": "صادر 118"}
    first = program.post(f"/agency/letters/{number}/answer", body, 201, key)
    assert program.post(f"/agency/letters/{number}/answer", body, 201, key) == first
    program.post(f"/agency/letters/{number}/answer", body, 409)
    assert program.get("/agency/letters")["letters"] == []


def test_every_act_of_the_operator_is_in_the_audit(ground: ApiGround) -> None:
    before = ground.rows("SELECT coalesce(max(id), 0) AS id FROM audit")[0].id
    agency, _ = ground.registered()
    agreement = ground.agreed(agency)
    made = ground.subscribed(agency, agreement)
    one = f"/subscriptions/{made['subscription_id']}"
    ground.operator.post(f"{one}/changes", {"name": "حركة طلبات المحال"})
    ground.operator.post(f"{one}/replay", {"since": clock().isoformat()})
    ground.operator.post(f"{one}/ending", {"reason": "انتهى الغرض من الاشتراك"})
    paper = f"/agencies/{agency}/agreements/{agreement}"
    ground.operator.post(f"{paper}/extension", {"valid_until": f"{clock().year + 2}-01-01"})
    ground.operator.post(f"{paper}/ending", {"reason": "انتهى الغرض منها"})
    ground.operator.post(f"/agencies/{agency}/closing", {"reason": "ألغيت الجهة بقرار"})
    acts = [row.action for row in ground.rows("SELECT action FROM audit WHERE id > :before ORDER BY id", before=before)]
    assert acts == ["agency.added", "key.made", "agreement.made", "subscription.made", "subscription.changed",
                    "subscription.replayed", "subscription.ended", "agreement.extended", "agreement.ended",
                    "agency.closed"]  # fmt: skip
