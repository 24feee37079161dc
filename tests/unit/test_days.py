"""A test that asks the real clock for a day keeps that day to its end (tests/support/days.py)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from rules.calendar import Calendar
from tests.support.days import within_one_day, working_day


class Clock:
    """Goes on only while somebody waits."""

    def __init__(self, now: str) -> None:
        self.now, self.waited = datetime.fromisoformat(now).replace(tzinfo=UTC), 0.0

    def pause(self, seconds: float) -> None:
        self.waited += seconds
        self.now += timedelta(seconds=seconds)


@pytest.mark.parametrize(("now", "day", "waits"), [
    ("2026-11-22T12:00:00", "2026-11-22", False),
    ("2026-11-22T21:58:59", "2026-11-22", False),
    ("2026-11-22T21:59:30", "2026-11-23", True),  # Cairo's midnight in winter
    ("2026-11-22T22:00:00", "2026-11-23", False),
    ("2026-07-01T20:59:59", "2026-07-02", True),  # and in summer
    ("2026-10-29T20:59:30", "2026-10-29", False),  # this midnight comes twice: the clock is set back from it
    ("2026-10-29T21:59:30", "2026-10-30", True),
    ("2026-04-23T21:59:30", "2026-04-24", True),  # and this one never: the clock springs over it
])
def test_a_day_that_is_nearly_over_is_waited_out(now: str, day: str, waits: bool) -> None:
    clock = Clock(now)
    assert within_one_day(60, clock=lambda: clock.now, pause=clock.pause) == date.fromisoformat(day)
    assert (clock.waited > 0) is waits and clock.waited < 61


def test_midnight_is_that_of_the_zone() -> None:
    clock = Clock("2026-11-22T23:59:50")
    assert within_one_day(60, UTC, clock=lambda: clock.now, pause=clock.pause) == date(2026, 11, 23)


def test_a_visit_is_planned_for_a_day_on_which_somebody_comes() -> None:
    thursday, friday = date(2026, 11, 19), date(2026, 11, 20)
    assert working_day(thursday) == thursday and working_day(friday) == date(2026, 11, 22)
    assert Calendar().is_working(working_day())
