"""What is late, for whom it waits, why and what was done, over a real database; sending back with what is missing."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from chassis.actors import Actor
from chassis.answers import load
from contracts import requests_desk as language
from contracts.requests import Act
from rules.refusal import Refusal
from services.requests import lateness, tasks, work_waiting
from tests.support.requests_ground import HEAD, OFFICER, Ground, staff
from tests.support.shop_ground import *  # noqa: F403  (fixtures)

MANAGER = staff("manager", "centre_manager")
LICENSING = staff("licensing-head", "department_head", "licensing")
ENGINEERING = staff("engineering-head", "department_head", "engineering")
WORDS = "خرج الموظف في إجازة مرضية ولم يُستبدل"


def late(ground: Ground, actor: Actor, **asked: Any) -> dict[str, Any]:
    return lateness.listed(ground.unit_of_work(actor), load(language.ListLate(), asked))


def record(ground: Ground, actor: Actor, number: str, **said: Any) -> dict[str, Any]:
    body = {"tracking_number": number, "cause": "absence", "measure": "handed_over", "words": WORDS, **said}
    loaded = load(language.RecordLateCause(), body)
    answer: dict[str, Any] = ground.attempt(lambda work: lateness.record(work, loaded), actor)
    return answer


def counts(ground: Ground, actor: Actor) -> dict[str, int]:
    found: dict[str, int] = work_waiting.counts(ground.unit_of_work(actor))["counts"]
    return found


def test_what_is_in_time_is_not_late(ground: Ground) -> None:
    lodged = ground.reviewed()
    assert late(ground, HEAD) == {"files": [], "next": None}
    with pytest.raises(Refusal, match="not_late"):
        record(ground, HEAD, lodged["tracking_number"])


def test_a_late_file_says_whose_it_is_since_when_and_for_whom_it_waits(ground: Ground) -> None:
    lodged = ground.reviewed()
    task = ground.next(OFFICER)
    assert task is not None
    due = ground.rows("SELECT due_on FROM task")[0].due_on
    ground.wait(days=(due - ground.now.date()).days + 3)

    [found] = late(ground, HEAD)["files"]

    assert (found["tracking_number"], found["holder"], found["waits_for"]) == (
        lodged["tracking_number"], OFFICER.id, "desk")
    assert (found["late_since"], found["by_law"], found["department"]) == (due.isoformat(), False, "licensing")
    assert found["days_late"] >= 1
    assert [one["tracking_number"] for one in late(ground, LICENSING)["files"]] == [lodged["tracking_number"]]
    assert late(ground, ENGINEERING)["files"] == []
    assert len(late(ground, MANAGER)["files"]) == 1
    assert late(ground, staff("x", "unit_head", "leadership", unit="EG-C-02"))["files"] == []


def test_past_the_laws_date_it_is_late_by_law_and_an_open_file_waits_in_the_queue(ground: Ground) -> None:
    ground.reviewed()
    ground.wait(days=120)
    [found] = late(ground, HEAD)["files"]
    assert (found["by_law"], found["waits_for"], found["holder"]) == (True, "queue", None)


def test_what_waits_for_its_applicant_is_not_late_while_the_clock_stands(ground: Ground) -> None:
    ground.sent_back()
    ground.wait(days=5)
    assert late(ground, HEAD)["files"] == []


def test_a_page_goes_on_after_the_last_and_another_is_none(ground: Ground) -> None:
    numbers = {ground.reviewed()["tracking_number"] for _ in range(3)}
    ground.wait(days=120)
    first = late(ground, HEAD, limit=2)
    rest = late(ground, HEAD, limit=2, after=first["next"])
    assert {one["tracking_number"] for one in first["files"] + rest["files"]} == numbers and rest["next"] is None
    with pytest.raises(Refusal, match="late_page_unknown"):
        late(ground, HEAD, after="tomorrow")


def test_why_and_what_was_done_stays_with_who_said_it_and_what_was_said_before(ground: Ground) -> None:
    lodged = ground.reviewed()
    ground.wait(days=120)
    answer = record(ground, LICENSING, lodged["tracking_number"])
    assert answer["days_late"] > 0
    ground.wait(hours=1)
    record(ground, HEAD, lodged["tracking_number"], cause="workload", measure="staff_added")

    kept = ground.rows("SELECT * FROM late_cause ORDER BY at")
    assert [(row.cause, row.measure, row.by) for row in kept] == [
        ("absence", "handed_over", LICENSING.id), ("workload", "staff_added", HEAD.id)]
    assert WORDS not in kept[0].words
    [event] = ground.events(answer["late_cause_id"])
    assert (event.data["cause"], event.data["unit"]) == ("absence", "EG-C-01") and WORDS not in str(event.data)
    [found] = late(ground, MANAGER)["files"]
    assert (found["cause"]["cause"], found["cause"]["words"], found["cause"]["by"]) == ("workload", WORDS, HEAD.id)


@pytest.mark.parametrize(("actor", "code"), [
    (staff("x", "unit_head", "leadership", unit="EG-C-02"), "forbidden"), (ENGINEERING, "not_late")])
def test_nobody_explains_for_others(ground: Ground, actor: Actor, code: str) -> None:
    lodged = ground.reviewed()
    ground.wait(days=120)
    with pytest.raises(Refusal, match=code):
        record(ground, actor, lodged["tracking_number"])
    assert ground.rows("SELECT * FROM late_cause") == []


@pytest.mark.parametrize("said", [{"cause": "weather"}, {"measure": "prayed"}, {"words": "قصير"}])
def test_a_cause_is_of_the_list_and_has_words(ground: Ground, said: dict[str, str]) -> None:
    lodged = ground.reviewed()
    ground.wait(days=120)
    with pytest.raises(Refusal, match="field_invalid"):
        record(ground, HEAD, lodged["tracking_number"], **said)


def test_causes_are_counted_by_what_was_said_last_of_each_request(ground: Ground) -> None:
    first, second = ground.reviewed(), ground.reviewed()
    ground.wait(days=120)
    record(ground, HEAD, first["tracking_number"])
    ground.wait(minutes=1)
    record(ground, HEAD, first["tracking_number"], cause="workload")
    record(ground, HEAD, second["tracking_number"], cause="workload")
    today = ground.now.date()

    def counted(actor: Actor, **asked: Any) -> list[dict[str, Any]]:
        body = load(language.CountLateCauses(), {"since": today.isoformat(), "until": today.isoformat(), **asked})
        found: list[dict[str, Any]] = lateness.counted(ground.unit_of_work(actor), body)["causes"]
        return found

    [found] = counted(HEAD)
    assert (found["cause"], found["requests"], found["department"]) == ("workload", 2, "licensing")
    assert found["days_late"] > 0
    with pytest.raises(Refusal, match="forbidden"):
        counted(HEAD, unit="EG-C-02")
    with pytest.raises(Refusal, match="late_dates_unsound"):
        counted(HEAD, until=date(2026, 1, 1).isoformat())


def test_what_waits_for_somebody_is_counted_by_what_their_role_may_deal_with(ground: Ground) -> None:
    ground.reviewed()
    ground.reviewed()
    assert ground.next(OFFICER) is not None
    assert counts(ground, OFFICER) == {"held": 1}
    of_head = counts(ground, HEAD)
    assert (of_head["open"], of_head["late"], of_head["complaints"]) == (1, 0, 0)
    assert counts(ground, ENGINEERING)["open"] == 0
    ground.wait(days=120)
    assert counts(ground, LICENSING)["late"] == 2
    assert set(counts(ground, MANAGER)) >= {"visits", "quarantine", "complaints", "late"}


# -- sending back


def test_what_is_missing_is_read_by_the_applicant_in_their_language_and_kept_as_codes(ground: Ground) -> None:
    lodged = ground.reviewed()
    task = ground.next(OFFICER)
    assert task is not None
    missing = {"documents": ["lease_contract"], "answers": ["area_m2"]}
    body = load(language.PreviewCompletion(), {"task_id": task["task_id"], "missing": missing, "reason": "العقد منتهٍ"})
    preview = tasks.preview_completion(ground.unit_of_work(OFFICER), body)

    ground.act(OFFICER, task, "send_back", missing=missing, reason="العقد منتهٍ")

    entry = ground.timeline(lodged)["entries"][-1]
    assert entry["note"] == preview["text"] and preview["language"] == "ar"
    assert preview["text"].startswith("المطلوب استكماله:\n- مستند: ") and preview["text"].endswith("العقد منتهٍ")
    assert entry["missing"] == missing


def test_a_list_without_words_is_reason_enough(ground: Ground) -> None:
    ground.reviewed()
    answer = ground.do(OFFICER, "send_back", missing={"documents": ["id_copy"], "answers": []})
    assert answer["state_kind"] == "applicant"


def test_nothing_chosen_and_nothing_said_is_refused(ground: Ground) -> None:
    ground.reviewed()
    task = ground.next(OFFICER)
    assert task is not None
    with pytest.raises(Refusal, match="nothing_missing"):
        ground.act(OFFICER, task, "send_back", missing={"documents": [], "answers": []})


@pytest.mark.parametrize(("action", "missing", "code"), [
    ("send_back", {"documents": ["a-horse"], "answers": []}, "missing_unknown"),
    ("accept", {"documents": ["id_copy"], "answers": []}, "missing_not_asked")])
def test_only_what_the_service_asks_for_and_only_when_sent_back(
        ground: Ground, action: str, missing: dict[str, list[str]], code: str) -> None:
    ground.reviewed()
    task, before = ground.next(OFFICER), ground.counts()
    body = load(Act(), {"task_id": task["task_id"] if task else "", "action": action, "missing": missing})
    with pytest.raises(Refusal, match=code):
        ground.attempt(lambda work: tasks.act(work, body), OFFICER)
    assert ground.counts() == before


def test_the_file_says_what_can_be_missing_what_was_paid_and_who_else_acts(ground: Ground) -> None:
    ground.reviewed()
    task = ground.next(OFFICER)
    assert task is not None
    file = ground.file(OFFICER, task)
    assert {one["code"] for one in file["may_miss"]["documents"]} >= {"id_copy", "lease_contract"}
    assert "area_m2" in {one["name"] for one in file["may_miss"]["answers"]}
    assert [(one["stage"], one["paid_at"] is not None) for one in file["fees"]] == [("inspection", True)]
    assert [one["to_applicant"] for one in file["actions"] if one["code"] == "send_back"] == [True]
    assert file["branches"] == [] and file["letters"] == [] and file["task_days_left"] is not None
