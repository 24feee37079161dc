"""Calling turns, as part of a clerk's or a cashier's page: what the window has before it, who waits, the next one.

Every act is a command of the form's own, so that pressing twice calls once; `then` calls the next turn in the same go.
"""

from __future__ import annotations

import re
import secrets
from typing import Any
from uuid import UUID, uuid5

from flask import Blueprint, Response, redirect, request, url_for

from rules.refusal import Fault, Refusal
from rules.turns import QUEUES
from services.gateway.web.access import FORM, door
from services.gateway.web.caller import caller, set_cookie
from services.gateway.web.pages import kept
from services.gateway.web.pages.public import LANG
from services.gateway.web.platform import platform

blueprint = Blueprint("turns", __name__)
COOKIE = "shubbak_window"
WINDOW = re.compile(r"[^\W_]{1,10}")
ACTS = {"recall": "recall_turn", "serve": "serve_turn", "end": "end_turn", "miss": "miss_turn", "move": "move_turn"}
PAGES = {"window": "window.show", "cashier": "cashier.find"}
_DAY = 24 * 60 * 60
_SAID_SECONDS = 60


def in_the_hall() -> bool:
    """Whether the caller's window is one of the unit's hall, whose tickets it calls; a post office gives out none."""
    return caller().actor.channel != "post_office"


def number() -> str | None:
    """The window at which the caller sits: the account's, or the one that was entered on this browser. None where no
    tickets are called."""
    if not in_the_hall():
        return None
    told = caller().window or request.cookies.get(COOKIE, "")
    return told if WINDOW.fullmatch(told) else None


def queues() -> tuple[str, ...]:
    """Which queues the caller's window serves: who takes cash the cashier's, who takes applications the others."""
    permits = caller().actor.permits
    cash = ("cashier",) if permits("bill.take_cash") else ()
    return (*(code for code in QUEUES if code != "cashier" and permits("request.submit")), *cash)


def desk() -> dict[str, Any]:
    """What a page shows of turns: {hall, window, desk (None where the window is unknown), mine, once}."""
    window = number()
    found = None
    if window is not None and caller().actor.unit is not None:
        found = platform().call("requests.turn_desk", {"window": window}, caller().actor)
    return {"hall": in_the_hall(), "window": window, "desk": found, "mine": queues(), "once": secrets.token_urlsafe(18)}


def told() -> list[Fault]:
    """The faults that an act's redirect brought along, to be said on the page it led back to."""
    brought = kept.unseal(request.args.get("fault", ""), "fault")
    return [Fault(code, "turn", params) for code, params in brought] if isinstance(brought, list) else []


@door(blueprint, "POST", LANG + "/staff/turns/window", permission="queue.call", media_types=FORM, csrf=True)
def sit() -> Response:
    """Say at which window one sits, where the account does not: kept by this browser for the day."""
    told = request.form.get("window", "").strip()
    response = _back()
    if WINDOW.fullmatch(told):
        set_cookie(response, COOKIE, told, seconds=_DAY)
    return response


@door(blueprint, "POST", LANG + "/staff/turns", permission="queue.call", media_types=FORM, csrf=True)
def act() -> Response:
    """Do what the button says with the window's turn, and with `+call` after it call the next one."""
    once = kept.once("turn")
    asked, _, then = request.form.get("act", "").partition("+")
    window = number()
    if window is None:
        return _back()
    try:
        if asked in ACTS:
            do(asked, _turn_id(), window, once, request.form.get("queue", ""))
        if asked == "call" or then == "call":
            call(window, once, None if then else _turn_id())
    except Refusal as refusal:
        if refusal.code in ("forbidden", "unauthenticated"):
            raise
        return _back([[one.code, one.params] for one in refusal.faults])
    return _back()


def do(asked: str, turn_id: UUID | None, window: str, once: UUID, queue: str = "") -> dict[str, Any]:
    """One act on the window's turn: recall, serve, end, miss or move."""
    payload: dict[str, Any] = {"turn_id": str(turn_id) if turn_id else "", "window": window}
    if asked == "move":
        payload["queue"] = queue
    return platform().call(f"requests.{ACTS[asked]}", payload, caller().actor, command_id=uuid5(once, asked))


def call(window: str, once: UUID, turn_id: UUID | None = None) -> dict[str, Any]:
    """The next turn of the own queues, or a certain one, to this window. Somebody else who calls at the same moment
    may be faster five times; then it is asked once more."""
    chosen = [code for code in request.form.getlist("queues") if code in queues()] or list(queues())
    payload = {"window": window, "queues": chosen, "turn_id": str(turn_id) if turn_id else None}
    command = uuid5(once, "call")
    try:
        return platform().call("requests.call_turn", payload, caller().actor, command_id=command)
    except Refusal as refusal:
        if refusal.code != "conflict":
            raise
    return platform().call("requests.call_turn", payload, caller().actor, command_id=command)


def _turn_id() -> UUID | None:
    try:
        return UUID(request.form.get("turn_id", ""))
    except ValueError:
        return None


def _back(faults: list[Any] | None = None) -> Response:
    page = PAGES.get(request.form.get("page", ""), "window.show")
    if page == "window.show" and not caller().actor.permits("request.submit"):
        page = "cashier.find"
    brought = kept.seal(faults, "fault", _SAID_SECONDS) if faults else None
    return redirect(url_for(page, fault=brought), 303)  # type: ignore[return-value]
