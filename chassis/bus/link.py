"""One supervised AMQP connection: it connects, declares, reads, beats, and connects again for ever.

kombu makes the connection; the raw py-amqp channel underneath is used for everything after. Only the reading green
thread may wait for the broker; others only write, which py-amqp serialises. py-amqp's own basic_publish reads from the
socket before each message and must not be used beside a reader, hence `publish` here.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

import amqp
import eventlet
from amqp import spec
from amqp.exceptions import AMQPError
from eventlet.event import Event as Signal
from eventlet.semaphore import Semaphore
from kombu import Connection

from chassis.bus import frames
from chassis.errors import Unavailable

log = logging.getLogger(__name__)

HEARTBEAT = 10  # seconds; a broker that went silent is noticed after two of them
_LOOK_UP = 0.2  # seconds after which the reader sees that it is to do something else, or to stop
READ_AT_ONCE = 16 * 1024  # bytes; more would be copied about more often than it saves
WRITE_AT_ONCE = 256 * 1024
_BACKOFF = (0.1, 0.2, 0.5, 1.0, 2.0)
BROKEN = (OSError, AMQPError, IndexError, AttributeError, ValueError)


class Reader(Protocol):
    """Who reads a connection in py-amqp's stead (chassis.bus.deliveries)."""

    def drain(self, seconds: float) -> None:
        """Read what is there; TimeoutError when nothing came in that time."""

    def give_back(self) -> bool:
        """Leave the rest to py-amqp; False where it can make nothing of it."""


class Link:
    """A connection with one channel. `on_connect` declares and subscribes on a fresh channel; `on_down` is told when
    the connection is gone. `reader` makes who reads it, of py-amqp's connection and channel, when `on_connect` is done:
    then nothing may wait for the broker's answer on it."""

    def __init__(
        self,
        url: str,
        name: str,
        on_connect: Callable[[Any], None] = lambda _: None,
        on_down: Callable[[], None] = lambda: None,
        options: Mapping[str, Any] | None = None,
        reader: Callable[[Any, Any], Reader] | None = None,
    ) -> None:
        self._url = url
        self._make_reader = reader
        self._reader: Reader | None = None
        self._options = dict(options or {})  # of the connection, such as its certificate
        self.name = name
        self._on_connect = on_connect
        self._on_down = on_down
        self._stopping = False
        self._todo: list[Callable[[Any], None]] = []
        self._ended = Signal()
        self._writing = Semaphore()
        self.channel: Any = None
        self.blocked = False
        self._beat = time.monotonic()

    @property
    def up(self) -> bool:
        """Connected and not held back by an alarm of the broker."""
        return self.channel is not None and not self.blocked

    @property
    def idle_seconds(self) -> float:
        """How long the reader has not shown itself. More than a minute means that it is stuck."""
        return time.monotonic() - self._beat

    def start(self) -> None:
        eventlet.spawn(self._run)

    def on_reader(self, act: Callable[[Any], None]) -> None:
        """Have the reading green thread call `act(channel)` soon: for what must wait for the broker's answer."""
        self._todo.append(act)

    def publish(self, exchange: str, key: str, body: bytes, **properties: Any) -> None:
        """Write one message. Unavailable when the link is down or the broker has raised an alarm."""
        channel = self.channel
        if channel is None or self.blocked:
            raise Unavailable(f"broker {'under alarm' if self.blocked else 'away'}")
        message = amqp.Message(body, **properties)
        try:
            channel.send_method(spec.Basic.Publish, "Bssbb", (0, exchange, key, False, False), message)
        except BROKEN as error:
            self.drop()
            raise Unavailable("broker connection lost") from error
        except BaseException:
            # A deadline arrived while half a frame was written: nothing sensible can follow on this connection.
            self.drop()
            raise

    def publish_batch(self, exchange: str, messages: Iterable[tuple[str, bytes]], encoded: bytes) -> None:
        """Write many mandatory messages (key, body) of the same properties in few writes. As `publish` otherwise."""
        self.publish_each(exchange, ((key, body, encoded) for key, body in messages))

    def publish_each(self, exchange: str, messages: Iterable[tuple[str, bytes, bytes]]) -> None:
        """As `publish_batch`, of messages with properties of their own: (key, body, encoded)."""
        channel = self.channel
        if channel is None or self.blocked:
            raise Unavailable(f"broker {'under alarm' if self.blocked else 'away'}")
        raw = channel.connection
        try:
            with self._writing:
                pending, size = [], 0
                for key, body, encoded in messages:
                    framed = frames.message(channel.channel_id, exchange, key, body, encoded, raw.frame_max)
                    pending.append(framed)
                    size += len(framed)
                    if size > WRITE_AT_ONCE:
                        raw.transport.write(b"".join(pending))
                        pending, size = [], 0
                if pending:
                    raw.transport.write(b"".join(pending))
                raw.bytes_sent += 1  # so that the heartbeat knows of it
        except BROKEN as error:
            self.drop()
            raise Unavailable("broker connection lost") from error
        except BaseException:
            self.drop()
            raise

    def drop(self) -> None:
        """Give the connection up at once; the reader notices and connects anew."""
        channel, self.channel = self.channel, None
        if channel is not None:
            try:
                channel.connection.transport.sock.shutdown(socket.SHUT_RDWR)
            except (OSError, AttributeError):
                log.debug("link %s was closed already", self.name)

    def stop(self) -> None:
        """Close for good and wait for the reader to end."""
        self._stopping = True
        with eventlet.Timeout(5, False):
            self._ended.wait()

    def _run(self) -> None:
        failures = 0
        while not self._stopping:
            self._beat = time.monotonic()
            connection = Connection(
                self._url,
                connect_timeout=3,
                heartbeat=HEARTBEAT,
                **self._options,
                transport_options={"on_blocked": self._alarm, "on_unblocked": self._all_clear},
            )
            try:
                with eventlet.Timeout(10, OSError("broker does not answer")):
                    connection.connect()
                    raw = connection.connection
                    _read_ahead(raw.transport)
                    channel = raw.channel()
                    self._on_connect(channel)
                self._reader = self._make_reader(raw, channel) if self._make_reader else None
                self.blocked = False
                self.channel = channel
                log.info("link up", extra={"link": self.name})
                failures = 0
                self._read(raw, channel)
            except BROKEN as error:
                if not self._stopping:
                    log.warning("link down: %s", error, extra={"link": self.name})
            except Exception:
                log.exception("link failed", extra={"link": self.name})
            finally:
                was_up, self.channel = self.channel is not None, None
                self._on_down()
                whole = self._reader is None or self._reader.give_back()
                self._reader = None
                _close(connection, politely=self._stopping and was_up and whole)
            if not self._stopping:
                eventlet.sleep(_BACKOFF[min(failures, len(_BACKOFF) - 1)])
                failures += 1
        self._ended.send(None)

    def _read(self, raw: Any, channel: Any) -> None:
        ticked = time.monotonic()
        while not self._stopping and self.channel is not None:
            while self._todo:
                self._todo.pop(0)(channel)
            with contextlib.suppress(TimeoutError):
                if self._reader is None:
                    raw.drain_events(timeout=_LOOK_UP)
                else:
                    self._reader.drain(_LOOK_UP)
            self._beat = time.monotonic()
            if self._beat - ticked >= 1:
                ticked = self._beat
                if self._writing.acquire(blocking=False):  # a batch on its way out is sign of life enough
                    try:
                        raw.heartbeat_tick()
                    finally:
                        self._writing.release()

    def _alarm(self, reason: str) -> None:
        log.warning("broker under alarm: %s", reason, extra={"link": self.name})
        self.blocked = True

    def _all_clear(self) -> None:
        log.info("broker alarm over", extra={"link": self.name})
        self.blocked = False


def _read_ahead(transport: Any) -> None:
    """Have py-amqp take from the socket what is there. By itself it asks for each frame's head and body alone, six
    calls of the system a message; it keeps what it was given beyond that in a buffer of its own."""
    receive = transport._quick_recv
    transport._quick_recv = lambda wanted: receive(max(wanted, READ_AT_ONCE))


def _close(connection: Connection, *, politely: bool) -> None:
    try:
        with eventlet.Timeout(2, False):
            if politely:
                connection.release()
            else:
                connection.collect(socket_timeout=0.1)
    except Exception as error:  # noqa: BLE001  (a broken connection may fail to close in any way; it is gone anyhow)
        log.debug("closing a broken connection: %s", error)
