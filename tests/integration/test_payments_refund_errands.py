"""Refund orders at the rails: against the sandbox, and against a rail that dies, stammers or keeps silent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chassis import restoring
from infra.peers.client import Peers
from services.payments import errands, paying, refund_errands
from services.payments.rails import base
from services.payments.recovered import SERIALS
from tests.support.callback_door import CallbackDoor
from tests.support.payments_ground import PUBLIC, TOTAL, Ground
from tests.support.rail_speech import RAILS
from tests.support.rail_stage import Killed, stage
from tests.support.refunds_ground import OTHER_CASHIER, ask, decide, hand_over, pay_at_rail, pay_cash, standing, steer

__all__ = ["stage"]  # a fixture


@pytest.fixture(scope="module")
def module_ground(database_url: Callable[..., str], peers: Peers, door: CallbackDoor) -> Iterator[Ground]:
    made = Ground(database_url("payments"), peers.url, door.url, datetime.now(UTC))
    made.publish()
    made.at_counter(OTHER_CASHIER, opening=100 * TOTAL)
    door.ground = made
    yield made
    made.close()


@pytest.fixture
def ground(module_ground: Ground, peers: Peers, door: CallbackDoor) -> Iterator[Ground]:
    peers.control(rail={"refunds": "normal"})
    door.fresh(peers)
    noon = module_ground.now
    yield module_ground
    module_ground.now = noon
    assert module_ground.faults() == []


@pytest.fixture(params=RAILS)
def rail(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def paid(ground: Ground, peers: Peers, door: CallbackDoor, rail: str, cash_first: bool = False) -> dict[str, Any]:
    """A bill paid at the rail; with `cash_first`, for the second time."""
    bill = ground.billed()
    ground.attempt(lambda work: paying.start(work, {"bill_id": bill["bill_id"], "rail": rail}), PUBLIC)
    errands.run(ground)
    if cash_first:
        pay_cash(ground, bill)
    peers.pay(ground.bill(bill["bill_id"])["payments"][0]["reference"])
    heard = 0
    while True:  # what another test's rail says late comes to the same door
        heard = len(door.wait_for(heard + 1))
        if (found := ground.bill(bill["bill_id"]))["payments"][0]["state"] not in ("created", "pending"):
            return found


def approved(ground: Ground, bill: dict[str, Any], **more: Any) -> Any:
    asked = ask(ground, bill, **more)
    assert asked["way"] == "rail"
    decide(ground, asked["refund_id"])
    return asked["refund_id"]


def of(ground: Ground, bill: dict[str, Any]) -> dict[str, Any]:
    """The bill's newest refund."""
    newest: dict[str, Any] = standing(ground, bill)["refunds"][-1]
    return newest


def at_rail(peers: Peers, bill: dict[str, Any]) -> list[str]:
    """What the rail gave back of the bill's payment."""
    ours = [one for one in peers.charges() if one["reference"] == bill["payments"][0]["reference"]]
    return [one["amount"] for one in ours[0]["refunds"]]


def test_an_approved_refund_goes_through_the_rail_and_its_callback_is_the_confirmation(
        ground: Ground, peers: Peers, door: CallbackDoor, rail: str) -> None:
    bill = paid(ground, peers, door, rail)
    approved(ground, bill)
    refund_errands.run(ground)
    door.wait_for(2)
    assert (of(ground, bill)["state"], ground.bill(bill["bill_id"])["state"]) == ("done", "refunded")
    assert at_rail(peers, bill) == ["120.50"]
    assert ground.rows("SELECT reason FROM review WHERE bill_id = :b", b=bill["bill_id"]) == []
    refund_errands.run(ground)
    assert at_rail(peers, bill) == ["120.50"]


def test_what_was_paid_twice_goes_back_through_the_rail(
        ground: Ground, peers: Peers, door: CallbackDoor, rail: str) -> None:
    bill = paid(ground, peers, door, rail, cash_first=True)
    decide(ground, of(ground, bill)["refund_id"])
    refund_errands.run(ground)
    assert of(ground, bill)["state"] == "done" and at_rail(peers, bill) == ["120.50"]
    assert ground.bill(bill["bill_id"])["state"] == "paid"
    assert standing(ground, bill)["credits"][0]["left"] == 0


def test_in_two_parts(ground: Ground, peers: Peers, door: CallbackDoor, rail: str) -> None:
    bill = paid(ground, peers, door, rail)
    approved(ground, bill, lines=[{"code": "stamp", "amount": 2_050}])
    refund_errands.run(ground)
    door.wait_for(2)
    assert ground.bill(bill["bill_id"])["state"] == "partly_refunded"
    approved(ground, bill)
    refund_errands.run(ground)
    assert ground.bill(bill["bill_id"])["state"] == "refunded" and at_rail(peers, bill) == ["20.50", "100.00"]


def test_an_answer_that_was_lost_gives_the_money_back_once(
        ground: Ground, peers: Peers, door: CallbackDoor, rail: str) -> None:
    bill = paid(ground, peers, door, rail)
    peers.control(rail={"refunds": "lost"})
    approved(ground, bill)
    refund_errands.run(ground)
    peers.control(rail={"refunds": "normal"})
    door.wait_for(2)  # its callback comes all the same
    ground.wait(seconds=6)
    refund_errands.run(ground)
    assert of(ground, bill)["state"] == "done" and at_rail(peers, bill) == ["120.50"]


def test_what_the_rail_refuses_is_a_persons_and_goes_another_way(
        ground: Ground, peers: Peers, door: CallbackDoor, rail: str) -> None:
    bill = paid(ground, peers, door, rail)
    peers.control(rail={"refunds": "refuse"})
    refund_id = approved(ground, bill)
    refund_errands.run(ground)
    assert of(ground, bill)["state"] == "refused" and of(ground, bill)["error"]
    steer(ground, refund_id, "rerouted", way="cash")
    hand_over(ground, refund_id)
    assert ground.bill(bill["bill_id"])["state"] == "refunded" and at_rail(peers, bill) == []


# -- a rail of the test's own ----------------------------------------------------------------------------------------


def fawry_paid(ground: Ground) -> dict[str, Any]:
    bill = ground.billed()
    pay_at_rail(ground, bill)
    return ground.bill(bill["bill_id"])


def test_killed_while_the_rail_was_called_the_order_is_repeated_as_such(ground: Ground, stage: Any) -> None:
    bill = fawry_paid(ground)
    play = stage(Killed(), base.DONE)
    approved(ground, bill)
    seen = refund_errands.refund_records.refund(ground.unit_of_work(), of(ground, bill)["refund_id"])
    with pytest.raises(Killed):
        refund_errands._send(ground, seen)  # type: ignore[arg-type]
    assert of(ground, bill)["state"] == "sent"
    refund_errands.run(ground)
    assert len(play.orders) == 1, "somebody may still be at it"
    ground.wait(seconds=61)
    refund_errands.run(ground)
    assert [(order.repeated, order.refunded_before) for order in play.orders] == [(False, 0), (True, 0)]
    assert len({order.refund_reference for order in play.orders}) == 1
    assert of(ground, bill)["state"] == "done"


def test_what_was_approved_before_a_restore_is_asked_about_and_a_person_sends_it(ground: Ground, stage: Any) -> None:
    """The lost node may have been refused by the rail, and have paid in cash."""
    bill = fawry_paid(ground)

    def unknown_to_the_rail(order: base.RefundOrder) -> Any:
        order.check_sending()
        return base.DONE

    play = stage(unknown_to_the_rail, unknown_to_the_rail)
    refund_id = approved(ground, bill)
    ground.wait(minutes=10)
    restored = Ground(ground.settings.database_url, now=ground.now, SHUBBAK_EPOCH="2")
    restoring.begin(restored.database, restored.settings, tuple(SERIALS.values()), restored.now)
    refund_errands.run(restored)  # type: ignore[arg-type]
    assert of(restored, bill)["state"] == "uncertain"
    restored.wait(minutes=6)
    steer(restored, refund_id, "sent_again")
    refund_errands.run(restored)  # type: ignore[arg-type]
    assert of(restored, bill)["state"] == "done"
    assert [(one.repeated, one.only_looked_up) for one in play.orders] == [(True, True), (True, False)]
    restored.close()


def test_an_unreachable_rail_is_tried_again_ever_later(ground: Ground, stage: Any) -> None:
    bill = fawry_paid(ground)
    play = stage(*[base.RailUnreachable("down")] * 4, base.DONE)
    approved(ground, bill)
    waits = []
    for _ in range(4):
        refund_errands.run(ground)
        [row] = ground.rows("SELECT next_at FROM refund WHERE bill_id = :b", b=bill["bill_id"])
        waits.append(int((row.next_at - ground.now).total_seconds()))
        ground.now = row.next_at
    assert waits == [5, 15, 60, 300]
    refund_errands.run(ground)
    assert of(ground, bill)["state"] == "done" and [order.repeated for order in play.orders] == [False] + [True] * 4


def test_in_doubt_nothing_is_sent_again_until_a_person_says_so(ground: Ground, stage: Any) -> None:
    bill = fawry_paid(ground)
    play = stage(base.RailUnreachable("cut"), base.RefundUncertain("the sums fit neither"))
    refund_id = approved(ground, bill)
    refund_errands.run(ground)
    ground.wait(seconds=6)
    refund_errands.run(ground)
    assert of(ground, bill)["state"] == "uncertain"
    ground.wait(days=30)
    refund_errands.run(ground)
    assert len(play.orders) == 2
    steer(ground, refund_id, "confirmed", reference="statement of 3 March, line 12")
    assert (of(ground, bill)["state"], ground.bill(bill["bill_id"])["state"]) == ("done", "refunded")


def test_an_order_under_way_is_asked_after_and_never_sent_twice(ground: Ground, stage: Any) -> None:
    bill = fawry_paid(ground)
    play = stage(base.UNDER_WAY)
    approved(ground, bill)
    refund_errands.run(ground)
    ours = play.orders[0].merchant_reference
    play.said = base.Report(ours, base.PAID, amount=TOTAL)
    ground.wait(seconds=61)
    refund_errands.run(ground)
    assert of(ground, bill)["state"] == "under_way"
    play.said = base.Report(ours, base.REFUNDED, refunded=TOTAL)
    ground.wait(seconds=301)
    refund_errands.run(ground)
    assert of(ground, bill)["state"] == "done" and len(play.orders) == 1


def test_an_order_under_way_for_too_long_is_a_persons(ground: Ground, stage: Any) -> None:
    bill = fawry_paid(ground)
    play = stage(base.UNDER_WAY)
    approved(ground, bill)
    refund_errands.run(ground)
    play.said = base.Report(play.orders[0].merchant_reference, base.PAID, amount=TOTAL)
    ground.now += timedelta(days=15)
    refund_errands.run(ground)
    assert of(ground, bill)["state"] == "uncertain"
