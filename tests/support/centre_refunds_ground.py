"""The ground of tests of refunds at the centre's rail: a node and the centre over the sandbox's Fawry, or over a rail
of the test's own; whatever a test did, both books are right after it and say the same."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from chassis.ids import named
from contracts.events import Event
from infra.peers.client import Peers
from infra.postgres import Postgres
from services.payments import charge_errands, charge_refund_errands, charge_refunds, refund_errands
from tests.integration.test_payments import CASHIER
from tests.support import databases
from tests.support.callback_door import CallbackDoor
from tests.support.payments_country import Country
from tests.support.payments_ground import TOTAL, Ground, callback_body
from tests.support.rail_stage import stage
from tests.support.refunds_ground import OTHER_CASHIER, ask, decide, standing

__all__ = ["centre_restored", "country", "opened", "stage"]  # what a module of tests takes by *

STAMP = [{"code": "stamp", "amount": 2_050}]


@pytest.fixture(scope="module")
def opened(database_url: Callable[..., str], postgres: Postgres, peers: Peers, door: CallbackDoor) -> Iterator[Country]:
    centre_url = databases.create(postgres, "payments", migrated=True)
    made = Country(database_url("payments"), centre_url, peers.url, door.url, datetime.now(UTC))
    made.node.at_counter(CASHIER)
    made.node.at_counter(OTHER_CASHIER, opening=100 * TOTAL)
    yield made
    made.close()
    postgres.drop_database(centre_url.rsplit("/", 1)[1])


@pytest.fixture
def country(opened: Country, peers: Peers, door: CallbackDoor) -> Iterator[Country]:
    """A fresh test on the same ground; whatever a test did, both books are right after it and say the same."""
    peers.control(rail={"down": False, "callbacks_paused": False, "refunds": "normal"})
    door.ground = opened.centre
    door.fresh(peers)
    opened.line_up()
    yield opened
    opened.line_up()
    at_rail(opened)
    opened.line_up()
    assert (opened.node.faults(), opened.centre.faults()) == ([], [])
    assert opened.owed() == opened.got()


@pytest.fixture
def centre_restored(country: Country) -> Iterator[Callable[[], Ground]]:
    """The centre from when it is called on: what stands in its database, in its next epoch. Days that pass after it
    pass for this test only."""
    former, begun = country.centre, country.node.now
    restored: list[Ground] = []

    def restore() -> Ground:
        [told] = former.rows("SELECT coalesce(max(id), 0) AS last FROM event_log")
        country.restore("centre", former.settings.database_url, told.last)
        restored.append(country.centre)
        return country.centre

    yield restore
    country.centre, country.node.now = former, begun
    for centre in restored:
        centre.close()


def pending(country: Country) -> tuple[dict[str, Any], Any]:
    bill = country.node.billed()
    wish = country.wish(bill)
    country.at_centre(country.going_up())
    charge_errands.run(country.centre)  # type: ignore[arg-type]
    country.at_node(country.coming_down())
    return bill, country.charge(wish["payment_id"])


def paid(country: Country, piastres: int = TOTAL) -> tuple[dict[str, Any], Any]:
    """A bill paid at the centre's rail, and its charge there."""
    bill, charge = pending(country)
    country.centre.callback(callback_body(charge.merchant_reference, reference=charge.reference,
                                          paid=f"{piastres / 100:.2f}"))
    country.at_node(country.coming_down())
    return country.node.bill(bill["bill_id"]), country.charge(charge.id)


def approved(country: Country, bill: dict[str, Any], **more: Any) -> Any:
    asked = ask(country.node, bill, **more)
    assert asked["way"] == "rail"
    decide(country.node, asked["refund_id"])
    return asked["refund_id"]


def up(country: Country) -> list[Event]:
    """The node's order goes out."""
    refund_errands.run(country.node)  # type: ignore[arg-type]
    return country.going_up()


def at_rail(country: Country) -> None:
    charge_refund_errands.run(country.centre)  # type: ignore[arg-type]


def of(country: Country, bill: dict[str, Any]) -> dict[str, Any]:
    newest: dict[str, Any] = standing(country.node, bill)["refunds"][-1]
    return newest


def state(country: Country, bill: dict[str, Any]) -> tuple[str, str]:
    return of(country, bill)["state"], country.node.bill(bill["bill_id"])["state"]


def order(country: Country, refund_id: Any) -> charge_refunds.ChargeRefund:
    return charge_refunds.one(country.centre.unit_of_work(), refund_id)


def wish_subject(refund_id: Any) -> Any:
    """The subject of what is told of the order."""
    return named("payments.refundwish", str(refund_id))


def booked(country: Country, refund_id: Any) -> tuple[int, int]:
    """How often the refund stands in the books of the centre and of the node."""
    at_node = country.node.rows("SELECT 1 FROM journal WHERE source LIKE '%refunded:' || CAST(:r AS text)",
                                r=str(refund_id))
    at_centre = country.centre.rows("SELECT 1 FROM journal WHERE source = 'returned_for_node:' || CAST(:r AS text)",
                                    r=str(refund_id))
    return len(at_centre), len(at_node)


def altered(event: Event, **data: Any) -> Event:
    return Event(event.id, event.type, event.source, event.subject, event.sequence, event.time, "test",
                 {**event.data, **data})


def other_id(number: int = 1) -> str:
    return f"01999999-0000-7000-8000-{random.randrange(16**10):010x}{number:02x}"
