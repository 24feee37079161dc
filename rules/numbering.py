"""Numbers that people read, write down and say on the telephone: tracking, licence, bill and receipt numbers.

All end in a check character (ISO 7064 mod 37,36: every single wrong character is caught, and nearly every swap).
A tracking number does not say how many requests came before it: its sequence is permuted under the node's key.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass

from stdnum.iso7064 import mod_37_36

from rules.arabic import western_digits
from rules.places import governorates
from rules.refusal import refuse

SEQUENCES = 10**8  # tracking numbers a governorate can give in a year
_HALF = 10**4
_ROUNDS = 10
_TRACKING = re.compile(r"([0-9]{2})([0-9]{2})([0-9]{8})([0-9A-Z])")
_NUMBERED = re.compile(r"([A-Z]{1,4})([0-9]{4})([0-9]{6,9})([0-9A-Z])")
_SEPARATORS = re.compile(r"[\s\-_/.\u2010-\u2015\u200e\u200f\u202a-\u202e\u2066-\u2069]+")


def tracking_number(governorate: str, year: int, sequence: int, key: bytes) -> str:
    """`21-26-48392075-K`: the governorate's two digits as in the national ID, the year's last two, the sequence
    permuted under `key` (at least 16 bytes), a check character. Different sequences of 0 to 99,999,999 always give
    different numbers. ValueError for what cannot be numbered: that is an error of ours."""
    if not re.fullmatch(r"[0-9]{2}", governorate) or not 2000 <= year <= 2099 or not 0 <= sequence < SEQUENCES:
        raise ValueError(f"no tracking number for {governorate}, {year}, {sequence}")
    digits = f"{permute(sequence, key, f'{governorate}/{year}'):08d}"
    return _tracking(governorate, f"{year % 100:02d}", digits)


def parse_tracking(text: str, field: str = "tracking_number") -> str:
    """The number as it is stored and printed, from whatever was typed: Arabic-Indic digits, spaces, other or no
    separators, small letters. Refuses tracking_malformed when the shape or the check character is wrong."""
    bare = _bare(text)
    match = _TRACKING.fullmatch(bare)
    if match is None or not mod_37_36.is_valid(bare):
        raise refuse("tracking_malformed", field)
    governorate, year, digits, _ = match.groups()
    return _tracking(governorate, year, digits)


def tracking_sequence(number: str, key: bytes) -> int:
    """The sequence behind a tracking number of this node; for the operator's eyes."""
    governorate, year, digits, _ = parse_tracking(number).split("-")
    return permute(int(digits), key, f"{governorate}/20{year}", backwards=True)


def permute(value: int, key: bytes, tweak: str, backwards: bool = False) -> int:
    """A keyed permutation of 0 to 99,999,999: a balanced Feistel network over two halves of four decimal digits with
    HMAC-SHA-256 as its round function. `backwards` undoes it."""
    if len(key) < 16:
        raise ValueError("the numbering key needs at least 16 bytes")
    left, right = divmod(value, _HALF)
    for turn in reversed(range(_ROUNDS)) if backwards else range(_ROUNDS):
        if backwards:
            left, right = (right - _round(key, tweak, turn, left)) % _HALF, left
        else:
            left, right = right, (left + _round(key, tweak, turn, right)) % _HALF
    return left * _HALF + right


def _round(key: bytes, tweak: str, turn: int, half: int) -> int:
    digest = hmac.digest(key, f"{tweak}/{turn}/{half}".encode(), hashlib.sha256)
    return int.from_bytes(digest[:8], "big") % _HALF


def _tracking(governorate: str, year: str, digits: str) -> str:
    body = governorate + year + digits
    return f"{governorate}-{year}-{digits}-{mod_37_36.calc_check_digit(body)}"


@dataclass(frozen=True, slots=True)
class Numbered:
    """A plain number of a node's series: `text` as printed, its parts beside."""

    text: str
    node: str
    year: int
    sequence: int


def licence_serial(node: str, year: int, sequence: int) -> str:
    """`GZ-2026-000123-K`: the node (`EG-GZ`), the year of issue, the sequence of the year (no gaps are hidden: a
    serial is meant to be counted), a check character. ValueError for what cannot be numbered."""
    return _numbered("", node, year, sequence)


def parse_licence_serial(text: str, field: str = "serial") -> Numbered:
    """The serial from whatever was typed. Refuses serial_malformed."""
    return _parse_numbered("", text, "serial_malformed", field)


def bill_number(node: str, year: int, sequence: int) -> str:
    """`B-GZ-2026-000123-K`. The leading letter keeps a bill's number from passing as a receipt's or a licence's: no
    governorate's code is a B or an R with another's behind it, and only the nodes of governorates give numbers."""
    return _numbered("B", node, year, sequence)


def parse_bill_number(text: str, field: str = "bill_number") -> Numbered:
    """The bill number from whatever was typed. Refuses bill_number_malformed."""
    return _parse_numbered("B", text, "bill_number_malformed", field)


def receipt_number(node: str, year: int, sequence: int) -> str:
    """`R-GZ-2026-000123-K`."""
    return _numbered("R", node, year, sequence)


def parse_receipt_number(text: str, field: str = "receipt_number") -> Numbered:
    """The receipt number from whatever was typed. Refuses receipt_number_malformed."""
    return _parse_numbered("R", text, "receipt_number_malformed", field)


def deemed_number(node: str, year: int, sequence: int) -> str:
    """`D-GZ-2026-000123-K`: of the document that says what silence meant."""
    return _numbered("D", node, year, sequence)


def parse_deemed_number(text: str, field: str = "number") -> Numbered:
    """The number from whatever was typed. Refuses deemed_number_malformed."""
    return _parse_numbered("D", text, "deemed_number_malformed", field)


def letter_number(node: str, year: int, sequence: int) -> str:
    """`L-GZ-2026-000123-K`: of a letter to a body outside."""
    return _numbered("L", node, year, sequence)


def parse_letter_number(text: str, field: str = "number") -> Numbered:
    """The letter's number from whatever was typed. Refuses letter_number_malformed."""
    return _parse_numbered("L", text, "letter_number_malformed", field)


def complaint_number(node: str, year: int, sequence: int) -> str:
    """`K-GZ-2026-000123-K`: of a complaint."""
    return _numbered("K", node, year, sequence)


def parse_complaint_number(text: str, field: str = "complaint_number") -> Numbered:
    """The complaint's number from whatever was typed. Refuses complaint_number_malformed."""
    return _parse_numbered("K", text, "complaint_number_malformed", field)


def visit_number(node: str, year: int, sequence: int) -> str:
    """`V-GZ-2026-000123-K`: of a visit that was ordered."""
    return _numbered("V", node, year, sequence)


def parse_visit_number(text: str, field: str = "visit_number") -> Numbered:
    """The visit's number from whatever was typed. Refuses visit_number_malformed."""
    return _parse_numbered("V", text, "visit_number_malformed", field)


def _numbered(prefix: str, node: str, year: int, sequence: int) -> str:
    match = re.fullmatch(r"EG-([A-Z]{1,3})", node)
    if match is None or node not in governorates() or not 2000 <= year <= 2999 or not 1 <= sequence < 10**9:
        raise ValueError(f"no number for {node}, {year}, {sequence}")
    body = f"{year}-{sequence:06d}"
    check = mod_37_36.calc_check_digit(_bare(f"{prefix}{match[1]}{body}"))
    return f"{prefix + '-' if prefix else ''}{match[1]}-{body}-{check}"


def _parse_numbered(prefix: str, text: str, code: str, field: str) -> Numbered:
    bare = _bare(text)
    match = _NUMBERED.fullmatch(bare)
    if match is None or not bare.startswith(prefix) or not mod_37_36.is_valid(bare):
        raise refuse(code, field)
    node, year, sequence = f"EG-{match[1][len(prefix):]}", int(match[2]), int(match[3])
    try:
        printed = _numbered(prefix, node, year, sequence)
    except ValueError:
        raise refuse(code, field) from None
    if _bare(printed) != bare:
        raise refuse(code, field)
    return Numbered(printed, node, year, sequence)


def _bare(text: str) -> str:
    return _SEPARATORS.sub("", western_digits(text)).upper()
