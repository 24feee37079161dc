"""The scheduler of silence is killed in the middle of a sweep, again and again, and at last two run at once: every
period speaks exactly once, whole or not at all.

`SHUBBAK_KILLS` kills (20 when not said)."""

from __future__ import annotations

import os
import random
import signal
import time
import traceback
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from chassis.database import Database
from chassis.uow import Context
from tests.support.deadlines_ground import SOURCES, Sweeping
from tests.support.requests_ground import Ground, shop

KILLS = int(os.environ.get("SHUBBAK_KILLS", "20"))
EACH = 3  # requests for a kill, so that every sweep has something to do
MOST = 2 * EACH  # for which one process lets silence speak before it waits to be killed, however late that is
DUE = date(2026, 4, 30)
DAY = timedelta(days=1)
GIVE_UP = 240.0

pytestmark = pytest.mark.faults


@pytest.fixture(scope="module")
def killed(database_url: Callable[..., str], seed: int) -> Iterator[tuple[Ground, int]]:
    url = database_url("requests")
    ground = Ground(url)
    ground.publish(shop())
    sweeping = Sweeping(ground)
    chance = random.Random(f"{seed}:silence")
    for _ in range(KILLS * EACH):
        ground.reviewed()
    sweeping.day(DUE - 3 * DAY)
    sweeping.day(DUE - DAY)
    sweeping.at(DUE + DAY, hour=1)
    for source in SOURCES:
        sweeping.tell(source)
    sweeping.at(DUE + DAY)
    with ground.database.transaction() as connection:  # a person let so many go
        connection.execute(text(
            "INSERT INTO silence_review (id, version, kind, facts, opened_at, decision, decided_by, decided_at) VALUES "
            "(gen_random_uuid(), 2, 'surge', '{\"number\": 100000}', :now, 'proceed', 'staff:manager', :now)"),
            {"now": ground.now})
    kills = 0
    while kills < KILLS:
        before = issued(ground)
        process = start(ground, url, before + MOST)
        ends = time.monotonic() + GIVE_UP
        while issued(ground) == before and before < KILLS * EACH:  # it has begun to speak
            assert time.monotonic() < ends, "the sweep does nothing"
        time.sleep(chance.uniform(0, 0.03))  # somewhere in a commit or between two
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
        kills += 1
        if issued(ground) >= KILLS * EACH - 2:
            break
    both = [start(ground, url), start(ground, url)]
    ends = time.monotonic() + GIVE_UP
    while issued(ground) < KILLS * EACH:
        assert time.monotonic() < ends, f"{issued(ground)} of {KILLS * EACH}"
        time.sleep(0.05)
    for process in both:
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
    yield ground, kills
    ground.close()


def issued(ground: Ground) -> int:
    return int(ground.rows("SELECT count(*) AS n FROM deemed")[0].n)


def start(ground: Ground, url: str, most: int = KILLS * EACH) -> int:
    """A process of its own, with connections of its own, that sweeps until it is killed, or until silence has spoken
    so often."""
    process = os.fork()
    if process:
        return process
    try:
        ground.database = Database(url, 4)
        ground.context = Context(ground.settings, ground.database, ground.privacy, lambda: ground.now)
        attempt = ground.attempt

        def bounded(*of: Any, **more: Any) -> Any:
            while issued(ground) >= most:
                time.sleep(1)
            return attempt(*of, **more)

        ground.attempt = bounded  # type: ignore[method-assign]
        sweeping = object.__new__(Sweeping)
        sweeping.ground = ground
        while True:
            sweeping.silence(sweeping.another_process())
            time.sleep(0.01)
    except BaseException:
        traceback.print_exc()
        os._exit(1)


def test_it_was_killed_while_it_spoke(killed: tuple[Ground, int]) -> None:
    _, kills = killed
    assert kills >= KILLS // 4


def test_every_period_spoke_exactly_once(killed: tuple[Ground, int]) -> None:
    ground, _ = killed
    rows = ground.rows(
        "SELECT request.id, request.state, "
        "(SELECT count(*) FROM deemed WHERE request_id = request.id) AS documents, "
        "(SELECT count(*) FROM step WHERE request_id = request.id AND action = 'silence') AS steps, "
        "(SELECT count(*) FROM event_log WHERE subject = request.id) AS events, request.version, "
        "(SELECT count(*) FROM audit WHERE subject = request.id::text AND action = 'silence.took_effect') AS audited "
        "FROM request")
    assert len(rows) == KILLS * EACH
    assert {(row.state, row.documents, row.steps, row.audited) for row in rows} == {("awaiting_final_fee", 1, 1, 1)}
    assert all(row.events == row.version for row in rows)


def test_every_document_was_told_once_and_no_number_given_twice(killed: tuple[Ground, int]) -> None:
    ground, _ = killed
    told = ground.rows("SELECT count(*) AS n, count(DISTINCT subject) AS d FROM event_log "
                       "WHERE type = 'requests.deemed.issued.v1'")[0]
    assert told.n == told.d == KILLS * EACH
    assert ground.rows("SELECT count(DISTINCT number) AS n FROM deemed")[0].n == KILLS * EACH


def test_no_task_is_left_to_act_on(killed: tuple[Ground, int]) -> None:
    ground, _ = killed
    assert ground.rows("SELECT id FROM task WHERE status IN ('open', 'held')") == []
