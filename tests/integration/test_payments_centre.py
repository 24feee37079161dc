"""A node's bill that is paid at a rail of the centre: the wish goes up, what the rail says comes down, each of it late,
twice and out of order; and the books of both places agree to the piastre."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from infra.peers.client import Peers
from infra.postgres import Postgres
from rules.refusal import Refusal
from services.payments import cash, charge_errands, charge_lists, charges, errands, gauges, paying
from services.payments.rails import base
from tests.integration.test_payments import CASHIER
from tests.support import databases
from tests.support.callback_door import CallbackDoor
from tests.support.payments_country import Country
from tests.support.payments_ground import PUBLIC, TOTAL, callback_body

PAID_AT = datetime.fromtimestamp(1772359200, UTC)  # the rail's time in callback_body


@pytest.fixture(scope="module")
def opened(database_url: Callable[..., str], postgres: Postgres, peers: Peers, door: CallbackDoor) -> Iterator[Country]:
    centre_url = databases.create(postgres, "payments", migrated=True)
    # The rail keeps its own time, so the test's clock begins at the real one.
    made = Country(database_url("payments"), centre_url, peers.url, door.url, datetime.now(UTC))
    made.node.at_counter(CASHIER)
    door.ground = made.centre
    yield made
    made.close()
    postgres.drop_database(centre_url.rsplit("/", 1)[1])


@pytest.fixture
def country(opened: Country, peers: Peers) -> Iterator[Country]:
    """A fresh test on the same ground; whatever a test did, both books are right after it and say the same."""
    peers.control(rail={"down": False, "callbacks_paused": False})
    opened.line_up()
    yield opened
    peers.control(rail={"down": False})
    opened.run()
    opened.line_up()
    assert (opened.node.faults(), opened.centre.faults()) == ([], [])
    assert opened.owed() == opened.got()


def pending(country: Country) -> tuple[dict[str, Any], Any]:
    """A bill whose wish went up and whose reference came down, and the charge at the centre."""
    bill = country.node.billed()
    wish = country.wish(bill)
    country.at_centre(country.going_up())
    charge_errands.run(country.centre)  # type: ignore[arg-type]
    country.at_node(country.coming_down())
    return bill, country.charge(wish["payment_id"])


def paid_body(charge: Any, piastres: int = TOTAL) -> str:
    return callback_body(charge.merchant_reference, reference=charge.reference, paid=f"{piastres / 100:.2f}")


def state(country: Country, bill: dict[str, Any]) -> str:
    return str(country.node.bill(bill["bill_id"])["state"])


def reviews(country: Country, bill: dict[str, Any]) -> list[Any]:
    return country.node.rows("SELECT reason, amount FROM review WHERE bill_id = :b", b=bill["bill_id"])


def test_from_the_wish_at_the_node_to_its_receipt(country: Country) -> None:
    bill = country.node.billed()
    wish = country.wish(bill)
    assert (wish["state"], wish["reference"], wish["travels"]) == ("created", None, True)
    assert country.wish(bill)["payment_id"] == wish["payment_id"]  # asked twice, wished once
    [event] = country.going_up()
    # The centre hears what the rail must be told and nothing of who lodged what.
    assert set(event.data) - {"line"} == {
        "wish_id", "bill_id", "bill_number", "service_code", "rail", "amount", "shares", "expires_at", "wished_at",
        "state", "node"}
    assert [share["amount"] for share in event.data["shares"]] == [10_000, 2_050]
    country.at_centre([event])
    assert (country.charge(wish["payment_id"]).state, country.charge(wish["payment_id"]).node) == ("wished", "EG-C")
    charge_errands.run(country.centre)  # type: ignore[arg-type]
    country.at_node(country.coming_down())
    shown = country.node.bill(bill["bill_id"])
    charge = country.charge(wish["payment_id"])
    assert (shown["state"], shown["rail"], shown["reference"]) == ("pending", "centre", charge.reference)
    assert shown["payments"][0]["pay_url"] == charge.pay_url

    body = paid_body(charge)
    assert country.centre.callback(body) is True
    [fact] = country.news_of(charge.id)
    assert (fact.data["said"], fact.data["paid_amount"]) == ("paid", TOTAL)
    country.at_node([fact])
    paid = country.node.bill(bill["bill_id"])
    assert (paid["state"], paid["paid_at"]) == ("paid", PAID_AT)  # the rail's time, not that of the line
    assert paid["receipt_number"].startswith("R-C-")
    # The callback is kept as it came, sealed, and the node has its digest.
    [kept] = country.centre.rows("SELECT body, digest FROM charge_report WHERE charge_id = :c AND body IS NOT NULL",
                                 c=charge.id)
    assert "01000000000" not in kept.body
    raw = country.centre.context.privacy.open(kept.body, field="payments.charge_report.body")
    assert orjson.loads(raw)["body"] == body
    assert hashlib.sha256(raw.encode()).hexdigest() == bytes(kept.digest).hex() == fact.data["callback_sha256"]


def test_what_comes_twice_in_either_direction_takes_effect_once(country: Country) -> None:
    bill = country.node.billed()
    wish = country.wish(bill)
    [up] = country.going_up()
    country.at_centre([up, up])
    charge_errands.run(country.centre)  # type: ignore[arg-type]
    down = country.news_of(wish["payment_id"])
    country.at_node([*down, *down])
    charge = country.charge(wish["payment_id"])
    assert country.centre.callback(paid_body(charge)) is True
    assert country.centre.callback(paid_body(charge)) is False  # the rail repeats itself
    told = country.news_of(charge.id)
    country.at_node([*told, *told, *down])
    country.at_centre([up])
    assert len(told) == 1 and state(country, bill) == "paid" and reviews(country, bill) == []
    assert country.news_of(charge.id) == []


def test_a_confirmation_that_overtakes_its_reference_pays_the_bill(country: Country) -> None:
    bill = country.node.billed()
    wish = country.wish(bill)
    country.at_centre(country.going_up())
    charge_errands.run(country.centre)  # type: ignore[arg-type]
    reference = country.news_of(wish["payment_id"])
    assert country.centre.callback(paid_body(country.charge(wish["payment_id"])))
    country.at_node(country.coming_down())
    assert state(country, bill) == "paid"
    country.at_node(reference)
    assert state(country, bill) == "paid" and reviews(country, bill) == []


def test_while_the_line_is_cut_the_wish_waits_and_the_counter_takes_the_money(country: Country) -> None:
    bill = country.node.billed()
    wish = country.wish(bill)
    country.node.wait(seconds=130)
    shown = country.node.bill(bill["bill_id"])["payments"][0]
    assert (shown["travels"], shown["late"], shown["state"]) == (True, True, "created")
    country.node.attempt(lambda work: cash.take(work, {"bill_id": bill["bill_id"], "tendered": TOTAL}), CASHIER)
    errands.run(country.node)  # type: ignore[arg-type]
    assert country.node.bill(bill["bill_id"])["payments"][0]["state"] == "cancelled"
    up = country.going_up()  # the line is back
    assert [event.data["state"] for event in up] == ["wished", "withdrawn"]
    country.at_centre(up)
    assert country.charge(wish["payment_id"]).state == "withdrawn"
    charge_errands.run(country.centre)  # type: ignore[arg-type]
    assert country.news_of(wish["payment_id"]) == []  # no rail ever heard of it
    country.centre.wait(seconds=130)


def test_a_withdrawal_that_overtakes_its_wish_keeps_it_from_the_rail(country: Country) -> None:
    bill = country.node.billed()
    wish = country.wish(bill)
    country.node.attempt(lambda work: cash.take(work, {"bill_id": bill["bill_id"], "tendered": TOTAL}), CASHIER)
    country.wait(seconds=10)
    errands.run(country.node)  # type: ignore[arg-type]
    country.at_centre(reversed(country.going_up()))
    assert country.charge(wish["payment_id"]).state == "withdrawn"
    charge_errands.run(country.centre)  # type: ignore[arg-type]
    assert country.news_of(wish["payment_id"]) == []


def test_money_for_a_bill_that_was_paid_at_the_counter_meanwhile_is_the_citizens(country: Country) -> None:
    bill, charge = pending(country)
    country.node.attempt(lambda work: cash.take(work, {"bill_id": bill["bill_id"], "tendered": TOTAL}), CASHIER)
    country.centre.callback(paid_body(charge))
    country.at_node(country.coming_down())
    [credit] = country.node.rows("SELECT amount FROM credit WHERE bill_id = :b", b=bill["bill_id"])
    assert (state(country, bill), credit.amount) == ("paid", TOTAL)
    [refund] = country.node.rows("SELECT way FROM refund WHERE bill_id = :b", b=bill["bill_id"])
    assert refund.way == "rail"  # the centre's, which gives it back (test_payments_centre_refunds.py)


@pytest.mark.parametrize("came", [TOTAL - 1, TOTAL + 1])
def test_another_amount_is_booked_at_the_centre_and_held_for_a_person_at_the_node(country: Country, came: int) -> None:
    bill, charge = pending(country)
    before = country.owed()
    country.centre.callback(paid_body(charge, came))
    country.at_node(country.coming_down())
    assert [(one.reason, one.amount) for one in reviews(country, bill)] == [("amount_differs", came)]
    assert state(country, bill) == "under_review"
    assert country.owed() - before == came


def test_a_wish_that_arrives_after_its_bill_lapsed_is_answered_and_never_started(country: Country) -> None:
    bill = country.node.billed()
    wish = country.wish(bill)
    up = country.going_up()
    noon = country.centre.now
    country.centre.wait(days=40)
    country.at_centre(up)
    assert country.charge(wish["payment_id"]).state == "expired"
    [told] = country.news_of(wish["payment_id"])
    country.centre.now = noon
    country.at_node([told])
    assert country.node.bill(bill["bill_id"])["payments"][0]["state"] == "expired"


def test_a_wish_whose_time_ends_at_the_node_is_withdrawn(country: Country) -> None:
    bill = country.node.billed()
    wish = country.wish(bill)
    noon = country.node.now
    country.node.wait(days=40)
    errands.run(country.node)  # type: ignore[arg-type]
    assert [event.data["state"] for event in country.going_up()
            if event.data["wish_id"] == str(wish["payment_id"])] == ["wished", "withdrawn"]
    assert country.node.bill(bill["bill_id"])["payments"][0]["state"] == "cancelled"
    country.node.now = noon


def test_a_rail_that_is_down_at_the_centre_is_tried_again(country: Country, peers: Peers) -> None:
    peers.control(rail={"down": True})
    bill = country.node.billed()
    wish = country.wish(bill)
    country.at_centre(country.going_up())
    charge_errands.run(country.centre)  # type: ignore[arg-type]
    standing = country.charge(wish["payment_id"])
    assert (standing.state, standing.attempts) == ("wished", 1) and standing.error
    late = {row.rail: row.payments for row in country.centre.unit_of_work().all(gauges._LATE)}
    assert late["fawry"] >= 1  # an operator of the centre is told as of a payment of its own
    assert country.news_of(wish["payment_id"]) == []
    peers.control(rail={"down": False})
    country.wait(seconds=2)
    charge_errands.run(country.centre)  # type: ignore[arg-type]
    country.at_node(country.coming_down())
    assert state(country, bill) == "pending"


def test_what_the_centre_cannot_do_is_refused_down_and_the_bill_stays_payable(country: Country) -> None:
    bill = country.node.billed()
    wish = country.wish(bill)
    [up] = country.going_up()
    other = type(up)(up.id, up.type, up.source, up.subject, up.sequence, up.time, up.correlation_id,
                     {**up.data, "rail": "nobody"})
    country.at_centre([other])
    assert (country.charge(wish["payment_id"]).state, country.charge(wish["payment_id"]).error) == (
        "refused", "rail_unknown")
    country.at_node(country.coming_down())
    shown = country.node.bill(bill["bill_id"])
    assert (shown["payments"][0]["state"], shown["state"]) == ("failed", "created")
    assert country.wish(bill)["payment_id"] != wish["payment_id"]  # it may be tried again


def test_a_fact_about_a_wish_that_a_restored_node_lost_is_held_for_a_person(country: Country) -> None:
    _, charge = pending(country)
    country.node.rows("DELETE FROM payment WHERE merchant_reference = :r RETURNING 1", r=charge.merchant_reference)
    country.centre.callback(paid_body(charge))
    country.at_node(country.coming_down())
    [review] = country.node.rows("SELECT reason, amount, bill_id FROM review WHERE merchant_reference = :r",
                                 r=charge.merchant_reference)
    assert (review.reason, review.amount, review.bill_id) == ("reference_unknown", TOTAL, None)


def test_money_that_a_restored_centre_heard_of_before_its_wish_is_claimed_by_it(country: Country) -> None:
    """The centre's backup is older than the wish; the rail repeats its callback; then the node sends the wish again."""
    bill = country.node.billed()
    wish = country.wish(bill)
    again = country.going_up()
    ours, theirs = wish["payment_id"].hex, "9876543210"
    assert country.centre.callback(callback_body(ours, reference=theirs)) is True
    assert country.news_of(wish["payment_id"]) == []  # nobody knows for whom it is
    [held] = country.centre.rows("SELECT id, reason, amount FROM review WHERE merchant_reference = :r", r=ours)
    assert (held.reason, held.amount) == ("reference_unknown", TOTAL)
    country.at_centre(again)
    report = base.Report(ours, base.PAID, theirs, amount=TOTAL, paid_at=PAID_AT)  # what the rail says when asked
    country.centre.attempt(lambda work: charges.take(work, charges.one(work, wish["payment_id"]), report, "question"))
    country.at_node(country.coming_down())
    assert state(country, bill) == "paid"
    [settled] = country.centre.rows("SELECT decision FROM review WHERE id = :r", r=held.id)
    assert settled.decision == "claimed"


def test_a_reference_that_ran_out_comes_down_and_another_can_be_had(country: Country) -> None:
    bill, charge = pending(country)
    country.centre.callback(callback_body(charge.merchant_reference, "EXPIRED", reference=charge.reference))
    country.at_node(country.coming_down())
    assert country.node.bill(bill["bill_id"])["payments"][0]["state"] == "expired"
    assert state(country, bill) == "failed"  # its own time is not over
    assert country.wish(bill)["state"] == "created"
    country.centre.callback(paid_body(charge))  # the kiosk was slow: money is never argued away
    country.at_node(country.coming_down())
    assert state(country, bill) == "paid"
    assert country.charge(charge.id).state == "paid"


def test_the_rail_refuses_and_asks_nothing_of_a_node(country: Country) -> None:
    """A node cannot be talked into believing a rail that speaks to the centre."""
    _, charge = pending(country)
    with pytest.raises(Refusal) as said:
        country.node.callback(paid_body(charge), rail="centre")
    assert said.value.faults[0].code == "callback_forged"
    with pytest.raises(ValueError, match="EG-SUZ"):
        country.centre.callback(paid_body(charge))
        [fact] = country.news_of(charge.id)
        other = type(fact)(fact.id, fact.type, fact.source, fact.subject, 1, fact.time, "test",
                           {**fact.data, "node": "EG-SUZ"})
        try:
            country.at_node([other])
        finally:
            country.at_node([fact])


def test_a_forged_callback_changes_nothing_at_the_centre(country: Country) -> None:
    bill, charge = pending(country)
    with pytest.raises(Refusal, match="callback_forged"):
        country.centre.callback(callback_body(charge.merchant_reference, reference=charge.reference, key="wrong"))
    assert country.news_of(charge.id) == [] and state(country, bill) == "pending"


def test_finance_at_the_centre_sees_charges_by_node_and_what_is_owed_to_each(country: Country) -> None:
    _, charge = pending(country)
    country.centre.callback(paid_body(charge))
    country.at_node(country.coming_down())
    work = country.centre.unit_of_work()
    asked = {"stands": None, "since": None, "until": None, "arrived": {}, "before": None}
    page = charge_lists.listed(work, {**asked, "node": "EG-C", "state": "paid", "limit": 1})
    assert page["charges"][0]["node"] == "EG-C" and page["charges"][0]["paid_amount"] == TOTAL
    assert charge_lists.listed(work, {**asked, "node": "EG-SUZ", "state": None, "limit": 9})["charges"] == []
    bound = country.centre.unit_of_work(CASHIER)
    for run in (lambda: charge_lists.collected(bound), lambda: charge_lists.listed(bound, {})):
        with pytest.raises(Refusal, match="unit_bound"):
            run()
    [owed] = charge_lists.collected(work)["nodes"]
    assert (owed["node"], owed["amount"]) == ("EG-C", country.got())


def test_a_node_without_the_centres_rail_offers_none_and_the_centre_has_no_rail_of_that_name(country: Country) -> None:
    def offered(ground: Any) -> list[str]:
        return [one["name"] for one in paying.rails(ground.unit_of_work(PUBLIC))["rails"]]

    assert offered(country.node) == ["centre"]
    assert "centre" not in offered(country.centre)


def test_a_callback_that_comes_six_times_at_once_is_booked_and_told_once(country: Country) -> None:
    bill, charge = pending(country)
    before, body = country.owed(), paid_body(charge)
    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(lambda _: country.centre.callback(body), range(6))) == [False] * 5 + [True]
    assert country.owed() - before == TOTAL
    told = country.news_of(charge.id)
    assert [event.data["said"] for event in told] == ["paid"]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: country.at_node(told), range(4)))
    assert state(country, bill) == "paid" and reviews(country, bill) == []


@pytest.mark.parametrize("seed", range(4))
def test_whatever_the_line_does_every_piastre_is_in_both_books_once(country: Country, seed: int) -> None:
    """Wishes and facts arrive late, several times and in any order, while bills are paid at the counter as well; in the
    end each bill is paid once, or its money waits for a person, and both books say the same (the fixture looks)."""
    chance = random.Random(seed)
    before = (country.owed(), country.got())
    bills = [country.node.billed() for _ in range(6)]
    wishes = [country.wish(bill) for bill in bills]
    up, down, came = country.going_up(), [], 0
    open_ = list(zip(bills, wishes, strict=True))
    for _ in range(40):
        act = chance.choice(("up", "errands", "rail", "down", "counter", "tell"))
        if act == "up" and up:
            country.at_centre(chance.sample(up, chance.randint(1, len(up))))
        elif act == "errands":
            charge_errands.run(country.centre)  # type: ignore[arg-type]
        elif act == "rail":
            _, wish = chance.choice(open_)
            row = country.centre.rows("SELECT * FROM charge WHERE id = :i AND reference IS NOT NULL",
                                      i=wish["payment_id"])
            if row:
                amount = chance.choice((TOTAL, TOTAL, TOTAL, TOTAL - 50))
                came += amount if country.centre.callback(paid_body(row[0], amount)) else 0
        elif act == "down" and down:
            country.at_node(chance.sample(down, chance.randint(1, len(down))))
        elif act == "tell":
            down += country.coming_down()
            up += country.going_up()
        elif act == "counter":
            bill, _ = chance.choice(open_)
            with suppress(Refusal):
                country.node.attempt(lambda work, bill=bill: cash.take(
                    work, {"bill_id": bill["bill_id"], "tendered": TOTAL}), CASHIER)
    country.wait(seconds=10)
    errands.run(country.node)  # type: ignore[arg-type]
    for _ in range(3):  # the line is whole again, and everything that was told arrives once more
        up += country.going_up()
        country.at_centre(up)
        charge_errands.run(country.centre)  # type: ignore[arg-type]
        down += country.coming_down()
        country.at_node(down)
    assert (country.owed() - before[0], country.got() - before[1]) == (came, came)
    for bill in bills:
        paid = country.node.rows("SELECT 1 FROM receipt WHERE bill_id = :b", b=bill["bill_id"])
        assert len(paid) == (1 if state(country, bill) == "paid" else 0)
