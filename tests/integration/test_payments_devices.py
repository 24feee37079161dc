"""Cash that a tablet took: it pays its bill under the device's own receipt, or is held for a person; once, and the
books stay right."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from chassis.actors import Actor
from chassis.errors import NotYet
from chassis.ids import uuid7
from contracts.events import Event
from contracts.requests_mobile import RELEASE_REPORTED
from rules.refusal import Refusal
from services.payments import books, cash, device_cash, drawers, paying, reviews, settle
from services.payments.rails import base
from tests.support.payments_ground import PUBLIC, TOTAL, Ground
from tests.support.refunds_ground import STRANGER, decide, hand_over

OPERATOR = Actor(id="operator:mona", kind="operator", roles=())
CASHIER = Actor(id="staff:cashier", kind="staff", roles=("cashier",), unit="EG-C-01")
MANAGER = Actor(id="staff:manager", kind="staff", roles=("centre_manager",), unit="EG-C-01")
REASON = "راجعت الإيصال مع المحصل"


@pytest.fixture(scope="module")
def opened(database_url: Callable[..., str]) -> Iterator[Ground]:
    made = Ground(database_url("payments"))
    made.publish()
    made.at_counter(CASHIER, opening=10 * TOTAL)
    yield made
    made.close()


@pytest.fixture
def ground(opened: Ground) -> Iterator[Ground]:
    yield opened
    assert opened.faults() == []


class Device:
    """A tablet as payments hears of it."""

    def __init__(self, ground: Ground) -> None:
        self.ground, self.id, self.receipt = ground, uuid7(), 0

    def report(self, bill: dict[str, Any], **changes: Any) -> Event:
        if "device_receipt" not in changes:
            self.receipt += 1
        at = self.ground.now - timedelta(hours=3)
        data = {"ticket_id": str(uuid7()), "request_id": str(bill["request_id"]), "unit": "EG-C-01",
                "tracking_number": "01-26-00000000-K", "stage": bill["stage"], "amount": TOTAL,
                "device_id": str(self.id), "device_receipt": self.receipt, "collected_by": "staff:mobile",
                "collected_at": at.isoformat(), "serial": "C-2026-000001-T", "applied": True, **changes}
        assert not RELEASE_REPORTED.schema().validate(data)
        return Event(uuid7(), RELEASE_REPORTED.name, "urn:test", uuid7(), 1, self.ground.now, "test", data)

    @property
    def drawer(self) -> str:
        return f"device.{self.id}"

    def book(self) -> list[tuple[str, int]]:
        return [(row.book, row.book_serial) for row in self.ground.rows(
            "SELECT book, book_serial FROM receipt WHERE book LIKE :b ORDER BY 2", b=f"device:{self.id}/%")]


@pytest.fixture
def device(ground: Ground) -> Device:
    return Device(ground)


def take(ground: Ground, event: Event) -> None:
    ground.attempt(lambda work: device_cash.take(work, event))


def held(ground: Ground, device: Device) -> list[Any]:
    return ground.rows("SELECT * FROM review WHERE rail = :r AND settled_at IS NULL ORDER BY raised_at",
                       r=device.drawer)


def returned(ground: Ground, review: Any) -> None:
    """Held cash goes back over the counter: one person asks, another approves, a cashier hands it over."""
    refund_id = ground.attempt(lambda work: reviews.give_back(work, review.id, REASON), OPERATOR)
    decide(ground, refund_id)
    assert hand_over(ground, refund_id, CASHIER)["way"] == "cash"


def test_the_devices_receipt_pays_the_bill_at_the_moment_it_was_collected(ground: Ground, device: Device) -> None:
    bill = ground.billed()
    ground.attempt(lambda work: paying.start(work, {"bill_id": bill["bill_id"], "rail": "fawry"}), PUBLIC)
    ours = ground.rows("SELECT merchant_reference FROM payment WHERE bill_id = :b", b=bill["bill_id"])[0][0]
    ground.attempt(lambda work: settle.take(work, "fawry", base.Report(ours, base.NEW, "9800000001"), "charge"))
    assert ground.bill(bill["bill_id"])["reference"] == "9800000001"
    event = device.report(bill, device_receipt=17)
    take(ground, event)
    paid = ground.bill(bill["bill_id"])
    assert (paid["state"], paid["paid_at"].isoformat()) == ("paid", event.data["collected_at"])
    assert (paid["rail"], paid["reference"]) == (None, None), "it was paid in another way"
    told = ground.events(bill["bill_id"])[-1]
    assert (told.type, told.data["collected_by"]) == ("payments.bill.paid.v1", "staff:mobile")
    assert told.time.isoformat() == event.data["collected_at"]
    assert device.book() == [(f"device:{device.id}/2026", 17)]
    assert ground.balances()[f"cash:{device.drawer}"] == TOTAL


def test_the_same_report_again_changes_nothing(ground: Ground, device: Device) -> None:
    event = device.report(ground.billed())
    for _ in range(3):
        take(ground, event)
    assert ground.balances()[f"cash:{device.drawer}"] == TOTAL
    assert len(device.book()) == 1 and held(ground, device) == []


def credited(ground: Ground, bill: dict[str, Any]) -> list[Any]:
    return ground.rows("SELECT account, amount FROM credit WHERE bill_id = :b", b=bill["bill_id"])


def test_a_tablets_drawer_is_counted_into_the_cashiers(ground: Ground, device: Device) -> None:
    bill = ground.billed()
    take(ground, device.report(bill))
    before, shift_id = ground.balances(), ground.at_counter(CASHIER)
    held = before[f"cash:{device.drawer}"]
    body = {"device_id": device.id, "count": {"20000": held // 20_000, "100": 1}, "reason": None}
    with pytest.raises(Refusal, match="difference_reason_required"):
        ground.attempt(lambda work: drawers.hand_in(work, body), CASHIER)
    told = ground.attempt(lambda work: drawers.hand_in(work, {**body, "reason": "عد الموظف مرتين"}), CASHIER)
    counted = held // 20_000 * 20_000 + 100
    assert (told["expected"], told["counted"], told["difference"]) == (held, counted, counted - held)
    after = ground.balances()
    assert after[f"cash:{device.drawer}"] == 0
    assert after["cash:EG-C-01"] - before.get("cash:EG-C-01", 0) == counted
    assert after["difference:EG-C-01"] - before.get("difference:EG-C-01", 0) == held - counted
    assert ground.rows("SELECT amount FROM shift_move WHERE shift_id = :s AND kind = 'drawer_handed_in'",
                       s=shift_id) == [(counted,)]
    with pytest.raises(Refusal, match="drawer_unknown"):
        ground.attempt(lambda work: drawers.hand_in(work, body), CASHIER)


def test_a_number_that_a_tablet_never_used_is_void_and_pays_nothing_afterwards(ground: Ground, device: Device) -> None:
    take(ground, device.report(ground.billed(), device_receipt=2))

    def void(serial: int, actor: Actor = MANAGER) -> Any:
        body = {"device_id": device.id, "year": 2026, "serial": serial, "reason": "أعيد تشغيل الجهاز"}
        return ground.attempt(lambda work: books.void_of_device(work, body), actor)

    with pytest.raises(Refusal, match="receipt_number_used"):
        void(2)
    with pytest.raises(Refusal, match="forbidden"):
        void(1, CASHIER)
    assert void(1) == {"book": f"device:{device.id}/2026", "serial": 1}
    with pytest.raises(Refusal, match="receipt_number_used"):
        void(1)
    [book] = [row for row in ground.attempt(device_cash.books) if str(device.id) in row.book]
    assert not book.missing
    take(ground, device.report(ground.billed(), device_receipt=1))
    assert [row.reason for row in held(ground, device)] == ["device_receipt_used"]


def test_cash_for_a_bill_that_was_paid_meanwhile_is_the_citizens(ground: Ground, device: Device) -> None:
    bill = ground.billed()
    ground.attempt(lambda work: cash.take(work, {"bill_id": bill["bill_id"], "tendered": TOTAL}), CASHIER)
    event = device.report(bill)
    for _ in range(2):
        take(ground, event)
    assert held(ground, device) == [] and credited(ground, bill) == [(f"cash:{device.drawer}", TOTAL)]
    assert ground.bill(bill["bill_id"])["state"] == "paid"
    assert ground.balances()[f"cash:{device.drawer}"] == TOTAL
    [asked] = ground.rows("SELECT state, way FROM refund WHERE bill_id = :b", b=bill["bill_id"])
    assert asked == ("requested", "cash")


def test_another_amount_is_held_and_the_bill_waits_for_a_person(ground: Ground, device: Device) -> None:
    bill = ground.billed()
    take(ground, device.report(bill, amount=TOTAL - 50))
    [review] = held(ground, device)
    assert (review.reason, review.amount) == ("amount_differs", TOTAL - 50)
    assert ground.bill(bill["bill_id"])["state"] == "under_review"
    returned(ground, review)
    assert [one["state"] for one in ground.bills(bill["request_id"])] == ["cancelled", "created"]


def test_held_cash_goes_back_out_of_the_counters_drawer_also_after_the_tablet_was_emptied(
        ground: Ground, device: Device) -> None:
    take(ground, device.report(ground.billed(), amount=5_000))
    [review] = held(ground, device)
    shift_id = ground.at_counter(CASHIER)
    body = {"device_id": device.id, "count": {"5000": 1}, "reason": None}
    ground.attempt(lambda work: drawers.hand_in(work, body), CASHIER)
    before = ground.balances()["cash:EG-C-01"]
    returned(ground, review)
    assert ground.balances()[f"cash:{device.drawer}"] == 0 == ground.balances()[f"held:{device.drawer}"]
    assert before - ground.balances()["cash:EG-C-01"] == 5_000
    assert ground.rows("SELECT amount FROM shift_move WHERE shift_id = :s AND kind = 'held_refunded'",
                       s=shift_id)[-1] == (-5_000,)


def test_who_collected_the_cash_does_not_approve_that_it_goes_back(ground: Ground, device: Device) -> None:
    take(ground, device.report(ground.billed(), amount=TOTAL - 50))
    [review] = held(ground, device)
    refund_id = ground.attempt(lambda work: reviews.give_back(work, review.id, REASON), OPERATOR)
    collector = Actor(id="staff:mobile", kind="staff", roles=("finance_officer",), unit="EG-C-01")
    with pytest.raises(Refusal, match="refund_own"):
        decide(ground, refund_id, actor=collector)


def test_cash_of_a_release_that_was_not_taken_is_held_until_a_person_accepts_it(
        ground: Ground, device: Device) -> None:
    bill = ground.billed()
    event = device.report(bill, applied=False)
    take(ground, event)
    [review] = held(ground, device)
    assert (review.reason, ground.bill(bill["bill_id"])["state"]) == ("release_not_applied", "under_review")
    ground.attempt(lambda work: reviews.accept(work, review.id, REASON), OPERATOR)
    told = ground.events(bill["bill_id"])[-1]
    assert (told.type, told.data["collected_by"]) == ("payments.bill.paid.v1", "staff:mobile")
    assert told.time.isoformat() == event.data["collected_at"]
    assert device.book() == [(f"device:{device.id}/2026", 1)] and held(ground, device) == []


def test_one_receipt_number_for_two_bills_settles_one_and_holds_the_other(ground: Ground, device: Device) -> None:
    first, second = ground.billed(), ground.billed()
    take(ground, device.report(first))
    take(ground, device.report(second, device_receipt=1))
    assert [review.reason for review in held(ground, device)] == ["device_receipt_used"]
    assert ground.bill(first["bill_id"])["state"] == "paid"
    assert ground.balances()[f"cash:{device.drawer}"] == 2 * TOTAL


def test_a_second_receipt_for_one_bill_is_second_money(ground: Ground, device: Device) -> None:
    bill = ground.billed()
    take(ground, device.report(bill))
    take(ground, device.report(bill))
    assert held(ground, device) == [] and credited(ground, bill) == [(f"cash:{device.drawer}", TOTAL)]


def test_a_bill_that_expired_while_the_tablet_was_offline_is_paid_all_the_same(ground: Ground, device: Device) -> None:
    bill = ground.billed()
    with ground.database.transaction() as connection:
        connection.exec_driver_sql(
            f"UPDATE bill SET state = 'expired' WHERE id = '{bill['bill_id']}'")
    take(ground, device.report(bill))
    assert ground.bill(bill["bill_id"])["state"] == "paid"


def test_cash_comes_before_its_bill_and_waits_for_it_but_not_for_ever(ground: Ground, device: Device) -> None:
    nowhere = {"request_id": uuid7(), "stage": "final"}
    event = device.report(nowhere)
    with pytest.raises(NotYet):
        take(ground, event)
    ground.wait(hours=2)
    take(ground, event)
    [review] = held(ground, device)
    assert (review.reason, review.bill_id) == ("no_bill", None)
    with pytest.raises(Refusal, match="forbidden"):
        ground.attempt(lambda work: reviews.settle_one(
            work, {"review_id": review.id, "decision": "return", "reason": REASON}), STRANGER)
    returned(ground, review)
    assert held(ground, device) == [] and ground.balances()[f"held:{device.drawer}"] == 0


def test_what_is_missing_in_a_devices_book_is_named(ground: Ground, device: Device) -> None:
    for number in (1, 4):
        take(ground, device.report(ground.billed(), device_receipt=number))
    [book] = [one for one in device_cash.books(ground.unit_of_work()) if str(device.id) in one.book]
    assert (book.last, book.given, book.missing) == (4, 2, [2, 3])


def test_who_collected_is_kept_in_the_review_under_seal(ground: Ground, device: Device) -> None:
    take(ground, device.report(ground.billed(), applied=False))
    [review] = held(ground, device)
    assert "staff:mobile" not in review.body
    assert UUID(str(review.bill_id))
    ground.attempt(lambda work: reviews.accept(work, review.id, REASON), OPERATOR)
