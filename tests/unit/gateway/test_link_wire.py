"""A message as AMQP carries it: what py-amqp reads out of what is written by hand."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import amqp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.link import Message
from services.gateway.link import wire
from tests.support.link_ground import delivered

NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=40)


@given(NAMES, NAMES, st.integers(1, 2**31 - 1), st.integers(1, 2**62), st.uuids(), NAMES, NAMES,
       st.binary(max_size=64))
def test_what_is_written_by_hand_is_read_as_it_was_meant(
    sender: str, receiver: str, epoch: int, sequence: int, event_id: UUID, event_type: str, key_id: str,
    signature: bytes,
) -> None:
    message = Message(sender, receiver, epoch, sequence, event_id, event_type, b"{}", key_id, signature)
    read = amqp.Message()
    read._load_properties(60, wire.encoded(message, "node.EG-C"), 0)
    told = dict(read.properties)
    headers = told.pop("application_headers")
    assert told == {"content_type": "application/cloudevents+json", "delivery_mode": 2, "message_id": str(event_id),
                    "type": event_type, "user_id": "node.EG-C"}
    assert headers["sequence"] == sequence and headers["epoch"] == epoch and headers["schema"] == 1
    if sequence < 2**62:
        assert wire.read(delivered(message, "node.EG-C")) == message


@pytest.mark.parametrize("text", ["a.b\0c", "\ud800"], ids=["NUL", "lone surrogate"])
@pytest.mark.parametrize("where", ["type", "key", "sender"])
def test_a_text_that_no_database_takes_is_no_message_and_can_be_put_aside(text: str, where: str) -> None:
    good = delivered(Message("EG-C", "EG", 1, 1, UUID(int=9), "a.b.c.v1", b"{}", "k1", b"\x01" * 64), "node.EG-C")
    wrong = replace(good, type=text) if where == "type" else replace(good, headers={**good.headers, where: text})
    read = wire.read(wrong)
    assert isinstance(read, wire.Strange) and (read.sender, read.reason) == ("EG-C", "message_malformed")
    for told in (read.type, read.detail):
        assert told.encode() and b"\0" not in told.encode()


def test_the_properties_of_py_amqp_itself_are_the_same_bytes() -> None:
    message = Message("EG-C", "EG", 3, 7, UUID(int=9), "a.b.c.v1", b"{}", "k1", b"\x01" * 64)
    read = amqp.Message()
    read._load_properties(60, wire.encoded(message, "node.EG-C"), 0)
    again = amqp.Message(b"", **dict(read.properties))
    second = amqp.Message()
    second._load_properties(60, again._serialize_properties(), 0)
    assert second.properties == read.properties
