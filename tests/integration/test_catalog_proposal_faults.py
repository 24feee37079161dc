"""What is wrong with a proposal is told at every step, all of it, and it goes no further."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from chassis.ids import uuid7
from rules.refusal import Refusal
from services.catalog import review
from tests.support.catalog_desk import *  # noqa: F403  (fixtures)
from tests.support.catalog_desk import REASON, other, seen
from tests.support.catalog_ground import EDITOR, Desk
from tests.support.requests_ground import shop

# -- faults ----------------------------------------------------------------------------------------------------------


def faulty() -> dict[str, Any]:
    wrong = deepcopy(shop())
    wrong["fees"][0]["per"] = "nobody"
    wrong["workflow"]["states"]["inspection"]["actions"][0]["to"] = "nowhere"
    wrong["outputs"][0]["fields"] = ["nobody"]
    return wrong


def test_a_draft_may_be_faulty_but_goes_no_further(desk: Desk) -> None:
    drafted = desk.propose("definition", faulty(), effective_from=desk.day(-1))
    places = {fault["field"] for fault in drafted["faults"]}
    assert {"fees/0/per", "workflow/states/inspection/actions/report", "outputs/0/fields", "effective_from"} <= places
    assert all(fault["ar"] and fault["en"] and fault["ar"] != fault["en"] for fault in drafted["faults"])
    before = desk.counts()
    with pytest.raises(Refusal) as refusal:
        desk.submit(drafted)
    assert {fault.field for fault in refusal.value.faults} == places
    assert desk.counts() == before and desk.show(drafted)["state"] == "draft"
    checked = desk.ask(EDITOR, "catalog.check", kind="definition", body=faulty(), effective_from=desk.day(-1))
    assert {fault["field"] for fault in checked["faults"]} == places and desk.counts() == before


@pytest.mark.parametrize(("days", "code"), [(-1, "effective_date_past"), (0, "effective_date_overlaps"),
                                            (30, "effective_date_overlaps"), (31, None)])
def test_a_version_has_days_of_its_own(desk: Desk, days: int, code: str | None) -> None:
    desk.load(shop(), adopt=True)
    desk.approved("definition", other("محل"), effective_from=desk.day(30))
    drafted = desk.propose("definition", other("دكان"), effective_from=desk.day(days))
    if code is None:
        assert desk.decide(desk.submit(drafted))["applied"]["version"] == 3
    else:
        with pytest.raises(Refusal) as refusal:
            desk.submit(drafted)
        assert code in {fault.code for fault in refusal.value.faults}


def test_a_day_that_passed_while_it_lay_in_review_is_found_out(desk: Desk) -> None:
    submitted = desk.submitted("definition", shop(), effective_from=desk.day(2))
    desk.wait(days=3)
    before = desk.counts()
    with pytest.raises(Refusal, match="effective_date_past"):
        desk.decide(submitted)
    assert desk.counts() == before and len(desk.audited("denied")) == 1


def test_of_two_proposals_for_one_service_the_second_must_look_at_the_first(desk: Desk) -> None:
    desk.load(shop(), adopt=True)
    first, second = (desk.submitted("definition", other(word)) for word in ("محل", "دكان"))
    desk.decide(first)
    with pytest.raises(Refusal) as refusal:
        desk.decide(second)
    assert refusal.value.faults[0].params == {"based_on": 1, "standing": 2}
    returned = desk.decide(second, "return", remark="نُشرت نسخة أحدث")
    assert desk.show(returned)["faults"][0]["code"] == "proposal_outdated"
    amended = desk.ask(EDITOR, "catalog.amend", **seen(returned), body=other("محل", "دكان"), based_on=2)
    assert desk.decide(desk.submit(amended))["applied"]["version"] == 3


def test_what_changes_nothing_is_no_proposal(desk: Desk) -> None:
    desk.load(shop(), adopt=True)
    for kind, body in (("definition", shop()), ("adoption", {"code": "shop-licence", "offered": True})):
        assert [fault["code"] for fault in desk.propose(kind, body)["faults"]] == ["nothing_changed"]


@pytest.mark.parametrize(("body", "code"), [
    ({}, "proposal_subject_missing"), ({"code": "../x"}, "proposal_subject_missing"),
    ({"code": 7}, "proposal_subject_missing"), ({"code": "shop-licence", "name": "\x00"}, "malformed")])
def test_what_cannot_be_kept_is_refused_at_once(desk: Desk, body: dict[str, Any], code: str) -> None:
    with pytest.raises(Refusal, match=code):
        desk.propose("definition", body)
    assert not any(desk.counts().values())


def test_proposals_that_are_none(desk: Desk) -> None:
    nobody = {"proposal_id": str(uuid7()), "version": 1}
    for attempt in (lambda: desk.submit(nobody), lambda: desk.decide(nobody), lambda: desk.show(nobody)):
        with pytest.raises(Refusal, match="proposal_unknown"):
            attempt()
    with pytest.raises(Refusal, match="field_invalid"):
        desk.propose("wish", {"code": "shop-licence"})


# -- retirement ------------------------------------------------------------------------------------------------------


def test_what_is_wrong_with_a_retirement_is_told_at_once(desk: Desk) -> None:
    desk.load(shop(), adopt=True)
    drafted = desk.propose("retirement", {"code": "shop-licence", "reason": {"ar": "سبب"}}, effective_from=desk.day(-1))
    assert {fault["code"] for fault in drafted["faults"]} == {
        "field_invalid", "effective_date_past", "retirement_too_early"}
    unknown = desk.propose("retirement", {"code": "nobody", "reason": REASON})
    assert [fault["code"] for fault in unknown["faults"]] == ["service_unknown"]
    desk.approved("retirement", {"code": "shop-licence", "reason": REASON}, effective_from=desk.day(9))
    again = desk.propose("retirement", {"code": "shop-licence", "reason": REASON}, effective_from=desk.day(20))
    assert [fault["code"] for fault in again["faults"]] == ["retired_already"]


def test_the_reason_that_everybody_reads_turns_no_text(desk: Desk) -> None:
    desk.load(shop())
    for text in ("until \u202e7202", "\x1b[2J"):
        drafted = desk.propose("retirement", {"code": "shop-licence", "reason": REASON | {"en": text}})
        assert [(fault["code"], fault["field"]) for fault in drafted["faults"]] == [("field_invalid", "reason")]
        assert "رموز تحكم" in drafted["faults"][0]["ar"]


def test_a_service_does_not_end_before_what_was_published_begins(desk: Desk) -> None:
    desk.load(shop(), adopt=True)
    desk.approved("definition", other("محل"), effective_from=desk.day(10))
    body = {"code": "shop-licence", "reason": REASON}
    drafted = desk.propose("retirement", body, effective_from=desk.day(10))
    assert drafted["faults"][0]["params"] == {"taken": desk.day(10), "first": desk.day(11)}
    assert desk.approved("retirement", body)["retired_from"] == desk.day(11)
    desk.wait(days=10)
    assert desk.get("shop-licence")["version"] == 2
    desk.wait(days=1)
    assert desk.offered() == []


def test_of_thousands_of_faults_so_many_are_told_as_an_answer_holds(desk: Desk) -> None:
    desk.load(shop())
    body = {"code": "shop-licence", "offered": True, "overrides": {f"fees/{number}": 1 for number in range(5000)}}
    drafted = desk.propose("adoption", body)
    checked = desk.ask(EDITOR, "catalog.check", kind="adoption", body=body)
    for faults in (drafted["faults"], checked["faults"], desk.show(drafted)["faults"]):
        assert len(faults) == review.MOST_FAULTS + 1
        assert (faults[-1]["code"], faults[-1]["params"]) == ("faults_more", {"count": 5000 - review.MOST_FAULTS})
    with pytest.raises(Refusal) as refused:
        desk.submit(drafted)
    assert len(refused.value.faults) == review.MOST_FAULTS + 1
