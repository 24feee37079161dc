"""The hall of a unit: the screen that shows which number goes to which window, and the one that gives tickets out. Both
show numbers only."""

from __future__ import annotations

import secrets
from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from rules.refusal import Fault, Refusal
from rules.turns import QUEUES
from services.gateway.web.access import FORM, door
from services.gateway.web.caller import caller
from services.gateway.web.pages import kept
from services.gateway.web.pages.public import LANG
from services.gateway.web.platform import platform

blueprint = Blueprint("queue", __name__)
_KIOSK = LANG + "/staff/kiosk"
TICKET_SECONDS = 15 * 60


@door(blueprint, "GET", LANG + "/queue/<unit>", permission="guide.read")
def display(unit: str) -> str:
    """Numbers and windows; a screen in the hall asks again by itself and is answered the part that changes."""
    shown = platform().call("requests.turn_display", {"unit": unit[:20]}, caller().actor)
    part = request.headers.get("HX-Request") is not None
    return render_template("public/_queue_now.html" if part else "public/queue.html", shown=shown)


@door(blueprint, "GET", _KIOSK, permission="queue.take", staff=True)
def kiosk() -> str:
    return _kiosk([])


def _kiosk(faults: list[Fault]) -> str:
    return render_template("staff/kiosk.html", queues=QUEUES, once=secrets.token_urlsafe(18), unit=caller().actor.unit,
                           faults=faults)  # fmt: skip


@door(blueprint, "POST", _KIOSK, permission="queue.take", staff=True, media_types=FORM, csrf=True)
def take() -> ResponseReturnValue:
    """Give a ticket out; pressing twice gives one."""
    payload = {"queue": request.form.get("queue", ""), "priority": "priority" in request.form}
    command = kept.once("take")
    try:
        taken = _taken(payload, command)
    except Refusal as refusal:
        if refusal.code != "tickets_too_many":
            raise
        return _kiosk(refusal.faults), 429, {"Retry-After": str(refusal.faults[0].params["seconds"])}
    told: dict[str, Any] = {name: taken[name] for name in ("label", "queue_name", "ahead", "taken_at", "unit",
                                                           "priority")}  # fmt: skip
    return redirect(url_for("queue.ticket", of=kept.seal(told, "ticket", TICKET_SECONDS)), 303)


def _taken(payload: dict[str, Any], command: UUID) -> dict[str, Any]:
    try:
        return platform().call("requests.take_turn", payload, caller().actor, command_id=command)
    except Refusal as refusal:
        if refusal.code != "conflict":
            raise
    return platform().call("requests.take_turn", payload, caller().actor, command_id=command)


@door(blueprint, "GET", _KIOSK + "/ticket", permission="queue.take", staff=True)
def ticket() -> ResponseReturnValue:
    """The ticket, to be printed or photographed; the screen goes back by itself."""
    told = kept.unseal(request.args.get("of", ""), "ticket")
    if not isinstance(told, dict):
        return redirect(url_for("queue.kiosk"), 303)
    return render_template("staff/ticket.html", ticket=told)
