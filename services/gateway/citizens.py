"""Citizens' accounts and their sessions.

An account is a person's card (national ID or passport) and a mobile; it is made when the first code to that phone came
back. Until a clerk binds the phone to the number at a window, against the card, the account sees only what was lodged
from it: anybody may know a number. A person has one bound phone and a phone one bound person.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from chassis.actors import Actor
from chassis.database import Statement
from chassis.ids import uuid7
from rules import identity, one_time_codes
from rules.refusal import Fault, Refusal, refuse
from services.gateway import tables_citizens as tables

NATIONAL_ID, PASSPORT = "national_id", "passport"
CARDS = (NATIONAL_ID, PASSPORT)
IDLE = timedelta(minutes=30)
"""A session nobody used so long has ended: people log in on telephones that others pick up."""
LIFETIME = timedelta(hours=4)
"""All that a session lasts: what somebody has to do, not a working day."""
_TOUCH = timedelta(minutes=1)  # the use of a session is written down no oftener
_PREFIX = "c."  # tells a citizen's token from one of the staff, so that each is looked up once

NUMBER, PHONE, REASON = "gateway.citizen.number", "gateway.citizen.phone", "gateway.citizen.reason"

_ADD_CHALLENGE = Statement(
    text("INSERT INTO citizen_challenge (id, purpose, card, number, language, started_by, unit, reason, expires_at) "
         "VALUES (:id, :purpose, :card, :number, :language, :started_by, :unit, :reason, :expires_at) "
         "ON CONFLICT (id) DO NOTHING")
)
_CHALLENGE = Statement(
    text("SELECT * FROM citizen_challenge WHERE id = :id AND purpose = :purpose AND expires_at > :now")
)
_KEPT_CHALLENGE = Statement(text("SELECT card, number, reason FROM citizen_challenge WHERE id = :id"))
_DROP_CHALLENGE = Statement(text("DELETE FROM citizen_challenge WHERE id = :id"))
_ACCOUNT = Statement(
    text("SELECT * FROM citizen_account WHERE number_key = ANY(:number_keys) AND phone_key = ANY(:phone_keys) "
         "AND ended_at IS NULL")
)
_BOUND = Statement(
    text("SELECT id, number_key, phone_key FROM citizen_account WHERE bound_at IS NOT NULL AND ended_at IS NULL "
         "AND (number_key = ANY(:number_keys) OR phone_key = ANY(:phone_keys)) ORDER BY id")
)
_ADD = Statement.insert(tables.citizen_account, "id", "card", "number", "number_key", "phone", "phone_key", "language",
                        "made_at", "seen_at", "bound_at", "bound_by", "bound_unit", "bound_reason")  # fmt: skip
_SEEN = Statement(
    text("UPDATE citizen_account SET seen_at = :at, language = :language WHERE id = :id AND ended_at IS NULL")
)
_BIND = Statement(
    text("UPDATE citizen_account SET bound_at = :at, bound_by = :by, bound_unit = :unit, bound_reason = :reason "
         "WHERE id = :id AND ended_at IS NULL AND bound_at IS NULL")
)
_END = Statement(
    text("UPDATE citizen_account SET ended_at = :at, tell_since = :tell_since WHERE id = :id AND ended_at IS NULL")
)
_OPEN = Statement.insert(tables.citizen_session, "id", "token_hash", "account_id", "telephone", "opened_at", "seen_at",
                         "expires_at")  # fmt: skip
_STANDS = "revoked_at IS NULL AND citizen_session.expires_at > :now AND citizen_session.seen_at > :idle_since"
_BY_TOKEN = Statement(
    text("SELECT citizen_session.id AS session_id, citizen_session.seen_at, account_id, card, number, phone, "  # noqa: S608
         "citizen_account.language, bound_at FROM citizen_session JOIN citizen_account "
         f"ON citizen_account.id = account_id WHERE token_hash = :token_hash AND ended_at IS NULL AND {_STANDS}")
)
_TOUCHED = Statement(text("UPDATE citizen_session SET seen_at = :at WHERE id = :id AND revoked_at IS NULL"))
_SESSIONS = Statement(
    text("SELECT id, telephone, opened_at, seen_at, expires_at FROM citizen_session "  # noqa: S608
         f"WHERE account_id = :account_id AND {_STANDS} ORDER BY seen_at DESC LIMIT 50")
)
_REVOKE = Statement(
    text("UPDATE citizen_session SET revoked_at = :at WHERE id = :id AND account_id = :account_id "
         "AND revoked_at IS NULL")
)
_REVOKE_ALL = Statement(
    text("UPDATE citizen_session SET revoked_at = :at WHERE account_id = :account_id AND revoked_at IS NULL")
)
_TO_TELL = Statement(
    text("SELECT id, phone, language FROM citizen_account WHERE tell_since IS NOT NULL ORDER BY tell_since LIMIT 20")
)
_TOLD = Statement(text("UPDATE citizen_account SET tell_since = NULL WHERE id = :id"))
_FORGET = (
    Statement(text("DELETE FROM citizen_session WHERE expires_at < :before")),
    Statement(text("DELETE FROM citizen_challenge WHERE expires_at < :before")),
)


@dataclass(frozen=True, slots=True)
class Citizen:
    """A citizen who is logged in. `number` of the card and `phone` are in the clear: show them masked."""

    actor: Actor
    session_id: UUID
    card: str
    number: str
    phone: str
    language: str

    @property
    def bound(self) -> bool:
        return "bound_citizen" in self.actor.roles


@dataclass(frozen=True, slots=True)
class Person:
    """A card's number and a phone, read and found possible."""

    card: str
    number: str
    phone: str


def read(given: Mapping[str, Any], prefix: str = "") -> Person:
    """Read {national_id or passport, phone}. Refuses with every fault at once what cannot be one, and card_one_of where
    not exactly one number is given."""
    faults: list[Fault] = []
    cards = [card for card in CARDS if (given.get(card) or "").strip()]
    number = phone = ""
    if len(cards) != 1:
        faults.append(Fault("card_one_of", prefix + NATIONAL_ID))
    try:
        if cards == [NATIONAL_ID]:
            number = identity.parse_national_id(given[NATIONAL_ID], prefix + NATIONAL_ID).digits
        elif cards == [PASSPORT]:
            number = identity.parse_passport(given[PASSPORT], prefix + PASSPORT)
    except Refusal as refusal:
        faults += refusal.faults
    try:
        phone = identity.parse_mobile(given.get("phone") or "", prefix + "phone")
    except Refusal as refusal:
        faults += refusal.faults
    if faults:
        raise Refusal(faults)
    return Person(cards[0], number, phone)


# -- codes that are on their way -------------------------------------------------------------------------------------


def remember(work: Any, purpose: str, person: Person, sent: Mapping[str, Any], language: str,
             unit: str | None = None, reason: str | None = None) -> None:
    """Keep for whom a code was sent, as long as the code holds. Whom notifications sends it to it knows by the phone
    alone: the same wish sent again for another card, or with another reason, is refused idempotency_key_reused."""
    before = work.first(_KEPT_CHALLENGE, id=UUID(sent["challenge_id"]))
    if before is not None:
        number = work.privacy.open(before.number, field=NUMBER)
        why = work.privacy.open(before.reason, field=REASON) if before.reason else None
        if (before.card, number, why) != (person.card, person.number, reason or None):
            raise refuse("idempotency_key_reused")
    work.write(
        _ADD_CHALLENGE, id=UUID(sent["challenge_id"]), purpose=purpose, card=person.card,
        number=work.privacy.seal(person.number, field=NUMBER), language=language, started_by=work.actor.id, unit=unit,
        reason=work.privacy.seal(reason, field=REASON) if reason else None,
        expires_at=datetime.fromisoformat(sent["expires_at"]))  # fmt: skip


def challenge(work: Any, challenge_id: UUID, purpose: str) -> Any:
    """For whom a code was sent. Refuses code_expired, as a code is that holds no more."""
    row = work.first(_CHALLENGE, id=challenge_id, purpose=purpose, now=work.now)
    if row is None:
        raise refuse("code_expired", "code")
    return row


# -- sessions --------------------------------------------------------------------------------------------------------


def open_session(work: Any, row: Any, phone: str, telephone: bool) -> tuple[str, datetime, Citizen]:
    """Log in whoever gave the code of a challenge back: the token (32 random bytes; only its hash is kept), when the
    session ends, who it is. The account is made when there is none."""
    person = Person(row.card, work.privacy.open(row.number, field=NUMBER), phone)
    account = _find(work, person)
    if account is None:
        account_id = _add(work, person, row.language)
        work.audit("citizen.account_made", str(account_id))
    else:
        account_id = account.id
        work.write(_SEEN, expect=1, id=account_id, at=work.now, language=row.language)
    token, session_id, ends = _PREFIX + secrets.token_urlsafe(32), uuid7(), work.now + LIFETIME
    work.write(_OPEN, id=session_id, token_hash=hash_of(token), account_id=account_id, telephone=telephone,
               opened_at=work.now, seen_at=work.now, expires_at=ends)  # fmt: skip
    work.write(_DROP_CHALLENGE, id=row.id)
    work.audit("citizen.session_opened", str(account_id))
    bound = account is not None and account.bound_at is not None
    actor = _actor(account_id, bound, session_id)
    return token, ends, Citizen(actor, session_id, person.card, person.number, phone, row.language)


def is_token(token: str) -> bool:
    """Whether this is a citizen's token by its form, and nobody's of the staff."""
    return token.startswith(_PREFIX) and 20 <= len(token) <= 100


def citizen_of(work: Any, token: str) -> Citizen | None:
    """Who holds a session; None when it ended, was idle too long, was revoked or never was."""
    row = work.first(_BY_TOKEN, token_hash=hash_of(token), now=work.now, idle_since=work.now - IDLE)
    if row is None:
        return None
    if work.now - row.seen_at > _TOUCH:
        work.write(_TOUCHED, id=row.session_id, at=work.now)
    return Citizen(
        _actor(row.account_id, row.bound_at is not None, row.session_id), row.session_id, row.card,
        work.privacy.open(row.number, field=NUMBER), work.privacy.open(row.phone, field=PHONE), row.language)


def sessions(work: Any, who: Citizen) -> list[dict[str, Any]]:
    """The open sessions of the account, the one used last first; `this` is the one that asks."""
    rows = work.all(_SESSIONS, account_id=UUID(who.actor.id), now=work.now, idle_since=work.now - IDLE)
    return [{"session_id": str(row.id), "telephone": row.telephone, "opened_at": row.opened_at.isoformat(),
             "seen_at": row.seen_at.isoformat(), "expires_at": row.expires_at.isoformat(),
             "this": row.id == who.session_id} for row in rows]


def end_session(work: Any, who: Citizen, session_id: UUID) -> None:
    """End one session of the own account, at once. Ending one that has ended, or is nobody's, changes nothing."""
    work.write(_REVOKE, id=session_id, account_id=UUID(who.actor.id), at=work.now)
    work.audit("citizen.session_closed", who.actor.id)


# -- binding at a window ---------------------------------------------------------------------------------------------


def bindable(work: Any, person: Person, reason: str | None) -> None:
    """Whether a phone may be bound to a number. Refuses bound_before where it is; and, without a reason,
    person_has_phone and phone_has_person where another phone, or another person, would give way."""
    _giving_way(work, person, reason)


def bind(work: Any, row: Any, phone: str) -> dict[str, Any]:
    """Bind the phone that gave the code of a challenge back: {account_id, bound_at, replaced}. Whose phone or number it
    was ends with all sessions; a number that lost its account is told so. Refuses as `bindable`."""
    person = Person(row.card, work.privacy.open(row.number, field=NUMBER), phone)
    gave_way = _giving_way(work, person, row.reason)
    phone_keys = work.privacy.lookups(phone, PHONE)
    for old in gave_way:
        # Where another person takes the phone over, whoever holds it knows.
        lost = bytes(old.phone_key) not in phone_keys
        work.write(_END, expect=1, id=old.id, at=work.now, tell_since=work.now if lost else None)
        work.write(_REVOKE_ALL, account_id=old.id, at=work.now)
        work.audit("citizen.unbound", str(old.id), unit=row.unit)
    account = _find(work, person)
    told = {"at": work.now, "by": work.actor.id, "unit": row.unit, "reason": row.reason}
    if account is None:
        account_id = _add(work, person, row.language, **told)
    else:
        account_id = account.id
        work.write(_BIND, expect=1, id=account_id, **told)
    work.write(_DROP_CHALLENGE, id=row.id)
    work.audit("citizen.bound", str(account_id), unit=row.unit, replaced=[str(old.id) for old in gave_way])
    return {"account_id": str(account_id), "bound_at": work.now.isoformat(), "replaced": len(gave_way)}


def to_tell(work: Any) -> list[dict[str, str]]:
    """Phones that are still to be told that they open an account no more."""
    return [{"account_id": str(row.id), "phone": work.privacy.open(row.phone, field=PHONE), "language": row.language}
            for row in work.all(_TO_TELL)]


def told(work: Any, account_id: str) -> None:
    """That phone was told."""
    work.write(_TOLD, id=UUID(account_id))


def forget(work: Any) -> None:
    """Delete sessions and challenges that ended more than a day ago; who came when stays in the audit."""
    for statement in _FORGET:
        work.write(statement, before=work.now - timedelta(days=1))


def hash_of(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def number_value(card: str, number: str) -> str:
    """What the keyed hash of a card's number is made of."""
    return f"{card}/{number}"


def _giving_way(work: Any, person: Person, reason: str | None) -> list[Any]:
    numbers = work.privacy.lookups(number_value(person.card, person.number), NUMBER)
    phones = work.privacy.lookups(person.phone, PHONE)
    faults, found = [], work.all(_BOUND, number_keys=list(numbers), phone_keys=list(phones))
    for row in found:
        same_person, same_phone = bytes(row.number_key) in numbers, bytes(row.phone_key) in phones
        if same_person and same_phone:
            raise refuse("bound_before", "phone")
        faults.append(Fault("person_has_phone" if same_person else "phone_has_person", "reason"))
    if faults and not reason:
        raise Refusal(faults)
    return list(found)


def _find(work: Any, person: Person) -> Any:
    return work.first(
        _ACCOUNT, number_keys=list(work.privacy.lookups(number_value(person.card, person.number), NUMBER)),
        phone_keys=list(work.privacy.lookups(person.phone, PHONE)))  # fmt: skip


def _add(work: Any, person: Person, language: str, at: datetime | None = None, by: str | None = None,
         unit: str | None = None, reason: str | None = None) -> UUID:
    account_id = uuid7()
    work.write(
        _ADD, id=account_id, card=person.card, number=work.privacy.seal(person.number, field=NUMBER),
        number_key=work.privacy.lookup(number_value(person.card, person.number), NUMBER),
        phone=work.privacy.seal(person.phone, field=PHONE), phone_key=work.privacy.lookup(person.phone, PHONE),
        language=language, made_at=work.now, seen_at=work.now, bound_at=at, bound_by=by, bound_unit=unit,
        bound_reason=reason)  # fmt: skip
    return account_id


def _actor(account_id: UUID, bound: bool, session_id: UUID) -> Actor:
    roles = ("citizen", "bound_citizen") if bound else ("citizen",)
    return Actor(str(account_id), "citizen", roles, session=session_id.hex[:16])


LOG_IN, BIND = one_time_codes.LOG_IN, one_time_codes.BIND
