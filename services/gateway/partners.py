"""Keys of partners: programs of other bodies that ask over the API. `Authorization: Bearer shk_…`.

A key holds 32 random bytes and is shown once; its SHA-256 is kept, and its first letters, by which people tell keys
apart. What it may is named in its scopes, each a permission of the role `partner`; where, in its units (none: the whole
governorate); until when, at most two years. A key ends at once when it is revoked.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from chassis.actors import Actor
from chassis.database import Statement
from rules import roles
from rules.calendar import cairo_date
from rules.refusal import Fault, Refusal, refuse
from services.gateway import organisation
from services.gateway.tables_access import partner_key

MANAGE = "key.manage"
ROLE = "partner"
PREFIX = "shk_"
LONGEST_DAYS = 730
MOST_PER_MINUTE = 6000
PER_MINUTE = 300
SHORTEST_REASON = 10
_SHOWN_LETTERS = 12
_TOUCH = timedelta(minutes=5)  # the use of a key is written down no oftener
_MOST = 500

_ADD = Statement.insert(partner_key, "id", "name", "prefix", "token_hash", "scopes", "units", "per_minute", "made_at",
                        "made_by", "expires_at")  # fmt: skip
_BY_TOKEN = Statement(text(
    "SELECT id, name, scopes, units, per_minute, used_at FROM partner_key "
    "WHERE token_hash = :hashed AND revoked_at IS NULL AND expires_at > :now"
))  # fmt: skip
_TOUCHED = Statement(text("UPDATE partner_key SET used_at = :at WHERE id = :id"))
_ALL = Statement(text(f"SELECT * FROM partner_key ORDER BY made_at DESC, id LIMIT {_MOST}"))  # noqa: S608
_ONE = Statement(text("SELECT * FROM partner_key WHERE id = :id"))
_REVOKE = Statement(text(
    "UPDATE partner_key SET revoked_at = :at, revoked_by = :by, revoked_because = :reason "
    "WHERE id = :id AND revoked_at IS NULL"
))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Partner:
    """A partner's key that holds, and how many requests a minute it may make."""

    actor: Actor
    per_minute: int


def scopes() -> tuple[str, ...]:
    """What a key may be given: the permissions of the role `partner`."""
    return tuple(sorted(roles.load().roles[ROLE].may))


def make(work: Any, body: Mapping[str, Any], key_id: UUID) -> dict[str, Any]:
    """A new key of {name, scopes, units, days, per_minute}: as `shown`, with `key`, which nobody can read again.
    Refuses partner_name_invalid, scope_unknown, unit_unknown, key_days, key_rate, all at once."""
    work.require(MANAGE)
    name, wanted = " ".join(body["name"].split()), list(dict.fromkeys(body["scopes"]))
    units = list(dict.fromkeys(body.get("units") or ())) or None
    days, rate = body.get("days") or 365, body.get("per_minute") or PER_MINUTE
    faults = []
    if not 3 <= len(name) <= 120 or "\x00" in name:
        faults.append(Fault("partner_name_invalid", "name"))
    unknown = [one for one in wanted if one not in scopes()]
    if unknown or not wanted:
        faults.append(Fault("scope_unknown", "scopes", {"scope": ", ".join(unknown), "known": ", ".join(scopes())}))
    today = cairo_date(work.now)
    if units and any(organisation.read(work).unit(unit, today) is None for unit in units):
        faults.append(Fault("unit_unknown", "units"))
    if not 1 <= days <= LONGEST_DAYS:
        faults.append(Fault("key_days", "days", {"most": LONGEST_DAYS}))
    if not 1 <= rate <= MOST_PER_MINUTE:
        faults.append(Fault("key_rate", "per_minute", {"most": MOST_PER_MINUTE}))
    if faults:
        raise Refusal(faults)
    for unit in units or (None,):
        _within(work, unit)
    key = PREFIX + secrets.token_urlsafe(32)
    work.write(_ADD, id=key_id, name=name, prefix=key[:_SHOWN_LETTERS], token_hash=hash_of(key), scopes=wanted,
               units=units, per_minute=rate, made_at=work.now, made_by=work.actor.id,
               expires_at=work.now + timedelta(days=days))  # fmt: skip
    work.audit("key.made", str(key_id), name=name, scopes=wanted, units=units, days=days)
    return {"key_id": str(key_id), "key": key, "name": name, "prefix": key[:_SHOWN_LETTERS], "scopes": wanted,
            "units": units, "per_minute": rate, "made_at": work.now.isoformat(), "made_by": work.actor.id,
            "expires_at": (work.now + timedelta(days=days)).isoformat(), "used_at": None, "revoked_at": None,
            "revoked_by": None, "revoked_because": None}  # fmt: skip


def all_keys(work: Any) -> list[dict[str, Any]]:
    """All keys within reach, the newest first, at most 500; times of use to five minutes."""
    work.require(MANAGE)
    return [shown(row) for row in work.all(_ALL) if _reached(work, row.units)]


def revoke(work: Any, key_id: UUID, reason: str) -> dict[str, Any]:
    """End a key, at once. Refuses key_unknown and reason_short. One that has ended stays as it is."""
    if len(reason.strip()) < SHORTEST_REASON:
        raise refuse("reason_short", "reason", least=SHORTEST_REASON)
    row = work.first(_ONE, id=key_id)
    if row is None:
        work.require(MANAGE)
        raise refuse("key_unknown")
    for unit in row.units or (None,):
        _within(work, unit)
    if row.revoked_at is None:
        work.write(_REVOKE, expect=1, id=key_id, at=work.now, by=work.actor.id, reason=reason.strip())
        work.audit("key.revoked", str(key_id), reason=reason.strip())
    return {"key_id": str(key_id), "revoked_at": (row.revoked_at or work.now).isoformat()}


def partner_of(work: Any, key: str) -> Partner | None:
    """Who holds a key; None when it ended, was revoked or never was."""
    if not 20 <= len(key) <= 100:
        return None
    row = work.first(_BY_TOKEN, hashed=hash_of(key), now=work.now)
    if row is None:
        return None
    if row.used_at is None or work.now - row.used_at > _TOUCH:
        work.write(_TOUCHED, id=row.id, at=work.now)
    actor = Actor(id=f"partner:{row.id}", kind="partner", roles=(ROLE,), name=row.name, scopes=tuple(row.scopes),
                  units=tuple(row.units) if row.units else None)  # fmt: skip
    return Partner(actor, row.per_minute)


def shown(row: Any) -> dict[str, Any]:
    """A key as administrators see it."""
    moments = {name: value.isoformat() if (value := getattr(row, name)) else None
               for name in ("made_at", "expires_at", "used_at", "revoked_at")}  # fmt: skip
    return {"key_id": str(row.id), "name": row.name, "prefix": row.prefix, "scopes": list(row.scopes),
            "units": list(row.units) if row.units else None, "per_minute": row.per_minute, "made_by": row.made_by,
            "revoked_by": row.revoked_by, "revoked_because": row.revoked_because, **moments}  # fmt: skip


def is_key(token: str) -> bool:
    """Whether this is a partner's key by its form."""
    return token.startswith(PREFIX)


def hash_of(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()


def _reached(work: Any, units: Sequence[str] | None) -> bool:
    own = work.actor.unit
    return own is None or (units is not None and set(units) == {own})


def _within(work: Any, unit: str | None) -> None:
    """Refuse what is beyond the own unit; a key of the whole governorate is beyond everybody's who has one."""
    if unit is None and work.actor.unit is not None:
        work.deny(MANAGE, "")
        raise refuse("forbidden")
    work.require(MANAGE, unit)
