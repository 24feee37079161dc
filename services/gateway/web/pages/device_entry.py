"""A device of the field app is made known from a desk by the text that it shows; and what has come of each."""

from __future__ import annotations

import secrets
from typing import Any
from uuid import UUID

import orjson
from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from marshmallow import EXCLUDE, ValidationError

from contracts.requests_mobile import RegisterDevice
from rules.refusal import Fault, Refusal
from services.gateway import colleagues
from services.gateway.web.access import FORM, door
from services.gateway.web.caller import caller
from services.gateway.web.pages import kept
from services.gateway.web.pages.public import LANG
from services.gateway.web.platform import platform

blueprint = Blueprint("device_entry", __name__)
MANAGE = "device.manage"
_DEVICES = LANG + "/staff/devices"


@door(blueprint, "GET", _DEVICES + "/new", permission=MANAGE)
def show_new() -> str:
    return _new([], "")


@door(blueprint, "POST", _DEVICES + "/new", permission=MANAGE, media_types=FORM, csrf=True)
def register() -> ResponseReturnValue:
    """Make a device known by the text that it shows: its name, its unit, its key and the proof that it holds it."""
    typed = request.form.get("registration", "").strip()[:4000]
    body = read(typed)
    if body is None:
        return _new([Fault("device_text_unreadable", "registration")], typed), 422
    try:
        made = platform().call("requests.register_device", body, caller().actor, command_id=kept.once("device"))
    except Refusal as refusal:
        if refusal.code == "forbidden":
            raise
        return _new([Fault(one.code, "registration", one.params) for one in refusal.faults], typed), 422
    return redirect(url_for("devices.show", device_id=made["device_id"]), 303)


@door(blueprint, "GET", _DEVICES + "/<uuid:device_id>/items", permission="offline.read")
def show_items(device_id: UUID) -> str:
    """What a device uploaded, how much of it was applied, and which of its numbers never came. It names nobody's
    request."""
    sent = platform().call("requests.device_items", {"device_id": str(device_id)}, caller().actor)
    clerks = [one["clerk_id"] for one in sent["items"]]
    names = platform().run(lambda work: colleagues.names(work, clerks), caller().actor)
    return render_template("staff/device_items.html", sent=sent, names=names)


def read(typed: str) -> dict[str, Any] | None:
    """What a device shows to be registered by, as the command takes it; None for any other text."""
    try:
        found: dict[str, Any] = RegisterDevice(unknown=EXCLUDE).load(orjson.loads(typed))
    except (orjson.JSONDecodeError, ValidationError):
        return None
    return found


def _new(faults: list[Fault], typed: str) -> str:
    return render_template("staff/device_new.html", faults=faults, typed=typed, once=secrets.token_urlsafe(18))
