"""The periods of a whole request and of parts of its path, when somebody hears of them, and extensions."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.calendar import Calendar
from rules.deadlines import Mark
from rules.periods import (
    BREACHED,
    ESCALATED,
    SILENCE_NEAR,
    WARNED,
    WHOLE,
    Extension,
    check_extension,
    standings,
    target_dates,
)
from rules.refusal import Refusal

PLAIN = Calendar()
DAY = timedelta(days=1)
START = datetime(2026, 11, 1, 8, tzinfo=UTC)  # a Sunday, 10:00 in Cairo
STATES = ("review", "departments", "waiting", "paying")


def definition(days: int = 30, kind: str = "calendar", silence: str = "none", **part: Any) -> dict[str, Any]:
    whole = {"days": days, "kind": kind, "silence": silence, "silence_to": "granted"}
    parts = [{"code": "look", "name": {"ar": "المراجعة", "en": "Review"}, "states": ["review"], "days": 10,
              "kind": "calendar", "silence": "none", **part}]
    return {"period": whole, "stage_periods": parts}


def test_a_part_counts_only_the_days_in_its_states_and_the_whole_those_in_which_its_clock_runs() -> None:
    marks = [Mark(START, "running", "review"), Mark(START + 4 * DAY, "stopped", "waiting"),
             Mark(START + 9 * DAY, "running", "departments"), Mark(START + 11 * DAY, "running", "review")]
    whole, part = standings(definition(), marks, date(2026, 11, 14), PLAIN)
    assert (whole.code, whole.deadline.days_used, whole.deadline.due_on) == (WHOLE, 8, date(2026, 12, 6))
    assert (part.code, part.deadline.days_used, part.deadline.due_on) == ("look", 6, date(2026, 11, 18))
    assert part.as_dict(date(2026, 11, 14), PLAIN, explained=True)["explanation"] == [
        {"from": "2026-11-01", "to": "2026-11-05", "clock": "running", "why": "review", "days": 4},
        {"from": "2026-11-05", "to": "2026-11-10", "clock": "stopped", "why": "waiting", "days": 0},
        {"from": "2026-11-10", "to": "2026-11-12", "clock": "stopped", "why": "departments", "days": 0},
        {"from": "2026-11-12", "to": None, "clock": "running", "why": "review", "days": 2}]


def test_an_applicants_own_time_runs_while_the_whole_stands() -> None:
    marks = [Mark(START, "stopped", "paying")]
    whole, part = standings(definition(states=["paying"]), marks, date(2026, 11, 6), PLAIN)
    assert (whole.deadline.days_used, part.deadline.days_used, part.deadline.due_on) == (0, 5, date(2026, 11, 11))


def test_a_part_that_was_not_come_to_says_nothing_yet() -> None:
    assert [one.code for one in standings(definition(), [Mark(START, "stopped", "paying")], START.date(), PLAIN)] == [
        WHOLE]


def test_who_is_told_on_which_day() -> None:
    [whole] = standings({"period": {"days": 30, "kind": "calendar", "silence": "approval", "silence_to": "granted"}},
                        [Mark(START, "running", "review")], START.date(), PLAIN)
    due = date(2026, 12, 1)
    assert (whole.warn_on, whole.deadline.due_on, whole.silence_on) == (date(2026, 11, 25), due, due + DAY)
    assert whole.levels(date(2026, 11, 24)) == ()
    assert whole.levels(date(2026, 11, 25)) == (WARNED,)
    assert whole.levels(due - 3 * DAY) == (WARNED, SILENCE_NEAR)
    assert whole.levels(due) == (WARNED, SILENCE_NEAR)
    assert whole.levels(due + DAY) == (WARNED, SILENCE_NEAR, BREACHED)
    days = [START.date()]
    while (following := whole.next_on(days[-1])) is not None:
        days.append(following)
    assert days[1:] == [date(2026, 11, 25), due - 3 * DAY, due + DAY]


def test_a_period_of_no_days_is_breached_on_the_next_and_warned_of_never() -> None:
    [whole] = standings({"period": {"days": 0, "kind": "calendar", "silence": "none"}},
                        [Mark(START, "running", "review")], START.date(), PLAIN)
    assert (whole.warn_on, whole.levels(START.date()), whole.levels(START.date() + DAY)) == (None, (), (BREACHED,))


def test_a_departments_task_is_warned_of_due_and_told_to_its_head() -> None:
    dates = target_dates({"days": 5, "kind": "working"}, {"role": "unit_head", "after": {"days": 2, "kind": "working"}},
                         START, PLAIN)
    # Sunday 1 November; 2, 3, 4, 5 are working days, 6 and 7 the weekend
    assert (dates.warn_on, dates.due_on, dates.escalate_on) == (date(2026, 11, 5), date(2026, 11, 8),
                                                               date(2026, 11, 11))
    assert dates.levels(date(2026, 11, 11)) == (WARNED, BREACHED, ESCALATED)
    assert target_dates(None, None, START, PLAIN).next_on(date.min) is None


LIMITED = {"days": 30, "kind": "calendar", "silence": "none", "extension": {"days": 15, "times": 2}}


@pytest.mark.parametrize(("written", "days", "times", "today", "code"), [
    ({**LIMITED, "extension": None}, 5, 0, date(2026, 11, 5), "extension_not_allowed"),
    (LIMITED, 16, 0, date(2026, 11, 5), "extension_too_long"),
    (LIMITED, 0, 0, date(2026, 11, 5), "extension_too_long"),
    (LIMITED, 15, 2, date(2026, 11, 5), "extensions_used_up"),
    (LIMITED, 15, 1, date(2026, 12, 2), "extension_too_late"),
])
def test_what_extension_is_refused(written: dict[str, Any], days: int, times: int, today: date, code: str) -> None:
    [whole] = standings({"period": written}, [Mark(START, "running", "review")], today, PLAIN)
    with pytest.raises(Refusal) as refusal:
        check_extension(written, whole, days, times, today)
    assert refusal.value.code == code


def test_the_last_day_is_not_too_late_for_an_extension() -> None:
    [whole] = standings({"period": LIMITED}, [Mark(START, "running", "review")], date(2026, 12, 1), PLAIN)
    check_extension(LIMITED, whole, 15, 1, date(2026, 12, 1))


# -- for every history ------------------------------------------------------------------------------------------------

kinds = st.sampled_from(["calendar", "working"])
histories = st.lists(
    st.tuples(st.integers(0, 240), st.sampled_from(["running", "stopped"]), st.sampled_from(STATES)), min_size=1,
    max_size=8)
holidays = st.sets(st.integers(0, 90), max_size=12)


def marks_of(history: list[tuple[int, str, str]]) -> list[Mark]:
    at, marks = START, []
    for hours, clock, state in history:
        at += timedelta(hours=hours)
        marks.append(Mark(at, clock, state))
    return marks


def decreed(days: set[int]) -> Calendar:
    return Calendar({START.date() + DAY * day: "بقرار" for day in days})


@given(kinds, histories, holidays, st.integers(0, 60), st.integers(0, 120))
def test_the_running_intervals_of_every_period_add_up_to_its_days_used(
        kind: str, history: list[tuple[int, str, str]], closed: set[int], days: int, later: int) -> None:
    calendar, today = decreed(closed), START.date() + DAY * later
    for one in standings(definition(days, kind), marks_of(history), today, calendar):
        lines = one.as_dict(today, calendar, explained=True)["explanation"]
        assert sum(line["days"] for line in lines) == one.deadline.days_used
        assert all(line["days"] == 0 for line in lines if line["clock"] == "stopped")


@given(kinds, histories, holidays, st.integers(1, 60), st.integers(0, 200))
def test_each_day_of_the_whole_belongs_to_one_line_or_to_none(
        kind: str, history: list[tuple[int, str, str]], closed: set[int], days: int, later: int) -> None:
    """Stopping and running on, as often as one likes, neither gains nor loses a day: running and stopped days together
    are all the days since the first mark."""
    calendar, marks = decreed(closed), marks_of(history)
    today = max(marks[-1].at.date() + DAY, START.date() + DAY * later)
    [whole, *_] = standings({"period": {"days": days, "kind": kind, "silence": "none"}}, marks, today, calendar)
    flipped = [Mark(mark.at, "stopped" if mark.clock == "running" else "running", mark.why) for mark in marks]
    [other, *_] = standings({"period": {"days": days, "kind": kind, "silence": "none"}}, flipped, today, calendar)
    unbroken = standings({"period": {"days": days, "kind": kind, "silence": "none"}},
                         [Mark(marks[0].at, "running", "a")], today, calendar)[0]
    assert whole.deadline.days_used + other.deadline.days_used == unbroken.deadline.days_used


@given(kinds, histories, holidays, st.integers(0, 60), st.integers(0, 100), st.integers(0, 30))
def test_time_only_adds_to_what_was_reached(kind: str, history: list[tuple[int, str, str]], closed: set[int],
                                            days: int, later: int, more: int) -> None:
    calendar, marks = decreed(closed), marks_of(history)
    first, second = marks[-1].at.date() + DAY * (later + 1), marks[-1].at.date() + DAY * (later + more + 1)
    for before, after in zip(standings(definition(days, kind), marks, first, calendar),
                             standings(definition(days, kind), marks, second, calendar), strict=True):
        assert before.deadline.days_used <= after.deadline.days_used
        assert before.deadline.due_on == after.deadline.due_on
        assert set(before.levels(first)) <= set(after.levels(second))


@given(kinds, histories, holidays, st.integers(0, 60), st.integers(1, 30))
def test_an_extension_never_makes_a_period_shorter_and_counts_its_own_days(
        kind: str, history: list[tuple[int, str, str]], closed: set[int], days: int, longer: int) -> None:
    calendar, marks = decreed(closed), marks_of(history)
    today = marks[-1].at.date()
    plain = standings(definition(days, kind), marks, today, calendar)
    extended = standings(definition(days, kind), marks, today, calendar, [Extension(WHOLE, longer)])
    assert extended[0].period.days == plain[0].period.days + longer
    assert extended[0].deadline.days_used == plain[0].deadline.days_used
    if extended[0].deadline.due_on is not None:
        assert plain[0].deadline.due_on is not None
        assert plain[0].deadline.due_on <= extended[0].deadline.due_on
    assert extended[1:] == plain[1:]


@given(histories, holidays, holidays, st.integers(0, 60))
def test_a_holiday_more_never_brings_a_due_date_forward(history: list[tuple[int, str, str]], closed: set[int],
                                                       more: set[int], days: int) -> None:
    marks = marks_of(history)
    today = marks[-1].at.date()
    before, *_ = standings(definition(days, "working"), marks, today, decreed(closed))
    after, *_ = standings(definition(days, "working"), marks, today, decreed(closed | more))
    if before.deadline.due_on is None:
        assert after.deadline.due_on is None
    elif after.deadline.due_on is not None:
        assert before.deadline.due_on <= after.deadline.due_on


@given(st.dates(date(2024, 1, 1), date(2027, 12, 31)), st.integers(-5, 900), holidays)
def test_working_days_are_counted_as_one_would_on_ones_fingers(after: date, days: int, closed: set[int]) -> None:
    calendar, until = decreed(closed), after + DAY * days
    counted = sum(calendar.is_working(after + DAY * n) for n in range(1, days + 1))
    assert calendar.working_days(after, until) == counted
