"""Who of the staff looked at what a request holds of its applicant, for whoever holds its number and digits."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from services.gateway.web import ask
from services.gateway.web.access import door
from services.gateway.web.pages.follow import ONE, again, digits_of

blueprint = Blueprint("reads", __name__)
A_PAGE = 30


@door(blueprint, "GET", ONE + "/reads", permission="request.inquire")
def show(tracking_number: str) -> ResponseReturnValue:
    digits = digits_of(tracking_number)
    if digits is None:
        return again(tracking_number)
    before = request.args.get("before", "")
    start = int(before) if before.isdecimal() and len(before) < 18 and int(before) else None
    found = ask.inquire("requests.access_log", tracking_number, digits, before=start, limit=A_PAGE)
    return render_template("public/reads.html", found=found, first=start is None)
