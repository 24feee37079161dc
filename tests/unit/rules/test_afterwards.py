"""Complaints climb and never come down; only a rejection or a lapse is looked at anew, and for so long."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from rules import afterwards

units = st.sampled_from(["EG-C-01", "EG-C-02", "EG-C-DIWAN"])


@given(units, st.none() | units)
def test_a_complaint_climbs_to_an_end(unit, above):
    level, seen = 0, []
    while (found := afterwards.next_level(level, unit, above)) is not None:
        seen.append(found)
        assert found[0] == level + 1
        level, unit = found
    assert len(seen) == (2 if above is not None and seen[0][1] != above else 1)
    assert level < len(afterwards.LADDER)


@given(st.sampled_from([None, "approved", "rejected", "withdrawn", "lapsed"]), st.integers(-10, 200))
def test_what_may_be_looked_at_anew(outcome, passed):
    ended = date(2026, 3, 1)
    assert afterwards.may_reopen(outcome, ended, ended + timedelta(days=passed), 60) is (
        outcome in ("rejected", "lapsed") and passed <= 60)


def test_a_head_answers_where_heads_do_and_a_clerk_nowhere():
    assert afterwards.levels_of(("centre_manager",)) == [0]
    assert afterwards.levels_of(("unit_head", "officer")) == [1, 2]
    assert afterwards.levels_of(("window_clerk",)) == []
