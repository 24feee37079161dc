"""The published language of requests about the national portal: numbers that are reserved for it, what becomes of its
applications, and what people do about those that could not be lodged as they were. What comes down is
contracts.gateway_national."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from contracts.events import EventSchema, event
from contracts.problem import Problem
from contracts.requests import PLAIN_TEXT

WAITING, READY, LODGED, REVIEW, CLOSED = "waiting", "ready", "lodged", "review", "closed"
STATES = (WAITING, READY, LODGED, REVIEW, CLOSED)


class PortalBlock(EventSchema):
    """Tracking numbers that a node reserves for the national portal: nobody else gives them, and each is given to one
    application. They name nobody."""

    block_id = fields.UUID(required=True)
    numbers = fields.List(fields.String(), required=True)


PORTAL_BLOCK_RESERVED = event("requests.portalblock.reserved.v1", PortalBlock)


class PortalApplicationState(EventSchema):
    """How far an application of the national portal is at its node: `review` until a person has dealt with what kept
    it from being lodged (`codes` of the error catalogue); `closed` when a person dealt with it otherwise."""

    application_id = fields.UUID(required=True)
    tracking_number = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf(STATES))
    codes = fields.List(fields.String(), required=True)


PORTAL_APPLICATION_CHANGED = event("requests.portalapplication.changed.v1", PortalApplicationState)


class ListPortalApplications(Schema):
    """Query `requests.portal_applications` → {applications: [...], next}: those of the actor's unit in a state, oldest
    first; who applied is not named."""

    state = fields.String(load_default=REVIEW, validate=validate.OneOf(STATES))
    after = fields.UUID(load_default=None, allow_none=True)
    limit = fields.Integer(load_default=50, validate=validate.Range(1, 200))


class PortalApplicationFile(Schema):
    """Query `requests.portal_application` → the application as it was sent, and what stands against it. Reading it is
    recorded."""

    application_id = fields.UUID(required=True)


class PortalApplicationDocument(PortalApplicationFile):
    """Query `requests.portal_application_document` → {media_type, content(base64)}: a document of an application that
    waits for a person. Opening it is recorded."""

    document_id = fields.UUID(required=True)


class RetryPortalApplication(Schema):
    """Command `requests.retry_portal_application` → {application_id, state, tracking_number, faults}. In another unit
    of the governorate where `unit` is given."""

    application_id = fields.UUID(required=True)
    unit = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=20))


class ClosePortalApplication(Schema):
    """Command `requests.close_portal_application`: a person dealt with it otherwise, and says how."""

    application_id = fields.UUID(required=True)
    reason = fields.String(required=True, validate=[validate.Length(min=1), *PLAIN_TEXT])


PROBLEMS: dict[str, Problem] = {
    "portal_application_unknown": Problem(
        404, "لا يوجد طلب من البوابة القومية بهذا الرقم.",
        "There is no application of the national portal with this id."),
    "portal_application_settled": Problem(
        409, "انتهت معالجة هذا الطلب بالفعل.", "This application was dealt with already."),
    "portal_application_sealed": Problem(
        422, "تعذر فتح الطلب بمفاتيح هذه العقدة. أضف المفتاح الذي خُتم به ثم أعد المحاولة.",
        "The application could not be opened with this node's keys. Add the key that it was sealed with and try "
        "again."),
}
