"""The versions of a service, what differs between two of them, and the path of its workflow drawn: from the gateway's
own copy of the guide, without log-in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from rules import editions, measure, workflow_mermaid
from rules.calendar import cairo_date
from rules.differences import differences
from rules.drawing import svg
from rules.refusal import refuse
from rules.workflow import Workflow
from services.gateway.guide import Entry
from services.gateway.web.access import door
from services.gateway.web.api.answers import PREFIX, Shown, answer
from services.gateway.web.api.services import KEPT
from services.gateway.web.platform import platform

blueprint = Blueprint(
    "api_versions", __name__, url_prefix=f"{PREFIX}/services/<code>", description="The versions of a service"
)
_NUMBER = validate.Range(1, 2**31 - 1)
STATES = (editions.SCHEDULED, editions.IN_FORCE, editions.SUPERSEDED, editions.RETIRED)


class Two(Schema):
    from_version = fields.Integer(required=True, data_key="from", validate=_NUMBER)
    to_version = fields.Integer(required=True, data_key="to", validate=_NUMBER)


class Drawn(Schema):
    version = fields.Integer(
        load_default=None, validate=_NUMBER, metadata={"description": "The one in force unless named"}
    )
    language = fields.String(load_default="ar", validate=validate.OneOf(("ar", "en")))


class EditionShown(Shown):
    version = fields.Integer(required=True)
    effective_from = fields.Date(required=True)
    state = fields.String(required=True, validate=validate.OneOf(STATES))


class EditionsShown(Shown):
    code = fields.String(required=True)
    in_force = fields.Integer(required=True, allow_none=True)
    versions = fields.List(fields.Nested(EditionShown), required=True, metadata={"description": "Newest first"})
    retired_from = fields.List(
        fields.Date(), required=True, metadata={"description": "Days from which it was no longer offered"}
    )


class DifferenceShown(Shown):
    path = fields.String(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(("added", "removed", "changed")))
    section = fields.String(required=True)
    label = fields.Dict(keys=fields.String(), values=fields.String(), required=True)


class Compared(Shown):
    code = fields.String(required=True)
    from_version = fields.Integer(required=True)
    to_version = fields.Integer(required=True)


class DifferencesShown(Compared):
    differences = fields.List(fields.Nested(DifferenceShown), required=True)


class EffectShown(Compared):
    before = fields.Dict(required=True, metadata={"description": "Steps, departments, documents, days, visits, fees"})
    after = fields.Dict(required=True)
    difference = fields.Dict(required=True)


@door(blueprint, "GET", "/versions", permission="guide.read")
@blueprint.response(200, EditionsShown)
def list_versions(code: str) -> Response:
    """All versions of a service that were published here, in force or not"""
    held = platform().guide
    entries, retired = held.history(code)
    if not entries:
        raise refuse("service_unknown", "code", code=code)
    today = cairo_date(platform().now())
    states, standing = editions.states(entries, retired, today), editions.in_force(entries, retired, today)
    shown = [{"version": entry.version, "effective_from": entry.effective_from, "state": states[entry.version]}
             for entry in entries]
    return answer({"code": code, "in_force": standing.version if standing else None, "versions": shown,
                   "retired_from": sorted(retired)}, Cache_Control=KEPT)


@door(blueprint, "GET", "/compare", permission="guide.read")
@blueprint.arguments(Two(), location="query")
@blueprint.response(200, DifferencesShown)
def compare_versions(query: dict[str, Any], code: str) -> Response:
    """What differs between two versions of a service, field by field"""
    before, after = _both(code, query)
    return answer({"code": code, **query, "differences": differences(before.document, after.document)},
                  Cache_Control=KEPT)


@door(blueprint, "GET", "/effect", permission="guide.read")
@blueprint.arguments(Two(), location="query")
@blueprint.response(200, EffectShown)
def show_effect(query: dict[str, Any], code: str) -> Response:
    """What a new version changes for people: steps, departments, documents, days, visits and fees"""
    before, after = _both(code, query)
    return answer({"code": code, **query, **measure.effect(before.document, after.document).as_dict()},
                  Cache_Control=KEPT)


@door(blueprint, "GET", "/graph.svg", permission="guide.read")
@blueprint.arguments(Drawn(), location="query")
@blueprint.response(200, {"type": "string"}, content_type="image/svg+xml")
def draw_svg(query: dict[str, Any], code: str) -> Response:
    """The path of a request through the departments, as a drawing to print"""
    document = _document(code, query)
    bodies = {one["code"]: one["name"] for one in document.get("external_bodies") or ()}
    drawn = svg(Workflow.parse(document["workflow"]), query["language"], bodies=bodies)
    return _drawing(drawn, "image/svg+xml")


@door(blueprint, "GET", "/graph.mmd", permission="guide.read")
@blueprint.arguments(Drawn(), location="query")
@blueprint.response(200, {"type": "string"}, content_type="text/plain")
def draw_mermaid(query: dict[str, Any], code: str) -> Response:
    """The path of a request through the departments, as Mermaid text"""
    workflow = Workflow.parse(_document(code, query)["workflow"])
    return _drawing(workflow_mermaid.mermaid(workflow, query["language"]), "text/plain; charset=utf-8")


def _drawing(text: str, content_type: str) -> Response:
    response = Response(text, content_type=content_type)
    response.headers["Cache-Control"] = KEPT
    return response


def _document(code: str, query: dict[str, Any]) -> Mapping[str, Any]:
    version = query["version"]
    entry = platform().guide.get(code) if version is None else _version(code, version, "version")
    if entry is None:
        raise refuse("service_unknown", "code", code=code)
    return entry.document


def _both(code: str, query: dict[str, Any]) -> tuple[Entry, Entry]:
    return _version(code, query["from_version"], "from"), _version(code, query["to_version"], "to")


def _version(code: str, version: int, field: str) -> Entry:
    entry = platform().guide.version(code, version)
    if entry is None:
        raise refuse("version_unknown", field, code=code, version=version)
    return entry
