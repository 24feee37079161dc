"""Bills, cash, receipts and the ledger over a real database."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from chassis.actors import Actor
from chassis.errors import Conflict
from chassis.ids import uuid7
from contracts.payments import BillState
from rules.refusal import Refusal
from services.payments import cash, expiry, guide, paying, receipts, tables
from services.payments.ledger import check_ledger
from tests.support.payments_ground import CASHIER, PUBLIC, TOTAL, Ground

JOURNAL = text("INSERT INTO journal (id, kind, source, at) VALUES (:j, 'x', :s, now())")


@pytest.fixture(scope="module")
def ground(database_url: Callable[..., str]) -> Iterator[Ground]:
    made = Ground(database_url("payments"))
    made.publish()
    yield made
    made.close()


def pay_cash(ground: Ground, bill: dict[str, Any], tendered: int = TOTAL, actor: Actor = CASHIER) -> dict[str, Any]:
    if actor.permits("bill.take_cash"):
        ground.at_counter(actor)
    return ground.attempt(lambda work: cash.take(work, {"bill_id": bill["bill_id"], "tendered": tendered}), actor)


def test_a_request_that_comes_to_payment_is_billed_at_once_from_its_frozen_version(ground: Ground) -> None:
    bill = ground.billed()
    assert (bill["state"], bill["total"], bill["currency"]) == ("created", TOTAL, "EGP")
    assert [(line["account"], line["amount"]) for line in bill["lines"]] == [("1101", 10_000), ("1102", 2_050)]
    [event] = ground.events(bill["bill_id"])
    assert (event.type, event.sequence, event.correlation_id) == ("payments.bill.issued.v1", 1, "from-the-door")
    assert not BillState().validate(event.data)


def test_fees_by_quantity_use_the_answers_of_the_event(ground: Ground) -> None:
    assert ground.billed("final", area=30)["total"] == 15_000


def test_the_same_entry_is_billed_once_and_a_second_entry_again(ground: Ground) -> None:
    request_id = uuid7()
    first = ground.request_event(request_id, 1)
    ground.follow(first)
    ground.follow(first)
    assert len(ground.bills(request_id)) == 1
    ground.follow(ground.request_event(request_id, 2, "task", None))
    ground.follow(ground.request_event(request_id, 3))
    assert [bill["state"] for bill in ground.bills(request_id)] == ["cancelled", "created"]


def test_two_processes_bill_one_entry_once(ground: Ground) -> None:
    event = ground.request_event(uuid7())
    threads = [threading.Thread(target=ground.follow, args=(event,)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ground.bills(event.subject)) == 1


def test_a_bill_waits_for_the_definition(ground: Ground) -> None:
    event = ground.request_event(uuid7())
    event.data["service_code"] = "unheard-of"
    with pytest.raises(guide.DefinitionNotHere):
        ground.follow(event)
    assert ground.bills(event.subject) == []
    ground.publish(code="unheard-of")
    ground.follow(event)
    assert len(ground.bills(event.subject)) == 1


def test_a_fee_that_cannot_be_computed_raises_and_bills_nothing(ground: Ground) -> None:
    event = ground.request_event(uuid7(), stage="final")
    with pytest.raises(Refusal, match="fee_input_missing"):
        ground.follow(event)
    assert ground.bills(event.subject) == []


def test_a_withdrawn_request_cancels_its_open_bill(ground: Ground) -> None:
    bill = ground.billed()
    ground.follow(ground.request_event(bill["request_id"], 2, "end", None, outcome="withdrawn"))
    assert ground.bill(bill["bill_id"])["state"] == "cancelled"
    assert [event.type for event in ground.events(bill["bill_id"])][1:] == ["payments.bill.changed.v1"]
    with pytest.raises(Refusal, match="bill_not_payable"):
        pay_cash(ground, bill)


def test_a_late_older_fact_bills_nothing(ground: Ground) -> None:
    request_id = uuid7()
    ground.follow(ground.request_event(request_id, 2, "end", None, outcome="withdrawn"))
    ground.follow(ground.request_event(request_id, 1))
    assert ground.bills(request_id) == []


def test_steps_of_departments_that_act_at_once_bill_nothing_and_owe_nothing(ground: Ground) -> None:
    request_id = uuid7()
    steps = [ground.request_event(request_id, sequence, kind="parallel", stage=None) for sequence in (1, 2, 3)]
    for step in (steps[0], steps[2], steps[1], steps[2]):
        ground.follow(step)
    assert ground.bills(request_id) == []
    entered = ground.request_event(request_id, 4)
    for event in (entered, steps[1], entered):
        ground.follow(event)
    assert [bill["state"] for bill in ground.bills(request_id)] == ["created"]


def test_nothing_to_pay_is_paid_at_once_without_money(ground: Ground) -> None:
    bill = ground.billed("final", area=0)
    assert (bill["state"], bill["total"], bill["receipt_number"]) == ("paid", 0, None)
    assert [(event.type, event.sequence) for event in ground.events(bill["bill_id"])] == [
        ("payments.bill.issued.v1", 1), ("payments.bill.paid.v1", 2)]
    assert ground.faults() == []


def test_cash_pays_posts_and_numbers_in_one_piece(ground: Ground) -> None:
    bill, before = ground.billed(), ground.balances()
    answer = pay_cash(ground, bill, 15_000)
    assert (answer["state"], answer["change"]) == ("paid", 2_950)
    after = ground.balances()
    gained = {name: after[name] - before.get(name, 0) for name in after if after[name] != before.get(name, 0)}
    assert gained == {"cash:EG-C-01": TOTAL, "revenue:1101": -10_000, "revenue:1102": -2_050}
    paid = ground.events(bill["bill_id"])[-1]
    assert (paid.type, paid.data["receipt_number"]) == ("payments.bill.paid.v1", answer["receipt_number"])
    assert paid.data["collected_by"] == CASHIER.id  # whom requests keeps apart from the file
    assert "collected_by" not in ground.bill(bill["bill_id"])  # no citizen reads who the cashier was
    assert ground.faults() == []


def test_a_receipt_says_the_amount_in_words(ground: Ground) -> None:
    bill = ground.billed()
    with pytest.raises(Refusal, match="bill_not_paid"):
        receipts.show(ground.unit_of_work(), {"bill_id": bill["bill_id"]})
    pay_cash(ground, bill, 20_000)
    shown = receipts.show(ground.unit_of_work(), {"bill_id": bill["bill_id"]})
    assert "مائة وعشرون جنيهاً" in shown["amount_in_words"]["ar"]
    assert shown["amount_in_words"]["en"] == "Only one hundred twenty Egyptian pounds and fifty piastres"
    assert (shown["way"], shown["change"], shown["taken_by"]) == ("cash", 7_950, "staff:1")
    assert shown["service_name"]["ar"] == "ترخيص محل"


@pytest.mark.parametrize(("actor", "tendered", "code"), [
    (CASHIER, TOTAL - 1, "amount_insufficient"),
    (Actor(id="staff:2", kind="staff", roles=("cashier",), unit="EG-C-02"), TOTAL, "forbidden"),
    (Actor(id="staff:3", kind="staff", roles=("window_clerk",), unit="EG-C-01"), TOTAL, "forbidden"),
])
def test_cash_is_refused_and_nothing_changes(ground: Ground, actor: Actor, tendered: int, code: str) -> None:
    bill, before = ground.billed(), ground.balances()
    with pytest.raises(Refusal, match=code):
        pay_cash(ground, bill, tendered, actor)
    assert ground.bill(bill["bill_id"])["state"] == "created"
    assert ground.balances() == before


def test_the_book_of_a_counter_has_no_gap_when_cashiers_collide(ground: Ground) -> None:
    bills = [ground.billed() for _ in range(12)]
    ground.at_counter(CASHIER)
    collided: list[BaseException] = []

    def cashier(mine: list[dict[str, Any]]) -> None:
        for bill in mine:
            while True:
                try:
                    pay_cash(ground, bill)
                    break
                except Conflict as error:  # what the door answers as `conflict`; the cashier presses again
                    collided.append(error)

    threads = [threading.Thread(target=cashier, args=(bills[n::4],)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    serials = [row.book_serial for row in ground.rows(
        "SELECT book_serial FROM receipt WHERE book = 'EG-C-01.STAFF-1/2026' ORDER BY book_serial")]
    assert len(serials) >= len(bills)
    assert serials == list(range(1, len(serials) + 1))
    assert all(ground.bill(bill["bill_id"])["state"] == "paid" for bill in bills)
    assert ground.faults() == []


def test_one_bill_is_not_paid_by_two_cashiers(ground: Ground) -> None:
    bill, answers, refusals = ground.billed(), [], []
    ground.at_counter(CASHIER)

    def cashier() -> None:
        try:
            answers.append(pay_cash(ground, bill))
        except Refusal as refusal:
            refusals.append(refusal.code)

    threads = [threading.Thread(target=cashier) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 1
    assert refusals == ["bill_not_payable"] * 4
    assert ground.faults() == []


def test_a_bill_expires_after_its_last_cairo_day_and_not_before(ground: Ground) -> None:
    bill = ground.billed()
    started = ground.now
    try:
        ground.now = bill["expires_at"]
        ground.wait(seconds=-1)
        expiry.sweep(ground)
        assert ground.bill(bill["bill_id"])["state"] == "created"
        ground.wait(seconds=1)
        with pytest.raises(Refusal, match="bill_not_payable"):
            ground.attempt(lambda work: paying.start(work, {"bill_id": bill["bill_id"], "rail": "fawry"}), PUBLIC)
        with pytest.raises(Refusal, match="bill_not_payable"):
            ground.attempt(lambda work: cash.take(work, {"bill_id": bill["bill_id"], "tendered": TOTAL}), CASHIER)
        expiry.sweep(ground)
        assert ground.bill(bill["bill_id"])["state"] == "expired"
        assert ground.events(bill["bill_id"])[-1].data["state"] == "expired"
        assert ground.events(bill["bill_id"])[-1].correlation_id == "from-the-door"
    finally:
        ground.now = started


def test_a_bill_that_could_lapse_nowhere_never_expires(ground: Ground) -> None:
    assert ground.billed("final", area=3)["expires_at"] is None


def test_a_node_without_a_rail_offers_none_and_still_takes_cash(ground: Ground, database_url: Any) -> None:
    bare = Ground(database_url("payments"), rail_url="")
    bill = bare.billed()
    assert (bill["rails"], ground.bill(bill["bill_id"])["rails"]) == ([], ["efinance", "fawry", "paymob", "pos"])
    for rail, code in (("fawry", "rail_unavailable"), ("carrier-pigeon", "rail_unknown")):
        with pytest.raises(Refusal, match=code):
            bare.attempt(lambda work, rail=rail: paying.start(work, {"bill_id": bill["bill_id"], "rail": rail}), PUBLIC)
    assert pay_cash(bare, bill)["state"] == "paid"
    bare.close()


def test_the_tables_are_what_the_migrations_make(ground: Ground) -> None:
    with ground.database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={
            "include_name": lambda name, kind, *_: kind != "table" or name in tables.metadata.tables})
        assert compare_metadata(context, tables.metadata) == []


def test_the_database_refuses_a_journal_that_does_not_balance(ground: Ground) -> None:
    with pytest.raises(IntegrityError, match="balance of 5"), ground.database.transaction() as connection:
        connection.execute(JOURNAL, {"j": (journal := uuid7()), "s": "x:1"})
        connection.execute(text("INSERT INTO entry (journal_id, account, amount) VALUES (:j, 'cash:a', 10), "
                                "(:j, 'cash:b', -5)"), {"j": journal})


def test_the_database_refuses_an_empty_journal(ground: Ground) -> None:
    with pytest.raises(IntegrityError, match="0 entries"), ground.database.transaction() as connection:
        connection.execute(JOURNAL, {"j": uuid7(), "s": "x:2"})


@pytest.mark.parametrize("statement", [
    "UPDATE entry SET amount = amount + 1", "DELETE FROM entry", "TRUNCATE entry", "UPDATE journal SET kind = 'y'",
    "DELETE FROM journal", "UPDATE receipt SET amount = 1", "DELETE FROM receipt", "DELETE FROM callback",
])
def test_the_books_are_append_only(ground: Ground, statement: str) -> None:
    with pytest.raises(DBAPIError, match="append-only"), ground.database.transaction() as connection:
        connection.execute(text(statement))


def test_the_check_finds_what_is_wrong(ground: Ground) -> None:
    """Each fault is made behind the service's back and undone again."""
    pay_cash(ground, ground.billed())
    bill = ground.billed()
    cases = {
        "paid bill without its collection": "UPDATE bill SET state = 'paid', paid_at = now() "
        f"WHERE id = '{bill['bill_id']}'",
        "collection of a bill that is not paid": "UPDATE bill SET state = 'created' WHERE state = 'paid' AND total > 0",
        "collection that differs from its bill": "UPDATE bill SET total = total + 1 WHERE state = 'paid' AND total > 0",
        "gap in a receipt book": "UPDATE receipt_book SET last = last + 1",
    }
    assert ground.faults() == []
    for fault, statement in cases.items():
        with pytest.raises(RuntimeError, match="undo"), ground.database.transaction() as connection:
            connection.execute(text(statement))
            assert any(found.startswith(fault) for found in check_ledger(connection)), fault
            raise RuntimeError("undo")
    assert ground.faults() == []
