"""What both ends say about the line itself, signed, outside the stream.

`link.hello`    who speaks, by which clock, how far everything is; every LINK_HELLO seconds
`link.receipt`  how far the other's stream is applied and backed up; at most every half second, when it moved
`link.wish`     which messages are missing
`link.state`    facts of a restored place, given back to it

Each carries the speaker's epoch and a number that only grows: what is not newer than the newest heard is a repeat.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from chassis.bus.streams import Publisher
from chassis.errors import Unavailable
from chassis.ids import uuid7
from rules.link import Message, sign
from services.gateway.link import wire
from services.gateway.link.settings import LinkSettings

log = logging.getLogger(__name__)

HELLO, RECEIPT, WISH, STATE = "link.hello", "link.receipt", "link.wish", "link.state"
WRITE = 10.0  # seconds
TYPES = (HELLO, RECEIPT, WISH, STATE)


@dataclass(frozen=True, slots=True)
class Said:
    """What a peer said, read. `at` is the peer's clock."""

    peer: str
    type: str
    epoch: int
    counter: int
    at: datetime
    body: Mapping[str, Any]


def spoken_message(link: LinkSettings, key_id: str, peer: str, event_type: str, body: Mapping[str, Any]) -> Message:
    """A signed message about the line."""
    plain = Message(link.node, peer, link.epoch, 0, uuid7(), event_type, orjson.dumps(body), key_id, b"")
    return Message(plain.sender, plain.receiver, plain.epoch, 0, plain.id, plain.type, plain.body, key_id,
                   sign(plain, link.signing[key_id]))  # fmt: skip


def publish(outgoing: Publisher, link: LinkSettings, message: Message) -> bool:
    """Send it without waiting for a confirm: what is lost is said again soon. Answers whether it went out."""
    try:
        outgoing.send(
            link.exchange,
            [(link.key(message.receiver, message.type), message.body, wire.encoded(message, link.user))], WRITE,
        )
    except Unavailable as error:
        log.debug("%s for %s was not sent: %s", message.type, message.receiver, error)
        return False
    return True


def heard(message: Message, peer: str) -> Said | None:
    """What a proved message says; None where it is none of those that are known here."""
    try:
        body = orjson.loads(message.body)
        at = datetime.fromisoformat(body["at"])
        counter = int(body["counter"])
    except (KeyError, TypeError, ValueError) as error:
        log.warning("%s of %s cannot be read: %s", message.type, peer, error)
        return None
    if message.type not in TYPES or at.tzinfo is None:
        log.warning("%s of %s is not known here", message.type, peer)
        return None
    return Said(peer, message.type, message.epoch, counter, at.astimezone(UTC), body)


def receipts(said: Said) -> dict[int, tuple[int, int]]:
    """The marks in what was said: applied and backed up, by our own epoch. What is no figure is left out."""
    found = {}
    for epoch, told in _pairs(said.body.get("marks")):
        if isinstance(told, list) and len(told) == 2 and all(isinstance(one, int) and one >= 0 for one in told):
            found[epoch] = (told[0], told[1])
    return found


def figures(said: Said, name: str) -> dict[int, int]:
    """Numbers by epoch, such as what a place still has of its own stream."""
    return {epoch: told for epoch, told in _pairs(said.body.get(name)) if isinstance(told, int) and told >= 0}


def gaps(said: Said) -> list[tuple[int, int, int]]:
    """The gaps that are wished for: (epoch, first, last)."""
    told = said.body.get("gaps")
    return [(one[0], one[1], one[2]) for one in (told if isinstance(told, list) else [])
            if isinstance(one, list) and len(one) == 3 and all(isinstance(part, int) and part > 0 for part in one)]


def _pairs(given: Any) -> list[tuple[int, Any]]:
    if not isinstance(given, dict):
        return []
    return [(int(epoch), told) for epoch, told in given.items() if isinstance(epoch, str) and epoch.isdecimal()]
