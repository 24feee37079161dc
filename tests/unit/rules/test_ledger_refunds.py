import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules import ledger, ledger_refunds
from rules.fees import Charge

PARTS = st.lists(st.tuples(st.sampled_from(["1101", "1102", "1103"]), st.integers(1, 10**12)), min_size=1, max_size=8)


@given(st.integers(1, 10**12))
def test_a_bill_paid_twice_and_its_refund_leave_nothing_behind(amount):
    came = ledger_refunds.money_credited(ledger.rail("fawry"), "c1", ledger.credit("EG-C-01"), amount)
    assert ledger.balances([came]) == {"rail:fawry": amount, "credit:EG-C-01": -amount}
    went = ledger_refunds.credit_refunded(ledger.credit("EG-C-01"), "r1", ledger.rail("fawry"), amount)
    assert ledger.balanced([came, went]) and not any(ledger.balances([came, went]).values())


@given(st.integers(1, 10**12), st.sampled_from(["rail:fawry", "cash:EG-C-01", "bank:EG-C-01"]))
def test_held_money_that_went_back_is_held_no_more(amount, account):
    held = ledger.money_held("fawry", "h1", amount)
    went = ledger_refunds.held_refunded(ledger.held("fawry"), "r1", account, amount)
    sums = ledger.balances([held, went])
    assert ledger.balanced([held, went]) and sums["held:fawry"] == 0 and sum(sums.values()) == 0


@given(PARTS)
def test_a_refund_takes_from_each_accounting_code_what_went_back(parts):
    charges = [Charge(f"line{index}", {}, code, amount) for index, (code, amount) in enumerate(parts)]
    paid = ledger.cash_receipt("EG-C-01", "R1", charges)
    for made in (ledger_refunds.bill_refunded, ledger_refunds.charged_back):
        back = made(parts, "r1", ledger.cash("EG-C-01"))
        assert ledger.balanced([paid, back]) and not any(ledger.balances([paid, back]).values())
        assert len(back.postings) == len({code for code, _ in parts}) + 1


@pytest.mark.parametrize("amount", [0, -1, 1.5, True])
def test_nothing_that_is_no_amount_is_posted(amount):
    with pytest.raises(ValueError, match="piastres"):
        ledger_refunds.money_credited("rail:fawry", "c1", "credit:EG-C-01", amount)
    with pytest.raises(ValueError, match="piastres"):
        ledger_refunds.credit_refunded("credit:EG-C-01", "c1", "rail:fawry", amount)


@pytest.mark.parametrize("parts", [[], [("1101", 0)], [("1101", -5)]])
def test_a_refund_of_nothing_is_none(parts):
    with pytest.raises(ValueError, match="piastres"):
        ledger_refunds.bill_refunded(parts, "r1", "cash:EG-C-01")
