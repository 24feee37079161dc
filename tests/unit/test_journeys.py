"""Journeys press through `Visitor.press` and take papers through `Visitor.download`, which wait for what comes."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

JOURNEYS = Path(__file__).resolve().parents[1] / "journeys"
# `expect_navigation` waits, but only around a key: what is pressed with a pointer is pressed by a visitor.
PRESSES = {"click", "dblclick", "tap", "dispatch_event", "expect_download"}


def pressed_past_the_visitor(source: str) -> list[int]:
    """The lines on which something is pressed and nobody waits for the page to which it leads."""
    return [one.lineno for one in ast.walk(ast.parse(source))
            if isinstance(one, ast.Call) and isinstance(one.func, ast.Attribute) and one.func.attr in PRESSES]


@pytest.mark.parametrize("module", sorted(JOURNEYS.glob("*.py")), ids=lambda path: path.stem)
def test_what_is_pressed_is_waited_for(module: Path) -> None:
    if module.name == "conftest.py":  # where the visitor is
        return
    assert pressed_past_the_visitor(module.read_text()) == []


def test_a_click_is_found() -> None:
    assert pressed_past_the_visitor("a = 1\nvisitor.page.locator('b').first.click()\n") == [2]
