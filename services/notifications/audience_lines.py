"""A line of a list: whom it names, or everything that is wrong with it. Pure. Nothing is guessed: a line with a fault
is left out whole, and said."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rules.identity import parse_email, parse_mobile
from rules.refusal import Fault, Refusal

PHONE, EMAIL, LANGUAGE = "phone", "email", "language"
VALUE_CHARACTERS = 200
_KNOWN = {
    PHONE: PHONE, "mobile": PHONE, "هاتف": PHONE, "الهاتف": PHONE, "محمول": PHONE, "المحمول": PHONE,
    "رقم الهاتف": PHONE, "رقم المحمول": PHONE, EMAIL: EMAIL, "e-mail": EMAIL, "بريد": EMAIL, "البريد": EMAIL,
    "البريد الإلكتروني": EMAIL, LANGUAGE: LANGUAGE, "لغة": LANGUAGE, "اللغة": LANGUAGE,
}  # fmt: skip
_PLACEHOLDER = re.compile(r"[a-z][a-z0-9_]{0,30}")
_LANGUAGES = {"": "ar", "ar": "ar", "عربي": "ar", "العربية": "ar", "arabic": "ar", "en": "en", "english": "en",
              "إنجليزي": "en", "الإنجليزية": "en"}
_PLAIN_MOBILE = re.compile(r"(?:\+20|0)(1[0125][0-9]{8})")
_CONTROL = frozenset({"Cc", "Cs", "Zl", "Zp"})


@dataclass(frozen=True, slots=True)
class Target:
    """One address on one channel."""

    channel: str
    address: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line as it was read. With faults it has no targets."""

    number: int
    targets: tuple[Target, ...]
    language: str
    values: Mapping[str, str]
    faults: tuple[Fault, ...]


def heading(cells: Sequence[str] | None) -> list[str]:
    """What each column holds: phone, email, language, or the name of a placeholder. Refuses list_heading_missing,
    list_heading_unknown, list_heading_doubled, all of them at once."""
    names = [_KNOWN.get(cell.strip().lower(), cell.strip()) for cell in cells or ()]
    faults = [Fault("list_heading_unknown", "file", {"column": name[:40]}) for name in names
              if name not in _KNOWN and not _PLACEHOLDER.fullmatch(name)]
    faults += [Fault("list_heading_doubled", "file", {"column": name[:40]})
               for name in sorted({name for name in names if names.count(name) > 1})]
    if not {PHONE, EMAIL} & set(names):
        faults.insert(0, Fault("list_heading_missing", "file"))
    if faults:
        raise Refusal(faults)
    return names


def placeholders(columns: Sequence[str]) -> list[str]:
    """The columns that are placeholders of the text."""
    return [name for name in columns if name not in (PHONE, EMAIL, LANGUAGE)]


def line(number: int, columns: Sequence[str], cells: Sequence[str] | None) -> Line | None:
    """One line read; None for an empty one."""
    if cells is not None and not any(cell.strip() for cell in cells):
        return None
    if cells is None or len(cells) != len(columns):
        return Line(number, (), "ar", {}, (Fault("list_line_broken"),))
    given = {name: cell.strip() for name, cell in zip(columns, cells, strict=True)}
    faults: list[Fault] = []
    targets: list[Target] = []
    for name, channel, parse in ((PHONE, "sms", _mobile), (EMAIL, "email", parse_email)):
        if given.get(name):
            try:
                targets.append(Target(channel, parse(given[name], name)))
            except Refusal as refusal:
                faults += refusal.faults
    if not given.get(PHONE) and not given.get(EMAIL):
        faults.append(Fault("list_contact_missing"))
    language = _LANGUAGES.get(given.get(LANGUAGE, "").lower())
    if language is None:
        faults.append(Fault("list_language_unknown", LANGUAGE))
    values = {name: given[name] for name in placeholders(columns) if given[name]}
    faults += [Fault("list_value_invalid", name, {"most": VALUE_CHARACTERS}) for name, value in values.items()
               if len(value) > VALUE_CHARACTERS or any(unicodedata.category(char) in _CONTROL for char in value)]
    return Line(number, () if faults else tuple(targets), language or "ar", values, tuple(faults))


def _mobile(text: str, field: str) -> str:
    """As rules.identity reads it; how almost every number is written is read here at a hundredth of the cost."""
    plain = _PLAIN_MOBILE.fullmatch(text)
    return f"+20{plain[1]}" if plain and text.isascii() else parse_mobile(text, field)
