"""The small typed language of `when` in forms, documents and fees. Data, never code.

A condition is one of
    {field: NAME, equals: VALUE} · {field: NAME, in: [VALUES]} · {field: NAME, at_least: NUMBER|DATE}
    {field: NAME, at_most: NUMBER|DATE} · {field: NAME, present: true|false}
    {all: [CONDITIONS]} · {any: [CONDITIONS]} · {not: CONDITION}
An absent answer fulfils nothing but `present: false`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

Condition = Mapping[str, Any]

_TESTS = ("equals", "in", "at_least", "at_most", "present")
_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,6})?")
_ORDERED = ("integer", "decimal", "date")


def number(value: object) -> Decimal | None:
    """A whole number, a Decimal or a decimal text (as cleaned answers carry it) as Decimal; None for anything else:
    never from a float, never from a boolean."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return Decimal(value)
    if isinstance(value, Decimal):
        return value if value.is_finite() else None
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return Decimal(value)
    return None


def holds(condition: Condition | None, answers: Mapping[str, Any]) -> bool:
    """Whether the condition is fulfilled; no condition always is."""
    if not condition:
        return True
    if "all" in condition:
        return all(holds(part, answers) for part in condition["all"])
    if "any" in condition:
        return any(holds(part, answers) for part in condition["any"])
    if "not" in condition:
        return not holds(condition["not"], answers)
    value = answers.get(condition["field"])
    if "present" in condition:
        return (value is not None) is condition["present"]
    if value is None:
        return False
    if "equals" in condition:
        return _equal(value, condition["equals"])
    if "in" in condition:
        return any(_equal(value, one) for one in condition["in"])
    low, high = condition.get("at_least"), condition.get("at_most")
    return (low is None or _at_least(value, low)) and (high is None or _at_least(high, value))


def fields(condition: Condition | None) -> set[str]:
    """The names of the answers that the condition reads."""
    if not condition:
        return set()
    if "not" in condition:
        return fields(condition["not"])
    parts = condition.get("all") or condition.get("any")
    if parts:
        return {name for part in parts for name in fields(part)}
    return {condition["field"]} if "field" in condition else set()


def check(condition: object, types: Mapping[str, str]) -> list[str]:
    """What is wrong with a condition, in English, given the type of each answer it may read; empty when sound."""
    if not isinstance(condition, Mapping) or not condition:
        return ["a condition is a non-empty mapping"]
    for word in ("all", "any"):
        if word in condition:
            parts = condition[word]
            if len(condition) != 1 or not isinstance(parts, list) or not parts:
                return [f"`{word}` stands alone and lists at least one condition"]
            return [reason for part in parts for reason in check(part, types)]
    if "not" in condition:
        return check(condition["not"], types) if len(condition) == 1 else ["`not` stands alone"]
    name = condition.get("field")
    tests = set(condition) - {"field"}
    if not isinstance(name, str) or name not in types:
        return [f"condition reads an unknown answer: {name}"]
    if not tests or not tests <= set(_TESTS) or (len(tests) > 1 and tests != {"at_least", "at_most"}):
        return [f"condition on {name} needs exactly one of {', '.join(_TESTS)}"]
    if "present" in tests:
        return [] if isinstance(condition["present"], bool) else [f"`present` on {name} is true or false"]
    if "in" in tests and (not isinstance(condition["in"], list) or not condition["in"]):
        return [f"`in` on {name} is a list with at least one value"]
    if tests & {"at_least", "at_most"} and types[name] not in _ORDERED:
        return [f"{name} has no order: `at_least` and `at_most` need a number or a date"]
    values = condition["in"] if "in" in tests else [condition[test] for test in tests]
    return [f"{value!r} is not a value of {name} ({types[name]})" for value in values if not _fits(value, types[name])]


def _equal(value: object, wanted: object) -> bool:
    if isinstance(value, list):  # multi_choice: the wanted option is among those chosen
        return wanted in value
    if isinstance(value, bool) or isinstance(wanted, bool):
        return value is wanted
    left, right = number(value), number(wanted)
    return left == right if left is not None and right is not None else _text(value) == _text(wanted)


def _at_least(value: object, low: object) -> bool:
    left, right = number(value), number(low)
    if left is not None and right is not None:
        return left >= right
    one, other = _day(value), _day(low)
    return one is not None and other is not None and one >= other


def _day(value: object) -> date | None:
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _text(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


def _fits(value: object, kind: str) -> bool:
    if kind in ("integer", "decimal"):
        return number(value) is not None
    if kind == "boolean":
        return isinstance(value, bool)
    if kind == "date":
        return _day(value) is not None
    return isinstance(value, str)
