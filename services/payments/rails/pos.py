"""POS: a card terminal at the counter. Nothing is called: the cashier types in the terminal's slip (rules/slips.py,
services/payments/slips.py), and the bank's daily file shows whether it was true.

Settings: POS_TERMINALS, the numbers of this node's terminals, comma between, each with `@unit` when it stands at one
unit's counter; may be set: POS_LEAST, POS_MOST in pounds.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from chassis.config import Settings
from chassis.errors import ConfigurationError
from rules import slips
from rules.refusal import refuse
from services.payments.rails import base
from services.payments.rails.base import Order, RefundOrder, RefundReport, Report, Traits
from services.payments.rails.registry import RAILS, RailSettings

NAME = "pos"
USUAL = Traits(
    name=NAME, label={"ar": "ماكينة بطاقات بالشباك", "en": "Card terminal at the counter"}, way=base.TERMINAL_SLIP,
    refund=base.NO_REFUND, asks=False, calls_back=False, statement="pos", verified=True, least=100,
    most=1_000_000_00, lives=timedelta(hours=1))


class Terminals:
    """The card terminals of a node."""

    def __init__(self, units: Mapping[str, str | None], traits: Traits = USUAL) -> None:
        self._units = units
        self.traits = traits

    def stands_at(self, terminal: str, unit: str) -> bool:
        """Whether a terminal of this number may have taken money at the unit's counter."""
        return terminal in self._units and self._units[terminal] in (None, unit)

    def charge(self, order: Order) -> Report:
        raise base.RailRefused("a terminal is handled by the cashier")

    def ask(self, merchant_reference: str) -> Report:
        raise base.RailRefused("a terminal cannot be asked")

    def refund(self, order: RefundOrder) -> RefundReport:
        raise base.RailRefused("a card is given its money back at the terminal itself")

    def read_callback(self, body: str, query: Mapping[str, str], media_type: str = "") -> Report:
        """A terminal sends none: whoever posts here forges."""
        raise refuse("callback_forged")

    def reply(self, report: Report) -> None:
        """Never asked for."""
        return


@RAILS.register(NAME)
def make(settings: Settings) -> Terminals:
    """The terminals from the environment."""
    own = RailSettings(settings, "POS")
    listed = own.all_of("TERMINALS")["TERMINALS"]
    units: dict[str, str | None] = {}
    for item in listed.split(","):
        terminal, _, unit = item.strip().partition("@")
        if not slips.TERMINAL.fullmatch(terminal) or terminal in units:
            raise ConfigurationError("SHUBBAK_POS_TERMINALS must be numbers of terminals (8 letters or digits each), "
                                     "comma between, each once, with @unit or without")
        units[terminal] = unit or None
    return Terminals(units, own.traits(USUAL))
