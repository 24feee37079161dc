"""A board as a workbook and on paper, and how its values are written on a page."""

from __future__ import annotations

from threading import BoundedSemaphore

from flask import Response
from flask_babel import format_decimal

from chassis.errors import Busy
from chassis.offload import offload
from rules import roles
from services.gateway.web.caller import caller
from services.gateway.web.pages import board_files, board_tables, shown
from services.gateway.web.pages.board_data import Found
from services.gateway.web.pages.board_files import Report
from services.gateway.web.pages.board_tables import COUNT, DATE, MEAN, MONEY, SHARE, Tile, Value
from services.gateway.web.platform import platform

_DRAWING = BoundedSemaphore(1)
_WAIT_SECONDS = 20.0


def as_workbook(found: Found) -> Response:
    """The board as a workbook, in the language of the request."""
    made = offload(board_files.to_xlsx, report(found))
    return _file(made, board_files.XLSX, found, "xlsx")


def as_paper(found: Found) -> Response:
    """The board on paper, in the language of the request. One is drawn at a time: it takes two seconds of CPU beside
    everything else that this process does. Raises Busy for who would wait too long."""
    if not _DRAWING.acquire(timeout=_WAIT_SECONDS):
        raise Busy("papers are being drawn")
    try:
        made, media_type = offload(board_files.to_pdf, report(found))
    finally:
        _DRAWING.release()
    return _file(made, media_type, found, "pdf" if media_type == board_files.PDF else "html")


def report(found: Found) -> Report:
    """The board as words and values, for a thread that knows no request."""
    tables, tiles = board_tables.tables(found), board_tables.tiles(found)
    who = caller().actor
    return Report(
        title=shown.text("board.title"), place=place(found), language=shown.language(),
        said=[shown.text("board.from_to", since=shown.day(found.asked.span.since),
                         until=shown.day(found.asked.span.until)),
              shown.text("board.against", since=shown.day(found.asked.before.since),
                         until=shown.day(found.asked.before.until)),
              shown.text("board.paper.by", name=who.name, moment=shown.moment(found.board["as_of"]))],
        figures=[(one.title, one.kind, one.now, one.before if one.compared else None) for one in tiles],
        heads=(shown.text("board.figures"), shown.text("board.period"), shown.text("board.earlier"),
               shown.text("board.figures")),
        tables=tables, rest=shown.text("board.paper.rest"),
        written=[[[written(value, column.kind) for value, column in zip(row, table.columns, strict=True)]
                  for row in table.rows] for table in tables],
        written_figures=[(one.title, written(one.now, one.kind), told_before(one)) for one in tiles],
        page=(shown.text("board.paper.page"), shown.text("board.paper.of")),
        money=" (جنيه)" if shown.language() == "ar" else " (EGP)")


def _file(made: bytes, media_type: str, found: Found, extension: str) -> Response:
    response = Response(made, content_type=media_type)
    where = found.board["unit"] or platform().settings.node
    name = f"board-{where}-{found.asked.span.since}-{found.asked.span.until}.{extension}"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "no-store"
    return response


def written(value: Value, kind: str) -> str:
    """A value as the page's language writes it; a dash where there is none."""
    if value is None:
        return "–"
    if kind == COUNT:
        return shown.number(int(value))  # type: ignore[arg-type]
    if kind == SHARE:
        return shown.percent(float(value))  # type: ignore[arg-type]
    if kind == MONEY:
        return shown.money(int(value))  # type: ignore[arg-type]
    if kind == MEAN:
        return str(format_decimal(value, "#,##0.0"))
    return shown.weekday(value) if kind == DATE else str(value)


def told_before(tile: Tile) -> str:
    """What stands under a figure: that of the period before and how it changed."""
    if not tile.compared:
        return shown.text("board.now_only")
    before = shown.text("board.before", value=written(tile.before, tile.kind))
    if tile.change is None or (tile.kind == SHARE and tile.change):
        return before
    how = "same" if not tile.change else "grew" if tile.change > 0 else "fell"
    changed = shown.text(f"board.{how}", **({} if how == "same" else {"share": shown.percent(abs(tile.change))}))
    return shown.joined([before, changed])


def place(found: Found) -> str:
    """Whose board it is."""
    unit, department = found.board["unit"], found.board["department"]
    where = shown.unit_name(unit) if unit else shown.text("board.everywhere")
    return f"{roles.department_name(department, shown.language())} · {where}" if department else where
