"""When a link is well, and what is to be looked at when it is not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from rules.link_watch import BEHIND_AFTER, CLOCK_APART_MS, SILENT_AFTER, concerns, condition

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(("heard", "oldest", "stands"), [
    (None, None, "never"),
    (None, NOW - timedelta(days=9), "never"),
    (NOW, None, "up"),
    (NOW - SILENT_AFTER, NOW - BEHIND_AFTER, "up"),
    (NOW - SILENT_AFTER - SECOND, None, "silent"),
    (NOW, NOW - BEHIND_AFTER - SECOND, "behind"),
    (NOW - SILENT_AFTER - SECOND, NOW - timedelta(days=7), "silent"),
])  # fmt: skip
def test_condition(heard, oldest, stands):
    assert condition(NOW, heard, oldest) == stands


def test_nothing_is_wrong_with_a_link_that_is_up():
    assert concerns("up", CLOCK_APART_MS, 0, 0, False) == []
    assert concerns("never", None, 0, 0, False) == []


def test_a_clock_is_wrong_in_both_directions():
    assert concerns("up", CLOCK_APART_MS + 1, 0, 0, False) == concerns("up", -CLOCK_APART_MS - 1, 0, 0, False) == [
        "clock"]


def test_the_most_pressing_comes_first():
    assert concerns("silent", 9_999, 3, 1, True) == ["silent", "parked", "differs", "clock", "restored"]
    assert concerns("behind", None, 0, 2, False) == ["behind", "differs"]
