"""Staff pages of agencies: who they are, their keys, what is agreed with each."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from rules import places, roles
from rules.refusal import Fault, Refusal, refuse
from services.gateway import partners
from services.gateway.agencies import agreements, choices, letters, registry, subscriptions, watching
from services.gateway.web import agencies as doing
from services.gateway.web.access import FORM, door
from services.gateway.web.caller import caller
from services.gateway.web.pages import kept, shown
from services.gateway.web.pages.agency_forms import day, listed, typed, whole
from services.gateway.web.pages.board_tables import COUNT, TEXT, Chart, Column, Table
from services.gateway.web.pages.public import LANG
from services.gateway.web.platform import platform

blueprint = Blueprint("agencies", __name__)
_ALL = LANG + "/staff/agencies"
_ONE = _ALL + "/<uuid:agency_id>"
_AGREEMENT = _ONE + "/agreements/<uuid:agreement_id>"
READ, MANAGE = registry.READ, registry.MANAGE
SCOPES = ("feed.read", subscriptions.OWN, letters.REPLY, "licence.verify")
KINDS = {"well": "good", "behind": "warn", "failing": "warn", "circuit_open": "bad", "dead_letters": "bad",
         "agreement_over": "warn", "paused": "quiet", "ended": "quiet"}  # fmt: skip


@door(blueprint, "GET", _ALL, permission=READ)
def show_all() -> str:
    """All agencies, and every subscription with how it does; that part asks for itself again."""
    found = run(watching.watched)
    stands = [one for one in found if one["state"] != subscriptions.ENDED]
    if shown.for_a_part("subscriptions"):
        return render_template("staff/agencies/_watched.html", found=stands, **words())
    return render_template("staff/agencies/all.html", agencies=run(registry.every), found=stands,
                           tables=_lags(stands), **words())  # fmt: skip


@door(blueprint, "GET", _ALL + "/new", permission=MANAGE)
def show_new() -> str:
    return _new([], {"bodies": []})


@door(blueprint, "POST", _ALL + "/new", permission=MANAGE, media_types=FORM, csrf=True)
def add() -> ResponseReturnValue:
    """Register an agency."""
    given = {**typed("code", "name_ar", "name_en"), "bodies": listed("bodies")}
    body = _agency(given)
    try:
        made = _once("agency", "agencies.add", body, lambda work, own: registry.add(work, body, own))
    except Refusal as refusal:
        return _new(said_here(refusal), given), 422
    return redirect(url_for("agencies.show", agency_id=made["agency_id"]), 303)


@door(blueprint, "GET", _ONE, permission=READ)
def show(agency_id: UUID) -> str:
    return _one(agency_id, [], {})


@door(blueprint, "POST", _ONE, permission=MANAGE, media_types=FORM, csrf=True)
def change(agency_id: UUID) -> ResponseReturnValue:
    """Another name, other bodies; or the end of all dealings, as the form says."""
    told = typed("act", "name_ar", "name_en", "reason")
    given = {**told, "bodies": listed("bodies")}
    body = {name: value for name, value in _agency(given).items() if name != "code"}
    try:
        if given["act"] == "close":
            _once("close", "agencies.close", {"agency_id": str(agency_id), "reason": given["reason"]},
                  lambda work, _: registry.close(work, agency_id, told["reason"]))
        else:
            _once("change", "agencies.change", {"agency_id": str(agency_id), **body},
                  lambda work, _: registry.change(work, agency_id, body))
    except Refusal as refusal:
        return _one(agency_id, said_here(refusal), given), 422
    return redirect(url_for("agencies.show", agency_id=agency_id), 303)


@door(blueprint, "GET", _ONE + "/keys/new", permission=MANAGE)
def show_new_key(agency_id: UUID) -> str:
    return _new_key(agency_id, [], {"scopes": [], "days": 365, "per_minute": partners.PER_MINUTE})


@door(blueprint, "POST", _ONE + "/keys/new", permission=MANAGE, media_types=FORM, csrf=True)
def make_key(agency_id: UUID) -> ResponseReturnValue:
    """Make a key and show it: this page cannot be opened again, and sent again it tells no key."""
    given: dict[str, Any] = {**typed("days", "per_minute"), "scopes": listed("scopes")}
    body = {**given, "days": whole(given["days"]), "per_minute": whole(given["per_minute"])}
    try:
        made, key = doing.make_key(agency_id, body, kept.once("key"))
    except Refusal as refusal:
        required = {} if given["scopes"] else {"scopes": "scope_unknown"}
        return _new_key(agency_id, said_here(refusal, **required), given), 422
    return render_template("staff/agencies/secret.html", title=shown.text("agencies.key_made"), secret=key,
                           how="Authorization: Bearer " + (key or ""), missing=key is None,
                           back=url_for("agencies.show", agency_id=agency_id), name=made["name"])  # fmt: skip


@door(blueprint, "GET", _ONE + "/agreements/new", permission=MANAGE)
def show_new_agreement(agency_id: UUID) -> str:
    today = platform().today()
    return _new_agreement(agency_id, [], {
        "events": [], "services": [], "governorates": [], "fields": {}, "valid_from": today.isoformat(),
        "valid_until": today.replace(year=today.year + 1, day=min(today.day, 28)).isoformat()})


@door(blueprint, "POST", _ONE + "/agreements/new", permission=MANAGE, media_types=FORM, csrf=True)
def agree(agency_id: UUID) -> ResponseReturnValue:
    """Record what was agreed."""
    given: dict[str, Any] = {**typed("reference", "valid_from", "valid_until"),
                             **{name: listed(name) for name in ("events", "services", "governorates")}}
    given["fields"] = {event: chosen for event in given["events"] if (chosen := listed(f"fields/{event}"))}
    faults: list[Fault] = []
    dates = {name: day(given[name], name, faults) for name in ("valid_from", "valid_until")}
    try:
        if faults:
            raise Refusal(faults)
        made = _once("agreement", "agreements.agree", {"agency_id": str(agency_id), **given},
                     lambda work, own: agreements.agree(work, agency_id, {**given, **dates}, own))
    except Refusal as refusal:
        required = {} if given["events"] else {"events": "agreement_events_invalid"}
        return _new_agreement(agency_id, said_here(refusal, **required), given), 422
    return redirect(url_for("agencies.show_agreement", agency_id=agency_id, agreement_id=made["agreement_id"]), 303)


@door(blueprint, "GET", _AGREEMENT, permission=READ)
def show_agreement(agency_id: UUID, agreement_id: UUID) -> str:
    return _agreement(agency_id, agreement_id, [], {})


@door(blueprint, "POST", _AGREEMENT, permission=MANAGE, media_types=FORM, csrf=True)
def change_agreement(agency_id: UUID, agreement_id: UUID) -> ResponseReturnValue:
    """Another last day, or its end, as the form says."""
    given, faults = typed("act", "valid_until", "reason"), list[Fault]()
    told = {"agreement_id": str(agreement_id), **given}
    try:
        if given["act"] == "end":
            _once("end", "agreements.end", told,
                  lambda work, _: agreements.end(work, agency_id, agreement_id, given["reason"]))
        else:
            until = day(given["valid_until"], "valid_until", faults)
            if faults or until is None:
                raise Refusal(faults)
            _once("extend", "agreements.extend", told,
                  lambda work, _: agreements.extend(work, agency_id, agreement_id, until))
    except Refusal as refusal:
        return _agreement(agency_id, agreement_id, said_here(refusal), given), 422
    return redirect(url_for("agencies.show_agreement", agency_id=agency_id, agreement_id=agreement_id), 303)


# -- shared with the pages of subscriptions ----------------------------------------------------------------------------


def run(work: Callable[[Any], Any]) -> Any:
    """Work on the gateway's database in the caller's name."""
    return platform().run(work, caller().actor)


def said_here(refusal: Refusal, **required: str) -> list[Fault]:
    """The faults to show on the page that was sent; what has nothing to do with what was typed goes on. `required`
    names, by field, the code that an empty field is refused with."""
    if refusal.code in ("forbidden", "form_expired", "agency_unknown", "agreement_unknown", "subscription_unknown"):
        raise refusal
    return [Fault("field_required", field) if (field := _emptied(fault, required)) else _at_its_field(fault)
            for fault in refusal.faults]  # fmt: skip


def _emptied(fault: Fault, required: dict[str, str]) -> str:
    return next((field for field, code in required.items() if fault.code == code), "")


def _at_its_field(fault: Fault) -> Fault:
    """A fault of a name stands at the Arabic one, which comes first."""
    if fault.field == "name" and fault.code == "agency_name_invalid":
        return Fault(fault.code, "name_ar", fault.params)
    return fault


def words() -> dict[str, Any]:
    """What the templates call."""
    return {"kinds": KINDS, "governorate": governorate, "age": age, "write": write,
            "may_change": caller().actor.permits(MANAGE)}  # fmt: skip


def write(value: Any, kind: str) -> str:
    """A cell of a table as the page writes it."""
    return shown.number(value) if kind == COUNT else str(value)


def governorate(code: str) -> str:
    """`القاهرة` for EG-C; the code itself where nobody knows it."""
    found = places.governorate(code)
    return shown.named(found.name) if found else code


def age(seconds: float) -> str:
    """How old the oldest waiting one is, in the largest unit that fits."""
    if seconds < 1:
        return shown.text("agencies.nothing_waits")
    if seconds < 60:
        return shown.text("links.seconds", count=int(seconds))
    if seconds < 2 * 3600:
        return shown.counted(int(seconds) // 60, "minute")
    return shown.counted(int(seconds) // 3600, "hour") if seconds < 2 * 86400 else shown.counted(
        int(seconds) // 86400, "day")


def services() -> list[tuple[str, str]]:
    """Services that are known here, by name."""
    return sorted(((code, shown.named(name)) for code, name in run(choices.services)), key=lambda one: one[1])


# -- pages -------------------------------------------------------------------------------------------------------------


def _lags(found: list[dict[str, Any]]) -> list[Table]:
    """What waits in each subscription, the most first; none where nothing does."""
    waits = [one for one in found if one["lag"] or one["waiting"] or one["behind"] or one["dead"]]
    waits.sort(key=lambda one: -(one["lag"] + one["waiting"] + one["behind"] + one["dead"]))
    rows: list[tuple[Any, ...]] = [
        (f"{one['agency']} · {one['name']}", one["lag"], one["waiting"] + one["behind"], one["dead"]) for one in waits]
    columns = (Column(shown.text("agencies.subscription"), TEXT), Column(shown.text("agencies.lag")),
               Column(shown.text("agencies.trying")), Column(shown.text("agencies.dead")))
    return [Table("lags", shown.text("agencies.lags"), columns, rows, Chart("rows", (1, 2, 3), True))] if rows else []


def _once(token: str, name: str, told: dict[str, Any], work: Callable[[Any, UUID], dict[str, Any]]) -> dict[str, Any]:
    command_id = kept.once(token)
    return platform().once(command_id, name, told, lambda unit: work(unit, command_id), caller().actor)


def _agency(given: dict[str, Any]) -> dict[str, Any]:
    return {"code": given.get("code", ""), "name": {"ar": given["name_ar"], "en": given["name_en"]},
            "bodies": given["bodies"]}  # fmt: skip


def _bodies() -> list[tuple[str, str]]:
    """Outside bodies that are known here, by name."""
    return sorted(((code, shown.named(name)) for code, name in run(choices.bodies)), key=lambda one: one[1])


def _new(faults: list[Fault], given: dict[str, Any]) -> str:
    return render_template("staff/agencies/new.html", faults=faults, given=given, bodies=_bodies(),
                           once=secrets.token_urlsafe(18))  # fmt: skip


def _one(agency_id: UUID, faults: list[Fault], given: dict[str, Any]) -> str:
    one = run(lambda work: registry.shown(work, agency_id))
    agreed = run(lambda work: agreements.of_agency(work, agency_id))
    found = run(lambda work: watching.watched(work, agency_id))
    today = platform().today().isoformat()
    return render_template(
        "staff/agencies/one.html", one=one, agreements=agreed, found=found, of_agency=found, faults=faults,
        given=given, today=today, now=platform().now().isoformat(), bodies=_bodies(),
        once=secrets.token_urlsafe(18), **words())  # fmt: skip


def _new_key(agency_id: UUID, faults: list[Fault], given: dict[str, Any]) -> str:
    known = roles.load().permissions
    scopes = [(one, f"{shown.named(known[one])} ({one})") for one in SCOPES]
    one = run(lambda work: registry.shown(work, agency_id))
    return render_template("staff/agencies/key_new.html", one=one, faults=faults, given=given, scopes=scopes,
                           most_days=partners.LONGEST_DAYS, most_a_minute=partners.MOST_PER_MINUTE,
                           once=secrets.token_urlsafe(18))  # fmt: skip


def _new_agreement(agency_id: UUID, faults: list[Fault], given: dict[str, Any]) -> str:
    one = run(lambda work: registry.shown(work, agency_id))
    offered: dict[str, list[tuple[str, list[str]]]] = {}
    for name, fields in agreements.offered().items():
        offered.setdefault(name.partition(".")[0], []).append((name, fields))
    return render_template(
        "staff/agencies/agreement_new.html", one=one, faults=faults, given=given, offered=offered,
        services=services(), governorates=sorted((code, governorate(code)) for code in places.governorates()),
        once=secrets.token_urlsafe(18))  # fmt: skip


def _agreement(agency_id: UUID, agreement_id: UUID, faults: list[Fault], given: dict[str, Any]) -> str:
    one = run(lambda work: registry.shown(work, agency_id))
    agreed = next((each for each in run(lambda work: agreements.of_agency(work, agency_id))
                   if each["agreement_id"] == str(agreement_id)), None)
    if agreed is None:
        raise refuse("agreement_unknown")
    of_agency = run(lambda work: watching.watched(work, agency_id))
    found = [each for each in of_agency if each["agreement_id"] == str(agreement_id)]
    return render_template(
        "staff/agencies/agreement.html", one=one, agreed=agreed, found=found, of_agency=of_agency, faults=faults,
        given=given, named=dict(services()), today=platform().today().isoformat(),
        once=secrets.token_urlsafe(18),
        **words())  # fmt: skip
