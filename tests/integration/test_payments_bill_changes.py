"""What people do to bills: fines and differences, exemptions, amendments, cancellations, and reviews by their door."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from chassis.ids import uuid7
from rules.numbering import tracking_number
from rules.refusal import Refusal
from services.payments import bill_changes, cash, expiry, paying, reviews
from tests.support.payments_ground import PUBLIC, TOTAL, Ground
from tests.support.refunds_ground import CASHIER, CHIEF, OFFICER, STRANGER, WHY, hand_over, pay_cash, reported
from tests.support.refunds_ground import decide as decide_refund

LAW = "the law and article that the decision names"
FINE = {"name_ar": "غرامة تشغيل بدون ترخيص", "name_en": "Working without a licence", "account": "1102",
        "amount": 50_000}


@pytest.fixture(scope="module")
def one_ground(database_url: Callable[..., str]) -> Iterator[Ground]:
    made = Ground(database_url("payments"))
    made.publish()
    yield made
    made.close()


@pytest.fixture
def ground(one_ground: Ground) -> Iterator[Ground]:
    yield one_ground
    assert one_ground.faults() == []


def do(ground: Ground, act: Callable[..., dict[str, Any]], actor: Any = OFFICER, **body: Any) -> dict[str, Any]:
    done: dict[str, Any] = ground.attempt(lambda work: act(work, body), actor)
    return done


def fine(ground: Ground, request_id: Any, actor: Any = OFFICER, **changes: Any) -> dict[str, Any]:
    return do(ground, bill_changes.issue, actor, **{
        "request_id": request_id, "kind": "fine", "lines": [FINE], "reason": WHY, "days": None, **changes})


def exempt(ground: Ground, bill: dict[str, Any], lines: list[str] | None = None) -> dict[str, Any]:
    return do(ground, bill_changes.exempt, bill_id=bill["bill_id"], lines=lines, reason=WHY, legal_basis=LAW)


def amend(ground: Ground, bill: dict[str, Any], **amounts: int) -> dict[str, Any]:
    return do(ground, bill_changes.amend, bill_id=bill["bill_id"], reason=WHY,
              lines=[{"code": code, "amount": amount} for code, amount in amounts.items()])


def decide(ground: Ground, change: dict[str, Any], approve: bool = True, actor: Any = CHIEF) -> dict[str, Any]:
    return do(ground, bill_changes.decide, actor, change_id=change["change_id"], approve=approve, reason=WHY)


def types(ground: Ground, bill: dict[str, Any]) -> list[str]:
    return [event.type.split(".")[2] for event in ground.events(bill["bill_id"])]


# -- beside the fees -------------------------------------------------------------------------------------------------

def test_a_fine_is_billed_beside_the_fees_and_stays_when_the_request_moves_on(ground: Ground) -> None:
    bill = ground.billed()
    issued = fine(ground, bill["request_id"])
    assert (issued["kind"], issued["stage"], issued["total"], issued["expires_at"]) == ("fine", "fine", 50_000, None)
    assert issued["lines"][0]["account"] == "1102"
    second = fine(ground, bill["request_id"], kind="fine", days=10)
    assert second["bill_number"] != issued["bill_number"] and second["expires_at"] is not None
    ground.follow(ground.request_event(bill["request_id"], 2, "end", None, outcome="withdrawn"))
    assert sorted(one["state"] for one in ground.bills(bill["request_id"])) == ["cancelled", "created", "created"]
    ground.attempt(lambda work: paying.start(work, {"bill_id": issued["bill_id"], "rail": "fawry"}), PUBLIC)
    reported(ground, issued, paid="500.00", ordered="500.00")
    paid = ground.bill(issued["bill_id"])
    assert (paid["state"], paid["kind"]) == ("paid", "fine")
    assert ground.events(issued["bill_id"])[-1].data["kind"] == "fine"


def test_a_request_that_never_owed_a_fee_can_be_fined(ground: Ground) -> None:
    request_id = uuid7()
    ground.follow(ground.request_event(request_id, 1, "task", None))
    assert fine(ground, request_id, kind="difference")["kind"] == "difference"


def test_what_cannot_be_billed(ground: Ground) -> None:
    bill = ground.billed()
    with pytest.raises(Refusal, match="request_not_billable"):
        fine(ground, uuid7())
    with pytest.raises(Refusal) as refused:
        fine(ground, bill["request_id"], lines=[FINE, {**FINE, "account": "9999"}])
    assert [(one.code, one.field) for one in refused.value.faults] == [("account_not_of_service", "lines/1/account")]
    for actor in (CASHIER, STRANGER):
        with pytest.raises(Refusal, match="forbidden"):
            fine(ground, bill["request_id"], actor)
    with pytest.raises(Refusal, match="explanation_too_short"):
        fine(ground, bill["request_id"], reason="late")


def test_an_unpaid_fine_is_taken_back_but_not_a_fee_that_is_waited_for(ground: Ground) -> None:
    bill = ground.billed()
    issued = fine(ground, bill["request_id"])
    cancelled = do(ground, bill_changes.cancel, bill_id=issued["bill_id"], reason=WHY)
    assert cancelled["state"] == "cancelled"
    with pytest.raises(Refusal, match="bill_not_payable"):
        do(ground, bill_changes.cancel, bill_id=issued["bill_id"], reason=WHY)
    with pytest.raises(Refusal, match="bill_awaited"):
        do(ground, bill_changes.cancel, bill_id=bill["bill_id"], reason=WHY)
    pay_cash(ground, bill)
    with pytest.raises(Refusal, match="bill_not_payable"):
        do(ground, bill_changes.cancel, bill_id=bill["bill_id"], reason=WHY)


def extend(ground: Ground, bill: dict[str, Any], days: int = 30, actor: Any = OFFICER) -> dict[str, Any]:
    return do(ground, bill_changes.extend, actor, bill_id=bill["bill_id"], days=days, reason=WHY)


def test_a_fine_that_expired_is_given_more_time_and_paid_at_the_counter(ground: Ground) -> None:
    ground.at_counter(CASHIER)
    late = fine(ground, ground.billed()["request_id"], days=5)
    noon = ground.now
    ground.wait(days=7)
    ground.attempt(lambda work: expiry.expire(work, late["bill_id"]))
    with pytest.raises(Refusal, match="bill_not_payable"):
        ground.attempt(lambda work: cash.take(work, {"bill_id": late["bill_id"], "tendered": 50_000}), CASHIER)
    with pytest.raises(Refusal, match="forbidden"):
        extend(ground, late, actor=CASHIER)
    extended = extend(ground, late)
    assert (extended["state"], extended["expires_at"] > late["expires_at"]) == ("created", True)
    ground.attempt(lambda work: cash.take(work, {"bill_id": late["bill_id"], "tendered": 50_000}), CASHIER)
    ground.now = noon
    assert types(ground, late) == ["issued", "changed", "changed", "paid"]
    [kept] = ground.rows("SELECT details FROM audit WHERE action = 'bill.extended' AND subject = :b",
                         b=str(late["bill_id"]))
    assert (kept.details["state"], kept.details["reason"]) == ("expired", WHY)


def test_no_time_is_given_to_a_fee_nor_to_an_earlier_day_nor_to_what_is_settled(ground: Ground) -> None:
    bill = ground.billed()
    with pytest.raises(Refusal, match="bill_not_extendable"):
        extend(ground, bill, days=300)
    endless, short = fine(ground, bill["request_id"]), fine(ground, bill["request_id"], days=9)
    for one, days in ((endless, 300), (short, 9)):
        with pytest.raises(Refusal, match="bill_not_extendable"):
            extend(ground, one, days=days)
    do(ground, bill_changes.cancel, bill_id=short["bill_id"], reason=WHY)
    with pytest.raises(Refusal, match="bill_not_payable"):
        extend(ground, short)


def test_a_request_is_named_by_its_tracking_number_as_it_is_typed(ground: Ground) -> None:
    number = tracking_number("01", 2026, 7, b"a key for this test alone")
    request_id = uuid7()
    event = ground.request_event(request_id)
    event.data["tracking_number"] = number
    ground.follow(event)
    issued = fine(ground, None, tracking_number=number.replace("-", " ").lower())
    assert (issued["request_id"], issued["tracking_number"]) == (request_id, number)
    unknown = tracking_number("01", 2026, 8, b"a key for this test alone")
    for named, code, field in (({"tracking_number": unknown}, "request_not_billable", "tracking_number"),
                               ({"tracking_number": "no number"}, "tracking_malformed", "tracking_number"),
                               ({}, "request_or_number", "request_id"),
                               ({"request_id": request_id, "tracking_number": number}, "request_or_number",
                                "request_id")):
        with pytest.raises(Refusal) as refused:
            fine(ground, **{"request_id": None, **named})
        assert [(one.code, one.field) for one in refused.value.faults] == [(code, field)]


# -- exemption and amendment -----------------------------------------------------------------------------------------

def test_a_whole_exemption_settles_the_bill_once_a_second_person_approves(ground: Ground) -> None:
    bill = ground.billed()
    asked = exempt(ground, bill)
    assert (asked["state"], ground.bill(bill["bill_id"])["total"]) == ("requested", TOTAL)
    with pytest.raises(Refusal, match="bill_change_own"):
        decide(ground, asked, actor=OFFICER)
    assert decide(ground, asked)["state"] == "approved"
    waived = ground.bill(bill["bill_id"])
    assert (waived["state"], waived["total"], waived["lines"], waived["receipt_number"]) == ("paid", 0, [], None)
    assert types(ground, bill) == ["issued", "paid"], "the request goes on"
    [change] = bill_changes.listed(ground.unit_of_work(OFFICER), {"bill_id": bill["bill_id"]})["changes"]
    assert (change["old_total"], change["new_total"], change["legal_basis"]) == (TOTAL, 0, LAW)
    assert [line["code"] for line in change["old_lines"]] == ["inspection", "stamp"]


def test_an_exempt_line_is_owed_no_more_and_the_rest_is_charged_anew(ground: Ground) -> None:
    bill = ground.billed()
    ground.attempt(lambda work: paying.start(work, {"bill_id": bill["bill_id"], "rail": "fawry"}), PUBLIC)
    decide(ground, exempt(ground, bill, ["stamp"]))
    now = ground.bill(bill["bill_id"])
    assert (now["state"], now["total"], [line["code"] for line in now["lines"]]) == ("created", 10_000, ["inspection"])
    assert [payment["state"] for payment in now["payments"]] == ["cancelled"]
    started = ground.attempt(lambda work: paying.start(work, {"bill_id": bill["bill_id"], "rail": "fawry"}), PUBLIC)
    assert started["state"] == "created", "a new order for the new amount"
    reported(ground, bill, paid="100.00", ordered="100.00")
    assert ground.bill(bill["bill_id"])["state"] == "paid"


def test_money_by_a_reference_of_before_the_amendment_is_held_not_guessed(ground: Ground) -> None:
    bill = ground.billed()
    ground.attempt(lambda work: paying.start(work, {"bill_id": bill["bill_id"], "rail": "fawry"}), PUBLIC)
    assert amend(ground, bill, stamp=3_000)["state"] == "approved", "what raises a bill takes one person"
    reported(ground, bill)
    assert ground.bill(bill["bill_id"])["state"] == "under_review"
    [waiting] = [one for one in reviews.listed(ground.unit_of_work(OFFICER))["reviews"]
                 if one["bill_id"] == bill["bill_id"]]
    assert (waiting["reason"], waiting["amount"]) == ("amount_differs", TOTAL)
    with pytest.raises(Refusal, match="review_holds_money"):
        do(ground, reviews.settle_one, review_id=waiting["review_id"], decision="note", reason=WHY)
    with pytest.raises(Refusal, match="forbidden"):
        do(ground, reviews.settle_one, STRANGER, review_id=waiting["review_id"], decision="return", reason=WHY)
    settled = do(ground, reviews.settle_one, review_id=waiting["review_id"], decision="return", reason=WHY)
    decide_refund(ground, settled["refund_id"], way="bank")
    hand_over(ground, settled["refund_id"], reference="TR-9")
    again = ground.bills(bill["request_id"])[-1]
    assert (again["bill_number"] != bill["bill_number"], again["total"], again["state"]) == (
        True, TOTAL + 950, "created")


def test_what_lowers_a_bill_takes_two_persons_and_a_rejection_changes_nothing(ground: Ground) -> None:
    bill = ground.billed()
    lowered = amend(ground, bill, inspection=9_000, stamp=0)
    assert lowered["state"] == "requested"
    with pytest.raises(Refusal, match="bill_change_open"):
        exempt(ground, bill)
    decide(ground, lowered, approve=False)
    assert ground.bill(bill["bill_id"])["total"] == TOTAL and types(ground, bill) == ["issued"]
    with pytest.raises(Refusal, match="bill_change_decided"):
        decide(ground, lowered)
    decide(ground, amend(ground, bill, inspection=9_000, stamp=0))
    assert ground.bill(bill["bill_id"])["total"] == 9_000 and types(ground, bill) == ["issued", "changed"]


def test_a_bill_that_was_paid_meanwhile_is_not_changed(ground: Ground) -> None:
    bill = ground.billed()
    asked = exempt(ground, bill)
    pay_cash(ground, bill)
    assert decide(ground, asked)["state"] == "void"
    assert ground.bill(bill["bill_id"])["total"] == TOTAL
    with pytest.raises(Refusal, match="bill_not_payable"):
        exempt(ground, bill)


def test_what_is_wrong_with_a_change_is_told_all_at_once(ground: Ground) -> None:
    bill = ground.billed()
    with pytest.raises(Refusal) as refused:
        do(ground, bill_changes.amend, bill_id=bill["bill_id"], reason=WHY,
           lines=[{"code": "gift", "amount": 1}, {"code": "stamp", "amount": 1}, {"code": "stamp", "amount": 2}])
    assert [(one.code, one.field) for one in refused.value.faults] == [
        ("bill_line_unknown", "lines/0/code"), ("bill_line_twice", "lines/2/code")]
    with pytest.raises(Refusal, match="bill_change_nothing"):
        amend(ground, bill, stamp=2_050)


def test_an_amendment_that_moves_money_between_lines_takes_a_second_person_too(ground: Ground) -> None:
    bill = ground.billed()
    moved = amend(ground, bill, inspection=10_050, stamp=2_000)
    assert moved["state"] == "requested"
    decide(ground, moved)
    assert [line["amount"] for line in ground.bill(bill["bill_id"])["lines"]] == [10_050, 2_000]
