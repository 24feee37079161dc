"""The cashier's shift: open, hand over, count and close; and the counter-signature of another person."""

from __future__ import annotations

import secrets
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, redirect, render_template, request, url_for

from rules.arabic import western_digits
from rules.refusal import Fault, Refusal
from services.gateway.web.access import FORM, door
from services.gateway.web.caller import caller
from services.gateway.web.pages import kept
from services.gateway.web.pages.cashier import piastres
from services.gateway.web.pages.public import LANG
from services.gateway.web.platform import platform

blueprint = Blueprint("counter", __name__)
_SHIFT = LANG + "/staff/cashier/shift"
_SHIFTS = LANG + "/staff/shifts"
Answer = Response | str | tuple[str, int]


@door(blueprint, "GET", _SHIFT, permission="bill.take_cash")
def show() -> str:
    return _page([], {})


@door(blueprint, "POST", _SHIFT, permission="bill.take_cash", media_types=FORM, csrf=True)
def open_shift() -> Answer:
    """One button: the counter is chosen where the unit has several, the float where there is one."""
    given = {name: request.form.get(name, "").strip()[:40] for name in ("counter", "float")}
    opening = piastres(given["float"]) if western_digits(given["float"]).strip("0. ") else 0
    if opening is None:
        return _page([Fault("amount_malformed", "float")], given), 422
    return _do("payments.open_shift", {"counter": given["counter"] or None, "float": opening}, given, "cashier.find")


@door(blueprint, "POST", _SHIFT + "/hand-over", permission="bill.take_cash", media_types=FORM, csrf=True)
def hand_over() -> Answer:
    given = {name: request.form.get(name, "").strip()[:500] for name in ("amount", "note")}
    amount = piastres(given["amount"])
    if amount is None:
        return _page([Fault("amount_malformed", "amount")], given), 422
    return _do("payments.hand_over", {"amount": amount, "note": given["note"] or None}, given)


@door(blueprint, "POST", _SHIFT + "/void", permission="bill.take_cash", media_types=FORM, csrf=True)
def void_number() -> Answer:
    given = {"void_reason": request.form.get("void_reason", "").strip()[:500]}
    return _do("payments.void_number", {"reason": given["void_reason"]}, given, renamed={"reason": "void_reason"})


@door(blueprint, "POST", _SHIFT + "/drawer", permission="bill.take_cash", media_types=FORM, csrf=True)
def hand_in_drawer() -> Answer:
    """The cash of a tablet, counted piece by piece like the own drawer."""
    given = {name: request.form.get(name, "").strip()[:500] for name in request.form if name not in ("csrf", "once")}
    pieces, faults = _pieces(given, "drawer/")
    try:
        device = str(UUID(given.get("device_id", "")))
    except ValueError:
        faults.append(Fault("drawer_unknown", "device_id"))
    if faults:
        return _page(faults, given), 422
    body = {"device_id": device, "count": pieces, "reason": given.get("drawer_reason") or None}
    return _do("payments.hand_in_drawer", body, given, renamed={"reason": "drawer_reason"})


@door(blueprint, "POST", _SHIFT + "/close", permission="bill.take_cash", media_types=FORM, csrf=True)
def close_shift() -> Answer:
    given = {name: request.form.get(name, "").strip()[:500] for name in request.form if name not in ("csrf", "once")}
    pieces, faults = _pieces(given, "count/")
    if faults:
        return _page(faults, given), 422
    body = {"count": pieces, "reason": given.get("reason") or None, "shift_id": given.get("shift_id") or None}
    try:
        closed = platform().call("payments.close_shift", body, caller().actor, command_id=kept.once("close"))
    except Refusal as refusal:
        return _refused(refusal, given)
    return redirect(url_for("counter.show_one", shift_id=closed["shift_id"]), 303)  # type: ignore[return-value]


@door(blueprint, "GET", _SHIFTS, permission="shift.approve")
def waiting() -> str:
    """Closed shifts of the unit that wait for a counter-signature."""
    found = platform().call("payments.shifts", {"state": "closed"}, caller().actor)["shifts"]
    return render_template("staff/shifts.html", shifts=found)


@door(blueprint, "GET", _SHIFTS + "/<uuid:shift_id>", permission="bill.take_cash|shift.approve")
def show_one(shift_id: Any) -> str:
    return _one(shift_id, [])


@door(blueprint, "POST", _SHIFTS + "/<uuid:shift_id>", permission="shift.approve", media_types=FORM, csrf=True)
def approve(shift_id: Any) -> Answer:
    note = request.form.get("note", "").strip()[:500] or None
    try:
        platform().call("payments.approve_shift", {"shift_id": str(shift_id), "note": note}, caller().actor,
                        command_id=kept.once("approve"))
    except Refusal as refusal:
        if refusal.code in ("forbidden", "shift_unknown"):
            raise
        return _one(shift_id, [Fault(refusal.code, "note", refusal.faults[0].params)]), 422
    return redirect(url_for("counter.show_one", shift_id=shift_id), 303)  # type: ignore[return-value]


@door(blueprint, "GET", LANG + "/receipts/<number>", permission="receipt.read")
def verify(number: str) -> str:
    """Where the QR of a printed receipt leads."""
    asked = {"number": number[:40], "code": request.args.get("code", "-")[:40] or "-"}
    found = platform().call("payments.verify_receipt", asked, caller().actor)
    return render_template("public/receipt_verified.html", found=found)


def _pieces(given: dict[str, str], prefix: str) -> tuple[dict[str, int], list[Fault]]:
    """How many of each piece were typed; what is empty is none."""
    pieces: dict[str, int] = {}
    faults: list[Fault] = []
    for name, typed in given.items():
        plain = western_digits(typed)
        if not name.startswith(prefix) or not plain:
            continue
        if plain.isdecimal() and len(plain) < 8:
            pieces[name.removeprefix(prefix)] = int(plain)
        else:
            faults.append(Fault("count_malformed", name))
    return pieces, faults


def _do(method: str, body: dict[str, Any], given: dict[str, str], then: str = "counter.show",
        renamed: dict[str, str] | None = None) -> Answer:
    try:
        platform().call(method, body, caller().actor, command_id=kept.once(method))
    except Refusal as refusal:
        return _refused(refusal, given, renamed)
    return redirect(url_for(then), 303)  # type: ignore[return-value]


def _refused(refusal: Refusal, given: dict[str, str], renamed: dict[str, str] | None = None) -> Answer:
    if refusal.code == "forbidden":
        raise refusal
    faults = [Fault(one.code, (renamed or {}).get(one.field or "", one.field), one.params) for one in refusal.faults]
    return _page(faults, given), 422


def _page(faults: list[Fault], given: dict[str, str]) -> str:
    found = platform().call("payments.shift", {}, caller().actor)
    return render_template("staff/shift.html", found=found, shift=found["shift"], faults=faults, given=given,
                           once=secrets.token_urlsafe(18))


def _one(shift_id: Any, faults: list[Fault]) -> str:
    found = platform().call("payments.shift", {"shift_id": str(shift_id)}, caller().actor)
    return render_template("staff/shift_closed.html", shift=found["shift"], pieces=found["pieces"], faults=faults,
                           may_approve=caller().actor.permits("shift.approve"), once=secrets.token_urlsafe(18))
