"""The organisation through catalog's doors: proposed by one, approved for the council and for the follow-up department
by two others, and only then counted, told and kept for ever."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from rules.refusal import Refusal
from services.catalog.organisation_tables import metadata
from tests.support.catalog_ground import CLERK, REVIEWER
from tests.support.organisation_office import *  # noqa: F403  (fixtures)
from tests.support.organisation_office import (
    COUNCIL,
    EDITOR,
    EVERYTHING,
    FOLLOW_UP,
    NAME,
    Office,
    unit,
)

# -- before it counts ------------------------------------------------------------------------------------------------


def test_a_change_counts_when_both_have_approved_it_and_not_before(office: Office) -> None:
    proposal = office.put_forward(unit(office))
    half = office.decide(proposal, actor=COUNCIL)
    assert half["state"] == "in_review" and "EG-C-16" not in office.list("unit", on=office.day(10))
    assert not office.events()
    whole = office.decide(half, actor=FOLLOW_UP)
    assert whole["state"] == "approved"
    assert whole["applied"] == {"entities": [{"kind": "unit", "code": "EG-C-16", "version": 1}]}
    assert office.list("unit", on=office.day(10))["EG-C-16"]["name"] == NAME
    assert "EG-C-16" not in office.list("unit", on=office.day(9))


def test_nobody_approves_what_they_wrote_or_approves_twice(office: Office) -> None:
    own = office.submitted("organisation", office.change(unit(office)), EVERYTHING)
    with pytest.raises(Refusal, match="own_approval"):
        office.decide(own, actor=EVERYTHING)
    half = office.decide(office.put_forward(unit(office, code="EG-C-17")), actor=EVERYTHING)
    with pytest.raises(Refusal, match="approved_already_by_you"):
        office.decide(half, actor=EVERYTHING)
    for other in (EDITOR, REVIEWER, CLERK):
        with pytest.raises(Refusal, match="forbidden"):
            office.decide(half, actor=other)
    assert not office.events()


def test_a_change_with_faults_is_told_all_of_them_and_never_goes_to_review(office: Office) -> None:
    change = office.change(
        unit(office, name={"ar": "اسم"}), unit(office, "change", "EG-C-99"), unit(office, code="EG-C-01", days=-1),
        office.op("close", "unit", "EG-C-02"),
        office.op("add", "department", "D-1", unit="EG-C-01", function="licensing", parent="D-1"),
        office.op("add", "centre", "C-1", kind="kiosk", unit="EG-C-01"),
        {"op": "add", "kind": "moon", "code": "X", "from": office.day(1), "body": {}})
    draft = office.propose("organisation", change, EDITOR)
    assert {(fault["code"].removeprefix("organisation_"), fault["field"]) for fault in draft["faults"]} == {
        ("field_required", "operations/0/body/name/en"), ("entity_unknown", "operations/1/code"),
        ("date_past", "operations/2/from"), ("period_overlaps", "operations/2/from"),
        ("still_used", "operations/3/code"), ("circle", "operations/4/body/parent"),
        ("choice", "operations/5/body/kind"), ("choice", "operations/6/kind")}
    assert all(fault["ar"] and fault["en"] and "{" not in fault["ar"] + fault["en"] for fault in draft["faults"])
    before = office.counts()
    with pytest.raises(Refusal) as refusal:
        office.submit(draft, EDITOR)
    assert len(refusal.value.faults) == 8
    assert office.counts() == before and not office.rows("SELECT 1 FROM organisation_entity")
    assert office.show(draft, EDITOR)["state"] == "draft"


@pytest.mark.parametrize("body", [{}, {"operations": None}, {"operations": {}}, {"operations": []},
                                  {"operations": [[]]}, {"operations": [None, 3, "x"]}, {"x": 1},
                                  {"operations": [{"kind": ["unit"], "code": {"a": 1}, "body": [1]}]}])
def test_whatever_is_written_is_answered_with_faults(office: Office, body: dict[str, Any]) -> None:
    draft = office.propose("organisation", body, EDITOR)
    assert draft["faults"] and office.show(draft, EDITOR)["difference"] == []


def test_of_two_changes_that_contradict_each_other_the_second_is_refused_with_its_faults(office: Office) -> None:
    closing = office.put_forward(office.op("close", "unit", "EG-C-01"), office.op("close", "centre", "EG-C-01-TC"))
    moving_in = office.put_forward(office.op("add", "department", "D-1", unit="EG-C-01", function="licensing"))
    closing, moving_in = (office.decide(one, actor=COUNCIL) for one in (closing, moving_in))
    office.decide(closing, actor=FOLLOW_UP)
    with pytest.raises(Refusal) as refusal:
        office.decide(moving_in, actor=FOLLOW_UP)
    assert [(fault.code, fault.field) for fault in refusal.value.faults] == [
        ("organisation_reference_unknown", "operations/0/body/unit")]
    assert "D-1" not in office.list("department", on=office.day(20))
    assert [fault["code"] for fault in office.show(moving_in, EDITOR)["faults"]] == ["organisation_reference_unknown"]


def test_of_changes_approved_at_once_that_contradict_each_other_exactly_one_counts(office: Office) -> None:
    closing = [office.op("close", "unit", "EG-C-01"), office.op("close", "centre", "EG-C-01-TC")]
    rivals = [office.put_forward(*closing)] + [
        office.put_forward(office.op("add", "department", f"D-{n}", unit="EG-C-01", function="licensing"))
        for n in range(3)]
    rivals = [office.decide(one, actor=COUNCIL) for one in rivals]
    start = threading.Barrier(len(rivals))

    def approve(proposal: dict[str, Any]) -> str:
        start.wait()
        try:
            return str(office.decide(proposal, actor=FOLLOW_UP)["state"])
        except Refusal as refusal:
            return refusal.code

    with ThreadPoolExecutor(len(rivals)) as pool:
        outcomes = list(pool.map(approve, rivals))
    closed = "EG-C-01" not in office.list("unit", on=office.day(20))
    departments = office.list("department", on=office.day(20))
    if closed:
        assert outcomes == ["approved", *["organisation_reference_unknown"] * 3] and not departments
    else:
        assert outcomes == ["organisation_still_used", *["approved"] * 3] and len(departments) == 3


def test_what_was_right_when_proposed_is_judged_again_on_the_day_of_its_approval(office: Office) -> None:
    half = office.decide(office.put_forward(unit(office, days=2)), actor=COUNCIL)
    office.wait(days=3)
    with pytest.raises(Refusal, match="organisation_date_past"):
        office.decide(half, actor=FOLLOW_UP)


def test_an_operation_without_a_day_begins_when_the_proposal_does(office: Office) -> None:
    given = unit(office)
    del given["from"]
    assert office.propose("organisation", office.change(given), EDITOR)["faults"][0]["field"] == "operations/0/from"
    office.carry(given, effective_from=office.day(4))
    assert "EG-C-16" in office.list("unit", on=office.day(4)) and "EG-C-16" not in office.list("unit", on=office.day(3))


# -- what others are told --------------------------------------------------------------------------------------------


def test_each_entity_is_told_with_its_whole_timeline_in_sequence(office: Office) -> None:
    office.carry(unit(office, "change", "EG-C-01", status="being fitted out"), unit(office))
    office.carry(unit(office, "change", days=20, name={"ar": "آخر", "en": "Other"}))
    told = office.events("catalog.organisation.changed.v1")
    assert [(event.data["code"], event.sequence) for event in told] == [("EG-C-01", 1), ("EG-C-16", 1), ("EG-C-16", 2)]
    assert told[1].subject == told[2].subject != told[0].subject
    assert [(one["valid_from"], one["valid_until"], one["body"]["status"]) for one in told[0].data["timeline"]] == [
        ("1970-01-01", office.day(10), "open"), (office.day(10), None, "being fitted out")]
    assert [one["body"]["name"]["en"] for one in told[2].data["timeline"]] == ["Name", "Other"]


def test_several_steps_of_one_entity_are_told_one_after_the_other(office: Office) -> None:
    office.carry(office.op("close", "unit", "EG-C-16", 30), unit(office), unit(office, "change", days=20))
    told = office.events("catalog.organisation.changed.v1")
    assert [event.sequence for event in told] == [1, 2, 3]
    assert told[-1].data["timeline"][-1]["valid_until"] == office.day(30)
    assert [(one["version"], one["op"]) for one in office.history("unit", "EG-C-16")] == [
        (1, "add"), (2, "change"), (3, "close")]


# -- what stands, and how it came about ------------------------------------------------------------------------------


def test_the_lists_stand_before_anything_is_approved(office: Office) -> None:
    assert len(office.list("governorate")) == 27
    assert office.list("unit", parent="NUCA", limit=500).keys() >= {"NUCA-01"}
    assert office.list("centre", parent="EG-C-13") == {"EG-C-13-TC": {
        "name": {"ar": "المركز التكنولوجي - المعادي", "en": "Technology centre - El Maadi"},
        "kind": "technology_centre", "unit": "EG-C-13", "address": None}}
    with pytest.raises(Refusal, match="forbidden"):
        office.list("unit", CLERK)


def test_a_change_waits_for_each_side_until_that_side_has_approved_it(office: Office) -> None:
    def waiting(actor: Any) -> int:
        return len(office.ask(actor, "catalog.proposals", to_decide=True)["proposals"])

    submitted = office.put_forward(unit(office, "change", "EG-C-01", status="being fitted out"))
    assert (waiting(COUNCIL), waiting(FOLLOW_UP), waiting(EDITOR)) == (1, 1, 0)
    office.decide(submitted, actor=COUNCIL)
    assert (waiting(COUNCIL), waiting(FOLLOW_UP)) == (0, 1)


def test_a_listing_goes_page_by_page(office: Office) -> None:
    codes, after = [], None
    while True:
        page = office.ask(EDITOR, "catalog.organisation", kind="unit", limit=7, after=after)
        codes += [one["code"] for one in page["entities"]]
        after = page["next"]
        if after is None:
            break
    assert codes == sorted(office.list("unit", limit=500)) and len(codes) > 34


def test_history_tells_who_proposed_and_who_approved_and_when(office: Office) -> None:
    office.carry(unit(office, "change", "EG-C-01", status="being fitted out"))
    office.wait(days=1)
    office.carry(office.op("close", "unit", "EG-C-01", 20), office.op("close", "centre", "EG-C-01-TC", 20))
    base, changed, closed = office.history("unit", "EG-C-01")
    assert (base["version"], base["proposed_by"], base["body"]["status"]) == (0, None, "open")
    assert [one["valid_until"] for one in (base, changed, closed)] == ["2026-03-11", "2026-03-22", None]
    assert (changed["proposed_by"], changed["valid_from"], changed["body"]["status"]) == (
        EDITOR.id, "2026-03-11", "being fitted out")
    assert [(one["permission"], one["by"]) for one in changed["approved_by"]] == [
        ("organisation.review_council", COUNCIL.id), ("organisation.review_follow_up", FOLLOW_UP.id)]
    assert changed["at"].startswith("2026-03-01T") and closed["at"].startswith("2026-03-02T")
    assert (closed["op"], closed["body"]) == ("close", None)
    assert office.show({"proposal_id": changed["proposal_id"]}, COUNCIL)["state"] == "approved"
    assert len(office.audited("organisation.change")) == 2
    for unknown in ("EG-C-99", "لا", "x\x00"):
        with pytest.raises(Refusal):
            office.history("unit", unknown)


def test_the_tables_are_what_the_migrations_make(office: Office) -> None:
    with office.database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={
            "include_object": lambda _, name, kind, *__: kind != "table" or name.startswith("organisation_")})
        assert compare_metadata(context, metadata) == []


def test_what_was_approved_cannot_be_changed_in_the_database(office: Office) -> None:
    office.carry(unit(office))
    for statement in ("UPDATE organisation_entity SET valid_from = '2020-01-01'", "DELETE FROM organisation_entity"):
        with pytest.raises(DBAPIError, match="never changes"), office.database.transaction() as connection:
            connection.execute(text(statement))


# -- days off --------------------------------------------------------------------------------------------------------


def test_a_year_tells_each_day_off_and_why(office: Office) -> None:
    days = office.calendar(2026)
    assert (days["2026-01-07"]["why"], days["2026-01-07"]["name"]["en"]) == ("holiday", "Coptic Christmas Day")
    assert (days["2026-11-20"]["why"], days["2026-11-20"]["name"]["ar"]) == ("weekend", "الجمعة")
    assert days["2026-05-27"]["forecast"] and not days["2026-01-07"]["forecast"]
    assert "2026-11-22" not in days and not any(day["working"] for day in days.values())
    whole = [date(2026, 1, 1) + timedelta(days=n) for n in range(365)]
    assert {day.isoformat() for day in whole if day.weekday() in (4, 5)} <= set(days)


def test_a_decree_moves_a_holiday_for_those_whom_it_reaches(office: Office) -> None:
    def decree(code: str, day: str, effect: str, scope: Any = None) -> dict[str, Any]:
        return office.op("add", "holiday", code, 1, effect=effect, first=day, last=day, scope=scope,
                         decree={"number": "12/2026", "date": "2026-03-01"})

    here = {"kind": "governorate", "code": "EG-C"}
    office.carry(decree("H-1", "2026-04-25", "working_day"), decree("H-2", "2026-04-26", "holiday"),
                 decree("H-3", "2026-11-22", "holiday", here),
                 decree("H-4", "2026-11-22", "working_day", {"kind": "unit", "code": "EG-C-01"}))
    for unit_code in (None, "EG-C-02"):
        days = office.calendar(2026, unit_code)
        assert days["2026-04-25"]["working"] and days["2026-04-25"]["decree"] == {
            "number": "12/2026", "date": "2026-03-01"}
        assert (days["2026-04-26"]["working"], days["2026-04-26"]["why"]) == (False, "decree")
        assert not days["2026-11-22"]["working"]
    assert office.calendar(2026, "EG-C-01")["2026-11-22"]["working"]
    assert "2026-11-22" not in office.calendar(2026, "EG-SUZ-01")
    with pytest.raises(Refusal, match="organisation_unknown"):
        office.calendar(2026, "EG-C-99")


def test_a_unit_with_a_weekend_of_its_own(office: Office) -> None:
    office.carry(office.op("add", "working_hours", "HRS-1", 10, of={"kind": "unit", "code": "EG-C-01"},
                           weekend=["friday"], days={"saturday": [{"opens": "09:00", "closes": "13:00"}]}))
    office.carry(office.op("close", "working_hours", "HRS-1", 40),
                 office.op("add", "working_hours", "HRS-2", 40, of={"kind": "unit", "code": "EG-C-01"},
                           weekend=["friday", "sunday"]))
    own, other = office.calendar(2026, "EG-C-01"), office.calendar(2026, "EG-C-02")
    assert "2026-03-07" in own and "2026-03-14" not in own and "2026-03-14" in other  # Saturdays
    assert "2026-04-12" in own and "2026-04-12" not in other                          # a Sunday
    assert "2026-03-13" in own


def test_a_proposal_that_is_none(office: Office) -> None:
    with pytest.raises(Refusal, match="organisation_unknown"):
        office.ask(EDITOR, "catalog.employee", code="1024", proposal_id=str(uuid4()))
