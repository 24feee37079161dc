"""Files as they come, CSV or XLSX, as rows of texts: line by line, bounded, whatever is in them."""

from __future__ import annotations

import codecs
import csv
import zlib
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any, BinaryIO
from zipfile import BadZipFile, ZipFile, ZipInfo

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from rules.refusal import refuse

LONGEST = 4096  # bytes of a line, of a workbook characters
MOST_COLUMNS = 200
# Unpacked, of a workbook: beyond this a day comes as CSV. What a part says of its size is also all that is read of it.
SHEET_MEGABYTES = 128
OTHER_MEGABYTES = 48  # of any other part, such as the table of texts, which is held in memory
MOST_PARTS = 500
ROUNDED = "\u2248"  # before a number of a workbook that has more digits than the workbook keeps
_KEPT_DIGITS = 15
_MEGABYTE = 1 << 20
# What openpyxl, zipfile and the XML parsers say of a file that is not what it should be. SyntaxError is the parsers'.
_DAMAGED = (InvalidFileException, BadZipFile, SyntaxError, ValueError, LookupError, TypeError, AttributeError, OSError,
            EOFError, RuntimeError, zlib.error)

Cells = tuple[int, list[str] | None, str]
"""The number of a line as a person counts it, its cells (None: damaged), and the line as it came."""


def rows_of(stream: BinaryIO) -> Iterator[Cells]:
    """The lines of a CSV file or of a workbook's first sheet. Refuses statement_encoding_unknown,
    statement_unreadable, statement_unpacks_too_large; the latter two may come after lines were told."""
    start = stream.read(4)
    stream.seek(0)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise refuse("statement_encoding_unknown", "file")
    return _sheet(stream) if start == b"PK\x03\x04" else _lines(stream)


def _lines(stream: BinaryIO) -> Iterator[Cells]:
    """Physical lines, so that a quotation mark left open costs one line and not the rest of the file."""
    delimiter = ","
    number = 0
    while line := stream.readline(LONGEST):
        number += 1
        whole = line.endswith(b"\n")
        while not whole and (more := stream.readline(LONGEST)):
            whole = more.endswith(b"\n")
            line = line[:LONGEST] + b"..."  # kept in part, and told broken: its cells do not add up
            if whole:
                break
        too_long = line.endswith(b"...") and len(line) > LONGEST
        raw = line.decode("utf-8-sig" if number == 1 else "utf-8", "replace").rstrip("\r\n")
        if number == 1 and raw.count(";") > raw.count(","):
            delimiter = ";"
        if too_long or "\ufffd" in raw or "\x00" in raw:
            yield number, None, raw.replace("\x00", "\ufffd")
            continue
        try:
            yield number, next(csv.reader([raw], delimiter=delimiter, strict=True), []), raw
        except csv.Error:
            yield number, None, raw


def _sheet(stream: BinaryIO) -> Iterator[Cells]:
    """The rows of a workbook's first sheet. A formula is told as it is written: what it was worth when the file was
    made is nobody's word."""
    book: Any = None
    try:
        _check_size(ZipFile(stream).infolist())
        book = load_workbook(stream, read_only=True)
        sheet = book.worksheets[0]
        sheet.reset_dimensions()  # what a file says of its own size need not be so
        width = 0
        for number, row in enumerate(sheet.iter_rows(values_only=True), 1):
            cells = [_shown(value) for value in row]
            while len(cells) > width and cells and not cells[-1]:
                cells.pop()
            # One text that a thousand cells name would be kept a thousand times.
            if len(cells) > MOST_COLUMNS or sum(map(len, cells)) > LONGEST:
                yield number, None, ",".join(cell[:20] for cell in cells[:MOST_COLUMNS])[:LONGEST] + "..."
                continue
            width = width or len(cells)
            cells += [""] * (width - len(cells))
            yield number, cells, ",".join(cells) if any(cells) else ""
    except _DAMAGED as error:
        raise refuse("statement_unreadable", "file") from error
    finally:
        if book is not None:
            book.close()


def _check_size(parts: list[ZipInfo]) -> None:
    for part in parts:
        most = SHEET_MEGABYTES if part.filename.startswith("xl/worksheets/") else OTHER_MEGABYTES
        if part.file_size > most * _MEGABYTE or len(parts) > MOST_PARTS:
            raise refuse("statement_unpacks_too_large", "file", limit=most)


def _shown(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) >= 10**_KEPT_DIGITS:
        return f"{ROUNDED}{value}"
    if isinstance(value, float):
        return format(Decimal(repr(value)).normalize(), "f")
    return str(value)
