"""Until when a rejection may be appealed against."""

from __future__ import annotations

from datetime import date, timedelta

from rules.calendar import Calendar
from rules.deadlines import WORKING
from rules.workflow import Appeal


def last_day(appeal: Appeal, decided_on: date, calendar: Calendar) -> date:
    """The last Cairo day on which the appeal is in time. The day of the decision does not count, and a last day on
    which nobody works moves to the next one on which they do (Code of Civil and Commercial Procedure, law 13 of 1968,
    articles 15 and 18)."""
    if appeal.kind == WORKING:
        return calendar.add_working_days(decided_on, appeal.days)
    last = decided_on + timedelta(days=appeal.days)
    return last if calendar.is_working(last) else calendar.add_working_days(last, 1)
