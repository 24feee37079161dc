"""What really goes over a node's bus is what the AsyncAPI document says, and so is what of it travels to agencies."""

from __future__ import annotations

import json
from collections import defaultdict
from contextlib import contextmanager

import kombu
import orjson
import pytest
from jsonschema import Draft7Validator

from contracts import asyncapi, event_schemas
from contracts.agency_events import OFFERED
from contracts.upward import UP, project
from infra.database import SERVICES
from infra.demo.walk import Walk

DOCUMENT = json.loads(orjson.dumps(asyncapi.document()))
# What services tell each other of a shop licence; what nobody takes stays in the event logs.
OF_A_WALK = {
    "requests.request.submitted.v1", "requests.request.moved.v1", "requests.licence.issued.v1",
    "payments.bill.issued.v1", "payments.bill.pending.v1", "payments.bill.paid.v1",
}  # fmt: skip
IN_THE_LOGS = {*OF_A_WALK, "notifications.message.changed.v1", "catalog.definition.published.v1",
               "catalog.national.published.v1"}  # fmt: skip


def faults(key, payload):
    """What of a message is not as the document says, that no field is there that is not told among it."""
    message = DOCUMENT["components"]["messages"].get(key)
    if message is None:
        return [f"{key} is not in the document"]
    checked = Draft7Validator({**message["payload"], "components": DOCUMENT["components"]},
                              format_checker=Draft7Validator.FORMAT_CHECKER)  # fmt: skip
    told = DOCUMENT["components"]["schemas"][f"{key}.data"]
    found = [f"{error.json_path}: {error.message}"[:200] for error in checked.iter_errors(payload)]
    found += [f"$.data.{name} is not told" for name in payload["data"].keys() - told["properties"].keys()]
    return [*found, *(f"$.{name} is not told" for name in
                      payload.keys() - DOCUMENT["components"]["schemas"]["Envelope"]["properties"].keys())]  # fmt: skip


@contextmanager
def listening(node):
    """Everything that the exchange `events` gets while it lasts: [(routing key, content type, body)]."""
    heard = []
    with kombu.Connection(node.stack.broker.amqp_url()) as connection, connection.channel() as channel:
        events = kombu.Exchange("events", "topic", passive=True)
        queue = kombu.Queue("events.overheard", events, "#", exclusive=True, channel=channel)
        queue.declare()
        yield heard
        while (message := queue.get(no_ack=True)) is not None:
            heard.append((message.delivery_info["routing_key"], message.content_type, bytes(message.body)))


@pytest.fixture(scope="module")
def messages(node):
    """All messages that the bus carried while one licence was taken home, and what stood in the event logs then."""
    with listening(node) as heard:
        Walk(node.url, node.peers.pay).run()
        walk_ends = [row.event_id for row in node.sql(
            "requests", "SELECT event_id FROM event_log WHERE type = 'requests.licence.issued.v1'")]  # fmt: skip
        assert walk_ends
        wait_until_settled(node)
    return heard


def wait_until_settled(node):
    walk = Walk(node.url, node.peers.pay)
    walk.until(node.settled, lambda done: done)


def test_every_message_of_the_bus_is_what_the_document_says(messages):
    assert {key for key, _, _ in messages} >= OF_A_WALK
    wrong = defaultdict(list)
    for key, media_type, body in messages:
        payload = json.loads(body)
        if media_type != asyncapi.MEDIA_TYPE or key != payload["type"]:
            wrong[key].append((media_type, payload["type"]))
        wrong[key] += faults(f"bus.{key}", payload)
    assert {key: found for key, found in wrong.items() if found} == {}


def test_what_travels_of_them_is_what_agencies_are_told(messages):
    travelled = set()
    for key, _, body in messages:
        cut = project(key, body)
        assert (cut is None) is (key not in UP), key
        if cut is not None:
            travelled.add(key)
            came = json.loads(cut)
            given = {**came, "data": OFFERED[key].of(came["data"])}
            assert faults(key, given) == [], key
            assert not {"contact", "inquiry_check", "note"} & given["data"].keys()
    assert travelled >= OF_A_WALK


def test_everything_in_the_event_logs_is_too(node, messages):
    """The guide and the organisation were told before anybody listened."""
    seen = set()
    for service in SERVICES:
        for row in node.sql(service, "SELECT DISTINCT ON (type, md5(array(SELECT jsonb_object_keys(convert_from(body, "
                                     "'utf8')::jsonb -> 'data'))::text)) type, body FROM event_log"):  # fmt: skip
            seen.add(row.type)
            assert faults(f"bus.{row.type}", json.loads(bytes(row.body))) == [], row.type
    assert IN_THE_LOGS <= seen <= set(event_schemas.every())


def test_a_message_that_is_not_would_be_found(messages):
    body = json.loads(next(body for key, _, body in messages if key == "requests.request.moved.v1"))
    key = "bus.requests.request.moved.v1"
    assert faults(key, body) == []
    assert faults(key, {**body, "data": {**body["data"], "state_kind": 7}})
    assert faults(key, {**body, "data": {**body["data"], "colour": "red"}}) == ["$.data.colour is not told"]
    assert faults(key, {**body, "time": "yesterday"})
    assert faults(key, {name: value for name, value in body.items() if name != "sequence"})
