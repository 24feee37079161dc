"""What concerns the whole country at a door of either role: the inquiry by a number of any governorate, and whose
service an address at the centre means.

A node that is asked about another governorate's number asks the centre over HTTPS. Nothing of its own database is held
open meanwhile, and the answer is kept nowhere. It says who asks it, signed with its key of the line, so that the centre
counts failures by the visitor who made them and not by the node. A number of its own that it does not know may be one
that the national portal gave and that has not come down yet: about such a one it asks the centre too.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import orjson
import requests
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from flask import request

from chassis.actors import PUBLIC
from chassis.config import Mode, Settings, decode_keyring
from chassis.errors import ConfigurationError
from chassis.within import within
from rules import numbering, places
from rules.arabic import western_digits
from rules.refusal import Refusal, refuse
from services.gateway import throttle
from services.gateway.link import peers
from services.gateway.national import guide, inquiry
from services.gateway.web import ask
from services.gateway.web.platform import platform

HEADER = "X-Shubbak-Node"
SECONDS = 2.0
"""How long a node waits for the centre in all."""
LATE = 300
"""Seconds by which the clocks of node and centre may differ."""
LARGEST = 64 * 1024
_NEAR = ("localhost", "127.0.0.1", "::1")
_PURPOSE = b"shubbak-inquiry-asked-1\0"
_LAST4 = re.compile(r"[0-9]{4}")
_CLIENT = re.compile(r"[0-9a-f]{16,64}")
_TOLD = ("tracking_number", "governorate", "governorate_name", "unit", "service_code", "service_name", "state",
         "state_kind", "state_name", "department", "lodged_at", "due_on", "applicant_until", "clock", "outcome",
         "changed_at", "portal", "as_of", "line")  # fmt: skip


def unit_asked(code: str) -> str:
    """The unit that an address of a service names; empty where it names none."""
    at = guide.parse(code) if platform().at_centre else None
    return (at.unit or "") if at else ""


def governorate_asked() -> str | None:
    """At the centre the governorate whose service the address of this request means; None otherwise."""
    if not platform().at_centre:
        return None
    at = guide.parse(str((request.view_args or {}).get("code", "")))
    return at.governorate if at else None


def check(settings: Settings) -> None:
    """ConfigurationError where CENTRE_URL is set and cannot be asked: https only, http on this machine in demo and
    training."""
    url = settings.env("CENTRE_URL")
    if not url:
        return
    parts = urlsplit(url)
    near = settings.mode is not Mode.PRODUCTION and parts.scheme == "http" and parts.hostname in _NEAR
    if parts.scheme != "https" and not near:
        raise ConfigurationError("SHUBBAK_CENTRE_URL must be an https address")


def of_another_governorate(tracking_number: str) -> str | None:
    """The other governorate that a number carries, where this is a node that can ask the centre; None otherwise."""
    return inquiry.elsewhere(platform().settings, tracking_number)


def inquire(tracking_number: str, phone_last4: str | None) -> dict[str, Any]:
    """Where a request of any governorate stands (inquiry.find), for whoever knows its number and digits. Refused and
    counted as the inquiry of a node is (ask.inquire): tracking_unknown, too_many_requests; where this node cannot ask
    the centre asked_at_the_centre and, of a number of its own, not_known_here."""
    if not platform().at_centre and of_another_governorate(tracking_number) is None:
        found = ask.inquire("requests.status", tracking_number, phone_last4, instead=at_the_portal)
        return found if from_the_centre(found) else _own(found)
    digits = western_digits(phone_last4 or "").strip()
    if not digits:
        raise refuse("field_required", "phone_last4")
    number = _number(tracking_number)
    held = platform()
    claims = ((throttle.INQUIRY_ADDRESS, _who(number, digits)), (throttle.INQUIRY_NUMBER, number))
    held.run(lambda work: throttle.check(work, *claims), PUBLIC)
    try:
        if not _LAST4.fullmatch(digits):
            raise refuse("tracking_unknown")
        return _find(number, digits)
    except Refusal as refusal:
        if refusal.code != "tracking_unknown":
            raise
        held.run(lambda work: throttle.failed(work, *claims), PUBLIC)
        raise refuse("tracking_unknown") from None


def _number(typed: str) -> str:
    try:
        return numbering.parse_tracking(typed)
    except Refusal:
        return typed.strip()[:40]


def _find(number: str, digits: str) -> dict[str, Any]:
    held = platform()
    if held.at_centre:
        return held.run(lambda work: inquiry.find(work, number, digits), PUBLIC)
    return _ask_centre(number, digits)


def at_the_portal(number: str, digits: str) -> dict[str, Any]:
    """How far an application of the national portal is that this node has not lodged yet, as the centre says. Of what
    is lodged only the node speaks: its word about the digits counts. Refuses tracking_unknown, too_many_requests;
    not_known_here, for any number and digits alike, where the centre cannot be asked."""
    if not inquiry.may_wait_at_centre(platform().settings, number):
        raise refuse("tracking_unknown")
    try:
        found = _ask_centre(number, digits)
    except Refusal as refusal:
        if refusal.code != "asked_at_the_centre":
            raise
        raise refuse("not_known_here") from refusal
    if found["portal"] in (None, inquiry.LODGED):
        raise refuse("tracking_unknown")
    return found


def from_the_centre(found: Mapping[str, Any]) -> bool:
    """Whether an answer to an inquiry is the centre's and not this node's own."""
    return "line" in found


def _own(found: dict[str, Any]) -> dict[str, Any]:
    """A request of this node as the national inquiry tells it: of this moment."""
    node = platform().settings.node
    return {**{name: found.get(name) for name in _TOLD}, "governorate": node, "portal": None, "line": inquiry.UP,
            "governorate_name": dict(places.governorates()[node].name), "changed_at": None}  # fmt: skip


# -- a node asks -----------------------------------------------------------------------------------------------------


def _ask_centre(number: str, digits: str) -> dict[str, Any]:
    held = platform()
    url = (held.settings.env("CENTRE_URL") or "").rstrip("/")
    away = refuse("asked_at_the_centre", **inquiry.names(inquiry.governorate_of(number)))
    client = held.privacy.lookup(ask.address(), "gateway.inquiry.asked").hex()
    headers = {"X-Phone-Last4": digits, "Accept": "application/json", **_signed(number, digits, client)}
    try:
        with within(SECONDS), requests.get(
            f"{url}/api/v1/national/requests/{number}", headers=headers, timeout=SECONDS, allow_redirects=False,
            stream=True, verify=held.settings.env("CENTRE_CA") or True,
        ) as answered:  # fmt: skip
            body = answered.raw.read(LARGEST + 1, decode_content=True)
    except (requests.RequestException, OSError) as error:  # TimeoutError is one
        raise away from error
    if answered.status_code == 404:
        raise refuse("tracking_unknown")
    if answered.status_code == 429:
        wait = answered.headers.get("Retry-After", "")
        raise refuse("too_many_requests", seconds=int(wait) if wait.isdecimal() and len(wait) < 6 else 60)
    found = _read(body) if answered.status_code == 200 else None
    if found is None or found["tracking_number"] != number:
        raise away
    return found


def _read(body: bytes) -> dict[str, Any] | None:
    """The answer of the centre, of what the pages tell; None for what is none."""
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(found, dict) or not set(_TOLD) <= found.keys():
        return None
    return {name: found[name] for name in _TOLD}


def _signed(number: str, digits: str, client: str) -> dict[str, str]:
    settings = platform().settings
    keys = decode_keyring(settings.env("LINK_SIGNING_KEY") or "") if settings.env("LINK_SIGNING_KEY") else {}
    if not keys:
        return {}
    key_id, private = next(iter(keys.items()))
    told = f"{settings.node};{key_id};{int(platform().now().timestamp())};{client}"
    signature = Ed25519PrivateKey.from_private_bytes(private).sign(_text(told, number, digits))
    return {HEADER: f"{told};{base64.b64encode(signature).decode()}"}


def _text(told: str, number: str, digits: str) -> bytes:
    return _PURPOSE + "\0".join((told, number, digits)).encode()


# -- the centre is asked ---------------------------------------------------------------------------------------------


def _who(number: str, digits: str) -> str:
    """For whom a failure is counted: the address, or the visitor of a node that says so with its signature."""
    told = request.headers.get(HEADER, "")
    if not platform().at_centre or told.count(";") != 4 or len(told) > 400:
        return ask.address()
    said, _, signature = told.rpartition(";")
    node, key_id, moment, client = said.split(";")
    late = abs(int(moment) - platform().now().timestamp()) if moment.isdecimal() and len(moment) < 12 else LATE + 1
    if late > LATE or not _CLIENT.fullmatch(client) or node not in places.governorates():
        return ask.address()
    known = platform().run(lambda work: peers.keys(work, node), PUBLIC).get(key_id)
    if known is None or known.revoked_from is not None:
        return ask.address()
    try:
        Ed25519PublicKey.from_public_bytes(known.public).verify(
            base64.b64decode(signature, validate=True), _text(said, number, digits))
    except (InvalidSignature, ValueError, binascii.Error):
        return ask.address()
    return f"{node}/{client}"
