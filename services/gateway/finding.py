"""What the search of the guide offers to narrow it: sectors, life events, kinds of unit, channels, with their names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contracts.exchange.cpsv_words import CHANNELS as CHANNEL_NAMES
from contracts.requests import CHANNELS
from rules import guide_words, places


def names(facet: str) -> Mapping[str, Mapping[str, str]]:
    """code -> {ar, en} of all values of a filter, in the order in which they are offered."""
    if facet == "sector":
        return guide_words.load().sectors
    if facet == "life_event":
        return {code: event.name for code, event in guide_words.load().life_events.items()}
    if facet == "unit_kind":
        return places.UNIT_KINDS
    return {code: CHANNEL_NAMES[code] for code in CHANNELS}


def named_facets(facets: Mapping[str, Mapping[str, int]]) -> dict[str, list[dict[str, Any]]]:
    """For each filter its values that would leave something, with names, in the order in which they are offered; a
    value without a name of its own comes last, under its code."""
    shown = {}
    for facet, counts in facets.items():
        known = names(facet)
        order = [*(code for code in known if code in counts), *sorted(set(counts) - set(known))]
        shown[facet] = [{"code": code, "name": dict(known.get(code) or {"ar": code, "en": code}),
                         "count": counts[code]} for code in order]
    return shown
