"""Every rail through a whole node: the door of the API, the bus, the sandbox in its own process, and the callback that
comes back to the gateway."""

from __future__ import annotations

import uuid
from typing import Any
from urllib.parse import urlencode

import pytest
import requests

from infra.demo.walk import API, Walk
from tests.integration.test_bad_input import problem
from tests.support.rail_speech import FORGED, RAILS, say

CALLBACKS = f"{API}/payments/callbacks"


@pytest.fixture
def walk(node: Any) -> Walk:
    return Walk(node.url, node.peers.pay)


def billed(walk: Walk) -> dict[str, Any]:
    """A fresh request's first bill."""
    number = walk.lodge()["tracking_number"]
    return dict(walk.until(lambda: walk.bill(number, "inspection"), bool))


def bill(walk: Walk, given: dict[str, Any]) -> dict[str, Any]:
    return walk.get(f"/bills/{given['bill_id']}")


@pytest.mark.parametrize("rail", RAILS)
def test_a_bill_is_paid_through_each_rail(node: Any, walk: Walk, rail: str) -> None:
    given = billed(walk)
    walk.post(f"/bills/{given['bill_id']}/payments", {"rail": rail})
    pending = walk.until(lambda: bill(walk, given), lambda answer: bool(answer["reference"]))
    node.peers.pay(pending["reference"])
    paid = walk.until(lambda: bill(walk, given), lambda answer: answer["state"] == "paid")
    assert (paid["rail"], paid["reference"]) == (rail, pending["reference"])
    [charge] = [one for one in node.peers.charges() if one["reference"] == pending["reference"]]
    sent = walk.until(lambda: node.peers.callbacks(charge["merchant_reference"]), bool)
    # What the gateway answered is what this rail takes for an acknowledgement.
    assert [(one["answer"], one["taken"]) for one in sent] == [(200, True)]


def test_the_payment_centre_is_answered_in_its_own_words(node: Any, walk: Walk) -> None:
    given = billed(walk)
    walk.post(f"/bills/{given['bill_id']}/payments", {"rail": "efinance"})
    pending = walk.until(lambda: bill(walk, given), lambda answer: bool(answer["reference"]))
    node.peers.pay(pending["reference"])
    walk.until(lambda: bill(walk, given), lambda answer: answer["state"] == "paid")
    [charge] = [one for one in node.peers.charges() if one["reference"] == pending["reference"]]
    [sent] = walk.until(lambda: node.peers.callbacks(charge["merchant_reference"]), bool)
    again = requests.post(f"{node.url}{CALLBACKS}/efinance", data={"request": sent["body"]}, timeout=20)
    assert (again.status_code, again.headers["Content-Type"]) == (200, "application/xml")
    assert "<Response_Code>000</Response_Code>" in again.text
    assert bill(walk, given)["state"] == "paid"


@pytest.mark.parametrize("rail", RAILS)
def test_a_stranger_who_speaks_as_a_rail_is_refused_and_recorded(node: Any, rail: str) -> None:
    before = node.sql("payments", FORGED)[0].n
    said = say(rail, "never-heard-of", "9000000009", forged=True)
    answer = requests.post(f"{node.url}{CALLBACKS}/{rail}?{urlencode(said.query)}", data=said.body.encode(),
                           headers={"Content-Type": said.media_type}, timeout=20)  # fmt: skip
    problem(answer, 403, "callback_forged")
    assert node.sql("payments", FORGED)[0].n == before + 1


@pytest.mark.parametrize("rail", RAILS)
def test_a_callback_that_is_too_large_does_not_come_in(node: Any, rail: str) -> None:
    answer = requests.post(f"{node.url}{CALLBACKS}/{rail}", data=b"x" * 70_000, timeout=20)
    problem(answer, 413, "too_large")


def test_the_api_says_what_each_rail_can_do_and_which_is_unverified(walk: Walk) -> None:
    told = {one["name"]: one for one in walk.get("/payments/rails")["rails"]}
    assert list(told) == ["efinance", "fawry", "paymob", "pos"]
    assert {name: one["verified"] for name, one in told.items()} == {
        "efinance": False, "fawry": True, "paymob": True, "pos": True}  # fmt: skip
    assert told["paymob"]["label"]["ar"]


def test_the_cashier_enters_a_slip(walk: Walk) -> None:
    given = billed(walk)
    walk.at_the_counter()
    slip = {"terminal_id": "10000001", "batch": "7", "approval_code": uuid.uuid4().hex[:6].upper(), "last4": "2346",
            "amount": given["total"]}  # fmt: skip
    entered = walk.post(f"/bills/{given['bill_id']}/payments", {"rail": "pos", "slip": slip}, as_="cashier",
                        key=str(uuid.uuid4()))  # fmt: skip
    assert entered["state"] == "paid"
    assert bill(walk, given)["rail"] == "pos"


@pytest.mark.parametrize(("body", "status", "code"), [
    ({"rail": "pos"}, 422, "field_required"),
    ({"rail": "cash", "tendered": 20_000, "slip": None}, 201, None),
    ({"rail": "pos", "slip": {"terminal_id": "1", "batch": "x", "approval_code": "1", "last4": "1", "amount": 0}}, 422,
     "field_invalid"),
    ({"rail": "pos", "slip": {"terminal_id": "1", "batch": "x", "approval_code": "1", "last4": "1", "amount": 1}}, 422,
     "slip_field_invalid")])  # fmt: skip
def test_bad_slips_have_clear_answers(node: Any, walk: Walk, body: dict[str, Any], status: int, code: str) -> None:
    given = billed(walk)
    walk.at_the_counter()
    answer = requests.post(
        f"{node.url}{API}/bills/{given['bill_id']}/payments", json=body, timeout=20,
        headers={"Idempotency-Key": str(uuid.uuid4()), "Authorization": f"Bearer {walk.token('cashier')}"})
    if code is None:
        assert answer.status_code == status, answer.text
    else:
        problem(answer, status, code)
