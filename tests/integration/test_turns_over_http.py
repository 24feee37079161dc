"""The whole node over HTTP: a ticket from the kiosk, a window and the cashier, and what the manager sees of waiting."""

from __future__ import annotations

from typing import Any

import pytest

from infra.demo.walk import Walk, WalkFailed
from services.gateway.demo import UNIT
from tests.support.days import today

KIOSK, MANAGER = "door-screen", "hall-manager"


@pytest.fixture(scope="module")
def walk(node: Any) -> Walk:
    made = Walk(node.url, node.peers.pay)
    node.employ(KIOSK, "kiosk", None)
    node.employ(MANAGER, "centre_manager", None)
    return made


def test_a_turn_from_the_kiosk_to_the_cashier_and_what_it_tells(walk: Walk) -> None:
    ticket = walk.post("/turns", {"queue": "intake"}, as_=KIOSK)
    again = walk.post("/turns", {"queue": "intake"}, as_=KIOSK, key="the-same-press-twice")
    assert walk.post("/turns", {"queue": "intake"}, as_=KIOSK, key="the-same-press-twice") == again
    called = walk.post("/turns/calls", {"window": "7"}, as_="clerk")["turn"]
    assert called["label"] == ticket["label"] and called["state"] == "called"
    walk.post(f"/turns/{called['turn_id']}/service", {"window": "7"}, as_="clerk")
    number = walk.lodge()["tracking_number"]
    about = {"window": "7", "tracking_number": number}
    assert walk.post(f"/turns/{called['turn_id']}/requests", about, as_="clerk")["visit"] == 1
    moved = walk.post(f"/turns/{called['turn_id']}/transfer", {"window": "7", "queue": "cashier"}, as_="clerk")["turn"]
    assert moved["state"] == "moved" and moved["service_seconds"] >= 0
    paying = walk.post("/turns/calls", {"window": "8", "queues": ["cashier"]}, as_="cashier")["turn"]
    assert paying["label"] == ticket["label"]
    assert walk.get(f"/turns/tickets/{ticket['label']}", as_="cashier")["requests"] == [
        {"tracking_number": number, "visit": 1}]
    shown = walk.get(f"/turns/display?unit={UNIT}")  # anybody in the hall
    assert (ticket["label"], "8") in [(one["label"], one["window"]) for one in shown["called"]]
    assert number not in str(shown)
    walk.post(f"/turns/{paying['turn_id']}/end", {"window": "8"}, as_="cashier")

    told = walk.get(f"/turns/figures?since={today()}&until={today()}", as_=MANAGER)
    intake = next(one for one in told["queues"] if one["queue"] == "intake")
    assert (intake["taken"], intake["served"]) == (2, 1) and intake["waiting"]["count"] == 1
    assert told["visits"] == [{"unit": UNIT, "requests": 1, "visits": 1, "by_visit": {"1": 1}, "mean": 1.0}]


def test_who_only_gives_tickets_out_calls_none_and_sees_no_figures(walk: Walk) -> None:
    for ask in (lambda: walk.post("/turns/calls", {"window": "1"}, as_=KIOSK),
                lambda: walk.get("/turns/figures?since=2026-01-01&until=2026-01-02", as_=KIOSK),
                lambda: walk.post("/turns", {"queue": "intake"})):
        with pytest.raises(WalkFailed, match=r"forbidden|unauthenticated"):
            ask()
