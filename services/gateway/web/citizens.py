"""Logging in by a one-time code, and binding a phone at a window: what the API and the pages have in common.

Whether there is an account, and whether a phone is bound to a number, is told to nobody who has not given a code from
that phone back: up to then every mobile number and every card is answered alike, and throttled alike.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from chassis.actors import PUBLIC
from rules import identity, one_time_codes
from rules.refusal import Refusal, refuse
from services.gateway import citizens, throttle
from services.gateway.citizens import BIND, LOG_IN, Citizen, Person
from services.gateway.web import ask
from services.gateway.web.caller import caller
from services.gateway.web.platform import platform

_COUNTED = ("code_wrong", "code_expired")


def ask_for_code(given: dict[str, Any], language: str, command_id: UUID) -> dict[str, Any]:
    """Send a code to the phone of {national_id or passport, phone}: {challenge_id, expires_at, resend_at}. Refuses what
    cannot be a card's number or a mobile, and too_many_requests."""
    person = citizens.read(given)
    sent = _send(LOG_IN, person, ask.address(), language, command_id)
    platform().run(lambda work: citizens.remember(work, LOG_IN, person, sent, language), caller().actor)
    return sent


def log_in(challenge_id: UUID, code: str) -> tuple[str, datetime, Citizen]:
    """Open a session for whoever gives the code back: its token, when it ends, who it is. Refuses code_malformed,
    code_wrong, code_expired, and too_many_requests after too many failures from this address."""
    # Not under a key of the client's: the answer of a command is given again, and this one is good once.
    row, phone = _check(LOG_IN, challenge_id, code, uuid4())
    opened: tuple[str, datetime, Citizen] = platform().run(
        lambda work: citizens.open_session(work, row, phone, ask.on_a_telephone()), PUBLIC
    )
    return opened


def begin_binding(
    given: dict[str, Any], reason: str | None, language: str, command_id: UUID
) -> dict[str, Any]:
    """A clerk who sees the card sends a code to the phone that is to be bound to its number: {challenge_id, expires_at,
    resend_at}. Refuses as citizens.bindable."""
    person, who = citizens.read(given), caller().actor
    platform().run(lambda work: citizens.bindable(work, person, reason), who)
    sent = _send(BIND, person, f"account:{who.id}", language, command_id)
    platform().run(
        lambda work: citizens.remember(work, BIND, person, sent, language, unit=who.unit, reason=reason), who
    )
    return sent


def bind(challenge_id: UUID, code: str, command_id: UUID) -> dict[str, Any]:
    """The clerk who began gives the code that the citizen read out: {account_id, bound_at, replaced}. Sent again under
    the same command id it goes on where it was cut off."""
    row, phone = _check(BIND, challenge_id, code, command_id)
    bound: dict[str, Any] = platform().run(lambda work: citizens.bind(work, row, phone), caller().actor)
    return bound


def account(who: Citizen) -> dict[str, Any]:
    """The own account, its numbers masked, and its open sessions."""
    masked = identity.mask_national_id if who.card == citizens.NATIONAL_ID else _mask_passport
    return {
        "account_id": who.actor.id,
        "card": who.card,
        "number": masked(who.number),
        "phone": identity.mask_phone(who.phone),
        "bound": who.bound,
        "sessions": platform().run(lambda work: citizens.sessions(work, who), who.actor),
    }


def own_requests(who: Citizen, after: str | None = None, limit: int = 20) -> dict[str, Any]:
    """A page of the own requests: {requests, next}."""
    asked: dict[str, Any] = {"after": after, "limit": limit}
    if who.bound:
        asked[who.card] = who.number
    return platform().call("requests.own", asked, who.actor)


def own_drafts(who: Citizen, services: list[str]) -> list[dict[str, Any]]:
    """The applications of these services that were begun in the account and not lodged yet."""
    return list(platform().call("requests.own_drafts", {"services": services}, who.actor)["drafts"])


def end_session(who: Citizen, session_id: UUID) -> None:
    """End one session of the own account."""
    platform().run(lambda work: citizens.end_session(work, who, session_id), who.actor)


def the_citizen() -> Citizen:
    """Who is logged in. Refuses unauthenticated."""
    who = caller().citizen
    if who is None:
        raise refuse("unauthenticated")
    return who


def _send(purpose: str, person: Person, source: str, language: str, command_id: UUID) -> dict[str, Any]:
    asked = {"purpose": purpose, "phone": person.phone, "source": source, "language": language}
    return platform().call("notifications.send_code", asked, caller().actor, command_id=command_id)


def _check(purpose: str, challenge_id: UUID, code: str, command_id: UUID) -> tuple[Any, str]:
    """For whom the code of a challenge was sent, and the phone that it came back from."""
    held, who, claim = platform(), caller().actor, (throttle.CODE_ADDRESS, ask.address())
    held.run(lambda work: throttle.check(work, claim), PUBLIC)
    typed = one_time_codes.read(code)
    try:
        row = held.run(lambda work: citizens.challenge(work, challenge_id, purpose), who)
        if purpose == BIND and row.started_by != who.id:
            raise refuse("code_expired", "code")
        checked = held.call("notifications.check_code",
                            {"challenge_id": str(challenge_id), "purpose": purpose, "code": typed}, who,
                            command_id=command_id)  # fmt: skip
    except Refusal as refusal:
        if refusal.code in _COUNTED:
            held.run(lambda work: _count_failure(work, claim, purpose), who)
        raise
    return row, checked["phone"]


def _count_failure(work: Any, claim: tuple[throttle.Limit, str], purpose: str) -> None:
    throttle.failed(work, claim)
    work.audit("citizen.code_refused", purpose)


def _mask_passport(number: str) -> str:
    return "*" * (len(number) - 2) + number[-2:]
