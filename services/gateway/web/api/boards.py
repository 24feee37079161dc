"""Boards over the API: what the page shows, as numbers, as a workbook and on paper."""

from __future__ import annotations

from typing import Any

from flask import Response, g
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from contracts.requests_board import Board, BoardOpen
from rules.board_periods import KINDS
from services.gateway.web.access import door
from services.gateway.web.api.answers import PREFIX, Shown, answer
from services.gateway.web.api.shapes import text, text_or_none
from services.gateway.web.caller import caller
from services.gateway.web.pages import board_data, board_files, board_report
from services.gateway.web.platform import platform

blueprint = Blueprint("api_boards", __name__, url_prefix=f"{PREFIX}/boards", description="Boards of heads and managers")


def _counts() -> fields.Field:
    return fields.Dict(required=True, keys=fields.String(), values=fields.Integer(), metadata={
        "description": "lodged, approved, rejected, withdrawn, lapsed, finished_late, reopened, executed, delivered, "
                       "arrived, acted, acted_late, overdue, rated, complained; sums: finished_seconds, acted_seconds, "
                       "stars"})


class Span(Shown):
    since = fields.Date(required=True)
    until = fields.Date(required=True)


class Key(Shown):
    key = text()
    now = _counts()
    before = _counts()


class BoardShown(Span):
    before = fields.Nested(Span, required=True)
    unit = text_or_none()
    department = text_or_none()
    as_of = fields.AwareDateTime(required=True)
    total = _counts()
    before_total = _counts()
    days = fields.List(fields.Dict(), required=True, metadata={"description": "{day, …}: the counts of each day"})
    sides = fields.Dict(required=True, keys=fields.String(), values=fields.List(fields.Nested(Key)), metadata={
        "description": "unit, department, person (of one unit), service, channel"})


class Desk(Shown):
    unit = text()
    department = text()
    account = text_or_none()
    open = fields.Integer(required=True)
    late = fields.Integer(required=True)
    late_week = fields.Integer(required=True, metadata={"description": "Of the late ones: by more than 7 days"})
    late_month = fields.Integer(required=True, metadata={"description": "Of the late ones: by more than 30 days"})
    oldest = fields.Date(required=True, allow_none=True, metadata={"description": "The date due that passed first"})


class BoardOpenShown(Shown):
    unit = text_or_none()
    department = text_or_none()
    as_of = fields.AwareDateTime(required=True, allow_none=True)
    desks = fields.List(fields.Nested(Desk), required=True)
    requests = fields.Dict(required=True, allow_none=True, metadata={
        "description": "units, services, channels, total: each with open, waiting (for the citizen), late, oldest"})


class FileQuery(Schema):
    period = fields.String(load_default="month", validate=validate.OneOf(KINDS))
    on = fields.Date(metadata={"description": "Any day of the period, or the first of `dates`; today"})
    until = fields.Date(metadata={"description": "The last day of `dates`"})
    unit = fields.String(validate=validate.Regexp(r"[A-Z0-9-]{1,20}\Z"))
    department = fields.String(validate=validate.Regexp(r"[a-z_]{1,40}\Z"))
    language = fields.String(load_default="ar", validate=validate.OneOf(("ar", "en")))


@door(blueprint, "GET", "", permission="board.read")
@blueprint.arguments(Board(), location="query")
@blueprint.response(200, BoardShown)
def board(query: dict[str, Any]) -> Response:
    """What was lodged, finished, executed and late in a period, from every side, beside the period before"""
    return answer(platform().call("requests.board", Board().dump(query), caller().actor))


@door(blueprint, "GET", "/open", permission="board.read")
@blueprint.arguments(BoardOpen(), location="query")
@blueprint.response(200, BoardOpenShown)
def board_open(query: dict[str, Any]) -> Response:
    """What lies open now at which desk and in whose hand, and how much of it is late"""
    return answer(platform().call("requests.board_open", BoardOpen().dump(query), caller().actor))


@door(blueprint, "GET", "/board.xlsx", permission="board.read")
@blueprint.arguments(FileQuery(), location="query")
@blueprint.response(200, {"type": "string", "format": "binary"}, content_type=board_files.XLSX)
def board_xlsx(query: dict[str, Any]) -> Response:
    """The board as a workbook, a sheet a table"""
    return board_report.as_workbook(_found(query))


@door(blueprint, "GET", "/board.pdf", permission="board.read")
@blueprint.arguments(FileQuery(), location="query")
@blueprint.response(200, {"type": "string", "format": "binary"}, content_type=board_files.PDF)
def board_pdf(query: dict[str, Any]) -> Response:
    """The board on paper"""
    return board_report.as_paper(_found(query))


def _found(query: dict[str, Any]) -> board_data.Found:
    g.language = query["language"]
    given = {name: str(value) for name, value in query.items() if value is not None}
    return board_data.find(board_data.asked(given, platform().today()))
