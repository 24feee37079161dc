"""What travels between the places: decided for every type, only what is named, and no personal data."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

import marshmallow
import orjson
import pytest
from marshmallow import fields

import contracts
from contracts import downward, upward
from contracts.events import REGISTRY
from contracts.projections import Projection

for module in pkgutil.walk_packages(contracts.__path__, "contracts."):
    importlib.import_module(module.name)

# What names a person or is sealed, wherever it stands in an event; accounts of the staff among it.
PERSONAL = {"contact", "note", "rating", "collected_by", "cashier", "approved_by", "fee_inputs", "language"}


def named(schema: type[marshmallow.Schema] | marshmallow.Schema, names: tuple[str, ...]) -> list[str]:
    """The names that no field of the schema bears."""
    made = schema() if isinstance(schema, type) else schema
    missing = []
    for name in names:
        first, _, rest = name.partition(".")
        field: Any = made.fields.get(first)
        field = field.inner if isinstance(field, fields.List) else field
        below = rest and (named(field.schema, (rest,)) if isinstance(field, fields.Nested) else [rest])
        if field is None or below:
            missing.append(name)
    return missing


def test_of_every_type_it_is_decided_whether_it_travels_up() -> None:
    assert upward.UP.keys().isdisjoint(upward.NOT_UP)
    assert upward.UP.keys() | upward.NOT_UP.keys() == REGISTRY.keys()
    assert all(reason.strip() for reason in upward.NOT_UP.values())


@pytest.mark.parametrize("event_type", sorted(upward.UP))
def test_what_travels_up_are_fields_of_the_event_and_none_that_is_personal(event_type: str) -> None:
    names = upward.UP[event_type].names
    assert named(REGISTRY[event_type].schema, names) == []
    assert {part for name in names for part in name.split(".")} & PERSONAL == set()


@pytest.mark.parametrize("event_type", sorted(downward.DOWN))
def test_what_travels_down_are_fields_of_the_event(event_type: str) -> None:
    assert named(REGISTRY[event_type].schema, downward.DOWN[event_type].projection.names) == []


def test_what_is_received_becomes_an_event_of_the_gateway_that_is_known() -> None:
    assert downward.RECEIVED.keys() <= downward.DOWN.keys()
    for event_type in downward.RECEIVED.values():
        assert event_type in REGISTRY and event_type.startswith("gateway.")


def envelope(event_type: str, data: dict[str, Any]) -> bytes:
    return orjson.dumps({"specversion": "1.0", "id": "i", "source": "urn:s", "type": event_type, "subject": "s",
                         "time": "2026-01-01T00:00:00Z", "datacontenttype": "application/json", "sequence": "1",
                         "correlationid": "c", "secretextension": "x", "data": data})


def test_only_what_is_named_travels_the_same_each_time_and_the_envelope_stays() -> None:
    data = {"request_id": "r", "contact": "sealed", "note": "sealed", "state": "review", "added_later": 1,
            "branches": [{"code": "b", "verdict": None, "added_later": 2}]}
    body = envelope("requests.request.moved.v1", data)
    travels = upward.project("requests.request.moved.v1", body)
    assert travels is not None and travels == upward.project("requests.request.moved.v1", body)
    whole = orjson.loads(body)
    del whole["secretextension"]
    assert orjson.loads(travels) == {**whole, "data": {
        "request_id": "r", "state": "review", "branches": [{"code": "b", "verdict": None}]}}


def test_what_stays_at_home_stays_and_what_nobody_decided_about_waits() -> None:
    assert upward.project("notifications.message.changed.v1", envelope("x", {})) is None
    with pytest.raises(LookupError, match="nobody decided"):
        upward.project("toys.toy.made.v1", envelope("x", {}))


def test_a_message_down_is_for_whom_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    to_one = downward.Downward(Projection("n"), to=lambda data: str(data["node"]))
    monkeypatch.setattr(downward, "DOWN", {"a.b.c.v1": to_one, "a.b.d.v1": downward.Downward(Projection("n"))})
    body = envelope("a.b.c.v1", {"n": 1, "node": "EG-C"})
    cut = downward.project("a.b.c.v1", body, "EG-C")
    assert cut is not None and orjson.loads(cut)["data"] == {"n": 1}
    assert downward.project("a.b.c.v1", body, "EG-SUZ") is None
    assert downward.project("a.b.d.v1", body, "EG-SUZ") is not None
    assert downward.project("a.b.e.v1", body, "EG-C") is None


def test_a_field_is_named_whole_or_in_part() -> None:
    assert Projection("a.b.c", "a.d").of({"a": {"b": {"c": 1, "x": 2}, "d": 3, "x": 4}, "x": 5}) == {
        "a": {"b": {"c": 1}, "d": 3}}
    with pytest.raises(ValueError, match="whole and in part"):
        Projection("a", "a.b")
