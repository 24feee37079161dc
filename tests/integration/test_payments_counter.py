"""Cashiers' shifts, drawers, receipt books and prints over a real database."""

from __future__ import annotations

import threading
from base64 import b64decode
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import text

from chassis.actors import Actor
from chassis.errors import Conflict
from chassis.ids import uuid7
from rules.refusal import Refusal
from services.payments import books, cash, counters, printing, shifts
from services.payments.ledger import check_ledger
from tests.support.payments_ground import TOTAL, Ground

UNIT = "EG-C-01"
CASHIER = Actor(id="staff:1", kind="staff", roles=("cashier",), unit=UNIT)
OTHER = Actor(id="staff:2", kind="staff", roles=("cashier",), unit=UNIT)
ELSEWHERE = Actor(id="staff:3", kind="staff", roles=("cashier",), unit="EG-C-02")
MANAGER = Actor(id="staff:9", kind="staff", roles=("centre_manager",), unit=UNIT)
BOTH = Actor(id="staff:1", kind="staff", roles=("cashier", "centre_manager"), unit=UNIT)
WHY = "خطأ في رد الباقي لمواطن"


@pytest.fixture(scope="module")
def one_ground(database_url: Callable[..., str]) -> Iterator[Ground]:
    made = Ground(database_url("payments"))
    made.publish()
    yield made
    made.close()


@pytest.fixture
def ground(one_ground: Ground) -> Iterator[Ground]:
    yield one_ground
    for row in one_ground.rows("SELECT id, cashier FROM shift WHERE state = 'open'"):
        who = Actor(id=row.cashier, kind="staff", roles=("cashier",), unit=UNIT)
        one_ground.attempt(lambda work: shifts.close(work, {"count": {}, "reason": "end of the test"}), who)
    assert one_ground.faults() == []


def begin(ground: Ground, actor: Actor = CASHIER, counter: str | None = None, opening: int = 0) -> dict[str, Any]:
    return dict(ground.attempt(lambda work: shifts.open_one(work, {"counter": counter, "float": opening}), actor))


def take(ground: Ground, actor: Actor = CASHIER) -> dict[str, Any]:
    bill = ground.billed()
    ground.attempt(lambda work: cash.take(work, {"bill_id": bill["bill_id"], "tendered": TOTAL}), actor)
    return bill


def end(ground: Ground, count: dict[str, int], reason: str | None = None, actor: Actor = CASHIER,
        **more: Any) -> dict[str, Any]:
    return dict(ground.attempt(lambda work: shifts.close(work, {"count": count, "reason": reason, **more}), actor))


def refused(run: Callable[[], Any]) -> list[tuple[str, str | None]]:
    with pytest.raises(Refusal) as refusal:
        run()
    return [(fault.code, fault.field) for fault in refusal.value.faults]


def test_nothing_is_taken_without_a_shift_and_nothing_after_it(ground: Ground) -> None:
    assert refused(lambda: take(ground)) == [("shift_required", "shift")]
    shift = begin(ground)
    assert shift["counter"] == "EG-C-01.1"
    take(ground)
    end(ground, {"10000": 1, "2000": 1, "50": 1})
    assert refused(lambda: take(ground)) == [("shift_required", "shift")]
    assert refused(lambda: end(ground, {}, shift_id=shift["shift_id"])) == [("shift_closed", "shift_id")]


def test_a_shift_from_float_to_counter_signature(ground: Ground) -> None:
    before = ground.balances()
    shift = begin(ground, opening=20_000)
    take(ground)
    take(ground)
    ground.attempt(lambda work: shifts.hand_over(work, {"amount": 10_000, "note": None}), CASHIER)
    shown = shifts.show(ground.unit_of_work(CASHIER), {})["shift"]
    assert shown["expected"] == 20_000 + 2 * TOTAL - 10_000
    assert refused(lambda: end(ground, {"20000": 1})) == [("difference_reason_required", "reason")]
    closed = end(ground, {"20000": 1, "10000": 1, "2000": 2}, WHY)
    assert (closed["expected"], closed["counted"], closed["difference"]) == (34_100, 34_000, -100)
    after = ground.balances()
    gained = {name: after[name] - before.get(name, 0) for name in after if after[name] != before.get(name, 0)}
    assert gained == {"deposit:EG-C-01": 24_000, "difference:EG-C-01": 100, "revenue:1101": -20_000,
                      "revenue:1102": -4_100}
    approve = {"shift_id": shift["shift_id"], "note": None}
    assert refused(lambda: ground.attempt(lambda work: shifts.approve(work, approve), BOTH)) == [
        ("shift_own", "shift_id")]
    assert refused(lambda: ground.attempt(lambda work: shifts.approve(work, approve), OTHER)) == [("forbidden", None)]
    assert ground.attempt(lambda work: shifts.approve(work, approve), MANAGER)["state"] == "approved"
    assert refused(lambda: ground.attempt(lambda work: shifts.approve(work, approve), MANAGER)) == [
        ("shift_approved", "shift_id")]


def test_a_shift_tells_when_it_is_opened_closed_and_counter_signed_and_nothing_in_between(ground: Ground) -> None:
    shift = begin(ground, opening=20_000)["shift_id"]
    take(ground)
    end(ground, {"20000": 1, "10000": 1, "2000": 1}, WHY)
    ground.attempt(lambda work: shifts.approve(work, {"shift_id": shift, "note": "قبلت"}), MANAGER)
    told = ground.events(shift)
    assert [(one.type, one.sequence, one.data["state"]) for one in told] == [
        ("payments.shift.changed.v1", n, state) for n, state in ((1, "open"), (2, "closed"), (3, "approved"))]
    opened, closed, approved = (one.data for one in told)
    assert (opened["float"], opened["cashier"], opened["counted"], opened["counter_kind"]) == (
        20_000, CASHIER.id, None, "window")
    assert (closed["expected"], closed["counted"], closed["difference"]) == (20_000 + TOTAL, 32_000, -50)
    assert (approved["approved_by"], approved["difference"]) == (MANAGER.id, -50)
    assert not {"reason", "note", "pieces"} & set(approved)  # free words may name people


def test_one_shift_for_a_cashier_and_one_at_a_counter(ground: Ground) -> None:
    begin(ground)
    assert refused(lambda: begin(ground)) == [("shift_open_already", "counter")]
    assert refused(lambda: begin(ground, OTHER)) == [("counter_taken", "counter")]
    assert refused(lambda: begin(ground, OTHER, "EG-C-99.1")) == [("counter_unknown", "counter")]
    assert refused(lambda: begin(ground, ELSEWHERE, "EG-C-01.1")) == [("counter_unknown", "counter")]


def test_two_cashiers_who_open_at_one_counter_at_once(ground: Ground) -> None:
    outcomes: list[str] = []

    def run(actor: Actor) -> None:
        try:
            begin(ground, actor)
            outcomes.append("open")
        except Refusal as refusal:
            outcomes.append(refusal.code)

    threads = [threading.Thread(target=run, args=(actor,)) for actor in (CASHIER, OTHER)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["counter_taken", "open"]


def test_a_post_office_collects_under_its_own_code(ground: Ground) -> None:
    body = {"code": "PO-11725", "unit": UNIT, "kind": "post_office", "name_ar": "بريد الزيتون",
            "name_en": "El Zeitoun post office"}
    assert refused(lambda: ground.attempt(lambda work: counters.register(work, body), CASHIER)) == [("forbidden", None)]
    ground.attempt(lambda work: counters.register(work, body), MANAGER)
    assert refused(lambda: ground.attempt(lambda work: counters.register(work, body), MANAGER)) == [
        ("counter_exists", "code")]
    begin(ground, counter="PO-11725")
    bill = take(ground)
    assert ground.rows("SELECT book, book_serial FROM receipt WHERE bill_id = :b", b=bill["bill_id"]) == [
        ("PO-11725/2026", 1)]


def test_a_spoiled_number_is_void_and_the_book_has_no_gap(ground: Ground) -> None:
    begin(ground, counter=None)
    take(ground)
    assert refused(lambda: ground.attempt(lambda work: books.void_next(work, {"reason": "x"}), CASHIER)) == [
        ("counter_reason_required", "reason")]
    void = ground.attempt(lambda work: books.void_next(work, {"reason": "تلف الورق في الطابعة"}), CASHIER)
    bill = take(ground)
    [given] = ground.rows("SELECT book, book_serial FROM receipt WHERE bill_id = :b", b=bill["bill_id"])
    assert (given.book, given.book_serial) == (void["book"], void["serial"] + 1)


@pytest.mark.parametrize(("count", "faults"), [
    ({"7": 1, "100": -1}, [("denomination_unknown", "count/7"), ("count_malformed", "count/100")]),
    ({"100": 1.5}, [("count_malformed", "count/100")]), ({"100": "2"}, [("count_malformed", "count/100")]),
    ({"100": True}, [("count_malformed", "count/100")])])
def test_a_count_that_is_none_closes_nothing(ground: Ground, count: dict[str, Any], faults: list[Any]) -> None:
    shift = begin(ground)
    assert refused(lambda: end(ground, count, WHY)) == faults
    assert ground.rows("SELECT state FROM shift WHERE id = :s", s=shift["shift_id"]) == [("open",)]


def test_more_than_the_drawer_holds_is_not_handed_over(ground: Ground) -> None:
    begin(ground, opening=500)
    assert refused(lambda: ground.attempt(
        lambda work: shifts.hand_over(work, {"amount": 501, "note": None}), CASHIER)) == [("drawer_short", "amount")]


def test_payments_and_the_closing_of_their_shift_never_both_win(ground: Ground) -> None:
    """Ten bills are taken while the shift is closed: what was taken before the close is in its count, the rest is
    refused."""
    shift = begin(ground)
    bills = [ground.billed() for _ in range(10)]
    outcomes: list[str] = []
    start = threading.Barrier(3)

    def collect(mine: list[dict[str, Any]]) -> None:
        start.wait()
        for bill in mine:
            while True:
                try:
                    ground.attempt(lambda work, bill=bill: cash.take(
                        work, {"bill_id": bill["bill_id"], "tendered": TOTAL}), CASHIER)
                    outcomes.append("taken")
                except Refusal as refusal:
                    outcomes.append(refusal.code)
                except Conflict:
                    continue
                break

    def close() -> None:
        start.wait()
        while True:
            try:
                end(ground, {}, "nothing was counted")
                return
            except Conflict:
                continue

    threads = [threading.Thread(target=collect, args=(bills[n::2],)) for n in range(2)]
    threads.append(threading.Thread(target=close))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(outcomes) <= {"taken", "shift_required"}
    [row] = ground.rows("SELECT expected, difference, state FROM shift WHERE id = :s", s=shift["shift_id"])
    assert (row.expected, row.difference, row.state) == (
        outcomes.count("taken") * TOTAL, -outcomes.count("taken") * TOTAL, "closed")


def test_each_print_is_recorded_and_a_copy_takes_a_reason(ground: Ground) -> None:
    begin(ground)
    bill = take(ground)
    body = {"bill_id": bill["bill_id"], "paper": "thermal", "language": "ar", "reason": None}
    first = ground.attempt(lambda work: printing.print_one(work, body), CASHIER)
    assert first["copy"] == 1
    assert refused(lambda: ground.attempt(lambda work: printing.print_one(work, body), CASHIER)) == [
        ("print_reason_required", "reason")]
    again = {**body, "paper": "a4", "reason": "فقد المواطن الأصل"}
    second = ground.attempt(lambda work: printing.print_one(work, again), MANAGER)
    assert second["copy"] == 2
    if second["media_type"] == printing.PDF:
        assert b64decode(second["content"]).startswith(b"%PDF")
    number = ground.bill(bill["bill_id"])["receipt_number"]
    rows = ground.rows("SELECT copy, paper, printed_by FROM receipt_print WHERE receipt_number = :n ORDER BY copy",
                       n=number)
    assert [tuple(row) for row in rows] == [(1, "thermal", "staff:1"), (2, "a4", "staff:9")]


def test_the_code_of_a_receipt_proves_it(ground: Ground) -> None:
    begin(ground)
    bill = take(ground)
    number = ground.bill(bill["bill_id"])["receipt_number"]
    work = ground.unit_of_work()
    code = printing.code_of(work, number, TOTAL)
    assert printing.verify(work, {"number": number, "code": code})["amount"] == TOTAL
    for wrong in (printing.code_of(work, number, TOTAL + 1), "", "0" * 16):
        assert printing.verify(work, {"number": number, "code": wrong or "-"})["genuine"] is False


def test_the_check_finds_what_is_wrong_with_shifts(ground: Ground) -> None:
    """Each fault is made behind the service's back and undone again."""
    begin(ground, opening=1_000)
    take(ground)
    end(ground, {"10000": 1, "2000": 1, "50": 1, "1000": 1})
    shift = begin(ground)
    bill = take(ground)
    cases = {
        "shift whose expected cash is not what moved":
            "UPDATE shift SET expected = expected + 1, counted = counted + 1 "
            "WHERE state = 'closed' AND opening = 1000",
        "closed shift whose drawer is not empty in the books":
            "UPDATE shift SET state = 'closed', closed_at = now(), expected = 0, counted = 0, difference = 0 "
            f"WHERE id = '{shift['shift_id']}'",
        "receipt in a counter's book that no shift took": "UPDATE shift SET cashier = 'staff:77' "
                                                          f"WHERE id = '{shift['shift_id']}'",
        "receipt printed with a gap in its copies":
            "INSERT INTO receipt_print SELECT receipt_number, 2, 'a4', 'behind the back', 'x', now() FROM bill "
            f"WHERE id = '{bill['bill_id']}'",
        "gap in a receipt book": "UPDATE receipt_book SET last = last + 1",
        "number of a book that is both given and void":
            "INSERT INTO receipt_void SELECT book, book_serial, 'behind the back', 'x', now() FROM receipt "
            f"WHERE bill_id = '{bill['bill_id']}'",
    }
    for fault, statement in cases.items():
        with pytest.raises(RuntimeError, match="undo"), ground.database.transaction() as connection:
            connection.execute(text(statement))
            assert any(found.startswith(fault) for found in check_ledger(connection)), fault
            raise RuntimeError("undo")


@pytest.mark.parametrize("table", ["shift_move", "shift_slip", "receipt_void", "receipt_print"])
def test_what_a_shift_did_is_append_only(ground: Ground, table: str) -> None:
    with pytest.raises(Exception, match="append-only"), ground.database.transaction() as connection:
        connection.execute(text(f"DELETE FROM {table}"))


def test_a_device_that_collected_nothing_has_no_drawer_and_no_book(ground: Ground) -> None:
    from services.payments import drawers

    begin(ground)
    assert refused(lambda: ground.attempt(lambda work: drawers.hand_in(
        work, {"device_id": uuid7(), "count": {}, "reason": None}), CASHIER)) == [("drawer_unknown", "device_id")]
    assert refused(lambda: ground.attempt(lambda work: books.void_of_device(
        work, {"device_id": uuid7(), "year": 2026, "serial": 1, "reason": WHY}), MANAGER)) == [
            ("drawer_unknown", "device_id")]
