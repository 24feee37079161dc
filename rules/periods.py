"""The statutory periods of a request, that of the whole and those of parts of its path, and the dates on which somebody
must hear of them; and the same for a department's own target.

A period of a part runs while the request stands in one of the part's states, whoever acts there, and stands still
everywhere else. An extension makes a period longer by its days; it never makes one shorter.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from rules import deadlines
from rules.calendar import Calendar, cairo_date
from rules.deadlines import Deadline, Interval, Mark, Period
from rules.refusal import refuse

WHOLE = "whole"  # the code of the period of the whole; no part may have it, for parts are told by their own
NONE, APPROVAL, REJECTION = "none", "approval", "rejection"
WARNED, SILENCE_NEAR, BREACHED, ESCALATED = "warned", "silence_near", "breached", "escalated"
LEVELS = (WARNED, SILENCE_NEAR, BREACHED, ESCALATED)
WARN_AT_PERCENT = 80
SILENCE_NEAR_DAYS = 3  # calendar days before silence takes effect on which the head is told, at the latest
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Extension:
    """A period was made longer by so many of its days."""

    period: str
    days: int


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one period of a request stands on a day. `period` includes what it was `extended` by; `warn_on` is the date
    on which 80 % of its days are used (None while the clock stands before that, and for a period of no days)."""

    code: str
    name: Mapping[str, str] | None
    period: Period
    extended: int
    silence: str
    silence_to: str | None
    deadline: Deadline
    warn_on: date | None
    states: frozenset[str] | None  # None: the whole path

    def levels(self, today: date) -> tuple[str, ...]:
        """What of WARNED, SILENCE_NEAR and BREACHED has been reached, in this order."""
        return tuple(level for level, on in self._dates() if on <= today)

    def next_on(self, today: date) -> date | None:
        """The first date after today on which a further level is reached, if the clock goes on as it does now."""
        return min((on for _, on in self._dates() if on > today), default=None)

    @property
    def silence_on(self) -> date | None:
        """The first date on which silence means something: the day after the last of the period."""
        due = self.deadline.due_on
        return due + _DAY if due is not None and self.silence != NONE else None

    def as_dict(self, today: date, calendar: Calendar, *, explained: bool = False) -> dict[str, Any]:
        """The period as people are shown it, with its explanation where it is asked for."""
        due = self.deadline.due_on
        shown: dict[str, Any] = {
            "code": self.code, "name": dict(self.name) if self.name else None, "days": self.period.days,
            "kind": self.period.kind, "extended": self.extended, "silence": self.silence,
            "due_on": due.isoformat() if due else None, "days_used": self.deadline.days_used,
            "days_left": self.deadline.days_left, "late": self.deadline.late}
        if explained:
            shown["explanation"] = explained_lines(self.period, self.deadline.intervals, today, calendar)
        return shown

    def _dates(self) -> list[tuple[str, date]]:
        due = self.deadline.due_on
        found = [(WARNED, self.warn_on)] if self.warn_on else []
        if due is not None:
            if self.silence != NONE:
                found.append((SILENCE_NEAR, due - _DAY * SILENCE_NEAR_DAYS))
            found.append((BREACHED, due + _DAY))
        return found


def standings(definition: Mapping[str, Any], marks: Sequence[Mark], today: date, calendar: Calendar,
              extensions: Iterable[Extension] = (), ended: datetime | None = None) -> tuple[Standing, ...]:
    """Every period of the definition that has begun for a request with these marks, that of the whole first. With
    `ended` the last mark is that of the end and counts for nothing."""
    counted = list(marks[:-1] if ended else marks)
    if not counted:
        return ()
    longer: dict[str, int] = {}
    for one in extensions:
        longer[one.period] = longer.get(one.period, 0) + one.days
    found = []
    whole = definition.get("period")
    if whole:
        found.append(_standing(WHOLE, whole, counted, None, today, calendar, longer, ended))
    for part in definition.get("stage_periods") or ():
        states = frozenset(part["states"])
        if any(mark.why in states for mark in counted):
            found.append(_standing(part["code"], part, counted, states, today, calendar, longer, ended))
    return tuple(found)


def _standing(code: str, written: Mapping[str, Any], marks: list[Mark], states: frozenset[str] | None, today: date,
              calendar: Calendar, longer: Mapping[str, int], ended: datetime | None) -> Standing:
    if states is not None:
        marks = [Mark(mark.at, deadlines.RUNNING if mark.why in states else deadlines.STOPPED, mark.why)
                 for mark in marks]
    extended = longer.get(code, 0)
    period = Period(written["days"] + extended, written["kind"])
    found = deadlines.deadline(period, marks, today, calendar, ended)
    return Standing(code, written.get("name"), period, extended, written.get("silence", NONE),
                    written.get("silence_to"), found, warn_on(period, found.intervals, calendar), states)


def warn_on(period: Period, clock: Sequence[Interval], calendar: Calendar) -> date | None:
    """The date on which 80 % of the period's days are used, rounded up to whole days; None for a period of no days, and
    while the clock stands before that."""
    if period.days == 0:
        return None
    share = -(-period.days * WARN_AT_PERCENT // 100)
    return deadlines.due_on(Period(share, period.kind), clock, calendar)


def explained_lines(period: Period, clock: Iterable[Interval], today: date, calendar: Calendar) -> list[dict[str, Any]]:
    """The lines of `deadlines.explain`, each with the `days` of the period's kind that it used up: they add up to the
    days used."""
    return [{**interval.as_dict(), "days": deadlines.days_used(period, (interval,), today, calendar)}
            for interval in clock]


def check_extension(written: Mapping[str, Any], standing: Standing, days: int, times: int, today: date) -> None:
    """Refuse an extension by `days` that the definition does not allow for the period, after `times` of them:
    extension_not_allowed, extension_too_long (its limit is per extension), extensions_used_up, extension_too_late once
    the period is over, since nobody may make a late file punctual."""
    allowed = written.get("extension")
    if not allowed:
        raise refuse("extension_not_allowed", "period", period=standing.code)
    if times >= allowed["times"]:
        raise refuse("extensions_used_up", "period", times=allowed["times"])
    if not 1 <= days <= allowed["days"]:
        raise refuse("extension_too_long", "days", most=allowed["days"])
    due = standing.deadline.due_on
    if due is not None and due < today:
        raise refuse("extension_too_late", "period", due_on=due.isoformat())


@dataclass(frozen=True, slots=True)
class TargetDates:
    """When a department's task is to be warned of, when it is due, and when its head hears that it is late."""

    warn_on: date | None
    due_on: date | None
    escalate_on: date | None

    def levels(self, today: date) -> tuple[str, ...]:
        """What of WARNED, BREACHED, ESCALATED has been reached, in this order."""
        return tuple(level for level, on in self._dates() if on <= today)

    def next_on(self, today: date) -> date | None:
        """The first date after today on which a further level is reached."""
        return min((on for _, on in self._dates() if on > today), default=None)

    def _dates(self) -> list[tuple[str, date]]:
        breached = self.due_on + _DAY if self.due_on else None
        return [(level, on) for level, on in
                ((WARNED, self.warn_on), (BREACHED, breached), (ESCALATED, self.escalate_on)) if on is not None]


def target_dates(target: Mapping[str, Any] | None, escalation: Mapping[str, Any] | None, given_at: datetime,
                 calendar: Calendar) -> TargetDates:
    """The dates of a task handed out at an instant. A task without a target has none. The head hears of it on the day
    after `escalation.after`, counted from the target's end."""
    if target is None:
        return TargetDates(None, None, None)
    clock = (Interval(cairo_date(given_at), None, deadlines.RUNNING, "task"),)
    period = Period(target["days"], target["kind"])
    due = deadlines.due_on(period, clock, calendar)
    escalate = None
    if escalation is not None and due is not None:
        after = escalation["after"]
        last = deadlines.due_on(Period(after["days"], after["kind"]),
                                (Interval(due, None, deadlines.RUNNING, "late"),), calendar)
        escalate = last + _DAY if last else None
    return TargetDates(warn_on(period, clock, calendar), due, escalate)
