"""Texts with placeholders: `{name}` and nothing more, no attributes, indexes or formats. What a text may name is
checked before a definition is published, so that filling it in for a citizen cannot fail."""

from __future__ import annotations

import string
from collections.abc import Collection, Mapping

OUTPUT_FACTS = frozenset({"serial", "holder", "service", "unit", "governorate", "issued_on", "valid_from",
                          "valid_until"})  # fmt: skip
LETTER_FACTS = frozenset({"number", "body", "applicant", "service", "unit", "governorate", "issued_on",
                          "tracking_number"})  # fmt: skip
UNANSWERED = "……"


def names(text: str) -> set[str]:
    """The placeholders of a text. ValueError where it is none that `fill` takes."""
    found = set()
    for _, name, spec, conversion in string.Formatter().parse(text):
        if name is None:
            continue
        if not name.isidentifier() or spec or conversion:
            raise ValueError(f"{{{name}}} is no placeholder")
        found.add(name)
    return found


def unknown(text: str, allowed: Collection[str]) -> list[str]:
    """The placeholders that may not stand in the text, sorted; the text itself where its braces do not pair."""
    try:
        return sorted(names(text) - set(allowed))
    except ValueError:
        return [text]


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with every placeholder filled in; what was not answered is a dotted line. What is filled in is never
    read for placeholders again."""
    return text.format_map({name: values.get(name) or UNANSWERED for name in names(text)})
