"""The organisation and its calendar. Changes are proposals: what is approved of them is seen here."""

from __future__ import annotations

from typing import Any

from flask import Response
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from contracts import organisation as language
from rules.organisation_kinds import KINDS
from services.gateway.web.access import door
from services.gateway.web.api.answers import PREFIX, Shown, answer
from services.gateway.web.caller import caller
from services.gateway.web.platform import platform

blueprint = Blueprint(
    "api_organisation", __name__, url_prefix=PREFIX, description="Governorates, units, centres, departments, days off"
)
NAMES = "organisation.propose|organisation.review_council|organisation.review_follow_up"
_KEPT = "public, max-age=300"
_KIND = {"in": "path", "name": "kind", "required": True, "schema": {"type": "string", "enum": list(KINDS)}}


class Page(language.ListOrganisation):
    class Meta:
        exclude = ("kind",)


class ProposalNamed(Schema):
    proposal_id = fields.UUID(
        load_default=None, allow_none=True, metadata={"description": "As this proposal says; else as it is today"}
    )


class OfUnit(Schema):
    unit = fields.String(load_default=None, allow_none=True, validate=validate.Length(1, 60))


class EntityShown(Shown):
    kind = fields.String(required=True)
    code = fields.String(required=True)
    valid_from = fields.Date(required=True)
    valid_until = fields.Date(required=True, allow_none=True)
    body = fields.Dict(required=True, metadata={"description": "All that is said of it; an employee's name is masked"})


class EntityList(Shown):
    on = fields.Date(required=True)
    entities = fields.List(fields.Nested(EntityShown), required=True)
    next = fields.String(
        required=True, allow_none=True, metadata={"description": "Give it as `after` for the next page; null: no more"}
    )


class VersionShown(Shown):
    version = fields.Integer(required=True, metadata={"description": "0: what the published lists say"})
    op = fields.String(required=True, metadata={"description": "add, change or close"})
    valid_from = fields.Date(required=True)
    valid_until = fields.Date(required=True, allow_none=True)
    body = fields.Dict(required=True, allow_none=True)
    proposal_id = fields.UUID(required=True, allow_none=True)
    proposed_by = fields.String(required=True, allow_none=True)
    edited_by = fields.List(fields.String(), required=True)
    approved_by = fields.List(fields.Dict(), required=True, metadata={"description": "permission, by, at"})
    at = fields.AwareDateTime(required=True, allow_none=True)


class HistoryShown(Shown):
    kind = fields.String(required=True)
    code = fields.String(required=True)
    versions = fields.List(fields.Nested(VersionShown), required=True)


class EmployeeShown(Shown):
    code = fields.String(required=True)
    name = fields.String(required=True)
    body = fields.Dict(required=True)


class DayShown(Shown):
    date = fields.Date(required=True)
    working = fields.Boolean(required=True, metadata={"description": "true only where a decree makes it a working day"})
    why = fields.String(required=True, validate=validate.OneOf(("weekend", "holiday", "decree")))
    name = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    decree = fields.Dict(required=True, allow_none=True, metadata={"description": "number and date"})
    forecast = fields.Boolean(required=True, metadata={"description": "The sighting of the moon decides"})


class YearShown(Shown):
    year = fields.Integer(required=True)
    unit = fields.String(required=True, allow_none=True)
    governorate = fields.String(required=True, allow_none=True)
    days = fields.List(fields.Nested(DayShown), required=True)


@door(blueprint, "GET", "/organisation/<kind>", permission="organisation.read", parameters=[_KIND])
@blueprint.arguments(Page(), location="query")
@blueprint.response(200, EntityList)
def list_entities(query: dict[str, Any], kind: str) -> Response:
    """What stands on a day, of one kind, by code"""
    on = query.pop("on")
    asked = {**query, "kind": kind, "on": None if on is None else on.isoformat()}
    return answer(platform().call("catalog.organisation", asked, caller().actor))


@door(blueprint, "GET", "/organisation/<kind>/<code>/history", permission="organisation.read", parameters=[_KIND])
@blueprint.response(200, HistoryShown)
def show_history(kind: str, code: str) -> Response:
    """Every version that ever counted, who proposed it and who approved it"""
    return answer(platform().call("catalog.organisation_history", {"kind": kind, "code": code}, caller().actor))


@door(blueprint, "GET", "/organisation/employee/<code>/name", permission=NAMES)
@blueprint.arguments(ProposalNamed(), location="query")
@blueprint.response(200, EmployeeShown)
def show_employee(query: dict[str, Any], code: str) -> Response:
    """Who works under a code, by name. The reading is recorded"""
    proposal = query["proposal_id"]
    asked = {"code": code, "proposal_id": None if proposal is None else str(proposal)}
    return answer(platform().call("catalog.employee", asked, caller().actor))


@door(blueprint, "GET", "/calendar/<int:year>", permission="guide.read")
@blueprint.arguments(OfUnit(), location="query")
@blueprint.response(200, YearShown)
def show_year(query: dict[str, Any], year: int) -> Response:
    """Each day off of a year and why, and each working day that a decree put in its place"""
    found = platform().call("catalog.calendar", {"year": year, "unit": query["unit"]}, caller().actor)
    return answer(found, Cache_Control=_KEPT)
