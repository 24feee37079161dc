"""The log of reads that a citizen may ask for: which desk looked at the data and when, and nobody's name."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pytest

from chassis.actors import PUBLIC
from chassis.answers import load
from contracts.requests_access import AccessLog
from contracts.requests_afterwards import AskReopening
from rules.refusal import Refusal
from services.requests import access, corrections, document, inquiry, licences, receipt, register, reopening, tasks
from tests.support.requests_ground import CLERK, HEAD, INSPECTOR, LAST4, NAME, OFFICER, Ground, shop, staff
from tests.support.shop_ground import *  # noqa: F403  (fixtures)

REASONS = shop()["workflow"].get("reasons") or []
LEGAL = {"legal_reason": REASONS[0]["code"]} if REASONS else {}


def log(ground: Ground, lodged: dict[str, Any], last4: str = LAST4, **more: Any) -> dict[str, Any]:
    body = load(AccessLog(), {"tracking_number": lodged["tracking_number"], "phone_last4": last4, **more})
    found: dict[str, Any] = access.log(ground.unit_of_work(PUBLIC), body)
    return found


def test_reads_are_told_with_desk_and_time_and_without_a_name(ground: Ground) -> None:
    lodged = ground.reviewed()
    ground.check_documents()
    assert log(ground, lodged)["entries"] == []
    task = ground.next(OFFICER)
    assert task is not None
    for paper in ground.file(OFFICER, task)["documents"]:
        ground.attempt(lambda work, paper=paper: tasks.document(
            work, UUID(task["task_id"]), UUID(paper["document_id"])), OFFICER)
    ground.wait(hours=1)
    ground.attempt(lambda work: corrections.show(work, {"tracking_number": lodged["tracking_number"]}), CLERK)
    found = log(ground, lodged)
    acts = [(entry["act"], entry["role"], entry["department"], entry["identifies"]) for entry in found["entries"]]
    assert acts[0] == ("request.correction_read", "window_clerk", None, True)
    assert sorted(acts[1:], key=str) == [
        ("document.read", "officer", "licensing", False), ("document.unmask", "officer", "licensing", True),
        ("file.read", "officer", "licensing", False)]
    assert found["entries"][0]["at"] == ground.now.isoformat()
    assert found["entries"][0]["role_name"] == {"ar": "موظف الشباك", "en": "Window clerk"}
    assert found["entries"][1]["unit_name"]["ar"]
    said = json.dumps(found, ensure_ascii=False)
    for hidden in (OFFICER.id, CLERK.id, NAME, "staff:"):
        assert hidden not in said


def test_reading_the_licence_in_the_register_is_told_too(ground: Ground) -> None:
    lodged = ground.issued()
    serial = ground.row(lodged).licence_serial
    keeper = staff("keeper", "department_head", "licensing")
    ground.attempt(lambda work: register.entry(work, serial), keeper)
    newest = log(ground, lodged)["entries"][0]
    assert (newest["act"], newest["role"], newest["department"]) == ("licence.read", "department_head", "licensing")


def test_a_copy_printed_at_a_desk_is_told_and_the_holders_own_is_not(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(document, "render", lambda *_: (b"the licence", document.HTML))
    lodged = ground.issued()
    while ground.attempt(licences.render_next):
        pass
    serial = ground.row(lodged).licence_serial
    before = len(log(ground, lodged)["entries"])
    ground.attempt(lambda work: licences.document_of(work, serial), PUBLIC)
    ground.attempt(lambda work: register.printed(work, {"serial": serial, "purpose": "window"}), CLERK)
    entries = log(ground, lodged)["entries"]
    assert len(entries) == before + 1
    assert (entries[0]["act"], entries[0]["role"], entries[0]["identifies"]) == ("licence.print", "window_clerk", True)


def test_a_wish_to_open_again_that_was_read_is_told(ground: Ground) -> None:
    lodged, other = ground.decided(), ground.decided()
    for _ in range(2):
        ground.do(HEAD, "reject", reason="لا يطابق الاشتراطات", **LEGAL)
    asked = load(AskReopening(), {"tracking_number": lodged["tracking_number"], "phone_last4": LAST4,
                                  "reason": "لدي مستند جديد لم يُنظر"})
    ground.attempt(lambda work: reopening.ask(work, asked), PUBLIC)
    ground.attempt(reopening.listed, HEAD)
    assert log(ground, lodged)["entries"][0]["act"] == "reopening.read"
    assert "reopening.read" not in {entry["act"] for entry in log(ground, other)["entries"]}


def test_a_receipt_drawn_at_the_window_is_told_and_the_applicants_own_is_not(ground: Ground) -> None:
    lodged = ground.submit()
    number = {"tracking_number": lodged["tracking_number"], "phone_last4": LAST4}
    for actor in (PUBLIC, CLERK):
        ground.attempt(lambda work: receipt.facts(work, inquiry.admitted(work, number)), actor)
    [entry] = log(ground, lodged)["entries"]
    assert (entry["act"], entry["role"], entry["identifies"]) == ("receipt.read", "window_clerk", True)


def test_reads_of_another_request_are_not_told(ground: Ground) -> None:
    mine, other = ground.reviewed(), ground.reviewed()
    for _ in range(2):
        task = ground.next(OFFICER)
        assert task is not None
        ground.file(OFFICER, task)
    assert len(log(ground, mine)["entries"]) == len(log(ground, other)["entries"]) == 1


def test_a_search_that_showed_the_request_is_told(ground: Ground) -> None:
    lodged, other = ground.submit(), ground.submit()

    def searched(work: Any) -> None:
        work.audit_read("request.find", "EG-C-01", by=["name"], requests=[str(lodged["request_id"])])

    ground.attempt(searched, CLERK)
    assert [entry["act"] for entry in log(ground, lodged)["entries"]] == ["request.find"]
    assert log(ground, other)["entries"] == []


def test_page_by_page(ground: Ground) -> None:
    lodged = ground.reviewed()
    task = ground.next(OFFICER)
    assert task is not None
    for _ in range(5):
        ground.file(OFFICER, task)
    first = log(ground, lodged, limit=3)
    second = log(ground, lodged, limit=3, before=first["next"])
    assert (len(first["entries"]), len(second["entries"]), second["next"]) == (3, 2, None)


def test_wrong_digits_and_unknown_numbers_are_alike(ground: Ground) -> None:
    lodged = ground.submit()
    for number, digits in ((lodged["tracking_number"], "0000"), ("01-26-00000000-0", LAST4)):
        with pytest.raises(Refusal, match="tracking_unknown"):
            log(ground, {"tracking_number": number}, digits)


def test_a_letter_or_a_decision_without_reading_is_no_read(ground: Ground) -> None:
    lodged = ground.decided()
    ground.do(HEAD, "approve")
    assert {entry["act"] for entry in log(ground, lodged)["entries"]} <= {"file.read"}
    assert INSPECTOR.id not in json.dumps(log(ground, lodged))
