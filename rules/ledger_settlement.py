"""Entries of what comes after a rail took money: it is stated, it is settled, its commission is kept.

    settlement:<rail>   what a rail's statements agree with our books about, on its way to the bank
    commission:<rail>   what the rail keeps for itself
    difference:<rail>   money that a rail does not pay and that a person has let go
"""

from __future__ import annotations

from rules import ledger
from rules.ledger import Entry, Posting
from rules.reconciliation import Settlement


def settlement(rail: str) -> str:
    return ledger.named(f"settlement:{rail}")


def commission(rail: str) -> str:
    return ledger.named(f"commission:{rail}")


def difference(rail: str) -> str:
    return ledger.named(f"difference:{rail}")


def stated(rail: str, reference: str, agreed: Settlement) -> Entry | None:
    """What a statement and the books agree about goes from the rail's account to what it will transfer. None where
    nothing moves."""
    return _of("statement_agreed", reference, (
        (settlement(rail), agreed.net), (commission(rail), agreed.commission),
        (ledger.rail(rail), agreed.returned - agreed.gross)))


def set_aside(rail: str, reference: str, agreed: Settlement) -> Entry | None:
    """A statement counts no more: what it moved goes back."""
    return _of("statement_set_aside", reference, (
        (settlement(rail), -agreed.net), (commission(rail), -agreed.commission),
        (ledger.rail(rail), agreed.gross - agreed.returned)))


def received(rail: str, bank_account: str, reference: str, amount: int) -> Entry:
    """The bank shows a rail's transfer. `amount` below zero: the rail drew money."""
    found = _of("settlement_received", reference, ((ledger.bank(bank_account), amount), (settlement(rail), -amount)))
    if found is None:
        raise ValueError("a transfer of nothing")
    return found


def kept_more(rail: str, reference: str, amount: int) -> Entry | None:
    """A person accepts that a rail paid `amount` less than it stated (below zero: more)."""
    return _of("settlement_difference", reference, ((difference(rail), amount), (settlement(rail), -amount)))


def surplus(rail: str, reference: str, amount: int) -> Entry | None:
    """A person accepts that a rail states `amount` more than we booked: it is held."""
    return _of("statement_surplus", reference, ((ledger.rail(rail), amount), (ledger.held(rail), -amount)))


def written_off(rail: str, reference: str, amount: int) -> Entry | None:
    """A person accepts that a rail states `amount` less than we booked."""
    return _of("statement_written_off", reference, ((difference(rail), amount), (ledger.rail(rail), -amount)))


def _of(kind: str, reference: str, moves: tuple[tuple[str, int], ...]) -> Entry | None:
    postings = tuple(Posting(account, amount) for account, amount in moves if amount)
    return Entry(kind, reference, postings) if postings else None
