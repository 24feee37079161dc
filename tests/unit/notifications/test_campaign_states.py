"""The life of a campaign against a model of it, and the arithmetic of its speed."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from services.notifications import campaign_states as states
from services.notifications.campaign_states import ACTIONS, BURST, ENDS, State

NOON = datetime(2026, 3, 3, 10, 0, tzinfo=UTC)
CAIRO = ZoneInfo("Africa/Cairo")
HOURS = (time(9), time(20))


class Life(RuleBasedStateMachine):
    """Whatever is done in whatever order: nothing goes out that nobody approved, and an end is an end."""

    def __init__(self) -> None:
        super().__init__()
        self.state = State.DRAFT
        self.approved = False  # of the words and the audience that it has now
        self.ended = False

    @rule(name=st.sampled_from(sorted(ACTIONS)))
    def act(self, name: str) -> None:
        action = ACTIONS[name]
        if self.state not in action.origins:
            return
        if name in ("write", "choose_audience"):
            assert self.state in (State.DRAFT, State.REFUSED), "words and audience stand still once it is handed over"
            self.approved = False
        if name == "approve":
            self.approved = True
        if name == "refuse":
            self.approved = False
        self.state = action.to or self.state
        self.ended |= self.state in ENDS

    @invariant()
    def nothing_runs_unapproved(self) -> None:
        assert self.approved or self.state not in states.APPROVED_STATES

    @invariant()
    def what_ended_stays_ended(self) -> None:
        assert not self.ended or (self.state in ENDS and states.possible(self.state) == [])

    @precondition(lambda self: not self.ended)
    @rule()
    def everything_can_be_stopped_or_written_anew(self) -> None:
        assert {"cancel", "write"} & set(states.possible(self.state))


TestLife = Life.TestCase


def test_the_clock_alone_starts_and_ends_it() -> None:
    assert all(not states.BY_ITSELF & set(states.possible(state)) for state in State)


@given(st.integers(1, 12_000), st.lists(st.floats(0.01, 20), min_size=1, max_size=60), st.data())
def test_the_throttle_lets_go_what_was_agreed_however_the_timer_runs(rate, waits, data) -> None:
    now, used, made, began = NOON, None, 0, NOON
    for wait in waits:
        if data.draw(st.booleans()):  # another process goes on with what is kept
            used = None if used is None else datetime.fromisoformat(used.isoformat())
        allowed = states.allowance(now, used, rate)
        taken = data.draw(st.integers(0, allowed))
        used = states.used(now, used, rate, taken)
        made += taken
        assert made <= rate * ((now - began) + BURST).total_seconds() / 60 + 1
        now += timedelta(seconds=wait)


def test_what_a_process_missed_while_it_was_away_is_not_caught_up() -> None:
    used = states.used(NOON, None, 600, 1)
    assert states.allowance(NOON + timedelta(hours=3), used, 600) == 20


def test_never_more_stands_in_the_lane_than_goes_out_in_a_quarter_of_a_minute() -> None:
    assert [states.ahead(rate) for rate in (1, 4, 60, 600, 12_000)] == [1, 1, 15, 150, 300]


@pytest.mark.parametrize(("failed", "ended", "too_often"), [(49, 49, False), (9, 50, False), (10, 50, True),
                                                            (199, 1000, False), (200, 1000, True)])
def test_a_share_of_failures_counts_once_enough_is_known(failed, ended, too_often) -> None:
    assert states.fails_too_often(failed, ended, 20) is too_often


def test_hours_are_those_of_cairo_in_summer_and_in_winter() -> None:
    for day in ((2026, 1, 15), (2026, 7, 15)):
        assert not states.open_at(datetime(*day, 8, 59, tzinfo=CAIRO), None, HOURS)
        assert states.open_at(datetime(*day, 9, 0, tzinfo=CAIRO), None, HOURS)
        assert not states.open_at(datetime(*day, 20, 0, tzinfo=CAIRO), None, HOURS)
    assert not states.open_at(NOON, NOON + timedelta(seconds=1), HOURS)


def test_its_end_is_foreseen_over_the_nights_between() -> None:
    day = datetime(2026, 3, 3, 9, 0, tzinfo=CAIRO)
    assert states.expected_end(day, 600 * 60, 600, None, HOURS) == day + timedelta(hours=1)
    # Eleven hours a day: 12 hours of work end an hour after the next morning's beginning.
    assert states.expected_end(day, 600 * 60 * 12, 600, None, HOURS) == day + timedelta(days=1, hours=1)
    assert states.expected_end(day, 0, 600, None, HOURS) == day
    assert states.expected_end(day, 10**9, 1, None, HOURS) is None
    evening = datetime(2026, 3, 3, 21, 0, tzinfo=CAIRO)
    assert states.expected_end(evening, 600, 600, None, HOURS) == day + timedelta(days=1, minutes=1)


@given(st.integers(0, 5000), st.integers(1, 600), st.integers(0, 3000))
def test_the_foreseen_end_lies_within_its_hours(left, rate, minutes) -> None:
    now = NOON + timedelta(minutes=minutes)
    end = states.expected_end(now, left, rate, None, HOURS)
    if end is not None and left:
        assert end >= now
        assert HOURS[0] <= end.astimezone(CAIRO).time() <= HOURS[1]
