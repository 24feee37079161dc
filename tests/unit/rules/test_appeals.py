"""How long a rejection may be appealed against."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from rules.appeals import last_day
from rules.calendar import Calendar
from rules.workflow import Appeal

CALENDAR = Calendar()
days = st.dates(date(2026, 1, 1), date(2028, 12, 31))


def test_a_last_day_without_work_moves_to_the_next_with_work() -> None:
    sunday = date(2026, 3, 1)
    assert last_day(Appeal(4, "calendar", "appeal"), sunday, CALENDAR) == date(2026, 3, 5)  # a Thursday
    assert last_day(Appeal(5, "calendar", "appeal"), sunday, CALENDAR) == date(2026, 3, 8)  # Friday to Sunday
    assert last_day(Appeal(5, "working", "appeal"), sunday, CALENDAR) == date(2026, 3, 8)


@given(days, st.integers(1, 90), st.sampled_from(["calendar", "working"]))
def test_the_last_day_is_a_working_day_and_never_before_the_days_are_over(
        decided: date, count: int, kind: str) -> None:
    last = last_day(Appeal(count, kind, "appeal"), decided, CALENDAR)
    assert CALENDAR.is_working(last) and last >= decided + timedelta(days=count)
