"""When a link between a node and the centre is well, and what somebody should look at when it is not."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

Condition = Literal["up", "behind", "silent", "never"]
Concern = Literal["silent", "behind", "clock", "parked", "differs", "restored"]

CONDITIONS: tuple[Condition, ...] = ("up", "behind", "silent", "never")

SILENT_AFTER = timedelta(seconds=60)
"""The other end says that it is there every 15 s; after four times it is cut off, or down."""
BEHIND_AFTER = timedelta(minutes=5)
"""With the line up a fact is receipted within seconds."""
CLOCK_APART_MS = 2_000
"""Facts carry the clock of where they happened; both ends keep theirs by NTP to a few milliseconds."""


def condition(now: datetime, heard_at: datetime | None, oldest: datetime | None) -> Condition:
    """How a link stands: `heard_at` is when the peer was last heard, `oldest` when the oldest fact happened of which
    it has given no receipt (None: it has all)."""
    if heard_at is None:
        return "never"
    if now - heard_at > SILENT_AFTER:
        return "silent"
    if oldest is not None and now - oldest > BEHIND_AFTER:
        return "behind"
    return "up"


def concerns(stands: Condition, skew_ms: int | None, parked: int, differing_days: int, restored: bool) -> list[Concern]:
    """What somebody should look at, the most pressing first. A peer that was never heard is waited for, not missed."""
    found: tuple[tuple[Concern, bool], ...] = (
        ("silent", stands == "silent"),
        ("behind", stands == "behind"),
        ("parked", parked > 0),
        ("differs", differing_days > 0),
        ("clock", skew_ms is not None and abs(skew_ms) > CLOCK_APART_MS),
        ("restored", restored),
    )
    return [concern for concern, there in found if there]
