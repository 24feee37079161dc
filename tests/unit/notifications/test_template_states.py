"""A wording's way into force: who may take which step, and that nothing leads round the review."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.refusal import Refusal
from services.notifications import template_states
from services.notifications.template_states import IN_FORCE, NAMES, OPEN, REVIEW, STEPS, WRITE, step

ACTS = sorted({act for _, act in STEPS})


def test_only_a_review_by_another_person_puts_in_force():
    assert [(state, act) for (state, act), one in STEPS.items() if one.to == IN_FORCE] == [("proposed", "put_in_force")]
    one = step("proposed", "put_in_force")
    assert (one.permission, one.other_person) == (REVIEW, True)
    assert step("proposed", "return").other_person
    assert all(one.permission == WRITE for (state, act), one in STEPS.items() if act in ("write", "propose"))


@given(st.sampled_from(sorted(NAMES)), st.sampled_from(ACTS))
def test_what_is_no_step_is_refused_by_the_states_name(state, act):
    if (state, act) in STEPS:
        assert step(state, act).to in NAMES
    else:
        with pytest.raises(Refusal) as refusal:
            step(state, act)
        assert (refusal.value.faults[0].params["state_ar"], refusal.value.faults[0].params["state_en"]) == NAMES[state]


def test_what_was_replaced_withdrawn_or_shipped_never_moves_again():
    assert not {state for state, _ in STEPS} & {"replaced", "withdrawn", "shipped"}
    assert {state for state, act in STEPS if act == "withdraw"} == {*OPEN, IN_FORCE}


def test_differences_name_each_text_that_changed_and_only_those():
    before = {"ar": {"sms": "a", "body": ["x", "y"]}, "en": {"sms": "b", "body": ["z"]}}
    after = {"ar": {"sms": "a", "body": ["x"]}, "en": {"sms": "c", "body": ["z", "w"]}}
    assert template_states.differences(before, after) == [
        {"field": "ar/body/1", "before": "y", "after": None}, {"field": "en/sms", "before": "b", "after": "c"},
        {"field": "en/body/1", "before": None, "after": "w"}]
    assert template_states.differences(before, before) == []
