"""The periods that a board shows: a day, a week, a month or chosen dates, and the period before, against which it is
held. A period that is not over yet is held against the same number of days of the one before, so that half a month
never looks bad beside a whole one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from rules.refusal import Fault, Refusal

DAY, WEEK, MONTH, DATES = "day", "week", "month", "dates"
KINDS = (DAY, WEEK, MONTH, DATES)
LONGEST = 366  # days of one period
_DAY = timedelta(days=1)
EARLIEST = date(2000, 1, 1)  # before which nothing was lodged here; keeps the period before inside the calendar


@dataclass(frozen=True, slots=True)
class Span:
    """Days from `since` to `until`, both included."""

    since: date
    until: date

    @property
    def days(self) -> int:
        return (self.until - self.since).days + 1


def week_of(day: date) -> Span:
    """The week of a day: from Sunday, the first working day, to Saturday."""
    since = day - _DAY * ((day.weekday() + 1) % 7)
    return Span(since, since + _DAY * 6)


def month_of(day: date) -> Span:
    """The calendar month of a day."""
    since = day.replace(day=1)
    return Span(since, (since + _DAY * 31).replace(day=1) - _DAY)


def period(kind: str, on: date, until: date | None = None) -> Span:
    """The period of this kind that the day `on` belongs to; from `on` to `until` for chosen dates. Refuses
    period_reversed, period_too_long, and period_too_early before the year 2000."""
    if on < EARLIEST:
        raise Refusal([Fault("period_too_early", "since", {"year": EARLIEST.year})])
    if kind == DAY:
        return Span(on, on)
    if kind == WEEK:
        return week_of(on)
    if kind == MONTH:
        return month_of(on)
    last = until or on
    if last < on:
        raise Refusal([Fault("period_reversed", "until")])
    if (last - on).days >= LONGEST:
        raise Refusal([Fault("period_too_long", "until", {"days": LONGEST})])
    return Span(on, last)


def until_today(span: Span, today: date) -> Span:
    """What of a period has passed, today included; all of it where it lies ahead."""
    return Span(span.since, min(span.until, today)) if span.since <= today else span


def before(kind: str, span: Span, today: date) -> Span:
    """The period before a whole one of its kind, as long as what has passed of it, and never beyond its own end."""
    passed = until_today(span, today).days
    if kind == MONTH:
        whole = month_of(span.since - _DAY)
    elif kind == WEEK:
        whole = week_of(span.since - _DAY)
    else:
        whole = Span(span.since - _DAY * span.days, span.since - _DAY)
    return whole if passed == span.days else Span(whole.since, min(whole.until, whole.since + _DAY * (passed - 1)))


def neighbours(span: Span) -> tuple[date, date]:
    """The last day of the period before and the first of the period after."""
    return span.since - _DAY, span.until + _DAY
