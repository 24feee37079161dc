"""The whole guide as open data, and the door by which definitions come in. Exports are made once an edition, on a
thread of their own, from the gateway's own copy; what is imported is proposed to catalog and published by nobody
here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any
from uuid import UUID, uuid5

import orjson
from flask import Response, g, request
from flask_smorest import Blueprint
from marshmallow import Schema, fields

from chassis.errors import Unavailable
from chassis.offload import offload
from contracts.definition import json_schema
from contracts.exchange import MAX_BYTES, Published, WholeGuide, cpsv, importing, plain, xlsx
from services.gateway.guide import Edition
from services.gateway.web.access import door
from services.gateway.web.api.answers import PREFIX, Shown, answer, confirmed, tagged
from services.gateway.web.api.services import CONFIRMS, KEPT
from services.gateway.web.caller import caller
from services.gateway.web.platform import platform

blueprint = Blueprint("api_guide", __name__, url_prefix=PREFIX, description="The guide as open data, and imports")
FILE_TYPES = (importing.JSON, importing.YAML, importing.XLSX)
PROPOSE_SECONDS = 15.0


class ImportQuery(Schema):
    effective_from = fields.Date(metadata={"description": "First day of what is proposed; may be set later, in review"})


class Reason(Shown):
    field = fields.String(allow_none=True)
    at = fields.String(allow_none=True, metadata={"description": "Where in the file: line:column, sheet!cell or path"})
    code = fields.String()
    ar = fields.String()
    en = fields.String()


class Unchanged(Shown):
    at = fields.String()
    code = fields.String(allow_none=True)


class Refused(Unchanged):
    faults = fields.List(fields.Nested(Reason))


class Accepted(Unchanged):
    proposal_id = fields.UUID()
    version = fields.Integer()
    faults = fields.List(fields.Dict(), metadata={"description": "What the proposal has to lose before its review"})


class ImportReport(Shown):
    accepted = fields.List(fields.Nested(Accepted), required=True)
    unchanged = fields.List(fields.Nested(Unchanged), required=True)
    refused = fields.List(fields.Nested(Refused), required=True)


def whole(edition: Edition) -> WholeGuide:
    """The edition as exports take it."""
    settings = platform().settings
    address = (settings.env("PUBLIC_URL", "http://localhost:8000") or "").rstrip("/")
    services = [Published(one.code, one.version, one.effective_from, one.document) for one in edition.entries]
    return WholeGuide(settings.node, address, edition.day, edition.tag, services)


def _export(form: str, content_type: str, write: Callable[[WholeGuide], bytes]) -> Response:
    edition = platform().guide.edition()
    tag = f"{edition.tag}-{form}"
    if unchanged := confirmed(tag, KEPT):
        return unchanged
    guide = whole(edition)  # here, because a thread of the pool knows no request
    response = Response(edition.made(form, lambda _: write(guide)), content_type=content_type)
    response.headers["Cache-Control"] = KEPT
    response.headers["Content-Disposition"] = f'attachment; filename="guide-{guide.authority}-{guide.day}.{form}"'
    return tagged(response, tag)


@door(blueprint, "GET", "/guide.json", permission="guide.read")
@blueprint.doc(**CONFIRMS)
@blueprint.response(200, {"type": "object"})
@blueprint.alt_response(304, description="Nothing has changed")
def guide_json() -> Response:
    """The whole guide as JSON; can be imported"""
    return _export("json", importing.JSON, plain.to_json)


@door(blueprint, "GET", "/guide.yaml", permission="guide.read")
@blueprint.doc(**CONFIRMS)
@blueprint.response(200, {"type": "string"}, content_type=importing.YAML)
@blueprint.alt_response(304, description="Nothing has changed")
def guide_yaml() -> Response:
    """The whole guide as YAML; can be imported"""
    return _export("yaml", importing.YAML, plain.to_yaml)


@door(blueprint, "GET", "/guide.xlsx", permission="guide.read")
@blueprint.doc(**CONFIRMS)
@blueprint.response(200, {"type": "string", "format": "binary"}, content_type=importing.XLSX)
@blueprint.alt_response(304, description="Nothing has changed")
def guide_xlsx() -> Response:
    """The whole guide as a workbook, a sheet a part; can be changed and imported"""
    return _export("xlsx", importing.XLSX, xlsx.to_xlsx)


@door(blueprint, "GET", "/guide.jsonld", permission="guide.read")
@blueprint.doc(**CONFIRMS)
@blueprint.response(200, {"type": "object"}, content_type="application/ld+json")
@blueprint.alt_response(304, description="Nothing has changed")
def guide_jsonld() -> Response:
    """The whole guide in the EU's vocabulary of public services (CPSV-AP 3.2.0) as JSON-LD"""
    return _export("jsonld", "application/ld+json", cpsv.to_jsonld)


@door(blueprint, "GET", "/guide/schema.json", permission="guide.read")
@blueprint.response(200, {"type": "object"}, content_type="application/schema+json")
def definition_schema() -> Response:
    """The JSON Schema (2020-12) of a definition"""
    response = Response(orjson.dumps(json_schema.document()), content_type="application/schema+json")
    response.headers["Cache-Control"] = "public, max-age=300"
    return response


_BODY = {"requestBody": {"required": True, "content": {
    kind: {"schema": {"type": "string", "format": "binary"}} for kind in FILE_TYPES}}}  # fmt: skip


@door(blueprint, "POST", "/guide/imports", permission="guide.edit", media_types=FILE_TYPES, idempotent=True,
      limit=MAX_BYTES)  # fmt: skip
@blueprint.doc(**_BODY)
@blueprint.arguments(ImportQuery(), location="query")
@blueprint.response(200, ImportReport)
def import_guide(query: dict[str, Any]) -> Response:
    """Propose what a file changes, one proposal a service, and report what was refused and why"""
    return answer(take(request.mimetype, request.get_data(), query.get("effective_from"), g.command_id))


def take(media_type: str, data: bytes, effective_from: date | None, command_id: UUID) -> dict[str, Any]:
    """What became of a file that somebody sends in (contracts.exchange.importing.report): a proposal for each service
    that it changes, in the caller's name. Refuses a file that cannot be understood as a whole."""
    edition = platform().guide.edition()

    def standing(code: str) -> Any:
        entry = edition.get(code)
        return entry.document if entry else None

    def ask(method: str, payload: Mapping[str, Any], code: str) -> dict[str, Any]:
        # Each proposal has a command id of its own, so that a repeat of the import proposes nothing twice.
        command = uuid5(command_id, code) if method == "catalog.propose" else None
        try:
            return platform().call(method, dict(payload), caller().actor, command_id=command, timeout=PROPOSE_SECONDS)
        except Unavailable as error:
            raise importing.NotAnswered from error

    judged = offload(importing.judge, media_type, data, standing)
    return importing.propose(judged, effective_from, ask)
