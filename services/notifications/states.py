"""The life of a message as data: which state may follow which, and when a failed attempt is tried again."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum


class State(StrEnum):
    CREATED = "created"  # held back until its moment; `held` says by what
    QUEUED = "queued"  # stands in its lane
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED_TEMPORARILY = "failed_temporarily"
    FAILED = "failed"
    EXPIRED = "expired"


class PartState(StrEnum):
    """One SMS of a longer text; an e-mail has a single part."""

    WAITING = "waiting"
    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"


# A message that cannot be opened or packed never reaches `sending`. A delivery receipt is the handset's word and beats
# whatever was concluded before it, so `delivered` may follow even `failed` and `expired`. `sending` follows itself when
# the answer to an attempt was never learnt (README.md, "The one window").
TRANSITIONS: dict[State, frozenset[State]] = {
    State.CREATED: frozenset({State.QUEUED, State.FAILED, State.EXPIRED}),
    State.QUEUED: frozenset({State.CREATED, State.SENDING, State.FAILED_TEMPORARILY, State.FAILED, State.EXPIRED}),
    State.SENDING: frozenset({State.SENDING, State.SENT, State.DELIVERED, State.FAILED_TEMPORARILY, State.FAILED,
                              State.EXPIRED}),
    State.FAILED_TEMPORARILY: frozenset({State.SENDING, State.FAILED_TEMPORARILY, State.SENT, State.DELIVERED,
                                         State.FAILED, State.EXPIRED}),
    State.SENT: frozenset({State.DELIVERED, State.FAILED}),
    State.FAILED: frozenset({State.DELIVERED}),
    State.EXPIRED: frozenset({State.DELIVERED}),
    State.DELIVERED: frozenset(),
}

UNSENT = (State.CREATED, State.QUEUED, State.SENDING, State.FAILED_TEMPORARILY)

LIFETIME = timedelta(hours=72)

# Minutes to wait after the first, second … attempt; the last one repeats until the lifetime is over.
BACK_OFF_MINUTES = (0.5, 1, 2, 5, 15, 30, 60, 120, 240)


# An operator keeps trying a handset for three days at most where nothing else was agreed; a receipt that has not come
# by then hardly ever will.
RECEIPT_WITHIN = timedelta(hours=72)


def receipt(channel: str, state: str, sent_at: datetime | None, now: datetime) -> str | None:
    """What is known of a sent message's arrival, so that nobody takes `sent` for delivered: a receipt is `awaited`, or
    `overdue`; `none_promised` by e-mail. None in every other state."""
    if state != State.SENT or sent_at is None:
        return None
    if channel != "sms":
        return "none_promised"
    return "awaited" if now - sent_at < RECEIPT_WITHIN else "overdue"


def may_follow(before: State, after: State) -> bool:
    return after in TRANSITIONS[before]


def next_attempt(attempts: int, now: datetime, expires_at: datetime, retry_after: timedelta | None = None) -> datetime:
    """When to try again after `attempts` tries (1 or more); what the provider asked for wins over the table, and
    nothing is planned beyond the message's lifetime."""
    wait = retry_after or timedelta(minutes=BACK_OFF_MINUTES[min(attempts, len(BACK_OFF_MINUTES)) - 1])
    return min(now + wait, expires_at)


def settled(parts: list[PartState]) -> State | None:
    """What the states of its parts say about a message, or None while they do not decide it."""
    if not parts:
        return None
    if PartState.UNDELIVERED in parts:
        return State.FAILED
    if all(part is PartState.DELIVERED for part in parts):
        return State.DELIVERED
    if PartState.WAITING not in parts:
        return State.SENT
    return None
