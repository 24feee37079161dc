"""Values of a definition as they stand in a form, and what is typed made a value again.

What cannot be read as its kind stays the text that was typed: a draft may be faulty, and nothing typed is lost. A value
that was not touched stays exactly as it was, whatever way of writing it had.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from rules.arabic import western_digits

_WHOLE = re.compile(r"-?[0-9]{1,18}")
_DECIMAL = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,6})?")
_MONEY = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,2})?")
_MEGABYTE = 1024 * 1024


def shown(kind: str, value: Any) -> str:
    """The text that stands in the field for a value; empty for none."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and kind == "money":
        pounds, rest = divmod(abs(value), 100)
        return ("-" if value < 0 else "") + (f"{pounds}.{rest:02d}" if rest else str(pounds))
    if isinstance(value, int) and kind == "megabytes":
        return format((Decimal(value) / _MEGABYTE).normalize(), "f")
    return value if isinstance(value, str) else str(value)


def parsed(kind: str, text: str, was: Any) -> Any:
    """The value of what was typed; the text itself where it cannot be read; None for nothing. `was`: the value that
    stood there, which stays when the text is still the one that shows it."""
    typed = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    if not typed:
        return None
    if kind in _KEPT and was is not None and typed == shown(kind, was).strip():
        return was
    return _READERS.get(kind, _text)(typed)


def lines(text: str) -> list[str]:
    """One value a line, without empty ones."""
    return [line for one in text.replace("\r", "\n").split("\n") if (line := one.strip())]


def _text(typed: str) -> Any:
    return typed


def _plain(typed: str) -> str:
    """Digits as computers write them, and no separators of thousands."""
    return western_digits(typed).replace("٬", "").replace(",", "").replace("٫", ".").replace(" ", "")


def _whole(typed: str) -> Any:
    plain = _plain(typed)
    return int(plain) if _WHOLE.fullmatch(plain) else typed


def _money(typed: str) -> Any:
    plain = _plain(typed)
    return int(Decimal(plain) * 100) if _MONEY.fullmatch(plain) else typed


def _megabytes(typed: str) -> Any:
    plain = _plain(typed)
    return int(Decimal(plain) * _MEGABYTE) if _DECIMAL.fullmatch(plain) else typed


def _decimal(typed: str) -> Any:
    plain = _plain(typed)
    return plain if _DECIMAL.fullmatch(plain) else typed


def _bound(typed: str) -> Any:
    """A whole number, a decimal as text, or a date as it is written."""
    plain = _plain(typed)
    return int(plain) if _WHOLE.fullmatch(plain) else plain if _DECIMAL.fullmatch(plain) else typed


def _yes_no(typed: str) -> Any:
    return {"true": True, "false": False}.get(typed, typed)


_READERS: dict[str, Callable[[str], Any]] = {
    "whole": _whole, "money": _money, "megabytes": _megabytes, "decimal": _decimal, "bound": _bound, "yes_no": _yes_no}
_KEPT = ("text", "long", "one", "decimal", "bound", "megabytes", "yes_no", "formula")
KINDS = ("text", "long", "formula", "one", "many", "names", "words", "flag", "condition", "code", "answers", *_READERS)
