"""What a broker delivers, read by hand for the one place that takes in bulk.

py-amqp reads a frame's head, payload and end one by one and makes an object of each message (some 15 µs); here the
frames of what the socket gave are walked through. Whatever is no delivery of the channel goes to py-amqp as it is.
Layout: specification 0-9-1, sections 2.3.5 (frames), 4.2.6 (content header), class 60 (basic), method 60 (deliver).
"""

from __future__ import annotations

from collections.abc import Callable
from struct import Struct
from typing import Any

from amqp import basic_message
from amqp.exceptions import UnexpectedFrame

READ_AT_ONCE = 64 * 1024  # bytes; TLS gives a record of 16 KiB at most

_FRAME = Struct(">BHI").unpack_from  # type, channel, size of the payload
_HEAD, _AROUND, _END = 7, 8, 0xCE
_METHOD, _HEADER, _BODY = 1, 2, 3
_DELIVER = b"\x00\x3c\x00\x3c"
_LONG = Struct(">Q").unpack_from
_OF_HEADER = 12  # bytes before the properties: class, weight, size of the body


class Delivered:
    """One message: its number on the channel that it came by, routing key, encoded properties, and body."""

    __slots__ = ("body", "encoded", "key", "source", "tag")

    def __init__(self, source: Any, tag: int, key: str) -> None:
        self.source, self.tag, self.key = source, tag, key
        self.encoded = self.body = b""

    @property
    def size(self) -> int:
        """Bytes that it holds on to."""
        return len(self.body) + len(self.encoded)

    def properties(self) -> dict[str, Any]:
        """By py-amqp's names."""
        read = basic_message.Message()
        read._load_properties(60, self.encoded, 0)
        found: dict[str, Any] = read.properties
        return found


class Deliveries:
    """Reads a connection (py-amqp's) in its stead, and hands each message that comes by `channel` to `took`."""

    def __init__(self, raw: Any, channel: Any, took: Callable[[Delivered], None]) -> None:
        self._raw, self._transport, self._channel, self._took = raw, raw.transport, channel, took
        self._message: Delivered | None = None  # of which more is to come
        self._body: list[bytes] = []
        self._wanted = -1  # bytes of the body that are missing; before its header unknown
        # What py-amqp had taken from the socket already.
        self._rest, self._transport._read_buffer = bytes(self._transport._read_buffer), b""
        self._walk()

    def drain(self, seconds: float) -> None:
        """Read what is there, and wait for something no longer than that. Raises TimeoutError when nothing came,
        OSError when the connection is over."""
        with self._transport.having_timeout(seconds):
            came = self._transport._quick_recv(READ_AT_ONCE)
        if not came:
            raise OSError("the broker closed the connection")
        self._raw.bytes_recv += 1  # so that the heartbeat knows of it
        self._rest += came
        self._walk()

    def give_back(self) -> bool:
        """Leave the rest to py-amqp. False where it could make nothing of it: a message is half read."""
        self._transport._read_buffer, self._rest = self._rest, b""
        return self._message is None

    def _walk(self) -> None:
        """Go through the frames that are whole."""
        given, at, ours = self._rest, 0, self._channel.channel_id
        size = len(given)
        while size - at >= _AROUND:
            kind, channel, length = _FRAME(given, at)
            begins, ends = at + _HEAD, at + _HEAD + length
            if ends >= size:
                break
            if given[ends] != _END:
                raise UnexpectedFrame(f"a frame ends with {given[ends]:#04x}")
            at = ends + 1
            if channel != ours:
                self._other(kind, channel, given[begins:ends], given, at)
            elif kind == _METHOD and given.startswith(_DELIVER, begins) and self._message is None:
                self._begin(given, begins + 4)
            elif kind == _BODY and self._message is not None and self._wanted > 0:
                self._body.append(given[begins:ends])
                self._wanted -= length
                if self._wanted < 0:
                    raise UnexpectedFrame("a body longer than its header says")
                if not self._wanted:
                    self._end(self._message)
            elif kind == _HEADER and self._message is not None and self._wanted < 0:
                self._wanted = _LONG(given, begins + 4)[0]
                self._message.encoded = given[begins + _OF_HEADER : ends]
                if not self._wanted:
                    self._end(self._message)
            elif self._message is not None:
                raise UnexpectedFrame(f"a frame of kind {kind} within a message")
            else:
                self._other(kind, channel, given[begins:ends], given, at)
        self._rest = given[at:]

    def _other(self, kind: int, channel: int, payload: bytes, given: bytes, at: int) -> None:
        self._rest = given[at:]  # what py-amqp is given may end the connection
        self._raw.on_inbound_frame((kind, channel, payload))

    def _begin(self, given: bytes, at: int) -> None:
        at += 1 + given[at]  # the consumer's name
        tag = _LONG(given, at)[0]
        at += 9  # with whether it came before
        at += 1 + given[at]  # the exchange
        self._message = Delivered(self._channel, tag, given[at + 1 : at + 1 + given[at]].decode(errors="replace"))
        self._wanted = -1

    def _end(self, message: Delivered) -> None:
        message.body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        self._message, self._body, self._wanted = None, [], -1
        self._took(message)
