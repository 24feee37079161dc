"""Frames of a broker, however the socket cuts them: every message once and whole, all else to py-amqp."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from struct import pack
from types import SimpleNamespace
from typing import Any

import pytest
from amqp.exceptions import UnexpectedFrame
from hypothesis import given
from hypothesis import strategies as st

from chassis.bus.deliveries import Delivered, Deliveries
from chassis.bus.streams import properties

OURS, ANOTHER = 1, 2
ENCODED = properties(type="t", message_id="m", application_headers={"sequence": 7})


class Raw:
    """py-amqp's connection: what its socket gives, and what it is handed."""

    def __init__(self, pieces: list[bytes], buffered: bytes = b"") -> None:
        self.pieces = pieces
        self.bytes_recv = 0
        self.handed: list[tuple[int, int, bytes]] = []
        self.on_inbound_frame = self.handed.append
        self.transport: Any = SimpleNamespace(_read_buffer=buffered, _quick_recv=self._receive, having_timeout=_timed)

    def _receive(self, most: int) -> bytes:
        if not self.pieces:
            raise TimeoutError("nothing more")
        return self.pieces.pop(0)


@contextmanager
def _timed(seconds: float) -> Iterator[None]:
    yield


def frame(kind: int, channel: int, payload: bytes) -> bytes:
    return pack(">BHI", kind, channel, len(payload)) + payload + b"\xce"


def message(tag: int, body: bytes, most: int = 1000, between: bytes = b"") -> bytes:
    deliver = pack(">HH", 60, 60) + b"\x04ctag" + pack(">QB", tag, 0) + b"\x02up" + b"\x06EG-C.x"
    header = pack(">HHQ", 60, 0, len(body)) + ENCODED
    bodies = [frame(3, OURS, body[at : at + most]) for at in range(0, len(body), most)]
    return between.join([frame(1, OURS, deliver), frame(2, OURS, header), *bodies])


def read(pieces: list[bytes], buffered: bytes = b"") -> tuple[list[Delivered], Raw, Deliveries]:
    came: list[Delivered] = []
    raw = Raw(list(pieces), buffered)
    reader = Deliveries(raw, SimpleNamespace(channel_id=OURS), came.append)
    while raw.pieces:
        reader.drain(1.0)
    return came, raw, reader


HEARTBEAT = frame(8, 0, b"")
CANCEL = frame(1, OURS, pack(">HH", 60, 30) + b"\x04ctag\x00")
ELSEWHERE = frame(1, ANOTHER, pack(">HH", 60, 60) + b"rest")


@given(bodies=st.lists(st.binary(max_size=40), max_size=6), most=st.integers(1, 15), cuts=st.lists(st.integers(1, 30)),
       between=st.sampled_from([b"", HEARTBEAT, ELSEWHERE]))  # fmt: skip
def test_every_message_comes_once_whole_and_in_order_wherever_the_socket_cuts(
    bodies: list[bytes], most: int, cuts: list[int], between: bytes
) -> None:
    whole = b"".join(message(tag, body, most, between) for tag, body in enumerate(bodies, 1))
    pieces, at = [], 0
    for size in [*cuts, len(whole) + 1]:
        pieces.append(whole[at : at + size])
        at += size
    came, raw, reader = read([piece for piece in pieces if piece])
    assert [(one.tag, one.body, one.key) for one in came] == [
        (tag, body, "EG-C.x") for tag, body in enumerate(bodies, 1)]
    assert all(one.properties()["application_headers"] == {"sequence": 7} for one in came)
    assert all(kind == 8 or channel == ANOTHER for kind, channel, _ in raw.handed)
    assert reader.give_back() and raw.transport._read_buffer == b""


def test_what_is_no_delivery_of_the_channel_is_py_amqps_in_its_turn() -> None:
    came, raw, _ = read([message(1, b"a") + HEARTBEAT + CANCEL, ELSEWHERE + message(2, b"")])
    assert [(kind, channel) for kind, channel, _ in raw.handed] == [(8, 0), (1, OURS), (1, ANOTHER)]
    assert raw.handed[1][2] == CANCEL[7:-1]
    assert [one.body for one in came] == [b"a", b""]
    assert raw.bytes_recv > 0  # or py-amqp would hold the broker for silent


def test_a_key_in_no_known_alphabet_does_not_end_the_connection() -> None:
    came, _, _ = read([message(1, b"a").replace(b"EG-C.x", b"EG-C.\xff"), message(2, b"b")])
    assert [(one.key, one.body) for one in came] == [("EG-C.\ufffd", b"a"), ("EG-C.x", b"b")]


def test_what_py_amqp_had_read_already_comes_first() -> None:
    first = message(1, b"first")
    came, raw, _ = read([first[20:] + message(2, b"second")], buffered=first[:20])
    assert [one.body for one in came] == [b"first", b"second"]
    assert raw.transport._read_buffer == b""


def test_what_is_left_is_given_back_and_a_message_half_read_is_told() -> None:
    second = message(2, b"second")
    _, raw, reader = read([message(1, b"x") + second[:10]])
    assert reader.give_back() and raw.transport._read_buffer == second[:10]
    _, _, reader = read([second[:-3]])
    assert not reader.give_back()


@pytest.mark.parametrize("wrong", [
    message(1, b"x")[:-1] + b"\x00",
    message(1, b"x") + frame(2, OURS, b"")[:-1] + b"\x01",
    message(1, b"xyz").replace(frame(3, OURS, b"xyz"), frame(3, OURS, b"xyz!")),
    message(1, b"xyz").replace(frame(3, OURS, b"xyz"), b"") + message(2, b""),
    frame(1, OURS, pack(">HH", 60, 60) + b"\x04ctag" + pack(">QB", 1, 0) + b"\x00\x00") + frame(3, OURS, b"x"),
], ids=["end", "end of another", "longer than said", "without its body", "without its header"])  # fmt: skip
def test_what_no_broker_sends_ends_the_connection(wrong: bytes) -> None:
    with pytest.raises(UnexpectedFrame):
        read([wrong])


def test_a_socket_that_ends_is_a_connection_that_is_over() -> None:
    with pytest.raises(OSError, match="closed"):
        read([b""])
