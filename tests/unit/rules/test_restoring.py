"""How far numbers jump after a restore."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from rules.restoring import LEAST, SAFETY, passed_over

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
DAY = timedelta(days=1)


def test_a_quiet_node_leaves_out_the_least():
    assert passed_over(500, NOW - 100 * DAY, NOW - DAY, NOW) == LEAST


def test_a_busy_node_leaves_out_three_times_its_pace():
    assert passed_over(1_000_000, NOW - 110 * DAY, NOW - 10 * DAY, NOW) == SAFETY * 10_000 * 10


def test_an_empty_log_tells_no_pace():
    assert passed_over(0, None, None, NOW) == LEAST


def test_a_clock_that_is_behind_the_backup_takes_nothing_away():
    assert passed_over(1_000_000, NOW - 10 * DAY, NOW + DAY, NOW) == LEAST


@given(st.integers(0, 10**7), st.integers(1, 4000), st.integers(0, 400), st.floats(0, SAFETY))
def test_whatever_was_lost_at_up_to_three_times_the_pace_is_passed(drawn, lived, lost, pace):
    newest = NOW - lost * DAY
    given_since = drawn / lived * lost * pace
    assert passed_over(drawn, newest - lived * DAY, newest, NOW) >= min(given_since, 10**12) * 0.999_999
