"""What every process does for itself: no lead is asked for, and a step that fails ends nothing."""

from __future__ import annotations

from typing import Any

import eventlet
import pytest

from chassis.errors import Unavailable
from chassis.leader import Round


class NoDatabase:
    def session(self) -> Any:
        raise AssertionError("a round holds no session")


def rounds(step: Any, **options: Any) -> Round:
    return Round(NoDatabase(), "rounds", step, **options)  # type: ignore[arg-type]


def until_three(seen: list[str], *loops: Round) -> None:
    for loop in loops:
        loop.start()
    with eventlet.Timeout(5):
        while min(seen.count(name) for name in set(seen) or {""}) < 3 or len(set(seen)) < len(loops):
            eventlet.sleep(0.001)
    for loop in loops:
        loop.stop()


def test_two_run_beside_each_other() -> None:
    seen: list[str] = []

    def step(name: str) -> Any:
        return lambda _: seen.append(name) or 0.001

    until_three(seen, rounds(step("one")), rounds(step("two")))
    assert seen.count("one") >= 3 and seen.count("two") >= 3


@pytest.mark.parametrize("error", [Unavailable("the database is away"), ValueError("a fault of ours")])
def test_a_step_that_fails_is_told_and_tried_again(error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    seen: list[str] = []

    def step(_: Any) -> float:
        seen.append("step")
        raise error

    until_three(seen, rounds(step, retry=0.001))
    assert "rounds" in caplog.text
