"""The guide as a workbook that an editor can read, change and send back: one sheet a part (contracts.exchange.sheets).

Every text is a text cell in Excel's text format, so that nothing that begins with `=`, `+`, `-` or `@` is ever taken
for a formula and no number or date is made of it. The same guide gives the same bytes.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from datetime import datetime, time
from typing import Any

from openpyxl import Workbook, load_workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.utils.exceptions import InvalidFileException

from contracts.exchange import MAX_SERVICES, MAX_UNPACKED, Reading, WholeGuide, cells, rows_reading
from contracts.exchange.rows_reading import ReadRow
from contracts.exchange.sheets import KEY, NUMBER, Row, Rows, every
from rules.refusal import Fault

READ_ME, LONG = "readme", "long"
MOST_ROWS, MOST_COLUMNS = 400_000, 400
MOST_TAGS, MOST_OTHER_TAGS = 10_000_000, 50_000
"""Beginnings and ends of XML elements in all sheets together, and in each part that holds no rows: each takes some
microseconds to read, and packed a million of them is some kilobytes. A service has 4,500 in the sheets."""
_ZIP_DATE = (2000, 1, 1, 0, 0, 0)
_TEXT = "@"
_BOLD, _SHADE = Font(bold=True), PatternFill("solid", fgColor="E3EFF1")
_WRAP = Alignment(vertical="top", wrap_text=True)

_ABOUT = (
    ("دليل الخدمات الموحد: ورقة لكل جزء، وصف لكل عنصر، وعمود لكل قيمة.",
     "The unified services guide: a sheet a part, a row an item, a column a value."),
    ("ورقة services: صف لكل خدمة. في الأوراق الأخرى يقول العمود #service إلى أي خدمة ينتمي الصف.",
     "Sheet services: a row a service. On the others, column #service says which service a row belongs to."),
    ("الأعمدة التي تبدأ بعلامة # مراجع. #version و#effective_from للعلم ولا يُستوردان.",
     "Columns that begin with # are references. #version and #effective_from inform and are not imported."),
    ("عمود ينتهي بـ [] قائمة: قيمة في كل سطر داخل الخلية. الخلية الفارغة تعني أن القيمة غير موجودة.",
     "A column that ends in [] is a list: one value a line in the cell. An empty cell means that the value is absent."),
    ("المبالغ بالقروش. الكسور تُكتب نصاً مثل 2.5. المعادلات والتواريخ مرفوضة.",
     "Amounts are piastres. Fractions are written as text, such as 2.5. Formulas and dates are refused."),
    ("ما يُستورد يصير مقترحاً يراجعه شخص آخر، ولا يُنشر شيء مباشرة.",
     "What is imported becomes a proposal that somebody else reviews; nothing is published at once."),
)  # fmt: skip


def to_xlsx(guide: WholeGuide) -> bytes:
    """The workbook. ValueError for a definition that no sheets can hold, which no valid one is."""
    rows = Rows()
    for one in guide.services:
        rows.add(one.definition, {"#version": one.version, "#effective_from": one.effective_from.isoformat()})
    book = Workbook(write_only=True)
    made = datetime.combine(guide.day, time())
    book.properties.created = book.properties.modified = made
    book.properties.creator = guide.authority
    _write_about(book, guide)
    long: list[str] = []
    _write(book, "services", ("#version", "#effective_from"), rows.of.get("services", ()), long)
    for table, owners in every():
        own = (KEY,) if table.keyed else (NUMBER,) if table.numbered else ()
        _write(book, table.name, (*owners, *own), rows.of.get(table.name, ()), long)
    parts: list[Row] = [{NUMBER: number, "part": part, "text": text[at:at + cells.MOST_LETTERS]}
                        for number, text in enumerate(long, 1)
                        for part, at in enumerate(range(0, len(text), cells.MOST_LETTERS), 1)]
    _write(book, LONG, (NUMBER, "part", "text"), parts, [])
    written = io.BytesIO()
    book.save(written)
    return _without_times(written.getvalue())


def _write_about(book: Workbook, guide: WholeGuide) -> None:
    sheet = book.create_sheet(READ_ME)
    sheet.sheet_view.rightToLeft = True
    sheet.column_dimensions["A"].width = sheet.column_dimensions["B"].width = 90
    sheet.append([_cell(sheet, guide.authority), _cell(sheet, guide.day.isoformat())])
    for ar, en in _ABOUT:
        sheet.append([_cell(sheet, ar), _cell(sheet, en)])


def _write(book: Workbook, name: str, first: tuple[str, ...], rows: Iterable[Row], long: list[str]) -> None:
    headings = list(dict.fromkeys([*first, *(heading for row in rows for heading in row)]))
    sheet = book.create_sheet(name)
    sheet.sheet_view.rightToLeft = True
    sheet.freeze_panes = "A2"
    for index, heading in enumerate(headings, 1):
        width = 45 if heading.endswith(("/ar", "/en", "text")) else 18
        sheet.column_dimensions[get_column_letter(index)].width = width
    head = [_cell(sheet, heading) for heading in headings]
    for cell in head:
        cell.font, cell.fill = _BOLD, _SHADE
    sheet.append(head)
    for row in rows:
        sheet.append([_cell(sheet, _shortened(row[heading], long)) if heading in row else None
                      for heading in headings])


def _shortened(value: cells.Cell, long: list[str]) -> cells.Cell:
    """The cell, or a pointer to it where it is longer than a cell may be."""
    if not isinstance(value, str) or len(value) <= cells.MOST_LETTERS:
        return value
    long.append(value)
    return f"{cells.LONG} {len(long)}"


def _cell(sheet: Any, value: cells.Cell) -> Any:
    cell = WriteOnlyCell(sheet)
    cell.value = value
    if isinstance(value, str):
        cell.data_type = "s"  # the library takes `=…` for a formula and `#N/A` for an error
        cell.number_format = _TEXT
        cell.alignment = _WRAP
    return cell


def _without_times(packed: bytes) -> bytes:
    """The same file without the time at which it was packed."""
    written = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(packed)) as old, zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            content = old.read(entry)
            if entry.filename == "docProps/core.xml":
                content = _MODIFIED.sub(_CREATED.search(content)[1], content)  # type: ignore[index]
            new.writestr(zipfile.ZipInfo(entry.filename, _ZIP_DATE), content, zipfile.ZIP_DEFLATED)
    return written.getvalue()


_CREATED = re.compile(rb"<dcterms:created[^>]*>([^<]*)<")
_MODIFIED = re.compile(rb"(?<=>)[^<>]*(?=</dcterms:modified>)")


# -- reading ---------------------------------------------------------------------------------------------------------


# What unpacking and the library's parsers trip over in a broken file (SyntaxError is XML's ParseError, RuntimeError an
# encrypted file); found by changing bytes of good ones.
_BROKEN = (zipfile.BadZipFile, InvalidFileException, zlib.error, struct.error, LookupError, ValueError, TypeError,
           SyntaxError, OSError, AttributeError, EOFError, ArithmeticError, RuntimeError, AssertionError)


def read_xlsx(data: bytes) -> Reading:
    """The definitions of a workbook, each with its cells as positions."""
    try:
        refused = _unsafe(data)
        if refused is not None:
            return Reading(faults=[refused])
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=False, keep_links=False)
        sheets, faults = _sheets(book)
    except _BROKEN as error:
        return Reading(faults=[Fault("import_unreadable", None, {"at": "xlsx", "reason": type(error).__name__})])
    long, more = _long_texts(sheets.pop(LONG, []))
    faults += more
    if "services" not in sheets:
        faults.append(Fault("import_sheet_missing", None, {"sheet": "services"}))
    if len(sheets.get("services", [])) > MAX_SERVICES:
        faults.append(Fault("import_too_many", None, {"count": len(sheets["services"]), "limit": MAX_SERVICES}))
    return Reading(faults=faults) if faults else rows_reading.definitions(sheets, long)


def _unsafe(data: bytes) -> Fault | None:
    """What the file would do to whoever unpacks it: sizes are counted while unpacking, because a packed file may lie
    about them; no workbook declares a document type, with which a few bytes of XML can stand for gigabytes."""
    left, tags = MAX_UNPACKED, MOST_TAGS
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        for entry in packed.infolist():
            others = MOST_OTHER_TAGS
            with packed.open(entry) as part:
                before = b""
                while piece := part.read(1 << 20):
                    left -= len(piece)
                    found = piece.count(b"<")
                    if _OF_ROWS.match(entry.filename):
                        tags -= found
                    else:
                        others -= found
                    if left < 0 or tags < 0 or others < 0:
                        return Fault("import_unpacked_too_large", None, {"limit": MAX_UNPACKED})
                    if _DECLARES.search((before + piece).replace(b"\x00", b"")):
                        return Fault("import_unreadable", None, {"at": entry.filename, "reason": "DOCTYPE"})
                    before = piece[-32:]
    return None


_OF_ROWS = re.compile(r"xl/(worksheets/|sharedStrings)")
_DECLARES = re.compile(rb"<!\s*(DOCTYPE|ENTITY)", re.IGNORECASE)


def _sheets(book: Any) -> tuple[dict[str, list[ReadRow]], list[Fault]]:
    known = {"services", LONG, *(table.name for table, _ in every())}
    found: dict[str, list[ReadRow]] = {}
    faults: list[Fault] = []
    budget = MOST_ROWS
    for sheet in book.worksheets:
        if sheet.title == READ_ME:
            continue
        if sheet.title not in known:
            faults.append(Fault("import_sheet_unknown", None, {"sheet": sheet.title[:60]}))
            continue
        sheet.reset_dimensions()  # what a sheet says of its size need not be so
        rows = sheet.iter_rows(max_row=budget, max_col=MOST_COLUMNS)
        headings, more = _headings(sheet.title, next(rows, ()))
        faults += more
        found[sheet.title] = list(_rows(sheet.title, headings, rows, faults))
        budget = max(1, budget - len(found[sheet.title]))
    return found, faults


def _headings(sheet: str, row: Iterable[Any]) -> tuple[dict[int, str], list[Fault]]:
    """Heading by column. A column without one, or with one that stands twice, would lose what is in it."""
    headings: dict[int, str] = {}
    faults = []
    for index, cell in enumerate(row, 1):
        text = cell.value
        if text is None:
            continue
        if not isinstance(text, str) or text in headings.values():
            faults.append(Fault("import_column_unsound", None, {"at": f"{sheet}!{get_column_letter(index)}1"}))
        else:
            headings[index] = text.strip()
    return headings, faults


def _rows(sheet: str, headings: dict[int, str], rows: Iterable[Any], faults: list[Fault]) -> Iterator[ReadRow]:
    for number, row in enumerate(rows, 2):
        filled: dict[str, tuple[str, Any]] = {}
        for index, cell in enumerate(row, 1):
            if cell.value is None or cell.value == "":
                continue
            at = f"{sheet}!{get_column_letter(index)}{number}"
            if index not in headings:
                faults.append(Fault("import_column_unsound", None, {"at": at}))
            elif cell.data_type == "f":
                faults.append(Fault("import_cell_formula", None, {"at": at}))
            elif cell.data_type == "e" or not isinstance(cell.value, (str, int, float, bool)):
                faults.append(Fault("import_cell_not_text", None, {"at": at}))
            else:
                filled[headings[index]] = (at, cell.value)
        if filled:
            yield ReadRow(f"{sheet}!A{number}", filled)


def _long_texts(rows: Iterable[ReadRow]) -> tuple[dict[int, str], list[Fault]]:
    """The long texts by number, their parts in order."""
    parts: dict[int, dict[int, str]] = {}
    faults = []
    for row in rows:
        number, part, text = (row.cells.get(heading, (row.at, None))[1] for heading in (NUMBER, "part", "text"))
        if isinstance(number, int) and isinstance(part, int) and isinstance(text, str):
            parts.setdefault(number, {})[part] = text
        else:
            faults.append(Fault("import_cell_unreadable", None, {"at": row.at}))
    return {number: "".join(text for _, text in sorted(found.items())) for number, found in parts.items()}, faults
