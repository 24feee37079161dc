"""The operator's page of remote commands at the centre: what was ordered of a node, what came of it, and one more."""

from __future__ import annotations

import secrets
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, g, redirect, render_template, request, url_for

from rules.link_commands import COMMANDS, Argument
from rules.refusal import Fault, Refusal
from services.gateway.link import commands
from services.gateway.web.access import FORM, door
from services.gateway.web.caller import caller
from services.gateway.web.pages import kept
from services.gateway.web.pages.links import peer_name
from services.gateway.web.pages.public import LANG
from services.gateway.web.platform import platform

blueprint = Blueprint("link_commands", __name__)
_ALL = LANG + "/staff/links/<peer>/commands"


@door(blueprint, "GET", _ALL, permission="link.read")
def show(peer: str) -> str:
    """Orders, newest first; `command` chooses what the form is about."""
    return _shown(peer, [], {"name": request.args.get("command", "")[:40]})


@door(blueprint, "POST", _ALL, permission="link.command", media_types=FORM, csrf=True)
def order(peer: str) -> Response | tuple[str, int]:
    """One more order."""
    given = {name: request.form.get(name, "").strip()[:500] for name in ("name", "reason", *_NAMES)}
    command = COMMANDS.get(given["name"])
    arguments = {one.name: _read(one, given[one.name]) for one in (command.arguments if command else ())
                 if given[one.name]}
    body = {"peer": peer, "name": given["name"], "arguments": arguments, "reason": given["reason"]}
    try:
        platform().once(
            kept.once("order"), "gateway.order_link_command", body,
            lambda work: commands.order(work, peer, given["name"], arguments, given["reason"]), caller().actor)
    except Refusal as refusal:
        if refusal.code in ("forbidden", "unauthenticated", "form_expired"):
            raise
        faults = [Fault(one.code, (one.field or "").removeprefix("arguments/") or None, one.params)
                  for one in refusal.faults]
        return _shown(peer, faults, given), 422
    return redirect(url_for("link_commands.show", peer=peer, done=1), 303)  # type: ignore[return-value]


def _shown(peer: str, faults: list[Fault], given: dict[str, str]) -> str:
    before = request.args.get("before", "")
    found = platform().run(lambda work: commands.listed(work, peer, _uuid(before), 20), caller().actor)
    chosen = given.get("name") or "report"
    command = COMMANDS.get(chosen, COMMANDS["report"])
    return render_template(
        "staff/link_commands.html", peer=peer, peer_name=peer_name, commands=found["commands"], all=COMMANDS,
        chosen=chosen if chosen in COMMANDS else "report", command=command, faults=faults, given=given,
        once=secrets.token_urlsafe(18), done=request.args.get("done"), said=said, orders=platform().at_centre,
        next=url_for("link_commands.show", peer=peer, before=found["next"]) if found["next"] else None)


def said(names: Any) -> str:
    """A name of rules.link_commands in the page's language."""
    return str(names[g.language])


_NAMES = tuple(dict.fromkeys(one.name for command in COMMANDS.values() for one in command.arguments))


def _read(argument: Argument, text: str) -> Any:
    """A number where one is wanted and was typed; otherwise what was typed, for the rule to refuse."""
    return int(text) if not argument.text and text.isascii() and text.isdigit() and len(text) < 19 else text


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
