"""Tasks of the back office over a real database: handed out, never chosen; done once, by whom they were given to."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from chassis.actors import Actor
from chassis.ids import uuid7
from rules.assignment import HELD_MOST
from rules.refusal import Refusal
from services.requests import assignment, tasks
from tests.support.requests_ground import (
    CLERK,
    EMAIL,
    HEAD,
    INSPECTOR,
    LAST4,
    NAME,
    NATIONAL_ID,
    OFFICER,
    PDF,
    PHONE,
    Ground,
    shop,
    staff,
    without_ids,
)
from tests.support.shop_ground import *  # noqa: F403  (fixtures)


def at_once(count: int, run: Callable[[int], Any]) -> list[Any]:
    """What each of so many threads, let loose together, ended with: an answer or a refusal's code."""
    gate, ended = threading.Barrier(count), [None] * count

    def one(index: int) -> None:
        gate.wait()
        try:
            ended[index] = run(index)
        except Refusal as refusal:
            ended[index] = refusal.code  # type: ignore[call-overload]
        except Exception as error:
            ended[index] = error  # type: ignore[call-overload]

    threads = [threading.Thread(target=one, args=(index,)) for index in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return ended


def held_request(ground: Ground, task: dict[str, Any] | None) -> str:
    assert task is not None
    return str(ground.rows("SELECT request_id FROM task WHERE id = :t", t=task["task_id"])[0].request_id)


def test_the_most_urgent_comes_first_whatever_came_in_first(ground: Ground) -> None:
    early = ground.submit()
    urgent = ground.reviewed()
    ground.wait(days=2)
    ground.pay(early)
    assert held_request(ground, ground.next(OFFICER)) == urgent["request_id"]
    assert held_request(ground, ground.next(OFFICER)) == early["request_id"]
    assert ground.next(OFFICER) is None


@pytest.mark.parametrize("stranger", [
    staff("a", "officer", "licensing", unit="EG-C-02"),
    staff("b", "officer", "engineering"),
    staff("c", "inspector", "licensing"),
    staff("d", "unit_head", "leadership"),
    Actor(id="staff:e", kind="staff", roles=("officer",), unit=None, department="licensing"),
    Actor(id="staff:f", kind="staff", roles=("officer",), unit="EG-C-01", department=None),
])
def test_another_unit_department_or_role_is_given_nothing(ground: Ground, stranger: Actor) -> None:
    ground.reviewed()
    assert ground.next(stranger) is None
    assert ground.next(OFFICER) is not None


def test_who_took_a_file_in_is_never_given_it(ground: Ground) -> None:
    both = Actor(id=CLERK.id, kind="staff", roles=("window_clerk", "officer"), unit=CLERK.unit, department="licensing")
    own = ground.submit(actor=both)
    ground.pay(own)
    assert ground.next(both) is None
    other = ground.reviewed()
    assert held_request(ground, ground.next(both)) == other["request_id"]
    assert held_request(ground, ground.next(OFFICER)) == own["request_id"]


def test_who_took_a_file_in_cannot_decide_it_even_were_it_given(ground: Ground) -> None:
    lodged = ground.submit(actor=OFFICER)
    ground.pay(lodged)
    task = ground.rows("UPDATE task SET status = 'held', held_by = :o RETURNING id", o=OFFICER.id)[0]
    before = ground.counts()
    with pytest.raises(Refusal, match="apart_by_design"):
        ground.act(OFFICER, {"task_id": str(task.id)}, "accept")
    assert ground.counts() == before and ground.row(lodged).state == "document_review"
    assert [entry.details for entry in ground.audited("denied")] == [{"permission": "task.act"}]


@pytest.mark.parametrize("days_apart", [0, 1])
def test_ten_officers_who_ask_at_once_are_given_ten_tasks(ground: Ground, days_apart: int) -> None:
    """With all equally urgent, and with one after the other, where everybody would reach for the same."""
    for _ in range(10):
        ground.reviewed()
        ground.wait(days=days_apart)
    given = at_once(10, lambda index: ground.next(staff(f"officer-{index}", "officer", "licensing")))
    assert len({task["task_id"] for task in given}) == 10
    assert ground.next(OFFICER) is None


def test_of_ten_officers_and_one_task_one_is_given_it(ground: Ground) -> None:
    ground.reviewed()
    given = at_once(10, lambda index: ground.next(staff(f"officer-{index}", "officer", "licensing")))
    assert sum(task is not None for task in given) == 1 and all(task is None or "task_id" in task for task in given)


def test_who_holds_enough_is_given_no_more_until_one_is_done(ground: Ground) -> None:
    for _ in range(HELD_MOST + 1):
        ground.reviewed()
    held = [ground.next(OFFICER) for _ in range(HELD_MOST)]

    with pytest.raises(Refusal) as refused:
        ground.next(OFFICER)
    ground.act(OFFICER, held[0], "accept")

    assert refused.value.code == "enough_in_hand"
    assert ground.next(OFFICER) is not None


def test_a_repeated_command_is_given_the_same_task(ground: Ground) -> None:
    ground.reviewed()
    ground.reviewed()
    command_id = uuid7()
    given = [ground.command(assignment.next_task, OFFICER, command_id) for _ in range(3)]
    together = at_once(6, lambda _: ground.command(assignment.next_task, OFFICER, command_id))
    assert all(answer == given[0] for answer in given + together)
    assert ground.rows("SELECT count(*) AS n FROM task WHERE status = 'held'")[0].n == 1


def test_two_who_act_at_once_on_one_task_move_it_once(ground: Ground) -> None:
    for _ in range(5):
        lodged = ground.reviewed()
        task = ground.next(OFFICER)
        assert task is not None
        ended = at_once(2, lambda index, task=task: ground.act(
            OFFICER, task, "send_back" if index else "accept", reason="ينقص العقد"))
        assert sorted(isinstance(one, dict) for one in ended) == [False, True]
        assert [one for one in ended if not isinstance(one, dict)] == ["task_done"]
        assert ground.row(lodged).version == 3
        assert len(ground.events(lodged["request_id"])) == 3


def test_a_task_is_done_once(ground: Ground) -> None:
    lodged = ground.reviewed()
    task = ground.next(OFFICER)
    assert task is not None
    ground.act(OFFICER, task, "accept")
    before = ground.counts()
    for run in (lambda: ground.act(OFFICER, task, "accept"), lambda: ground.file(OFFICER, task)):
        with pytest.raises(Refusal, match="task_done"):
            run()
    assert ground.counts() == before and ground.row(lodged).version == 3


def test_an_old_task_does_not_act_when_the_request_comes_by_again(ground: Ground) -> None:
    lodged = ground.reviewed()
    old = ground.next(OFFICER)
    assert old is not None
    ground.act(OFFICER, old, "send_back", reason="ينقص العقد")
    ground.resubmit(lodged)
    with pytest.raises(Refusal, match="task_done"):
        ground.act(OFFICER, old, "accept")
    assert ground.row(lodged).state == "document_review"


def test_a_version_that_no_longer_stands(ground: Ground) -> None:
    ground.reviewed()
    task = ground.next(OFFICER)
    assert task is not None
    with pytest.raises(Refusal, match="conflict"):
        ground.act(OFFICER, task, "accept", version=task["version"] - 1)
    assert ground.act(OFFICER, task, "accept", version=ground.file(OFFICER, task)["version"])["state"] == "inspection"


def test_an_action_that_the_state_does_not_have_leaves_the_task_held(ground: Ground) -> None:
    ground.reviewed()
    task = ground.next(OFFICER)
    assert task is not None
    for action in ("approve", "paid", "expired", "", "nonsense\x00"):
        with pytest.raises(Refusal, match="action_unknown"):
            ground.act(OFFICER, task, action)
    assert ground.act(OFFICER, task, "accept")["state"] == "inspection"


def test_a_task_of_another_is_refused_like_none_and_the_attempt_stays(ground: Ground) -> None:
    ground.reviewed()
    ground.reviewed()
    waiting = ground.rows("SELECT id FROM task LIMIT 1")[0]
    held = ground.next(OFFICER)
    assert held is not None
    other = staff("other", "officer", "licensing")
    tried = [{"task_id": str(uuid7())}, held, {"task_id": str(waiting.id)}]
    for task in tried:
        for run in (lambda task=task: ground.act(other, task, "accept"), lambda task=task: ground.file(other, task),
                    lambda task=task: ground.attempt(
                        lambda work: tasks.document(work, UUID(task["task_id"]), uuid7()), other)):
            with pytest.raises(Refusal) as refusal:
                run()
            assert [(fault.code, fault.field) for fault in refusal.value.faults] == [("task_unknown", "task_id")]
    assert {entry.actor_id for entry in ground.audited("denied")} == {other.id}
    assert len(ground.audited("denied")) == 6


def test_who_moved_to_another_desk_lost_the_old_ones_tasks(ground: Ground) -> None:
    ground.reviewed()
    task = ground.next(OFFICER)
    assert task is not None
    for moved in (staff("officer", "officer", "engineering"), staff("officer", "officer", "licensing", "EG-C-02"),
                  staff("officer", "inspector", "licensing")):
        with pytest.raises(Refusal, match="forbidden"):
            ground.act(moved, task, "accept")


def test_the_file_shows_the_case_and_not_the_person(ground: Ground) -> None:
    ground.sent_back()
    [request] = ground.rows("SELECT tracking_number FROM request")
    ground.resubmit({"tracking_number": request.tracking_number}, reason=f"كلموني على {PHONE}")
    ground.do(OFFICER, "accept")
    ground.do(INSPECTOR, "report", inputs={"findings": "مطابق للاشتراطات"})
    task = ground.next(HEAD)
    assert task is not None
    shown = ground.file(HEAD, task)
    # Its number is drawn anew as its ids are.
    text = without_ids(json.dumps(shown, ensure_ascii=False)).replace(request.tracking_number, "")
    for hidden in (NAME, NATIONAL_ID, PHONE, EMAIL, "+20101", LAST4):
        assert hidden not in text
    named = {line["name"]: line for line in shown["answers"]}
    assert named["activity"]["value_name"] == {"ar": "بيع بالتجزئة", "en": "Retail"}
    assert [(step["action"], step["department"], step["reason"]) for step in shown["steps"]] == [
        ("paid", None, None), ("send_back", "licensing", "صورة العقد غير واضحة"), ("resubmit", None, None),
        ("accept", "licensing", None), ("report", "engineering", None)]
    assert [(line["name"], line["value"]) for line in shown["steps"][-1]["inputs"]] == [
        ("findings", "مطابق للاشتراطات")]
    assert [action["code"] for action in shown["actions"]] == ["approve", "reject", "inspect_again"]


def test_opening_a_paper_is_recorded_and_an_identity_paper_as_an_unmasking(ground: Ground) -> None:
    ground.reviewed()
    task = ground.next(OFFICER)
    assert task is not None
    ground.check_documents()
    for paper in ground.file(OFFICER, task)["documents"]:
        opened = ground.attempt(lambda work, paper=paper: tasks.document(
            work, UUID(task["task_id"]), UUID(paper["document_id"])), OFFICER)
        assert base64.b64decode(opened["content"]) == PDF
        action = "document.unmask" if paper["code"] == "id_copy" else "document.read"
        assert [entry.subject for entry in ground.audited(action)] == [paper["document_id"]]
    foreign = ground.submit()
    [other] = ground.rows("SELECT id FROM document WHERE request_id = :r LIMIT 1", r=foreign["request_id"])
    for document_id in (other.id, uuid7(), UUID(ground.upload())):
        with pytest.raises(Refusal, match="document_unknown"):
            ground.attempt(lambda work, one=document_id: tasks.document(work, UUID(task["task_id"]), one), OFFICER)


def test_the_list_of_held_tasks_goes_page_by_page(ground: Ground) -> None:
    held = []
    for _ in range(5):
        ground.reviewed()
        held.append(ground.next(OFFICER))
        ground.wait(days=1)
    pages, after = [], None
    while True:
        page = tasks.mine(ground.unit_of_work(OFFICER), {"after": after, "limit": 2})
        pages += page["tasks"]
        after = page["next"]
        if after is None:
            break
    assert [task["task_id"] for task in pages] == [task["task_id"] for task in held if task]
    assert tasks.mine(ground.unit_of_work(HEAD), {"after": None, "limit": 50})["tasks"] == []


def test_several_choices_yes_and_no_are_told_in_words(ground: Ground) -> None:
    definition = {**shop(), "code": "wordy"}
    days = [{"value": "sat", "label": {"ar": "السبت", "en": "Saturday"}},
            {"value": "sun", "label": {"ar": "الأحد", "en": "Sunday"}}]
    definition["form"] = [*definition["form"], {"name": "days", "type": "multi_choice", "options": days,
                                                "label": {"ar": "أيام", "en": "Days"}}]
    ground.publish(definition)
    lodged = ground.reviewed(service_code="wordy", answers__days=["sun", "sat"], answers__activity="cafe",
                             answers__shisha=False)
    task = ground.next(OFFICER)
    assert held_request(ground, task) == lodged["request_id"] and task is not None
    named = {line["name"]: line["value_name"] for line in ground.file(OFFICER, task)["answers"]}
    assert named["days"] == {"ar": "السبت، الأحد", "en": "Saturday, Sunday"}
    assert named["shisha"] == {"ar": "لا", "en": "No"}
    assert named["shop_name"] is None
