"""The page behind the link of the last message: stars and a word, once, without log-in."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from chassis.ids import uuid7
from rules.refusal import Fault, Refusal
from services.gateway.web import ask
from services.gateway.web.access import FORM, door
from services.gateway.web.caller import caller
from services.gateway.web.pages.follow import ONE, again, digits_of
from services.gateway.web.pages.public import LANG
from services.gateway.web.platform import platform

blueprint = Blueprint("rate", __name__)
COMMENT = 2000


@door(blueprint, "GET", LANG + "/rate/<token>", permission="request.rate")
def show(token: str) -> str:
    return _page(token, [])


@door(blueprint, "POST", LANG + "/rate/<token>", permission="request.rate", media_types=FORM, csrf=True)
def take(token: str) -> str | tuple[str, int]:
    stars = request.form.get("stars", "")
    if stars not in ("1", "2", "3", "4", "5"):
        return _page(token, [Fault("field_required", "stars")]), 422
    given = {"token": token, "stars": int(stars), "comment": request.form.get("comment", "")[:COMMENT] or None}
    try:
        platform().call("requests.rate", given, caller().actor, command_id=uuid7())
    except Refusal as refusal:
        if refusal.code not in ("rated_before", "field_invalid"):
            raise
        return _page(token, list(refusal.faults)), 422
    return _page(token, [])


@door(blueprint, "POST", ONE + "/rate", permission="request.rate", media_types=FORM, csrf=True)
def begin(tracking_number: str) -> ResponseReturnValue:
    """From a followed request that has ended to its stars."""
    digits = digits_of(tracking_number)
    if digits is None:
        return again(tracking_number)
    found = ask.inquire("requests.ask_rating", tracking_number, digits, command_id=uuid7())
    return redirect(url_for("rate.show", token=found["token"]), 303)


def _page(token: str, faults: list[Any]) -> str:
    found = platform().call("requests.rating", {"token": token}, caller().actor)
    return render_template("public/rate.html", found=found, token=token, faults=faults,
                           given=request.form.get("comment", "")[:COMMENT])  # fmt: skip
