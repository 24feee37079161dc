"""Which pages the journeys looked at with axe: all of them, or the run as a whole fails. `python -m
tests.journeys.pages_seen unseen` says at which one nobody looked since the last `clear`."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from werkzeug.exceptions import HTTPException

ROOT = Path(__file__).resolve().parents[2]
NOTES = ROOT / "build" / "pages-seen"

# What is no page: files, pictures, papers, parts of pages, addresses that only lead on.
NO_PAGE = frozenset({
    "boards.paper", "boards.workbook", "finance_charges.lines", "finance_charges.workbook",
    "desk_register.show_question_photo", "desk_visits.show_item_document",
    "portal_review.show_document",
    "editor_look.graph", "field.manifest", "field.words", "field.worker", "follow.draw", "follow.licence",
    "portal.brand_css", "portal.manifest", "portal.worker", "public.favicon", "public.health", "public.root",
    "public.static", "staff.draw_task", "staff.show_document", "staff.show_letter", "staff_login.begin_oidc",
    "staff_login.oidc_return", "verify.short", "verify.short_of", "window.suggest", "visits.begin", "visits.begin_for",
    "citizens.open_request", "finance_statements.download", "choices.show_instead", "intake.receipt",
})  # fmt: skip


@cache
def _app() -> Any:
    from services.gateway.web.app import create_app
    from tests.unit.gateway.ground import Service

    return create_app(Service())


def pages() -> set[str]:
    """The endpoint of every page that can be opened by its address."""
    rules = _app().url_map.iter_rules()
    opened = {rule.endpoint for rule in rules if "GET" in rule.methods and not rule.rule.startswith("/api")}
    return opened - NO_PAGE


def note(url: str) -> None:
    """A page at this address was looked at and nothing was wrong with it."""
    adapter = _app().url_map.bind("localhost")
    try:
        endpoint, _ = adapter.match(urlsplit(url).path, "GET")
    except HTTPException:
        return  # a page that answers a form under an address of its own
    NOTES.mkdir(parents=True, exist_ok=True)
    (NOTES / endpoint).touch()


def clear() -> None:
    """Begin anew."""
    for one in NOTES.glob("*"):
        one.unlink()


def unseen() -> list[str]:
    """The pages nobody looked at, by name."""
    return sorted(pages() - {one.name for one in NOTES.glob("*")})


def main() -> int:
    """`clear` or `unseen`."""
    if sys.argv[1:] == ["clear"]:
        clear()
        return 0
    found = unseen()
    sys.stdout.write("".join(f"no journey looked at {endpoint}\n" for endpoint in found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
