"""What can be wrong with what is said of one entity, whatever else there is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from itertools import pairwise
from types import MappingProxyType
from typing import Any

from rules.calendar import WEEKDAYS
from rules.organisation import ADD, Operation
from rules.organisation_kinds import ADDRESS, EMPLOYEE, HOLIDAY, HOURS, UNIT, WEEKDAY_NAMES
from rules.refusal import Fault

MOST_HOLIDAY_DAYS = 30
"""The longest run of days in one decree; a longer one is a mistyped date."""


def body_faults(operation: Operation, at: str) -> list[Fault]:
    """Everything wrong with the body of an operation by itself. `at` is its place (`operations/3/body`)."""
    judge = _JUDGES.get(operation.kind)
    return [] if judge is None or operation.body is None else list(judge(operation, operation.body, at))


def _unit(operation: Operation, body: Mapping[str, Any], at: str) -> Iterator[Fault]:
    if bool(body.get("governorate")) == bool(body.get("authority")):
        yield Fault("organisation_one_master", f"{at}/governorate")
    elif (body["kind"] == "new-city") != bool(body.get("authority")):
        yield Fault("organisation_new_city_master", f"{at}/kind")


def _address(operation: Operation, body: Mapping[str, Any], at: str) -> Iterator[Fault]:
    if (body["kind"] == "governorate") != (body.get("parent") is None):
        yield Fault("organisation_address_root", f"{at}/parent")


def _employee(operation: Operation, body: Mapping[str, Any], at: str) -> Iterator[Fault]:
    if not body.get("department") and not body.get("centre"):
        yield Fault("organisation_employee_nowhere", f"{at}/department")
    if body.get("window") and not body.get("centre"):
        yield Fault("organisation_window_without_centre", f"{at}/centre")


def _hours(operation: Operation, body: Mapping[str, Any], at: str) -> Iterator[Fault]:
    weekend, days = set(body["weekend"]), body["days"]
    if weekend >= set(WEEKDAYS):
        yield Fault("organisation_never_open", f"{at}/weekend")
    for day, periods in days.items():
        where = f"{at}/days/{day}"
        if day in weekend and periods:
            yield Fault("organisation_hours_on_weekend", where, _weekday(day))
        for index, period in enumerate(periods):
            if period["closes"] <= period["opens"]:
                yield Fault("organisation_hours_backwards", f"{where}/{index}", dict(period))
        ordered = sorted(periods, key=lambda period: str(period["opens"]))
        for one, other in pairwise(ordered):
            if other["opens"] < one["closes"]:
                yield Fault("organisation_hours_overlap", where, {**_weekday(day), "opens": other["opens"]})


def _holiday(operation: Operation, body: Mapping[str, Any], at: str) -> Iterator[Fault]:
    first, last = date.fromisoformat(str(body["first"])), date.fromisoformat(str(body["last"]))
    if last < first:
        yield Fault("organisation_period_backwards", f"{at}/last")
    elif (last - first).days >= MOST_HOLIDAY_DAYS:
        yield Fault("organisation_holiday_long", f"{at}/last", {"most": MOST_HOLIDAY_DAYS})
    if (first if operation.op == ADD else last) < operation.start:
        yield Fault("organisation_holiday_past", f"{at}/first", {"start": operation.start.isoformat()})


def _weekday(day: str) -> dict[str, str]:
    return {"weekday_ar": WEEKDAY_NAMES[day], "weekday_en": day.capitalize()}


_JUDGES: Mapping[str, Callable[[Operation, Mapping[str, Any], str], Iterator[Fault]]] = MappingProxyType(
    {UNIT: _unit, ADDRESS: _address, EMPLOYEE: _employee, HOURS: _hours, HOLIDAY: _holiday})
