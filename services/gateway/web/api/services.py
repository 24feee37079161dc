"""The unified services guide: read and searched from the gateway's own copy, without asking another service."""

from __future__ import annotations

from typing import Any

from flask import Response
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from rules.refusal import Fault, Refusal
from services.gateway.guide import Entry
from services.gateway.web.access import door
from services.gateway.web.api.answers import PREFIX, Shown, answer
from services.gateway.web.platform import platform

blueprint = Blueprint(
    "api_services", __name__, url_prefix=f"{PREFIX}/services", description="The unified services guide"
)
_KEPT = "public, max-age=30"


class Search(Schema):
    q = fields.String(
        load_default="",
        validate=validate.Length(max=200),
        metadata={
            "description": "Words to find, however their letters are written (أ إ آ ا, ى ي, ة ه, diacritics).",
            "example": "ترخيص محل",
        },
    )


class ServiceBrief(Shown):
    code = fields.String()
    version = fields.Integer()
    name = fields.Dict(keys=fields.String(), values=fields.String())
    summary = fields.Dict(keys=fields.String(), values=fields.String())
    effective_from = fields.Date()


class ServiceList(Shown):
    services = fields.List(fields.Nested(ServiceBrief))


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
        "effective_from": entry.effective_from.isoformat(),
    }


@door(blueprint, "GET", "", permission="guide.read")
@blueprint.arguments(Search(), location="query")
@blueprint.response(200, ServiceList)
def list_services(query: dict[str, Any]) -> Response:
    """Find services in the guide"""
    found = platform().guide.search(query["q"])
    return answer({"services": [brief(entry) for entry in found]}, Cache_Control=_KEPT)


@door(blueprint, "GET", "/<code>", permission="guide.read")
@blueprint.response(200, Service)
def get_service(code: str) -> Response:
    """One service as it is in force today"""
    entry = platform().guide.get(code)
    if entry is None:
        raise Refusal(Fault("service_unknown", "code", {"code": code}))
    return answer({**brief(entry), "definition": entry.document}, Cache_Control=_KEPT)
