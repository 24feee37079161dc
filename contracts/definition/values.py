"""Kinds of value in a definition that marshmallow does not know, or takes too lightly."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from marshmallow import ValidationError, fields

from rules import conditions

TESTS = ("equals", "in", "at_least", "at_most", "present")


class Whole(fields.Integer):
    """A whole number; `true` is none."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(strict=True, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.make_error("invalid", input=value)
        return value


class Flag(fields.Boolean):
    """true or false, not a word or a number that means it."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return value


class DecimalText(fields.Field[str]):
    """A decimal as text or a whole number; kept as text."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if conditions.number(value) is None:
            raise ValidationError("Must be a number, with a fraction as text such as '2.5'.")
        return str(value)


class Bound(fields.Field[Any]):
    """A least or greatest value: a whole number, a decimal text or a date; kept as it is written."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, (int, str)):
            raise ValidationError("Must be a number, a decimal text or a date.")
        return value


class Condition(fields.Field[dict[str, Any]]):
    """A condition of rules.conditions, by its shape alone; what it reads is checked with the form."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> dict[str, Any]:
        if not is_condition(value):
            raise ValidationError("Must be a condition such as {field: area_m2, at_least: 50}.")
        return cast(dict[str, Any], value)


class Names(fields.Field[Any]):
    """The name of an answer, or a list of names."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        names = value if isinstance(value, list) else [value]
        if not names or not all(isinstance(name, str) and name for name in names):
            raise ValidationError("Must be the name of an answer, or for per_unit a list of names.")
        return value


def is_condition(value: Any) -> bool:
    """Whether a value has the shape of a condition, so that rules.conditions can read it without stumbling."""
    if not isinstance(value, Mapping) or not value:
        return False
    if "all" in value or "any" in value:
        parts = next(iter(value.values()))
        return len(value) == 1 and isinstance(parts, list) and bool(parts) and all(map(is_condition, parts))
    if "not" in value:
        return len(value) == 1 and is_condition(value["not"])
    if not isinstance(value.get("field"), str) or not set(value) <= {"field", *TESTS}:
        return False
    if "in" in value and not isinstance(value["in"], list):
        return False
    return len(value) > 1 and not any(isinstance(one, (Mapping, list)) for key, one in value.items() if key != "in")
