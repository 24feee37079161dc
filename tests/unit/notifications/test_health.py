"""Shares, health and the small steps in which it moves."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifications import health
from services.notifications.health import FLOOR, FULL, STEP, Condition, Figures, Policy, Standing, Window

NOW = datetime(2026, 3, 1, 10, tzinfo=UTC)
POLICY = Policy()
WELL = Figures(answers=100)
ILL = Figures(answers=100, errors=50)

standings = st.lists(
    st.builds(Standing, st.sampled_from("abcde"), st.integers(1, 100),
              st.integers(FLOOR // STEP, FULL // STEP).map(lambda n: n * STEP), st.booleans()),
    max_size=5, unique_by=lambda one: one.name)  # fmt: skip


@st.composite
def figures(draw: st.DrawFn) -> Figures:
    answers, told = draw(st.integers(0, 200)), draw(st.integers(0, 200))
    return Figures(answers, draw(st.integers(0, answers)), draw(st.integers(0, answers)), told,
                   draw(st.integers(0, told)), draw(st.booleans()))


seen = st.fixed_dictionaries({name: figures() for name in "abcde"})


def by_name(given: list[Standing]) -> dict[str, Standing]:
    return {one.name: one for one in given}


@given(standings)
def test_shares_add_up_to_a_hundred_and_nobody_who_is_on_has_none(given):
    shares = health.shares(given)
    on = [one for one in given if one.on]
    assert set(shares) == {one.name for one in on}
    assert sum(shares.values()) == (100 if on else 0)
    assert all(share >= 1 for share in shares.values())


@given(standings)
def test_more_health_or_weight_never_means_a_smaller_share(given):
    for one in (one for one in given if one.on):
        before = health.shares(given)[one.name]
        for better in (replace(one, health=min(one.health + STEP, FULL)),
                       replace(one, weight=min(one.weight + 7, 100))):
            after = health.shares([better if other is one else other for other in given])[one.name]
            assert after >= before - 1  # rounding to whole parts may move one


def test_the_only_one_has_all_whatever_its_health():
    assert health.shares([Standing("a", 1, FLOOR), Standing("b", 100, FULL, on=False)]) == {"a": 100}


@given(st.lists(st.integers(1, 100), min_size=60, max_size=90))
def test_even_many_add_up(weights):
    shares = health.shares([Standing(str(number), weight) for number, weight in enumerate(weights)])
    assert sum(shares.values()) == 100
    assert min(shares.values()) == 1


def test_weights_are_shares_while_all_are_well():
    assert health.shares([Standing("a", 70), Standing("b", 30)]) == {"a": 70, "b": 30}


@given(standings, seen)
def test_a_step_moves_one_instance_by_one_step_within_its_bounds(given, figures_):
    found = health.step(by_name(given), figures_, None, NOW, POLICY)
    if found is None:
        return
    one = by_name(given)[found.name]
    assert one.on
    assert found.before == one.health
    assert abs(found.after - found.before) == STEP
    assert FLOOR <= found.after <= FULL
    condition, reason = health.condition(figures_[found.name], POLICY)
    assert reason == found.reason
    assert condition is (Condition.BAD if found.after < found.before else Condition.GOOD)


@given(standings, seen, st.integers(0, 59))
def test_nothing_moves_within_an_interval_of_the_last_step(given, figures_, seconds):
    assert health.step(by_name(given), figures_, NOW - timedelta(seconds=seconds), NOW, POLICY) is None


@given(figures(), st.integers(0, 50))
def test_more_errors_never_make_it_better(found, more):
    order = {Condition.BAD: 0, Condition.UNCLEAR: 1, Condition.GOOD: 2}
    worse = replace(found, errors=min(found.errors + more, found.answers))
    assert order[health.condition(worse, POLICY)[0]] <= order[health.condition(found, POLICY)[0]]


@given(seen)
def test_the_only_one_that_is_on_keeps_its_health(figures_):
    alone = {"a": Standing("a", health=50), "b": Standing("b", on=False)}
    found = health.step(alone, figures_, None, NOW, POLICY)
    assert found is None or found.after > found.before


def test_nobody_falls_when_all_are_ill_for_there_is_nowhere_to_go():
    both = {"a": Standing("a"), "b": Standing("b")}
    assert health.step(both, {"a": ILL, "b": ILL}, None, NOW, POLICY) is None


@pytest.mark.parametrize(
    ("found", "reason"),
    [(Figures(100, errors=10), "errors"), (Figures(100, slow=25), "slow"), (Figures(told=100, late=25), "late"),
     (Figures(away=True), "away")],
)  # fmt: skip
def test_errors_slowness_lateness_and_absence_each_lower_it(found, reason):
    step = health.step({"a": Standing("a"), "b": Standing("b")}, {"a": found, "b": WELL}, None, NOW, POLICY)
    assert step == health.Step("a", 100, 90, reason)


def test_one_that_was_asked_nothing_stays_where_it_is():
    both = {"a": Standing("a", health=50), "b": Standing("b")}
    assert health.step(both, {"b": WELL}, None, NOW, POLICY) is None


def test_a_few_errors_among_few_answers_say_nothing_yet():
    few = Figures(answers=9, errors=9)
    both = {"a": Standing("a", health=50), "b": Standing("b")}
    assert health.step(both, {"a": few, "b": WELL}, None, NOW, POLICY) is None


def test_failover_and_recovery_are_gradual():
    """Ten minutes of errors, then none: down to a trickle and back up, one step a minute."""
    now, last, walk = NOW, None, []
    standing = by_name([Standing("a"), Standing("b")])
    for minute in range(25):
        found = health.step(standing, {"a": ILL if minute < 10 else WELL, "b": WELL}, last, now, POLICY)
        if found is not None:
            last = now
            standing[found.name] = replace(standing[found.name], health=found.after)
        walk.append(health.shares(standing.values())["a"])
        now += POLICY.interval
    falling, rising = walk[:10], walk[10:]
    assert falling == sorted(falling, reverse=True)
    assert falling[-1] == 9  # a trickle, so that its recovery is seen
    assert rising == sorted(rising)
    assert rising[-1] == 50


def test_a_window_forgets_what_is_old_and_each_step_stands_on_news_of_its_own():
    window = Window()
    window.note(NOW, 10, 5, 1)
    window.note(NOW + timedelta(seconds=90), 20, 0, 2)
    assert window.figures(NOW + timedelta(seconds=90), POLICY) == Figures(30, 5, 3)
    assert window.figures(NOW + timedelta(seconds=90), POLICY, NOW) == Figures(20, 0, 2)
    assert window.figures(NOW + timedelta(seconds=130), POLICY) == Figures(20, 0, 2)
