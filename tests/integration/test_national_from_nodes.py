"""A node that is asked about another governorate's number asks the centre over HTTP, and says so when it cannot."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask.testing import FlaskClient
from sqlalchemy import text

from chassis.config import Role, decode_key
from chassis.country_keys import inquiry_keys
from chassis.ids import uuid7
from contracts.gateway_national import PROBLEMS
from rules import inquiry as rule
from rules import numbering
from rules.refusal import refuse
from tests.support.centre_door import Door, browser, served
from tests.support.centre_ground import *  # noqa: F403  (fixtures)
from tests.support.centre_ground import NOON, Centre, request
from tests.support.national_browsing import NUMBER, followed, known, page

SIGNING = "k1:sample-signing"
OWN = numbering.tracking_number("04", 2026, 70, b"n" * 32)
UNKNOWN = refuse("tracking_unknown")


def node(centre: Centre, **more: str) -> Door:
    """The door of Suez, over the same database (its own tables of it are not the centre's)."""
    return Door(centre, role=Role.NODE, node="EG-SUZ", LINK_SIGNING_KEY=SIGNING, **more)


def trust(centre: Centre, peer: str = "EG-SUZ", key: str = "sample-signing") -> None:
    public = Ed25519PrivateKey.from_private_bytes(decode_key(key)).public_key().public_bytes_raw()
    with centre.database.transaction() as connection:
        connection.execute(text("INSERT INTO link_key (peer, key_id, public, since_epoch, since_sequence) "
                                "VALUES (:peer, 'k1', :public, 1, 1)"), {"peer": peer, "public": public})


def test_a_node_asks_the_centre_about_anothers_number_and_shows_it_with_its_time(centre: Centre) -> None:
    known(centre)
    with served(Door(centre).app()) as url:
        client = browser(node(centre, CENTRE_URL=url).app())
        answered = followed(client, NUMBER)
        assert answered.status_code == 303
        shown = page(client, answered.location)
        assert "القاهرة" in shown and "قيد المراجعة" in shown
        told = client.get(f"/api/v1/national/requests/{NUMBER}", headers={"X-Phone-Last4": "5678"})
        assert told.status_code == 200 and told.get_json()["governorate"] == "EG-C"
        assert followed(client, NUMBER, "0000").status_code == 422


def test_a_node_that_cannot_ask_says_so_and_what_to_do(centre: Centre) -> None:
    with socket.socket() as silent:  # takes the connection and never answers
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        gone = f"http://127.0.0.1:{silent.getsockname()[1]}"
        client = browser(node(centre, CENTRE_URL=gone).app())
        answered = followed(client, NUMBER)
    said = answered.get_data(as_text=True)
    assert answered.status_code == 503 and answered.headers["Retry-After"] and "القاهرة" in said
    assert PROBLEMS["asked_at_the_centre"].ar.split("،")[0].format(name_ar="القاهرة") in said
    told = client.get(f"/api/v1/national/requests/{NUMBER}", headers={"X-Phone-Last4": "5678"})
    assert told.get_json()["code"] == "asked_at_the_centre"


def test_of_its_own_number_a_node_tells_itself_and_of_another_only_when_it_has_a_centre(centre: Centre) -> None:
    own = numbering.tracking_number("04", 2026, 5, b"n" * 32)
    door = node(centre, CENTRE_URL="http://127.0.0.1:9")
    door.answers["requests.status"] = {**request(own), "tracking_number": own, "unit": "EG-SUZ-01",
                                       "lodged_at": NOON.isoformat(), "as_of": NOON.isoformat(),
                                       "applicant_until": None}
    told = browser(door.app()).get(f"/api/v1/national/requests/{own}", headers={"X-Phone-Last4": "5678"}).get_json()
    assert (told["governorate"], told["line"], [method for method, _ in door.called]) == (
        "EG-SUZ", "up", ["requests.status"])
    alone = node(centre)
    answered = followed(browser(alone.app()), NUMBER)
    assert [method for method, _ in alone.called] == ["requests.status"] and answered.status_code == 404


def taken_at_the_centre(centre: Centre, number: str, state: str = "handed") -> None:
    """An application of the national portal for Suez, as far as the centre knows."""
    [key] = inquiry_keys(centre.settings)
    with centre.database.transaction() as connection:
        connection.execute(
            text("INSERT INTO national_application (id, governorate, unit, service_code, service_name, "
                 "tracking_number, inquiry_check, state, lodged_at, state_at) VALUES (:id, 'EG-SUZ', 'EG-SUZ-01', "
                 "'shop-licence', :name, :number, :check, :state, :at, :at)"),
            {"id": uuid7(), "name": '{"ar": "ترخيص محل", "en": "Shop licence"}', "number": number, "state": state,
             "check": rule.check(number, "5678", key), "at": NOON})  # fmt: skip


def unlodged(centre: Centre, url: str) -> Door:
    """A node to which nothing of the national portal has come down yet."""
    door = node(centre, CENTRE_URL=url)
    door.answers = {"requests.status": UNKNOWN, "requests.timeline": UNKNOWN}
    return door


def asked(client: FlaskClient, number: str, digits: str = "5678") -> tuple[int, dict[str, Any]]:
    told = client.get(f"/api/v1/national/requests/{number}", headers={"X-Phone-Last4": digits})
    return told.status_code, told.get_json()


def failures(centre: Centre) -> int:
    with centre.database.transaction() as connection:
        return int(connection.execute(text("SELECT coalesce(sum(count), 0) FROM failure")).scalar_one())


def test_a_number_of_the_portal_that_is_not_lodged_yet_is_followed_at_its_own_node(centre: Centre) -> None:
    taken_at_the_centre(centre, OWN)
    with served(Door(centre).app()) as url:
        client = browser(unlodged(centre, url).app())
        answered = followed(client, OWN)
        assert answered.status_code == 303
        shown = page(client, answered.location)
        assert "سُلِّم إلى المحافظة، في انتظار ما يفيد وصوله" in shown and "السويس" in shown
        status, told = asked(client, OWN)
        assert (status, told["portal"], told["governorate"]) == (200, "handed", "EG-SUZ")
        assert failures(centre) == 0


@pytest.mark.parametrize("state", [None, "lodged"])
def test_of_what_is_lodged_only_the_node_speaks_and_what_nobody_knows_is_unknown(
    centre: Centre, state: str | None
) -> None:
    if state:
        taken_at_the_centre(centre, OWN, state)
    with served(Door(centre).app()) as url:
        client = browser(unlodged(centre, url).app())
        status, told = asked(client, OWN)
        assert (status, told["code"]) == (404, "tracking_unknown")
        assert followed(client, OWN).status_code == 422 and failures(centre) > 0


def test_wrong_digits_of_a_number_of_the_portal_are_counted_at_its_node(centre: Centre) -> None:
    taken_at_the_centre(centre, OWN)
    with served(Door(centre).app()) as url:
        client = browser(unlodged(centre, url).app())
        trust(centre)
        answered = [asked(client, OWN, f"{guess:04}") for guess in range(40)]
        assert {told["code"] for _, told in answered} == {"tracking_unknown", "too_many_requests"}
        assert asked(client, OWN)[0] == 429  # the right digits open no more than at any other guess


def test_a_node_whose_centre_cannot_be_asked_says_so_of_every_number_of_its_own_alike(centre: Centre) -> None:
    taken_at_the_centre(centre, OWN)
    client = browser(unlodged(centre, "http://127.0.0.1:9").app())
    nobodys = numbering.tracking_number("04", 2026, 71, b"n" * 32)
    told = [asked(client, number, digits) for number, digits in ((OWN, "5678"), (OWN, "0000"), (nobodys, "5678"))]
    assert {(status, said["code"], said["detail"]) for status, said in told} == {
        (404, "not_known_here", PROBLEMS["not_known_here"].ar)}
    counted = failures(centre)
    answered = followed(client, OWN)
    assert answered.status_code == 422 and "البوابة القومية" in answered.get_data(as_text=True)
    assert failures(centre) > counted > 0


def test_a_node_that_cannot_say_for_whom_it_asks_does_not_ask_about_its_own(centre: Centre) -> None:
    taken_at_the_centre(centre, OWN)
    with served(Door(centre).app()) as url:
        door = Door(centre, role=Role.NODE, node="EG-SUZ", CENTRE_URL=url)
        door.answers = {"requests.status": UNKNOWN}
        assert asked(browser(door.app()), OWN)[1]["code"] == "tracking_unknown"


def test_what_is_done_about_anothers_request_is_done_there_and_nothing_is_asked_here(centre: Centre) -> None:
    door = node(centre, CENTRE_URL="http://127.0.0.1:9")
    client = browser(door.app())
    for path in ("", "/timeline", "/licence"):
        told = client.get(f"/api/v1/requests/{NUMBER}{path}", headers={"X-Phone-Last4": "5678"})
        assert (told.status_code, told.get_json()["code"]) == (409, "number_of_another_governorate")
    assert "Cairo" in str(told.get_json()) and door.called == []


def test_failures_count_for_the_visitor_of_a_node_that_signs_and_for_the_node_where_nothing_proves_it(
    centre: Centre,
) -> None:
    known(centre)
    app = Door(centre).app()
    others = [numbering.tracking_number("01", 2026, one, b"n" * 32) for one in range(100, 131)]
    with served(app) as url:
        door = node(centre, CENTRE_URL=url)
        client = browser(door.app())
        trust(centre)
        for number in others[:30]:
            client.get(f"/api/v1/national/requests/{number}", headers={"X-Phone-Last4": "0000"})
        elsewhere = {"X-Phone-Last4": "5678"}
        closed = client.get(f"/api/v1/national/requests/{NUMBER}", headers=elsewhere)
        assert closed.status_code == 429
        other = client.get(f"/api/v1/national/requests/{NUMBER}", headers=elsewhere,
                           environ_base={"REMOTE_ADDR": "10.1.2.3"})
        assert other.status_code == 200


def test_what_only_the_centre_has_is_refused_at_a_node(centre: Centre) -> None:
    client = browser(node(centre).app())
    assert 'data-problem="only_at_the_centre"' in page(client, "/ar/governorates/EG-C", 404)
    assert client.get("/api/v1/national/governorates").get_json()["code"] == "only_at_the_centre"
