"""Paying through each rail, whose sandbox runs as a process of its own and behaves badly on demand."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from infra.peers.client import Peers
from rules.refusal import Refusal
from services.payments import cash, errands, expiry, paying
from services.payments.rails import RAILS as adapters
from services.payments.rails.base import Order
from tests.support.callback_door import CallbackDoor
from tests.support.payments_ground import CASHIER, PUBLIC, TOTAL, Ground
from tests.support.rail_speech import RAILS, say

FORGED = "SELECT coalesce(sum(count), 0) FROM forged_callback WHERE rail = :rail"  # one minute on the test's clock


@pytest.fixture(scope="module")
def rail_ground(database_url: Callable[..., str], peers: Peers, door: CallbackDoor) -> Iterator[Ground]:
    # The rail keeps its own time, so the test's clock begins at the real one.
    made = Ground(database_url("payments"), peers.url, door.url, datetime.now(UTC))
    made.publish()
    made.at_counter(CASHIER)
    door.ground = made
    yield made
    made.close()


@pytest.fixture
def ground(rail_ground: Ground, peers: Peers, door: CallbackDoor) -> Iterator[Ground]:
    """A fresh test on the same ground. Whatever a test did, the books are right after it."""
    peers.control(rail={"down": False, "reference_delay_ms": 0, "behaviour": None, "behaviours": {},
                        "callbacks_paused": False, "repeats": "answered", "delay_ms": 0})
    door.fresh(peers)
    peers.forget()
    yield rail_ground
    rail_ground.database.engine.dispose()
    assert rail_ground.faults() == []


@pytest.fixture(params=RAILS)
def rail(request: pytest.FixtureRequest) -> str:
    """Each rail that is reached over the wire."""
    return str(request.param)


@contextmanager
def moved(ground: Ground, **duration: float) -> Iterator[None]:
    """Later on the test's clock."""
    noon = ground.now
    ground.wait(**duration)
    yield
    ground.now = noon


def start(ground: Ground, bill: dict[str, Any], rail: str) -> dict[str, Any]:
    return ground.attempt(lambda work: paying.start(work, {"bill_id": bill["bill_id"], "rail": rail}), PUBLIC)


def started(ground: Ground, rail: str) -> tuple[dict[str, Any], str]:
    """A bill with a reference at the rail, and the reference."""
    bill = ground.billed()
    start(ground, bill, rail)
    errands.run(ground)
    return bill, ground.bill(bill["bill_id"])["reference"]


def state(ground: Ground, bill: dict[str, Any]) -> str:
    return str(ground.bill(bill["bill_id"])["state"])


def types(ground: Ground, bill: dict[str, Any]) -> list[str]:
    return [event.type.split(".")[2] for event in ground.events(bill["bill_id"])]


def reviews(ground: Ground, bill_id: UUID) -> list[Any]:
    return ground.rows("SELECT * FROM review WHERE bill_id = :b ORDER BY raised_at", b=bill_id)


def test_from_the_wish_to_the_receipt(ground: Ground, peers: Peers, door: CallbackDoor, rail: str) -> None:
    bill = ground.billed()
    answer = start(ground, bill, rail)
    assert (answer["state"], answer["reference"]) == ("created", None)
    assert start(ground, bill, rail)["payment_id"] == answer["payment_id"]
    errands.run(ground)
    pending = ground.bill(bill["bill_id"])
    assert (pending["state"], pending["rail"]) == ("pending", rail)
    page = "/paymob/unifiedcheckout/?publicKey=" if rail == "paymob" else f"/pay/{pending['reference']}"
    assert pending["payments"][0]["pay_url"].startswith(peers.url + page)
    peers.pay(pending["reference"])
    assert door.wait_for(1) == [(200, True)]
    paid = ground.bill(bill["bill_id"])
    assert (paid["state"], paid["payments"][0]["state"]) == ("paid", "paid")
    assert paid["receipt_number"].startswith("R-C-")
    assert types(ground, bill) == ["issued", "pending", "paid"]
    told = ground.events(bill["bill_id"])[-1]
    assert told.time.isoformat() == told.data["paid_at"] == paid["paid_at"].isoformat()
    assert {event.correlation_id for event in ground.events(bill["bill_id"])} == {"from-the-door"}


def test_three_callbacks_charge_once(ground: Ground, peers: Peers, door: CallbackDoor, rail: str) -> None:
    bill, reference = started(ground, rail)
    before = ground.balances().get(f"rail:{rail}", 0)
    peers.pay(reference, "duplicate")
    answers = door.wait_for(3)
    assert sorted(answers, key=str) == [(200, False), (200, False), (200, True)]
    assert ground.balances()[f"rail:{rail}"] - before == TOTAL
    assert types(ground, bill) == ["issued", "pending", "paid"]


def test_a_late_success_overrides_an_expiry(ground: Ground, peers: Peers, door: CallbackDoor, rail: str) -> None:
    bill, reference = started(ground, rail)
    peers.pay(reference, "late")
    door.wait_for(2)
    assert state(ground, bill) == "paid"
    assert [event.data["state"] for event in ground.events(bill["bill_id"])] == ["created", "pending", "failed", "paid"]


def test_a_late_success_pays_a_bill_whose_own_time_was_over(
    ground: Ground, peers: Peers, door: CallbackDoor, rail: str
) -> None:
    bill, reference = started(ground, rail)
    noon = ground.now
    try:
        ground.now = bill["expires_at"]
        expiry.sweep(ground)
        assert state(ground, bill) == "expired"
        peers.pay(reference, "normal")
        door.wait_for(1)
        assert state(ground, bill) == "paid"
    finally:
        ground.now = noon


def test_a_stale_expiry_after_the_money_changes_nothing(
    ground: Ground, peers: Peers, door: CallbackDoor, rail: str
) -> None:
    bill, reference = started(ground, rail)
    peers.pay(reference, "reordered")
    assert [status for status, _ in door.wait_for(2)] == [200, 200]
    assert types(ground, bill) == ["issued", "pending", "paid"]


def test_another_amount_is_held_for_a_person(ground: Ground, peers: Peers, door: CallbackDoor, rail: str) -> None:
    bill, reference = started(ground, rail)
    peers.pay(reference, "wrong_amount")
    assert door.wait_for(1) == [(200, True)]
    assert state(ground, bill) == "under_review"
    [review] = reviews(ground, bill["bill_id"])
    assert (review.reason, review.amount) == ("amount_differs", TOTAL - 100)
    assert "paymentAmount" not in review.body
    assert ground.balances()[f"held:{rail}"] == -(TOTAL - 100)
    assert "receipt" not in str(ground.bill(bill["bill_id"])["receipt_number"])


def test_a_forged_callback_is_refused_recorded_and_changes_nothing(
    ground: Ground, peers: Peers, door: CallbackDoor, rail: str
) -> None:
    bill, reference = started(ground, rail)
    recorded = ground.rows(FORGED, rail=rail)[0][0]
    peers.pay(reference, "forged")
    assert door.wait_for(1) == [(403, None)]
    assert state(ground, bill) == "pending"
    assert types(ground, bill) == ["issued", "pending"]
    assert ground.rows(FORGED, rail=rail)[0][0] == recorded + 1
    peers.pay(reference, "normal")
    door.wait_for(2)
    assert state(ground, bill) == "paid"


def test_a_lost_callback_is_found_by_asking(ground: Ground, peers: Peers, rail: str) -> None:
    bill, reference = started(ground, rail)
    noon = ground.now
    try:
        peers.pay(reference, "silent")
        errands.run(ground)
        assert state(ground, bill) == "pending"  # not due yet
        ground.wait(seconds=16)
        errands.run(ground)
        assert state(ground, bill) == "paid"
        assert peers.callbacks() == []
    finally:
        ground.now = noon


def test_a_callback_after_the_question_is_a_repeat(ground: Ground, peers: Peers, door: CallbackDoor, rail: str) -> None:
    bill, reference = started(ground, rail)
    noon = ground.now
    try:
        door.closed = True
        peers.pay(reference)
        door.wait_for(1)
        ground.wait(seconds=16)
        errands.run(ground)
        assert state(ground, bill) == "paid"
        door.closed = False
        while (200, False) not in door.wait_for(len(door.answers) + 1):
            pass
        assert types(ground, bill) == ["issued", "pending", "paid"]
    finally:
        ground.now = noon


def test_a_rail_that_is_down_is_tried_again_and_charges_once(ground: Ground, peers: Peers, rail: str) -> None:
    bill = ground.billed()
    charges = len(peers.charges())
    noon = ground.now
    try:
        peers.control(rail={"down": True})
        start(ground, bill, rail)
        for wait in (0, 1, 2, 4):
            ground.wait(seconds=wait)
            errands.run(ground)
        assert ground.rows("SELECT attempts, error FROM payment WHERE bill_id = :b", b=bill["bill_id"]) == [
            (4, "HTTP 503")]
        peers.control(rail={"down": False})
        ground.wait(seconds=7)
        errands.run(ground)
        assert state(ground, bill) == "created"  # the next attempt is not due yet
        ground.wait(seconds=1)
        errands.run(ground)
        assert state(ground, bill) == "pending"
        assert len(peers.charges()) == charges + 1
    finally:
        ground.now = noon


@pytest.mark.parametrize("rail", ["efinance", "fawry"])  # a card page has its number from the start
def test_a_reference_that_comes_later_reaches_the_bill(
    ground: Ground, peers: Peers, door: CallbackDoor, rail: str
) -> None:
    peers.control(rail={"reference_delay_ms": 300})
    bill = ground.billed()
    start(ground, bill, rail)
    errands.run(ground)
    assert ground.bill(bill["bill_id"])["reference"] is None
    assert door.wait_for(1) == [(200, True)]
    assert state(ground, bill) == "pending"
    assert ground.bill(bill["bill_id"])["reference"] == peers.charges()[-1]["reference"]


def test_money_by_two_ways_is_kept_as_a_credit(ground: Ground, peers: Peers, door: CallbackDoor, rail: str) -> None:
    bill, reference = started(ground, rail)
    ground.attempt(lambda work: cash.take(work, {"bill_id": bill["bill_id"], "tendered": TOTAL}), CASHIER)
    before = ground.balances()
    peers.pay(reference)
    assert door.wait_for(1) == [(200, True)]
    assert reviews(ground, bill["bill_id"]) == []
    assert ground.balances()["credit:EG-C-01"] == before.get("credit:EG-C-01", 0) - TOTAL
    [asked] = ground.rows("SELECT state, way, amount, requested_by FROM refund WHERE bill_id = :b", b=bill["bill_id"])
    assert asked == ("requested", "rail", TOTAL, "system")
    assert types(ground, bill) == ["issued", "pending", "paid"]


def test_money_for_a_withdrawn_request_is_held(ground: Ground, peers: Peers, door: CallbackDoor, rail: str) -> None:
    bill, reference = started(ground, rail)
    ground.follow(ground.request_event(bill["request_id"], 2, "end", None, outcome="withdrawn"))
    peers.pay(reference)
    door.wait_for(1)
    assert state(ground, bill) == "under_review"
    assert [review.reason for review in reviews(ground, bill["bill_id"])] == ["paid_after_cancellation"]


def test_a_charge_not_yet_sent_for_a_bill_paid_meanwhile_never_goes_out(
    ground: Ground, peers: Peers, rail: str
) -> None:
    bill, charges = ground.billed(), len(peers.charges())
    start(ground, bill, rail)
    ground.attempt(lambda work: cash.take(work, {"bill_id": bill["bill_id"], "tendered": TOTAL}), CASHIER)
    errands.run(ground)
    assert len(peers.charges()) == charges
    assert ground.bill(bill["bill_id"])["payments"][0]["state"] == "cancelled"


def test_a_genuine_callback_about_nothing_we_know_is_kept(ground: Ground, rail: str) -> None:
    said = say(rail, "never-heard-of", "9000000001", paid=7_700)
    assert ground.callback(said.body, rail, said.query, said.media_type) is True
    assert ground.callback(said.body, rail, said.query, said.media_type) is False
    [review] = ground.rows("SELECT * FROM review WHERE merchant_reference = 'never-heard-of' AND rail = :r", r=rail)
    assert (review.reason, review.amount) == ("reference_unknown", 7_700)


def test_a_reference_of_somebody_else_does_not_pay_a_bill(ground: Ground, rail: str) -> None:
    bill, _ = started(ground, rail)
    [payment] = ground.rows("SELECT merchant_reference FROM payment WHERE bill_id = :b", b=bill["bill_id"])
    said = say(rail, payment.merchant_reference, "9000000002")
    assert ground.callback(said.body, rail, said.query, said.media_type) is True
    assert state(ground, bill) == "pending"
    [review] = ground.rows("SELECT reason FROM review WHERE reference = '9000000002' AND rail = :r", r=rail)
    # A card callback's signature does not cover our reference, so by the rail's own alone it is nobody's.
    assert review.reason == ("reference_unknown" if rail == "paymob" else "reference_differs")


@pytest.mark.parametrize("body", ["", "not json", "[]", "{}", '{"fawryRefNumber": "1"}', "x" * 70_000])
def test_a_callback_that_is_none_is_refused(ground: Ground, rail: str, body: str) -> None:
    with pytest.raises(Refusal, match="callback_malformed"):
        ground.callback(body, rail)


def test_killed_after_the_charge_went_out_it_is_sent_again_and_found(ground: Ground, peers: Peers, rail: str) -> None:
    """The rail took the charge, the process died before it wrote the reference down, and the money came meanwhile."""
    bill = ground.billed()
    start(ground, bill, rail)
    [payment] = ground.rows("SELECT id, merchant_reference FROM payment WHERE bill_id = :b", b=bill["bill_id"])
    report = adapters.of(ground.settings, rail).charge(Order(payment.merchant_reference, TOTAL, "x", None))
    assert report.reference is not None
    peers.pay(report.reference, "silent")
    errands.run(ground)
    if rail == "paymob":  # it answers a known order with its page, not with its state: that is asked for
        with moved(ground, seconds=16):
            errands.run(ground)
    assert state(ground, bill) == "paid"
    assert len([one for one in peers.charges() if one["merchant_reference"] == payment.merchant_reference]) == 1


def test_a_slow_rail_holds_no_connection(
    ground: Ground, peers: Peers, rail: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bill = ground.billed()
    start(ground, bill, rail)
    adapter = type(adapters.of(ground.settings, rail))
    charge, held = adapter.charge, []

    def watched(self: Any, order: Order) -> Any:
        answer: list[Any] = []
        asking = threading.Thread(target=lambda: answer.append(charge(self, order)))
        asking.start()
        while asking.is_alive():  # all the time that the rail takes
            held.append(ground.database.engine.pool.checkedout())
            asking.join(0.02)
        return answer[0]

    monkeypatch.setattr(adapter, "charge", watched)
    peers.control(rail={"delay_ms": 300})
    try:
        errands.run(ground)
    finally:
        peers.control(rail={"delay_ms": 0})
    assert held and set(held) == {0}
    assert state(ground, bill) == "pending"
