"""A head hands a file to a colleague by name, over a real database: only within what the engine could have dealt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import text

from chassis.actors import Actor
from chassis.answers import load
from contracts import requests_desk as language
from contracts.requests_assignment import DeclareRelation
from rules import assignment as rule
from rules.refusal import Refusal
from services.requests import handing_over, relations, tasks
from tests.support.requests_ground import HEAD, NATIONAL_ID, OFFICER, Ground, staff
from tests.support.shop_ground import *  # noqa: F403  (fixtures)

COLLEAGUE = staff("colleague", "officer", "licensing")
INSPECTOR = staff("inspector-of-licensing", "inspector", "licensing")
MANAGER = staff("manager", "department_head", "licensing")
REASON = "له خبرة بهذا النشاط"


def present(ground: Ground, *people: Actor) -> None:
    """They asked for a file lately, so the engine knows them at their desk."""
    for one in people:
        assert ground.next(one) is None


def lying(ground: Ground, **changes: Any) -> dict[str, Any]:
    """An open task of the licensing desk."""
    lodged = ground.reviewed(**changes)
    [row] = ground.rows("SELECT id, version FROM task WHERE request_id = :r AND status = 'open'",
                        r=lodged["request_id"])
    return {"task_id": str(row.id), "version": row.version, "request_id": lodged["request_id"]}


def hand(ground: Ground, actor: Actor, task: Mapping[str, Any], to: Actor, **more: Any) -> dict[str, Any]:
    body = load(language.HandOver(), {"task_id": task["task_id"], "to": to.id, "reason": REASON, **more})
    answer: dict[str, Any] = ground.attempt(lambda work: handing_over.hand_over(work, body), actor)
    return answer


def choices(ground: Ground, actor: Actor, task: Mapping[str, Any]) -> list[str]:
    found = handing_over.choices(ground.unit_of_work(actor), task["task_id"])
    return [one["account"] for one in found["people"]]


def test_a_file_of_the_queue_is_handed_to_a_colleague_who_then_acts_on_it(ground: Ground) -> None:
    present(ground, OFFICER, COLLEAGUE)
    task = lying(ground)
    assert sorted(choices(ground, MANAGER, task)) == [COLLEAGUE.id, OFFICER.id]

    answer = hand(ground, MANAGER, task, COLLEAGUE, version=task["version"])

    assert answer == {"task_id": task["task_id"], "version": task["version"] + 1, "holder": COLLEAGUE.id}
    mine = tasks.mine(ground.unit_of_work(COLLEAGUE), {"after": None, "limit": 10})["tasks"]
    assert [(one["task_id"], one["handed_over"]) for one in mine] == [(task["task_id"], True)]
    assert ground.act(COLLEAGUE, answer, "accept")["state"] == "inspection"
    [kept] = ground.rows("SELECT * FROM handed_over")
    assert (kept.holder, kept.receiver, kept.by) == (None, COLLEAGUE.id, MANAGER.id) and REASON not in kept.reason
    [audited] = ground.audited("task.handed_over")
    assert audited.details["receiver"] == COLLEAGUE.id and REASON not in str(audited.details)


def test_it_comes_out_of_another_hand_and_does_not_go_back_there(ground: Ground) -> None:
    present(ground, COLLEAGUE)
    lying(ground)
    task = ground.next(OFFICER)
    assert task is not None
    hand(ground, HEAD, task, COLLEAGUE)
    with pytest.raises(Refusal, match="task_unknown"):
        ground.act(OFFICER, task, "accept")
    assert ground.rows("SELECT left_by FROM task")[0].left_by == [OFFICER.id]
    assert OFFICER.id not in choices(ground, HEAD, task)


def test_it_counts_among_what_the_colleague_was_given_today(ground: Ground) -> None:
    present(ground, OFFICER, COLLEAGUE)
    hand(ground, MANAGER, lying(ground), COLLEAGUE)
    given = {row.account: row.given for row in ground.rows("SELECT account, given FROM attendance")}
    assert given == {OFFICER.id: 0, COLLEAGUE.id: 1}


def test_never_to_whoever_took_it_in(ground: Ground) -> None:
    clerk = Actor(id=COLLEAGUE.id, kind="staff", roles=("window_clerk",), unit=COLLEAGUE.unit)
    present(ground, OFFICER, COLLEAGUE)
    lodged = ground.submit(ground.application(channel="centre"), clerk)
    ground.pay(lodged)
    [row] = ground.rows("SELECT id, version FROM task WHERE status = 'open'")
    task = {"task_id": str(row.id)}
    assert choices(ground, MANAGER, task) == [OFFICER.id]
    with pytest.raises(Refusal, match="colleague_unfit"):
        hand(ground, MANAGER, task, COLLEAGUE)
    assert [one.actor_id for one in ground.audited("denied")] == [MANAGER.id]


def test_never_to_a_relation_of_the_applicant(ground: Ground) -> None:
    present(ground, OFFICER, COLLEAGUE)
    body = load(DeclareRelation(), {"national_id": NATIONAL_ID})
    ground.attempt(lambda work: relations.declare(work, body), COLLEAGUE)
    task = lying(ground)
    assert choices(ground, MANAGER, task) == [OFFICER.id]
    with pytest.raises(Refusal, match="colleague_unfit"):
        hand(ground, MANAGER, task, COLLEAGUE)


def test_never_to_whoever_decided_what_is_appealed_against(ground: Ground) -> None:
    present(ground, OFFICER, COLLEAGUE)
    task = lying(ground)
    with ground.database.transaction() as connection:
        connection.execute(text("INSERT INTO apart (request_id, account, why, at) VALUES (:r, :a, 'decided', now())"),
                           {"r": task["request_id"], "a": COLLEAGUE.id})
    with pytest.raises(Refusal, match="colleague_unfit"):
        hand(ground, MANAGER, task, COLLEAGUE)


@pytest.mark.parametrize("somebody", [
    MANAGER, INSPECTOR, staff("never-here", "officer", "licensing"), staff("elsewhere", "officer", "licensing",
                                                                           unit="EG-C-02"),
], ids=["the-head-itself", "another-role", "unknown-to-the-desk", "another-unit"])
def test_only_to_one_to_whom_it_could_have_been_dealt(ground: Ground, somebody: Actor) -> None:
    present(ground, OFFICER, INSPECTOR, staff("elsewhere", "officer", "licensing", unit="EG-C-02"))
    task, before = lying(ground), ground.counts()
    with pytest.raises(Refusal, match="colleague_unfit"):
        hand(ground, MANAGER, task, somebody)
    assert ground.counts() == before
    assert ground.rows("SELECT status FROM task")[0].status == "open"


def test_nobody_is_handed_more_than_a_hand_holds(ground: Ground) -> None:
    present(ground, OFFICER, COLLEAGUE)
    for _ in range(rule.HELD_MOST):
        hand(ground, MANAGER, lying(ground), COLLEAGUE)
    task = lying(ground)
    assert choices(ground, MANAGER, task) == [OFFICER.id]
    with pytest.raises(Refusal, match="colleague_full"):
        hand(ground, MANAGER, task, COLLEAGUE)


def test_a_head_who_is_kept_apart_has_no_hand_in_who_gets_it(ground: Ground) -> None:
    present(ground, OFFICER)
    body = load(DeclareRelation(), {"national_id": NATIONAL_ID})
    ground.attempt(lambda work: relations.declare(work, body), MANAGER)
    task = lying(ground)
    with pytest.raises(Refusal, match="apart_by_design"):
        hand(ground, MANAGER, task, OFFICER)
    with pytest.raises(Refusal, match="apart_by_design"):
        choices(ground, MANAGER, task)


@pytest.mark.parametrize("stranger", [
    staff("a", "department_head", "engineering"), staff("b", "unit_head", "leadership", unit="EG-C-02")])
def test_a_head_of_others_hands_nothing_over_and_the_attempt_stays(ground: Ground, stranger: Actor) -> None:
    present(ground, OFFICER)
    task = lying(ground)
    with pytest.raises(Refusal, match="task_unknown"):
        hand(ground, stranger, task, OFFICER)
    assert [row.actor_id for row in ground.audited("denied")] == [stranger.id]


def test_what_changed_or_is_done_is_not_handed_over(ground: Ground) -> None:
    present(ground, COLLEAGUE)
    lying(ground)
    task = ground.next(OFFICER)
    assert task is not None
    with pytest.raises(Refusal, match="conflict"):
        hand(ground, MANAGER, task, COLLEAGUE, version=task["version"] - 1)
    with pytest.raises(Refusal, match="field_invalid"):
        hand(ground, MANAGER, task, COLLEAGUE, reason="قصير")
    ground.act(OFFICER, task, "accept")
    with pytest.raises(Refusal, match="task_done"):
        hand(ground, MANAGER, task, COLLEAGUE)
