"""Whose turn it is among the providers of a channel."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.notifications.turns import Turns


def run(shares: dict[str, int], rounds: int, due: int, room: int = 100) -> dict[str, int]:
    """Every round so many messages are due and everybody is idle: who took how many."""
    turns, taken = Turns(), dict.fromkeys(shares, 0)
    for _ in range(rounds):
        left = due
        quanta = turns.quanta(shares, dict.fromkeys(shares, room))
        for name in turns.order(shares, quanta):
            count = min(quanta[name], left)
            turns.took(name, count, shares[name])
            taken[name] += count
            left -= count
    return taken


@given(st.integers(1, 99), st.sampled_from([1, 7, 50, 1000]))
def test_over_time_each_takes_its_share_whether_little_or_much_is_due(share, due):
    shares = {"a": share, "b": 100 - share}
    taken = run(shares, 2000, due)
    total = sum(taken.values())
    assert total > 0
    for name, count in taken.items():
        assert abs(count / total - shares[name] / 100) < 0.06


def test_one_that_is_ahead_waits_for_one_that_keeps_pace_and_not_for_a_slow_one():
    turns, shares = Turns(), {"a": 50, "b": 50}
    turns.took("b", 1, 50)
    turns.took("a", 500, 50)
    quanta = turns.quanta(shares, {"a": 100})
    assert turns.order(shares, quanta, frozenset({"b"})) == []
    assert turns.order(shares, quanta) == ["a"]


def test_whoever_comes_back_saves_nothing_up():
    turns, shares = Turns(), {"a": 50, "b": 50}
    for _ in range(100):
        turns.order(shares, {"a": 100})
        turns.took("a", 100, 50)
    taken = {"a": 0, "b": 0}
    for _ in range(20):
        quanta = turns.quanta(shares, {"a": 100, "b": 100})
        for name in turns.order(shares, quanta):
            turns.took(name, 100, 50)
            taken[name] += 100
    assert taken["a"] >= 1500


def test_everybody_present_gets_something_and_nobody_more_than_its_room():
    quanta = Turns().quanta({"a": 90, "b": 9, "c": 1}, {"a": 100, "b": 5, "c": 100})
    assert quanta == {"a": 100, "b": 5, "c": 1}
