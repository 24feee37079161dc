"""A message of the line as AMQP carries it.

Body: the stored bytes. Properties: message_id, type, user_id, delivery mode 2; headers {sender, receiver, epoch,
sequence, key, signature (base64), schema 1}. They are written by hand: py-amqp takes some 40 µs for what is mostly the
same in every message of a stream.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from functools import lru_cache
from struct import Struct
from uuid import UUID

from chassis.bus.streams import Delivery
from rules.link import LARGEST, Message
from services.gateway.link.settings import sender_of

SCHEMA = 1
MEDIA_TYPE = "application/cloudevents+json"

# Flags of AMQP 0-9-1's basic class, in the order in which the properties follow: content_type, headers, delivery_mode,
# message_id, type, user_id.
_FLAGS = (0x8000 | 0x2000 | 0x1000 | 0x0080 | 0x0020 | 0x0010).to_bytes(2, "big")
_LONG = Struct(">I")
_EIGHT = Struct(">q")
_SEQUENCE = b"\x08sequencel"
_SIGNATURE = b"\x09signatureS"


@dataclass(frozen=True, slots=True)
class Strange:
    """What was delivered and is no message: why not, and who sent it as far as that is known."""

    sender: str
    reason: str
    detail: str
    type: str
    epoch: int
    sequence: int
    body: bytes


def encoded(message: Message, user: str) -> bytes:
    """The encoded properties of a message."""
    head, tail = _same(message.sender, message.receiver, message.epoch, message.key_id, message.type, user)
    signature = base64.b64encode(message.signature)
    varying = b"".join((_SEQUENCE, _EIGHT.pack(message.sequence), _SIGNATURE, _LONG.pack(len(signature)), signature))
    own = str(message.id).encode()
    fixed, mode = head
    return b"".join((_FLAGS, _short(MEDIA_TYPE), _LONG.pack(len(fixed) + len(varying)), fixed, varying, mode,
                     bytes([len(own)]), own, tail))  # fmt: skip


@lru_cache(maxsize=4096)
def _same(sender: str, receiver: str, epoch: int, key_id: str, event_type: str, user: str
          ) -> tuple[tuple[bytes, bytes], bytes]:  # fmt: skip
    """What the messages of a type have in common: headers and delivery mode, and what follows the message's id."""
    fixed = b"".join((
        b"\x06senderS", _long(sender), b"\x08receiverS", _long(receiver), b"\x05epochl", _EIGHT.pack(epoch),
        b"\x03keyS", _long(key_id), b"\x06schemal", _EIGHT.pack(SCHEMA),
    ))  # fmt: skip
    return (fixed, b"\x02"), _short(event_type) + _short(user)


def _long(text: str) -> bytes:
    raw = text.encode()
    return _LONG.pack(len(raw)) + raw


def _short(text: str) -> bytes:
    raw = text.encode()
    return bytes([len(raw)]) + raw


def read(delivery: Delivery) -> Message | Strange:
    """The message in a delivery. Who sent it is what the broker proved, not what stands in the headers; `genuine`
    holds the two against each other."""
    headers = delivery.headers
    proved = sender_of(delivery.user)
    epoch, sequence = _whole(headers.get("epoch")), _whole(headers.get("sequence"))

    def strange(reason: str, detail: str) -> Strange:
        told = delivery.type[:100] if _storable(delivery.type) else ascii(delivery.type)[:100]
        return Strange(proved or "?", reason, detail, told, max(epoch, 0), max(sequence, 0), delivery.body)

    if proved is None:
        return strange("sender_wrong", f"user {delivery.user!r} is no end of the line")
    if len(delivery.body) > LARGEST:
        return strange("body_too_large", f"{len(delivery.body)} bytes")
    if headers.get("schema") != SCHEMA:
        return strange("message_malformed", f"schema {headers.get('schema')!r}")
    try:
        return Message(
            _text(headers["sender"]), _text(headers["receiver"]), epoch, sequence, UUID(delivery.id),
            _text(delivery.type), delivery.body, _text(headers["key"]),
            base64.b64decode(_text(headers["signature"]), validate=True),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError, binascii.Error) as error:
        return strange("message_malformed", f"{type(error).__name__}: {error}"[:200])


def proved_sender(delivery: Delivery) -> str:
    """Who published a delivery that `read` found to be a message."""
    return sender_of(delivery.user) or "?"


def _whole(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**62 else -1


def _text(value: object) -> str:
    if not isinstance(value, str) or len(value) > 255 or not _storable(value):
        raise TypeError("a short text is wanted")
    return value


def _storable(value: str) -> bool:
    """Whether the database takes it: AMQP's texts may hold a NUL, and py-amqp reads lone surrogates."""
    if "\0" in value:
        return False
    try:
        return value.isascii() or bool(value.encode())
    except UnicodeEncodeError:
        return False
