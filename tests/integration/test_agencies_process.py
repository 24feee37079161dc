"""The real process of the agencies on a real database: killed while it delivers, and stopped in good order."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from uuid import uuid4

import pytest

from chassis.database import Database
from infra import secrets
from tests.support.agencies_ground import AgencyGround, Received, Receiver, receiving, settings

ROOT = Path(__file__).resolve().parents[2]
EVENTS, REQUESTS = 900, 60
CENTRE = {"SHUBBAK_MODE": "training", "SHUBBAK_NODE": "EG", "SHUBBAK_ROLE": "centre", "SHUBBAK_BUS": "local",
          "SHUBBAK_WEBHOOK_NETWORKS": "127.0.0.0/8", "SHUBBAK_ADMIN_PORT": "0", "PYTHONWARNINGS": "ignore"}  # fmt: skip


@pytest.fixture
def ground(database_url: Callable[..., str]) -> Iterator[AgencyGround]:
    url = database_url("gateway")
    database = Database(url, 8)
    environment = {**secrets.keys(), **CENTRE, "SHUBBAK_DATABASE_URL": url}
    ground = AgencyGround(database, settings(**environment))
    ground.environment = {**os.environ, **environment}  # type: ignore[attr-defined]
    yield ground
    ground.close()


@contextmanager
def delivering(ground: AgencyGround) -> Iterator[subprocess.Popen[bytes]]:
    """The process, killed at the end if it still runs."""
    process = subprocess.Popen([sys.executable, "-m", "chassis", "run", "gateway.agencies"], cwd=ROOT,
                               env=ground.environment, stdout=subprocess.DEVNULL)  # type: ignore[attr-defined]
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def until(true: Callable[[], object], seconds: float = 60.0) -> None:
    ends = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < ends, "it did not become so"
        time.sleep(0.02)


def land(ground: AgencyGround) -> dict[str, list[str]]:
    """Events of some requests, mixed: ids by request, in order."""
    requests = [uuid4() for _ in range(REQUESTS)]
    sent: dict[str, list[str]] = defaultdict(list)
    for number in range(EVENTS):
        request = requests[number * 7 % REQUESTS]
        sent[str(request)].append(str(ground.moved(request, len(sent[str(request)]) + 1)))
    return sent


def all_delivered(ground: AgencyGround) -> bool:
    """Nothing is to be read any more, and no row waits."""
    read = ground.rows("SELECT position FROM subscription_progress")[0].position == EVENTS
    return read and not ground.rows("SELECT FROM delivery")


def arrived(receiver: Receiver) -> dict[str, list[str]]:
    """Ids by request as they came first."""
    found: dict[str, list[str]] = defaultdict(list)
    for one in receiver.got:
        request = one.event["data"]["request_id"]
        if one.headers["webhook-id"] not in found[request]:
            found[request].append(one.headers["webhook-id"])
    return found


def subscribe(ground: AgencyGround, receiver: Receiver) -> None:
    agency = ground.agency()
    ground.subscription(agency, ground.agreement(agency), endpoint=receiver.url)


def test_killed_while_it_delivers_it_loses_nothing_and_keeps_the_order_of_each_request(ground: AgencyGround) -> None:
    with receiving() as receiver:
        subscribe(ground, receiver)
        sent = land(ground)
        for share in (0.2, 0.5, 0.8):  # three kills
            with delivering(ground) as process:
                until(lambda share=share: len(set(receiver.ids)) >= share * EVENTS)
                process.send_signal(signal.SIGKILL)
                process.wait()
        with delivering(ground):
            until(lambda: all_delivered(ground))
        assert arrived(receiver) == sent
        assert max(Counter(receiver.ids).values()) <= 1 + 3, "each kill repeats an event once at most"
        assert ground.rows("SELECT FROM delivery") == []


def test_stopped_in_good_order_it_repeats_next_to_nothing(ground: AgencyGround) -> None:
    with receiving() as receiver:
        subscribe(ground, receiver)
        sent = land(ground)
        told = Event()

        def answers(_: Received) -> int:
            if len(receiver.got) >= EVENTS // 3:  # the rest waits until the process was told to stop
                told.wait(30)
            return 204

        receiver.answers = answers
        with delivering(ground) as process:
            until(lambda: len(receiver.got) >= EVENTS // 3)
            process.terminate()
            told.set()
            assert process.wait(60) == 0
        before = len(receiver.got)
        assert before < EVENTS
        with delivering(ground):
            until(lambda: all_delivered(ground))
        assert arrived(receiver) == sent
        assert len(receiver.got) - len(set(receiver.ids)) < 100
