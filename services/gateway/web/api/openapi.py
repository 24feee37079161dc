"""The API's own description, made from the routes: what a gate demands is written here for every route alike."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from flask import Response, current_app
from flask_smorest import Blueprint

from chassis.actors import PUBLIC
from services.gateway.web.access import Gate, door
from services.gateway.web.api.answers import PREFIX, answer

blueprint = Blueprint("api_openapi", __name__, url_prefix=f"{PREFIX}/openapi.json", description="This description")

IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "schema": {"type": "string", "minLength": 8, "maxLength": 200},
    "description": "A random key of the client (a UUID). The same key repeats the same request, with one effect.",
    "example": "0d9c3f6e-51f1-4f43-8f3b-5f1f3c3c9a11",
}
PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "code", "detail", "title_ar", "title_en", "errors"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "Stable; the error catalogue explains it"},
        "detail": {"type": "string"},
        "title_ar": {"type": "string"},
        "title_en": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "field": {"type": ["string", "null"]},
                    "code": {"type": "string"},
                    "ar": {"type": "string"},
                    "en": {"type": "string"},
                },
            },
        },
        "instance": {"type": "string"},
        "correlation_id": {"type": "string"},
    },
    "example": {
        "type": "urn:shubbak:problem:phone_invalid",
        "title": "رقم الهاتف المحمول غير صحيح.",
        "status": 422,
        "code": "phone_invalid",
        "detail": "رقم الهاتف المحمول غير صحيح.",
        "title_ar": "رقم الهاتف المحمول غير صحيح.",
        "title_en": "The mobile number is not valid.",
        "errors": [
            {
                "field": "applicant/phone",
                "code": "phone_invalid",
                "ar": "رقم الهاتف المحمول غير صحيح.",
                "en": "The mobile number is not valid.",
            }
        ],
        "instance": "/api/v1/requests",
        "correlation_id": "01980c5e-7c00-7000-8000-000000000002",
    },
}


def describe_security(spec: Any) -> None:
    spec.components.security_scheme(
        "staff", {"type": "http", "scheme": "bearer", "description": "The token of POST /api/v1/sessions"}
    )
    spec.components.schema("Problem", PROBLEM)


@door(blueprint, "GET", "", permission="guide.read")
@blueprint.response(200, {"type": "object"})
def openapi() -> Response:
    """The OpenAPI 3.1 description of this API"""
    return answer(document(current_app), Cache_Control="public, max-age=300")


def document(app: Any) -> dict[str, Any]:
    """The description as a dictionary, with every gate's demands added."""
    described: dict[str, Any] = deepcopy(app.extensions["openapi"].to_dict())
    for rule in app.url_map.iter_rules():
        gate: Gate = app.gates[rule.endpoint]
        if not rule.rule.startswith(PREFIX):
            continue
        path = _path_of(rule)
        for method in sorted(rule.methods - {"HEAD", "OPTIONS"}):
            _complete(described["paths"][path][method.lower()], gate)
    return described


def _path_of(rule: Any) -> str:
    return "".join(f"{{{data}}}" if dynamic else data for dynamic, data in rule._trace).lstrip("|")


def _complete(operation: dict[str, Any], gate: Gate) -> None:
    if gate.idempotent:
        operation.setdefault("parameters", []).append(IDEMPOTENCY_KEY)
    if gate.staff or not (gate.signed or gate.lets_in(PUBLIC.permits)):
        operation["security"] = [{"staff": []}]
    operation["x-permission"] = gate.permission
    operation["responses"] = {
        code: found for code, found in operation["responses"].items() if code not in ("422", "default")
    }
    operation["responses"]["default"] = {
        "description": "A problem: nothing was changed",
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
