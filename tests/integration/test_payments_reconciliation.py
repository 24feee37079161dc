"""A rail's statement held against the books, over a real database."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook
from sqlalchemy import text

from rules.refusal import Refusal
from services.payments import retention as payments_retention
from services.payments.reconciliation import differences, formats, imports, matching, reports, settlements
from tests.support.backends import gone_after, locked
from tests.support.payments_ground import NOON, TOTAL, Ground, callback_body
from tests.support.statements import DAY, HEAD, OFFICER, Paid, file_of, line, pay, read_in, waiting

REASON = "the rail confirmed it by letter"


@pytest.fixture
def ground(database_url: Callable[..., str]) -> Iterator[Ground]:
    made = Ground(database_url("payments"), now=NOON)
    made.publish()
    yield made
    made.now = NOON
    assert made.faults() == []
    made.close()


@pytest.fixture
def others(ground: Ground) -> list[str]:
    """Lines of everything that other tests left unstated on the day, so that only what a test does is missing."""
    rows = ground.rows("""
        SELECT p.reference, e.amount FROM journal j JOIN entry e ON e.journal_id = j.id AND e.account = 'rail:fawry'
        LEFT JOIN payment p ON p.id = j.payment_id
        WHERE j.kind IN ('rail_receipt', 'money_held') AND p.reference IS NOT NULL
          AND NOT EXISTS (SELECT FROM statement_line l WHERE l.journal_id = j.id)""")
    return [line(Paid(None, "", row.reference), f"{row.amount / 100:.2f}", "0.00") for row in rows]


def decide(ground: Ground, row: Any, decision: str, reason: str = REASON) -> dict[str, Any]:
    body = {"difference_id": row.id, "decision": decision, "reason": reason}
    answered: dict[str, Any] = ground.attempt(lambda work: differences.decide(work, body), OFFICER)
    return answered


def kinds(found: dict[str, Any]) -> dict[str, int]:
    return {kind: one["lines"] for kind, one in found["found"].items()}


def test_a_day_that_agrees_is_expected_at_the_bank_and_received(ground: Ground, others: list[str]) -> None:
    paid = [pay(ground), pay(ground)]
    before = ground.balances()
    found = read_in(ground, file_of(*others, *map(line, paid)))
    assert kinds(found) == {"matched": len(others) + 2}
    assert found["state"] == "matched" and found["commission"] == 240
    assert found["expected"] == found["gross"] - 240
    assert found["expected_on"] == "2026-03-02"
    after = ground.balances()
    assert after["commission:fawry"] - before.get("commission:fawry", 0) == 240
    assert after["rail:fawry"] - before["rail:fawry"] == -found["gross"]
    body = {"statement_id": found["statement_id"], "reference": f"BM-{found['statement_id']}", "account": "treasury",
            "amount": found["expected"] - 100, "received_on": DAY}
    standing = ground.attempt(lambda work: settlements.receive(work, body), OFFICER)
    assert (standing["state"], standing["outstanding"]) == ("matched", 100)
    with pytest.raises(Refusal, match="bank_line_known"):
        ground.attempt(lambda work: settlements.receive(work, body), OFFICER)
    go = {"statement_id": found["statement_id"], "reason": REASON}
    with pytest.raises(Refusal, match="four_eyes"):
        ground.attempt(lambda work: settlements.let_go(work, go), OFFICER)
    standing = ground.attempt(lambda work: settlements.let_go(work, go), HEAD)
    assert (standing["state"], standing["outstanding"]) == ("received", 0)
    assert ground.balances()["settlement:fawry"] == before.get("settlement:fawry", 0)
    with pytest.raises(Refusal, match="settlement_complete"):
        ground.attempt(lambda work: settlements.let_go(work, go), HEAD)


def test_the_same_file_is_refused_and_told_when_it_came(ground: Ground, others: list[str]) -> None:
    content = file_of(*others, line(pay(ground)))
    read_in(ground, content, name="first.csv")
    with pytest.raises(Refusal, match="statement_known") as refused:
        read_in(ground, content, name="second.csv")
    assert refused.value.faults[0].params["name"] == "first.csv"


def test_broken_lines_are_kept_and_named_field_by_field_and_the_others_count(
        ground: Ground, others: list[str]) -> None:
    good = pay(ground)
    broken = [line(good, "-5.00"), line(good, "0"), line(good, "1.005"), line(good, currency="USD"),
              line(good, "abc", at="yesterday"), "too,few", '"open quotation,x,PAYMENT,1,0,EGP,2026-03-01',
              "\x00\x01", line(good, kind="LOAN"), "x" * 10_000]
    found = read_in(ground, file_of(*broken, *others, line(good)))
    assert kinds(found) == {"broken": len(broken), "matched": len(others) + 1}
    rows = ground.rows("SELECT number, faults, raw FROM statement_line WHERE statement_id = :s AND kind = 'broken' "
                       "ORDER BY number", s=found["statement_id"])
    named = [[fault["field"] for fault in row.faults] for row in rows]
    assert named == [["amount"], ["amount"], ["amount"], ["currency"], ["amount", "time"], ["line"], ["line"],
                     ["line"], ["type"], ["line"]]
    assert ground.context.privacy.open(rows[0].raw, field=imports.RAW) == broken[0]
    assert [row.line for row in waiting(ground, found["statement_id"])] == [row.number for row in rows]


def test_what_the_rail_took_and_we_never_heard_of_pays_its_bill(ground: Ground, others: list[str]) -> None:
    lost = pay(ground, told=False)
    found = read_in(ground, file_of(*others, line(lost)))
    [row] = waiting(ground, found["statement_id"])
    assert (row.kind, row.stated, row.booked) == ("missing_here", TOTAL, None)
    with pytest.raises(Refusal, match="difference_decision_impossible"):
        decide(ground, row, "accept")
    with pytest.raises(Refusal, match="reconciliation_reason_required"):
        decide(ground, row, "book", "ok")
    assert decide(ground, row, "book")["outcome"] == "paid"
    assert ground.bill(lost.bill_id)["state"] == "paid"
    with pytest.raises(Refusal, match="difference_settled"):
        decide(ground, row, "explain")
    assert not ground.callback(callback_body(lost.merchant_reference, reference=lost.reference))  # late: no news
    standing = matching.summary(ground.unit_of_work(), found["statement_id"])
    assert standing["gross"] == found["gross"] + TOTAL


def test_money_of_an_unknown_line_is_held_for_a_person(ground: Ground, others: list[str]) -> None:
    nobody = Paid(None, "of-nobody-here", "9400000001")
    found = read_in(ground, file_of(*others, line(nobody, "77.00")))
    [row] = waiting(ground, found["statement_id"])
    held = ground.balances().get("held:fawry", 0)
    assert decide(ground, row, "book")["outcome"] == "reference_unknown"
    assert ground.balances()["held:fawry"] == held - 7_700
    assert ground.rows("SELECT amount FROM review WHERE reference = '9400000001'")[0].amount == 7_700
    again = read_in(ground, file_of(line(nobody, "77.00", at="2026-03-01T13:00:00")))
    assert kinds(again) == {"doubled": 1}


def test_another_amount_is_held_or_written_off(ground: Ground, others: list[str]) -> None:
    more, less = pay(ground), pay(ground)
    found = read_in(ground, file_of(*others, line(more, "130.50"), line(less, "100.50")))
    first, second = waiting(ground, found["statement_id"])
    assert {(row.kind, row.stated, row.booked) for row in (first, second)} == {
        ("amount_differs", 13_050, TOTAL), ("amount_differs", 10_050, TOTAL)}
    before = ground.balances()
    assert {decide(ground, row, "accept")["outcome"] for row in (first, second)} == {"held", "written_off"}
    after = ground.balances()
    assert after["held:fawry"] - before.get("held:fawry", 0) == -1_000
    assert after["difference:fawry"] - before.get("difference:fawry", 0) == 2_000


def test_a_line_stated_twice_is_doubled_and_may_be_held(ground: Ground, others: list[str]) -> None:
    paid = pay(ground)
    found = read_in(ground, file_of(*others, line(paid), line(paid)))
    [row] = waiting(ground, found["statement_id"])
    assert row.kind == "doubled"
    held = ground.balances().get("held:fawry", 0)
    decide(ground, row, "hold")
    assert ground.balances()["held:fawry"] == held - TOTAL


def test_what_is_missing_there_is_found_in_a_later_file(ground: Ground, others: list[str]) -> None:
    late = pay(ground)
    found = read_in(ground, file_of(*others))
    [row] = [one for one in waiting(ground, found["statement_id"]) if one.reference == late.reference]
    assert (row.kind, row.booked) == ("missing_there", TOTAL)
    ground.wait(days=1)
    next_day = DAY + timedelta(days=1)
    other = read_in(ground, file_of(line(late, at="2026-03-02T08:00:00")), since=next_day)
    assert kinds(other) == {"other_day": 1}
    [settled] = ground.rows("SELECT decision, settled_by FROM difference WHERE id = :d", d=row.id)
    assert settled == ("found_later", "system")


def test_a_payment_booked_meanwhile_is_found_by_looking_again(ground: Ground, others: list[str]) -> None:
    lost = pay(ground, told=False)
    found = read_in(ground, file_of(*others, line(lost)))
    [row] = waiting(ground, found["statement_id"])
    with pytest.raises(Refusal, match="difference_remains"):
        decide(ground, row, "look_again")
    ground.callback(callback_body(lost.merchant_reference, reference=lost.reference))
    with pytest.raises(Refusal, match="difference_booked"):
        decide(ground, row, "book")
    assert decide(ground, row, "look_again")["outcome"] == "matched"


def test_a_wrong_file_is_set_aside_and_the_right_one_counts(ground: Ground, others: list[str]) -> None:
    paid = pay(ground)
    before = ground.balances()
    wrong = read_in(ground, file_of(*others, line(paid, fees="99.00")))
    body = {"statement_id": wrong["statement_id"], "reason": REASON}
    assert ground.attempt(lambda work: settlements.set_aside(work, body), OFFICER)["state"] == "set_aside"
    after = ground.balances()
    assert {account: held for account, held in after.items() if held != before.get(account, 0)} == {}
    right = read_in(ground, file_of(*others, line(paid)))
    assert kinds(right) == {"matched": len(others) + 1}
    receive = {"statement_id": right["statement_id"], "reference": f"R-{right['statement_id']}",
               "account": "treasury", "amount": right["expected"], "received_on": DAY}
    ground.attempt(lambda work: settlements.receive(work, receive), OFFICER)
    with pytest.raises(Refusal, match="statement_in_use"):
        ground.attempt(lambda work: settlements.set_aside(
            work, {"statement_id": right["statement_id"], "reason": REASON}), OFFICER)


def test_what_people_look_at_adds_up(ground: Ground, others: list[str]) -> None:
    paid = pay(ground)
    found = read_in(ground, file_of(*others, line(paid), "broken,line"))
    work = ground.unit_of_work(OFFICER)
    listed = reports.statements(work, {"rail": "fawry", "after": None})["statements"]
    assert listed[0] == {name: value for name, value in matching.summary(work, found["statement_id"]).items()
                         if name != "found"}
    assert reports.statements(work, {"rail": "fawry", "after": listed[-1]["statement_id"]})["statements"] == []
    asked = {"statement_id": found["statement_id"], "kind": "broken", "after": 0}
    [broken] = ground.attempt(lambda work: reports.lines(work, asked), OFFICER)["lines"]
    assert (broken["raw"], broken["faults"][0]["code"]) == ("broken,line", "statement_line_broken")
    assert ground.rows("SELECT actor_id FROM audit WHERE action = 'statement.lines_read' AND subject = :s",
                       s=str(found["statement_id"]))[0].actor_id == OFFICER.id
    wanted = {"rail": None, "kind": "broken", "settled": False, "after": None}
    waits = differences.listed(work, wanted)["differences"]
    assert (found["statement_id"], ["explain"]) in [(one["statement_id"], one["possible"]) for one in waits]
    told = reports.reconciled(work, {"rail": "fawry", "unit": None, "since": DAY, "until": DAY})
    [lines] = ground.rows("""
        SELECT sum(CASE direction WHEN 'refund' THEN -e.amount ELSE e.amount END)::bigint AS booked
        FROM statement_line l JOIN statement s ON s.id = l.statement_id AND s.state IN ('matched', 'received')
        JOIN entry e ON e.journal_id = l.journal_id AND e.account = 'rail:fawry' WHERE l.day = :d""", d=DAY)
    assert told["total"] == lines.booked
    revenue = {row["account"]: row["amount"] for row in told["rows"] if row["unit"] == "EG-C-01"}
    assert revenue["revenue:1101"] * 2_050 == revenue["revenue:1102"] * 10_000  # every bill here has both lines


def test_a_file_that_is_none_is_refused_and_nothing_is_kept(ground: Ground) -> None:
    kept = ground.rows("SELECT count(*) AS n FROM statement")[0].n
    for content, code in ((b"", "statement_heading_unknown"), (b"a,b\n1,2\n", "statement_heading_unknown"),
                          (b"PK\x03\x04 no workbook", "statement_unreadable")):
        with pytest.raises(Refusal, match=code):
            read_in(ground, content)
    with pytest.raises(Refusal, match="statement_days_ahead"):
        read_in(ground, file_of(), since=DAY + timedelta(days=9))
    assert ground.rows("SELECT count(*) AS n FROM statement")[0].n == kept


def test_what_stood_in_a_broken_line_goes_after_a_year_and_its_faults_stay(ground: Ground) -> None:
    found = read_in(ground, file_of("broken,with a name"))
    [row] = ground.rows("SELECT statement_id || ':' || number AS id FROM statement_line WHERE statement_id = :s",
                        s=found["statement_id"])
    rule = payments_retention.BROKEN_LINES
    with ground.database.transaction() as connection:
        asked = {"before": ground.now - timedelta(days=1), "size": 100}
        assert row.id not in [one[0] for one in connection.execute(text(rule.due), asked)]
        asked["before"] = ground.now + timedelta(days=1)
        assert row.id in [one[0] for one in connection.execute(text(rule.due), asked)]
        for statement in rule.forget:
            connection.execute(text(statement), {"ids": [row.id]})
    [kept] = ground.rows("SELECT raw, faults FROM statement_line WHERE statement_id = :s", s=found["statement_id"])
    assert kept.raw is None and kept.faults[0]["code"] == "statement_line_broken"


def test_a_workbook_is_read_like_a_text_file() -> None:
    book = Workbook()
    sheet = book.active
    sheet.append(["order_id", "merchant_order_id", "type", "amount_cents", "fees_cents", "currency", "created_at"])
    sheet.append([7001, "abc", "SALE", 12050, 120, "EGP", "2026-03-01T10:00:00"])
    sheet.append([7002, "abd", "SALE", 0.5, 0, "EGP", "2026-03-01T10:00:00"])
    content = io.BytesIO()
    book.save(content)
    content.seek(0)
    good, bad = formats.of("paymob").read(content)
    assert (good.reference, good.amount, good.fee, good.day) == ("7001", 12_050, 120, DAY)
    assert [fault.code for fault in bad.faults] == ["statement_amount_invalid"]


def test_an_import_that_is_killed_goes_on_where_it_stopped(
        ground: Ground, others: list[str], tmp_path: Path) -> None:
    paid = pay(ground)
    many = [line(Paid(None, f"m{n}", f"95{n:08d}"), "1.00", "0.00") for n in range(6000)]
    file = tmp_path / "long.csv"
    file.write_bytes(file_of(*many, *others, line(paid)))
    words = [sys.executable, "-m", "services.payments", "statement", "import", str(file), "--rail", "fawry", "--day",
             DAY.isoformat()]
    environment = os.environ | dict(ground.settings.environ)
    wanted = len(many) + len(others) + 1

    def kept() -> int:
        return int(ground.rows("SELECT coalesce(max(last_line), 0) AS n FROM statement WHERE name = 'long.csv'")[0].n)

    url = ground.settings.database_url
    # However late the kill is, it does not come to its end: what does not agree can be written down by nobody.
    with gone_after(url), locked(url, "LOCK TABLE difference IN SHARE MODE"):
        killed = subprocess.Popen(words, env=environment, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        while kept() < 2000:
            assert killed.poll() is None, "it ended before it was killed"
        killed.send_signal(signal.SIGKILL)
        killed.wait()
    assert 2000 <= kept() <= wanted
    done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "read" in done.stderr and "match" in done.stderr  # the bar
    [statement] = ground.rows("SELECT id, state, lines FROM statement WHERE name = 'long.csv'")
    assert (statement.state, statement.lines) == ("matched", wanted)
    found = matching.summary(ground.unit_of_work(), statement.id)
    assert kinds(found) == {"matched": len(others) + 1, "missing_here": len(many)}
    assert len(waiting(ground, statement.id)) == len(many)
    again = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=60)
    assert again.returncode == 1 and "read in before" in again.stderr
