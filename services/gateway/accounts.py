"""Staff accounts and their sessions. A password is kept as an Argon2id hash, a session's token as its SHA-256 only."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from sqlalchemy import bindparam, delete, func, select, update

from chassis.actors import Actor
from chassis.config import Mode, Settings
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

PASSWORD, TOTP, RECOVERY, OIDC, OIDC_STRONG = WAYS = ("password", "totp", "recovery", "oidc", "oidc_strong")
"""How a session was opened. `oidc_strong`: the identity provider says that it asked for more than a password."""
STRONG = (TOTP, RECOVERY, OIDC_STRONG)
UNSECURED = "unsecured"
"""The role of somebody whose log-in is not complete."""
_TOUCH = timedelta(minutes=5)  # the use of a session is written down no oftener

STAFF_CHANNELS = tuple(channel for channel in CHANNELS if channel not in ("portal", "mobile"))
SHORTEST_PASSWORD = 10

# OWASP's least setting for Argon2id: about 20 ms, during which this process serves nobody else.
_hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
# An unknown name costs the same work as a wrong password, so that time does not tell which names exist.
_NOBODY = _hasher.hash(secrets.token_hex(16))

_BY_NAME = Statement(select(account).where(account.c.username == bindparam("username")))
_BY_ID = Statement(select(account).where(account.c.id == bindparam("account_id")))
_BY_EXTERNAL_ID = Statement(select(account).where(account.c.external_id == bindparam("external_id")))
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
        account.c.password_temporary,
        session.c.id.label("session_id"),
        session.c.how,
        session.c.seen_at,
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
_OPEN = Statement.insert(session, "token_hash", "account_id", "opened_at", "expires_at", "id", "how", "telephone",
                         "seen_at")  # fmt: skip
_TOUCHED = Statement(
    update(session)
    .where(session.c.token_hash == bindparam("seen"), session.c.revoked_at.is_(None))
    .values(seen_at=bindparam("at"))
)
_OPEN_STILL = session.c.revoked_at.is_(None)
_SESSIONS = Statement(
    select(session.c.id, session.c.how, session.c.telephone, session.c.opened_at, session.c.seen_at,
           session.c.expires_at)
    .where(session.c.account_id == bindparam("owner"), _OPEN_STILL, session.c.expires_at > bindparam("now"))
    .order_by(session.c.seen_at.desc())
    .limit(100)
)  # fmt: skip
_END_ONE = Statement(
    update(session)
    .where(session.c.account_id == bindparam("owner"), session.c.id == bindparam("seen"), _OPEN_STILL)
    .values(revoked_at=bindparam("at"))
)
_END_OTHERS = Statement(
    update(session)
    .where(session.c.account_id == bindparam("owner"), session.c.id != bindparam("kept"), _OPEN_STILL)
    .values(revoked_at=bindparam("at"))
)
_STRONGER = Statement(update(session).where(session.c.id == bindparam("seen")).values(how=bindparam("to")))
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
    .values(active=bindparam("to"), changed_at=bindparam("at"), version=account.c.version + 1)
)
_REHASH = Statement(update(account).where(account.c.id == bindparam("seen")).values(password_hash=bindparam("to")))
_SET_PASSWORD = Statement(
    update(account)
    .where(account.c.id == bindparam("seen"), account.c.password_hash == bindparam("before"))
    .values(password_hash=bindparam("to"), password_temporary=bindparam("temporary"), changed_at=bindparam("at"),
            version=account.c.version + 1)
)  # fmt: skip
_FORGET = Statement(delete(session).where(session.c.expires_at < bindparam("before")))
_COUNT = Statement(select(func.count()).select_from(account))


@dataclass(frozen=True, slots=True)
class Staff:
    """Somebody who is logged in. `demand`: what is to be done before anything else may be, as the code of the refusal
    that says so (password_to_change, authenticator_required); the actor's only role is UNSECURED till then."""

    actor: Actor
    username: str
    window: str | None
    session_id: UUID
    demand: str | None = None


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
    external_id: str | None = None,
    temporary: bool = False,
    account_id: UUID | None = None,
) -> UUID:
    """Create an account. Refuses a taken name, a short password, an unknown role, department or channel, a unit
    that does not stand today, and an identity at the provider that another account has. The password is not kept; a
    `temporary` one must be changed before anything else is done."""
    name, shown_name = username.strip().lower(), " ".join(display_name.split())
    faults = []
    if not 3 <= len(name) <= 64 or not storable(name):
        faults.append(Fault("username_invalid", "username"))
    elif work.first(_BY_NAME, username=name):
        faults.append(Fault("username_taken", "username"))
    faults += password_faults(password, "password")
    faults += name_faults(shown_name)
    faults += faults_of(work, roles, unit, department, channel)
    if external_id and work.first(_BY_EXTERNAL_ID, external_id=external_id):
        faults.append(Fault("external_id_taken", "external_id"))
    if faults:
        raise Refusal(faults)
    account_id = account_id or uuid7()
    work.write(
        _INSERT,
        id=account_id,
        username=name,
        password_hash=_hasher.hash(password),
        display_name=shown_name,
        roles=list(roles),
        unit=unit,
        department=department,
        window_number=window,
        channel=channel,
        active=True,
        created_at=work.now,
        changed_at=work.now,
        external_id=external_id or None,
        password_temporary=temporary,
        version=1,
    )
    work.audit("account.created", str(account_id), roles=list(roles), unit=unit, department=department)
    return account_id


def faults_of(
    work: Any, roles: Sequence[str], unit: str | None, department: str | None, channel: str
) -> list[Fault]:
    """What an account cannot be: roles that are not given to staff, none at all, a unit that does not stand today, a
    department or channel that nobody knows."""
    faults, known = [], known_roles.load().roles
    unknown = [role for role in roles if role not in known or not known[role].staff]
    if not roles:
        faults.append(Fault("role_missing", "roles"))
    if unknown:
        faults.append(Fault("role_unknown", "roles", {"role": ", ".join(unknown)}))
    if channel not in STAFF_CHANNELS:
        faults.append(Fault("channel_unknown", "channel", {"channel": channel}))
    if unit is not None and organisation.read(work).unit(unit, cairo_date(work.now)) is None:
        faults.append(Fault("unit_unknown", "unit"))
    if department is not None and department not in known_roles.load().departments:
        faults.append(Fault("department_unknown", "department", {"department": department}))
    return faults


def name_faults(name: str) -> list[Fault]:
    """Why colleagues cannot be shown this name."""
    return [] if 2 <= len(name) <= 200 and storable(name) else [Fault("display_name_invalid", "display_name")]


def password_faults(password: str, field: str) -> list[Fault]:
    """Why this cannot be a password."""
    if len(password) < SHORTEST_PASSWORD or not storable(password):
        return [Fault("password_short", field, {"least": SHORTEST_PASSWORD})]
    return []


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
    row = of_name(work, username)
    work.write(_SET_ACTIVE, expect=1, seen=row.username, to=active, at=work.now)
    if not active:
        work.write(_REVOKE_ALL, seen=row.id, at=work.now)
    work.audit("account.activated" if active else "account.deactivated", str(row.id))


def of_name(work: Any, username: str) -> Any:
    """The account's row. Refuses account_unknown."""
    row = work.first(_BY_NAME, username=username.strip().lower())
    if row is None:
        raise refuse("account_unknown", "username")
    return row


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


def of_external_id(work: Any, external_id: str) -> Any:
    """The row of the account that was prepared for somebody whom the identity provider knows; None without one that is
    let in."""
    row = work.first(_BY_EXTERNAL_ID, external_id=external_id) if storable(external_id) else None
    return row if row and row.active else None


def of_id(work: Any, account_id: UUID) -> Any:
    """The account's row; None when there is none."""
    return work.first(_BY_ID, account_id=account_id)


def change_password(work: Any, account_id: UUID, old: str, new: str, keep: UUID) -> None:
    """The own password. Refuses password_wrong, password_short, password_same. All other sessions end."""
    row = work.first(_BY_ID, account_id=account_id)
    if row is None or check_password(work, row.username, old) is None:
        raise refuse("password_wrong", "old")
    faults = password_faults(new, "new") or ([Fault("password_same", "new")] if new == old else [])
    if faults:
        raise Refusal(faults)
    set_password(work, row, new, temporary=False)
    work.write(_END_OTHERS, owner=account_id, kept=keep, at=work.now)
    work.audit("account.password_changed", str(account_id))


def set_password(work: Any, row: Any, password: str, *, temporary: bool) -> None:
    """Gather the new password of an account's row, which nobody may have changed meanwhile."""
    work.write(_SET_PASSWORD, expect=1, seen=row.id, before=row.password_hash, to=_hasher.hash(password),
               temporary=temporary, at=work.now)  # fmt: skip


# -- sessions --------------------------------------------------------------------------------------------------------


def open_session(
    work: Any, row: Any, password: str | None = None, *, how: str = PASSWORD, telephone: bool = False
) -> tuple[str, datetime]:
    """A new session of an account: its token (32 random bytes; only the hash is stored) and when it ends. `how` it was
    logged in, one of WAYS."""
    token = secrets.token_urlsafe(32)
    ends = work.now + LIFETIME
    work.write(_OPEN, token_hash=hash_of(token), account_id=row.id, opened_at=work.now, expires_at=ends, id=uuid7(),
               how=how, telephone=telephone, seen_at=work.now)  # fmt: skip
    if password is not None and _hasher.check_needs_rehash(row.password_hash):
        work.write(_REHASH, seen=row.id, to=_hasher.hash(password))
    work.audit("session.opened", str(row.id), how=how)
    return token, ends


def staff_of(work: Any, token: str, now: datetime) -> Staff | None:
    """Who holds a session, with the roles of this moment; None when it ended, was revoked or never was."""
    if not 20 <= len(token) <= 100:
        return None
    hashed = hash_of(token)
    row = work.first(_BY_TOKEN, token_hash=hashed, now=now)
    if row is None:
        return None
    if now - row.seen_at > _TOUCH:
        work.write(_TOUCHED, seen=hashed, at=now)
    demand = demand_of(work.settings, row, row.how)
    actor = Actor(
        id=str(row.id),
        kind="staff",
        roles=(UNSECURED,) if demand else tuple(row.roles),
        name=row.display_name,
        unit=row.unit,
        department=row.department,
        channel=row.channel,
        session=hashed.hex()[:16],
    )
    return Staff(actor, row.username, row.window_number, row.session_id, demand)


def demand_of(settings: Settings, row: Any, how: str) -> str | None:
    """What an account asks of somebody who logged in so before anything else may be done; None when nothing."""
    if row.password_temporary and how not in (OIDC, OIDC_STRONG):
        return "password_to_change"
    if how not in STRONG and needs_second_factor(settings, row.roles):
        return "authenticator_required"
    return None


def needs_second_factor(settings: Settings, roles: Iterable[str]) -> bool:
    """Whether who has any of these roles must log in with more than a password (`TOTP_ROLES`, comma between; in
    production administrators unless said otherwise, `none` for nobody)."""
    default = "administrator" if settings.mode is Mode.PRODUCTION else "none"
    wanted = {one.strip() for one in (settings.env("TOTP_ROLES") or default).split(",")}
    return not wanted.isdisjoint(roles)


def close_session(work: Any, token: str) -> None:
    """End a session. Ending one that has ended changes nothing."""
    work.write(_REVOKE, seen=hash_of(token), at=work.now)
    work.audit("session.closed", hash_of(token).hex()[:16])


def sessions_of(work: Any, account_id: UUID, this: UUID | None = None) -> list[dict[str, Any]]:
    """The open sessions of an account, the one used last first: {session_id, how, telephone, opened_at, seen_at,
    expires_at, this}; times to five minutes."""
    rows = work.all(_SESSIONS, owner=account_id, now=work.now)
    return [{"session_id": str(row.id), "how": row.how, "telephone": row.telephone,
             "opened_at": row.opened_at.isoformat(), "seen_at": row.seen_at.isoformat(),
             "expires_at": row.expires_at.isoformat(), "this": row.id == this} for row in rows]


def end_session(work: Any, account_id: UUID, session_id: UUID) -> None:
    """End one session of an account, at once. Ending one that has ended, or is another account's, changes nothing."""
    work.write(_END_ONE, seen=session_id, owner=account_id, at=work.now)
    work.audit("session.revoked", str(account_id), session=str(session_id))


def end_sessions(work: Any, account_id: UUID, keep: UUID | None = None) -> None:
    """End all sessions of an account, but for the one that is kept."""
    if keep is None:
        work.write(_REVOKE_ALL, seen=account_id, at=work.now)
    else:
        work.write(_END_OTHERS, owner=account_id, kept=keep, at=work.now)
    work.audit("session.all_revoked", str(account_id))


def strengthen(work: Any, session_id: UUID, how: str) -> None:
    """The holder of this session has just shown a second factor."""
    work.write(_STRONGER, seen=session_id, to=how)


def forget_sessions(work: Any) -> None:
    """Delete sessions that ended more than a day ago; who came when stays in the audit."""
    work.write(_FORGET, before=work.now - timedelta(days=1))


def hash_of(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
