"""What a tablet did without a line and reports afterwards: what it signs, and which moments are plausible.

A tablet counts what it does: 1, 2, 3, ... without a gap. It signs every item with its own key over `signed_text`.
"""

from __future__ import annotations

from datetime import datetime, timedelta

REPORT, INTAKE, COMPLETION, RELEASE, DELIVERY = "report", "intake", "completion", "release", "delivery"
KINDS = (REPORT, INTAKE, COMPLETION, RELEASE, DELIVERY)

APPLIED, QUARANTINED, CLOSED = "applied", "quarantined", "closed"
STATES = (APPLIED, QUARANTINED, CLOSED)

SKEW = timedelta(minutes=5)
"""How far a tablet's clock may be from the node's without being doubted."""


def signed_text(item_id: str, number: int, kind: str, device_time: str, body: str) -> str:
    """What the tablet signs: the five values as they are sent, one a line; the body, which may have lines of its own,
    comes last."""
    return "\n".join((item_id, str(number), kind, device_time, body))


def plausible(at: datetime, since: datetime, now: datetime) -> bool:
    """Whether something that was done under a bundle of `since` and arrives `now` can have happened `at`."""
    return since - SKEW <= at <= now + SKEW


def within(at: datetime | None, since: datetime | None, now: datetime) -> datetime:
    """The moment nearest to `at` that lies between the bundle and now: what is told to others of a time in doubt, or of
    a plausible one that the skew put a little outside. `now` where no time is known."""
    if at is None:
        return now
    return min(max(at, since) if since is not None else at, now)
