"""The entries of a counter's shift, made like those of rules.ledger.

    float:<unit>       what the unit has given to its counters as change, to come back at a shift's end
    deposit:<unit>     cash that left the drawers, on its way to the treasury
    difference:<unit>  what counts found short (a debit) or over (a credit): عجز وزيادة
"""

from __future__ import annotations

from rules.ledger import Entry, Posting, cash, named


def float_issued(unit: str, reference: str, amount: int) -> Entry:
    """A shift began with change in its drawer."""
    return _moved("float_issued", reference, cash(unit), named(f"float:{unit}"), amount)


def float_returned(unit: str, reference: str, amount: int) -> Entry:
    """The change went back at the shift's end."""
    return _moved("float_returned", reference, named(f"float:{unit}"), cash(unit), amount)


def cash_deposited(unit: str, reference: str, amount: int) -> Entry:
    """Cash left the drawer for the treasury."""
    return _moved("cash_deposited", reference, named(f"deposit:{unit}"), cash(unit), amount)


def cash_differed(unit: str, reference: str, difference: int) -> Entry:
    """A count found more (above zero) or less than the drawer had to hold. ValueError for no difference."""
    if difference > 0:
        return _moved("cash_over", reference, cash(unit), named(f"difference:{unit}"), difference)
    return _moved("cash_short", reference, named(f"difference:{unit}"), cash(unit), -difference)


def drawer_handed_in(unit: str, drawer: str, reference: str, expected: int, found: int) -> Entry:
    """A tablet's drawer (`device.<id>`) was emptied into the counter's: all that it had to hold left it, what was
    counted arrived, the rest is a difference of the unit. ValueError when there is nothing of either."""
    postings = tuple(Posting(account, amount) for account, amount in (
        (cash(unit), found), (cash(drawer), -expected), (named(f"difference:{unit}"), expected - found)) if amount)
    if len(postings) < 2:
        raise ValueError(f"an entry of nothing: drawer_handed_in {reference}")
    return Entry("drawer_handed_in", reference, postings)


def _moved(kind: str, reference: str, into: str, out_of: str, amount: int) -> Entry:
    if type(amount) is not int or amount <= 0:
        raise ValueError(f"not a number of piastres: {amount!r}")
    return Entry(kind, reference, (Posting(into, amount), Posting(out_of, -amount)))
