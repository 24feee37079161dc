"""The organisation of local government over time: governorates, new-city authorities, units, centres, windows,
departments, jobs, employees, addresses, working hours and decreed holidays.

Each entity has a code and a timeline: versions one after the other, each with the whole of what is said of it. What
was approved is a list of operations, folded over the base in the order of approval; nothing is taken out of it, so
what stood on any day can be told. A timeline grows at its end only. `rules.organisation_check` judges a change before
it counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any

from rules.organisation_kinds import Key

ADD, CHANGE, CLOSE = "add", "change", "close"
OPS = (ADD, CHANGE, CLOSE)

BEGINNING = date(1970, 1, 1)
"""From when the base stands: since before this record was kept."""


@dataclass(frozen=True, slots=True)
class Version:
    """What holds from `valid_from` on, until the day before `valid_until` (None: until it is changed)."""

    valid_from: date
    valid_until: date | None
    body: Mapping[str, Any]

    def stands(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_until is None or day < self.valid_until)

    def as_dict(self) -> dict[str, Any]:
        """As events and answers carry it: dates as ISO text."""
        return {"valid_from": self.valid_from.isoformat(),
                "valid_until": None if self.valid_until is None else self.valid_until.isoformat(),
                "body": dict(self.body)}


@dataclass(frozen=True, slots=True)
class Operation:
    """One step of a change. `add` begins an entity (again), known to end at `until` or not; `change` says all of it
    anew from a day on; `close` ends it. `body` is None for `close` only."""

    op: str
    kind: str
    code: str
    start: date
    body: Mapping[str, Any] | None = None
    until: date | None = None

    @property
    def key(self) -> Key:
        return self.kind, self.code


Timeline = tuple[Version, ...]


@dataclass(frozen=True, slots=True)
class Organisation:
    """All timelines by kind and code."""

    timelines: Mapping[Key, Timeline]

    @classmethod
    def of(cls, base: Mapping[Key, Timeline], changes: Iterable[Operation]) -> Organisation:
        """The base with the approved operations folded over it, in their order. ValueError for one that fits no
        timeline: it was approved without the check."""
        return cls(base).after(changes)

    def after(self, operations: Iterable[Operation]) -> Organisation:
        """The organisation once these operations count as well."""
        timelines = dict(self.timelines)
        for operation in operations:
            timelines[operation.key] = fold(timelines.get(operation.key, ()), operation)
        return Organisation(MappingProxyType(timelines))

    def told(self, timelines: Mapping[Key, Timeline]) -> Organisation:
        """The organisation with the timelines of entities that another place keeps: theirs stand whole in place of
        what is said here."""
        return Organisation(MappingProxyType({**self.timelines, **timelines})) if timelines else self

    def timeline(self, key: Key) -> Timeline:
        """All versions of an entity, oldest first; empty for one that never was."""
        return self.timelines.get(key, ())

    def standing(self, key: Key, day: date) -> Mapping[str, Any] | None:
        """What is said of an entity on a day; None where it does not stand."""
        found = version_on(self.timelines.get(key, ()), day)
        return None if found is None else found.body

    def on(self, day: date, kind: str | None = None) -> Iterator[tuple[Key, Version]]:
        """All that stands on a day (of one kind), by kind and code."""
        for key in sorted(key for key in self.timelines if kind in (None, key[0])):
            if (version := version_on(self.timelines[key], day)) is not None:
                yield key, version


def version_on(timeline: Timeline, day: date) -> Version | None:
    """The version that stands on a day, or None."""
    return next((version for version in reversed(timeline) if version.stands(day)), None)


def fold(timeline: Timeline, operation: Operation) -> Timeline:
    """The timeline after one more operation. ValueError where it does not fit at the end of it."""
    last = timeline[-1] if timeline else None
    start, body = operation.start, operation.body
    if operation.op == ADD:
        if body is None or (last is not None and (last.valid_until is None or start < last.valid_until)):
            raise ValueError(f"{operation.kind} {operation.code} cannot begin on {start}")
        return (*timeline, Version(start, operation.until, body))
    if last is None or not last.stands(start) or start == last.valid_from:
        raise ValueError(f"{operation.kind} {operation.code} cannot be changed from {start} on")
    kept = (*timeline[:-1], Version(last.valid_from, start, last.body))
    if operation.op == CLOSE:
        return kept
    if body is None:
        raise ValueError("a change says what holds from now on")
    return (*kept, Version(start, last.valid_until, body))
