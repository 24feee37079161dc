"""Complain about a request and follow the complaint; ask that a rejection or a lapse be looked at anew."""

from __future__ import annotations

import secrets
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from rules import afterwards
from rules.arabic import western_digits
from rules.refusal import Fault, Refusal
from services.gateway.web import ask
from services.gateway.web.access import FORM, door
from services.gateway.web.pages import kept
from services.gateway.web.pages.follow import ONE, again, digits_of
from services.gateway.web.pages.public import LANG

blueprint = Blueprint("complaints", __name__)
_ALL = ONE + "/complaints"
_LEAST, _MOST = 10, 2000  # letters of a text
_NOT_SHOWN = ("tracking_unknown", "form_expired")


@door(blueprint, "GET", _ALL, permission="complaint.make")
def show_all(tracking_number: str) -> ResponseReturnValue:
    """The complaints about a request, and the form of a new one where none is open."""
    digits = digits_of(tracking_number)
    if digits is None:
        return again(tracking_number)
    return _all(tracking_number, digits, {}, [])


@door(blueprint, "POST", _ALL, permission="complaint.make", media_types=FORM, csrf=True)
def complain(tracking_number: str) -> ResponseReturnValue:
    digits = digits_of(tracking_number)
    if digits is None:
        return again(tracking_number)
    given: dict[str, Any] = {"kind": request.form.get("kind", "")[:20], "text": _text("text")}
    faults = [] if given["kind"] in afterwards.KINDS else [Fault("choose_one", "kind")]
    faults += _too_short("text", given["text"])
    if not faults:
        try:
            made = ask.inquire("requests.complain", tracking_number, digits, command_id=kept.once("complain"), **given)
            return redirect(url_for("complaints.show", tracking_number=tracking_number,
                                    number=made["complaint_number"], new=1), 303)  # fmt: skip
        except Refusal as refusal:
            if refusal.code in _NOT_SHOWN:
                raise
            faults = refusal.faults
    return _all(tracking_number, digits, given, faults), 422


@door(blueprint, "GET", _ALL + "/<number>", permission="complaint.make")
def show(tracking_number: str, number: str) -> ResponseReturnValue:
    """One complaint about a followed request: before whom it lies, until when, what was answered."""
    digits = digits_of(tracking_number)
    if digits is None:
        return again(tracking_number)
    found = ask.complaint(number, digits)
    return render_template("public/complaint.html", found=found, tracking_number=tracking_number,
                           new="new" in request.args)  # fmt: skip


@door(blueprint, "GET", LANG + "/complaints", permission="complaint.make")
def show_inquiry() -> str:
    return render_template("public/complaint_inquiry.html", faults=[], number=request.args.get("number", "")[:40])


@door(blueprint, "POST", LANG + "/complaints", permission="complaint.make", media_types=FORM, csrf=True)
def inquire() -> ResponseReturnValue:
    """Whoever holds the complaint's number and the digits; the answer is the page itself, so that neither the number
    of the request nor the digits are needed again."""
    number, digits = request.form.get("number", "").strip()[:40], request.form.get("phone_last4", "").strip()[:10]
    faults = [Fault("field_required", name) for name, given in (("number", number), ("phone_last4", digits))
              if not given]  # fmt: skip
    if not faults:
        try:
            found = ask.complaint(number, western_digits(digits))
            return render_template("public/complaint.html", found=found, tracking_number=None, new=False)
        except Refusal as refusal:
            if refusal.code != "complaint_unknown":
                raise
            faults = [Fault(refusal.code, "number")]
    return render_template("public/complaint_inquiry.html", faults=faults, number=number), 422


@door(blueprint, "GET", ONE + "/reopening", permission="complaint.make")
def show_reopening(tracking_number: str) -> ResponseReturnValue:
    digits = digits_of(tracking_number)
    if digits is None:
        return again(tracking_number)
    return _reopening(tracking_number, digits, "", [])


@door(blueprint, "POST", ONE + "/reopening", permission="complaint.make", media_types=FORM, csrf=True)
def ask_reopening(tracking_number: str) -> ResponseReturnValue:
    digits = digits_of(tracking_number)
    if digits is None:
        return again(tracking_number)
    reason = _text("reason")
    faults = _too_short("reason", reason)
    if not faults:
        try:
            ask.inquire("requests.ask_reopening", tracking_number, digits, command_id=kept.once("reopen"),
                        reason=reason)  # fmt: skip
            return redirect(url_for("follow.show", tracking_number=tracking_number), 303)
        except Refusal as refusal:
            if refusal.code in _NOT_SHOWN:
                raise
            faults = refusal.faults
    return _reopening(tracking_number, digits, reason, faults), 422


def _text(name: str) -> str:
    return request.form.get(name, "").replace("\r\n", "\n").strip()[:_MOST]


def _too_short(name: str, text: str) -> list[Fault]:
    if not text:
        return [Fault("field_required", name)]
    return [Fault("text_too_short", name, {"least": _LEAST})] if len(text) < _LEAST else []


def _all(tracking_number: str, digits: str, given: dict[str, Any], faults: list[Fault]) -> str:
    found = ask.inquire("requests.timeline", tracking_number, digits)
    return render_template("public/complaints.html", found=found, given=given, faults=faults, kinds=afterwards.KINDS,
                           once=secrets.token_urlsafe(18))  # fmt: skip


def _reopening(tracking_number: str, digits: str, reason: str, faults: list[Fault]) -> str:
    found = ask.inquire("requests.timeline", tracking_number, digits)
    return render_template("public/reopening.html", found=found, reason=reason, faults=faults,
                           once=secrets.token_urlsafe(18))  # fmt: skip
