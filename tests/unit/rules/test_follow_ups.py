from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules import follow_ups, register
from rules.refusal import Refusal

NAME = {"ar": "متابعة", "en": "Check"}
ONE = {"code": "compliance", "name": NAME, "department": "licensing", "role": "inspector", "after_days": 180,
       "every_months": 12}
DEFINITION = {"follow_up": [ONE, {**ONE, "code": "once", "every_months": None, "after_days": 0,
                                  "target": {"days": 3, "kind": "calendar"}}]}
ISSUED = date(2026, 3, 31)


def test_the_first_of_each_is_planned_with_the_issue():
    assert [(one.code, one.number, one.due_on) for one in follow_ups.plan(DEFINITION, ISSUED)] == [
        ("compliance", 1, date(2026, 9, 27)), ("once", 1, ISSUED)]
    assert follow_ups.plan({}, ISSUED) == []


def test_one_that_comes_once_has_none_after_it():
    assert follow_ups.following(DEFINITION, "once", 1, ISSUED) is None


@given(st.integers(1, 120), st.dates(date(2024, 1, 1), date(2040, 1, 1)), st.integers(1, 500))
def test_the_next_counts_from_when_it_was_due(months, due_on, number):
    definition = {"follow_up": [{**ONE, "every_months": months}]}
    following = follow_ups.following(definition, "compliance", number, due_on)
    assert following is not None
    assert following.number == number + 1
    months_between = (following.due_on.year - due_on.year) * 12 + following.due_on.month - due_on.month
    assert months_between == months
    assert following.due_on.day == due_on.day or following.due_on + timedelta(days=1) == (
        following.due_on.replace(day=28) + timedelta(days=4)).replace(day=1)  # the last of a shorter month


@given(st.sampled_from(register.STATUSES), st.booleans())
def test_an_inspection_shares_the_fate_of_its_licence(status, succeeded):
    fate = follow_ups.fate(status, succeeded)
    if status in (register.VALID, register.NOT_YET_VALID, register.SUSPENDED):
        assert fate == follow_ups.GO_ON
    else:
        assert (fate == follow_ups.FOLLOW) == (succeeded and status in (register.REPLACED, register.TRANSFERRED))


def test_it_is_a_task_of_its_desk_that_ends_in_one_of_two_ways():
    path = follow_ups.workflow(DEFINITION, "follow_up/compliance")
    assert path is not None
    desk = path.states[path.initial]
    assert (desk.kind, desk.purpose, desk.department, desk.role) == ("task", "inspection", "licensing", "inspector")
    assert {action.code for action in desk.exits} == {"compliant", "violation"}
    taken = path.step(path.initial, "violation", {"findings": " لا طفاية حريق "})
    assert (taken.to_state, taken.inputs) == ("violation", {"findings": "لا طفاية حريق"})


@pytest.mark.parametrize("action, inputs, code", [
    ("compliant", {}, "input_required"), ("close", {"findings": "x"}, "action_unknown"),
    ("violation", {"findings": "x", "other": 1}, "field_unknown")])
def test_a_report_says_what_was_found_and_nothing_else(action, inputs, code):
    path = follow_ups.workflow(DEFINITION, "follow_up/compliance")
    assert path is not None
    with pytest.raises(Refusal, match=code):
        path.step(path.initial, action, inputs)


def test_each_has_a_target():
    targets = {state.code: state.target for state in follow_ups.states(DEFINITION)}
    assert targets == {"follow_up/compliance": {"days": 10, "kind": "working"},
                       "follow_up/once": {"days": 3, "kind": "calendar"}}


@pytest.mark.parametrize("state", ["compliance", "follow_up/", "follow_up/none", "decision"])
def test_no_other_state_is_one(state):
    assert follow_ups.workflow(DEFINITION, state) is None
