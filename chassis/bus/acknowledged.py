"""Publishing where each message has a fate of its own: one queue that is full refuses its messages and no others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from chassis.bus.link import Link

Fate = Literal["taken", "refused", "nowhere", "lost"]
"""The broker has it safely · the queue is full · no queue takes it · the connection went before it was known."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A message to be published. `token` is its message id among `encoded`, and what its fate is told by."""

    token: str
    key: str
    body: bytes
    encoded: bytes


class Acknowledged:
    """Publishes mandatory messages over a connection of its own and tells what became of each."""

    def __init__(self, url: str, name: str, options: Mapping[str, Any] | None = None) -> None:
        self.link = Link(url, name, self._on_connect, self._on_down, options)
        self._number = 0
        self._open: dict[int, str] = {}
        self._nowhere: set[str] = set()
        self._fates: list[tuple[str, Fate]] = []

    @property
    def up(self) -> bool:
        return self.link.up

    @property
    def open(self) -> int:
        """How many have no fate yet."""
        return len(self._open)

    def start(self) -> None:
        self.link.start()

    def stop(self) -> None:
        self.link.stop()

    def send(self, exchange: str, letters: Sequence[Letter]) -> None:
        """Write messages. Unavailable when the connection is down; then those that were begun are lost."""
        for letter in letters:
            self._number += 1
            self._open[self._number] = letter.token
        self.link.publish_each(exchange, [(one.key, one.body, one.encoded) for one in letters])

    def fates(self) -> list[tuple[str, Fate]]:
        """What became of messages since this was asked last, each by its token, once."""
        told, self._fates = self._fates, []
        return told

    def _on_connect(self, channel: Any) -> None:
        self._on_down()
        self._number = 0
        channel.confirm_select()
        channel.events["basic_ack"].add(lambda tag, multiple: self._settle(tag, multiple, "taken"))
        channel.events["basic_nack"].add(lambda tag, multiple: self._settle(tag, multiple, "refused"))
        channel.events["basic_return"].add(self._on_return)

    def _on_down(self) -> None:
        self._fates += [(token, "lost") for token in self._open.values()]
        self._open, self._nowhere = {}, set()

    def _settle(self, tag: int, multiple: bool, fate: Fate) -> None:
        tags = [one for one in self._open if one <= tag] if multiple else [tag] if tag in self._open else []
        for one in tags:
            token = self._open.pop(one)
            self._fates.append((token, "nowhere" if token in self._nowhere else fate))
            self._nowhere.discard(token)

    def _on_return(self, error: Any, exchange: str, key: str, message: Any) -> None:
        """Comes before the broker's confirmation of the same message."""
        self._nowhere.add(message.properties.get("message_id", ""))
