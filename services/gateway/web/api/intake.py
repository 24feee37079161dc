"""Before and beside a request: documents in pieces, what it will cost."""

from __future__ import annotations

import base64
import hashlib
from typing import Any
from uuid import UUID, uuid4, uuid5

import orjson
from flask import Response, g, request
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from contracts.requests_intake import PIECE_BYTES, BeginUpload, Correct, GivenDocument, SaveDraft
from rules.refusal import refuse
from services.gateway.web import ask, citizens
from services.gateway.web.access import JSON, door
from services.gateway.web.api.answers import PREFIX, Shown, answer
from services.gateway.web.api.licences import pdf
from services.gateway.web.api.requests import PHONE_PARAMETER, DocumentKept, last4
from services.gateway.web.api.shapes import Moved
from services.gateway.web.caller import caller
from services.gateway.web.platform import UPLOAD_SECONDS, platform

blueprint = Blueprint("api_intake", __name__, url_prefix=PREFIX, description="Intake")


class Begun(Shown):
    upload_id = fields.UUID(required=True)
    piece_bytes = fields.Integer(required=True)
    pieces = fields.Integer(required=True)


class Standing(Shown):
    upload_id = fields.UUID(required=True)
    piece_bytes = fields.Integer(required=True)
    missing = fields.List(fields.Integer(), required=True)


class Checksum(Schema):
    sha256 = fields.String(load_default=None, allow_none=True, validate=validate.Regexp(r"[0-9a-fA-F]{64}\Z"))


class Replacement(Schema):
    documents = fields.List(fields.Nested(GivenDocument), required=True, validate=validate.Length(min=1))


class Replaced(Shown):
    tracking_number = fields.String(required=True)
    replaced = fields.List(fields.String(), required=True)


def _command(method: str, payload: dict[str, Any], command_id: UUID) -> dict[str, Any]:
    return platform().call(method, payload, caller().actor, command_id=command_id, timeout=UPLOAD_SECONDS)


@door(blueprint, "POST", "/uploads", permission="document.add", media_types=JSON, idempotent=True)
@blueprint.arguments(BeginUpload())
@blueprint.response(201, Begun)
def begin_upload(body: dict[str, Any]) -> Response:
    """Begin a document that comes in pieces, over a line that may break"""
    begun = _command("requests.begin_upload", body, g.command_id)
    return answer(begun, 201, Location=f"{PREFIX}/uploads/{begun['upload_id']}")


@door(
    blueprint,
    "PUT",
    "/uploads/<uuid:upload_id>/pieces/<int:number>",
    permission="document.add",
    media_types=("application/octet-stream",),
    limit=PIECE_BYTES,
)
@blueprint.doc(
    requestBody={
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
)
@blueprint.response(200, Standing)
def put_piece(upload_id: UUID, number: int) -> Response:
    """Send one piece, counted from 0: `piece_bytes` each, the last what is left. The same again changes nothing"""
    content = request.get_data(cache=False)
    payload = {"upload_id": str(upload_id), "number": number, "content": base64.b64encode(content).decode()}
    # A piece has one content for good, so place and content are its key; other content there is refused as such.
    key = uuid5(upload_id, f"piece {number} {hashlib.sha256(content).hexdigest()}")
    return answer(_command("requests.add_piece", payload, key))


@door(blueprint, "GET", "/uploads/<uuid:upload_id>", permission="document.add")
@blueprint.response(200, Standing)
def show_upload(upload_id: UUID) -> Response:
    """Which pieces are still missing: where to go on after a break"""
    return answer(platform().call("requests.upload", {"upload_id": str(upload_id)}, caller().actor))


@door(
    blueprint,
    "POST",
    "/uploads/<uuid:upload_id>/document",
    permission="document.add",
    media_types=JSON,
    idempotent=True,
)
@blueprint.arguments(Checksum())
@blueprint.response(201, DocumentKept)
def end_upload(body: dict[str, Any], upload_id: UUID) -> Response:
    """End an upload whose pieces are all there. The answer's `document_id` goes into the request"""
    return answer(_command("requests.end_upload", {"upload_id": str(upload_id), **body}, g.command_id), 201)


@door(
    blueprint,
    "POST",
    "/requests/<tracking_number>/documents",
    permission="request.complete",
    media_types=JSON,
    idempotent=True,
    parameters=[PHONE_PARAMETER],
)
@blueprint.arguments(Replacement())
@blueprint.response(200, Replaced)
def replace_documents(body: dict[str, Any], tracking_number: str) -> Response:
    """Bring others for documents whose content was refused; the request stays where it is"""
    return answer(
        ask.inquire("requests.replace_documents", tracking_number, last4(), command_id=g.command_id, **body)
    )


class Answers(Schema):
    answers = fields.Dict(load_default=dict)


class Quoted(Shown):
    service_code = fields.String(required=True)
    service_version = fields.Integer(required=True)
    stages = fields.Raw(required=True, metadata={"description": "Charges of each stage; what a stage still waits for"})
    total = fields.Integer(required=True, metadata={"description": "piastres, of the stages that can be computed"})
    complete = fields.Boolean(required=True)
    currency = fields.String(required=True)


@door(blueprint, "GET", "/services/<code>/fees", permission="guide.read")
@blueprint.doc(
    parameters=[
        {
            "name": "answers",
            "in": "query",
            "schema": {"type": "string"},
            "description": "The answers of the form as a JSON object; what is left out is named as missing. Answers "
            "that the guide marks personal are never needed for a fee: leave them out of the address.",
            "example": '{"activity": "cafe", "area_m2": "80", "workers": 6}',
        }
    ]
)
@blueprint.response(200, Quoted)
def quote(code: str) -> Response:
    """What a service will cost, before anything is lodged"""
    text = request.args.get("answers", "") or "{}"
    try:
        given = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise refuse("malformed", "answers") from None
    if not isinstance(given, dict):
        raise refuse("malformed", "answers")
    return answer(platform().call("requests.quote", {"service_code": code, "answers": given}, caller().actor))


@door(
    blueprint, "GET", "/requests/<tracking_number>/receipt", permission="request.inquire", parameters=[PHONE_PARAMETER]
)
@blueprint.doc(
    responses={
        "200": {
            "description": "The receipt as one A5 page",
            "content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}},
        }
    }
)
def show_receipt(tracking_number: str) -> Response:
    """The receipt of a request, to be printed"""
    return pdf(ask.inquire("requests.receipt", tracking_number, last4(), timeout=UPLOAD_SECONDS))


class Withdrawal(Schema):
    reason = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=2000))


@door(
    blueprint,
    "POST",
    "/requests/<tracking_number>/withdrawal",
    permission="request.complete",
    media_types=JSON,
    idempotent=True,
    parameters=[PHONE_PARAMETER],
)
@blueprint.arguments(Withdrawal())
@blueprint.response(200, Moved)
def withdraw_request(body: dict[str, Any], tracking_number: str) -> Response:
    """Take a request back, wherever it lies and nothing has ended it"""
    return answer(ask.inquire("requests.withdraw", tracking_number, last4(), command_id=g.command_id, **body))


class Correction(Correct):
    class Meta:
        exclude = ("tracking_number",)


class Corrections(Shown):
    tracking_number = fields.String(required=True)
    corrected = fields.Integer(required=True)
    applicant = fields.Raw(required=True)
    answers = fields.Raw(required=True)
    may_correct = fields.Raw(required=True)
    corrections = fields.Raw(required=True)


class CorrectedNow(Shown):
    tracking_number = fields.String(required=True)
    corrected = fields.Integer(required=True)
    fields_ = fields.Raw(data_key="fields")


@door(blueprint, "GET", "/requests/<tracking_number>/corrections", permission="request.correct")
@blueprint.response(200, Corrections)
def show_corrections(tracking_number: str) -> Response:
    """What a clerk of the unit may correct, and what was corrected"""
    return answer(platform().call("requests.corrections", {"tracking_number": tracking_number}, caller().actor))


@door(
    blueprint,
    "POST",
    "/requests/<tracking_number>/corrections",
    permission="request.correct",
    media_types=JSON,
    idempotent=True,
)
@blueprint.arguments(Correction())
@blueprint.response(200, CorrectedNow)
def correct(body: dict[str, Any], tracking_number: str) -> Response:
    """Put typing errors right, with a reason; both values are kept"""
    payload = {**orjson.loads(request.get_data()), "tracking_number": tracking_number}
    return answer(_command("requests.correct", payload, g.command_id))


TOKEN_HEADER = "X-Draft-Token"  # noqa: S105
TOKEN_PARAMETER = {
    "name": TOKEN_HEADER,
    "in": "header",
    "required": True,
    "schema": {"type": "string", "maxLength": 40},
    "description": "The draft's code. In a header, so that no address or log holds it.",
}


class DraftSaved(Shown):
    token = fields.String(required=True)
    service_code = fields.String(required=True)
    saved_at = fields.AwareDateTime(required=True)
    ends_at = fields.AwareDateTime(required=True)


class DraftShown(Shown):
    service_code = fields.String(required=True)
    draft = fields.Raw(required=True)
    saved_at = fields.AwareDateTime(required=True)
    ends_at = fields.AwareDateTime(required=True)


@door(blueprint, "POST", "/drafts", permission="request.submit", media_types=JSON, idempotent=True)
@blueprint.arguments(SaveDraft())
@blueprint.response(201, DraftSaved)
def save_draft(body: dict[str, Any]) -> Response:
    """Save an application to go on later. The answer's `token` opens it; with it, the draft is saved again"""
    return answer(_command("requests.save_draft", orjson.loads(request.get_data()), g.command_id), 201)


@door(blueprint, "GET", "/drafts", permission="request.submit", parameters=[TOKEN_PARAMETER])
@blueprint.response(200, DraftShown)
def show_draft() -> Response:
    """Go on with a saved application"""
    return answer(platform().call("requests.draft", {"token": request.headers.get(TOKEN_HEADER, "")}, caller().actor))


@door(blueprint, "DELETE", "/drafts", permission="request.submit", parameters=[TOKEN_PARAMETER])
@blueprint.response(204)
def drop_draft() -> Response:
    """Forget a saved application"""
    _command("requests.drop_draft", {"token": request.headers.get(TOKEN_HEADER, "")}, uuid4())
    return Response(status=204)


class OwnDraft(DraftSaved):
    """One draft of an account."""


class OwnDraftsShown(Shown):
    drafts = fields.List(fields.Nested(OwnDraft), required=True)


@door(blueprint, "GET", "/citizens/drafts", permission="request.own")
@blueprint.response(200, OwnDraftsShown)
def list_own_drafts() -> Response:
    """What was begun in the own account and not lodged yet, the latest first; a draft's `token` opens it"""
    codes = [entry.code for entry in platform().guide.in_force()]
    return answer({"drafts": citizens.own_drafts(citizens.the_citizen(), codes)})
