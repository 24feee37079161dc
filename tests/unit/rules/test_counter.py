"""What a drawer should hold and what was counted in it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules import counter, ledger, ledger_counter
from rules.refusal import Refusal

counts = st.dictionaries(st.sampled_from([str(piece) for piece in counter.PIECES]), st.integers(0, 500))
amounts = st.integers(0, 10**9)


@given(counts)
def test_a_count_is_worth_its_pieces(pieces):
    assert counter.counted(pieces) == sum(int(piece) * number for piece, number in pieces.items())


@given(amounts, amounts, amounts)
def test_a_closing_accounts_for_every_piastre(opening, expected, found):
    closing = counter.close(opening, expected, found, "was counted twice")
    assert closing.returned + closing.deposited == found == expected + closing.difference
    assert 0 <= closing.returned <= opening


@given(amounts, st.integers(-10**6, 10**6).filter(bool), st.sampled_from([None, "", "short", "." * 20]))
def test_a_difference_without_a_reason_closes_nothing(expected, off, reason):
    with pytest.raises(Refusal) as refused:
        counter.close(0, expected, expected + off, reason)
    assert refused.value.code == "difference_reason_required"
    assert refused.value.faults[0].params["difference"] == off


@given(st.integers(1, 10**9), amounts, amounts.filter(bool))
def test_every_entry_balances(amount, found, expected):
    entries = [ledger_counter.float_issued("EG-C-01", "1", amount),
               ledger_counter.float_returned("EG-C-01", "1", amount),
               ledger_counter.cash_deposited("EG-C-01", "1", amount),
               ledger_counter.cash_differed("EG-C-01", "1", amount),
               ledger_counter.cash_differed("EG-C-01", "1", -amount),
               ledger_counter.drawer_handed_in("EG-C-01", "device.x", "1", expected, found)]
    assert ledger.balanced(entries)
    sums = ledger.balances(entries[-1:])
    assert (sums.get("cash:EG-C-01", 0), sums["cash:device.x"]) == (found, -expected)


@pytest.mark.parametrize("act", [
    lambda: ledger_counter.float_issued("EG-C-01", "1", 0), lambda: ledger_counter.cash_deposited("EG-C-01", "1", -1),
    lambda: ledger_counter.cash_differed("EG-C-01", "1", 0),
    lambda: ledger_counter.drawer_handed_in("EG-C-01", "device.x", "1", 0, 0)])
def test_nothing_is_no_entry(act):
    with pytest.raises(ValueError, match=r"nothing|piastres"):
        act()


def test_the_life_of_a_shift():
    assert counter.step("open", "close") == "closed"
    assert counter.step("closed", "approve") == "approved"
    for state, act in (("open", "approve"), ("closed", "close"), ("approved", "close"), ("approved", "approve")):
        with pytest.raises(Refusal):
            counter.step(state, act)
