"""Publishing: a definition is checked as a whole, becomes the next version of its code, and stands for ever."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date
from typing import Any

import orjson
from sqlalchemy import text

from chassis.database import Statement
from chassis.ids import named
from chassis.uow import UnitOfWork
from contracts.catalog import PUBLISHED
from contracts.definition import load_definition
from rules.calendar import cairo_date
from rules.refusal import refuse
from services.catalog import tables

_LATEST = Statement(
    text("SELECT version, digest, effective_from FROM definition WHERE code = :code ORDER BY version DESC LIMIT 1")
)
_INSERT = Statement.insert(tables.definition)
_ONE = Statement(
    text(
        "SELECT code, version, effective_from, body FROM definition WHERE code = :code "
        "AND (CAST(:version AS integer) IS NULL OR version = :version) AND effective_from <= :today "
        "ORDER BY version DESC LIMIT 1"
    )
)
_IN_FORCE = Statement(
    text(
        "SELECT DISTINCT ON (code) code, version, body -> 'name' AS name, body -> 'summary' AS summary FROM definition "
        "WHERE effective_from <= :today ORDER BY code, version DESC"
    )
)


def publish(work: UnitOfWork, given: Mapping[str, Any]) -> dict[str, Any]:
    """Publish as the next version, in force from today. The same content again answers the version that stands.
    Refuses with every fault of the definition."""
    definition = load_definition(dict(given))
    canonical = orjson.dumps(definition, option=orjson.OPT_SORT_KEYS)
    digest, code = hashlib.sha256(canonical).digest(), definition["code"]
    latest = work.first(_LATEST, code=code)
    if latest is not None and latest.digest == digest:
        return _answer(code, latest.version, latest.effective_from)
    version, today = (latest.version if latest else 0) + 1, cairo_date(work.now)
    subject = named("catalog.definition", code)
    work.write(
        _INSERT,
        code=code,
        version=version,
        subject=subject,
        effective_from=today,
        published_at=work.now,
        published_by=work.actor.id,
        digest=digest,
        body=definition,
    )
    work.append(
        PUBLISHED,
        subject,
        version,
        {"code": code, "version": version, "effective_from": today, "definition": definition},
    )
    work.audit("definition.publish", code, version=version)
    return _answer(code, version, today)


def get(work: UnitOfWork, code: str, version: int | None) -> dict[str, Any]:
    """One definition; the one in force when no version is named. Refuses service_unknown."""
    if not code.isascii() or not code.isprintable():  # a text column takes not every text
        raise refuse("service_unknown", "code", code=code)
    row = work.first(_ONE, code=code, version=version, today=cairo_date(work.now))
    if row is None:
        raise refuse("service_unknown", "code", code=code)
    return {**_answer(row.code, row.version, row.effective_from), "definition": row.body}


def in_force(work: UnitOfWork) -> dict[str, Any]:
    """All definitions in force, in short."""
    rows = work.all(_IN_FORCE, today=cairo_date(work.now))
    return {
        "services": [
            {"code": row.code, "version": row.version, "name": row.name, "summary": row.summary} for row in rows
        ]
    }


def _answer(code: str, version: int, effective_from: date) -> dict[str, Any]:
    return {"code": code, "version": version, "effective_from": effective_from.isoformat()}
