"""Citizens log in here by a one-time code and see their own requests; a clerk binds a phone to a number."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response, g
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from contracts.requests_own import OwnRequests
from services.gateway.web import citizens
from services.gateway.web.access import JSON, door
from services.gateway.web.api.answers import PREFIX, Shown, answer
from services.gateway.web.api.finding import Found
from services.gateway.web.api.shapes import StillOpen, text, text_or_none

blueprint = Blueprint("api_citizens", __name__, url_prefix=f"{PREFIX}/citizens",
                      description="Citizens' accounts: log in by a one-time code, own requests, binding at a window")

_CARD = validate.Length(max=40)


class CodeAsked(Schema):
    """Exactly one of `national_id` and `passport`."""

    national_id = fields.String(load_default=None, allow_none=True, validate=_CARD)
    passport = fields.String(load_default=None, allow_none=True, validate=_CARD)
    phone = fields.String(required=True, validate=validate.Length(1, 40))
    language = fields.String(load_default="ar", validate=validate.OneOf(("ar", "en")))


class CodeSent(Shown):
    challenge_id = fields.UUID(required=True)
    expires_at = fields.AwareDateTime(required=True)
    resend_at = fields.AwareDateTime(required=True)


class CodeGiven(Schema):
    challenge_id = fields.UUID(required=True)
    code = fields.String(required=True, validate=validate.Length(1, 40))


class CitizenSession(Shown):
    session_id = fields.UUID(required=True)
    telephone = fields.Boolean(required=True)
    opened_at = fields.AwareDateTime(required=True)
    seen_at = fields.AwareDateTime(required=True)
    expires_at = fields.AwareDateTime(required=True)
    this = fields.Boolean(required=True)


class CitizenAccount(Shown):
    account_id = fields.UUID(required=True)
    card = fields.String(required=True, validate=validate.OneOf(("national_id", "passport")))
    number = fields.String(required=True, metadata={"description": "Masked"})
    phone = fields.String(required=True, metadata={"description": "Masked"})
    bound = fields.Boolean(required=True, metadata={
        "description": "Whether the phone was bound to the number at a window, so that all its requests are seen"})
    sessions = fields.List(fields.Nested(CitizenSession), required=True)


class CitizenLoggedIn(Shown):
    token = text()
    expires_at = fields.AwareDateTime(required=True)
    account = fields.Nested(CitizenAccount, required=True)


class OwnRequest(Found):
    class Meta(Found.Meta):
        exclude = ("applicant",)

    lodged_here = fields.Boolean(required=True, metadata={"description": "Lodged from this account"})
    visit = fields.Nested(StillOpen, required=True, allow_none=True, metadata={
        "description": "The visit of the mobile district that is still to come; `on` is its day"})
    complaint = fields.Nested(StillOpen, required=True, allow_none=True, metadata={
        "description": "The complaint that is not answered yet; `on` is the day of its answer"})


class OwnPage(Shown):
    requests = fields.List(fields.Nested(OwnRequest), required=True, validate=validate.Length(max=50))
    next = text_or_none()


class Paging(OwnRequests):
    class Meta:
        fields = ("after", "limit")


class BindingAsked(CodeAsked):
    """`reason`: why another phone of the person, or another person of the phone, gives way. Without it nobody does."""

    reason = fields.String(load_default=None, allow_none=True, validate=validate.Length(10, 500))


class Confirmation(Schema):
    code = fields.String(required=True, validate=validate.Length(1, 40))


class Bound(Shown):
    account_id = fields.UUID(required=True)
    bound_at = fields.AwareDateTime(required=True)
    replaced = fields.Integer(required=True, metadata={"description": "How many accounts gave way"})


_PERSON = {"national_id": "28503150101232", "phone": "01012345678"}


@door(blueprint, "POST", "/codes", permission="code.use", media_types=JSON, idempotent=True)
@blueprint.arguments(CodeAsked(), example=_PERSON)
@blueprint.response(202, CodeSent)
def send_code(body: dict[str, Any]) -> Response:
    """Have a one-time code sent to a mobile. The answer is the same for every number, whether it has an account or not;
    429 with Retry-After says how often codes went to it and from here, and nothing else"""
    return answer(citizens.ask_for_code(body, body["language"], g.command_id), 202)


@door(blueprint, "POST", "/sessions", permission="code.use", media_types=JSON)
@blueprint.arguments(CodeGiven(), example={"challenge_id": "01980c5e-7c00-7000-8000-000000000001", "code": "482915"})
@blueprint.response(201, CitizenLoggedIn)
def open_citizen_session(body: dict[str, Any]) -> Response:
    """Log in with a code: a token for `Authorization: Bearer`, for 4 hours, or until it was not used for 30 minutes"""
    token, ends, who = citizens.log_in(body["challenge_id"], body["code"])
    return answer({"token": token, "expires_at": ends.isoformat(), "account": citizens.account(who)}, 201)


@door(blueprint, "DELETE", "/sessions", permission="request.own")
@blueprint.response(204)
def close_citizen_session() -> Response:
    """Log out: the token stops working at once"""
    who = citizens.the_citizen()
    citizens.end_session(who, who.session_id)
    return Response(status=204)


@door(blueprint, "DELETE", "/sessions/<uuid:session_id>", permission="request.own")
@blueprint.response(204)
def end_citizen_session(session_id: UUID) -> Response:
    """End another session of the own account"""
    citizens.end_session(citizens.the_citizen(), session_id)
    return Response(status=204)


@door(blueprint, "GET", "/account", permission="request.own")
@blueprint.response(200, CitizenAccount)
def show_account() -> Response:
    """The own account and its open sessions"""
    return answer(citizens.account(citizens.the_citizen()))


@door(blueprint, "GET", "/requests", permission="request.own")
@blueprint.arguments(Paging(), location="query")
@blueprint.response(200, OwnPage)
def list_own_requests(query: dict[str, Any]) -> Response:
    """The own requests: those lodged from this account; all of the card's number once the phone is bound to it"""
    after = str(query["after"]) if query.get("after") else None
    return answer(citizens.own_requests(citizens.the_citizen(), after, query["limit"]))


@door(blueprint, "POST", "/bindings", permission="citizen.bind", media_types=JSON, idempotent=True)
@blueprint.arguments(BindingAsked(), example=_PERSON)
@blueprint.response(202, CodeSent)
def begin_binding(body: dict[str, Any]) -> Response:
    """Having seen the card, have a code sent to the phone that is to be bound to its number"""
    return answer(citizens.begin_binding(body, body["reason"], body["language"], g.command_id), 202)


@door(blueprint, "POST", "/bindings/<uuid:challenge_id>/confirmation", permission="citizen.bind", media_types=JSON,
      idempotent=True)  # fmt: skip
@blueprint.arguments(Confirmation(), example={"code": "482915"})
@blueprint.response(201, Bound)
def bind_phone(body: dict[str, Any], challenge_id: UUID) -> Response:
    """Bind the phone whose code the citizen read out"""
    return answer(citizens.bind(challenge_id, body["code"], g.command_id), 201)
