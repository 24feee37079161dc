"""How the staff comes in: name and password, the code of an authenticator, or single sign-on."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from chassis.actors import PUBLIC
from rules.refusal import Fault, Refusal, refuse
from services.gateway import accounts, second_factors
from services.gateway.web import ask, oidc, own_account, sealing
from services.gateway.web.access import FORM, door
from services.gateway.web.caller import STAFF_COOKIE, set_cookie
from services.gateway.web.pages.public import LANG
from services.gateway.web.platform import platform

blueprint = Blueprint("staff_login", __name__)
_STAFF = LANG + "/staff"
OIDC_COOKIE = "shubbak_oidc"
_SECOND = "second"  # between the password and the code
_SECOND_SECONDS = 5 * 60
_OIDC_SECONDS = 10 * 60


def show(target: str) -> str:
    """The log-in page; `target` is where it goes on to."""
    return _page([], "", target)


def log_in(username: str, password: str, target: str) -> ResponseReturnValue:
    """Name and password were given: the workspace, or the page that asks for the code."""
    try:
        row = ask.check_password(username, password)
    except Refusal as refusal:
        if refusal.code not in ("login_failed", "too_many_requests"):
            raise
        fault = Fault(refusal.code, "username", refusal.faults[0].params)
        return _answered(_page([fault], username, target), refusal)
    return _after_first(row, accounts.PASSWORD, target, password)


@door(blueprint, "POST", _STAFF + "/login/code", permission="guide.read", media_types=FORM, csrf=True)
def log_in_with_code() -> ResponseReturnValue:
    """The code of the authenticator, or one on paper, after the password."""
    target = local(request.form.get("next", ""))
    begun = sealing.unseal(request.form.get("begun", ""), _SECOND)
    row = platform().run(lambda work: accounts.of_id(work, UUID(begun["account"])), PUBLIC) if begun else None
    if row is None or not row.active or begun["stamp"] != own_account.stamp_of(row):
        raise refuse("form_expired")
    try:
        how = ask.check_second_factor(row.id, request.form.get("code", "")[:40])
    except Refusal as refusal:
        if refusal.code not in ("second_factor_wrong", "too_many_requests"):
            raise
        fault = Fault(refusal.code, "code", refusal.faults[0].params)
        return _answered(_code_page(request.form.get("begun", ""), [fault], target), refusal)
    return _let_in(row, how, target)


@door(blueprint, "GET", _STAFF + "/login/oidc", permission="guide.read")
def begin_oidc() -> ResponseReturnValue:
    """On to the provider of single sign-on."""
    begun = _provider().begin(_back_to())
    response = redirect(begun.address, 303)
    kept = {"state": begun.state, "nonce": begun.nonce, "verifier": begun.verifier,
            "next": local(request.args.get("next", ""))}
    set_cookie(response, OIDC_COOKIE, sealing.seal(kept, "oidc", _OIDC_SECONDS), seconds=_OIDC_SECONDS)  # type: ignore[arg-type]
    return response


@door(blueprint, "GET", _STAFF + "/login/oidc/return", permission="guide.read")
def oidc_return() -> ResponseReturnValue:
    """Back from the provider. Who it is must be an account that was prepared; what they may is ours to say."""
    kept = sealing.unseal(request.cookies.get(OIDC_COOKIE, ""), "oidc")
    if not isinstance(kept, dict):
        raise refuse("oidc_failed")
    begun = oidc.Begun("", kept["state"], kept["nonce"], kept["verifier"])
    # As the provider was told it: a proxy in front may have taken the request in by another name.
    came_back = f"{_back_to()}?{request.query_string.decode(errors='replace')}"
    known = _provider().finish(came_back, _back_to(), begun)

    def find(work: Any) -> Any:
        row = accounts.of_external_id(work, known.external_id)
        if row is None:
            work.audit("session.refused", "single sign-on")
        return row

    row = platform().run(find, PUBLIC)
    if row is None:
        raise refuse("oidc_no_account")
    response = _after_first(row, accounts.OIDC_STRONG if known.strong else accounts.OIDC, kept["next"])
    if not isinstance(response, (str, tuple)):
        response.delete_cookie(OIDC_COOKIE)  # type: ignore[union-attr]
    return response


def local(target: str) -> str:
    """A page of ours to go on to, or nothing: never another site, nothing that would end or split the header."""
    ours = target.startswith(("/ar/", "/en/")) and "\\" not in target and "//" not in target
    return target if ours and not any(character < " " or character == "\x7f" for character in target) else ""


def _after_first(row: Any, how: str, target: str, password: str | None = None) -> ResponseReturnValue:
    if how not in accounts.STRONG and platform().run(lambda work: second_factors.exists(work, row.id), PUBLIC):
        begun = {"account": str(row.id), "stamp": own_account.stamp_of(row)}
        return _code_page(sealing.seal(begun, _SECOND, _SECOND_SECONDS), [], target)
    return _let_in(row, how, target, password)


def _let_in(row: Any, how: str, target: str, password: str | None = None) -> ResponseReturnValue:
    """Open the session, and go on: first to what the account itself asks for, if anything."""
    token, ends = ask.open_session(row, how, password)
    demands = platform().run(lambda work: accounts.demand_of(work.settings, row, how), PUBLIC)
    response = redirect(url_for("account.home") if demands else target or url_for("staff.home"), 303)
    set_cookie(response, STAFF_COOKIE, token, seconds=int((ends - platform().now()).total_seconds()))  # type: ignore[arg-type]
    return response


def _provider() -> oidc.Provider:
    found = platform().oidc
    if found is None:
        raise refuse("oidc_off")
    return found


def _back_to() -> str:
    return url_for("staff_login.oidc_return", _external=True)


def _page(faults: list[Fault], username: str, target: str) -> str:
    return render_template("staff/login.html", faults=faults, username=username, next=target,
                           sign_on=platform().oidc is not None)


def _code_page(begun: str, faults: list[Fault], target: str) -> str:
    return render_template("staff/login_code.html", begun=begun, faults=faults, next=target)


def _answered(page: str, refusal: Refusal) -> ResponseReturnValue:
    if refusal.code == "too_many_requests":
        return page, 429, {"Retry-After": str(refusal.faults[0].params["seconds"])}
    return page, 401 if refusal.code == "login_failed" else 422
