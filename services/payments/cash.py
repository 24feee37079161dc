"""Cash at the counter."""

from __future__ import annotations

from typing import Any

from chassis.uow import UnitOfWork
from contracts import payments as language
from rules import payment_states
from rules.refusal import refuse
from services.payments import books, ledger, receipts, records, shifts

WAY = "cash"


def take(work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
    """A cashier takes the whole amount of a bill of the own unit in the own shift. Refuses forbidden, bill_unknown,
    shift_required, bill_not_payable, amount_insufficient. The answer's `change` and all amounts are piastres."""
    standing = records.bill(work, body["bill_id"])
    work.require("bill.take_cash", unit=standing.unit)
    shift = shifts.enter(work)
    if standing.expires_at is not None and standing.expires_at <= work.now:  # not swept yet, over all the same
        raise refuse("bill_not_payable", "bill_id", **payment_states.told("expired"))
    step = payment_states.step(standing.state, payment_states.CASH_TAKEN)
    tendered = body["tendered"]
    if tendered < standing.total:
        raise refuse("amount_insufficient", "tendered", missing=standing.total - tendered)
    number = receipts.next_number(work)
    paid = records.change_bill(work, standing, language.PAID, state=step.to_state, paid_at=work.now,
                               rail=None, reference=None,  # of a reference that was not used
                               receipt_number=number, collected_by=work.actor.id)
    receipts.give(work, number, paid, WAY, tendered=tendered, book=books.of_counter(shift.counter, work.now))
    ledger.post_cash(work, paid, number, shift.id)
    work.audit("bill.cash_taken", str(paid.id), amount=paid.total, receipt_number=number, shift=str(shift.id))
    return {"bill_id": paid.id, "state": paid.state, "receipt_number": number, "change": tendered - paid.total}
