"""What the centre's rail can be: with each of them a node's bill is paid and given back in two parts, over the sandbox
that speaks as the rail does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from infra.peers.client import Peers
from infra.postgres import Postgres
from services.payments import charge_errands, charge_refund_errands, refund_errands
from tests.support import databases
from tests.support.callback_door import CallbackDoor
from tests.support.payments_country import Country
from tests.support.payments_ground import TOTAL
from tests.support.rail_speech import RAILS
from tests.support.refunds_ground import ask, decide, standing


@pytest.fixture(params=RAILS)
def country(request: pytest.FixtureRequest, database_url: Callable[..., str], postgres: Postgres, peers: Peers,
            door: CallbackDoor) -> Iterator[Country]:
    centre_url = databases.create(postgres, "payments", migrated=True)
    made = Country(database_url("payments"), centre_url, peers.url, door.url, datetime.now(UTC), rail=request.param)
    peers.control(rail={"down": False, "callbacks_paused": False, "refunds": "normal"})
    door.ground = made.centre
    door.fresh(peers)
    before = made.got()
    yield made
    peers.control(rail={"callbacks_paused": False})  # what the rail still has to say is no news
    made.line_up()
    assert (made.node.faults(), made.centre.faults()) == ([], [])
    assert made.owed() == made.got() - before
    made.close()
    postgres.drop_database(centre_url.rsplit("/", 1)[1])


def refunded(country: Country, bill: dict[str, Any], **more: Any) -> Any:
    """Decided at the node, sent to the centre's rail; answers the refund."""
    asked = ask(country.node, bill, **more)
    decide(country.node, asked["refund_id"])
    refund_errands.run(country.node)  # type: ignore[arg-type]
    country.at_centre(country.going_up())
    charge_refund_errands.run(country.centre)  # type: ignore[arg-type]
    return asked["refund_id"]


def states(country: Country, bill: dict[str, Any]) -> list[tuple[str, int]]:
    return [(one["state"], one["amount"]) for one in standing(country.node, bill)["refunds"]]


def test_a_bill_is_paid_and_given_back_in_two_parts(country: Country, peers: Peers, door: CallbackDoor) -> None:
    bill = country.node.billed()
    wish = country.wish(bill)
    country.at_centre(country.going_up())
    charge_errands.run(country.centre)  # type: ignore[arg-type]
    reference = country.pay_at_rail(peers, door, wish["payment_id"])
    assert country.node.bill(bill["bill_id"])["state"] == "paid"
    refunded(country, bill, lines=[{"code": "stamp", "amount": 2_050}])
    country.at_node(country.coming_down())
    assert states(country, bill) == [("done", 2_050)]
    refunded(country, bill)
    country.at_node(country.coming_down())
    assert states(country, bill) == [("done", 2_050), ("done", TOTAL - 2_050)]
    assert country.node.bill(bill["bill_id"])["state"] == "refunded" and country.owed() == 0
    [charge] = [one for one in peers.charges() if one["reference"] == reference]
    assert [one["amount"] for one in charge["refunds"]] == ["20.50", "100.00"]
    assert country.node.rows("SELECT 1 FROM review WHERE bill_id = :b", b=bill["bill_id"]) == []


def test_an_answer_that_was_lost_gives_the_money_back_once(country: Country, peers: Peers, door: CallbackDoor) -> None:
    bill = country.node.billed()
    wish = country.wish(bill)
    country.at_centre(country.going_up())
    charge_errands.run(country.centre)  # type: ignore[arg-type]
    reference = country.pay_at_rail(peers, door, wish["payment_id"])
    peers.control(rail={"refunds": "lost", "callbacks_paused": True})
    refunded(country, bill)
    country.at_node(country.coming_down())
    assert states(country, bill) == [("sent", TOTAL)]
    peers.control(rail={"refunds": "normal"})
    country.wait(seconds=61)
    charge_refund_errands.run(country.centre)  # type: ignore[arg-type]
    country.at_node(country.coming_down())
    assert states(country, bill) == [("done", TOTAL)]
    [charge] = [one for one in peers.charges() if one["reference"] == reference]
    assert len(charge["refunds"]) == 1
