"""What is said to follow must hold for every answer; what plainly follows must be seen."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules import conditions, forms
from rules.implication import Interval, Knowledge
from tests.support.examples import examples

NAME = {"ar": "حقل", "en": "Field"}


def field(name, kind, required=False, **more):
    return {"name": name, "type": kind, "label": NAME, "required": required, **more}


def options(*values):
    return [{"value": value, "label": NAME} for value in values]


FORM = [
    field("kind", "choice", True, options=options("a", "b", "c")), field("old", "boolean"),
    field("area", "decimal", True, min="0.5", max=9), field("extra", "integer", True, min=-3, max=3,
                                                            when={"field": "kind", "in": ["a", "b"]}),
    field("maybe", "integer", min=0, max=4, when={"field": "extra", "at_least": 1}),
    field("parts", "multi_choice", options=options("p", "q")), field("since", "date")]
TYPES = {one["name"]: one["type"] for one in FORM}


def is_(name, value):
    return {"field": name, "equals": value}


@pytest.mark.parametrize("known, follows", [
    (is_("kind", "a"), {"field": "kind", "in": ["a", "b"]}), (is_("kind", "a"), {"not": is_("kind", "b")}),
    (is_("old", True), {"not": is_("old", False)}),
    ({"field": "area", "at_least": 5}, {"field": "area", "at_least": "4.5"}),
    ({"field": "maybe", "at_least": 0}, {"field": "extra", "at_least": 1}),
    ({"field": "maybe", "present": True}, {"field": "kind", "in": ["a", "b", "c"]}),
    ({"any": [is_("kind", "a"), is_("kind", "b")]}, {"not": is_("kind", "c")}),
    ({"all": [is_("old", True), is_("kind", "a")]}, {"any": [is_("kind", "c"), is_("old", True)]}),
    ({"not": {"any": [is_("kind", "a"), is_("old", True)]}}, {"not": is_("kind", "a")}),
    ({"not": {"field": "extra", "present": False}}, {"field": "extra", "present": True}),
    ({"field": "maybe", "present": False}, {"not": {"field": "maybe", "at_least": 2}}),
    ({"field": "since", "at_least": "2020-01-02"}, {"field": "since", "at_least": "2020-01-01"}),
    (is_("parts", "p"), {"field": "parts", "in": ["p", "q"]}), (is_("kind", "a"), None), (None, None)])
def test_what_plainly_follows_is_seen(known, follows):
    assert Knowledge(FORM).given(known).implies(follows)


@pytest.mark.parametrize("known, other", [
    (None, is_("kind", "a")), ({"field": "kind", "in": ["a", "b"]}, is_("kind", "a")),
    ({"not": {"field": "maybe", "at_least": 2}}, {"field": "maybe", "at_most": 1}),  # it may not have been given
    (is_("parts", "p"), {"not": is_("parts", "q")}),  # several may be chosen
    ({"field": "area", "at_least": 4}, {"field": "area", "at_least": 5})])
def test_what_does_not_follow_is_not_said_to(known, other):
    assert not Knowledge(FORM).given(known).implies(other)


@pytest.mark.parametrize("name, known, present", [
    ("kind", None, True), ("old", None, False), ("extra", None, False), ("extra", is_("kind", "b"), True),
    ("extra", is_("kind", "c"), False), ("maybe", is_("kind", "a"), False), ("maybe", is_("maybe", 1), True),
    ("extra", is_("maybe", 1), True), ("nobody", None, False)])
def test_an_answer_is_sure_to_be_given_where_it_is_asked_and_required(name, known, present):
    assert Knowledge(FORM).given(known).is_present(name) is present


@pytest.mark.parametrize("known, holds, low, high", [
    (None, True, -3, 3), ({"field": "extra", "at_least": 0}, True, 0, 3),
    ({"field": "extra", "at_least": 0}, False, -3, -1),
    ({"field": "extra", "at_most": 1}, False, 2, 3), (is_("extra", 2), True, 2, 2), (is_("extra", 3), False, -3, 2),
    ({"field": "extra", "in": [0, 1, 2]}, True, 0, 2),
    ({"any": [is_("extra", 0), is_("extra", 2)]}, True, 0, 2), ({"field": "extra", "at_least": "0.5"}, True, 1, 3)])
def test_between_which_numbers_an_answer_lies(known, holds, low, high):
    assert Knowledge(FORM).given(known, holds).range_of("extra") == Interval(low, high)


def test_an_answer_without_bounds_has_no_range_and_one_that_cannot_be_an_empty_one():
    assert Knowledge([field("x", "integer", min=1)]).range_of("x") is None
    found = Knowledge(FORM).given({"field": "extra", "at_least": 9}).range_of("extra")
    assert found.low > found.high


atoms = st.one_of(
    st.sampled_from("abc").map(lambda value: is_("kind", value)),
    st.lists(st.sampled_from("abc"), min_size=1).map(lambda values: {"field": "kind", "in": values}),
    st.booleans().map(lambda value: is_("old", value)),
    st.sampled_from("pq").map(lambda value: is_("parts", value)),
    st.tuples(st.sampled_from(sorted(TYPES)), st.booleans()).map(lambda t: {"field": t[0], "present": t[1]}),
    st.tuples(st.sampled_from(["extra", "maybe", "area"]), st.sampled_from(["at_least", "at_most", "equals"]),
              st.integers(-3, 5)).map(lambda t: {"field": t[0], t[1]: t[2]}),
    st.tuples(st.integers(-3, 2), st.integers(0, 4)).map(
        lambda t: {"field": "extra", "at_least": t[0], "at_most": t[1]}))
some_conditions = st.recursive(atoms, lambda inner: st.one_of(
    inner.map(lambda one: {"not": one}), st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"all": parts}),
    st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"any": parts})), max_leaves=6)


@st.composite
def answers_(draw):
    found = {"kind": draw(st.sampled_from("abc")), "area": draw(st.sampled_from(["0.5", "2", "4.999999", "9"]))}
    if found["kind"] != "c":
        found["extra"] = draw(st.integers(-3, 3))
        if found["extra"] >= 1 and draw(st.booleans()):
            found["maybe"] = draw(st.integers(0, 4))
    for name, value in (("old", st.booleans()), ("parts", st.lists(st.sampled_from("pq"), min_size=1, unique=True)),
                        ("since", st.just("2020-01-01"))):
        if draw(st.booleans()):
            found[name] = draw(value)
    return forms.validate(FORM, found)


@settings(max_examples=examples(800))
@given(some_conditions, some_conditions, st.booleans(), st.lists(answers_(), min_size=1, max_size=10))
def test_what_is_said_to_follow_holds_of_every_answer(known, other, holds, all_answers):
    assert conditions.check(known, TYPES) == []
    knowledge = Knowledge(FORM).given(known, holds)
    for answers in all_answers:
        if conditions.holds(known, answers) is not holds:
            continue
        assert not knowledge.implies(other) or conditions.holds(other, answers)
        for name in TYPES:
            assert not knowledge.is_present(name) or name in answers
        for name in ("extra", "maybe", "area"):
            found = knowledge.range_of(name)
            assert name not in answers or found.low <= conditions.number(answers[name]) <= found.high


@given(some_conditions)
def test_a_condition_follows_from_itself_and_its_opposite_from_its_opposite(known):
    assert Knowledge(FORM).given(known).implies(known)
    assert Knowledge(FORM).given(known, False).implies({"not": known})
