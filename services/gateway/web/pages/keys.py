"""Keys of partners for administrators: listed, made (the key is shown this once), ended."""

from __future__ import annotations

import secrets
from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from rules import roles
from rules.arabic import western_digits
from rules.refusal import Fault, Refusal, refuse
from services.gateway import colleagues, partners
from services.gateway.web.access import FORM, door
from services.gateway.web.caller import caller
from services.gateway.web.pages import kept, shown
from services.gateway.web.pages.public import LANG
from services.gateway.web.platform import platform

blueprint = Blueprint("keys", __name__)
_KEYS = LANG + "/staff/keys"
_ONE = _KEYS + "/<uuid:key_id>"
DAYS = 365


@door(blueprint, "GET", _KEYS, permission=partners.MANAGE)
def show_all() -> str:
    """All keys within reach, the newest first."""
    found = platform().run(partners.all_keys, caller().actor)
    return render_template("staff/keys.html", found=found, standing=standing)


@door(blueprint, "GET", _KEYS + "/new", permission=partners.MANAGE)
def show_new() -> str:
    own = caller().actor.unit
    return _new([], {"scopes": [], "units": [own] if own else [], "days": DAYS, "per_minute": partners.PER_MINUTE})


@door(blueprint, "POST", _KEYS + "/new", permission=partners.MANAGE, media_types=FORM, csrf=True)
def make() -> ResponseReturnValue:
    """Make a key and show it: this page cannot be opened again, and sent again it tells no key."""
    form = request.form
    given: dict[str, Any] = {name: form.get(name, "").strip()[:200] for name in ("name", "days", "per_minute")}
    given |= {name: [one[:40] for one in form.getlist(name)[:100]] for name in ("scopes", "units")}
    body = {**given, **{name: _whole(given[name]) for name in ("days", "per_minute")}}
    key_id, told = kept.once("key"), dict[str, str]()

    def run(work: Any) -> dict[str, Any]:
        found = partners.make(work, body, key_id)
        told["key"] = found.pop("key")  # what is answered is stored, and of the key nothing but its hash is
        return found

    try:
        made = platform().once(key_id, "keys.make", body, run, caller().actor)
    except Refusal as refusal:
        if refusal.code == "forbidden":
            raise
        faults = [Fault("field_required", "scopes") if fault.code == "scope_unknown" and not given["scopes"] else fault
                  for fault in refusal.faults]
        return _new(faults, given), 422
    # A wish that came again was tried twice and kept once: only the key whose beginning was kept is one.
    key = told.get("key", "")
    return render_template("staff/key_made.html", one=made, key=key if key.startswith(made["prefix"]) else None)


@door(blueprint, "GET", _ONE, permission=partners.MANAGE)
def show(key_id: UUID) -> str:
    return _one(key_id, [], "", request.args.get("done") == "revoked")


@door(blueprint, "POST", _ONE, permission=partners.MANAGE, media_types=FORM, csrf=True)
def revoke(key_id: UUID) -> ResponseReturnValue:
    reason = request.form.get("reason", "").strip()[:500]
    try:
        platform().once(kept.once("revoke"), "keys.revoke", {"key_id": str(key_id), "reason": reason},
                        lambda work: partners.revoke(work, key_id, reason), caller().actor)
    except Refusal as refusal:
        if refusal.code != "reason_short":
            raise
        return _one(key_id, refusal.faults, reason), 422
    return redirect(url_for("keys.show", key_id=key_id, done="revoked"), 303)


def standing(one: dict[str, Any]) -> str:
    """Whether a key holds, has ended by itself, or was ended."""
    if one["revoked_at"]:
        return "revoked"
    return "ended" if one["expires_at"] <= platform().now().isoformat() else "holds"


def _whole(typed: str) -> int:
    """A number as it was typed, -1 for what is none: the command refuses it with its bounds."""
    digits = western_digits(typed)
    return (int(digits) or -1) if digits.isdecimal() and len(digits) < 10 else -1


def _new(faults: list[Fault], given: dict[str, Any]) -> str:
    known, held, own = roles.load(), platform(), caller().actor.unit
    scopes = [(scope, f"{shown.named(known.permissions[scope])} ({scope})") for scope in partners.scopes()]
    units = sorted((unit.code, shown.named(unit.name)) for unit in held.organisation.known().units(held.today())
                   if unit.governorate == held.settings.node and own in (None, unit.code))
    return render_template("staff/key_new.html", faults=faults, given=given, scopes=scopes, units=units,
                           most_days=partners.LONGEST_DAYS, most_a_minute=partners.MOST_PER_MINUTE,
                           once=secrets.token_urlsafe(18))  # fmt: skip


def _one(key_id: UUID, faults: list[Fault], reason: str, done: bool = False) -> str:
    found = platform().run(partners.all_keys, caller().actor)
    one = next((key for key in found if key["key_id"] == str(key_id)), None)
    if one is None:
        raise refuse("key_unknown")
    names = platform().run(lambda work: colleagues.names(work, [one["made_by"], one["revoked_by"]]), caller().actor)
    return render_template("staff/key.html", one=one, standing=standing(one), faults=faults, reason=reason, done=done,
                           names=names, permissions=roles.load().permissions, once=secrets.token_urlsafe(18))
