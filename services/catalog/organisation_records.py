"""The organisation as it was approved: read from its rows, and grown by one change in one commit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import text

from chassis.database import Statement
from chassis.ids import named
from chassis.uow import UnitOfWork
from contracts.organisation import CHANGED
from rules.organisation import Operation, Organisation, fold
from rules.organisation_base import base
from rules.organisation_kinds import EMPLOYEE
from services.catalog import organisation_tables as tables

_STATE = Statement(text("SELECT version FROM organisation_state"))
_NEXT = Statement(text("UPDATE organisation_state SET version = version + 1 WHERE version = :seen"))
_ALL = Statement(
    text("SELECT kind, code, op, valid_from, valid_until, body FROM organisation_entity ORDER BY kind, code, version")
)
_COUNTS = Statement(
    text(
        "SELECT kind, code, max(version) AS version FROM organisation_entity "
        "WHERE code = ANY(CAST(:codes AS text[])) GROUP BY kind, code"
    )
)
_HISTORY = Statement(
    text(
        "SELECT e.version, e.op, e.valid_from, e.valid_until, e.body, e.proposal_id, e.recorded_at, p.author, "
        "p.editors, (SELECT coalesce(jsonb_agg(jsonb_build_object('permission', a.permission, 'by', a.by, 'at', a.at) "
        "ORDER BY a.at), '[]') FROM approval a WHERE a.proposal_id = p.id AND a.round = p.round) AS approvals "
        "FROM organisation_entity e LEFT JOIN proposal p ON p.id = e.proposal_id "
        "WHERE e.kind = :kind AND e.code = :code ORDER BY e.version"
    )
)
_INSERT = Statement.insert(tables.organisation_entity)

# Rows are only ever added, and their number of changes goes with them: what was read of one number stays right.
_read: dict[str, tuple[int, Organisation]] = {}


def read(work: UnitOfWork) -> tuple[int, Organisation]:
    """How many changes were approved, and the organisation that they made of the published lists. A change that comes
    between the two is found at the commit of whoever demands this number."""
    version: int = work.scalar(_STATE)
    place = work.settings.database_url
    known = _read.get(place)
    if known is None or known[0] != version:
        rows = work.all(_ALL)
        known = version, Organisation.of(base(), (
            Operation(row.op, row.kind, row.code, row.valid_from, row.body, row.valid_until) for row in rows))
        _read[place] = known
    return known


def write(
    work: UnitOfWork, seen: int, organisation: Organisation, operations: Iterable[Operation], proposal_id: UUID
) -> list[dict[str, Any]]:
    """Put a change on record, in the order of its days, and tell what others must know: the whole timeline of each
    entity but employees, who are nobody else's business. The commit fails as a conflict unless `seen` changes were
    approved before. Answers what was changed, with the version that each has now."""
    ordered = sorted(operations, key=lambda operation: operation.start)
    codes = sorted({operation.code for operation in ordered})
    versions = {(row.kind, row.code): row.version for row in work.all(_COUNTS, codes=codes)}
    timelines = dict(organisation.timelines)
    work.write(_NEXT, expect=1, seen=seen)
    for operation in ordered:
        key = operation.key
        versions[key] = versions.get(key, 0) + 1
        timelines[key] = fold(timelines.get(key, ()), operation)
        work.write(
            _INSERT,
            kind=operation.kind,
            code=operation.code,
            version=versions[key],
            op=operation.op,
            valid_from=operation.start,
            valid_until=operation.until,
            body=None if operation.body is None else dict(operation.body),
            proposal_id=proposal_id,
            recorded_at=work.now,
        )
        if operation.kind != EMPLOYEE:
            told = [version.as_dict() for version in timelines[key]]
            work.append(
                CHANGED,
                named("catalog.organisation", *key),
                versions[key],
                {"kind": operation.kind, "code": operation.code, "timeline": told},
            )
    touched = sorted({operation.key for operation in ordered})
    return [{"kind": kind, "code": code, "version": versions[kind, code]} for kind, code in touched]


def history(work: UnitOfWork, kind: str, code: str) -> list[Any]:
    """Every approved row of an entity, with who proposed and who approved it, oldest first."""
    return work.all(_HISTORY, kind=kind, code=code)
