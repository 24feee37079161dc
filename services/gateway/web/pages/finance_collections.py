"""What was collected, from every side: by day, unit, service, way, cashier and accounting code, each with its chart."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, request

from contracts.payments_collections import BY
from rules.refusal import Refusal
from services.gateway.web.access import door
from services.gateway.web.caller import caller
from services.gateway.web.pages import board_data, board_report, board_tables, shown
from services.gateway.web.pages import finance_forms as forms
from services.gateway.web.pages.board_tables import COUNT, DATE, MONEY, TEXT, TOP, Chart, Column, Table
from services.gateway.web.pages.finance_forms import Answer
from services.gateway.web.pages.public import LANG
from services.gateway.web.platform import platform

blueprint = Blueprint("finance_collections", __name__)


@door(blueprint, "GET", LANG + "/staff/finance/collections", permission="collections.read")
def show() -> Answer:
    """The collections of a period, of the own unit or of all."""
    today: date = platform().today()
    units = board_data.units() if caller().actor.unit is None else []
    try:
        asked = board_data.asked(request.args, today)
        body = {"since": asked.span.since.isoformat(), "until": asked.span.until.isoformat(), "unit": asked.unit}
        found = {by: forms.ask("payments.collections", {**body, "by": by}) for by in BY}
    except Refusal as refusal:
        if refusal.code in ("forbidden", "unauthenticated") or not request.args:
            raise
        return forms.render("staff/finance/collections.html", faults=refusal.faults, given=request.args, tables=[],
                            units=units), 422
    people = forms.names(one["key"] for one in found["cashier"]["rows"])
    given = {**board_data.period_of(asked, today), "unit": asked.unit or ""}
    return forms.render(
        "staff/finance/collections.html", faults=[], given=given, units=units, since=asked.span.since,
        until=asked.span.until, as_of=found["day"]["as_of"], total=found["day"]["total"],
        receipts=found["day"]["receipts"] or 0, write=board_report.written, top=TOP,
        tables=[made for by in BY if (made := _table(by, found[by]["rows"], people)).rows])


def _table(by: str, rows: list[dict[str, Any]], people: dict[str, str]) -> Table:
    """One side of the collections: days in their order, all else the most first."""
    if by != "day":
        rows = sorted(rows, key=lambda one: -one["amount"])
    receipts = by != "account"
    columns = (Column(shown.text(f"finance.by.{by}"), DATE if by == "day" else TEXT),
               Column(shown.text("board.collected"), MONEY),
               *((Column(shown.text("board.receipts"), COUNT),) if receipts else ()))
    made = [(_name(by, one["key"], people), one["amount"], *((one["receipts"],) if receipts else ())) for one in rows]
    chart = Chart("bars" if by == "day" else "rows", (1,)) if len(made) > 1 else None
    return Table(f"by-{by}", shown.text(f"finance.collected.{by}"), columns, made, chart)


def _name(by: str, key: str, people: dict[str, str]) -> Any:
    if by == "day":
        return date.fromisoformat(key)
    if by == "unit":
        return shown.unit_name(key) if key else shown.text("finance.no_unit")
    if by == "service":
        return board_tables.service_name(key)
    if by == "way":
        return forms.label("rail", key)
    if by == "cashier":
        return people.get(key) or shown.text("finance.no_cashier")
    return key
