"""A request's clock and the rail's clock: what payments tells of a payment is what requests counts from. Both services'
capabilities over their own databases, with the very events between them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from chassis.events import decode
from chassis.ids import uuid7
from contracts.events import Event
from services.payments import guide, paying
from services.payments.receipts import CAIRO
from tests.support.payments_ground import PUBLIC, callback_body
from tests.support.payments_ground import Ground as Payments
from tests.support.requests_ground import Ground as Requests
from tests.support.requests_ground import shop


@pytest.fixture(scope="module")
def payments(database_url: Callable[..., str]) -> Iterator[Payments]:
    made = Payments(database_url("payments"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def requests(database_url: Callable[..., str]) -> Iterator[Requests]:
    made = Requests(database_url("requests"))
    yield made
    made.close()


def told(ground: Payments | Requests, prefix: str) -> list[Event]:
    """The newest event of this type that the service wrote."""
    rows = ground.rows("SELECT body FROM event_log WHERE type LIKE :t ORDER BY event_id", t=f"{prefix}%")
    return [decode(bytes(row.body)) for row in rows]


@pytest.mark.parametrize("late", [timedelta(0), timedelta(hours=7), timedelta(days=4), timedelta(days=25)])
def test_the_clock_runs_from_the_rails_payment_time_however_late_the_callback_is(
        payments: Payments, requests: Requests, late: timedelta) -> None:
    requests.fresh()
    definition = shop()
    requests.publish(definition)
    published = Event(uuid7(), "catalog.definition.published.v1", "urn:test", uuid7(), 1, payments.now, "test",
                      {"code": definition["code"], "version": 1, "definition": definition})
    payments.attempt(lambda work: guide.keep(work, published))
    lodged = requests.submit()
    assert requests.row(lodged).due_on is None, "the clock stands until the fee is paid"
    payments.now = requests.now
    payments.follow(told(requests, "requests.request.submitted")[-1])
    [bill] = payments.bills(requests.row(lodged).id)
    payments.attempt(lambda work: paying.start(work, {"bill_id": bill["bill_id"], "rail": "fawry"}), PUBLIC)
    [payment] = payments.rows("SELECT merchant_reference FROM payment WHERE bill_id = :b", b=bill["bill_id"])

    paid_at = (requests.now + timedelta(days=2, hours=3)).replace(microsecond=0)
    payments.now = requests.now = paid_at + late  # only now does anybody hear of it
    amount = f"{bill['total'] // 100}.{bill['total'] % 100:02d}"
    payments.callback(callback_body(
        payment.merchant_reference, reference=str(int(payment.merchant_reference[-9:], 16)), paid=amount,
        ordered=amount, paymentTime=int(paid_at.timestamp() * 1000)))
    paid = [event for event in told(payments, "payments.bill.paid") if event.subject == bill["bill_id"]][-1]
    assert paid.time == paid_at == datetime.fromisoformat(paid.data["paid_at"]).astimezone(UTC)
    requests.hear(paid)

    day = paid_at.astimezone(CAIRO).date()
    assert requests.row(lodged).due_on == day + timedelta(days=60)
    shown = requests.timeline(lodged)["deadline"]
    assert [(part["from"], part["clock"]) for part in shown] == [
        (shown[0]["from"], "stopped"), (day.isoformat(), "running")]


def test_a_fine_that_is_paid_or_expires_moves_no_request(requests: Requests) -> None:
    requests.fresh()
    requests.publish(shop())
    lodged = requests.submit()
    for state in ("paid", "expired"):
        told = requests.bill_event(lodged["request_id"], "inspection", state)
        told.data["kind"] = "fine"
        requests.hear(told)
    assert requests.row(lodged).state == "awaiting_inspection_fee"
    assert requests.rows("SELECT 1 FROM audit WHERE action = 'payment.beside_the_fees' AND subject = :s",
                       s=str(lodged["request_id"]))
