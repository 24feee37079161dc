"""The figures of the pages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.load.figure import Figure
from tests.load.pages import WEIGHT_GOAL

_NAMES = {
    "guide": "Guide: page of one service, one gateway process",
    "guide, compressed": "  the same, sent compressed",
    "search": "  search page of one common word",
    "inquiry": "Inquiry by number and digits (gateway and requests, one process each)",
}


def figures(part: dict[str, Any]) -> Iterator[Figure]:
    for name, what in _NAMES.items():
        found = part["rates"][name]
        yield Figure(what, f"{found['per_second']:.0f}/s")
        cost = sum(found["cpu_ms"].values())
        took = f"{found['p50_ms']:.0f}, {found['p99_ms']:.0f} ms; {cost:.1f} ms"
        yield Figure("    p50, p99; CPU of one answer", took)
    for name, page in part["looked_at"].items():
        yield Figure(f"Weight on the wire of a first visit, fonts included: {name}", f"{page['bytes'] / 1000:.0f} KB",
                     f"< {WEIGHT_GOAL / 1000:.0f} KB", page["bytes"] < WEIGHT_GOAL)  # fmt: skip
        yield Figure("    again; first contentful paint", f"{page['again_bytes'] / 1000:.0f} KB; {page['paint_ms']} ms")
