"""Rails' files on their way in: sent as a body of their own, read in by payments, looked after until they are."""

from __future__ import annotations

import base64
import hashlib
from typing import Any
from uuid import UUID, uuid5

from flask import Response, g, request
from flask_smorest import Blueprint
from marshmallow import fields, validate

from contracts.payments_statements import (
    PIECE_BYTES,
    STATEMENT_BYTES,
    STATEMENT_MEGABYTES,
    STATES,
    BeginStatement,
)
from rules.refusal import refuse
from services.gateway.web.access import door
from services.gateway.web.api.answers import PREFIX, Shown, answer
from services.gateway.web.api.shapes import text, text_or_none
from services.gateway.web.caller import caller
from services.gateway.web.platform import UPLOAD_SECONDS, platform
from services.gateway.web.uploads import pieces

blueprint = Blueprint("api_statement_files", __name__, url_prefix=PREFIX, description="Reconciliation with the rails")

KINDS = ("text/csv", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "application/octet-stream")


class StatementAsked(BeginStatement):
    class Meta:
        exclude = ("size",)


class StatementFault(Shown):
    code = text()
    field = text_or_none()
    ar = text()
    en = text()


class StatementProgress(Shown):
    upload_id = fields.UUID(required=True)
    state = text(validate=validate.OneOf(STATES), metadata={
        "description": "`coming`, `waiting` to be read or being read, `read` (see `statement_id`), `refused`"})
    rail = text()
    name = text()
    since = fields.Date(required=True)
    until = fields.Date(required=True)
    size = fields.Integer(required=True, metadata={"description": "Bytes"})
    came = fields.Integer(required=True, metadata={"description": "Bytes that are here"})
    lines = fields.Integer(required=True, metadata={"description": "Lines read so far"})
    matched = fields.Integer(required=True, metadata={"description": "Lines held against the books so far"})
    statement_id = fields.UUID(required=True, allow_none=True)
    faults = fields.List(fields.Nested(StatementFault), required=True)


@door(blueprint, "POST", "/statements", permission="reconciliation.import", media_types=KINDS, idempotent=True,
      limit=STATEMENT_BYTES)
@blueprint.arguments(StatementAsked(), location="query")
@blueprint.doc(requestBody={"required": True, "content": {
    kind: {"schema": {"type": "string", "format": "binary"}} for kind in KINDS}})
@blueprint.response(202, StatementProgress)
def send_statement(query: dict[str, Any]) -> Response:
    """Send a rail's daily file, CSV or XLSX, up to 32 MB. It is handed on while it comes in, so its length is told
    beforehand; the same again under the same key goes on where it stopped. Then ask the address in `Location`"""
    size = request.content_length
    if size is None:
        raise refuse("length_required", "Content-Length")
    if size > STATEMENT_BYTES:
        raise refuse("statement_too_large", "content", limit=STATEMENT_MEGABYTES)
    begun = _tell("begin_statement", {**StatementAsked().dump(query), "size": size}, "begin")
    whole = hashlib.sha256()
    for number, piece in enumerate(pieces(request.stream, size, PIECE_BYTES)):
        whole.update(piece)
        _tell("add_statement_piece", {"upload_id": begun["upload_id"], "number": number,
                                      "content": base64.b64encode(piece).decode()}, f"piece {number}")
    standing = _tell("end_statement", {"upload_id": begun["upload_id"], "sha256": whole.hexdigest()}, "end")
    return answer(standing, 202, Location=f"{PREFIX}/statements/files/{begun['upload_id']}")


@door(blueprint, "GET", "/statements/files/<uuid:upload_id>", permission="reconciliation.read")
@blueprint.response(200, StatementProgress)
def statement_progress(upload_id: UUID) -> Response:
    """How far a file is that was sent, and what was wrong with it"""
    return answer(platform().call("payments.statement_upload", {"upload_id": str(upload_id)}, caller().actor))


def _tell(method: str, payload: dict[str, Any], step: str) -> dict[str, Any]:
    """Each step under a command id of its own, made of the request's."""
    return platform().call(f"payments.{method}", payload, caller().actor, command_id=uuid5(g.command_id, step),
                           timeout=UPLOAD_SECONDS)
