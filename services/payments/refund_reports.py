"""What a rail says of money that it gave back: the confirmation of an order of ours, or news for a person."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

from chassis.uow import UnitOfWork
from rules import refunds as rules
from services.payments import records, refund_records, refunds
from services.payments.rails import base, centre
from services.payments.rails.base import Report
from services.payments.records import Payment
from services.payments.refund_records import Refund

CONFIRMED, KNOWN = "refund_confirmed", "refund_known"


class Ordered(Protocol):
    """An order to give money back: of ours, or at the centre of a node's."""

    @property
    def state(self) -> str: ...

    @property
    def amount(self) -> int: ...

    @property
    def reference(self) -> str | None: ...


Of = TypeVar("Of", bound=Ordered)


def through_rail(work: UnitOfWork, payment: Payment) -> list[Refund]:
    """The refunds of one payment that went or go through its rail."""
    return [one for one in refund_records.of_bill(work, payment.bill_id)
            if one.payment_id == payment.id and one.way == rules.RAIL]


def take(work: UnitOfWork, payment: Payment, report: Report) -> str | None:
    """Apply a rail's word that it gave money back; what became of it, or None when it fits nothing that we know of. A
    rail of the centre's tells of our own orders by refund_wishes.py alone: both books follow that one word."""
    if payment.rail == centre.NAME:
        return None
    waiting = belongs(work, payment, report)
    if waiting is not None:
        bill = records.bill(work, payment.bill_id)
        refunds.confirm(work, waiting, bill, reference=report.news or waiting.reference)
        return CONFIRMED
    return KNOWN if is_known(through_rail(work, payment), payment.paid_amount, report) else None


def belongs(work: UnitOfWork, payment: Payment, report: Report) -> Refund | None:
    """The order of ours that the report confirms."""
    return meant(through_rail(work, payment), payment.paid_amount, report)


def meant(mine: Sequence[Of], paid_amount: int | None, report: Report) -> Of | None:
    """Of the orders to give back of one payment, the one that a report confirms. A rail that does not say how much it
    has given back in all is believed where there is only one order that it can mean. Amounts are piastres."""
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
    total = _in_all(paid_amount, report)
    if total is not None:
        return one if total == sum(other.amount for other in done) + one.amount else None
    return one if not done and one.amount < (paid_amount or 0) else None


def is_known(mine: Sequence[Ordered], paid_amount: int | None, report: Report) -> bool:
    """Whether the report only repeats what is known to be done."""
    done = [one for one in mine if one.state == "done"]
    if report.news is not None and report.news in [one.reference for one in done]:
        return True
    if report.returned is not None:
        return False
    total, given = _in_all(paid_amount, report), sum(one.amount for one in done)
    return bool(done) and (total is None or total == given)


def _in_all(paid_amount: int | None, report: Report) -> int | None:
    if report.refunded is not None:
        return report.refunded
    return paid_amount if report.status == base.REFUNDED else None
