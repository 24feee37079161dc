"""The small typed language of fee formulas. Text is parsed once to a tree; nothing is ever handed to Python to run.

    max(area_m2 - 100, 0) * 250 + if(corner and use in ("commercial", "mixed"), 5000, 0)

Values are numbers (exact: int or Fraction, never float), conditions (true, false) and words ("new").
Names are answers of the form: integer and decimal answers are numbers, boolean answers conditions, choices words.
    + - * /          numbers; / is exact, rounding is said by ceil, floor, round or by the fee's own `round_to`
    < <= > >= == !=  numbers; == and != also a choice with one of its options; a comparison is not chained
    NAME in ("a", "b")        a choice with several of its options
    and or not       conditions; what need not be looked at is not looked at
    if(CONDITION, THEN, ELSE) the way not taken is not computed
    min(…) max(…)    two numbers or more
    ceil(…) floor(…) round(…) to a whole number; round takes a half away from zero
    given(NAME)      whether the answer was given at all
    true false
A number that was not given cannot be computed with (`given` asks first); a boolean not given is false, a choice not
given equals nothing: as in `when` (rules.conditions).

Texts are limited in length and depth (rules.expression_tree), so that each is judged in bounded time.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from math import ceil, floor
from typing import Any

from rules import conditions
from rules.expression_tree import (
    FUNCTIONS,
    Binary,
    Call,
    Exact,
    Member,
    Name,
    Node,
    Number,
    Truth,
    Unary,
    Word,
    part,
    tree,
    walk,
)
from rules.refusal import Fault, Refusal, refuse

NUMBER, CONDITION, WORD = "number", "condition", "word"
KINDS_OF_ANSWERS = {"integer": NUMBER, "decimal": NUMBER, "boolean": CONDITION, "choice": WORD}

Evaluator = Callable[[Mapping[str, Any]], Any]


@dataclass(frozen=True, slots=True)
class Expression:
    """A formula that was read. `names`: the answers it uses."""

    text: str
    tree: Node
    names: frozenset[str]
    _run: Evaluator = field(compare=False, repr=False)

    def evaluate(self, answers: Mapping[str, Any]) -> Exact:
        """Its value from cleaned answers. Refuses fee_input_missing and fee_input_invalid at `answers/<name>`, and
        formula_divides_by_zero."""
        exact: Exact = self._run(answers)
        return exact


@lru_cache(maxsize=4096)
def read(text: str) -> Expression:
    """The expression of this text, ready to compute; its grammar alone is judged, with every fault at once:
    formula_empty, formula_too_long, formula_number_too_long, formula_syntax, formula_too_deep,
    formula_function_unknown, formula_arguments; and the first formula_needs_number or formula_needs_condition that
    needs no form to be seen. Read once and kept: an expression never changes."""
    root, faults = tree(text)
    if faults:
        raise Refusal(faults)
    names = frozenset(node.name for node in walk(root) if isinstance(node, Name))
    return Expression(text, root, names, _Compiler(text).number(root))


def parse(text: str, types: Mapping[str, str], options: Mapping[str, Collection[str]] | None = None) -> Expression:
    """A formula for a number, given the type of each answer of the form and the options of its choices. Refuses, with
    every fault at once, what `read` refuses, and formula_name_unknown, formula_name_unusable, formula_needs_number,
    formula_needs_condition, formula_not_comparable, formula_option_unknown."""
    root, told = tree(text)
    faults = list(told)
    _Typing(text, types, options or {}, faults).want(root, NUMBER)
    if faults:
        raise Refusal(faults)
    return read(text)


# --- types

class _Typing:
    def __init__(self, text: str, types: Mapping[str, str], options: Mapping[str, Collection[str]],
                 faults: list[Fault]) -> None:
        self.text, self.types, self.options, self.faults = text, types, options, faults

    def tell(self, code: str, **params: Any) -> None:
        fault = Fault(code, "formula", params)
        if fault not in self.faults:
            self.faults.append(fault)

    def of(self, node: Node) -> str | None:
        """NUMBER, CONDITION or WORD; None where a fault was told already."""
        if isinstance(node, Number):
            return NUMBER
        if isinstance(node, Truth):
            return CONDITION
        if isinstance(node, Word):
            return WORD
        if isinstance(node, Name):
            return self.of_name(node)
        if isinstance(node, Unary):
            return self.want(node.of, NUMBER if node.sign == "-" else CONDITION)
        if isinstance(node, Member):
            self.compare_words(node.of, node.words, node)
            return CONDITION
        return self.of_call(node) if isinstance(node, Call) else self.of_binary(node)

    def of_name(self, node: Name) -> str | None:
        kind = self.types.get(node.name)
        if kind is None:
            self.tell("formula_name_unknown", name=node.name)
        elif kind not in KINDS_OF_ANSWERS:
            self.tell("formula_name_unusable", name=node.name, type=kind)
        else:
            return KINDS_OF_ANSWERS[kind]
        return None

    def want(self, node: Node, kind: str) -> str:
        found = self.of(node)
        if found not in (kind, None):
            self.tell("formula_needs_number" if kind == NUMBER else "formula_needs_condition",
                      part=part(self.text, node))
        return kind

    def of_binary(self, node: Binary) -> str:
        if node.sign in ("+", "-", "*", "/"):
            self.want(node.left, NUMBER)
            return self.want(node.right, NUMBER)
        if node.sign in ("and", "or"):
            self.want(node.left, CONDITION)
            return self.want(node.right, CONDITION)
        if node.sign in ("==", "!=") and isinstance(node.right, Word):
            self.compare_words(node.left, (node.right,), node)
        else:
            self.want(node.left, NUMBER)
            self.want(node.right, NUMBER)
        return CONDITION

    def compare_words(self, left: Node, words: tuple[Word, ...], whole: Node) -> None:
        if self.of(left) == WORD and isinstance(left, Name):
            for word in words:
                if left.name in self.options and word.value not in self.options[left.name]:
                    self.tell("formula_option_unknown", name=left.name, value=word.value)
        elif not isinstance(left, Name) or self.types.get(left.name) in KINDS_OF_ANSWERS:
            self.tell("formula_not_comparable", part=part(self.text, whole))

    def of_call(self, node: Call) -> str | None:
        if node.function == "given":
            for argument in node.arguments:
                if isinstance(argument, Name) and argument.name not in self.types:
                    self.tell("formula_name_unknown", name=argument.name)
            return CONDITION
        for index, argument in enumerate(node.arguments):
            self.want(argument, CONDITION if node.function == "if" and index == 0 else NUMBER)
        return NUMBER if node.function in FUNCTIONS else None


# --- running

class _Compiler:
    """Closures over the tree: when a fee is computed, nothing is parsed and no type is looked up."""

    def __init__(self, text: str) -> None:
        self.text = text

    def number(self, node: Node) -> Evaluator:
        if isinstance(node, Number):
            value = node.value
            return lambda _answers: value
        if isinstance(node, Name):
            return _number_answer(node.name)
        if isinstance(node, Unary) and node.sign == "-":
            of = self.number(node.of)
            return lambda answers: -of(answers)
        if isinstance(node, Binary) and node.sign in _ARITHMETIC:
            return _ARITHMETIC[node.sign](self.number(node.left), self.number(node.right))
        if isinstance(node, Call) and node.function != "given":
            return self.call(node)
        raise refuse("formula_needs_number", "formula", part=part(self.text, node))

    def condition(self, node: Node) -> Evaluator:
        if isinstance(node, Truth):
            value = node.value
            return lambda _answers: value
        if isinstance(node, Name):
            name = node.name
            return lambda answers: answers.get(name) is True
        if isinstance(node, Unary) and node.sign == "not":
            of = self.condition(node.of)
            return lambda answers: not of(answers)
        if isinstance(node, Member) and isinstance(node.of, Name):
            return _word_answer(node.of.name, node.words)
        if isinstance(node, Call) and node.function == "given" and isinstance(node.arguments[0], Name):
            asked = node.arguments[0].name
            return lambda answers: answers.get(asked) is not None
        if isinstance(node, Binary) and node.sign not in _ARITHMETIC:
            return self.test(node)
        raise refuse("formula_needs_condition", "formula", part=part(self.text, node))

    def test(self, node: Binary) -> Evaluator:
        if node.sign in ("and", "or"):
            one, other = self.condition(node.left), self.condition(node.right)
            if node.sign == "and":
                return lambda answers: one(answers) and other(answers)
            return lambda answers: one(answers) or other(answers)
        if isinstance(node.right, Word) and isinstance(node.left, Name) and node.sign in ("==", "!="):
            same = _word_answer(node.left.name, (node.right,))
            return same if node.sign == "==" else lambda answers: not same(answers)
        left, right, compare = self.number(node.left), self.number(node.right), _COMPARE[node.sign]
        return lambda answers: compare(left(answers), right(answers))

    def call(self, node: Call) -> Evaluator:
        if node.function == "if":
            condition = self.condition(node.arguments[0])
            then, otherwise = self.number(node.arguments[1]), self.number(node.arguments[2])
            return lambda answers: then(answers) if condition(answers) else otherwise(answers)
        run = [self.number(argument) for argument in node.arguments]
        if node.function in ("min", "max"):
            choose: Callable[[list[Exact]], Exact] = min if node.function == "min" else max
            return lambda answers: choose([one(answers) for one in run])
        of, to_whole = run[0], ROUND[node.function]
        return lambda answers: to_whole(of(answers))


def half_away(value: Exact) -> int:
    """The nearest whole number; a half goes away from zero."""
    return floor(value + _HALF) if value >= 0 else -floor(_HALF - value)


def divided(left: Exact, right: Exact) -> Exact:
    """The exact quotient. Refuses formula_divides_by_zero."""
    if right == 0:
        raise refuse("formula_divides_by_zero", "formula")
    quotient = Fraction(left) / right
    return int(quotient) if quotient.denominator == 1 else quotient


_HALF = Fraction(1, 2)
ROUND: dict[str, Callable[[Exact], int]] = {"ceil": ceil, "floor": floor, "round": half_away}
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq, "!=": operator.ne}
_ARITHMETIC: dict[str, Callable[[Evaluator, Evaluator], Evaluator]] = {
    "+": lambda left, right: lambda answers: left(answers) + right(answers),
    "-": lambda left, right: lambda answers: left(answers) - right(answers),
    "*": lambda left, right: lambda answers: left(answers) * right(answers),
    "/": lambda left, right: lambda answers: divided(left(answers), right(answers))}


def _number_answer(name: str) -> Evaluator:
    def answer(answers: Mapping[str, Any]) -> Exact:
        value = answers.get(name)
        if type(value) is int:
            return value
        if value is None:
            raise refuse("fee_input_missing", f"answers/{name}", name=name)
        exact = conditions.number(value)
        if exact is None:
            raise refuse("fee_input_invalid", f"answers/{name}", name=name)
        return int(exact) if exact == exact.to_integral_value() else Fraction(exact)
    return answer


def _word_answer(name: str, words: tuple[Word, ...]) -> Evaluator:
    wanted = frozenset(word.value for word in words)

    def answer(answers: Mapping[str, Any]) -> bool:
        value = answers.get(name)
        return isinstance(value, str) and value in wanted
    return answer
