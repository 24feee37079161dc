"""Working days in Egypt, in Cairo dates. The weekend is Friday and Saturday unless a place's working hours say
otherwise; public holidays come from the `holidays` library (country EG), whose Islamic dates are forecasts, corrected
by what was decreed. What is decreed for one unit goes before what is decreed for its governorate, and that before what
is decreed for all."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

import holidays

CAIRO = ZoneInfo("Africa/Cairo")
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")  # as date.weekday() counts
WEEKEND = frozenset({4, 5})  # Friday, Saturday
HOLIDAY, WORKING_DAY = "holiday", "working_day"
EFFECTS = (HOLIDAY, WORKING_DAY)
_DAY = timedelta(days=1)
_LONGEST_CLOSURE = 60  # days; a longer run without a working day is a broken table of decrees
_LANGUAGES = {"ar": "ar_EG", "en": "en_US"}


def cairo_date(instant: datetime) -> date:
    """The date in Cairo at an aware instant. ValueError for a naive one."""
    if instant.tzinfo is None:
        raise ValueError("an instant carries its time zone")
    return instant.astimezone(CAIRO).date()


def opens(day: date) -> datetime:
    """The instant (UTC) at which a Cairo date begins. Where the clock springs over midnight, its first instant."""
    return datetime.combine(day, time.min, CAIRO).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Decree:
    """What was decreed for one day: a holiday, or a working day in place of one. `names` in ar and en; `number` and
    `dated` are the decree's, where known; `breadth` is 0 for all, 1 for a governorate, 2 for a unit."""

    day: date
    effect: str
    names: Mapping[str, str]
    number: str | None
    dated: date | None
    breadth: int


def decrees(
    timelines: Iterable[Iterable[Mapping[str, Any]]], *, governorate: str | None = None, unit: str | None = None
) -> Mapping[date, Decree]:
    """What is decreed for each day at a place. A timeline is that of one `holiday` of the organisation:
    `{valid_from, valid_until, body}`, dates as dates or ISO text; of its days those count on which it stands. Without
    `governorate` and `unit` only what is decreed for all."""
    found: dict[date, Decree] = {}
    here = {None, ("governorate", governorate), ("unit", unit)}
    for version in (version for timeline in timelines for version in timeline):
        scope = version["body"].get("scope")
        if (scope and (scope["kind"], scope["code"])) not in here:
            continue
        for decree in _of_version(version):
            known = found.get(decree.day)
            if known is None or decree.breadth > known.breadth:
                found[decree.day] = decree
    return found


def _of_version(version: Mapping[str, Any]) -> Iterator[Decree]:
    body = version["body"]
    scope = body.get("scope")
    breadth = 0 if scope is None else 1 if scope["kind"] == "governorate" else 2
    decree = body.get("decree") or {}
    dated = decree.get("date")
    since, until = _date(version["valid_from"]), version.get("valid_until")
    day, last = max(_date(body["first"]), since), _date(body["last"])
    if until is not None:
        last = min(last, _date(until) - _DAY)
    while day <= last:
        yield Decree(day, body["effect"], body["name"], decree.get("number"), None if dated is None else _date(dated),
                     breadth)
        day += _DAY


def _date(value: date | str) -> date:
    return value if isinstance(value, date) else date.fromisoformat(value)


def weekdays(names: Iterable[str]) -> frozenset[int]:
    """Days of the week by their names (`friday`), as `date.weekday()` counts them."""
    return frozenset(WEEKDAYS.index(name) for name in names)


@dataclass(frozen=True)
class Calendar:
    """The working days of one place. `added`: decreed holidays and why; `removed`: holidays of the library that were
    decreed away or fell on another day. What is decreed wins; a weekend day can be made a working day by `removed`.
    `weekend` are the days of the week off (Monday is 0); `weekends` are later ones, each from its date on, in order."""

    added: Mapping[date, str] = field(default_factory=dict)
    removed: frozenset[date] = frozenset()
    weekend: frozenset[int] = WEEKEND
    weekends: Sequence[tuple[date, frozenset[int]]] = ()
    _counted: dict[int, list[int]] = field(default_factory=dict, init=False, repr=False, compare=False)

    @classmethod
    def of_decrees(
        cls,
        timelines: Iterable[Iterable[Mapping[str, Any]]],
        *,
        governorate: str | None = None,
        unit: str | None = None,
        hours: Iterable[Mapping[str, Any]] = (),
    ) -> Calendar:
        """The calendar of a place: what was decreed for it (see `decrees`) and the weekend of its working hours.
        `hours` is the timeline of the place's `working_hours`; where it says nothing, Friday and Saturday are off."""
        found = decrees(timelines, governorate=governorate, unit=unit)
        return cls(
            {day: one.names["ar"] for day, one in found.items() if one.effect == HOLIDAY},
            frozenset(day for day, one in found.items() if one.effect == WORKING_DAY),
            weekends=tuple(_weekends(hours)),
        )

    def weekend_on(self, day: date) -> frozenset[int]:
        """The days of the week off, at that date."""
        place = bisect_right([since for since, _ in self.weekends], day)
        return self.weekends[place - 1][1] if place else self.weekend

    def holiday(self, day: date) -> str | None:
        """Why the day is a public holiday (weekends aside), or None."""
        if day in self.added:
            return self.added[day]
        return None if day in self.removed else public_holidays(day.year).get(day)

    def is_working(self, day: date) -> bool:
        """Whether offices work on the day."""
        if day in self.added:
            return False
        return day in self.removed or (day.weekday() not in self.weekend_on(day) and self.holiday(day) is None)

    def working_days(self, after: date, until: date) -> int:
        """How many working days lie after the one date and up to the other. 0 when `until` is earlier."""
        if until <= after:
            return 0
        if until.year == after.year:
            counts = self._counts(after.year)
            return counts[until.timetuple().tm_yday] - counts[after.timetuple().tm_yday]
        first, last = self._counts(after.year), self._counts(until.year)
        between = sum(self._counts(year)[-1] for year in range(after.year + 1, until.year))
        return first[-1] - first[after.timetuple().tm_yday] + between + last[until.timetuple().tm_yday]

    def _counts(self, year: int) -> list[int]:
        """How many working days there are up to and including each day of the year, from the 0th on: a sweep over all
        open requests asks for the same days again and again."""
        counts = self._counted.get(year)
        if counts is None:
            first, counts = date(year, 1, 1), [0]
            for n in range((date(year, 12, 31) - first).days + 1):
                counts.append(counts[-1] + self.is_working(first + _DAY * n))
            self._counted[year] = counts
        return counts

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


def _weekends(hours: Iterable[Mapping[str, Any]]) -> Iterator[tuple[date, frozenset[int]]]:
    ended: date | None = None
    for version in hours:
        since, until = _date(version["valid_from"]), version.get("valid_until")
        if ended is not None and ended != since:
            yield ended, WEEKEND
        yield since, weekdays(version["body"]["weekend"])
        ended = None if until is None else _date(until)
    if ended is not None:
        yield ended, WEEKEND


@cache
def public_holidays(year: int, language: str = "ar") -> Mapping[date, str]:
    """The public holidays of a year as the library knows or forecasts them, named in `ar` or `en`."""
    names = holidays.country_holidays("EG", years=year, language=_LANGUAGES[language])
    return MappingProxyType({day: name for day, name in names.items() if day.year == year})
