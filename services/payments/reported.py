"""What a report of a rail meets, read in one round trip: whether it is news, the payment and bill that it speaks of,
and the serial of the receipt where it pays that bill."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import Text, and_, bindparam, case, cast, literal_column, select

from chassis.database import Statement
from chassis.uow import UnitOfWork
from rules import payment_states
from services.payments import tables
from services.payments.rails import base
from services.payments.rails.base import Report
from services.payments.records import Bill, Payment

# Only a bill in these takes a receipt, so that a repeat or a misfit leaves no hole in the numbers.
_PAYABLE = sorted(state for (state, trigger), step in payment_states.STEPS.items()
                  if trigger == payment_states.SUCCEEDED and step.effect == payment_states.RECEIPT)


@dataclass(frozen=True, slots=True)
class Met:
    """`repeated`: the same news was taken before, and then nothing else is told. `serial`: of the receipt, where the
    report pays the bill."""

    repeated: bool
    payment: Payment | None = None
    bill: Bill | None = None
    serial: int | None = None


def _statement(by: str) -> Statement:
    always = select(literal_column("1").label("one")).subquery("always")
    taken, payment, bill = tables.callback, tables.payment, tables.bill
    status, amount = cast(bindparam("wanted_status"), Text), bindparam("wanted_amount", type_=bill.c.total.type)
    pays = and_(taken.c.rail.is_(None), status == _word(base.PAID), bill.c.total == amount,
                bill.c.state.in_([_word(state) for state in _PAYABLE]))
    return Statement(
        select(taken.c.rail.label("repeated"), case((pays, tables.receipt_serial.next_value())).label("serial"),
               *(payment.c[field.name].label(f"payment__{field.name}") for field in fields(Payment)),
               *(bill.c[field.name].label(f"bill__{field.name}") for field in fields(Bill)))
        .select_from(always)
        .outerjoin(taken, and_(taken.c.rail == bindparam("wanted_rail"), taken.c.reference == bindparam("wanted_news"),
                               taken.c.status == status, taken.c.amount == amount))
        .outerjoin(payment, and_(payment.c.rail == bindparam("wanted_rail"),
                                 payment.c[by] == bindparam("wanted_reference")))
        .outerjoin(bill, bill.c.id == payment.c.bill_id))


def _word(word: str) -> Any:
    return literal_column(f"'{word}'")


_BY_OURS, _BY_THEIRS = _statement("merchant_reference"), _statement("reference")


def key(rail: str, report: Report) -> dict[str, Any]:
    """What makes two reports the same news."""
    return {"rail": rail, "reference": report.news or report.reference or f"ours:{report.merchant_reference}",
            "status": report.status, "amount": report.amount or report.refunded or 0}


def meet(work: UnitOfWork, rail: str, report: Report) -> Met:
    """Look for what the report speaks of: by our reference, or by the rail's where the report only claims ours."""
    news = key(rail, report)
    row = work.one(_BY_THEIRS if report.claimed else _BY_OURS, wanted_rail=rail, wanted_news=news["reference"],
                   wanted_status=news["status"], wanted_amount=news["amount"],
                   wanted_reference=(report.reference or "") if report.claimed else report.merchant_reference)
    if row.repeated is not None:
        return Met(True)
    if row.payment__id is None:
        return Met(False)
    return Met(False, Payment(**{field.name: getattr(row, f"payment__{field.name}") for field in fields(Payment)}),
               Bill(**{field.name: getattr(row, f"bill__{field.name}") for field in fields(Bill)}), row.serial)
