"""My account, for the staff: password, authenticator, codes on paper, where I am logged in."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from rules.refusal import Fault, Refusal
from services.gateway.web import own_account
from services.gateway.web.access import FORM, door
from services.gateway.web.pages.public import LANG

blueprint = Blueprint("account", __name__)
_ACCOUNT = LANG + "/staff/account"
OWN = "account.own"
_DONE = ("password", "sessions")  # what a page reached by a redirect says was done


@door(blueprint, "GET", _ACCOUNT, permission=OWN, staff=True)
def home() -> str:
    done = request.args.get("done", "")
    return _home([], done if done in _DONE else "")


@door(blueprint, "POST", _ACCOUNT + "/password", permission=OWN, media_types=FORM, csrf=True, staff=True)
def change_password() -> ResponseReturnValue:
    new = request.form.get("new", "")[:200]
    if new != request.form.get("again", "")[:200]:
        return _home([Fault("password_differs", "again")]), 422
    try:
        own_account.change_password(request.form.get("old", "")[:200], new)
    except Refusal as refusal:
        return _refused(refusal, "old", _home)
    return redirect(url_for("account.home", done="password"), 303)


@door(blueprint, "POST", _ACCOUNT + "/authenticator", permission=OWN, media_types=FORM, csrf=True, staff=True)
def begin() -> ResponseReturnValue:
    """The password proves who sits there; then the secret, as a QR code and in letters."""
    try:
        begun = own_account.begin_second_factor(request.form.get("password", "")[:200])
    except Refusal as refusal:
        return _refused(refusal, "password", _home)
    return render_template("staff/authenticator.html", begun=begun, faults=[])


@door(blueprint, "POST", _ACCOUNT + "/authenticator/confirm", permission=OWN, media_types=FORM, csrf=True, staff=True)
def confirm() -> ResponseReturnValue:
    """The first code. The codes on paper are shown this once."""
    sealed = request.form.get("enrolment", "")[:2000]
    try:
        codes = own_account.finish_second_factor(sealed, request.form.get("code", "")[:40])
    except Refusal as refusal:
        begun = own_account.enrolment(sealed)
        if begun is None:
            return _refused(refusal, "password", lambda faults: _home([Fault(one.code, "password") for one in faults]))
        return _refused(refusal, "code",
                        lambda faults: render_template("staff/authenticator.html", begun=begun, faults=faults))
    return render_template("staff/recovery_codes.html", codes=codes)


@door(blueprint, "POST", _ACCOUNT + "/recovery-codes", permission=OWN, media_types=FORM, csrf=True, staff=True)
def renew_codes() -> ResponseReturnValue:
    try:
        codes = own_account.renew_codes(request.form.get("code", "")[:40])
    except Refusal as refusal:
        return _refused(refusal, "code", _home)
    return render_template("staff/recovery_codes.html", codes=codes)


@door(blueprint, "POST", _ACCOUNT + "/sessions", permission=OWN, media_types=FORM, csrf=True, staff=True)
def end_others() -> ResponseReturnValue:
    own_account.end_other_sessions()
    return redirect(url_for("account.home", done="sessions"), 303)


@door(blueprint, "POST", _ACCOUNT + "/sessions/<uuid:session_id>", permission=OWN, media_types=FORM, csrf=True,
      staff=True)
def end_one(session_id: UUID) -> ResponseReturnValue:
    own_account.end_session(session_id)
    return redirect(url_for("account.home", done="sessions"), 303)


def _home(faults: list[Fault], done: str = "") -> str:
    return render_template("staff/account.html", me=own_account.shown(), faults=faults, done=done)


def _refused(refusal: Refusal, field: str, page: Callable[[list[Fault]], str]) -> ResponseReturnValue:
    """The page again with what was wrong, each at its field."""
    shown = page([fault if fault.field else Fault(fault.code, field, fault.params) for fault in refusal.faults])
    if refusal.code == "too_many_requests":
        return shown, 429, {"Retry-After": str(refusal.faults[0].params["seconds"])}
    return shown, 422
