"""How many examples a property is tried with: all in the long run, a third of them in the short one. Each run tries
others, so what the short ones leave out comes in time."""

from __future__ import annotations

import os

THOROUGH = os.environ.get("SHUBBAK_THOROUGH", "0") != "0"


def examples(most: int) -> int:
    """So many in the long run."""
    return most if THOROUGH else max(10, most // 3)
