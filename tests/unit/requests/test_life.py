"""What a case is read as: when its clock was set, and what the branches of the state in which it stands have said."""

from __future__ import annotations

import random

import pytest

from services.requests.life import marks_of, verdicts_of

DAY = "2026-03-{:02d}T08:00:00+00:00"


def step(day: int, from_state: str | None, to_state: str, branch: str | None = None, verdict: str | None = None,
         clock: str = "running") -> list[str | None]:  # fmt: skip
    return [DAY.format(day), clock, from_state, to_state, branch, verdict]


ENTERED = [step(1, None, "review"), step(2, "review", "departments")]


def test_a_branchs_step_inside_its_state_sets_no_clock() -> None:
    steps = [*ENTERED, step(3, "departments", "departments", "a", "favourable"),
             step(4, "departments", "decision", "b", "favourable")]  # fmt: skip
    assert [(mark.why, mark.at.day) for mark in marks_of(steps)] == [("review", 1), ("departments", 2), ("decision", 4)]


def test_a_state_that_is_come_to_again_by_an_action_of_its_own_sets_the_clock_again() -> None:
    assert [mark.why for mark in marks_of([step(1, None, "review"), step(2, "review", "review")])] == ["review"] * 2


def test_an_end_stops_the_clock() -> None:
    [_, mark] = marks_of([step(1, None, "review"), step(2, "review", "issued", clock="ended")])
    assert mark.clock == "stopped"


def test_verdicts_are_those_since_the_state_was_entered_last() -> None:
    first = [*ENTERED, step(3, "departments", "departments", "a", "unfavourable"),
             step(4, "departments", "completion", "b")]  # fmt: skip
    assert verdicts_of(first[:3]) == {"a": "unfavourable"}
    assert verdicts_of(first) == {}
    again = [*first, step(5, "completion", "departments")]
    assert verdicts_of(again) == {}
    assert verdicts_of([*again, step(6, "departments", "departments", "b", "favourable")]) == {"b": "favourable"}


def test_the_join_ends_what_was_said() -> None:
    joined = [*ENTERED, step(3, "departments", "departments", "a", "favourable"),
              step(4, "departments", "decision", "b", "favourable")]  # fmt: skip
    assert verdicts_of(joined) == {}


@pytest.mark.parametrize("stays", [1, 2, 3])
def test_in_whatever_order_the_branches_of_any_stay_speak(stays: int) -> None:
    chance = random.Random(stays)
    steps = [step(1, None, "departments")]
    for stay in range(stays):
        spoken = chance.sample(["a", "b", "c", "d"], chance.randint(1, 3))
        steps += [step(2, "departments", "departments", branch, chance.choice(["favourable", "unfavourable"]))
                  for branch in spoken]  # fmt: skip
        assert list(verdicts_of(steps)) == spoken[::-1]
        if stay < stays - 1:
            steps += [step(2, "departments", "completion", "d"), step(2, "completion", "departments")]
    assert len(marks_of(steps)) == 2 * stays - 1
