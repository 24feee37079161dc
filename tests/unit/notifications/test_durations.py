from collections import Counter
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifications import durations

seconds = st.floats(0, 72 * 3600)


@given(seconds)
def test_what_stands_on_a_step_took_no_longer_than_it_says_and_not_much_less(took):
    on = durations.step(took)
    assert took <= durations.longest(on) * (1 + 1e-6)
    assert on == 0 or took > durations.longest(on - 1) * (1 - 1e-6)


@given(st.lists(seconds, min_size=1, max_size=200), st.sampled_from([0.5, 0.9, 0.95, 0.99, 1.0]))
def test_a_percentile_is_told_at_most_a_fifth_too_long_and_never_too_short(took, share):
    true = sorted(took)[ceil(len(took) * share) - 1]
    told = durations.percentile(Counter(map(durations.step, took)), share)
    assert true * (1 - 1e-6) <= told <= max(true, durations.SHORTEST) * durations.RATIO * (1 + 1e-6)


@given(st.lists(seconds, min_size=1), st.lists(seconds, min_size=1))
def test_two_days_add_up_to_one_of_both(first, second):
    both = Counter(map(durations.step, first)) + Counter(map(durations.step, second))
    assert durations.percentile(both, 0.95) == durations.percentile(Counter(map(durations.step, first + second)), 0.95)


def test_of_nothing_nothing_is_told():
    assert durations.percentile({}, 0.5) is None
    assert durations.percentile({3: 0}, 0.5) is None


def test_a_clock_that_was_set_back_costs_nothing():
    assert durations.step(-5) == 0


def test_three_days_fit_a_short_ladder():
    assert durations.step(72 * 3600) < 90


def test_a_share_of_more_than_all_is_a_fault_of_ours():
    with pytest.raises(AssertionError):
        durations.percentile({0: 1}, 1.5)
