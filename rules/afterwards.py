"""Complaints and opening again: who looks at a complaint, when it goes to the next head, and which end of a request
may be looked at anew. How long each may take is a setting of the governorate."""

from __future__ import annotations

from datetime import date, timedelta

OPEN, ANSWERED = "open", "answered"
STATES = (OPEN, ANSWERED)
KINDS = ("delay", "conduct", "decision", "error", "other")
# Before whom a complaint lies: the manager of the centre, the head of the unit, the head of the unit above.
LADDER = ("centre_manager", "unit_head", "unit_head")
ABOVE = 2
REOPENABLE = ("rejected", "lapsed")


def levels_of(roles: tuple[str, ...]) -> list[int]:
    """The levels of the ladder on which somebody of these roles answers."""
    return [level for level, role in enumerate(LADDER) if role in roles]


def next_level(level: int, unit: str, above: str | None) -> tuple[int, str] | None:
    """Where a complaint goes that was let lie on this level in this unit: (level, unit); None where nobody is above."""
    if level + 1 < ABOVE:
        return level + 1, unit
    if level + 1 == ABOVE and above is not None and above != unit:
        return ABOVE, above
    return None


def may_reopen(outcome: str | None, ended_on: date, today: date, days: int) -> bool:
    """Whether an end may be asked to be looked at anew: a rejection or a lapse, for so many days after it."""
    return outcome in REOPENABLE and today <= reopen_until(ended_on, days)


def reopen_until(ended_on: date, days: int) -> date:
    """The last day on which it may be asked for."""
    return ended_on + timedelta(days=days)
