from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.calendar import Calendar
from rules.deadlines import Interval, Mark, Period, days_between, days_used, deadline, due_on, explain, intervals

PLAIN = Calendar()
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
START = datetime(2026, 11, 1, 8, tzinfo=UTC)  # a Sunday, 10:00 in Cairo


def at(day, hour=8):
    return datetime(2026, 11, day, hour, tzinfo=UTC)


def test_a_period_that_runs_through():
    found = deadline(Period(30, "calendar"), [Mark(START, "running", "review")], date(2026, 11, 11), PLAIN)
    assert (found.due_on, found.days_used, found.days_left, found.late) == (date(2026, 12, 1), 10, 20, False)
    assert deadline(Period(5, "working"), [Mark(START, "running", "review")], date(2026, 11, 9), PLAIN).due_on == date(
        2026, 11, 8)
    assert deadline(Period(5, "working"), [Mark(START, "running", "review")], date(2026, 11, 9), PLAIN).late


def test_the_clock_stops_while_the_file_waits_for_the_citizen():
    marks = [Mark(at(1), "stopped", "awaiting_fee"), Mark(at(4), "running", "review"),
             Mark(at(6), "stopped", "completion")]
    waiting = deadline(Period(10, "calendar"), marks, date(2026, 11, 20), PLAIN)
    assert (waiting.due_on, waiting.days_used, waiting.days_left, waiting.late) == (None, 2, 8, False)
    resumed = deadline(Period(10, "calendar"), [*marks, Mark(at(21), "running", "review")], date(2026, 11, 21), PLAIN)
    assert resumed.due_on == date(2026, 11, 29)
    assert explain(resumed.intervals) == [
        {"from": "2026-11-01", "to": "2026-11-04", "clock": "stopped", "why": "awaiting_fee"},
        {"from": "2026-11-04", "to": "2026-11-06", "clock": "running", "why": "review"},
        {"from": "2026-11-06", "to": "2026-11-21", "clock": "stopped", "why": "completion"},
        {"from": "2026-11-21", "to": None, "clock": "running", "why": "review"}]


def test_stopping_after_the_due_date_does_not_make_a_case_punctual():
    marks = [Mark(at(1), "running", "review"), Mark(at(20), "stopped", "completion")]
    found = deadline(Period(10, "calendar"), marks, date(2026, 11, 25), PLAIN)
    assert (found.due_on, found.late) == (date(2026, 11, 11), True)


def test_a_case_is_judged_on_the_day_it_ended():
    marks = [Mark(at(1), "running", "review")]
    assert not deadline(Period(10, "calendar"), marks, date(2027, 1, 1), PLAIN, ended=at(11)).late
    assert not deadline(Period(10, "calendar"), marks, date(2027, 1, 1), PLAIN, ended=at(5)).late
    assert deadline(Period(10, "calendar"), marks, date(2027, 1, 1), PLAIN, ended=at(12)).late


def test_a_same_day_service_is_due_the_day_the_clock_runs():
    marks = [Mark(at(1), "stopped", "awaiting_fee"), Mark(at(3), "running", "review")]
    assert deadline(Period(0, "calendar"), marks, date(2026, 11, 3), PLAIN).due_on == date(2026, 11, 3)


def test_a_clock_that_goes_back_counts_nothing():
    with pytest.raises(ValueError):
        intervals([Mark(at(5), "running", "a"), Mark(at(4), "stopped", "b")])
    with pytest.raises(ValueError):
        intervals([Mark(at(5), "resting", "a")])
    with pytest.raises(ValueError):
        Period(-1, "calendar")
    with pytest.raises(ValueError):
        Period(1, "lunar")


kinds = st.sampled_from(["calendar", "working"])
gaps = st.lists(st.integers(0, 24 * 20), max_size=12)


def marks_of(hours, first="running"):
    moment, found, clock = START, [], first
    for gap in [0, *hours]:
        moment += HOUR * gap
        found.append(Mark(moment, clock, f"s{len(found)}"))
        clock = "stopped" if clock == "running" else "running"
    return found


@given(kinds, gaps, st.sampled_from(["running", "stopped"]), st.integers(0, 400))
def test_running_and_stopped_days_are_all_the_days_and_no_more(kind, hours, first, ahead):
    clock = intervals(marks_of(hours, first))
    today = clock[-1].since + DAY * ahead
    period = Period(30, kind)
    opposite = [Interval(one.since, one.until, "stopped" if one.clock == "running" else "running", one.why)
                for one in clock]
    whole = days_between(kind, clock[0].since, today, PLAIN)
    assert days_used(period, clock, today, PLAIN) + days_used(period, opposite, today, PLAIN) == whole


@given(kinds, gaps, st.integers(0, 60))
def test_the_due_date_is_the_day_on_which_the_days_are_used_up(kind, hours, days):
    clock = intervals(marks_of(hours))
    period = Period(days, kind)
    due = due_on(period, clock, PLAIN)
    if due is None:
        assert clock[-1].clock == "stopped"
        assert days_used(period, clock, date(2030, 1, 1), PLAIN) < days
    else:
        assert days_used(period, clock, due, PLAIN) == days
        if days:
            assert days_used(period, clock, due - DAY, PLAIN) == days - 1


@given(kinds, gaps, st.integers(0, 100))
def test_days_used_never_fall_as_time_goes_on(kind, hours, ahead):
    clock = intervals(marks_of(hours))
    today = START.date() + DAY * ahead
    used = days_used(Period(30, kind), clock, today, PLAIN)
    assert 0 <= days_used(Period(30, kind), clock, today + DAY, PLAIN) - used <= 1


@given(gaps, st.integers(0, 30), st.integers(0, 23), st.integers(0, 5))
def test_a_stop_and_restart_within_a_day_changes_nothing(hours, ahead, hour, length):
    marks = marks_of(hours)
    if marks[-1].clock == "stopped":
        marks.append(Mark(marks[-1].at + DAY, "running", "again"))
    moment = max(marks[-1].at, datetime(2026, 11, 1, tzinfo=UTC) + DAY * ahead + HOUR * hour)
    moment = moment.replace(hour=min(moment.hour, 15))  # both ends on one Cairo date
    if moment < marks[-1].at:
        moment = marks[-1].at
    end = min(moment + HOUR * length, moment.replace(hour=20)) if moment.hour < 20 else moment
    stopped = [*marks, Mark(moment, "stopped", "brief"), Mark(end, "running", "on")]
    period, today = Period(20, "calendar"), moment.date() + DAY * 40
    assert days_used(period, intervals(marks), today, PLAIN) == days_used(period, intervals(stopped), today, PLAIN)
    assert due_on(period, intervals(marks), PLAIN) == due_on(period, intervals(stopped), PLAIN)


@given(kinds, st.integers(1, 20), st.integers(1, 30), st.integers(1, 60))
def test_a_stop_moves_the_due_date_by_exactly_the_days_stopped(kind, before, stopped, days):
    period = Period(before + days, kind)
    marks = [Mark(START, "running", "a"), Mark(START + DAY * before, "stopped", "b"),
             Mark(START + DAY * (before + stopped), "running", "c")]
    plain, late = due_on(period, intervals(marks[:1]), PLAIN), due_on(period, intervals(marks), PLAIN)
    lost = days_between(kind, (START + DAY * before).date(), (START + DAY * (before + stopped)).date(), PLAIN)
    assert days_between(kind, plain, late, PLAIN) == lost
