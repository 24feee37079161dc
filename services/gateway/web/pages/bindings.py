"""The clerk's page: bind a phone to the number of the card that lies on the window."""

from __future__ import annotations

import secrets
from typing import Any
from uuid import UUID

from flask import Blueprint, g, render_template, request
from flask.typing import ResponseReturnValue

from rules.refusal import Fault, Refusal, refuse
from services.gateway.web import citizens
from services.gateway.web.access import FORM, door
from services.gateway.web.pages import kept
from services.gateway.web.pages.login import CARD, on_field, refused
from services.gateway.web.pages.public import LANG

blueprint = Blueprint("bindings", __name__)
_BINDINGS = LANG + "/staff/bindings"
_ELSEWHERE = ("unauthenticated", "forbidden", "form_expired")
SECONDS = 30 * 60
SHORTEST_REASON = 10


@door(blueprint, "GET", _BINDINGS, permission="citizen.bind")
def show() -> str:
    return _form({"language": g.language}, [])


@door(blueprint, "POST", _BINDINGS, permission="citizen.bind", media_types=FORM, csrf=True)
def begin() -> ResponseReturnValue:
    """Send the code to the phone that is to be bound."""
    given = {name: request.form.get(name, "").strip()[:500] for name in (*CARD, "reason")}
    given["language"] = "en" if request.form.get("language") == "en" else "ar"
    reason = given["reason"] or None
    if reason is not None and len(reason) < SHORTEST_REASON:
        return _form(given, [Fault("reason_short", "reason", {"least": SHORTEST_REASON})]), 422
    try:
        sent = citizens.begin_binding(given, reason, given["language"], kept.once("begin"))
    except Refusal as refusal:
        if refusal.code in _ELSEWHERE:
            raise
        return refused(_form(given, on_field("phone", refusal)), refusal)
    return _code({"challenge_id": sent["challenge_id"], "phone": given["phone"]}, [])


@door(blueprint, "POST", _BINDINGS + "/code", permission="citizen.bind", media_types=FORM, csrf=True)
def confirm() -> ResponseReturnValue:
    """Bind the phone whose code the citizen read out."""
    asked = kept.unseal(request.form.get("asked", ""), "binding")
    if asked is None:
        raise refuse("form_expired")
    try:
        bound = citizens.bind(UUID(asked["challenge_id"]), request.form.get("code", "")[:40], kept.once("bind"))
    except Refusal as refusal:
        if refusal.code in _ELSEWHERE:
            raise
        return refused(_code(asked, on_field("code", refusal)), refusal)
    return render_template("staff/bound.html", bound=bound)


def _form(given: dict[str, Any], faults: list[Fault]) -> str:
    return render_template("staff/binding.html", given=given, faults=faults, once=secrets.token_urlsafe(18))


def _code(asked: dict[str, Any], faults: list[Fault]) -> str:
    return render_template("staff/binding_code.html", asked=asked, sealed=kept.seal(asked, "binding", SECONDS),
                           faults=faults, once=secrets.token_urlsafe(18))  # fmt: skip
