"""What comes after a decision, over a real database: the print handed over, the citizen's rating."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from chassis.actors import PUBLIC
from chassis.answers import load
from chassis.errors import Conflict
from contracts import requests_afterwards as language
from rules.refusal import Refusal
from services.requests import delivery, document, life, rating_wish, ratings, register
from tests.support.requests_ground import CLERK, HEAD, LAST4, OFFICER, Ground, shop, staff


@pytest.fixture(scope="module")
def opened(database_url: Callable[..., str]) -> Iterator[Ground]:
    made = Ground(database_url("requests"))
    made.publish({**shop(), "documents": []})
    yield made
    made.close()


@pytest.fixture
def ground(opened: Ground, monkeypatch: pytest.MonkeyPatch) -> Ground:
    opened.fresh()
    monkeypatch.setattr(document, "render", lambda *_: (b"page", document.HTML))
    return opened


def issued(ground: Ground) -> dict[str, Any]:
    lodged = ground.issued(documents=[])
    return {**lodged, "serial": str(ground.row(lodged).licence_serial)}


def deliver(ground: Ground, serial: str, actor: Any = CLERK, **more: Any) -> dict[str, Any]:
    body = load(language.Deliver(), {"serial": serial, "identity": "national_id", **more})
    answer: dict[str, Any] = ground.attempt(lambda work: delivery.deliver(work, body), actor)
    return answer


def test_a_print_is_handed_over_once(ground: Ground) -> None:
    serial = issued(ground)["serial"]
    with pytest.raises(Refusal, match="licence_not_ready"):
        deliver(ground, serial)
    ground.render()

    def tried(_: int) -> bool:
        try:
            deliver(ground, serial)
        except (Refusal, Conflict):
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(tried, range(4))) == 1
    [row] = ground.rows("SELECT * FROM delivery")
    assert (row.actor_id, row.identity, row.receiver) == (CLERK.id, "national_id", "holder")
    assert [event.data["serial"] for event in ground.events(row.id)] == [serial]
    with pytest.raises(Refusal, match="delivered_before"):
        deliver(ground, serial)


def test_a_replaced_print_is_handed_over_again(ground: Ground) -> None:
    serial = issued(ground)["serial"]
    ground.render()
    deliver(ground, serial)
    ground.attempt(lambda work: register.replace_print(
        work, {"serial": serial, "reason": "فُقد الأصل", "version": None}), HEAD)
    ground.render()
    assert deliver(ground, serial)["edition"] == 2


def test_a_representative_is_named_and_shows_a_power_of_attorney(ground: Ground) -> None:
    serial = issued(ground)["serial"]
    ground.render()
    for wrong in ({"receiver": "representative"}, {"receiver": "representative", "receiver_name": "سعاد محمد"},
                  {"how": "post"}, {"how": "post", "reference": "RR1", "identity": "national_id"},
                  {"identity": "carrier_receipt"}):
        with pytest.raises(Refusal):
            deliver(ground, serial, **wrong)
    deliver(ground, serial, receiver="representative", receiver_name="سعاد محمد", identity="power_of_attorney")
    assert "سعاد" not in str(ground.rows("SELECT to_jsonb(delivery)::text FROM delivery"))


def test_neither_another_unit_nor_what_is_suspended(ground: Ground) -> None:
    serial = issued(ground)["serial"]
    ground.render()
    with pytest.raises(Refusal, match="forbidden"):
        deliver(ground, serial, staff("far", "window_clerk", unit="EG-C-02"))
    ground.attempt(lambda work: register.suspend(
        work, {"serial": serial, "reason": "مخالفة", "version": None}), HEAD)
    with pytest.raises(Refusal, match="licence_not_in_force"):
        deliver(ground, serial)


def token_of(ground: Ground, lodged: dict[str, Any]) -> str:
    """The token that the last event of the request carries to whoever writes the message."""
    sealed = ground.events(lodged["request_id"])[-1].data["rating"]
    return ground.privacy.open(sealed, ring="contact", field=life.RATING)


def rate(ground: Ground, token: str, **more: Any) -> dict[str, Any]:
    body = load(language.Rate(), {"token": token, "stars": 4, **more})
    answer: dict[str, Any] = ground.attempt(lambda work: ratings.rate(work, body), PUBLIC)
    return answer


def test_only_the_last_event_carries_a_token_and_the_database_only_its_digest(ground: Ground) -> None:
    lodged = issued(ground)
    token = token_of(ground, lodged)
    assert [bool(event.data["rating"]) for event in ground.events(lodged["request_id"])] == [False] * 5 + [True]
    assert len(token) >= 24 and token not in ground.raw_events()
    assert token not in str(ground.rows("SELECT * FROM rating_invitation"))


def test_a_request_is_rated_once(ground: Ground) -> None:
    token = token_of(ground, issued(ground))

    def tried(_: int) -> bool:
        try:
            rate(ground, token, comment="خدمة الأستاذة منى ممتازة")
        except (Refusal, Conflict):
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(tried, range(4))) == 1
    [row] = ground.rows("SELECT * FROM rating")
    assert row.stars == 4 and "منى" not in str(row)
    [event] = ground.events(row.id)
    assert (event.data["stars"], event.data["commented"], event.data["outcome"]) == (4, True, "approved")
    with pytest.raises(Refusal, match="rated_before"):
        rate(ground, token, stars=1)
    shown = ratings.asked(ground.unit_of_work(PUBLIC), token)
    assert (shown["rated"], shown["stars"]) == (True, 4)


def test_a_rejected_request_is_rated_too(ground: Ground) -> None:
    lodged = ground.reviewed(documents=[])
    ground.do(OFFICER, "accept")
    ground.do(staff("inspector", "inspector", "engineering"), "report", inputs={"findings": "غير مطابق"})
    ground.do(HEAD, "reject", reason="غير مطابق للاشتراطات", legal_reason="conditions_unmet")
    assert rate(ground, token_of(ground, lodged), stars=2)["stars"] == 2


@pytest.mark.parametrize("token", ["0" * 24, "x" * 100])
def test_a_token_that_nobody_was_given(ground: Ground, token: str) -> None:
    issued(ground)
    with pytest.raises(Refusal, match="rating_unknown"):
        rate(ground, token)


@pytest.mark.parametrize("stars", [0, 6, "5", 2.5])
def test_stars_are_from_one_to_five(ground: Ground, stars: Any) -> None:
    token = token_of(ground, issued(ground))
    with pytest.raises(Refusal):
        rate(ground, token, stars=stars)


def test_whoever_follows_an_ended_request_rates_it_without_the_link_and_still_once(ground: Ground) -> None:
    lodged = issued(ground)

    def wish(last4: str = LAST4) -> str:
        body = load(language.AskRating(), {"tracking_number": lodged["tracking_number"], "phone_last4": last4})
        return str(ground.attempt(lambda work: rating_wish.ask(work, body), PUBLIC)["token"])

    token = wish()
    assert wish() == token != token_of(ground, lodged)
    assert len(ground.rows("SELECT * FROM rating_invitation")) == 2  # the message's and this one, wished for twice
    assert rate(ground, token)["stars"] == 4
    with pytest.raises(Refusal, match="rated_before"):
        rate(ground, token_of(ground, lodged))
    with pytest.raises(Refusal, match="tracking_unknown"):
        wish("0000")


def test_what_goes_on_is_not_rated_yet(ground: Ground) -> None:
    lodged = ground.reviewed(documents=[])
    body = load(language.AskRating(), {"tracking_number": lodged["tracking_number"], "phone_last4": LAST4})
    with pytest.raises(Refusal, match="rating_too_early"):
        ground.attempt(lambda work: rating_wish.ask(work, body), PUBLIC)
