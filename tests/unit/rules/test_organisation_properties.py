"""Whatever changes are proposed in whatever order: those that the check accepts leave an organisation that is sound on
every day. Soundness is judged here day by day and without any of the check's own code."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from rules.calendar import Calendar
from rules.organisation import Operation, Organisation, Version, fold
from rules.organisation_base import base
from rules.organisation_check import check
from rules.organisation_overlay import Overlay
from tests.support.examples import examples

TODAY = date(2026, 11, 22)
HORIZON = 14
DAYS = [TODAY + timedelta(days=n) for n in range(HORIZON)]
ALL = [*DAYS, date(2200, 1, 1)]
NAME = {"ar": "اسم", "en": "Name"}



def since_ever(**body):
    return (Version(date(1970, 1, 1), None, {"name": NAME, **body}),)


BASE = Organisation.of({
    ("governorate", "G"): since_ever(national_id_code="01"),
    ("job", "J"): since_ever(role=None),
    **{("unit", code): since_ever(kind="district", governorate="G", authority=None, parent=None, status="open")
       for code in ("U-1", "U-2")},
    **{("department", f"D-{n}"): since_ever(unit=f"U-{n}", function="licensing", parent=None) for n in (1, 2)},
    **{("centre", f"C-{n}"): since_ever(kind="post_office", unit=f"U-{n}", address=None) for n in (1, 2)},
}, ())

UNITS, DEPARTMENTS, CENTRES = ("U-1", "U-2", "U-3"), ("D-1", "D-2", "D-3"), ("C-1", "C-2")
EMPLOYEES, PLACES, HOLIDAYS = ("E-1", "E-2"), ("H-1", "H-2"), ("X-1", "X-2")
maybe = st.one_of


def bodies(kind):
    def of(**values):
        return st.fixed_dictionaries(values)

    return {
        "unit": of(name=st.just(NAME), kind=st.just("district"), governorate=st.just("G"), authority=st.none(),
                   parent=maybe(st.none(), st.sampled_from(UNITS)), status=st.just("open")),
        "department": of(name=st.just(NAME), unit=st.sampled_from(UNITS), function=st.just("licensing"),
                         parent=maybe(st.none(), st.sampled_from(DEPARTMENTS))),
        "centre": of(name=st.just(NAME), kind=st.just("post_office"), unit=st.sampled_from(UNITS), address=st.none()),
        "employee": of(name_sealed=st.just("v1."), job=st.just("J"), centre=maybe(st.none(), st.sampled_from(CENTRES)),
                       department=maybe(st.none(), st.sampled_from(DEPARTMENTS)), window=st.none(),
                       identity=maybe(st.none(), st.sampled_from(("a", "b")))),
        "working_hours": of(of=of(kind=st.just("unit"), code=st.sampled_from(UNITS)), days=st.just({}),
                            weekend=st.just(["friday"])),
        "holiday": st.builds(
            lambda first, length, effect, scope: {
                "name": NAME, "effect": effect, "first": first.isoformat(),
                "last": (first + timedelta(days=length)).isoformat(), "scope": scope},
            st.sampled_from(DAYS), st.integers(0, 3), st.sampled_from(("holiday", "working_day")),
            maybe(st.none(), of(kind=st.just("unit"), code=st.sampled_from(UNITS)))),
    }[kind]


CODES = {"unit": UNITS, "department": DEPARTMENTS, "centre": CENTRES, "employee": EMPLOYEES, "working_hours": PLACES,
         "holiday": HOLIDAYS}


@st.composite
def operations(draw):
    kind = draw(st.sampled_from(sorted(CODES)))
    op = draw(st.sampled_from(("add", "add", "change", "close")))
    start = draw(st.sampled_from(DAYS))
    until = draw(st.sampled_from(DAYS)) if op == "add" and draw(st.integers(0, 3)) == 0 else None
    body = None if op == "close" else draw(bodies(kind))
    return Operation(op, kind, draw(st.sampled_from(CODES[kind])), start, body, until)


changes = st.lists(st.lists(operations(), min_size=1, max_size=6), min_size=1, max_size=8)


def accepted(organisation, change, today=TODAY):
    return not check(organisation, dict(enumerate(change)), today)


def sound_part(organisation, change):
    """What is left of a change when each operation that is faulted is struck out, again and again."""
    left = list(change)
    while left:
        faulted = {int(fault.field.split("/")[1]) for fault in check(organisation, dict(enumerate(left)), TODAY)}
        if not faulted:
            break
        left = [operation for index, operation in enumerate(left) if index not in faulted]
    return left


def after(organisation, change):
    return organisation.after(sorted(change, key=lambda operation: operation.start))


def assert_sound(organisation):
    for key, timeline in organisation.timelines.items():
        for one, other in pairwise(timeline):
            assert one.valid_until is not None and one.valid_until <= other.valid_from, key
        assert all(one.valid_until is None or one.valid_from < one.valid_until for one in timeline), key
    for day in ALL:
        standing = {key: [one.body for one in timeline
                          if one.valid_from <= day and (one.valid_until is None or day < one.valid_until)]
                    for key, timeline in organisation.timelines.items()}
        assert all(len(found) <= 1 for found in standing.values())
        there = {key: found[0] for key, found in standing.items() if found}
        assert_there(there, day)


def assert_there(there, day):
    people, hours = [], []
    for (kind, code), body in there.items():
        for field, named in (("unit", "unit"), ("governorate", "governorate"), ("job", "job"), ("centre", "centre"),
                             ("department", "department"), ("parent", kind)):
            if body.get(field):
                assert (named, body[field]) in there, (kind, code, field, day)
        seen = {code}
        above = body.get("parent")
        while above:
            assert above not in seen, ("circle", kind, code, day)
            seen.add(above)
            above = there[kind, above].get("parent")
        if kind == "employee":
            places = {there["department", body["department"]]["unit"]} if body["department"] else set()
            places |= {there["centre", body["centre"]]["unit"]} if body["centre"] else set()
            assert len(places) == 1, (code, day)
            people += [body["identity"]] if body["identity"] else []
        if kind == "working_hours":
            hours.append(body["of"]["code"])
            assert ("unit", body["of"]["code"]) in there
    assert len(set(people)) == len(people) and len(set(hours)) == len(hours), day
    decreed = [body["scope"] and body["scope"]["code"] for (kind, _), body in there.items()
               if kind == "holiday" and body["first"] <= day.isoformat() <= body["last"]]
    assert len(set(decreed)) == len(decreed), day
    assert all(("unit", body["scope"]["code"]) in there for (kind, _), body in there.items()
               if kind == "holiday" and body["scope"] and day.isoformat() <= body["last"]), day  # also before it begins


@settings(max_examples=examples(200), suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(changes)
def test_what_is_accepted_is_sound_on_every_day(proposed):
    organisation, taken = BASE, 0
    for change in proposed:
        left = sound_part(organisation, change)
        if left:
            organisation, taken = after(organisation, left), taken + len(left)
            assert_sound(organisation)
    event(f"operations accepted: {min(taken, 10)}")


@settings(max_examples=examples(100), suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(changes)
def test_a_change_that_would_make_it_unsound_is_refused(proposed):
    """The other way round: what folds and is sound on each of its days is only refused for what is wrong with a body, a
    day or an operation by itself."""
    for change in proposed:
        faults = check(BASE, dict(enumerate(change)), TODAY)
        relations = {"organisation_reference_unknown", "organisation_still_used", "organisation_circle",
                     "organisation_hours_twice"}
        if not faults or not {fault.code for fault in faults} <= relations:
            continue
        try:
            assert_sound(after(BASE, change))
        except AssertionError:
            event("unsound indeed")
            continue
        raise AssertionError(f"refused without a reason: {faults}")


@settings(max_examples=examples(100), suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(operations(), min_size=1, max_size=5), st.randoms(use_true_random=False))
def test_the_order_in_which_a_change_lists_its_operations_means_nothing(change, chance):
    unique = list({(operation.key, operation.start): operation for operation in change}.values())
    shuffled = list(unique)
    chance.shuffle(shuffled)
    faults = check(BASE, dict(enumerate(unique)), TODAY)
    assert {fault.code for fault in faults} == {
        fault.code for fault in check(BASE, dict(enumerate(shuffled)), TODAY)}
    if not faults:
        assert after(BASE, unique).timelines == after(BASE, shuffled).timelines


@settings(max_examples=examples(100), suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(operations(), min_size=4, max_size=10), st.lists(operations(), min_size=4, max_size=10))
def test_independent_changes_may_be_approved_in_either_order(one, other):
    one = sound_part(BASE, one)
    touched = {operation.key for operation in one}
    other = sound_part(BASE, [operation for operation in other if operation.key not in touched])
    if not one or not other:
        return
    first, second = after(BASE, one), after(BASE, other)
    either = accepted(first, other), accepted(second, one)
    event(f"accepted after the other: {either}")
    assert either[0] == either[1]  # what contradicts each other contradicts in either order
    if either[0]:
        assert after(first, other).timelines == after(second, one).timelines


@given(st.lists(operations(), max_size=12))
def test_folding_never_gives_overlapping_periods(given_operations):
    timelines = {}
    for operation in given_operations:
        if operation.until is not None and operation.until <= operation.start:
            continue
        try:
            timelines[operation.key] = fold(timelines.get(operation.key, ()), operation)
        except ValueError:
            continue
    for timeline in timelines.values():
        for version, following in pairwise(timeline):
            assert version.valid_until is not None and version.valid_until <= following.valid_from


@settings(max_examples=examples(80), suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(changes)
def test_decrees_that_are_accepted_make_one_calendar_whatever_their_order(proposed):
    organisation = BASE
    for change in proposed:
        organisation = after(organisation, sound_part(organisation, change))
    told = [[version.as_dict() for version in timeline]
            for (kind, _), timeline in organisation.timelines.items() if kind == "holiday"]
    one, other = Calendar.of_decrees(told, unit="U-1"), Calendar.of_decrees(told[::-1], unit="U-1")
    for day in DAYS:
        assert one.is_working(day) == other.is_working(day)
        assert one.holiday(day) == other.holiday(day)


def test_the_base_is_sound():
    organisation = Organisation.of(base(), ())
    for (kind, code), timeline in organisation.timelines.items():
        body = timeline[0].body
        for field in ("governorate", "unit", "parent"):
            if body.get(field):
                named = kind if field == "parent" else field
                assert organisation.standing((named, body[field]), TODAY) is not None, (kind, code)


REAL = ("EG-C-01", "EG-C-02", "X-1")


@st.composite
def changes_of_real_units(draw):
    unit = st.fixed_dictionaries({
        "name": st.just(NAME), "kind": st.just("district"), "governorate": st.just("EG-C"), "authority": st.none(),
        "parent": st.none(), "status": st.sampled_from(("open", "being fitted out"))})
    said = {"unit": unit, "centre": st.none(),
            "holiday": bodies("holiday").map(lambda body: {**body, "scope": None}),
            "working_hours": st.builds(lambda code, weekend: {
                "of": {"kind": "unit", "code": code}, "days": {}, "weekend": [weekend]},
                st.sampled_from(REAL), st.sampled_from(("friday", "sunday")))}
    codes = {"unit": REAL, "centre": ("EG-C-01-TC", "EG-C-02-TC"), "holiday": HOLIDAYS, "working_hours": PLACES}
    kind = draw(st.sampled_from(sorted(codes)))
    op = "close" if kind == "centre" else draw(st.sampled_from(("add", "change", "close")))
    body = None if op == "close" else draw(said[kind])
    return Operation(op, kind, draw(st.sampled_from(codes[kind])), draw(st.sampled_from(DAYS)), body)


@settings(max_examples=examples(100), suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(st.lists(changes_of_real_units(), min_size=1, max_size=6), min_size=1, max_size=5))
def test_what_is_told_gives_others_the_same_units_and_days_off(proposed):
    """Other services know the lists and the timelines that were told, nothing else."""
    organisation = Organisation.of(base(), ())
    for change in proposed:
        organisation = after(organisation, sound_part(organisation, change))
    told = [(kind, code, [version.as_dict() for version in timeline])
            for (kind, code), timeline in organisation.timelines.items() if timeline != base().get((kind, code))]
    elsewhere = Overlay(told)
    decreed = [timeline for kind, _, timeline in told if kind == "holiday"]
    for day in [TODAY - timedelta(days=1), *ALL]:
        here = {key[1]: version.body["status"] or "" for key, version in organisation.on(day, "unit")
                if version.body["governorate"]}
        assert {unit.code: unit.status for unit in elsewhere.units(day)} == here
        for code in REAL:
            hours = [version.as_dict() for (kind, _), timeline in organisation.timelines.items()
                     if kind == "working_hours" for version in timeline if version.body["of"]["code"] == code]
            calendar = Calendar.of_decrees(decreed, governorate="EG-C", unit=code,
                                           hours=sorted(hours, key=lambda entry: entry["valid_from"]))
            assert elsewhere.calendar(code).is_working(day) == calendar.is_working(day), (code, day)
    event(f"told: {len(told)}")
