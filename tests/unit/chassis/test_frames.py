"""Frames written by hand are, byte for byte, those that py-amqp writes."""

from __future__ import annotations

from types import SimpleNamespace

import amqp
import pytest
from amqp import spec
from amqp.method_framing import frame_writer
from amqp.serialization import dumps
from hypothesis import given
from hypothesis import strategies as st

from chassis.bus import frames

PROPERTIES = {"delivery_mode": 2, "content_type": "application/cloudevents+json"}


def of_py_amqp(channel, exchange, key, body, frame_max):
    written = bytearray()
    connection = SimpleNamespace(frame_max=frame_max, bytes_sent=0)
    transport = SimpleNamespace(write=lambda data: written.extend(data))
    arguments = dumps("Bssbb", (0, exchange, key, True, False))
    write = frame_writer(connection, transport)
    write(1, channel, spec.Basic.Publish, arguments, amqp.Message(body, **PROPERTIES))
    return bytes(written)


@given(
    channel=st.integers(1, 2047),
    key=st.text(st.characters(codec="utf-8"), min_size=1, max_size=60),
    body=st.binary(min_size=1, max_size=9000),
    frame_max=st.sampled_from([4096, 131072]),
)
def test_a_message_of_any_size(channel, key, body, frame_max):
    encoded = frames.properties(**PROPERTIES)

    ours = frames.message(channel, "events", key, body, encoded, frame_max)

    assert ours == of_py_amqp(channel, "events", key, body, frame_max)


def test_a_routing_key_that_amqp_cannot_carry():
    with pytest.raises(ValueError, match="255"):
        frames.message(1, "events", "k" * 256, b"x", b"", 131072)
