"""SIGKILL payments while cashiers collect and close their shifts. Whatever was answered stands once, and each shift's
expected cash is what it took.

A fifth of `SHUBBAK_KILLS` kills (4 when not said): a shift for each, closed while three bills are paid in it.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pytest
import requests

from infra.demo.walk import API, Walk
from tests.support import owed
from tests.support.node import ROOT, Node

KILLS = int(os.environ.get("SHUBBAK_KILLS", "20")) // 5
EACH = 3
PATIENCE = 180.0


@dataclass
class Run:
    """What was asked for, and what was answered in the end."""

    node: Node
    walk: Walk
    taken: dict[str, int] = field(default_factory=dict)  # by bill: the status answered
    closed: list[dict[str, Any]] = field(default_factory=list)
    unanswered: int = 0  # acts on their way when payments was killed

    def ask(self, path: str, body: dict[str, Any]) -> requests.Response:
        """Ask under one key until there is an answer: 2xx, or a refusal that stands."""
        headers = {"Idempotency-Key": str(uuid4()), "Authorization": f"Bearer {self.walk.token('cashier')}"}
        ends = time.monotonic() + PATIENCE
        while True:
            answer = requests.post(f"{self.node.url}{API}{path}", json=body, headers=headers, timeout=30)
            if answer.status_code < 500 and answer.json().get("code") != "conflict":
                return answer
            assert time.monotonic() < ends, answer.text
            time.sleep(0.1)


@pytest.fixture(scope="module")
def run(seed: int) -> Iterator[Run]:
    chance = random.Random(f"{seed}:shifts")
    with Node.running(before=owed.publish) as node:
        count = len(owed.UNITS) * KILLS * EACH
        owed.lodge(node, count, chance)
        owed.wait_billed(node, count)
        done = Run(node, Walk(node.url, lambda _: None))
        bills = [str(row.id) for row in node.sql("payments", "SELECT id FROM bill WHERE unit = 'EG-C-01' ORDER BY id")]
        for number in range(KILLS):
            cut_short(done, bills[number * EACH : (number + 1) * EACH], chance)
        yield done


def cut_short(run: Run, bills: list[str], chance: random.Random) -> None:
    """Collect and close at once, and kill payments in the middle of it."""
    opened = run.ask("/shifts", {"float": 10_000})
    assert opened.status_code == 201, opened.text

    def take(bill: str) -> None:
        run.taken[bill] = run.ask(f"/bills/{bill}/payments", {"rail": "cash", "tendered": owed.TOTAL}).status_code

    def close() -> None:
        time.sleep(chance.uniform(0, 0.1))
        answer = run.ask("/shifts/current/closing", {"count": {}, "reason": "killed while counting"})
        assert answer.status_code == 200, answer.text
        run.closed.append(answer.json())

    with ThreadPoolExecutor(EACH + 1) as people:
        acts = [people.submit(take, bill) for bill in bills] + [people.submit(close)]
        # The first time before anything can be answered, later wherever it falls.
        time.sleep(chance.uniform(0, 0.06) if run.closed else 0.002)
        run.unanswered += sum(not act.done() for act in acts)
        run.node.kill("payments")
        run.node.start("payments")
        for act in acts:
            act.result()


def test_payments_was_killed_in_the_middle_of_it(run: Run) -> None:
    assert run.unanswered


def test_every_shift_was_closed_once_with_what_it_took(run: Run) -> None:
    rows = run.node.sql("payments", "SELECT s.id, s.state, s.expected, s.counted, (SELECT coalesce(sum(m.amount), 0) "
                        "FROM shift_move m WHERE m.shift_id = s.id AND m.kind = 'cash_receipt') AS took FROM shift s")
    assert sorted(str(row.id) for row in rows) == sorted(one["shift_id"] for one in run.closed)
    assert len(rows) == KILLS
    assert all((row.state, row.expected, row.counted) == ("closed", 10_000 + row.took, 0) for row in rows)


def test_each_bill_is_paid_exactly_when_that_was_answered(run: Run) -> None:
    paid = {str(row.id) for row in run.node.sql("payments", "SELECT id FROM bill WHERE state = 'paid'")}
    assert set(run.taken.values()) <= {201, 409}
    assert paid == {bill for bill, status in run.taken.items() if status == 201}


def test_the_books_are_right(run: Run) -> None:
    checked = subprocess.run([sys.executable, "-m", "services.payments", "check"], cwd=ROOT, capture_output=True,
                             text=True, env=run.node.environments["payments"])
    assert (checked.returncode, checked.stdout.strip()) == (0, "the books are right"), checked.stderr
