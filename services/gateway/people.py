"""Who of the staff may log in as what: found, taken on, changed, kept out. For administrators.

An administrator of one unit reaches that unit's accounts only; one of no unit reaches all. Nobody changes the own roles
or keeps the own account out, and the last administrator who is let in stays one. Reasons are of the office ("moved to
another department"), stand in the audit, and name no citizen.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import text

from chassis.database import Statement
from rules.refusal import Refusal, refuse
from services.gateway import accounts, second_factors

MANAGE = "account.manage"
ADMINISTRATOR = "administrator"
CHANGEABLE = ("display_name", "roles", "unit", "department", "window", "channel", "external_id")
SHORTEST_REASON = 10
MOST = 100

_SHOWN = (
    "account.id, username, display_name, roles, unit, department, window_number, channel, active, created_at, "
    "changed_at, external_id, password_temporary, version, set_up_at FROM account "
    "LEFT JOIN second_factor ON second_factor.account_id = account.id"
)
_SEARCH = Statement(text(
    f"SELECT {_SHOWN} WHERE (CAST(:unit AS text) IS NULL OR unit = :unit) "
    "AND (CAST(:role AS text) IS NULL OR :role = ANY(roles)) "
    "AND (CAST(:active AS boolean) IS NULL OR active = :active) "
    "AND (CAST(:words AS text) IS NULL OR username LIKE :words OR display_name ILIKE :words) "
    "AND (CAST(:after AS text) IS NULL OR username > :after) ORDER BY username LIMIT :size"
), fresh=True)  # fmt: skip
_ONE = Statement(text(f"SELECT {_SHOWN} WHERE account.id = :account_id"))
_CHANGE = Statement(text(
    "UPDATE account SET display_name = :display_name, roles = :roles, unit = :unit, department = :department, "
    "window_number = :window_number, channel = :channel, external_id = :external_id, active = :active, "
    "changed_at = :at, version = version + 1 WHERE id = :account_id AND version = :seen"
))  # fmt: skip
_COUNTS = Statement(text(
    "SELECT unit, count(*) FILTER (WHERE active) AS active, count(*) FILTER (WHERE NOT active) AS inactive "
    "FROM account WHERE (CAST(:unit AS text) IS NULL OR unit = :unit) GROUP BY unit"
), fresh=True)  # fmt: skip
# Two who take each other's role away at the same moment would each see the other one still there.
_ONE_AT_A_TIME = Statement(text("SELECT pg_advisory_xact_lock(7240019)"))
_STILL_ONE = Statement(text(
    "UPDATE account SET changed_at = changed_at WHERE id = :account_id AND EXISTS (SELECT 1 FROM account AS other "
    "WHERE other.active AND other.roles @> ARRAY['administrator']::varchar[] AND other.id <> :account_id)"
))  # fmt: skip
_OTHER = Statement(text(
    "SELECT 1 FROM account WHERE active AND roles @> ARRAY['administrator']::varchar[] AND id <> :account_id LIMIT 1"
))  # fmt: skip


def search(work: Any, *, words: str | None = None, role: str | None = None, unit: str | None = None,
           active: bool | None = None, after: str | None = None, limit: int = 50) -> dict[str, Any]:
    """Accounts by user name: {accounts, next}, at most MOST at once. `words` is part of the user name or the name,
    `after` the `next` of the page before. Who manages one unit finds that unit's only."""
    work.require(MANAGE)
    own = work.actor.unit
    if unit is not None and own is not None and unit != own:
        work.require(MANAGE, unit)
    size = max(1, min(limit, MOST))
    like = "%" + _escaped(words.strip().lower()) + "%" if words and words.strip() else None
    rows = work.all(_SEARCH, unit=unit or own, role=role, active=active, words=like, after=after, size=size + 1)
    more = rows[size - 1].username if len(rows) > size else None
    return {"accounts": [shown(row) for row in rows[:size]], "next": more}


def counts(work: Any) -> dict[str | None, dict[str, int]]:
    """How many accounts each unit has, {active, inactive}; None: those that work for the whole governorate. Who manages
    one unit counts that unit's only."""
    work.require(MANAGE)
    return {row.unit: {"active": row.active, "inactive": row.inactive}
            for row in work.all(_COUNTS, unit=work.actor.unit)}


def one(work: Any, account_id: UUID) -> dict[str, Any]:
    """One account as `shown`, and its open sessions. Refuses account_unknown, also for an account out of reach."""
    row = _reach(work, account_id)
    return {**shown(row), "sessions": accounts.sessions_of(work, row.id)}


def create(work: Any, body: Mapping[str, Any], account_id: UUID) -> dict[str, Any]:
    """Take somebody on: {username, password, display_name, roles, unit, department, window, channel, external_id}. The
    password must be changed at the first log-in. Refuses as accounts.create, and forbidden beyond the own unit."""
    _within(work, body.get("unit"))
    accounts.create(
        work, username=body["username"], password=body["password"], display_name=body["display_name"],
        roles=tuple(body["roles"]), unit=body.get("unit"), department=body.get("department"),
        window=body.get("window"), channel=body.get("channel") or "centre", external_id=body.get("external_id"),
        temporary=True, account_id=account_id)  # fmt: skip
    return {"account_id": str(account_id), "username": body["username"].strip().lower()}


def change(work: Any, account_id: UUID, version: int, changes: Mapping[str, Any], reason: str) -> dict[str, Any]:
    """Change what of CHANGEABLE stands in `changes`; `version` is the one that was looked at. Answers the account.
    Refuses conflict when somebody was faster, own_account for the own roles and unit, last_administrator, reason_short,
    and all that accounts.create refuses. A session that is open goes on with the new roles."""
    _reasoned(reason)
    row = _reach(work, account_id)
    if row.version != version:
        raise refuse("conflict")
    values = {**_values(row), **{_COLUMNS.get(name, name): changes[name] for name in CHANGEABLE if name in changes}}
    values["display_name"] = " ".join(values["display_name"].split())
    values["roles"], values["external_id"] = list(dict.fromkeys(values["roles"])), values["external_id"] or None
    if str(row.id) == work.actor.id and (set(values["roles"]) != set(row.roles) or values["unit"] != row.unit):
        raise refuse("own_account", "roles")
    _within(work, values["unit"])
    faults = accounts.name_faults(values["display_name"]) + accounts.faults_of(
        work, values["roles"], values["unit"] if values["unit"] != row.unit else None, values["department"],
        values["channel"])  # fmt: skip
    if faults:
        raise Refusal(faults)
    if values["external_id"] and values["external_id"] != row.external_id and work.first(
            accounts._BY_EXTERNAL_ID, external_id=values["external_id"]):
        raise refuse("external_id_taken", "external_id")
    _write(work, row, values, row.active)
    work.audit("account.changed", str(row.id), reason=reason.strip(),
               changed=sorted(name for name, value in values.items() if value != _values(row)[name]),
               roles=values["roles"], unit=values["unit"])  # fmt: skip
    return {"account_id": str(row.id), "version": row.version + 1}


def deactivate(work: Any, account_id: UUID, reason: str) -> dict[str, Any]:
    """Keep an account out and end its sessions. Refuses own_account, last_administrator, reason_short. One that is kept
    out already stays so."""
    _reasoned(reason)
    row = _reach(work, account_id)
    if str(row.id) == work.actor.id:
        raise refuse("own_account")
    if row.active:
        _write(work, row, _values(row), False)
        accounts.end_sessions(work, row.id)
        work.audit("account.deactivated", str(row.id), reason=reason.strip())
    return {"account_id": str(row.id), "active": False}


def reactivate(work: Any, account_id: UUID, reason: str) -> dict[str, Any]:
    """Let an account in again. Refuses reason_short."""
    _reasoned(reason)
    row = _reach(work, account_id)
    if not row.active:
        _write(work, row, _values(row), True)
        work.audit("account.activated", str(row.id), reason=reason.strip())
    return {"account_id": str(row.id), "active": True}


def reset_password(work: Any, account_id: UUID, password: str, reason: str) -> dict[str, Any]:
    """Give a password that must be changed at the next log-in; all sessions end. Refuses own_account (who knows the own
    password changes it), password_short, reason_short."""
    _reasoned(reason)
    row = _reach(work, account_id)
    if str(row.id) == work.actor.id:
        raise refuse("own_account")
    if faults := accounts.password_faults(password, "password"):
        raise Refusal(faults)
    accounts.set_password(work, accounts.of_id(work, row.id), password, temporary=True)
    accounts.end_sessions(work, row.id)
    work.audit("account.password_reset", str(row.id), reason=reason.strip())
    return {"account_id": str(row.id)}


def reset_second_factor(work: Any, account_id: UUID, reason: str) -> dict[str, Any]:
    """Forget an account's authenticator and its codes on paper (a lost telephone); all sessions end. Where its roles
    need one it is set up anew at the next log-in. Refuses own_account, second_factor_missing, reason_short."""
    _reasoned(reason)
    row = _reach(work, account_id)
    if str(row.id) == work.actor.id:
        raise refuse("own_account")
    if row.set_up_at is None:
        raise refuse("second_factor_missing")
    second_factors.drop(work, row.id)
    accounts.end_sessions(work, row.id)
    work.audit("account.second_factor_reset", str(row.id), reason=reason.strip())
    return {"account_id": str(row.id)}


def sessions_of(work: Any, account_id: UUID) -> list[dict[str, Any]]:
    """The open sessions of an account, as accounts.sessions_of."""
    return accounts.sessions_of(work, _reach(work, account_id).id)


def revoke(work: Any, account_id: UUID, session_id: UUID | None = None) -> None:
    """End one session of an account, or all of them."""
    row = _reach(work, account_id)
    if session_id is None:
        accounts.end_sessions(work, row.id)
    else:
        accounts.end_session(work, row.id, session_id)


def shown(row: Any) -> dict[str, Any]:
    """An account as administrators see it; `version` goes along with a change."""
    return {
        "account_id": str(row.id), "username": row.username, "display_name": row.display_name,
        "roles": list(row.roles), "unit": row.unit, "department": row.department, "window": row.window_number,
        "channel": row.channel, "active": row.active, "external_id": row.external_id, "version": row.version,
        "password_temporary": row.password_temporary, "created_at": row.created_at.isoformat(),
        "changed_at": row.changed_at.isoformat(),
        "second_factor_at": row.set_up_at.isoformat() if row.set_up_at else None,
    }  # fmt: skip


_COLUMNS = {"window": "window_number"}
_STORED = ("display_name", "roles", "unit", "department", "window_number", "channel", "external_id")


def _values(row: Any) -> dict[str, Any]:
    return {name: list(row.roles) if name == "roles" else getattr(row, name) for name in _STORED}


def _write(work: Any, row: Any, values: Mapping[str, Any], active: bool) -> None:
    """Gather the change of a row, with the last administrator guarded."""
    if row.active and ADMINISTRATOR in row.roles and not (active and ADMINISTRATOR in values["roles"]):
        if work.first(_OTHER, account_id=row.id) is None:
            raise refuse("last_administrator")
        work.write(_ONE_AT_A_TIME)
        work.write(_STILL_ONE, expect=1, account_id=row.id)
    work.write(_CHANGE, expect=1, account_id=row.id, seen=row.version, active=active, at=work.now, **values)


def _reach(work: Any, account_id: UUID) -> Any:
    row = work.first(_ONE, account_id=account_id)
    if row is None:
        work.require(MANAGE)
        raise refuse("account_unknown")
    _within(work, row.unit)
    return row


def _within(work: Any, unit: str | None) -> None:
    """Refuse what is beyond the own unit; what is of no unit is beyond everybody's who has one."""
    if unit is None and work.actor.unit is not None:
        work.deny(MANAGE, "")
        raise refuse("forbidden")
    work.require(MANAGE, unit)


def _reasoned(reason: str) -> None:
    if len(reason.strip()) < SHORTEST_REASON:
        raise refuse("reason_short", "reason", least=SHORTEST_REASON)


def _escaped(words: str) -> str:
    return words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
