"""How long a request waits: for its applicant to complete it, or for an outside body to answer.

A waiting state of a workflow may say how much `time_limit` there is and where its end leads (`expired`). The last day
belongs to it: what is done on that day is in time, and only the day after may anything follow. A limit that was
reckoned for somebody never becomes shorter, whatever is decreed later.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from rules.calendar import Calendar
from rules.deadlines import CALENDAR, WORKING
from rules.periods import WARN_AT_PERCENT
from rules.refusal import refuse

APPLICANT = "applicant"  # the code under which the applicant's own time is extended
WAITING = ("applicant", "external")  # kinds of state that may have a limit
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class TimeLimit:
    """So many `days`, `calendar` or `working`; the head may make it longer by `extension` {days, times}."""

    days: int
    kind: str
    extension: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        if self.days < 1 or self.kind not in (CALENDAR, WORKING):
            raise ValueError(f"no such limit: {self.days} {self.kind}")


@dataclass(frozen=True, slots=True)
class Waiting:
    """The last day in time, and the date on which 80 % of the days are used (never after the last day)."""

    last_day: date
    warn_on: date

    @property
    def over_on(self) -> date:
        """The first day on which the time is over."""
        return self.last_day + _DAY

    def judge_on(self, warned: bool) -> date:
        """When somebody must look next."""
        return self.over_on if warned else self.warn_on


def dates(limit: TimeLimit, since: date, extended: int, calendar: Calendar) -> Waiting:
    """The dates of a wait that began on a Cairo day and was extended by so many days. The day it began does not count;
    a last day on which nobody works moves to the next one on which they do (Code of Civil and Commercial Procedure, law
    13 of 1968, articles 15 and 18)."""
    days = limit.days + extended
    share = -(-days * WARN_AT_PERCENT // 100)
    if limit.kind == WORKING:
        return Waiting(calendar.add_working_days(since, days), calendar.add_working_days(since, share))
    last = since + timedelta(days=days)
    return Waiting(last if calendar.is_working(last) else calendar.add_working_days(last, 1),
                   since + timedelta(days=share))


def may_end(found: Waiting, today: date, warned_on: date | None, *, warned_first: bool) -> bool:
    """Whether the time is over today. With `warned_first` whoever loses by it was told on a day before: after a time in
    which nothing ran the warning goes out first and the end waits for another day."""
    if today < found.over_on:
        return False
    return not warned_first or (warned_on is not None and warned_on < today)


def check_extension(limit: TimeLimit, last_day: date, days: int, times: int, today: date) -> None:
    """Refuse to make a wait longer by `days` after `times` of that: extension_not_allowed, extension_too_long (its
    limit is per extension), extensions_used_up, extension_too_late once it is over."""
    allowed = limit.extension
    if not allowed:
        raise refuse("extension_not_allowed", "period", period=APPLICANT)
    if times >= allowed["times"]:
        raise refuse("extensions_used_up", "period", times=allowed["times"])
    if not 1 <= days <= allowed["days"]:
        raise refuse("extension_too_long", "days", most=allowed["days"])
    if last_day < today:
        raise refuse("extension_too_late", "period", due_on=last_day.isoformat())
