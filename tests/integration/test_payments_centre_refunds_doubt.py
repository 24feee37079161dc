"""A refund at the centre's rail of which nobody can tell whether it went back: until that is known nobody calls it
refused, because its node would then give the same money back in another way."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.events import Event
from rules.refusal import Refusal, refuse
from services.payments import charge_lists, charge_refunds
from services.payments.rails import RAILS as adapters
from services.payments.rails import base
from tests.support.centre_refunds_ground import *  # noqa: F403  (fixtures)
from tests.support.centre_refunds_ground import (
    STAMP,
    altered,
    approved,
    at_rail,
    booked,
    order,
    other_id,
    paid,
    state,
    up,
)
from tests.support.payments_country import Country
from tests.support.payments_ground import TOTAL
from tests.support.refunds_ground import steer


def ordered_again(country: Country, stage: Any, *answers: Any, **more: Any) -> tuple[dict[str, Any], Any, Event, Any]:
    """A refund that the rail left in doubt, and that its node has ordered again: its bill, id, order and rail."""
    bill, _ = paid(country)
    play = stage(base.RefundUncertain("the rail says nothing"), *answers)
    refund_id = approved(country, bill, **more)
    country.at_centre(up(country))
    at_rail(country)
    country.at_node(country.coming_down())
    assert state(country, bill)[0] == "uncertain"
    steer(country.node, refund_id, "sent_again")
    [again] = up(country)
    country.at_centre([again])
    return bill, refund_id, again, play


def found(country: Country, refund_id: Any, *, given_back: bool, **more: Any) -> None:
    """A person at the centre has looked at the rail's statement."""
    body = {"refund_id": refund_id, "given_back": given_back, "reference": "R-1", "rail": None,
            "reason": "the statement of the day", **more}
    country.centre.attempt(lambda work: charge_refunds.settle(work, body))
    country.at_node(country.coming_down())


def test_ordered_again_at_a_rail_that_was_taken_off_it_stays_in_doubt(
        country: Country, stage: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    bill, refund_id, _, play = ordered_again(country, stage)

    def gone(settings: Any, name: str) -> Any:
        raise refuse("rail_unavailable", "rail")

    with monkeypatch.context() as patched:
        patched.setattr(adapters, "of", gone)
        at_rail(country)
    assert order(country, refund_id).state == "uncertain" and len(play.orders) == 1
    country.at_node(country.coming_down())
    assert state(country, bill)[0] == "uncertain"
    found(country, refund_id, given_back=True)
    assert state(country, bill)[0] == "done" and booked(country, refund_id) == (1, 1)


def test_ordered_again_it_keeps_its_place_at_the_rail_before_others_of_the_same_charge(
        country: Country, stage: Any) -> None:
    bill, refund_id, again, play = ordered_again(country, stage, base.DONE, base.DONE, lines=STAMP)
    rest = altered(again, refund_id=other_id(), amount=TOTAL - 2_050, attempt=1)
    country.centre.rows("UPDATE charge_refund SET next_at = next_at + interval '1 hour' WHERE id = :r RETURNING 1",
                        r=refund_id)
    country.at_centre([rest])
    at_rail(country)
    assert order(country, rest.data["refund_id"]).why == "another_first" and len(play.orders) == 1
    country.wait(seconds=3601)
    at_rail(country)
    country.at_node(country.coming_down())
    assert state(country, bill)[0] == "done" and booked(country, refund_id) == (1, 1)
    assert play.orders[1].repeated and play.orders[1].refund_reference == refund_id.hex
    # What the node never ordered is let go of: the rest was this test's own.
    country.centre.rows("UPDATE charge_refund SET state = 'refused', next_at = NULL WHERE id = :r RETURNING 1",
                        r=rest.data["refund_id"])


def test_an_order_that_comes_once_more_while_the_rail_is_called_takes_nothing_from_its_answer(
        country: Country, stage: Any) -> None:
    bill, _ = paid(country)
    refund_id = approved(country, bill)
    wished = up(country)

    def meanwhile(_: base.RefundOrder) -> str:
        country.at_centre(wished)
        return base.DONE

    play = stage(meanwhile)
    country.at_centre(wished)
    at_rail(country)
    assert order(country, refund_id).state == "done" and len(play.orders) == 1
    country.at_node(country.coming_down())
    assert state(country, bill)[0] == "done" and booked(country, refund_id) == (1, 1)


def in_vain(country: Country, refund_id: Any, wished: list[Event]) -> None:
    """A restored centre waits a day for the charge of this refund, and then tells that nobody knows."""
    country.at_centre(wished)
    at_rail(country)
    assert order(country, refund_id).state == "wished"
    country.wait(days=1, seconds=31)
    at_rail(country)
    country.at_node(country.coming_down())


@pytest.mark.parametrize(("backup", "why"), [
    ("state = 'pending', paid_amount = NULL", "charge_unpaid"),
    ("state = 'pending', paid_amount = 100", "above_paid"),  # of the first of two payments
])
def test_a_restored_centre_that_forgot_that_it_was_paid_does_not_say_that_nothing_went_back(
        country: Country, stage: Any, centre_restored: Any, backup: str, why: str) -> None:
    """The rail says of such a charge no more than that it was refunded: it never becomes paid here."""
    bill, charge = paid(country)
    refund_id = approved(country, bill)
    wished = up(country)
    country.centre.rows(f"UPDATE charge SET {backup} WHERE id = :i RETURNING 1", i=charge.id)
    play = stage()
    centre_restored()
    in_vain(country, refund_id, wished)
    assert order(country, refund_id).why == why
    assert play.orders == [] and state(country, bill)[0] == "uncertain"
    found(country, refund_id, given_back=False)
    assert state(country, bill)[0] == "refused"
    country.centre.rows("UPDATE charge SET paid_amount = :a, state = 'paid' WHERE id = :i RETURNING 1",
                        i=charge.id, a=TOTAL)


def test_a_charge_that_a_restored_centre_knows_as_withdrawn_may_have_been_paid_and_given_back(
        country: Country, stage: Any, centre_restored: Any) -> None:
    bill, charge = paid(country)
    refund_id = approved(country, bill)
    wished = up(country)
    country.centre.rows("UPDATE charge SET state = 'withdrawn', paid_amount = NULL WHERE id = :i RETURNING 1",
                        i=charge.id)
    play = stage()
    centre_restored()
    country.at_centre(wished)
    at_rail(country)
    country.at_node(country.coming_down())
    assert play.orders == [] and state(country, bill)[0] == "uncertain"
    with pytest.raises(Refusal, match="refund_kept_by_centre"):
        steer(country.node, refund_id, "rerouted", way="cash")
    found(country, refund_id, given_back=True)
    assert state(country, bill)[0] == "done" and booked(country, refund_id) == (1, 1)
    country.centre.rows("UPDATE charge SET state = 'paid', paid_amount = :a WHERE id = :i RETURNING 1",
                        i=charge.id, a=TOTAL)


@pytest.mark.parametrize("given_back", [True, False])
def test_of_a_charge_that_a_restored_centre_does_not_know_a_person_says_whether_it_went_back(
        country: Country, stage: Any, centre_restored: Any, given_back: bool) -> None:
    """It forgot the charge as well, and the wish was not sent again; ordered once more it stays in doubt."""
    bill, _ = paid(country)
    refund_id = approved(country, bill)
    wished = [altered(one, wish_id=other_id()) for one in up(country)]
    play, after = stage(), centre_restored()
    in_vain(country, refund_id, wished)
    assert order(country, refund_id).why == "charge_unknown" and state(country, bill)[0] == "uncertain"
    doubted = charge_lists.by_day(after.unit_of_work(), {"node": None, "since": None, "until": None})["in_doubt"]
    [seen] = [one for one in doubted if one["refund_id"] == refund_id]
    assert (seen["node"], seen["rail"], seen["bill_number"], seen["why"]) == (
        country.node.settings.node, None, None, "charge_unknown")
    steer(country.node, refund_id, "sent_again")
    country.at_centre([altered(one, wish_id=wished[0].data["wish_id"]) for one in up(country)])
    at_rail(country)
    country.at_node(country.coming_down())
    assert play.orders == [] and state(country, bill)[0] == "uncertain"
    if given_back:
        with pytest.raises(Refusal) as refused:
            found(country, refund_id, given_back=True, reference=None)
        assert [fault.field for fault in refused.value.faults] == ["reference", "rail"]
        with pytest.raises(Refusal, match="rail_unknown"):
            found(country, refund_id, given_back=True, rail="centre")
        found(country, refund_id, given_back=True, rail="fawry")
        assert state(country, bill)[0] == "done" and booked(country, refund_id) == (1, 1)
    else:
        found(country, refund_id, given_back=False)
        assert state(country, bill)[0] == "refused"
