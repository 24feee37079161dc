"""Numbers after a restore: a node that was restored from a backup no longer knows which it gave since, so it goes on
behind all that it can have given.

How many those can be is told by its own pace. What the centre knows of the numbers given (its high-water mark) comes
later, when the line is up, and can only move them further.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta

LEAST = 10_000
"""A first day after a holiday, tablets that were each given a block, a campaign: what no pace tells."""
SAFETY = 3
"""Times the pace of before: a season may have begun after the backup."""
_DAY = timedelta(days=1)


def passed_over(drawn: int, first: datetime | None, newest: datetime | None, now: datetime) -> int:
    """How many numbers of a sequence to leave out. `drawn` were given from the `first` fact of the restored log until
    its `newest`, which is the moment of the backup; None of a log that is empty. The result is never below LEAST."""
    if first is None or newest is None:
        return LEAST
    lived = max(newest - first, _DAY) / _DAY
    lost = max(now - newest, timedelta(0)) / _DAY
    return max(LEAST, math.ceil(SAFETY * drawn / lived * lost))
