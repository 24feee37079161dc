"""The periods of a board and the one before."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.board_periods import (
    DATES,
    DAY,
    EARLIEST,
    KINDS,
    LONGEST,
    MONTH,
    WEEK,
    Span,
    before,
    neighbours,
    period,
    until_today,
)
from rules.refusal import Refusal

DAYS = st.dates(date(2001, 3, 1), date(2090, 1, 1))
ONE = timedelta(days=1)


def span(since, until):
    return Span(date.fromisoformat(since), date.fromisoformat(until))


@pytest.mark.parametrize(("kind", "on", "found"), [
    (DAY, "2026-11-22", ("2026-11-22", "2026-11-22")),
    (WEEK, "2026-11-22", ("2026-11-22", "2026-11-28")),  # a Sunday begins the week
    (WEEK, "2026-11-28", ("2026-11-22", "2026-11-28")),
    (MONTH, "2026-11-22", ("2026-11-01", "2026-11-30")),
    (MONTH, "2024-02-29", ("2024-02-01", "2024-02-29")),
    (MONTH, "2026-12-31", ("2026-12-01", "2026-12-31")),
])
def test_the_period_a_day_belongs_to(kind, on, found):
    assert period(kind, date.fromisoformat(on)) == span(*found)


@pytest.mark.parametrize(("kind", "shown", "today", "found"), [
    (DAY, ("2026-11-22", "2026-11-22"), "2026-11-22", ("2026-11-21", "2026-11-21")),
    (MONTH, ("2026-11-01", "2026-11-30"), "2026-11-22", ("2026-10-01", "2026-10-22")),  # half a month against half
    (MONTH, ("2026-11-01", "2026-11-30"), "2026-12-15", ("2026-10-01", "2026-10-31")),  # a whole one against a whole
    (MONTH, ("2026-03-01", "2026-03-31"), "2026-03-30", ("2026-02-01", "2026-02-28")),  # which has no 30th
    (WEEK, ("2026-11-22", "2026-11-28"), "2026-11-24", ("2026-11-15", "2026-11-17")),
    (DATES, ("2026-11-01", "2026-11-10"), "2026-12-01", ("2026-10-22", "2026-10-31")),
])
def test_the_period_before_is_as_long_as_what_has_passed(kind, shown, today, found):
    assert before(kind, span(*shown), date.fromisoformat(today)) == span(*found)


@given(st.sampled_from(KINDS), DAYS, st.integers(0, LONGEST - 1), st.integers(-40, 400))
def test_the_one_before_ends_before_the_period_begins_and_is_never_longer(kind, on, longer, passed):
    shown = period(kind, on, on + ONE * longer)
    today = shown.since + ONE * passed
    earlier = before(kind, shown, today)
    assert earlier.until < shown.since and earlier.days >= 1
    if kind != MONTH or until_today(shown, today) != shown:
        assert earlier.days <= until_today(shown, today).days


@given(st.sampled_from(KINDS), DAYS)
def test_every_day_belongs_to_one_period_and_its_neighbours_adjoin(kind, on):
    shown = period(kind, on)
    assert shown.since <= on <= shown.until
    if kind != DATES:
        assert all(period(kind, shown.since + ONE * ahead) == shown for ahead in range(shown.days))
        last, first = neighbours(shown)
        assert period(kind, last).until == shown.since - ONE and period(kind, first).since == shown.until + ONE


@pytest.mark.parametrize(("since", "until", "code"), [
    (date(2026, 3, 2), date(2026, 3, 1), "period_reversed"),
    (date(2026, 1, 1), date(2026, 1, 1) + ONE * LONGEST, "period_too_long"),
    (EARLIEST - ONE, EARLIEST, "period_too_early")])
def test_what_is_no_period_is_refused(since, until, code):
    with pytest.raises(Refusal) as refused:
        period(DATES, since, until)
    assert refused.value.code == code


def test_the_longest_period_is_a_leap_year():
    assert period(DATES, date(2028, 1, 1), date(2028, 12, 31)).days == LONGEST
