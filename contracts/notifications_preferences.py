"""The published language of what citizens choose about being written to."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from contracts.problem import Problem

CHANNELS = ("sms", "email")
LANGUAGES = ("ar", "en")


class Proof(Schema):
    """Whose choices: a request's, with its phone's last four digits, or the address that a message went to, by the key
    in its link."""

    request_id = fields.UUID(load_default=None, allow_none=True)
    phone_last4 = fields.String(load_default="", validate=validate.Length(max=10))
    token = fields.String(load_default=None, allow_none=True, validate=validate.Length(1, 100))

    @validates_schema
    def _one_of_both(self, data: dict[str, Any], **_: Any) -> None:
        if bool(data.get("request_id")) == bool(data.get("token")):
            raise ValidationError("give request_id with phone_last4, or token", "token")


class ChannelChoice(Schema):
    """`receive` false stops messages but legal notices; `language` null: that of each request."""

    channel = fields.String(required=True, validate=validate.OneOf(CHANNELS))
    receive = fields.Boolean(required=True)
    language = fields.String(required=True, allow_none=True, validate=validate.OneOf(LANGUAGES))


def each_once(choices: list[dict[str, Any]]) -> None:
    """Which of two that contradict each other is meant nobody guesses."""
    if len({one["channel"] for one in choices}) < len(choices):
        raise ValidationError("name each channel once")


class GetPreferences(Proof):
    """Query `notifications.preferences` → {addresses: [{channel, address (masked), receive, language}], always: {ar,
    en}}: `always` says what comes whatever was chosen."""


class ChoosePreferences(Proof):
    """Command `notifications.choose_preferences` (the citizen) → as the query."""

    choices = fields.List(fields.Nested(ChannelChoice), required=True, validate=[validate.Length(1, 2), each_once])


class StopMessages(Schema):
    """Command `notifications.stop_messages` (a mailbox's one click, RFC 8058) → {stopped}."""

    token = fields.String(required=True, validate=validate.Length(1, 100))


class OfAddress(Schema):
    """Query `notifications.address_preference` (window clerk) → {channel, address, receive, language, history}."""

    phone = fields.String(load_default=None, allow_none=True, validate=validate.Length(1, 30))
    email = fields.String(load_default=None, allow_none=True, validate=validate.Length(1, 254))

    @validates_schema
    def _one_address(self, data: dict[str, Any], **_: Any) -> None:
        if data.get("phone") and data.get("email"):
            raise ValidationError("give phone or email, one at a time", "email")


class SetPreference(OfAddress):
    """Command `notifications.set_preference` (window clerk) → {channel, address, receive, language, always}."""

    receive = fields.Boolean(required=True)
    language = fields.String(required=True, allow_none=True, validate=validate.OneOf(LANGUAGES))


PROBLEMS: dict[str, Problem] = {
    "preference_link_unknown": Problem(
        404, "هذا الرابط لم يعد صالحاً. افتح رابط رسالة أحدث، أو اختر من صفحة متابعة طلبك.",
        "This link no longer works. Open the link of a later message, or choose on the page of your request."),
    "preference_no_address": Problem(
        422, "لا يوجد لدينا عنوان لهذه الوسيلة في هذا الطلب.", "This request has no address for that way of writing."),
}
