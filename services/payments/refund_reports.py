"""What a rail says of money that it gave back: the confirmation of an order of ours, or news for a person."""

from __future__ import annotations

from chassis.uow import UnitOfWork
from rules import refunds as rules
from services.payments import records, refund_records, refunds
from services.payments.rails import base
from services.payments.rails.base import Report
from services.payments.records import Payment
from services.payments.refund_records import Refund

CONFIRMED, KNOWN = "refund_confirmed", "refund_known"


def through_rail(work: UnitOfWork, payment: Payment) -> list[Refund]:
    """The refunds of one payment that went or go through its rail."""
    return [one for one in refund_records.of_bill(work, payment.bill_id)
            if one.payment_id == payment.id and one.way == rules.RAIL]


def take(work: UnitOfWork, payment: Payment, report: Report) -> str | None:
    """Apply a rail's word that it gave money back; what became of it, or None when it fits nothing that we know of."""
    waiting = belongs(work, payment, report)
    if waiting is not None:
        bill = records.bill(work, payment.bill_id)
        refunds.confirm(work, waiting, bill, reference=report.news or waiting.reference)
        return CONFIRMED
    return KNOWN if _known(work, payment, report) else None


def belongs(work: UnitOfWork, payment: Payment, report: Report) -> Refund | None:
    """The order of ours that the report confirms. A rail that does not say how much it has given back in all is
    believed where there is only one order that it can mean."""
    mine = through_rail(work, payment)
    waiting = [one for one in mine if one.state in rules.AT_RAIL]
    if len(waiting) != 1 or report.status not in (base.REFUNDED, base.PARTLY_REFUNDED):
        return None
    one, done = waiting[0], [other for other in mine if other.state == "done"]
    if report.news is not None and report.news in [other.reference for other in done]:
        return None
    if report.news is not None and report.news == one.reference:
        return one
    if report.returned is not None:
        return one if report.returned == one.amount else None
    total = _in_all(payment, report)
    if total is not None:
        return one if total == sum(other.amount for other in done) + one.amount else None
    return one if not done and one.amount < (payment.paid_amount or 0) else None


def _known(work: UnitOfWork, payment: Payment, report: Report) -> bool:
    done = [one for one in through_rail(work, payment) if one.state == "done"]
    if report.news is not None and report.news in [one.reference for one in done]:
        return True
    if report.returned is not None:
        return False
    total, given = _in_all(payment, report), sum(one.amount for one in done)
    return bool(done) and (total is None or total == given)


def _in_all(payment: Payment, report: Report) -> int | None:
    if report.refunded is not None:
        return report.refunded
    return payment.paid_amount if report.status == base.REFUNDED else None
