from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules import waiting
from rules.calendar import Calendar
from rules.refusal import Refusal
from rules.waiting import TimeLimit
from rules.workflow import Workflow, check

CALENDAR = Calendar.of_decrees([])
DAY = timedelta(days=1)
SUNDAY = date(2026, 3, 1)
KINDS = st.sampled_from(["calendar", "working"])
LIMITS = st.builds(TimeLimit, st.integers(1, 400), KINDS)
DATES = st.dates(date(2024, 1, 1), date(2029, 12, 31))


def test_the_last_day_belongs_to_the_applicant_and_moves_to_a_working_day():
    found = waiting.dates(TimeLimit(10, "calendar"), SUNDAY, 0, CALENDAR)
    assert (found.last_day, found.warn_on, found.over_on) == (date(2026, 3, 11), date(2026, 3, 9), date(2026, 3, 12))
    friday = waiting.dates(TimeLimit(5, "calendar"), SUNDAY, 0, CALENDAR)
    assert friday.last_day == date(2026, 3, 8)  # the fifth day is a Friday
    assert waiting.dates(TimeLimit(5, "working"), SUNDAY, 0, CALENDAR).last_day == date(2026, 3, 8)


@given(LIMITS, DATES, st.integers(0, 60))
def test_nobody_has_fewer_days_than_were_given(limit, since, extended):
    found = waiting.dates(limit, since, extended, CALENDAR)
    assert found.last_day >= since + DAY * (limit.days + extended)
    assert since < found.warn_on <= found.last_day < found.over_on
    assert CALENDAR.is_working(found.last_day)


@given(LIMITS, DATES, st.integers(0, 60), st.integers(1, 60))
def test_an_extension_never_makes_it_shorter(limit, since, extended, more):
    assert waiting.dates(limit, since, extended + more, CALENDAR).last_day >= waiting.dates(
        limit, since, extended, CALENDAR).last_day


@given(LIMITS, DATES, st.integers(0, 900), st.none() | st.integers(0, 900))
def test_nothing_ends_in_time_or_unheard(limit, since, later, warned_after):
    found, today = waiting.dates(limit, since, 0, CALENDAR), since + DAY * later
    warned_on = since + DAY * warned_after if warned_after is not None else None
    if waiting.may_end(found, today, warned_on, warned_first=True):
        assert today > found.last_day
        assert warned_on is not None and warned_on < today
    assert waiting.may_end(found, today, None, warned_first=False) == (today > found.last_day)


def test_a_body_that_does_not_answer_is_not_warned_by_us():
    found = waiting.dates(TimeLimit(10, "calendar"), SUNDAY, 0, CALENDAR)
    assert waiting.may_end(found, date(2026, 3, 12), None, warned_first=False)


@pytest.mark.parametrize("extension, days, times, today, code", [
    (None, 5, 0, SUNDAY, "extension_not_allowed"),
    ({"days": 5, "times": 1}, 6, 0, SUNDAY, "extension_too_long"),
    ({"days": 5, "times": 1}, 0, 0, SUNDAY, "extension_too_long"),
    ({"days": 5, "times": 1}, 5, 1, SUNDAY, "extensions_used_up"),
    ({"days": 5, "times": 2}, 5, 1, date(2026, 3, 12), "extension_too_late"),
])
def test_an_extension_has_limits(extension, days, times, today, code):
    limit = TimeLimit(10, "calendar", extension)
    with pytest.raises(Refusal, match=code):
        waiting.check_extension(limit, date(2026, 3, 11), days, times, today)


def test_an_extension_is_good_on_the_last_day():
    waiting.check_extension(TimeLimit(10, "calendar", {"days": 5, "times": 1}), date(2026, 3, 11), 5, 0,
                            date(2026, 3, 11))


@pytest.mark.parametrize("days, kind", [(0, "calendar"), (5, "lunar")])
def test_a_limit_is_of_days_that_exist(days, kind):
    with pytest.raises(ValueError, match="no such limit"):
        TimeLimit(days, kind)


NAME = {"ar": "اسم", "en": "Name"}


def waiting_in(**keys):
    return {"initial": "completion", "states": {
        "completion": {"kind": "applicant", "name": NAME, "actions": [{"code": "again", "name": NAME, "to": "done"}],
                       **keys},
        "done": {"kind": "end", "name": NAME, "outcome": "approved"},
        "lapsed": {"kind": "end", "name": NAME, "outcome": "lapsed"}}}


def found(data):
    return [(fault.code, fault.field) for fault in check(Workflow.parse(data), (), {"officer"}, {"licensing"})]


LIMIT = {"days": 30, "kind": "calendar"}


def test_a_wait_that_ends_says_when_and_where_to():
    assert found(waiting_in(time_limit=LIMIT, expired="lapsed")) == []
    assert ("workflow_wait_half_said", "workflow/states/completion/time_limit") in found(waiting_in(expired="lapsed"))
    assert ("workflow_wait_half_said", "workflow/states/completion/expired") in found(waiting_in(time_limit=LIMIT))


def test_a_limit_has_no_place_where_nobody_waits():
    data = waiting_in(time_limit=LIMIT, expired="lapsed")
    data["states"]["done"]["time_limit"] = LIMIT
    assert ("workflow_key_out_of_place", "workflow/states/done/time_limit") in found(data)
