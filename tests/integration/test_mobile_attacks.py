"""What a stolen or dishonest tablet tries, with requests and payments side by side: nothing is licensed that was not
decided, nothing twice, and no money is lost from sight."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from rules import release
from rules.refusal import Refusal
from services.payments import reviews
from services.requests import licence_numbers, licences
from tests.support import payments_ground, requests_ground
from tests.support.requests_ground import HEAD, shop
from tests.support.rooms import Rooms
from tests.support.tablets import MOBILE, Tablet


@pytest.fixture(scope="module")
def opened(database_url: Callable[..., str]) -> Iterator[Rooms]:
    made = Rooms(requests_ground.Ground(database_url("requests")), payments_ground.Ground(database_url("payments")))
    made.publish(shop())
    yield made
    made.requests.close()
    made.payments.close()


@pytest.fixture
def rooms(opened: Rooms) -> Iterator[Rooms]:
    opened.fresh()
    yield opened
    assert opened.payments.faults() == []
    proof = licence_numbers.prove(opened.requests.unit_of_work())
    assert proof.wrong == []
    assert proof.used == len(opened.requests.rows("SELECT 1 FROM licence"))


@pytest.fixture
def tablet(rooms: Rooms) -> Tablet:
    return Tablet(rooms.requests).certified()


def decided(rooms: Rooms) -> dict[str, Any]:
    """A request that the head approved, its last bill issued."""
    lodged = rooms.requests.submit()
    rooms.carry()
    rooms.pay_at_counter(lodged, "inspection")
    rooms.carry()
    rooms.requests.do(requests_ground.OFFICER, "accept")
    rooms.requests.do(requests_ground.INSPECTOR, "report", inputs={"findings": "مطابق"})
    rooms.requests.do(HEAD, "approve")
    rooms.carry()
    assert rooms.bill(lodged)["state"] == "created"
    return lodged


def ticket_of(rooms: Rooms, tablet: Tablet, lodged: dict[str, Any]) -> dict[str, Any]:
    [found] = tablet.tickets(lodged, until=rooms.requests.now + timedelta(hours=10))
    ticket: dict[str, Any] = found["ticket"]
    return ticket


def upload(rooms: Rooms, tablet: Tablet, body: dict[str, Any], clerk: str = MOBILE.id) -> str:
    """As the upload does: what is refused is quarantined, and the cash told all the same. Answers the code, or
    `applied`."""
    try:
        tablet.report(body, clerk)
        code = "applied"
    except Refusal as refusal:
        tablet.report_cash(body, clerk)
        code = refusal.code
    rooms.carry()
    return code


def licences_of(rooms: Rooms, lodged: dict[str, Any]) -> list[str]:
    return [row.serial for row in rooms.requests.rows(
        "SELECT serial FROM licence WHERE request_id = :r", r=lodged["request_id"])]


def held(rooms: Rooms, tablet: Tablet) -> list[tuple[str, int]]:
    """The cash of this tablet that pays no bill: before a person, or a credit of the citizen whose refund waits."""
    return [(row.reason, row.amount) for row in rooms.payments.rows(
        "SELECT reason, amount FROM (SELECT reason, amount, raised_at FROM review WHERE rail = :r UNION ALL "
        "SELECT 'paid_twice', amount, raised_at FROM credit WHERE account = 'cash:' || :r) AS kept ORDER BY raised_at",
        r=f"device.{tablet.id}")]


def status(rooms: Rooms, serial: str) -> str:
    return str(licences.verification(rooms.requests.unit_of_work(), serial)["status"])


def test_the_honest_way(rooms: Rooms, tablet: Tablet) -> None:
    lodged = decided(rooms)
    ticket = ticket_of(rooms, tablet, lodged)
    rooms.requests.wait(hours=2)
    body = tablet.released(ticket)
    rooms.requests.wait(hours=4)
    assert upload(rooms, tablet, body) == "applied"
    assert licences_of(rooms, lodged) == [ticket["serial"]] and held(rooms, tablet) == []
    assert rooms.bill(lodged)["paid_at"].isoformat() == body["released_at"]
    apart = rooms.requests.rows("SELECT account FROM apart WHERE request_id = :r", r=lodged["request_id"])
    assert MOBILE.id in [row.account for row in apart]
    rooms.hear_again("requests.release.reported.v1")
    rooms.carry()
    assert rooms.payments.balances()[f"cash:device.{tablet.id}"] == ticket["amount"]


def test_a_stolen_tablet_after_its_revocation(rooms: Rooms, tablet: Tablet) -> None:
    lodged = decided(rooms)
    ticket = ticket_of(rooms, tablet, lodged)
    before = tablet.released(ticket)  # the clerk released it; then the tablet was stolen, before it came home
    tablet.act("revoke", reason="سُرق اللوح، محضر رقم 12")
    assert status(rooms, ticket["serial"]) == "void"
    rooms.requests.wait(hours=1)
    with pytest.raises(Refusal, match="device_not_certified"):
        tablet.tickets(lodged, until=rooms.requests.now + timedelta(hours=1))
    assert upload(rooms, tablet, before) == "device_not_certified"
    assert licences_of(rooms, lodged) == []
    assert held(rooms, tablet) == [("release_not_applied", ticket["amount"])], "a person decides about the cash"
    assert rooms.bill(lodged)["state"] == "under_review"


def test_a_ticket_replayed_on_another_request(rooms: Rooms, tablet: Tablet) -> None:
    lodged, other = decided(rooms), decided(rooms)
    mine, theirs = ticket_of(rooms, tablet, lodged), ticket_of(rooms, tablet, other)
    body = tablet.released(mine)
    assert upload(rooms, tablet, {**body, "ticket_id": theirs["ticket_id"]}) == "release_differs"
    assert upload(rooms, tablet, body) == "applied"
    assert upload(rooms, tablet, {**body, "ticket_id": theirs["ticket_id"]}) == "release_differs"
    assert licences_of(rooms, other) == [] and held(rooms, tablet) == []
    assert rooms.bill(other)["state"] == "created"


def test_another_tablets_ticket(rooms: Rooms, tablet: Tablet) -> None:
    lodged = decided(rooms)
    ticket = ticket_of(rooms, tablet, lodged)
    thief = Tablet(rooms.requests).certified()
    assert upload(rooms, thief, thief.released(ticket)) == "release_forged"
    assert upload(rooms, thief, tablet.released(ticket)) == "ticket_of_another_device"
    assert held(rooms, thief) == held(rooms, tablet) == [] and licences_of(rooms, lodged) == []


@pytest.mark.parametrize(("hours", "code"), [
    (-30, "release_out_of_time"), (-2, "release_time_implausible"), (3, "release_time_implausible"),
    (50, "release_out_of_time")])
def test_a_release_before_its_ticket_or_after_it_or_in_the_future(
        rooms: Rooms, tablet: Tablet, hours: int, code: str) -> None:
    lodged = decided(rooms)
    ticket = ticket_of(rooms, tablet, lodged)
    body = tablet.released(ticket, at=rooms.requests.now + timedelta(hours=hours))
    assert upload(rooms, tablet, body) == code
    assert licences_of(rooms, lodged) == []
    assert held(rooms, tablet) == [("release_not_applied", ticket["amount"])]


def test_a_changed_amount(rooms: Rooms, tablet: Tablet) -> None:
    """The amount stands in what the node signed: the tablet cannot say another, and the books take the node's."""
    lodged = decided(rooms)
    ticket = ticket_of(rooms, tablet, lodged)
    read = release.read_ticket(ticket["ticket"], licences.verifying_keys(rooms.requests.unit_of_work()))
    cheap = release.issue(release.Ticket(**{**{name: getattr(read, name) for name in read.__slots__}, "amount": 1}),
                          tablet.key)
    assert upload(rooms, tablet, tablet.released({**ticket, "ticket": cheap})) == "release_forged"
    assert upload(rooms, tablet, {**tablet.released(ticket), "amount": 1}) == "applied"
    assert rooms.payments.balances()[f"cash:device.{tablet.id}"] == ticket["amount"] > 1


def test_a_licence_printed_twice(rooms: Rooms, tablet: Tablet) -> None:
    """The same ticket released again, under another receipt, for somebody else's money."""
    lodged = decided(rooms)
    ticket = ticket_of(rooms, tablet, lodged)
    first = tablet.released(ticket)
    rooms.requests.wait(minutes=20)
    second = tablet.released(ticket)
    assert upload(rooms, tablet, first) == "applied"
    assert upload(rooms, tablet, second) == "ticket_used"
    assert upload(rooms, tablet, second) == "ticket_used"
    assert licences_of(rooms, lodged) == [ticket["serial"]]
    assert held(rooms, tablet) == [("paid_twice", ticket["amount"])]
    shown = licences.verification(rooms.requests.unit_of_work(), ticket["serial"])
    assert shown["qr"] == first["qr"] != second["qr"], "the register knows the first print alone"


def test_one_receipt_for_two_licences(rooms: Rooms, tablet: Tablet) -> None:
    lodged, other = decided(rooms), decided(rooms)
    mine, theirs = ticket_of(rooms, tablet, lodged), ticket_of(rooms, tablet, other)
    assert upload(rooms, tablet, tablet.released(mine, receipt=1)) == "applied"
    assert upload(rooms, tablet, tablet.released(theirs, receipt=1)) == "device_receipt_used"
    assert licences_of(rooms, other) == []
    assert [reason for reason, _ in held(rooms, tablet)] == ["release_not_applied"]


def test_the_citizen_paid_at_the_counter_before_the_tablet_came_home(rooms: Rooms, tablet: Tablet) -> None:
    lodged = decided(rooms)
    ticket = ticket_of(rooms, tablet, lodged)
    body = tablet.released(ticket)
    rooms.pay_at_counter(lodged)
    rooms.carry()
    [serial] = licences_of(rooms, lodged)
    assert serial != ticket["serial"] and status(rooms, ticket["serial"]) == "void"
    assert upload(rooms, tablet, body) == "ticket_void"
    assert licences_of(rooms, lodged) == [serial]
    assert held(rooms, tablet) == [("paid_twice", ticket["amount"])]


def test_the_counter_and_the_tablet_at_once(rooms: Rooms, tablet: Tablet) -> None:
    """The cashier's word is under way as the tablet reports: the licence is the tablet's, the payment the counter's."""
    lodged = decided(rooms)
    ticket = ticket_of(rooms, tablet, lodged)
    body = tablet.released(ticket)
    rooms.pay_at_counter(lodged)
    assert upload(rooms, tablet, body) == "applied"
    assert licences_of(rooms, lodged) == [ticket["serial"]]
    assert held(rooms, tablet) == [("paid_twice", ticket["amount"])]


def test_who_decided_does_not_collect(rooms: Rooms, tablet: Tablet) -> None:
    lodged = decided(rooms)
    body = tablet.released(ticket_of(rooms, tablet, lodged))
    assert upload(rooms, tablet, body, clerk=HEAD.id) == "release_apart"
    assert licences_of(rooms, lodged) == []
    assert [reason for reason, _ in held(rooms, tablet)] == ["release_not_applied"]


def test_a_person_accepts_the_cash_of_a_quarantined_release_and_the_citizen_has_a_licence(
        rooms: Rooms, tablet: Tablet) -> None:
    lodged = decided(rooms)
    ticket = ticket_of(rooms, tablet, lodged)
    body = tablet.released(ticket)
    tablet.act("revoke")
    upload(rooms, tablet, body)
    [review] = rooms.payments.rows("SELECT id FROM review WHERE rail = :r", r=f"device.{tablet.id}")
    rooms.payments.attempt(lambda work: reviews.accept(work, review.id, "راجعت الإيصال الورقي مع المواطن"))
    rooms.carry()
    [serial] = licences_of(rooms, lodged)
    assert serial != ticket["serial"] and status(rooms, serial) == "valid" and status(rooms, ticket["serial"]) == "void"
    assert rooms.bill(lodged)["state"] == "paid"
