"""Who stands at the door: staff or a citizen by a session, a partner by a key, otherwise a visitor. The API knows
bearer tokens only and the pages cookies only, so a page of another site can never act through the API."""

from __future__ import annotations

import base64
import hmac
import secrets
from dataclasses import dataclass
from typing import cast
from uuid import UUID

from flask import Response, g, request

from chassis.actors import PUBLIC, Actor
from rules.refusal import Refusal, refuse
from services.gateway import accounts, citizens, partners
from services.gateway.citizens import Citizen
from services.gateway.web.compressing import holds_a_secret
from services.gateway.web.platform import platform

STAFF_COOKIE = "shubbak_staff"
CITIZEN_COOKIE = "shubbak_citizen"
CITIZENS_PAGES = "citizens"  # the pages on which the citizen counts, whoever of the staff is logged in beside
VISITOR_COOKIE = "shubbak_visitor"
CSRF_FIELD = "csrf"


@dataclass(frozen=True, slots=True)
class Caller:
    """`token` is the session's, `key` what idempotency keys are kept apart by; `demand` what is to be done before
    anything else (accounts.Staff), `per_minute` how much a partner's key may ask."""

    actor: Actor
    token: str | None = None
    username: str | None = None
    window: str | None = None
    citizen: Citizen | None = None
    session_id: UUID | None = None
    demand: str | None = None
    per_minute: int | None = None

    @property
    def is_staff(self) -> bool:
        return self.actor.kind == "staff"

    @property
    def key(self) -> str:
        return self.actor.id if self.is_known else "public"

    @property
    def is_known(self) -> bool:
        """Whether an account or a partner's key stands behind it."""
        return self.is_staff or self.citizen is not None or self.actor.kind == "partner"


VISITOR = Caller(PUBLIC)
SIGNED = Caller(Actor(id="rail", kind="rail", roles=("rail",)))
DEVICE = Caller(Actor(id="device", kind="device", roles=("device",)))
PROVIDER = Caller(Actor(id="provider", kind="provider", roles=("provider",)))


def sender(permission: str) -> Caller:
    """As whom a signed message comes: as what its door is there for."""
    if permission == "device.contact":
        return DEVICE
    return PROVIDER if permission == "message.receipt" else SIGNED


def caller() -> Caller:
    return cast(Caller, g.caller)


def turned_away(permission: str) -> Refusal:
    """The refusal of a caller who may not do this. The door records each one when it answers (app)."""
    who = caller()
    g.denied_permission = permission
    if who.demand:
        return refuse(who.demand)
    if who.is_staff or who.actor.kind == "partner":
        return refuse("forbidden")
    # On the pages a citizen may log in as somebody else; a program's token stays what it is.
    return refuse("forbidden" if who.citizen and request.path.startswith("/api/") else "unauthenticated")


def identify(*, api: bool) -> Caller:
    """The caller of this request. An API token that no longer holds is refused; a page's cookie is just forgotten."""
    if api:
        header = request.headers.get("Authorization", "")
        if not header:
            return VISITOR
        scheme, _, token = header.partition(" ")
        found = _holder(token.strip()) if scheme.lower() == "bearer" else None
        if found is None:
            raise refuse("unauthenticated", "Authorization")
        return found
    of_staff, of_citizen = request.cookies.get(STAFF_COOKIE, ""), request.cookies.get(CITIZEN_COOKIE, "")
    tokens = [of_citizen] if request.blueprint == CITIZENS_PAGES else [of_staff, of_citizen]
    return next((found for token in tokens if token and (found := _holder(token))), VISITOR)


def _holder(token: str) -> Caller | None:
    if partners.is_key(token):
        return _partner(token) if request.path.startswith("/api/") else None
    if not citizens.is_token(token):
        return _staff(token)
    citizen = platform().run(lambda work: citizens.citizen_of(work, token), PUBLIC)
    return Caller(citizen.actor, token, citizen=citizen) if citizen else None


def _staff(token: str) -> Caller | None:
    held = platform()
    staff = held.run(lambda work: accounts.staff_of(work, token, held.now()), PUBLIC)
    if staff is None:
        return None
    return Caller(staff.actor, token, staff.username, staff.window, session_id=staff.session_id, demand=staff.demand)


def _partner(key: str) -> Caller | None:
    partner = platform().run(lambda work: partners.partner_of(work, key), PUBLIC)
    return Caller(partner.actor, per_minute=partner.per_minute) if partner else None


# -- forms of the pages ----------------------------------------------------------------------------------------------


def visitor_token() -> str:
    """The random value that ties this browser's forms to it; made on first need and set by `keep_visitor`."""
    if "visitor" not in g:
        known = request.cookies.get(VISITOR_COOKIE, "")
        g.visitor_is_new = not 20 <= len(known) <= 100
        g.visitor = secrets.token_urlsafe(24) if g.visitor_is_new else known
    return cast(str, g.visitor)


def csrf_token() -> str:
    """The token that every form of this browser carries. It changes at log-in and log-out. It outlives a citizen's
    session, which ends while a long form is filled in."""
    holds_a_secret()
    bound = visitor_token() + "\n" + ((caller().token or "") if caller().is_staff else "")
    return base64.urlsafe_b64encode(platform().privacy.lookup(bound, "gateway.csrf")).decode().rstrip("=")


def renew_visitor() -> None:
    """Let go of the value that ties this browser's forms to it: somebody else may stand there now."""
    g.visitor, g.visitor_is_new = secrets.token_urlsafe(24), True


def check_csrf() -> None:
    """Refuse `form_expired` unless the form came from a page of ours in this browser."""
    if not hmac.compare_digest(request.form.get(CSRF_FIELD, "").encode(), csrf_token().encode()):
        raise refuse("form_expired")


def keep_visitor(response: Response) -> None:
    if g.get("visitor_is_new"):
        set_cookie(response, VISITOR_COOKIE, g.visitor)


def set_cookie(response: Response, name: str, value: str, *, seconds: int | None = None) -> None:
    """A cookie that scripts cannot read and other sites cannot send along with a form."""
    response.set_cookie(name, value, max_age=seconds, httponly=True, secure=request.is_secure, samesite="Lax", path="/")
