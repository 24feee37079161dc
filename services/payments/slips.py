"""Card payments at a terminal of the counter, as the cashier types them in from the slip."""

from __future__ import annotations

from typing import Any

from chassis.database import Statement
from chassis.ids import uuid7
from chassis.uow import UnitOfWork
from rules import slips
from rules.refusal import refuse
from services.payments import books, records, settle, shifts, tables_counter
from services.payments.rails import RAILS, pos
from services.payments.rails.base import PAID, Report
from services.payments.records import Payment

_OF_SHIFT = Statement.insert(tables_counter.shift_slip)


def take(work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
    """A cashier enters the slip of a card payment for a bill of the own unit. The card was charged before we hear of
    it, so the money is never argued away: another amount than the bill's, or a bill that was cancelled meanwhile, is
    laid before a person (`state` under_review); for a bill that was paid meanwhile it goes back (`state` credited).
    The slip belongs to the cashier's shift, and its receipt to the book of
    the counter, as one for cash does. Refuses forbidden, rail_unavailable, bill_unknown, shift_required,
    slip_field_invalid, slip_terminal_unknown, slip_used."""
    rail = RAILS.of(work.settings, pos.NAME)
    bill = records.bill(work, body["bill_id"])
    work.require("bill.take_cash", unit=bill.unit)
    slip = slips.read(body["terminal_id"], body["batch"], body["approval_code"], body["last4"])
    if not isinstance(rail, pos.Terminals) or not rail.stands_at(slip.terminal_id, bill.unit):
        raise refuse("slip_terminal_unknown", "slip/terminal_id")
    used = records.payment_with_reference(work, pos.NAME, slip.reference)
    if used is not None:
        raise refuse("slip_used", "slip", bill_number=used[1].number)
    shift = shifts.enter(work)
    taken_at = min(body.get("taken_at") or work.now, work.now)
    payment_id = uuid7()
    payment = Payment(id=payment_id, version=1, bill_id=bill.id, rail=pos.NAME, merchant_reference=payment_id.hex,
                      state="created", amount=bill.total, started_at=work.now, expires_at=None, attempts=0,
                      next_at=None)
    records.add_payment(work, payment)
    work.write(_OF_SHIFT, payment_id=payment_id, shift_id=shift.id, terminal_id=slip.terminal_id, batch=slip.batch,
               amount=body["amount"])
    report = Report(payment.merchant_reference, PAID, slip.reference, body["amount"], taken_at)
    outcome = settle.apply(work, pos.NAME, payment, bill, report, "slip", collected_by=work.actor.id,
                           book=books.of_counter(shift.counter, work.now))
    work.audit("bill.slip_taken", str(bill.id), amount=body["amount"], terminal_id=slip.terminal_id, outcome=outcome)
    state = {"paid": "paid", settle.PAID_TWICE: "credited"}.get(str(outcome), "under_review")
    return {"payment_id": payment_id, "state": state, "reference": slip.reference}
