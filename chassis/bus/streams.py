"""What long streams of messages want of a broker that is not one's own bus: confirmed publishing without a stop after
each batch, and taking in batches that are acknowledged when their effect stands."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import amqp
import eventlet
from eventlet.event import Event as Signal
from eventlet.queue import Empty, LightQueue

from chassis.bus.deliveries import Delivered, Deliveries
from chassis.bus.link import BROKEN, Link
from chassis.errors import Unavailable

log = logging.getLogger(__name__)


class Publisher:
    """Publishes mandatory messages and counts what the broker has confirmed, in the order of publishing. `confirmed`
    of `sent` messages of this connection are safe; with the connection both begin anew, and `connection` counts up."""

    def __init__(self, url: str, name: str, options: Mapping[str, Any] | None = None) -> None:
        self.link = Link(url, name, self._on_connect, self._on_down, options)
        self.connection = 0
        self._reset()

    def _reset(self) -> None:
        self.sent = self.confirmed = 0
        self._ahead: set[int] = set()
        self._moved: Signal | None = None
        self.refused = ""

    @property
    def up(self) -> bool:
        return self.link.up

    def start(self) -> None:
        self.link.start()

    def stop(self) -> None:
        self.link.stop()

    def send(self, exchange: str, messages: Sequence[tuple[str, bytes, bytes]], seconds: float) -> None:
        """Write messages (key, body, encoded properties). Unavailable when the connection is down, or does not take
        them in so many seconds and is given up: what is not confirmed may have arrived or not."""
        self.sent += len(messages)
        with eventlet.Timeout(seconds, Unavailable("the line takes nothing more")):
            self.link.publish_each(exchange, messages)

    def wait(self, open_at_most: int, seconds: float) -> int:
        """Wait until no more than so many messages are unconfirmed; answers how many are confirmed. Unavailable, with
        the connection given up, when no confirm came for so many seconds, when the broker refused a message, or when
        no queue took one."""
        connection = self.connection
        before = -1
        while self.sent - self.confirmed > open_at_most and connection == self.connection and not self.refused:
            if before == self.confirmed:
                break
            before = self.confirmed
            with eventlet.Timeout(seconds, False):
                while before == self.confirmed and connection == self.connection and not self.refused:
                    self._moved = Signal()
                    self._moved.wait()
        if connection != self.connection or not self.link.up:
            raise Unavailable("broker connection lost")
        if self.refused or self.sent - self.confirmed > open_at_most:
            why = self.refused or "no confirm from the broker"
            self.link.drop()
            raise Unavailable(why)
        return self.confirmed

    def _on_connect(self, channel: Any) -> None:
        self._reset()
        self.connection += 1
        channel.confirm_select()
        channel.events["basic_ack"].add(self._on_ack)
        channel.events["basic_nack"].add(self._on_nack)
        channel.events["basic_return"].add(self._on_return)

    def _on_down(self) -> None:
        self.connection += 1
        self._wake()

    def _on_ack(self, tag: int, multiple: bool) -> None:
        if multiple:
            self.confirmed = max(self.confirmed, tag)
            self._ahead = {other for other in self._ahead if other > tag}
        else:
            self._ahead.add(tag)
        while self.confirmed + 1 in self._ahead:
            self.confirmed += 1
            self._ahead.discard(self.confirmed)
        self._wake()

    def _on_nack(self, tag: int, multiple: bool) -> None:
        self._refuse("the broker did not take a message")

    def _on_return(self, error: Any, exchange: str, key: str, message: Any) -> None:
        self._refuse(f"no queue takes {key}")

    def _refuse(self, why: str) -> None:
        self.refused = why
        self._wake()

    def _wake(self) -> None:
        if self._moved is not None and not self._moved.ready():
            self._moved.send(None)


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message as it was delivered. `user` is who published it, checked by the broker; None where it was not said."""

    body: bytes
    key: str
    type: str
    id: str
    user: str | None
    headers: Mapping[str, Any]


class Taker:
    """Takes from one queue in batches, which take effect in the order in which they were taken; the next may be taken
    before the one before it has. What was taken and not acknowledged comes again on the next connection.

    Of what has not taken effect no more than `most_bytes` are in memory, and one message beyond: until there is room
    the rest waits in the socket and at the broker. `prefetch` alone would count a small message like a large one."""

    def __init__(self, url: str, name: str, queue: str, prefetch: int, options: Mapping[str, Any] | None = None,
                 most_bytes: int = 16 * 1024 * 1024) -> None:  # fmt: skip
        self.link = Link(url, name, self._on_connect, self._on_down, options, self._reads)
        self._queue, self._prefetch, self._most_bytes = queue, prefetch, most_bytes
        self._arrived: LightQueue = LightQueue()
        self._open: deque[tuple[Delivered, int]] = deque()  # of each batch without effect yet: the last, and bytes
        self._source: Any = None
        self._waiting_bytes = self._taken_bytes = 0
        self._room: Signal | None = None

    @property
    def up(self) -> bool:
        return self.link.channel is not None

    @property
    def bytes_in_memory(self) -> int:
        """Of messages that have not taken effect."""
        return self._waiting_bytes + self._taken_bytes

    def start(self) -> None:
        self.link.start()

    def stop(self) -> None:
        self.link.stop()

    def take(self, most: int, seconds: float, bytes_at_most: int = 4 * 1024 * 1024) -> list[Delivery]:
        """At most so many, after at most so many seconds; fewer, or none, when no more are there. Of large ones no more
        than so many bytes, beyond which one goes at most."""
        batch, size = [], 0
        try:
            message = self._arrived.get(timeout=seconds) if seconds > 0 else self._arrived.get_nowait()
            while True:
                if message.source is self._source:
                    batch.append(message)
                    size += message.size
                if len(batch) == most or size >= bytes_at_most:
                    break
                message = self._arrived.get_nowait()
        except Empty:
            pass
        if batch:
            self._open.append((batch[-1], size))
            self._waiting_bytes -= size
            self._taken_bytes += size
        return [_delivery(message) for message in batch]

    def done(self) -> None:
        """The oldest batch took effect: it never comes again. When the connection is gone it does all the same."""
        if not self._open:
            return
        last, size = self._open.popleft()
        self._taken_bytes -= size
        self._make_room()
        if last.source is not self._source:
            return
        try:
            last.source.basic_ack(last.tag, multiple=True)
        except BROKEN as error:
            log.warning("acknowledgement lost, the batch will come again: %s", error)

    def again(self) -> None:
        """No batch that is open took effect: they come again on a new connection."""
        self._open.clear()
        self._taken_bytes = 0
        self._on_down()  # or what came behind them would be taken before the reader notices
        self.link.drop()

    def _make_room(self) -> None:
        if self._room is not None and not self._room.ready() and self.bytes_in_memory < self._most_bytes:
            self._room.send(None)

    def _on_connect(self, channel: Any) -> None:
        self._source = channel
        channel.basic_qos(0, self._prefetch, False)
        channel.basic_consume(self._queue, callback=_left)

    def _reads(self, raw: Any, channel: Any) -> _Bounded:
        return _Bounded(Deliveries(raw, channel, self._on_message), raw, self._wait_for_room)

    def _on_message(self, message: Delivered) -> None:
        self._waiting_bytes += message.size
        self._arrived.put(message)

    def _wait_for_room(self, seconds: float) -> bool:
        """Whether there is room, after so many seconds at most."""
        if self.bytes_in_memory >= self._most_bytes:
            self._room = Signal()
            with eventlet.Timeout(seconds, False):
                self._room.wait()
            self._room = None
        return self.bytes_in_memory < self._most_bytes

    def _on_down(self) -> None:
        self._source = None
        with suppress(Empty):
            while True:
                self._arrived.get_nowait()
        self._waiting_bytes = 0
        self._make_room()


class _Bounded:
    """Reads when there is room for more."""

    def __init__(self, reader: Deliveries, raw: Any, wait_for_room: Callable[[float], bool]) -> None:
        self._reader, self._raw, self._wait_for_room = reader, raw, wait_for_room
        self.give_back = reader.give_back

    def drain(self, seconds: float) -> None:
        if self._wait_for_room(seconds):
            self._reader.drain(seconds)
        else:
            self._raw.bytes_recv += 1  # who does not listen must not hold the other for silent


def _left(message: Any) -> None:
    """py-amqp reads on when the connection is closed: what it finds then comes again to the next."""


def _delivery(message: Delivered) -> Delivery:
    """Properties that nobody can read are none: whoever sent them must not stop what others sent."""
    try:
        properties = message.properties()
    except Exception as error:  # noqa: BLE001  (py-amqp raises whatever it stumbles over in another's bytes)
        log.warning("a message with unreadable properties: %s", error)
        properties = {}
    headers = properties.get("application_headers")
    return Delivery(
        message.body,
        message.key,
        properties.get("type", ""),
        properties.get("message_id", ""),
        properties.get("user_id"),
        headers if isinstance(headers, dict) else {},
    )


def properties(**given: Any) -> bytes:
    """The encoded properties of a message (py-amqp's names)."""
    encoded: bytes = amqp.Message(b"", **given)._serialize_properties()
    return encoded
