"""The page on which a service is found: words, filters, and what each filter would leave. It works without scripts: the
filters are one form, further results are a link. With them it finds while one types, and so does the home page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import render_template, url_for

from rules import places
from rules.search import Filters
from services.gateway import finding
from services.gateway.web.pages import shown
from services.gateway.web.platform import platform

PER_PAGE = 20
FILTERS = ("sector", "life_event", "unit", "channel")
_MOST_LETTERS = 200
_PARTS = {"found": "public/_found.html", "suggested": "public/_suggested.html"}


def page(asked: Mapping[str, str]) -> str:
    """The search page for a query string. Values of filters that nobody has are searched for all the same and leave
    nothing; the words are cut off at 200 letters."""
    query = asked.get("q", "")[:_MOST_LETTERS].strip()
    chosen = {name: asked.get(name, "")[:60] for name in FILTERS}
    units = _units()
    kind = next((unit.kind for unit in units if unit.code == chosen["unit"]), chosen["unit"] or None)
    filters = Filters(chosen["sector"] or None, chosen["life_event"] or None, kind, chosen["channel"] or None)
    found = platform().guide.edition().find(query, filters, after=asked.get("after") or None, limit=PER_PAGE)
    kept: dict[str, Any] = {name: value for name, value in {"q": query, **chosen}.items() if value}
    part = next((name for name in _PARTS if shown.for_a_part(name)), None)
    return render_template(
        _PARTS[part] if part else "public/services.html",
        query=query,
        entries=found.entries,
        total=found.total,
        selects=[_select(name, found.facets, chosen[name], units) for name in FILTERS],
        narrowed=sum(map(bool, chosen.values())),
        all_url=url_for("public.search", q=query or None),
        next_url=url_for("public.search", **kept, after=found.next) if found.next else None,
        from_start_url=url_for("public.search", **kept) if asked.get("after") else None,
    )


def _units() -> list[places.Unit]:
    """The open local units of this node."""
    held = platform()
    return [unit for unit in held.organisation.known().units(held.today())
            if unit.governorate == held.settings.node and unit.status == "open"]  # fmt: skip


def _select(
    name: str, facets: Mapping[str, Mapping[str, int]], chosen: str, units: list[places.Unit]
) -> dict[str, Any]:
    """One filter: its values that leave something, with how many services they leave; the chosen one always."""
    if name == "unit":
        counts = facets["unit_kind"]
        options = [(unit.code, shown.named(unit.name), counts.get(unit.kind, 0)) for unit in units]
    else:
        known = finding.names(name)
        codes = [*known, *sorted(set(facets[name]) - set(known))]
        options = [(code, shown.named(known.get(code) or code), facets[name].get(code, 0)) for code in codes]
    offered = [(code, label, count) for code, label, count in options if count or code == chosen]
    if chosen and chosen not in [code for code, _, _ in offered]:
        offered.append((chosen, chosen, 0))
    return {"name": name, "chosen": chosen, "options": offered}
