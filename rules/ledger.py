"""Double entry in integer piastres. An entry is written once and never changed; a mistake is answered by its reversal.

Accounts are named by what they are:
    cash:<unit>             the drawer of a unit's counter; `cash:device.<id>` what a tablet's clerk has in hand
    rail:<rail>             what a payment rail owes us until it settles
    revenue:<account code>  what was earned, by the accounting code of the fee line
    held:<rail>             money that came and belongs to no bill yet: a wrong amount, a second payment
    credit:<unit>           money of citizens of a unit: a bill that was paid twice, until it is given back
    bank:<unit>             the unit's account at its bank
    float, deposit, difference:<unit>  of a counter's shifts: rules.ledger_counter
    settlement, commission, difference:<rail>  of what a rail transfers: rules.ledger_settlement
    node:<code>             what the centre's rails took for the bills of a node, and owe it
A positive amount is a debit, a negative one a credit.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rules.fees import Charge

REVENUE = "revenue"
_ACCOUNT = re.compile(
    r"(cash|rail|revenue|held|credit|bank|float|deposit|difference|settlement|commission|node):[A-Za-z0-9._-]{1,64}")


@dataclass(frozen=True, slots=True)
class Posting:
    """One line of an entry: piastres into (positive) or out of (negative) an account."""

    account: str
    amount: int


@dataclass(frozen=True, slots=True)
class Entry:
    """What happened (`kind`), to which document (`reference`, e.g. a receipt number), and its postings."""

    kind: str
    reference: str
    postings: tuple[Posting, ...]

    @property
    def total(self) -> int:
        """The sum of its debits in piastres."""
        return sum(posting.amount for posting in self.postings if posting.amount > 0)


def cash(unit: str) -> str:
    return named(f"cash:{unit}")


def rail(name: str) -> str:
    return named(f"rail:{name}")


def revenue(account_code: str) -> str:
    return named(f"{REVENUE}:{account_code}")


def held(name: str) -> str:
    return named(f"held:{name}")


def credit(unit: str) -> str:
    return named(f"credit:{unit}")


def bank(unit: str) -> str:
    return named(f"bank:{unit}")


def cash_receipt(unit: str, reference: str, charges: Sequence[Charge]) -> Entry:
    """A bill paid at the counter of a unit: the drawer grows by its total, revenue by account."""
    return _entry("cash_receipt", reference, cash(unit), fee_split(charges))


def rail_receipt(rail_name: str, reference: str, charges: Sequence[Charge]) -> Entry:
    """A bill paid through a rail: the rail owes us its total, revenue grows by account."""
    return _entry("rail_receipt", reference, rail(rail_name), fee_split(charges))


def money_held(rail_name: str, reference: str, amount: int) -> Entry:
    """Money that a rail took and that fits no open bill, until a person decides."""
    return _entry("money_held", reference, rail(rail_name), (Posting(held(rail_name), -_positive(amount)),))


def cash_held(drawer: str, reference: str, amount: int) -> Entry:
    """Cash that lies in a drawer (a unit's, or `device.<id>` of a tablet) and fits no open bill, until a person
    decides."""
    return _entry("cash_held", reference, cash(drawer), (Posting(held(drawer), -_positive(amount)),))


def held_applied(rail_name: str, reference: str, charges: Sequence[Charge]) -> Entry:
    """A person found that the held money does pay the bill."""
    return _entry("held_applied", reference, held(rail_name), fee_split(charges))


def collected_for_node(rail_name: str, reference: str, node: str, amount: int) -> Entry:
    """A rail of the centre took money for the bill of a node: the rail owes it to us, and we to the node."""
    owed = Posting(named(f"node:{node}"), -_positive(amount))
    return _entry("collected_for_node", reference, rail(rail_name), (owed,))


def returned_for_node(rail_name: str, reference: str, node: str, amount: int) -> Entry:
    """A rail of the centre gave back what it had taken for the bill of a node: we owe the node that much less."""
    return Entry("returned_for_node", reference, (Posting(named(f"node:{node}"), _positive(amount)),
                                                  Posting(rail(rail_name), -amount)))


def fee_split(charges: Iterable[Charge]) -> tuple[Posting, ...]:
    """The credits of a bill's lines, one posting an account, in the order in which accounts first appear."""
    amounts: dict[str, int] = {}
    for charge in charges:
        account = revenue(charge.account)
        amounts[account] = amounts.get(account, 0) + _positive(charge.amount)
    return tuple(Posting(account, -amount) for account, amount in amounts.items())


def reversal(entry: Entry, reference: str) -> Entry:
    """The entry that undoes another, under a reference of its own."""
    return Entry(f"{entry.kind}_reversed", reference,
                 tuple(Posting(posting.account, -posting.amount) for posting in entry.postings))


def balanced(entries: Iterable[Entry]) -> bool:
    """Whether every entry by itself has at least two postings, none of nothing, that sum to zero."""
    return all(len(entry.postings) >= 2 and all(posting.amount for posting in entry.postings)
               and sum(posting.amount for posting in entry.postings) == 0 for entry in entries)


def balances(entries: Iterable[Entry]) -> dict[str, int]:
    """What each account holds after the entries, in piastres; over all accounts they sum to zero."""
    sums: dict[str, int] = {}
    for entry in entries:
        for posting in entry.postings:
            sums[posting.account] = sums.get(posting.account, 0) + posting.amount
    return sums


def _entry(kind: str, reference: str, debit: str, credits_: tuple[Posting, ...]) -> Entry:
    amount = -sum(posting.amount for posting in credits_)
    if amount <= 0:
        raise ValueError(f"an entry of nothing: {kind} {reference}")
    return Entry(kind, reference, (Posting(debit, amount), *credits_))


def _positive(amount: int) -> int:
    if type(amount) is not int or amount <= 0:
        raise ValueError(f"not a number of piastres: {amount!r}")
    return amount


def named(account: str) -> str:
    """The account, if it is one. ValueError otherwise."""
    if not _ACCOUNT.fullmatch(account):
        raise ValueError(f"no such account: {account!r}")
    return account
