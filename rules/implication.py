"""What follows from conditions that are known to hold: whether another condition then holds too, and between which
numbers an answer then lies. Used to prove things of a definition before it is published, never of one request.

Sound, not complete: True means that it follows; False means only that it could not be shown. Conditions are those of
rules.conditions and must be sound by `conditions.check`; an absent answer fulfils nothing but `present: false`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor
from typing import Any

from rules import conditions
from rules.conditions import Condition

FormField = Mapping[str, Any]

_DECIMAL_STEPS = 10**6  # decimal answers have at most six places
_LARGEST = 10**15  # answers have at most fifteen digits before the point
EFFORT = 100_000
"""Steps that all the proofs about one form may take together, a quarter of a second; the guide's need a few hundred.
Lists of ways inside lists of ways take a number of steps that grows with the power of their depth."""


@dataclass(frozen=True, slots=True)
class Interval:
    """The numbers from `low` to `high`, both included, exact."""

    low: Fraction
    high: Fraction


@dataclass(frozen=True, slots=True)
class _Atom:
    """One test of one answer. `test`: present, in (a set), at_least, at_most."""

    field: str
    test: str
    value: Any
    holds: bool = True


@dataclass(frozen=True, slots=True)
class _Any:
    """At least one of these lists of facts holds whole."""

    ways: tuple[tuple[_Fact, ...], ...]


_Fact = _Atom | _Any


class _TooLong(Exception):
    """The proof takes more steps than are left."""


class _Effort:
    """The steps that are left to all that is proved about one form."""

    def __init__(self, left: int = EFFORT) -> None:
        self.left = left

    def take(self, steps: int) -> None:
        self.left -= steps
        if self.left < 0:
            raise _TooLong


class Knowledge:
    """What is known of the answers to a form: its bounds, its required fields, and conditions that hold. When the steps
    that proofs may take are used up, nothing more follows from anything."""

    def __init__(self, form: Iterable[FormField], facts: Iterable[_Fact] = ()) -> None:
        self.form = {field["name"]: field for field in form}
        self._types = {name: field["type"] for name, field in self.form.items()}
        self._effort = _Effort()
        self._facts: tuple[_Fact, ...] = ()
        always = [name for name, field in self.form.items() if field.get("required") and field.get("when") is None]
        self._add([*(_Atom(name, "present", True) for name in always), *facts])

    def given(self, condition: Condition | None, holds: bool = True) -> Knowledge:
        """The same, when the condition is known to hold (or not to hold) too."""
        if not condition:
            return self
        if self._effort.left <= 0:
            return self
        more = Knowledge(())
        more.form, more._facts, more._types, more._effort = self.form, self._facts, self._types, self._effort
        try:
            more._add(_normal(condition, holds))
        except _TooLong:
            return self
        return more

    def _add(self, facts: Iterable[_Fact]) -> None:
        ahead, known = list(facts), dict.fromkeys(self._facts)
        self._effort.take(len(known) + len(ahead))
        for fact in ahead:  # grows while it is read: an answer that was given was asked for
            if fact in known:
                continue
            known[fact] = None
            self._effort.take(1)
            if isinstance(fact, _Atom) and _shows_presence(fact):
                when = self.form.get(fact.field, {}).get("when")
                if when is not None and self._sound(when):
                    ahead += _normal(when, True)
        self._facts = tuple(known)

    def _sound(self, condition: object) -> bool:
        return not conditions.check(condition, self._types)

    def implies(self, condition: Condition | None) -> bool:
        """Whether the condition is sure to hold."""
        return not condition or self._shown(_normal(condition, True))

    def _shown(self, goals: Iterable[_Fact]) -> bool:
        try:
            return _all_follow(self._facts, goals, self.form, self._effort)
        except _TooLong:
            return False

    def is_present(self, name: str) -> bool:
        """Whether the answer is sure to be given: it is required and asked, or a fact says so."""
        field = self.form.get(name)
        if field is None:
            return False
        if self._shown([_Atom(name, "present", True)]):
            return True
        when = field.get("when")
        return bool(field.get("required")) and (when is None or (self._sound(when) and self.implies(when)))

    def range_of(self, name: str) -> Interval | None:
        """Between which numbers the answer lies, if it is given; None when the form does not bound it. An interval
        whose low is above its high says that there can be no such answer here."""
        field = self.form[name]
        low, high = conditions.number(field.get("min")), conditions.number(field.get("max"))
        if low is None or high is None:
            return None
        found = Interval(max(Fraction(low), Fraction(-_LARGEST)), min(Fraction(high), Fraction(_LARGEST)))
        for fact in self._facts:
            found = _narrowed(found, fact, name, field["type"] == "integer")
        steps = 1 if field["type"] == "integer" else _DECIMAL_STEPS
        return Interval(Fraction(ceil(found.low * steps), steps), Fraction(floor(found.high * steps), steps))


def _shows_presence(fact: _Atom) -> bool:
    return fact.holds if fact.test != "present" else fact.value is fact.holds


def _normal(condition: Condition, holds: bool) -> list[_Fact]:
    """The condition, or its opposite, as facts that hold together."""
    if "not" in condition:
        return _normal(condition["not"], not holds)
    for word, joined in (("all", True), ("any", False)):
        if word in condition:
            parts = [_normal(part, holds) for part in condition[word]]
            if joined is holds:
                return [fact for part in parts for fact in part]
            return parts[0] if len(parts) == 1 else [_Any(tuple(tuple(part) for part in parts))]
    name = condition["field"]
    if "present" in condition:
        return [_Atom(name, "present", condition["present"] is holds)]
    if "equals" in condition or "in" in condition:
        values = [condition["equals"]] if "equals" in condition else condition["in"]
        return [_Atom(name, "in", frozenset(_value(value) for value in values), holds)]
    ends: list[_Fact] = [_Atom(name, test, _value(condition[test]), holds)
                         for test in ("at_least", "at_most") if condition.get(test) is not None]
    return ends if holds or len(ends) == 1 else [_Any(tuple((end,) for end in ends))]


def _value(value: object) -> tuple[str, Any]:
    """A value that compares as rules.conditions compares: 5 and "5.0" alike, true and 1 not."""
    if isinstance(value, bool):
        return ("boolean", value)
    exact = conditions.number(value)
    return ("number", Fraction(exact)) if exact is not None else ("text", str(value))


def _all_follow(facts: Sequence[_Fact], goals: Iterable[_Fact], form: Mapping[str, FormField],
                effort: _Effort) -> bool:
    return all(_follows(facts, goal, form, effort) for goal in goals)


def _follows(facts: Sequence[_Fact], goal: _Fact, form: Mapping[str, FormField], effort: _Effort) -> bool:
    effort.take(1 + len(facts))
    if goal in facts:
        return True
    if isinstance(goal, _Any) and any(_all_follow(facts, way, form, effort) for way in goal.ways):
        return True
    for fact in facts:
        if isinstance(fact, _Any):
            if all(_follows(way, goal, form, effort) for way in fact.ways):
                return True
        elif isinstance(goal, _Atom) and fact.field == goal.field and _entails(fact, goal, form):
            return True
    return False


def _entails(fact: _Atom, goal: _Atom, form: Mapping[str, FormField]) -> bool:
    if goal.test == "present":
        return goal.value is True and _shows_presence(fact)
    if fact.test == "present":
        return fact.value is False and not goal.holds  # an absent answer fulfils no other test
    if fact.holds and goal.holds:
        return _covers(fact, goal)
    if not fact.holds and not goal.holds:
        return _covers(_Atom(goal.field, goal.test, goal.value), _Atom(fact.field, fact.test, fact.value))
    several = form.get(fact.field, {}).get("type") == "multi_choice"
    return fact.holds and fact.test == goal.test == "in" and not several and not fact.value & goal.value


def _covers(fact: _Atom, goal: _Atom) -> bool:
    """Whether every value that passes the one test passes the other."""
    if goal.test == "in":
        return fact.test == "in" and fact.value <= goal.value
    values = fact.value if fact.test == "in" else {fact.value}
    if (fact.test not in ("in", goal.test)) or any(kind != goal.value[0] for kind, _ in values):
        return False
    if goal.test == "at_least":
        return all(value >= goal.value[1] for _, value in values)
    return all(value <= goal.value[1] for _, value in values)


def _narrowed(found: Interval, fact: _Fact, name: str, whole: bool) -> Interval:
    if isinstance(fact, _Any):
        ways = []
        for way in fact.ways:
            here = found
            for part in way:
                here = _narrowed(here, part, name, whole)
            if here.low <= here.high:
                ways.append(here)
        return Interval(min(way.low for way in ways), max(way.high for way in ways)) if ways else found
    if fact.field != name:
        return found
    if fact.test == "present":
        return found if _shows_presence(fact) else Interval(Fraction(1), Fraction(0))
    if fact.test == "in":
        numbers = [value for kind, value in fact.value if kind == "number"]
        if not fact.holds:
            return _without(found, set(numbers), whole)
        if len(numbers) < len(fact.value):
            return found
        return Interval(max(found.low, min(numbers)), min(found.high, max(numbers)))
    kind, value = fact.value
    if kind != "number":
        return found
    step = Fraction(1, 1 if whole else _DECIMAL_STEPS)
    if fact.test == "at_least":
        if fact.holds:
            return Interval(max(found.low, value), found.high)
        return Interval(found.low, min(found.high, (ceil(value / step) - 1) * step))
    if fact.holds:
        return Interval(found.low, min(found.high, value))
    return Interval(max(found.low, (floor(value / step) + 1) * step), found.high)


def _without(found: Interval, numbers: Collection[Fraction], whole: bool) -> Interval:
    """The interval whose ends are none of these numbers."""
    step = Fraction(1, 1 if whole else _DECIMAL_STEPS)
    low, high = found.low, found.high
    while low in numbers:
        low += step
    while high in numbers:
        high -= step
    return Interval(low, high)
