"""The governorate's units as they are published today, with how many accounts work for each. Read only: what a unit is
changes by proposal and review (editor_organisation)."""

from __future__ import annotations

from flask import Blueprint, render_template

from rules import places
from services.gateway import people
from services.gateway.web.access import door
from services.gateway.web.caller import caller
from services.gateway.web.pages import shown
from services.gateway.web.pages.public import LANG
from services.gateway.web.platform import platform

blueprint = Blueprint("units", __name__)


@door(blueprint, "GET", LANG + "/staff/units", permission=people.MANAGE)
def show() -> str:
    """Units in reach by their name: kind, status, and their accounts that are let in and that are kept out."""
    held = platform()
    counts = held.run(people.counts, caller().actor)
    own = caller().actor.unit
    rows = sorted((
        {"code": unit.code, "name": shown.named(unit.name), "kind": shown.named(places.UNIT_KINDS[unit.kind]),
         "status": unit.status, **counts.get(unit.code, {"active": 0, "inactive": 0})}
        for unit in held.organisation.known().units(held.today())
        if unit.governorate == held.settings.node and own in (None, unit.code)), key=lambda row: str(row["name"]))
    everywhere = counts.get(None) if own is None else None
    return render_template("staff/units.html", rows=rows, everywhere=everywhere)
