"""What a rail reports asks the database once and writes once."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from services.payments import paying
from tests.support.payments_ground import PUBLIC, TOTAL, Ground
from tests.support.rail_speech import RAILS, Message, say
from tests.support.round_trips import counted


@pytest.fixture(scope="module")
def ground(database_url: Callable[..., str]) -> Iterator[Ground]:
    made = Ground(database_url("payments"))
    made.publish()
    yield made
    made.close()


def started(ground: Ground, rail: str) -> tuple[str, str]:
    """A bill that is to be paid at a rail: our reference and the rail's, which it has told us."""
    bill = ground.billed()
    payment = ground.attempt(
        lambda work: paying.start(work, {"bill_id": bill["bill_id"], "rail": rail}), PUBLIC)["payment_id"]
    theirs = f"{payment.int % 10**12:012d}"
    ground.rows("UPDATE payment SET reference = :theirs, state = 'pending' WHERE id = :id RETURNING id", id=payment,
                theirs=theirs)
    return payment.hex, theirs


def trips_of(ground: Ground, rail: str, message: Message) -> tuple[bool, list[str]]:
    with counted(ground.database) as trips:
        taken = ground.callback(message.body, rail, message.query, message.media_type)
    return taken, trips


@pytest.mark.parametrize("rail", RAILS)
def test_a_callback_that_pays_a_bill(ground: Ground, rail: str) -> None:
    assert trips_of(ground, rail, say(rail, *started(ground, rail))) == (True, ["read", "write"])
    assert ground.faults() == []


@pytest.mark.parametrize("rail", RAILS)
def test_a_callback_that_holds_money_or_repeats(ground: Ground, rail: str) -> None:
    message = say(rail, *started(ground, rail), paid=TOTAL - 50)
    assert trips_of(ground, rail, message) == (True, ["read", "write"])
    assert trips_of(ground, rail, message) == (False, ["read"])
    assert ground.faults() == []


def test_only_what_pays_a_bill_takes_a_receipt_number(ground: Ground) -> None:
    paid, wrong, failed = (started(ground, "fawry") for _ in range(3))
    before = ground.rows("SELECT last_value FROM receipt_serial")[0].last_value
    for message in (say("fawry", *paid), say("fawry", *paid), say("fawry", *wrong, paid=TOTAL - 50),
                    say("fawry", *failed, status="FAILED"), say("fawry", "nobody", "999999999999")):
        ground.callback(message.body, "fawry", message.query, message.media_type)
    assert ground.rows("SELECT last_value FROM receipt_serial")[0].last_value == before + 1
