import string
import time
from fractions import Fraction
from math import ceil, floor

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rules import expressions
from rules.expression_tree import (
    MAX_DEPTH,
    MAX_LENGTH,
    Binary,
    Call,
    Member,
    Name,
    Number,
    Truth,
    Unary,
    Word,
    tree,
    write,
)
from rules.refusal import Refusal
from tests.support.examples import examples

TYPES = {"area": "decimal", "days": "integer", "corner": "boolean", "use": "choice", "remark": "text", "from": "date",
         "parts": "multi_choice"}
OPTIONS = {"use": ["home", "shop"]}


def value(text, **answers):
    return expressions.parse(text, TYPES, OPTIONS).evaluate(answers)


def codes(text):
    with pytest.raises(Refusal) as refused:
        expressions.parse(text, TYPES, OPTIONS)
    return [fault.code for fault in refused.value.faults]


@pytest.mark.parametrize("text, result", [
    ("1 + 2 * 3", 7), ("(1 + 2) * 3", 9), ("10 - 4 - 3", 3), ("100 / 10 / 5", 2), ("-2 * -3", 6), ("2 - -3", 5),
    ("0.1 + 0.2", Fraction(3, 10)), ("1 / 3 * 3", 1), ("min(3, 1, 2)", 1), ("max(3, 1, 2)", 3), ("ceil(0.1)", 1),
    ("floor(-0.1)", -1), ("round(2.5)", 3), ("round(-2.5)", -3), ("round(2.4)", 2), ("if(1 < 2, 5, 6)", 5),
    ("if(not 1 < 2, 5, 6)", 6), ("if(true or 1 / 0 > 1, 5, 6)", 5), ("if(false and 1 / 0 > 1, 5, 6)", 6),
    ("if(1 == 1.0 and 2 != 3, 1, 0)", 1), ("if(false, 1 / 0, 7)", 7), ("\n max(\n 1,\t2 ) ", 2)])
def test_what_a_formula_comes_to(text, result):
    assert value(text) == result


@pytest.mark.parametrize("text, answers, result", [
    ("area * 10", {"area": "45.5"}, 455), ("area * days", {"area": "0.000001", "days": 3}, Fraction(3, 10**6)),
    ("if(corner, 1, 2)", {"corner": True}, 1), ("if(corner, 1, 2)", {"corner": False}, 2), ("if(corner, 1, 2)", {}, 2),
    ('if(use == "home", 1, 2)', {"use": "home"}, 1), ("if(use != 'home', 1, 2)", {}, 1),
    ('if(use in ("home", "shop"), 1, 2)', {"use": "shop"}, 1), ('if(use in ("home"), 1, 2)', {}, 2),
    ("if(given(days), days, 9)", {}, 9), ("if(given(days), days, 9)", {"days": 4}, 4),
    ("if(given(remark), 1, 2)", {"remark": "x"}, 1)])
def test_answers_of_the_form_in_a_formula(text, answers, result):
    assert value(text, **answers) == result


@pytest.mark.parametrize("answers, code, field", [
    ({}, "fee_input_missing", "answers/area"), ({"area": "many"}, "fee_input_invalid", "answers/area"),
    ({"area": True}, "fee_input_invalid", "answers/area"), ({"area": 2.5}, "fee_input_invalid", "answers/area"),
    ({"area": 0}, "formula_divides_by_zero", "formula")])
def test_an_answer_that_cannot_be_computed_with_is_refused(answers, code, field):
    with pytest.raises(Refusal) as refused:
        value("1 / area", **answers)
    assert [(fault.code, fault.field) for fault in refused.value.faults] == [(code, field)]


@pytest.mark.parametrize("text, wanted", [
    ("", ["formula_empty"]), ("   ", ["formula_empty"]), ("1 2", ["formula_syntax"]), ("1 +", ["formula_syntax"]),
    ("(1", ["formula_syntax"]), ("1)", ["formula_syntax"]), ("max(1,)", ["formula_syntax"]),
    ("a.b", ["formula_syntax"]),
    ("1 ** 2", ["formula_syntax"]), ("area[0]", ["formula_syntax"]), ("lambda: 1", ["formula_syntax"]),
    ("1e9", ["formula_syntax"]), ("0x10", ["formula_syntax"]), ("1_000", ["formula_syntax"]),
    ("٥ + ٥", ["formula_syntax"]),
    ("area × 2", ["formula_syntax"]), ("and", ["formula_syntax"]), ("use in ()", ["formula_syntax"]),
    ("__import__('os')", ["formula_syntax"]), ("Area", ["formula_syntax"]), ("1 = 1", ["formula_syntax"]),
    ("1" * 16, ["formula_number_too_long"]), ("0.1234567", ["formula_number_too_long"]),
    ("eval(1)", ["formula_function_unknown"]), ("min(1)", ["formula_arguments"]),
    ("if(true, 1)", ["formula_arguments"]),
    ("if(given(1), 1, 2)", ["formula_arguments"]), ("width", ["formula_name_unknown"]),
    ("remark + from + parts", ["formula_name_unusable"] * 3), ("corner + 1", ["formula_needs_number"]),
    ("use * 2", ["formula_needs_number"]), ("'home'", ["formula_needs_number"]), ("1 < 2", ["formula_needs_number"]),
    ("if(area, 1, 2)", ["formula_needs_condition"]), ("if(1 < 2 < 3, 1, 2)", ["formula_needs_number"]),
    ("if(area == 'home', 1, 2)", ["formula_not_comparable"]), ("if('home' == use, 1, 2)", ["formula_needs_number"] * 2),
    ("if(use < 'shop', 1, 2)", ["formula_needs_number"] * 2), ("if(use == 'shed', 1, 2)", ["formula_option_unknown"])])
def test_what_is_no_formula_is_refused(text, wanted):
    assert codes(text) == wanted


def test_all_faults_of_a_formula_are_told_at_once():
    assert codes("cost(1) + min(2) + width * corner + if(area, use, 1) + if(use in ('a', 'b'), 1, 2)") == [
        "formula_function_unknown", "formula_arguments", "formula_name_unknown", "formula_needs_number",
        "formula_needs_condition", "formula_needs_number", "formula_option_unknown", "formula_option_unknown"]


def test_the_place_of_a_fault_is_told():
    with pytest.raises(Refusal) as refused:
        expressions.parse("area + ; 5", TYPES)
    assert refused.value.faults[0].params == {"position": 8, "found": "; 5"}


# Trees of every kind. Only trees whose types are right have a value; others must be read back all the same.
names = st.sampled_from(["area", "days"]).map(Name)
literals = st.one_of(st.integers(0, 10**15 - 1), st.decimals(0, 10**6, places=6).map(Fraction)).map(
    lambda n: Number(int(n) if Fraction(n).denominator == 1 else n))
words = st.sampled_from(["home", "shop", "a_b"]).map(Word)
tests = st.deferred(lambda: st.one_of(
    st.booleans().map(Truth), st.just(Name("corner")), st.builds(Unary, st.just("not"), tests),
    st.builds(Binary, st.sampled_from(["and", "or"]), tests, tests),
    st.builds(Binary, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), trees, trees),
    st.builds(Binary, st.sampled_from(["==", "!="]), st.just(Name("use")), words),
    st.builds(Member, st.just(Name("use")), st.lists(words, min_size=1, max_size=3).map(tuple)),
    st.builds(Call, st.just("given"), st.tuples(names))))
trees = st.deferred(lambda: st.one_of(
    literals, names, st.builds(Unary, st.just("-"), trees),
    st.builds(Binary, st.sampled_from("+-*/"), trees, trees),
    st.builds(Call, st.just("if"), st.tuples(tests, trees, trees)),
    st.builds(Call, st.sampled_from(["min", "max"]), st.lists(trees, min_size=2, max_size=4).map(tuple)),
    st.builds(Call, st.sampled_from(["ceil", "floor", "round"]), st.tuples(trees))))


def readable(text):
    return len(text) <= MAX_LENGTH


@given(trees.filter(lambda node: readable(write(node))))
def test_a_tree_written_and_read_is_the_same_tree(node):
    try:
        found, faults = tree(write(node))
    except Refusal as refusal:
        assert refusal.code == "formula_too_deep"
    else:
        assert found == node and not faults


def reference(node, answers):
    """The meaning said once more, plainly, in fractions."""
    if isinstance(node, (Number, Truth)):
        return Fraction(node.value) if isinstance(node, Number) else node.value
    if isinstance(node, Name):
        return answers.get(node.name) is True if node.name == "corner" else Fraction(answers[node.name])
    if isinstance(node, Unary):
        return -reference(node.of, answers) if node.sign == "-" else not reference(node.of, answers)
    if isinstance(node, Member):
        return answers["use"] in [word.value for word in node.words]
    if isinstance(node, Binary):
        if node.sign == "and":
            return reference(node.left, answers) and reference(node.right, answers)
        if node.sign == "or":
            return reference(node.left, answers) or reference(node.right, answers)
        if isinstance(node.right, Word):
            return (answers["use"] == node.right.value) is (node.sign == "==")
        left, right = reference(node.left, answers), reference(node.right, answers)
        return {"+": lambda: left + right, "-": lambda: left - right, "*": lambda: left * right,
                "/": lambda: left / right, "<": lambda: left < right, "<=": lambda: left <= right,
                ">": lambda: left > right, ">=": lambda: left >= right, "==": lambda: left == right,
                "!=": lambda: left != right}[node.sign]()
    if node.function == "given":
        return node.arguments[0].name in answers
    if node.function == "if":
        return reference(node.arguments[1 if reference(node.arguments[0], answers) else 2], answers)
    found = [reference(argument, answers) for argument in node.arguments]
    if node.function in ("min", "max"):
        return min(found) if node.function == "min" else max(found)
    if node.function == "round":
        return Fraction(ceil(found[0] - Fraction(1, 2)) if found[0] < 0 else floor(found[0] + Fraction(1, 2)))
    return Fraction(ceil(found[0]) if node.function == "ceil" else floor(found[0]))


@settings(max_examples=examples(400))
@given(trees.filter(lambda node: readable(write(node))), st.decimals(-1000, 1000, places=3), st.integers(-9, 9),
       st.booleans(), st.sampled_from(["home", "shop"]))
def test_arithmetic_is_exact(node, area, days, corner, use):
    answers = {"area": format(area, "f"), "days": days, "corner": corner, "use": use}
    try:
        expression = expressions.read(write(node))
    except Refusal as refusal:
        assert refusal.code == "formula_too_deep"
        return
    try:
        wanted = reference(node, answers)
    except ZeroDivisionError:
        with pytest.raises(Refusal, match="formula_divides_by_zero"):
            expression.evaluate(answers)
    else:
        found = expression.evaluate(answers)
        assert found == wanted and type(found) in (int, Fraction)


HOSTILE = st.one_of(
    st.text(max_size=200), st.text(alphabet="()+-*/,<>=!\"' 0.9anotrif_" + string.ascii_lowercase, max_size=300),
    st.lists(st.sampled_from(["(", ")", "if(", "max(", "not ", "-", "area", "9", ",", "and", " in ", "'home'",
                               "given("]), max_size=200).map("".join))


@settings(max_examples=examples(500))
@given(HOSTILE)
@example("(" * 1000)
@example("-" * 999 + "1")
@example("not " * 250 + "true")
@example("max(" * 200)
@example("1" * 1000)
@example("1+" * 499 + "1")
@example("if(true," * 100)
@example("()" * 400)
@example("__class__.__mro__")
@example("\ud800")
@example("area\x00")
@example("ａｒｅａ")
@example("x" * 10**6)
def test_no_text_is_refused_by_anything_but_a_refusal_nor_takes_long(text):
    expressions.read.cache_clear()
    tree.cache_clear()
    began = time.process_time()
    try:
        expressions.parse(text, TYPES, OPTIONS)
    except Refusal as refusal:
        assert all(fault.code.startswith("formula_") for fault in refusal.faults)
    assert time.process_time() - began < 5


@given(st.integers(1, 3 * MAX_DEPTH), st.sampled_from(["({})", "-{}", "max(1, {})", "1 + {}", "if(corner, {}, 1)"]))
def test_depth_is_bounded(depth, shape):
    text = "1"
    for _ in range(depth):
        text = shape.format(text)
    if len(text) > MAX_LENGTH:
        assert codes(text) == ["formula_too_long"]
    elif depth < MAX_DEPTH:
        assert value(text, corner=True) is not None
    else:
        assert codes(text) == ["formula_too_deep"]


def test_a_formula_is_read_once():
    assert expressions.read("area * 3") is expressions.read("area * 3")
