"""Texts with placeholders: what may stand in them, and that filling them in runs nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules import wording


@pytest.mark.parametrize("text", ["{a.b}", "{a[0]}", "{a!r}", "{a:>10}", "{}", "{0}", "{a", "a}", "{a b}"])
def test_a_placeholder_is_a_name_and_nothing_more(text):
    with pytest.raises(ValueError):
        wording.names(text)
    assert wording.unknown(text, {"a"}) == [text]


def test_what_is_not_known_is_named():
    assert wording.unknown("{holder} {age} {street}", {"holder"}) == ["age", "street"]
    assert wording.unknown("{holder} {{literally}}", {"holder"}) == []


@given(st.text(), st.text())
def test_what_is_filled_in_is_never_read_again(before, value):
    before = before.replace("{", "").replace("}", "")
    assert wording.fill(before + "{name}", {"name": value}) == before + (value or wording.UNANSWERED)


def test_what_was_not_answered_is_a_dotted_line():
    assert wording.fill("في {street}", {}) == f"في {wording.UNANSWERED}"
