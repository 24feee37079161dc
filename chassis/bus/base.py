"""The one small interface of the bus: call, publish a batch, consume. `rabbit` and `local` implement it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

Reply = Callable[[bytes], None]
Serve = Callable[[bytes, Reply], None]
Take = Callable[[list[bytes]], None]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """An event on its way: the routing key and the stored bytes of its envelope."""

    type: str
    body: bytes


class Bus(Protocol):
    """What a service asks of the bus. All calls may block the calling green thread, none blocks the process."""

    def serve(self, service: str, handle: Serve) -> None:
        """Hand every request for `service` to `handle(body, reply)`, which must return at once."""

    def call(self, service: str, body: bytes, timeout: float) -> bytes:
        """The answer's bytes. Raises Unavailable at once when the bus is down or blocked, DeadlineExceeded after
        `timeout` seconds. The request lives no longer than that at the broker."""

    def publish(self, batch: Sequence[Outgoing]) -> Sequence[str]:
        """Return when every event is safely with the bus; raise Unavailable when that is not certain for all. The
        answer names the types that no queue took (`mandatory`)."""

    def consume(self, service: str, types: Sequence[str], take: Take) -> None:
        """Hand batches of envelopes to `take`; they count as delivered when it returns, and come again when it
        raises."""

    def start(self) -> None:
        """Connect, and keep connecting for ever after."""

    def stop_taking(self) -> None:
        """Take no further request or event; what was handed over goes on."""

    def stop(self) -> None:
        """Disconnect. Called when nothing is in flight any more."""

    def idle_seconds(self) -> float:
        """How long any of its readers has not shown itself."""

    def ready(self) -> bool:
        """Whether calls and events can pass now."""
