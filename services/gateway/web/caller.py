"""Who stands at the door: staff by a session, otherwise a visitor. The API knows bearer tokens only and the pages
cookies only, so a page of another site can never act through the API."""

from __future__ import annotations

import base64
import hmac
import secrets
from dataclasses import dataclass
from typing import cast

from flask import Response, g, request

from chassis.actors import PUBLIC, Actor
from rules.refusal import Refusal, refuse
from services.gateway import accounts
from services.gateway.web.platform import platform

STAFF_COOKIE = "shubbak_staff"
VISITOR_COOKIE = "shubbak_visitor"
CSRF_FIELD = "csrf"


@dataclass(frozen=True, slots=True)
class Caller:
    """`token` is the staff session's, `key` what idempotency keys are kept apart by."""

    actor: Actor
    token: str | None = None
    username: str | None = None
    window: str | None = None

    @property
    def is_staff(self) -> bool:
        return self.actor.kind == "staff"

    @property
    def key(self) -> str:
        return self.actor.id if self.is_staff else "public"


VISITOR = Caller(PUBLIC)
SIGNED = Caller(Actor(id="rail", kind="rail", roles=("rail",)))


def caller() -> Caller:
    return cast(Caller, g.caller)


def turned_away(permission: str) -> Refusal:
    """The refusal of a caller who may not do this. That somebody of the staff tried is recorded; visitors, who may try
    without end, are not."""
    who = caller()
    if not who.is_staff:
        return refuse("unauthenticated")
    platform().run(lambda work: work.deny(permission, request.endpoint or ""), who.actor)
    return refuse("forbidden")


def identify(*, api: bool) -> Caller:
    """The caller of this request. An API token that no longer holds is refused; a page's cookie is just forgotten."""
    if api:
        header = request.headers.get("Authorization", "")
        if not header:
            return VISITOR
        scheme, _, token = header.partition(" ")
        found = _staff(token.strip()) if scheme.lower() == "bearer" else None
        if found is None:
            raise refuse("unauthenticated", "Authorization")
        return found
    token = request.cookies.get(STAFF_COOKIE, "")
    return (token and _staff(token)) or VISITOR


def _staff(token: str) -> Caller | None:
    held = platform()
    staff = held.run(lambda work: accounts.staff_of(work, token, held.now()), PUBLIC)
    return Caller(staff.actor, token, staff.username, staff.window) if staff else None


# -- forms of the pages ----------------------------------------------------------------------------------------------


def visitor_token() -> str:
    """The random value that ties this browser's forms to it; made on first need and set by `keep_visitor`."""
    if "visitor" not in g:
        known = request.cookies.get(VISITOR_COOKIE, "")
        g.visitor_is_new = not 20 <= len(known) <= 100
        g.visitor = secrets.token_urlsafe(24) if g.visitor_is_new else known
    return cast(str, g.visitor)


def csrf_token() -> str:
    """The token that every form of this browser carries. It changes at log-in and log-out."""
    bound = visitor_token() + "\n" + (caller().token or "")
    return base64.urlsafe_b64encode(platform().privacy.lookup(bound, "gateway.csrf")).decode().rstrip("=")


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
