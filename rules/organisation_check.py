"""Whether a change may count: everything that is wrong with it, seen against the organisation that it would make, on
the day it begins and on every later day on which something already approved begins or ends.

Two changes approved at once may contradict each other; whoever comes second is judged here against what the first made.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any

from rules import organisation_relations as relations
from rules.organisation import ADD, Operation, Organisation, Timeline, fold
from rules.organisation_bodies import body_faults
from rules.organisation_kinds import EMPLOYEE, FIXED, Key, references
from rules.organisation_relations import IDENTITY, Draft, named
from rules.refusal import Fault


def check(
    organisation: Organisation,
    operations: Mapping[int, Operation],
    today: date,
    unread: Iterable[Key] = (),
) -> list[Fault]:
    """Everything that is wrong with a change, at once; nothing when it may count. `operations` by their place in the
    change, which the faults name (`operations/3/body/parent`); those whose shape could not be read are left out, and
    the entities they were about are `unread`. The order in which a change lists its operations means nothing."""
    if not operations and not unread:
        return [Fault("organisation_change_empty", "operations")]
    faults: list[Fault] = []
    draft = _fold_in(organisation, operations, today, frozenset(unread), faults)
    for index, operation in operations.items():
        if operation.body is not None:
            faults += body_faults(operation, f"operations/{index}/body")
    starts = [start for places in draft.places.values() for _, start in places]
    if starts:
        referrers = _referrers(draft.timelines)
        for day, moved in sorted(_moved(draft.timelines, min(starts)).items()):
            faults += relations.on_day(draft, referrers, day, moved)
        faults += relations.holidays_twice(draft)
    return _once(faults)


def _fold_in(
    organisation: Organisation, operations: Mapping[int, Operation], today: date, unread: frozenset[Key],
    faults: list[Fault],
) -> Draft:
    timelines = dict(organisation.timelines)
    places: dict[Key, list[tuple[int, date]]] = {}
    unsound = set(unread)
    seen: set[tuple[Key, date]] = set()
    for index, operation in sorted(operations.items(), key=lambda item: (item[1].start, item[0])):
        key, at = operation.key, f"operations/{index}"
        if operation.start < today:
            faults.append(Fault("organisation_date_past", f"{at}/from", {"today": today.isoformat()}))
        if (key, operation.start) in seen:
            faults.append(Fault("organisation_operation_twice", at, named(key)))
            continue
        seen.add((key, operation.start))
        timeline = timelines.get(key, ())
        found = list(_timeline_faults(timeline, operation, at))
        if found:
            unsound.add(key)
            faults += found
            continue
        timelines[key] = fold(timeline, operation)
        places.setdefault(key, []).append((index, operation.start))
    return Draft(timelines, places, frozenset(unsound))


def _timeline_faults(timeline: Timeline, operation: Operation, at: str) -> Iterator[Fault]:
    """What keeps an operation from being folded into the timeline of its entity."""
    names = named(operation.key)
    last, start = timeline[-1] if timeline else None, operation.start
    if operation.until is not None and operation.until <= start:
        yield Fault("organisation_period_backwards", f"{at}/until", {})
    if last is not None and operation.body is not None:
        for name in FIXED.get(operation.kind, ()):
            if operation.body.get(name) != last.body.get(name):
                yield Fault("organisation_field_fixed", f"{at}/body/{name}", {**names, "name": name})
    if operation.op == ADD:
        if last is None or (last.valid_until is not None and last.valid_until <= start):
            return
        if operation.kind == EMPLOYEE:
            day = max(start, last.valid_from).isoformat()
            yield Fault("organisation_employee_in_two_places", f"{at}/from",
                        {**names, "place": relations.place_of(last.body), "day": day})
        else:
            yield Fault("organisation_period_overlaps", f"{at}/from", {**names, "since": last.valid_from.isoformat()})
        return
    if last is None or (last.valid_until is not None and last.valid_until <= start):
        yield Fault("organisation_entity_unknown", f"{at}/code", {**names, "day": start.isoformat()})
        return
    if start <= last.valid_from:
        yield Fault("organisation_before_last_change", f"{at}/from", {**names, "last": last.valid_from.isoformat()})


def _referrers(timelines: Mapping[Key, Timeline]) -> Mapping[Key, set[Key]]:
    """Who ever names whom, and which entries are of one person."""
    found: dict[Key, set[Key]] = {}
    for key, timeline in timelines.items():
        for version in timeline:
            for _, other in references(key, version.body):
                found.setdefault(other, set()).add(key)
            if version.body.get("identity"):
                found.setdefault((IDENTITY, version.body["identity"]), set()).add(key)
    return found


def _moved(timelines: Mapping[Key, Timeline], first: date) -> dict[date, set[Key]]:
    """What begins, ends or changes on each day from `first` on; between two of these days all stays as it is."""
    moved: dict[date, set[Key]] = {}
    for key, timeline in timelines.items():
        for version in timeline:
            for day in (version.valid_from, version.valid_until):
                if day is not None and day >= first:
                    moved.setdefault(day, set()).add(key)
    return moved


def _once(faults: Iterable[Fault]) -> list[Fault]:
    """Each fault for the first of the days on which it shows, in the order of the operations."""
    found: dict[tuple[Any, ...], Fault] = {}
    for fault in faults:
        others = tuple(sorted((name, str(value)) for name, value in fault.params.items() if name != "day"))
        found.setdefault((fault.code, fault.field, others), fault)
    return sorted(found.values(), key=_order)


def _order(fault: Fault) -> tuple[int, str, str]:
    parts = (fault.field or "").split("/")
    return (int(parts[1]) if len(parts) > 1 and parts[1].isdigit() else -1), fault.field or "", fault.code
