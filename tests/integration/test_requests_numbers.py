"""Tracking numbers over a real database: each serial is used by one request, or why it is not is recorded."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from chassis.actors import PUBLIC
from chassis.answers import load
from chassis.ids import uuid7
from contracts.requests import Submit
from rules import numbering
from rules.refusal import Refusal
from services.requests import intake, numbers
from tests.support.requests_ground import CLERK, Ground
from tests.support.shop_ground import *  # noqa: F403  (fixtures)
from tests.support.slow_commit import before_the_first_commit


@pytest.fixture
def ground(opened: Ground) -> Ground:
    opened.fresh()
    with opened.database.transaction() as connection:
        connection.exec_driver_sql("UPDATE number_mark SET seen_at = '2020-01-01'")
    return opened


def prove(ground: Ground) -> numbers.Proof:
    return numbers.prove(ground.unit_of_work())


def sweep(ground: Ground) -> None:
    """Two sweeps, a grace apart: the first notes what was drawn, the second gives up what is unused of it."""
    for _ in range(2):
        ground.wait(seconds=61)
        while ground.attempt(numbers.explain):
            pass


def lodge(ground: Ground, body: dict[str, Any]) -> str:
    try:
        return str(ground.submit(body)["tracking_number"])
    except Refusal as refusal:
        return refusal.code


def test_the_number_of_a_request_is_in_the_register(ground: Ground) -> None:
    lodged = ground.submit()
    [row] = ground.rows("SELECT serial, request_id, reason FROM number_register")
    assert (str(row.request_id), row.reason) == (lodged["request_id"], None)
    assert row.serial == numbering.tracking_sequence(lodged["tracking_number"], ground.settings.lookup_key)


def test_the_gap_of_a_refused_application_says_why_at_once_and_names_nobody(ground: Ground) -> None:
    with pytest.raises(Refusal):
        ground.submit(ground.application(papers=(), applicant__phone="12"))
    [row] = ground.rows("SELECT * FROM number_register")
    assert (row.request_id, row.reason) == (None, "refused: document_missing, phone_invalid")


def test_one_who_may_not_take_a_file_here_leaves_an_explained_gap(ground: Ground) -> None:
    with pytest.raises(Refusal):
        ground.submit(ground.application(unit="EG-C-02"), actor=CLERK)
    assert [row.reason for row in ground.rows("SELECT reason FROM number_register")] == ["refused: forbidden"]


def test_what_was_drawn_and_never_written_is_given_up_after_a_while(ground: Ground) -> None:
    ground.submit()
    ground.rows("SELECT nextval('tracking_serial') FROM generate_series(1, 3)")  # three processes died in mid-request
    ground.submit()
    before = prove(ground)
    assert (before.used, before.gaps.total(), before.open, before.wrong) == (2, 0, 3, [])
    ground.attempt(numbers.explain)  # notes what was drawn
    assert prove(ground).open == 3
    ground.wait(seconds=59)
    ground.attempt(numbers.explain)
    assert prove(ground).open == 3, "given up too early"
    sweep(ground)
    after = prove(ground)
    assert (after.used, dict(after.gaps), after.open, after.wrong) == (2, {"never_lodged": 3}, 0, [])


def test_a_request_slower_than_the_sweep_is_written_under_another_number(ground: Ground) -> None:
    """Its serial is given up between its reading and its writing."""
    body = ground.application()
    with before_the_first_commit(ground, lambda: sweep(ground)):
        lodged = ground.submit(body)
    first, second = ground.rows("SELECT serial, request_id, reason FROM number_register ORDER BY serial")
    assert (first.reason, first.request_id) == ("never_lodged", None)
    assert str(second.request_id) == lodged["request_id"]
    assert prove(ground).wrong == []


def test_the_same_command_at_once_and_again_is_one_request_under_one_number(ground: Ground) -> None:
    body, command = load(Submit(), ground.application()), uuid7()
    gate = threading.Barrier(2)

    def send(wait: bool = True) -> str:
        if wait:
            gate.wait()
        answer = ground.command(lambda work: intake.submit(work, body), PUBLIC, command, {"same": True})
        return str(answer["tracking_number"])

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda _: send(), range(2))
    assert first == second == send(wait=False)
    sweep(ground)
    proof = prove(ground)
    assert (proof.used, proof.open, proof.wrong) == (1, 0, [])


def test_many_at_once_lodged_refused_and_swept_leave_no_serial_unexplained_and_none_twice(ground: Ground) -> None:
    chance = random.Random(7)
    bodies = [ground.application(papers=("id_copy", "lease_contract") if chance.random() < 0.6 else ())
              for _ in range(80)]

    def one(number: int) -> str:
        if number % 8 == 0:
            ground.attempt(numbers.explain)
        return lodge(ground, bodies[number])

    with ThreadPoolExecutor(12) as pool:
        ended = list(pool.map(one, range(80)))
    sweep(ground)
    proof = prove(ground)
    lodged = [number for number in ended if number != "document_missing"]
    assert proof.wrong == [] and proof.open == 0
    assert proof.used == len(set(lodged)) == len(ground.rows("SELECT 1 FROM request"))
    assert proof.used + proof.gaps.total() == proof.drawn - proof.since + 1
    assert proof.gaps["refused: document_missing"] == 80 - len(lodged)


@pytest.mark.parametrize(("damage", "told"), [
    ("DELETE FROM number_register WHERE request_id IS NOT NULL", "neither used nor explained"),
    ("DELETE FROM request", "is not there"),
    ("UPDATE request SET tracking_number = '01-26-48392075-5'", "comes from another serial")])
def test_a_register_that_was_tampered_with_is_not_proved(ground: Ground, damage: str, told: str) -> None:
    ground.submit()
    sweep(ground)
    assert prove(ground).wrong == []
    if "48392075" in damage:
        damage = damage.replace("01-26-48392075-5", numbering.tracking_number("01", 2026, 9_999, b"k" * 16))
    with ground.database.transaction() as connection:
        connection.exec_driver_sql(damage)
    [fault] = prove(ground).wrong
    assert told in fault


def test_the_command_proves_it_and_fails_when_a_serial_is_missing(ground: Ground) -> None:
    ground.submit()
    with pytest.raises(Refusal):
        ground.submit(ground.application(papers=()))
    sweep(ground)

    def command() -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, "-m", "services.requests", "numbers", "--gaps"], capture_output=True,
                              text=True, env={**os.environ, **ground.settings.environ})

    done = command()
    assert done.returncode == 0, done.stderr
    assert "1 used, 1 gaps explained" in done.stdout and "refused: document_missing" in done.stdout
    with ground.database.transaction() as connection:
        connection.exec_driver_sql("DELETE FROM number_register WHERE reason IS NOT NULL")
    done = command()
    assert done.returncode == 1 and "neither used nor explained" in done.stdout
