"""A card that the clerk of a tablet charged at a terminal, and whose slip the tablet reports with its release.

As at a counter (slips.py) the card was charged before we hear of it, so the money is never argued away: where the
release was not taken as one, the terminal is not known, the receipt was used, the bill asks for another amount or is
not there, it is held under the rail and laid before a person. Money that one slip paid is counted once.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from chassis.ids import uuid7
from chassis.uow import UnitOfWork
from rules import slips
from rules.refusal import Refusal
from services.payments import records, settle
from services.payments.rails import RAILS, pos
from services.payments.rails.base import PAID, Report
from services.payments.records import Bill, Payment


def take(work: UnitOfWork, data: dict[str, Any], bill: Bill | None, at: datetime, book: str, *, taken: bool) -> None:
    """Book what the tablet reports of a card. `taken`: its receipt's number was given before."""
    reference = data["slip"] or f"device.{data['device_id']}:{data['device_receipt']}"
    used = records.payment_with_reference(work, pos.NAME, reference)
    if used is not None:
        _put_before_a_person(work, reference, used[1])
        return
    doubt = _doubt(work, data, taken)
    payment_id = uuid7()
    report = Report(payment_id.hex, PAID, reference, data["amount"], at)
    payment = None
    if bill is not None:
        payment = Payment(id=payment_id, version=1, bill_id=bill.id, rail=pos.NAME, merchant_reference=payment_id.hex,
                          state="created", amount=bill.total, started_at=work.now, expires_at=None, attempts=0,
                          next_at=None)
        records.add_payment(work, payment)
    outcome = settle.apply(work, pos.NAME, payment, bill, report, "slip", collected_by=data["collected_by"],
                           by_device=settle.ByDevice(book, data["device_receipt"], at, doubt))
    work.audit("device.slip_reported", str(bill.id) if bill else data["request_id"], device=data["device_id"],
               receipt=data["device_receipt"], amount=data["amount"], outcome=outcome)


def _doubt(work: UnitOfWork, data: dict[str, Any], taken: bool) -> str | None:
    if not data["applied"]:
        return "release_not_applied"
    if taken:
        return "device_receipt_used"
    try:
        rail = RAILS.of(work.settings, pos.NAME)
        terminal = slips.of_reference(data["slip"] or "").terminal_id
    except Refusal:
        return "slip_terminal_unknown"
    known = isinstance(rail, pos.Terminals) and rail.stands_at(terminal, data["unit"])
    return None if known else "slip_terminal_unknown"


def _put_before_a_person(work: UnitOfWork, reference: str, paid: Bill) -> None:
    """The slip paid something before: no money came a second time, and who says so is asked."""
    work.write(settle.REVIEW, id=uuid7(), reason="slip_used", rail=pos.NAME, reference=reference,
               merchant_reference=None, payment_id=None, bill_id=paid.id, amount=0, body=None, raised_at=work.now)
