"""Staff accounts, for administrators: found, made, changed, kept out; passwords, authenticators and sessions ended."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Response, g
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from services.gateway import accounts, people
from services.gateway.web.access import JSON, door
from services.gateway.web.api.answers import PREFIX, Shown, answer
from services.gateway.web.api.me import StaffSession
from services.gateway.web.api.shapes import text, text_or_none
from services.gateway.web.caller import caller
from services.gateway.web.platform import platform

blueprint = Blueprint("api_accounts", __name__, url_prefix=f"{PREFIX}/accounts",
                      description="Staff accounts, for administrators")
MANAGE = people.MANAGE
_REASON = validate.Length(1, 500)
_CHANNEL = validate.OneOf(accounts.STAFF_CHANNELS)


class AccountQuery(Schema):
    q = fields.String(load_default=None, validate=validate.Length(max=100), metadata={
        "description": "Part of the user name or of the name"})
    role = fields.String(load_default=None, validate=validate.Length(max=40))
    unit = fields.String(load_default=None, validate=validate.Length(max=20))
    active = fields.Boolean(load_default=None)
    after = fields.String(load_default=None, validate=validate.Length(max=64), metadata={
        "description": "`next` of the page before"})
    limit = fields.Integer(load_default=50, validate=validate.Range(1, people.MOST))


class AccountShown(Shown):
    account_id = fields.UUID(required=True)
    username = text()
    display_name = text()
    roles = fields.List(fields.String(), required=True)
    unit = text_or_none()
    department = text_or_none()
    window = text_or_none()
    channel = text()
    active = fields.Boolean(required=True)
    external_id = text_or_none(metadata={"description": "Who this is at the provider of single sign-on"})
    password_temporary = fields.Boolean(required=True)
    second_factor_at = fields.AwareDateTime(required=True, allow_none=True)
    created_at = fields.AwareDateTime(required=True)
    changed_at = fields.AwareDateTime(required=True)
    version = fields.Integer(required=True, metadata={"description": "Goes along with a change"})


class AccountWithSessions(AccountShown):
    sessions = fields.List(fields.Nested(StaffSession), required=True)


class AccountPage(Shown):
    accounts = fields.List(fields.Nested(AccountShown), required=True)
    next = text_or_none()


class NewAccount(Schema):
    username = fields.String(required=True, validate=validate.Length(1, 64))
    password = fields.String(required=True, validate=validate.Length(1, 200), metadata={
        "description": "Temporary: to be changed at the first log-in"})
    display_name = fields.String(required=True, validate=validate.Length(1, 200))
    roles = fields.List(fields.String(validate=validate.Length(1, 40)), required=True, validate=validate.Length(1, 10))
    unit = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=20))
    department = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=40))
    window = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=20))
    channel = fields.String(load_default="centre", validate=_CHANNEL)
    external_id = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=255))


class AccountMade(Shown):
    account_id = fields.UUID(required=True)
    username = text()


class AccountChange(Schema):
    """What is left out stays as it is."""

    version = fields.Integer(required=True, validate=validate.Range(1))
    reason = fields.String(required=True, validate=_REASON)
    display_name = fields.String(validate=validate.Length(1, 200))
    roles = fields.List(fields.String(validate=validate.Length(1, 40)), validate=validate.Length(1, 10))
    unit = fields.String(allow_none=True, validate=validate.Length(max=20))
    department = fields.String(allow_none=True, validate=validate.Length(max=40))
    window = fields.String(allow_none=True, validate=validate.Length(max=20))
    channel = fields.String(validate=_CHANNEL)
    external_id = fields.String(allow_none=True, validate=validate.Length(max=255))


class AccountChanged(Shown):
    account_id = fields.UUID(required=True)
    version = fields.Integer(required=True)


class AccountReason(Schema):
    reason = fields.String(required=True, validate=_REASON)


class AccountStanding(Shown):
    account_id = fields.UUID(required=True)
    active = fields.Boolean(required=True)


class PasswordReset(AccountReason):
    password = fields.String(required=True, validate=validate.Length(1, 200), metadata={
        "description": "Temporary: to be changed at the next log-in"})


class AccountRef(Shown):
    account_id = fields.UUID(required=True)


class SessionList(Shown):
    sessions = fields.List(fields.Nested(StaffSession), required=True)


_WHY = {"reason": "انتقل إلى إدارة أخرى"}
_ONE = "/<uuid:account_id>"


@door(blueprint, "GET", "", permission=MANAGE)
@blueprint.arguments(AccountQuery(), location="query")
@blueprint.response(200, AccountPage)
def search_accounts(query: dict[str, Any]) -> Response:
    """Find accounts by name, role, unit or state, a page at a time"""
    words = query.pop("q")
    return answer(platform().run(lambda work: people.search(work, words=words, **query), caller().actor))


@door(blueprint, "POST", "", permission=MANAGE, media_types=JSON, idempotent=True)
@blueprint.arguments(NewAccount(), example={
    "username": "salma", "password": "a temporary one", "display_name": "سلمى فؤاد", "roles": ["officer"],
    "unit": "EG-C-01", "department": "licensing"})
@blueprint.response(201, AccountMade)
def create_account(body: dict[str, Any]) -> Response:
    """Make an account whose password is to be changed at the first log-in"""
    return answer(_once("accounts.create", body, lambda work: people.create(work, body, g.command_id)), 201)


@door(blueprint, "GET", _ONE, permission=MANAGE)
@blueprint.response(200, AccountWithSessions)
def show_staff_account(account_id: UUID) -> Response:
    """One account and its open sessions"""
    return answer(platform().run(lambda work: people.one(work, account_id), caller().actor))


@door(blueprint, "POST", _ONE + "/changes", permission=MANAGE, media_types=JSON, idempotent=True)
@blueprint.arguments(AccountChange(), example={
    "version": 3, "roles": ["inspector"], "department": "engineering", **_WHY})
@blueprint.response(200, AccountChanged)
def change_account(body: dict[str, Any], account_id: UUID) -> Response:
    """Change name, roles, unit, department, window or channel; nobody changes the own roles"""
    changes = {name: value for name, value in body.items() if name in people.CHANGEABLE}
    return answer(_once("accounts.change", {"account_id": str(account_id), **body}, lambda work: people.change(
        work, account_id, body["version"], changes, body["reason"])))


@door(blueprint, "POST", _ONE + "/deactivation", permission=MANAGE, media_types=JSON, idempotent=True)
@blueprint.arguments(AccountReason(), example=_WHY)
@blueprint.response(200, AccountStanding)
def deactivate_account(body: dict[str, Any], account_id: UUID) -> Response:
    """Keep an account out and end its sessions; the last administrator stays"""
    return answer(_once("accounts.deactivate", {"account_id": str(account_id), **body},
                        lambda work: people.deactivate(work, account_id, body["reason"])))


@door(blueprint, "POST", _ONE + "/reactivation", permission=MANAGE, media_types=JSON, idempotent=True)
@blueprint.arguments(AccountReason(), example={"reason": "عاد من الإجازة الطويلة"})
@blueprint.response(200, AccountStanding)
def reactivate_account(body: dict[str, Any], account_id: UUID) -> Response:
    """Let a closed account in again"""
    return answer(_once("accounts.reactivate", {"account_id": str(account_id), **body},
                        lambda work: people.reactivate(work, account_id, body["reason"])))


@door(blueprint, "POST", _ONE + "/password", permission=MANAGE, media_types=JSON, idempotent=True)
@blueprint.arguments(PasswordReset(), example={"password": "another temporary one", "reason": "نسي كلمة المرور"})
@blueprint.response(200, AccountRef)
def reset_password(body: dict[str, Any], account_id: UUID) -> Response:
    """Give a temporary password; all sessions of the account end"""
    return answer(_once("accounts.reset_password", {"account_id": str(account_id), **body}, lambda work:
                        people.reset_password(work, account_id, body["password"], body["reason"])))


@door(blueprint, "POST", _ONE + "/authenticator-reset", permission=MANAGE, media_types=JSON, idempotent=True)
@blueprint.arguments(AccountReason(), example={"reason": "فقد هاتفه وأثبت شخصيته"})
@blueprint.response(200, AccountRef)
def reset_authenticator(body: dict[str, Any], account_id: UUID) -> Response:
    """Forget a lost authenticator; all sessions of the account end"""
    return answer(_once("accounts.reset_authenticator", {"account_id": str(account_id), **body},
                        lambda work: people.reset_second_factor(work, account_id, body["reason"])))


@door(blueprint, "GET", _ONE + "/sessions", permission=MANAGE)
@blueprint.response(200, SessionList)
def list_account_sessions(account_id: UUID) -> Response:
    """Where an account is logged in"""
    found = platform().run(lambda work: people.sessions_of(work, account_id), caller().actor)
    return answer({"sessions": found})


@door(blueprint, "DELETE", _ONE + "/sessions", permission=MANAGE)
@blueprint.response(204)
def end_account_sessions(account_id: UUID) -> Response:
    """End all sessions of an account"""
    platform().run(lambda work: people.revoke(work, account_id), caller().actor)
    return Response(status=204)


@door(blueprint, "DELETE", _ONE + "/sessions/<uuid:session_id>", permission=MANAGE)
@blueprint.response(204)
def end_account_session(account_id: UUID, session_id: UUID) -> Response:
    """End one session of an account"""
    platform().run(lambda work: people.revoke(work, account_id, session_id), caller().actor)
    return Response(status=204)


def _once(method: str, payload: dict[str, Any], work: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
    return platform().once(g.command_id, method, payload, work, caller().actor)
