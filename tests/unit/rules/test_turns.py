"""What may become of a turn, who is called next, which visit of a request it is, how waiting is measured."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from rules import turns
from rules.refusal import Refusal
from rules.turns import Waiting

MORNING = datetime(2026, 3, 1, 7, 0, tzinfo=UTC)
queues = some.sampled_from(sorted(turns.QUEUES))


@some.composite
def crowds(draw: some.DrawFn) -> list[Waiting]:
    """People who came one after another, each at the end of some queue."""
    places: dict[str, int] = {}
    crowd = []
    for number, (queue, priority, minutes) in enumerate(
        draw(some.lists(some.tuples(queues, some.booleans(), some.integers(0, 3)), max_size=25))
    ):
        places[queue] = places.get(queue, 0) + 1
        since = (crowd[-1].since if crowd else MORNING) + timedelta(minutes=minutes)
        crowd.append(Waiting(str(number), queue, priority, places[queue], since))
    return crowd


def test_every_step_is_between_known_states_by_a_known_action() -> None:
    for (left, action), right in turns.TRANSITIONS.items():
        assert left in turns.STATES and right in turns.STATES and action in turns.ACTIONS
    assert {action for _, action in turns.TRANSITIONS} == set(turns.ACTIONS)
    assert set(turns.NAMES) == set(turns.STATES)


@given(some.lists(some.sampled_from(turns.ACTIONS), max_size=15))
def test_whatever_is_tried_nobody_is_served_without_being_called_and_what_ended_stays_ended(actions: list[str]) -> None:
    state, path = turns.WAITING, [turns.WAITING]
    for action in actions:
        try:
            state = turns.step(state, action)
        except Refusal as refusal:
            assert refusal.code == "turn_not_possible"
            continue
        path.append(state)
    if turns.SERVING in path:
        assert path[path.index(turns.SERVING) - 1] == turns.CALLED
    for ended in (turns.ENDED, turns.MOVED, turns.LEFT):
        assert ended not in path[:-1]


def test_after_the_day_nothing_waits_or_stands_at_a_window() -> None:
    for state in (turns.WAITING, *turns.AT_A_WINDOW):
        assert turns.step(state, turns.CLOSE) not in (turns.WAITING, *turns.AT_A_WINDOW)


def test_who_did_not_come_may_be_called_once_more_and_who_was_served_may_not() -> None:
    assert turns.step(turns.MISSED, turns.CALL) == turns.CALLED
    with pytest.raises(Refusal, match="turn_not_possible"):
        turns.step(turns.ENDED, turns.CALL)


@given(queues, some.integers(1, 9_999), some.sampled_from(["{0}{1}", " {0}{1} ", "{0} {1}", "{0}-{1}", "{0}0{1}"]),
       some.booleans())
def test_a_ticket_is_read_however_its_label_is_typed(queue: str, number: int, way: str, small: bool) -> None:
    label = turns.label(queue, number)
    typed = way.format(label[0].lower() if small else label[0], number)
    assert turns.parse_label(typed) == (queue, number)


@pytest.mark.parametrize("typed", ["", "A", "7", "Z7", "A0", "A-", "A7B", "A٧", "A123456", "01-26-21263991-J", "A²"])
def test_what_is_no_label_is_none(typed: str) -> None:
    assert turns.parse_label(typed) is None


def test_letters_are_told_apart() -> None:
    assert len({queue.letter for queue in turns.QUEUES.values()}) == len(turns.QUEUES)


@given(crowds(), some.sets(queues, min_size=1))
def test_within_a_queue_people_are_called_in_the_order_in_which_they_came(crowd: list[Waiting], mine: set[str]) -> None:
    """Called to the last, each queue goes by place: first those with priority, then the others; nobody is left or
    called twice."""
    left, called = list(crowd), []
    while (turn := turns.next_of(left, sorted(mine))) is not None:
        left.remove(turn)
        called.append(turn)
    assert {turn.key for turn in called} == {turn.key for turn in crowd if turn.queue in mine}
    for queue in mine:
        for priority in (True, False):
            places = [turn.place for turn in called if (turn.queue, turn.priority) == (queue, priority)]
            assert places == sorted(places)
    assert [turn.priority for turn in called] == sorted((turn.priority for turn in called), reverse=True)
    ordinary = [turn.since for turn in called if not turn.priority]
    assert ordinary == sorted(ordinary), "who waits longest is called first, whichever queue of mine it is"


@given(crowds())
def test_a_window_calls_from_its_own_queues_only(crowd: list[Waiting]) -> None:
    turn = turns.next_of(crowd, ["cashier"])
    assert turn is None or turn.queue == "cashier"
    assert (turn is None) == all(one.queue != "cashier" for one in crowd)


@given(some.lists(some.dates(date(2026, 1, 1), date(2026, 3, 31)), max_size=8), some.dates(date(2026, 1, 1)))
def test_a_visit_is_a_day(earlier: list[date], today: date) -> None:
    visit = turns.visit_of(earlier, today)
    assert 1 <= visit <= len(set(earlier)) + 1
    assert turns.visit_of([*earlier, today, today], today) == visit, "twice on one day is one visit"
    assert turns.visit_of(earlier, date(2026, 4, 1)) == len(set(earlier)) + 1


def test_seconds_are_whole_and_never_below_zero() -> None:
    assert turns.seconds(MORNING, MORNING + timedelta(seconds=61.9)) == 61
    assert turns.seconds(MORNING, MORNING - timedelta(seconds=5)) == 0
    assert turns.seconds(None, MORNING) is None and turns.seconds(MORNING, None) is None


@given(some.lists(some.integers(0, 20_000), min_size=1, max_size=60), some.floats(0.01, 1.0))
def test_a_percentile_is_the_smallest_value_that_so_many_do_not_exceed(values: list[int], share: float) -> None:
    found = turns.percentile(values, share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values) - 1e-9
    below = [value for value in values if value < found]
    assert len(below) < share * len(values) + 1e-9


@given(some.lists(some.integers(0, 20_000), max_size=60))
def test_the_spread_of_seconds(values: list[int]) -> None:
    told = turns.spread(values)
    assert told.count == len(values)
    if not values:
        assert (told.mean, told.median, told.p90) == (None, None, None)
        return
    assert min(values) <= told.median <= told.p90 <= max(values)
    assert abs(told.mean - sum(values) / len(values)) <= 0.5
