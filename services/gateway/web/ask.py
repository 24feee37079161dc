"""Questions that both the API and the pages ask, with the same guard before each: the public inquiry, the verification
of a licence and log-in."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from flask import request

from chassis.actors import PUBLIC
from rules import numbering, one_time_codes
from rules.arabic import western_digits
from rules.refusal import Refusal, refuse
from services.gateway import accounts, second_factors, throttle
from services.gateway.national import inquiry
from services.gateway.web.caller import caller, turned_away
from services.gateway.web.platform import CALL_SECONDS, platform

_LAST4 = re.compile(r"[0-9]{4}")


def address() -> str:
    """Where the request came from, as far as the proxies that are trusted say; of IPv6 the network that one subscriber
    has, or a guesser would come from another address each time."""
    return _counted(request.remote_addr or "unknown")


# Asked twice a request; reading an address costs more than all else that counting one takes.
_counted = lru_cache(maxsize=4096)(one_time_codes.counted_address)


def inquire(
    method: str,
    tracking_number: str,
    phone_last4: str | None,
    *,
    command_id: UUID | None = None,
    timeout: float = CALL_SECONDS,
    instead: Callable[[str, str], dict[str, Any]] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """Ask about one request in the public's name. Wrong digits and an unknown number are refused alike, and both count
    as a failure of this address and of this number; too many refuse `too_many_requests`. `instead` answers for number
    and digits that are not known here; whatever it refuses counts as a failure too."""
    digits = western_digits(phone_last4 or "").strip()
    if not digits:
        raise refuse("field_required", "phone_last4")
    number = _number(tracking_number)
    held = platform()
    if other := inquiry.elsewhere(held.settings, number):  # what is done about it is done there
        raise refuse("number_of_another_governorate", "tracking_number", **inquiry.names(other))
    claims = ((throttle.INQUIRY_ADDRESS, address()), (throttle.INQUIRY_NUMBER, number))
    held.run(lambda work: throttle.check(work, *claims), PUBLIC)
    try:
        if not _LAST4.fullmatch(digits):
            raise refuse("tracking_unknown")
        return held.call(
            method,
            {"tracking_number": number, "phone_last4": digits, **more},
            caller().actor,
            command_id=command_id,
            timeout=timeout,
        )
    except Refusal as refusal:
        if refusal.code != "tracking_unknown":
            raise
        told = refuse("tracking_unknown")
        if instead is not None and _LAST4.fullmatch(digits):
            try:
                return instead(number, digits)
            except Refusal as also:
                told = also
        held.run(lambda work: throttle.failed(work, *claims), PUBLIC)
        raise told from None


def _number(text: str) -> str:
    """The number as it is stored; what cannot be one goes on as typed and is refused as unknown."""
    try:
        return numbering.parse_tracking(text)
    except Refusal:
        return text.strip()[:40]


def complaint(number: str, phone_last4: str | None) -> dict[str, Any]:
    """Ask where a complaint stands, guarded as the inquiry is: wrong digits and unknown numbers count alike."""
    digits = western_digits(phone_last4 or "").strip()
    if not digits:
        raise refuse("field_required", "phone_last4")
    claims = ((throttle.INQUIRY_ADDRESS, address()), (throttle.INQUIRY_NUMBER, number.strip()[:60]))
    held = platform()
    held.run(lambda work: throttle.check(work, *claims), PUBLIC)
    try:
        return held.call("requests.complaint", {"complaint_number": number[:60], "phone_last4": digits[:10]},
                         caller().actor)  # fmt: skip
    except Refusal as refusal:
        if refusal.code == "complaint_unknown":
            held.run(lambda work: throttle.failed(work, *claims), PUBLIC)
        raise


def visit(method: str, number: str, phone_last4: str | None, *, command_id: UUID | None = None) -> dict[str, Any]:
    """Ask about a visit in the public's name, guarded as the inquiry is: wrong digits and unknown numbers count
    alike."""
    digits = western_digits(phone_last4 or "").strip()
    if not digits:
        raise refuse("field_required", "phone_last4")
    claims = ((throttle.INQUIRY_ADDRESS, address()), (throttle.INQUIRY_NUMBER, number.strip()[:60]))
    held = platform()
    held.run(lambda work: throttle.check(work, *claims), PUBLIC)
    try:
        return held.call(method, {"visit_number": number[:60], "phone_last4": digits[:10]}, caller().actor,
                         command_id=command_id)  # fmt: skip
    except Refusal as refusal:
        if refusal.code == "visit_unknown":
            held.run(lambda work: throttle.failed(work, *claims), PUBLIC)
        raise


def licence(serial: str, *, in_hand: bool = False) -> dict[str, Any]:
    """What anybody may know of a licence. `in_hand`: the caller showed its signed code. Who shows only a serial may
    have counted it, so each such look-up counts for this address; too many refuse `too_many_requests`. What the
    licence says beyond its holder, service, place and time (an address, an area) stays on the licence itself."""
    held = platform()
    if not in_hand:
        claim = (throttle.VERIFICATION_ADDRESS, address())
        held.run(lambda work: _count_look_up(work, claim), PUBLIC)
    found = held.call("requests.licence", {"serial": serial}, caller().actor)
    return {name: value for name, value in found.items() if name != "fields"}


def deemed(number: str) -> dict[str, Any]:
    """What anybody may know of a document of what silence meant. A number can be counted, so each look-up counts."""
    held = platform()
    claim = (throttle.VERIFICATION_ADDRESS, address())
    held.run(lambda work: _count_look_up(work, claim), PUBLIC)
    return held.call("requests.deemed", {"number": number[:60]}, caller().actor)


def letter(number: str) -> dict[str, Any]:
    """What anybody may know of a letter to a body outside. A number can be counted, so each look-up counts."""
    held = platform()
    claim = (throttle.VERIFICATION_ADDRESS, address())
    held.run(lambda work: _count_look_up(work, claim), PUBLIC)
    return held.call("requests.letter_verification", {"number": number[:60]}, caller().actor)


def _count_look_up(work: Any, claim: tuple[throttle.Limit, str]) -> None:
    throttle.check(work, claim)
    throttle.failed(work, claim)


def log_in(username: str, password: str, code: str = "") -> tuple[str, datetime, Any]:
    """Open a session: its token, when it ends, the account's row. Refuses `login_failed`, `second_factor_required` and
    `second_factor_wrong` where the account has an authenticator, and `too_many_requests` after too many failures of
    this address or this name, before any password is looked at."""
    row = check_password(username, password)
    how = accounts.PASSWORD
    if platform().run(lambda work: second_factors.exists(work, row.id), PUBLIC):
        if not code.strip():
            raise refuse("second_factor_required", "code")
        how = check_second_factor(row.id, code)
    return (*open_session(row, how, password), row)


def check_password(username: str, password: str) -> Any:
    """The row of the account whose name and password these are. Refuses login_failed and too_many_requests."""
    name = username.strip().lower()[:64]
    claims = ((throttle.LOGIN_ADDRESS, address()), (throttle.LOGIN_NAME, name if accounts.storable(name) else ""))
    held = platform()
    held.run(lambda work: throttle.check(work, *claims), PUBLIC)
    row = held.run(lambda work: accounts.check_password(work, name, password), PUBLIC)
    if row is None:
        held.run(lambda work: _count_failure(work, claims), PUBLIC)
        raise refuse("login_failed")
    return row


def check_second_factor(account_id: UUID, code: str) -> str:
    """Take a code of an account's authenticator, or one on paper: how it was logged in (accounts.WAYS). Refuses
    second_factor_wrong, and too_many_requests after too many wrong ones of this address or this account."""
    claims = ((throttle.LOGIN_ADDRESS, address()), (throttle.SECOND_FACTOR, str(account_id)))
    held = platform()
    held.run(lambda work: throttle.check(work, *claims), PUBLIC)
    how = held.run(lambda work: second_factors.check(work, account_id, code[:40]), PUBLIC)
    if how is None:
        held.run(lambda work: _count_failure(work, claims), PUBLIC)
        raise refuse("second_factor_wrong", "code")
    return how


def open_session(row: Any, how: str, password: str | None = None) -> tuple[str, datetime]:
    """A session of an account that has shown all it must: its token and when it ends."""
    telephone = on_a_telephone()
    return platform().run(
        lambda work: accounts.open_session(work, row, password, how=how, telephone=telephone), PUBLIC)


def _count_failure(work: Any, claims: Any) -> None:
    throttle.failed(work, *claims)
    work.audit("session.refused", "log-in")


def must(permission: str) -> None:
    """Refuse unless the caller may do this too, beside the permission of the route."""
    if not caller().actor.permits(permission):
        raise turned_away(permission)


def submission(body: dict[str, Any]) -> dict[str, Any]:
    """The payload of `requests.submit`: staff file through their own channel, everybody else through the portal, from a
    telephone where the service is offered there."""
    if caller().is_staff:
        return {**body, "channel": caller().actor.channel or "portal"}
    entry = platform().guide.get(body["service_code"]) if on_a_telephone() else None
    offered = entry is not None and "mobile" in entry.document["channels"]
    return {**body, "channel": "mobile" if offered else "portal"}


def on_a_telephone() -> bool:
    """What the visitor's browser says of itself: the client hint, where it sends one, otherwise its name. Nothing but
    the count of channels rests on it, so nobody has a reason to say otherwise."""
    hint = request.headers.get("Sec-CH-UA-Mobile")
    return hint.strip() == "?1" if hint is not None else "Mobi" in request.headers.get("User-Agent", "")
