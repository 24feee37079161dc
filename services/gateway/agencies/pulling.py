"""The pull feed: an agency asks for what lies beyond its cursor, and is told where to go on. Nothing is kept for it but
how far it came, for those who watch."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from chassis.database import Statement
from rules.refusal import refuse
from services.gateway.agencies import feed, registry, subscriptions
from services.gateway.agencies.feed import Cursor

MOST = 500
LONGEST_WAIT = 30
_SCANNED = 2000
"""Entries that one page looks at: a narrow filter over a long feed takes several pages and not one long wait."""
LOOK_EVERY = 0.2

_NOTE = Statement(text(
    "UPDATE subscription_progress SET position = :position, delivered = delivered + :given, seen_at = :now, "
    "last_success_at = CASE WHEN :given > 0 THEN :now ELSE last_success_at END WHERE subscription_id = :subscription_id"
))  # fmt: skip
_WHERE = Statement(text("SELECT position FROM subscription_progress WHERE subscription_id = :subscription_id"))


@dataclass(frozen=True, slots=True)
class Page:
    """`events` as the agency gets them; `next` to go on with; `more` when there is more at once; `position` is how far
    the feed was read."""

    events: list[dict[str, Any]]
    next: str
    more: bool
    position: int


def pull(work: Any, subscription_id: UUID, after: str | None = None, since: datetime | None = None,
         limit: int = 100) -> Page:
    """One page of a subscription by feed, from a cursor, from a moment on, or from where it stands (neither). Refuses
    subscription_unknown, subscription_ended, subscription_held, subscription_way_differs, agreement_over,
    cursor_invalid, replay_date_invalid."""
    registry.own(work)
    row = subscriptions.standing(work, subscription_id)
    if row.way != subscriptions.FEED:
        raise refuse("subscription_way_differs")
    if row.state == subscriptions.PAUSED:
        raise refuse("subscription_held")
    terms = subscriptions.terms_of(row)
    if not terms.hold(work.now):
        raise refuse("agreement_over")
    begins = _begins(work, row, after, since)
    size, place, last = max(1, min(limit, MOST)), begins, None
    events: list[dict[str, Any]] = []
    chunk = max(size, 100)
    while len(events) < size and place - begins < _SCANNED:
        entries = feed.read(work, place, chunk)
        for entry in entries:
            place, last = entry.position, entry
            if (cut := terms.take(entry)) is not None:
                events.append(cut.envelope)
                if len(events) == size:
                    break
        if len(entries) < chunk:
            break
    told = after if last is None and after else str(Cursor(place, last.received_at if last else work.now))
    work.write(_NOTE, subscription_id=row.id, position=begins, given=len(events), now=work.now)
    return Page(events, told, bool(last) and place < feed.head(work), place)


def _begins(work: Any, row: Any, after: str | None, since: datetime | None) -> int:
    if after:
        return Cursor.of(after).resumed(work)
    if since is None:
        return int(work.scalar(_WHERE, subscription_id=row.id))
    if not subscriptions.may_begin(work, row.valid_from, since):
        raise refuse("replay_date_invalid", "since")
    return feed.position_at(work, since)


class Head:
    """The newest position, looked up at most every LOOK_EVERY seconds however many wait for it; and how many may
    wait, in all and with one key."""

    def __init__(self, look: Callable[[], int], most: int, most_of_one: int) -> None:
        self._look = look
        self._lock = threading.Lock()
        self._at = float("-inf")
        self._known = 0
        self._most, self._most_of_one = most, most_of_one
        self._waiting: Counter[str] = Counter()

    def known(self) -> int:
        """The newest position as of LOOK_EVERY ago at most."""
        with self._lock:
            if time.monotonic() - self._at >= LOOK_EVERY:
                self._known, self._at = self._look(), time.monotonic()
            return self._known

    def waiting(self, who: str) -> int:
        """How many wait with a key."""
        with self._lock:
            return self._waiting[who]

    def wait(self, beyond: int, seconds: float, who: str) -> bool:
        """Until something lies beyond a position; False when the time is over. Refuses too_many_waiting."""
        with self._lock:
            if self._waiting.total() >= self._most or self._waiting[who] >= self._most_of_one:
                raise refuse("too_many_waiting")
            self._waiting[who] += 1
        try:
            ends = time.monotonic() + seconds
            while self.known() <= beyond:
                if time.monotonic() >= ends:
                    return False
                time.sleep(LOOK_EVERY)
            return True
        finally:
            with self._lock:
                self._waiting[who] -= 1
                self._waiting += Counter()  # who waits no more is forgotten
