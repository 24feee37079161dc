"""Workbooks that no office program writes."""

from __future__ import annotations

import io
import zipfile

from openpyxl import Workbook

_SPREADSHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_SHARED = ('<Override PartName="/xl/sharedStrings.xml" ContentType="application/vnd.openxmlformats-officedocument.'
           'spreadsheetml.sharedStrings+xml"/></Types>')  # fmt: skip


def of_shared_texts(texts: list[str], rows: list[list[int]]) -> bytes:
    """A workbook whose cells name texts of its table of texts: a few thousand bytes that say as much as they like."""
    plain, out = io.BytesIO(), io.BytesIO()
    Workbook().save(plain)
    source = zipfile.ZipFile(plain)
    cells = "".join(
        f'<row r="{number}">' + "".join(f'<c t="s"><v>{at}</v></c>' for at in row) + "</row>"
        for number, row in enumerate(rows, 1))
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name in source.namelist():
            content = source.read(name)
            if name == "xl/worksheets/sheet1.xml":
                content = f'<worksheet xmlns="{_SPREADSHEET}"><sheetData>{cells}</sheetData></worksheet>'.encode()
            elif name == "[Content_Types].xml":
                content = content.replace(b"</Types>", _SHARED.encode())
            made.writestr(name, content)
        table = "".join(f"<si><t>{text}</t></si>" for text in texts)
        made.writestr("xl/sharedStrings.xml", f'<sst xmlns="{_SPREADSHEET}">{table}</sst>')
    return out.getvalue()
