"""Silence after a restart: whether time passed or the clock jumped is measured by the machine's own count, which goes
on over restarts of processes; where the machine was off, somebody must vouch for the clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from services.requests.silence import Watch
from tests.support.deadlines_ground import SOURCES, Sweeping
from tests.support.requests_ground import MORNING, Ground
from tests.support.silence_ground import *  # noqa: F403  (fixtures)
from tests.support.silence_ground import DUE, SPEAKS, decide, untouched, warned


class Machine:
    """Switched on once, counting as the test's clock goes, until somebody sets the clock."""

    def __init__(self, of: Ground) -> None:
        self.of, self.id, self.jumped, self.kept_right = of, "first", timedelta(), False

    def running(self) -> tuple[str, float]:
        return self.id, (self.of.now - self.jumped - MORNING).total_seconds() + 1000

    def process(self) -> Watch:
        """A process that just started: it has measured nothing by itself."""
        return Watch(steady=lambda: self.running()[1], boot=self.running, witness=lambda: self.kept_right)


@pytest.fixture
def machine(ground: Ground, sweeping: Sweeping) -> Iterator[Machine]:
    yield Machine(ground)


def heard(sweeping: Sweeping, silence: Callable[[], int]) -> int:
    for source in SOURCES:
        sweeping.tell(source)
    sweeping.ground.wait(minutes=5)
    return silence()


def near_the_end(sweeping: Sweeping, machine: Machine) -> dict:
    lodged = sweeping.ground.reviewed()
    sweeping.watch = machine.process()
    warned(sweeping)
    sweeping.day(DUE)
    assert sweeping.ground.rows("SELECT boot_id FROM silence_clock")[0].boot_id == machine.id
    return lodged


def verdicts(sweeping: Sweeping) -> list[str]:
    return [review.facts["verdict"] for review in sweeping.reviews()]


def test_a_jump_of_hours_right_after_a_restart_is_no_downtime(sweeping: Sweeping, machine: Machine) -> None:
    lodged = near_the_end(sweeping, machine)
    mark = sweeping.ground.rows("SELECT seen_until FROM silence_clock")[0].seen_until
    restarted = machine.process()
    sweeping.at(SPEAKS)  # a day ahead, within what a downtime may last
    machine.jumped = sweeping.ground.now - mark
    assert heard(sweeping, lambda: sweeping.silence(restarted)) == 0
    assert verdicts(sweeping) == ["jumped_ahead"]
    assert untouched(sweeping.ground, lodged)
    decide(sweeping.ground, sweeping.reviews()[0], "proceed")
    assert sweeping.silence(restarted) == 1


def test_a_restart_after_a_real_downtime_goes_on_by_itself(sweeping: Sweeping, machine: Machine) -> None:
    near_the_end(sweeping, machine)
    restarted = machine.process()
    sweeping.at(SPEAKS)
    assert heard(sweeping, lambda: sweeping.silence(restarted)) == 1
    assert verdicts(sweeping) == []


@pytest.mark.parametrize(("kept_right", "spoke", "asked"), [(True, 1, []), (False, 0, ["unwitnessed"])])
def test_a_machine_that_was_off_is_believed_when_a_time_server_keeps_its_clock(
    sweeping: Sweeping, machine: Machine, kept_right: bool, spoke: int, asked: list[str]
) -> None:
    near_the_end(sweeping, machine)
    machine.id, machine.kept_right = "second", kept_right
    sweeping.at(SPEAKS)
    switched_on = machine.process()
    assert heard(sweeping, lambda: sweeping.silence(switched_on)) == spoke
    assert verdicts(sweeping) == asked
    if asked:
        decide(sweeping.ground, sweeping.reviews()[0], "proceed")
        assert sweeping.silence(machine.process()) == 1


def test_a_clock_that_differs_from_the_database_servers_stops_it(sweeping: Sweeping, machine: Machine) -> None:
    lodged = near_the_end(sweeping, machine)
    sweeping.at(SPEAKS)  # months from the database server's own
    compares = machine.process()
    compares.compares = True
    assert heard(sweeping, lambda: sweeping.silence(compares)) == 0
    assert verdicts(sweeping) == ["clocks_differ"]
    assert untouched(sweeping.ground, lodged)
