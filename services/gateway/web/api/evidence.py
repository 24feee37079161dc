"""The message log for an auditor: a file of JSON lines that `python -m chassis verify-log` proves."""

from __future__ import annotations

from typing import Any

from flask import Response
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from services.gateway.link import evidence
from services.gateway.web.access import door
from services.gateway.web.api.answers import PREFIX, answer
from services.gateway.web.caller import caller
from services.gateway.web.platform import platform

blueprint = Blueprint("api_evidence", __name__, url_prefix=f"{PREFIX}/evidence",
                      description="The message log as evidence")  # fmt: skip
MEDIA_TYPE = "application/x-ndjson"
_PLACE = validate.Regexp(r"EG(-[A-Z]{1,3})?\Z")


class ReceivedQuery(Schema):
    after = fields.Integer(load_default=0, validate=validate.Range(0, 2**62), metadata={
        "description": "Position after which the file begins: 0, or that of an earlier file's head"})


class SentQuery(Schema):
    peer = fields.String(required=True, validate=_PLACE, metadata={"description": "To whom", "example": "EG"})
    epoch = fields.Integer(load_default=None, validate=validate.Range(1, 2**31 - 1), metadata={
        "description": "Of this place; the newest unless said"})


@door(blueprint, "GET", "/received", permission="audit.read")
@blueprint.arguments(ReceivedQuery, location="query")
@blueprint.response(200, {"type": "string"}, content_type=MEDIA_TYPE)
def export_received(query: dict[str, Any]) -> Response:
    """What came over the line, signed, chained and with a signed head; at most 100,000 entries

    The export is recorded in the audit."""
    place = platform()
    return _file("received", place.run(
        lambda work: evidence.received(place.reader(), work, query["after"], evidence.MOST), caller().actor))


@door(blueprint, "GET", "/sent", permission="audit.read")
@blueprint.arguments(SentQuery, location="query")
@blueprint.response(200, {"type": "string"}, content_type=MEDIA_TYPE)
def export_sent(query: dict[str, Any]) -> Response:
    """What went out to a place, as it was signed; at most 100,000 entries

    The export is recorded in the audit."""
    place = platform()
    return _file("sent", place.run(
        lambda work: evidence.sent(place.reader(), work, query["peer"], query["epoch"], evidence.MOST),
        caller().actor))


@door(blueprint, "GET", "/keys", permission="audit.read")
@blueprint.response(200, {"type": "object", "properties": {"keys": {"type": "array", "items": {"type": "string"}}}})
def export_keys() -> Response:
    """The public keys under which the log's messages are signed, as `verify-log --keys` takes them"""
    return answer({"keys": platform().run(evidence.keys, caller().actor)})


def _file(name: str, lines: evidence.Lines) -> Response:
    response = Response(lines, content_type=MEDIA_TYPE)
    response.headers["Content-Disposition"] = f'attachment; filename="shubbak-{name}.jsonl"'
    return response
