"""The entries of money that belongs to a citizen and of money that goes back, made like those of rules.ledger."""

from __future__ import annotations

from collections.abc import Iterable

from rules.ledger import Entry, Posting, revenue


def money_credited(account: str, reference: str, credit_account: str, amount: int) -> Entry:
    """A bill was paid again: what came into `account` (a rail's, a drawer's) is the citizen's. Piastres above zero."""
    return _entry("money_credited", reference, ((account, amount), (credit_account, -amount)))


def credit_refunded(credit_account: str, reference: str, account: str, amount: int) -> Entry:
    """A credit of a citizen was given back out of `account`."""
    return _entry("credit_refunded", reference, ((credit_account, amount), (account, -amount)))


def held_refunded(held_account: str, reference: str, account: str, amount: int) -> Entry:
    """Held money, which belonged to no bill, was given back out of `account`."""
    return _entry("held_refunded", reference, ((held_account, amount), (account, -amount)))


def bill_refunded(parts: Iterable[tuple[str, int]], reference: str, account: str) -> Entry:
    """Of a bill that was paid, parts (accounting code, piastres) were given back out of `account`."""
    return _taken_back("bill_refunded", parts, reference, account)


def charged_back(parts: Iterable[tuple[str, int]], reference: str, account: str) -> Entry:
    """A rail took a payment back after a dispute."""
    return _taken_back("charged_back", parts, reference, account)


def _taken_back(kind: str, parts: Iterable[tuple[str, int]], reference: str, account: str) -> Entry:
    amounts: dict[str, int] = {}
    for code, amount in parts:
        if amount <= 0:
            raise ValueError(f"not a number of piastres to give back: {amount!r}")
        amounts[revenue(code)] = amounts.get(revenue(code), 0) + amount
    return _entry(kind, reference, (*amounts.items(), (account, -sum(amounts.values()))))


def _entry(kind: str, reference: str, postings: tuple[tuple[str, int], ...]) -> Entry:
    if any(type(amount) is not int or not amount for _, amount in postings) or postings[0][1] <= 0:
        raise ValueError(f"not a number of piastres: {kind} {reference}")
    return Entry(kind, reference, tuple(Posting(account, amount) for account, amount in postings))
