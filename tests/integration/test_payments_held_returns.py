"""Held money on its way back: asked for by one person, approved by another, through the rail that took it where that
can, otherwise by hand. It is held, and can be taken for its bill by nobody, until it went back."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from infra.peers.client import Peers
from rules.refusal import Refusal
from services.payments import errands, paying, refund_errands, reviews
from tests.support.callback_door import CallbackDoor
from tests.support.payments_ground import PUBLIC, TOTAL, Ground, callback_body
from tests.support.rail_speech import RAILS
from tests.support.refunds_ground import CASHIER, CHIEF, OFFICER, WHY, decide, hand_over, standing, steer


@pytest.fixture(scope="module")
def rail_ground(database_url: Callable[..., str], peers: Peers, door: CallbackDoor) -> Iterator[Ground]:
    made = Ground(database_url("payments"), peers.url, door.url, datetime.now(UTC))
    made.publish()
    made.at_counter(CASHIER)
    door.ground = made
    yield made
    made.close()


@pytest.fixture
def ground(rail_ground: Ground, peers: Peers, door: CallbackDoor) -> Iterator[Ground]:
    peers.control(rail={"refunds": "normal"})
    door.fresh(peers)
    yield rail_ground
    assert rail_ground.faults() == []


def wrongly_paid(ground: Ground, peers: Peers, door: CallbackDoor, rail: str) -> tuple[dict[str, Any], Any]:
    """A bill for which the rail reported a pound less, and the review that it waits in."""
    bill = ground.billed()
    ground.attempt(lambda work: paying.start(work, {"bill_id": bill["bill_id"], "rail": rail}), PUBLIC)
    errands.run(ground)
    heard = len(door.answers)
    peers.pay(ground.bill(bill["bill_id"])["reference"], "wrong_amount")
    while not ground.rows("SELECT 1 FROM review WHERE bill_id = :b", b=bill["bill_id"]):
        heard = len(door.wait_for(heard + 1))  # what the rail says late of something else comes to the same door
    return bill, review(ground, bill)


def review(ground: Ground, bill: dict[str, Any]) -> Any:
    [found] = ground.rows("SELECT * FROM review WHERE bill_id = :b AND settled_at IS NULL", b=bill["bill_id"])
    return found


def settle(ground: Ground, which: Any, decision: str = "return") -> dict[str, Any]:
    body = {"review_id": which.id, "decision": decision, "reason": WHY}
    settled: dict[str, Any] = ground.attempt(lambda work: reviews.settle_one(work, body), OFFICER)
    return settled


@pytest.mark.parametrize("rail", RAILS)
def test_a_wrong_amount_goes_back_through_its_rail_and_the_request_is_billed_anew(
        ground: Ground, peers: Peers, door: CallbackDoor, rail: str) -> None:
    bill, found = wrongly_paid(ground, peers, door, rail)
    before = ground.balances()
    asked = settle(ground, found)["refund_id"]
    with pytest.raises(Refusal, match="refund_own"):
        decide(ground, asked, actor=OFFICER)
    assert ground.balances() == before, "nothing moves before a second person agreed"
    approved = decide(ground, asked)
    assert (approved["of"], approved["way"], approved["amount"]) == ("held", "rail", TOTAL - 100)
    refund_errands.run(ground)
    [done] = standing(ground, bill)["refunds"]
    assert done["state"] == "done"
    [charge] = [one for one in peers.charges() if one["reference"] == bill_payment(ground, bill).reference]
    assert [one["amount"] for one in charge["refunds"]] == ["119.50"]
    assert before[f"rail:{rail}"] - ground.balances()[f"rail:{rail}"] == TOTAL - 100
    assert ground.balances()[f"held:{rail}"] == 0
    old, new = ground.bills(bill["request_id"])
    assert (old["state"], new["state"], new["total"]) == ("cancelled", "created", TOTAL)
    assert bill_payment(ground, bill).state == "returned"
    refund_errands.run(ground)
    assert [one["amount"] for one in charge["refunds"]] == ["119.50"], "once"


def bill_payment(ground: Ground, bill: dict[str, Any]) -> Any:
    [payment] = ground.rows("SELECT * FROM payment WHERE bill_id = :b", b=bill["bill_id"])
    return payment


def test_what_the_rail_refuses_to_give_back_goes_by_hand(ground: Ground, peers: Peers, door: CallbackDoor) -> None:
    peers.control(rail={"refunds": "refuse"})
    bill, found = wrongly_paid(ground, peers, door, "fawry")
    asked = settle(ground, found)["refund_id"]
    decide(ground, asked)
    refund_errands.run(ground)
    assert standing(ground, bill)["refunds"][0]["state"] == "refused"
    steer(ground, asked, "rerouted", way="portal")
    with pytest.raises(Refusal, match="refund_paid_by_approver"):
        hand_over(ground, asked, CHIEF, "RF-1")
    with pytest.raises(Refusal, match="field_required"):
        hand_over(ground, asked, OFFICER)
    assert hand_over(ground, asked, OFFICER, "RF-1")["state"] == "done"
    assert [one["state"] for one in ground.bills(bill["request_id"])] == ["cancelled", "created"]


def test_on_its_way_back_it_pays_nothing_and_after_a_rejection_it_may(
        ground: Ground, peers: Peers, door: CallbackDoor) -> None:
    bill = ground.billed()
    ground.attempt(lambda work: paying.start(work, {"bill_id": bill["bill_id"], "rail": "fawry"}), PUBLIC)
    ours = bill_payment(ground, bill).merchant_reference
    ground.callback(callback_body(ours, reference="9600000001", paid="130.00"))
    found = review(ground, bill)
    asked = settle(ground, found)["refund_id"]
    for decision in ("accept", "return"):
        with pytest.raises(Refusal, match="refund_open"):
            settle(ground, found, decision)
    [listed] = [one for one in reviews.listed(ground.unit_of_work(OFFICER))["reviews"]
                if one["review_id"] == found.id]
    assert listed["refund_id"] == asked
    decide(ground, asked, approve=False)
    assert review(ground, bill).refund_id is None
    settle(ground, found, "accept")
    assert ground.bill(bill["bill_id"])["state"] == "paid"
    rest = settle(ground, review(ground, bill))["refund_id"]
    decide(ground, rest, way="bank")
    hand_over(ground, rest, reference="TR-1")
    assert ground.bill(bill["bill_id"])["state"] == "paid" and bill_payment(ground, bill).state == "paid"


def test_accepting_and_returning_at_once_leave_one_of_them(ground: Ground) -> None:
    for number in range(8):
        bill = ground.billed()
        ground.attempt(lambda work, bill=bill: paying.start(work, {"bill_id": bill["bill_id"], "rail": "fawry"}),
                       PUBLIC)
        ours = bill_payment(ground, bill).merchant_reference
        ground.callback(callback_body(ours, reference=f"96100000{number:02d}", paid="130.00"))
        found, refused = review(ground, bill), []

        def act(decision: str, found: Any = found, refused: list[str] = refused) -> None:
            try:
                settle(ground, found, decision)
            except Refusal as refusal:
                refused.append(refusal.code)

        threads = [threading.Thread(target=act, args=(decision,)) for decision in ("accept", "return")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert refused in (["refund_open"], ["review_unknown"])
        assert ground.faults() == []


def test_money_of_no_bill_goes_back_on_the_rails_own_pages_and_never_out_of_a_drawer(ground: Ground) -> None:
    ground.callback(callback_body("of-nobody", reference="9620000001", paid="5.00"))
    [found] = ground.rows("SELECT * FROM review WHERE reference = '9620000001'")
    asked = settle(ground, found)["refund_id"]
    for way in ("cash", "rail", "terminal"):
        with pytest.raises(Refusal, match="refund_way_impossible"):
            decide(ground, asked, way=way)
    assert decide(ground, asked)["way"] == "portal"
    assert hand_over(ground, asked, OFFICER, "RF-2")["bill_id"] is None
    assert ground.rows("SELECT decision, settled_by FROM review WHERE id = :r", r=found.id) == [
        ("returned", CHIEF.id)]
    assert ground.rows("SELECT 1 FROM event_log WHERE subject = :s", s=asked) == []
