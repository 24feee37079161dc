"""The organisation over time, and what a change of it is refused for."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from contracts.organisation_change import read_change
from contracts.problems import describe
from rules import places
from rules.calendar import WEEKDAYS
from rules.organisation import BEGINNING, Operation, Organisation, version_on
from rules.organisation_base import base
from rules.organisation_kinds import KINDS
from tests.support.organisation_changes import (
    BASE,
    JOB,
    LAST,
    LATER,
    SOON,
    TODAY,
    department,
    employee,
    holiday,
    hours,
    judge,
    made,
    op,
    unit,
)

# -- what it begins with ---------------------------------------------------------------------------------------------


def test_it_begins_with_the_published_lists():
    assert len(list(BASE.on(TODAY, "governorate"))) == 27
    units = dict(BASE.on(TODAY, "unit"))
    assert {key[1] for key in units} == set(places.units()) | set(places.new_cities())
    for (_, code), version in units.items():
        body = version.body
        assert (body["governorate"] is None) == (code in places.new_cities()) == (body["kind"] == "new-city")


def test_each_open_unit_has_its_technology_centre_and_no_other_has():
    centres = {one.body["unit"]: one.body["kind"] for _, one in BASE.on(TODAY, "centre")}
    assert centres == {unit.code: "technology_centre" for unit in places.units().values() if unit.status == "open"}


def test_every_entity_of_the_base_could_have_been_added_by_a_change():
    started = [{"op": "add", "kind": kind, "code": code, "from": SOON.isoformat(),
                "body": {"status": "open", **timeline[0].body} if kind != "unit"
                else {**timeline[0].body, "status": timeline[0].body["status"] or "open"}}
               for (kind, code), timeline in base().items()]
    for given in started:
        if given["kind"] != "unit":
            given["body"].pop("status")
    assert judge(*started, organisation=Organisation.of({}, ())) == []


# -- what an accepted change makes -----------------------------------------------------------------------------------


def test_a_change_counts_from_its_day_on_and_what_was_before_stays_known():
    after = made(unit("EG-C-01", "change", SOON, status="being fitted out"))
    assert after.standing(("unit", "EG-C-01"), SOON - timedelta(days=1)) == BASE.standing(("unit", "EG-C-01"), TODAY)
    assert after.standing(("unit", "EG-C-01"), SOON)["status"] == "being fitted out"
    assert [version.valid_from for version in after.timeline(("unit", "EG-C-01"))] == [BEGINNING, SOON]
    assert BASE.standing(("unit", "EG-C-01"), SOON)["status"] == "open"  # the one before is as it was


def test_a_unit_with_all_that_stands_in_it_in_one_change_whatever_the_order():
    change = [
        employee("E-1", department="D-1", centre="C-1", window="W-1"),
        op("add", "window", "W-1", centre="C-1", number=1),
        department("D-1", unit="EG-C-16"),
        op("add", "centre", "C-1", kind="technology_centre", unit="EG-C-16"),
        hours("H-1", "EG-C-16", days={"sunday": [{"opens": "09:00", "closes": "15:00"}]}),
        unit(), JOB,
    ]
    one, other = made(*change), made(*reversed(change))
    assert one.timelines == other.timelines
    assert {kind for (kind, _), _ in one.on(SOON)} == {kind for (kind, _), _ in BASE.on(SOON)} | {
        "job", "employee", "window", "department", "working_hours"}


def test_several_steps_of_one_entity_in_one_change():
    after = made(unit(), unit(what="change", start=LATER, status="being fitted out"),
                 op("close", "unit", "EG-C-16", LAST))
    assert [version.as_dict()["valid_until"] for version in after.timeline(("unit", "EG-C-16"))] == [
        LATER.isoformat(), LAST.isoformat()]
    assert version_on(after.timeline(("unit", "EG-C-16")), LAST) is None
    assert made(unit(start=LAST), organisation=after).standing(("unit", "EG-C-16"), LAST)


def test_an_operation_without_a_day_begins_with_the_proposal():
    given = unit()
    del given["from"]
    assert judge(given) == [("field_required", "operations/0/from")]
    assert judge(given, effective_from=SOON) == []


def test_what_does_not_fit_is_never_folded_in():
    with pytest.raises(ValueError):
        BASE.after([Operation("add", "unit", "EG-C-01", SOON, {})])
    with pytest.raises(ValueError):
        BASE.after([Operation("close", "unit", "EG-C-99", SOON)])
    with pytest.raises(ValueError):
        BASE.after([Operation("change", "unit", "EG-C-01", BEGINNING, {})])


# -- shape -----------------------------------------------------------------------------------------------------------


def test_a_name_in_one_language_an_unknown_field_and_an_unknown_kind_are_told_at_once():
    broken = unit()
    broken["body"] = {**broken["body"], "name": {"ar": "اسم"}, "colour": "red"}
    assert judge(broken, {**unit(), "kind": "moon"}, {"op": "add"}, "nothing") == [
        ("field_required", "operations/0/body/name/en"), ("field_unknown", "operations/0/body/colour"),
        ("choice", "operations/1/kind"),
        ("field_required", "operations/2/kind"), ("field_required", "operations/2/code"),
        ("field_required", "operations/2/from"), ("field_required", "operations/2/body"),
        ("value_unfit", "operations/3")]


def test_what_refers_to_something_misspelt_in_the_same_change_is_not_blamed_for_it():
    broken = unit()
    broken["body"]["status"] = "shut"
    assert judge(broken, department("D-1", unit="EG-C-16")) == [("choice", "operations/0/body/status")]


@pytest.mark.parametrize(("given", "fault"), [
    ({**op("close", "unit", "EG-C-16"), "body": {}}, ("close_without_body", "operations/0/body")),
    ({**unit(what="change"), "until": "2027-01-01"}, ("until_only_added", "operations/0/until")),
    ({**unit(), "body": None}, ("field_required", "operations/0/body")),
    ({**unit(), "from": "tomorrow"}, ("date_malformed", "operations/0/from")),
    ({**unit(), "code": "حي"}, ("code_malformed", "operations/0/code")),
    (employee("E-1", name_sealed="v1.x", department="D", job=None), ("value_unfit", "operations/0/body/job")),
])
def test_an_operation_that_cannot_be_read(given, fault):
    assert judge(given) == [fault]


def test_a_name_with_characters_that_cannot_be_kept_or_deceive():
    for text in ("a\x00b", "a\u202eb", "\ud800", " ", ""):
        given = unit()
        given["body"]["name"] = {"ar": text, "en": "x"}
        assert {field for _, field in judge(given)} == {"operations/0/body/name/ar"}


def test_a_change_of_nothing():
    assert judge() == [("change_empty", "operations")]
    assert [fault.code for fault in read_change({"operations": [unit()] * 2001}).faults] == ["organisation_change_long"]
    assert read_change({"operations": {}}).faults[0].field == "operations"
    assert read_change({"operations": [], "x": 1}).faults[0].code == "field_unknown"


# -- one entity over time --------------------------------------------------------------------------------------------


def test_a_day_before_today_is_refused_and_today_is_not():
    assert judge(unit(start=TODAY - timedelta(days=1))) == [("date_past", "operations/0/from")]
    assert judge(unit(start=TODAY)) == []


def test_a_day_before_the_entitys_last_change():
    after = made(unit("EG-C-01", "change", LATER))
    for start in (SOON, LATER):
        assert judge(unit("EG-C-01", "change", start), organisation=after) == [
            ("before_last_change", "operations/0/from")]
        assert judge(op("close", "unit", "EG-C-01", start), organisation=after)[0][0] == "before_last_change"
    assert judge(unit("EG-C-01", "change", LATER + timedelta(days=1)), organisation=after) == []


def test_overlapping_periods_of_one_entity():
    assert judge(unit("EG-C-01")) == [("period_overlaps", "operations/0/from")]
    after = made(department("D-1", start=LATER, until=LAST))
    assert judge(department("D-1", start=SOON), organisation=after) == [("period_overlaps", "operations/0/from")]
    assert judge(department("D-1", start=LAST), organisation=after) == []
    assert judge(department("D-1", start=LATER, until=SOON)) == [("period_backwards", "operations/0/until")]


def test_two_operations_on_one_entity_on_one_day():
    assert judge(unit(), unit(status="being fitted out")) == [("operation_twice", "operations/1")]


def test_what_does_not_stand_is_neither_changed_nor_closed():
    assert judge(unit(what="change"), op("close", "centre", "C-9")) == [
        ("entity_unknown", "operations/0/code"), ("entity_unknown", "operations/1/code")]


def test_a_unit_never_passes_to_another_governorate_under_its_code():
    assert judge(unit("EG-C-01", "change", governorate="EG-SUZ")) == [("field_fixed", "operations/0/body/governorate")]


# -- employees -------------------------------------------------------------------------------------------------------


STAFFED = made(JOB, department("D-1"), department("D-2", unit="EG-C-02"), employee("E-1", department="D-1"))


def test_an_employee_in_two_places_at_once():
    two = ("employee_in_two_places", "operations/0/from")
    assert judge(employee("E-1", start=LATER, department="D-2"), organisation=STAFFED) == [two]
    assert judge(employee("E-1", "change", LATER, department="D-2"), organisation=STAFFED) == []  # moved, not doubled


def test_department_and_centre_of_an_employee_are_of_one_unit():
    assert judge(employee("E-2", department="D-1", centre="EG-C-02-TC"), organisation=STAFFED) == [
        ("employee_in_two_places", "operations/0/body/centre")]
    after = made(employee("E-2", department="D-1", centre="EG-C-01-TC"), organisation=STAFFED)
    moved = department("D-1", "change", LATER, unit="EG-C-02")
    assert judge(moved, organisation=after) == [("employee_in_two_places", "operations/0/body/unit")]
    assert judge(moved, employee("E-2", "change", LATER, department="D-1"), organisation=after) == []


def test_the_window_of_an_employee_is_in_the_centre():
    window = op("add", "window", "W-1", centre="EG-C-02-TC", number=1)
    assert judge(window, employee("E-2", centre="EG-C-01-TC", window="W-1"), organisation=STAFFED) == [
        ("employee_in_two_places", "operations/1/body/window")]
    assert judge(window, employee("E-2", window="W-1", department="D-1"), organisation=STAFFED) == [
        ("window_without_centre", "operations/1/body/centre")]


def test_the_same_person_under_two_codes():
    person, other = "ab" * 32, "cd" * 32
    after = made(employee("E-2", department="D-1", identity=person), organisation=STAFFED)
    again = employee("E-3", start=LATER, department="D-2", identity=person)
    assert judge(again, organisation=after) == [("employee_in_two_places", "operations/0/body/national_id")]
    assert judge(again, op("close", "employee", "E-2", LATER), organisation=after) == []
    assert judge({**again, "body": {**again["body"], "identity": other}}, organisation=after) == []


def test_an_employee_works_somewhere():
    assert judge(employee("E-2"), organisation=STAFFED) == [("employee_nowhere", "operations/0/body/department")]
    assert judge({**employee("E-2", department="D-1"), "body": {"job": "clerk", "department": "D-1"}},
                 organisation=STAFFED) == [("field_required", "operations/0/body/name")]


# -- working hours and holidays --------------------------------------------------------------------------------------


def test_working_hours_that_cannot_be():
    morning = {"opens": "09:00", "closes": "12:00"}
    assert judge(hours("H-1", days={
        "sunday": [{"opens": "11:00", "closes": "14:00"}, morning], "monday": [{"opens": "15:00", "closes": "09:00"}],
        "friday": [morning]})) == [
        ("hours_on_weekend", "operations/0/body/days/friday"), ("hours_backwards", "operations/0/body/days/monday/0"),
        ("hours_overlap", "operations/0/body/days/sunday")]
    assert judge(hours("H-1", weekend=list(WEEKDAYS))) == [("never_open", "operations/0/body/weekend")]
    assert judge(hours("H-1", weekend=["friday"],
                       days={"sunday": [morning, {"opens": "12:00", "closes": "15:00"}]})) == []


def test_one_place_has_one_set_of_hours():
    assert judge(hours("H-1"), hours("H-2"), hours("H-3", "EG-C-02")) == [
        ("hours_twice", "operations/0/body/of"), ("hours_twice", "operations/1/body/of")]
    after = made(hours("H-1"))
    assert judge(op("close", "working_hours", "H-1", LATER), hours("H-2", start=LATER), organisation=after) == []


def test_hours_and_persons_that_only_what_is_scheduled_doubles():
    person = "ab" * 32
    after = made(hours("H-1", start=LATER), employee("E-9", start=LATER, department="D-1", identity=person),
                 organisation=STAFFED)
    assert judge(hours("H-2"), employee("E-8", department="D-1", identity=person), organisation=after) == [
        ("hours_twice", "operations/0/body/of"), ("employee_in_two_places", "operations/1/body/national_id")]
    assert judge(hours("H-2"), op("close", "working_hours", "H-2", LATER),
                 employee("E-8", until=LATER, department="D-1", identity=person), organisation=after) == []


def test_a_day_decreed_twice():
    first, last = date(2027, 1, 10), date(2027, 1, 12)
    after = made(holiday("H-1", first, last))
    assert judge(holiday("H-2", last, effect="working_day"), organisation=after) == [
        ("holiday_twice", "operations/0/body/first")]
    assert judge(holiday("H-2", last, scope={"kind": "unit", "code": "EG-C-01"}), organisation=after) == []
    assert judge(holiday("H-2", last + timedelta(days=1)), organisation=after) == []
    assert judge(op("close", "holiday", "H-1", LATER), holiday("H-2", last), organisation=after) == []
    assert judge(holiday("H-1", first, last), holiday("H-2", first)) == [
        ("holiday_twice", "operations/0/body/first"), ("holiday_twice", "operations/1/body/first")]


def test_days_of_a_decree():
    assert judge(holiday("H-1", LATER, SOON)) == [("period_backwards", "operations/0/body/last")]
    assert judge(holiday("H-1", LATER, LATER + timedelta(days=30))) == [("holiday_long", "operations/0/body/last")]
    assert judge(holiday("H-1", TODAY)) == [("holiday_past", "operations/0/body/first")]
    assert judge(holiday("H-1", TODAY, start=TODAY)) == []
    assert judge(holiday("H-1", LATER, scope={"kind": "unit", "code": "EG-C-99"})) == [
        ("reference_unknown", "operations/0/body/scope/code")]


def test_a_past_holiday_of_a_unit_does_not_keep_the_unit_open():
    after = made(holiday("H-1", SOON, scope={"kind": "unit", "code": "EG-C-01"}))
    closing = [op("close", "centre", "EG-C-01-TC", LATER), op("close", "unit", "EG-C-01", LATER)]
    assert judge(*closing, organisation=after) == []
    coming = made(holiday("H-1", LAST, scope={"kind": "unit", "code": "EG-C-01"}))
    assert judge(*closing, organisation=coming) == [("still_used", "operations/1/code")]


def test_every_kind_has_a_name_in_both_languages():
    assert all(set(names) == {"ar", "en"} and all(names.values()) for names in KINDS.values())


def test_what_cannot_be_read_is_said_in_both_languages():
    broken = hours("H-1", days={"sunday": [{"opens": "9", "closes": "12:00"}]}, weekend=["someday"])
    wrong = [broken, {**unit(), "from": "31/1/2027", "code": "حي", "op": "shut"}, holiday("H-1", SOON) | {"body": 1}]
    faults = read_change({"operations": wrong}).faults
    assert {fault.code for fault in faults} == {
        "organisation_time_malformed", "organisation_choice", "organisation_date_malformed",
        "organisation_code_malformed", "organisation_value_unfit"}
    for fault in faults:
        arabic = describe(fault, "ar")
        assert any("\u0600" <= letter <= "\u06ff" for letter in arabic) and describe(fault, "en") != arabic
