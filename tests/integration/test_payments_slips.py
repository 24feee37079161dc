"""Card payments at a terminal of the counter, typed in from the slip by the cashier."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from rules.refusal import Refusal
from services.payments import cash, paying, slips
from tests.support.counter_ground import *  # noqa: F403  (fixtures)
from tests.support.payments_ground import CASHIER, PUBLIC, TOTAL, Ground

APPROVALS = count(100_000)


def slip(bill: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {"bill_id": bill["bill_id"], "terminal_id": "10000001", "batch": "12",
            "approval_code": str(next(APPROVALS)), "last4": "2346", "amount": TOTAL, "taken_at": None, **changes}


def enter(ground: Ground, body: dict[str, Any]) -> dict[str, Any]:
    return dict(ground.attempt(lambda work: slips.take(work, body), CASHIER))


def test_a_slip_pays_the_bill_and_names_the_cashier(ground: Ground) -> None:
    bill, before = ground.billed(), ground.balances()
    entered = slip(bill, taken_at=ground.now - timedelta(minutes=5))
    answer = enter(ground, entered)
    paid = ground.bill(bill["bill_id"])
    assert (answer["state"], paid["state"], paid["rail"]) == ("paid", "paid", "pos")
    assert answer["reference"] == paid["reference"] == f"10000001-12-{entered['approval_code']}-2346"
    assert paid["paid_at"] == ground.now - timedelta(minutes=5)
    assert ground.events(bill["bill_id"])[-1].data["collected_by"] == CASHIER.id
    assert ground.balances()["rail:pos"] - before.get("rail:pos", 0) == TOTAL
    assert ground.rows("SELECT way FROM receipt WHERE bill_id = :b", b=bill["bill_id"]) == [("pos",)]


def test_a_receipt_for_a_slip_takes_the_next_number_of_the_counters_book(ground: Ground) -> None:
    """One book for all that a counter acknowledges, whatever it was paid with."""
    first, second, third = (ground.billed() for _ in range(3))
    ground.attempt(lambda work: cash.take(work, {"bill_id": first["bill_id"], "tendered": TOTAL}), CASHIER)
    enter(ground, slip(second))
    ground.attempt(lambda work: cash.take(work, {"bill_id": third["bill_id"], "tendered": TOTAL}), CASHIER)
    given = [ground.rows("SELECT book, book_serial AS serial, taken_by FROM receipt WHERE bill_id = :b",
                         b=one["bill_id"])[0] for one in (first, second, third)]
    assert len({one.book for one in given}) == 1 and {one.taken_by for one in given} == {CASHIER.id}
    assert [one.serial - given[0].serial for one in given] == [0, 1, 2]


def test_a_slip_that_pays_nothing_takes_no_number(ground: Ground) -> None:
    before = ground.rows("SELECT last FROM receipt_book")
    assert enter(ground, slip(ground.billed(), amount=TOTAL + 1))["state"] == "under_review"
    assert ground.rows("SELECT last FROM receipt_book") == before


def test_a_slip_pays_one_bill_only(ground: Ground) -> None:
    first, second = ground.billed(), ground.billed()
    entered = slip(first)
    enter(ground, entered)
    for bill in (first, second):
        with pytest.raises(Refusal) as refused:
            enter(ground, {**entered, "bill_id": bill["bill_id"], "approval_code": f" {entered['approval_code']} "})
        assert refused.value.code == "slip_used"
        assert refused.value.faults[0].params == {"bill_number": first["bill_number"]}
    assert ground.bill(second["bill_id"])["state"] == "created"


def test_a_slip_that_two_cashiers_enter_at_once_counts_once(ground: Ground) -> None:
    bills = [ground.billed() for _ in range(4)]
    entered, outcomes = slip(bills[0]), []

    def deliver(bill: dict[str, Any]) -> None:
        try:
            outcomes.append(enter(ground, {**entered, "bill_id": bill["bill_id"]})["state"])
        except Refusal as refusal:
            outcomes.append(refusal.code)

    threads = [threading.Thread(target=deliver, args=(bill,)) for bill in bills]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["paid", "slip_used", "slip_used", "slip_used"]


@pytest.mark.parametrize("amount", [1, TOTAL - 1, TOTAL + 1])
def test_another_amount_was_charged_all_the_same_and_is_held(ground: Ground, amount: int) -> None:
    bill, before = ground.billed(), ground.balances()
    assert enter(ground, slip(bill, amount=amount))["state"] == "under_review"
    assert ground.bill(bill["bill_id"])["state"] == "under_review"
    assert before.get("held:pos", 0) - ground.balances()["held:pos"] == amount


def test_a_slip_for_a_bill_that_was_paid_in_cash_meanwhile_is_the_citizens(ground: Ground) -> None:
    bill = ground.billed()
    ground.attempt(lambda work: cash.take(work, {"bill_id": bill["bill_id"], "tendered": TOTAL}), CASHIER)
    assert enter(ground, slip(bill))["state"] == "credited"
    assert ground.bill(bill["bill_id"])["state"] == "paid"
    assert ground.rows("SELECT 1 FROM review WHERE bill_id = :b", b=bill["bill_id"]) == []
    assert ground.rows("SELECT way, rail, amount FROM refund WHERE bill_id = :b", b=bill["bill_id"]) == [
        ("terminal", "pos", TOTAL)]


@pytest.mark.parametrize(("changes", "code"), [
    ({"terminal_id": "99999999"}, "slip_terminal_unknown"), ({"terminal_id": "1"}, "slip_field_invalid"),
    ({"last4": "x"}, "slip_field_invalid")])
def test_what_no_terminal_of_this_counter_prints_is_refused(ground: Ground, changes: dict[str, Any], code: str) -> None:
    bill = ground.billed()
    with pytest.raises(Refusal, match=code):
        enter(ground, slip(bill, **changes))
    assert ground.bill(bill["bill_id"])["state"] == "created"


def test_a_cashier_of_another_unit_and_the_public_may_not(ground: Ground) -> None:
    bill = ground.billed()
    for stranger in (replace(CASHIER, unit="EG-C-02"), PUBLIC):
        with pytest.raises(Refusal, match="forbidden"):
            ground.attempt(lambda work: slips.take(work, slip(bill)), stranger)


def test_a_terminal_is_not_started_as_a_rail_and_hears_no_callback(ground: Ground) -> None:
    bill = ground.billed()
    with pytest.raises(Refusal, match="rail_takes_slips"):
        ground.attempt(lambda work: paying.start(work, {"bill_id": bill["bill_id"], "rail": "pos"}), PUBLIC)
    with pytest.raises(Refusal, match="callback_forged"):
        ground.callback("{}", "pos")


def test_what_each_rail_can_do_is_told(ground: Ground) -> None:
    told = {one["name"]: one for one in paying.rails(ground.unit_of_work())["rails"]}
    assert list(told) == ["efinance", "fawry", "paymob", "pos"]
    assert [name for name, one in told.items() if not one["verified"]] == ["efinance"]
    assert (told["fawry"]["way"], told["fawry"]["lives_hours"]) == ("reference_code", 168)


def test_a_bill_is_offered_and_taken_only_where_its_amount_fits(ground: Ground) -> None:
    ground.publish([{"code": "tiny", "stage": "inspection", "name": {"ar": "رسم", "en": "Fee"}, "account": "1101",
                     "kind": "fixed", "amount": 99}], "tiny")
    bill = ground.billed(code="tiny")
    assert bill["rails"] == []
    with pytest.raises(Refusal, match="rail_amount_outside"):
        ground.attempt(lambda work: paying.start(work, {"bill_id": bill["bill_id"], "rail": "fawry"}), PUBLIC)


def test_a_reference_lives_as_long_as_its_rail_says_but_not_beyond_its_bill(ground: Ground) -> None:
    long, short = ground.billed("final", area=10), ground.billed()
    for one in (long, short):
        wish = {"bill_id": one["bill_id"], "rail": "fawry"}
        ground.attempt(lambda work, wish=wish: paying.start(work, wish), PUBLIC)
    ends = [ground.rows("SELECT expires_at FROM payment WHERE bill_id = :b", b=bill["bill_id"])[0].expires_at
            for bill in (long, short)]
    assert ends == [ground.now + timedelta(days=7)] * 2
    ground.wait(days=28)
    late = ground.billed()
    ground.wait(days=29)
    ground.attempt(lambda work: paying.start(work, {"bill_id": late["bill_id"], "rail": "fawry"}), PUBLIC)
    [payment] = ground.rows("SELECT expires_at FROM payment WHERE bill_id = :b", b=late["bill_id"])
    assert payment.expires_at == late["expires_at"]
