"""The register of licences, for the staff of the unit that issued them."""

from __future__ import annotations

from typing import Any

from flask import Response, g
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from contracts.requests_outputs import PRINT_PURPOSES, REASON_LENGTH, ListLicences, PreviewOutput
from rules import register
from services.gateway.web.access import JSON, door
from services.gateway.web.api.answers import PREFIX, Shown, answer
from services.gateway.web.api.licences import pdf
from services.gateway.web.api.shapes import VerificationShown, day_or_none, named, text, text_or_none
from services.gateway.web.caller import caller
from services.gateway.web.platform import UPLOAD_SECONDS, platform

blueprint = Blueprint("api_register", __name__, url_prefix=f"{PREFIX}/register", description="The register of licences")
DEFINITION_BYTES = 1024 * 1024


class Change(Schema):
    reason = fields.String(required=True, validate=REASON_LENGTH)
    version = fields.Integer(
        load_default=None, allow_none=True, metadata={"description": "Of the entry as it was read"}
    )


class Print(Schema):
    purpose = fields.String(load_default="window", validate=validate.OneOf(PRINT_PURPOSES))


class Listed(Shown):
    licence_id = fields.UUID(required=True)
    serial = text()
    service_code = text()
    output_name = named()
    status = text(validate=validate.OneOf(register.STATUSES))
    valid_from = fields.Date(required=True)
    valid_until = day_or_none()
    edition = fields.Integer(required=True)
    successor = text_or_none()


class RegisterPage(Shown):
    licences = fields.List(fields.Nested(Listed), required=True)
    next = fields.UUID(required=True, allow_none=True)


class EntryShown(VerificationShown):
    licence_id = fields.UUID(required=True)
    version = fields.Integer(required=True)
    state = text(validate=validate.OneOf(register.STATES))
    copies = fields.Integer(required=True)
    succession = text_or_none()
    history = fields.List(fields.Dict(), required=True, metadata={"description": "Every act, who, when and why"})
    prints = fields.List(fields.Dict(), required=True, metadata={"description": "Every copy, who had it and when"})


class Changed(Shown):
    serial = text()
    state = text(validate=validate.OneOf(register.STATES))
    status = text(validate=validate.OneOf(register.STATUSES))
    version = fields.Integer(required=True)
    edition = fields.Integer(required=True)


@door(blueprint, "GET", "", permission="licence.read")
@blueprint.arguments(ListLicences(), location="query")
@blueprint.response(200, RegisterPage)
def list_register(query: dict[str, Any]) -> Response:
    """The licences of my unit, newest first"""
    return answer(platform().call("requests.licences", ListLicences().dump(query), caller().actor))


@door(blueprint, "POST", "/preview", permission="output.preview", media_types=JSON, limit=DEFINITION_BYTES,
      idempotent=True, staff=True)
@blueprint.arguments(PreviewOutput(), example={"service_code": "shop-licence", "version": 1, "output": "licence"})
@blueprint.response(200, {"type": "string", "contentMediaType": "application/pdf"}, content_type="application/pdf")
def preview(body: dict[str, Any]) -> Response:
    """How a document of a service would look, of a published version or of a draft. Nothing is issued or kept"""
    return pdf(platform().call("requests.preview_output", body, caller().actor, timeout=UPLOAD_SECONDS))


@door(blueprint, "GET", "/<serial>", permission="licence.read")
@blueprint.response(200, EntryShown)
def show_entry(serial: str) -> Response:
    """A licence with what became of it and every print. Reading it is recorded"""
    return answer(platform().call("requests.licence_entry", {"serial": serial}, caller().actor))


def _change(method: str, serial: str, body: dict[str, Any]) -> Response:
    return answer(platform().call(method, {"serial": serial, **body}, caller().actor, command_id=g.command_id))


@door(blueprint, "POST", "/<serial>/suspension", permission="licence.suspend", media_types=JSON, idempotent=True)
@blueprint.arguments(Change(), example={"reason": "مخالفة اشتراطات الحماية المدنية"})
@blueprint.response(200, Changed)
def suspend(body: dict[str, Any], serial: str) -> Response:
    """Suspend a licence, with the reason"""
    return _change("requests.suspend_licence", serial, body)


@door(blueprint, "POST", "/<serial>/resumption", permission="licence.resume", media_types=JSON, idempotent=True)
@blueprint.arguments(Change(), example={"reason": "أزيلت المخالفة"})
@blueprint.response(200, Changed)
def resume(body: dict[str, Any], serial: str) -> Response:
    """Lift a suspension, with the reason"""
    return _change("requests.resume_licence", serial, body)


@door(blueprint, "POST", "/<serial>/cancellation", permission="licence.cancel", media_types=JSON, idempotent=True)
@blueprint.arguments(Change(), example={"reason": "بناء على طلب المرخص له"})
@blueprint.response(200, Changed)
def cancel(body: dict[str, Any], serial: str) -> Response:
    """Cancel a licence for good, with the reason"""
    return _change("requests.cancel_licence", serial, body)


@door(blueprint, "POST", "/<serial>/replacement", permission="licence.replace", media_types=JSON, idempotent=True)
@blueprint.arguments(Change(), example={"reason": "فقد الأصل ومحضر رقم 12"})
@blueprint.response(200, Changed)
def replace_print(body: dict[str, Any], serial: str) -> Response:
    """Replace a lost or damaged print; the same licence, and the old print is void"""
    return _change("requests.replace_print", serial, body)


@door(blueprint, "POST", "/<serial>/prints", permission="licence.print", media_types=JSON, idempotent=True)
@blueprint.arguments(Print(), example={"purpose": "window"})
@blueprint.response(200, {"type": "string", "contentMediaType": "application/pdf"}, content_type="application/pdf")
def print_licence(body: dict[str, Any], serial: str) -> Response:
    """The licence to print. Each copy is numbered and recorded with who and when"""
    found = platform().call("requests.print_licence", {"serial": serial, **body}, caller().actor,
                            command_id=g.command_id, timeout=UPLOAD_SECONDS)  # fmt: skip
    response = pdf(found)
    response.headers["X-Print-Copy"] = str(found["copy"])
    return response
