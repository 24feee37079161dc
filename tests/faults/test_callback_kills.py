"""SIGKILL payments, again and again, while rails report: once, three times at once, late, out of order, a wrong amount,
forged, not at all, or for a bill that another rail was paid for too. Afterwards every bill is what the rails' own books
say, and each piastre stands once.

A fifth of `SHUBBAK_KILLS` kills (4 when not said); the bills are paid in so many waves, and each wave is cut.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest

from chassis.actors import Actor
from services.payments import paying
from tests.support import aftermath, owed
from tests.support.node import ROOT, Node

KILLS = int(os.environ.get("SHUBBAK_KILLS", "20")) // 5
WAVE = 14  # bills paid at once before each kill
RAILS = ("fawry", "paymob", "efinance")
PATIENCE = 5.0
POUND = 100  # a rail that is wrong in amount takes a pound less
BECOMES = {"normal": "paid", "duplicate": "paid", "late": "paid", "reordered": "paid", "silent": "paid",
           "wrong_amount": "under_review", "forged": "pending", "other_rail": "pending", "failed": "failed"}
# At a wave: each of these, and what is left by lot. Who is silent is so in the first, being asked after 15 seconds.
ALWAYS = ("normal", "duplicate", "duplicate", "late", "late", "reordered", "wrong_amount", "forged", "failed")
BY_LOT = ("normal", "duplicate", "late", "reordered", "wrong_amount", "other_rail")

TWICE = 1  # the place in a wave of the bill that is paid at a second rail too

_TAKEN = "SELECT count(*) AS n FROM callback"
_PAYMENTS = "SELECT bill_id, rail, reference, merchant_reference FROM payment"
_UNSENT = "SELECT 1 FROM payment WHERE reference IS NULL"
_BILLS = "SELECT bill.id, bill.state, p.merchant_reference FROM bill JOIN payment AS p ON p.bill_id = bill.id"


@dataclass
class Run:
    """What was done, and which bills must have become what: by our reference at the rail."""

    node: Node
    wanted: dict[str, str] = field(default_factory=dict)
    twice: int = 0  # bills for which two rails were paid
    kills: int = 0
    cut: int = 0  # kills after which something of the wave was still to be taken

    def states(self) -> dict[str, str]:
        return {row.merchant_reference: row.state for row in self.node.sql("payments", _BILLS)}

    def taken(self) -> int:
        return int(self.node.sql("payments", _TAKEN)[0].n)


@pytest.fixture(scope="module")
def run(seed: int) -> Iterator[Run]:
    chance = random.Random(f"{seed}:callbacks")
    with Node.running(before=owed.publish) as node:
        owed.lodge(node, KILLS * WAVE, chance)
        owed.wait_billed(node, KILLS * WAVE)
        owed.start(node, RAILS)
        done = Run(node)
        owed.until(lambda: not node.sql("payments", _UNSENT), "references")
        waiting = node.sql("payments", _PAYMENTS)
        chance.shuffle(waiting)
        second = at_a_second_rail(node, [waiting[number * WAVE + TWICE] for number in range(KILLS)])
        for number in range(KILLS):
            cut_short(done, waiting[number * WAVE : (number + 1) * WAVE], second, chance)
        owed.until(lambda: done.states() == done.wanted, lambda: differing(done))
        owed.until(node.settled, "every event applied")
        yield done


def at_a_second_rail(node: Node, payments: list[Any]) -> dict[Any, Any]:
    """A payment at another rail for each of these, by its bill."""
    payer = Actor(id="public", kind="public", roles=("public",))
    for one in payments:
        body = {"bill_id": one.bill_id, "rail": RAILS[(RAILS.index(one.rail) + 1) % len(RAILS)]}
        owed.attempt_as(node, payer, lambda work, body=body: paying.start(work, body))
    owed.until(lambda: not node.sql("payments", _UNSENT), "references at a second rail")
    first = {one.merchant_reference for one in payments}
    bills = {one.bill_id for one in payments}
    return {row.bill_id: row for row in node.sql("payments", _PAYMENTS)
            if row.bill_id in bills and row.merchant_reference not in first}


def cut_short(run: Run, wave: list[Any], second: dict[Any, Any], chance: random.Random) -> None:
    """Pay some bills at once, and kill payments once it has begun to hear of it."""
    behaviours = [*ALWAYS, *(chance.choice(BY_LOT) for _ in range(WAVE - len(ALWAYS)))]
    if not run.kills:
        behaviours[0] = "silent"
    wave, behaviours = [*wave, second[wave[TWICE].bill_id]], [*behaviours, "normal"]
    run.twice += 1
    run.wanted.update({one.merchant_reference: BECOMES[how] for one, how in zip(wave, behaviours, strict=True)})
    before, ends = run.taken(), time.monotonic() + PATIENCE
    with ThreadPoolExecutor(4) as people:
        paying = [people.submit(run.node.peers.pay, one.reference, how)
                  for one, how in zip(wave, behaviours, strict=True)]
        while run.taken() == before and time.monotonic() < ends:
            time.sleep(0.002)
        time.sleep(chance.uniform(0, 0.05))
        run.node.kill("payments")
        for paid in paying:
            paid.result()
    run.kills += 1
    states = run.states()
    run.cut += any(states[one.merchant_reference] != run.wanted[one.merchant_reference] for one in wave)
    run.node.start("payments")
    run.node.wait_ready("payments")


def differing(run: Run) -> dict[str, tuple[str, str]]:
    states = run.states()
    return {ours: (states[ours], wanted) for ours, wanted in run.wanted.items() if states[ours] != wanted}


def at_the_rails(run: Run) -> list[dict[str, Any]]:
    """What was paid, by the books of the rails themselves."""
    return [charge for charge in run.node.peers.charges() if charge["status"] == "PAID"]


def test_payments_was_killed_in_the_middle_of_it(run: Run) -> None:
    assert run.kills == KILLS
    assert run.cut >= KILLS // 2


def test_every_bill_is_what_its_rail_says(run: Run) -> None:
    assert run.states() == run.wanted
    paid = {charge["merchant_reference"] for charge in at_the_rails(run)}
    assert paid == {ours for ours, state in run.wanted.items() if state in ("paid", "under_review")}


def test_the_books_are_right(run: Run) -> None:
    checked = subprocess.run([sys.executable, "-m", "services.payments", "check"], cwd=ROOT, capture_output=True,
                             text=True, env=run.node.environments["payments"])
    assert (checked.returncode, checked.stdout.strip()) == (0, "the books are right"), checked.stderr


def test_each_piastre_that_came_to_a_rail_stands_once(run: Run) -> None:
    came: Counter[str] = Counter()
    for charge in at_the_rails(run):
        came[f"rail:{charge['rail']}"] += int(Decimal(charge["paid_amount"]) * 100)
    balances = {row.account: int(row.held) for row in run.node.sql(
        "payments", "SELECT account, sum(amount) AS held FROM entry GROUP BY account")}
    states = Counter(run.wanted.values())
    revenue = sum(held for account, held in balances.items() if account.startswith("revenue:"))
    held = sum(held for account, held in balances.items() if account.startswith("held:"))

    assert {account: held for account, held in balances.items() if account.startswith("rail:")} == came
    credited = sum(held for account, held in balances.items() if account.startswith("credit:"))

    assert -revenue == (states["paid"] - run.twice) * owed.TOTAL
    assert -credited == run.twice * owed.TOTAL
    assert -held == states["under_review"] * (owed.TOTAL - POUND)


def test_every_paid_bill_has_one_receipt_and_was_told_once(run: Run) -> None:
    paid = Counter(run.wanted.values())["paid"] - run.twice
    [row] = run.node.sql(
        "payments", "SELECT (SELECT count(*) FROM receipt) AS receipts, (SELECT count(*) FROM receipt JOIN bill "
        "ON bill.id = receipt.bill_id AND bill.receipt_number = receipt.number WHERE bill.state = 'paid') AS of_bills, "
        "(SELECT count(*) FROM event_log WHERE type = 'payments.bill.paid.v1') AS told, "
        "(SELECT count(*) FROM bill WHERE version <> (SELECT count(*) FROM event_log WHERE subject = bill.id)) AS gaps")
    assert (row.receipts, row.of_bills, row.told, row.gaps) == (paid, paid, paid, 0)


def test_requests_moved_on_whose_bills_were_paid_and_no_others(run: Run) -> None:
    paid = run.node.sql("payments", "SELECT request_id FROM bill WHERE state = 'paid'")
    ended = run.node.sql("requests", "SELECT id FROM request WHERE outcome = 'approved'")
    assert sorted(row.id for row in ended) == sorted(row.request_id for row in paid)
    aftermath.versions_are_dense(run.node)


def test_money_that_does_not_fit_waits_for_a_person_once(run: Run) -> None:
    waiting = run.node.sql("payments", "SELECT reason, count(*) AS n FROM review GROUP BY reason")
    assert {row.reason: row.n for row in waiting} == {"amount_differs": Counter(run.wanted.values())["under_review"]}


def test_what_was_paid_twice_is_the_citizens_and_its_refund_is_asked_for_once(run: Run) -> None:
    asked = run.node.sql("payments", "SELECT credit_id, amount, state FROM refund")
    assert [(row.amount, row.state) for row in asked] == [(owed.TOTAL, "requested")] * run.twice
    assert len({row.credit_id for row in asked}) == run.twice


def test_the_audit_chains_are_whole(run: Run) -> None:
    aftermath.the_audit_chains_are_whole(run.node)
