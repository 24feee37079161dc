"""Lists as they come, CSV or XLSX, as rows of texts: line by line, bounded, whatever is in them. A workbook is taken
apart in a process of its own (spreadsheet.py); what it says lies in memory, never on a disk."""

from __future__ import annotations

import codecs
import csv
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import orjson

from rules.refusal import refuse
from services.notifications import spreadsheet

LONGEST = 4096  # bytes of a line
SECONDS = 100  # a loop that does not come round for two minutes counts as stuck

Row = tuple[int, list[str] | None]
"""The number of a line as a person counts it, and its cells; None where it is damaged."""


def rows_of_csv(pieces: Iterator[bytes]) -> Iterator[Row]:
    """Physical lines, so that a quotation mark left open costs one line and not the rest of the file. The delimiter is
    the comma, the semicolon or the tab that stands most often in the first line. Refuses list_not_utf8."""
    delimiter = ","
    for number, raw in enumerate(_lines(pieces), 1):
        line = raw
        if number == 1:
            if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
                raise refuse("list_not_utf8", "file")
            line = raw.removeprefix(codecs.BOM_UTF8)
            delimiter = max(",;\t", key=lambda mark, heading=line: heading.count(mark.encode()))  # type: ignore[misc]
        try:
            text = line.decode()
        except UnicodeDecodeError:
            if number == 1:
                raise refuse("list_not_utf8", "file") from None
            yield number, None
            continue
        if len(line) > LONGEST or "\x00" in text:
            yield number, None
            continue
        try:
            yield number, next(csv.reader([text], delimiter=delimiter, strict=True), [])
        except csv.Error:
            yield number, None


def _lines(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Lines without their end; of one that is too long, one byte more than is allowed."""
    kept = b""
    for piece in pieces:
        *whole, kept = (kept + piece).split(b"\n")
        for line in whole:
            yield line.removesuffix(b"\r")[: LONGEST + 1]
        if len(kept) > LONGEST:
            kept = kept[: LONGEST + 1]
    if kept:
        yield kept.removesuffix(b"\r")


def gathered(pieces: Iterator[bytes]) -> int:
    """An open file with all the pieces, in memory that only this process and its child see."""
    file = os.memfd_create("list", os.MFD_CLOEXEC)
    with open(file, "wb", closefd=False) as stream:
        for piece in pieces:
            stream.write(piece)
    return file


def convert(workbook: int) -> int:
    """The rows of a workbook, one JSON array a line, in an open file in memory. Runs for seconds: on a thread. Refuses
    list_unreadable, list_too_long. Closes what it was given."""
    rows = os.memfd_create("rows", os.MFD_CLOEXEC)
    try:
        os.lseek(workbook, 0, os.SEEK_SET)
        done = subprocess.run([sys.executable, "-I", str(Path(spreadsheet.__file__))], stdin=workbook, stdout=rows,
                              stderr=subprocess.DEVNULL, env={}, cwd="/", timeout=SECONDS, check=False)
        if done.returncode == spreadsheet.TOO_LONG:
            raise refuse("list_too_long", "file", lines=spreadsheet.MOST_ROWS)
        if done.returncode != 0:
            raise refuse("list_unreadable", "file")
    except subprocess.TimeoutExpired:
        os.close(rows)
        raise refuse("list_unreadable", "file") from None
    except BaseException:
        os.close(rows)
        raise
    finally:
        os.close(workbook)
    os.lseek(rows, 0, os.SEEK_SET)
    return rows


def rows_of_workbook(rows: int) -> Iterator[Row]:
    """What `convert` answered, row by row."""
    with open(rows, "rb") as lines:
        for number, line in enumerate(lines, 1):
            yield number, orjson.loads(line)
