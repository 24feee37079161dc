"""The home page: what was begun here, what people come for, and where else to go."""

from __future__ import annotations

from flask import render_template

from rules import guide_words
from rules.search import ANYTHING
from services.gateway.guide import Edition
from services.gateway.web.pages import drafts, shown
from services.gateway.web.platform import platform


def page() -> str:
    """The home page of this browser."""
    guide = platform().guide
    facets = guide.edition().made("facets", _facets)
    begun = [entry for code in drafts.begun() if (entry := guide.get(code)) is not None]
    return render_template(
        "public/home.html",
        begun=begun,
        total=len(guide.edition().entries),
        events=[(code, shown.named(event.name), facets["life_event"][code])
                for code, event in guide_words.load().life_events.items() if facets["life_event"].get(code)],
        sectors=[(code, shown.named(name), facets["sector"][code])
                 for code, name in guide_words.load().sectors.items() if facets["sector"].get(code)],
    )  # fmt: skip


def _facets(edition: Edition) -> dict[str, dict[str, int]]:
    """How many services each life event and sector has."""
    return {name: dict(counts) for name, counts in edition.find("", ANYTHING, limit=1).facets.items()}
