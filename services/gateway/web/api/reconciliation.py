"""Statements of rails, what does not agree, what the bank received, and what the treasury is told."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response, g
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from contracts.payments_reconciliation import (
    GetReconciled,
    GetTreasury,
    LetGo,
    ListDifferences,
    ListLines,
    ListStatements,
    PrepareTreasury,
    ReceiveSettlement,
    SettleDifference,
)
from services.gateway.web.access import JSON, door
from services.gateway.web.api.answers import PREFIX, Shown, answer
from services.gateway.web.api.shapes import day_or_none, text, text_or_none
from services.gateway.web.caller import caller
from services.gateway.web.platform import platform

blueprint = Blueprint("api_reconciliation", __name__, url_prefix=PREFIX,
                      description="Reconciliation with the rails, and what the treasury is told")


def _piastres(**options: Any) -> fields.Integer:
    return fields.Integer(required=True, metadata={"description": "Piastres"}, **options)


class StatementDifferenceDecision(SettleDifference):
    class Meta:
        exclude = ("difference_id",)


class StatementReason(LetGo):
    class Meta:
        exclude = ("statement_id",)


class BankLine(ReceiveSettlement):
    class Meta:
        exclude = ("statement_id",)


class LinesAsked(ListLines):
    class Meta:
        exclude = ("statement_id",)


class TreasuryFileAsked(GetTreasury):
    class Meta:
        exclude = ("period_id",)


class TreasuryClosing(Schema):
    digest = fields.String(required=True, validate=validate.Regexp(r"[0-9a-f]{64}\Z"),
                           metadata={"description": "Of the XML file that you looked at (SHA-256)"})


class StatementListed(Shown):
    statement_id = fields.UUID(required=True)
    rail = text()
    name = text()
    format = text()
    digest = text()
    since = fields.Date(required=True)
    until = fields.Date(required=True)
    state = text(validate=validate.OneOf(("reading", "matching", "matched", "received", "set_aside")))
    lines = fields.Integer(required=True)
    gross = _piastres()
    returned = _piastres()
    commission = fields.Integer(required=True, metadata={"description": "As the file states it, piastres"})
    agreed_commission = fields.Integer(required=True, metadata={"description": "By the terms with the rail, piastres"})
    expected = _piastres()
    expected_on = day_or_none()
    received = _piastres()
    let_go = _piastres()
    outstanding = _piastres()
    currency = text()


class StatementFound(StatementListed):
    found = fields.Dict(required=True, metadata={"description": "Lines and piastres by kind"})


class StatementPage(Shown):
    statements = fields.List(fields.Nested(StatementListed), required=True)
    next = fields.UUID(required=True, allow_none=True)


class StatementLineShown(Shown):
    number = fields.Integer(required=True)
    kind = text_or_none()
    reference = text_or_none()
    direction = text_or_none()
    amount = _piastres(allow_none=True)
    fee = _piastres(allow_none=True)
    day = day_or_none()
    raw = text_or_none(metadata={"description": "Of a line that could not be read: what stood there"})
    faults = fields.List(fields.Dict(), required=True)


class StatementLinePage(Shown):
    lines = fields.List(fields.Nested(StatementLineShown), required=True)
    next = fields.Integer(required=True, allow_none=True)


class StatementDifferenceShown(Shown):
    difference_id = fields.UUID(required=True)
    rail = text()
    kind = text()
    statement_id = fields.UUID(required=True)
    statement_name = text()
    line = fields.Integer(required=True, allow_none=True)
    reference = text_or_none()
    direction = text_or_none()
    stated = fields.Integer(required=True, allow_none=True, metadata={"description": "By the rail, piastres"})
    booked = fields.Integer(required=True, allow_none=True, metadata={"description": "By us, piastres"})
    day = day_or_none()
    raised_at = fields.AwareDateTime(required=True)
    possible = fields.List(fields.String(), required=True, metadata={"description": "What may be decided of it"})
    decision = text_or_none()
    reason = text_or_none()
    settled_by = text_or_none()
    settled_at = fields.AwareDateTime(required=True, allow_none=True)


class StatementDifferencePage(Shown):
    differences = fields.List(fields.Nested(StatementDifferenceShown), required=True)
    next = fields.UUID(required=True, allow_none=True)


class StatementDifferenceSettled(Shown):
    difference_id = fields.UUID(required=True)
    decision = text()
    outcome = text()


class ReconciledRow(Shown):
    unit = text(metadata={"description": "Empty where money belongs to no unit yet"})
    account = text()
    lines = fields.Integer(required=True)
    amount = _piastres()


class ReconciledShown(Shown):
    rail = text_or_none()
    unit = text_or_none()
    since = fields.Date(required=True)
    until = fields.Date(required=True)
    currency = text()
    rows = fields.List(fields.Nested(ReconciledRow), required=True)
    total = _piastres()


class TreasuryPeriodListed(Shown):
    period_id = fields.UUID(required=True)
    number = fields.Integer(required=True)
    since = fields.Date(required=True)
    until = fields.Date(required=True)
    state = text(validate=validate.OneOf(("prepared", "closed")))
    total = _piastres()
    currency = text()
    prepared_by = text()
    prepared_at = fields.AwareDateTime(required=True)
    closed_by = text_or_none()
    closed_at = fields.AwareDateTime(required=True, allow_none=True)
    csv_digest = text_or_none()
    xml_digest = text_or_none()
    key_id = text_or_none()
    signature = text_or_none()


class TreasuryRowShown(Shown):
    kind = text(validate=validate.OneOf(("collection", "correction")))
    unit = text()
    accounting_code = text()
    collected = _piastres()
    returned = _piastres()
    net = _piastres()


class TreasuryPeriodShown(TreasuryPeriodListed):
    digest = text(metadata={"description": "Of the XML file: who closes the period names it"})
    rows = fields.List(fields.Nested(TreasuryRowShown), required=True)


class TreasuryPeriods(Shown):
    periods = fields.List(fields.Nested(TreasuryPeriodListed), required=True)


def _ask(method: str, payload: dict[str, Any]) -> Response:
    return answer(platform().call(method, payload, caller().actor))


def _tell(method: str, payload: dict[str, Any], status: int = 200) -> Response:
    return answer(platform().call(method, payload, caller().actor, command_id=g.command_id), status)


@door(blueprint, "GET", "/statements", permission="reconciliation.read")
@blueprint.arguments(ListStatements(), location="query")
@blueprint.response(200, StatementPage)
def statements(query: dict[str, Any]) -> Response:
    """Daily statements of the rails, newest first"""
    return _ask("payments.statements", ListStatements().dump(query))


@door(blueprint, "GET", "/statements/<uuid:statement_id>", permission="reconciliation.read")
@blueprint.response(200, StatementFound)
def statement(statement_id: UUID) -> Response:
    """A statement: what was found of its lines, what the rail owes for it and what came"""
    return _ask("payments.statement", {"statement_id": str(statement_id)})


@door(blueprint, "GET", "/statements/<uuid:statement_id>/lines", permission="reconciliation.read")
@blueprint.arguments(LinesAsked(), location="query")
@blueprint.response(200, StatementLinePage)
def statement_lines(query: dict[str, Any], statement_id: UUID) -> Response:
    """Lines of a statement, all or of one kind"""
    return _ask("payments.statement_lines", {**LinesAsked().dump(query), "statement_id": str(statement_id)})


@door(blueprint, "POST", "/statements/<uuid:statement_id>/aside", permission="reconciliation.resolve", media_types=JSON,
      idempotent=True)
@blueprint.arguments(StatementReason())
@blueprint.response(200, StatementListed)
def set_statement_aside(body: dict[str, Any], statement_id: UUID) -> Response:
    """A wrong file counts no more, and the right one can be read in"""
    return _tell("payments.set_statement_aside", {**body, "statement_id": str(statement_id)})


@door(blueprint, "POST", "/statements/<uuid:statement_id>/transfers", permission="settlement.record", media_types=JSON,
      idempotent=True)
@blueprint.arguments(BankLine())
@blueprint.response(200, StatementListed)
def receive_settlement(body: dict[str, Any], statement_id: UUID) -> Response:
    """The bank shows a transfer of the rail for this statement"""
    return _tell("payments.receive_settlement", {**BankLine().dump(body), "statement_id": str(statement_id)})


@door(blueprint, "POST", "/statements/<uuid:statement_id>/difference", permission="settlement.let_go", media_types=JSON,
      idempotent=True)
@blueprint.arguments(StatementReason())
@blueprint.response(200, StatementListed)
def let_difference_go(body: dict[str, Any], statement_id: UUID) -> Response:
    """What is outstanding of a statement is booked as a difference"""
    return _tell("payments.let_difference_go", {**body, "statement_id": str(statement_id)})


@door(blueprint, "GET", "/differences", permission="reconciliation.read")
@blueprint.arguments(ListDifferences(), location="query")
@blueprint.response(200, StatementDifferencePage)
def differences(query: dict[str, Any]) -> Response:
    """What does not agree between the rails and the books and waits for a person"""
    return _ask("payments.differences", ListDifferences().dump(query))


@door(blueprint, "POST", "/differences/<uuid:difference_id>", permission="reconciliation.resolve", media_types=JSON,
      idempotent=True)
@blueprint.arguments(StatementDifferenceDecision())
@blueprint.response(200, StatementDifferenceSettled)
def settle_difference(body: dict[str, Any], difference_id: UUID) -> Response:
    """Decide of a difference, with the reason"""
    return _tell("payments.settle_difference", {**body, "difference_id": str(difference_id)})


@door(blueprint, "GET", "/reconciled", permission="reconciliation.read")
@blueprint.arguments(GetReconciled(), location="query")
@blueprint.response(200, ReconciledShown)
def reconciled(query: dict[str, Any]) -> Response:
    """What the rails' statements agree with in the books, by unit and account"""
    return _ask("payments.reconciled", GetReconciled().dump(query))


@door(blueprint, "GET", "/treasury", permission="reconciliation.read")
@blueprint.response(200, TreasuryPeriods)
def treasury_periods() -> Response:
    """Periods told to the treasury, newest first"""
    return _ask("payments.treasury_periods", {})


@door(blueprint, "POST", "/treasury", permission="treasury.export", media_types=JSON,
      idempotent=True)
@blueprint.arguments(PrepareTreasury())
@blueprint.response(200, TreasuryPeriodShown)
def prepare_treasury(body: dict[str, Any]) -> Response:
    """Prepare the next period, or prepare it anew"""
    return _tell("payments.prepare_treasury", PrepareTreasury().dump(body))


@door(blueprint, "POST", "/treasury/<uuid:period_id>/closing", permission="treasury.close", media_types=JSON,
      idempotent=True)
@blueprint.arguments(TreasuryClosing())
@blueprint.response(200, TreasuryPeriodShown)
def close_treasury(body: dict[str, Any], period_id: UUID) -> Response:
    """Close a period that another person prepared; it is signed and never changes again"""
    return _tell("payments.close_treasury", {**body, "period_id": str(period_id)})


@door(blueprint, "GET", "/treasury/<uuid:period_id>/file", permission="reconciliation.read")
@blueprint.arguments(TreasuryFileAsked(), location="query")
@blueprint.response(200, {"type": "string"}, content_type="application/xml")
def treasury_file(query: dict[str, Any], period_id: UUID) -> Response:
    """The file of a period: XML (contracts/treasury_export.xsd) or CSV"""
    found = platform().call("payments.treasury_file", {**query, "period_id": str(period_id)}, caller().actor)
    response = Response(found["body"].encode(), content_type=found["media_type"])
    response.headers["Content-Disposition"] = f'attachment; filename="{found["name"]}"'
    return response
