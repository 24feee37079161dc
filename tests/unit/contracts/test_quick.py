"""The quick look says yes to nothing that marshmallow finds a fault with, and yes to what is usual."""

from __future__ import annotations

import copy
import random
from typing import Any

import orjson
import pytest
from marshmallow import Schema, fields, validate, validates_schema

from contracts import upward
from contracts.event_schemas import every
from contracts.quick import certainly_valid

ODD = [None, True, False, 0, -1, 5, 1.5, 10**30, "", " ", "x", "5", "ar", "2026-11-22", "2026-W47", "20261122",
       "2026-11-22T10:00:00", "2026-11-22T10:00:00+00:00", "2026-11-22T10:00:00Z", "2026-11-22 10:00:00+00:00",
       "0198B7C2-0000-7000-8000-000000000001", "01987c2e000070008000000000000001", "not", [], [None], ["x"], [1], {},
       {"ar": 1}, {"ar": None}, {"ar": "x"}, [{}]]


def sample(field: Any) -> Any:
    """Something that the field takes, as JSON says it."""
    for demand in field.validators:
        if isinstance(demand, validate.OneOf):
            return next(iter(demand.choices))
        if isinstance(demand, validate.Equal):
            return demand.comparable
    made = {fields.UUID: "0198b7c2-0000-7000-8000-000000000001", fields.Date: "2026-11-22",
            fields.AwareDateTime: "2026-11-22T10:00:00+00:00", fields.Boolean: True, fields.Integer: 3,
            fields.String: "text"}
    if isinstance(field, fields.Nested):
        one = valid(field.schema)
        return [one] if field.many else one
    if isinstance(field, fields.List):
        return [sample(field.inner)]
    if isinstance(field, fields.Dict):
        return {"ar": "نص", "en": "text"} if not isinstance(field.key_field, fields.Date) else {}
    return made[type(field)]


def valid(schema: Schema) -> dict[str, Any]:
    return {name: sample(field) for name, field in schema.load_fields.items()}


SCHEMAS = {name: every()[name].schema(only=projection.names) for name, projection in upward.UP.items()}


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_a_yes_is_never_wrong_whatever_stands_where(name: str) -> None:
    schema = SCHEMAS[name]
    look, chance = certainly_valid(schema), random.Random(name)
    good = valid(schema)
    assert schema.validate(good) == {}
    for _ in range(400):
        told = copy.deepcopy(good)
        for field in chance.sample(sorted(told), min(len(told), chance.randint(1, 2))):
            if chance.random() < 0.2:
                del told[field]
            else:
                told[field] = copy.deepcopy(chance.choice(ODD))
        if look(told):
            assert schema.validate(told) == {}, told
    for other in ([], None, "x", 5):
        assert not look(other)


@pytest.mark.parametrize("name", ["requests.request.moved.v1", "payments.bill.paid.v1", "requests.licence.issued.v1",
                                  "requests.rating.given.v1", "payments.refund.changed.v1"])
def test_what_is_usual_needs_no_second_look(name: str) -> None:
    schema = SCHEMAS[name]
    assert certainly_valid(schema)(orjson.loads(orjson.dumps(valid(schema))))


def test_a_schema_that_does_more_than_its_fields_say_is_left_to_marshmallow() -> None:
    class Whole(Schema):
        class Meta:
            unknown = "include"

        a = fields.Integer()

        @validates_schema
        def _(self, data: dict[str, Any], **kwargs: Any) -> None: ...

    class Renamed(Schema):
        class Meta:
            unknown = "include"

        a = fields.Integer(data_key="b")

    class Strict(Schema):
        a = fields.Integer()

    class Other(Schema):
        class Meta:
            unknown = "include"

        a = fields.Float()

    for kind in (Whole, Renamed, Strict, Other):
        assert not certainly_valid(kind())({"a": 1})
