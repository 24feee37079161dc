"""SIGKILL catalog at seeded random moments while proposals are approved; what was published is whole and told once."""

from __future__ import annotations

import os
import random
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from chassis.ids import uuid7
from services.gateway.demo import PASSWORD
from tests.support.node import Node
from tests.support.requests_ground import shop

KILLS = max(6, int(os.environ.get("SHUBBAK_KILLS", "20")) // 3)
CODES, ROUNDS = ("trial-a", "trial-b"), 3
PATIENCE = 180.0


class Desk:
    """An editor's or a reviewer's program: it asks again under the same key until it is answered."""

    def __init__(self, node: Node, username: str) -> None:
        self.url = f"{node.url}/api/v1"
        answer = requests.post(f"{self.url}/sessions", json={"username": username, "password": PASSWORD}, timeout=30)
        self.headers = {"Authorization": f"Bearer {answer.json()['token']}"}

    def post(self, path, body):
        headers, ends = {**self.headers, "Idempotency-Key": str(uuid7())}, time.monotonic() + PATIENCE
        while True:
            answer = requests.post(f"{self.url}/catalog/{path}", json=body, headers=headers, timeout=30)
            if answer.status_code != 503:
                return answer
            assert time.monotonic() < ends, answer.text
            time.sleep(float(answer.headers.get("Retry-After", 1)) / 5)  # as long as the door says, in shorter steps

    def submitted(self, kind, body):
        drafted = self.post("proposals", {"kind": kind, "body": body}).json()
        moved = self.post(f"proposals/{drafted['proposal_id']}/submission", {"version": drafted["version"]})
        return moved.json() if moved.status_code == 200 else None

    def approve(self, proposal):
        return self.post(f"proposals/{proposal['proposal_id']}/decision",
                         {"version": proposal["version"], "decision": "approve"})


@pytest.fixture(scope="module")
def aftermath(seed):
    """A node on which one service after the other was changed, two proposals for each at once, while catalog died."""
    chance = random.Random(f"{seed}:catalog")
    with Node.running() as node:
        editor, reviewer, answers = Desk(node, "editor"), Desk(node, "reviewer"), Counter()
        over, kills = threading.Event(), []

        def kill():
            while len(kills) < KILLS and not over.wait(chance.uniform(0.02, 0.5)):
                node.kill("catalog")
                node.start("catalog")
                kills.append(time.monotonic())
                node.wait_ready("catalog")

        killer = threading.Thread(target=kill, daemon=True)
        killer.start()
        with ThreadPoolExecutor(4) as pool:
            round_ = 0
            while round_ < ROUNDS or len(kills) < KILLS:
                bodies = [("definition", shop() | {"code": code, "keywords": [f"{round_}-{rival}"]})
                          for code in CODES for rival in range(2)]
                if round_ == 1:
                    bodies += [("adoption", {"code": code, "offered": True}) for code in CODES]
                waiting = [one for one in pool.map(lambda given: editor.submitted(*given), bodies) if one]
                answers.update(answer.status_code for answer in pool.map(reviewer.approve, waiting))
                round_ += 1
        over.set()
        killer.join()
        node.wait_ready("catalog")
        yield node, answers, len(kills), round_


def test_catalog_was_killed_and_some_were_approved_and_some_came_too_late(aftermath):
    _, answers, kills, rounds = aftermath
    assert kills >= KILLS and answers[200] >= rounds * len(CODES)
    assert set(answers) <= {200, 409}, answers


def test_every_approved_proposal_is_one_version_and_no_other_is(aftermath):
    node, _, _, _ = aftermath
    approved = node.sql("catalog", "SELECT p.subject, count(a.proposal_id) AS approvals FROM proposal p LEFT JOIN"
                        " approval a ON a.proposal_id = p.id WHERE p.state = 'approved' AND p.kind = 'definition'"
                        " GROUP BY p.id, p.subject")
    assert {row.approvals for row in approved} == {1}
    unapproved = node.sql("catalog", "SELECT a.proposal_id FROM approval a JOIN proposal p ON p.id = a.proposal_id"
                          " WHERE p.state <> 'approved'")
    assert unapproved == []
    for code in CODES:
        versions = node.sql("catalog", "SELECT version, effective_from, body FROM national_version WHERE code = %s"
                            " ORDER BY version", code)
        assert [row.version for row in versions] == list(range(1, len(versions) + 1))
        assert len(versions) == sum(row.subject == code for row in approved)
        days = [row.effective_from for row in versions]
        assert days == sorted(set(days))


def test_every_version_was_told_once_without_a_gap(aftermath):
    node, _, _, _ = aftermath
    gaps = node.sql("catalog", "SELECT subject FROM event_log GROUP BY subject"
                    " HAVING count(*) <> max(sequence) OR min(sequence) <> 1")
    assert gaps == []
    for table, kind in (("national_version", "catalog.national.published.v1"),
                        ("definition", "catalog.definition.published.v1")):
        kept = node.sql("catalog", f"SELECT count(*) AS n FROM {table} WHERE code = ANY(%s)", list(CODES))[0].n
        told = node.sql("catalog", "SELECT count(*) AS n FROM event_log WHERE type = %s"
                        " AND convert_from(body, 'UTF8')::jsonb -> 'data' ->> 'code' = ANY(%s)", kind, list(CODES))[0].n
        assert kept == told > 0, table


def test_the_gateway_came_to_hold_what_catalog_published(aftermath):
    node, _, _, _ = aftermath
    ends = time.monotonic() + PATIENCE
    wanted = node.sql("catalog", "SELECT code, version FROM definition WHERE code = ANY(%s) ORDER BY 1, 2", list(CODES))
    asked = "SELECT code, version FROM definition WHERE code = ANY(%s) ORDER BY 1, 2"
    while (held := node.sql("gateway", asked, list(CODES))) != wanted:
        assert time.monotonic() < ends, (wanted, held)
        time.sleep(0.1)
