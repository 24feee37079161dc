"""The API's own description, made from the routes: what a gate demands is written here for every route alike."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from flask import Response, current_app
from flask_smorest import Blueprint

from chassis.actors import PUBLIC
from services.gateway import partners
from services.gateway.web.access import Gate, door
from services.gateway.web.api import examples
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
                    "rule": {"type": "string", "description": "Of a service definition: the code of what is wrong"},
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
    spec.components.security_scheme(
        "partner", {"type": "http", "scheme": "bearer", "description": "A partner's key (`shk_…`), made by an"
                    " administrator; it opens the operations whose `x-scope` it was given"}
    )
    spec.components.schema("Problem", PROBLEM)


@door(blueprint, "GET", "", permission="guide.read")
@blueprint.response(200, {"type": "object"})
def openapi() -> Response:
    """The OpenAPI 3.1 description of this API"""
    return answer(document(current_app), Cache_Control="public, max-age=300")


def document(app: Any) -> dict[str, Any]:
    """The description as a dictionary, with every gate's demands and examples added. Made once a process."""
    kept: dict[str, Any] | None = app.extensions.get("openapi_document")
    if kept is None:
        kept = app.extensions["openapi_document"] = _make(app)
    return kept


def _make(app: Any) -> dict[str, Any]:
    described: dict[str, Any] = deepcopy(app.extensions["openapi"].description())
    for rule in app.url_map.iter_rules():
        gate: Gate = app.gates[rule.endpoint]
        if not rule.rule.startswith(PREFIX):
            continue
        path = _path_of(rule)
        for method in sorted(rule.methods - {"HEAD", "OPTIONS"}):
            operation = described["paths"][path][method.lower()]
            operation["operationId"] = rule.endpoint.rpartition(".")[2]
            _complete(operation, gate)
    _drop_unused(described)
    examples.fill(described)
    return described


def _drop_unused(described: dict[str, Any]) -> None:
    """Take out what the framework brings along and no operation refers to."""
    parts, known = described["components"], set[str]()
    found = _references(described["paths"])
    while found - known:
        known |= found
        for reference in found:
            kind, name = reference.removeprefix("#/components/").split("/")
            found = found | _references(parts[kind][name])
    for kind in ("schemas", "responses"):
        parts[kind] = {name: part for name, part in parts[kind].items() if f"#/components/{kind}/{name}" in known}
    described["components"] = {kind: part for kind, part in parts.items() if part}


def _references(value: Any) -> set[str]:
    if isinstance(value, dict):
        own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set[str]()
        return own.union(*(_references(inner) for inner in value.values()))
    return set[str]().union(*(_references(inner) for inner in value)) if isinstance(value, list) else set()


def _path_of(rule: Any) -> str:
    return "".join(f"{{{data}}}" if dynamic else data for dynamic, data in rule._trace).lstrip("|")


def _complete(operation: dict[str, Any], gate: Gate) -> None:
    if gate.idempotent:
        operation.setdefault("parameters", []).append(IDEMPOTENCY_KEY)
    if gate.staff or not (gate.signed or gate.lets_in(PUBLIC.permits)):
        operation["security"] = [{"staff": []}]
    operation["x-permission"] = gate.permission
    if not gate.staff and (open_to := [one for one in gate.permissions if one in partners.scopes()]):
        operation["x-scope"] = "|".join(open_to)
    operation["responses"] = {
        code: found for code, found in operation["responses"].items() if code not in ("422", "default")
    }
    operation["responses"]["default"] = {
        "description": "A problem: nothing was changed",
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
