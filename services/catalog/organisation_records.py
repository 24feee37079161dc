"""The organisation as it was approved: read from its rows, and grown by one change in one commit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text

from chassis.database import Statement
from chassis.ids import named
from chassis.uow import UnitOfWork
from contracts.organisation import CHANGED
from rules.organisation import Operation, Organisation, Timeline, Version, fold
from rules.organisation_base import base
from rules.organisation_kinds import EMPLOYEE, Key
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
_RECEIVED = Statement(text("SELECT kind, code, version, timeline, epoch, sequence, received_at, number "
                           "FROM organisation_received"))
_KEEP = Statement(
    text(
        "INSERT INTO organisation_received (kind, code, version, timeline, epoch, sequence, received_at, number) "
        "VALUES (:kind, :code, :version, CAST(:timeline AS jsonb), :epoch, :sequence, :now, :number) "
        "ON CONFLICT (kind, code) DO UPDATE SET version = excluded.version, timeline = excluded.timeline, "
        "epoch = excluded.epoch, sequence = excluded.sequence, received_at = excluded.received_at, "
        "number = excluded.number"
    )
)

# Rows are only ever added, and their number of changes goes with them: what was read of one number stays right.
_read: dict[str, tuple[int, Organisation, dict[Key, Any]]] = {}


def read(work: UnitOfWork) -> tuple[int, Organisation]:
    """How many changes were approved or came from the centre, and the organisation that they made of the published
    lists. A change that comes between the two is found at the commit of whoever demands this number."""
    version, organisation, _ = _known(work)
    return version, organisation


def received(work: UnitOfWork) -> dict[Key, Any]:
    """The entities that the centre told of, each with its row: they are the centre's, not this node's."""
    return _known(work)[2]


def _known(work: UnitOfWork) -> tuple[int, Organisation, dict[Key, Any]]:
    version: int = work.scalar(_STATE)
    place = work.settings.database_url
    known = _read.get(place)
    if known is None or known[0] != version:
        rows, kept = work.all(_ALL), {(row.kind, row.code): row for row in work.all(_RECEIVED)}
        own = Organisation.of(base(), (
            Operation(row.op, row.kind, row.code, row.valid_from, row.body, row.valid_until) for row in rows))
        known = version, own.told({key: timeline_of(row.timeline) for key, row in kept.items()}), kept
        _read[place] = known
    return known


def receive(
    work: UnitOfWork, seen: int, key: Key, told: list[dict[str, Any]], line: Mapping[str, Any], number: int
) -> None:
    """Keep the centre's word `number` about an entity and tell it on, as a change of this node's would be, but marked
    as the echo that it is. What was approved here rests from then on, also what is newer than the centre's word; the
    audit says how much that is. The commit fails as a conflict unless `seen` changes stood before."""
    [kind, code], before = key, received(work).get(key)
    own = max((row.version for row in work.all(_COUNTS, codes=[code]) if row.kind == kind), default=0)
    version = max(own, before.version if before else 0) + 1
    work.write(_NEXT, expect=1, seen=seen)
    work.write(_KEEP, kind=kind, code=code, version=version, timeline=orjson.dumps(told).decode(),
               epoch=line["epoch"], sequence=line["sequence"], now=work.now, number=number)
    work.append(CHANGED, named("catalog.organisation", *key), version,
                {"kind": kind, "code": code, "timeline": told, "answers": number, "heard": number})
    work.audit("organisation.received", f"{kind}/{code}", peer=line["peer"], epoch=line["epoch"],
               sequence=line["sequence"], number=number, rests=own)


def timeline_of(told: Iterable[Mapping[str, Any]]) -> Timeline:
    """A timeline as events carry it."""
    return tuple(
        Version(date.fromisoformat(one["valid_from"]),
                None if one["valid_until"] is None else date.fromisoformat(one["valid_until"]), one["body"])
        for one in told)


def write(
    work: UnitOfWork, seen: int, organisation: Organisation, operations: Iterable[Operation], proposal_id: UUID
) -> list[dict[str, Any]]:
    """Put a change on record, in the order of its days, and tell what others must know: the whole timeline of each
    entity but employees, who are nobody else's business. The commit fails as a conflict unless `seen` changes were
    approved before. Answers what was changed, with the version that each has now."""
    ordered = sorted(operations, key=lambda operation: operation.start)
    codes = sorted({operation.code for operation in ordered})
    versions = {(row.kind, row.code): row.version for row in work.all(_COUNTS, codes=codes)}
    timelines, theirs = dict(organisation.timelines), received(work)
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
                {"kind": operation.kind, "code": operation.code, "timeline": told, "answers": None,
                 "heard": theirs[key].number if key in theirs else 0},
            )
    touched = sorted({operation.key for operation in ordered})
    return [{"kind": kind, "code": code, "version": versions[kind, code]} for kind, code in touched]


def history(work: UnitOfWork, kind: str, code: str) -> list[Any]:
    """Every approved row of an entity, with who proposed and who approved it, oldest first."""
    return work.all(_HISTORY, kind=kind, code=code)
