"""What is proved of fees before a definition is published, and that the proof holds for every answer."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.problems import catalogue, describe
from rules import fees, forms
from rules.fee_bounds import bounds
from rules.refusal import Fault, Refusal
from tests.support.examples import examples

NAME = {"ar": "رسم", "en": "Fee"}


def line(code, kind="fixed", stage="final", **more):
    return {"code": code, "stage": stage, "name": NAME, "account": "1101", "kind": kind, "source": "unverified", **more}


def formula(text, **more):
    return line("f", "formula", formula=text, **more)


def field(name, kind, required=True, **more):
    return {"name": name, "type": kind, "label": NAME, "required": required, **more}


def options(*values):
    return [{"value": value, "label": NAME} for value in values]


FORM = [
    field("area", "decimal", min=1, max=5000), field("storeys", "integer", min=0, max=60),
    field("depth", "integer", min=-20, max=20), field("kind", "choice", options=options("cafe", "food", "store")),
    field("corner", "boolean", required=False),
    field("balcony", "decimal", required=False, min=0, max=100),
    field("seats", "integer", when={"field": "kind", "in": ["cafe", "food"]}, min=1, max=200),
    field("unbounded", "integer", min=0), field("remark", "text", required=False)]
TIERED = line("t", "tiered", per="area", tiers=[
    {"up_to": "25.5", "amount": 500}, {"up_to": 100, "amount": 900}, {"up_to": None, "amount": 2000}])


def told(*lines):
    return {(fault.code, fault.field) for fault in fees.check(lines, FORM)}


@pytest.mark.parametrize("lines, code, where", [
    ([line("a", amount=1), line("a", amount=2)], "fee_code_twice", "fees/1/code"),
    ([line("a", "per_unit", per="kind", amount=1)], "fee_per_not_number", "fees/0/per"),
    ([line("a", "per_unit", per="nobody", amount=1)], "fee_per_not_number", "fees/0/per"),
    ([line("a", "per_unit", per=["area"] * 6, amount=1)], "fee_per_too_many", "fees/0/per"),
    ([line("a", amount=1, when={"field": "nobody", "equals": 1})], "condition_unsound", "fees/0/when"),
    ([line("a", "percentage", of=["b"], percent=1)], "fee_of_unknown", "fees/0/of"),
    ([line("a", "percentage", of=["a"], percent=1)], "fee_of_circular", "fees/0/of"),
    ([line("a", "percentage", of=["b"], percent=1), line("b", "percentage", of=["a"], percent=1)], "fee_of_circular",
     "fees/1/of"),
    ([{**TIERED, "tiers": TIERED["tiers"][::-1]}], "fee_tiers_disordered", "fees/0/tiers"),
    ([{**TIERED, "tiers": [{"up_to": 5, "amount": 1}, {"up_to": 5, "amount": 2}]}], "fee_tiers_disordered",
     "fees/0/tiers"),
    ([{**TIERED, "tiers": TIERED["tiers"][:2]}], "fee_tiers_short", "fees/0/tiers"),
    ([line("a", amount=1, min_amount=5, max_amount=4)], "fee_bounds_unsound", "fees/0/max_amount"),
    ([line("a", "per_unit", per="unbounded", amount=1)], "fee_input_unbounded", "fees/0/per"),
    ([line("a", "per_unit", per="depth", amount=1)], "fee_may_be_negative", "fees/0/per"),
    ([line("a", "per_unit", per="balcony", amount=1)], "fee_input_may_be_missing", "fees/0/per"),
    ([line("a", "per_unit", per="area", amount=10**9)], "fee_may_overflow", "fees/0/per"),
    ([line("a", "percentage", of=["t"], percent="999999999999"), TIERED], "fee_may_overflow", "fees/0/percent"),
    ([formula("area *")], "formula_syntax", "fees/0/formula"),
    ([formula("area * width")], "formula_name_unknown", "fees/0/formula"),
    ([formula("area / storeys")], "fee_divides_by_zero", "fees/0/formula"),
    ([formula("area / (storeys - 1)")], "fee_divides_by_zero", "fees/0/formula"),
    ([formula("area - 100")], "fee_may_be_negative", "fees/0/formula"),
    ([formula("area * area * area * 100")], "fee_may_overflow", "fees/0/formula"),
    ([formula("unbounded * 5")], "fee_input_unbounded", "fees/0/formula"),
    ([formula("balcony * 5")], "fee_input_may_be_missing", "fees/0/formula"),
    ([formula("if(1 / storeys > 0, 5, 6)")], "fee_divides_by_zero", "fees/0/formula"),
    ([formula("seats * 5")], "fee_input_may_be_missing", "fees/0/formula"),
    ([formula("if(given(balcony) or corner, balcony, 0)")], "fee_input_may_be_missing", "fees/0/formula"),
    ([formula("if(depth > 0 and corner, 1, 0 - depth)")], "fee_may_be_negative", "fees/0/formula"),
    ([formula('if(kind == "cinema", 5, 6)')], "formula_option_unknown", "fees/0/formula"),
])
def test_an_unsound_line_is_told_with_its_place(lines, code, where):
    assert (code, where) in told(*lines)


def test_all_faults_of_all_lines_are_told_at_once():
    lines = [formula("remark + width / storeys"), line("p", "per_unit", per=["unbounded", "balcony"], amount=1),
             line("q", amount=1, exempt_when={"field": "nobody", "present": True})]
    assert told(*lines) == {
        ("formula_name_unusable", "fees/0/formula"), ("formula_name_unknown", "fees/0/formula"),
        ("fee_input_unbounded", "fees/1/per"), ("fee_input_may_be_missing", "fees/1/per"),
        ("condition_unsound", "fees/2/exempt_when")}


def test_every_fault_has_its_text_in_both_languages():
    lines = [formula(text) for text in (
        "", "1" * 17, "(" * 50, "1 +", "f(1)", "min(1)", "width", "remark", "corner", "if(area, 1, 2)",
        "if(area == 'cafe', 1, 2)", "if(kind == 'x', 1, 2)", "area / storeys", "area - 100", "unbounded", "balcony",
        "area * area * area * 100", "1" + " " * 1000)]
    lines += [{**TIERED, "tiers": TIERED["tiers"][:2]}, line("a", "per_unit", per=["area"] * 6, amount=1),
              line("a", amount=1, min_amount=5, max_amount=4)]
    faults = [fault for one in lines for fault in fees.check([one], FORM)]
    codes = {fault.code for fault in faults}
    assert len(codes) == 21
    for fault in faults:
        for language in ("ar", "en"):
            assert fault.code in catalogue() and "{" not in describe(fault, language)


@pytest.mark.parametrize("one", [
    formula("max(area - 100, 0) * 250"),
    formula("if(area > 100, (area - 100) * 250, 0)"),
    formula("if(area <= 100, 0, (area - 100) * 250)"),
    formula("if(storeys == 0, 0, area / storeys)"),
    formula("if(storeys != 0 and area / storeys > 5, area / storeys, 0)"),
    formula("if(given(balcony), balcony * 5, 0)"),
    formula('if(kind == "cafe" or kind == "food", seats * 5, 0)'),
    formula('if(kind in ("cafe"), seats * 5, 0)'),
    formula("if(given(seats), seats, 1)"),
    formula("depth * 100", min_amount=0),
    formula("depth * 100", when={"field": "depth", "at_least": 0}),
    formula("1000 / depth", when={"field": "depth", "at_least": 1}),
    formula("1000 / (0 - depth)", exempt_when={"field": "depth", "at_least": 0}),
    formula("area * area * area * 100", max_amount=10**6),
    formula("balcony", when={"field": "balcony", "present": True}),
    line("s", "per_unit", per="seats", amount=5, when={"field": "kind", "equals": "cafe"}),
    line("s", "per_unit", per="seats", amount=5, when={"not": {"field": "seats", "present": False}}),
    line("s", "per_unit", per="balcony", amount=5, when={"all": [
        {"field": "balcony", "at_least": 3}, {"field": "corner", "equals": True}]}),
    {**TIERED, "tiers": TIERED["tiers"][:2], "when": {"field": "area", "at_most": 90}},
    line("a", "per_unit", per=["area", "storeys"], amount=150)])
def test_what_can_be_computed_is_not_refused(one):
    assert fees.check([one], FORM) == []


@pytest.mark.parametrize("one, least, most", [
    (line("a", amount=700), 700, 700),
    (line("a", amount=700, when={"field": "corner", "equals": True}), 0, 700),
    (line("a", "per_unit", per=["area", "storeys"], amount=10, min_amount=50), 50, 5000 * 60 * 10),
    ({**TIERED, "code": "a"}, 500, 2000),
    (line("a", "formula", formula="ceil(area / 100) * 250", round_to=1000, rounding="up"), 1000, 13000),
    (line("a", "formula", formula="area - storeys + 100"), 1 - 60 + 100, 5000 - 0 + 100),
    (line("a", "formula", formula="-depth + 600 / (storeys + 1) + 20"), 10, 640),
    (line("a", "formula", formula="if(corner, 5, 9) + if(area > 9000, 100, 0)"), 5, 9)])
def test_the_least_and_the_most_of_a_fee(one, least, most):
    found = bounds([one, line("share", "percentage", of=["a"], percent=50)], FORM)
    assert (found["a"].least, found["a"].most) == (least, most)
    assert found["share"].most == (most + 1) // 2


@pytest.mark.parametrize("broken", [
    {"min": [1], "max": {"a": 1}}, {"min": 9, "max": 1}, {"min": "x", "max": 5}, {"max": 10**30, "min": -(10**30)},
    {"when": 5}, {"when": {"all": []}}, {"when": {"field": "area", "in": "x"}}])
def test_a_form_with_faults_of_its_own_breaks_nothing(broken):
    form = [field("area", "decimal", **{"min": 0, "max": 10, **broken})]
    for one in (formula("area * 2 / (area + 1)"), line("p", "per_unit", per="area", amount=1),
                {**TIERED, "when": {"field": "area", "at_least": 1}}):
        assert isinstance(fees.check([one], form), list)


# Formulas and fee lines of all kinds over the form, and answers to it.
numbers = st.one_of(st.integers(0, 200).map(str), st.decimals(0, 99, places=2).map(lambda n: format(n, "f")))
inputs = st.sampled_from(["area", "storeys", "depth", "balcony", "seats"])
conditions_ = st.deferred(lambda: st.one_of(
    st.just("corner"), st.sampled_from(['kind == "cafe"', 'kind != "store"', 'kind in ("cafe", "food")', "true"]),
    inputs.map(lambda name: f"given({name})"),
    st.tuples(inputs, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), numbers).map(" ".join),
    st.tuples(numbers_, st.sampled_from(["<", ">=", "!="]), numbers_).map(" ".join),
    st.tuples(conditions_, st.sampled_from(["and", "or"]), conditions_).map(lambda t: f"({' '.join(t)})"),
    conditions_.map(lambda c: f"not ({c})")))
numbers_ = st.deferred(lambda: st.one_of(
    numbers, inputs, inputs,
    st.tuples(numbers_, st.sampled_from("+-*/"), numbers_).map(lambda t: f"({' '.join(t)})"),
    st.tuples(conditions_, numbers_, numbers_).map(lambda t: f"if({', '.join(t)})"),
    inputs.flatmap(lambda name: numbers_.map(lambda n: f"if(given({name}), {name} * {n}, 0)")),
    st.tuples(st.sampled_from(["min", "max"]), numbers_, numbers_).map(lambda t: f"{t[0]}({t[1]}, {t[2]})"),
    st.tuples(st.sampled_from(["ceil", "floor", "round"]), numbers_).map(lambda t: f"{t[0]}({t[1]})")))
whens = st.one_of(st.none(), st.sampled_from([
    {"field": "kind", "equals": "cafe"}, {"field": "balcony", "present": True}, {"field": "depth", "at_least": 1},
    {"not": {"field": "depth", "at_least": 0}}, {"field": "area", "at_most": 90},
    {"any": [{"field": "seats", "at_least": 5}, {"field": "balcony", "at_least": "1.5"}]},
    {"all": [{"field": "seats", "at_least": 5}, {"field": "corner", "equals": True}]}]))
shared = {"min_amount": st.none() | st.integers(0, 50), "max_amount": st.none() | st.integers(50, 10**6),
          "round_to": st.none() | st.integers(1, 100), "rounding": st.none() | st.sampled_from(fees.ROUNDINGS),
          "when": whens, "exempt_when": whens}
bodies = st.one_of(
    st.fixed_dictionaries({"kind": st.just("formula"), "formula": numbers_, **shared}),
    st.fixed_dictionaries({"kind": st.just("per_unit"), "amount": st.integers(0, 10**6),
                           "per": st.lists(inputs, min_size=1, max_size=3), **shared}),
    st.fixed_dictionaries({"kind": st.just("tiered"), "per": inputs, "tiers": st.lists(
        st.integers(1, 150), min_size=1, max_size=3, unique=True).map(lambda ends: [
            {"up_to": end, "amount": end * 7 % 1000} for end in sorted(ends)] + [{"up_to": None, "amount": 3}]),
        **shared}),
    st.fixed_dictionaries({"kind": st.just("percentage"), "percent": st.integers(0, 300), "of": st.just(["l0"]),
                           **shared}))


@st.composite
def answers_(draw):
    given_ = {"area": format(draw(st.decimals(1, 5000, places=6)), "f"), "storeys": draw(st.integers(0, 60)),
              "depth": draw(st.integers(-20, 20)), "kind": draw(st.sampled_from(["cafe", "food", "store"])),
              "unbounded": draw(st.integers(0, 10**14))}
    if given_["kind"] != "store":
        given_["seats"] = draw(st.integers(1, 200))
    if draw(st.booleans()):
        given_["corner"] = draw(st.booleans())
    if draw(st.booleans()):
        given_["balcony"] = draw(st.sampled_from(["0", "0.000001", "7.5", "100"]))
    return forms.validate(FORM, given_)


@settings(max_examples=examples(600), deadline=None)
@given(st.lists(bodies, min_size=1, max_size=3), st.lists(answers_(), min_size=1, max_size=8))
def test_what_is_accepted_is_computed_for_every_answer_and_lies_within_its_bounds(given_bodies, all_answers):
    lines = [line(f"l{index}", **body) for index, body in enumerate(given_bodies)]
    sound = [one for one in lines if not fees.check([one], FORM)]
    if fees.check(lines, FORM):
        lines = sound
    proved = bounds(lines, FORM)
    assert proved.keys() == {one["code"] for one in lines}
    for answers in all_answers:
        found = {charge.code: charge.amount for charge in fees.compute(lines, answers)}
        assert all(proved[code].least <= found.get(code, 0) <= proved[code].most for code in proved)


@settings(max_examples=examples(300), deadline=None)
@given(numbers_, st.lists(answers_(), min_size=1, max_size=5))
def test_what_fails_for_an_answer_was_not_accepted(text, all_answers):
    lines = [formula(text)]
    for answers in all_answers:
        try:
            fees.compute(lines, answers)
        except Refusal:
            assert fees.check(lines, FORM)


def test_the_accepted_share_of_generated_formulas_is_no_accident():
    """The property above would hold of a checker that accepts nothing."""
    assert fees.check([formula("max(area - 100, 0) * if(corner, 2, 1) / max(storeys, 1)")], FORM) == []
    found = fees.compute([formula("max(area - 100, 0) * if(corner, 2, 1) / max(storeys, 1)")],
                         {"area": "150.5", "corner": True, "storeys": 2})
    assert [charge.amount for charge in found] == [51]  # 50.5 * 2 / 2, half up


def test_an_unchecked_formula_is_refused_not_followed():
    for text, code in (("1 / storeys", "fee_divided_by_zero"), ("depth", "fee_negative"),
                       ("nobody", "fee_input_missing"), ("kind + 1", "fee_input_invalid")):
        with pytest.raises(Refusal) as refused:
            fees.compute([formula(text)], {"storeys": 0, "depth": -1, "kind": "cafe"})
        assert [fault.code for fault in refused.value.faults] == [code]
        assert isinstance(refused.value.faults[0], Fault)


def test_amounts_are_never_floats():
    charge = fees.compute([formula("area * 0.1 / 3")], {"area": "0.9"})
    assert charge == []
    charge, = fees.compute([formula("area * 0.1 * 10")], {"area": str(Decimal("33.3"))})
    assert charge.amount == 33 and type(charge.amount) is int
