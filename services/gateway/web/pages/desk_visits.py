"""Visits of the mobile district as the centre plans them, and what tablets uploaded that was not applied."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any

from flask import Blueprint, Response, g, render_template, request

from contracts.requests_visits import ACCEPTABLE
from rules import visits as rule
from rules.refusal import Fault, Refusal
from services.gateway import accounts, colleagues
from services.gateway.web.access import FORM, door
from services.gateway.web.caller import caller
from services.gateway.web.pages import kept
from services.gateway.web.pages.desk import (
    STAFF,
    ask,
    asked,
    day_of,
    done,
    names,
    next_page,
    said_here,
    shown_file,
    token,
    version,
    written,
)
from services.gateway.web.pages.shown import CAIRO, fault_text
from services.gateway.web.platform import platform

blueprint = Blueprint("desk_visits", __name__)
CLERK = "mobile_clerk"


@door(blueprint, "GET", STAFF + "/visits", permission="visit.plan")
def list_visits() -> str:
    """Visits of my unit by state and day; nobody is named."""
    state, day = asked("state"), asked("day", 10)
    chosen = {"state": state if state in rule.STATES else None if state == "all" else rule.ORDERED, "day": day}
    faults: list[Fault] = []
    try:
        found = ask("requests.visits", {**chosen, "after": asked("after")})
    except Refusal as refusal:
        faults, found = said_here(refusal), {"visits": [], "next": None}
    return render_template(
        "staff/visits.html", visits=found["visits"], people=names(one["clerk_id"] for one in found["visits"]),
        chosen={**chosen, "state": chosen["state"] or "all"}, states=_states(), faults=faults, done=asked("done"),
        next=next_page("desk_visits.list_visits", found["next"], state=chosen["state"] or "all", day=day))


def _states() -> dict[str, str]:
    return {code: both[0 if g.language == "ar" else 1] for code, both in rule.NAMES.items()}


@door(blueprint, "GET", STAFF + "/visits/<number>", permission="visit.plan")
def show_visit(number: str) -> str:
    """A visit with name, phone and address, to plan it. Reading it is recorded."""
    return _visit(number, [], {})


@door(blueprint, "POST", STAFF + "/visits/<number>/plan", permission="visit.plan", media_types=FORM, csrf=True)
def plan_visit(number: str) -> Response | tuple[str, int]:
    """Give it a tablet, a clerk and a day."""
    given = {name: written(name, 64) for name in ("device_id", "clerk", "day")}
    faults = [Fault("field_required", name) for name, value in given.items() if not value]
    day = day_of("day", faults)
    try:
        if faults or day is None:
            raise Refusal(faults or [Fault("field_required", "day")])
        who = caller().actor
        clerk = platform().run(lambda work: accounts.of_role(work, given["clerk"], CLERK, who.unit), who)
        ask("requests.plan_visit", {"visit_number": number, "device_id": given["device_id"], "clerk_id": clerk,
                                    "day": day.isoformat(), "version": version()}, command_id=kept.once("plan"))
    except Refusal as refusal:
        return _visit(number, said_here(refusal), given), 422
    return done("desk_visits.list_visits", "planned")


@door(blueprint, "POST", STAFF + "/visits/<number>/<any(missed,called_off):end>", permission="visit.plan",
      media_types=FORM, csrf=True)
def end_visit(number: str, end: str) -> Response | tuple[str, int]:
    """Record that nobody was met, or take the visit back; with a reason."""
    method = {"missed": "requests.miss_visit", "called_off": "requests.call_off_visit"}[end]
    reason = written("reason", 500)
    try:
        ask(method, {"visit_number": number, "reason": reason}, command_id=kept.once(end))
    except Refusal as refusal:
        return _visit(number, [Fault(one.code, f"{end}/{one.field}" if one.field == "reason" else one.field, one.params)
                               for one in said_here(refusal)], {"end": end, "reason": reason}), 422
    return done("desk_visits.list_visits", end)


def _visit(number: str, faults: list[Fault], given: dict[str, str]) -> str:
    found = ask("requests.visit_file", {"visit_number": number})
    day = given.get("day") or found["day"] or found["preferred_on"] or platform().today().isoformat()
    tablets = ask("requests.visit_tablets", {"day": day if _is_day(day) else platform().today().isoformat()})
    who = caller().actor
    clerks = platform().run(lambda work: colleagues.of_role(work, CLERK, who.unit), who)
    may = {action for state, action in rule.TRANSITIONS if state == found["state"]}
    return render_template(
        "staff/visit.html", one=found, tablets=tablets["tablets"], capacity=tablets["capacity"], clerks=clerks, day=day,
        may=may, faults=faults, given=given, once=token(), states=_states(),
        clerk_name=names([found["clerk_id"]]).get(found["clerk_id"] or ""))


def _is_day(value: str) -> bool:
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


# -- what tablets uploaded and was not applied -----------------------------------------------------------------------


@door(blueprint, "GET", STAFF + "/quarantine", permission="offline.review")
def list_items() -> str:
    """The oldest first; nobody is named."""
    found = ask("requests.offline_items", {"after": asked("after")})
    return render_template(
        "staff/quarantine.html", items=found["items"],
        why={one["item_id"]: [said(code) for code in one["codes"]] for one in found["items"]},
        people=names(one["clerk_id"] for one in found["items"]),
        done=asked("done"), next=next_page("desk_visits.list_items", found["next"]))


def said(code: str) -> str:
    """What a code says where its values are not told, as in a list."""
    return re.sub(r"\{[^{}]*\}", "…", fault_text(Fault(code)))


@door(blueprint, "GET", STAFF + "/quarantine/<uuid:item_id>", permission="offline.review")
def show_item(item_id: Any) -> str:
    """One with its body and why it was not applied. Reading it is recorded."""
    return _item(item_id, [], {})


@door(blueprint, "GET", STAFF + "/quarantine/<uuid:item_id>/documents/<sha256>", permission="offline.review")
def show_item_document(item_id: Any, sha256: str) -> Response:
    """A photo or signature that an item signed. Reading it is recorded."""
    found = ask("requests.offline_item_document", {"item_id": str(item_id), "sha256": sha256[:64]})
    return shown_file(found, sha256[:12])


@door(blueprint, "POST", STAFF + "/quarantine/<uuid:item_id>/retry", permission="offline.review", media_types=FORM,
      csrf=True)
def retry_item(item_id: Any) -> Response | tuple[str, int]:
    """Try it again as it was signed, accepting what a person has looked into."""
    given = {"happened_at": written("happened_at", 25)}
    accept = [one for one in request.form.getlist("accept") if one in ACCEPTABLE]
    faults: list[Fault] = []
    moment: str | None = None
    if given["happened_at"]:
        try:
            moment = datetime.fromisoformat(given["happened_at"]).replace(tzinfo=CAIRO).isoformat()
        except ValueError:
            faults.append(Fault("field_invalid", "happened_at", {"reason": "Not a valid datetime."}))
    try:
        if faults:
            raise Refusal(faults)
        tried = ask("requests.retry_item", {"item_id": str(item_id), "accept": accept, "happened_at": moment},
                    command_id=kept.once("retry"))
    except Refusal as refusal:
        return _item(item_id, said_here(refusal), given), 422
    if tried["result"] != "applied":
        return done("desk_visits.show_item", "still_quarantined", item_id=item_id)
    return done("desk_visits.list_items", "applied")


@door(blueprint, "POST", STAFF + "/quarantine/<uuid:item_id>/close", permission="offline.review", media_types=FORM,
      csrf=True)
def close_item(item_id: Any) -> Response | tuple[str, int]:
    """It was dealt with otherwise; a person says how."""
    reason = written("reason")
    try:
        ask("requests.close_item", {"item_id": str(item_id), "reason": reason}, command_id=kept.once("close"))
    except Refusal as refusal:
        return _item(item_id, said_here(refusal), {"reason": reason}), 422
    return done("desk_visits.list_items", "closed")


def _item(item_id: Any, faults: list[Fault], given: dict[str, str]) -> str:
    found = ask("requests.offline_item_file", {"item_id": str(item_id)})
    standing = {one["code"] for one in found["faults"]}
    return render_template(
        "staff/quarantine_item.html", one=found, faults=faults, given=given, once=token(), done=asked("done"),
        acceptable=[code for code in ACCEPTABLE if code in standing],
        clerk_name=names([found["clerk_id"]]).get(found["clerk_id"] or ""))
