"""Days of the real clock, for tests whose servers ask it: today, one on which a visit can be planned, and one that does
not end in the middle of a test."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, tzinfo

from rules.calendar import CAIRO, Calendar, cairo_date

A_MOMENT = 0.2  # seconds: a clock that is read right after its midnight was waited for has passed it


def today() -> date:
    """The date in Cairo."""
    return cairo_date(datetime.now(UTC))


def working_day(since: date | None = None) -> date:
    """Today, or the next day on which the units work: a visit is planned for it, and taken along for it."""
    day, calendar = since or today(), Calendar()
    while not calendar.is_working(day):
        day += timedelta(days=1)
    return day


def within_one_day(
    seconds: float, zone: tzinfo = CAIRO, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    pause: Callable[[float], None] = time.sleep,
) -> date:
    """Today in the zone, of which so many seconds are left. Where fewer are, its midnight is waited for: so a test that
    takes no longer begins and ends on the same day, whenever it is run. Once a day at most anybody waits."""
    now = clock().astimezone(zone)
    ends = datetime.combine(now.date() + timedelta(days=1), datetime.min.time(), zone)
    left = ends.timestamp() - now.timestamp()
    if left < seconds:
        pause(left + A_MOMENT)
    return clock().astimezone(zone).date()
