"""The published language of what comes after a request: delivery, rating, complaint, opening again."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from contracts.events import EventSchema, event
from contracts.problem import Problem
from contracts.requests import PLAIN_TEXT

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


DELIVERED = event("requests.delivery.recorded.v1", DeliveryState)
RATED = event("requests.rating.given.v1", RatingState)


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


class Rate(RatingAsked):
    """Command `requests.rate` → {stars}. Whoever holds the token of the link in the last message rates the request,
    once."""

    stars = fields.Integer(required=True, strict=True, validate=validate.Range(1, 5))
    comment = fields.String(load_default=None, allow_none=True, validate=PLAIN_TEXT)


PROBLEMS: dict[str, Problem] = {
    "delivered_before": Problem(409, "سُجّل تسليم هذه الطبعة في {on}.", "This print was recorded as delivered on {on}."),
    "licence_not_in_force": Problem(409, "هذه الرخصة غير سارية الآن ({status}) فلا تُسلَّم.",
                                    "This licence is not in force now ({status}); it is not delivered."),
    "rating_unknown": Problem(404, "رابط التقييم غير صحيح.", "This link is not one for a rating."),
    "rated_before": Problem(409, "قُيّم هذا الطلب من قبل. شكراً لك.", "This request was rated before. Thank you."),
}
