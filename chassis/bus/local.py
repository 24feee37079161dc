"""The bus of one process, for the demo: a call is a call, and an event counts as sent once it is in the inbox."""

from __future__ import annotations

from collections.abc import Sequence

import eventlet
from eventlet.event import Event as Arrival

from chassis.bus.base import Outgoing, Serve, Take
from chassis.errors import DeadlineExceeded, Unavailable


class LocalBus:
    """Shared by all services of the process. Bytes cross it, as they cross a broker: nothing is shared by reference."""

    def __init__(self) -> None:
        self._servers: dict[str, Serve] = {}
        self._consumers: dict[str, tuple[frozenset[str], Take]] = {}

    def serve(self, service: str, handle: Serve) -> None:
        self._servers[service] = handle

    def call(self, service: str, body: bytes, timeout: float) -> bytes:
        handle = self._servers.get(service)
        if handle is None:
            raise Unavailable(f"{service} is not here")
        arrival: Arrival = Arrival()
        handle(body, lambda answer: None if arrival.ready() else arrival.send(answer))
        with eventlet.Timeout(timeout, False):
            answer: bytes = arrival.wait()
            return answer
        raise DeadlineExceeded(service)

    def publish(self, batch: Sequence[Outgoing]) -> Sequence[str]:
        consumers = list(self._consumers.values())
        for types, take in consumers:
            bodies = [outgoing.body for outgoing in batch if outgoing.type in types]
            if bodies:
                take(bodies)
        return [outgoing.type for outgoing in batch if not any(outgoing.type in types for types, _ in consumers)]

    def consume(self, service: str, types: Sequence[str], take: Take) -> None:
        self._consumers[service] = (frozenset(types), take)

    def start(self) -> None:
        """Nothing to connect."""

    def stop_taking(self) -> None:
        self._servers.clear()
        self._consumers.clear()

    def stop(self) -> None:
        """Nothing to disconnect."""

    def idle_seconds(self) -> float:
        return 0.0

    def ready(self) -> bool:
        return True
