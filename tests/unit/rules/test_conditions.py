from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules import conditions

TYPES = {"area": "decimal", "workers": "integer", "kind": "choice", "extras": "multi_choice", "day": "date",
         "shisha": "boolean", "name": "text"}


@pytest.mark.parametrize("condition, answers, expected", [
    (None, {}, True),
    ({"field": "kind", "equals": "cafe"}, {"kind": "cafe"}, True),
    ({"field": "kind", "equals": "cafe"}, {"kind": "food"}, False),
    ({"field": "kind", "equals": "cafe"}, {}, False),
    ({"field": "kind", "in": ["cafe", "food"]}, {"kind": "food"}, True),
    ({"field": "area", "at_least": 50}, {"area": "50"}, True),
    ({"field": "area", "at_least": "50.5"}, {"area": "50.4"}, False),
    ({"field": "area", "at_least": 9}, {"area": "10"}, True),  # as numbers, not as text
    ({"field": "area", "at_most": 50}, {"area": Decimal("50")}, True),
    ({"field": "area", "at_least": 10, "at_most": 20}, {"area": "15"}, True),
    ({"field": "area", "at_least": 10, "at_most": 20}, {"area": "25"}, False),
    ({"field": "day", "at_least": "2026-01-01"}, {"day": "2026-02-01"}, True),
    ({"field": "day", "at_most": date(2026, 1, 1)}, {"day": "2026-02-01"}, False),
    ({"field": "shisha", "equals": True}, {"shisha": True}, True),
    ({"field": "shisha", "equals": True}, {"shisha": 1}, False),
    ({"field": "workers", "equals": 1}, {"workers": True}, False),
    ({"field": "extras", "equals": "wifi"}, {"extras": ["tv", "wifi"]}, True),
    ({"field": "kind", "present": True}, {"kind": "x"}, True),
    ({"field": "kind", "present": False}, {}, True),
    ({"all": [{"field": "kind", "equals": "cafe"}, {"field": "workers", "at_least": 2}]},
     {"kind": "cafe", "workers": 1}, False),
    ({"any": [{"field": "kind", "equals": "cafe"}, {"field": "workers", "at_least": 2}]},
     {"kind": "cafe", "workers": 1}, True),
    ({"not": {"field": "kind", "equals": "cafe"}}, {}, True),
])
def test_what_holds(condition, answers, expected):
    assert conditions.holds(condition, answers) is expected


@pytest.mark.parametrize("condition", [
    {}, [], "area > 5", {"field": "nobody", "equals": 1}, {"field": "area"}, {"field": "area", "equals": 1, "in": [1]},
    {"field": "area", "above": 3}, {"field": "kind", "at_least": "a"}, {"field": "area", "at_least": 2.5},
    {"field": "area", "equals": "wide"}, {"field": "kind", "in": []}, {"all": []}, {"not": {}},
    {"all": [{"field": "kind", "equals": "a"}], "any": [{"field": "kind", "equals": "a"}]},
    {"field": "kind", "present": "yes"}, {"field": "shisha", "equals": "true"}, {"field": "day", "at_least": "soon"},
    {"any": [{"field": "kind", "equals": "a"}, {"field": "nobody", "present": True}]}])
def test_an_unsound_condition_is_told(condition):
    assert conditions.check(condition, TYPES)


leaves = st.one_of(
    st.builds(lambda v: {"field": "area", "at_least": v}, st.integers(0, 100)),
    st.builds(lambda v: {"field": "workers", "at_most": v}, st.integers(0, 100)),
    st.builds(lambda v: {"field": "kind", "equals": v}, st.sampled_from(["cafe", "food"])),
    st.builds(lambda v: {"field": "shisha", "present": v}, st.booleans()))
trees = st.recursive(leaves, lambda parts: st.one_of(
    st.builds(lambda p: {"all": p}, st.lists(parts, min_size=1, max_size=3)),
    st.builds(lambda p: {"any": p}, st.lists(parts, min_size=1, max_size=3)),
    st.builds(lambda p: {"not": p}, parts)), max_leaves=8)
answer_sets = st.fixed_dictionaries({}, optional={
    "area": st.integers(0, 100).map(str), "workers": st.integers(0, 100), "kind": st.sampled_from(["cafe", "food"]),
    "shisha": st.booleans()})


@given(trees, answer_sets)
def test_a_sound_condition_always_has_an_answer_and_reads_only_its_fields(tree, answers):
    assert conditions.check(tree, TYPES) == []
    read = conditions.fields(tree)
    assert conditions.holds(tree, answers) is conditions.holds(tree, {k: v for k, v in answers.items() if k in read})
    assert conditions.holds({"not": tree}, answers) is not conditions.holds(tree, answers)


@pytest.mark.parametrize("value", [True, 1.5, "1e5", "", "nan", Decimal("NaN"), Decimal("Infinity"), None, "١٢", "1_0"])
def test_what_is_no_number(value):
    assert conditions.number(value) is None
