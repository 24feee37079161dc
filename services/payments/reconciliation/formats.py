"""Formats of daily statements: registered by name, read line by line, never held as a whole.

Whatever cannot be read of a line is named, field by field, and the line is kept; the lines after it are read on. No
rail publishes its file: the columns are our reading (docs/reconciliation.md), and a rail's own are put in here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import BinaryIO

from rules import slips
from rules.arabic import western_digits
from rules.calendar import CAIRO
from rules.reconciliation import PAYMENT, REFUND
from rules.refusal import Fault, Refusal, refuse
from services.payments.reconciliation.files import ROUNDED, rows_of

MOST = 10**12  # piastres of a line
MOST_LINES = 2_000_000
# Digits, a point, groups of three. A lone comma is no group: where the comma is the decimal mark, 20,500 is 20.50.
_AMOUNT = re.compile(r"[0-9]+(\.[0-9]+)?|[0-9]{1,3}(,[0-9]{3})+\.[0-9]+|[0-9]{1,3}(,[0-9]{3}){2,}")
_GROUPED = re.compile(r"[0-9]{1,3}(\u066c[0-9]{3})+(\.[0-9]+)?")  # by the Arabic mark, which can mean nothing else
_DECIMAL_MARK = "\u066b"
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ].*)?")
_FORMULA = tuple("=+-@")  # a text that a spreadsheet would take as one


@dataclass(frozen=True, slots=True)
class Stated:
    """A line as it was read. `amount` and `fee` in piastres; `at` aware, `day` its Cairo day."""

    number: int
    reference: str
    merchant_reference: str
    direction: str
    amount: int
    fee: int
    at: datetime
    day: date


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A line that is kept as it came, with everything that is wrong with it."""

    number: int
    raw: str
    faults: tuple[Fault, ...]


Row = Stated | Unreadable


@dataclass(slots=True)
class Cells:
    """The cells of a line by column, and what was found wrong with them."""

    values: Mapping[str, str]
    faults: list[Fault] = field(default_factory=list)

    def text(self, column: str, least: int = 1, most: int = 64) -> str:
        """What stands there, printable and between `least` and `most` letters. No formula, and no number that a
        workbook has rounded."""
        value = self.values.get(column, "").strip()
        if value.startswith(ROUNDED):
            self.faults.append(Fault("statement_number_rounded", column))
        elif not least <= len(value) <= most or not value.isprintable() or value.startswith(_FORMULA):
            self.faults.append(Fault("statement_text_invalid", column))
        return value

    def piastres(self, column: str, *, per_pound: int = 100, least: int = 1, optional: bool = False) -> int:
        """An amount in pounds (or piastres, with `per_pound` 1), exact. Nothing is rounded, and a comma that may be a
        decimal mark is not read as anything."""
        told = self.values.get(column, "").strip()
        value = western_digits(told).replace(_DECIMAL_MARK, ".")
        if optional and not value:
            return 0
        plain = _AMOUNT.fullmatch(value) or _GROUPED.fullmatch(value)
        amount = Decimal(value.replace(",", "").replace("\u066c", "")) * per_pound if plain else Decimal("NaN")
        if not amount.is_finite() or amount != amount.to_integral_value() or not least <= amount <= MOST:
            self.faults.append(Fault("statement_amount_invalid", column, {"value": told[:40]}))
            return least
        return int(amount)

    def moment(self, column: str) -> datetime:
        """ISO 8601, the day as 2026-03-01; without an offset it is Cairo time."""
        try:
            told = western_digits(self.values.get(column, "").strip())
            if not _DAY.fullmatch(told):
                raise ValueError(told)
            found = datetime.fromisoformat(told)
            return (found if found.tzinfo else found.replace(tzinfo=CAIRO)).astimezone(UTC)
        except (ValueError, OverflowError):
            self.faults.append(Fault("statement_time_invalid", column))
            return datetime.min.replace(tzinfo=UTC)

    def currency(self, column: str, expected: tuple[str, ...] = ("EGP", "818")) -> None:
        if self.values.get(column, "").strip().upper() not in expected:
            self.faults.append(Fault("statement_currency_unknown", column,
                                     {"currency": self.values.get(column, "").strip()[:10]}))

    def direction(self, column: str, words: Mapping[str, str]) -> str:
        found = words.get(self.values.get(column, "").strip().upper())
        if found is None:
            self.faults.append(Fault("statement_kind_unknown", column))
        return found or PAYMENT


@dataclass(frozen=True, slots=True)
class Format:
    """One rail's file: the columns it must have and how a line of it is read."""

    name: str
    columns: tuple[str, ...]
    read_line: Callable[[Cells], tuple[str, str, str, int, int, datetime]]
    verified: bool = False

    def read(self, stream: BinaryIO) -> Iterator[Row]:
        """The lines of a CSV or XLSX file after its heading, numbered as a person counts them. Refuses
        statement_heading_unknown, statement_heading_doubled, statement_too_long and what `rows_of` refuses."""
        heading: list[str] | None = None
        for number, cells, raw in rows_of(stream):
            if number > MOST_LINES:
                raise refuse("statement_too_long", "file", lines=MOST_LINES)
            if heading is None:
                heading = [cell.strip().lower() for cell in cells or ()]
                missing = [column for column in self.columns if column not in heading]
                if missing:
                    raise refuse("statement_heading_unknown", "file", columns=", ".join(missing))
                doubled = [column for column in self.columns if heading.count(column) > 1]
                if doubled:
                    raise refuse("statement_heading_doubled", "file", columns=", ".join(doubled))
            elif raw.strip():
                yield self._row(number, heading, cells, raw)
        if heading is None:
            raise refuse("statement_heading_unknown", "file", columns=", ".join(self.columns))

    def _row(self, number: int, heading: list[str], values: list[str] | None, raw: str) -> Row:
        if values is None or len(values) != len(heading):
            return Unreadable(number, raw, (Fault("statement_line_broken", "line"),))
        cells = Cells(dict(zip(heading, values, strict=True)))
        reference, ours, direction, amount, fee, at = self.read_line(cells)
        if not cells.faults and fee > amount:
            cells.faults.append(Fault("statement_fee_above_amount", "line"))
        if cells.faults:
            return Unreadable(number, raw, tuple(cells.faults))
        return Stated(number, reference, ours, direction, amount, fee, at, at.astimezone(CAIRO).date())


FORMATS: dict[str, Format] = {}


def register(name: str, *columns: str) -> Callable[[Callable[[Cells], tuple[str, str, str, int, int, datetime]]],
                                                   Format]:
    """Make a reader of lines a format under this name."""
    def made(read_line: Callable[[Cells], tuple[str, str, str, int, int, datetime]]) -> Format:
        FORMATS[name] = Format(name, columns, read_line)
        return FORMATS[name]
    return made


def of(name: str) -> Format:
    """The format of this name. Refuses statement_format_unknown."""
    if name not in FORMATS:
        raise refuse("statement_format_unknown", "format", known=", ".join(sorted(FORMATS)))
    return FORMATS[name]


@register("fawry", "fawry_reference", "merchant_reference", "type", "amount", "fees", "currency", "time")
def fawry(cells: Cells) -> tuple[str, str, str, int, int, datetime]:
    cells.currency("currency")
    return (cells.text("fawry_reference"), cells.text("merchant_reference", 0),
            cells.direction("type", {"PAYMENT": PAYMENT, "REFUND": REFUND}), cells.piastres("amount"),
            cells.piastres("fees", least=0, optional=True), cells.moment("time"))


@register("paymob", "order_id", "merchant_order_id", "type", "amount_cents", "fees_cents", "currency", "created_at")
def paymob(cells: Cells) -> tuple[str, str, str, int, int, datetime]:
    cells.currency("currency")
    return (cells.text("order_id"), cells.text("merchant_order_id", 0),
            cells.direction("type", {"SALE": PAYMENT, "REFUND": REFUND}), cells.piastres("amount_cents", per_pound=1),
            cells.piastres("fees_cents", per_pound=1, least=0, optional=True), cells.moment("created_at"))


@register("efinance", "payment_number", "request_number", "type", "amount", "fees", "currency", "paid_at")
def efinance(cells: Cells) -> tuple[str, str, str, int, int, datetime]:
    cells.currency("currency")
    return (cells.text("payment_number"), cells.text("request_number", 0),
            cells.direction("type", {"PAYMENT": PAYMENT, "REFUND": REFUND}), cells.piastres("amount"),
            cells.piastres("fees", least=0, optional=True), cells.moment("paid_at"))


@register("pos", "terminal_id", "batch", "approval_code", "last4", "type", "amount", "fees", "currency", "time")
def pos(cells: Cells) -> tuple[str, str, str, int, int, datetime]:
    cells.currency("currency")
    reference = ""
    try:
        reference = slips.read(*(cells.values[name] for name in ("terminal_id", "batch", "approval_code", "last4"))
                               ).reference
    except Refusal as refusal:
        cells.faults.extend(refusal.faults)
    return (reference, "", cells.direction("type", {"SALE": PAYMENT, "REFUND": REFUND}), cells.piastres("amount"),
            cells.piastres("fees", least=0, optional=True), cells.moment("time"))
