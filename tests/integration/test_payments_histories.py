"""Hundreds of seeded histories of callbacks, cash, withdrawal and time, each against a small model of what is right."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from rules.refusal import Refusal
from services.payments import cash, expiry, paying
from tests.integration.test_payments import CASHIER
from tests.support.payments_ground import NOON, PUBLIC, TOTAL, Ground, callback_body

HISTORIES, CONCURRENT = 320, 40
STEPS = {"paid": 6, "wrong": 2, "failed": 2, "expired": 2, "cancelled_at_rail": 1, "forged": 2, "unknown": 1,
         "again": 4, "restart": 3, "cash": 1, "withdrawn": 1, "time_over": 1}


@pytest.fixture(scope="module")
def ground(database_url: Callable[..., str]) -> Iterator[Ground]:
    made = Ground(database_url("payments"))
    made.publish()
    yield made
    made.close()


@dataclass
class Model:
    """What a person with paper and pencil would expect."""

    state: str = "open"  # open | paid | held | cancelled
    over: bool = False  # the bill's own time
    at_rail: int = 0
    in_drawer: int = 0
    held: int = 0
    laid_before_a_person: int = 0
    reported: set[tuple[str, str, int]] = field(default_factory=set)

    def money(self, reference: str, amount: int, known: bool = True) -> None:
        if (reference, "PAID", amount) in self.reported:
            return
        self.reported.add((reference, "PAID", amount))
        self.at_rail += amount
        if known and self.state == "open" and amount == TOTAL:
            self.state = "paid"
            return
        self.held += amount
        self.laid_before_a_person += 1
        if known and self.state in ("open", "cancelled"):
            self.state = "held"


class History:
    """One bill and what befalls it."""

    def __init__(self, ground: Ground, number: int, chance: random.Random) -> None:
        self.ground, self.number, self.chance, self.model = ground, number, chance, Model()
        self.bill = ground.billed()
        self.id = self.bill["bill_id"]
        self.charges: list[tuple[str, str]] = []  # our reference, the rail's
        self.sent: list[str] = []
        self.told: list[str] = []
        self.restart()

    def run(self, steps: int) -> None:
        for name in self.chance.choices(list(STEPS), list(STEPS.values()), k=steps):
            self.told.append(name)
            getattr(self, name)()

    def send(self, body: str) -> None:
        self.sent.append(body)
        self.ground.callback(body)

    def some_charge(self) -> tuple[str, str]:
        return self.chance.choice(self.charges)

    # what may happen

    def restart(self) -> None:
        """The citizen asks for a reference, and the rail gives one."""
        try:
            self.ground.attempt(lambda work: paying.start(work, {"bill_id": self.id, "rail": "sandbox"}), PUBLIC)
        except Refusal as refusal:
            assert refusal.code == "bill_not_payable", self.told
            assert self.model.state != "open" or self.model.over, self.told
            return
        [ours] = self.ground.rows("SELECT merchant_reference FROM payment WHERE bill_id = :b "
                                  "AND state IN ('created', 'pending')", b=self.id)
        if ours[0] not in [charge[0] for charge in self.charges]:
            self.charges.append((ours[0], f"9{self.number:06d}{len(self.charges)}"))
            self.send(callback_body(ours[0], "NEW", reference=self.charges[-1][1]))

    def paid(self) -> None:
        ours, theirs = self.some_charge()
        self.send(callback_body(ours, reference=theirs))
        self.model.money(theirs, TOTAL)

    def wrong(self) -> None:
        ours, theirs = self.some_charge()
        amount = self.chance.choice([1, 100, TOTAL - 1, TOTAL + 1, 2 * TOTAL])
        self.send(callback_body(ours, reference=theirs, paid=f"{amount // 100}.{amount % 100:02d}"))
        self.model.money(theirs, amount)

    def failed(self) -> None:
        ours, theirs = self.some_charge()
        self.send(callback_body(ours, "FAILED", reference=theirs))

    def expired(self) -> None:
        ours, theirs = self.some_charge()
        self.send(callback_body(ours, "EXPIRED", reference=theirs))

    def cancelled_at_rail(self) -> None:
        ours, theirs = self.some_charge()
        self.send(callback_body(ours, "CANCELED", reference=theirs))

    def forged(self) -> None:
        ours, theirs = self.some_charge()
        with pytest.raises(Refusal, match="callback_forged"):
            self.ground.callback(callback_body(ours, reference=theirs, key="guessed"))

    def unknown(self) -> None:
        reference = f"8{self.number:06d}{self.chance.randrange(3)}"
        self.send(callback_body("of-nobody", reference=reference))
        self.model.money(reference, TOTAL, known=False)

    def again(self) -> None:
        """The rail repeats itself, in any order."""
        if self.sent:
            assert self.ground.callback(self.chance.choice(self.sent)) is False, self.told

    def cash(self) -> None:
        try:
            self.ground.attempt(lambda work: cash.take(work, {"bill_id": self.id, "tendered": TOTAL}), CASHIER)
        except Refusal as refusal:
            assert refusal.code == "bill_not_payable", self.told
            assert self.model.state != "open" or self.model.over, self.told
            return
        assert self.model.state == "open" and not self.model.over, self.told
        self.model.state = "paid"
        self.model.in_drawer += TOTAL

    def withdrawn(self) -> None:
        self.ground.follow(self.ground.request_event(self.bill["request_id"], 2, "end", None, outcome="withdrawn"))
        if self.model.state == "open" and not self.model.over:
            self.model.state = "cancelled"

    def time_over(self) -> None:
        self.ground.now = self.bill["expires_at"]
        self.ground.attempt(lambda work: expiry.expire(work, self.id))
        self.ground.now = NOON
        self.model.over = True


def judge(ground: Ground, history: History, before: dict[str, int]) -> None:
    """The books and the bill are as the model says, and repeating everything changes nothing."""
    model, told = history.model, history.told
    bill, events = ground.bill(history.id), ground.events(history.id)
    shown = {"under_review": "held", "paid": "paid", "cancelled": "cancelled"}.get(bill["state"], "open")
    assert shown == model.state, told
    assert ground.faults() == [], told
    after = ground.balances()
    assert after.get("rail:sandbox", 0) - before.get("rail:sandbox", 0) == model.at_rail, told
    assert after.get("cash:EG-C-01", 0) - before.get("cash:EG-C-01", 0) == model.in_drawer, told
    assert before.get("held:sandbox", 0) - after.get("held:sandbox", 0) == model.held, told
    assert sum(after.values()) == 0, told
    assert [event.sequence for event in events] == list(range(1, len(events) + 1)), told
    assert events[-1].data["state"] == bill["state"], told
    assert [event.type for event in events].count("payments.bill.paid.v1") == (model.state == "paid"), told
    assert len(ground.rows("SELECT 1 FROM receipt WHERE bill_id = :b", b=history.id)) == (model.state == "paid"), told
    for body in history.sent:
        assert ground.callback(body) is False, told
    assert ground.balances() == after, told
    assert len(ground.events(history.id)) == len(events), told


def test_whatever_rails_and_people_do_the_books_are_right(ground: Ground, chance: random.Random) -> None:
    reached = dict.fromkeys(("open", "paid", "held", "cancelled"), 0)
    for number in range(HISTORIES):
        before, reviews = ground.balances(), ground.rows("SELECT count(*) FROM review")[0][0]
        history = History(ground, number, chance)
        history.run(chance.randrange(1, 11))
        judge(ground, history, before)
        assert ground.rows("SELECT count(*) FROM review")[0][0] - reviews == history.model.laid_before_a_person
        reached[history.model.state] += 1
    assert all(reached.values()), reached


def test_callbacks_at_the_same_time_are_taken_once_each(ground: Ground, chance: random.Random) -> None:
    for number in range(HISTORIES, HISTORIES + CONCURRENT):
        before = ground.balances()
        history = History(ground, number, chance)
        ours, theirs = history.charges[0]
        bodies = [callback_body(ours, status, reference=theirs) for status in ("PAID", "PAID", "PAID", "EXPIRED")]
        chance.shuffle(bodies)
        taken: list[bool] = []

        def deliver(body: str, into: list[bool] = taken) -> None:
            into.append(ground.callback(body))

        threads: list[Any] = [threading.Thread(target=deliver, args=(body,)) for body in bodies]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        history.sent += bodies
        history.model.money(theirs, TOTAL)
        assert sorted(taken) == [False, False, True, True]
        judge(ground, history, before)
