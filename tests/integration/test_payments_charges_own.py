"""At the centre a wish is the word of the node that told it: what another node says of it is on record and changes
nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest

from chassis.ids import uuid7
from contracts.events import Event
from contracts.received import PAYMENT_WISHED
from services.payments import charges
from tests.support.payments_ground import Ground


@pytest.fixture(scope="module")
def opened(database_url: Callable[..., str]) -> Iterator[Ground]:
    made = Ground(database_url("payments"), now=datetime.now(UTC), node="EG")
    yield made
    made.close()


@pytest.fixture
def centre(opened: Ground) -> Iterator[Ground]:
    yield opened
    assert opened.faults() == []


def wish(node: str, wish_id: Any, state: str = "wished", amount: int = 12_050) -> Event:
    return Event(uuid7(), PAYMENT_WISHED.name, "urn:test", uuid7(), 1, datetime.now(UTC), "test", {
        "wish_id": str(wish_id), "bill_id": str(uuid7()), "bill_number": "B-1", "service_code": "shop", "rail": "fawry",
        "amount": amount, "shares": [{"account": "1101", "amount": amount}], "expires_at": None,
        "wished_at": datetime.now(UTC).isoformat(), "state": state, "node": node,
        "line": {"peer": node, "epoch": 1, "sequence": 1}})


def hear(centre: Ground, *events: Event) -> None:
    for one in events:
        centre.attempt(partial(charges.take_wish, event=one))


def standing(centre: Ground, wish_id: Any) -> tuple[str, str, int]:
    charge = charges.one(centre.unit_of_work(), wish_id)
    return charge.node, charge.state, charge.amount


def test_a_node_withdraws_no_wish_of_anothers(centre: Ground) -> None:
    wish_id = uuid7()
    hear(centre, wish("EG-C", wish_id), wish("EG-SUZ", wish_id, "withdrawn"))
    assert standing(centre, wish_id) == ("EG-C", "wished", 12_050)
    [row] = centre.rows("SELECT details FROM audit WHERE action = 'charge.not_its_own' AND subject = :s",
                        s=str(wish_id))
    assert row.details == {"node": "EG-C", "told_by": "EG-SUZ", "state": "withdrawn"}
    hear(centre, wish("EG-C", wish_id, "withdrawn"))
    assert standing(centre, wish_id)[1] == "withdrawn"


def test_a_withdrawal_of_anothers_that_comes_first_keeps_no_wish_from_being_started(centre: Ground) -> None:
    wish_id = uuid7()
    hear(centre, wish("EG-SUZ", wish_id, "withdrawn"), wish("EG-C", wish_id))
    assert standing(centre, wish_id) == ("EG-C", "wished", 12_050)
    other = uuid7()
    hear(centre, wish("EG-C", other, "withdrawn"), wish("EG-SUZ", other, "withdrawn"), wish("EG-C", other))
    assert standing(centre, other)[1] == "withdrawn"


def test_a_wish_under_the_id_of_anothers_changes_nothing_of_it(centre: Ground) -> None:
    wish_id = uuid7()
    hear(centre, wish("EG-C", wish_id), wish("EG-SUZ", wish_id, amount=1), wish("EG-C", wish_id, amount=7))
    assert standing(centre, wish_id) == ("EG-C", "wished", 12_050)
