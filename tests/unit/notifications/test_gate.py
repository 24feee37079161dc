"""What may hold a message back, and until when, also over the nights on which Egypt moves its clocks."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.notifications import gate
from services.notifications.gate import Held, Hold, OptedOut, Rules
from services.notifications.kinds import Lane

CAIRO = ZoneInfo("Africa/Cairo")
RULES = Rules()
SPRING, AUTUMN = datetime(2026, 4, 24), datetime(2026, 10, 29)  # clocks go from 00:00 to 01:00, and from 24:00 to 23:00


def cairo(*moment: int, fold: int = 0) -> datetime:
    return datetime(*moment, fold=fold, tzinfo=CAIRO).astimezone(UTC)  # type: ignore[arg-type,misc]


def decide(now: datetime, **changes: object) -> Hold | OptedOut | None:
    facts = {"channel": "sms", "lane": Lane.STEP, "legal": False, "opted_out": False, "handed": 0, **changes}
    return gate.decide(RULES, now, **facts)  # type: ignore[arg-type]


def test_at_noon_a_message_goes():
    assert decide(cairo(2026, 3, 1, 12)) is None


@pytest.mark.parametrize(("now", "until"), [
    (cairo(2026, 3, 1, 22), cairo(2026, 3, 2, 8)),
    (cairo(2026, 3, 2, 3), cairo(2026, 3, 2, 8)),
    (cairo(2026, 3, 2, 7, 59), cairo(2026, 3, 2, 8)),
    (cairo(2026, 4, 23, 23), cairo(2026, 4, 24, 8)),
    (cairo(2026, 10, 29, 23), cairo(2026, 10, 30, 8)),
])
def test_a_text_message_waits_for_the_morning(now, until):
    assert decide(now) == Hold(Held.QUIET_HOURS, until)
    assert decide(until) is None
    assert decide(until - timedelta(seconds=1)) is not None


def test_the_nights_of_the_clocks_are_an_hour_shorter_and_longer():
    """Law 24 of 2023: summer time from the last Friday of April to the last Thursday of October."""
    assert cairo(2026, 4, 24, 8) - cairo(2026, 4, 23, 22) == timedelta(hours=9)
    assert cairo(2026, 10, 30, 8) - cairo(2026, 10, 29, 22) == timedelta(hours=11)


def test_mail_and_codes_go_at_night_and_legal_notices_wait():
    night = cairo(2026, 3, 1, 23)
    assert decide(night, channel="email") is None
    assert decide(night, lane=Lane.CODE, opted_out=True, handed=99) is None
    assert decide(night, legal=True) == Hold(Held.QUIET_HOURS, cairo(2026, 3, 2, 8))


def test_beyond_the_daily_limit_waits_for_the_next_morning_and_a_legal_notice_does_not():
    noon = cairo(2026, 3, 1, 12)
    assert decide(noon, handed=9) is None
    assert decide(noon, handed=10) == Hold(Held.DAILY_LIMIT, cairo(2026, 3, 2, 8))
    assert decide(noon, handed=10, channel="email") == Hold(Held.DAILY_LIMIT, cairo(2026, 3, 2, 0))
    assert decide(noon, handed=10, legal=True) is None


def test_who_opted_out_gets_legal_notices_and_nothing_else_at_any_hour():
    for hour in (12, 23):
        assert decide(cairo(2026, 3, 1, hour), opted_out=True) == OptedOut()
        assert decide(cairo(2026, 3, 1, hour), opted_out=True, legal=True) != OptedOut()


@pytest.mark.parametrize("wrong", ["22-8", "24:00-08:00", "22:00-22:00", "22:00", "", "on", "22:00-08:00 "])
def test_quiet_hours_are_two_times_of_day_or_off(wrong):
    assert gate.window("off") is None
    assert gate.window("22:00-08:00") == (time(22), time(8))
    with pytest.raises(ValueError):
        gate.window(wrong)


times = st.builds(time, st.integers(0, 23), st.integers(0, 59))
windows = st.tuples(times, times).filter(lambda both: both[0] != both[1])
instants = st.one_of(
    st.datetimes(datetime(2026, 1, 1), datetime(2032, 1, 1), timezones=st.just(UTC)),
    st.sampled_from([SPRING, AUTUMN]).flatmap(lambda night: st.integers(-48 * 60, 48 * 60).map(
        lambda minutes: night.replace(tzinfo=UTC) + timedelta(minutes=minutes))))


def quiet(rules: Rules, moment: datetime) -> bool:
    """Said anew, by the clock on the wall: the gate's own words are what is tried."""
    assert rules.quiet is not None
    begin, end = rules.quiet
    minute = moment.astimezone(CAIRO).hour * 60 + moment.astimezone(CAIRO).minute
    first, last = begin.hour * 60 + begin.minute, end.hour * 60 + end.minute
    return first <= minute < last if first < last else minute >= first or minute < last


@given(instants, windows)
@example(datetime(2026, 4, 23, 21, 50, tzinfo=UTC), (time(22), time(0, 30)))  # an end that the clocks leap over
@example(datetime(2026, 10, 29, 19, 0, tzinfo=UTC), (time(20), time(23, 30)))  # an end that comes twice
def test_held_means_until_the_first_moment_that_is_not_quiet(now, window):
    rules = Rules(quiet=window)
    until = gate.quiet_until(rules, now, "sms")
    assert (until is not None) == quiet(rules, now)
    if until is None:
        return
    assert until > now and not quiet(rules, until)
    assert until - now <= timedelta(hours=49)  # the minute that is free may be one that the clocks leap over
    for minutes in range(0, int((until - now).total_seconds() // 60), 7):
        assert quiet(rules, now + timedelta(minutes=minutes))
    assert quiet(rules, until - timedelta(seconds=1))


@given(instants, windows)
def test_what_may_go_from_then_on_may_go_then(now, window):
    rules = Rules(quiet=window)
    moment = gate.allowed_from(rules, now, "sms")
    assert moment >= now and not quiet(rules, moment)


@given(instants)
def test_the_next_day_begins_right_after_this_one(now):
    begins = gate.tomorrow(now)
    assert begins > now and begins - now <= timedelta(hours=25)
    assert gate.day(begins) == gate.day(now) + timedelta(days=1)
    assert gate.day(begins - timedelta(seconds=1)) == gate.day(now)
