"""The published language of what comes after a request: delivery, rating, complaint, opening again."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from contracts.events import EventSchema, event
from contracts.problem import Problem
from contracts.requests import PLAIN_TEXT, Status
from rules import afterwards

DELIVERED_HOW = ("window", "post", "courier")
RECEIVERS = ("holder", "representative")
IDENTITY_CHECKED = ("national_id", "passport", "power_of_attorney", "carrier_receipt")
STARS = range(1, 6)


class DeliveryState(EventSchema):
    """A print was handed over. Who received it is not named: whoever needs the name asks."""

    delivery_id = fields.UUID(required=True)
    request_id = fields.UUID(required=True)
    serial = fields.String(required=True)
    edition = fields.Integer(required=True)
    unit = fields.String(required=True)
    how = fields.String(required=True, validate=validate.OneOf(DELIVERED_HOW))
    receiver = fields.String(required=True, validate=validate.OneOf(RECEIVERS))


class RatingState(EventSchema):
    """The applicant rated how a request was served; the comment stays where it was written."""

    rating_id = fields.UUID(required=True)
    request_id = fields.UUID(required=True)
    service_code = fields.String(required=True)
    unit = fields.String(required=True)
    outcome = fields.String(allow_none=True)
    stars = fields.Integer(required=True, validate=validate.Range(1, 5))
    commented = fields.Boolean(required=True)


class ComplaintState(EventSchema):
    """A complaint after something became of it, without its text. `note`, the answer, is sealed under the contact ring
    for who complained."""

    complaint_id = fields.UUID(required=True)
    number = fields.String(required=True)
    request_id = fields.UUID(required=True)
    unit = fields.String(required=True)  # before whose head it lies
    kind = fields.String(required=True, validate=validate.OneOf(afterwards.KINDS))
    state = fields.String(required=True, validate=validate.OneOf(afterwards.STATES))
    level = fields.Integer(required=True)
    due_on = fields.Date(required=True)
    late = fields.Boolean(required=True)
    upheld = fields.Boolean(allow_none=True)
    note = fields.String(allow_none=True)


class ReopeningState(EventSchema):
    """A request to open a request again, asked, granted or refused. `note`, the reason of the decision, is sealed under
    the contact ring for who asked."""

    reopening_id = fields.UUID(required=True)
    request_id = fields.UUID(required=True)
    unit = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf(("asked", "granted", "refused")))
    note = fields.String(allow_none=True)


DELIVERED = event("requests.delivery.recorded.v1", DeliveryState)
RATED = event("requests.rating.given.v1", RatingState)
COMPLAINT_CHANGED = event("requests.complaint.changed.v1", ComplaintState)
REOPENING_CHANGED = event("requests.reopening.changed.v1", ReopeningState)


class Deliver(Schema):
    """Command `requests.deliver` → {serial, edition, delivered_at}. Each edition of a licence is delivered once, to its
    holder or to a representative, who is named and shows a power of attorney; what goes by post or courier has the
    carrier's reference."""

    serial = fields.String(required=True)
    how = fields.String(load_default="window", validate=validate.OneOf(DELIVERED_HOW))
    receiver = fields.String(load_default="holder", validate=validate.OneOf(RECEIVERS))
    receiver_name = fields.String(load_default=None, allow_none=True,
                                  validate=[validate.Length(3, 200), *PLAIN_TEXT])
    identity = fields.String(required=True, validate=validate.OneOf(IDENTITY_CHECKED))
    reference = fields.String(load_default=None, allow_none=True, validate=[validate.Length(1, 100), *PLAIN_TEXT])

    @validates_schema
    def _whole(self, data: dict[str, Any], **kwargs: Any) -> None:
        wrong: dict[str, list[str]] = {}
        by_carrier = data["how"] != "window"
        if data["receiver"] == "representative" and not data["receiver_name"]:
            wrong["receiver_name"] = ["Missing data for required field."]
        if by_carrier and not data["reference"]:
            wrong["reference"] = ["Missing data for required field."]
        if by_carrier != (data["identity"] == "carrier_receipt") or (
                data["receiver"] == "representative" and not by_carrier and data["identity"] != "power_of_attorney"):
            wrong["identity"] = ["Does not fit how and to whom it was delivered."]
        if wrong:
            raise ValidationError(wrong)


class RatingAsked(Schema):
    """Query `requests.rating` → {service_name, unit_name, outcome, rated, stars}: what the link's page shows; neither
    the applicant nor the request's number."""

    token = fields.String(required=True, validate=validate.Length(10, 100))


class AskRating(Status):
    """Command `requests.ask_rating` → {token}: whoever holds number and digits of a request that has ended gets the
    token of its rating's page, the same each time."""


class Rate(RatingAsked):
    """Command `requests.rate` → {stars}. Whoever holds the token of the link in the last message rates the request,
    once."""

    stars = fields.Integer(required=True, strict=True, validate=validate.Range(1, 5))
    comment = fields.String(load_default=None, allow_none=True, validate=PLAIN_TEXT)


WRITTEN = [validate.Length(10, 2000), *PLAIN_TEXT]


class Complain(Status):
    """Command `requests.complain` → {complaint_number, due_on, state}."""

    kind = fields.String(required=True, validate=validate.OneOf(afterwards.KINDS))
    text = fields.String(required=True, validate=WRITTEN)


class ComplaintStatus(Schema):
    """Query `requests.complaint` → {complaint_number, state, kind, made_at, due_on, before, level, late, upheld,
    answer}. Wrong digits and unknown number are refused alike with `complaint_unknown`."""

    complaint_number = fields.String(required=True, validate=validate.Length(max=60))
    phone_last4 = fields.String(required=True)


class ListComplaints(Schema):
    """Query `requests.complaints` → {complaints: [...], next}: those that lie before the actor."""

    after = fields.UUID(load_default=None, allow_none=True)
    limit = fields.Integer(load_default=50, validate=validate.Range(1, 200))


class ComplaintFile(Schema):
    """Query `requests.complaint_file` → as the status, plus {version, tracking_number, text}."""

    complaint_number = fields.String(required=True, validate=validate.Length(max=60))


class AnswerComplaint(ComplaintFile):
    """Command `requests.answer_complaint` → {complaint_number, state, upheld}."""

    upheld = fields.Boolean(required=True)
    answer = fields.String(required=True, validate=WRITTEN)
    version = fields.Integer(load_default=None, allow_none=True)


class AskReopening(Status):
    """Command `requests.ask_reopening` → {reopening_id, state}."""

    reason = fields.String(required=True, validate=WRITTEN)


class ListReopenings(Schema):
    """Query `requests.reopenings` → {reopenings: [...]}: what was asked for in the actor's unit."""


class DecideReopening(Schema):
    """Command `requests.decide_reopening` → {reopening_id, state, request_state}."""

    reopening_id = fields.UUID(required=True)
    grant = fields.Boolean(required=True)
    reason = fields.String(required=True, validate=WRITTEN)
    version = fields.Integer(load_default=None, allow_none=True)


PROBLEMS: dict[str, Problem] = {
    "delivered_before": Problem(409, "سُجّل تسليم هذه الطبعة في {on}.", "This print was recorded as delivered on {on}."),
    "licence_not_in_force": Problem(409, "هذه الرخصة غير سارية الآن ({status_ar}) فلا تُسلَّم.",
                                    "This licence is not in force now ({status_en}); it is not delivered."),
    "rating_too_early": Problem(
        409, "يُقيَّم الطلب بعد انتهائه.", "A request is rated after it has ended."),
    "rating_unknown": Problem(404, "رابط التقييم غير صحيح.", "This link is not one for a rating."),
    "rated_before": Problem(409, "قُيّم هذا الطلب من قبل. شكراً لك.", "This request was rated before. Thank you."),
    "complaint_number_malformed": Problem(422, "رقم الشكوى غير صحيح. راجعه كما وصلك.",
                                          "This is no complaint number. Check it as you received it."),
    "complaint_unknown": Problem(404, "رقم الشكوى أو آخر أربعة أرقام من الهاتف غير صحيح.",
                                 "The complaint number or the last four digits of the phone are not right."),
    "complaint_open": Problem(409, "لديك شكوى مفتوحة عن هذا الطلب برقم {number}.",
                              "There is an open complaint about this request: {number}."),
    "complaint_answered": Problem(409, "أُجيب عن هذه الشكوى من قبل.", "This complaint was answered before."),
    "reopening_unknown": Problem(404, "لا يوجد طلب إعادة نظر بهذا الرقم.", "There is no such request to open again."),
    "reopening_not_possible": Problem(409, "لا يُعاد فتح هذا الطلب: لم ينته برفض أو حفظ، أو مضت المدة.",
                                      "This request cannot be opened again: it was not rejected or closed, or it is "
                                      "too long ago."),
    "reopening_asked_before": Problem(409, "سبق طلب إعادة النظر في هذا القرار.",
                                      "It was asked before to look at this decision again."),
    "reopening_decided": Problem(409, "تم البت في هذا الطلب من قبل.", "This was decided before."),
}
