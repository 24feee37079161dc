"""What messages a citizen wants: chosen by the citizen, by a mailbox's one click, or by a clerk at the window."""

from __future__ import annotations

from typing import Any

from flask import Response, g
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from contracts.notifications_preferences import (
    CHANNELS,
    LANGUAGES,
    ChannelChoice,
    OfAddress,
    SetPreference,
    each_once,
)
from services.gateway.web import choices
from services.gateway.web.access import JSON, door
from services.gateway.web.api.answers import PREFIX, Shown, answer
from services.gateway.web.api.requests import PHONE_PARAMETER, last4
from services.gateway.web.api.shapes import text

blueprint = Blueprint("api_preferences", __name__, url_prefix=PREFIX,
                      description="What messages a citizen wants, on which channel and in which language")
_EXAMPLE = {"choices": [{"channel": "sms", "receive": True, "language": "en"},
                        {"channel": "email", "receive": False, "language": None}]}


class Choices(Schema):
    """A channel that is not named stays as it is."""

    choices = fields.List(fields.Nested(ChannelChoice), required=True, validate=[
        validate.Length(1, len(CHANNELS)), each_once])


class AddressShown(Shown):
    channel = text(validate=validate.OneOf(CHANNELS))
    address = fields.String(required=True, metadata={"description": "Masked"})
    receive = fields.Boolean(required=True, metadata={"description": "False: nothing but legal notices and codes"})
    language = fields.String(required=True, allow_none=True, validate=validate.OneOf(LANGUAGES), metadata={
        "description": "Null: the language of each request"})


class PreferencesShown(Shown):
    addresses = fields.List(fields.Nested(AddressShown), required=True)
    always = fields.Dict(required=True, metadata={"description": "What comes whatever was chosen, in both languages"})


class ChoiceMade(Shown):
    at = fields.AwareDateTime(required=True)
    door = text()
    receive = fields.Boolean(required=True)
    language = fields.String(required=True, allow_none=True)


class AddressOfClerk(AddressShown):
    history = fields.List(fields.Nested(ChoiceMade))
    always = fields.Dict()


@door(blueprint, "GET", "/requests/<tracking_number>/preferences", permission="preference.own",
      parameters=[PHONE_PARAMETER])
@blueprint.response(200, PreferencesShown)
def show_preferences(tracking_number: str) -> Response:
    """What messages I get about this request and all others at the same addresses"""
    return answer(choices.of_request(tracking_number, last4()))


@door(blueprint, "POST", "/requests/<tracking_number>/preferences", permission="preference.own", media_types=JSON,
      idempotent=True, parameters=[PHONE_PARAMETER])
@blueprint.arguments(Choices(), example=_EXAMPLE)
@blueprint.response(200, PreferencesShown)
def choose_preferences(body: dict[str, Any], tracking_number: str) -> Response:
    """Stop messages on a channel, or choose their language. Legal notices come all the same"""
    return answer(choices.choose_for_request(tracking_number, last4(), body["choices"], g.command_id))


@door(blueprint, "GET", "/preferences/<token>", permission="preference.own")
@blueprint.response(200, PreferencesShown)
def show_preferences_of_link(token: str) -> Response:
    """What messages go to the address that the message with this link went to. The token is the key; no log-in"""
    return answer(choices.of_link(token))


@door(blueprint, "POST", "/preferences/<token>", permission="preference.own", media_types=JSON, idempotent=True)
@blueprint.arguments(Choices(), example={"choices": [{"channel": "email", "receive": False, "language": None}]})
@blueprint.response(200, PreferencesShown)
def choose_by_link(body: dict[str, Any], token: str) -> Response:
    """Choose for the address that the message with this link went to"""
    return answer(choices.choose_by_link(token, body["choices"], g.command_id))


@door(blueprint, "POST", "/preferences/search", permission="preference.set", media_types=JSON, idempotent=True)
@blueprint.arguments(OfAddress(), example={"phone": "01012345678"})
@blueprint.response(200, AddressOfClerk)
def find_preference(body: dict[str, Any]) -> Response:
    """What was chosen for a phone or an e-mail address, when and through which door. The address stands in the body,
    never in an address or a log; such a look-up is recorded"""
    return answer(choices.of_address(OfAddress().dump(body)))


@door(blueprint, "POST", "/preferences", permission="preference.set", media_types=JSON, idempotent=True)
@blueprint.arguments(SetPreference(), example={"phone": "01012345678", "receive": False, "language": None})
@blueprint.response(200, AddressOfClerk)
def set_preference(body: dict[str, Any]) -> Response:
    """Set what the citizen at the window wishes; recorded with the clerk's name"""
    return answer(choices.set_for(OfAddress().dump(body), body["receive"], body["language"], g.command_id))
