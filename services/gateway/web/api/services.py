"""The unified services guide: read and searched from the gateway's own copy, without asking another service and without
log-in. Answers carry a strong tag of the guide and the Cairo day: what a client holds is confirmed with 304."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from contracts.requests import CHANNELS
from rules.refusal import Fault, Refusal
from rules.search import Filters
from services.gateway import finding
from services.gateway.guide import SHAPE, Entry
from services.gateway.web.access import door
from services.gateway.web.api.answers import PREFIX, Shown, answer, confirmed, tagged
from services.gateway.web.platform import platform

blueprint = Blueprint(
    "api_services", __name__, url_prefix=f"{PREFIX}/services", description="The unified services guide"
)
KEPT = "public, max-age=30"
MOST = 500
CONFIRMS = {"parameters": [{
    "name": "If-None-Match", "in": "header", "required": False, "schema": {"type": "string"},
    "description": "The `ETag` of an earlier answer: 304 without a body as long as nothing has changed",
}]}  # fmt: skip


class Search(Schema):
    q = fields.String(
        load_default="",
        validate=validate.Length(max=200),
        metadata={
            "description": "Words to find, however their letters are written (أ إ آ ا, ى ي, ة ه, diacritics), with one"
            " typing error in a word of four letters or more; the last word may be unfinished.",
            "example": "ترخيص محل",
        },
    )
    sector = fields.String(validate=validate.OneOf(tuple(finding.names("sector"))))
    life_event = fields.String(validate=validate.OneOf(tuple(finding.names("life_event"))))
    unit = fields.String(
        validate=validate.Length(1, 20), metadata={"description": "Code of a local unit: only what its kind offers"}
    )
    unit_kind = fields.String(
        validate=validate.OneOf(tuple(finding.names("unit_kind"))), metadata={"description": "Kind of local unit"}
    )
    channel = fields.String(validate=validate.OneOf(CHANNELS), metadata={"description": "Where it can be asked for"})
    limit = fields.Integer(load_default=100, validate=validate.Range(1, MOST))
    after = fields.String(validate=validate.Length(1, 90), metadata={"description": "`next` of the page before"})


class ServiceBrief(Shown):
    code = fields.String()
    version = fields.Integer()
    name = fields.Dict(keys=fields.String(), values=fields.String())
    summary = fields.Dict(keys=fields.String(), values=fields.String())
    sector = fields.String()
    life_event = fields.String()
    effective_from = fields.Date()


class Facet(Shown):
    code = fields.String()
    name = fields.Dict(keys=fields.String(), values=fields.String())
    count = fields.Integer()


class ServiceList(Shown):
    services = fields.List(fields.Nested(ServiceBrief))
    total = fields.Integer(metadata={"description": "Services found, on all pages"})
    next = fields.String(
        allow_none=True, metadata={"description": "Give it as `after` for the next page; null: no more"}
    )
    facets = fields.Dict(
        keys=fields.String(validate=validate.OneOf(("sector", "life_event", "unit_kind", "channel"))),
        values=fields.List(fields.Nested(Facet)),
        metadata={"description": "How many services each value of a filter would leave"},
    )


class Service(ServiceBrief):
    definition = fields.Dict(
        metadata={"description": "Form, documents, fees, path, legal period and what silence means"}
    )


def brief(entry: Entry) -> dict[str, Any]:
    return {
        "code": entry.code,
        "version": entry.version,
        "name": entry.document.get("name"),
        "summary": entry.document.get("summary"),
        "sector": entry.document.get("sector"),
        "life_event": entry.document.get("life_event"),
        "effective_from": entry.effective_from.isoformat(),
    }


def filters_of(query: Mapping[str, Any]) -> Filters:
    """The filters of a query; `unit` stands for its kind. Refuses unit_unknown."""
    kind = query.get("unit_kind")
    if query.get("unit"):
        held = platform()
        unit = held.organisation.known().unit(query["unit"], held.today())
        if unit is None or kind not in (None, unit.kind):
            raise Refusal(Fault("unit_unknown", "unit"))
        kind = unit.kind
    return Filters(query.get("sector"), query.get("life_event"), kind, query.get("channel"))


@door(blueprint, "GET", "", permission="guide.read")
@blueprint.doc(**CONFIRMS)
@blueprint.arguments(Search(), location="query")
@blueprint.response(200, ServiceList)
@blueprint.alt_response(304, description="Nothing has changed")
def list_services(query: dict[str, Any]) -> Response:
    """Find services in the guide: best first, with what each filter would leave"""
    edition, filters = platform().guide.edition(), filters_of(query)
    tag = f"{edition.tag}-{filters.unit_kind}"  # what kind a unit is can change without the guide
    if unchanged := confirmed(tag, KEPT):
        return unchanged
    page = edition.find(query["q"], filters, after=query.get("after"), limit=query["limit"])
    body = {
        "services": [brief(entry) for entry in page.entries],
        "total": page.total,
        "next": page.next,
        "facets": finding.named_facets(page.facets),
    }
    return tagged(answer(body, Cache_Control=KEPT), tag)


@door(blueprint, "GET", "/<code>", permission="guide.read")
@blueprint.doc(**CONFIRMS)
@blueprint.response(200, Service)
@blueprint.alt_response(304, description="Nothing has changed")
def get_service(code: str) -> Response:
    """One service as it is in force today"""
    entry = platform().guide.get(code)
    if entry is None:
        raise Refusal(Fault("service_unknown", "code", {"code": code}))
    tag = f"{SHAPE}-{entry.version}-{entry.digest[:32]}"
    if unchanged := confirmed(tag, KEPT):
        return unchanged
    return tagged(answer({**brief(entry), "definition": entry.document}, Cache_Control=KEPT), tag)
