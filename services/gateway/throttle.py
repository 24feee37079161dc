"""Failures are counted, successes are not: a citizen who knows the digits may look as often as wanted, a guesser may
not. Only licences looked up by their serial are counted each time, as serials can be guessed by counting. Counts live
in the gateway's database, so they hold across its processes and restarts; keys are keyed hashes, so no address is
stored. Guesses that are in flight at the same moment may each pass once; they are bounded by the work the door takes at
a time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, delete, select
from sqlalchemy.dialects.postgresql import insert

from chassis.database import Statement
from rules.refusal import refuse
from services.gateway.tables import failure


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `failures` (for VERIFICATION_ADDRESS: look-ups) in one window for one key of `field`."""

    field: str
    failures: int
    window: timedelta


INQUIRY_ADDRESS = Limit("inquiry.address", 30, timedelta(minutes=15))
INQUIRY_NUMBER = Limit("inquiry.number", 8, timedelta(minutes=15))
LOGIN_ADDRESS = Limit("login.address", 30, timedelta(minutes=15))
LOGIN_NAME = Limit("login.name", 8, timedelta(minutes=15))
SECOND_FACTOR = Limit("login.second", 5, timedelta(minutes=15))
"""Of a million codes three hold at a time: at this pace a guesser who has the password needs years."""
CODE_ADDRESS = Limit("code.address", 30, timedelta(minutes=15))
"""One-time codes given back wrong. A code itself falls after five; this is for who tries the codes of many numbers."""
VERIFICATION_ADDRESS = Limit("verification.address", 60, timedelta(minutes=15))
"""More than an inspector checks by hand in a street of shops, too few to copy the register of licence holders."""

_insert = insert(failure).values(key=bindparam("key"), window_start=bindparam("window_start"), count=1)
_COUNTED = Statement(
    select(failure.c.count).where(failure.c.key == bindparam("key"), failure.c.window_start == bindparam("window"))
)
_ADD = Statement(
    _insert.on_conflict_do_update(index_elements=["key", "window_start"], set_={"count": failure.c.count + 1})
)
_FORGET = Statement(delete(failure).where(failure.c.window_start < bindparam("before")))


def check(work: Any, *claims: tuple[Limit, str]) -> None:
    """Refuse `too_many_requests` when any of the claims has failed too often in its window."""
    for limit, value in claims:
        start = window_start(work.now, limit.window)
        counted = work.scalar(_COUNTED, key=_key(work, limit, value), window=start) or 0
        if counted >= limit.failures:
            raise refuse("too_many_requests", seconds=max(1, int((start + limit.window - work.now).total_seconds())))


def failed(work: Any, *claims: tuple[Limit, str]) -> None:
    """Count one failure for each claim."""
    for limit, value in claims:
        work.write(_ADD, key=_key(work, limit, value), window_start=window_start(work.now, limit.window))


def forget(work: Any) -> None:
    """Delete counts of windows long past."""
    work.write(_FORGET, before=work.now - timedelta(days=1))


def window_start(now: datetime, window: timedelta) -> datetime:
    """The start of the fixed window that `now` falls in."""
    seconds = int(window.total_seconds())
    return datetime.fromtimestamp(int(now.timestamp()) // seconds * seconds, tz=now.tzinfo)


def _key(work: Any, limit: Limit, value: str) -> bytes:
    hashed: bytes = work.privacy.lookup(value, f"gateway.failure.{limit.field}")
    return hashed
