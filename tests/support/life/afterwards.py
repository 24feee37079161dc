"""What people do once a request was decided, and commands that are sent again."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import Any

from hypothesis import strategies as st

from chassis.actors import PUBLIC, Actor
from chassis.answers import load
from contracts import requests_afterwards, requests_assignment, requests_outputs
from rules import appeals
from rules.calendar import cairo_date
from rules.workflow import Appeal
from services.requests import appeals as appealing
from services.requests import complaints, delivery, ratings, register, reopening
from tests.support.deadlines_ground import MANAGER
from tests.support.life.machine import DESKS, Machine, NotNow, ended, luck, step
from tests.support.life.model import Life
from tests.support.requests_ground import HEAD, staff

WRITTEN = "أرجو إعادة النظر في الأمر كله"
HEADS = DESKS["leadership"]
HEAD_ELSEWHERE = staff("elsewhere", "unit_head", "leadership", "EG-C-02")
ACTS = {"suspend": ({"in_force"}, "suspended"), "resume": ({"suspended"}, "in_force"),
        "cancel": ({"in_force", "suspended"}, "cancelled"), "replace_print": ({"in_force"}, "in_force")}
REOPENED_WITHIN = timedelta(days=60)


class Afterwards(Machine):
    """Rules of the time after."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.licence_versions: dict[str, int] = {}
        self.editions: dict[str, int] = {}
        self.delivered: set[tuple[str, int]] = set()
        self.drawn: set[str] = set()
        self.reopenings: dict[str, tuple[Life, int]] = {}

    # -- against the decision -----------------------------------------------------------------------------------------

    @step(chance=luck)
    def appeal(self, chance: Random) -> None:
        rejected = any(life.outcome == "rejected" for life in self.lives)
        life = self.one(chance, lambda life: not rejected or life.outcome == "rejected")
        body = load(requests_assignment.Appeal(), self.named(life, reason=WRITTEN))
        offered = life.body["workflow"].get("appeal")
        if life.outcome != "rejected" or not offered:
            code = "appeal_not_offered"
        elif any(step.action == "appealed" for step in life.steps):
            code = "appeal_used"
        else:
            last = appeals.last_day(Appeal(offered["days"], offered["kind"], offered["state"]),
                                    cairo_date(life.marks[-1].at), life.calendar)
            code = "appeal_too_late" if cairo_date(self.now) > last else ""
        if code:
            self.refused(PUBLIC, lambda work: appealing.appeal(work, body), code)
            return
        self.do(PUBLIC, body, lambda work: appealing.appeal(work, body))
        life.decided |= life.deciders()
        self.lead(life, "appealed", offered["state"], PUBLIC)

    @step(chance=luck)
    def ask_to_open_again(self, chance: Random) -> None:
        life = self.one(chance, ended)
        body = load(requests_afterwards.AskReopening(), self.named(life, reason=WRITTEN))
        over = cairo_date(self.now) > cairo_date(life.last) + REOPENED_WITHIN
        if life.outcome not in ("rejected", "lapsed") or over:
            code = "reopening_not_possible"
        elif life.version in life.asked_at_version:
            code = "reopening_asked_before"
        else:
            answer = self.do(PUBLIC, body, lambda work: reopening.ask(work, body))
            life.asked_at_version.add(life.version)
            self.reopenings[answer["reopening_id"]] = (life, life.version)
            return
        self.refused(PUBLIC, lambda work: reopening.ask(work, body), code)

    @step(chance=luck, head=st.sampled_from(HEADS), grant=st.booleans(), stale=st.booleans())
    def decide_to_open_again(self, chance: Random, head: Actor, grant: bool, stale: bool) -> None:
        if not self.reopenings:
            raise NotNow
        asked = chance.choice(sorted(self.reopenings))
        life, version = self.reopenings[asked]
        body = load(requests_afterwards.DecideReopening(), {
            "reopening_id": asked, "grant": grant, "reason": WRITTEN, "version": 7 if stale else 1})
        if self.ended_by(life, version) == head.id:
            self.refused(head, lambda work: reopening.decide(work, body), "apart_by_design")
        elif stale:
            self.refused(head, lambda work: reopening.decide(work, body), "conflict")
        elif grant and life.version != version:
            self.refused(head, lambda work: reopening.decide(work, body), "reopening_not_possible")
        else:
            self.do(head, body, lambda work: reopening.decide(work, body))
            del self.reopenings[asked]
            if grant:
                self.lead(life, "reopen", str(life.steps[-1].from_state), head)
            self.refused(head, lambda work: reopening.decide(work, {**body, "version": None}), "reopening_decided")

    def ended_by(self, life: Life, version: int) -> str:
        [row] = self.ground.rows("SELECT actor_id FROM step WHERE request_id = :r AND sequence = :v",
                                 r=life.id, v=version)
        return str(row.actor_id)

    # -- licences -----------------------------------------------------------------------------------------------------

    @step(chance=luck, act=st.sampled_from(sorted(ACTS)), stale=st.booleans())
    def act_on_a_licence(self, chance: Random, act: str, stale: bool) -> None:
        life = self.one(chance, lambda life: life.licence is not None)
        from_states, to = ACTS[act]
        version = self.licence_versions.get(life.id, 1)
        body = load(requests_outputs.ChangeLicence(), {
            "serial": self.serial(life), "reason": WRITTEN, "version": version + 1 if stale else version})
        run = getattr(register, act)
        if stale or life.licence not in from_states:
            self.refused(HEAD, lambda work: run(work, body), "conflict" if stale else "licence_act_refused")
            return
        self.refused(HEAD_ELSEWHERE, lambda work: run(work, body), "forbidden")
        self.do(HEAD, body, lambda work: run(work, body))
        life.licence = to
        self.licence_versions[life.id] = version + 1
        if act == "replace_print":
            self.editions[life.id] = self.editions.get(life.id, 1) + 1
            self.drawn.discard(life.id)

    @step(chance=luck, draw_first=st.booleans())
    def hand_over(self, chance: Random, draw_first: bool) -> None:
        life = self.one(chance, lambda life: life.licence is not None)
        if draw_first and life.id not in self.drawn:
            while self.ground.render():
                pass
            self.drawn |= {one.id for one in self.lives if one.licence is not None}
        body = load(requests_afterwards.Deliver(), {"serial": self.serial(life), "identity": "national_id"})
        edition = self.editions.get(life.id, 1)
        code = ("licence_not_ready" if life.id not in self.drawn
                else "licence_not_in_force" if life.licence != "in_force"
                else "delivered_before" if (life.id, edition) in self.delivered else "")
        if code:
            self.refused(MANAGER, lambda work: delivery.deliver(work, body), code)
            return
        self.do(MANAGER, body, lambda work: delivery.deliver(work, body))
        self.delivered.add((life.id, edition))

    def serial(self, life: Life) -> str:
        return str(self.ground.rows("SELECT serial FROM licence WHERE request_id = :r", r=life.id)[0].serial)

    # -- what people think of it --------------------------------------------------------------------------------------

    @step(chance=luck, stars=st.integers(1, 5))
    def rate(self, chance: Random, stars: int) -> None:
        life = self.one(chance, ended)
        body = load(requests_afterwards.Rate(), {"token": self.rating_token(life), "stars": stars})
        if life.rated:
            self.refused(PUBLIC, lambda work: ratings.rate(work, body), "rated_before")
            return
        self.do(PUBLIC, body, lambda work: ratings.rate(work, body))
        life.rated = True

    @step(chance=luck)
    def complain(self, chance: Random) -> None:
        life = self.one(chance)
        body = load(requests_afterwards.Complain(), self.named(life, kind="delay", text=WRITTEN))
        if life.complaint is not None:
            self.refused(PUBLIC, lambda work: complaints.complain(work, body), "complaint_open")
            return
        answer = self.do(PUBLIC, body, lambda work: complaints.complain(work, body))
        life.complaint = answer["complaint_number"]

    @step(chance=luck)
    def answer_a_complaint(self, chance: Random) -> None:
        life = self.one(chance, lambda life: life.complaint is not None)
        body = load(requests_afterwards.AnswerComplaint(), {
            "complaint_number": life.complaint, "upheld": True, "answer": WRITTEN, "version": None})
        self.refused(HEAD, lambda work: complaints.answer(work, body), "forbidden")  # it is not before them yet
        self.refused(MANAGER, lambda work: complaints.answer(work, {**body, "version": 9}), "conflict")
        self.do(MANAGER, body, lambda work: complaints.answer(work, body))
        self.refused(MANAGER, lambda work: complaints.answer(work, body), "complaint_answered")
        life.complaint = None

    # -- sent again ---------------------------------------------------------------------------------------------------

    @step(chance=luck)
    def send_again(self, chance: Random) -> None:
        """The same command gets the first one's answer, whatever happened since."""
        if not self.sent:
            raise NotNow
        run, actor, command, payload, answer = chance.choice(self.sent)
        before = self.dump()
        assert self.ground.command(run, actor, command, payload) == answer
        assert self.dump() == before
        self.met["sent again"] += 1
