"""Event schemas only grow: today's are held against what was published, and each thing that may not change is found."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import orjson
import pytest
from jsonschema import Draft202012Validator
from marshmallow import fields, validate

from contracts import event_schemas
from contracts.events import EventSchema, EventType
from contracts.routes import CONSUMERS
from infra import docs

RECORD: dict[str, Any] = orjson.loads((docs.FOLDER / docs.RECORD).read_bytes())


def test_nothing_that_was_published_was_broken() -> None:
    assert event_schemas.broken(RECORD, event_schemas.record()) == []


def test_what_was_added_stands_in_the_record() -> None:
    """Otherwise it could be taken away again unseen: `make docs` renews the record."""
    assert event_schemas.record() == RECORD


def test_every_type_of_the_published_language_has_a_schema_that_is_one() -> None:
    assert set(RECORD) == set(event_schemas.every()) >= set(CONSUMERS)
    for name, schema in RECORD.items():
        Draft202012Validator.check_schema(schema)
        assert schema["type"] == "object" and schema["additionalProperties"] is True, name


class Part(EventSchema):
    code = fields.String(required=True)


class Whole(EventSchema):
    """Something of every kind."""

    number = fields.Integer(required=True, validate=validate.Range(1, 5))
    state = fields.String(required=True, validate=validate.OneOf(("open", "done")))
    note = fields.String(allow_none=True, validate=validate.Length(max=20))
    day = fields.Date()
    parts = fields.List(fields.Nested(Part))
    name = fields.Dict(keys=fields.String(), values=fields.String())


def schema(**changed: Any) -> dict[str, Any]:
    """The record of one type; a field given as None is taken out."""
    given: dict[str, Any] = {name: field for name, field in changed.items() if field is not None}
    body = type("Changed", (Whole,), given)
    gone = [name for name, field in changed.items() if field is None]
    made = type("Cut", (body,), {"Meta": type("Meta", (EventSchema.Meta,), {"exclude": gone})}) if gone else body
    return {"a.b.c.v1": event_schemas.data_schema(EventType("a.b.c.v1", made))}


class MorePart(Part):
    colour = fields.String()


class LessPart(EventSchema):
    pass


class MustPart(Part):
    colour = fields.String(required=True)


@pytest.mark.parametrize("changed", [
    {"further": fields.String()},
    {"further": fields.String(allow_none=True)},
    {"state": fields.String(required=True, validate=validate.OneOf(("open", "done", "dropped")))},
    {"number": fields.Integer(required=True, validate=validate.Range(0, 9))},
    {"number": fields.Integer(required=True)},
    {"note": fields.String(allow_none=True, validate=validate.Length(max=40))},
    {"parts": fields.List(fields.Nested(MorePart))},
])  # fmt: skip
def test_what_only_grows_may_be_made(changed: dict[str, Any]) -> None:
    after = schema(**changed)
    assert after != schema()
    assert event_schemas.broken(schema(), after) == []


@pytest.mark.parametrize(("changed", "said"), [
    ({"note": None}, "data.note is gone"),
    ({"number": fields.String(required=True)}, "data.number was integer and is string"),
    ({"number": fields.Integer(required=True, allow_none=True, validate=validate.Range(1, 5))},
     "data.number was integer and is integer/null"),
    ({"note": fields.String(validate=validate.Length(max=20))}, "data.note was null/string and is string"),
    ({"number": fields.Integer(validate=validate.Range(1, 5))}, "data.number need not be there any more"),
    ({"day": fields.Date(required=True)}, "data.day must be there now"),
    ({"further": fields.String(required=True)}, "data.further is new and must be there"),
    ({"state": fields.String(required=True, validate=validate.OneOf(("open",)))},
     "data.state: done may not stand there any more"),
    ({"day": fields.String()}, "data.day: format was date and is None"),
    ({"day": fields.AwareDateTime()}, "data.day: format was date and is date-time"),
    ({"number": fields.Integer(required=True, validate=validate.Range(1, 4))}, "maximum is 4, narrower"),
    ({"number": fields.Integer(required=True, validate=validate.Range(2, 5))}, "minimum is 2, narrower"),
    ({"note": fields.String(allow_none=True, validate=validate.Length(max=10))}, "maxLength is 10, narrower"),
    ({"parts": fields.List(fields.Nested(LessPart))}, "data.parts[].code is gone"),
    ({"parts": fields.List(fields.Nested(MustPart))}, "data.parts[].colour is new and must be there"),
    ({"parts": fields.Nested(Part)}, "data.parts was array and is object"),
    ({"name": fields.Dict(keys=fields.String(), values=fields.Integer())}, "data.name.* was string and is integer"),
])  # fmt: skip
def test_what_would_fail_a_reader_or_a_replay_is_found(changed: dict[str, Any], said: str) -> None:
    found = event_schemas.broken(schema(), schema(**changed))
    assert any(said in line for line in found), found


def test_a_type_may_be_added_and_none_taken_away() -> None:
    two = {**schema(), "a.b.d.v1": {"type": "object"}}
    assert event_schemas.broken(schema(), two) == []
    assert event_schemas.broken(two, schema()) == ["a.b.d.v1: the type is gone"]


def test_a_closed_list_where_there_was_none_is_narrower() -> None:
    plain = {"state": fields.String(required=True)}
    assert any("any other value" in line for line in event_schemas.broken(schema(**plain), schema()))
    assert event_schemas.broken(schema(), schema(**plain)) == []


def test_an_event_that_takes_no_further_fields_any_more_is_found() -> None:
    closed = deepcopy(schema())
    closed["a.b.c.v1"]["additionalProperties"] = False
    assert event_schemas.broken(schema(), closed) == ["a.b.c.v1: data takes no further fields any more"]


def test_the_record_is_not_renewed_over_what_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """`make docs` must not make a breaking change look published."""
    broken = deepcopy(RECORD)
    broken["requests.licence.issued.v1"]["properties"]["colour"] = {"type": "string"}
    monkeypatch.setattr(docs, "_recorded", lambda: broken)
    with pytest.raises(docs.BrokenSchema, match=r"requests\.licence\.issued\.v1: data\.colour is gone"):
        docs.schemas()
