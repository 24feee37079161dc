"""The bus over RabbitMQ.

Three connections a process: one that only takes (requests, replies, events), one that only gives (requests, replies),
one for the relay's confirmed publishing; an alarm of the broker blocks those that give and leaves the taking one alone.
Requests and replies are transient and unacknowledged: a lost one is a deadline passed, and the command's id answers the
repeat. Nobody writes to the default exchange: replies go through the topic exchange `rpc.replies`.
"""

from __future__ import annotations

import logging
import os
import uuid
from collections import deque
from collections.abc import Sequence
from typing import Any

import eventlet
from eventlet.event import Event as Arrival
from eventlet.queue import Empty, LightQueue

from chassis.bus import frames
from chassis.bus.base import Outgoing, Serve, Take
from chassis.bus.link import BROKEN, Link
from chassis.config import Settings
from chassis.errors import DeadlineExceeded, Unavailable
from chassis.events import MEDIA_TYPE

log = logging.getLogger(__name__)

EVENTS, RPC, REPLIES = "events", "rpc", "rpc.replies"
BATCH = 200  # events handed over at once; 0.4 ms a delivery against 1.5 ms one by one
PREFETCH = 2 * BATCH
CONFIRM_TIMEOUT = 5.0  # seconds; under a broker's alarm confirms never come
# Unset means 20 deliveries on RabbitMQ 4.x, and -1 drops at once on 3.10.
DELIVERY_LIMIT = 1_000_000

_PERSISTENT = frames.properties(delivery_mode=2, content_type=MEDIA_TYPE)


class RabbitBus:
    """One process's bus for one service."""

    def __init__(self, settings: Settings) -> None:
        self._service = settings.service
        self._serve: Serve | None = None
        self._take: Take | None = None
        self._types: Sequence[str] = ()
        self._pending: dict[str, Arrival] = {}
        self._reply_queue = ""
        self._calls = 0
        self._batches: LightQueue = LightQueue()
        self._taking = True
        self._source: Any = None
        self._tags: list[str] = []
        self._incoming = Link(settings.amqp_url, "incoming", self._on_incoming, self._on_incoming_down)
        self._outgoing = Link(settings.amqp_url, "outgoing")
        self._confirming = _Confirming(settings.amqp_url)

    # -- set-up ------------------------------------------------------------------------------------------------------

    def serve(self, service: str, handle: Serve) -> None:
        self._serve = handle

    def consume(self, service: str, types: Sequence[str], take: Take) -> None:
        self._types, self._take = types, take

    def start(self) -> None:
        for link in (self._incoming, self._outgoing, self._confirming.link):
            link.start()
        if self._take is not None:
            eventlet.spawn(self._consume_for_ever, self._take)

    def stop_taking(self) -> None:
        self._taking = False
        done = Arrival()

        def cancel(channel: Any) -> None:
            for tag in self._tags:
                channel.basic_cancel(tag)  # waits for cancel-ok; what was on its way arrives before it
            self._tags = []
            done.send(None)

        if self._incoming.channel is not None:
            self._incoming.on_reader(cancel)
            with eventlet.Timeout(3, False):
                done.wait()

    def stop(self) -> None:
        links = (self._confirming.link, self._outgoing, self._incoming)
        for stopping in [eventlet.spawn(link.stop) for link in links]:
            stopping.wait()

    def idle_seconds(self) -> float:
        return max(link.idle_seconds for link in (self._incoming, self._outgoing, self._confirming.link))

    def ready(self) -> bool:
        return self._incoming.channel is not None and self._outgoing.up and self._confirming.link.up

    # -- calls -------------------------------------------------------------------------------------------------------

    def call(self, service: str, body: bytes, timeout: float) -> bytes:
        if self._incoming.channel is None:
            raise Unavailable("broker away")
        self._calls += 1
        correlation = str(self._calls)
        arrival = Arrival()
        self._pending[correlation] = arrival
        try:
            with eventlet.Timeout(timeout, False):
                self._outgoing.publish(
                    RPC,
                    service,
                    body,
                    delivery_mode=1,
                    reply_to=self._reply_queue,
                    correlation_id=correlation,
                    expiration=str(max(1, int(timeout * 1000))),
                )
                answer: bytes | None = arrival.wait()
                if answer is None:
                    raise Unavailable("broker connection lost while waiting")
                return answer
            raise DeadlineExceeded(service)
        finally:
            self._pending.pop(correlation, None)

    def publish(self, batch: Sequence[Outgoing]) -> Sequence[str]:
        return self._confirming.publish(batch)

    # -- the taking connection ---------------------------------------------------------------------------------------

    def _on_incoming(self, channel: Any) -> None:
        # Deliveries begin while we still subscribe, before the link counts as up.
        self._source = channel
        channel.basic_qos(0, PREFETCH, False)
        self._reply_queue = f"reply.{self._service}.{os.getpid()}-{uuid.uuid4().hex[:8]}"
        channel.queue_declare(self._reply_queue, exclusive=True, auto_delete=True)
        channel.queue_bind(self._reply_queue, REPLIES, self._reply_queue)
        channel.basic_consume(self._reply_queue, no_ack=True, callback=self._on_reply)
        self._tags = []
        if not self._taking:
            return
        if self._serve is not None:
            self._tags.append(channel.basic_consume(f"rpc.{self._service}", no_ack=True, callback=self._on_request))
        if self._take is not None:
            queue = f"events.{self._service}"
            for event_type in self._types:
                channel.queue_bind(queue, EVENTS, event_type)
            self._tags.append(channel.basic_consume(queue, callback=self._batches.put))

    def _on_incoming_down(self) -> None:
        self._source = None
        # What was handed over but not acknowledged comes again on the next connection; the inbox knows it.
        while True:
            try:
                self._batches.get_nowait()
            except Empty:
                break
        for arrival in list(self._pending.values()):
            if not arrival.ready():
                arrival.send(None)

    def _on_reply(self, message: Any) -> None:
        arrival = self._pending.get(message.properties.get("correlation_id", ""))
        if arrival is not None and not arrival.ready():
            arrival.send(_bytes(message.body))

    def _on_request(self, message: Any) -> None:
        reply_to = message.properties.get("reply_to", "")
        correlation = message.properties.get("correlation_id", "")
        if not reply_to.startswith("reply."):
            # Answering it would break our permissions, and the broker would close the connection of every answer.
            log.warning("a request without an address of ours was left alone")
            return

        def reply(answer: bytes) -> None:
            try:
                self._outgoing.publish(REPLIES, reply_to, answer, delivery_mode=1, correlation_id=correlation)
            except Unavailable as error:
                # The caller runs into its deadline and repeats under the same command id.
                log.warning("reply lost: %s", error)

        if self._serve is not None:
            self._serve(_bytes(message.body), reply)

    def _consume_for_ever(self, take: Take) -> None:
        while True:
            batch = [self._batches.get()]
            while len(batch) < BATCH:
                try:
                    batch.append(self._batches.get_nowait())
                except Empty:
                    break
            try:
                self._hand_over(batch, take)
            except Exception:
                log.exception("a batch went astray; a new connection brings it again")
                self._incoming.drop()

    def _hand_over(self, batch: list[Any], take: Take) -> None:
        last = batch[-1]
        pause = 0.2
        while last.channel is self._source:
            try:
                take([_bytes(message.body) for message in batch])
            except Exception as error:  # noqa: BLE001
                # The database is away. The batch stays ours and unacknowledged; after a crash it comes again.
                log.warning("events wait for the database: %s", error)
                eventlet.sleep(pause)
                pause = min(pause * 2, 5.0)
                continue
            try:
                last.channel.basic_ack(last.delivery_tag, multiple=True)
            except BROKEN as error:
                log.warning("acknowledgement lost, the batch will come again: %s", error)
            return


class _Confirming:
    """Publishing in batches with one wait for all confirms."""

    def __init__(self, url: str) -> None:
        self.link = Link(url, "relay", self._on_connect, self._on_down)
        self._lock = eventlet.semaphore.Semaphore()
        self._reset()

    def _reset(self) -> None:
        self._sent = 0
        self._open: set[int] = set()
        self._refused = 0
        self._returned: deque[str] = deque(maxlen=1000)
        self._done: Arrival | None = None

    def _on_connect(self, channel: Any) -> None:
        self._reset()
        channel.confirm_select()
        channel.events["basic_ack"].add(self._on_ack)
        channel.events["basic_nack"].add(self._on_nack)
        channel.events["basic_return"].add(self._on_return)

    def _on_down(self) -> None:
        if self._done is not None and not self._done.ready():
            self._done.send(False)

    def _on_ack(self, tag: int, multiple: bool) -> None:
        if multiple:
            self._open = {other for other in self._open if other > tag}
        else:
            self._open.discard(tag)
        if not self._open and self._done is not None and not self._done.ready():
            self._done.send(True)

    def _on_nack(self, tag: int, multiple: bool) -> None:
        self._refused += 1
        self._on_ack(tag, multiple)

    def _on_return(self, error: Any, exchange: str, key: str, message: Any) -> None:
        self._returned.append(key)

    def publish(self, batch: Sequence[Outgoing]) -> list[str]:
        """Send, wait until all are confirmed, and name the types that came back because no queue took them."""
        with self._lock:
            done = self._done = Arrival()
            self._refused = 0
            self._returned.clear()
            try:
                with eventlet.Timeout(CONFIRM_TIMEOUT, Unavailable("no confirm from the broker")):
                    first = self._sent + 1
                    self._sent += len(batch)
                    self._open = set(range(first, self._sent + 1))
                    self.link.publish_batch(
                        EVENTS, ((outgoing.type, outgoing.body) for outgoing in batch), _PERSISTENT
                    )
                    certain = done.wait()
            except Unavailable:
                # Whatever confirms still come belong to a batch that will be sent again: begin on a clean channel.
                self.link.drop()
                raise
            finally:
                self._done = None
            if not certain or self._refused:
                raise Unavailable("the broker did not take every event")
            return list(self._returned)


def _bytes(body: Any) -> bytes:
    return body.encode() if isinstance(body, str) else bytes(body)
