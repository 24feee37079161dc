"""What a rail reports, wherever it was heard (callback, question, answer to a charge, slip), becomes a change of the
books.

The same report twice changes nothing. Money is never argued away: the amount of a bill that was paid before is the
citizen's, and goes back; what else does not pay the bill is posted as held and laid before a person. What each report
does to the bill is the table of rules.payment_states.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from chassis.database import Statement
from chassis.ids import uuid7
from chassis.uow import UnitOfWork
from rules import ledger as accounts
from rules import payment_states
from services.payments import ledger, receipts, records, refund_reports, refunds, reported, tables
from services.payments.rails import base
from services.payments.rails.base import Report
from services.payments.records import Bill, Payment

LIVE = ("created", "pending")
FIRST_QUESTION = timedelta(seconds=15)  # the rail is asked by itself when no callback came for so long
SEALED = "payments.review.body"

_TAKE = Statement.insert(tables.callback)
REVIEW = Statement.insert(tables.review, "id", "reason", "rail", "reference", "merchant_reference", "payment_id",
                          "bill_id", "amount", "body", "raised_at")

# Outcomes that leave the payment as it was.
LEFT_ALONE = ("reference_unknown", "reference_differs", "refund_reported", "stale", refund_reports.CONFIRMED,
              refund_reports.KNOWN)
PAID_TWICE = "paid_twice"
_ENDS = {base.FAILED: "failed", base.EXPIRED: "expired", base.CANCELLED: "cancelled"}


@dataclass(frozen=True, slots=True)
class ByDevice:
    """What a device says of a card that it took: its own receipt, when, and why a person is to look at it, if so."""

    book: str
    serial: int
    at: datetime
    doubt: str | None


def take(work: UnitOfWork, rail: str, report: Report, source: str, body: str = "") -> str | None:
    """Apply a genuine report and answer what became of it; None when it was no news."""
    met = reported.meet(work, rail, report)
    if met.repeated:
        return None
    return apply(work, rail, met.payment, met.bill, report, source, body, serial=met.serial)


def apply(work: UnitOfWork, rail: str, payment: Payment | None, bill: Bill | None, report: Report, source: str,
          body: str = "", collected_by: str | None = None, serial: int | None = None, book: str | None = None,
          by_device: ByDevice | None = None) -> str | None:
    """Apply a report that is news to the payment that it speaks of. `collected_by`: who took it at a terminal, and
    `book`: whose next number its receipt takes. `serial`: of its receipt, where it was drawn already.
    `by_device`: a tablet took it."""
    amount = report.amount or 0
    if payment is None or bill is None:
        outcome = _unknown(work, rail, report, body, "reference_unknown")
    elif report.reference and payment.reference and report.reference != payment.reference:
        outcome = _unknown(work, rail, report, body, "reference_differs")
    else:
        work.correlation_id = bill.correlation_id
        if report.status == base.NEW:
            return _adopt(work, payment, bill, report)
        if report.status == base.PAID:
            outcome = _paid(work, payment, bill, report, body, collected_by, serial, book, by_device)
        elif report.status in _ENDS:
            outcome = _ended(work, payment, bill, report)
        else:
            outcome = refund_reports.take(work, payment, report) or "refund_reported"
            if outcome == "refund_reported":  # money went back that nobody here ordered
                _review(work, rail, report, body, outcome, payment, bill)
    work.write(_TAKE, **reported.key(rail, report), payment_id=payment.id if payment else None, source=source,
               outcome=outcome, taken_at=work.now)
    work.audit("payment.reported", str(payment.id) if payment else f"{rail}:{report.merchant_reference}",
               status=report.status, amount=amount, outcome=outcome, source=source)
    return outcome


def _adopt(work: UnitOfWork, payment: Payment, bill: Bill, report: Report) -> str | None:
    """The rail has given its reference: the citizen can be told what to quote. Without one there is no news."""
    if report.reference is None or payment.reference is not None or payment.state not in LIVE:
        return None
    records.change_payment(work, payment, state="pending", reference=report.reference, pay_url=report.pay_url,
                           attempts=0, next_at=work.now + FIRST_QUESTION, error=None)
    if (bill.state, payment_states.STARTED) in payment_states.STEPS:
        state = payment_states.step(bill.state, payment_states.STARTED).to_state
        records.change_bill(work, bill, records.event_of(state), state=state, rail=payment.rail,
                            reference=report.reference)
    return "pending"


def _paid(work: UnitOfWork, payment: Payment, bill: Bill, report: Report, body: str,
          collected_by: str | None, serial: int | None, book: str | None, by_device: ByDevice | None) -> str:
    amount = report.amount or 0
    doubt = by_device.doubt if by_device else None
    trigger = payment_states.SUCCEEDED if amount == bill.total and not doubt else payment_states.WRONG_AMOUNT
    step = payment_states.step(bill.state, trigger)
    settles = step.effect == payment_states.RECEIPT
    credited = step.effect == payment_states.CREDIT
    paid_at = min(report.paid_at or work.now, work.now)  # the rail's time, unless its clock is ahead of ours
    records.change_payment(
        work, payment, state="paid" if settles or credited else "under_review",
        reference=report.reference or payment.reference, paid_amount=(payment.paid_amount or 0) + amount,
        settled_at=paid_at, next_at=None, error=None)
    if settles:
        number = receipts.next_number(work, serial)
        paid = records.change_bill(work, bill, records.event_of(step.to_state), occurred=paid_at, state=step.to_state,
                                   rail=payment.rail, reference=report.reference, paid_at=paid_at,
                                   receipt_number=number, collected_by=collected_by)
        own = by_device
        receipts.give(work, number, paid, payment.rail, payment_id=payment.id, book=own.book if own else book,
                      serial=own.serial if own else None, taken_by=collected_by if own else None,
                      taken_at=own.at if own else None)
        ledger.post_rail(work, paid, number, payment.rail, payment.id)
        return step.to_state
    if credited:
        refunds.raise_credit(work, bill, accounts.rail(payment.rail), amount, payment_id=payment.id, rail=payment.rail,
                             reference=_held_reference(payment.rail, report))
        return PAID_TWICE
    reason = _reason(bill, trigger) if amount != bill.total or not doubt else doubt
    if amount:
        ledger.post_held(work, payment.rail, _held_reference(payment.rail, report), amount, bill=bill,
                         payment_id=payment.id)
    _review(work, payment.rail, report, body, reason, payment, bill)
    if step.to_state != bill.state:
        records.change_bill(work, bill, records.event_of(step.to_state), state=step.to_state, rail=payment.rail,
                            reference=report.reference)
    return reason


def _reason(bill: Bill, trigger: str) -> str:
    if trigger == payment_states.WRONG_AMOUNT:
        return "amount_differs"
    return "paid_after_cancellation" if bill.state == "cancelled" else "paid_under_review"


def _ended(work: UnitOfWork, payment: Payment, bill: Bill, report: Report) -> str:
    """A reference came to nothing. The bill can be paid in another way until its own time is over, so a rail that lets
    its reference expire early does not lapse the request."""
    if payment.state not in LIVE:
        return "stale"
    # Where the payer can still pay the same reference, the rail is asked on: its next callback may be lost.
    records.change_payment(work, payment, state=_ENDS[report.status], settled_at=work.now, attempts=0,
                           next_at=None if report.final else work.now + FIRST_QUESTION,
                           reference=report.reference or payment.reference)
    if bill.reference != (report.reference or payment.reference):
        return _ENDS[report.status]
    over = bill.expires_at is not None and bill.expires_at <= work.now
    step = payment_states.step(bill.state, payment_states.EXPIRED if over else payment_states.FAILED)
    if step.changes:
        records.change_bill(work, bill, records.event_of(step.to_state), state=step.to_state)
    return _ENDS[report.status]


def _unknown(work: UnitOfWork, rail: str, report: Report, body: str, reason: str) -> str:
    """Genuine, but about nothing we know. Money among it is held; the rest is for a person to read."""
    if report.status == base.PAID and report.amount:
        ledger.post_held(work, rail, _held_reference(rail, report), report.amount)
    _review(work, rail, report, body, reason, None, None)
    return reason


def _held_reference(rail: str, report: Report) -> str:
    """What the money is posted under, once: two rails may give out the same number."""
    return f"{rail}:{report.reference or report.merchant_reference}:{report.amount}"


def _review(work: UnitOfWork, rail: str, report: Report, body: str, reason: str, payment: Payment | None,
            bill: Bill | None) -> None:
    work.write(REVIEW, id=uuid7(), reason=reason, rail=rail, reference=report.reference,
               merchant_reference=report.merchant_reference, payment_id=payment.id if payment else None,
               bill_id=bill.id if bill else None, amount=report.amount or 0,
               body=work.privacy.seal(body, field=SEALED) if body else None, raised_at=work.now)
