"""What the forms about agencies read: texts, choices, numbers and days as they were typed."""

from __future__ import annotations

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from flask import request

from rules.arabic import western_digits
from rules.refusal import Fault

CAIRO = ZoneInfo("Africa/Cairo")


def typed(*names: str) -> dict[str, str]:
    """Texts of the form, as they were typed."""
    return {name: request.form.get(name, "").strip()[:500] for name in names}


def listed(name: str) -> list[str]:
    """What was ticked."""
    return [one[:100] for one in request.form.getlist(name)[:300]]


def whole(text: str) -> int:
    """A number as it was typed, -1 for what is none: the command refuses it with its bounds."""
    digits = western_digits(text)
    return (int(digits) or -1) if digits.isdecimal() and len(digits) < 10 else -1


def day(text: str, field: str, faults: list[Fault]) -> date | None:
    """A day as it was typed; None, with a fault at its field, for what is none."""
    try:
        return date.fromisoformat(western_digits(text))
    except ValueError:
        faults.append(Fault("organisation_date_malformed" if text else "field_required", field))
        return None


def midnight(on: date) -> datetime:
    """The beginning of a day in Cairo."""
    return datetime.combine(on, time(), CAIRO)
