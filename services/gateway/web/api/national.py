"""The whole country: the inquiry by a number of any governorate (a node asks the centre); at the centre what each
governorate offers, an application for any of them, and what they collected; at a node the applications that came from
there and wait for a person."""

from __future__ import annotations

import base64
from typing import Any
from uuid import UUID

from flask import Response, g, request
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from chassis import boxes
from chassis.actors import PUBLIC
from contracts import gateway_national as language
from contracts import requests_portal as reviewed
from rules import places
from rules.refusal import refuse
from rules.search import Filters
from services.gateway.national import inquiry, lodging, money, stand_in
from services.gateway.web import nationwide
from services.gateway.web.access import JSON, door
from services.gateway.web.api.answers import PREFIX, Shown, answer
from services.gateway.web.api.requests import PHONE_HEADER, PHONE_PARAMETER
from services.gateway.web.api.shapes import day_or_none, named, text, text_or_none
from services.gateway.web.caller import caller
from services.gateway.web.platform import UPLOAD_SECONDS, platform

blueprint = Blueprint("api_national", __name__, url_prefix=PREFIX, description="The whole country")
PER_PAGE = 50


class NationalStatus(Shown):
    """Where a request stands as far as it is known here; nobody is named."""

    tracking_number = text()
    governorate = text()
    governorate_name = named()
    unit = text()
    service_code = text()
    service_name = named()
    state = text()
    state_kind = text()
    state_name = named()
    department = text_or_none()
    lodged_at = fields.AwareDateTime(required=True)
    due_on = day_or_none()
    applicant_until = day_or_none()
    clock = text()
    outcome = text_or_none()
    changed_at = fields.AwareDateTime(required=True, allow_none=True)
    portal = text_or_none(metadata={"description": "How far an application of the national portal is, until its node "
                                                   "has lodged it"})
    as_of = fields.AwareDateTime(
        required=True, allow_none=True, metadata={"description": "When the governorate was last heard of"})
    line = text(validate=validate.OneOf((inquiry.UP, inquiry.DOWN)))


class GovernorateShown(Shown):
    code = text()
    name = named()
    takes = fields.Boolean(required=True, metadata={"description": "Whether applications are taken from here now"})
    why = text_or_none(metadata={"description": "Why none are"})
    as_of = fields.AwareDateTime(required=True, allow_none=True)
    line = text(validate=validate.OneOf((inquiry.UP, inquiry.DOWN)))


class Governorates(Shown):
    governorates = fields.List(fields.Nested(GovernorateShown), required=True)


class ServicesAsked(Schema):
    q = fields.String(load_default="", validate=validate.Length(max=200))
    unit_kind = fields.String(load_default=None, validate=validate.Length(max=40))
    after = fields.String(load_default=None, validate=validate.Length(max=120))


class Offered(Shown):
    code = text()
    version = fields.Integer(required=True)
    effective_from = fields.Date(required=True)
    definition = fields.Dict(required=True)


class OfferedPage(Shown):
    services = fields.List(fields.Nested(Offered), required=True)
    total = fields.Integer(required=True)
    next = text_or_none()


class HandedDown(Shown):
    application_id = fields.UUID(required=True)
    tracking_number = text()
    governorate = text()
    service_code = text()
    service_name = named()
    unit = text()
    lodged_at = fields.AwareDateTime(required=True)
    state = text()


class MoneyAsked(Schema):
    since = fields.Date(required=True)
    until = fields.Date(required=True)
    by = fields.String(load_default="governorate", validate=validate.OneOf(money.BY))
    governorate = fields.String(load_default=None, validate=validate.Regexp(r"EG-[A-Z]{1,3}\Z"))


class MoneyRow(Shown):
    key = text()
    collected = fields.Integer(required=True)
    refunded = fields.Integer(required=True)
    bills = fields.Integer(required=True)


class NationalMoney(Shown):
    """Amounts in piastres: of bills that were paid on these days, and of money given back on them."""

    since = fields.Date(required=True)
    until = fields.Date(required=True)
    by = text()
    governorate = text_or_none()
    currency = text()
    rows = fields.List(fields.Nested(MoneyRow), required=True)
    collected = fields.Integer(required=True)
    refunded = fields.Integer(required=True)


class PortalApplicationShown(Shown):
    application_id = fields.UUID(required=True)
    tracking_number = text()
    unit = text()
    service_code = text()
    state = text(validate=validate.OneOf(reviewed.STATES))
    codes = fields.List(fields.String(), required=True)
    lodged_at = fields.AwareDateTime(required=True)
    received_at = fields.AwareDateTime(required=True)
    request_id = fields.UUID(required=True, allow_none=True)
    settled_at = fields.AwareDateTime(required=True, allow_none=True)
    settled_by = text_or_none()


class PortalApplicationPage(Shown):
    applications = fields.List(fields.Nested(PortalApplicationShown), required=True)
    next = fields.UUID(required=True, allow_none=True)


class PortalApplicationFileShown(PortalApplicationShown):
    submission = fields.Dict(required=True, allow_none=True)
    documents = fields.List(fields.Dict(), required=True)
    faults = fields.List(fields.Dict(), required=True)
    reason = text_or_none()


class PortalRetry(Schema):
    unit = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=20))


class PortalRetried(Shown):
    application_id = fields.UUID(required=True)
    state = text()
    tracking_number = text()
    faults = fields.List(fields.Dict(), required=True)


class PortalClosing(reviewed.ClosePortalApplication):
    class Meta:
        exclude = ("application_id",)


class PortalClosed(Shown):
    application_id = fields.UUID(required=True)
    state = text()


@door(blueprint, "GET", "/national/requests/<tracking_number>", permission="request.inquire")
@blueprint.response(200, NationalStatus)
@blueprint.doc(parameters=[PHONE_PARAMETER])
def show_national_status(tracking_number: str) -> Response:
    """Where a request of any governorate stands, and as of when"""
    return answer(nationwide.inquire(tracking_number, request.headers.get(PHONE_HEADER)))


@door(blueprint, "GET", "/national/governorates", permission="guide.read")
@blueprint.response(200, Governorates)
def list_governorates() -> Response:
    """Every governorate: whether applications are taken for it here, and as of when it is known"""
    held = platform()

    def read(work: Any) -> tuple[dict[str, int], set[str] | None, list[dict[str, Any]]]:
        return lodging.left(work), lodging.heard(work), inquiry.as_of(work)

    left, since, standings = held.run(read, PUBLIC)
    known, joined = {one["governorate"]: one for one in standings}, boxes.public_keys(held.settings)
    rows = []
    for code, one in places.governorates().items():
        why: str | None
        if code not in joined:
            why = "governorate_not_joined"
        elif since is not None and code not in since:
            why = lodging.NOT_HEARD
        else:
            why = None if left.get(code) else "numbers_used_up"
        heard = known.get(code, {"as_of": None, "line": inquiry.DOWN})
        rows.append({"code": code, "name": dict(one.name), "takes": why is None, "why": why, "as_of": heard["as_of"],
                     "line": heard["line"]})  # fmt: skip
    return answer({"governorates": rows})


@door(blueprint, "GET", "/national/governorates/<governorate>/services", permission="guide.read")
@blueprint.arguments(ServicesAsked(), location="query")
@blueprint.response(200, OfferedPage)
def list_national_services(query: dict[str, Any], governorate: str) -> Response:
    """What a governorate offers through the portal, with what each service asks"""
    if places.governorate(governorate) is None:
        raise refuse("governorate_unknown", "governorate")
    found = platform().national.edition(governorate).find(
        query["q"], Filters(unit_kind=query["unit_kind"], channel="portal"), after=query["after"], limit=PER_PAGE)
    services = [{"code": one.code, "version": one.version, "effective_from": one.effective_from.isoformat(),
                 "definition": dict(one.document)} for one in found.entries]  # fmt: skip
    return answer({"services": services, "total": found.total, "next": found.next})


@door(blueprint, "POST", "/national/requests", permission="request.submit", media_types=JSON, idempotent=True)
@blueprint.arguments(language.LodgeNationally())
@blueprint.response(201, HandedDown)
def lodge_nationally(body: dict[str, Any]) -> Response:
    """Apply in any governorate. The tracking number is final; the application is handed to the governorate"""
    given = {**(request.get_json() or {})}
    return answer(stand_in.lodge(platform(), given, caller().actor, g.command_id), 201)


@door(blueprint, "GET", "/national/money", permission="collections.read", staff=True)
@blueprint.arguments(MoneyAsked(), location="query")
@blueprint.response(200, NationalMoney)
def show_money(query: dict[str, Any]) -> Response:
    """What governorates collected and gave back, by governorate, unit, service or day"""
    if query["until"] < query["since"]:
        raise refuse("period_reversed", "until")
    return answer(platform().run(
        lambda work: money.totals(work, query["by"], query["since"], query["until"], query["governorate"]),
        caller().actor))  # fmt: skip


def _ask(method: str, payload: dict[str, Any], **more: Any) -> dict[str, Any]:
    return platform().call(method, payload, caller().actor, timeout=UPLOAD_SECONDS, **more)


@door(blueprint, "GET", "/portal-applications", permission="offline.review")
@blueprint.arguments(reviewed.ListPortalApplications(), location="query")
@blueprint.response(200, PortalApplicationPage)
def list_portal_applications(query: dict[str, Any]) -> Response:
    """Applications of the national portal in my unit that could not be lodged as they were; nobody is named"""
    return answer(_ask("requests.portal_applications", reviewed.ListPortalApplications().dump(query)))


@door(blueprint, "GET", "/portal-applications/<uuid:application_id>", permission="offline.review")
@blueprint.response(200, PortalApplicationFileShown)
def show_portal_application(application_id: UUID) -> Response:
    """One as it was sent, and why it was not lodged. Reading it is recorded"""
    return answer(_ask("requests.portal_application", {"application_id": str(application_id)}))


@door(blueprint, "GET", "/portal-applications/<uuid:application_id>/documents/<uuid:document_id>",
      permission="offline.review")  # fmt: skip
@blueprint.response(200, {"type": "string", "format": "binary"}, content_type="application/octet-stream")
def show_portal_document(application_id: UUID, document_id: UUID) -> Response:
    """A document of an application that waits for a person. Reading it is recorded"""
    found = _ask("requests.portal_application_document",
                 {"application_id": str(application_id), "document_id": str(document_id)})  # fmt: skip
    return Response(base64.b64decode(found["content"]), content_type=found["media_type"])


@door(blueprint, "POST", "/portal-applications/<uuid:application_id>/retry", permission="offline.review",
      media_types=JSON, idempotent=True)  # fmt: skip
@blueprint.arguments(PortalRetry())
@blueprint.response(200, PortalRetried)
def retry_portal_application(body: dict[str, Any], application_id: UUID) -> Response:
    """Lodge one once more under its number, in another unit of the governorate where one is named"""
    return answer(_ask("requests.retry_portal_application", {"application_id": str(application_id), **body},
                       command_id=g.command_id))  # fmt: skip


@door(blueprint, "POST", "/portal-applications/<uuid:application_id>/closing", permission="offline.review",
      media_types=JSON, idempotent=True)  # fmt: skip
@blueprint.arguments(PortalClosing())
@blueprint.response(200, PortalClosed)
def close_portal_application(body: dict[str, Any], application_id: UUID) -> Response:
    """Close one that was dealt with otherwise, with a reason"""
    return answer(_ask("requests.close_portal_application", {"application_id": str(application_id), **body},
                       command_id=g.command_id))  # fmt: skip
