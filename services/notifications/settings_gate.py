"""The settings of the gate: quiet hours and the daily limit."""

from __future__ import annotations

from functools import lru_cache

from chassis.config import Settings
from chassis.errors import ConfigurationError
from services.notifications.gate import CHANNELS, Rules, window

QUIET, LIMIT = "22:00-08:00", "10"


def rules(settings: Settings) -> Rules:
    """What the gate goes by on this node. ConfigurationError names every setting that is wrong, no value among them."""
    return _read(settings.env("QUIET_HOURS") or QUIET, settings.env("QUIET_CHANNELS") or "sms",
                 settings.env("DAILY_LIMIT") or LIMIT)


@lru_cache(maxsize=8)
def _read(quiet: str, channels: str, limit: str) -> Rules:
    faults: list[str] = []
    span = None
    try:
        span = window(quiet)
    except ValueError:
        faults.append("SHUBBAK_QUIET_HOURS must be two Cairo times of day such as 22:00-08:00, or off")
    chosen = frozenset(channels.replace(" ", "").split(","))
    if not chosen <= CHANNELS:
        faults.append("SHUBBAK_QUIET_CHANNELS must be sms, email or both with a comma between")
    if not (limit.isascii() and limit.isdigit() and 1 <= int(limit) <= 1000):
        faults.append("SHUBBAK_DAILY_LIMIT must be a whole number from 1 to 1000")
    if faults:
        raise ConfigurationError("notifications: " + "; ".join(faults))
    return Rules(span, chosen, int(limit))
