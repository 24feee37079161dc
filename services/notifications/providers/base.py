"""What a provider of one channel is, and the register of the kinds of them.

A provider knows nothing of the database: it takes messages that are already claimed and says, part by part, what
became of them. It never raises for a message; only a fault of ours raises.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, Protocol, TypeVar
from uuid import UUID

from services.notifications.settings_providers import Instance


class Verdict(StrEnum):
    """What became of one part."""

    ACCEPTED = "accepted"
    TEMPORARY = "temporary"  # certainly not taken, may be tried again
    PERMANENT = "permanent"  # certainly not taken and never will be
    UNCERTAIN = "uncertain"  # handed over, but the answer was lost: it may have been taken
    HELD = "held"  # not handed over: the provider asked for a pause, or time ran out


@dataclass(frozen=True, slots=True)
class Answer:
    """One part's verdict. `provider_id` is the provider's name for an accepted part; `reason` is a short code for the
    operator, never text with personal data. `took`: seconds until the provider answered, None where it did not."""

    verdict: Verdict
    provider_id: str | None = None
    reason: str | None = None
    retry_after: timedelta | None = None
    took: float | None = None

    @property
    def seen(self) -> bool:
        """Whether it says something of the provider's health: what was not handed over does not, and to be asked for a
        pause or to refuse a number is no illness."""
        return self.verdict not in (Verdict.HELD, Verdict.PERMANENT) and self.reason not in PAUSING

    @property
    def failed(self) -> bool:
        """Whether it speaks against the provider."""
        return self.seen and self.verdict in (Verdict.TEMPORARY, Verdict.UNCERTAIN)


PAUSING = frozenset({"throttled", "queue_full", "paused"})


@dataclass(frozen=True, slots=True)
class Part:
    """One piece to hand over. For SMS `payload` holds the user data with its header, `text` what can be read in it, and
    `sender` whom it comes from ('' leaves that to the provider); for e-mail `payload` is the whole message."""

    number: int
    reference: int
    payload: bytes
    data_coding: int = 0
    has_header: bool = False
    text: str = ""
    sender: str = ""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A claimed message and those of its parts that are still to be handed over."""

    message_id: UUID
    address: str
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Receipt:
    """A final delivery receipt. `address` is the handset's number in E.164; `reference` our own, when it was echoed."""

    provider_message_id: str
    delivered: bool
    reason: str | None
    reference: int | None
    address: str


@dataclass(frozen=True, slots=True)
class Inbound:
    """A text that a handset sent back to us. `address` is its number in E.164."""

    address: str
    text: str


@dataclass(frozen=True, slots=True)
class Arrival:
    """A receipt or a text not yet acknowledged to the provider; `token` belongs to the provider."""

    receipt: Receipt | Inbound
    token: object


Outcome = Mapping[int, Answer]  # by part number


def together(name: str, workers: int, work: Callable[[], None]) -> None:
    """Run `work` so many times at once, one of them here, and wait until all have ended."""
    threads = [threading.Thread(target=work, name=f"{name}-{number}", daemon=True) for number in range(1, workers)]
    for thread in threads:
        thread.start()
    work()
    for thread in threads:
        thread.join()


def of_whole(batch: Sequence[Outgoing], answers: Mapping[UUID, Answer]) -> dict[UUID, Outcome]:
    """The outcome of each message where a provider answers for the whole of it."""
    return {message.message_id: {part.number: answers[message.message_id] for part in message.parts}
            for message in batch}


class Provider(Protocol):
    """An adapter. Only the one leading process of a database uses it; it opens its connections when first used and
    gives them up when it is no longer used. `submit` may be called from two threads at a time."""

    @property
    def name(self) -> str:
        """Of the instance, as the settings name it."""

    @property
    def away(self) -> bool:
        """Whether it cannot be reached, as far as is known. One that asked for a pause is not away."""

    @property
    def repeats_safely(self) -> bool:
        """Whether the same message handed over twice is sent once."""

    @property
    def brings_receipts(self) -> bool:
        """Whether delivery receipts come over it."""

    def room(self) -> int:
        """How many messages it would take now; 0 while it is away or has asked for a pause."""

    def submit(self, batch: Sequence[Outgoing], budget: timedelta) -> Mapping[UUID, Outcome]:
        """Hand over and wait for the answers; start nothing after `budget` has passed. No database work may be open."""

    def arrivals(self, limit: int) -> Sequence[Arrival]:
        """Receipts that came and are not acknowledged yet; empty where a channel has none."""

    def acknowledge(self, arrivals: Sequence[Arrival]) -> None:
        """Tell the provider that these receipts are kept; what is not acknowledged it delivers again."""

    def close(self) -> None:
        """Say goodbye and let go of the connection."""


Own = TypeVar("Own")


class Register:
    """The kinds of providers. Each has its own settings, which are typed, and makes an adapter of them."""

    def __init__(self) -> None:
        self._makers: dict[str, tuple[type[Any], Callable[[Any, str], Provider]]] = {}

    def kind(
        self, name: str, own: type[Own]
    ) -> Callable[[Callable[[Own, str], Provider]], Callable[[Own, str], Provider]]:
        """Decorator: makes a provider of this kind from its own settings and the instance's name."""

        def add(make: Callable[[Own, str], Provider]) -> Callable[[Own, str], Provider]:
            if name in self._makers:
                raise RuntimeError(f"kind of provider registered twice: {name}")
            self._makers[name] = (own, make)
            return make

        return add

    @property
    def kinds(self) -> list[str]:
        return sorted(self._makers)

    def make(self, instance: Instance) -> Provider:
        """The adapter of an instance."""
        own, make = self._makers[instance.kind]
        if not isinstance(instance.own, own):
            raise TypeError(f"the settings of {instance.name} are not those of {instance.kind}")
        return make(instance.own, instance.name)


register = Register()
