"""When a request is due, and why: the one calculator of statutory periods.

The clock is a list of intervals in Cairo dates. An interval from A to B owns the days after A up to and including B:
the day of an event does not count, each day belongs to the state the clock was in when the day began, and so stopping
and running on within a day changes nothing, and no day is counted twice or lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from rules.calendar import Calendar, cairo_date

RUNNING, STOPPED = "running", "stopped"
CALENDAR, WORKING = "calendar", "working"
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Period:
    """A statutory period: days, in calendar or working days."""

    days: int
    kind: str

    def __post_init__(self) -> None:
        if self.days < 0 or self.kind not in (CALENDAR, WORKING):
            raise ValueError(f"no such period: {self.days} {self.kind}")


@dataclass(frozen=True, slots=True)
class Mark:
    """At an instant the clock was set running or stopped, and why (a state's code)."""

    at: datetime
    clock: str
    why: str


@dataclass(frozen=True, slots=True)
class Interval:
    """The clock was running or stopped from one Cairo date to another (None: still is), and why."""

    since: date
    until: date | None
    clock: str
    why: str

    def as_dict(self) -> dict[str, Any]:
        """{from, to, clock, why}, dates as ISO text: a line of the explanation shown to anybody who asks."""
        return {"from": self.since.isoformat(), "to": self.until.isoformat() if self.until else None,
                "clock": self.clock, "why": self.why}


@dataclass(frozen=True, slots=True)
class Deadline:
    """Where a period stands on a day. `due_on` is None while the clock is stopped with days left: the date moves on
    with each day of waiting, `days_left` stays. `late`: the due date has passed."""

    due_on: date | None
    days_used: int
    days_left: int
    late: bool
    intervals: tuple[Interval, ...]


def intervals(marks: Iterable[Mark], ended: datetime | None = None) -> tuple[Interval, ...]:
    """The intervals between the marks, the last one open unless the case `ended`. Marks are taken in the order given;
    ValueError when one goes back in time, for then some clock was wrong and nothing may be counted by it."""
    ordered = list(marks)
    ends = [mark.at for mark in ordered[1:]] + [ended]
    found = []
    for mark, end in zip(ordered, ends, strict=True):
        if end is not None and end < mark.at:
            raise ValueError(f"the clock went back from {mark.at.isoformat()} to {end.isoformat()}")
        if mark.clock not in (RUNNING, STOPPED):
            raise ValueError(f"a clock is running or stopped, not {mark.clock}")
        found.append(Interval(cairo_date(mark.at), cairo_date(end) if end else None, mark.clock, mark.why))
    return tuple(found)


def days_between(kind: str, after: date, until: date, calendar: Calendar) -> int:
    """Days of this kind after the one date and up to the other; 0 when `until` is earlier."""
    return max((until - after).days, 0) if kind == CALENDAR else calendar.working_days(after, until)


def days_used(period: Period, clock: Sequence[Interval], today: date, calendar: Calendar) -> int:
    """Days of the period's kind that the clock ran, up to and including today."""
    return sum(days_between(period.kind, interval.since, _end(interval, today), calendar)
               for interval in clock if interval.clock == RUNNING)


def due_on(period: Period, clock: Sequence[Interval], calendar: Calendar) -> date | None:
    """The date of the period's last day. Within a running interval that is still open the clock is taken to run on.
    None when the days do not run out in what is known: the clock is stopped, or the case ended in time. A period of
    no days is due on the day the clock first ran."""
    left = period.days
    for interval in clock:
        if interval.clock != RUNNING:
            continue
        if interval.until is None:
            return _add(period.kind, interval.since, left, calendar)
        owned = days_between(period.kind, interval.since, interval.until, calendar)
        if owned >= left:
            return _add(period.kind, interval.since, left, calendar)
        left -= owned
    return None


def deadline(period: Period, marks: Iterable[Mark], today: date, calendar: Calendar,
             ended: datetime | None = None) -> Deadline:
    """Everything that can be said of a period on a day: when it is due, days used and left, and the explanation."""
    clock = intervals(marks, ended)
    used = days_used(period, clock, today, calendar)
    due = due_on(period, clock, calendar)
    judged = min(today, cairo_date(ended)) if ended else today
    return Deadline(due, used, max(period.days - used, 0), due is not None and judged > due, clock)


def explain(clock: Iterable[Interval]) -> list[dict[str, Any]]:
    """The intervals as the lines of (from, to, clock, why) that every date shown can be explained by."""
    return [interval.as_dict() for interval in clock]


def _end(interval: Interval, today: date) -> date:
    return today if interval.until is None else min(interval.until, today)


def _add(kind: str, day: date, count: int, calendar: Calendar) -> date:
    return day + _DAY * count if kind == CALENDAR else calendar.add_working_days(day, count)
