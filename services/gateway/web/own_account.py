"""What somebody of the staff does about the own log-in: what the API and the pages have in common."""

from __future__ import annotations

import hashlib
from typing import Any
from uuid import UUID

from rules.refusal import Refusal, refuse
from services.gateway import accounts, second_factors, throttle
from services.gateway.web import ask
from services.gateway.web.caller import Caller, caller
from services.gateway.web.platform import platform
from services.gateway.web.sealing import seal, unseal

ENROL_SECONDS = 15 * 60
_ENROLMENT = "enrolment"


def the_staff() -> tuple[Caller, UUID, UUID]:
    """Who is logged in, the account and the session. Refuses unauthenticated."""
    who = caller()
    if not who.is_staff or who.session_id is None:
        raise refuse("unauthenticated")
    return who, UUID(who.actor.id), who.session_id


def shown() -> dict[str, Any]:
    """The own account: {account_id, username, display_name, roles, unit, department, window, channel, demand,
    second_factor: {set_up_at, codes_left, required}, sessions}. `roles` are those given, also while `demand` keeps
    from using them."""
    who, account_id, session_id = the_staff()

    def read(work: Any) -> dict[str, Any]:
        row = accounts.of_id(work, account_id)
        required = accounts.needs_second_factor(work.settings, row.roles)
        return {
            "account_id": who.actor.id, "username": row.username, "display_name": row.display_name,
            "roles": list(row.roles), "unit": row.unit, "department": row.department, "window": row.window_number,
            "channel": row.channel, "demand": who.demand,
            "second_factor": {**second_factors.state(work, account_id), "required": required},
            "sessions": accounts.sessions_of(work, account_id, session_id),
        }  # fmt: skip

    return platform().run(read, who.actor)


def change_password(old: str, new: str) -> None:
    """Refuses as accounts.change_password, and too_many_requests after too many wrong ones."""
    who, account_id, session_id = the_staff()
    _confirm(old, "old")
    platform().run(lambda work: accounts.change_password(work, account_id, old, new, session_id), who.actor)


def begin_second_factor(password: str) -> dict[str, Any]:
    """Begin to set up an authenticator, in place of one that there may be: {secret, uri, enrolment, expires_at}; the
    secret is kept nowhere but sealed in `enrolment`, which goes along with the first code. Refuses password_wrong."""
    who, account_id, _ = the_staff()
    _confirm(password, "password")
    secret = second_factors.new_secret()
    sealed = seal({"account": str(account_id), "secret": secret}, _ENROLMENT, ENROL_SECONDS)
    ends = platform().now().timestamp() + ENROL_SECONDS
    return {**_told(secret, who.username or ""), "enrolment": sealed, "expires_at": ends}


def enrolment(sealed: str) -> dict[str, Any] | None:
    """What begin_second_factor answered, again; None when its time is over or it is another account's."""
    who, account_id, _ = the_staff()
    begun = unseal(sealed, _ENROLMENT)
    if not isinstance(begun, dict) or begun.get("account") != str(account_id):
        return None
    return {**_told(begun["secret"], who.username or ""), "enrolment": sealed}


def finish_second_factor(sealed: str, code: str) -> list[str]:
    """The authenticator's first code: from now on log-in demands one. Answers the codes on paper, once; all other
    sessions end. Refuses enrolment_over, second_factor_wrong, too_many_requests."""
    who, account_id, session_id = the_staff()
    begun = enrolment(sealed)
    if begun is None:
        raise refuse("enrolment_over", "code")
    claim = (throttle.SECOND_FACTOR, str(account_id))
    held = platform()
    held.run(lambda work: throttle.check(work, claim), who.actor)

    def run(work: Any) -> list[str]:
        codes = second_factors.set_up(work, account_id, begun["secret"], code[:40])
        accounts.strengthen(work, session_id, accounts.TOTP)
        accounts.end_sessions(work, account_id, keep=session_id)
        return codes

    try:
        return held.run(run, who.actor)
    except Refusal as refusal:
        if refusal.code == "second_factor_wrong":
            held.run(lambda work: throttle.failed(work, claim), who.actor)
        raise


def renew_codes(code: str) -> list[str]:
    """New codes on paper in place of the old ones, for a code of the app. Refuses second_factor_missing and
    second_factor_wrong."""
    who, account_id, _ = the_staff()
    if not platform().run(lambda work: second_factors.exists(work, account_id), who.actor):
        raise refuse("second_factor_missing", "code")
    ask.check_second_factor(account_id, code)
    return platform().run(lambda work: second_factors.renew_codes(work, account_id), who.actor)


def end_session(session_id: UUID) -> None:
    """End one of the own sessions."""
    who, account_id, _ = the_staff()
    platform().run(lambda work: accounts.end_session(work, account_id, session_id), who.actor)


def end_other_sessions() -> None:
    """End all own sessions but this one."""
    who, account_id, session_id = the_staff()
    platform().run(lambda work: accounts.end_sessions(work, account_id, keep=session_id), who.actor)


def stamp_of(row: Any) -> str:
    """A mark of an account's password: what was begun with one password is not finished after it changed."""
    return hashlib.sha256(row.password_hash.encode()).hexdigest()[:16]


def _confirm(password: str, field: str) -> None:
    """Whoever sits down at an open screen does not know the password. Refuses password_wrong."""
    who, _, _ = the_staff()
    try:
        ask.check_password(who.username or "", password)
    except Refusal as refusal:
        if refusal.code == "login_failed":
            raise refuse("password_wrong", field) from None
        raise


def _told(secret: str, username: str) -> dict[str, str]:
    issuer = f"Shubbak {platform().settings.node}"
    return {"secret": secret, "uri": second_factors.address_of(secret, username, issuer)}
