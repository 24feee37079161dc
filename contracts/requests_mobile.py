"""The published language of the mobile district's devices: tablets, the numbers they hold, what they released."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from contracts.events import EventSchema, event
from contracts.problem import Problem
from contracts.requests import PLAIN_TEXT
from rules import devices

REASON = [validate.Length(min=5, max=2000), *PLAIN_TEXT]


class DeviceState(EventSchema):
    """A tablet after something became of it; neither its certificate nor why."""

    device_id = fields.UUID(required=True)
    unit = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf(devices.STATES))
    act = fields.String(required=True)
    valid_until = fields.AwareDateTime(allow_none=True)


class ReleaseState(EventSchema):
    """A device reported that it took `amount` piastres for a stage of a request, under its own receipt number. Told
    once for each ticket and receipt. `applied` false: the release was not taken as one (it waits for a person, or came
    too late), but the money was taken all the same. `way`: cash, or the slip of a card terminal, whose reference
    `slip` is (rules.slips)."""

    ticket_id = fields.UUID(required=True)
    request_id = fields.UUID(required=True)
    tracking_number = fields.String(required=True)
    unit = fields.String(required=True)
    stage = fields.String(required=True)
    amount = fields.Integer(required=True)
    device_id = fields.UUID(required=True)
    device_receipt = fields.Integer(required=True)
    collected_by = fields.String(required=True)
    collected_at = fields.AwareDateTime(required=True)
    serial = fields.String(required=True)
    applied = fields.Boolean(required=True)
    way = fields.String(load_default="cash", validate=validate.OneOf(("cash", "slip")))
    slip = fields.String(load_default=None, allow_none=True)


DEVICE_CHANGED = event("requests.device.changed.v1", DeviceState)
RELEASE_REPORTED = event("requests.release.reported.v1", ReleaseState)


class RegisterDevice(Schema):
    """Command `requests.register_device` → the device. `public_key`: the raw 32 bytes of the tablet's Ed25519 key in
    base64; `proof`: the tablet's signature (base64) over `SHD1.register`, the unit and the public key, a line each."""

    unit = fields.String(required=True, validate=validate.Length(1, 20))
    label = fields.String(required=True, validate=[validate.Length(2, 80), *PLAIN_TEXT])
    public_key = fields.String(required=True, validate=validate.Length(max=100))
    proof = fields.String(required=True, validate=validate.Length(max=200))
    kind = fields.String(load_default=devices.TABLET, validate=validate.OneOf(tuple(devices.KINDS)))


class OneDevice(Schema):
    """Query `requests.device` → the device with its certificate, its acts, what it holds and its last releases."""

    device_id = fields.UUID(required=True)


class ListDevices(Schema):
    """Query `requests.devices` → {devices: [...], next}: those of a unit (of the node, for whoever belongs to none)."""

    unit = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=20))
    after = fields.UUID(load_default=None, allow_none=True)
    limit = fields.Integer(load_default=50, validate=validate.Range(1, 200))


class CertifyDevice(OneDevice):
    """Command `requests.certify_device` → the device. For so many days; again before they end is a new certificate."""

    days = fields.Integer(load_default=180, validate=validate.Range(1, 366))


class ChangeDevice(OneDevice):
    """Commands `requests.suspend_device`, `requests.resume_device`, `requests.revoke_device` → the device."""

    reason = fields.String(required=True, validate=REASON)


class WipeDevice(ChangeDevice):
    """Command `requests.wipe_device` → the device: at its next contact it empties itself; `at_once` without waiting
    until what it did is uploaded."""

    at_once = fields.Boolean(load_default=False)


class DeviceContact(Schema):
    """Command `requests.device_contact` → {device_id, kind, unit, label, state, valid_until, wipe, server_time}: a
    device that has a line makes itself known, with or without anybody logged in. `at` is its own time; `wiped` is sent
    once it emptied itself: the numbers of what it had not uploaded. `signature` (base64) is
    its key's over rules.device_keys.contact. `wipe`: null, after_upload, at_once. Refuses device_unknown,
    device_proof_wrong."""

    public_key = fields.String(required=True, validate=validate.Length(max=100))
    at = fields.String(required=True, validate=[validate.Length(1, 60), *PLAIN_TEXT])
    wiped = fields.List(fields.Integer(strict=True, validate=validate.Range(1, 2**53)), load_default=None,
                        allow_none=True, validate=validate.Length(max=1000))
    signature = fields.String(required=True, validate=validate.Length(max=200))


class DeviceUnlock(OneDevice):
    """Query `requests.device_unlock` → {secret, former}: what opens the actor's own data on the device where the PIN
    was forgotten; `former` what opened it before the node exchanged its key. Each is recorded. Refuses device_unknown,
    device_wiped, forbidden to whom may not work with it."""


class ReturnSerials(ChangeDevice):
    """Command `requests.return_serials` → {tracking, tickets}: how many numbers and tickets the device held unused.
    They are void from now on."""


PROBLEMS: dict[str, Problem] = {
    "device_unknown": Problem(404, "لا يوجد جهاز بهذا الرقم.", "There is no device with this number."),
    "device_key_malformed": Problem(422, "المفتاح العام للجهاز يجب أن يكون 32 بايت بترميز base64.",
                                    "The device's public key must be 32 bytes in base64."),
    "device_key_known": Problem(409, "هذا المفتاح مسجل لجهاز آخر. ولّد على الجهاز مفتاحاً جديداً.",
                                "This key is registered for another device. Make a new one on the tablet."),
    "device_proof_wrong": Problem(422, "لم يثبت الجهاز أنه يملك هذا المفتاح.",
                                  "The tablet did not show that it holds this key."),
    "device_act_refused": Problem(409, "لا يمكن «{act_ar}» لجهاز حالته الآن: {state_ar}.",
                                  "“{act_en}” is not possible for a device that is {state_en} now."),
    "device_not_certified": Problem(409, "الجهاز غير معتمد الآن ({state_ar}). راجع مدير النظام.",
                                    "The device is not certified now ({state_en}). Ask the administrator."),
    "device_wiped": Problem(409, "أُمر بمسح هذا الجهاز، فلا يُفتح ما عليه.",
                            "This device is to be wiped: nothing on it is opened any more."),
    "device_not_for_visits": Problem(422, "هذا جهاز شباك ولا تُخطط له زيارات. اختر لوح حي متنقل.",
                                     "This is a window's device: visits are planned for tablets. Choose another."),
    "item_not_of_device": Problem(403, "هذا النوع من العناصر لا يُرفع من {kind_ar}.",
                                  "Items of this kind are not taken from a {kind_en}."),
    "certificate_forged": Problem(422, "شهادة الجهاز غير صحيحة.", "The device's certificate is not genuine."),
    "ticket_forged": Problem(422, "إذن الإصدار غير صحيح.", "The ticket is not genuine."),
    "ticket_unknown": Problem(404, "لا يوجد إذن إصدار بهذا الرقم.", "There is no ticket with this number."),
    "ticket_of_another_device": Problem(409, "إذن الإصدار لجهاز آخر.", "The ticket is another device's."),
    "ticket_elsewhere": Problem(409, "إذن إصدار هذا الطلب لدى جهاز آخر.",
                                "Another device holds the ticket of this request."),
    "ticket_unreported": Problem(409, "انتهى وقت إذن سابق لهذا الطلب على هذا الجهاز ولم يُبلَّغ بعد بما جرى فيه.",
                                 "An earlier ticket of this request on this device is over and not yet reported."),
    "ticket_used": Problem(409, "استُخدم إذن الإصدار من قبل.", "The ticket was used before."),
    "ticket_void": Problem(409, "إذن الإصدار لاغٍ: {reason_ar}.", "The ticket is void: {reason_en}."),
    "release_forged": Problem(422, "توقيع الإصدار غير صحيح.", "The release's signatures are not genuine."),
    "release_differs": Problem(422, "بيان الإصدار يخالف ما في رمزه الموقّع.",
                               "What is said of the release differs from its signed code."),
    "release_out_of_time": Problem(422, "أُصدر الترخيص خارج مدة الإذن (حتى {until}).",
                                   "It was released outside the ticket's time (until {until})."),
    "release_time_implausible": Problem(422, "وقت الإصدار لا يستقيم مع وقت الإذن ووقت الإبلاغ.",
                                        "The time of release does not fit those of its ticket and of its report."),
    "device_receipt_used": Problem(409, "استُخدم رقم إيصال الجهاز هذا من قبل.",
                                   "This receipt number of the device was used before."),
    "release_apart": Problem(403, "من قرّر في الطلب أو سجّل الجهاز أو اعتمده لا يُصدر به ولا يحصّل.",
                               "Whoever decided the request, or registered or certified the device, may not release "
                               "or collect with it."),
    "request_not_decided": Problem(409, "الطلب لم يُعتمد بعد بما يسمح بإصداره على الطبيعة.",
                                   "The request is not decided so that it could be released on the spot."),
    "request_of_another_unit": Problem(409, "الطلب لوحدة غير وحدة الجهاز.",
                                       "The request is of another unit than the device."),
    "number_not_reserved": Problem(409, "هذا الرقم غير محجوز لهذا الجهاز أو لم يعد كذلك.",
                                   "This number is not reserved for this device, or no longer."),
}
