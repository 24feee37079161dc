"""Money that goes back: of a bill, in whole and in parts, and of a bill that was paid twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from chassis.actors import Actor
from contracts.payments_refunds import RefundState
from rules.refusal import Refusal
from services.payments import disputes
from tests.support.payments_ground import NOON, TOTAL, Ground
from tests.support.refunds_ground import (
    CASHIER,
    CHIEF,
    OFFICER,
    OTHER_CASHIER,
    STRANGER,
    UNIT,
    WHY,
    ask,
    decide,
    hand_over,
    paid_twice,
    pay_at_rail,
    pay_cash,
    reported,
    standing,
    steer,
)


@pytest.fixture(scope="module")
def one_ground(database_url: Callable[..., str]) -> Iterator[Ground]:
    made = Ground(database_url("payments"))
    made.publish()
    made.at_counter(CASHIER)
    made.at_counter(OTHER_CASHIER, opening=100 * TOTAL)
    yield made
    made.close()


@pytest.fixture
def ground(one_ground: Ground) -> Iterator[Ground]:
    one_ground.now = NOON
    yield one_ground
    assert one_ground.faults() == []


def state(ground: Ground, bill: dict[str, Any]) -> tuple[str, int]:
    now = ground.bill(bill["bill_id"])
    return now["state"], now["refunded"]


def test_a_bill_paid_in_cash_goes_back_in_cash_with_two_signatures(ground: Ground) -> None:
    bill = pay_cash(ground, ground.billed())
    before = ground.balances()
    asked = ask(ground, bill)
    assert (asked["state"], asked["way"], asked["amount"]) == ("requested", "cash", TOTAL)
    assert state(ground, bill) == ("refund_requested", 0)
    decide(ground, asked["refund_id"])
    assert ground.balances() == before, "nothing moves before the money does"
    done = hand_over(ground, asked["refund_id"])
    assert (done["state"], state(ground, bill)) == ("done", ("refunded", TOTAL))
    after = ground.balances()
    assert before[f"cash:{UNIT}"] - after[f"cash:{UNIT}"] == TOTAL
    assert after["revenue:1101"] - before["revenue:1101"] == 10_000
    assert [event.data["state"] for event in ground.events(asked["refund_id"])] == ["requested", "approved", "done"]
    assert not RefundState().validate(ground.events(asked["refund_id"])[-1].data)
    assert [event.type.split(".")[2] for event in ground.events(bill["bill_id"])] == ["issued", "paid", "changed",
                                                                                      "changed"]


def test_parts_of_lines_go_back_until_nothing_is_left(ground: Ground) -> None:
    bill = pay_cash(ground, ground.billed())
    for lines, after in (([{"code": "stamp", "amount": 2_000}], ("partly_refunded", 2_000)),
                         ([{"code": "stamp", "amount": 50}, {"code": "inspection", "amount": 1}],
                          ("partly_refunded", 2_051)), (None, ("refunded", TOTAL))):
        asked = ask(ground, bill, lines=lines)
        decide(ground, asked["refund_id"])
        hand_over(ground, asked["refund_id"])
        assert state(ground, bill) == after
    with pytest.raises(Refusal, match="bill_not_refundable"):
        ask(ground, bill)


def test_more_than_the_rest_is_refused_and_named(ground: Ground) -> None:
    bill = pay_cash(ground, ground.billed())
    with pytest.raises(Refusal) as refused:
        ask(ground, bill, lines=[{"code": "stamp", "amount": 2_051}, {"code": "gift", "amount": 1}])
    assert [(fault.code, fault.field) for fault in refused.value.faults] == [
        ("refund_above_rest", "lines/0/amount"), ("refund_line_unknown", "lines/1/code")]
    assert state(ground, bill) == ("paid", 0)


def test_a_rejected_refund_leaves_the_bill_as_it_was(ground: Ground) -> None:
    bill = pay_cash(ground, ground.billed())
    decide(ground, ask(ground, bill)["refund_id"], approve=False)
    assert state(ground, bill) == ("paid", 0)
    first = ask(ground, bill, lines=[{"code": "stamp", "amount": 1}])
    decide(ground, first["refund_id"])
    hand_over(ground, first["refund_id"])
    decide(ground, ask(ground, bill)["refund_id"], approve=False)
    assert state(ground, bill) == ("partly_refunded", 1)
    assert [event.type for event in ground.events(bill["bill_id"])].count("payments.bill.paid.v1") == 1


def test_a_rejection_names_no_way(ground: Ground) -> None:
    bill = pay_cash(ground, ground.billed())
    rejected = decide(ground, ask(ground, bill)["refund_id"], approve=False, way="rail")
    assert (rejected["state"], rejected["way"]) == ("rejected", "cash")


def test_nobody_approves_the_own_wish_or_the_own_collection_and_nobody_pays_what_he_approved(ground: Ground) -> None:
    bill = pay_cash(ground, ground.billed())
    asked = ask(ground, bill)
    with pytest.raises(Refusal, match="refund_own"):
        decide(ground, asked["refund_id"], actor=OFFICER)
    collector = CHIEF.__class__(id=CASHIER.id, kind="staff", roles=("finance_officer",), unit=UNIT)
    with pytest.raises(Refusal, match="refund_own"):
        decide(ground, asked["refund_id"], actor=collector)
    for actor in (STRANGER, OTHER_CASHIER):
        with pytest.raises(Refusal, match="forbidden"):
            decide(ground, asked["refund_id"], actor=actor)
    decide(ground, asked["refund_id"])
    with pytest.raises(Refusal, match="refund_paid_by_approver"):
        hand_over(ground, asked["refund_id"], actor=CHIEF)
    hand_over(ground, asked["refund_id"])
    with pytest.raises(Refusal, match="refund_not_possible"):
        hand_over(ground, asked["refund_id"])


def test_two_refunds_of_one_sum_do_not_run_at_once(ground: Ground) -> None:
    bill = pay_cash(ground, ground.billed())
    ask(ground, bill, lines=[{"code": "stamp", "amount": 1}])
    with pytest.raises(Refusal, match="refund_open"):
        ask(ground, bill, lines=[{"code": "stamp", "amount": 1}])


def test_an_unpaid_bill_and_a_short_reason_are_refused(ground: Ground) -> None:
    bill = ground.billed()
    with pytest.raises(Refusal, match="bill_not_refundable"):
        ask(ground, bill)
    paid = pay_cash(ground, bill)
    with pytest.raises(Refusal, match="explanation_too_short"):
        ask(ground, paid, reason="  because   ")
    with pytest.raises(Refusal, match="refund_of_one"):
        ask(ground, paid, bill_id=None)
    with pytest.raises(Refusal, match="forbidden"):
        ask(ground, paid, actor=STRANGER)


def test_by_bank_the_orders_number_is_kept(ground: Ground) -> None:
    bill = pay_cash(ground, ground.billed())
    asked = ask(ground, bill)
    with pytest.raises(Refusal, match="refund_way_impossible"):
        decide(ground, asked["refund_id"], way="rail")
    decide(ground, asked["refund_id"], way="bank")
    with pytest.raises(Refusal, match="field_required"):
        hand_over(ground, asked["refund_id"])
    hand_over(ground, asked["refund_id"], actor=OFFICER, reference="ORDER 117/2026")
    [refund] = standing(ground, bill)["refunds"]
    assert (refund["state"], refund["reference"], refund["open"]) == ("done", "ORDER 117/2026", False)
    assert ground.balances()[f"bank:{UNIT}"] == -TOTAL


# -- paid twice ------------------------------------------------------------------------------------------------------

def test_a_bill_paid_twice_is_a_credit_whose_refund_is_asked_for_by_itself(ground: Ground) -> None:
    before = ground.balances().get(f"credit:{UNIT}", 0)
    bill = paid_twice(ground)
    assert state(ground, bill) == ("paid", 0)
    seen = standing(ground, bill)
    [held], [asked] = seen["credits"], seen["refunds"]
    assert (held["amount"], held["left"]) == (TOTAL, TOTAL)
    assert (asked["of"], asked["state"], asked["way"], asked["amount"]) == ("credit", "requested", "rail", TOTAL)
    assert ground.balances()[f"credit:{UNIT}"] == before - TOTAL
    assert ground.rows("SELECT 1 FROM review WHERE bill_id = :b", b=bill["bill_id"]) == []
    reported(ground, bill)
    assert len(standing(ground, bill)["credits"]) == 1, "the same report again"


def test_the_credit_goes_back_in_cash_when_the_approver_says_so(ground: Ground) -> None:
    before = ground.balances().get(f"credit:{UNIT}", 0)
    bill = paid_twice(ground)
    [asked] = standing(ground, bill)["refunds"]
    decide(ground, asked["refund_id"], way="cash")
    hand_over(ground, asked["refund_id"])
    assert ground.balances().get(f"credit:{UNIT}", 0) == before
    assert state(ground, bill) == ("paid", 0) and standing(ground, bill)["credits"][0]["left"] == 0
    with pytest.raises(Refusal, match="refund_nothing_left"):
        ask(ground, bill, bill_id=None, credit_id=standing(ground, bill)["credits"][0]["credit_id"])


def test_a_rejected_refund_of_a_credit_leaves_the_money_the_citizens(ground: Ground) -> None:
    bill = paid_twice(ground)
    seen = standing(ground, bill)
    decide(ground, seen["refunds"][0]["refund_id"], approve=False)
    again = ask(ground, bill, bill_id=None, credit_id=seen["credits"][0]["credit_id"])
    assert (again["state"], again["amount"]) == ("requested", TOTAL)


def test_the_bill_and_its_credit_are_given_back_apart(ground: Ground) -> None:
    bill = paid_twice(ground)
    decide(ground, standing(ground, bill)["refunds"][0]["refund_id"], way="cash")
    asked = ask(ground, bill)
    decide(ground, asked["refund_id"])
    for refund in standing(ground, bill)["refunds"]:
        hand_over(ground, refund["refund_id"])
    assert state(ground, bill) == ("refunded", TOTAL)


# -- what only a person can tell -------------------------------------------------------------------------------------

def test_a_rail_that_gave_money_back_unasked_is_laid_before_a_person(ground: Ground) -> None:
    bill = ground.billed()
    pay_at_rail(ground, bill)
    reported(ground, bill, "REFUNDED")
    [review] = ground.rows("SELECT reason FROM review WHERE bill_id = :b", b=bill["bill_id"])
    assert review.reason == "refund_reported"
    asked = ask(ground, bill)
    decide(ground, asked["refund_id"])
    with pytest.raises(Refusal, match="refund_not_possible"):
        steer(ground, asked["refund_id"], "confirmed", reference="R1")


# -- disputes --------------------------------------------------------------------------------------------------------

def dispute(ground: Ground, bill: dict[str, Any]) -> dict[str, Any]:
    body = {"bill_id": bill["bill_id"], "reference": "CB-1", "reason": WHY}
    opened: dict[str, Any] = ground.attempt(lambda work: disputes.open_one(work, body), OFFICER)
    return opened


def close(ground: Ground, bill: dict[str, Any], won: bool, actor: Actor = CHIEF) -> dict[str, Any]:
    body = {"bill_id": bill["bill_id"], "won": won, "reason": WHY}
    closed: dict[str, Any] = ground.attempt(lambda work: disputes.close(work, body), actor)
    return closed


def test_a_dispute_that_is_won_changes_no_money(ground: Ground) -> None:
    bill = ground.billed()
    pay_at_rail(ground, bill)
    before = ground.balances()
    assert dispute(ground, bill)["amount"] == TOTAL
    with pytest.raises(Refusal, match="bill_not_refundable"):
        ask(ground, bill)
    with pytest.raises(Refusal, match="bill_not_refundable"):
        dispute(ground, bill)
    with pytest.raises(Refusal, match="dispute_own"):
        close(ground, bill, won=False, actor=OFFICER)
    close(ground, bill, won=True)
    assert state(ground, bill) == ("paid", 0) and ground.balances() == before


def test_a_dispute_that_is_lost_takes_back_what_was_left(ground: Ground) -> None:
    bill = ground.billed()
    pay_at_rail(ground, bill)
    asked = ask(ground, bill, lines=[{"code": "stamp", "amount": 50}])
    decide(ground, asked["refund_id"], way="cash")
    hand_over(ground, asked["refund_id"])
    before = ground.balances()
    dispute(ground, bill)
    assert close(ground, bill, won=False)["amount"] == TOTAL - 50
    assert state(ground, bill) == ("refunded", TOTAL)
    assert before["rail:fawry"] - ground.balances()["rail:fawry"] == TOTAL - 50
    with pytest.raises(Refusal, match="bill_not_refundable"):
        close(ground, bill, won=False)


def test_cash_is_disputed_at_no_bank(ground: Ground) -> None:
    with pytest.raises(Refusal, match="dispute_without_rail"):
        dispute(ground, pay_cash(ground, ground.billed()))
