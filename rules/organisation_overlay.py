"""The organisation as a service that does not own it knows it: the lists beside rules.places, with what catalog has
published laid over them.

Of each entity the whole timeline is known: entries {valid_from, valid_until, body}, dates as ISO text, `valid_until`
the first day on which it no longer holds, or None. What has no timeline is as the lists say; what has one is as the
lists say until it begins, and nothing where it has a gap or is over.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from rules import places
from rules.calendar import Calendar
from rules.places import Unit

KINDS = ("unit", "centre", "holiday", "working_hours")  # what services beside catalog keep
Entry = Mapping[str, Any]


class Overlay:
    """What was published, by kind and code. It never changes: another publication makes another overlay."""

    def __init__(self, timelines: Iterable[tuple[str, str, Iterable[Entry]]] = ()) -> None:
        self._timelines: dict[str, dict[str, list[Entry]]] = {kind: {} for kind in KINDS}
        for kind, code, timeline in timelines:
            if kind in self._timelines:
                self._timelines[kind][code] = sorted(timeline, key=lambda entry: str(entry["valid_from"]))
        self._calendars: dict[str, Calendar] = {}
        self._units: tuple[date, list[Unit]] | None = None

    def unit(self, code: str, day: date) -> Unit | None:
        """The unit as it stands on a day, or None where there is none of this code then."""
        timeline = self._timelines["unit"].get(code)
        if timeline is None:
            return places.unit(code)
        entry = _of_day(timeline, day)
        if entry is not None:
            return _unit(code, entry["body"])
        return places.unit(code) if day.isoformat() < str(timeline[0]["valid_from"]) else None

    def units(self, day: date) -> list[Unit]:
        """All units of a day: in the order of the list, then those that only were published, by code."""
        if self._units is not None and self._units[0] == day:
            return list(self._units[1])
        codes = [*places.units(), *sorted(set(self._timelines["unit"]) - set(places.units()))]
        found = [unit for code in codes if (unit := self.unit(code, day)) is not None]
        self._units = (day, found)
        return list(found)

    def unit_ever(self, code: str) -> Unit | None:
        """The unit as it was last known, closed or not; None for a code that never was one."""
        timeline = self._timelines["unit"].get(code)
        return _unit(code, timeline[-1]["body"]) if timeline else places.unit(code)

    def above(self, code: str, day: date) -> str | None:
        """The unit that decides where this one cannot: the parent that was published for it, else the diwan of its
        governorate (the published one, should it stand beside that of the lists under another code). None for the diwan
        itself, and where neither stands."""
        entry = _of_day(self._timelines["unit"].get(code, ()), day)
        parent = entry["body"].get("parent") if entry else None
        if parent is not None and self.unit(parent, day) is not None:
            return str(parent)
        known = self.unit_ever(code)
        if known is None or not known.governorate:
            return None
        diwans = [unit.code for unit in self.units(day)
                  if unit.kind == "diwan" and unit.governorate == known.governorate and unit.code != code]
        published = [diwan for diwan in diwans if diwan in self._timelines["unit"]]
        return next(iter([*published, *diwans]), None) if known.kind != "diwan" else None

    def unit_name(self, code: str, day: date) -> dict[str, str]:
        """What the unit is called on a day; where it no longer stands, what it was called last; else its code."""
        unit = self.unit(code, day) or self.unit_ever(code)
        return unit.name if unit else {"ar": code, "en": code}

    def calendar(self, unit: str) -> Calendar:
        """The working days of a unit: what was decreed for all, for its governorate and for itself, and the weekend of
        its working hours."""
        if unit not in self._calendars:
            known = self.unit_ever(unit)
            hours = [entry for timeline in self._timelines["working_hours"].values() for entry in timeline
                     if entry["body"]["of"] == {"kind": "unit", "code": unit}]
            self._calendars[unit] = Calendar.of_decrees(
                self._timelines["holiday"].values(), governorate=known.governorate if known else None, unit=unit,
                hours=sorted(hours, key=lambda entry: str(entry["valid_from"])))
        return self._calendars[unit]


def _of_day(timeline: Iterable[Entry], day: date) -> Entry | None:
    on = day.isoformat()
    return next((entry for entry in timeline if str(entry["valid_from"]) <= on
                 and (entry["valid_until"] is None or on < str(entry["valid_until"]))), None)


def _unit(code: str, body: Mapping[str, Any]) -> Unit:
    name = body["name"]  # a city of an authority belongs to no governorate
    return Unit(code, body.get("governorate") or "", body["kind"], name["ar"], name["en"], body["status"] or "")

