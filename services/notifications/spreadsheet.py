"""Takes the first sheet of a workbook apart, in a process of its own: run by path, with no environment and bounded
memory, so that a hostile or a huge file costs this process and no other.

In: the workbook on the standard input. Out: one JSON array of texts a row, so many as the first row has cells, or null
for a row that is too long. Exit status 0, TOO_LONG for more than MOST_ROWS rows, anything else for a file that is no
workbook. Nothing of the platform is imported here.
"""

from __future__ import annotations

import json
import resource
import sys
from decimal import Decimal
from typing import Any
from zipfile import ZipFile

MEMORY = 1024 * 1024 * 1024  # bytes of address space
PROCESSOR_SECONDS = 90
MOST_ROWS = 300_000
MOST_COLUMNS = 40
UNPACKED = 256 * 1024 * 1024  # bytes
LONGEST = 4096  # characters of a row, as of a line of CSV
# Bytes. What is answered lies in memory, and a text may stand in a file once and be named a million times.
ANSWER = 128 * 1024 * 1024
TOO_LONG, UNREADABLE = 3, 4


def shown(value: object) -> str:
    """A cell as text: numbers whole where they are, a formula as it is written."""
    if value is None:
        return ""
    if isinstance(value, float):
        return format(Decimal(repr(value)).normalize(), "f")
    return str(value)


def rows(stream: Any) -> Any:
    """The rows of the first sheet as lists of texts, as wide as the first; None for one that is too long."""
    from openpyxl import load_workbook

    if sum(part.file_size for part in ZipFile(stream).infolist()) > UNPACKED:
        raise ValueError("unpacks too large")
    sheet: Any = load_workbook(stream, read_only=True).worksheets[0]
    sheet.reset_dimensions()  # what a file says of its own size need not be so
    width = 0
    for row in sheet.iter_rows(values_only=True, max_col=MOST_COLUMNS):
        cells = [shown(value) for value in row]
        while len(cells) > width and cells and not cells[-1]:
            cells.pop()
        width = width or len(cells)
        yield cells + [""] * (width - len(cells)) if sum(map(len, cells)) <= LONGEST else None


def main() -> int:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (PROCESSOR_SECONDS, PROCESSOR_SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (ANSWER, ANSWER))
    with open(0, "rb", closefd=False) as stream:
        for number, cells in enumerate(rows(stream), 1):
            if number > MOST_ROWS + 1:
                return TOO_LONG
            sys.stdout.write(json.dumps(cells) + "\n")
    sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
