"""What axe-core finds wrong with a page, by the rules of WCAG 2.2 AA."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

SOURCE = Path(__file__).resolve().parents[2] / "services/gateway/web/node_modules/axe-core/axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


@cache
def _source() -> str:
    return SOURCE.read_text()


def violations(page: Page) -> list[str]:
    """One line for each rule that the page breaks, with the places; a page in order has none."""
    # Given to the page by the debugger: its own policy lets no script in that is not ours.
    page.evaluate(_source())
    # A colour that is on its way to another one is nobody's choice.
    page.evaluate("Promise.all(document.getAnimations().map(one => one.finished.catch(() => null)))")
    # What is right need not be told in full, and no rule that is run reads style sheets again.
    found: dict[str, Any] = page.evaluate(
        "tags => axe.run({runOnly: tags, resultTypes: ['violations'], preload: false})", TAGS)
    return [f"{one['id']} ({one['impact']}): {one['help']}: " + "; ".join(
        f"{node['target'][0]} {node['failureSummary']}" for node in one["nodes"][:5]) for one in found["violations"]]
