"""The published language of providers: their shares, who changed them, and the receipts that they report over HTTP."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from contracts.problem import Problem

_NAME = validate.Regexp(r"[a-z][a-z0-9]{1,19}\Z")
WHAT = ("added", "removed", "weight_from_settings", "health_fell", "health_rose", "weight_set", "weight_released",
        "switched_off", "switched_on")
REASON = [validate.Length(3, 500), validate.Regexp(r"(?:\s*\S){3}")]


class ListProviders(Schema):
    """Query `notifications.providers` → {providers: [{name, channel, weight, weight_set, health, on, share,
    stepped_at}]}: every instance and the part in a hundred of its channel that it takes now."""


class ListProviderChanges(Schema):
    """Query `notifications.provider_changes` → {changes: [{id, at, channel, name, what, reason, actor, before, after,
    figures}], next}, newest first: how shares came about. `after` is the `next` of the page before."""

    channel = fields.String(load_default=None, allow_none=True, validate=validate.OneOf(("sms", "email")))
    name = fields.String(load_default=None, allow_none=True, validate=_NAME)
    after = fields.Integer(load_default=None, allow_none=True, validate=validate.Range(1))
    limit = fields.Integer(load_default=50, validate=validate.Range(1, 200))


class SteerProvider(Schema):
    """Command `notifications.steer_provider` → a provider as in the list. `weight` wins over the settings' from now on,
    0 gives it back to them; `on` false takes the instance out at once. What is null stays. Refuses provider_unknown,
    provider_last for the only one of a channel that is on."""

    name = fields.String(required=True, validate=_NAME)
    weight = fields.Integer(load_default=None, allow_none=True, strict=True, validate=validate.Range(0, 100))
    on = fields.Boolean(load_default=None, allow_none=True)
    reason = fields.String(required=True, validate=REASON)


class TakeReceipts(Schema):
    """Command `notifications.receipts` → {taken}: delivery receipts that a provider reports, raw as they came, signed
    with HMAC-SHA256 over `timestamp`, a full stop and the body. Refuses provider_unknown, receipt_forged,
    receipt_stale, receipt_replayed (each recorded) and receipt_malformed."""

    provider = fields.String(required=True, validate=validate.Length(1, 40))
    timestamp = fields.String(required=True, validate=validate.Length(max=40))
    signature = fields.String(required=True, validate=validate.Length(max=200))
    body = fields.String(required=True)


PROBLEMS: dict[str, Problem] = {
    "provider_unknown": Problem(404, "لا يوجد مقدم خدمة رسائل بهذا الاسم.",
                                "There is no message provider of this name on this node."),
    "provider_last": Problem(409, "هذا آخر مقدم خدمة يعمل لهذه القناة. شغّل غيره أولاً.",
                             "This is the last provider of its channel that is on. Switch another one on first."),
    "receipt_forged": Problem(401, "توقيع إشعار التسليم غير صحيح.",
                              "The delivery receipt's signature is wrong. Sign the timestamp, a full stop and the raw "
                              "body with the agreed key."),
    "receipt_stale": Problem(401, "إشعار التسليم أقدم من المسموح. وقّعه من جديد بوقت الإرسال.",
                             "The delivery receipt's timestamp is not of the last minutes. Sign it anew with the time "
                             "of sending."),
    "receipt_replayed": Problem(409, "وصل إشعار التسليم هذا من قبل.",
                                "This delivery receipt was taken before; nothing more is to be done."),
    "receipt_malformed": Problem(422, "صيغة إشعار التسليم غير صحيحة.",
                                 "The delivery receipt cannot be read. Its form is described in "
                                 "services/notifications/providers/HTTP.md."),
}
