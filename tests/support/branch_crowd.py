"""Applicants whose files go to several departments at once, the people of those desks, and applicants whom nobody
answers."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from infra.demo.walk import WalkFailed, application
from services.catalog import publishing
from tests.support.crowd import PatientWalk
from tests.support.life.definitions import Choices, composed
from tests.support.node import Node

PAUSE = 0.1
BRANCHES = 3
FINDINGS = {"opinion": "لا مانع من الناحية الفنية"}
REASON = "ينقص ما طُلب استيفاؤه"
# desk → (user name, role, department)
DESKS = (("first-desk", "officer", "licensing"), ("engineer", "officer", "engineering"),
         ("second-engineer", "officer", "engineering"), ("physician", "officer", "health"),
         ("head", "unit_head", "leadership"))  # the head is of the demo's own
SOON_OVER = 5  # days of the silent service


def several_departments() -> dict[str, Any]:
    """Fee, review, three branches with a join, decision, fee, licence."""
    return composed(Choices(branches=BRANCHES, days=60))


def nobody_answers() -> dict[str, Any]:
    """Fee, then a desk at which nobody is; after its days silence is approval."""
    definition = composed(Choices(silence="approval", days=SOON_OVER))
    definition["workflow"]["states"]["review"]["department"] = "survey"
    return definition


@dataclass
class BranchCrowd:
    """`accepted` are the numbers of each service, `done` those that came to their end, `answered` what each desk was
    told that it did: (number, branch, action)."""

    node: Node
    accepted: dict[str, list[str]] = field(default_factory=lambda: {"several": [], "silent": []})
    done: list[str] = field(default_factory=list)
    answered: Counter[tuple[str, str | None, str]] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)  # silent ones that lie before the desk with nobody
    _closing: threading.Event = field(default_factory=threading.Event)

    @staticmethod
    def before(node: Node) -> None:
        """Publish the two services."""
        for definition in (several_departments(), nobody_answers()):
            node._attempt("catalog", lambda work, given=definition: publishing.load_national(
                work, given, None, adopt=True))

    def employ(self) -> None:
        """Whoever is not among the demo's people."""
        for name, role, department in DESKS[:-1]:
            self.node.employ(name, role, department)

    def run(self, cases: int, silent: int, chance: random.Random, when_all_wait: Any) -> None:
        """Start them all; `when_all_wait` is called once all silent ones lie there. Returns when all came to an end."""
        self._closing.clear()
        self.waiting.clear()
        desks = [threading.Thread(target=self._desk, args=(name, chance.random())) for name, _, _ in DESKS]
        applicants = [threading.Thread(target=self._applicant, args=("several", several_departments()["code"]))
                      for _ in range(cases)]
        quiet = [threading.Thread(target=self._applicant, args=("silent", nobody_answers()["code"]))
                 for _ in range(silent)]
        for thread in (*desks, *applicants, *quiet):
            thread.start()
        while len(self.waiting) < silent and not self.failures:
            time.sleep(PAUSE)
        when_all_wait()
        for thread in (*applicants, *quiet):
            thread.join()
        self._closing.set()
        for thread in desks:
            thread.join()

    def _applicant(self, kind: str, code: str) -> None:
        walk = PatientWalk(self.node.url, lambda reference: walk._patiently(
            lambda: self.node.peers.pay(reference, "normal")))
        try:
            number = walk.post("/requests", {**application([]), "service_code": code})["tracking_number"]
            self.accepted[kind].append(number)
            walk.pay_bill(number, "inspection")
            if kind == "silent":
                walk.until(lambda: walk.status(number), lambda answer: answer["state"] == "review")
                self.waiting.append(number)
            while True:
                status = walk.until(lambda: walk.status(number), lambda answer: answer["state_kind"] in (
                    "applicant", "end") or answer["state"] == "awaiting_final_fee")
                if status["state_kind"] != "applicant":
                    break
                self._complete(walk, number)
            if status["state_kind"] != "end":
                walk.pay_bill(number, "final")
                status = walk.until(lambda: walk.status(number), lambda answer: answer["state_kind"] == "end")
            self.done.append(f"{status['outcome']} {number}")
        except Exception as error:
            self.failures.append(f"applicant: {error!r}")

    def _complete(self, walk: PatientWalk, number: str) -> None:
        headers, post = {"X-Phone-Last4": walk.last4}, walk.http
        walk.http.headers.update(headers)
        try:
            walk.post(f"/requests/{number}/completion", {"action": "resubmit", "answers": {}, "documents": []})
        finally:
            for name in headers:
                del post.headers[name]

    def _desk(self, name: str, luck: float) -> None:
        chance, walk = random.Random(f"{luck}:{name}"), PatientWalk(self.node.url, self.node.peers.pay)
        while not self._closing.is_set():
            try:
                if walk.post("/tasks/next", {}, as_=name)["task"] is None:
                    self._closing.wait(PAUSE)
                for task in walk.get("/tasks", as_=name)["tasks"]:
                    self._act(walk, name, task, chance)
            except Exception as error:
                self.failures.append(f"{name}: {error!r}")
                return

    def _act(self, walk: PatientWalk, name: str, task: dict[str, Any], chance: random.Random) -> None:
        action = {"review": "accept", "objections": "overrule", "decision": "approve"}.get(task["state"]) or (
            chance.choices(["agree", "object", "send_back"], [12, 3, 1])[0])
        body = {"action": action, "inputs": FINDINGS if action == "agree" else {},
                "reason": REASON if action in ("object", "send_back") else None}
        try:
            walk.post(f"/tasks/{task['task_id']}/actions", body, as_=name)
        except WalkFailed as failure:
            if "task_done" not in str(failure):  # another branch sent the file back meanwhile
                raise
        else:
            self.answered[task["tracking_number"], task["branch"], action] += 1


def let_days_pass(node: Node, code: str, days: int) -> None:
    """What lies before the desk with nobody has lain there for so many days more."""
    node.sql(
        "requests",
        "WITH old AS (UPDATE request SET lodged_at = lodged_at - %s * interval '1 day', due_on = due_on - %s, "
        "judge_on = judge_on - %s, silence_on = silence_on - %s WHERE service_code = %s AND state = 'review' "
        "RETURNING id), steps AS (UPDATE step SET at = at - %s * interval '1 day' FROM old "
        "WHERE step.request_id = old.id), tasks AS (UPDATE task SET created_at = created_at - %s * interval '1 day', "
        "due_on = due_on - %s, judge_on = judge_on - %s FROM old WHERE task.request_id = old.id AND status = 'open') "
        "SELECT 1", days, days, days, days, code, days, days, days, days)


def the_heads_were_warned_before(node: Node) -> None:
    """The warnings of today were given the day before yesterday; what payments and catalog told has settled; and a
    person let more of silence go than is usual."""
    node.sql("requests", "WITH warned AS (UPDATE warning SET at = at - interval '2 days' WHERE at > now() - "
                         "interval '1 day'), heard AS (UPDATE heard SET received_at = received_at - "
                         "interval '5 minutes') SELECT 1")
    node.sql("requests",
             "INSERT INTO silence_review (id, version, kind, facts, opened_at, decision, decided_by, decided_at) "
             "SELECT gen_random_uuid(), 2, 'surge', '{\"number\": 100000}', now(), 'proceed', 'staff:manager', now() "
             "WHERE NOT EXISTS (SELECT 1 FROM silence_review WHERE kind = 'surge') RETURNING 1")
