"""Inspections that a definition orders after the issue: planned with the licence, dealt when due, reported with
pictures; a violation is for the head to decide."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from chassis.actors import Actor
from chassis.answers import load
from contracts.requests_engine import DecideQuestion, ListFollowUps
from rules.refusal import Refusal
from services.requests import follow_ups, oversight, questions, register
from tests.support.deadlines_ground import Sweeping
from tests.support.requests_ground import HEAD, Ground, staff
from tests.support.shop_ground import *  # noqa: F403  (fixtures)

ISSUED = date(2026, 3, 1)
FIRST = ISSUED + timedelta(days=180)
SECOND = date(FIRST.year + 1, FIRST.month, FIRST.day)
CHECKER = staff("checker", "inspector", "licensing")
SECOND_CHECKER = staff("second-checker", "inspector", "licensing")
ELSEWHERE = staff("elsewhere", "unit_head", "leadership", unit="EG-C-13")
PNG = b"\x89PNG\r\n\x1a\n a picture"
FOUND = {"findings": "لا توجد طفاية حريق"}
REASON = {"reason": "خالف المحل اشتراطات الحماية من الحريق"}


def pictured(ground: Ground) -> str:
    """An inspector's upload that the checker has passed."""
    document_id = ground.upload(PNG, CHECKER)
    ground.rows("UPDATE document SET status = 'clean' WHERE id = :d RETURNING id", d=document_id)
    return document_id


def due(sweeping: Sweeping, day: date = FIRST) -> int:
    sweeping.at(day)
    return follow_ups.sweep(sweeping.ground)


def planned(ground: Ground) -> list[tuple[int, date, str]]:
    return [(row.number, row.due_on, row.status) for row in ground.rows("SELECT * FROM follow_up ORDER BY number")]


def violated(ground: Ground, sweeping: Sweeping, **more: Any) -> str:
    """A licence in whose inspection a violation was found; its serial."""
    lodged = ground.issued()
    due(sweeping)
    ground.do(CHECKER, "violation", inputs=FOUND, **more)
    return str(ground.row(lodged).licence_serial)


def asked(ground: Ground, actor: Actor = HEAD) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ground.attempt(questions.listed, actor)["questions"]
    return found


def decide(ground: Ground, decision: str, actor: Actor = HEAD, **more: Any) -> dict[str, Any]:
    [question] = asked(ground)
    body = load(DecideQuestion(), {"question_id": question["question_id"], "version": question["version"],
                                   "decision": decision, **REASON, **more})
    answer: dict[str, Any] = ground.attempt(lambda work: questions.decide(work, body), actor)
    return answer


def state_of(ground: Ground, serial: str) -> str:
    return str(ground.rows("SELECT state FROM licence WHERE serial = :s", s=serial)[0].state)


def test_it_is_planned_with_the_licence_and_opened_when_due(ground: Ground, sweeping: Sweeping) -> None:
    ground.issued()
    assert planned(ground) == [(1, FIRST, "planned")]
    assert due(sweeping, FIRST - timedelta(days=1)) == 0
    assert ground.next(CHECKER) is None
    assert due(sweeping) == 1
    assert planned(ground) == [(1, FIRST, "open"), (2, SECOND, "planned")]
    assert due(sweeping) == 0  # once


def test_a_request_that_ends_otherwise_plans_none(ground: Ground) -> None:
    lodged = ground.sent_back()
    ground.resubmit(lodged, action="withdraw")
    assert ground.row(lodged).outcome == "withdrawn" and planned(ground) == []


def test_it_is_dealt_like_all_others_and_shows_no_name(ground: Ground, sweeping: Sweeping) -> None:
    ground.issued()
    due(sweeping)
    task = ground.next(CHECKER)
    assert task is not None
    file = ground.file(CHECKER, task)
    assert (file["state"], file["photos_wanted"]) == ("follow_up/compliance", True)
    assert [one["code"] for one in file["actions"]] == ["compliant", "violation"]
    assert [one["name"] for one in file["inputs"]] == ["findings"]
    assert "منى" not in str(file)
    assert ground.attempt(lambda work: oversight.desk(work, {"after": None, "limit": 50}), HEAD)["tasks"][0][
        "state_name"]["ar"] == "متابعة استمرار استيفاء الاشتراطات"
    with pytest.raises(Refusal, match="task_unknown"):
        ground.file(SECOND_CHECKER, task)


def test_a_good_result_is_kept_and_the_next_inspector_reads_it(ground: Ground, sweeping: Sweeping) -> None:
    lodged = ground.issued()
    due(sweeping)
    picture = pictured(ground)
    answer = ground.do(CHECKER, "compliant", inputs={"findings": "مطابق"}, photos=[{"document_id": picture}])
    assert (answer["state"], answer["outcome"]) == ("issued", "approved")
    assert planned(ground)[0] == (1, FIRST, "done") and asked(ground) == []
    assert "مطابق" not in str(ground.rows("SELECT findings FROM follow_up"))
    due(sweeping, SECOND)
    task = ground.next(SECOND_CHECKER)
    assert task is not None
    last = ground.file(SECOND_CHECKER, task)["steps"][-1]
    assert (last["action"], last["inputs"][0]["value"], last["photos"][0]["document_id"]) == (
        "compliant", "مطابق", picture)
    assert ground.row(lodged).version == len(ground.events(lodged["request_id"]))


def test_it_says_what_was_found(ground: Ground, sweeping: Sweeping) -> None:
    ground.issued()
    due(sweeping)
    task = ground.next(CHECKER)
    assert task is not None
    before = ground.counts()
    with pytest.raises(Refusal, match="input_required"):
        ground.act(CHECKER, task, "violation")
    with pytest.raises(Refusal, match="action_unknown"):
        ground.act(CHECKER, task, "approve")
    assert ground.counts() == before


def test_a_violation_asks_the_head_and_the_licence_stays_until_then(ground: Ground, sweeping: Sweeping) -> None:
    picture = pictured(ground)
    serial = violated(ground, sweeping, photos=[{"document_id": picture}])
    assert state_of(ground, serial) == "in_force"
    [question] = asked(ground)
    assert (question["serial"], question["findings"], question["photos"]) == (serial, FOUND["findings"], [picture])
    body = {"question_id": UUID(question["question_id"]), "document_id": UUID(picture)}
    assert ground.attempt(lambda work: questions.photo(work, body), HEAD)["media_type"] == "image/png"
    assert asked(ground, ELSEWHERE) == []


def test_the_head_suspends_with_a_reason(ground: Ground, sweeping: Sweeping) -> None:
    serial = violated(ground, sweeping)
    assert decide(ground, "suspend")["decision"] == "suspend"
    assert state_of(ground, serial) == "suspended" and asked(ground) == []
    history = register.entry(ground.unit_of_work(HEAD), serial)["history"]
    assert (history[-1]["act"], history[-1]["by"], history[-1]["reason"]) == ("suspend", HEAD.id, REASON["reason"])


def test_the_head_may_leave_the_licence_as_it_is(ground: Ground, sweeping: Sweeping) -> None:
    serial = violated(ground, sweeping)
    decide(ground, "leave")
    assert state_of(ground, serial) == "in_force" and asked(ground) == []


def test_who_inspected_does_not_decide_nor_who_is_elsewhere(ground: Ground, sweeping: Sweeping) -> None:
    serial = violated(ground, sweeping)
    both = Actor(id=CHECKER.id, kind="staff", roles=("inspector", "unit_head"), unit=CHECKER.unit,
                 department="licensing")
    with pytest.raises(Refusal, match="apart_by_design"):
        decide(ground, "suspend", both)
    with pytest.raises(Refusal, match="licence_question_unknown"):
        decide(ground, "suspend", ELSEWHERE)
    with pytest.raises(Refusal, match="conflict"):
        decide(ground, "suspend", version=7)
    assert state_of(ground, serial) == "in_force" and len(asked(ground)) == 1


def test_a_late_one_is_told(ground: Ground, sweeping: Sweeping) -> None:
    ground.issued()
    due(sweeping)
    sweeping.at(FIRST + timedelta(days=40))
    sweeping.judge()
    [late] = [one for one in sweeping.warnings(HEAD) if one["level"] == "breached"]
    assert late["state_name"]["ar"] == "متابعة استمرار استيفاء الاشتراطات"


def test_that_of_a_cancelled_licence_is_dropped(ground: Ground, sweeping: Sweeping) -> None:
    lodged = ground.issued()
    serial = ground.row(lodged).licence_serial
    body = {"serial": serial, "version": None, "reason": "بناء على طلب المرخص له"}
    ground.attempt(lambda work: register.cancel(work, body), HEAD)
    due(sweeping)
    [row] = ground.rows("SELECT * FROM follow_up")
    assert (row.status, row.why, row.task_id) == ("dropped", "cancelled", None)
    assert ground.next(CHECKER) is None


def test_what_was_missed_while_nothing_ran_is_opened_by_the_first_sweep(ground: Ground, sweeping: Sweeping) -> None:
    ground.issued()
    due(sweeping, SECOND + timedelta(days=30))
    assert planned(ground)[:2] == [(1, FIRST, "open"), (2, SECOND, "planned")]
    due(sweeping, SECOND + timedelta(days=30))
    assert [status for _, _, status in planned(ground)] == ["open", "open", "planned"]


def test_the_unit_lists_them_by_the_day_they_are_due(ground: Ground, sweeping: Sweeping) -> None:
    for _ in range(3):
        ground.issued()
    due(sweeping)
    work, found, after = ground.unit_of_work(HEAD), [], None
    while True:
        page = follow_ups.listed(work, load(ListFollowUps(), {"limit": 2, "after": after}))
        found += page["follow_ups"]
        after = page["next"]
        if after is None:
            break
    assert [one["number"] for one in found] == [1, 1, 1, 2, 2, 2]
    assert len({one["follow_up_id"] for one in found}) == 6
