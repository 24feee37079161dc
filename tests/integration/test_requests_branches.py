"""Several departments at once: their tasks, the join, leaving and coming back, and an outside body that is asked."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import pytest

from chassis.actors import Actor
from rules.refusal import Refusal
from services.requests import tasks
from tests.support.branching import CODE, DESKS, ENGINEER, PHYSICIAN, REVIEWER, branching
from tests.support.requests_ground import HEAD, MORNING, Ground, staff
from tests.support.round_trips import counted
from tests.support.shop_ground import *  # noqa: F403  (fixtures)

BRANCHES = ("structure", "sewage", "health")


@pytest.fixture(scope="module")
def opened(database_url: Callable[..., str]) -> Iterator[Ground]:
    made = Ground(database_url("requests"))
    made.publish(branching())
    yield made
    made.close()


def sent_out(ground: Ground, actor: Actor = staff("clerk", "window_clerk")) -> dict[str, Any]:
    """A request before all departments."""
    lodged = ground.submit(ground.application(service_code=CODE), actor)
    ground.do(REVIEWER, "send_out")
    return lodged


def held(ground: Ground, lodged: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The tasks of all branches, each in the hands of its desk, by branch."""
    for actor in (ENGINEER, ENGINEER, PHYSICIAN):
        assert ground.next(actor) is not None
    rows = ground.rows("SELECT id, version, branch FROM task WHERE request_id = :r AND status = 'held'",
                       r=lodged["request_id"])  # fmt: skip
    return {row.branch: {"task_id": str(row.id), "version": row.version} for row in rows}


def say(ground: Ground, task: dict[str, Any], branch: str, action: str = "agree") -> dict[str, Any]:
    more: dict[str, Any] = {"inputs": {"opinion": "لا مانع"}} if action == "agree" else {"reason": "مخالف للاشتراطات"}
    return ground.act(DESKS[branch], task, action, **more)


def tasks_of(ground: Ground, lodged: dict[str, Any]) -> list[tuple[str, str | None, str]]:
    return [(row.state, row.branch, row.status) for row in ground.rows(
        "SELECT state, branch, status FROM task WHERE request_id = :r AND state <> 'review' ORDER BY state, branch",
        r=lodged["request_id"])]  # fmt: skip


def refusal_of(run: Callable[[], Any]) -> list[str]:
    with pytest.raises(Refusal) as refusal:
        run()
    return [fault.code for fault in refusal.value.faults]


def whole(ground: Ground, lodged: dict[str, Any]) -> None:
    """The events are the versions without a gap, and tell what the steps tell."""
    events = ground.events(lodged["request_id"])
    steps = ground.rows("SELECT * FROM step WHERE request_id = :r ORDER BY sequence", r=lodged["request_id"])
    assert [event.sequence for event in events] == list(range(1, ground.row(lodged).version + 1))
    assert [(step.to_state, step.branch, step.verdict) for step in steps] == [
        (event.data["state"], event.data["branch"], event.data["verdict"]) for event in events]


def test_all_departments_are_given_their_task_in_the_commit_that_sends_the_file_out(ground: Ground) -> None:
    lodged = sent_out(ground)

    assert tasks_of(ground, lodged) == [("departments", "health", "open"),
                                        ("departments", "sewage", "open"), ("departments", "structure", "open")]
    [*_, event] = ground.events(lodged["request_id"])
    assert (event.data["state_kind"], event.data["department"], event.data["clock"]) == ("parallel", None, "running")
    assert [(one["code"], one["department"], one["verdict"]) for one in event.data["branches"]] == [
        ("structure", "engineering", None), ("sewage", "engineering", None), ("health", "health", None)]


@pytest.mark.parametrize("order", list(itertools.permutations(BRANCHES)))
def test_in_whatever_order_they_agree_the_last_one_takes_the_request_on(ground: Ground, order: tuple[str, ...]) -> None:
    lodged = sent_out(ground)
    desks = held(ground, lodged)

    states = [say(ground, desks[branch], branch)["state"] for branch in order]

    assert states == ["departments", "departments", "civil_defence"]
    events = ground.events(lodged["request_id"])[2:]
    assert [(event.data["branch"], event.data["verdict"], event.data["joined"]) for event in events] == [
        (order[0], "favourable", None), (order[1], "favourable", None), (order[2], "favourable", "joined")]
    assert [one for one in tasks_of(ground, lodged) if one[2] != "done"] == [("civil_defence", None, "open")]
    whole(ground, lodged)


@pytest.mark.parametrize("objecting", BRANCHES)
def test_one_objection_leads_the_other_way_once_all_have_spoken(ground: Ground, objecting: str) -> None:
    lodged = sent_out(ground)
    desks = held(ground, lodged)

    for branch in (objecting, *(other for other in BRANCHES if other != objecting)):
        assert ground.row(lodged).state == "departments"
        say(ground, desks[branch], branch, "object" if branch == objecting else "agree")

    assert ground.row(lodged).state == "objections"
    assert ground.events(lodged["request_id"])[-1].data["joined"] == "objected"
    ground.do(HEAD, "uphold")
    whole(ground, lodged)


def test_who_sends_it_back_takes_it_out_of_every_department(ground: Ground) -> None:
    lodged = sent_out(ground)
    desks = held(ground, lodged)
    say(ground, desks["health"], "health")

    say(ground, desks["sewage"], "sewage", "send_back")

    row = ground.row(lodged)
    assert (row.state, row.state_kind, row.due_on) == ("completion", "applicant", None)
    assert tasks_of(ground, lodged) == [("departments", "health", "done"), ("departments", "sewage", "done"),
                                            ("departments", "structure", "closed")]
    assert ground.timeline(lodged)["entries"][-1]["note"] == "مخالف للاشتراطات"
    assert refusal_of(lambda: say(ground, desks["structure"], "structure")) == ["task_done"]
    assert refusal_of(lambda: ground.file(ENGINEER, desks["structure"])) == ["task_done"]
    whole(ground, lodged)


def test_coming_back_every_department_begins_anew(ground: Ground) -> None:
    lodged = sent_out(ground)
    first = held(ground, lodged)
    say(ground, first["health"], "health")
    say(ground, first["sewage"], "sewage", "send_back")

    ground.resubmit(lodged)

    shown = ground.status(lodged["tracking_number"])
    assert [(one["code"], one["done"]) for one in shown["branches"]] == [(code, False) for code in BRANCHES]
    again = held(ground, lodged)
    assert {one["task_id"] for one in again.values()}.isdisjoint({one["task_id"] for one in first.values()})
    assert refusal_of(lambda: say(ground, first["structure"], "structure")) == ["task_done"]
    for branch in ("structure", "sewage"):
        assert say(ground, again[branch], branch)["state"] == "departments"  # health's first verdict counts no more
    assert say(ground, again["health"], "health")["state"] == "civil_defence"
    whole(ground, lodged)


def test_two_who_end_the_last_branches_at_the_same_moment_join_once(ground: Ground) -> None:
    for _ in range(6):
        lodged = sent_out(ground)
        desks = held(ground, lodged)
        say(ground, desks["structure"], "structure")
        gate = threading.Barrier(2)
        answers: dict[str, Any] = {}

        def act(branch: str, desks: Any = desks, gate: Any = gate, answers: Any = answers) -> None:
            gate.wait()
            answers[branch] = say(ground, desks[branch], branch)

        threads = [threading.Thread(target=act, args=(branch,)) for branch in ("sewage", "health")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert sorted(one["state"] for one in answers.values()) == ["civil_defence", "departments"]
        joins = [event for event in ground.events(lodged["request_id"]) if event.data["joined"]]
        assert len(joins) == 1 and ground.row(lodged).version == 5
        assert [one for one in tasks_of(ground, lodged) if one[2] != "done"] == [("civil_defence", None, "open")]
        ground.do(REVIEWER, "answered")
        whole(ground, lodged)


def test_of_two_who_answer_one_branch_at_once_one_is_told_it_is_done(ground: Ground) -> None:
    lodged = sent_out(ground)
    desks = held(ground, lodged)
    gate = threading.Barrier(2)
    ended: list[Any] = []

    def act(action: str) -> None:
        gate.wait()
        try:
            ended.append(say(ground, desks["health"], "health", action)["state"])
        except Refusal as refusal:
            ended.append(refusal.code)

    threads = [threading.Thread(target=act, args=(action,)) for action in ("agree", "object")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(ended) == ["departments", "task_done"]
    assert len(ground.events(lodged["request_id"])) == 3


def test_who_took_the_file_in_acts_in_no_branch(ground: Ground) -> None:
    both = Actor(id="staff:both", kind="staff", roles=("window_clerk", "officer"), unit="EG-C-01", department="health")
    lodged = sent_out(ground, both)
    assert ground.next(both) is None
    [task] = ground.rows("UPDATE task SET status = 'held', held_by = :b WHERE branch = 'health' RETURNING id",
                         b=both.id)  # fmt: skip
    before = ground.counts()

    assert refusal_of(lambda: ground.act(both, {"task_id": str(task.id)}, "agree", inputs={"opinion": "نعم"})) == [
        "apart_by_design"]

    assert ground.counts() == before and ground.row(lodged).state == "departments"


def test_one_desk_may_answer_two_questions_that_are_both_put_to_it(ground: Ground) -> None:
    lodged = sent_out(ground)
    for branch in ("structure", "sewage"):
        task = ground.next(ENGINEER)
        assert task is not None
        ground.act(ENGINEER, task, "agree", inputs={"opinion": branch})
    assert ground.next(ENGINEER) is None
    assert [one["code"] for one in ground.status(lodged["tracking_number"])["branches"] if one["done"]] == [
        "structure", "sewage"]


def test_a_branch_offers_its_own_actions_only_and_asks_for_what_they_need(ground: Ground) -> None:
    lodged = sent_out(ground)
    desks = held(ground, lodged)
    file = ground.file(PHYSICIAN, desks["health"])
    assert (file["branch"], file["department"]) == ("health", "health")
    assert file["branch_name"]["en"] == "Sanitary conditions"
    assert [action["code"] for action in file["actions"]] == ["agree", "object", "send_back"]
    listed = tasks.mine(ground.unit_of_work(PHYSICIAN), {"after": None, "limit": 5})["tasks"]
    assert [one["branch_name"]["en"] for one in listed] == ["Sanitary conditions"]

    for action in ("joined", "objected", "send_out", "nonsense"):
        assert refusal_of(lambda action=action: ground.act(PHYSICIAN, desks["health"], action)) == ["action_unknown"]
    assert refusal_of(lambda: ground.act(PHYSICIAN, desks["health"], "agree")) == ["input_required"]
    assert refusal_of(lambda: ground.act(PHYSICIAN, desks["health"], "object", reason=" ")) == ["reason_required"]
    assert ground.row(lodged).version == 2


def test_the_applicant_sees_who_is_still_at_work_and_no_verdict(ground: Ground) -> None:
    lodged = sent_out(ground)
    desks = held(ground, lodged)
    say(ground, desks["health"], "health", "object")

    shown = ground.timeline(lodged)

    assert [(one["name"]["en"], one["department"], one["done"]) for one in shown["branches"]] == [
        ("Structure", "engineering", False), ("Sewage", "engineering", False), ("Sanitary conditions", "health", True)]
    assert (shown["state_kind"], shown["entries"][-1]["branch"], shown["entries"][-1]["department"]) == (
        "parallel", "health", "health")
    assert shown["entries"][-1]["note"] is None
    assert "favourable" not in str(shown)


def test_a_later_department_reads_what_every_branch_said(ground: Ground) -> None:
    lodged = sent_out(ground)
    desks = held(ground, lodged)
    for branch in BRANCHES:
        say(ground, desks[branch], branch, "object" if branch == "sewage" else "agree")
    task = ground.next(HEAD)
    assert task is not None
    steps = ground.file(HEAD, task)["steps"]
    assert [(step["branch"], step["action"], step["reason"]) for step in steps[1:]] == [
        ("structure", "agree", None), ("sewage", "object", "مخالف للاشتراطات"), ("health", "agree", None)]
    assert steps[1]["inputs"][0]["value"] == "لا مانع"


def test_steps_of_branches_move_no_clock_and_the_outside_body_stops_it(ground: Ground) -> None:
    lodged = sent_out(ground)
    due = ground.row(lodged).due_on
    desks = held(ground, lodged)
    for branch in BRANCHES:
        ground.wait(days=1)
        say(ground, desks[branch], branch)
    assert ground.row(lodged).due_on is None
    asked = ground.status(lodged["tracking_number"])
    assert (asked["state_kind"], asked["clock"], asked["body"]["en"], asked["department"]) == (
        "external", "stopped", "Civil defence", "licensing")

    ground.wait(days=7)
    ground.do(REVIEWER, "answered")

    shown = ground.timeline(lodged)
    assert [(part["why"], part["clock"]) for part in shown["deadline"]] == [
        ("review", "running"), ("departments", "running"), ("civil_defence", "stopped"), ("decision", "running")]
    assert due is not None and ground.row(lodged).due_on == due + timedelta(days=7)


def test_each_branch_has_its_own_target(ground: Ground) -> None:
    sent_out(ground)
    due = {row.due_on for row in ground.rows("SELECT due_on FROM task WHERE state = 'departments'")}
    assert due == {date(2026, 3, 8)} and MORNING.date() == date(2026, 3, 1)  # five working days over a weekend


def test_the_departments_are_asked_again_from_later_on(ground: Ground) -> None:
    lodged = sent_out(ground)
    for branch, task in held(ground, lodged).items():
        say(ground, task, branch)
    ground.do(REVIEWER, "answered")
    ground.do(HEAD, "ask_again")
    for branch, task in held(ground, lodged).items():
        say(ground, task, branch)
    assert ground.row(lodged).state == "civil_defence"
    ground.do(REVIEWER, "answered")
    ground.do(HEAD, "approve")
    assert ground.row(lodged).licence_serial
    whole(ground, lodged)


def test_acting_in_a_branch_asks_the_database_once_and_writes_once(ground: Ground) -> None:
    lodged = sent_out(ground)
    desks = held(ground, lodged)
    for branch in BRANCHES:
        with counted(ground.database) as trips:
            say(ground, desks[branch], branch)
        assert trips == ["read", "write"]
    assert ground.row(lodged).state == "civil_defence"
