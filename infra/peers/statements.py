"""Daily statements of the sandbox rails: what each took and gave back on a Cairo day, in a file of its own form, with
the commission that it keeps (`/control`: `rail.commissions`, percent of each payment by rail)."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal

from infra.peers.rail import RailError
from infra.peers.rail_store import Charge, ChargeStore
from infra.peers.times import CAIRO


@dataclass(frozen=True, slots=True)
class Movement:
    """Money that came or went back, pounds."""

    charge: Charge
    refund: bool
    amount: Decimal
    fee: Decimal
    at: datetime


def _fawry(one: Movement) -> tuple[object, ...]:
    return (one.charge.reference, one.charge.merchant_reference, "REFUND" if one.refund else "PAYMENT",
            f"{one.amount:.2f}", f"{one.fee:.2f}", "EGP", one.at.strftime("%Y-%m-%dT%H:%M:%S"))


def _paymob(one: Movement) -> tuple[object, ...]:
    return (one.charge.reference, one.charge.merchant_reference, "REFUND" if one.refund else "SALE",
            int(one.amount * 100), int(one.fee * 100), "EGP", one.at.isoformat(timespec="seconds"))


def _efinance(one: Movement) -> tuple[object, ...]:
    return (one.charge.reference, one.charge.merchant_reference, "REFUND" if one.refund else "PAYMENT",
            f"{one.amount:.2f}", f"{one.fee:.2f}", "818", one.at.strftime("%Y-%m-%d %H:%M:%S"))


def _pos(one: Movement) -> tuple[object, ...]:
    return (*one.charge.reference.split("-"), "REFUND" if one.refund else "SALE", f"{one.amount:.2f}", f"{one.fee:.2f}",
            "EGP", one.at.strftime("%Y-%m-%dT%H:%M:%S"))


_FORMS: dict[str, tuple[str, str, Callable[[Movement], tuple[object, ...]]]] = {
    "fawry": ("fawry_reference,merchant_reference,type,amount,fees,currency,time", ",", _fawry),
    "paymob": ("order_id,merchant_order_id,type,amount_cents,fees_cents,currency,created_at", ",", _paymob),
    "pos": ("terminal_id,batch,approval_code,last4,type,amount,fees,currency,time", ",", _pos),
    "efinance": ("payment_number,request_number,type,amount,fees,currency,paid_at", ";", _efinance),
}


def statement(store: ChargeStore, rail: str, day: str, percent: str = "0") -> str:
    """The file of a rail for a Cairo day. Raises RailError for a rail or a day that is none."""
    try:
        heading, delimiter, form = _FORMS[rail]
        wanted = date.fromisoformat(day)
    except (KeyError, ValueError) as error:
        raise RailError(404, 404, "no statement of that rail and day") from error
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\r\n")
    writer.writerow(heading.split(","))
    for one in sorted(_movements(store, rail, Decimal(percent)), key=lambda one: one.at):
        if one.at.date() == wanted:
            writer.writerow(form(one))
    return out.getvalue()


def _movements(store: ChargeStore, rail: str, percent: Decimal) -> Iterator[Movement]:
    for charge in store.all():
        if charge.rail != rail or charge.paid_at is None:
            continue
        amount = Decimal(charge.paid_amount or "0")
        fee = (amount * percent / 100).quantize(Decimal("0.01"), ROUND_HALF_UP)
        yield Movement(charge, False, amount, fee, datetime.fromtimestamp(charge.paid_at, CAIRO))
        for done in charge.refunds:
            yield Movement(charge, True, Decimal(done["amount"]), Decimal(0),
                           datetime.fromtimestamp(float(done.get("at") or charge.paid_at), CAIRO))
