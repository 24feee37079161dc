"""The guide as it is read: what is in force, one version, all versions of a service."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import text

from chassis.database import Statement
from chassis.uow import UnitOfWork
from rules import editions
from rules.calendar import cairo_date
from rules.refusal import Refusal, refuse

# What is in force: the one rule of rules.editions.in_force, as PostgreSQL reads it.
_NEWEST = Statement(
    text(
        "SELECT d.* FROM (SELECT code, version, effective_from, body FROM definition "
        "WHERE code = :code AND effective_from <= :today ORDER BY version DESC LIMIT 1) d WHERE NOT EXISTS "
        "(SELECT 1 FROM retirement r WHERE r.scope = 'local' AND r.code = d.code "
        "AND r.retired_from > d.effective_from AND r.retired_from <= :today)"
    )
)
_NEWEST_NATIONAL = Statement(
    text(
        "SELECT d.* FROM (SELECT code, version, effective_from, body FROM national_version "
        "WHERE code = :code AND effective_from <= :today ORDER BY version DESC LIMIT 1) d WHERE NOT EXISTS "
        "(SELECT 1 FROM retirement r WHERE r.scope = 'national' AND r.code = d.code "
        "AND r.retired_from > d.effective_from AND r.retired_from <= :today)"
    )
)
_ONE = Statement(
    text("SELECT code, version, effective_from, body FROM definition WHERE code = :code AND version = :version")
)
_NATIONAL = Statement(
    text("SELECT code, version, effective_from, body FROM national_version WHERE code = :code AND version = :version")
)
_IN_FORCE = Statement(
    text(
        "SELECT d.* FROM (SELECT DISTINCT ON (code) code, version, effective_from, body -> 'name' AS name, "
        "body -> 'summary' AS summary FROM definition WHERE effective_from <= :today ORDER BY code, version DESC) d "
        "WHERE NOT EXISTS (SELECT 1 FROM retirement r WHERE r.scope = 'local' AND r.code = d.code "
        "AND r.retired_from > d.effective_from AND r.retired_from <= :today) ORDER BY d.code"
    )
)
_EDITIONS = Statement(
    text(
        "SELECT version, effective_from, published_at, national_version, overrides FROM definition "
        "WHERE code = :code ORDER BY version DESC"
    )
)
_NATIONALS = Statement(
    text(
        "SELECT version, effective_from, published_at, published_by, approved_by FROM national_version "
        "WHERE code = :code ORDER BY version DESC"
    )
)
_ENDS = Statement(
    text("SELECT retired_from, reason FROM retirement WHERE scope = :scope AND code = :code ORDER BY retired_from DESC")
)


def get(work: UnitOfWork, code: str, version: int | None, scope: str = "local") -> dict[str, Any]:
    """One version, an edition of this governorate unless the national scope is asked for; the one in force when no
    version is named. Refuses service_unknown, version_unknown."""
    if version is not None:
        return one(work, code, version, scope)
    newest = _NEWEST_NATIONAL if scope == "national" else _NEWEST
    row = work.first(newest, code=asked(code), today=cairo_date(work.now))
    if row is None:
        raise unknown(code)
    return {**_brief(row.code, row.version, row.effective_from), "definition": row.body}


def one(work: UnitOfWork, code: str, version: int, scope: str, field: str = "version") -> dict[str, Any]:
    """One version, in force or not: an edition of this governorate (local) or a version of the national guide. Refuses
    version_unknown at the field that named it."""
    row = work.first(_NATIONAL if scope == "national" else _ONE, code=asked(code), version=version)
    if row is None:
        raise refuse("version_unknown", field, code=code, version=version)
    return {**_brief(row.code, row.version, row.effective_from), "definition": row.body}


def in_force(work: UnitOfWork) -> dict[str, Any]:
    """All editions in force, in short."""
    rows = work.all(_IN_FORCE, today=cairo_date(work.now))
    return {
        "services": [
            {"code": row.code, "version": row.version, "name": row.name, "summary": row.summary} for row in rows
        ]
    }


def versions(work: UnitOfWork, code: str, scope: str) -> dict[str, Any]:
    """All versions of a service, newest first, which of them is in force today, and from when it was retired. Refuses
    service_unknown when there is none."""
    rows = work.all(_NATIONALS if scope == "national" else _EDITIONS, code=asked(code))
    if not rows:
        raise unknown(code)
    ends, today = work.all(_ENDS, scope=scope, code=code), cairo_date(work.now)
    retired = [end.retired_from for end in ends]
    standing, states = editions.in_force(rows, retired, today), editions.states(rows, retired, today)
    return {
        "code": code,
        "scope": scope,
        "in_force": standing.version if standing else None,
        "versions": [
            {**row._asdict(), "state": states[row.version], "effective_from": row.effective_from.isoformat(),
             "published_at": row.published_at.isoformat()}
            for row in rows
        ],
        "retirements": [{"retired_from": end.retired_from.isoformat(), "reason": end.reason} for end in ends],
    }


def asked(code: str) -> str:
    """The code, when it can be that of a service at all: a text column takes not every text. Refuses
    service_unknown."""
    if not code.isascii() or not code.isprintable():
        raise unknown(code)
    return code


def unknown(code: str) -> Refusal:
    """There is no service of this code."""
    return refuse("service_unknown", "code", code=code)


def _brief(code: str, version: int, effective_from: date) -> dict[str, Any]:
    return {"code": code, "version": version, "effective_from": effective_from.isoformat()}
