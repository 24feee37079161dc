"""A quick look whether data is certainly valid by a schema. marshmallow takes some 50 µs for an event of thirty fields,
and a receiver that catches up with a week looks at millions that are all right.

Only a yes counts: whatever is not certain here is looked at by marshmallow itself, which also says what is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from marshmallow import Schema, ValidationError, fields
from marshmallow.constants import INCLUDE

Look = Callable[[Any], bool]
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}").fullmatch


def certainly_valid(schema: Schema) -> Look:
    """What answers True only for data that the schema finds no fault with."""
    look = _of_schema(schema)
    return look if look is not None else _never


def _never(value: Any) -> bool:
    return False


def _of_schema(schema: Schema) -> Look | None:
    """None where a schema does more than its fields say."""
    if schema.unknown != INCLUDE or any(schema._hooks.values()) or schema.partial:
        return None
    looks: list[tuple[str, Look, bool, bool]] = []
    for name, field in schema.load_fields.items():
        if field.data_key is not None:
            return None
        looks.append((name, _of_field(field), bool(field.required), bool(field.allow_none)))

    def look(data: Any) -> bool:
        if not isinstance(data, dict):
            return False
        try:
            for name, fits, required, allow_none in looks:
                if name not in data:
                    if required:
                        return False
                    continue
                value = data[name]
                if not (allow_none if value is None else fits(value)):
                    return False
        except (ValidationError, TypeError, ValueError):
            return False
        return True

    return look


def _of_field(field: fields.Field[Any]) -> Look:
    kind = type(field)
    if kind is fields.Nested:
        nested: Any = field
        inside = _of_schema(nested.schema)
        if inside is None or field.validators:
            return _never
        return (lambda value: isinstance(value, list) and all(map(inside, value))) if nested.many else inside
    if kind is fields.List:
        listed: Any = field
        one, none = _of_field(listed.inner), bool(listed.inner.allow_none)
        return _checked(field, lambda value: isinstance(value, list) and all(
            none if each is None else one(each) for each in value))  # fmt: skip
    if kind is fields.Dict:
        return _of_dict(field)
    look = _PLAIN.get(kind)
    if look is not None:
        return _checked(field, look)
    converted = _CONVERTED.get(kind)
    # A validator of these gets what the text was made into.
    return converted if converted is not None and not field.validators else _never


def _of_dict(field: Any) -> Look:
    keys, values = type(field.key_field), type(field.value_field)
    texts = (fields.String, type(None))
    if keys not in texts or values not in texts or any(
            part is not None and (part.validators or part.allow_none) for part in (field.key_field, field.value_field)):
        return _never
    wanted = str if values is fields.String else object
    return _checked(field, lambda value: isinstance(value, dict) and all(
        isinstance(name, str) and isinstance(each, wanted) for name, each in value.items()))  # fmt: skip


def _checked(field: fields.Field[Any], look: Look) -> Look:
    """A look, and then what the field itself demands."""
    demands = tuple(field.validators)
    if not demands:
        return look

    def both(value: Any) -> bool:
        if not look(value):
            return False
        for demand in demands:
            demand(value)
        return True

    return both


def _uuid(value: Any) -> bool:
    return isinstance(value, str) and _UUID(value) is not None


def _date(value: Any) -> bool:
    return isinstance(value, str) and date.fromisoformat(value).isoformat() == value


def _moment(value: Any) -> bool:
    # One of orjson's spellings: a full date, a full time and an offset.
    return (isinstance(value, str) and len(value) >= 20 and value[10] == "T"
            and datetime.fromisoformat(value).tzinfo is not None)  # fmt: skip


_PLAIN: Mapping[type, Look] = {
    fields.String: lambda value: isinstance(value, str),
    fields.Integer: lambda value: isinstance(value, int) and not isinstance(value, bool),
    fields.Boolean: lambda value: isinstance(value, bool),
    fields.Raw: lambda _: True,
}
_CONVERTED: Mapping[type, Look] = {fields.UUID: _uuid, fields.Date: _date, fields.AwareDateTime: _moment}
