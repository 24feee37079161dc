"""What a change of the organisation names must stand, for as long as it is named, and nothing stands under itself."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest

from contracts.organisation_change import read_change
from rules.organisation_check import check
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

# -- references ------------------------------------------------------------------------------------------------------


def test_what_is_named_must_stand():
    assert judge(unit(governorate="EG-XX", parent="EG-C-99"), department("D-1", unit="EG-C-98", parent="D-0"),
                 op("add", "window", "W-1", centre="C-9", number=1)) == [
        ("reference_unknown", "operations/0/body/governorate"), ("reference_unknown", "operations/0/body/parent"),
        ("reference_unknown", "operations/1/body/parent"), ("reference_unknown", "operations/1/body/unit"),
        ("reference_unknown", "operations/2/body/centre")]


def test_what_is_named_must_stand_for_as_long_as_it_is_named():
    assert judge(department("D-1", start=LATER), department("D-2", start=SOON, parent="D-1")) == [
        ("reference_unknown", "operations/1/body/parent")]
    assert judge(department("D-1", until=LATER), department("D-2", parent="D-1")) == [
        ("reference_unknown", "operations/1/body/parent")]
    assert judge(department("D-1", until=LATER), department("D-2", parent="D-1", until=LATER)) == []


def test_closing_a_unit_in_which_something_still_stands():
    after = made(department("D-1"), hours("H-1"))
    faults = judge(op("close", "unit", "EG-C-01", LATER), organisation=after)
    assert faults == [("still_used", "operations/0/code")] * 3  # its centre, its department, its hours
    assert judge(op("close", "unit", "EG-C-01", LATER), op("close", "department", "D-1", LATER),
                 op("close", "centre", "EG-C-01-TC", LATER),
                 op("close", "working_hours", "H-1", SOON + timedelta(days=2)), organisation=after) == []


def test_closing_against_what_is_already_scheduled_for_a_later_day():
    after = made(unit(start=SOON), department("D-1", unit="EG-C-16", start=LAST))
    assert judge(op("close", "unit", "EG-C-16", LATER), organisation=after) == [("still_used", "operations/0/code")]


def test_of_two_changes_that_contradict_each_other_the_second_is_refused():
    closing = [op("close", "centre", "EG-C-01-TC", LATER), op("close", "unit", "EG-C-01", LATER)]
    moving_in = [department("D-1", start=LATER)]
    assert judge(*closing) == judge(*moving_in) == []
    assert judge(*moving_in, organisation=made(*closing)) == [("reference_unknown", "operations/0/body/unit")]
    assert judge(*closing, organisation=made(*moving_in)) == [("still_used", "operations/1/code")]


# -- what stands under what ------------------------------------------------------------------------------------------


def test_a_department_under_itself():
    assert judge(department("D-1", parent="D-1")) == [("circle", "operations/0/body/parent")]


def test_a_circle_of_departments_is_told_at_each_step_that_closes_it():
    assert judge(department("D-1", parent="D-3"), department("D-2", parent="D-1"), department("D-3", parent="D-2")) == [
        ("circle", f"operations/{index}/body/parent") for index in range(3)]
    after = made(department("D-1"), department("D-2", parent="D-1"), department("D-3", parent="D-2"))
    assert judge(department("D-1", "change", LATER, parent="D-3"), organisation=after) == [
        ("circle", "operations/0/body/parent")]


def test_a_circle_that_only_a_scheduled_change_closes():
    after = made(department("D-1"), department("D-2"), department("D-1", "change", LAST, parent="D-2"))
    assert judge(department("D-2", "change", LATER, parent="D-1"), organisation=after) == [
        ("circle", "operations/0/body/parent")]
    assert judge(department("D-2", "change", LATER, parent="D-1"), department("D-2", "change", LAST),
                 organisation=after) == []


def test_a_village_belongs_to_a_markaz_of_its_governorate():
    assert judge(unit("EG-KFS-20", kind="village", governorate="EG-KFS", parent="EG-KFS-01")) == []
    assert judge(unit("EG-C-20", kind="village", parent="EG-KFS-01")) == [
        ("parent_elsewhere", "operations/0/body/parent")]


def test_a_new_city_belongs_to_its_authority():
    assert judge(unit("NUCA-90", kind="new-city", governorate=None, authority="NUCA")) == []
    assert judge(unit("NUCA-90", kind="new-city"), unit("X-1", kind="city", governorate=None, authority="NUCA"),
                 unit("X-2", authority="NUCA"), unit("X-3", governorate=None)) == [
        ("new_city_master", "operations/0/body/kind"), ("new_city_master", "operations/1/body/kind"),
        ("one_master", "operations/2/body/governorate"), ("one_master", "operations/3/body/governorate")]


def test_addresses_lie_in_wider_ones():
    street = op("add", "address", "A-3", kind="street", parent="A-2")
    assert judge(op("add", "address", "A-1", kind="qism", parent="EG-C"),
                 op("add", "address", "A-2", kind="sheyakha", parent="A-1"), street) == []
    assert judge(op("add", "address", "A-1", kind="markaz", parent="A-2"),
                 op("add", "address", "A-2", kind="village", parent="EG-C"), op("add", "address", "A-4", kind="city"),
                 op("add", "address", "EG-ZZ", kind="governorate")) == [
        ("address_rank", "operations/0/body/kind"), ("address_root", "operations/2/body/parent"),
        ("reference_unknown", "operations/3/body/kind")]


# -- of thousands that contradict each other -------------------------------------------------------------------------

MANY = range(1999)


@pytest.mark.parametrize("operations, code", [
    ([department(f"D-{index}", parent=f"D-{(index + 1) % len(MANY)}") for index in MANY], "organisation_circle"),
    ([JOB, *(employee(f"{index}", identity="0" * 64, centre="EG-C-01-TC") for index in MANY)],
     "organisation_employee_in_two_places"),
    ([hours(f"H-{index}") for index in MANY], "organisation_hours_twice"),
    ([holiday(f"H-{index}", LATER) for index in MANY], "organisation_holiday_twice"),
], ids=["circle", "person", "hours", "decrees"])
def test_each_of_thousands_is_told_with_some_of_the_others_and_soon(operations, code):
    begun = time.process_time()
    change = read_change({"operations": operations})
    faults = [fault for fault in check(BASE, change.operations, TODAY) if fault.code == code]
    assert time.process_time() - begun < 30  # it took all memory, or minutes
    assert {fault.field.split("/")[1] for fault in faults} == {
        str(index) for index, one in enumerate(operations) if one["kind"] != "job"}
    assert len(faults) <= 10 * len(MANY) and max(len(str(fault.params)) for fault in faults) < 1000


def test_a_circle_is_shown_from_each_of_its_steps_and_a_way_into_it_is_none():
    steps = [department(f"D-{index}", parent=f"D-{(index + 1) % 3}") for index in range(3)]
    into = department("E", parent="D-0")
    change = read_change({"operations": [into, *steps]})
    assert [(fault.field, fault.params["circle"]) for fault in check(BASE, change.operations, TODAY)] == [
        ("operations/1/body/parent", "D-0 ← D-1 ← D-2 ← D-0"), ("operations/2/body/parent", "D-1 ← D-2 ← D-0 ← D-1"),
        ("operations/3/body/parent", "D-2 ← D-0 ← D-1 ← D-2")]
