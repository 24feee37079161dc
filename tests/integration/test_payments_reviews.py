"""Money that does not fit, settled by a person."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest

from chassis.actors import Actor
from rules.refusal import Refusal
from services.payments import cash, paying, reviews
from tests.support.counter_ground import *  # noqa: F403  (fixtures)
from tests.support.payments_ground import CASHIER, PUBLIC, TOTAL, Ground, callback_body
from tests.support.refunds_ground import CHIEF, OFFICER, decide, hand_over

OPERATOR = Actor(id="operator:nadia", kind="operator", roles=())
REASON = "checked against the rail's statement"


def paid_with(
    ground: Ground, amount: str, *, cash_first: bool = False, withdrawn_first: bool = False
) -> dict[str, Any]:
    """A bill for which the rail reported this amount."""
    bill = ground.billed()
    ground.attempt(lambda work: paying.start(work, {"bill_id": bill["bill_id"], "rail": "fawry"}), PUBLIC)
    if cash_first:
        ground.attempt(lambda work: cash.take(work, {"bill_id": bill["bill_id"], "tendered": TOTAL}), CASHIER)
    if withdrawn_first:
        ground.follow(ground.request_event(bill["request_id"], 2, "end", None, outcome="withdrawn"))
    [payment] = ground.rows("SELECT merchant_reference FROM payment WHERE bill_id = :b", b=bill["bill_id"])
    ground.callback(callback_body(payment.merchant_reference, reference=payment.merchant_reference[-10:], paid=amount))
    return ground.bill(bill["bill_id"])


def review(ground: Ground, bill: dict[str, Any]) -> Any:
    [found] = [row for row in reviews.waiting(ground.unit_of_work()) if row.bill_id == bill["bill_id"]]
    return found


def accept(ground: Ground, which: Any, reason: str = REASON) -> str:
    return str(ground.attempt(lambda work: reviews.accept(work, which.id, reason), OPERATOR))


def ask_back(ground: Ground, which: Any, reason: str = REASON) -> Any:
    """The refund by which held money is to go back; None where there was none."""
    return ground.attempt(lambda work: reviews.give_back(work, which.id, reason), OPERATOR)


def give_back(ground: Ground, which: Any) -> None:
    """It goes back on the rail's own pages, as one person asks, another approves and a third has done."""
    refund_id = ask_back(ground, which)
    decide(ground, refund_id, way="portal")
    hand_over(ground, refund_id, OFFICER, "RF-77")


def test_more_than_the_bill_is_accepted_and_the_rest_stays_held(ground: Ground) -> None:
    bill = paid_with(ground, "130.00")
    held = ground.balances()["held:fawry"]
    number = accept(ground, review(ground, bill))
    settled = ground.bill(bill["bill_id"])
    assert (settled["state"], settled["receipt_number"]) == ("paid", number)
    assert ground.balances()["held:fawry"] == held + TOTAL
    rest = review(ground, bill)
    assert (rest.reason, rest.amount) == ("remainder", 13_000 - TOTAL)
    give_back(ground, rest)
    assert ground.bill(bill["bill_id"])["state"] == "paid"
    [row] = ground.rows("SELECT settled_by, decision FROM review WHERE id = :r", r=rest.id)
    assert row == (CHIEF.id, "returned")


def test_less_than_the_bill_does_not_pay_it(ground: Ground) -> None:
    bill = paid_with(ground, "100.00")
    with pytest.raises(Refusal, match="amount_insufficient"):
        accept(ground, review(ground, bill))
    assert ground.bill(bill["bill_id"])["state"] == "under_review"


def test_money_sent_back_bills_a_waiting_request_anew(ground: Ground) -> None:
    bill = paid_with(ground, "100.00")
    give_back(ground, review(ground, bill))
    old, new = ground.bills(bill["request_id"])
    assert (old["state"], new["state"]) == ("cancelled", "created")
    assert (new["total"], new["receipt_number"], new["reference"]) == (TOTAL, None, None)
    assert [event.type for event in ground.events(new["bill_id"])] == ["payments.bill.issued.v1"]
    assert ground.attempt(lambda work: cash.take(work, {"bill_id": new["bill_id"], "tendered": TOTAL}),
                          CASHIER)["state"] == "paid"


def test_money_sent_back_after_a_withdrawal_bills_nothing(ground: Ground) -> None:
    bill = paid_with(ground, "120.50", withdrawn_first=True)
    give_back(ground, review(ground, bill))
    assert [one["state"] for one in ground.bills(bill["request_id"])] == ["cancelled"]


def test_another_amount_for_a_paid_bill_goes_back_and_leaves_the_bill_paid(ground: Ground) -> None:
    bill = paid_with(ground, "130.00", cash_first=True)
    with pytest.raises(Refusal, match="bill_not_payable"):
        accept(ground, review(ground, bill))
    give_back(ground, review(ground, bill))
    assert ground.bill(bill["bill_id"])["state"] == "paid"


def test_money_of_nobody_goes_back(ground: Ground) -> None:
    ground.callback(callback_body("of-nobody", reference="9777777777", paid="5.00"))
    [found] = [row for row in reviews.waiting(ground.unit_of_work()) if row.reference == "9777777777"]
    with pytest.raises(Refusal, match="bill_unknown"):
        accept(ground, found)
    give_back(ground, found)
    with pytest.raises(Refusal, match="review_unknown"):
        ask_back(ground, found)


def test_a_decision_needs_a_reason(ground: Ground) -> None:
    bill = paid_with(ground, "130.00")
    with pytest.raises(Refusal, match="review_reason_required"):
        accept(ground, review(ground, bill), "ok")
    assert ground.bill(bill["bill_id"])["state"] == "under_review"


def test_the_operators_commands(ground: Ground) -> None:
    bill = paid_with(ground, "130.00")
    found = review(ground, bill)

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        environment = os.environ | dict(ground.settings.environ)
        return subprocess.run([sys.executable, "-m", "services.payments", *words], env=environment, text=True,
                              capture_output=True)

    listed = run("reviews", "list")
    assert str(found.id) in listed.stdout and "130.00" in listed.stdout, listed.stderr
    refused = run("reviews", "accept", str(found.id), "--reason", "ok")
    assert refused.returncode == 1 and "ten letters" in refused.stderr
    accepted = run("reviews", "accept", str(found.id), "--reason", REASON)
    assert accepted.stdout.strip() == ground.bill(bill["bill_id"])["receipt_number"], accepted.stderr
    [row] = ground.rows("SELECT actor_kind, details FROM audit WHERE action = 'review.accepted' AND subject = :r",
                        r=str(found.id))
    assert (row.actor_kind, row.details["reason"]) == ("operator", REASON)
    assert run("check").stdout == "the books are right\n"
    assert "held:fawry" in run("balances").stdout
