"""The published language of one-time codes: sent to a phone, given back once."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from contracts.problem import Problem
from rules.one_time_codes import PURPOSES

_LANGUAGE = validate.OneOf(("ar", "en"))


class SendCode(Schema):
    """Command `notifications.send_code` → {challenge_id, expires_at, resend_at}, the same for every number that can
    have a phone behind it. `source` is where the wish came from, an address or an account of the staff; it is kept as a
    keyed hash only. A code to bind a phone with takes citizen.bind too."""

    purpose = fields.String(required=True, validate=validate.OneOf(PURPOSES))
    phone = fields.String(required=True, validate=validate.Length(1, 40))
    source = fields.String(required=True, validate=validate.Length(1, 100))
    language = fields.String(load_default="ar", validate=_LANGUAGE)


class CheckCode(Schema):
    """Command `notifications.check_code` → {phone, purpose}, once."""

    challenge_id = fields.UUID(required=True)
    purpose = fields.String(required=True, validate=validate.OneOf(PURPOSES))
    code = fields.String(required=True, validate=validate.Length(1, 40))


class TellUnbound(Schema):
    """Command `notifications.tell_unbound` → {}: tell a phone that it no longer opens an account. `account_id` is the
    account that ended; it is told once."""

    account_id = fields.UUID(required=True)
    phone = fields.String(required=True, validate=validate.Length(1, 40))
    language = fields.String(load_default="ar", validate=_LANGUAGE)


PROBLEMS: dict[str, Problem] = {
    "code_malformed": Problem(422, "الرمز {digits} أرقام. انقله من الرسالة كما هو.",
                              "The code has {digits} digits. Copy it from the message as it is."),
    "code_wrong": Problem(422, "الرمز غير صحيح. راجع آخر رسالة وصلتك وأعد كتابته.",
                          "This code is not right. Look at the last message you got and type it again."),
    "code_expired": Problem(422, "لم يعد هذا الرمز صالحاً. اطلب رمزاً جديداً.",
                            "This code does not hold any more. Ask for a new one."),
}
