"""Centre: a rail whose secrets the centre holds. Nothing is called from here: the wish to pay goes up the line
(services/payments/wishes.py), the centre's payments starts it at the real rail, and what that rail says comes down. So
do refunds (services/payments/refund_wishes.py).

Settings: CENTRE_RAIL, the name of the rail at the centre (fawry, paymob, efinance); may be set: CENTRE_HOURS that a
reference lives, CENTRE_LEAST and CENTRE_MOST in pounds, as the centre's contract with that rail says. A node that calls
a rail itself sets that rail up and not this one: what is collected by whom is agreed, not found out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from chassis.config import CENTRE, Settings
from chassis.errors import ConfigurationError
from rules.refusal import refuse
from services.payments.rails import base, efinance, fawry, paymob
from services.payments.rails.base import NotSetUp, Order, RefundOrder, RefundReport, Report, Traits
from services.payments.rails.registry import RAILS, RailSettings

NAME = "centre"
BEHIND = {traits.name: traits for traits in (efinance.USUAL, fawry.USUAL, paymob.USUAL)}
"""What the rails of the centre can do, by name."""


class Centre:
    """Takes orders only as wishes; `rail` is the one at the centre that they name."""

    def __init__(self, rail: str, traits: Traits) -> None:
        self.rail, self.traits = rail, traits

    def charge(self, order: Order) -> Report:
        raise base.RailRefused("a wish goes up the line")

    def ask(self, merchant_reference: str) -> Report:
        raise base.RailRefused("the centre asks the rail")

    def refund(self, order: RefundOrder) -> RefundReport:
        raise base.RailRefused("an order to give back goes up the line")

    def read_callback(self, body: str, query: Mapping[str, str], media_type: str = "") -> Report:
        """The rail speaks to the centre: whoever posts here forges."""
        raise refuse("callback_forged")

    def reply(self, report: Report) -> None:
        """Never asked for."""
        return


def behind(settings: Settings) -> str | None:
    """The rail at the centre that this node's wishes name: what people know it by. None where there is none."""
    return settings.env("CENTRE_RAIL") or None


@RAILS.register(NAME)
def make(settings: Settings) -> Centre:
    """The rail behind it from the environment."""
    own = RailSettings(settings, "CENTRE")
    rail = own.optional("RAIL")
    if not rail:
        raise NotSetUp("nothing is set of centre")
    if rail not in BEHIND:
        raise ConfigurationError(f"SHUBBAK_CENTRE_RAIL must be one of {', '.join(sorted(BEHIND))}")
    if settings.node == CENTRE:
        raise ConfigurationError("SHUBBAK_CENTRE_RAIL is for nodes; the centre sets its rails up themselves")
    usual = replace(BEHIND[rail], name=NAME, asks=False, calls_back=False, statement=None,
                    travels=True)
    return Centre(rail, own.traits(usual))
