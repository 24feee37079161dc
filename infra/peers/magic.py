"""What the sandbox does on purpose: one table of amounts and one of card numbers. The rails behave by it, and
docs/payments-sandbox.md is written from it, so that neither can say what the other does not do.

Nothing of the platform is imported here.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Magic:
    """An amount that ends in `.piastres` makes a rail behave so, and this is what becomes of the bill."""

    piastres: str
    behaviour: str
    bill: str
    does: str


AMOUNTS = (
    Magic("88", "slow", "paid", "The charge is answered after a second and a half; then as usual."),
    Magic("89", "refuse", "created",
          "The charge is refused: the payment is `failed`, the bill stays as it was and can be paid elsewhere."),
    Magic("90", "other_rail", "pending",
          "Nothing is paid. A callback of another rail, rightly signed by that one, comes to this rail's door and is "
          "refused."),
    Magic("91", "duplicate", "paid", "Paid once, and the callback comes three times at once."),
    Magic("92", "late", "paid",
          "The callback says that the code expired (Paymob: that the card was declined), then that it was paid."),
    Magic("93", "wrong_amount", "under_review", "One pound less is paid: the money is held for a person."),
    Magic("94", "forged", "pending", "Nothing is paid. A callback signed with another key comes and is refused."),
    Magic("95", "silent", "paid", "Paid, and no callback ever comes: the node finds out by asking, after 15 seconds."),
    Magic("96", "failed", "failed", "The payment fails."),
    Magic("97", "reordered", "paid", "Paid, and a stale expiry (Paymob: a stale decline) comes afterwards."),
    Magic("98", "expired", "failed",
          "The code expires at the rail (Paymob: the card is declined). The bill can be paid again until its own time "
          "is over."),
)

@dataclass(frozen=True, slots=True)
class Card:
    """A test card that makes the card page behave so, and what becomes of the bill."""

    number: str
    behaviour: str
    bill: str
    does: str


CARDS = (
    Card("5123456789012346", "normal", "paid", "Approved."),
    Card("4000000000000002", "failed", "failed", "Declined; another card can be tried on the same page."),
    Card("4000000000000092", "late", "paid", "Declined, then approved."),
    Card("4000000000000093", "wrong_amount", "under_review", "Approved for one pound less."),
    Card("4000000000000095", "silent", "paid", "Approved, and no callback comes."),
)

BEHAVIOURS = ("normal", *(one.behaviour for one in AMOUNTS))
_BY_PIASTRES = {one.piastres: one.behaviour for one in AMOUNTS}
_BY_CARD = {card.number: card.behaviour for card in CARDS}


def of_amount(amount: str) -> str:
    """How a rail behaves to an amount in pounds with two decimals."""
    return _BY_PIASTRES.get(amount[-2:], "normal")


def of_card(number: str) -> str | None:
    """How the card page behaves to a card number; None for one that is no test card."""
    return _BY_CARD.get("".join(number.split()))
