"""Cash that a tablet of the mobile district took: the fee of a licence that it released on the spot.

requests tells of each such receipt once. Where the release stands and the amount is the bill's, it pays the bill under
the device's own receipt number, at the moment of collection. The amount of a bill that was paid elsewhere before is the
citizen's, and goes back. All else (another amount, a bill that was cancelled, a release that was not taken as one) is
posted as held and laid before a person, as money from a
rail is: the clerk has it in hand, whatever the machine thinks of it.

The device is a drawer of its own, `cash:device.<id>`, until its clerk hands it in.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from chassis.database import Statement
from chassis.errors import NotYet
from chassis.ids import uuid7
from chassis.uow import UnitOfWork
from contracts.events import Event
from rules import ledger as ledger_rules
from rules import payment_states
from services.payments import device_slips, held_cash, ledger, receipts, records, refunds, settle
from services.payments.cash import WAY
from services.payments.records import Bill
from services.payments.totals import Source

BILL_MAY_COME = timedelta(hours=1)  # after the report: the fact that asks for the bill may lag behind it

_SEEN = Statement(
    text(
        "SELECT 1 FROM review WHERE rail = :drawer AND reference = :reference UNION ALL "
        "SELECT 1 FROM journal WHERE source = 'money_credited:' || :drawer || ':' || :reference UNION ALL "
        "SELECT 1 FROM receipt JOIN bill ON bill.id = receipt.bill_id WHERE receipt.book = :book "
        "AND receipt.book_serial = :serial AND bill.request_id = :request_id AND bill.stage = :stage"
    )
)
_TAKEN = Statement(text("SELECT 1 FROM receipt WHERE book = :book AND book_serial = :serial UNION ALL "
                        "SELECT 1 FROM receipt_void WHERE book = :book AND serial = :serial"))
_BOOKS = Statement(
    text(
        "SELECT book, max(book_serial) AS last, count(*) AS given, (SELECT array_agg(n) FROM generate_series(1, "
        "max(receipt.book_serial)) AS n WHERE NOT EXISTS (SELECT 1 FROM receipt AS r WHERE r.book = receipt.book "
        "AND r.book_serial = n) AND NOT EXISTS (SELECT 1 FROM receipt_void AS v WHERE v.book = receipt.book "
        "AND v.serial = n)) AS missing FROM receipt WHERE book LIKE 'device:%' GROUP BY book ORDER BY book"
    )
)


def take(work: UnitOfWork, event: Event) -> None:
    """A device reported a receipt. Raises NotYet while the bill may still come."""
    data = event.data
    drawer, reference = f"{held_cash.PREFIX}{data['device_id']}", f"{data['ticket_id']}:{data['device_receipt']}"
    at = min(datetime.fromisoformat(data["collected_at"]), work.now)
    book = _book(data["device_id"], at)
    if work.first(_SEEN, drawer=drawer, reference=reference, book=book, serial=data["device_receipt"],
                  request_id=UUID(data["request_id"]), stage=data["stage"]) is not None:
        return
    bill = _bill(work, data)
    if bill is None and work.now - event.time < BILL_MAY_COME:
        raise NotYet("cash for a bill that is not here")
    if bill is not None:
        work.correlation_id = bill.correlation_id
    if data.get("way", WAY) != WAY:
        device_slips.take(work, data, bill, at, book, taken=work.first(_TAKEN, book=book,
                                                                       serial=data["device_receipt"]) is not None)
        return
    reason = _misfit(work, data, bill, book)
    if bill is not None and reason is None:
        _pay(work, data, bill, drawer, book, at)
    elif bill is not None and reason == settle.PAID_TWICE:
        refunds.raise_credit(work, bill, ledger_rules.cash(drawer), data["amount"], reference=f"{drawer}:{reference}")
    else:
        _hold(work, data, bill, drawer, reference, str(reason))
    work.audit("device.cash_reported", str(bill.id) if bill else data["request_id"], device=data["device_id"],
               receipt=data["device_receipt"], amount=data["amount"], outcome=reason or "paid")


def accept(work: UnitOfWork, review: Any, bill: Bill, number: str) -> Bill:
    """The held cash pays its bill, as a person found: at the moment it was collected, by who collected it."""
    said = held_cash.told(work, review)
    at = datetime.fromisoformat(said["collected_at"])
    paid = records.change_bill(
        work, bill, records.event_of("paid"), occurred=at, collected_by=said["collected_by"], state="paid", paid_at=at,
        receipt_number=number, rail=None, reference=None)
    book = _book(review.rail.removeprefix(held_cash.PREFIX), at)
    taken = work.first(_TAKEN, book=book, serial=said["device_receipt"]) is not None
    receipts.give(work, number, paid, WAY, tendered=paid.total, book=None if taken else book,
                  serial=None if taken else said["device_receipt"], taken_by=said["collected_by"], taken_at=at)
    ledger.post(work, ledger_rules.held_applied(review.rail, number, ledger.charges(paid.lines)), unit=paid.unit,
                bill_id=paid.id, source=Source(paid.service_code, WAY, said["collected_by"]))
    return paid


def books(work: UnitOfWork) -> list[Any]:
    """The receipt books of devices: book, last serial, how many were given, which are missing. A missing one was not
    uploaded yet, or its money is held."""
    return work.all(_BOOKS)


def _bill(work: UnitOfWork, data: dict[str, Any]) -> Bill | None:
    """The bill that the device collected for: the stage's newest."""
    of_stage = [one for one in records.bills_of_request(work, UUID(data["request_id"])) if one.stage == data["stage"]]
    return of_stage[-1] if of_stage else None


def _misfit(work: UnitOfWork, data: dict[str, Any], bill: Bill | None, book: str) -> str | None:
    """Why the cash does not pay the bill; None where it does."""
    if bill is None:
        return "no_bill"
    if data["amount"] != bill.total:
        return "amount_differs"
    if bill.state in payment_states.COLLECTED:
        return settle.PAID_TWICE
    if bill.state in ("cancelled", "under_review"):
        return "paid_after_cancellation" if bill.state == "cancelled" else "paid_under_review"
    if not data["applied"]:
        return "release_not_applied"
    if work.first(_TAKEN, book=book, serial=data["device_receipt"]) is not None:
        return "device_receipt_used"
    return None


def _pay(work: UnitOfWork, data: dict[str, Any], bill: Bill, drawer: str, book: str, at: datetime) -> None:
    step = payment_states.step(bill.state, payment_states.SUCCEEDED)
    number = receipts.next_number(work)
    paid = records.change_bill(work, bill, records.event_of(step.to_state), occurred=at, state=step.to_state,
                               paid_at=at, receipt_number=number, collected_by=data["collected_by"],
                               rail=None, reference=None)  # of a reference that was not used
    receipts.give(work, number, paid, WAY, tendered=paid.total, book=book, serial=data["device_receipt"],
                  taken_by=data["collected_by"], taken_at=at)
    ledger.post(work, ledger_rules.cash_receipt(drawer, number, ledger.charges(paid.lines)), unit=paid.unit,
                bill_id=paid.id, source=Source(paid.service_code, WAY, data["collected_by"]))


def _hold(work: UnitOfWork, data: dict[str, Any], bill: Bill | None, drawer: str, reference: str,
          reason: str) -> None:
    if data["amount"]:
        ledger.post(work, ledger_rules.cash_held(drawer, reference, data["amount"]), unit=data["unit"],
                    bill_id=bill.id if bill else None)
    told = {name: data[name] for name in ("collected_by", "collected_at", "device_receipt", "ticket_id", "serial",
                                          "request_id", "applied", "unit")}
    work.write(settle.REVIEW, id=uuid7(), reason=reason, rail=drawer, reference=reference, merchant_reference=None,
               payment_id=None, bill_id=bill.id if bill else None, amount=data["amount"], raised_at=work.now,
               body=held_cash.seal(work, told))
    if bill is None:
        return
    step = payment_states.step(bill.state, payment_states.WRONG_AMOUNT)
    if step.to_state != bill.state:
        records.change_bill(work, bill, records.event_of(step.to_state), state=step.to_state)


def _book(device_id: str, at: datetime) -> str:
    return f"device:{device_id}/{at.astimezone(receipts.CAIRO).year}"
