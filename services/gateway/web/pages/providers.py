"""Providers of messages for administrators: what part of its channel each takes, set by hand for a reason; and how the
parts came about."""

from __future__ import annotations

import secrets
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from rules.arabic import western_digits
from rules.refusal import Fault, Refusal
from services.gateway import colleagues
from services.gateway.web.access import FORM, door
from services.gateway.web.caller import caller
from services.gateway.web.pages import kept
from services.gateway.web.pages.public import LANG
from services.gateway.web.platform import platform

blueprint = Blueprint("providers", __name__)
STEER = "provider.steer"
_PROVIDERS = LANG + "/staff/messages/providers"
SHORTEST_REASON, MOST_WEIGHT = 3, 100


@door(blueprint, "GET", _PROVIDERS, permission=STEER)
def show() -> str:
    """Every provider, and what changed their parts, the newest first."""
    return _page([], {}, request.args.get("done", "") == "steered")


@door(blueprint, "POST", _PROVIDERS + "/<string:name>", permission=STEER, media_types=FORM, csrf=True)
def steer(name: str) -> ResponseReturnValue:
    """Set the weight (0: that of the settings), take the provider out or back in. A weight left empty stays."""
    given = {"name": name[:20], **{one: request.form.get(one, "").strip()[:500] for one in ("weight", "on", "reason")}}
    weight, faults = western_digits(given["weight"]), []
    if weight and not (weight.isdecimal() and len(weight) < 4 and int(weight) <= MOST_WEIGHT):
        faults.append(Fault("weight_malformed", "weight", {"most": MOST_WEIGHT}))
    if len("".join(given["reason"].split())) < SHORTEST_REASON:
        faults.append(Fault("reason_short", "reason", {"least": SHORTEST_REASON}))
    if faults:
        return _page(faults, given), 422
    body = {"name": name, "weight": int(weight) if weight else None, "on": {"yes": True, "no": False}.get(given["on"]),
            "reason": given["reason"]}
    try:
        platform().call("notifications.steer_provider", body, caller().actor, command_id=kept.once("steer"))
    except Refusal as refusal:
        if refusal.code in ("forbidden", "provider_unknown"):
            raise
        return _page([Fault(one.code, one.field if one.field in ("weight", "on", "reason") else None, one.params)
                      for one in refusal.faults], given), 422
    return redirect(url_for("providers.show", done="steered"), 303)


def _page(faults: list[Fault], given: dict[str, str], done: bool = False) -> str:
    who, after = caller().actor, request.args.get("after", "")
    found = platform().call("notifications.providers", {}, who)["providers"]
    asked: dict[str, Any] = {"after": int(after)} if after.isdecimal() and 0 < len(after) < 10 and int(after) else {}
    changes = platform().call("notifications.provider_changes", {**asked, "limit": 20}, who)
    names = platform().run(lambda work: colleagues.names(work, [one["actor"] for one in changes["changes"]]), who)
    further = url_for("providers.show", after=changes["next"]) if changes["next"] else None
    return render_template("staff/providers.html", found=found, changes=changes["changes"], names=names, given=given,
                           faults=faults, done=done, further=further, once=lambda: secrets.token_urlsafe(18))
