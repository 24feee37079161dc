"""Working days in Egypt, in Cairo dates. The weekend is Friday and Saturday; public holidays come from the `holidays`
library (country EG), whose Islamic dates are forecasts, corrected by what was decreed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from types import MappingProxyType
from zoneinfo import ZoneInfo

import holidays

CAIRO = ZoneInfo("Africa/Cairo")
_WEEKEND = (4, 5)  # Friday, Saturday
_DAY = timedelta(days=1)
_LONGEST_CLOSURE = 60  # days; a longer run without a working day is a broken table of decrees


def cairo_date(instant: datetime) -> date:
    """The date in Cairo at an aware instant. ValueError for a naive one."""
    if instant.tzinfo is None:
        raise ValueError("an instant carries its time zone")
    return instant.astimezone(CAIRO).date()


def opens(day: date) -> datetime:
    """The instant (UTC) at which a Cairo date begins. Where the clock springs over midnight, its first instant."""
    return datetime.combine(day, time.min, CAIRO).astimezone(UTC)


@dataclass(frozen=True)
class Calendar:
    """The working days of one node. `added`: decreed holidays and why; `removed`: holidays of the library that were
    decreed away or fell on another day. What is decreed wins; a weekend day can be made a working day by `removed`."""

    added: Mapping[date, str] = field(default_factory=dict)
    removed: frozenset[date] = frozenset()

    def holiday(self, day: date) -> str | None:
        """Why the day is a public holiday (weekends aside), or None."""
        if day in self.added:
            return self.added[day]
        return None if day in self.removed else _public_holidays(day.year).get(day)

    def is_working(self, day: date) -> bool:
        """Whether offices work on the day."""
        if day in self.added:
            return False
        return day in self.removed or (day.weekday() not in _WEEKEND and self.holiday(day) is None)

    def working_days(self, after: date, until: date) -> int:
        """How many working days lie after the one date and up to the other. 0 when `until` is earlier."""
        return sum(self.is_working(after + _DAY * n) for n in range(1, (until - after).days + 1))

    def add_working_days(self, day: date, count: int) -> date:
        """The date of the `count`-th working day after `day`; the day itself for 0. The day of the event does not
        count. ValueError for a negative count or when decrees leave no working day for two months."""
        if count < 0:
            raise ValueError("working days are counted forward")
        closed = 0
        while count:
            day += _DAY
            if self.is_working(day):
                count, closed = count - 1, 0
            elif (closed := closed + 1) > _LONGEST_CLOSURE:
                raise ValueError(f"no working day in the {_LONGEST_CLOSURE} days before {day}")
        return day


@cache
def _public_holidays(year: int) -> Mapping[date, str]:
    names = holidays.country_holidays("EG", years=year, language="ar_EG")
    return MappingProxyType({day: name for day, name in names.items() if day.year == year})
