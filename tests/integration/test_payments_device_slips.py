"""A card that a tablet's clerk charged at a terminal: its slip pays the bill under the device's own receipt, or is held
for a person; once, and the books stay right."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.test_payments_devices import Device, device, ground, opened, take
from tests.support.payments_ground import TOTAL, Ground

__all__ = ["device", "ground", "opened"]  # the fixtures of the module on cash

SLIP = "10000001-{batch}-A1B2C3-4242"
_batches = iter(range(700, 900))


def slip() -> str:
    return SLIP.format(batch=next(_batches))


def report(device: Device, bill: dict[str, Any], **changes: Any) -> Any:
    return device.report(bill, way="slip", **{"slip": slip(), **changes})


def held(ground: Ground, reference: str) -> list[Any]:
    return ground.rows("SELECT reason, amount FROM review WHERE rail = 'pos' AND reference = :r", r=reference)


def test_it_pays_the_bill_through_the_terminal_under_the_devices_receipt(ground: Ground, device: Device) -> None:
    bill = ground.billed()
    event = report(device, bill, device_receipt=17)
    take(ground, event)
    take(ground, event)  # the same again
    paid = ground.bill(bill["bill_id"])
    assert (paid["state"], paid["rail"]) == ("paid", "pos")
    [receipt] = ground.rows("SELECT * FROM receipt WHERE bill_id = :b", b=bill["bill_id"])
    assert (receipt.way, receipt.book_serial, receipt.taken_by) == ("pos", 17, "staff:mobile")
    assert receipt.book.startswith(f"device:{device.id}/")
    assert receipt.taken_at.isoformat() == event.data["collected_at"]
    cash = ground.rows("SELECT 1 FROM entry WHERE account = :a", a=f"cash:{device.drawer}")
    assert cash == [], "no cash came into the clerk's hands"


@pytest.mark.parametrize(("changes", "reason"), [
    ({"applied": False}, "release_not_applied"), ({"amount": TOTAL + 100}, "amount_differs"),
    ({"slip": "99999999-1-A1B2C3-4242"}, "slip_terminal_unknown"), ({"slip": None}, "slip_terminal_unknown")])
def test_what_cannot_pay_is_held_under_the_rail_for_a_person(
    ground: Ground, device: Device, changes: dict[str, Any], reason: str
) -> None:
    bill = ground.billed()
    event = report(device, bill, **changes)
    take(ground, event)
    reference = event.data["slip"] or f"{device.drawer}:{event.data['device_receipt']}"
    assert [tuple(row) for row in held(ground, reference)] == [(reason, event.data["amount"])]
    assert ground.bill(bill["bill_id"])["state"] == "under_review"


def test_a_receipt_of_the_device_is_given_once(ground: Ground, device: Device) -> None:
    take(ground, report(device, ground.billed(), device_receipt=3))
    second = report(device, ground.billed(), device_receipt=3)
    take(ground, second)
    assert [row.reason for row in held(ground, second.data["slip"])] == ["device_receipt_used"]


def test_one_slip_is_money_once(ground: Ground, device: Device) -> None:
    first = report(device, ground.billed())
    take(ground, first)
    bill = ground.billed()
    take(ground, report(device, bill, slip=first.data["slip"]))
    assert [tuple(row) for row in held(ground, first.data["slip"])] == [("slip_used", 0)]
    assert ground.bill(bill["bill_id"])["state"] == "created", "nothing paid it"


def test_of_a_bill_that_was_paid_before_it_goes_back(ground: Ground, device: Device) -> None:
    bill = ground.billed()
    take(ground, report(device, bill))
    again = report(device, bill)
    take(ground, again)
    assert held(ground, again.data["slip"]) == [], "nobody need ask whose it is"
    credited = ground.rows("SELECT amount FROM entry WHERE account = 'credit:EG-C-01' AND amount = :a", a=-TOTAL)
    assert credited, "it is the citizen's"
