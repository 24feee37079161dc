"""Between which numbers a formula lies, whatever is answered: interval arithmetic over its tree (rules.fee_bounds)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from rules.conditions import Condition
from rules.expression_tree import Binary, Call, Member, Name, Node, Number, Truth, Unary, Word, part
from rules.expressions import ROUND
from rules.implication import Interval, Knowledge
from rules.refusal import Fault

_ZERO = Fraction(0)
_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}


class Analysis:
    """One formula, judged. `faults`: fee_input_may_be_missing, fee_input_unbounded, fee_divides_by_zero."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.faults: list[Fault] = []

    def _tell(self, code: str, **params: Any) -> None:
        fault = Fault(code, None, params)
        if fault not in self.faults:
            self.faults.append(fault)

    def number(self, node: Node, known: Knowledge) -> Interval | None:
        """Between what a number lies where `known` holds. None when no answers lead here, or a fault was told."""
        if isinstance(node, Number):
            return Interval(Fraction(node.value), Fraction(node.value))
        if isinstance(node, Name):
            return self._answer(node.name, known)
        if isinstance(node, Unary):
            of = self.number(node.of, known)
            return None if of is None else Interval(-of.high, -of.low)
        if isinstance(node, Binary):
            left, right = self.number(node.left, known), self.number(node.right, known)
            return None if left is None or right is None else self._arithmetic(node, left, right)
        if isinstance(node, Call):
            return self._call(node, known)
        raise AssertionError(f"not a number: {node!r}")  # expressions.parse has refused it

    def _answer(self, name: str, known: Knowledge) -> Interval | None:
        if not known.is_present(name):
            self._tell("fee_input_may_be_missing", name=name)
        found = known.range_of(name)
        if found is None:
            self._tell("fee_input_unbounded", name=name)
            return None
        return found if found.low <= found.high else None

    def _arithmetic(self, node: Binary, left: Interval, right: Interval) -> Interval | None:
        if node.sign == "+":
            return Interval(left.low + right.low, left.high + right.high)
        if node.sign == "-":
            return Interval(left.low - right.high, left.high - right.low)
        if node.sign == "/":
            if right.low <= 0 <= right.high:
                self._tell("fee_divides_by_zero", part=part(self.text, node.right))
                return None
            right = Interval(1 / right.high, 1 / right.low)
        ends = [one * other for one in (left.low, left.high) for other in (right.low, right.high)]
        return Interval(min(ends), max(ends))

    def _call(self, node: Call, known: Knowledge) -> Interval | None:
        if node.function == "if":
            condition, then, otherwise = node.arguments
            truth = self.condition(condition, known)
            ways = [self.number(way, learned(condition, known, holds))
                    for way, holds in ((then, True), (otherwise, False)) if truth is not (not holds)]
            return _hull([way for way in ways if way is not None])
        found = [self.number(argument, known) for argument in node.arguments]
        if None in found:
            return None
        bounded = [one for one in found if one is not None]
        if node.function in ("min", "max"):
            choose: Callable[[Sequence[Fraction]], Fraction] = min if node.function == "min" else max
            return Interval(choose([one.low for one in bounded]), choose([one.high for one in bounded]))
        to_whole = ROUND[node.function]
        return Interval(Fraction(to_whole(bounded[0].low)), Fraction(to_whole(bounded[0].high)))

    def condition(self, node: Node, known: Knowledge) -> bool | None:
        """Whether the condition is sure to hold (True) or sure not to (False) where `known` holds."""
        if isinstance(node, Truth):
            return node.value
        if isinstance(node, Unary):
            of = self.condition(node.of, known)
            return None if of is None else not of
        if isinstance(node, Binary) and node.sign in ("and", "or"):
            first = self.condition(node.left, known)
            decides = node.sign == "or"
            if first is decides:
                return decides
            second = self.condition(node.right, learned(node.left, known, not decides))
            return decides if second is decides else second if first is not None else None
        if isinstance(node, Binary) and not isinstance(node.right, Word):
            left, right = self.number(node.left, known), self.number(node.right, known)
            return None if left is None or right is None else _compared(node.sign, left, right)
        asked = as_condition(node)
        if known.implies(asked):
            return True
        return False if asked and known.implies({"not": asked}) else None


def learned(node: Node, known: Knowledge, holds: bool) -> Knowledge:
    """What is known when the condition was found to hold, or not to."""
    if isinstance(node, Unary) and node.sign == "not":
        return learned(node.of, known, not holds)
    if isinstance(node, Binary) and node.sign == ("and" if holds else "or"):
        return learned(node.right, learned(node.left, known, holds), holds)
    return known.given(as_condition(node), holds)


def as_condition(node: Node) -> Condition | None:
    """The same condition in the language of `when`; None where that cannot say it."""
    if isinstance(node, Name):
        return {"field": node.name, "equals": True}
    if isinstance(node, Member) and isinstance(node.of, Name):
        return {"field": node.of.name, "in": [word.value for word in node.words]}
    if isinstance(node, Call) and isinstance(node.arguments[0], Name) and node.function == "given":
        return {"field": node.arguments[0].name, "present": True}
    if isinstance(node, Unary) and node.sign == "not":
        of = as_condition(node.of)
        return None if of is None else {"not": of}
    if not isinstance(node, Binary):
        return None
    if node.sign in ("and", "or"):
        parts = [as_condition(node.left), as_condition(node.right)]
        return None if None in parts else {"all" if node.sign == "and" else "any": parts}
    if isinstance(node.left, Name) and isinstance(node.right, Word):
        same = {"field": node.left.name, "equals": node.right.value}
        return same if node.sign == "==" else {"not": same}
    for name, number, sign in ((node.left, node.right, node.sign), (node.right, node.left, _TURNED.get(node.sign))):
        value = _literal(number)
        if isinstance(name, Name) and value is not None and sign is not None:
            return _number_condition(name.name, sign, value)
    return None


def _literal(node: Node) -> Decimal | None:
    if isinstance(node, Unary) and node.sign == "-":
        value = _literal(node.of)
        return None if value is None else -value
    if not isinstance(node, Number):
        return None
    return Decimal(Fraction(node.value * 10**6).numerator).scaleb(-6)  # a number of a formula has six places at most


def _number_condition(name: str, sign: str, value: Decimal) -> Condition:
    test = {"<": "at_least", ">": "at_most", "!=": "equals", "<=": "at_most", ">=": "at_least", "==": "equals"}[sign]
    one = {"field": name, test: value}
    # "not at most 5" would hold of an answer that is not given, but a number is compared only where it is given
    return one if sign in ("<=", ">=", "==") else {"not": one}


def _compared(sign: str, left: Interval, right: Interval) -> bool | None:
    if sign in (">", ">="):
        sign, left, right = _TURNED[sign], right, left
    if sign == "<":
        return True if left.high < right.low else False if left.low >= right.high else None
    if sign == "<=":
        return True if left.high <= right.low else False if left.low > right.high else None
    apart = left.high < right.low or right.high < left.low
    same = left.low == left.high == right.low == right.high
    equal = True if same else False if apart else None
    return equal if sign == "==" or equal is None else not equal


def _hull(ways: Sequence[Interval]) -> Interval | None:
    return Interval(min(way.low for way in ways), max(way.high for way in ways)) if ways else None
