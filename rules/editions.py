"""Which version of a service is in force on which day. One rule for everybody who keeps versions: the highest version
whose first day has come, unless the service was retired after that first day and the day of retirement has come.

Days are Cairo dates, handed in. A retirement on a version's own first day does not end that version: it ended the one
before, and the new one brings the service back.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Protocol, TypeVar

from rules.refusal import Fault

SCHEDULED, IN_FORCE, SUPERSEDED, RETIRED = "scheduled", "in_force", "superseded", "retired"


class Dated(Protocol):
    """Anything with a version and its first day."""

    @property
    def version(self) -> int: ...
    @property
    def effective_from(self) -> date: ...


D = TypeVar("D", bound=Dated)


def in_force(versions: Iterable[D], retired: Iterable[date], day: date) -> D | None:
    """The version in force on the day; None before the first and after a retirement."""
    begun = [one for one in versions if one.effective_from <= day]
    newest = max(begun, key=lambda one: one.version, default=None)
    if newest is None or any(newest.effective_from < end <= day for end in retired):
        return None
    return newest


def states(versions: Iterable[Dated], retired: Iterable[date], day: date) -> dict[int, str]:
    """Where each version stands on the day, by its number: scheduled (its first day is to come), in_force, superseded
    (a higher version has begun), retired (none has, but the service ended)."""
    all_versions, ends = list(versions), list(retired)
    standing = in_force(all_versions, ends, day)
    newest = max((one.version for one in all_versions if one.effective_from <= day), default=0)
    found = {}
    for one in all_versions:
        if one.effective_from > day:
            found[one.version] = SCHEDULED
        elif one.version < newest:
            found[one.version] = SUPERSEDED
        else:
            found[one.version] = IN_FORCE if standing is not None else RETIRED
    return found


def check_next(versions: Iterable[Dated], effective_from: date, today: date) -> list[Fault]:
    """What keeps a next version from taking effect on the day: it is past (effective_date_past), or not after the first
    day of every version there is (effective_date_overlaps). At `effective_from`."""
    faults = []
    if effective_from < today:
        faults.append(Fault("effective_date_past", "effective_from",
                            {"date": effective_from.isoformat(), "today": today.isoformat()}))
    last = max(versions, key=lambda one: one.effective_from, default=None)
    if last is not None and effective_from <= last.effective_from:
        faults.append(Fault("effective_date_overlaps", "effective_from",
                            {"version": last.version, "taken": last.effective_from.isoformat()}))
    return faults


def first_free_day(versions: Iterable[Dated], today: date) -> date:
    """The earliest day on which a next version may take effect."""
    return max([today, *(one.effective_from + timedelta(days=1) for one in versions)])
