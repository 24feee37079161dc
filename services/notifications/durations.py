"""How long something took, kept as a count for each step of a ladder: a day of any size needs a few dozen numbers, days
and providers add up, and a percentile is read from them within a fifth. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping

SHORTEST = 0.1  # seconds: everything quicker stands on the lowest step
RATIO = 1.2  # each step is that much longer than the one below, so a percentile is told at most that much too long
NONE = -1  # of what has no duration


def step(seconds: float) -> int:
    """The lowest step whose `longest` is not shorter. Below nothing (two clocks that disagree) counts as nothing."""
    if seconds <= SHORTEST:
        return 0
    return max(math.ceil(math.log(seconds / SHORTEST) / math.log(RATIO) - 1e-9), 0)


def longest(on: int) -> float:
    """The seconds that what stands on this step took at most."""
    return float(SHORTEST * RATIO**on)


def percentile(counts: Mapping[int, int], share: float) -> float | None:
    """The seconds within which this share (0 to 1) of all was done; at most RATIO times the true figure, never below
    it. None of nothing."""
    total = sum(counts.values())
    if total <= 0:
        return None
    wanted, seen = max(math.ceil(total * share), 1), 0
    for on in sorted(counts):
        seen += counts[on]
        if seen >= wanted:
            return longest(on)
    raise AssertionError("a share above 1")
