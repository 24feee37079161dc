"""Decisions with a ground in law, what an inspector saw, appeals, and the picture of where a request stands."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from uuid import UUID

import pytest

from chassis.actors import PUBLIC
from chassis.answers import load
from chassis.ids import uuid7
from contracts import requests_assignment as language
from rules.refusal import Refusal
from services.requests import appeals, assignment, graphs, unmasking
from tests.support.appealing import appealing
from tests.support.requests_ground import EMAIL, HEAD, INSPECTOR, LAST4, OFFICER, PDF, Ground, staff
from tests.support.shop_ground import *  # noqa: F403  (fixtures)

PNG = b"\x89PNG\r\n\x1a\n a picture"
FINDINGS = {"findings": "مطابق للاشتراطات"}
REASON = "الاشتراطات مستوفاة وأطلب إعادة النظر"
OTHER_HEAD = staff("deputy", "unit_head", "leadership")


@pytest.fixture(scope="module")
def opened(database_url: Callable[..., str]) -> Iterator[Ground]:
    made = Ground(database_url("requests"))
    made.publish(appealing())
    yield made
    made.close()


def inspected(ground: Ground, **report: Any) -> dict[str, Any]:
    lodged = ground.reviewed(service_code="shop-appealed")
    ground.do(OFFICER, "accept")
    ground.do(INSPECTOR, "report", inputs=FINDINGS, **report)
    return lodged


def rejected(ground: Ground) -> dict[str, Any]:
    lodged = inspected(ground)
    ground.do(HEAD, "reject", reason="لا مخرج ثانياً للمحل", legal_reason="safety")
    return lodged


def appeal(ground: Ground, lodged: Mapping[str, Any], last4: str = LAST4, reason: str = REASON) -> dict[str, Any]:
    body = load(language.Appeal(),
                {"tracking_number": lodged["tracking_number"], "phone_last4": last4, "reason": reason})
    answer: dict[str, Any] = ground.attempt(lambda work: appeals.appeal(work, body), PUBLIC)
    return answer


def pictured(ground: Ground, content: bytes = PNG) -> str:
    """An inspector's upload that the checker has passed."""
    document_id = ground.upload(content, INSPECTOR)
    ground.rows("UPDATE document SET status = 'clean' WHERE id = :d RETURNING id", d=document_id)
    return document_id


def refused(run: Callable[[], Any]) -> list[tuple[str, str | None]]:
    with pytest.raises(Refusal) as refusal:
        run()
    return [(fault.code, fault.field) for fault in refusal.value.faults]


# -- legal reasons


def test_a_rejection_names_a_ground_in_law_and_the_applicant_reads_it(ground: Ground) -> None:
    lodged = rejected(ground)
    entry = ground.timeline(lodged)["entries"][-1]
    assert entry["note"] == "لا مخرج ثانياً للمحل"
    assert entry["legal_reason"]["code"] == "safety"
    assert entry["legal_reason"]["legal_basis"]["ar"] == "قانون المحال العامة"


def test_all_that_a_decision_lacks_is_told_at_once_and_nothing_moves(ground: Ground) -> None:
    lodged = inspected(ground)
    task = ground.next(HEAD)
    assert task is not None
    assert [one["code"] for one in ground.file(HEAD, task)["legal_reasons"]] == ["safety", "zoning"]
    before = ground.counts()
    assert refused(lambda: ground.act(HEAD, task, "reject")) == [
        ("legal_reason_required", "legal_reason"), ("reason_required", "reason")]
    assert refused(lambda: ground.act(HEAD, task, "reject", reason="سبب", legal_reason="mood")) == [
        ("legal_reason_unknown", "legal_reason")]
    assert ground.counts() == before and ground.row(lodged).state == "decision"


# -- who applied


def test_the_inspector_calls_before_coming_and_every_look_is_recorded(ground: Ground) -> None:
    lodged = ground.reviewed(service_code="shop-appealed")
    officers = ground.next(OFFICER)
    assert officers is not None and ground.file(OFFICER, officers)["shows"] == []
    assert refused(lambda: ground.attempt(lambda work: unmasking.applicant(work, UUID(officers["task_id"])), OFFICER)
                   ) == [("applicant_not_shown", "task_id")]
    assert [row.details for row in ground.audited("denied")] == [{"permission": "applicant.unmask"}]
    ground.act(OFFICER, officers, "accept")
    task = ground.next(INSPECTOR)
    assert task is not None and ground.file(INSPECTOR, task)["shows"] == ["contact"]
    found = ground.attempt(lambda work: unmasking.applicant(work, UUID(task["task_id"])), INSPECTOR)
    assert found == {"name": None, "phone": "+201012345678", "email": EMAIL}
    [row] = ground.audited("applicant.unmask")
    assert (row.actor_id, row.subject, row.details["shows"]) == (INSPECTOR.id, lodged["request_id"], ["contact"])


# -- photos


def test_what_the_inspector_saw_stands_beside_the_findings(ground: Ground) -> None:
    pictures = [pictured(ground, PNG + bytes([n])) for n in range(2)]
    inspected(ground, photos=[{"document_id": pictures[0], "caption": "الواجهة"}, {"document_id": pictures[1]}])
    task = ground.next(HEAD)
    assert task is not None
    file = ground.file(HEAD, task)
    assert file["steps"][-1]["photos"] == [
        {"document_id": pictures[0], "caption": "الواجهة"}, {"document_id": pictures[1], "caption": None}]
    assert {one["code"] for one in file["documents"]} == {"id_copy", "lease_contract"}
    [kept] = ground.rows("SELECT caption FROM step_photo WHERE caption IS NOT NULL")
    assert "الواجهة" not in kept.caption


def test_a_picture_that_is_none_or_was_used_is_told_by_its_place(ground: Ground) -> None:
    ground.reviewed(service_code="shop-appealed")
    ground.do(OFFICER, "accept")
    task = ground.next(INSPECTOR)
    assert task is not None and ground.file(INSPECTOR, task)["photos_wanted"]
    good, paper, unchecked = pictured(ground), pictured(ground, PDF), ground.upload(PNG, INSPECTOR)
    before = ground.counts()
    given = [{"document_id": one} for one in (good, paper, str(uuid7()), good, unchecked)]
    assert refused(lambda: ground.act(INSPECTOR, task, "report", inputs=FINDINGS, photos=given)) == [
        ("document_type_not_taken", "photos/1/document_id"), ("document_unknown", "photos/2/document_id"),
        ("document_unknown", "photos/3/document_id"), ("document_in_quarantine", "photos/4/document_id")]
    assert ground.counts() == before
    assert ground.act(INSPECTOR, task, "report", inputs=FINDINGS, photos=given[:1])["state"] == "decision"
    again = ground.next(HEAD)
    assert again is not None
    assert refused(lambda: ground.act(HEAD, again, "approve", photos=given[:1])) == [("photos_not_asked", "photos")]


# -- appeals


def test_an_appeal_is_heard_by_another_than_who_decided(ground: Ground) -> None:
    lodged = rejected(ground)
    assert ground.status(lodged["tracking_number"])["appeal"] == {"until": "2026-03-16"}

    assert appeal(ground, lodged)["state"] == "appeal"

    assert ground.status(lodged["tracking_number"])["appeal"] is None

    assert ground.next(HEAD) is None
    task = ground.next(OTHER_HEAD)
    assert task is not None
    step = ground.file(OTHER_HEAD, task)["steps"][-1]
    assert (step["action"], step["reason"], step["action_name"]["en"]) == ("appealed", REASON, "The applicant appealed")
    assert ground.act(OTHER_HEAD, task, "grant")["state"] == "awaiting_final_fee"
    assert [row.account for row in ground.rows("SELECT account FROM apart")] == [HEAD.id]
    assert [event.data["action"] for event in ground.events(lodged["request_id"])][-2:] == ["appealed", "grant"]


def test_who_decided_cannot_act_on_the_appeal_even_were_it_given(ground: Ground) -> None:
    lodged = rejected(ground)
    appeal(ground, lodged)
    task = ground.rows(
        "UPDATE task SET status = 'held', held_by = :h WHERE status = 'open' RETURNING id", h=HEAD.id)[0]
    assert refused(lambda: ground.act(HEAD, {"task_id": str(task.id)}, "grant")) == [("apart_by_design", None)]
    assert ground.row(lodged).state == "appeal"


def test_where_only_one_could_decide_the_unit_above_hears_the_appeal(ground: Ground) -> None:
    body = {"name": {"ar": "الديوان", "en": "Diwan"}, "kind": "diwan", "governorate": "EG-C", "authority": None,
            "parent": None, "status": "open"}
    ground.organise("unit", "EG-C-DW", {"valid_from": "2026-01-01", "body": body})
    appeal(ground, rejected(ground))
    assert ground.attempt(assignment.raise_to_the_unit_above) == 1
    above = staff("above", "unit_head", "leadership", unit="EG-C-DW")
    assert ground.do(above, "dismiss", legal_reason="zoning")["outcome"] == "rejected"


def test_an_appeal_is_heard_once(ground: Ground) -> None:
    lodged = rejected(ground)
    appeal(ground, lodged)
    assert refused(lambda: appeal(ground, lodged)) == [("appeal_not_offered", None)]
    ground.do(OTHER_HEAD, "dismiss", legal_reason="zoning")
    assert refused(lambda: appeal(ground, lodged)) == [("appeal_used", None)]


def test_an_appeal_comes_in_time_or_not_at_all(ground: Ground) -> None:
    in_time, late = rejected(ground), rejected(ground)
    ground.wait(days=15)
    assert appeal(ground, in_time)["state"] == "appeal"
    ground.wait(days=10)
    before = ground.counts()
    assert refused(lambda: appeal(ground, late)) == [("appeal_too_late", None)]
    assert ground.counts() == before


def test_nothing_else_is_appealed_against_and_nobody_else_appeals(ground: Ground) -> None:
    lodged = inspected(ground)
    assert refused(lambda: appeal(ground, lodged)) == [("appeal_not_offered", None)]
    ground.do(HEAD, "reject", reason="سبب", legal_reason="safety")
    assert refused(lambda: appeal(ground, lodged, last4="0000")) == [("tracking_unknown", None)]


# -- the picture


def test_the_picture_shows_where_the_request_stands_to_the_applicant_and_to_the_holder(ground: Ground) -> None:
    lodged = inspected(ground)
    asked = {"tracking_number": lodged["tracking_number"], "phone_last4": LAST4, "language": "ar"}
    shown = graphs.of_request(ground.unit_of_work(PUBLIC), asked)
    assert shown["state"] == "decision" and shown["svg"].count("الطلب هنا الآن") == 1
    task = ground.next(HEAD)
    assert task is not None
    held = {"task_id": UUID(task["task_id"]), "language": "en"}
    assert "The request is here" in graphs.of_task(ground.unit_of_work(HEAD), held)["svg"]
    with pytest.raises(Refusal, match="task_unknown"):
        graphs.of_task(ground.unit_of_work(OTHER_HEAD), held)
    with pytest.raises(Refusal, match="tracking_unknown"):
        graphs.of_request(ground.unit_of_work(PUBLIC), {**asked, "phone_last4": "0000"})
