"""What may hold a message back at the moment it would go out. Pure: the rules, the moment and the facts in, what to do
out.

A one-time code goes whenever it is asked for. A legal notice keeps the quiet hours and nothing else: its date counts
in law, and nobody can choose not to be told. Everything else keeps the quiet hours, the address's daily limit, and
what the citizen chose.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from services.notifications.kinds import Lane

CAIRO = ZoneInfo("Africa/Cairo")
CHANNELS = frozenset({"sms", "email"})
OFF = "off"
_WINDOW = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-3]):([0-5][0-9])")


class Held(StrEnum):
    """Why a message waits though its lane is free."""

    QUIET_HOURS = "quiet_hours"
    DAILY_LIMIT = "daily_limit"
    CAMPAIGN_PAUSED = "campaign_paused"


@dataclass(frozen=True, slots=True)
class Hold:
    """Wait, and look again at `until` (aware UTC)."""

    why: Held
    until: datetime


@dataclass(frozen=True, slots=True)
class OptedOut:
    """Never send it: the citizen does not want it."""


@dataclass(frozen=True, slots=True)
class Rules:
    """`quiet`: Cairo times of day between which nothing goes out over `quiet_channels`; the first may be later than
    the second, then midnight lies between. `daily_limit`: messages to one address on a Cairo day."""

    quiet: tuple[time, time] | None = (time(22), time(8))
    quiet_channels: frozenset[str] = frozenset({"sms"})
    daily_limit: int = 10


def window(text: str) -> tuple[time, time] | None:
    """Quiet hours as they are set: `22:00-08:00`, or `off` for None. ValueError for anything else."""
    if text == OFF:
        return None
    found = _WINDOW.fullmatch(text)
    if found is None:
        raise ValueError("not a span of two times of day")
    begin, end = time(int(found[1]), int(found[2])), time(int(found[3]), int(found[4]))
    if begin == end:
        raise ValueError("a span that is a whole day, or nothing")
    return begin, end


def decide(rules: Rules, now: datetime, *, channel: str, lane: int, legal: bool, opted_out: bool,
           handed: int) -> Hold | OptedOut | None:
    """What holds this message at `now`; None when it may go. `handed`: how many messages to the address were handed
    over on this Cairo day already, this one not among them."""
    if lane == Lane.CODE:
        return None
    if opted_out and not legal:
        return OptedOut()
    until = quiet_until(rules, now, channel)
    if until is not None:
        return Hold(Held.QUIET_HOURS, until)
    if handed >= rules.daily_limit and not legal:
        return Hold(Held.DAILY_LIMIT, allowed_from(rules, tomorrow(now), channel))
    return None


def quiet_until(rules: Rules, now: datetime, channel: str) -> datetime | None:
    """The end of the quiet hours in which `now` lies, as UTC; None outside them."""
    if rules.quiet is None or channel not in rules.quiet_channels or not _within(rules.quiet, now):
        return None
    return min(moment for moment in _ends(rules.quiet[1], now) if moment > now and not _within(rules.quiet, moment))


def allowed_from(rules: Rules, moment: datetime, channel: str) -> datetime:
    """The first moment from `moment` on that lies in no quiet hours."""
    return quiet_until(rules, moment, channel) or moment


def day(now: datetime) -> date:
    """The Cairo day, which the daily limit counts by."""
    return now.astimezone(CAIRO).date()


def tomorrow(now: datetime) -> datetime:
    """When the next Cairo day begins, as UTC: midnight, or one o'clock on the day on which the clocks skip it."""
    return _moment(day(now) + timedelta(days=1), time(0))


def _within(quiet: tuple[time, time], moment: datetime) -> bool:
    begin, end = quiet
    local = moment.astimezone(CAIRO).time()
    return begin <= local < end if begin < end else local >= begin or local < end


def _ends(end: time, now: datetime) -> Iterator[datetime]:
    """When the quiet hours may be over: their end on each of the next days, twice where the clocks go back over it; and
    the beginning of a day, where the clocks go forward over it (in Egypt they do so at midnight)."""
    today = day(now)
    for days in range(3):
        for fold in (0, 1):
            yield _moment(today + timedelta(days=days), end.replace(fold=fold))
        yield _moment(today + timedelta(days=days), time(0))


def _moment(on: date, at: time) -> datetime:
    return datetime.combine(on, at, CAIRO).astimezone(UTC)
