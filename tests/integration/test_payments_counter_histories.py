"""Whole days at the counter, made up by Hypothesis: whatever cashiers do in whatever order, no number of a book is left
out or given twice, and a drawer holds its float and takings less refunds and hand-overs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from chassis.actors import Actor
from rules import counter as rules
from rules.refusal import Refusal
from services.payments import books, cash, shifts
from tests.support.payments_ground import TOTAL, Ground

CASHIERS = [Actor(id=f"staff:{number}", kind="staff", roles=("cashier",), unit="EG-C-01") for number in (1, 2)]
COUNTERS = ["EG-C-01.1", "EG-C-01.A", "EG-C-01.B"]
cashiers = st.sampled_from(CASHIERS)


@pytest.fixture(scope="module")
def ground(database_url: Callable[..., str]) -> Iterator[Ground]:
    made = Ground(database_url("payments"))
    made.publish()
    for code in COUNTERS[1:]:
        made.attempt(lambda work, code=code: shifts.counters.add(work, code, "EG-C-01", "window",
                                                                 shifts.counters.FIRST))
    yield made
    made.close()


def pieces(amount: int) -> dict[str, int]:
    """The amount in as few pieces as may be."""
    found = {}
    for piece in rules.PIECES:
        found[str(piece)], amount = divmod(amount, piece)
    return found


class Days(RuleBasedStateMachine):
    """The model: what each cashier's drawer holds, and how far each book is."""

    ground: Ground

    @initialize()
    def begin(self) -> None:
        for row in self.ground.rows("SELECT cashier FROM shift WHERE state = 'open'"):
            who = next(one for one in CASHIERS if one.id == row.cashier)
            self.ground.attempt(lambda work: shifts.close(work, {"count": {}, "reason": "another day begins"}), who)
        self.drawers: dict[str, int] = {}
        self.at: dict[str, str] = {}
        self.last = {row.book: row.last for row in self.ground.rows("SELECT book, last FROM receipt_book")}

    def run(self, who: Actor, act: Callable[[Any], Any], code: str | None) -> Any:
        """Do it; a code means that it must be refused so."""
        if code is None:
            return self.ground.attempt(act, who)
        with pytest.raises(Refusal) as refused:
            self.ground.attempt(act, who)
        assert refused.value.code == code
        return None

    def without(self, who: Actor) -> str | None:
        return None if who.id in self.drawers else "shift_required"

    def turned(self, who: Actor) -> None:
        book = f"{self.at[who.id]}/2026"
        self.last[book] = self.last.get(book, 0) + 1

    @rule(who=cashiers, counter=st.sampled_from([None, *COUNTERS]), opening=st.sampled_from([0, 5, 20_000]))
    def open(self, who: Actor, counter: str | None, opening: int) -> None:
        chosen = counter or COUNTERS[0]
        code = ("shift_open_already" if who.id in self.drawers
                else "counter_taken" if chosen in self.at.values() else None)
        self.run(who, lambda work: shifts.open_one(work, {"counter": counter, "float": opening}), code)
        if code is None:
            self.drawers[who.id], self.at[who.id] = opening, chosen

    @rule(who=cashiers, tendered=st.sampled_from([TOTAL - 1, TOTAL, 20_000]))
    def take(self, who: Actor, tendered: int) -> None:
        bill = self.ground.billed()
        code = self.without(who) or ("amount_insufficient" if tendered < TOTAL else None)
        self.run(who, lambda work: cash.take(work, {"bill_id": bill["bill_id"], "tendered": tendered}), code)
        if code is None:
            self.drawers[who.id] += TOTAL
            self.turned(who)

    @rule(who=cashiers)
    def void(self, who: Actor) -> None:
        code = self.without(who)
        self.run(who, lambda work: books.void_next(work, {"reason": "spoiled paper"}), code)
        if code is None:
            self.turned(who)

    @rule(who=cashiers, amount=st.sampled_from([1, TOTAL, 30_000]))
    def hand_over(self, who: Actor, amount: int) -> None:
        code = self.without(who) or ("drawer_short" if amount > self.drawers[who.id] else None)
        self.run(who, lambda work: shifts.hand_over(work, {"amount": amount, "note": None}), code)
        if code is None:
            self.drawers[who.id] -= amount

    @rule(who=cashiers, amount=st.sampled_from([1, TOTAL]))
    def pay_out(self, who: Actor, amount: int) -> None:
        """What a refund asks of the drawer; nothing is posted, so nothing may move."""
        code = self.without(who) or ("drawer_short" if amount > self.drawers[who.id] else None)
        self.run(who, lambda work: shifts.pay_out(work, amount), code)

    @rule(who=cashiers, off=st.sampled_from([0, 0, 5, -5, 20_000]), why=st.sampled_from([None, "counted twice"]))
    def close(self, who: Actor, off: int, why: str | None) -> None:
        held = self.drawers.get(who.id, 0)
        found = sum(int(piece) * number for piece, number in pieces(max(0, held + off)).items())
        code = self.without(who) or ("difference_reason_required" if found != held and why is None else None)
        closed = self.run(who, lambda work: shifts.close(work, {"count": pieces(found), "reason": why}), code)
        if code is None:
            assert (closed["expected"], closed["counted"], closed["difference"]) == (held, found, found - held)
            del self.drawers[who.id], self.at[who.id]

    @invariant()
    def drawers_hold_what_the_model_says(self) -> None:
        kept = {row.cashier: int(row.held) for row in self.ground.rows(
            "SELECT s.cashier, coalesce(sum(m.amount), 0) AS held FROM shift s LEFT JOIN shift_move m "
            "ON m.shift_id = s.id WHERE s.state = 'open' GROUP BY s.id, s.cashier")}
        assert kept == getattr(self, "drawers", {})

    @invariant()
    def books_are_as_far_as_the_model_says(self) -> None:
        assert {row.book: row.last for row in self.ground.rows("SELECT book, last FROM receipt_book")} == self.last

    def teardown(self) -> None:
        assert self.ground.faults() == []


def test_days_at_the_counter(ground: Ground) -> None:
    Days.ground = ground
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Days, settings=settings(max_examples=25, stateful_step_count=20, deadline=None, print_blob=True,
                                suppress_health_check=list(HealthCheck)))
