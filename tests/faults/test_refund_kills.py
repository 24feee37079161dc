"""SIGKILL payments, again and again, while refunds go to the rails. Afterwards the rails gave each back once, whole,
and the books say so.

A twentieth of `SHUBBAK_KILLS` kills (4 when not said, never fewer than 3); as many waves of refunds, each cut. An order
that was marked as sent when payments died is taken up again a minute later, so this is not among the quick tests.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from chassis.actors import Actor
from services.payments import refunds
from tests.support import aftermath, owed
from tests.support.node import ROOT, Node

pytestmark = pytest.mark.slow

KILLS = max(int(os.environ.get("SHUBBAK_KILLS", "80")) // 20, 3)
WAVE = 9  # refunds approved at once before each kill
RAILS = ("fawry", "paymob", "efinance")
PATIENCE, SETTLE = 5.0, 240.0
WHY = "the request was withdrawn before the inspection"

_STATES = "SELECT state, count(*) AS n FROM refund GROUP BY state ORDER BY state"
_PAID = "SELECT count(*) AS n FROM bill WHERE state = 'paid'"
_BILLS = "SELECT id, unit FROM bill ORDER BY id"


@dataclass
class Run:
    node: Node
    kills: int = 0
    cut: int = 0  # kills after which orders of the wave were neither untouched nor done

    def states(self) -> dict[str, int]:
        return {row.state: row.n for row in self.node.sql("payments", _STATES)}


def officer(name: str, unit: str) -> Actor:
    return Actor(id=f"staff:{name}", kind="staff", roles=("finance_officer",), unit=unit)


@pytest.fixture(scope="module")
def run(seed: int) -> Iterator[Run]:
    chance, many = random.Random(f"{seed}:refunds"), KILLS * WAVE
    with Node.running(before=owed.publish) as node:
        owed.lodge(node, many, chance)
        owed.wait_billed(node, many)
        owed.start(node, RAILS)
        owed.until(lambda: not node.sql("payments", "SELECT 1 FROM payment WHERE reference IS NULL"), "references")
        for row in node.sql("payments", "SELECT reference FROM payment"):
            node.peers.pay(row.reference, "normal")
        owed.until(lambda: node.sql("payments", _PAID)[0].n == many, "every bill paid")
        asked = [(asked_for(node, bill), bill.unit) for bill in node.sql("payments", _BILLS)]
        chance.shuffle(asked)
        done = Run(node)
        for number in range(KILLS):
            cut_short(done, asked[number * WAVE : (number + 1) * WAVE], chance)
        owed.until(lambda: done.states() == {"done": many}, done.states, SETTLE)
        owed.until(node.settled, "every event applied")
        yield done


def asked_for(node: Node, bill: Any) -> Any:
    body = {"bill_id": bill.id, "credit_id": None, "lines": None, "reason": WHY}
    return owed.attempt_as(node, officer("clerk", bill.unit), lambda work: refunds.request(work, body))["refund_id"]


def cut_short(run: Run, wave: list[tuple[Any, str]], chance: random.Random) -> None:
    """Approve some refunds, and kill payments once it has begun to order them."""
    before = run.states().get("requested", 0)
    for refund_id, unit in wave:
        body = {"refund_id": refund_id, "approve": True, "way": None, "reason": WHY}
        owed.attempt_as(run.node, officer("chief", unit), lambda work, body=body: refunds.decide(work, body))
    ends = time.monotonic() + PATIENCE
    while not {"sent", "under_way"} & run.states().keys() and time.monotonic() < ends:
        time.sleep(0.002)
    time.sleep(chance.uniform(0, 0.03))
    run.node.kill("payments")
    assert run.states().get("requested", 0) == before - len(wave)
    run.kills += 1
    run.cut += bool({"sent", "under_way"} & run.states().keys())
    run.node.start("payments")
    run.node.wait_ready("payments")


def test_payments_was_killed_in_the_middle_of_it(run: Run) -> None:
    assert run.kills == KILLS
    assert run.cut > 0


def test_each_rail_gave_each_payment_back_once_and_whole(run: Run) -> None:
    charges = run.node.peers.charges()
    assert {charge["status"] for charge in charges} == {"REFUNDED"}
    assert [len(charge["refunds"]) for charge in charges] == [1] * (KILLS * WAVE)


def test_the_books_are_right_and_hold_nothing_any_more(run: Run) -> None:
    checked = subprocess.run([sys.executable, "-m", "services.payments", "check"], cwd=ROOT, capture_output=True,
                             text=True, env=run.node.environments["payments"])
    assert (checked.returncode, checked.stdout.strip()) == (0, "the books are right"), checked.stderr
    held = run.node.sql("payments", "SELECT account, sum(amount) AS held FROM entry GROUP BY account")
    assert {row.account: int(row.held) for row in held if row.held} == {}


def test_every_bill_is_refunded_and_told_so_once(run: Run) -> None:
    [row] = run.node.sql("payments", """
        SELECT count(*) AS n, count(*) FILTER (WHERE state = 'refunded' AND refunded = total) AS refunded,
          count(*) FILTER (WHERE version <> (SELECT count(*) FROM event_log WHERE subject = bill.id)) AS gaps
        FROM bill""")
    assert (row.refunded, row.n, row.gaps) == (KILLS * WAVE, KILLS * WAVE, 0)


def test_the_audit_chains_are_whole(run: Run) -> None:
    aftermath.the_audit_chains_are_whole(run.node)
