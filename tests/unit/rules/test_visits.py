"""What may become of a visit, on which days one is planned, what of it is told."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from rules import visits
from rules.calendar import Calendar
from rules.refusal import Refusal

TODAY = date(2026, 3, 1)
CALENDAR = Calendar()
days = some.integers(-400, 400).map(lambda shift: TODAY + timedelta(days=shift))


def test_every_step_is_between_known_states_by_a_known_action() -> None:
    for (left, action), right in visits.TRANSITIONS.items():
        assert left in visits.STATES and right in visits.STATES and action in visits.ACTIONS
    assert {action for _, action in visits.TRANSITIONS} == set(visits.ACTIONS)


def test_every_state_is_reached_from_an_order_and_the_ends_are_ends() -> None:
    reached, new = {visits.ORDERED}, {visits.ORDERED}
    while new:
        new = {right for (left, _), right in visits.TRANSITIONS.items() if left in new} - reached
        reached |= new
    assert reached == set(visits.STATES)
    assert not [left for left, _ in visits.TRANSITIONS if left in (visits.DONE, visits.CANCELLED)]


@given(some.lists(some.sampled_from(visits.ACTIONS), max_size=12))
def test_whatever_is_tried_a_visit_is_done_or_cancelled_once_and_only_one_that_was_out_is_done(
    actions: list[str],
) -> None:
    state, path = visits.ORDERED, [visits.ORDERED]
    for action in actions:
        try:
            state = visits.step(state, action)
        except Refusal as refusal:
            assert refusal.code == "visit_not_possible" and refusal.faults[0].params["state"] == state
        else:
            path.append(state)
    assert path.count(visits.DONE) + path.count(visits.CANCELLED) <= 1
    if visits.DONE in path:
        assert path[-2:] == [visits.OUT, visits.DONE]


@given(days, days)
def test_a_day_is_offered_exactly_when_the_unit_works_and_it_is_not_over_or_too_far(day: date, today: date) -> None:
    faults = visits.day_faults(day, today, CALENDAR)
    free = today <= day <= today + visits.FURTHEST and CALENDAR.is_working(day)
    assert (not faults) is free and len(faults) <= 1


@given(days, some.integers(0, 20), some.integers(1, 20))
def test_a_day_takes_so_many_visits_and_no_more(day: date, planned: int, capacity: int) -> None:
    codes = [fault.code for fault in visits.plan_faults(day, TODAY, CALENDAR, planned, capacity)]
    assert ("visit_day_full" in codes) is (planned >= capacity)
    assert [code for code in codes if code != "visit_day_full"] == [
        fault.code for fault in visits.day_faults(day, TODAY, CALENDAR)]


@pytest.mark.parametrize("purpose", visits.PURPOSES)
@given(kind=some.sampled_from(("task", "payment", "applicant", "external", "parallel")), licensed=some.booleans(),
       renewal=some.booleans())
def test_an_ended_request_is_visited_only_to_hand_its_licence_over(
    purpose: str, kind: str, licensed: bool, renewal: bool
) -> None:
    ended = visits.fits(purpose, state_kind="end", outcome="approved", licensed=licensed, renewal=renewal)
    assert (not ended) is (purpose == "delivery" and licensed)
    going = visits.fits(purpose, state_kind=kind, outcome=None, licensed=False, renewal=renewal)
    assert (not going) is (purpose == "inspection" or (purpose == "renewal" and renewal)
                           or (purpose == "documents" and kind == "applicant"))


@pytest.mark.parametrize(("supersedes", "renews"), [
    (None, False), ({"answer": "former", "as": "renewal"}, True), ({"answer": "former", "as": "transfer"}, False),
    ({"answer": "former", "as": "alteration"}, False)])
def test_only_what_takes_the_place_of_a_licence_as_its_renewal_renews(
    supersedes: dict[str, str] | None, renews: bool
) -> None:
    assert visits.renews({"supersedes": supersedes} if supersedes else {}) is renews


@pytest.mark.parametrize(("before", "after", "day_before", "day", "told"), [
    ("ordered", "planned", None, TODAY, "planned"), ("planned", "planned", TODAY, TODAY, None),
    ("out", "planned", TODAY, TODAY, None), ("out", "planned", TODAY, TODAY + timedelta(days=1), "moved"),
    ("missed", "planned", TODAY, TODAY, "moved"), ("planned", "out", TODAY, TODAY, None),
    ("out", "done", TODAY, TODAY, None), ("out", "missed", TODAY, TODAY, "missed"),
    ("ordered", "cancelled", None, None, "cancelled")])
def test_the_citizen_is_told_of_a_day_of_another_day_and_of_none(
    before: str, after: str, day_before: date | None, day: date | None, told: str | None
) -> None:
    assert visits.told(before, after, day_before, day) == told
