"""The AsyncAPI document: valid by the official schema, whole, and its samples are what it says."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from jsonschema import Draft7Validator

from contracts import asyncapi, event_schemas
from contracts.agency_events import OFFERED
from contracts.upward import NOT_UP

ROOT = Path(__file__).resolve().parents[3]
# Of the package @asyncapi/specs, which the Asyncapi initiative publishes.
OFFICIAL = ROOT / "services/gateway/web/node_modules/@asyncapi/specs/schemas/3.0.0-without-$id.json"
DOCUMENT: dict[str, Any] = orjson.loads(orjson.dumps(asyncapi.document()))
MESSAGES = DOCUMENT["components"]["messages"]


@pytest.fixture(scope="module")
def official() -> Draft7Validator:
    return Draft7Validator(json.loads(OFFICIAL.read_text(encoding="utf-8")))


def test_it_is_valid_by_the_official_schema(official: Draft7Validator) -> None:
    assert [f"{error.json_path}: {error.message}"[:300] for error in official.iter_errors(DOCUMENT)] == []


@pytest.mark.parametrize("break_it", [
    lambda broken: broken.update(asyncapi="2.6.0"),
    lambda broken: broken["info"].pop("version"),
    lambda broken: broken["operations"]["sendToQueue"].update(action="publish"),
    lambda broken: broken["channels"]["bus"].update(publish={}),
    lambda broken: broken["components"]["securitySchemes"]["partnerKey"].update(type="key"),
    lambda broken: broken["components"]["schemas"]["Envelope"].update(type="thing"),
])  # fmt: skip
def test_a_document_that_is_not_would_be_found(official: Draft7Validator, break_it: Any) -> None:
    broken = copy.deepcopy(DOCUMENT)
    break_it(broken)
    assert list(official.iter_errors(broken))


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def test_every_reference_leads_somewhere_and_nothing_stands_there_for_nobody() -> None:
    found = set(references(DOCUMENT))
    for reference in found:
        here: Any = DOCUMENT
        for part in reference.removeprefix("#/").split("/"):
            here = here[part]
    for kind, parts in DOCUMENT["components"].items():
        for name in parts:
            assert f"#/components/{kind}/{name}" in found, (kind, name)
    for server in DOCUMENT["servers"]:
        assert f"#/servers/{server}" in found
    for channel in DOCUMENT["channels"]:
        assert f"#/channels/{channel}" in found


def test_parameters_of_an_address_are_told_and_no_others() -> None:
    for name, channel in DOCUMENT["channels"].items():
        address = channel["address"] or ""
        assert all("{" + one + "}" in address for one in channel.get("parameters", {})), name
        assert address.count("{") == len(channel.get("parameters", {})), name


def test_agencies_get_what_travels_and_the_bus_carries_everything() -> None:
    for channel in ("agencyQueue", "agencyWebhook", "agencyFeed"):
        assert set(DOCUMENT["channels"][channel]["messages"]) == set(OFFERED)
    assert set(DOCUMENT["channels"]["bus"]["messages"]) == set(event_schemas.every())
    assert not set(DOCUMENT["channels"]["agencyQueue"]["messages"]) & set(NOT_UP)


@pytest.mark.parametrize("name", sorted(OFFERED))
def test_an_agency_is_told_of_the_fields_that_travel_and_no_others(name: str) -> None:
    """With their shapes, down to the fields of the objects in a list."""
    described = DOCUMENT["components"]["schemas"][f"{name}.data"]

    def told(schema: dict[str, Any], before: str = "") -> Iterator[str]:
        for field, shape in schema["properties"].items():
            inner = shape.get("items", shape)
            if "properties" in inner and any(one.startswith(f"{before}{field}.") for one in OFFERED[name].names):
                yield from told(inner, f"{before}{field}.")
            else:
                yield f"{before}{field}"

    assert sorted(told(described)) == sorted(OFFERED[name].names)
    assert "required" not in described and set(described["x-always"]) <= set(described["properties"])


def test_sealed_fields_reach_no_agency() -> None:
    sealed = ("contact", "note", "rating", "inquiry_check")
    for name in OFFERED:
        assert not set(DOCUMENT["components"]["schemas"][f"{name}.data"]["properties"]) & set(sealed), name


def validator(payload: dict[str, Any]) -> Draft7Validator:
    return Draft7Validator({**payload, "components": DOCUMENT["components"]},
                           format_checker=Draft7Validator.FORMAT_CHECKER)  # fmt: skip


@pytest.mark.parametrize("key", sorted(MESSAGES))
def test_every_message_shows_an_example_that_is_what_its_schema_says(key: str) -> None:
    message = MESSAGES[key]
    (example,) = message["examples"]
    faults = [f"{error.json_path}: {error.message}" for error in validator(message["payload"]).iter_errors(
        example["payload"])]  # fmt: skip
    assert faults == []
    assert message["summary"] and message["description"]
    told = event_schemas.every()[message["name"]]
    if key.startswith("bus."):
        assert told.schema().validate(example["payload"]["data"]) == {}
    wrong = copy.deepcopy(example["payload"])
    wrong["type"] = "another.type.v1"
    assert list(validator(message["payload"]).iter_errors(wrong))


def test_an_example_shows_every_field_that_is_told() -> None:
    for key, message in MESSAGES.items():
        told = DOCUMENT["components"]["schemas"][f"{key}.data"]["properties"]
        assert set(message["examples"][0]["payload"]["data"]) == set(told), key


def test_it_says_where_this_place_is() -> None:
    there = asyncapi.document("shubbak.cairo.example")["servers"]
    assert there["api"]["host"] == "shubbak.cairo.example"
    assert there["centre"]["host"] == "shubbak.cairo.example:5671"


def test_it_is_the_same_each_time() -> None:
    assert orjson.dumps(asyncapi.document()) == orjson.dumps(asyncapi.document())
