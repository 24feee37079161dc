"""Cairo time, in which the sandbox rails speak."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

CAIRO = ZoneInfo("Africa/Cairo")


def local_time(at: float | None) -> str:
    """Cairo time of epoch seconds as a person reads it."""
    return "" if at is None else datetime.fromtimestamp(at, CAIRO).strftime("%Y-%m-%d %H:%M")
