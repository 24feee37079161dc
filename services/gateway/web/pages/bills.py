"""Pay a bill: choose how, see the code and where to take it, and see the payment arrive; the receipt."""

from __future__ import annotations

import secrets
import time
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from rules.refusal import Refusal, refuse
from services.gateway.web.access import FORM, door
from services.gateway.web.caller import caller
from services.gateway.web.pages import kept, standing
from services.gateway.web.pages.follow import ONE, STOP, again, asked_by_page, digits_of, over, watched_enough
from services.gateway.web.platform import platform

blueprint = Blueprint("bills", __name__)
_BILL = ONE + "/bills/<uuid:bill_id>"
LIVE = ("created", "pending")  # a payment that a rail still works at


def _bill(tracking_number: str, bill_id: UUID) -> dict[str, Any] | None:
    """The bill, if it belongs to a request that this browser has opened."""
    if digits_of(tracking_number) is None:
        return None
    bill = platform().call("payments.bill", {"bill_id": str(bill_id)}, caller().actor)
    if bill["tracking_number"] != tracking_number:
        raise refuse("bill_unknown")
    return bill


@door(blueprint, "GET", _BILL, permission="bill.read")
def show_bill(tracking_number: str, bill_id: UUID) -> ResponseReturnValue:
    """How the bill stands. Asked by the page itself (`since`, `seen`), only what changed is answered."""
    bill = _bill(tracking_number, bill_id)
    if bill is None:
        return over(tracking_number) if asked_by_page() else again(tracking_number)
    now = about(bill)
    if not asked_by_page():
        return render_template("public/bill.html", **now, watching=True)
    if watched_enough():
        return render_template("public/_bill_now.html", **now, watching=False), STOP
    if request.args.get("seen") == now["seen"]:
        return "", 204
    return render_template("public/_bill_now.html", **now, watching=True)


@door(blueprint, "POST", _BILL, permission="bill.pay", media_types=FORM, csrf=True)
def pay(tracking_number: str, bill_id: UUID) -> ResponseReturnValue:
    """Start the payment at the chosen rail; the bill's own page shows where to pay."""
    if _bill(tracking_number, bill_id) is None:
        return again(tracking_number)
    rail = request.form.get("rail", "")[:40]
    here = url_for("bills.show_bill", tracking_number=tracking_number, bill_id=bill_id)
    try:
        platform().call(
            "payments.start", {"bill_id": str(bill_id), "rail": rail}, caller().actor, command_id=kept.once("pay"))
    except Refusal as refusal:
        bill = _bill(tracking_number, bill_id)
        if bill is None or refusal.code == "form_expired":
            raise
        return render_template("public/bill.html", **{**about(bill), "faults": refusal.faults}, watching=False), 422
    return redirect(here, 303)


def about(bill: dict[str, Any]) -> dict[str, Any]:
    """What the page tells: the attempt that is under way with its code and where to take it, and what else may be
    chosen. `seen` changes when any of it does."""
    attempts = bill["payments"] or []
    attempt = next((one for one in reversed(attempts) if one["state"] in LIVE), None)
    waits = bill["state"] in standing.OPEN_BILLS and attempt is not None
    ways = (bill.get("other_rails") or []) if waits else bill["rails"]
    reference = (attempt or {}).get("reference") or (bill.get("reference") if waits else None)
    late = "late" if attempt and attempt.get("travels") and attempt.get("late") else ""
    seen = f"{bill['state']}-{attempt['payment_id'] if attempt else ''}-{reference or ''}{late}"
    return {
        "bill": bill,
        "attempt": attempt if waits else None,
        "reference": reference,
        "ways": [rail for rail in ways if rail != "pos"],
        "open": bill["state"] in standing.OPEN_BILLS,
        "paid": bill["state"] in standing.PAID_BILLS,
        "once": secrets.token_urlsafe(18),
        "seen": seen,
        "shown_as": bill.get("shown_as") or {},
        "since": int(time.time()),
        "faults": [],
    }


@door(blueprint, "GET", _BILL + "/receipt", permission="receipt.read")
def show_receipt(tracking_number: str, bill_id: UUID) -> Response | str:
    if _bill(tracking_number, bill_id) is None:
        return again(tracking_number)
    receipt = platform().call("payments.receipt", {"bill_id": str(bill_id)}, caller().actor)
    back = url_for("follow.show", tracking_number=tracking_number)
    return render_template("receipt.html", receipt=receipt, back=back)
