"""What was agreed with each rail about its transfers, from the environment: `<RAIL>_SETTLES` working days after a
statement's last day (1), `<RAIL>_COMMISSION` as percent, pounds, or both: `1.25%`, `0.50`, `1.25%+0.50` (none)."""

from __future__ import annotations

import re
from decimal import Decimal

from chassis.config import Settings
from chassis.errors import ConfigurationError
from rules.reconciliation import Terms
from services.payments.rails import RAILS

_COMMISSION = re.compile(r"(?:(?P<percent>\d{1,2}(?:\.\d{1,2})?)%)?\+?(?P<fixed>\d{1,4}(?:\.\d{1,2})?)?")


def of(settings: Settings, rail: str) -> Terms:
    """The terms of a rail. Raises ConfigurationError."""
    days = settings.number(f"{rail.upper()}_SETTLES", 1, least=0, most=60)
    text = (settings.env(f"{rail.upper()}_COMMISSION") or "0").replace(" ", "")
    found = _COMMISSION.fullmatch(text)
    if found is None or not text or text.startswith("+") or text.endswith("+"):
        raise ConfigurationError(f"SHUBBAK_{rail.upper()}_COMMISSION must be like 1.25%, 0.50 or 1.25%+0.50")
    return Terms(days, int(Decimal(found["percent"] or 0) * 100), int(Decimal(found["fixed"] or 0) * 100))


def check(settings: Settings) -> None:
    """Raises ConfigurationError when the terms of a rail cannot be read."""
    for rail in RAILS.names:
        of(settings, rail)
