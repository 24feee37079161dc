"""Keys of partners, for administrators."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response, g
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from services.gateway import partners
from services.gateway.web.access import JSON, door
from services.gateway.web.api.accounts import AccountReason
from services.gateway.web.api.answers import PREFIX, Shown, answer
from services.gateway.web.api.shapes import text, text_or_none
from services.gateway.web.caller import caller
from services.gateway.web.platform import platform

blueprint = Blueprint("api_keys", __name__, url_prefix=f"{PREFIX}/keys",
                      description="Keys of partners: what a program of another body may ask")


class NewKey(Schema):
    name = fields.String(required=True, validate=validate.Length(1, 120))
    scopes = fields.List(fields.String(validate=validate.Length(1, 40)), required=True, validate=validate.Length(1, 20))
    units = fields.List(fields.String(validate=validate.Length(1, 20)), load_default=None, allow_none=True,
                        validate=validate.Length(max=100), metadata={"description": "None: the whole governorate"})
    days = fields.Integer(load_default=365, validate=validate.Range(1, partners.LONGEST_DAYS))
    per_minute = fields.Integer(load_default=partners.PER_MINUTE, validate=validate.Range(1, partners.MOST_PER_MINUTE))


class KeyShown(Shown):
    key_id = fields.UUID(required=True)
    name = text()
    prefix = text(metadata={"description": "How the key begins"})
    scopes = fields.List(fields.String(), required=True)
    units = fields.List(fields.String(), required=True, allow_none=True)
    per_minute = fields.Integer(required=True)
    made_at = fields.AwareDateTime(required=True)
    made_by = text()
    expires_at = fields.AwareDateTime(required=True)
    used_at = fields.AwareDateTime(required=True, allow_none=True)
    revoked_at = fields.AwareDateTime(required=True, allow_none=True)
    revoked_by = text_or_none()
    revoked_because = text_or_none()


class KeyMade(KeyShown):
    key = text_or_none(metadata={"description": "Shown this once; none where the same wish comes again"})


class KeyList(Shown):
    keys = fields.List(fields.Nested(KeyShown), required=True)
    scopes = fields.List(fields.String(), required=True, metadata={"description": "What a key may be given"})


class KeyRevoked(Shown):
    key_id = fields.UUID(required=True)
    revoked_at = fields.AwareDateTime(required=True)


@door(blueprint, "GET", "", permission=partners.MANAGE)
@blueprint.response(200, KeyList)
def list_keys() -> Response:
    """All keys, and what a key may be given"""
    found = platform().run(partners.all_keys, caller().actor)
    return answer({"keys": found, "scopes": list(partners.scopes())})


@door(blueprint, "POST", "", permission=partners.MANAGE, media_types=JSON, idempotent=True)
@blueprint.arguments(NewKey(), example={"name": "بنك النيل", "scopes": ["licence.verify"], "units": None, "days": 365,
                                        "per_minute": 300})
@blueprint.response(201, KeyMade)
def make_key(body: dict[str, Any]) -> Response:
    """Make a key; it is shown this once"""
    made: dict[str, str] = {}  # beside the answer, which is stored: of the key nothing but its hash is

    def run(work: Any) -> dict[str, Any]:
        found = partners.make(work, body, g.command_id)
        made["key"] = found.pop("key")
        return found

    found = platform().once(g.command_id, "keys.make", body, run, caller().actor)
    shown = made.get("key", "")
    return answer({**found, "key": shown if shown.startswith(found["prefix"]) else None}, 201)


@door(blueprint, "POST", "/<uuid:key_id>/revocation", permission=partners.MANAGE, media_types=JSON, idempotent=True)
@blueprint.arguments(AccountReason(), example={"reason": "انتهى التعاقد مع الجهة"})
@blueprint.response(200, KeyRevoked)
def revoke_key(body: dict[str, Any], key_id: UUID) -> Response:
    """End a key, at once"""
    return answer(platform().once(g.command_id, "keys.revoke", {"key_id": str(key_id), **body},
                                  lambda work: partners.revoke(work, key_id, body["reason"]), caller().actor))
