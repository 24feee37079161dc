"""Cases that the boards count, and the boards themselves as people see them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from chassis.actors import PUBLIC, Actor
from chassis.answers import load
from contracts import requests_afterwards, requests_board, requests_intake
from rules.calendar import cairo_date
from services.requests import board, complaints, delivery, document, inquiry, ratings, reopening
from tests.support.deadlines_ground import Sweeping
from tests.support.requests_ground import CLERK, HEAD, INSPECTOR, LAST4, OFFICER, Ground, shop, staff

__all__ = ["ground", "opened"]  # what a module of tests takes by *

MANAGER = staff("manager", "centre_manager")
GOVERNORATE = Actor(id="staff:governorate", kind="staff", roles=("governorate_follow_up",))
DEPUTY = staff("deputy", "unit_head", "leadership")


@pytest.fixture(scope="module")
def opened(database_url: Callable[..., str]) -> Iterator[Ground]:
    made = Ground(database_url("requests"))
    made.publish({**shop(), "documents": []})
    yield made
    made.close()


@pytest.fixture
def ground(opened: Ground, monkeypatch: pytest.MonkeyPatch) -> Ground:
    monkeypatch.setattr(document, "render", lambda *_: (b"page", document.HTML))
    Sweeping(opened)
    opened.fresh()
    return opened


def fold(ground: Ground) -> None:
    while ground.attempt(board.fold):
        pass


def wrong(ground: Ground) -> list[str]:
    with ground.database.transaction() as connection:
        return board.check(connection)


def shown(ground: Ground, actor: Actor = GOVERNORATE, **asked: Any) -> dict[str, Any]:
    today = cairo_date(ground.now).isoformat()
    body = load(requests_board.Board(), {"since": today, "until": today, **asked})
    found: dict[str, Any] = board.show(ground.unit_of_work(actor), body)
    return found


def lying(ground: Ground, actor: Actor = GOVERNORATE, **asked: Any) -> dict[str, Any]:
    ground.attempt(board.look)
    found: dict[str, Any] = board.lies_open(ground.unit_of_work(actor), load(requests_board.BoardOpen(), asked))
    return found


def counts(found: dict[str, Any]) -> dict[str, int]:
    """What was counted at all, without the sums of time."""
    return {name: value for name, value in found.items()
            if value and name not in ("key", "day") and not name.endswith("seconds")}


def by_key(found: dict[str, Any], side: str) -> dict[str, dict[str, int]]:
    return {one["key"]: counts(one["now"]) for one in found["sides"][side]}


def at_the_window(ground: Ground) -> dict[str, Any]:
    return ground.submit(ground.application(documents=[], channel="centre"), CLERK)


def reject(ground: Ground) -> None:
    ground.do(HEAD, "reject", reason="المحل في عقار مخالف", legal_reason="conditions_unmet")


def numbers_of(lodged: dict[str, Any]) -> dict[str, Any]:
    return {"tracking_number": lodged["tracking_number"], "phone_last4": LAST4}


def complain(ground: Ground, lodged: dict[str, Any]) -> None:
    body = load(requests_afterwards.Complain(), {**numbers_of(lodged), "kind": "delay", "text": "تأخر الطلب كثيراً"})
    ground.attempt(lambda work: complaints.complain(work, body), PUBLIC)


def withdraw(ground: Ground, lodged: dict[str, Any]) -> None:
    body = load(requests_intake.Withdraw(), numbers_of(lodged))
    ground.attempt(lambda work: inquiry.withdraw(work, body), PUBLIC)


def open_again(ground: Ground, lodged: dict[str, Any]) -> None:
    asked = load(requests_afterwards.AskReopening(), {**numbers_of(lodged), "reason": "لدي مستند جديد يثبت حقي"})
    made = ground.attempt(lambda work: reopening.ask(work, asked), PUBLIC)
    body = load(requests_afterwards.DecideReopening(), {"reopening_id": made["reopening_id"], "grant": True,
                                                        "reason": "قُدم مستند جديد يستحق النظر"})
    ground.attempt(lambda work: reopening.decide(work, body), DEPUTY)


def rate(ground: Ground, lodged: dict[str, Any], stars: int) -> None:
    last = ground.events(lodged["request_id"])[-1]
    token = ground.privacy.open(last.data["rating"], ring="contact", field="requests.rating.token")
    body = load(requests_afterwards.Rate(), {"token": token, "stars": stars})
    ground.attempt(lambda work: ratings.rate(work, body), PUBLIC)


def deliver(ground: Ground, lodged: dict[str, Any]) -> None:
    while ground.render():
        pass
    serial = ground.row(lodged).licence_serial
    body = load(requests_afterwards.Deliver(), {"serial": serial, "identity": "national_id"})
    ground.attempt(lambda work: delivery.deliver(work, body), CLERK)


def licensed(ground: Ground, lodged: dict[str, Any]) -> None:
    ground.pay(lodged)
    ground.do(OFFICER, "accept")
    ground.do(INSPECTOR, "report", inputs={"findings": "مطابق للاشتراطات"})
    ground.do(HEAD, "approve")
    ground.pay(lodged, "final")
