import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules import ledger
from rules.fees import Charge, total
from rules.ledger import Entry, Posting

charges = st.lists(st.builds(Charge, st.text(max_size=5), st.just({}), st.sampled_from(["1101", "1102", "2101"]),
                             st.integers(1, 10**12)), min_size=1, max_size=6)


def charge(account, amount):
    return Charge("x", {}, account, amount)


def test_cash_at_the_counter():
    entry = ledger.cash_receipt("EG-C-13", "R-1", [charge("1101", 500), charge("2101", 20), charge("1101", 30)])
    assert entry == Entry("cash_receipt", "R-1", (Posting("cash:EG-C-13", 550), Posting("revenue:1101", -530),
                                                  Posting("revenue:2101", -20)))
    assert entry.total == 550


@given(charges, st.integers(1, 10**12))
def test_every_constructor_balances(lines, amount):
    entries = [ledger.cash_receipt("EG-C-13", "1", lines), ledger.rail_receipt("fawry", "2", lines),
               ledger.money_held("fawry", "3", amount), ledger.held_applied("fawry", "4", lines)]
    entries += [ledger.reversal(entry, "6") for entry in entries]
    assert ledger.balanced(entries)
    assert all(type(posting.amount) is int for entry in entries for posting in entry.postings)
    assert not any(ledger.balances(entries).values())  # each entry met its reversal


@given(charges)
def test_revenue_is_what_the_bill_said_account_by_account(lines):
    sums = ledger.balances([ledger.rail_receipt("fawry", "1", lines)])
    assert sums.pop("rail:fawry") == total(lines)
    assert sums == {f"revenue:{account}": -sum(one.amount for one in lines if one.account == account)
                    for account in {one.account for one in lines}}


@given(charges)
def test_held_money_applied_ends_where_a_plain_receipt_does(lines):
    held = [ledger.money_held("fawry", "1", total(lines)), ledger.held_applied("fawry", "2", lines)]
    plain = [ledger.rail_receipt("fawry", "1", lines)]
    assert {k: v for k, v in ledger.balances(held).items() if v} == ledger.balances(plain)


@given(st.lists(charges, max_size=5))
def test_over_all_accounts_the_books_sum_to_zero(bills):
    entries = [ledger.cash_receipt("EG-C-13", str(n), lines) for n, lines in enumerate(bills)]
    assert sum(ledger.balances(entries).values()) == 0


@pytest.mark.parametrize("postings", [(), (Posting("cash:a", 0), Posting("held:b", 0)), (Posting("cash:a", 5),),
                                      (Posting("cash:a", 5), Posting("held:b", -4))])
def test_what_does_not_balance(postings):
    assert not ledger.balanced([Entry("x", "1", postings)])


def test_two_wrongs_do_not_balance_each_other():
    assert not ledger.balanced([Entry("x", "1", (Posting("cash:a", 5), Posting("held:b", -4))),
                                Entry("x", "2", (Posting("cash:a", 4), Posting("held:b", -5)))])


@pytest.mark.parametrize("amount", [0, -1, 1.0, True, "5"])
def test_only_whole_piastres_above_zero(amount):
    with pytest.raises(ValueError):
        ledger.money_held("fawry", "1", amount)
    with pytest.raises(ValueError):
        ledger.cash_receipt("EG-C-13", "1", [charge("1101", amount)])


def test_names_of_accounts():
    assert ledger.cash("EG-C-13") == "cash:EG-C-13"
    for name in ("", "a b", "a:b", "x" * 65):
        with pytest.raises(ValueError):
            ledger.rail(name)
    with pytest.raises(ValueError):
        ledger.cash_receipt("EG-C-13", "1", [])
