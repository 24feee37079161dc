"""A node gives back what a rail of the centre's took: the order goes up, the rail gives the money back once, what came
of it comes down; each of it late, twice and out of order. Both books agree to the piastre after every test."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from infra.peers.client import Peers
from rules.refusal import Refusal
from services.payments import cash, charge_refund_errands, charge_refunds, reviews
from services.payments.rails import base
from tests.integration.test_payments import CASHIER
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
)
from tests.support.payments_country import Country
from tests.support.payments_ground import TOTAL, callback_body
from tests.support.rail_stage import Killed
from tests.support.refunds_ground import CHIEF, OFFICER, ask, decide, hand_over, steer


def test_from_the_decision_at_the_node_to_both_books(country: Country, peers: Peers, door: CallbackDoor) -> None:
    bill, charge = pending(country)
    country.pay_at_rail(peers, door, charge.id)
    before = country.owed()
    refund_id = approved(country, bill)
    [event] = up(country)
    # The centre hears what goes back of which wish, and nothing of whose it is, who decided or why.
    assert set(event.data) - {"line"} == {"refund_id", "wish_id", "bill_number", "amount", "attempt", "of", "owner_id",
                                          "parts", "known", "wished_at", "node"}
    assert (event.data["amount"], event.data["attempt"], event.data["node"]) == (TOTAL, 1, "EG-C")
    assert state(country, bill) == ("sent", "refund_requested")
    country.at_centre([event])
    at_rail(country)
    kept: list[Any] = []
    heard = 0
    while not kept:  # the rail's own callback about it
        heard = len(door.wait_for(heard + 1))
        kept = country.centre.rows("SELECT body FROM charge_report WHERE charge_id = :c AND status = 'refunded'",
                                   c=charge.id)
    [taken, told] = country.coming_down()
    assert (taken.data["said"], told.data["said"], told.data["why"]) == ("waiting", "done", None)
    country.at_node([told])
    assert state(country, bill) == ("done", "refunded")
    assert booked(country, refund_id) == (1, 1) and country.owed() == before - TOTAL
    [at_sandbox] = [one for one in peers.charges() if one["reference"] == charge.reference]
    assert [one["amount"] for one in at_sandbox["refunds"]] == ["120.50"]
    # What the rail called back is kept as it came, sealed.
    assert "REFUNDED" in country.centre.context.privacy.open(kept[0].body, field="payments.charge_report.body")
    assert country.node.rows("SELECT 1 FROM review WHERE bill_id = :b", b=bill["bill_id"]) == []


def test_in_two_parts_each_of_them_once(country: Country, peers: Peers, door: CallbackDoor) -> None:
    bill, charge = pending(country)
    country.pay_at_rail(peers, door, charge.id)
    for lines, after in ((STAMP, "partly_refunded"), (None, "refunded")):
        refund_id = approved(country, bill, lines=lines)
        country.at_centre(up(country))
        at_rail(country)
        country.at_node(country.coming_down())
        assert state(country, bill) == ("done", after)
        assert booked(country, refund_id) == (1, 1)
    [at_sandbox] = [one for one in peers.charges() if one["reference"] == charge.reference]
    assert [one["amount"] for one in at_sandbox["refunds"]] == ["20.50", "100.00"]


def test_what_comes_twice_in_either_direction_is_given_back_and_booked_once(country: Country, stage: Any) -> None:
    bill, _ = paid(country)
    play = stage(base.DONE)
    refund_id = approved(country, bill)
    wished = up(country)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: country.at_centre(wished), range(4)))
    at_rail(country)
    country.at_centre(wished)  # and once more when it is done: it is answered again
    at_rail(country)
    told = country.coming_down()
    assert [event.data["said"] for event in told][-2:] == ["done", "done"]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: country.at_node([*told, *told]), range(4)))
    assert len(play.orders) == 1 and booked(country, refund_id) == (1, 1)
    assert state(country, bill) == ("done", "refunded")


def test_until_the_centre_has_answered_nobody_gives_the_money_back_in_another_way(country: Country) -> None:
    bill, _ = paid(country)
    refund_id = approved(country, bill)
    wished = up(country)  # and the line is cut
    country.node.wait(days=3)
    assert state(country, bill) == ("sent", "refund_requested") and up(country) == []  # ordered once
    for run, code in ((lambda: hand_over(country.node, refund_id), "refund_not_possible"),
                      (lambda: steer(country.node, refund_id, "rerouted", way="cash"), "refund_not_possible"),
                      (lambda: steer(country.node, refund_id, "confirmed", reference="1"), "refund_kept_by_centre"),
                      (lambda: ask(country.node, bill), "refund_open")):
        with pytest.raises(Refusal, match=code):
            run()
    country.node.wait(days=-3)
    country.at_centre(wished)


def test_a_rail_that_is_down_is_tried_again_and_the_node_is_told_that_it_waits(country: Country, stage: Any) -> None:
    bill, _ = paid(country)
    play = stage(base.RailUnreachable("no answer"), base.RailUnreachable("no answer"), base.DONE)
    refund_id = approved(country, bill)
    country.at_centre(up(country))
    at_rail(country)
    [_, waiting] = country.coming_down()
    assert (waiting.data["said"], waiting.data["why"]) == ("waiting", "rail_unreachable")
    country.at_node([waiting])
    assert (of(country, bill)["state"], of(country, bill)["error"]) == ("sent", "rail_unreachable: no answer")
    for seconds in (6, 16):
        country.wait(seconds=seconds)
        at_rail(country)
    [done] = country.coming_down()  # told to wait once only
    country.at_node([done, waiting])
    assert state(country, bill)[0] == "done" and of(country, bill)["error"] is None
    assert [one.repeated for one in play.orders] == [False, True, True] and booked(country, refund_id) == (1, 1)


def test_killed_while_the_rail_was_called_the_order_is_looked_up_before_it_is_sent_again(
        country: Country, stage: Any) -> None:
    bill, _ = paid(country)
    play = stage(Killed(), base.DONE)
    refund_id = approved(country, bill)
    country.at_centre(up(country))
    with pytest.raises(Killed):
        charge_refund_errands._send(country.centre, order(country, refund_id))  # type: ignore[arg-type]
    at_rail(country)
    assert len(play.orders) == 1, "somebody may still be at it"
    country.wait(seconds=61)
    at_rail(country)
    country.at_node(country.coming_down())
    assert [one.repeated for one in play.orders] == [False, True] and state(country, bill)[0] == "done"


def test_what_the_rail_has_under_way_is_done_when_it_says_so(country: Country, stage: Any) -> None:
    bill, charge = paid(country)
    stage(base.UNDER_WAY)
    refund_id = approved(country, bill)
    country.at_centre(up(country))
    at_rail(country)
    under_way = country.coming_down()
    country.at_node(under_way)
    assert state(country, bill)[0] == "under_way" and booked(country, refund_id) == (0, 0)
    country.centre.callback(callback_body(charge.merchant_reference, "REFUNDED", reference=charge.reference))
    told = country.coming_down()
    assert [event.type for event in told] == ["gateway.refund.answered.v1"]  # and no news of a charge beside it
    country.at_node([*told, *under_way])
    assert state(country, bill) == ("done", "refunded") and booked(country, refund_id) == (1, 1)


def test_what_the_rail_refuses_goes_another_way_and_an_old_order_does_not_start_it_again(
        country: Country, stage: Any) -> None:
    bill, _ = paid(country)
    play = stage(base.RailRefused("code 9935"))
    refund_id = approved(country, bill)
    wished = up(country)
    country.at_centre(wished)
    at_rail(country)
    country.at_node(country.coming_down())
    shown = of(country, bill)
    assert (shown["state"], shown["error"]) == ("refused", "rail_refused: code 9935")
    with pytest.raises(Refusal, match="refund_kept_by_centre"):
        steer(country.node, refund_id, "confirmed", reference="77")
    steer(country.node, refund_id, "rerouted", way="cash")
    hand_over(country.node, refund_id)
    country.at_centre(wished)
    at_rail(country)
    country.at_node(country.coming_down())
    assert len(play.orders) == 1 and state(country, bill) == ("done", "refunded")
    assert booked(country, refund_id) == (0, 1)  # out of the drawer; the centre still owes what its rail took


def test_ordered_again_after_a_refusal_the_late_answer_to_the_first_order_changes_nothing(
        country: Country, stage: Any) -> None:
    bill, _ = paid(country)
    play = stage(base.RailRefused("not today"), base.DONE)
    refund_id = approved(country, bill)
    country.at_centre(up(country))
    at_rail(country)
    refused = country.coming_down()
    country.at_node(refused)
    steer(country.node, refund_id, "sent_again")
    [again] = up(country)
    assert again.data["attempt"] == 2
    country.at_node(refused)
    assert state(country, bill)[0] == "sent"
    country.at_centre([again])
    at_rail(country)
    country.at_node([*country.coming_down(), *refused])
    assert state(country, bill)[0] == "done" and booked(country, refund_id) == (1, 1)
    assert [one.repeated for one in play.orders] == [False, True]


@pytest.mark.parametrize("given_back", [True, False])
def test_where_nobody_can_tell_a_person_at_the_centre_says_and_the_node_follows(
        country: Country, stage: Any, given_back: bool) -> None:
    bill, _ = paid(country)
    stage(base.RefundUncertain("the rail says nothing"))
    refund_id = approved(country, bill)
    country.at_centre(up(country))
    at_rail(country)
    country.at_node(country.coming_down())
    assert state(country, bill)[0] == "uncertain"
    steering: list[tuple[str, dict[str, Any]]] = [("confirmed", {"reference": "1"}), ("rerouted", {"way": "cash"})]
    for act, more in steering:
        with pytest.raises(Refusal, match="refund_kept_by_centre"):
            steer(country.node, refund_id, act, **more)
    body = {"refund_id": refund_id, "given_back": given_back, "reference": "R-9", "reason": "the statement of the day"}
    settle = charge_refunds.settle
    bound = country.centre.unit_of_work(CHIEF)
    with pytest.raises(Refusal, match="unit_bound"):
        settle(bound, body)
    with pytest.raises(Refusal, match="field_required"):
        country.centre.attempt(lambda work: settle(work, {**body, "given_back": True, "reference": None}))
    assert country.centre.attempt(lambda work: settle(work, body))["state"] == ("done" if given_back else "refused")
    with pytest.raises(Refusal, match="charge_refund_certain"):
        country.centre.attempt(lambda work: settle(work, body))
    country.at_node(country.coming_down())
    shown = of(country, bill)
    if given_back:
        assert (shown["state"], shown["reference"]) == ("done", "R-9") and booked(country, refund_id) == (1, 1)
    else:
        assert (shown["state"], shown["error"]) == ("refused", "not_given_back")
        steer(country.node, refund_id, "rerouted", way="cash")
        hand_over(country.node, refund_id)
        assert booked(country, refund_id) == (0, 1)


# -- what is not its to give back -------------------------------------------------------------------------------------


def test_of_a_charge_never_more_goes_back_than_came_and_of_anothers_nothing(country: Country, stage: Any) -> None:
    bill, _ = paid(country)
    play = stage(base.DONE, base.DONE)
    approved(country, bill, lines=STAMP)
    [wished] = up(country)
    known = [wished.data["refund_id"], other_id(1), other_id(2), other_id(3)]
    wished = altered(wished, known=known)
    others = [altered(wished, refund_id=known[1], node="EG-SUZ"), altered(wished, refund_id=known[2], amount=TOTAL + 1)]
    country.at_centre([*others, wished])
    at_rail(country)
    country.wait(seconds=31)
    at_rail(country)
    assert [order(country, one.data["refund_id"]).why for one in others] == ["charge_unknown", "above_paid"]
    again = altered(wished, refund_id=known[3], amount=TOTAL)
    country.at_centre([again, altered(wished, node="EG-SUZ"), altered(wished, amount=1)])
    at_rail(country)
    assert order(country, again.data["refund_id"]).why == "above_paid"
    assert [one.amount for one in play.orders] == [2_050]
    audited = country.centre.rows("SELECT 1 FROM audit WHERE action = 'charge_refund.not_its_own' AND subject = :s",
                                  s=wished.data["refund_id"])
    assert len(audited) == 2


def test_of_a_wish_that_was_withdrawn_nothing_goes_back(country: Country, stage: Any) -> None:
    bill, _ = paid(country)
    play = stage()
    approved(country, bill)
    [wished] = up(country)
    withdrawn = country.node.billed()
    wish = country.wish(withdrawn)
    country.node.attempt(lambda work: cash.take(work, {"bill_id": withdrawn["bill_id"], "tendered": TOTAL}), CASHIER)
    country.wait(seconds=10)
    country.run()
    country.at_centre(reversed(country.going_up()))
    made = altered(wished, refund_id=other_id(), wish_id=str(wish["payment_id"]))
    country.at_centre([made])
    at_rail(country)
    assert (order(country, made.data["refund_id"]).state, order(country, made.data["refund_id"]).why) == (
        "refused", "charge_unpaid")
    assert play.orders == []
    stage(base.DONE)
    country.at_centre([wished])


def test_an_order_that_overtakes_what_it_gives_back_waits_for_it_and_is_refused_after_a_day(
        country: Country, stage: Any) -> None:
    bill, charge = paid(country)
    approved(country, bill)
    [wished] = up(country)
    early = altered(wished, refund_id=other_id(1), wish_id=other_id(2))
    country.at_centre([early])
    at_rail(country)
    assert (order(country, early.data["refund_id"]).state, order(country, early.data["refund_id"]).why) == (
        "wished", "charge_unknown")
    country.wait(days=1, seconds=31)
    at_rail(country)
    assert order(country, early.data["refund_id"]).state == "refused"
    # A centre restored from before the money came: the order waits until it has heard of it again.
    country.centre.rows("UPDATE charge SET paid_amount = NULL, state = 'pending' WHERE id = :i RETURNING 1",
                        i=charge.id)
    play = stage(base.DONE)
    country.at_centre([wished])
    at_rail(country)
    assert play.orders == [] and order(country, wished.data["refund_id"]).why == "charge_unpaid"
    country.centre.rows("UPDATE charge SET paid_amount = :a, state = 'paid' WHERE id = :i RETURNING 1", i=charge.id,
                        a=TOTAL)
    country.wait(seconds=31)
    at_rail(country)
    country.at_node(country.coming_down())
    assert state(country, bill)[0] == "done"


# -- other money than the bill's own ----------------------------------------------------------------------------------


def test_what_came_for_a_bill_that_was_paid_at_the_counter_goes_back_by_the_rail(country: Country, stage: Any) -> None:
    bill, charge = pending(country)
    country.node.attempt(lambda work: cash.take(work, {"bill_id": bill["bill_id"], "tendered": TOTAL}), CASHIER)
    country.centre.callback(callback_body(charge.merchant_reference, reference=charge.reference))
    country.at_node(country.coming_down())
    refund = of(country, bill)
    assert (refund["of"], refund["way"], refund["state"]) == ("credit", "rail", "requested")
    decide(country.node, refund["refund_id"])
    stage(base.DONE)
    country.at_centre(up(country))
    at_rail(country)
    country.at_node(country.coming_down())
    assert state(country, bill) == ("done", "paid") and booked(country, refund["refund_id"]) == (1, 1)


def test_money_held_for_its_amount_goes_back_by_the_rail(country: Country, stage: Any) -> None:
    bill, _ = paid(country, TOTAL - 50)
    [held] = [one for one in reviews.listed(country.node.unit_of_work(OFFICER))["reviews"]
              if str(one["bill_id"]) == str(bill["bill_id"])]
    country.node.attempt(lambda work: reviews.settle_one(work, {
        "review_id": held["review_id"], "decision": "return", "reason": "another amount than the bill's"}), OFFICER)
    refund = of(country, bill)
    assert (refund["of"], refund["way"], refund["amount"]) == ("held", "rail", TOTAL - 50)
    decide(country.node, refund["refund_id"])
    stage(base.DONE)
    country.at_centre(up(country))
    at_rail(country)
    country.at_node(country.coming_down())
    assert of(country, bill)["state"] == "done" and booked(country, refund["refund_id"]) == (1, 1)


def test_what_the_rail_gives_back_by_itself_is_laid_before_a_person_and_confirms_no_order(
        country: Country, stage: Any) -> None:
    bill, charge = paid(country)
    country.centre.callback(callback_body(charge.merchant_reference, "REFUNDED", reference=charge.reference))
    refund_id = approved(country, bill)
    up(country)
    told = country.coming_down()
    assert [event.data["said"] for event in told] == ["refunded"]
    country.at_node(told)
    [review] = country.node.rows("SELECT reason FROM review WHERE bill_id = :b", b=bill["bill_id"])
    assert review.reason == "refund_reported" and state(country, bill)[0] == "sent"
    assert booked(country, refund_id) == (0, 0)
