"""Declared relations, and finding requests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, render_template

from contracts.requests_finding import LATENESS
from rules.refusal import Fault, Refusal
from services.gateway.web.access import FORM, door
from services.gateway.web.caller import caller
from services.gateway.web.pages import kept, shown
from services.gateway.web.pages.desk import STAFF, ask, asked, done, names, next_page, said_here, token, written
from services.gateway.web.platform import platform

blueprint = Blueprint("desk_people", __name__)
NUMBERS = ("national_id", "passport", "tax_number", "commercial_register")
SOUGHT = ("tracking_number", "national_id", "passport", "name", "address")
OF_PERSONS = ("national_id", "passport", "name")  # only for who may find by person
FILTERS = ("service_code", "state", "lateness")


@door(blueprint, "GET", STAFF + "/relations", permission="relation.declare")
def show_relations() -> str:
    """The relations I declared; as head of the unit, those of my unit. With whom is told to nobody."""
    return _relations([], {})


@door(blueprint, "POST", STAFF + "/relations", permission="relation.declare", media_types=FORM, csrf=True)
def declare() -> Response | tuple[str, int]:
    """Declare one, by a number that is kept as a keyed hash only."""
    given = {"kind": written("kind", 30), "number": written("number", 40)}
    faults = [Fault("field_required", name) for name, value in given.items() if not value]
    if given["kind"] and given["kind"] not in NUMBERS:
        faults.append(Fault("field_required", "kind"))
    try:
        if faults:
            raise Refusal(faults)
        ask("requests.declare_relation", {given["kind"]: given["number"]}, command_id=kept.once("relation"))
    except Refusal as refusal:
        placed = [Fault(one.code, "number" if one.field in NUMBERS else one.field, one.params)
                  for one in said_here(refusal)]
        return _relations(placed, given), 422
    return done("desk_people.show_relations", "declared")


@door(blueprint, "POST", STAFF + "/relations/<uuid:relation_id>/withdrawal", permission="relation.withdraw",
      media_types=FORM, csrf=True)
def withdraw(relation_id: Any) -> Response | tuple[str, int]:
    """A head takes one out of effect, with a reason; its record stays."""
    given = {"id": str(relation_id), "reason": written("reason")}
    try:
        ask("requests.withdraw_relation", {"relation_id": str(relation_id), "reason": given["reason"]},
            command_id=kept.once("withdrawal"))
    except Refusal as refusal:
        placed = [Fault(one.code, f"{relation_id}/{one.field}" if one.field else one.field, one.params)
                  for one in said_here(refusal)]
        return _relations(placed, given), 422
    return done("desk_people.show_relations", "withdrawn")


def _relations(faults: list[Fault], given: dict[str, str]) -> str:
    found = ask("requests.relations", {"before": asked("before")})
    people = names([one["account"] for one in found["relations"]] + [one["withdrawn_by"] for one in found["relations"]])
    return render_template(
        "staff/relations.html", relations=found["relations"], people=people, numbers=NUMBERS, faults=faults,
        given=given, once=token(), done=asked("done"), me=caller().actor.id,
        next=next_page("desk_people.show_relations", found["next"], "before"))


@door(blueprint, "GET", STAFF + "/find", permission="request.find")
def list_requests() -> str:
    """Requests of my unit by state and lateness; nobody is named. Without a filter, only the form."""
    filters = {name: asked(name) for name in FILTERS}
    faults: list[Fault] = []
    found: dict[str, Any] = {"requests": None, "next": None}
    if any(filters.values()):
        try:
            found = ask("requests.list", {**filters, "after": asked("after")})
        except Refusal as refusal:
            faults = said_here(refusal)
    return _found(found, {}, {name: value or "" for name, value in filters.items()}, faults,
                  next_page("desk_people.list_requests", found["next"], "after", **filters))


@door(blueprint, "POST", STAFF + "/find", permission="request.find", media_types=FORM, csrf=True)
def find() -> str | tuple[str, int]:
    """By number, person or address. What names people stands in the body, never in an address; such a search is
    recorded. A page further is another search."""
    given = {name: written(name, 250) for name in SOUGHT}
    after = written("after", 60) or None
    try:
        found = ask("requests.find", {**{name: value or None for name, value in given.items()}, "after": after})
    except Refusal as refusal:
        return _found({"requests": None, "next": None}, given, {}, said_here(refusal), None), 422
    return _found(found, given, {}, [], None)


def _found(found: dict[str, Any], given: dict[str, str], filters: dict[str, str], faults: list[Fault],
           next_: str | None) -> str:
    by_person = caller().actor.permits("request.find_person")
    services = {one.code: one.document for one in platform().guide.in_force()}
    chosen = services.get(filters.get("service_code", ""))
    states = chosen["workflow"]["states"] if chosen else {}
    return render_template(
        "staff/find.html", services=_by_name(services), states=_by_name(states),
        requests=found["requests"], after=found["next"], given=given, filters=filters,
        faults=faults, next=next_, lateness=LATENESS,
        sought=[name for name in SOUGHT if by_person or name not in OF_PERSONS])


def _by_name(named: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Codes with what people call them, in the order of the names."""
    return sorted(((code, shown.named(one["name"])) for code, one in named.items()), key=lambda pair: pair[1])
