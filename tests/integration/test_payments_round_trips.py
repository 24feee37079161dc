"""What a rail reports asks the database once and writes once; a batch of facts about requests asks twice at most."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from chassis.ids import uuid7
from contracts.events import Event
from services.payments import bills, paying
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


def follow_together(ground: Ground, events: list[Event]) -> list[str]:
    """Apply facts of many requests in one transaction, as the inbox does; answers the round trips."""
    with counted(ground.database) as trips:
        work = ground.unit_of_work()
        bills.look_up(work, events)
        for event in events:
            bills.follow_request(work, event)
        work.commit()
    return trips


def test_many_requests_that_come_to_payment_at_once(ground: Ground) -> None:
    ground.billed()  # the guide's version is read once a process
    ids = [uuid7() for _ in range(5)]
    assert follow_together(ground, [ground.request_event(one) for one in ids]) == ["read", "write"]
    found = [bill for one in ids for bill in ground.bills(one)]
    assert [bill["state"] for bill in found] == ["created"] * 5
    assert len({bill["bill_number"] for bill in found}) == 5


def test_many_requests_that_move_on_leave_nothing_owed(ground: Ground) -> None:
    ids = [uuid7() for _ in range(5)]
    follow_together(ground, [ground.request_event(one) for one in ids])
    newcomer = uuid7()
    trips = follow_together(ground, [*(ground.request_event(one, 2, "task", None) for one in ids),
                                     ground.request_event(newcomer)])
    assert trips == ["read", "read", "write"]
    assert [bill["state"] for one in ids for bill in ground.bills(one)] == ["cancelled"] * 5
    assert [bill["state"] for bill in ground.bills(newcomer)] == ["created"]


def test_a_fact_that_is_known_takes_no_bill_number(ground: Ground) -> None:
    request_id = uuid7()
    follow_together(ground, [ground.request_event(request_id, 3)])
    before = ground.rows("SELECT last_value FROM bill_serial")[0].last_value
    assert follow_together(ground, [ground.request_event(request_id, 3)])[0] == "read"
    assert follow_together(ground, [ground.request_event(request_id, 1)])[0] == "read"
    assert ground.rows("SELECT last_value FROM bill_serial")[0].last_value == before
    assert len(ground.bills(request_id)) == 1
