"""A citizen's pages: log in by a code, my requests, where the account is open. Nothing of a person stands in an
address; what is needed between two steps lies sealed in the form."""

from __future__ import annotations

import secrets
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from rules.refusal import Fault, Refusal, refuse
from services.gateway.web import ask, citizens
from services.gateway.web.access import FORM, door
from services.gateway.web.caller import CITIZEN_COOKIE, CITIZENS_PAGES, renew_visitor, set_cookie
from services.gateway.web.pages import completing, kept, visits
from services.gateway.web.pages.public import LANG
from services.gateway.web.pages.staff import local
from services.gateway.web.platform import platform

blueprint = Blueprint(CITIZENS_PAGES, __name__)
_MY = LANG + "/my"
_CODE_SECONDS = 30 * 60  # longer than a code holds, so that a new one can be asked for on the same page
_A_PAGE = 50
_MINE = ("applicant", "payment")  # kinds of state in which a request waits for its applicant
_PARTS = {"reads": "reads.show", "messages": "choices.show_of_request"}
CARD = ("national_id", "passport", "phone")


@door(blueprint, "GET", _MY + "/login", permission="guide.read")
def show_login() -> str:
    return _login({}, [], local(request.args.get("next", "")))


@door(blueprint, "POST", _MY + "/login", permission="guide.read", media_types=FORM, csrf=True)
def send_code() -> ResponseReturnValue:
    """Send a code, or another one (`again`: who it is for, sealed)."""
    target = local(request.form.get("next", ""))
    before = kept.unseal(request.form.get("again", ""), "code")
    given = before["given"] if before else {name: request.form.get(name, "").strip()[:40] for name in CARD}
    try:
        sent = citizens.ask_for_code(given, g.language, kept.once("code"))
    except Refusal as refusal:
        if before and refusal.code == "too_many_requests":
            return refused(_code(before, target, on_field("code", refusal)), refusal)
        return refused(_login(given, on_field("phone", refusal), target), refusal)
    return _code({"challenge_id": sent["challenge_id"], "given": given}, target, [])


@door(blueprint, "POST", _MY + "/code", permission="guide.read", media_types=FORM, csrf=True)
def log_in() -> ResponseReturnValue:
    target = local(request.form.get("next", ""))
    asked = kept.unseal(request.form.get("asked", ""), "code")
    if asked is None:
        raise refuse("form_expired")
    try:
        token, ends, _ = citizens.log_in(UUID(asked["challenge_id"]), request.form.get("code", "")[:40])
    except Refusal as refusal:
        return refused(_code(asked, target, on_field("code", refusal)), refusal)
    renew_visitor()
    response = redirect(target or url_for("citizens.home"), 303)
    set_cookie(response, CITIZEN_COOKIE, token, seconds=int((ends - platform().now()).total_seconds()))  # type: ignore[arg-type]
    return response


@door(blueprint, "POST", _MY + "/logout", permission="request.own", media_types=FORM, csrf=True)
def log_out() -> ResponseReturnValue:
    who = citizens.the_citizen()
    citizens.end_session(who, who.session_id)
    renew_visitor()
    response = redirect(url_for("citizens.logged_out"), 303)
    response.delete_cookie(CITIZEN_COOKIE)
    for cookie in (kept.FOLLOW_COOKIE, kept.DRAFTS_COOKIE, completing.COOKIE, visits.COOKIE):
        # what was opened and begun here is not the next person's to see
        response.delete_cookie(cookie)
    return response


@door(blueprint, "GET", _MY, permission="request.own")
def home() -> str:
    """My requests, those that wait for me first; what I began, and where the account is open."""
    who = citizens.the_citizen()
    try:
        after = str(UUID(request.args["after"])) if "after" in request.args else None
    except ValueError:
        after = None
    page = citizens.own_requests(who, after, _A_PAGE)
    waiting: list[dict[str, Any]] = []
    others: list[dict[str, Any]] = []
    for one in page["requests"]:
        (waiting if one["state_kind"] in _MINE and not one["outcome"] else others).append(one)
    return render_template(
        "my/home.html", account=citizens.account(who), waiting=waiting, others=others, next=page["next"], after=after,
        drafts=[] if after else _drafts(who))


def _drafts(who: Any) -> list[dict[str, Any]]:
    """What was begun and is not lodged yet, with the name of its service."""
    entries = {entry.code: entry for entry in platform().guide.in_force()}
    return [{**one, "name": entries[one["service_code"]].document["name"]}
            for one in citizens.own_drafts(who, sorted(entries)) if one["service_code"] in entries]


@door(blueprint, "GET", _MY + "/logged-out", permission="guide.read")
def logged_out() -> str:
    """That one has left. The page's script forgets what this device kept, where the service worker did not."""
    return render_template("my/logged_out.html")


@door(blueprint, "POST", _MY + "/sessions/<uuid:session_id>", permission="request.own", media_types=FORM, csrf=True)
def end_session(session_id: UUID) -> ResponseReturnValue:
    citizens.end_session(citizens.the_citizen(), session_id)
    return redirect(url_for("citizens.home"), 303)


@door(blueprint, "GET", _MY + "/requests/<tracking_number>", permission="request.own")
def open_request(tracking_number: str) -> ResponseReturnValue:
    """On to the request itself, or with `to` to who looked at it or what messages come. Where it has the account's
    phone nothing more is asked; where another one was given, its digits are."""
    digits = citizens.the_citizen().phone[-4:]
    target = _PARTS.get(request.args.get("to", ""), "follow.show")
    response: Response = redirect(url_for(target, tracking_number=tracking_number), 303)  # type: ignore[assignment]
    if tracking_number in kept.followed():
        return response
    try:
        found = ask.inquire("requests.status", tracking_number, digits)
    except Refusal as refusal:
        if refusal.code != "tracking_unknown":
            raise
        return response
    return kept.keep_followed(response, found["tracking_number"], digits)


def _login(given: dict[str, Any], faults: list[Fault], target: str) -> str:
    return render_template(
        "my/login.html", given=given, faults=faults, next=target, once=secrets.token_urlsafe(18))


def _code(asked: dict[str, Any], target: str, faults: list[Fault]) -> str:
    return render_template(
        "my/code.html", asked=asked, sealed=kept.seal(asked, "code", _CODE_SECONDS), faults=faults, next=target,
        once=secrets.token_urlsafe(18))


def on_field(field: str, refusal: Refusal) -> list[Fault]:
    """What was refused, each at the field it is about."""
    return [fault if fault.field else Fault(fault.code, field, fault.params) for fault in refusal.faults]


def refused(page: str, refusal: Refusal) -> ResponseReturnValue:
    if refusal.code == "too_many_requests":
        return page, 429, {"Retry-After": str(refusal.faults[0].params["seconds"])}
    return page, 422
