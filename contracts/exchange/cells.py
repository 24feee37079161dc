"""One value in one cell of a spreadsheet, and back, without loss.

Text is written as text whatever it begins with, whole numbers and true and false as themselves, a list of texts one to
a line (its column's heading ends in `[]`). What a cell cannot hold so is written as `json: …`; what is longer than a
cell may be goes in parts to a sheet of its own and the cell says `long: 3`. Texts that look like one of these are
written as `json: …` too, so that nothing can be mistaken for anything else.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

JSON, LONG, NULL = "json:", "long:", "null"
MOST_LETTERS = 32_000
"""Excel holds 32,767 characters a cell and drops the rest without a word."""
MOST_WHOLE = 10**15
"""Excel holds 15 digits of a number."""

Cell = str | int | bool

# What XML drops or changes, and Excel's own way of writing such characters.
_NOT_PLAIN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]|_x[0-9A-Fa-f]{4}_")


class CellUnreadable(ValueError):
    """A cell begins with `json:` or `long:` and what follows is not that."""


def write(value: Any) -> Cell:
    """The cell of a value of JSON's types."""
    if isinstance(value, bool) or (isinstance(value, int) and abs(value) <= MOST_WHOLE):
        return value
    if value is None:
        return NULL
    if isinstance(value, str) and _is_plain(value):
        return value
    return JSON + " " + as_json(value)


def write_texts(values: list[str]) -> Cell:
    """The cell of a list of texts in a column of texts: one a line; as JSON where a line would not be one text."""
    joined = "\n".join(values)
    if values and all(one and one == one.strip() and "\n" not in one for one in values) and _is_plain(joined):
        return joined
    return JSON + " " + as_json(values)


def read(cell: Any, long: Mapping[int, str], *, texts: bool = False) -> Any:
    """The value of a cell that `write` made, or a person; with `texts`, of a column of texts. CellUnreadable."""
    if isinstance(cell, float):
        return int(cell) if cell.is_integer() and abs(cell) <= MOST_WHOLE else format(Decimal(repr(cell)), "f")
    if not isinstance(cell, str):
        return [str(cell)] if texts else cell
    if cell.startswith(LONG):
        cell = _joined(cell, long)
    if cell.startswith(JSON):
        try:
            value = json.loads(cell.removeprefix(JSON))
            json.dumps(value, ensure_ascii=False).encode()  # half a surrogate pair is no character
        except (ValueError, RecursionError):
            raise CellUnreadable from None
        return value
    if texts:
        return [line.strip() for line in cell.splitlines() if line.strip()]
    return None if cell == NULL else cell


def as_json(value: Any) -> str:
    """JSON that a cell keeps letter for letter."""
    text = json.dumps(value, ensure_ascii=False)
    if _NOT_PLAIN.search(text):
        text = json.dumps(value).replace("_x", "\\u005fx").replace("\x7f", "\\u007f")
    return text


def _is_plain(text: str) -> bool:
    return (bool(text) and len(text) <= MOST_LETTERS and text != NULL and text == text.strip(" \n\t\r")
            and not text.startswith((JSON, LONG)) and not _NOT_PLAIN.search(text))


def _joined(cell: str, long: Mapping[int, str]) -> str:
    number = cell.removeprefix(LONG).strip()
    if not (number.isascii() and number.isdigit() and len(number) <= 9 and int(number) in long):
        raise CellUnreadable
    return long[int(number)]
