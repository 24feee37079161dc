"""What was collected, kept by day beside the books, over a real database."""

from __future__ import annotations

import itertools
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from chassis.actors import Actor
from chassis.ids import uuid7
from rules import ledger as ledger_rules
from rules.calendar import cairo_date
from rules.refusal import Refusal
from services.payments import cash, ledger, paying, totals
from services.payments.totals import Source
from tests.support.payments_ground import NOON, PUBLIC, TOTAL, Ground, callback_body

CASHIER = Actor(id="staff:7", kind="staff", roles=("cashier",), unit="EG-C-01")
MANAGER = Actor(id="staff:8", kind="staff", roles=("centre_manager",), unit="EG-C-01")
NODE = Actor(id="staff:9", kind="staff", roles=("centre_manager",))


_MONTHS = itertools.count()


@pytest.fixture
def ground(database_url: Callable[..., str]) -> Iterator[Ground]:
    """Books that may hold more than this test wrote, but nothing in its month."""
    made = Ground(database_url("payments"), now=NOON + timedelta(days=30 * next(_MONTHS)))
    made.publish()
    made.at_counter(CASHIER)
    yield made
    made.close()


def pay_cash(ground: Ground, actor: Actor = CASHIER) -> UUID:
    bill = ground.billed()
    ground.at_counter(actor)
    ground.attempt(lambda work: cash.take(work, {"bill_id": bill["bill_id"], "tendered": TOTAL}), actor)
    return bill["bill_id"]


def pay_by_rail(ground: Ground, reference: str) -> None:
    bill = ground.billed()
    ground.attempt(lambda work: paying.start(work, {"bill_id": bill["bill_id"], "rail": "fawry"}), PUBLIC)
    [payment] = ground.rows("SELECT merchant_reference FROM payment WHERE bill_id = :b", b=bill["bill_id"])
    assert ground.callback(callback_body(payment.merchant_reference, reference=reference))


def fold(ground: Ground) -> None:
    while ground.attempt(totals.fold):
        pass


def totals_wrong(ground: Ground) -> list[str]:
    with ground.database.transaction() as connection:
        return totals.check(connection)


def asked(ground: Ground, by: str, actor: Actor = NODE, unit: str | None = None, days: int = 0) -> dict[str, Any]:
    today = cairo_date(ground.now)
    body = {"since": today - timedelta(days=days), "until": today, "by": by, "unit": unit}
    found: dict[str, Any] = totals.collections(ground.unit_of_work(actor), body)
    return found


def rows(found: dict[str, Any]) -> dict[str, tuple[int, int | None]]:
    return {row["key"]: (row["amount"], row["receipts"]) for row in found["rows"]}


def held(ground: Ground, day: date) -> Counter[str]:
    """What each account held at the end of a day, all units together."""
    found: Counter[str] = Counter()
    for row in totals.balances(ground.unit_of_work(), day):
        found[row.account] += int(row.held)
    return found


def test_the_same_is_read_before_and_after_the_fold_from_every_side(ground: Ground) -> None:
    pay_cash(ground)
    pay_cash(ground)
    pay_by_rail(ground, "931337001")
    waiting = {by: asked(ground, by) for by in totals.BY}
    assert ground.rows("SELECT count(*) AS n FROM collection_delta")[0].n == 3
    fold(ground)
    assert not ground.rows("SELECT 1 FROM collection_delta") and not ground.rows("SELECT 1 FROM ledger_delta")
    today = cairo_date(ground.now).isoformat()
    assert {by: asked(ground, by) for by in totals.BY} == waiting
    assert rows(waiting["day"]) == {today: (3 * TOTAL, 3)}
    assert rows(waiting["unit"]) == {"EG-C-01": (3 * TOTAL, 3)}
    assert rows(waiting["service"]) == {"shop": (3 * TOTAL, 3)}
    assert rows(waiting["way"]) == {"cash": (2 * TOTAL, 2), "fawry": (TOTAL, 1)}
    assert rows(waiting["cashier"]) == {"": (TOTAL, 1), "staff:7": (2 * TOTAL, 2)}
    assert rows(waiting["account"]) == {"1101": (30_000, None), "1102": (6_150, None)}
    assert waiting["way"]["total"] == waiting["account"]["total"] == 3 * TOTAL
    assert ground.faults() == []


def test_what_is_collected_is_what_the_books_say_whatever_happens_between_folds(ground: Ground) -> None:
    pay_cash(ground)
    fold(ground)
    ground.wait(days=1)
    pay_by_rail(ground, "931337002")
    assert ground.faults() == []  # some folded, some waiting
    fold(ground)
    ground.wait(days=3)
    pay_cash(ground)
    fold(ground)
    assert ground.faults() == []
    assert len(asked(ground, "day", days=10)["rows"]) == 3
    today = cairo_date(ground.now)
    then, before = (held(ground, today - timedelta(days=ago)) for ago in (2, 10))
    assert then["cash:EG-C-01"] - before["cash:EG-C-01"] == TOTAL
    assert then["rail:fawry"] - before["rail:fawry"] == TOTAL
    assert held(ground, today) == ground.balances()


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=st.lists(st.tuples(st.integers(0, 3), st.sampled_from(("EG-C-01", "EG-C-02", None)),
                                  st.integers(1, 10**9), st.sampled_from(("post", "fold"))), max_size=12))
def test_closing_balances_follow_in_whatever_order_days_are_folded(
        ground: Ground, history: list[tuple[int, str | None, int, str]]) -> None:
    """A commit of yesterday may come after today's were folded: a clock runs on while a transaction waits."""
    start = ground.now
    for ahead, unit, amount, then in history:
        ground.now = start + timedelta(days=ahead)
        for made in (held_now := ledger_rules.money_held("fawry", uuid7().hex, amount),
                     ledger_rules.reversal(held_now, uuid7().hex)):
            ground.attempt(lambda work, made=made, unit=unit: ledger.post(work, made, unit=unit))
            if then == "fold":
                fold(ground)
            assert totals_wrong(ground) == []
    ground.now = start
    fold(ground)
    assert ground.faults() == []


def test_a_total_that_was_tampered_with_is_named(ground: Ground) -> None:
    pay_cash(ground)
    fold(ground)
    with ground.database.transaction() as connection:
        connection.execute(text("UPDATE day_balance SET debit = debit + 1 WHERE account LIKE 'cash:%'"))
        connection.execute(text("UPDATE collected SET amount = amount - 5 WHERE dimension = 'way'"))
        said = " | ".join(ledger.check_ledger(connection))
        connection.rollback()
    assert "day's balance that differs from its entries: cash:EG-C-01" in said
    assert "closing balance that does not follow: cash:EG-C-01" in said
    assert "day's collections that differ from its revenue" in said and "way" in said


def test_revenue_without_a_source_is_an_error_of_ours_and_nothing_is_posted(ground: Ground) -> None:
    made = ledger_rules.rail_receipt("fawry", "x", ledger.charges(
        [{"code": "a", "name": {}, "account": "1101", "amount": 5}]))
    with pytest.raises(ValueError, match="source"):
        ground.attempt(lambda work: ledger.post(work, made, unit="EG-C-01"))
    assert not ground.rows("SELECT 1 FROM journal WHERE at >= :now", now=ground.now)


def test_money_that_goes_back_lowers_what_was_collected(ground: Ground) -> None:
    pay_cash(ground)
    back = ledger_rules.reversal(ledger_rules.cash_receipt("EG-C-01", "r", ledger.charges(
        [{"code": "a", "name": {}, "account": "1101", "amount": 2_000}])), "refund-1")
    ground.attempt(lambda work: ledger.post(work, back, unit="EG-C-01", source=Source("shop", "cash", "staff:7", 0)))
    fold(ground)
    assert rows(asked(ground, "service")) == {"shop": (TOTAL - 2_000, 1)}
    assert rows(asked(ground, "account")) == {"1101": (8_000, None), "1102": (2_050, None)}


def test_a_manager_of_a_unit_sees_its_own_and_nobody_elses(ground: Ground) -> None:
    pay_cash(ground)
    assert asked(ground, "unit", MANAGER)["unit"] == "EG-C-01"
    with pytest.raises(Refusal) as refused:
        asked(ground, "unit", MANAGER, unit="EG-C-02")
    assert [fault.code for fault in refused.value.faults] == ["forbidden"]
    assert ground.rows("SELECT 1 FROM audit WHERE action = 'denied'")
    assert asked(ground, "unit", NODE, unit="EG-C-02")["rows"] == []


@pytest.mark.parametrize(("since", "until", "code"), [
    (date(2026, 3, 2), date(2026, 3, 1), "period_reversed"), (date(2025, 1, 1), date(2026, 3, 1), "period_too_long")])
def test_a_period_that_is_none_is_refused(ground: Ground, since: date, until: date, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        totals.collections(ground.unit_of_work(NODE), {"since": since, "until": until, "by": "day", "unit": None})
    assert [(fault.code, fault.field) for fault in refused.value.faults] == [(code, "until")]


def test_no_counter_waits_for_another_and_none_for_the_fold(ground: Ground) -> None:
    """Two commits for the same unit, service and day stand side by side with a fold that is not yet through."""
    bill = ground.billed()
    pay_cash(ground)
    with ground.database.transaction() as folding:
        folding.execute(text("SELECT pg_advisory_xact_lock(hashtext('payments.totals'))"))
        folding.execute(text("DELETE FROM ledger_delta"))
        folding.execute(text("DELETE FROM collection_delta"))
        done = threading.Thread(target=lambda: ground.attempt(
            lambda work: cash.take(work, {"bill_id": bill["bill_id"], "tendered": TOTAL}), CASHIER))
        done.start()
        done.join(20)
        assert not done.is_alive(), "the counter waited for the fold"
        folding.rollback()
    assert asked(ground, "unit")["receipts"] == 2


_MANY = """
    INSERT INTO collected
    SELECT d, CASE u WHEN 0 THEN '*' ELSE 'EG-C-' || lpad(u::text, 2, '0') END, CASE d WHEN 'unit' THEN '' ELSE k END,
           date '2020-01-01' + day, 1, 1
    FROM unnest(ARRAY['unit', 'service', 'way', 'cashier']) d, generate_series(0, 26) u,
         unnest(ARRAY['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']) k, generate_series(:since, :until) day
    WHERE d <> 'unit' OR k = 'a' ON CONFLICT DO NOTHING"""
_ACCOUNTS = """
    INSERT INTO day_balance
    SELECT 'revenue:' || a, 'EG-C-' || lpad(u::text, 2, '0'), date '2020-01-01' + day, 0, 1, 0
    FROM generate_series(9101, 9108) a, generate_series(1, 26) u, generate_series(:since, :until) day
    ON CONFLICT DO NOTHING"""


def read_by(connection: Any, by: str, unit: str | None) -> tuple[int, str]:
    """How many rows a question about a week goes through in all, and its plan."""
    asked: dict[str, Any] = {"since": date(2020, 1, 1), "until": date(2020, 1, 7)}
    here = {} if unit is None else {"unit": unit}
    [(found,)] = connection.execute(
        text("EXPLAIN (ANALYZE, FORMAT JSON) " + totals.question(by, unit is not None)), asked | here)

    def touched(node: dict[str, Any]) -> int:
        below = sum(touched(one) for one in node.get("Plans", ()))
        return int(node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
                   + node.get("Rows Removed by Index Recheck", 0)) + below

    return touched(found[0]["Plan"]), json.dumps(found)


def test_a_question_reads_what_it_asks_for_however_much_is_kept(ground: Ground) -> None:
    """A week goes through no more rows among 700,000 than all units have of it, as among 8,000; no plan names the
    books. The rows are laid aside again, so that the check of the totals has nothing to say."""
    with ground.database.transaction() as connection:
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        seen: list[dict[Any, int]] = []
        for since, until in ((0, 11), (12, 1_000)):
            for statement in (_MANY, _ACCOUNTS):
                connection.execute(text(statement), {"since": since, "until": until})
            connection.execute(text("ANALYZE collected, day_balance"))
            seen.append({})
            for asked in [(by, unit) for by in totals.BY for unit in (None, "EG-C-01")]:
                seen[-1][asked], plan = read_by(connection, *asked)
                assert '"entry"' not in plan and '"journal"' not in plan, plan
        kept = connection.execute(text("SELECT count(*) FROM collected")).scalar_one()
        few, many = seen
        assert kept > 600_000
        week = 26 * 8 * 7
        assert {asked: rows for asked, rows in many.items() if rows > few[asked] + week} == {}
        connection.rollback()


def test_a_node_wide_question_adds_no_units_up(ground: Ground) -> None:
    """What the whole node collected in a year is a row for each day, not one for each day of each unit."""
    pay_cash(ground)
    fold(ground)
    rows_of = ground.rows("SELECT unit, amount FROM collected WHERE dimension = 'unit' ORDER BY unit")
    assert {row.unit for row in rows_of} == {"*", "EG-C-01"}
    assert [row["key"] for row in asked(ground, "unit")["rows"]] == ["EG-C-01"]
    with ground.database.transaction() as connection:
        connection.execute(text("UPDATE collected SET amount = amount + 1 WHERE unit = '*' AND dimension = 'way'"))
        assert any("whole node" in one for one in totals.check(connection))
        connection.rollback()
