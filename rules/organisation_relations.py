"""What must hold between the entities of an organisation on each day: whatever is named stands, nothing stands under
itself, nobody is in two places, and no place has two sets of hours or two decrees for one day."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice
from typing import Any

from rules.organisation import Timeline, version_on
from rules.organisation_kinds import (
    ADDRESS,
    ADDRESS_RANKS,
    CENTRE,
    DEPARTMENT,
    EMPLOYEE,
    HOLIDAY,
    HOURS,
    KINDS,
    UNIT,
    WINDOW,
    Key,
    parent,
    references,
)
from rules.refusal import Fault

Body = Mapping[str, Any]
IDENTITY = "identity"  # not a kind: what entries of one person have in common
_DAY = timedelta(days=1)
_SHOWN = 10
"""Others that are named of those with which one entity is at odds: of thousands each with each there would be
millions."""


@dataclass(frozen=True, slots=True)
class Draft:
    """The organisation as a change would make it. `places` are the change's operations that could be folded in, by
    entity: (its place in the change, the day it begins), in time's order. `unsound` are entities of which the change
    says something that could not be read or folded: what refers to them is not judged again."""

    timelines: dict[Key, Timeline]
    places: dict[Key, list[tuple[int, date]]]
    unsound: frozenset[Key]

    def standing(self, key: Key, day: date) -> Mapping[str, Any] | None:
        found = version_on(self.timelines.get(key, ()), day)
        return None if found is None else found.body

    def place(self, key: Key, day: date) -> int | None:
        """Which operation made the entity what it is on that day; None where the change did not touch it by then."""
        return next((index for index, start in reversed(self.places.get(key, [])) if start <= day), None)


def on_day(draft: Draft, referrers: Mapping[Key, set[Key]], day: date, moved: set[Key]) -> Iterator[Fault]:
    """What the change makes wrong on one day. `moved` is all that begins, ends or changes then, by this change or by
    one that was approved before: only there, and in what names it, can anything become wrong."""
    walked: set[Key] = set()
    concerned = moved.union(*(referrers.get(key, set()) for key in moved))
    for key in sorted(concerned):
        body = draft.standing(key, day)
        if body is None or (key[0] == HOLIDAY and day > date.fromisoformat(str(body["last"]))):
            continue
        yield from _named_stand(draft, key, body, day)
        if key[0] == EMPLOYEE:
            yield from _one_place(draft, key, body, day)
        if key[0] == UNIT:
            yield from _in_its_governorate(draft, key, body, day)
        if key[0] == ADDRESS:
            yield from _rank(draft, key, body, day)
        if key in moved:
            yield from _circle(draft, key, day, moved, walked)
            yield from islice(_twin(draft, referrers, key, body, day), _SHOWN)


def _fault(draft: Draft, key: Key, day: date, code: str, field: str, /, **params: Any) -> Iterator[Fault]:
    """A fault at the operation that made the entity what it is on the day, or nothing where none did."""
    index = draft.place(key, day)
    if index is not None:
        yield Fault(code, f"operations/{index}/body/{field}", {**params, "day": day.isoformat()})


def _named_stand(draft: Draft, key: Key, body: Body, day: date) -> Iterator[Fault]:
    for field, other in references(key, body):
        if draft.standing(other, day) is not None or other in draft.unsound:
            continue
        if draft.place(key, day) is not None:
            yield from _fault(draft, key, day, "organisation_reference_unknown", field, **named(other))
        elif (index := draft.place(other, day)) is not None:
            by = {f"by_{name}": value for name, value in named(key).items()}
            yield Fault("organisation_still_used", f"operations/{index}/code",
                        {**named(other), **by, "day": day.isoformat()})


def _circle(draft: Draft, key: Key, day: date, moved: set[Key], walked: set[Key]) -> Iterator[Fault]:
    """Whether something stands under itself. Told at each operation of the change that is part of the circle. `walked`
    are the entities of that day from which it is known already where they lead; more are put in."""
    path: dict[Key, None] = {}
    at: Key | None = key
    while at is not None and at not in walked:
        walked.add(at)
        path[at] = None
        body = draft.standing(at, day)
        at = None if body is None else parent(at, body)
    if at not in path:
        return  # no circle, or one that was told
    circle = list(path)[list(path).index(at):]
    if moved.isdisjoint(circle):
        return
    twice = circle * 2
    for index, one in enumerate(circle):
        around = [code for _, code in twice[index:index + min(len(circle), _SHOWN)]]
        around += [one[1]] if len(circle) <= _SHOWN else ["…", one[1]]
        yield from _fault(draft, one, day, "organisation_circle", "parent", **named(one), circle=" ← ".join(around))


def _one_place(draft: Draft, key: Key, body: Body, day: date) -> Iterator[Fault]:
    """The department and the centre of an employee are of one unit, the window is of that centre."""
    department = draft.standing((DEPARTMENT, body["department"]), day) if body.get("department") else None
    centre = draft.standing((CENTRE, body["centre"]), day) if body.get("centre") else None
    window = draft.standing((WINDOW, body["window"]), day) if body.get("window") else None
    if department is not None and centre is not None and department["unit"] != centre["unit"]:
        yield from _in_two(draft, key, day, "centre", body["department"], body["centre"],
                           (DEPARTMENT, body["department"]), (CENTRE, body["centre"]))
    if window is not None and body.get("centre") and window["centre"] != body["centre"]:
        yield from _in_two(draft, key, day, "window", body["centre"], body["window"], (WINDOW, body["window"]))


def _in_two(draft: Draft, key: Key, day: date, field: str, place: str, other: str, *others: Key) -> Iterator[Fault]:
    """Told at the employee's own operation, else at the one that moved what the employee works in."""
    params = {**named(key), "place": f"{place} / {other}"}
    if draft.place(key, day) is not None:
        yield from _fault(draft, key, day, "organisation_employee_in_two_places", field, **params)
        return
    for one in others:
        moved = "centre" if one[0] == WINDOW else "unit"
        yield from _fault(draft, one, day, "organisation_employee_in_two_places", moved, **params)


def _in_its_governorate(draft: Draft, key: Key, body: Body, day: date) -> Iterator[Fault]:
    above = draft.standing((UNIT, body["parent"]), day) if body.get("parent") else None
    masters = ("governorate", "authority")
    if above is not None and any(above.get(name) != body.get(name) for name in masters):
        yield from _fault(draft, key, day, "organisation_parent_elsewhere", "parent", **named((UNIT, body["parent"])))


def _rank(draft: Draft, key: Key, body: Body, day: date) -> Iterator[Fault]:
    above = draft.standing((ADDRESS, body["parent"]), day) if body.get("parent") else None
    if above is None or ADDRESS_RANKS[above["kind"]] < ADDRESS_RANKS[body["kind"]]:
        return
    blamed = key if draft.place(key, day) is not None else (ADDRESS, body["parent"])
    yield from _fault(draft, blamed, day, "organisation_address_rank", "kind",
                      **named(key), parent=body["parent"])


def _twin(draft: Draft, referrers: Mapping[Key, set[Key]], key: Key, body: Body, day: date) -> Iterator[Fault]:
    """Another entity that says the same thing over again: hours of the same place, the same person. Told at the
    operation on this one, else at the one on the other."""
    if key[0] == HOURS:
        place = (body["of"]["kind"], body["of"]["code"])
        for other in sorted(referrers.get(place, set()) - {key}):
            standing = draft.standing(other, day)
            if other[0] == HOURS and standing is not None and standing["of"] == body["of"]:
                yield from _fault(draft, _touched(draft, key, other, day), day, "organisation_hours_twice", "of",
                                  **named(place), other=other[1])
    if key[0] == EMPLOYEE and body.get("identity"):
        for other in sorted(referrers.get((IDENTITY, body["identity"]), set()) - {key}):
            standing = draft.standing(other, day)
            if standing is not None and standing.get("identity") == body["identity"]:
                yield from _fault(draft, _touched(draft, key, other, day), day, "organisation_employee_in_two_places",
                                  "national_id", **named(other), place=place_of(standing))


def _touched(draft: Draft, key: Key, other: Key, day: date) -> Key:
    return key if draft.place(key, day) is not None else other


def holidays_twice(draft: Draft) -> Iterator[Fault]:
    """One day decreed twice for the same places, by two entries that both stand on it."""
    decreed = [(key, span) for key in sorted(draft.timelines) if key[0] == HOLIDAY for span in _spans(draft, key)]
    for key, (first, last, scope) in decreed:
        if key not in draft.places:
            continue
        others = ((other, max(first, since)) for other, (since, until, elsewhere) in decreed
                  if other != key and scope == elsewhere and max(first, since) <= min(last, until))
        for other, day in islice(others, _SHOWN):
            # of two new ones both are told; of a new and an old one the new
            yield from _fault(draft, key, day, "organisation_holiday_twice", "first", other=other[1])


def _spans(draft: Draft, key: Key) -> Iterator[tuple[date, date, tuple[str, str] | None]]:
    """The days for which a decree counts, inclusive, and its scope."""
    for version in draft.timelines[key]:
        body, scope = version.body, version.body.get("scope")
        first = max(date.fromisoformat(str(body["first"])), version.valid_from)
        last = date.fromisoformat(str(body["last"]))
        if version.valid_until is not None:
            last = min(last, version.valid_until - _DAY)
        if first <= last:
            yield first, last, None if scope is None else (scope["kind"], scope["code"])


def place_of(body: Body) -> str:
    """Where an employee works, by code."""
    return str(body.get("window") or body.get("centre") or body.get("department") or "")


def named(key: Key) -> dict[str, Any]:
    """The values by which a fault's text names an entity."""
    return {"kind_ar": KINDS[key[0]]["ar"], "kind_en": KINDS[key[0]]["en"], "code": key[1]}
