"""Staff accounts and their sessions. A password is kept as an Argon2id hash, a session's token as its SHA-256 only."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from sqlalchemy import bindparam, delete, func, select, update

from chassis.actors import Actor
from chassis.database import Statement
from chassis.ids import uuid7
from contracts.requests import CHANNELS
from rules import roles as known_roles
from rules.calendar import cairo_date
from rules.refusal import Fault, Refusal, refuse
from services.gateway import organisation
from services.gateway.tables import account, session

LIFETIME = timedelta(hours=8)
"""One shift: a session ends after it whatever happens."""

STAFF_CHANNELS = tuple(channel for channel in CHANNELS if channel not in ("portal", "mobile"))
SHORTEST_PASSWORD = 10

# OWASP's least setting for Argon2id: about 20 ms, during which this process serves nobody else.
_hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
# An unknown name costs the same work as a wrong password, so that time does not tell which names exist.
_NOBODY = _hasher.hash(secrets.token_hex(16))

_BY_NAME = Statement(select(account).where(account.c.username == bindparam("username")))
_BY_TOKEN = Statement(
    select(
        account.c.id,
        account.c.username,
        account.c.display_name,
        account.c.roles,
        account.c.unit,
        account.c.department,
        account.c.window_number,
        account.c.channel,
    )
    .join(session, session.c.account_id == account.c.id)
    .where(
        session.c.token_hash == bindparam("token_hash"),
        session.c.revoked_at.is_(None),
        session.c.expires_at > bindparam("now"),
        account.c.active,
    )
)
_INSERT = Statement.insert(account)
_OPEN = Statement.insert(session, "token_hash", "account_id", "opened_at", "expires_at")
_REVOKE = Statement(
    update(session)
    .where(session.c.token_hash == bindparam("seen"), session.c.revoked_at.is_(None))
    .values(revoked_at=bindparam("at"))
)
_REVOKE_ALL = Statement(
    update(session)
    .where(session.c.account_id == bindparam("seen"), session.c.revoked_at.is_(None))
    .values(revoked_at=bindparam("at"))
)
_SET_ACTIVE = Statement(
    update(account)
    .where(account.c.username == bindparam("seen"))
    .values(active=bindparam("to"), changed_at=bindparam("at"))
)
_SET_PASSWORD = Statement(
    update(account)
    .where(account.c.id == bindparam("seen"))
    .values(password_hash=bindparam("to"), changed_at=bindparam("at"))
)
_FORGET = Statement(delete(session).where(session.c.expires_at < bindparam("before")))
_COUNT = Statement(select(func.count()).select_from(account))


@dataclass(frozen=True, slots=True)
class Staff:
    """Somebody who is logged in."""

    actor: Actor
    username: str
    window: str | None


def create(
    work: Any,
    *,
    username: str,
    password: str,
    display_name: str,
    roles: tuple[str, ...],
    unit: str | None,
    department: str | None = None,
    window: str | None = None,
    channel: str = "centre",
) -> UUID:
    """Create an account. Refuses a taken name, a short password, an unknown role, department or channel, and a unit
    that does not stand today. The password is not kept."""
    name = username.strip().lower()
    faults = []
    if not 3 <= len(name) <= 64:
        faults.append(Fault("username_invalid", "username"))
    if len(password) < SHORTEST_PASSWORD:
        faults.append(Fault("password_short", "password", {"least": SHORTEST_PASSWORD}))
    known = known_roles.load().roles
    unknown = [role for role in roles if role not in known or not known[role].staff]
    if unknown or not roles:
        faults.append(Fault("role_unknown", "roles", {"role": ", ".join(unknown)}))
    if channel not in STAFF_CHANNELS:
        faults.append(Fault("channel_unknown", "channel", {"channel": channel}))
    if unit is not None and organisation.read(work).unit(unit, cairo_date(work.now)) is None:
        faults.append(Fault("unit_unknown", "unit"))
    if department is not None and department not in known_roles.load().departments:
        faults.append(Fault("department_unknown", "department", {"department": department}))
    if faults:
        raise Refusal(faults)
    if work.first(_BY_NAME, username=name):
        raise refuse("username_taken", "username")
    account_id = uuid7()
    work.write(
        _INSERT,
        id=account_id,
        username=name,
        password_hash=_hasher.hash(password),
        display_name=display_name,
        roles=list(roles),
        unit=unit,
        department=department,
        window_number=window,
        channel=channel,
        active=True,
        created_at=work.now,
        changed_at=work.now,
    )
    work.audit("account.created", str(account_id), roles=list(roles), unit=unit, department=department)
    return account_id


def of_role(work: Any, username: str, role: str, unit: str | None) -> str:
    """The actor's id of an account that holds a role in a unit (in any, without one) and is let in. Refuses
    visit_clerk_unknown for everybody else, whether there is such an account or not."""
    name = username.strip().lower()
    row = work.first(_BY_NAME, username=name) if storable(name) else None
    if row is None or not row.active or role not in row.roles or (unit is not None and row.unit != unit):
        raise refuse("visit_clerk_unknown", "clerk")
    return str(row.id)


def set_active(work: Any, username: str, active: bool) -> None:
    """Let an account in or keep it out. Its open sessions are ended when it is kept out."""
    row = work.first(_BY_NAME, username=username.strip().lower())
    if row is None:
        raise refuse("account_unknown", "username")
    work.write(_SET_ACTIVE, expect=1, seen=row.username, to=active, at=work.now)
    if not active:
        work.write(_REVOKE_ALL, seen=row.id, at=work.now)
    work.audit("account.activated" if active else "account.deactivated", str(row.id))


def exists(work: Any, username: str) -> bool:
    """Whether the user name is taken."""
    return work.first(_BY_NAME, username=username.strip().lower()) is not None


def count(work: Any) -> int:
    """How many accounts there are."""
    return int(work.scalar(_COUNT))


def check_password(work: Any, username: str, password: str) -> Any:
    """The account's row, or None. Takes the same time for an unknown name as for a wrong password."""
    if not (storable(username) and storable(password)):  # nobody's, and the database would not take the question
        username, password = "", ""
    row = work.first(_BY_NAME, username=username.strip().lower())
    try:
        _hasher.verify(row.password_hash if row else _NOBODY, password)
    except VerificationError:
        return None
    return row if row and row.active else None


def storable(text: str) -> bool:
    """Whether a database's text can hold this: no NUL, no half of a surrogate pair."""
    return not any(character == "\x00" or "\ud800" <= character <= "\udfff" for character in text)


def open_session(work: Any, row: Any, password: str) -> tuple[str, datetime]:
    """A new session of an account: its token (32 random bytes; only the hash is stored) and when it ends."""
    token = secrets.token_urlsafe(32)
    ends = work.now + LIFETIME
    work.write(_OPEN, token_hash=hash_of(token), account_id=row.id, opened_at=work.now, expires_at=ends)
    if _hasher.check_needs_rehash(row.password_hash):
        work.write(_SET_PASSWORD, seen=row.id, to=_hasher.hash(password), at=work.now)
    work.audit("session.opened", str(row.id))
    return token, ends


def staff_of(work: Any, token: str, now: datetime) -> Staff | None:
    """Who holds a session, with the roles of this moment; None when it ended, was revoked or never was."""
    if not 20 <= len(token) <= 100:
        return None
    hashed = hash_of(token)
    row = work.first(_BY_TOKEN, token_hash=hashed, now=now)
    if row is None:
        return None
    actor = Actor(
        id=str(row.id),
        kind="staff",
        roles=tuple(row.roles),
        name=row.display_name,
        unit=row.unit,
        department=row.department,
        channel=row.channel,
        session=hashed.hex()[:16],
    )
    return Staff(actor, row.username, row.window_number)


def close_session(work: Any, token: str) -> None:
    """End a session. Ending one that has ended changes nothing."""
    work.write(_REVOKE, seen=hash_of(token), at=work.now)
    work.audit("session.closed", hash_of(token).hex()[:16])


def forget_sessions(work: Any) -> None:
    """Delete sessions that ended more than a day ago; who came when stays in the audit."""
    work.write(_FORGET, before=work.now - timedelta(days=1))


def hash_of(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
