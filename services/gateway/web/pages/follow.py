"""Follow a request: the inquiry, where it stands, its picture and papers."""

from __future__ import annotations

import secrets
import time
from typing import Any

from flask import Blueprint, Response, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from rules.arabic import western_digits
from rules.refusal import Fault, Refusal
from services.gateway.web import ask, nationwide
from services.gateway.web.access import FORM, door
from services.gateway.web.api.licences import pdf
from services.gateway.web.caller import caller
from services.gateway.web.pages import kept, national, standing
from services.gateway.web.pages.public import LANG
from services.gateway.web.platform import UPLOAD_SECONDS, platform

blueprint = Blueprint("follow", __name__)
FOLLOW = LANG + "/follow"
ONE = FOLLOW + "/<tracking_number>"
SHOWN_INLINE = ("tracking_unknown", "field_required", "too_many_requests", "not_known_here")
WATCHED_SECONDS = 15 * 60
"""How long a page that is left open goes on asking by itself whether anything changed."""
STOP = 286
"""What htmx takes as: shown, and ask no more."""


@door(blueprint, "GET", FOLLOW, permission="request.inquire")
def show_inquiry() -> str:
    return render_template("public/inquiry.html", faults=[], number=request.args.get("number", "")[:40])


@door(blueprint, "POST", FOLLOW, permission="request.inquire", media_types=FORM, csrf=True)
def inquire() -> ResponseReturnValue:
    """The digits come in a form's body, never in an address; afterwards the browser holds them sealed."""
    number, digits = request.form.get("tracking_number", "")[:40], request.form.get("phone_last4", "")[:10]
    faults = [Fault("field_required", name) for name, given in (("tracking_number", number), ("phone_last4", digits))
              if not given.strip()]  # fmt: skip
    if faults:
        return render_template("public/inquiry.html", faults=faults, number=number), 422
    if nationwide.of_another_governorate(number) is not None:
        return national.inquire()
    try:
        found = ask.inquire("requests.status", number, digits, instead=nationwide.at_the_portal)
    except Refusal as refusal:
        if refusal.code not in SHOWN_INLINE:
            raise
        fault = refusal.faults[0]
        status = 429 if refusal.code == "too_many_requests" else 422
        headers = {"Retry-After": str(fault.params["seconds"])} if status == 429 else {}
        faults = [Fault(fault.code, "tracking_number", fault.params)]
        return render_template("public/inquiry.html", faults=faults, number=number), status, headers
    exact = found["tracking_number"]
    response = redirect(url_for("follow.show", tracking_number=exact), 303)
    return kept.keep_followed(response, exact, western_digits(digits).strip())  # type: ignore[arg-type]


def digits_of(number: str) -> str | None:
    """The digits that this browser has proved for a number, while it holds them."""
    return kept.followed().get(number)


def again(number: str) -> Response:
    """The half hour is over, or another browser: ask for the digits again."""
    return redirect(url_for("follow.show_inquiry", number=number), 303)  # type: ignore[return-value]


_digits, _again = digits_of, again


def bills_of(request_id: str) -> list[dict[str, Any]]:
    """All bills of a request."""
    answer = platform().call("payments.bill", {"request_id": request_id}, caller().actor)
    return list(answer["bills"])


@door(blueprint, "GET", ONE + "/received", permission="request.inquire")
def received(tracking_number: str) -> Response | str:
    digits = digits_of(tracking_number)
    if digits is None:
        return again(tracking_number)
    found = ask.inquire("requests.status", tracking_number, digits)
    link = url_for("follow.show_inquiry", number=tracking_number, _external=True)
    return render_template("public/received.html", found=found, link=link)


@door(blueprint, "GET", ONE, permission="request.inquire")
def show(tracking_number: str) -> ResponseReturnValue:
    """Where the request stands. Asked by the page itself (`since`, `seen`), only what changed is answered. Of another
    governorate's the centre is asked, and of what the national portal took and is not lodged here yet."""
    if nationwide.of_another_governorate(tracking_number) is not None:
        return national.show(tracking_number)
    digits = digits_of(tracking_number)
    if digits is None:
        return over(tracking_number) if asked_by_page() else again(tracking_number)
    if not asked_by_page():
        return _opened(tracking_number, digits)
    now = _about(tracking_number, digits)
    if watched_enough():
        return render_template("public/_status_now.html", **now, watching=False), STOP
    if request.args.get("seen") == now["seen"]:
        return "", 204
    return render_template("public/_status_now.html", **now, watching=True)


def _opened(tracking_number: str, digits: str) -> ResponseReturnValue:
    try:
        found = ask.inquire("requests.timeline", tracking_number, digits, instead=nationwide.at_the_portal)
    except Refusal as refusal:
        if refusal.code != "not_known_here":
            raise
        fault = Fault(refusal.code, "tracking_number")
        return render_template("public/inquiry.html", faults=[fault], number=tracking_number), 404
    if nationwide.from_the_centre(found):
        return national.status_page(found)
    return status_page(tracking_number, digits, found=found)


def asked_by_page() -> bool:
    """Whether a page that is open asks by itself what became of its matter."""
    return "HX-Request" in request.headers


def watched_enough() -> bool:
    """Whether the page that asks has been open for so long that it is left to its reader."""
    since = request.args.get("since", "")
    return not since.isdecimal() or time.time() - int(since[:12]) > WATCHED_SECONDS


def over(number: str) -> ResponseReturnValue:
    """To a page that asks by itself after the half hour: that it is over, and no more."""
    return render_template("public/_over.html", number=number), STOP


def status_page(
    tracking_number: str,
    digits: str,
    faults: list[Fault] | None = None,
    reason: str = "",
    found: dict[str, Any] | None = None,
) -> str:
    """The whole page of a followed request; `found` where its timeline was just asked for."""
    return render_template(
        "public/status.html",
        **_about(tracking_number, digits, found),
        watching=True,
        soon="soon" in request.args,
        faults=faults or [],
        reason=reason,
        once=secrets.token_urlsafe(18),
    )


def _about(tracking_number: str, digits: str, found: dict[str, Any] | None = None) -> dict[str, Any]:
    found = found or ask.inquire("requests.timeline", tracking_number, digits)
    bills = bills_of(found["request_id"])
    stand = standing.view(found, bills)
    seen = "-".join((str(len(found["entries"])), found["state"], *stand["to_do"]))
    return {"found": found, "timeline": found, "bills": bills, "stand": stand, "seen": seen, "since": int(time.time())}


@door(blueprint, "GET", ONE + "/graph.svg", permission="request.inquire")
def draw(tracking_number: str) -> Response | str:
    """The path of the request as a picture, with where it stands."""
    digits = digits_of(tracking_number)
    if digits is None:
        return again(tracking_number)
    drawn = ask.inquire("requests.graph", tracking_number, digits, language=g.language)
    return Response(drawn["svg"], content_type="image/svg+xml")


@door(blueprint, "POST", ONE + "/appeal", permission="request.complete", media_types=FORM, csrf=True)
def appeal(tracking_number: str) -> ResponseReturnValue:
    """Appeal a rejection; what is wrong with it is told beside what was written."""
    digits = digits_of(tracking_number)
    if digits is None:
        return again(tracking_number)
    reason = request.form.get("reason", "").strip()[:2000]
    try:
        ask.inquire("requests.appeal", tracking_number, digits, command_id=kept.once("appeal"), reason=reason)
    except Refusal as refusal:
        if refusal.code == "tracking_unknown":
            raise
        return status_page(tracking_number, digits, refusal.faults, reason), 422
    return redirect(url_for("follow.show", tracking_number=tracking_number), 303)


@door(blueprint, "GET", ONE + "/licence", permission="licence.fetch")
def licence(tracking_number: str) -> Response:
    digits = digits_of(tracking_number)
    if digits is None:
        return again(tracking_number)
    try:
        document = ask.inquire("requests.licence_document", tracking_number, digits, timeout=UPLOAD_SECONDS)
    except Refusal as refusal:
        if refusal.code != "licence_not_ready":
            raise
        return redirect(url_for("follow.show", tracking_number=tracking_number, soon=1), 303)  # type: ignore[return-value]
    return pdf(document)
