"""The cashier's counter: find a bill, take cash or the slip of the card terminal, print the receipt."""

from __future__ import annotations

import secrets
from decimal import Decimal, InvalidOperation
from typing import Any

from flask import Blueprint, Response, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from rules import numbering
from rules.arabic import western_digits
from rules.refusal import Fault, Refusal
from rules.turns import parse_label
from services.gateway import bills
from services.gateway.web.access import FORM, door
from services.gateway.web.api.counter import printed
from services.gateway.web.caller import caller
from services.gateway.web.pages import kept, turn_bar
from services.gateway.web.pages.public import LANG
from services.gateway.web.platform import platform

blueprint = Blueprint("cashier", __name__)
_CASHIER = LANG + "/staff/cashier"
SLIP = ("terminal_id", "batch", "approval_code", "last4", "amount")


OPEN = ("created", "pending", "failed")


@door(blueprint, "GET", _CASHIER, permission="bill.take_cash")
def find() -> ResponseReturnValue:
    """A bill by its own number, by the request's or by today's ticket; where there is one that can be paid, it is
    opened. Without a number: the bills of whoever was called to this window."""
    number = request.args.get("number", "").strip()[:40]
    bar = turn_bar.desk()
    mine = _bills(number, bar)
    payable = [bill for bill in mine if bill.state in OPEN]
    if number and len(payable) == 1:
        return redirect(url_for("cashier.show_bill", bill_id=payable[0].id), 303)
    shift = platform().call("payments.shift", {}, caller().actor)["shift"]
    return render_template("staff/cashier.html", number=number, found=mine, shift=shift, bar=bar,
                           faults=turn_bar.told(), once=secrets.token_urlsafe(18))


def _bills(number: str, bar: dict[str, Any]) -> list[Any]:
    """What is meant, of the own unit: what can be paid first."""
    if parse_label(number) is not None:
        about = platform().call("requests.turn_of_label", {"label": number}, caller().actor)["requests"]
    elif number:
        about = [{"tracking_number": _canonical(number)}]
    else:
        about = bar["desk"]["requests"] if bar["desk"] else []
    unit = caller().actor.unit
    found = [bill for one in about for bill in platform().run(
        lambda work, wanted=one["tracking_number"]: bills.find(work, wanted), caller().actor)]  # type: ignore[misc]
    mine = [bill for bill in found if unit is None or bill.unit == unit]
    return sorted(mine, key=lambda bill: bill.state not in OPEN)


def _canonical(number: str) -> str:
    """The number as it is stored, whichever of the two kinds it is."""
    for parse in (numbering.parse_tracking, lambda text: numbering.parse_bill_number(text).text):
        try:
            return parse(number)
        except Refusal:
            continue
    return number


@door(blueprint, "GET", _CASHIER + "/bills/<uuid:bill_id>", permission="bill.take_cash")
def show_bill(bill_id: Any) -> str:
    return _page(bill_id, [], {})


@door(blueprint, "POST", _CASHIER + "/bills/<uuid:bill_id>", permission="bill.take_cash", media_types=FORM, csrf=True)
def take_cash(bill_id: Any) -> Response | tuple[str, int]:
    given = request.form.get("tendered", "")[:20]
    exact = request.form.get("exact", "")[:20]  # the button that says: exactly what is asked
    tendered = int(exact) if exact.isascii() and exact.isdecimal() else piastres(given)
    if tendered is None:
        return _page(bill_id, [Fault("amount_malformed", "tendered")], {"tendered": given}), 422
    try:
        platform().call(
            "payments.take_cash",
            {"bill_id": str(bill_id), "tendered": tendered},
            caller().actor,
            command_id=kept.once("cash"),
        )
    except Refusal as refusal:
        if refusal.code in ("forbidden", "bill_unknown"):
            raise
        fault = Fault(refusal.code, "tendered", refusal.faults[0].params)
        return _page(bill_id, [fault], {"tendered": given}), 422
    return redirect(url_for("cashier.receipt", bill_id=bill_id, tendered=tendered), 303)  # type: ignore[return-value]


@door(
    blueprint, "POST", _CASHIER + "/bills/<uuid:bill_id>/slip", permission="bill.take_cash", media_types=FORM, csrf=True
)
def take_slip(bill_id: Any) -> Response | tuple[str, int]:
    """Enter what the card terminal printed. What was charged and does not fit is held; the bill then says so."""
    given = {name: request.form.get(name, "")[:20] for name in SLIP}
    charged = piastres(given["amount"])
    if charged is None:
        return _page(bill_id, [Fault("amount_malformed", "amount")], given), 422
    try:
        entered = platform().call(
            "payments.take_slip",
            {**given, "amount": charged, "bill_id": str(bill_id)},
            caller().actor,
            command_id=kept.once("slip"),
        )
    except Refusal as refusal:
        if refusal.code in ("forbidden", "bill_unknown"):
            raise
        faults = [Fault(one.code, _field(one.field), one.params) for one in refusal.faults]
        return _page(bill_id, faults, given), 422
    page = "cashier.receipt" if entered["state"] == "paid" else "cashier.show_bill"
    return redirect(url_for(page, bill_id=bill_id), 303)  # type: ignore[return-value]


def _field(path: str | None) -> str:
    """The form's field that a fault concerns; the first, where it concerns the slip as a whole."""
    name = (path or "").rpartition("/")[2]
    return name if name in SLIP else SLIP[0]


@door(blueprint, "GET", _CASHIER + "/bills/<uuid:bill_id>/receipt", permission="receipt.read", staff=True)
def receipt(bill_id: Any) -> str:
    return _receipt(bill_id, [], {})


@door(blueprint, "POST", _CASHIER + "/bills/<uuid:bill_id>/receipt", permission="receipt.print", media_types=FORM,
      csrf=True)
def print_receipt(bill_id: Any) -> Response | tuple[str, int]:
    """The receipt on paper. The first print is the original; each later one is a copy with its reason."""
    given = {name: request.form.get(name, "").strip()[:500] for name in ("paper", "reason")}
    body = {"bill_id": str(bill_id), "paper": given["paper"] or "thermal", "language": g.language,
            "reason": given["reason"] or None}
    try:
        made = platform().call("payments.print_receipt", body, caller().actor, command_id=kept.once("print"))
    except Refusal as refusal:
        if refusal.code in ("forbidden", "bill_unknown"):
            raise
        return _receipt(bill_id, [Fault(refusal.code, "reason", refusal.faults[0].params)], given), 422
    return printed(made)


def _receipt(bill_id: Any, faults: list[Fault], given: dict[str, str]) -> str:
    found = platform().call("payments.receipt", {"bill_id": str(bill_id)}, caller().actor)
    bar = turn_bar.desk() if caller().actor.permits("queue.call") else None
    return render_template("receipt.html", receipt=found, back=url_for("cashier.find"), faults=faults, given=given,
                           once=secrets.token_urlsafe(18), prints=caller().actor.permits("receipt.print"), bar=bar,
                           tendered=request.args.get("tendered", "")[:20])


def piastres(text: str) -> int | None:
    """Piastres of an amount in pounds as typed (`250`, `250.50`, `٢٥٠٫٥`); None when it is no amount."""
    plain = western_digits(text).strip().replace("٫", ".").replace("٬", "").replace(",", "")
    try:
        amount = Decimal(plain) * 100
    except InvalidOperation:
        return None
    return int(amount) if amount.is_finite() and amount == amount.to_integral_value() and 0 < amount < 10**13 else None


def _page(bill_id: Any, faults: list[Fault], given: dict[str, str]) -> str:
    bill = platform().call("payments.bill", {"bill_id": str(bill_id)}, caller().actor)
    return render_template("staff/bill.html", bill=bill, faults=faults, given=given, once=secrets.token_urlsafe(18))
