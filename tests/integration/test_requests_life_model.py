"""Whatever anybody does to requests of whatever service, in whatever order, right or wrong: after every step a small
model of a request's life still tells exactly what the database holds (tests/support/life).

`SHUBBAK_LIVES` runs of up to 50 steps (12 when not said); `make faults` makes more.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any, cast

import hypothesis
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, run_state_machine_as_test

from chassis.actors import PUBLIC, Actor, system
from chassis.answers import load
from contracts import requests as language
from contracts import requests_assignment, requests_intake
from rules.assignment import HELD_MOST
from rules.refusal import Refusal
from services.requests import (
    assignment,
    corrections,
    inquiry,
    intake,
    oversight,
    relations,
    tasks,
)
from tests.support.life.afterwards import Afterwards
from tests.support.life.definitions import LINEAR, PAID_PARALLEL, PARALLEL, Choices
from tests.support.life.machine import DESKS, PEOPLE, TAKERS, NotNow, ended, luck, step
from tests.support.life.model import Life
from tests.support.life.time import REASON, Time
from tests.support.requests_ground import CLERK, HEAD, NAME, NATIONAL_ID, Ground, staff

LIVES = int(os.environ.get("SHUBBAK_LIVES", "12"))
AT_ONCE = 4  # requests of one run
PERSONS = (NATIONAL_ID, "29001011234566")
SECOND_HEAD = DESKS["leadership"][1]

services = st.sampled_from([LINEAR, PARALLEL, PAID_PARALLEL]) | st.builds(
    Choices, fees=st.booleans(), branches=st.sampled_from([0, 2, 3]), external=st.booleans(),
    silence=st.sampled_from(["none", "approval", "rejection"]), appeal=st.booleans(), extension=st.booleans(),
    own_withdrawal=st.booleans(), days=st.sampled_from([3, 12]), kind=st.sampled_from(["calendar", "working"]),
    waits=st.sampled_from([0, 2, 6]))


class Lives(Time, Afterwards):
    """Rules: what people, bills and the clock do. Each says what must become of it, or that it is refused."""

    # -- applying -----------------------------------------------------------------------------------------------------

    @initialize(of=st.lists(services, min_size=2, max_size=2))
    def first(self, of: list[Choices]) -> None:
        for one in of:
            self.lodge(of=one, actor=PUBLIC, person=NATIONAL_ID)

    @step(of=services, actor=st.sampled_from([PUBLIC, *TAKERS]), person=st.sampled_from(PERSONS))
    def lodge(self, of: Choices, actor: Actor, person: str) -> None:
        if len(self.lives) == AT_ONCE:
            return
        definition = self.define(of)
        body = self.ground.application(service_code=of.code, papers=(), applicant__national_id=person)
        answer = self.do(actor, body, lambda work: intake.submit(work, load(language.Submit(), body)))
        life = Life(definition, answer["request_id"], answer["tracking_number"], person, actor.id,
                    self.calendar(), definition["workflow"]["initial"])
        life.lead(None, life.state, actor.id, self.now, self.now)
        self.lives.append(life)

    @step(change=st.sampled_from([
        ({"service_code": "nothing"}, "service_unknown"), ({"unit": "EG-C-99"}, "unit_unknown"),
        ({"unit": "EG-C-02"}, "forbidden"), ({"applicant__phone": "12"}, "phone_invalid"),
        ({"answers__area_m2": "-1"}, "answer_below")]))
    def lodge_wrong(self, change: tuple[dict[str, Any], str]) -> None:
        changes, code = change
        body = self.ground.application(**{"service_code": self.define(LINEAR)["code"], "papers": (), **changes})
        self.refused(CLERK, lambda work: intake.submit(work, load(language.Submit(), body)), code)

    @step(chance=luck, steps=st.integers(1, 6))
    def goes_on(self, chance: Random, steps: int) -> None:
        """What is to be done is done, so that much comes to an end."""
        for _ in range(steps):
            life = self.one(chance, lambda life: not ended(life))
            if life.kind == "payment":
                self.pay(life, life.here["stage"], None, 0)
            elif life.kind == "applicant":
                self.complete_it(life, chance)
            else:
                for actor in DESKS[min(desk.department for desk in life.desks)]:
                    task = self.ask_for(actor)
                    if task is not None:
                        self.act_on(task, chance)
                        break

    goes_on_too, goes_on_also = goes_on, goes_on

    @step(chance=luck)
    def complete(self, chance: Random) -> None:
        self.complete_it(self.one(chance, lambda life: life.kind == "applicant"), chance)

    def complete_it(self, life: Life, chance: Random) -> None:
        action = self.some(chance, life.actions(None))
        body = load(language.Resubmit(), self.named(life, action=action["code"]))
        self.do(PUBLIC, body, lambda work: inquiry.resubmit(work, body))
        self.lead(life, action["code"], action["to"], PUBLIC)

    @step(chance=luck)
    def complete_where_nobody_asked(self, chance: Random) -> None:
        life = self.one(chance, lambda life: life.kind != "applicant")
        body = load(language.Resubmit(), self.named(life))
        self.refused(PUBLIC, lambda work: inquiry.resubmit(work, body), "not_waiting_for_applicant")

    @step(chance=luck)
    def withdraw(self, chance: Random) -> None:
        life = self.one(chance)
        body = load(requests_intake.Withdraw(), self.named(life))
        to = life.withdrawn_to()
        if to is None:
            self.refused(PUBLIC, lambda work: inquiry.withdraw(work, body), "withdrawal_not_offered",
                         "not_waiting_for_applicant")
        elif chance.random() < 0.25:  # rarely, or nothing would come to another end
            self.do(PUBLIC, body, lambda work: inquiry.withdraw(work, body))
            self.lead(life, "withdraw", to, PUBLIC)

    @step(chance=luck, stale=st.booleans())
    def correct(self, chance: Random, stale: bool) -> None:
        life = self.one(chance)
        body = load(requests_intake.Correct(), {
            "tracking_number": life.number, "reason": "خطأ في الكتابة",
            "applicant": {"name": ("محمود عبد الله حسين", NAME)[life.corrected % 2]},
            "corrected": life.corrected - 1 if stale else life.corrected})
        if ended(life) or stale:
            self.refused(CLERK, lambda work: corrections.correct(work, body),
                         "correction_too_late" if ended(life) else "conflict")
            return
        self.do(CLERK, {"n": life.corrected}, lambda work: corrections.correct(work, body))
        life.corrected += 1

    # -- desks --------------------------------------------------------------------------------------------------------

    @step(actor=st.sampled_from(PEOPLE))
    def next_file(self, actor: Actor) -> None:
        self.ask_for(actor)

    def ask_for(self, actor: Actor) -> str | None:
        """The engine gives the actor a file that waits for them, or says rightly that there is none."""
        in_hand = sum(holder is actor for _, _, holder in self.held.values())
        try:
            answer = self.do(actor, None, assignment.next_task)
        except Refusal as refusal:
            assert refusal.code == "enough_in_hand" and in_hand >= HELD_MOST
            return None
        for_them = [life for life in self.lives if self._waits_for(life, actor)]
        if answer["task"] is None:
            assert answer["because"] == ("colleagues_first" if for_them else "nothing_open")
            return None
        [row] = self.ground.rows("SELECT request_id, branch FROM task WHERE id = :id", id=answer["task"]["task_id"])
        [life] = [life for life in for_them if life.id == str(row.request_id)]
        self.held[answer["task"]["task_id"]] = (life, row.branch, actor)
        return str(answer["task"]["task_id"])

    def some_task(self, chance: Random) -> str:
        """Some task that is in a hand; where none is, somebody asks for one."""
        for actor in [] if self.held else chance.sample(PEOPLE, len(PEOPLE)):
            if self.ask_for(actor):
                break
        if not self.held:
            raise NotNow
        return chance.choice(sorted(self.held))

    def _waits_for(self, life: Life, actor: Actor) -> bool:
        """Whether a task of it is open at the actor's desk that they may have."""
        taken = {branch for one, branch, _ in self.held.values() if one is life}
        return not self.barred(life, actor.id) and any(
            (desk.department, desk.role) == (actor.department, actor.roles[-1]) and desk.branch not in taken
            for desk in life.desks)

    @step(chance=luck)
    def act(self, chance: Random) -> None:
        self.act_on(self.some_task(chance), chance)

    @step(actor=st.sampled_from(PEOPLE), chance=luck)
    def take_and_act(self, actor: Actor, chance: Random) -> None:
        task = self.ask_for(actor)
        if task is not None:
            self.act_on(task, chance)

    take_and_act_again = take_and_act

    def act_on(self, task: str, chance: Random) -> None:
        life, branch, actor = self.held[task]
        action = self.some(chance, life.actions(branch))
        body = load(language.Act(), {"task_id": task, "action": action["code"], **_given(action)})
        if self.barred(life, actor.id):
            before = self.denied()
            self.refused(actor, lambda work: tasks.act(work, body), "apart_by_design")
            assert self.denied() == before + 1
            return
        assert actor.id != life.taken_by
        self.do(actor, body, lambda work: tasks.act(work, body))
        to = action["to"] if branch is None else life.answer(branch, action)
        self.lead(life, action["code"], to, actor, branch=branch, verdict=action.get("verdict"))

    @step(chance=luck, wrong=st.sampled_from(
        ["action", "state", "reason", "version", "holder", "unit", "department", "role"]))
    def act_wrong(self, chance: Random, wrong: str) -> None:
        task = self.some_task(chance)
        life, branch, actor = self.held[task]
        action = self.some(chance, life.actions(branch))
        given: dict[str, Any] = {"task_id": task, "action": action["code"], **_given(action)}
        code = "apart_by_design" if self.barred(life, actor.id) else "action_unknown"
        if wrong == "action":
            given["action"] = "paid"
        elif wrong == "state":
            here = {one["code"] for one in life.actions(branch)}
            others = {one["code"] for state in life.states.values() for one in state.get("actions", ())} - here
            given["action"] = chance.choice(sorted(others))
        elif wrong == "reason":
            if not action.get("requires"):
                return
            given |= {"reason": " . ", "legal_reason": None, "inputs": {}}
            # An applicant is told what is missing: the list would have been enough.
            to_applicant = life.states.get(action.get("to"), {}).get("kind") == "applicant"
            code = code if code != "action_unknown" else {
                "opinion": "input_required", "reason": "nothing_missing" if to_applicant else "reason_required",
            }[action["requires"][0]]
        elif wrong == "version":
            given["version"] = 1  # as it was before it was handed out
            code = code if code != "action_unknown" else "conflict"
        else:
            actor = self._another(actor, wrong)
            code = "task_unknown" if wrong == "holder" else "forbidden"
        body = load(language.Act(), given)
        self.refused(actor, lambda work: tasks.act(work, body), code)

    def _another(self, actor: Actor, wrong: str) -> Actor:
        if wrong == "holder":
            return next(one for one in PEOPLE if one is not actor)
        changed: dict[str, dict[str, Any]] = {
            "unit": {"unit": "EG-C-02"}, "department": {"department": "survey"}, "role": {"roles": ("inspector",)}}
        return replace(actor, **changed[wrong])

    @step(chance=luck)
    def take_back(self, chance: Random) -> None:
        task = self.some_task(chance)
        body = load(requests_assignment.TakeBack(), {"task_id": task, "reason": REASON})
        self.refused(staff("elsewhere", "unit_head", "leadership", "EG-C-02"),
                     lambda work: oversight.take_back(work, body), "task_unknown")
        self.do(HEAD, body, lambda work: oversight.take_back(work, body))
        del self.held[task]

    @step(actor=st.sampled_from([*DESKS["engineering"], SECOND_HEAD]), person=st.sampled_from(PERSONS),
          rarely=st.integers(0, 5))
    def declare_a_relation(self, actor: Actor, person: str, rarely: int) -> None:
        if rarely:
            return
        self.do(actor, person, lambda work: relations.declare(work, {"national_id": person}))
        self.relations.add((actor.id, person))
        self.held = {task: one for task, one in self.held.items()
                     if (one[2].id, one[0].person) not in self.relations}

    # -- bills --------------------------------------------------------------------------------------------------------

    @step(chance=luck, collected_by=st.sampled_from([None, None, PEOPLE[0].id, PEOPLE[2].id, "staff:cashier"]),
          ago=st.sampled_from([0, 0, 30, 60 * 24]), expired=st.sampled_from([False, False, False, True]))
    def a_bill_is_over(self, chance: Random, collected_by: str | None, ago: int, expired: bool) -> None:
        """Paid, perhaps heard of late, or expired."""
        life = self.one(chance, lambda life: life.kind == "payment")
        stage = life.here["stage"]
        if expired:
            self.ground.hear(self.ground.bill_event(life.id, stage, "expired"))
            self.lead(life, "expired", life.here["expired"], system("requests"))
        else:
            self.pay(life, stage, collected_by, ago)

    @step(chance=luck, stage=st.sampled_from(["inspection", "final"]), ago=st.sampled_from([-30, 0, 60 * 24]))
    def a_bill_is_paid_out_of_turn(self, chance: Random, stage: str, ago: int) -> None:
        """A second time, too late, of a stage that has not come; perhaps to somebody who has the file in hand."""
        life = self.one(chance)
        holders = [actor.id for held, _, actor in self.held.values() if held is life]
        self.pay(life, stage, chance.choice([None, *holders]), ago)

    @step(chance=luck)
    def whoever_collects_with_the_file_in_hand_acts_no_more(self, chance: Random) -> None:
        task = self.some_task(chance)
        life, _, actor = self.held[task]
        self.pay(life, "final", actor.id, 0)
        self.act_on(task, chance)

    def pay(self, life: Life, stage: str, collected_by: str | None, ago: int) -> None:
        at = self.now - timedelta(minutes=ago)
        self.ground.hear(self.ground.bill_event(life.id, stage, at=at, collected_by=collected_by))
        if collected_by:
            life.collected.add(collected_by)
        last = life.steps[-1]
        lapsed_in = last.from_state if life.outcome == "lapsed" and last.action == "expired" else None
        waits_in = next((code for code in (life.state, lapsed_in)
                         if code and life.states[code].get("stage") == stage), None)
        if waits_in is not None:
            self.lead(life, "paid", life.states[waits_in]["next"], system("requests"), at=at, out_of=waits_in)


def _given(action: Any) -> dict[str, Any]:
    """What an action asks for."""
    requires = action.get("requires") or ()
    return {"reason": REASON if "reason" in requires else None,
            "legal_reason": "safety" if "legal_reason" in requires else None,
            "inputs": {"opinion": "لا مانع"} if "opinion" in requires else {}}


@pytest.fixture(scope="module")
def ground(database_url: Callable[..., str]) -> Iterator[Ground]:
    made = Ground(database_url("requests"))
    made.rows("SELECT nextval('tracking_serial')")  # a register begins after a number that was drawn
    yield made
    made.close()


def test_after_every_step_the_database_holds_what_the_model_tells(ground: Ground, seed: int) -> None:
    @hypothesis.seed(seed)
    def begin() -> Lives:
        return Lives(ground)

    run_state_machine_as_test(cast(Any, begin), settings=settings(
        max_examples=LIVES, stateful_step_count=50, deadline=None, database=None, print_blob=False,
        suppress_health_check=list(HealthCheck)))
    print(", ".join(f"{what} {count}" for what, count in sorted(Lives.met.items())))
