"""Money that goes back through a whole node: the doors of the API, the bus, the rails' sandbox in its own process."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
import requests

from infra.demo.walk import API, Walk
from tests.integration.test_bad_input import problem
from tests.support.rail_speech import RAILS

WHY = "أخطأ الحساب ويرد لصاحبه"


@pytest.fixture
def walk(node: Any) -> Walk:
    made = Walk(node.url, node.peers.pay)
    made.at_the_counter()
    return made


def billed(walk: Walk) -> dict[str, Any]:
    """A fresh request's first bill."""
    number = walk.lodge()["tracking_number"]
    return dict(walk.until(lambda: walk.bill(number, "inspection"), bool))


def bill(walk: Walk, given: dict[str, Any]) -> dict[str, Any]:
    return walk.get(f"/bills/{given['bill_id']}")


def referenced(walk: Walk, given: dict[str, Any], rail: str) -> str:
    """The reference that the rail gives for the bill."""
    walk.post(f"/bills/{given['bill_id']}/payments", {"rail": rail})
    return str(walk.until(lambda: bill(walk, given), lambda answer: bool(answer["reference"]))["reference"])


def in_cash(walk: Walk, given: dict[str, Any]) -> dict[str, Any]:
    walk.post(f"/bills/{given['bill_id']}/payments", {"rail": "cash", "tendered": given["total"]}, as_="cashier")
    return given


def refused(walk: Walk, path: str, body: Any, as_: str, status: int, code: str) -> None:
    answer = requests.post(f"{walk.url}{API}{path}", json=body, timeout=20, headers={
        "Idempotency-Key": str(uuid.uuid4()), "Authorization": f"Bearer {walk.token(as_)}"})
    problem(answer, status, code)


def refund_of(walk: Walk, given: dict[str, Any]) -> dict[str, Any]:
    """The newest refund of the bill."""
    return dict(walk.get(f"/bills/{given['bill_id']}/refunds", as_="accounts")["refunds"][-1])


def ask(walk: Walk, given: dict[str, Any], *lines: tuple[str, Any]) -> dict[str, Any]:
    wanted = [{"code": code, "amount": amount} for code, amount in lines] or None
    return walk.post(f"/bills/{given['bill_id']}/refunds", {"lines": wanted, "reason": WHY}, as_="accounts")


def approve(walk: Walk, refund: dict[str, Any], as_: str = "accounts-chief", **more: Any) -> dict[str, Any]:
    return walk.post(f"/refunds/{refund['refund_id']}/decision", {"approve": True, "reason": WHY, **more}, as_=as_)


@pytest.mark.parametrize("rail", RAILS)
def test_a_refund_goes_through_each_rail_with_two_signatures(node: Any, walk: Walk, rail: str) -> None:
    given = billed(walk)
    node.peers.pay(referenced(walk, given, rail))
    walk.until(lambda: bill(walk, given), lambda answer: answer["state"] == "paid")
    asked = ask(walk, given)
    assert (asked["of"], asked["state"], asked["way"], bill(walk, given)["state"]) == (
        "bill", "requested", "rail", "refund_requested")
    refused(walk, f"/refunds/{asked['refund_id']}/decision", {"approve": True, "reason": WHY}, "accounts", 403,
            "refund_own")
    refused(walk, f"/refunds/{asked['refund_id']}/decision", {"approve": True, "reason": WHY}, "cashier", 403,
            "forbidden")
    approve(walk, asked)
    done = walk.until(lambda: refund_of(walk, given), lambda one: one["state"] == "done")
    assert done["amount"] == given["total"] and bill(walk, given)["state"] == "refunded"
    [charge] = [one for one in node.peers.charges() if one["reference"] == bill(walk, given)["reference"]]
    assert len(charge["refunds"]) == 1


def test_a_bill_paid_at_the_kiosk_and_in_cash_is_a_credit_that_goes_back(node: Any, walk: Walk) -> None:
    given = billed(walk)
    reference = referenced(walk, given, "fawry")
    in_cash(walk, given)
    assert bill(walk, given)["reference"] is None, "it was paid otherwise"
    node.peers.pay(reference)
    [credit] = walk.until(lambda: walk.get(f"/bills/{given['bill_id']}/refunds", as_="accounts")["credits"], bool)
    assert credit["left"] == given["total"]
    asked = refund_of(walk, given)
    assert (asked["of"], asked["requested_by"]) == ("credit", "system")
    approve(walk, asked, as_="accounts")
    walk.until(lambda: refund_of(walk, given), lambda one: one["state"] == "done")
    assert bill(walk, given)["state"] == "paid"


def test_a_refund_in_parts_and_what_is_no_part(walk: Walk) -> None:
    given = in_cash(walk, billed(walk))
    code, most = given["lines"][0]["code"], given["lines"][0]["amount"]
    path = f"/bills/{given['bill_id']}/refunds"
    for amount, wrong in ((0, "field_invalid"), (-1, "field_invalid"), (1.5, "field_invalid"),
                          ("10", "field_invalid"), (1e3, "field_invalid"), (most + 1, "refund_above_rest")):
        refused(walk, path, {"lines": [{"code": code, "amount": amount}], "reason": WHY}, "accounts", 422, wrong)
    asked = ask(walk, given, (code, 1_000))
    refused(walk, path, {"lines": None, "reason": WHY}, "accounts", 409, "refund_open")
    approve(walk, asked)
    refused(walk, f"/refunds/{asked['refund_id']}/payment", {}, "accounts-chief", 403, "refund_paid_by_approver")
    walk.post(f"/refunds/{asked['refund_id']}/payment", {}, as_="cashier")
    stands = bill(walk, given)
    assert (stands["state"], stands["refunded"]) == ("partly_refunded", 1_000)
    refused(walk, path, {"lines": [{"code": code, "amount": most - 999}], "reason": WHY}, "accounts", 422,
            "refund_above_rest")


def test_a_wrong_amount_is_held_and_goes_back_through_the_rail(node: Any, walk: Walk) -> None:
    given = billed(walk)
    node.peers.pay(referenced(walk, given, "paymob"), "wrong_amount")
    walk.until(lambda: bill(walk, given), lambda answer: answer["state"] == "under_review")
    [waiting] = [one for one in walk.get("/payments/reviews", as_="accounts")["reviews"]
                 if one["bill_id"] == given["bill_id"]]
    settled = walk.post(f"/payments/reviews/{waiting['review_id']}/decision", {"decision": "return", "reason": WHY},
                        as_="accounts")
    asked = refund_of(walk, given)
    assert (asked["refund_id"], asked["of"], asked["way"]) == (settled["refund_id"], "held", "rail")
    refused(walk, f"/payments/reviews/{waiting['review_id']}/decision", {"decision": "accept", "reason": WHY},
            "accounts-chief", 409, "refund_open")
    approve(walk, asked)
    walk.until(lambda: refund_of(walk, given), lambda one: one["state"] == "done")
    assert bill(walk, given)["state"] == "cancelled"
    anew = walk.until(lambda: newest(walk, given), lambda one: one["bill_id"] != given["bill_id"])
    assert (anew["state"], anew["total"]) == ("created", given["total"])


def newest(walk: Walk, given: dict[str, Any]) -> dict[str, Any]:
    bills = walk.get(f"/requests/{given['tracking_number']}/bills", headers={"X-Phone-Last4": walk.last4})["bills"]
    return dict(bills[-1])


def test_a_dispute_is_opened_and_closed_by_two_persons(node: Any, walk: Walk) -> None:
    given = billed(walk)
    node.peers.pay(referenced(walk, given, "paymob"))
    walk.until(lambda: bill(walk, given), lambda answer: answer["state"] == "paid")
    path = f"/bills/{given['bill_id']}/disputes"
    walk.post(path, {"reference": "CB-1", "reason": WHY}, as_="accounts")
    assert bill(walk, given)["state"] == "disputed"
    refused(walk, f"{path}/decision", {"won": False, "reason": WHY}, "accounts", 403, "dispute_own")
    lost = walk.post(f"{path}/decision", {"won": False, "reason": WHY}, as_="accounts-chief")
    assert (lost["state"], bill(walk, given)["state"]) == ("lost", "refunded")


def test_a_fine_by_tracking_number_is_given_more_time(walk: Walk) -> None:
    given = billed(walk)
    line = {"name_ar": "غرامة تأخير", "name_en": "Late fine", "account": given["lines"][0]["account"], "amount": 5_000}
    fine = walk.post("/bills", {"tracking_number": given["tracking_number"], "kind": "fine", "lines": [line],
                                "reason": WHY, "days": 2}, as_="accounts")
    assert fine["request_id"] == given["request_id"]
    longer = walk.post(f"/bills/{fine['bill_id']}/extension", {"days": 20, "reason": WHY}, as_="accounts")
    assert longer["expires_at"] > fine["expires_at"]
    refused(walk, f"/bills/{fine['bill_id']}/extension", {"days": 40, "reason": WHY}, "cashier", 403, "forbidden")
    in_cash(walk, fine)
    assert bill(walk, fine)["state"] == "paid"
