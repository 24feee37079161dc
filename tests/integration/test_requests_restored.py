"""Numbers of a node that was restored from a backup: none that its lost self can have given is given again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chassis import restoring
from chassis.config import Settings
from chassis.ids import uuid7
from contracts.events import Event
from rules import numbering
from rules.restoring import LEAST
from services.requests import licence_numbers, numbers, recovered
from tests.support.requests_ground import Ground
from tests.support.shop_ground import *  # noqa: F403  (fixtures)

SERIALS = tuple(recovered.SERIALS.values())


@pytest.fixture
def ground(opened: Ground) -> Ground:
    opened.fresh()
    with opened.database.transaction() as connection:
        connection.exec_driver_sql("TRUNCATE serial_jump")
    return opened


def in_epoch(ground: Ground, epoch: int, **more: str) -> Settings:
    environ = {**ground.settings.environ, **{f"SHUBBAK_{name}": value for name, value in more.items()}}
    return replace(ground.settings, epoch=epoch, environ=environ)


def begin(ground: Ground, epoch: int, **more: str) -> None:
    restoring.begin(ground.database, in_epoch(ground, epoch, **more), SERIALS, ground.now)


def sequence(ground: Ground, number: str) -> int:
    return numbering.tracking_sequence(number, ground.settings.number_key)


def jumps(ground: Ground) -> list[tuple[int, str, int, int, str]]:
    return [tuple(row) for row in ground.rows(
        'SELECT epoch, sequence, before, "after", why FROM serial_jump ORDER BY epoch, sequence, "after"')]


def hear(ground: Ground, **known: list[str]) -> None:
    event = Event(uuid7(), "gateway.numbers.recovered.v1", "urn:test", uuid7(), 1, ground.now, "test",
                  {"peer": "EG", "facts": 1, "numbers": known})
    ground.attempt(lambda work: recovered.take(work, event))


def test_the_first_epoch_moves_nothing(ground: Ground) -> None:
    before = sequence(ground, ground.submit()["tracking_number"])
    begin(ground, 1)
    assert sequence(ground, ground.submit()["tracking_number"]) == before + 1
    assert jumps(ground) == []


def test_a_new_epoch_leaves_out_what_may_have_been_given_and_says_so_in_the_registers(ground: Ground) -> None:
    before = sequence(ground, ground.submit()["tracking_number"])
    begin(ground, 2)
    assert sequence(ground, ground.submit()["tracking_number"]) == before + LEAST + 1
    assert {(sequence, after - before) for _, sequence, before, after, _ in jumps(ground)} == {
        (serial.sequence, LEAST) for serial in SERIALS}
    proof = numbers.prove(ground.unit_of_work())
    assert proof.gaps["restored"] == LEAST and proof.used == 2 and proof.wrong == []
    assert licence_numbers.prove(ground.unit_of_work()).wrong == []


def test_it_is_left_out_once_however_often_the_service_starts(ground: Ground) -> None:
    for _ in range(3):
        begin(ground, 2)
    assert len(jumps(ground)) == len(SERIALS)
    begin(ground, 3)
    assert len(jumps(ground)) == 2 * len(SERIALS)


def test_an_operator_may_say_how_far(ground: Ground) -> None:
    begin(ground, 2, RESTORE_JUMP="70000")
    assert {after - before for _, _, before, after, _ in jumps(ground)} == {70_000}


def test_what_the_centre_knows_moves_numbers_further_and_never_back(ground: Ground) -> None:
    begin(ground, 2)
    now = sequence(ground, ground.submit()["tracking_number"])
    far = numbering.tracking_number("01", 2026, now + 500, ground.settings.number_key)
    near = numbering.tracking_number("01", 2026, now - 500, ground.settings.number_key)
    hear(ground, tracking=[near])
    assert sequence(ground, ground.submit()["tracking_number"]) == now + 1
    licensed = next(after for _, serial, _, after, _ in jumps(ground) if serial == "licence_serial")
    for _ in range(2):
        hear(ground, tracking=[near, far], licence=[numbering.licence_serial("EG-C", 2026, licensed + 200)])
    assert sequence(ground, ground.submit()["tracking_number"]) == now + 501
    assert ground.rows("SELECT nextval('licence_serial') AS next")[0].next == licensed + 201
    assert [row[1:] for row in jumps(ground) if row[4] == "recovered"] == [
        ("licence_serial", licensed, licensed + 200, "recovered"),
        ("tracking_serial", now + 1, now + 500, "recovered"),
    ]
    assert numbers.prove(ground.unit_of_work()).wrong == []


def test_a_number_that_is_none_of_ours_is_passed_over(ground: Ground) -> None:
    hear(ground, tracking=["nonsense"], licence=["C-2026-000001-0"])
    assert jumps(ground) == []
