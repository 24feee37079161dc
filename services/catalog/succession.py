"""Which edition of a service holds on which day, and which editions must be published so that it is the right one.

Pure: days and versions in, steps out. A governorate's edition on a day is made of the national version in force on that
day and of what the governorate decided by then; so one new version, one decision or one retirement may call for several
editions, one for each later day on which either changes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import orjson

from rules.editions import Dated, in_force
from rules.refusal import Fault

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class National:
    """One version as the guide's authority published it."""

    version: int
    effective_from: date
    digest: bytes
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Adoption:
    """What the governorate decided of a service, from a day on."""

    version: int
    effective_from: date
    offered: bool
    overrides: Mapping[str, Any]
    national_version: int | None = None
    state: str = "settled"


@dataclass(frozen=True, slots=True)
class Edition:
    """One published version in this governorate."""

    version: int
    effective_from: date
    digest: bytes


@dataclass(frozen=True, slots=True)
class Publish:
    """Publish the next edition, in force from `day`."""

    day: date
    version: int
    body: Mapping[str, Any]
    digest: bytes
    national: National
    adoption: Adoption


@dataclass(frozen=True, slots=True)
class Stop:
    """Offer the service no longer from `day` on."""

    day: date


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done, in order, and why some day could not have the edition it should (empty: all have it)."""

    steps: tuple[Publish | Stop, ...]
    faults: tuple[Fault, ...]


def digest_of(body: Mapping[str, Any]) -> bytes:
    """The same for the same content, whatever the order of its keys."""
    return hashlib.sha256(orjson.dumps(body, option=orjson.OPT_SORT_KEYS)).digest()


def plan(
    nationals: Sequence[National],
    national_retired: Iterable[date],
    adoptions: Sequence[Adoption],
    editions: Sequence[Edition],
    retired: Iterable[date],
    start: date,
    make: Callable[[National, Adoption], tuple[Mapping[str, Any], Sequence[Fault]]],
) -> Plan:
    """The steps after which from `start` on every day has the edition that national guide and governorate call for.

    `make` puts the governorate's values into a national version and tells what is wrong with the result; where anything
    is, that day keeps the edition it has. A stop takes effect on the day after the first day of the edition that it
    ends, at the earliest."""
    national_ends, ends, known = list(national_retired), list(retired), list(editions)
    dated: list[Dated] = [*nationals, *adoptions, *editions]
    changes = [*(one.effective_from for one in dated), *national_ends, *ends]
    steps: list[Publish | Stop] = []
    faults: list[Fault] = []
    for day in sorted({start, *(day for day in changes if day > start)}):
        national, adoption = in_force(nationals, national_ends, day), in_force(adoptions, (), day)
        standing = in_force(known, ends, day)
        if national is None or adoption is None or not adoption.offered:
            if standing is not None:
                stop = max(day, standing.effective_from + _DAY)
                if stop not in ends:
                    steps.append(Stop(stop))
                    ends.append(stop)
            continue
        body, found = make(national, adoption)
        if found:
            faults += [fault for fault in found if fault not in faults]
            continue
        digest = digest_of(body)
        if standing is not None and standing.digest == digest:
            continue
        edition = Edition(max((one.version for one in known), default=0) + 1, day, digest)
        known.append(edition)
        steps.append(Publish(day, edition.version, body, digest, national, adoption))
    return Plan(tuple(steps), tuple(faults))
