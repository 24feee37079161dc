"""Licence serials over a real database: each one drawn is a licence's, held by a tablet, or void with its reason."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta

import pytest

from rules import numbering
from services.requests import licence_numbers
from services.requests.serial_register import Proof
from tests.support.requests_ground import HEAD, Ground
from tests.support.shop_ground import *  # noqa: F403  (fixtures)
from tests.support.slow_commit import before_the_first_commit
from tests.support.tablets import Tablet


@pytest.fixture
def ground(opened: Ground) -> Ground:
    opened.fresh()
    with opened.database.transaction() as connection:
        connection.exec_driver_sql("UPDATE licence_number_mark SET seen_at = '2020-01-01'")
        connection.exec_driver_sql("UPDATE number_mark SET seen_at = '2020-01-01'")
    return opened


def prove(ground: Ground) -> Proof:
    return licence_numbers.prove(ground.unit_of_work())


def sweep(ground: Ground) -> None:
    for _ in range(2):
        ground.wait(seconds=61)
        while ground.attempt(licence_numbers.explain):
            pass


def test_the_serial_of_a_licence_is_in_the_register(ground: Ground) -> None:
    lodged = ground.issued()
    [row] = ground.rows("SELECT n.serial, l.serial AS number FROM licence_number AS n JOIN licence AS l "
                        "ON l.id = n.licence_id")
    assert row.number == ground.row(lodged).licence_serial
    assert numbering.parse_licence_serial(row.number).sequence == row.serial
    proof = prove(ground)
    assert (proof.used, proof.open, proof.wrong) == (1, 0, [])


def test_what_a_broken_step_drew_is_given_up_after_a_while(ground: Ground) -> None:
    ground.issued()
    ground.rows("SELECT nextval('licence_serial') FROM generate_series(1, 2)")  # a process died in mid-step, twice
    ground.issued()
    assert prove(ground).open == 2
    sweep(ground)
    proof = prove(ground)
    assert (proof.used, dict(proof.gaps), proof.open, proof.wrong) == (2, {"never_used": 2}, 0, [])


def test_a_step_slower_than_the_sweep_is_written_under_another_serial(ground: Ground) -> None:
    lodged = ground.decided()
    ground.do(HEAD, "approve")
    with before_the_first_commit(ground, lambda: sweep(ground)):
        ground.pay(lodged, "final")
    first, second = ground.rows("SELECT reason, licence_id FROM licence_number ORDER BY serial")
    assert (first.reason, first.licence_id, second.reason) == ("never_used", None, None)
    assert prove(ground).wrong == [] and len(ground.rows("SELECT 1 FROM licence")) == 1


@pytest.mark.parametrize(("damage", "told"), [
    ("DELETE FROM licence_number", "neither used nor explained"),
    ("DELETE FROM licence", "is not there"),
    ("UPDATE licence SET serial = 'other'", "comes from another serial")])
def test_a_register_that_was_tampered_with_is_not_proved(ground: Ground, damage: str, told: str) -> None:
    ground.issued()
    sweep(ground)
    assert prove(ground).wrong == []
    other = numbering.licence_serial("EG-C", 2026, 99_999_999)
    with ground.database.transaction() as connection:
        connection.exec_driver_sql(damage.replace("other", other))
    [fault] = prove(ground).wrong
    assert told in fault


def test_the_command_proves_both_registers_and_says_what_a_tablet_holds(ground: Ground) -> None:
    ground.issued()
    lodged = ground.decided()
    ground.do(HEAD, "approve")
    tablet = Tablet(ground).certified()
    [given] = tablet.tickets(lodged, until=ground.now + timedelta(hours=8))
    assert given["ticket"]
    sweep(ground)

    def command() -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, "-W", "ignore", "-m", "services.requests", "numbers", "--gaps"],
                              capture_output=True, text=True, env={**os.environ, **ground.settings.environ})

    done = command()
    assert done.returncode == 0, done.stderr
    assert "licences: serials" in done.stdout and f"1  reserved for device {tablet.id}" in done.stdout
    with ground.database.transaction() as connection:
        connection.exec_driver_sql("DELETE FROM licence_number WHERE licence_id IS NOT NULL")
    done = command()
    assert done.returncode == 1 and "licences: serial" in done.stdout and "neither used" in done.stdout
