from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules import fees
from rules.refusal import Refusal

NAME = {"ar": "رسم", "en": "Fee"}


def line(code, kind="fixed", stage="final", **more):
    return {"code": code, "stage": stage, "name": NAME, "account": "1101", "kind": kind, "source": "unverified", **more}


TIERED = line("licence", "tiered", per="area", tiers=[
    {"up_to": "25.5", "amount": 500}, {"up_to": 100, "amount": 900}, {"up_to": None, "amount": 2000}])


def amounts(lines, answers, stage=None):
    return {charge.code: charge.amount for charge in fees.compute(lines, answers, stage)}


def test_each_kind_of_fee():
    lines = [line("stamp", amount=300), line("per_worker", "per_unit", per="workers", amount=1000), TIERED,
             line("share", "percentage", of=["stamp", "licence"], percent="2.5")]
    assert amounts(lines, {"workers": 3, "area": "25.5"}) == {
        "stamp": 300, "per_worker": 3000, "licence": 500, "share": 20}


@pytest.mark.parametrize("area, amount", [("0", 500), ("25.5", 500), ("25.51", 900), (100, 900), ("100.0001", 2000)])
def test_a_tier_includes_its_upper_end(area, amount):
    assert amounts([TIERED], {"area": area}) == {"licence": amount}


def test_beyond_the_last_tier_no_fee_is_invented():
    bounded = {**TIERED, "tiers": TIERED["tiers"][:2]}
    with pytest.raises(Refusal, match="fee_above_tiers"):
        fees.compute([bounded], {"area": 101})


def test_conditions_and_exemptions():
    lines = [line("shisha", amount=500, when={"field": "kind", "equals": "cafe"}),
             line("base", amount=700, exempt_when={"field": "charity", "equals": True}),
             line("share", "percentage", of=["shisha", "base"], percent=10)]
    assert amounts(lines, {"kind": "cafe"}) == {"shisha": 500, "base": 700, "share": 120}
    assert amounts(lines, {"kind": "food"}) == {"base": 700, "share": 70}
    assert amounts(lines, {"kind": "food", "charity": True}) == {}


def test_a_stage_is_charged_alone_but_may_be_a_percentage_of_another():
    lines = [line("a", amount=1000, stage="inspection"), line("b", "percentage", of=["a"], percent=5)]
    assert amounts(lines, {}, "inspection") == {"a": 1000}
    assert amounts(lines, {}, "final") == {"b": 50}
    assert amounts(lines, {}, "nowhere") == {}


def test_an_answer_that_another_stage_needs_is_not_missed():
    lines = [line("a", amount=1000, stage="inspection"), line("b", "per_unit", per="area", amount=5)]
    assert amounts(lines, {}, "inspection") == {"a": 1000}


def test_all_that_is_missing_is_told_at_once():
    with pytest.raises(Refusal) as refused:
        fees.compute([TIERED, line("w", "per_unit", per="workers", amount=1), line("x", "per_unit", per="area",
                     amount=1)], {})
    assert [(fault.code, fault.field) for fault in refused.value.faults] == [
        ("fee_input_missing", "answers/area"), ("fee_input_missing", "answers/workers")]


@pytest.mark.parametrize("value", [-1, "-0.5", True, 2.5, "many", "1e9", [1], "9" * 16])
def test_an_answer_that_is_no_quantity_is_refused(value):
    with pytest.raises(Refusal, match="fee_input_invalid"):
        fees.compute([line("w", "per_unit", per="workers", amount=1)], {"workers": value})


def test_a_charge_beyond_reason_is_refused():
    with pytest.raises(Refusal, match="fee_overflow"):
        fees.compute([line("w", "per_unit", per="workers", amount=10**6)], {"workers": 10**9})


@pytest.mark.parametrize("more, amount", [
    ({}, 3), ({"rounding": "down"}, 2), ({"round_to": 25}, 0), ({"round_to": 25, "rounding": "up"}, 25),
    ({"min_amount": 100}, 100), ({"max_amount": 1}, 1)])
def test_the_stated_rounding_and_bounds(more, amount):
    assert sum(amounts([line("w", "per_unit", per="area", amount=5, **more)], {"area": "0.5"}).values()) == amount


def test_two_quantities_multiply():
    lines = [line("o", "per_unit", per=["area", "days"], amount=150)]
    assert amounts(lines, {"area": "2.5", "days": 10}) == {"o": 3750}


def test_what_a_bill_needs_of_a_form():
    lines = [TIERED, line("s", amount=1, when={"all": [{"field": "kind", "equals": "cafe"}]},
                          exempt_when={"field": "charity", "equals": True}), line("o", "per_unit", per=["days", "area"],
                                                                                amount=1)]
    assert fees.inputs(lines) == ["area", "charity", "days", "kind"]
    assert fees.stages([*lines, line("i", stage="inspection", amount=1)]) == {"final", "inspection"}


def test_a_circle_that_was_never_checked_is_refused_not_followed():
    lines = [line("a", "percentage", of=["b"], percent=1), line("b", "percentage", of=["a"], percent=1)]
    with pytest.raises(Refusal, match="fee_of_circular"):
        fees.compute(lines, {})


quantities = st.decimals(0, 10**5, places=3).map(lambda value: format(value, "f"))


@given(st.integers(0, 10**5), quantities, st.integers(0, 100), st.integers(1, 500))
def test_amounts_are_exact_then_rounded_half_up(rate, area, percent, step):
    lines = [line("u", "per_unit", per="area", amount=rate, round_to=step),
             line("p", "percentage", of=["u"], percent=percent)]
    found = amounts(lines, {"area": area})
    units = Fraction(area) * rate / step
    whole = int((Decimal(units.numerator) / Decimal(units.denominator)).quantize(Decimal(1), ROUND_HALF_UP)) * step
    assert found.get("u", 0) == whole
    assert abs(Fraction(found.get("p", 0)) - Fraction(whole * percent, 100)) <= Fraction(1, 2)


@given(quantities, quantities)
def test_more_never_costs_less(one, other):
    lines = [line("u", "per_unit", per="area", amount=7), TIERED,
             line("p", "percentage", of=["u", "licence"], percent=3)]
    small, large = sorted((one, other), key=Decimal)
    assert fees.total(fees.compute(lines, {"area": small})) <= fees.total(fees.compute(lines, {"area": large}))


@given(quantities, st.permutations(range(4)))
def test_the_order_of_lines_changes_no_amount(area, order):
    lines = [line("u", "per_unit", per="area", amount=7), TIERED,
             line("p", "percentage", of=["u", "licence"], percent=3),
             line("q", "percentage", of=["p"], percent=50)]
    assert amounts([lines[place] for place in order], {"area": area}) == amounts(lines, {"area": area})
