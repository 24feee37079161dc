"""Whatever tablets, counters, clocks and administrators do in whatever order: one licence a request, each serial used
or explained, all money in the books, and nothing licensed that was not paid."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from rules.refusal import Refusal
from services.requests import licence_numbers, licences, numbers, serial_blocks
from tests.support import payments_ground, requests_ground
from tests.support.requests_ground import HEAD, INSPECTOR, OFFICER, shop
from tests.support.rooms import Rooms
from tests.support.tablets import Tablet

REQUESTS, STEPS, HISTORIES = 6, 45, 5


@pytest.fixture(scope="module")
def opened(database_url: Callable[..., str]) -> Iterator[Rooms]:
    made = Rooms(requests_ground.Ground(database_url("requests")), payments_ground.Ground(database_url("payments")))
    made.publish(shop())
    yield made
    made.requests.close()
    made.payments.close()


class History:
    """One day of the mobile district and more, by lot."""

    def __init__(self, rooms: Rooms, chance: random.Random) -> None:
        self.rooms, self.chance = rooms, chance
        rooms.fresh()
        self.tablets = [Tablet(rooms.requests).certified(days=30) for _ in range(2)]
        self.lodged = [self._decided() for _ in range(REQUESTS)]
        self.tickets: list[tuple[Tablet, dict[str, Any]]] = []
        self.reports: list[tuple[Tablet, dict[str, Any]]] = []
        self.done: list[str] = []

    def run(self) -> None:
        acts = [self.take_along, self.take_along, self.release, self.release, self.report, self.report, self.counter,
                self.carry, self.pass_time, self.give_back, self.reserve, self.suspend_or_resume]
        for _ in range(STEPS):
            act = self.chance.choice(acts)
            try:
                act()
                self.done.append(act.__name__)
            except Refusal as refusal:
                self.done.append(f"{act.__name__}: {refusal.code}")
        if self.chance.random() < 0.5:
            self._attempt(lambda: self.tablets[0].act("revoke"))
        self.report()
        self.rooms.carry()
        self.rooms.requests.wait(days=40)
        while self.rooms.requests.attempt(serial_blocks.sweep):
            pass
        self.rooms.carry()

    def take_along(self) -> None:
        tablet = self.chance.choice(self.tablets)
        some = self.chance.sample(self.lodged, 2)
        for found in tablet.tickets(*some, until=self.now + timedelta(hours=self.chance.randint(1, 30))):
            if found["ticket"] is not None:
                self.tickets.append((tablet, found["ticket"]))

    def release(self) -> None:
        if self.tickets:
            tablet, ticket = self.chance.choice(self.tickets)
            again = self.chance.randint(1, tablet.receipts) if tablet.receipts and self.chance.random() < 0.2 else None
            self.reports.append((tablet, tablet.released(ticket, receipt=again)))

    def report(self) -> None:
        """Of what was released some comes home, some again, some to the wrong tablet."""
        for tablet, body in self.chance.sample(self.reports, len(self.reports)):
            if self.chance.random() < 0.1:
                tablet = self.chance.choice(self.tablets)
            try:
                tablet.report(body)
            except Refusal:
                tablet.report_cash(body)

    def counter(self) -> None:
        lodged = self.chance.choice(self.lodged)
        if self.rooms.bill(lodged)["state"] == "created":
            self.rooms.pay_at_counter(lodged)

    def carry(self) -> None:
        self.rooms.carry()

    def pass_time(self) -> None:
        self.rooms.requests.wait(hours=self.chance.choice((1, 5, 20)))
        while self.chance.random() < 0.8 and self.rooms.requests.attempt(serial_blocks.sweep):
            pass

    def give_back(self) -> None:
        if self.chance.random() < 0.3:
            self.chance.choice(self.tablets).act("return_serials")

    def reserve(self) -> None:
        tablet = self.chance.choice(self.tablets)
        self.rooms.requests.attempt(lambda work: numbers.reserve(work, tablet.id, 3))

    def suspend_or_resume(self) -> None:
        tablet = self.chance.choice(self.tablets)
        tablet.act("resume" if tablet.row().state == "suspended" else "suspend")

    @property
    def now(self) -> Any:
        return self.rooms.requests.now

    def _attempt(self, run: Callable[[], Any]) -> None:
        try:
            run()
        except Refusal as refusal:
            self.done.append(refusal.code)

    def _decided(self) -> dict[str, Any]:
        rooms = self.rooms
        lodged = rooms.requests.submit()
        rooms.carry()
        rooms.pay_at_counter(lodged, "inspection")
        rooms.carry()
        rooms.requests.do(OFFICER, "accept")
        rooms.requests.do(INSPECTOR, "report", inputs={"findings": "مطابق"})
        rooms.requests.do(HEAD, "approve")
        rooms.carry()
        return lodged


@pytest.mark.parametrize("which", range(HISTORIES))
def test_whatever_happens(opened: Rooms, seed: int, which: int) -> None:
    history = History(opened, random.Random(f"{seed}:{which}"))
    history.run()
    requests, payments = opened.requests, opened.payments
    trace = "; ".join(history.done)

    assert payments.faults() == [], trace
    for lodged in history.lodged:
        rows = requests.rows("SELECT serial FROM licence WHERE request_id = :r", r=lodged["request_id"])
        bill = opened.bill(lodged)
        assert len(rows) == (bill["state"] == "paid"), f"a licence for each that was paid, and only for it: {trace}"

    proof = licence_numbers.prove(requests.unit_of_work())
    assert proof.wrong == [], trace
    waits = [row.device_id for row in requests.rows("SELECT device_id FROM ticket WHERE state = 'reported'")]
    for reason, count in proof.gaps.items():  # nothing is held any more; what was released may wait for a person's word
        assert not reason.startswith("reserved"), trace
        if reason.startswith("released by device"):
            assert count == sum(reason.endswith(str(device)) for device in waits), trace
    assert proof.used == len(requests.rows("SELECT 1 FROM licence"))
    assert numbers.prove(requests.unit_of_work()).wrong == []
    assert requests.rows("SELECT 1 FROM reserved_serial WHERE state = 'reserved'") == []

    for row in requests.rows("SELECT number, state, reason FROM ticket"):
        status = licences.verification(requests.unit_of_work(), row.number)["status"]
        assert {"used": "valid", "void": "void", "reported": "not_reported_yet"}[row.state] == status, trace
        assert (row.reason is not None) == (row.state == "void")

    told = requests.rows("SELECT t.amount FROM release_told AS r JOIN ticket AS t ON t.id = r.ticket_id")
    drawers = [amount for account, amount in payments.balances().items()
               if account in {f"cash:device.{tablet.id}" for tablet in history.tablets}]
    assert sum(drawers) == sum(row.amount for row in told), f"every reported receipt lies in a drawer, once: {trace}"
    waiting = payments.rows("SELECT coalesce(sum(amount), 0) AS held FROM review WHERE rail = ANY(:drawers) "
                            "AND settled_at IS NULL", drawers=[f"device.{tablet.id}" for tablet in history.tablets])
    paid = payments.rows("SELECT coalesce(sum(amount), 0) AS paid FROM receipt WHERE book LIKE ANY(:books)",
                         books=[f"device:{tablet.id}/%" for tablet in history.tablets])
    credited = payments.rows("SELECT coalesce(sum(amount), 0) AS owed FROM credit WHERE account = ANY(:drawers)",
                             drawers=[f"cash:device.{tablet.id}" for tablet in history.tablets])
    assert waiting[0].held + paid[0].paid + credited[0].owed == sum(drawers), trace
