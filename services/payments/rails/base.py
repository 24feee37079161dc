"""What a payment rail is to payments: the orders it is given, the reports it gives, and what it can do, as data.

An adapter translates and signs; it decides nothing. It is called with no database work open: a rail may take seconds
to answer, and a connection or a row held meanwhile would stop the counter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from chassis.errors import ConfigurationError

# What a rail may say of a charge, whatever words it uses itself.
NEW, PAID, FAILED, EXPIRED, CANCELLED = "new", "paid", "failed", "expired", "cancelled"
REFUNDED, PARTLY_REFUNDED = "refunded", "partly_refunded"

# How the payer pays: quotes a code, is sent to a page of the rail's, or hands a card to the cashier.
REFERENCE_CODE, HOSTED_PAGE, TERMINAL_SLIP = "reference_code", "hosted_page", "terminal_slip"

# What a rail gives back when asked: nothing, or the whole or any part of what was paid.
NO_REFUND, PARTIAL_REFUND = "none", "partial"

DONE, UNDER_WAY = "done", "under_way"  # what became of a refund order


class RailUnreachable(Exception):
    """No usable answer: nothing is known, the same question is asked again later."""


class NotSetUp(ConfigurationError):
    """This node has nothing of the rail in its environment, or may not use it. It is not offered."""


class RailRefused(Exception):
    """The rail understood and said no. Asking the same again is useless."""


class RefundUncertain(Exception):
    """An earlier try may have given the money back, and the rail does not say enough to tell. For a person."""


@dataclass(frozen=True, slots=True)
class Traits:
    """What a rail can do. Amounts are piastres; `lives` is how long a reference can be paid. `verified` is false where
    the adapter was built without the rail's own specification. `statement` names the format of its daily file.
    `travels`: orders and answers go over the line to the centre, and wait where it is cut."""

    name: str
    label: Mapping[str, str]
    way: str
    refund: str
    asks: bool
    calls_back: bool
    statement: str | None
    verified: bool
    least: int
    most: int
    lives: timedelta
    currency: str = "EGP"
    currency_number: str = "818"
    travels: bool = False

    def takes(self, amount: int) -> bool:
        """Whether a bill of so many piastres can be paid here."""
        return self.least <= amount <= self.most


@dataclass(frozen=True, slots=True)
class Share:
    """The part of a charge that belongs to one accounting code, piastres."""

    account: str
    amount: int


@dataclass(frozen=True, slots=True)
class Order:
    """A charge as it is asked for. `amount` in piastres, the sum of its shares where they are given; repeating it under
    the same reference changes nothing."""

    merchant_reference: str
    amount: int
    description: str
    expires_at: datetime | None
    shares: tuple[Share, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """What a rail says of one charge. `reference` is its own number for it, None while it has not given one; `amount`
    is the money that came (piastres), None unless `status` is paid, and None too when it came in another currency.
    `refunded` is all that was given back so far, `returned` what this one piece of news gives back; None where the
    rail does not say. `final` is false for a failure after
    which the payer can still pay the same reference. `news` is the rail's own number of this piece of news where one
    charge may have several alike (each refund of a card payment). `claimed`: the rail's signature covers `reference`
    but not `merchant_reference`, so the payment is found by the former alone."""

    merchant_reference: str
    status: str
    reference: str | None = None
    amount: int | None = None
    paid_at: datetime | None = None
    pay_url: str | None = None
    refunded: int | None = None
    returned: int | None = None
    final: bool = True
    news: str | None = None
    claimed: bool = False


@dataclass(frozen=True, slots=True)
class RefundOrder:
    """Money to be given back for a charge that was paid. `amount` of this order, `paid_amount` that came, and
    `refunded_before` by earlier orders that are known to be done, all piastres. `repeated`: this very order may have
    reached the rail before, and nobody knows what became of it; it is then looked up before it is sent.
    `only_looked_up`: nobody can tell whether it still is to go back (it may have gone another way since), so it is not
    sent any more."""

    refund_reference: str
    merchant_reference: str
    reference: str
    amount: int
    paid_amount: int
    reason: str
    refunded_before: int = 0
    repeated: bool = False
    only_looked_up: bool = False

    def check_sending(self) -> None:
        """Raises RefundUncertain where it is only looked up, and was not found."""
        if self.only_looked_up:
            raise RefundUncertain("ordered before a restore, and not given back as far as the rail says")

    @property
    def whole(self) -> bool:
        """Whether nothing is left of the payment after it."""
        return self.refunded_before + self.amount == self.paid_amount


@dataclass(frozen=True, slots=True)
class RefundReport:
    """What became of a refund order: done, or under way until the rail reports. `reference` is the rail's own number of
    the refund, None where it gives none."""

    refund_reference: str
    status: str
    amount: int
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """What a rail expects as the answer to a callback that was taken (also to a repeat). The status is 200."""

    media_type: str
    body: str


class Rail(Protocol):
    """One rail. What it cannot do, as its traits say, raises RailRefused."""

    @property
    def traits(self) -> Traits:
        """What it can do on this node."""

    def charge(self, order: Order) -> Report:
        """Place the order. Raises RailUnreachable or RailRefused."""

    def ask(self, merchant_reference: str) -> Report:
        """What the rail knows of a charge. Raises RailUnreachable or RailRefused."""

    def refund(self, order: RefundOrder) -> RefundReport:
        """Give money back. Raises RailUnreachable (nothing is known; come again with `repeated`), RailRefused (it was
        not and will not be given back) or RefundUncertain (nobody can tell, or it may only be looked up)."""

    def read_callback(self, body: str, query: Mapping[str, str], media_type: str = "") -> Report:
        """The report inside a callback. Refuses callback_malformed, and callback_forged for a wrong signature."""

    def reply(self, report: Report) -> Reply | None:
        """What the rail wants to hear when its callback was taken; None: any answer 200."""


def found_refund(order: RefundOrder, refunded: int) -> RefundReport | None:
    """Whether an order is done already, at a rail that says how much it has given back in all (piastres): the report,
    or None when it is still to be sent. Raises RefundUncertain when the sums fit neither."""
    if refunded == order.refunded_before:
        return None
    if order.repeated and refunded == order.refunded_before + order.amount:
        return RefundReport(order.refund_reference, DONE, order.amount)
    raise RefundUncertain(f"the rail has given back {refunded} piastres, we know of {order.refunded_before}")
