"""A board to take along: a workbook with a sheet a table, and a paper. Both are made from values alone, so that they
can be made on a thread."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

from services.gateway.web.pages import board_charts
from services.gateway.web.pages.board_tables import COUNT, DATE, MEAN, MONEY, SHARE, Table, Value

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PDF, HTML = "application/pdf", "text/html; charset=utf-8"
PAPER_ROWS = 60  # of a table on paper; the workbook has all
_FORMATS = {COUNT: "#,##0", SHARE: "0.0%", MONEY: "#,##0.00", MEAN: "0.0", DATE: "yyyy-mm-dd"}
_BOLD, _SHADE = Font(bold=True), PatternFill("solid", fgColor="E3EFF1")
_TITLE = Font(bold=True, size=14)
_FORBIDDEN = re.compile(r"[\[\]:*?/\\]")  # in the name of a sheet
_HERE = Path(__file__).parent.parent
_FONTS = _HERE / "static" / "fonts"


@dataclass(frozen=True, slots=True)
class Report:
    """A board as words and values: `figures` are the tiles as (title, kind, now, before or None); `said` the lines
    above them; `written` has the rows of each table as a page writes them, beside the typed ones of the table."""

    title: str
    place: str
    said: Sequence[str]
    language: str
    figures: Sequence[tuple[str, str, Value, Value]]
    heads: tuple[str, str, str, str]  # what the columns of the figures are called, and their sheet
    tables: Sequence[Table]
    written: Sequence[Sequence[Sequence[str]]]
    written_figures: Sequence[tuple[str, str, str]]
    page: tuple[str, str]
    rest: str  # what a paper says below a table that goes on, with {count} in it
    money: str  # of the unit of amounts, such as ` (جنيه)`


def to_xlsx(report: Report) -> bytes:
    """The workbook: figures first, then a sheet a table; numbers, shares, amounts and dates are cells of their kind. A
    sheet in Arabic runs from right to left. A text is never taken for a formula."""
    book = Workbook(write_only=True)
    sheet = _sheet(book, report, report.heads[3], (34, 18, 18))
    for line, font in ((report.title, _TITLE), (report.place, _BOLD), *((one, None) for one in report.said)):
        sheet.append([_cell(sheet, line, font=font)])
    sheet.append([])
    sheet.append([_head(sheet, one) for one in report.heads[:3]])
    for title, kind, now, before in report.figures:
        named = title + (report.money if kind == MONEY else "")
        sheet.append([_cell(sheet, named), _value(sheet, now, kind), _value(sheet, before, kind)])
    for table in report.tables:
        widths = [38, *(max(14, min(26, len(one.title) + 2)) for one in table.columns[1:])]
        sheet = _sheet(book, report, table.title, widths)
        sheet.freeze_panes = "B2"
        sheet.append([_head(sheet, one.title + (report.money if one.kind == MONEY else "")) for one in table.columns])
        for row in table.rows:
            sheet.append([_value(sheet, value, column.kind)
                          for value, column in zip(row, table.columns, strict=True)])
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def to_pdf(report: Report) -> tuple[bytes, str]:
    """The paper, A4, and its media type; the same page as HTML where Pango is missing."""
    page = _environment().get_template("board.html").render(
        report=report, dir="rtl" if report.language == "ar" else "ltr", most=PAPER_ROWS)
    if not _drawing_possible():
        return page.encode(), HTML
    import weasyprint

    fetcher = weasyprint.urls.URLFetcher(allowed_protocols=("data",), fail_on_errors=True)
    drawn: bytes = weasyprint.HTML(string=page, url_fetcher=fetcher).write_pdf()
    return drawn, PDF


def _sheet(book: Any, report: Report, title: str, widths: Sequence[int]) -> Any:
    name = _FORBIDDEN.sub(" ", title)[:31]
    taken = {one.title for one in book.worksheets}
    sheet = book.create_sheet(name if name not in taken else f"{name[:28]} {len(taken)}")
    sheet.sheet_view.rightToLeft = report.language == "ar"
    for place, width in enumerate(widths, 1):
        sheet.column_dimensions[get_column_letter(place)].width = width
    return sheet


def _cell(sheet: Any, value: Any, kind: str = "", font: Any = None) -> Any:
    cell = WriteOnlyCell(sheet, value)
    if isinstance(value, str):
        cell.data_type = "s"  # and no formula, whatever it begins with
    if kind in _FORMATS:
        cell.number_format = _FORMATS[kind]
    if font is not None:
        cell.font = font
    return cell


def _head(sheet: Any, title: str) -> Any:
    cell = _cell(sheet, title, font=_BOLD)
    cell.fill, cell.alignment = _SHADE, Alignment(wrap_text=True, vertical="center")
    return cell


def _value(sheet: Any, value: Value, kind: str) -> Any:
    """Money in pounds; a date as one; nothing where there is no value."""
    if kind == MONEY and isinstance(value, int):
        return _cell(sheet, value / 100, kind)
    return _cell(sheet, value, kind)


@cache
def _environment() -> Environment:
    environment = Environment(loader=FileSystemLoader(_HERE / "papers"), autoescape=True, undefined=StrictUndefined,
                              trim_blocks=True, lstrip_blocks=True)
    environment.globals["chart"] = board_charts.drawn
    environment.globals["fonts"] = {
        one.name: "data:font/woff2;base64," + base64.b64encode(one.read_bytes()).decode()
        for one in _FONTS.glob("cairo-*.woff2")}
    return environment


@cache
def _drawing_possible() -> bool:
    """Whether Pango, which WeasyPrint draws with, can be loaded here."""
    try:
        import weasyprint  # noqa: F401
    except OSError:
        return False
    return True
