"""Lodge a request, upload its documents, follow it, complete it."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from flask import Response, g, request
from flask_smorest import Blueprint
from marshmallow import Schema, ValidationError, fields, validate

from contracts.requests import Submit, SubmittedDocument
from rules.refusal import refuse
from services.gateway.web import ask, bodies, problems
from services.gateway.web.access import JSON, door
from services.gateway.web.api.answers import PREFIX, Shown, answer
from services.gateway.web.api.shapes import Moved, StatusShown, TimelineShown, named
from services.gateway.web.caller import caller
from services.gateway.web.platform import platform
from services.gateway.web.uploads import DOCUMENT_BYTES, take_stream, take_upload, upload

blueprint = Blueprint("api_requests", __name__, url_prefix=PREFIX, description="The life of a request")

PHONE_HEADER = "X-Phone-Last4"
PHONE_PARAMETER = {
    "name": PHONE_HEADER,
    "in": "header",
    "required": True,
    "schema": {"type": "string", "pattern": "^[0-9]{4}$"},
    "description": "The last four digits of the applicant's phone. In a header, so that no address or log holds them.",
    "example": "5678",
}
_MULTIPART_BYTES = DOCUMENT_BYTES + 64 * 1024
# JSON is held whole, so a document in it may have a megabyte; larger ones come as a body of their own or in a form.
_BASE64_BYTES = 1024 * 1024 * 4 // 3 + 4 * 1024
RAW = ("application/octet-stream", "application/pdf", "image/jpeg", "image/png")


class Submission(Submit):
    """A request. The channel follows from who lodges it: the portal, or the window of the clerk who is logged in."""

    class Meta:
        exclude = ("channel",)


class Lodged(Shown):
    request_id = fields.UUID(required=True)
    tracking_number = fields.String(required=True)
    service_code = fields.String(required=True)
    service_name = named()
    state = fields.String(required=True)
    state_kind = fields.String(required=True)
    state_name = named()
    lodged_at = fields.AwareDateTime(required=True)
    due_on = fields.Date(required=True, allow_none=True)
    fees = fields.Raw(required=True)


class Document(Schema):
    file_name = fields.String(required=True, validate=validate.Length(1, 200))
    content = fields.String(required=True, metadata={"description": "base64", "format": "byte"})


class DocumentKept(Shown):
    document_id = fields.UUID()
    sha256 = fields.String()
    size = fields.Integer()
    media_type = fields.String()
    status = fields.String(metadata={"description": "quarantined until its content was checked"})


class Completion(Schema):
    """`action`: of those that the timeline names (such as to withdraw); when not stated, the file goes back again."""

    action = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=60))
    reason = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=2000))
    documents = fields.List(fields.Nested(SubmittedDocument), load_default=list)
    answers = fields.Dict(load_default=dict)


class Appealed(Schema):
    reason = fields.String(required=True, validate=validate.Length(10, 2000))


class Language(Schema):
    language = fields.String(load_default="ar", validate=validate.OneOf(("ar", "en")))


EXAMPLE = {
    "service_code": "shop-licence",
    "unit": "EG-C-01",
    "applicant": {
        "kind": "citizen",
        "name": "محمود عبد الله حسن",
        "national_id": "28503150101232",
        "phone": "01012345678",
        "email": "owner@example.org",
        "language": "ar",
    },
    "answers": {
        "shop_name": "بقالة النور",
        "activity": "retail",
        "address": "12 شارع سليم الأول",
        "area_m2": "45.5",
        "workers": 3,
        "tenure": "leased",
    },
    "documents": [
        {"code": "id_copy", "document_id": "01980c5e-7c00-7000-8000-000000000001"},
        {"code": "lease_contract", "document_id": "01980c5e-7c00-7000-8000-000000000002"},
    ],
}
LODGED = {
    "request_id": "01980c5e-7c00-7000-8000-000000000003",
    "tracking_number": "01-26-21263991-J",
    "service_code": "shop-licence",
    "service_name": {"ar": "ترخيص محل", "en": "Shop licence"},
    "state": "awaiting_inspection_fee",
    "state_kind": "payment",
    "state_name": {"ar": "في انتظار سداد رسم المعاينة", "en": "Waiting for the inspection fee"},
    "lodged_at": "2026-11-21T09:30:00+00:00",
    "due_on": None,
    "fees": [
        {
            "code": "inspection",
            "stage": "inspection",
            "name": {"ar": "رسم المعاينة", "en": "Inspection fee"},
            "account": "1101",
            "amount": 15000,
        }
    ],
}


def last4() -> str | None:
    """The digits of the header as they were sent. WSGI reads headers as Latin-1; Arabic-Indic digits come as UTF-8."""
    sent = request.headers.get(PHONE_HEADER)
    if sent is None:
        return None
    try:
        return sent.encode("latin-1").decode()
    except UnicodeError:
        return sent


@door(blueprint, "POST", "/requests", permission="request.submit", media_types=JSON, idempotent=True)
@blueprint.arguments(Submission(), example=EXAMPLE)
@blueprint.response(201, Lodged, example=LODGED)
def lodge(body: dict[str, Any]) -> Response:
    """Lodge a request"""
    lodged = platform().call("requests.submit", ask.submission(body), caller().actor, command_id=g.command_id)
    return answer(lodged, 201, Location=f"{PREFIX}/requests/{lodged['tracking_number']}")


@door(blueprint, "GET", "/requests/<tracking_number>", permission="request.inquire", parameters=[PHONE_PARAMETER])
@blueprint.response(200, StatusShown)
def show_status(tracking_number: str) -> Response:
    """Where a request stands, what comes next, when it is due"""
    return answer(ask.inquire("requests.status", tracking_number, last4()))


@door(
    blueprint, "GET", "/requests/<tracking_number>/timeline", permission="request.inquire", parameters=[PHONE_PARAMETER]
)
@blueprint.response(200, TimelineShown)
def show_timeline(tracking_number: str) -> Response:
    """Every step of a request, and how its due date comes about"""
    return answer(ask.inquire("requests.timeline", tracking_number, last4()))


@door(
    blueprint,
    "POST",
    "/requests/<tracking_number>/completion",
    permission="request.complete",
    media_types=JSON,
    idempotent=True,
    parameters=[PHONE_PARAMETER],
)
@blueprint.arguments(Completion())
@blueprint.response(200, Moved)
def complete(body: dict[str, Any], tracking_number: str) -> Response:
    """Complete what the department found missing"""
    return answer(ask.inquire("requests.resubmit", tracking_number, last4(), command_id=g.command_id, **body))


@door(
    blueprint,
    "POST",
    "/requests/<tracking_number>/appeal",
    permission="request.complete",
    media_types=JSON,
    idempotent=True,
    parameters=[PHONE_PARAMETER],
)
@blueprint.arguments(Appealed(), example={"reason": "الاشتراطات مستوفاة وأطلب إعادة النظر"})
@blueprint.response(200, Moved)
def appeal(body: dict[str, Any], tracking_number: str) -> Response:
    """Appeal a rejection, once and in time; somebody else than who decided hears it"""
    return answer(ask.inquire("requests.appeal", tracking_number, last4(), command_id=g.command_id, **body))


@door(
    blueprint,
    "GET",
    "/requests/<tracking_number>/graph.svg",
    permission="request.inquire",
    parameters=[PHONE_PARAMETER],
)
@blueprint.arguments(Language(), location="query")
@blueprint.response(200, {"type": "string"}, content_type="image/svg+xml")
def draw(query: dict[str, Any], tracking_number: str) -> Response:
    """The path of a request as a picture, with where it stands"""
    drawn = ask.inquire("requests.graph", tracking_number, last4(), **query)
    return Response(drawn["svg"], content_type="image/svg+xml")


@door(
    blueprint,
    "POST",
    "/documents",
    permission="document.add",
    idempotent=True,
    media_types=(*JSON, "multipart/form-data", *RAW),
    limit=_MULTIPART_BYTES,
)
@blueprint.doc(
    parameters=[
        {
            "name": "file_name",
            "in": "query",
            "schema": {"type": "string", "maxLength": 200},
            "description": "The name of a file that is the body itself",
        }
    ],
    requestBody={
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "string", "contentMediaType": "application/octet-stream"}},
                }
            },
            **{one: {"schema": {"type": "string", "format": "binary"}} for one in RAW},
            "application/json": {
                "schema": {
                    "type": "object",
                    "description": "Up to a megabyte",
                    "required": ["file_name", "content"],
                    "properties": {
                        "file_name": {"type": "string", "maxLength": 200},
                        "content": {"type": "string", "contentEncoding": "base64"},
                    },
                }
            },
        },
    }
)
@blueprint.response(201, DocumentKept)
def add_document() -> Response:
    """Upload a document before the request that names it. PDF, JPEG or PNG, judged by content. As a body of its own it
    is handed on while it comes in; its length is told beforehand"""
    if request.mimetype == "multipart/form-data":
        _, kept = take_upload(request.files.get("file"), "file", g.command_id)
    elif request.mimetype in RAW:
        name = request.args.get("file_name", "").strip()[:200] or "document"
        kept = take_stream(name, request.stream, request.content_length, g.command_id)
    else:
        bodies.bound(request, _BASE64_BYTES)
        kept = upload(*_from_json(), g.command_id)
    return answer(kept, 201)


def _from_json() -> tuple[str, bytes]:
    bodies.check_json(request.get_data())  # the door leaves bodies of this size to their view
    try:
        body = Document().load(request.get_json())
    except ValidationError as error:
        raise problems.refusal_of_messages({"json": error.normalized_messages()}) from None
    try:
        content = base64.b64decode(body["content"], validate=True)
    except (binascii.Error, ValueError):
        raise refuse("content_not_base64", "content") from None
    return body["file_name"], content
