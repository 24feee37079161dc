"""requests and payments are killed while tablets report: every release is recorded once and told once, every receipt is
in the books once, and no serial is lost.

`SHUBBAK_KILLS` kills of each (20 when not said)."""

from __future__ import annotations

import os
import random
import signal
import time
import traceback
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from chassis.database import Database
from chassis.events import decode
from chassis.uow import Context
from services.payments import device_cash
from services.requests import licence_numbers, numbers, serial_blocks
from tests.support import payments_ground, requests_ground
from tests.support.requests_ground import HEAD, INSPECTOR, OFFICER, shop
from tests.support.rooms import Rooms
from tests.support.tablets import Tablet

KILLS = int(os.environ.get("SHUBBAK_KILLS", "20"))
EACH = 2  # releases for a kill, so that there is always something to do
MOST = 2 * EACH  # that one process does before it waits to be killed, however late that is
GIVE_UP = 240.0

pytestmark = pytest.mark.faults


def fork(ground: Any, url: str, run: Callable[[], None]) -> int:
    """A process of its own, with connections of its own, that does its work until it is killed."""
    process = os.fork()
    if process:
        return process
    try:
        ground.database = Database(url, 4)
        ground.context = Context(ground.settings, ground.database, ground.context.privacy, lambda: ground.now)
        run()
        while True:
            signal.pause()
    except BaseException:
        traceback.print_exc()
        os._exit(1)


def kill_until(ground: Any, url: str, run: Callable[[int], None], done: Callable[[], int], all_of_it: int,
               chance: random.Random) -> int:
    """Let it begin again and again, killed somewhere in a commit or between two; at last let it end. `run` does its
    work from the first on, up to so many."""
    kills = 0
    while kills < KILLS and done() < all_of_it:
        before = done()
        process = fork(ground, url, lambda before=before: run(before + MOST))
        ends = time.monotonic() + GIVE_UP
        while done() == before:
            assert time.monotonic() < ends, "nothing is done"
        time.sleep(chance.uniform(0, 0.02))
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
        kills += 1
    process = fork(ground, url, lambda: run(all_of_it))
    ends = time.monotonic() + GIVE_UP
    while done() < all_of_it:
        assert time.monotonic() < ends, f"{done()} of {all_of_it}"
        time.sleep(0.02)
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)
    return kills


@pytest.fixture(scope="module")
def killed(database_url: Callable[..., str], seed: int) -> Iterator[tuple[Rooms, Tablet, int, int]]:
    urls = database_url("requests"), database_url("payments")
    rooms = Rooms(requests_ground.Ground(urls[0]), payments_ground.Ground(urls[1]))
    rooms.publish(shop())
    rooms.fresh()
    ground = rooms.requests
    tablet = Tablet(ground).certified()
    chance = random.Random(f"{seed}:releases")
    lodged = [_decided(rooms) for _ in range(KILLS * EACH)]
    found = tablet.tickets(*lodged, until=ground.now + timedelta(hours=10))
    bodies = [tablet.released(one["ticket"]) for one in found]
    ground.attempt(lambda work: numbers.reserve(work, tablet.id, 5))

    def report(most: int) -> None:
        for body in bodies[:most]:  # the tablet sends all it has again: it heard of no answer
            tablet.report(body)

    first = kill_until(ground, urls[0], report, lambda: _count(ground, "SELECT count(*) AS n FROM release_told"),
                       len(bodies), chance)
    told = [decode(bytes(row.body)) for row in ground.rows(
        "SELECT body FROM event_log WHERE type = 'requests.release.reported.v1' ORDER BY event_id")]

    def take(most: int) -> None:
        for event in told[:most]:  # the bus delivers all of it again: nothing was acknowledged
            rooms.payments.attempt(lambda work, event=event: device_cash.take(work, event))

    book = f"SELECT count(*) AS n FROM receipt WHERE book LIKE 'device:{tablet.id}/%'"
    second = kill_until(rooms.payments, urls[1], take, lambda: _count(rooms.payments, book), len(bodies), chance)
    rooms.carry()
    yield rooms, tablet, first, second
    rooms.requests.close()
    rooms.payments.close()


def _decided(rooms: Rooms) -> dict[str, Any]:
    lodged = rooms.requests.submit()
    rooms.carry()
    rooms.pay_at_counter(lodged, "inspection")
    rooms.carry()
    rooms.requests.do(OFFICER, "accept")
    rooms.requests.do(INSPECTOR, "report", inputs={"findings": "مطابق"})
    rooms.requests.do(HEAD, "approve")
    rooms.carry()
    return lodged


def _count(ground: Any, query: str) -> int:
    return int(ground.rows(query)[0].n)


def test_both_were_killed_while_they_worked(killed: tuple[Rooms, Tablet, int, int]) -> None:
    _, _, first, second = killed
    assert min(first, second) >= max(1, KILLS // 8)  # which of them dies is by lot


def test_every_release_was_recorded_and_told_once(killed: tuple[Rooms, Tablet, int, int]) -> None:
    rooms, _, _, _ = killed
    told = rooms.requests.rows("SELECT count(*) AS n, count(DISTINCT subject) AS d FROM event_log "
                               "WHERE type = 'requests.release.reported.v1'")[0]
    assert told.n == told.d == KILLS * EACH
    assert {row.state for row in rooms.requests.rows("SELECT state FROM ticket")} == {"used"}


def test_every_receipt_is_in_the_books_once(killed: tuple[Rooms, Tablet, int, int]) -> None:
    rooms, tablet, _, _ = killed
    [row] = rooms.payments.rows("SELECT sum(total) AS owed, count(*) AS n FROM bill JOIN receipt "
                                "ON receipt.bill_id = bill.id WHERE book LIKE 'device:%'")
    assert (rooms.payments.balances()[f"cash:device.{tablet.id}"], row.n) == (row.owed, KILLS * EACH)
    assert rooms.payments.faults() == []
    assert rooms.payments.rows("SELECT 1 FROM review") == []


def test_every_request_has_the_licence_that_its_citizen_holds(killed: tuple[Rooms, Tablet, int, int]) -> None:
    rooms, _, _, _ = killed
    rows = rooms.requests.rows("SELECT licence.serial, ticket.number FROM licence JOIN ticket USING (request_id)")
    assert len(rows) == KILLS * EACH and all(row.serial == row.number for row in rows)


def test_no_serial_is_lost(killed: tuple[Rooms, Tablet, int, int]) -> None:
    ground = killed[0].requests
    proof = licence_numbers.prove(ground.unit_of_work())
    assert (proof.wrong, proof.used) == ([], KILLS * EACH)
    ground.now += numbers.RESERVED_FOR
    while ground.attempt(serial_blocks.sweep):
        pass
    tracking = numbers.prove(ground.unit_of_work())
    assert tracking.wrong == [] and tracking.gaps["not_used_in_time"] == 5
