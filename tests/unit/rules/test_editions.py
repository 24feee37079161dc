from dataclasses import dataclass
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.problems import catalogue
from rules.editions import check_next, first_free_day, in_force, states

START = date(2026, 1, 1)


@dataclass(frozen=True)
class Edition:
    version: int
    effective_from: date


def day(number):
    return START + timedelta(days=number)


TWO = [Edition(1, day(0)), Edition(2, day(10))]


@pytest.mark.parametrize("retired, on, version", [
    ([], -1, None), ([], 0, 1), ([], 9, 1), ([], 10, 2), ([], 999, 2),
    ([5], 4, 1), ([5], 5, None), ([5], 9, None), ([5], 10, 2),  # a later version brings the service back
    ([10], 10, 2),  # a retirement on a version's first day was of the one before
    ([20], 19, 2), ([20], 20, None), ([20, 5], 999, None)])
def test_the_version_in_force_on_a_day(retired, on, version):
    found = in_force(TWO, [day(end) for end in retired], day(on))
    assert (found and found.version) == version


def test_where_each_version_stands():
    three = [*TWO, Edition(3, day(20))]
    assert states(three, [], day(12)) == {1: "superseded", 2: "in_force", 3: "scheduled"}
    assert states(three, [day(13)], day(15)) == {1: "superseded", 2: "retired", 3: "scheduled"}
    assert states(three, [day(13)], day(-1)) == dict.fromkeys((1, 2, 3), "scheduled")
    assert states([], [day(1)], day(5)) == {}


@pytest.mark.parametrize("from_day, today, codes", [
    (11, 0, []), (10, 0, ["effective_date_overlaps"]), (3, 5, ["effective_date_past", "effective_date_overlaps"]),
    (12, 13, ["effective_date_past"]), (12, 12, [])])
def test_a_next_version_begins_after_all_others_and_not_in_the_past(from_day, today, codes):
    faults = check_next(TWO, day(from_day), day(today))
    assert [fault.code for fault in faults] == codes and set(codes) <= catalogue().keys()


histories = st.lists(st.integers(1, 20), max_size=6).map(
    lambda gaps: [Edition(index + 1, day(sum(gaps[:index + 1]))) for index in range(len(gaps))])


@given(histories, st.lists(st.integers(0, 100).map(day), max_size=4), st.integers(-5, 120).map(day))
def test_at_most_one_version_is_in_force_and_it_is_the_last_that_began(editions, retired, on):
    found = states(editions, retired, on)
    standing = in_force(editions, retired, on)
    assert [version for version, state in found.items() if state == "in_force"] == (
        [standing.version] if standing else [])
    if standing is not None:
        assert standing.effective_from == max(one.effective_from for one in editions if one.effective_from <= on)
    assert found.keys() == {one.version for one in editions}


@given(histories, st.integers(-5, 120).map(day))
def test_the_first_free_day_is_the_earliest_that_is_taken(editions, today):
    free = first_free_day(editions, today)
    assert check_next(editions, free, today) == []
    assert check_next(editions, free - timedelta(days=1), today)
    more = [*editions, Edition(len(editions) + 1, free)]
    found = in_force(more, [], free)
    assert found is not None and found.version == len(editions) + 1
