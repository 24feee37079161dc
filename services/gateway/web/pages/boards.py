"""The board of heads, managers and the governorate: figures, charts each with its table, refreshed while it is looked
at, and the same to take along as a workbook or on paper."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, render_template, request, url_for

from rules import board_periods, roles
from rules.refusal import Refusal
from services.gateway.web.access import door
from services.gateway.web.caller import caller
from services.gateway.web.pages import board_data, board_report, board_tables, shown
from services.gateway.web.pages.board_data import Asked, Found
from services.gateway.web.pages.public import LANG
from services.gateway.web.platform import platform

blueprint = Blueprint("boards", __name__)
_BOARD = LANG + "/staff/board"


@door(blueprint, "GET", _BOARD, permission="board.read")
def show() -> str | tuple[str, int]:
    """The board; for htmx the part that changes."""
    today = platform().today()
    try:
        found = board_data.find(board_data.asked(request.args, today))
    except Refusal as refusal:
        if refusal.code in ("forbidden", "unauthenticated") or not request.args:
            raise
        return render_template("staff/board.html", found=None, faults=refusal.faults, given=request.args,
                               **choices(None)), 422
    part = "staff/_board.html" if request.headers.get("HX-Request") else "staff/board.html"
    asked = found.asked
    given = {**board_data.period_of(asked, today), "unit": found.board["unit"] or "",
             "department": found.board["department"] or ""}
    return render_template(part, found=found, faults=[], given=given, today=today, address=address_of(given),
                           tiles=board_tables.tiles(found), tables=board_tables.tables(found),
                           write=board_report.written, live=request.args.get("live") != "0", top=board_tables.TOP,
                           place=board_report.place(found), around=around(asked), **choices(found))


@door(blueprint, "GET", _BOARD + ".xlsx", permission="board.read")
def workbook() -> Response:
    return board_report.as_workbook(board_data.find(board_data.asked(request.args, platform().today())))


@door(blueprint, "GET", _BOARD + ".pdf", permission="board.read")
def paper() -> Response:
    return board_report.as_paper(board_data.find(board_data.asked(request.args, platform().today())))


def address_of(given: Mapping[str, Any], **changes: Any) -> str:
    """The address of a board, without what is empty."""
    return url_for("boards.show", **{name: value for name, value in {**given, **changes}.items() if value})


def around(asked: Asked) -> tuple[dict[str, str], dict[str, str]]:
    """What the addresses of the periods before and after ask for."""
    last, first = board_periods.neighbours(asked.span)
    if asked.kind != board_periods.DATES:
        return {"on": last.isoformat()}, {"on": first.isoformat()}
    days = asked.span.until - asked.span.since
    return ({"on": (last - days).isoformat(), "until": last.isoformat()},
            {"on": first.isoformat(), "until": (first + days).isoformat()})


def choices(found: Found | None) -> dict[str, Any]:
    """What the form offers: units to who is bound to none, departments of a unit to who may read it whole."""
    who = caller().actor
    units = board_data.units() if who.unit is None and who.permits("board.read_unit") else []
    unit = found.board["unit"] if found else who.unit
    departments = []
    if unit is not None and who.permits("board.read_unit"):
        language = shown.language()
        departments = [(code, roles.department_name(code, language)) for code in roles.load().departments]
    return {"units": units, "departments": departments, "address_of": address_of,
            "told_before": board_report.told_before}
