"""What the sandbox rails do on purpose: every magic amount and card of the table that docs/payments-sandbox.md is
written from, at every rail, down to the state of the bill; and refunds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from infra.peers import magic, sample_keys
from infra.peers.client import Peers
from services.payments import errands, paying
from services.payments.rails import RAILS as adapters
from services.payments.rails import base
from tests.support.callback_door import CallbackDoor
from tests.support.payments_ground import PUBLIC, TOTAL, Ground
from tests.support.rail_speech import RAILS

CALLBACKS = {"silent": 0, "late": 2, "reordered": 2, "duplicate": 3}


@pytest.fixture(scope="module")
def module_ground(database_url: Callable[..., str], peers: Peers, door: CallbackDoor) -> Iterator[Ground]:
    made = Ground(database_url("payments"), peers.url, door.url, datetime.now(UTC))
    made.publish()
    for one in magic.AMOUNTS:
        made.publish([{"code": "fee", "stage": "inspection", "name": {"ar": "رسم", "en": "Fee"}, "account": "1101",
                       "kind": "fixed", "amount": 20_000 + int(one.piastres)}], f"magic-{one.piastres}")
    door.ground = made
    yield made
    made.close()


@pytest.fixture
def ground(module_ground: Ground, peers: Peers, door: CallbackDoor) -> Iterator[Ground]:
    """A fresh test on the same ground. Whatever a test did, the books are right after it."""
    peers.control(rail={"refunds": "normal", "repeats": "answered", "behaviours": {}})
    door.fresh(peers)
    noon = module_ground.now
    yield module_ground
    module_ground.now = noon
    assert module_ground.faults() == []


@pytest.fixture(params=RAILS)
def rail(request: pytest.FixtureRequest) -> str:
    """Each rail that is reached over the wire."""
    return str(request.param)


def started(ground: Ground, rail: str, code: str = "shop") -> dict[str, Any]:
    """A bill for which a reference was asked for, as it then stands."""
    bill = ground.billed(code=code)
    ground.attempt(lambda work: paying.start(work, {"bill_id": bill["bill_id"], "rail": rail}), PUBLIC)
    errands.run(ground)
    return ground.bill(bill["bill_id"])


def settled(ground: Ground, door: CallbackDoor, bill: dict[str, Any], behaviour: str) -> str:
    """The bill's state when everything was heard, or found out by asking."""
    door.wait_for(CALLBACKS.get(behaviour, 1))
    if behaviour == "silent":
        ground.wait(seconds=16)
        errands.run(ground)
    return str(ground.bill(bill["bill_id"])["state"])


@pytest.mark.parametrize("one", magic.AMOUNTS, ids=lambda one: one.behaviour)
def test_a_magic_amount_ends_as_the_table_says(
    ground: Ground, peers: Peers, door: CallbackDoor, rail: str, one: magic.Magic
) -> None:
    bill = started(ground, rail, f"magic-{one.piastres}")
    if one.behaviour == "refuse":
        assert bill["payments"][0]["state"] == "failed"
    else:
        peers.pay(bill["reference"])
    outcome = bill["state"] if one.behaviour == "refuse" else settled(ground, door, bill, one.behaviour)
    assert outcome == one.bill
    if one.behaviour in ("forged", "other_rail"):
        assert [status for status, _ in door.answers] == [403] or [status for status, _ in door.answers] == [400]


@pytest.mark.parametrize("card", magic.CARDS, ids=lambda card: card.behaviour)
def test_a_test_card_ends_as_the_table_says(
    ground: Ground, peers: Peers, door: CallbackDoor, card: magic.Card
) -> None:
    bill = started(ground, "paymob")
    page = requests.get(bill["payments"][0]["pay_url"], timeout=30)
    page.encoding = "utf-8"
    assert card.number in page.text and "120.50" in page.text
    requests.post(f"{peers.url}/pay/{bill['reference']}", data={"card": card.number}, timeout=30).raise_for_status()
    assert settled(ground, door, bill, card.behaviour) == card.bill


def test_a_card_that_is_no_test_card_is_refused(ground: Ground, peers: Peers) -> None:
    bill = started(ground, "paymob")
    answer = requests.post(f"{peers.url}/pay/{bill['reference']}", data={"card": "4111111111111111"}, timeout=30)
    assert answer.status_code == 422


def test_another_card_after_a_declined_one_pays_although_its_callback_is_lost(
    ground: Ground, peers: Peers, door: CallbackDoor
) -> None:
    bill = started(ground, "paymob")
    peers.pay(bill["reference"], "failed")
    assert settled(ground, door, bill, "failed") == "failed"
    peers.pay(bill["reference"], "silent")
    assert settled(ground, door, bill, "silent") == "paid"


def test_a_charge_that_the_rail_will_not_take_twice_is_found_by_asking(
    ground: Ground, peers: Peers, rail: str
) -> None:
    """The rail took the charge and the process died; this rail refuses a reference that it has seen."""
    bill = ground.billed()
    ground.attempt(lambda work: paying.start(work, {"bill_id": bill["bill_id"], "rail": rail}), PUBLIC)
    [payment] = ground.rows("SELECT merchant_reference FROM payment WHERE bill_id = :b", b=bill["bill_id"])
    placed = adapters.of(ground.settings, rail).charge(base.Order(payment.merchant_reference, TOTAL, "x", None))
    peers.control(rail={"repeats": "refused"})
    peers.pay(str(placed.reference), "silent")
    errands.run(ground)
    assert ground.bill(bill["bill_id"])["state"] == "paid"


# refunds


def paid(ground: Ground, peers: Peers, door: CallbackDoor, rail: str) -> base.RefundOrder:
    """A bill paid at the rail, as an order to give all of it back."""
    bill = started(ground, rail)
    peers.pay(bill["reference"])
    door.wait_for(1)
    [payment] = ground.rows("SELECT * FROM payment WHERE bill_id = :b AND state = 'paid'", b=bill["bill_id"])
    return base.RefundOrder("refund-1", payment.merchant_reference, payment.reference, TOTAL, TOTAL, "withdrawn")


def changed(order: base.RefundOrder, **values: Any) -> base.RefundOrder:
    return base.RefundOrder(**{**{name: getattr(order, name) for name in order.__dataclass_fields__}, **values})


def given_back(peers: Peers, order: base.RefundOrder) -> list[str]:
    [charge] = [one for one in peers.charges() if one["merchant_reference"] == order.merchant_reference]
    return [one["amount"] for one in charge["refunds"]]


def test_the_whole_is_given_back(ground: Ground, peers: Peers, door: CallbackDoor, rail: str) -> None:
    order = paid(ground, peers, door, rail)
    adapter = adapters.of(ground.settings, rail)
    done = adapter.refund(order)
    assert (done.refund_reference, done.status, done.amount) == ("refund-1", base.DONE, TOTAL)
    assert given_back(peers, order) == ["120.50"]
    assert adapter.ask(order.merchant_reference).status == base.REFUNDED
    assert door.wait_for(2)[-1] == (200, True)
    assert ground.rows("SELECT outcome FROM callback WHERE reference IN (:r, :d) AND status LIKE '%refunded'",
                       r=order.reference, d=done.reference)[0].outcome == "refund_reported"
    with pytest.raises(base.RailRefused if rail == "fawry" else base.RefundUncertain):
        adapter.refund(changed(order, refund_reference="refund-2"))
    assert given_back(peers, order) == ["120.50"]


def test_parts_are_given_back_until_nothing_is_left(
    ground: Ground, peers: Peers, door: CallbackDoor, rail: str
) -> None:
    order = paid(ground, peers, door, rail)
    adapter = adapters.of(ground.settings, rail)
    adapter.refund(changed(order, amount=2_050))
    assert adapter.ask(order.merchant_reference).status == base.PARTLY_REFUNDED
    adapter.refund(changed(order, refund_reference="refund-2", amount=5_000, refunded_before=2_050))
    with pytest.raises(base.RailRefused):
        adapter.refund(changed(order, refund_reference="refund-3", amount=5_001, refunded_before=7_050))
    adapter.refund(changed(order, refund_reference="refund-3", amount=5_000, refunded_before=7_050))
    assert given_back(peers, order) == ["20.50", "50.00", "50.00"]
    assert adapter.ask(order.merchant_reference).status == base.REFUNDED


def test_a_refund_whose_answer_was_lost_is_not_made_twice(
    ground: Ground, peers: Peers, door: CallbackDoor, rail: str
) -> None:
    order = paid(ground, peers, door, rail)
    peers.control(rail={"refunds": "lost"})
    adapter = adapters.of(ground.settings, rail)
    part = changed(order, amount=2_050)
    with pytest.raises(base.RailUnreachable):
        adapter.refund(part)
    peers.control(rail={"refunds": "normal"})
    assert adapter.refund(changed(part, repeated=True)).status == base.DONE
    assert given_back(peers, order) == ["20.50"]


def test_a_refund_that_never_reached_the_rail_is_made_when_repeated(
    ground: Ground, peers: Peers, door: CallbackDoor, rail: str
) -> None:
    order = paid(ground, peers, door, rail)
    assert adapters.of(ground.settings, rail).refund(changed(order, repeated=True)).status == base.DONE
    assert given_back(peers, order) == ["120.50"]


def test_a_refund_is_refused(ground: Ground, peers: Peers, door: CallbackDoor, rail: str) -> None:
    order = paid(ground, peers, door, rail)
    peers.control(rail={"refunds": "refuse"})
    with pytest.raises(base.RailRefused):
        adapters.of(ground.settings, rail).refund(order)
    assert given_back(peers, order) == []


def test_the_terminal_and_the_unknown_are_refused(ground: Ground, rail: str) -> None:
    order = base.RefundOrder("refund-1", "never-heard-of", "9000000001", TOTAL, TOTAL, "")
    with pytest.raises(base.RailRefused):
        adapters.of(ground.settings, rail).refund(order)
    with pytest.raises(base.RailRefused):
        adapters.of(ground.settings, "pos").refund(order)


def test_the_test_keys_are_marked() -> None:
    secret = ("KEY", "SECRET", "HMAC", "MERCHANT")
    for name, value in sample_keys.environment("", "").items():
        if any(part in name for part in secret):
            assert value.startswith("sample-"), name
