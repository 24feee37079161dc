"""What may become of a licence: no act from a status that does not permit it, no day lost or gained."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from dateutil.relativedelta import relativedelta
from hypothesis import given
from hypothesis import strategies as st

from contracts.problems import describe
from rules import register
from rules.refusal import Refusal

days = st.dates(date(2020, 1, 1), date(2060, 1, 1))
FINAL = (register.CANCELLED, register.REPLACED, register.TRANSFERRED)


@given(st.sampled_from(register.STATES), days, st.none() | days, days)
def test_only_a_licence_in_force_has_a_status_of_its_dates(state, since, until, today):
    found = register.status(state, since, until, today)
    assert found in register.STATUSES
    assert (found == state) is (state != register.IN_FORCE)


@pytest.mark.parametrize("standing", FINAL)
def test_what_is_over_stays_over(standing):
    for code in register.ACTS:
        with pytest.raises(Refusal, match="licence_act_refused"):
            register.act(code, standing)


@pytest.mark.parametrize("standing", register.STATUSES)
def test_a_refusal_says_how_the_licence_stands_in_the_language_of_the_answer(standing: str) -> None:
    [fault] = register.refused(register.ACTS["suspend"], standing).faults
    arabic, english = register.STATUS_NAMES[standing]
    assert f": {arabic}." in describe(fault, "ar") and standing not in describe(fault, "ar")
    assert f"that is {english} now" in describe(fault, "en")


@given(st.lists(st.sampled_from(sorted(register.ACTS)), max_size=12))
def test_no_run_of_acts_leads_out_of_the_states_or_back_from_an_end(codes):
    state, since, until, today = register.IN_FORCE, date(2026, 1, 1), date(2030, 12, 31), date(2026, 6, 1)
    for code in codes:
        standing = register.status(state, since, until, today)
        if standing not in register.ACTS[code].statuses:
            continue
        assert state not in FINAL
        state = register.act(code, standing).to
        assert state in register.STATES


def test_a_suspended_licence_is_not_renewed_and_does_not_merely_expire():
    standing = register.status(register.SUSPENDED, date(2020, 1, 1), date(2024, 12, 31), date(2026, 1, 1))
    assert standing == register.SUSPENDED
    with pytest.raises(Refusal, match="licence_act_refused"):
        register.act(register.RENEWAL, standing)


@given(days, days)
def test_months_late_counts_every_month_begun(until, today):
    late = register.months_late(until, today)
    assert (late == 0) is (today <= until)
    if late:
        assert until + relativedelta(months=late - 1) < today <= until + relativedelta(months=late) or \
            today.day > 28 or until.day > 28  # months of unequal length


@pytest.mark.parametrize(("today", "late"), [
    (date(2026, 3, 31), 0), (date(2026, 4, 1), 1), (date(2026, 4, 30), 1), (date(2026, 5, 31), 2),
    (date(2026, 6, 1), 3), (date(2027, 3, 31), 12), (date(2027, 4, 1), 13)])
def test_months_late_after_the_last_of_march(today, late):
    assert register.months_late(date(2026, 3, 31), today) == late


@given(days, days, st.integers(1, 240))
def test_renewing_loses_no_day_and_gains_none(until, today, months):
    found = register.term(months, today, register.RENEWAL, until)
    begins = max(today, until + timedelta(days=1))
    assert found == begins + relativedelta(months=months, days=-1)


@given(st.sampled_from((register.ALTERATION, register.TRANSFER)), st.none() | days, days)
def test_altering_or_transferring_changes_no_term(kind, until, today):
    assert register.term(60, today, kind, until) == until


@given(st.sampled_from(register.STATUSES), st.sampled_from(register.SUCCESSIONS))
def test_nobody_comes_by_a_licence_in_force_through_one_that_is_not(standing, kind):
    former, successor = register.taken_over(standing, kind)
    assert (successor == register.IN_FORCE) is (standing not in (register.SUSPENDED, register.CANCELLED))
    assert former != register.IN_FORCE
