"""Refunds at the centre's rail when a place was restored from a backup, and all of what a line can do at once: what the
rail gave back is what both books say."""

from __future__ import annotations

import random
from typing import Any
from uuid import UUID

import pytest

from contracts.events import Event
from infra.peers.client import Peers
from infra.postgres import Postgres
from rules import ledger as accounts
from rules.refusal import Refusal
from services.payments import charge_refunds, ledger, refund_wishes, reviews
from services.payments.rails import RAILS as adapters
from services.payments.rails import base
from tests.support.callback_door import CallbackDoor
from tests.support.centre_refunds_ground import *  # noqa: F403  (fixtures)
from tests.support.centre_refunds_ground import (
    STAMP,
    altered,
    approved,
    at_rail,
    booked,
    of,
    order,
    other_id,
    paid,
    pending,
    state,
    up,
    wish_subject,
)
from tests.support.payments_country import Country
from tests.support.payments_ground import TOTAL, callback_body
from tests.support.refunds_ground import OFFICER, ask, decide, hand_over, standing, steer

# -- restored places ---------------------------------------------------------------------------------------------------


def test_a_centre_that_forgot_what_it_gave_back_finds_it_at_the_rail(
        country: Country, peers: Peers, door: CallbackDoor, centre_restored: Any) -> None:
    bill, charge = pending(country)
    country.pay_at_rail(peers, door, charge.id)
    refund_id = approved(country, bill)
    wished = up(country)
    peers.control(rail={"callbacks_paused": True})
    adapters.of(country.centre.settings, "fawry").refund(base.RefundOrder(  # by its former self
        refund_id.hex, charge.merchant_reference, charge.reference, TOTAL, TOTAL, "refund"))
    centre_restored()
    country.at_centre(wished)
    at_rail(country)
    country.at_node(country.coming_down())
    [at_sandbox] = [one for one in peers.charges() if one["reference"] == charge.reference]
    assert len(at_sandbox["refunds"]) == 1 and booked(country, refund_id) == (1, 1)
    assert state(country, bill) == ("done", "refunded")


def unsaid(country: Country, postgres: Postgres, *subjects: Any, place: str = "node") -> None:
    """A place's database is of before these were told: its event log too, which nobody but its administrator can
    shorten."""
    database = getattr(country, place).settings.database_url.rsplit("/", 1)[1]
    postgres.sql("SET session_replication_role = replica; DELETE FROM event_log WHERE subject IN "
                 f"({', '.join(repr(str(one)) for one in subjects)});", database)


def test_what_was_refused_and_paid_in_cash_does_not_go_out_when_a_restored_centre_hears_its_order_again(
        country: Country, stage: Any, postgres: Postgres, centre_restored: Any) -> None:
    bill, _ = paid(country)

    def unknown_to_the_rail(order: base.RefundOrder) -> Any:
        order.check_sending()
        return base.DONE

    play = stage(base.RailRefused("not today"), unknown_to_the_rail)
    refund_id = approved(country, bill)
    wished = up(country)
    country.at_centre(wished)
    at_rail(country)
    country.at_node(country.coming_down())
    steer(country.node, refund_id, "rerouted", way="cash")
    hand_over(country.node, refund_id)
    unsaid(country, postgres, refund_id, place="centre")
    country.centre.rows("DELETE FROM charge_refund WHERE id = :r RETURNING 1", r=refund_id)
    country.wait(minutes=10)
    centre_restored()
    country.at_centre(wished)  # the node sends again what the centre lost
    at_rail(country)
    country.at_node(country.coming_down())
    assert (order(country, refund_id).state, order(country, refund_id).why) == ("uncertain", "ordered_before")
    assert [one.only_looked_up for one in play.orders] == [False, True]
    assert (of(country, bill)["state"], of(country, bill)["way"]) == ("done", "cash")
    country.centre.attempt(lambda work: charge_refunds.settle(work, {
        "refund_id": refund_id, "given_back": False, "reference": None, "rail": None,
        "reason": "the statement of the day shows nothing"}))
    country.at_node(country.coming_down())
    assert (of(country, bill)["state"], booked(country, refund_id)) == ("done", (0, 1))


@pytest.mark.parametrize("lines", [None, STAMP])
def test_a_node_that_forgot_its_order_asks_its_people_again_and_books_what_the_centre_says(
        country: Country, stage: Any, postgres: Postgres, lines: Any) -> None:
    """Its backup is of before the refund was asked for: the money is back at the citizen's, nothing here says so."""
    bill, _ = paid(country)
    play = stage(base.DONE)
    refund_id = approved(country, bill, lines=lines)
    country.at_centre(up(country))
    at_rail(country)
    unsaid(country, postgres, refund_id, wish_subject(refund_id))
    country.node.rows("DELETE FROM refund WHERE id = :r RETURNING 1", r=refund_id)
    country.node.rows("UPDATE bill SET state = 'paid' WHERE id = :b RETURNING 1", b=bill["bill_id"])
    told = country.coming_down()
    country.at_node([*told, *told])
    [review] = country.node.rows("SELECT reason FROM review WHERE bill_id = :b", b=bill["bill_id"])
    assert review.reason == "refund_reported"
    asked = of(country, bill)
    assert (asked["refund_id"], asked["state"], asked["requested_by"]) == (refund_id, "requested", "system")
    decide(country.node, refund_id)
    country.at_centre(up(country))
    at_rail(country)
    country.at_node(country.coming_down())
    assert state(country, bill) == ("done", "refunded" if lines is None else "partly_refunded")
    assert booked(country, refund_id) == (1, 1) and len(play.orders) == 1


def test_a_node_restored_from_between_asking_and_approving_books_it_when_its_people_agree_again(
        country: Country, stage: Any, postgres: Postgres) -> None:
    bill, _ = paid(country)
    play = stage(base.DONE)
    refund_id = approved(country, bill)
    country.at_centre(up(country))
    at_rail(country)
    unsaid(country, postgres, wish_subject(refund_id))
    country.node.rows("UPDATE refund SET state = 'requested', attempts = 0, next_at = NULL WHERE id = :r "
                      "RETURNING 1", r=refund_id)
    country.at_node(country.coming_down())
    assert state(country, bill)[0] == "requested" and booked(country, refund_id)[1] == 0
    with pytest.raises(Refusal, match="refund_kept_by_centre"):  # the money is back: not out of the drawer once more
        decide(country.node, refund_id, way="cash")
    decide(country.node, refund_id)
    country.at_centre(up(country))
    country.at_node(country.coming_down())
    assert state(country, bill) == ("done", "refunded") and booked(country, refund_id) == (1, 1)
    assert len(play.orders) == 1


def test_a_node_restored_from_when_it_was_to_be_paid_in_cash_pays_nothing_twice(
        country: Country, stage: Any, postgres: Postgres) -> None:
    """First refused by the rail and sent to the drawer, then, before it was paid there, back to the rail after all."""
    bill, _ = paid(country)
    play = stage(base.DONE)
    refund_id = approved(country, bill)
    country.at_centre(up(country))
    at_rail(country)
    unsaid(country, postgres, wish_subject(refund_id))
    country.node.rows("UPDATE refund SET state = 'approved', way = 'cash', attempts = 0, next_at = NULL WHERE id = :r "
                      "RETURNING 1", r=refund_id)
    country.at_node(country.coming_down())
    with pytest.raises(Refusal, match="refund_kept_by_centre"):
        hand_over(country.node, refund_id)
    with pytest.raises(Refusal, match="refund_kept_by_centre"):
        steer(country.node, refund_id, "rerouted", way="bank")
    steer(country.node, refund_id, "rerouted", way="rail")
    country.at_centre(up(country))
    country.at_node(country.coming_down())
    assert state(country, bill) == ("done", "refunded") and booked(country, refund_id) == (1, 1)
    assert len(play.orders) == 1


def forgotten(country: Country, stage: Any, postgres: Postgres, **more: Any) -> tuple[dict[str, Any], Any, list[Event]]:
    """A refund that the rail gave back, and of which its restored node knows nothing: its bill, id and the news."""
    bill, _ = paid(country)
    stage(base.DONE, base.DONE, base.DONE)
    refund_id, told = forget(country, bill, postgres, **more)
    return bill, refund_id, told


def forget(country: Country, bill: dict[str, Any], postgres: Postgres, **more: Any) -> tuple[Any, list[Event]]:
    refund_id = approved(country, bill, **more)
    country.at_centre(up(country))
    at_rail(country)
    unsaid(country, postgres, refund_id, wish_subject(refund_id))
    country.node.rows("DELETE FROM refund WHERE id = :r RETURNING 1", r=refund_id)
    country.node.rows("UPDATE bill SET state = 'paid' WHERE id = :b RETURNING 1", b=bill["bill_id"])
    return refund_id, country.coming_down()


def by_hand(country: Country, bill: dict[str, Any], **more: Any) -> Any:
    asked = ask(country.node, bill, **more)
    decide(country.node, asked["refund_id"], way="cash")
    hand_over(country.node, asked["refund_id"])
    return asked["refund_id"]


def test_what_was_paid_in_cash_meanwhile_is_not_asked_for_a_second_time(
        country: Country, stage: Any, postgres: Postgres) -> None:
    bill, refund_id, told = forgotten(country, stage, postgres)
    by_hand(country, bill, lines=STAMP)
    country.at_node(told)
    assert [one["state"] for one in standing(country.node, bill)["refunds"]] == ["done"]
    rest = ask(country.node, bill)["refund_id"]
    refund_wishes.ask_forgotten(country.node)  # type: ignore[arg-type]
    for way in ("cash", "rail"):  # all of it went back by the rail
        with pytest.raises(Refusal, match="refund_forgotten_first"):
            decide(country.node, rest, way=way)
    noted(country, refund_id)
    with pytest.raises(Refusal, match="refund_forgotten_first"):
        decide(country.node, rest, way="cash")
    decide(country.node, rest)
    country.at_centre(up(country))
    at_rail(country)
    country.at_node(country.coming_down())
    assert order(country, rest).why == "above_paid" and state(country, bill)[0] == "refused"
    with pytest.raises(Refusal, match="refund_forgotten_first"):
        steer(country.node, rest, "rerouted", way="cash")
    assert country.node.bill(bill["bill_id"])["refunded"] == 2_050
    # The centre's debt and the node's claim differ by what went back twice; the ground wants them the same.
    country.centre.attempt(lambda work: ledger.post(work, accounts.collected_for_node(
        "fawry", f"{refund_id.hex}:correction", country.node.settings.node, TOTAL)))


def noted(country: Country, refund_id: Any) -> None:
    """A person has seen what the centre told of this refund."""
    [review] = country.node.rows("SELECT id FROM review WHERE reference = CAST(:r AS text)", r=refund_id)
    country.node.attempt(lambda work: reviews.settle_one(work, {
        "review_id": review.id, "decision": "note", "reason": "paid in cash before the centre told"}), OFFICER)


@pytest.mark.parametrize("news_first", [True, False])
def test_what_was_asked_for_anew_before_the_news_came_does_not_go_back_a_second_time(
        country: Country, stage: Any, postgres: Postgres, news_first: bool) -> None:
    """Of the same lines, by a clerk who finds no refund; a part, so that the payment has enough left for both."""
    bill, lost, told = forgotten(country, stage, postgres, lines=STAMP)
    anew = ask(country.node, bill, lines=STAMP)["refund_id"]
    if news_first:
        country.at_node(told)
        with pytest.raises(Refusal, match="refund_forgotten_first"):
            decide(country.node, anew)
        decide(country.node, anew, approve=False)
    else:
        decide(country.node, anew)
        country.at_centre(up(country))
        at_rail(country)
        assert (order(country, anew).state, order(country, anew).why) == ("refused", "another_unknown")
        country.at_node(country.coming_down())  # the lost one is told once more
        with pytest.raises(Refusal, match="refund_forgotten_first"):
            steer(country.node, anew, "sent_again")
        steer(country.node, anew, "given_up")
    assert of(country, bill)["refund_id"] == anew
    refund_wishes.ask_forgotten(country.node)  # type: ignore[arg-type]
    refund_wishes.ask_forgotten(country.node)  # type: ignore[arg-type]
    assert sorted((one["refund_id"] == lost, one["state"]) for one in standing(country.node, bill)["refunds"]) == [
        (False, "rejected"), (True, "requested")]
    decide(country.node, lost)
    country.at_centre(up(country))
    at_rail(country)
    country.at_node([*country.coming_down(), *told])
    assert booked(country, lost) == (1, 1) and booked(country, anew) == (0, 0)
    rest = by_hand(country, bill)
    assert of(country, bill)["refund_id"] == rest and of(country, bill)["amount"] == TOTAL - 2_050


def test_held_money_of_a_payment_that_was_forgotten_as_well_is_not_paid_by_the_bank(
        country: Country, stage: Any) -> None:
    """Restored from before the payment: its money is told as of nobody, and so is that it went back."""
    bill, charge = pending(country)
    country.centre.callback(callback_body(charge.merchant_reference, reference=charge.reference))
    [news] = [one for one in country.coming_down() if one.data["paid_amount"]]
    unknown, lost = other_id(1), other_id(2)
    country.at_node([altered(news, charge_id=unknown, reference="99887766", news="99887766"), news])
    stage(base.DONE)
    approved(country, bill)
    country.at_centre(up(country))
    at_rail(country)
    [_, done] = country.coming_down()
    country.at_node([altered(done, charge_id=unknown, refund_id=lost), done])
    [held] = country.node.rows("SELECT id FROM review WHERE amount > 0 AND merchant_reference = :m",
                               m=UUID(unknown).hex)
    asked = country.node.attempt(lambda work: reviews.settle_one(work, {
        "review_id": held.id, "decision": "return", "reason": "of no bill that we know"}), OFFICER)
    with pytest.raises(Refusal, match="refund_forgotten_first"):
        decide(country.node, asked["refund_id"])
    decide(country.node, asked["refund_id"], approve=False)
    # Held here and owed by nobody: the ground wants both books the same.
    country.centre.attempt(lambda work: ledger.post(work, accounts.collected_for_node(
        "fawry", f"{charge.id.hex}:forgotten", country.node.settings.node, TOTAL)))


def test_who_asked_again_is_not_rejected_or_given_up_because_the_money_is_back(
        country: Country, stage: Any, postgres: Postgres) -> None:
    bill, refund_id, told = forgotten(country, stage, postgres)
    country.at_node(told)
    with pytest.raises(Refusal, match="refund_kept_by_centre"):
        decide(country.node, refund_id, approve=False)
    decide(country.node, refund_id)
    with pytest.raises(Refusal, match="refund_kept_by_centre"):
        steer(country.node, refund_id, "given_up")
    country.at_centre(up(country))
    country.at_node(country.coming_down())
    assert state(country, bill) == ("done", "refunded") and booked(country, refund_id) == (1, 1)


def test_the_rest_of_a_payment_goes_any_way_once_what_the_centre_gave_back_is_booked(
        country: Country, stage: Any, postgres: Postgres) -> None:
    bill, refund_id, told = forgotten(country, stage, postgres, lines=STAMP)
    country.at_node(told)
    decide(country.node, refund_id)
    country.at_centre(up(country))
    country.at_node(country.coming_down())
    assert booked(country, refund_id) == (1, 1)
    rest = by_hand(country, bill)
    assert of(country, bill)["amount"] == TOTAL - 2_050 and state(country, bill) == ("done", "refunded") and rest


# -- all of it at once -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
def test_whatever_the_line_does_each_refund_is_in_both_books_once_or_in_neither(
        country: Country, stage: Any, seed: int) -> None:
    """Orders and answers arrive late, several times and in any order, and the rail answers as it likes; in the end what
    the rail gave back is what both books say (the fixture looks too)."""
    chance = random.Random(seed)
    bills = [paid(country)[0] for _ in range(4)]
    before = (country.owed(), country.got())
    gave: dict[str, int] = {}

    def answer(order: base.RefundOrder) -> Any:
        if order.repeated and order.refund_reference in gave:
            return base.DONE
        said = chance.choice((base.DONE, base.DONE, "lost", "refuse", "down"))
        if said in (base.DONE, "lost"):
            assert order.refund_reference not in gave, "given back twice"
            gave[order.refund_reference] = order.amount
        if said == base.DONE:
            return base.DONE
        return {"lost": base.RailUnreachable("cut"), "down": base.RailUnreachable("down"),
                "refuse": base.RailRefused("no")}[said]

    stage(*[answer] * 500)
    ups: list[Event] = []
    downs: list[Event] = []
    refunds = [approved(country, bill, lines=chance.choice((None, STAMP))) for bill in bills]
    for _ in range(50):
        act = chance.choice(("up", "up", "rail", "down", "tell", "people"))
        if act == "up" and ups:
            country.at_centre(chance.sample(ups, chance.randint(1, len(ups))))
        elif act == "rail":
            country.centre.wait(seconds=70)
            at_rail(country)
        elif act == "down" and downs:
            country.at_node(chance.sample(downs, chance.randint(1, len(downs))))
        elif act == "tell":
            ups += up(country)
            downs += country.coming_down()
        elif act == "people":
            for bill, refund_id in zip(bills, refunds, strict=True):
                if of(country, bill)["state"] == "refused" and chance.random() < 0.5:
                    steer(country.node, refund_id, "sent_again")
    for _ in range(60):
        ups += up(country)
        country.at_centre(ups)
        country.centre.wait(seconds=70)
        at_rail(country)
        downs += country.coming_down()
        country.at_node(downs)
        for bill, refund_id in zip(bills, refunds, strict=True):
            if of(country, bill)["state"] == "refused":
                steer(country.node, refund_id, "sent_again")
    assert {of(country, bill)["state"] for bill in bills} == {"done"}
    assert sorted(gave) == sorted(refund_id.hex for refund_id in refunds)
    total = sum(gave.values())
    assert (country.owed(), country.got()) == (before[0] - total, before[1] - total)
    assert [booked(country, refund_id) for refund_id in refunds] == [(1, 1)] * 4


def test_a_review_that_cannot_be_opened_holds_up_no_other(
        country: Country, stage: Any, postgres: Postgres, caplog: pytest.LogCaptureFixture,
        monkeypatch: pytest.MonkeyPatch) -> None:
    """Of three refunds that were forgotten while another of their bill was open, the second's key is not there; a page
    holds one review."""
    monkeypatch.setattr(refund_wishes, "PAGE", 1)
    bills = [paid(country)[0] for _ in range(3)]
    stage(*[base.DONE] * 9)
    lost = {}
    for bill in bills:
        refund_id, told = forget(country, bill, postgres, lines=STAMP)
        other = ask(country.node, bill)["refund_id"]
        country.at_node(told)
        decide(country.node, other, approve=False)
        assert of(country, bill)["refund_id"] == other
        lost[UUID(str(refund_id))] = bill
    [_, hidden, _] = [UUID(row.reference) for row in country.node.rows(
        "SELECT reference FROM review WHERE reference = ANY(:lost) ORDER BY id", lost=[str(one) for one in lost])]
    turn_key(country, hidden, "replace(body, 'v1.', 'v1.gone')")
    refund_wishes.ask_forgotten(country.node)  # type: ignore[arg-type]
    assert asked_again(country, lost) == {*lost} - {hidden}
    assert "could not be asked for again" in caplog.text
    turn_key(country, hidden, "replace(body, 'v1.gone', 'v1.')")
    refund_wishes.ask_forgotten(country.node)  # type: ignore[arg-type]
    assert asked_again(country, lost) == {*lost}
    for refund_id in lost:
        decide(country.node, refund_id)
    country.at_centre(up(country))
    country.at_node(country.coming_down())
    assert [booked(country, refund_id) for refund_id in lost] == [(1, 1)] * 3


def asked_again(country: Country, lost: dict[UUID, dict[str, Any]]) -> set[UUID]:
    """Those of these refunds that wait for a decision at their bill."""
    return {UUID(str(one["refund_id"])) for bill in lost.values() for one in standing(country.node, bill)["refunds"]
            if one["state"] == "requested"} & {*lost}


def turn_key(country: Country, refund_id: UUID, body: str) -> None:
    """The key under which a review is sealed is another one from now on."""
    [_] = country.node.rows(f"UPDATE review SET body = {body} WHERE reference = :r RETURNING 1", r=str(refund_id))
