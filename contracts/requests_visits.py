"""The published language of the mobile district's visits: ordering, planning, the bundle that a tablet takes along, and
what it did without a line."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from contracts.events import EventSchema, event
from contracts.problem import Problem
from contracts.requests import PLAIN_TEXT, Submit
from contracts.requests_afterwards import Deliver
from rules import offline, visits

BODY_BYTES = 48 * 1024
"""Largest body of an item, in bytes of UTF-8. Documents are uploaded beside it, before it."""
ACCEPTABLE = ("item_device_not_trusted", "item_number_taken", "bundle_unknown", "number_not_reserved")
"""What a person may accept when an item is tried again. With number_not_reserved, an application whose number was given
up meanwhile is lodged under a new one."""
SERVICES, NUMBERS = 20, 100  # most definitions and tracking numbers of a bundle

_SHA256 = validate.Regexp(r"[0-9a-f]{64}\Z")
_NUMBER = validate.Length(max=60)
_DIGITS = validate.Length(max=20)
_ACCOUNT = validate.Length(1, 100)


TOLD_CHANGES = ("planned", "moved", "cancelled", "missed")


class VisitState(EventSchema):
    """A visit after something became of it. `change` is what is to be told of it: planned, moved, cancelled, missed, or
    null. Where no request is behind it, `contact` says whom to tell: sealed as a request's contact is."""

    visit_id = fields.UUID(required=True)
    number = fields.String(required=True)
    request_id = fields.UUID(required=True, allow_none=True)
    tracking_number = fields.String(required=True, allow_none=True)
    unit = fields.String(required=True)
    service_code = fields.String(required=True)
    service_name = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    purpose = fields.String(required=True, validate=validate.OneOf(tuple(visits.PURPOSES)))
    state = fields.String(required=True, validate=validate.OneOf(visits.STATES))
    change = fields.String(required=True, allow_none=True,
                           validate=validate.OneOf(TOLD_CHANGES))
    day = fields.Date(required=True, allow_none=True)
    device_id = fields.UUID(required=True, allow_none=True)
    language = fields.String(required=True, validate=validate.OneOf(("ar", "en")))
    contact = fields.String(required=True, allow_none=True)


VISIT_CHANGED = event("requests.visit.changed.v1", VisitState)


class Person(Schema):
    """Who orders a visit for an application that is still to be made."""

    name = fields.String(required=True, validate=[validate.Length(3, 200), *PLAIN_TEXT])
    phone = fields.String(required=True, validate=validate.Length(max=40))
    email = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=254))


class OrderVisit(Schema):
    """Command `requests.order_visit` → {visit_number, state, purpose, unit, preferred_on}. For a request that is there:
    `tracking_number` and `phone_last4`; for a new application: `service_code`, `unit` and `person`. One open visit at a
    time for a request, or for a phone and a service."""

    purpose = fields.String(required=True, validate=validate.OneOf(tuple(visits.PURPOSES)))
    tracking_number = fields.String(load_default=None, allow_none=True, validate=_NUMBER)
    phone_last4 = fields.String(load_default=None, allow_none=True, validate=_DIGITS)
    service_code = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=60))
    unit = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=60))
    person = fields.Nested(Person, load_default=None, allow_none=True)
    address = fields.String(required=True, validate=[validate.Length(5, 500), *PLAIN_TEXT])
    note = fields.String(load_default=None, allow_none=True, validate=[validate.Length(max=500), *PLAIN_TEXT])
    preferred_on = fields.Date(load_default=None, allow_none=True)
    language = fields.String(load_default="ar", validate=validate.OneOf(("ar", "en")))


class ShowVisit(Schema):
    """Query `requests.visit` → {visit_number, state, purpose, service_name, unit, unit_name, tracking_number, day,
    preferred_on, may_cancel}: for whoever holds its number and the phone's last four digits. Wrong and unknown are
    refused alike with visit_unknown."""

    visit_number = fields.String(required=True, validate=_NUMBER)
    phone_last4 = fields.String(required=True, validate=_DIGITS)


class CancelVisit(ShowVisit):
    """Command `requests.cancel_visit` → {visit_number, state}: the citizen takes the order back."""


class ListVisits(Schema):
    """Query `requests.visits` → {visits: [...], next}: of the actor's unit, nobody named; by state, day, tablet."""

    state = fields.String(load_default=None, allow_none=True, validate=validate.OneOf(visits.STATES))
    day = fields.Date(load_default=None, allow_none=True)
    device_id = fields.UUID(load_default=None, allow_none=True)
    after = fields.UUID(load_default=None, allow_none=True)
    limit = fields.Integer(load_default=50, validate=validate.Range(1, 200))


class VisitFile(Schema):
    """Query `requests.visit_file` → as the list, and {name, phone, address, note}. Reading is recorded."""

    visit_number = fields.String(required=True, validate=_NUMBER)


class PlanVisit(VisitFile):
    """Command `requests.plan_visit` → {visit_number, state, day, device_id, planned}: gives a visit its tablet, clerk
    and day, or others than before. `planned` is how many the tablet's day has now. `version` is that of the visit as it
    was read; another one that stands now is refused `conflict`."""

    device_id = fields.UUID(required=True)
    clerk_id = fields.String(required=True, validate=_ACCOUNT)
    day = fields.Date(required=True)
    version = fields.Integer(load_default=None, allow_none=True)


class EndVisit(VisitFile):
    """Commands `requests.call_off_visit`, `requests.miss_visit` → {visit_number, state}: a person of the centre takes
    it back, or records that nobody was met."""

    reason = fields.String(required=True, validate=[validate.Length(3, 500), *PLAIN_TEXT])


class VisitBundle(Schema):
    """Command `requests.visit_bundle` → {bundle_id, server_time, day, until, device, keys, visits, tickets,
    definitions, tracking_numbers, next_receipt_number, next_item_number}: all that the tablet needs for the actor's
    day. Taking it marks the visits out; taking it again answers what stands then, under the same `bundle_id`.
    `services` asks for definitions beside those of the visits, `numbers` for so many tracking numbers that are not
    lodged yet: those that the tablet gave to somebody and has not uploaded are among them."""

    device_id = fields.UUID(required=True)
    day = fields.Date(load_default=None, allow_none=True)
    services = fields.List(fields.String(validate=validate.Length(max=60)), load_default=list,
                           validate=validate.Length(max=SERVICES))
    numbers = fields.Integer(load_default=0, strict=True, validate=validate.Range(0, NUMBERS))


class UploadedDocument(Schema):
    """Where the bytes of a document that was signed by its SHA-256 have been uploaded."""

    sha256 = fields.String(required=True, validate=_SHA256)
    document_id = fields.UUID(required=True)


class OfflineItem(Schema):
    """Command `requests.offline_item` → {item_id, number, result, faults, waits, device_time, received_at, answer}.
    `result` is `applied` or `quarantined`; what is quarantined is kept whole and put before a person. `body` is the
    JSON text and `device_time` the ISO 8601 instant with its zone, as they were signed. `after` is the item that must
    have taken effect first. The same item again gets the same answer; other content under its id is refused
    item_differs."""

    device_id = fields.UUID(required=True)
    item_id = fields.UUID(required=True)
    number = fields.Integer(required=True, strict=True, validate=validate.Range(1, 2**53))
    kind = fields.String(required=True, validate=[validate.Length(1, 40), *PLAIN_TEXT])
    device_time = fields.String(required=True, validate=[validate.Length(1, 60), *PLAIN_TEXT])
    body = fields.String(required=True)
    signature = fields.String(required=True, validate=validate.Length(1, 200))
    after = fields.UUID(load_default=None, allow_none=True)
    documents = fields.List(fields.Nested(UploadedDocument), load_default=list, validate=validate.Length(max=30))


class ListItems(Schema):
    """Query `requests.offline_items` → {items: [...], next}: of the actor's unit, those in quarantine unless another
    state is asked for, the oldest first. Neither bodies nor values of faults."""

    state = fields.String(load_default=offline.QUARANTINED, validate=validate.OneOf(offline.STATES))
    device_id = fields.UUID(load_default=None, allow_none=True)
    after = fields.UUID(load_default=None, allow_none=True)
    limit = fields.Integer(load_default=50, validate=validate.Range(1, 200))


class ItemFile(Schema):
    """Query `requests.offline_item_file` → the item with its body and faults. Reading is recorded."""

    item_id = fields.UUID(required=True)


class ItemEvidence(ItemFile):
    """Query `requests.offline_item_document` → {media_type, content(base64)}: a photo or signature that an item signed.
    Reading is recorded. Refuses item_unknown, document_unknown, document_in_quarantine."""

    sha256 = fields.String(required=True, validate=_SHA256)


class RetryItem(ItemFile):
    """Command `requests.retry_item` → {item_id, result, faults, answer}: tried once more as it was signed, in the name
    of the clerk who did it. `documents` says where bytes that were missing have been uploaded since; `accept` names
    what the person has looked into and does not stand on; `happened_at` is when it was done, where the tablet's time
    cannot be right."""

    accept = fields.List(fields.String(validate=validate.OneOf(ACCEPTABLE)), load_default=list)
    happened_at = fields.AwareDateTime(load_default=None, allow_none=True)
    documents = fields.List(fields.Nested(UploadedDocument), load_default=list, validate=validate.Length(max=30))


class CloseItem(ItemFile):
    """Command `requests.close_item` → {item_id, state}: a person has dealt with it otherwise, and says how. It stays as
    it is, with its body."""

    reason = fields.String(required=True, validate=[validate.Length(10, 2000), *PLAIN_TEXT])


class DeviceItems(Schema):
    """Query `requests.device_items` → {device_id, device_state, highest, missing, applied, quarantined, closed,
    last_arrived_at, last_bundle_at, items}: what came of a tablet. `missing` are numbers below the highest that never
    came; `items` the newest ones with their state, so that a tablet that lost its answers knows where it stands."""

    device_id = fields.UUID(required=True)


# -- bodies of items ---------------------------------------------------------------------------------------------------


class SignedDocument(Schema):
    """A document by what it is: the tablet signs its SHA-256, and says with the upload where the bytes are."""

    code = fields.String(required=True, validate=validate.Length(max=60))
    sha256 = fields.String(required=True, validate=_SHA256)


class TakenPhoto(Schema):
    """A photo taken on the spot, by the SHA-256 of its JPEG or PNG."""

    sha256 = fields.String(required=True, validate=_SHA256)
    caption = fields.String(load_default=None, allow_none=True, validate=[validate.Length(max=200), *PLAIN_TEXT])


class TakenSignature(Schema):
    """Who signed on the glass, by the SHA-256 of the PNG."""

    sha256 = fields.String(required=True, validate=_SHA256)
    name = fields.String(required=True, validate=[validate.Length(3, 200), *PLAIN_TEXT])


class TakenPlace(Schema):
    """Where the device says that it was: WGS 84 degrees, accuracy in metres (W3C Geolocation)."""

    latitude = fields.Float(required=True, validate=validate.Range(-90, 90))
    longitude = fields.Float(required=True, validate=validate.Range(-180, 180))
    accuracy = fields.Float(required=True, validate=validate.Range(0, 10_000_000))
    at = fields.AwareDateTime(required=True)


class Evidence(Schema):
    """What was gathered on the spot. It is kept with the item, opened by who reviews items, each opening recorded;
    nothing is decided by it."""

    photos = fields.List(fields.Nested(TakenPhoto), load_default=list, validate=validate.Length(max=10))
    signature = fields.Nested(TakenSignature, load_default=None, allow_none=True)
    place = fields.Nested(TakenPlace, load_default=None, allow_none=True)


class ItemBody(Schema):
    """What every body says: under which bundle it was done, for which visit, if for one, and what was gathered."""

    bundle_id = fields.UUID(required=True)
    visit_id = fields.UUID(load_default=None, allow_none=True)
    evidence = fields.Nested(Evidence, load_default=None, allow_none=True)


class ReportBody(ItemBody):
    """`report`: how a visit went."""

    visit_id = fields.UUID(required=True)
    outcome = fields.String(required=True, validate=validate.OneOf((visits.DONE, visits.MISSED)))
    note = fields.String(load_default=None, allow_none=True, validate=[validate.Length(max=500), *PLAIN_TEXT])


class IntakeBody(ItemBody, Submit):
    """`intake`: an application as `requests.submit` takes it, under a tracking number reserved for the tablet."""

    class Meta:
        exclude = ("channel",)

    tracking_number = fields.String(required=True, validate=_NUMBER)
    documents = fields.List(fields.Nested(SignedDocument), load_default=list)


class CompletionBody(ItemBody):
    """`completion`: what `requests.resubmit` takes."""

    tracking_number = fields.String(required=True, validate=_NUMBER)
    phone_last4 = fields.String(required=True, validate=_DIGITS)
    action = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=60))
    reason = fields.String(load_default=None, allow_none=True, validate=PLAIN_TEXT)
    documents = fields.List(fields.Nested(SignedDocument), load_default=list)
    answers = fields.Dict(load_default=dict)


class CardSlip(Schema):
    """What a terminal's slip says, as it was typed (rules.slips)."""

    terminal_id = fields.String(required=True, validate=validate.Length(1, 20))
    batch = fields.String(required=True, validate=validate.Length(1, 20))
    approval_code = fields.String(required=True, validate=validate.Length(1, 20))
    last4 = fields.String(required=True, validate=validate.Length(1, 10))


class ReleaseBody(ItemBody):
    """`release`: a licence handed over under its ticket, and what was taken for it: cash, or a card at a terminal,
    whose `slip` it is then."""

    ticket_id = fields.UUID(required=True)
    released_at = fields.AwareDateTime(required=True)
    receipt_number = fields.Integer(required=True, strict=True, validate=validate.Range(1, 2**31 - 1))
    qr = fields.String(required=True, validate=validate.Length(1, 4000))
    way = fields.String(load_default="cash", validate=validate.OneOf(("cash", "slip")))
    slip = fields.Nested(CardSlip, load_default=None, allow_none=True)


class DeliveryBody(ItemBody, Deliver):
    """`delivery`: a print handed over, as `requests.deliver` takes it."""


BODIES: dict[str, type[ItemBody]] = {
    offline.REPORT: ReportBody,
    offline.INTAKE: IntakeBody,
    offline.COMPLETION: CompletionBody,
    offline.RELEASE: ReleaseBody,
    offline.DELIVERY: DeliveryBody,
}

PROBLEMS: dict[str, Problem] = {
    "visit_number_malformed": Problem(422, "رقم الزيارة غير صحيح. راجعه كما وصلك.",
                                      "This is no number of a visit. Check it as you received it."),
    "visit_unknown": Problem(404, "رقم الزيارة أو آخر أربعة أرقام من الهاتف غير صحيح.",
                             "The visit's number or the last four digits of the phone are not right."),
    "visit_open": Problem(409, "لديك زيارة مطلوبة بالفعل برقم {number}. ألغها أولاً إن أردت طلب غيرها.",
                          "A visit is ordered already: {number}. Cancel it before you order another."),
    "visit_purpose": Problem(422, "لا تُطلب زيارة لهذا الغرض والطلب في حالته الحالية.",
                             "A visit for this purpose cannot be ordered while the request stands as it does."),
    "visit_not_possible": Problem(409, "لا يمكن هذا الإجراء والزيارة في حالة «{state_ar}».",
                                  "This cannot be done to a visit that is {state_en}."),
    "visit_day_past": Problem(422, "اليوم {day} مضى. اختر يوماً قادماً.", "{day} is over. Choose a day to come."),
    "visit_day_far": Problem(422, "اختر يوماً خلال {days} يوماً.", "Choose a day within the next {days} days."),
    "visit_day_not_working": Problem(422, "اليوم {day} ليس يوم عمل لهذه الوحدة. اختر يوماً آخر.",
                                     "The unit does not work on {day}. Choose another day."),
    "visit_day_full": Problem(409, "اكتملت زيارات هذا الجهاز يوم {day} ({capacity}). اختر يوماً أو جهازاً آخر.",
                              "This tablet's day {day} is full ({capacity} visits). Choose another day or tablet."),
    "visit_clerk_unknown": Problem(422, "لا يوجد موظف حي متنقل بهذا الاسم في هذه الوحدة.",
                                   "There is no mobile-district clerk of this name in this unit."),
    "device_of_another_unit": Problem(422, "هذا الجهاز مسجل لوحدة أخرى.", "This tablet belongs to another unit."),
    "bundle_day": Problem(422, "تُحمَّل زيارات اليوم أو الأيام السبعة التالية فقط.",
                          "Only today's visits, or those of the next seven days, are taken along."),
    "item_not_genuine": Problem(403, "توقيع الجهاز على هذا العنصر غير صحيح، ولم يُسجَّل شيء. "
                                     "احتفظ به على الجهاز وأبلغ الدعم.",
                                "The tablet's signature on this item is not right; nothing was recorded. Keep it on "
                                "the tablet and tell support."),
    "item_differs": Problem(409, "سبق رفع عنصر بهذا الرقم بمحتوى مختلف.",
                            "An item with this id was uploaded before with other content."),
    "item_too_large": Problem(413, "محتوى العنصر أكبر من {limit} كيلوبايت. ارفع المستندات منفصلة.",
                              "The item's body is larger than {limit} KB. Upload documents apart from it."),
    "item_unreadable": Problem(422, "تعذرت قراءة محتوى العنصر كما وقّعه الجهاز. راجعه وأدخله يدوياً ثم أغلقه بسبب.",
                               "The item's body as it was signed cannot be read. Look at it, enter it by hand, then "
                               "close it with a reason."),
    "item_kind_unknown": Problem(422, "نوع العنصر «{kind}» غير معروف لهذا الإصدار. حدّث النظام ثم أعد المحاولة.",
                                 "This version does not know items of the kind {kind}. Upgrade, then retry."),
    "item_number_taken": Problem(409, "أرسل الجهاز من قبل عنصراً آخر بالرقم {number}. قد يكون نُسخ أو أُعيد ضبطه.",
                                 "The tablet sent another item under the number {number} before. It may have been "
                                 "copied or reset."),
    "item_unknown": Problem(404, "لا يوجد عنصر بهذا الرقم.", "There is no such item."),
    "item_settled": Problem(409, "هذا العنصر لم يعد في الحجر.", "This item is not in quarantine any more."),
    "waits_for_item": Problem(409, "ينتظر عنصراً قبله لم يُطبَّق بعد، ويُطبَّق بعده تلقائياً.",
                              "It waits for the item before it and is applied by itself after that one."),
    "bundle_unknown": Problem(422, "لا توجد حزمة زيارات بهذا الرقم حمّلها هذا الجهاز.",
                              "This tablet took no bundle with this id."),
    "device_time_unreadable": Problem(422, "وقت الجهاز غير مقروء: {time}", "The tablet's time cannot be read: {time}"),
    "device_time_implausible": Problem(422, "وقت الجهاز {time} ليس بين تحميل الحزمة ووصول العنصر. "
                                            "تحقق من الوقت الفعلي.",
                                       "The tablet's time {time} is not between its bundle and its upload. Find out "
                                       "when it was done."),
    "item_device_not_trusted": Problem(403, "هذا الجهاز غير معتمد الآن ({state_ar})، فما يرفعه يراجعه موظف.",
                              "This tablet is not trusted now ({state_en}): a person looks at what it uploads."),
}
