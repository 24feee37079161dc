"""What a provider of one channel is, and the register in which its adapters stand.

A provider knows nothing of the database: it takes messages that are already claimed and says, part by part, what
became of them. It never raises for a message; only a fault of ours raises.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from services.notifications.settings import NotificationSettings


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
    operator, never text with personal data."""

    verdict: Verdict
    provider_id: str | None = None
    reason: str | None = None
    retry_after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """One piece to hand over. For SMS `payload` holds the user data with its header; for e-mail the whole message."""

    number: int
    reference: int
    payload: bytes
    data_coding: int = 0
    has_header: bool = False


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
class Arrival:
    """A receipt not yet acknowledged to the provider; `token` belongs to the provider."""

    receipt: Receipt
    token: object


Outcome = Mapping[int, Answer]  # by part number


class Provider(Protocol):
    """An adapter. Only the one leading process of a database uses it; it opens its connections when first used and
    gives them up when it is no longer used."""

    @property
    def name(self) -> str: ...

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


Maker = Callable[[NotificationSettings], Provider | None]


class Register:
    """Adapters by channel. The first one registered for a channel serves it when it is configured."""

    def __init__(self) -> None:
        self._makers: dict[str, list[Maker]] = {}

    def adapter(self, channel: str) -> Callable[[Maker], Maker]:
        """Decorator: this function makes the channel's provider from the settings, or None when not configured."""

        def add(make: Maker) -> Maker:
            self._makers.setdefault(channel, []).append(make)
            return make

        return add

    def make(self, channel: str, settings: NotificationSettings) -> Provider | None:
        """The channel's provider, or None when the settings name none."""
        for make in self._makers.get(channel, []):
            provider = make(settings)
            if provider is not None:
                return provider
        return None


register = Register()
