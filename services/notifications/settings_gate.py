"""The settings of what waits and of what is kept: quiet hours, the daily limit, terms of retention."""

from __future__ import annotations

from functools import lru_cache

from chassis import retention
from chassis.config import Settings
from chassis.errors import ConfigurationError
from services.notifications.gate import CHANNELS, Rules, window

QUIET, LIMIT = "22:00-08:00", "10"


def rules(settings: Settings) -> Rules:
    """What the gate goes by on this node. ConfigurationError names every setting that is wrong, no value among them."""
    found, faults = _of(settings)
    if faults:
        raise ConfigurationError("notifications: " + "; ".join(faults))
    return found


def check(settings: Settings, faults: list[str]) -> None:
    """Add what is wrong with them, at start."""
    faults += _of(settings)[1]
    try:
        retention.rules_of(settings)
    except ConfigurationError as error:
        faults.append(str(error))


def _of(settings: Settings) -> tuple[Rules, tuple[str, ...]]:
    return _read(settings.env("QUIET_HOURS") or QUIET, settings.env("QUIET_CHANNELS") or "sms",
                 settings.env("DAILY_LIMIT") or LIMIT)


@lru_cache(maxsize=8)
def _read(quiet: str, channels: str, limit: str) -> tuple[Rules, tuple[str, ...]]:
    faults: list[str] = []
    span = None
    try:
        span = window(quiet)
    except ValueError:
        faults.append("SHUBBAK_QUIET_HOURS must be two Cairo times of day such as 22:00-08:00, or off")
    chosen = frozenset(channels.replace(" ", "").split(","))
    if not chosen <= CHANNELS:
        faults.append("SHUBBAK_QUIET_CHANNELS must be sms, email or both with a comma between")
    most = int(limit) if limit.isascii() and limit.isdigit() and len(limit) < 8 else 0
    if not 1 <= most <= 1_000_000:
        faults.append("SHUBBAK_DAILY_LIMIT must be a whole number from 1 to 1000000")
    return Rules(span, chosen, most), tuple(faults)
