"""Staff accounts for administrators: found, taken on, changed, kept out; sessions ended; and which role may do what."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from rules import roles
from rules.refusal import Refusal
from services.gateway import accounts, people
from services.gateway.web.access import FORM, door
from services.gateway.web.caller import caller
from services.gateway.web.pages import kept, shown
from services.gateway.web.pages.public import LANG
from services.gateway.web.platform import platform

blueprint = Blueprint("people", __name__)
_PEOPLE = LANG + "/staff/people"
_ONE = _PEOPLE + "/<uuid:account_id>"
MANAGE = people.MANAGE
WORDS = ("username", "display_name", "unit", "department", "window", "channel", "external_id")
DONE = ("made", "changed", "deactivated", "reactivated", "password", "authenticator", "sessions")
_MAY_BE_EMPTY = ("unit", "department", "window", "external_id")


@door(blueprint, "GET", _PEOPLE, permission=MANAGE)
def search() -> str:
    """Accounts by name, role, unit or whether they are let in."""
    given = {name: request.args.get(name, "").strip()[:100] for name in ("q", "role", "unit", "active", "after")}
    active = {"yes": True, "no": False}.get(given["active"])
    found = platform().run(lambda work: people.search(
        work, words=given["q"] or None, role=given["role"] or None, unit=given["unit"] or None, active=active,
        after=given["after"] or None), caller().actor)
    further = url_for("people.search", **{**given, "after": found["next"]}) if found["next"] else None
    return render_template("staff/people.html", found=found["accounts"], given=given, further=further, **_lists())


@door(blueprint, "GET", _PEOPLE + "/new", permission=MANAGE)
def show_new() -> str:
    return _new([], {"channel": "centre", "unit": caller().actor.unit or ""})


@door(blueprint, "POST", _PEOPLE + "/new", permission=MANAGE, media_types=FORM, csrf=True)
def create() -> ResponseReturnValue:
    given = _given()
    body = {**given, "password": request.form.get("password", "")[:200]}
    account_id = kept.once("account")
    try:
        made = _once("accounts.create", body, account_id, lambda work: people.create(work, _full(body), account_id))
    except Refusal as refusal:
        if refusal.code == "forbidden":
            raise
        return _new(refusal.faults, given), 422
    return redirect(url_for("people.show", account_id=made["account_id"], done="made"), 303)


@door(blueprint, "GET", _ONE, permission=MANAGE)
def show(account_id: UUID) -> str:
    done = request.args.get("done", "")
    return _one(account_id, [], None, done if done in DONE else "")


@door(blueprint, "POST", _ONE, permission=MANAGE, media_types=FORM, csrf=True)
def change(account_id: UUID) -> ResponseReturnValue:
    """Name, roles, place. The version says what was looked at: whoever was faster is not overwritten."""
    given = _given()
    version = request.form.get("version", "")
    body = {**given, "version": int(version) if version.isdecimal() else 0}
    changes = {name: value for name, value in _full(given).items() if name in people.CHANGEABLE}
    return _act(account_id, "change", "changed", given, body, lambda work, reason: people.change(
        work, account_id, body["version"], changes, reason))


@door(blueprint, "POST", _ONE + "/deactivation", permission=MANAGE, media_types=FORM, csrf=True)
def deactivate(account_id: UUID) -> ResponseReturnValue:
    return _act(account_id, "deactivate", "deactivated", None, {}, lambda work, reason: people.deactivate(
        work, account_id, reason))


@door(blueprint, "POST", _ONE + "/reactivation", permission=MANAGE, media_types=FORM, csrf=True)
def reactivate(account_id: UUID) -> ResponseReturnValue:
    return _act(account_id, "reactivate", "reactivated", None, {}, lambda work, reason: people.reactivate(
        work, account_id, reason))


@door(blueprint, "POST", _ONE + "/password", permission=MANAGE, media_types=FORM, csrf=True)
def reset_password(account_id: UUID) -> ResponseReturnValue:
    password = request.form.get("password", "")[:200]
    return _act(account_id, "reset_password", "password", None, {"password": password},
                lambda work, reason: people.reset_password(work, account_id, password, reason))


@door(blueprint, "POST", _ONE + "/authenticator", permission=MANAGE, media_types=FORM, csrf=True)
def reset_authenticator(account_id: UUID) -> ResponseReturnValue:
    return _act(account_id, "reset_authenticator", "authenticator", None, {},
                lambda work, reason: people.reset_second_factor(work, account_id, reason))


@door(blueprint, "POST", _ONE + "/sessions", permission=MANAGE, media_types=FORM, csrf=True)
def end_sessions(account_id: UUID) -> ResponseReturnValue:
    """One of them, or all."""
    chosen = request.form.get("session_id", "")
    try:
        session_id = UUID(chosen) if chosen else None
    except ValueError:
        session_id = None
    if session_id or not chosen:
        platform().run(lambda work: people.revoke(work, account_id, session_id), caller().actor)
    return redirect(url_for("people.show", account_id=account_id, done="sessions"), 303)


@door(blueprint, "GET", LANG + "/staff/roles", permission=MANAGE)
def show_roles() -> str:
    """Every role with what it may do, as rules/roles.yaml says it."""
    known = roles.load()
    return render_template("staff/roles.html", roles=known.roles, permissions=known.permissions)


# -- acting ----------------------------------------------------------------------------------------------------------


def _act(account_id: UUID, form: str, done: str, given: dict[str, Any] | None, body: dict[str, Any],
         work: Callable[[Any, str], dict[str, Any]]) -> ResponseReturnValue:  # fmt: skip
    reason = request.form.get("reason", "").strip()[:500]
    payload = {"account_id": str(account_id), "reason": reason, **body}
    try:
        _once(f"accounts.{form}", payload, kept.once(form), lambda unit: work(unit, reason))
    except Refusal as refusal:
        if refusal.code in ("forbidden", "account_unknown"):
            raise
        return _one(account_id, refusal.faults, {**(given or {}), "form": form, "reason": reason}), 422
    return redirect(url_for("people.show", account_id=account_id, done=done), 303)


def _once(method: str, payload: dict[str, Any], command_id: UUID,
          work: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:  # fmt: skip
    return platform().once(command_id, method, payload, work, caller().actor)


def _given() -> dict[str, Any]:
    found: dict[str, Any] = {name: request.form.get(name, "").strip()[:255] for name in WORDS}
    return {**found, "roles": request.form.getlist("roles")[:10]}


def _full(given: dict[str, Any]) -> dict[str, Any]:
    """What was given as accounts take it: an empty place is none."""
    return {name: (value or None) if name in _MAY_BE_EMPTY else value for name, value in given.items()}


# -- showing ---------------------------------------------------------------------------------------------------------


def _new(faults: list[Any], given: dict[str, Any]) -> str:
    return render_template("staff/person_new.html", faults=faults, given=given, once=secrets.token_urlsafe(18),
                           **_lists())  # fmt: skip


def _one(account_id: UUID, faults: list[Any], given: dict[str, Any] | None, done: str = "") -> str:
    found = platform().run(lambda work: people.one(work, account_id), caller().actor)
    of_form = given["form"] if given else ""
    values = {**found, **given} if given and of_form == "change" else found
    return render_template("staff/person.html", one=found, values=values, given=given or {}, form=of_form, done=done,
                           faults=faults, once=lambda: secrets.token_urlsafe(18), **_lists())  # fmt: skip


def _lists() -> dict[str, Any]:
    known, held = roles.load(), platform()
    units = sorted((unit.code, shown.named(unit.name)) for unit in held.organisation.known().units(held.today())
                   if unit.governorate == held.settings.node)
    return {
        "staff_roles": [(code, shown.named(role.name)) for code, role in known.roles.items() if role.staff],
        "departments": [(code, shown.named(name)) for code, name in known.departments.items()],
        "units": [(code, f"{name} ({code})") for code, name in units],
        "channels": [(channel, shown.text(f"people.channel.{channel}")) for channel in accounts.STAFF_CHANNELS],
    }
