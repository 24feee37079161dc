from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.calendar import Calendar, cairo_date, opens

PLAIN = Calendar()
days = st.dates(date(2024, 1, 1), date(2029, 12, 31))


def test_the_weekend_and_fixed_holidays():
    assert not PLAIN.is_working(date(2026, 11, 20)) and not PLAIN.is_working(date(2026, 11, 21))  # Friday, Saturday
    assert PLAIN.is_working(date(2026, 11, 22))
    assert PLAIN.holiday(date(2026, 1, 7)) and not PLAIN.is_working(date(2026, 1, 7))  # Coptic Christmas
    assert PLAIN.holiday(date(2026, 11, 22)) is None


def test_decrees_win():
    day = date(2026, 11, 22)
    decreed = Calendar({day: "قرار رئيس الوزراء"}, frozenset({date(2026, 1, 7), date(2026, 11, 20)}))
    assert decreed.holiday(day) == "قرار رئيس الوزراء" and not decreed.is_working(day)
    assert decreed.is_working(date(2026, 1, 7)) and decreed.holiday(date(2026, 1, 7)) is None
    assert decreed.is_working(date(2026, 11, 20))  # a Friday made up for


def test_counting_over_a_weekend():
    assert PLAIN.add_working_days(date(2026, 11, 18), 1) == date(2026, 11, 19)
    assert PLAIN.add_working_days(date(2026, 11, 19), 1) == date(2026, 11, 22)
    assert PLAIN.working_days(date(2026, 11, 18), date(2026, 11, 22)) == 2
    assert PLAIN.working_days(date(2026, 11, 22), date(2026, 11, 18)) == 0


@given(days, st.integers(0, 60))
def test_adding_and_counting_agree(day, count):
    due = PLAIN.add_working_days(day, count)
    assert PLAIN.working_days(day, due) == count
    assert due == day if count == 0 else PLAIN.is_working(due)


@given(days, st.integers(0, 30), st.integers(0, 30))
def test_adding_in_two_steps_is_adding_once(day, one, other):
    assert PLAIN.add_working_days(PLAIN.add_working_days(day, one), other) == PLAIN.add_working_days(day, one + other)


@given(days, st.integers(1, 30), st.integers(1, 40))
def test_a_decreed_holiday_never_brings_a_date_nearer(day, count, ahead):
    decreed = Calendar({day + timedelta(days=ahead): "decree"})
    assert decreed.add_working_days(day, count) >= PLAIN.add_working_days(day, count)


def test_what_cannot_be_counted():
    with pytest.raises(ValueError):
        PLAIN.add_working_days(date(2026, 1, 1), -1)
    closed = Calendar({date(2026, 1, 1) + timedelta(days=n): "closed" for n in range(100)})
    with pytest.raises(ValueError):
        closed.add_working_days(date(2026, 1, 1), 1)
    with pytest.raises(ValueError):
        cairo_date(datetime(2026, 1, 1))


def test_cairo_dates_in_summer_and_winter():
    assert cairo_date(datetime(2026, 1, 1, 21, 59, tzinfo=UTC)) == date(2026, 1, 1)   # UTC+2
    assert cairo_date(datetime(2026, 1, 1, 22, 0, tzinfo=UTC)) == date(2026, 1, 2)
    assert cairo_date(datetime(2026, 7, 1, 21, 0, tzinfo=UTC)) == date(2026, 7, 2)    # UTC+3


@given(days)
def test_a_day_opens_with_its_first_instant(day):
    assert cairo_date(opens(day)) == day
    assert cairo_date(opens(day) - timedelta(microseconds=1)) == day - timedelta(days=1)


def decree(first, last=None, *, effect="holiday", scope=None, valid_from="2026-01-01", valid_until=None, name="إجازة"):
    return [{"valid_from": valid_from, "valid_until": valid_until,
             "body": {"name": {"ar": name, "en": "Leave"}, "effect": effect, "first": first, "last": last or first,
                      "decree": {"number": "1/2026", "date": "2026-01-01"}, "scope": scope}}]


def test_a_decreed_holiday_and_a_working_day_in_its_place():
    moved = Calendar.of_decrees([decree("2026-11-24", "2026-11-25"), decree("2026-01-07", effect="working_day")])
    assert moved.holiday(date(2026, 11, 25)) == "إجازة" and not moved.is_working(date(2026, 11, 24))
    assert moved.is_working(date(2026, 1, 7)) and moved.is_working(date(2026, 11, 26))


def test_the_narrower_decree_wins_and_others_do_not_reach():
    timelines = [
        decree("2026-11-22"), decree("2026-11-22", effect="working_day", scope={"kind": "unit", "code": "EG-C-01"}),
        decree("2026-11-23", scope={"kind": "governorate", "code": "EG-SUZ"}),
    ]
    for order in (timelines, timelines[::-1]):
        assert Calendar.of_decrees(order, governorate="EG-C", unit="EG-C-01").is_working(date(2026, 11, 22))
        assert not Calendar.of_decrees(order, governorate="EG-C", unit="EG-C-02").is_working(date(2026, 11, 22))
        assert Calendar.of_decrees(order, governorate="EG-C").is_working(date(2026, 11, 23))
        assert not Calendar.of_decrees(order, governorate="EG-SUZ").is_working(date(2026, 11, 23))


def test_a_decree_counts_on_the_days_on_which_it_stands():
    taken_back = decree("2026-11-22", "2026-11-24", valid_until="2026-11-23")
    decreed = Calendar.of_decrees([taken_back])
    assert not decreed.is_working(date(2026, 11, 22)) and decreed.is_working(date(2026, 11, 23))
    late = Calendar.of_decrees([decree("2026-11-22", "2026-11-24", valid_from="2026-11-24")])
    assert late.is_working(date(2026, 11, 23)) and not late.is_working(date(2026, 11, 24))


def test_a_place_with_a_weekend_of_its_own():
    def hours(since, until, *weekend):
        return {"valid_from": since, "valid_until": until, "body": {"weekend": list(weekend)}}

    own = Calendar.of_decrees([], hours=[hours("2026-11-01", "2026-12-01", "friday"),
                                         hours("2027-01-01", None, "friday", "sunday")])
    assert not own.is_working(date(2026, 10, 31))    # a Saturday before
    assert own.is_working(date(2026, 11, 21)) and not own.is_working(date(2026, 11, 20))
    assert not own.is_working(date(2026, 12, 5))     # nothing stands: Friday and Saturday
    assert not own.is_working(date(2027, 1, 3)) and own.is_working(date(2027, 1, 2))


@given(days, st.integers(0, 5), st.sampled_from(["holiday", "working_day"]))
def test_what_is_decreed_for_a_day_is_what_the_day_is(day, length, effect):
    last = day + timedelta(days=length)
    decreed = Calendar.of_decrees([decree(day, last, effect=effect, valid_from=day)])
    for n in range(length + 1):
        assert decreed.is_working(day + timedelta(days=n)) == (effect == "working_day")
    for outside in (day - timedelta(days=1), last + timedelta(days=1)):
        assert decreed.is_working(outside) == PLAIN.is_working(outside)
