"""What citizens are told, by kind of message: its versions, their review, and how it looks and what it costs."""

from __future__ import annotations

from typing import Any

from flask import Response, g
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from contracts.notifications_templates import (
    STATES,
    MoveTemplate,
    PreviewTemplate,
    ReturnTemplate,
    VersionNamed,
    WriteTemplate,
)
from services.gateway.web.access import JSON, door
from services.gateway.web.api import shapes
from services.gateway.web.api.answers import PREFIX, Shown, answer
from services.gateway.web.api.shapes import named, text_or_none
from services.gateway.web.caller import caller
from services.gateway.web.platform import platform

blueprint = Blueprint(
    "api_message_templates", __name__, url_prefix=f"{PREFIX}/message-templates",
    description="What citizens are told: wordings, their versions and review",
)
ANY = "template.read"
_AR = {"sms": "سُجل طلبك {tracking_number}. [[service? الخدمة: {service}. ]]تابعه: {link}",
       "subject": "سُجل طلبك {tracking_number}", "body": ["سُجل طلبك رقم {tracking_number} ({service})."],
       "button": "تابع طلبك"}
_EN = {"sms": "Request {tracking_number} was recorded. Follow it: {link}",
       "subject": "Request {tracking_number} was recorded",
       "body": ["Your request {tracking_number} ({service}) was recorded."], "button": "Follow your request"}
_WORDING = {"ar": _AR, "en": _EN}


class WordingDraft(Schema):
    wording = WriteTemplate().fields["wording"]


class WordingRewrite(WordingDraft):
    revision = fields.Integer(required=True, strict=True, validate=MoveTemplate().fields["revision"].validate)


class RevisionRead(Schema):
    revision = MoveTemplate().fields["revision"]


class WordingReturn(RevisionRead):
    remark = ReturnTemplate().fields["remark"]


class WordingLook(PreviewTemplate):
    class Meta:
        exclude = ("code",)


class ComparedWith(Schema):
    against = VersionNamed().fields["against"]


class PlaceholderShown(Shown):
    name = shapes.text()
    meaning = named()
    optional = fields.Boolean(required=True, metadata={"description": "May be empty: name it in a conditional part"})
    email_only = fields.Boolean(required=True, metadata={"description": "Of any length: for paragraphs only"})
    sources = fields.List(fields.String(), required=True, data_key="from",
                          metadata={"description": "The fields of events it is made of"})


class OpenVersion(Shown):
    version = fields.Integer(required=True)
    state = shapes.text(validate=validate.OneOf(STATES))
    revision = fields.Integer(required=True)
    changed_at = fields.AwareDateTime(required=True)


class MessageKindShown(Shown):
    code = shapes.text()
    name = named()
    lane = shapes.text(validate=validate.OneOf(("code", "step", "campaign")))
    legal = fields.Boolean(required=True, metadata={"description": "A notice of legal effect: nobody opts out of it"})
    channels = fields.List(fields.String(), required=True)
    placeholders = fields.List(fields.Nested(PlaceholderShown), required=True)
    version = fields.Integer(required=True, metadata={"description": "In force now; up to 1000 it is a shipped one"})
    origin = shapes.text(validate=validate.OneOf(("shipped", "written")))
    shipped_version = fields.Integer(required=True)
    shipped_changed = fields.Boolean(
        required=True, metadata={"description": "A later release ships other words than who wrote this one saw"})


class MessageKindListed(MessageKindShown):
    open = fields.Nested(OpenVersion, required=True, allow_none=True)


class MessageKindList(Shown):
    templates = fields.List(fields.Nested(MessageKindListed), required=True)


class TextDifference(Shown):
    field = shapes.text(metadata={"description": "As ar/body/1"})
    before = text_or_none()
    after = text_or_none()


class WordingVersion(OpenVersion):
    origin = shapes.text(validate=validate.OneOf(("shipped", "written")))
    based_on = fields.Integer(required=True, allow_none=True)
    authors = fields.List(fields.String(), required=True)
    proposed_by = text_or_none()
    decided_by = text_or_none()
    decided_at = fields.AwareDateTime(required=True, allow_none=True)
    in_force_at = fields.AwareDateTime(required=True, allow_none=True)
    remark = text_or_none()
    differences = fields.List(fields.Nested(TextDifference), required=True, allow_none=True)


class MessageKindDetailed(MessageKindShown):
    wording = fields.Dict(required=True)
    samples = fields.Dict(required=True)
    versions = fields.List(fields.Nested(WordingVersion), required=True)
    shipped_differences = fields.List(fields.Nested(TextDifference), required=True)


class WordingVersionDetailed(WordingVersion):
    code = shapes.text()
    wording = fields.Dict(required=True)
    against = fields.Integer(required=True)


class NoteShown(Shown):
    code = shapes.text()
    field = shapes.text()
    text = named()


class WordingMoved(Shown):
    code = shapes.text()
    version = fields.Integer(required=True)
    revision = fields.Integer(required=True, metadata={"description": "Give it with the next act"})
    state = shapes.text(validate=validate.OneOf(STATES))


class WordingWritten(WordingMoved):
    notes = fields.List(fields.Nested(NoteShown), required=True,
                        metadata={"description": "Hints; they hold up nothing"})


class SmsPrice(Shown):
    provider = shapes.text()
    per_part = fields.Integer(required=True, metadata={"description": "Millièmes, 1/1000 EGP"})
    total = fields.Integer(required=True, metadata={"description": "Millièmes"})


class SmsCut(Shown):
    text = shapes.text()
    encoding = shapes.text(validate=validate.OneOf(("gsm7", "ucs2")))
    characters = fields.Integer(required=True)
    parts = fields.Integer(required=True)
    part_texts = fields.List(fields.String(), required=True)
    room = fields.Integer(required=True, metadata={"description": "Places left in the last part"})
    prices = fields.List(fields.Nested(SmsPrice), required=True)


class SmsFolded(SmsCut):
    saves_parts = fields.Integer(required=True)
    sent = fields.Boolean(required=True, metadata={"description": "Whether this is what goes out (`SMS_FOLD`)"})


class SmsLook(SmsCut):
    folded = fields.Nested(SmsFolded, required=True, allow_none=True,
                           metadata={"description": "With look-alike characters exchanged; null: it saves no part"})


class EmailLook(Shown):
    subject = shapes.text()
    plain = shapes.text()
    html = shapes.text()


class WordingLooks(Shown):
    code = shapes.text()
    version = fields.Integer(required=True, allow_none=True)
    language = shapes.text(validate=validate.OneOf(("ar", "en")))
    sms = fields.Nested(SmsLook, required=True)
    email = fields.Nested(EmailLook, required=True, allow_none=True)
    reading = fields.Dict(required=True, metadata={"description": "sentences, words, longest (sentence, in words)"})
    notes = fields.List(fields.Nested(NoteShown), required=True)


def _ask(name: str, body: dict[str, Any]) -> Response:
    return answer(platform().call(name, body, caller().actor))


def _do(name: str, body: dict[str, Any], status: int = 200) -> Response:
    return answer(platform().call(name, body, caller().actor, command_id=g.command_id), status)


@door(blueprint, "GET", "", permission=ANY)
@blueprint.response(200, MessageKindList)
def list_message_templates() -> Response:
    """Every kind of message: what it may name, the version in force, and the one being written"""
    return _ask("notifications.templates", {})


@door(blueprint, "GET", "/<string:code>", permission=ANY)
@blueprint.response(200, MessageKindDetailed)
def show_message_template(code: str) -> Response:
    """One kind: the words in force, sample values, all versions, and what the shipped one says otherwise"""
    return _ask("notifications.template", {"code": code})


@door(blueprint, "GET", "/<string:code>/versions/<int:version>", permission=ANY)
@blueprint.arguments(ComparedWith(), location="query")
@blueprint.response(200, WordingVersionDetailed)
def show_wording(query: dict[str, Any], code: str, version: int) -> Response:
    """One version, also an old one that messages name, and what differs from the one in force or `against`"""
    return _ask("notifications.template_version", {"code": code, "version": version, **query})


@door(blueprint, "POST", "/<string:code>/preview", permission=ANY, media_types=JSON, idempotent=True)
@blueprint.arguments(WordingLook(), example={"language": "ar", "wording": _WORDING, "values": {"service": "رخصة بناء"}})
@blueprint.response(200, WordingLooks)
def preview_wording(body: dict[str, Any], code: str) -> Response:
    """How it looks and what it costs: SMS with its parts and price, e-mail, hints. Nothing is sent or kept"""
    return _ask("notifications.preview_template", {"code": code, **body})


@door(blueprint, "POST", "/<string:code>/versions", permission="template.write", media_types=JSON, idempotent=True)
@blueprint.arguments(WordingDraft(), example={"wording": _WORDING})
@blueprint.response(201, WordingWritten)
def write_wording(body: dict[str, Any], code: str) -> Response:
    """Begin a draft; refused with all its faults, and then nothing is kept"""
    return _do("notifications.write_template", {"code": code, **body}, 201)


@door(blueprint, "POST", "/<string:code>/versions/<int:version>/amendments", permission="template.write",
      media_types=JSON, idempotent=True)
@blueprint.arguments(WordingRewrite(), example={"revision": 1, "wording": _WORDING})
@blueprint.response(200, WordingWritten)
def rewrite_wording(body: dict[str, Any], code: str, version: int) -> Response:
    """Write a draft, or what was returned, anew"""
    return _do("notifications.write_template", {"code": code, "version": version, **body})


@door(blueprint, "POST", "/<string:code>/versions/<int:version>/submission", permission="template.write",
      media_types=JSON, idempotent=True)
@blueprint.arguments(RevisionRead(), example={"revision": 1})
@blueprint.response(200, WordingMoved)
def propose_wording(body: dict[str, Any], code: str, version: int) -> Response:
    """Lay it before a reviewer; its words stay as they are from then on"""
    return _do("notifications.propose_template", {"code": code, "version": version, **body})


@door(blueprint, "POST", "/<string:code>/versions/<int:version>/return", permission="template.review",
      media_types=JSON, idempotent=True)
@blueprint.arguments(WordingReturn(), example={"revision": 2, "remark": "اختصر الرسالة القصيرة إلى جزأين"})
@blueprint.response(200, WordingMoved)
def return_wording(body: dict[str, Any], code: str, version: int) -> Response:
    """Give it back to who wrote it, saying why; not by a writer of it"""
    return _do("notifications.return_template", {"code": code, "version": version, **body})


@door(blueprint, "POST", "/<string:code>/versions/<int:version>/approval", permission="template.review",
      media_types=JSON, idempotent=True)
@blueprint.arguments(RevisionRead(), example={"revision": 2})
@blueprint.response(200, WordingMoved)
def put_wording_in_force(body: dict[str, Any], code: str, version: int) -> Response:
    """Put it in force: the next message says it. Not by a writer of it"""
    return _do("notifications.put_template_in_force", {"code": code, "version": version, **body})


@door(blueprint, "POST", "/<string:code>/versions/<int:version>/withdrawal",
      permission="template.write|template.review", media_types=JSON, idempotent=True)
@blueprint.arguments(RevisionRead(), example={"revision": 2})
@blueprint.response(200, WordingMoved)
def withdraw_wording(body: dict[str, Any], code: str, version: int) -> Response:
    """Take it back: an open one by who writes, one in force by who reviews; the shipped one is in force then"""
    return _do("notifications.withdraw_template", {"code": code, "version": version, **body})
