"""Declared relations: who is kept apart from whose requests. A member of staff declares it of a person or a company by
a number, which is kept as a keyed hash only; a head may withdraw it with a reason, and the record of it stays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import text

from chassis.database import Statement
from chassis.ids import uuid7
from chassis.uow import UnitOfWork
from rules.refusal import Fault, Refusal, refuse
from services.requests import parties

REASON, NUMBER = "requests.relation.reason", "requests.relation.number"
PERMISSION = "relation.withdraw"

_DECLARE = Statement(
    text(
        "INSERT INTO declared_relation (id, account, unit, department, kind, person_key, number, declared_at) "
        "SELECT CAST(:id AS uuid), CAST(:account AS text), CAST(:unit AS text), CAST(:department AS text), "
        "CAST(:kind AS text), CAST(:person AS bytea), CAST(:number AS text), CAST(:at AS timestamptz) "
        "WHERE NOT EXISTS (SELECT 1 FROM declared_relation WHERE account = :account AND withdrawn_at IS NULL "
        "AND person_key = ANY(:persons)) "
        "ON CONFLICT (account, person_key) WHERE withdrawn_at IS NULL DO NOTHING"
    )
)
# Not `left_by`: it was no fault of theirs, and they are kept apart by the relation anyhow.
_LET_GO = Statement(
    text(
        "UPDATE task SET status = 'open', held_by = NULL, held_at = NULL, version = version + 1 "
        "WHERE held_by = :account AND status = 'held' "
        "AND request_id IN (SELECT request_id FROM person_of_request WHERE person_key = :person)"
    )
)
_COLUMNS = "id, account, unit, department, kind, declared_at, withdrawn_at, withdrawn_by, reason"
_LISTED = Statement(
    text(
        f"SELECT {_COLUMNS} FROM declared_relation "  # noqa: S608
        "WHERE (unit = :unit OR account = :account) AND (CAST(:all AS boolean) OR account = :account) "
        "AND (CAST(:before AS uuid) IS NULL OR id < CAST(:before AS uuid)) ORDER BY id DESC LIMIT :limit"
    )
)
_ONE = Statement(text(f"SELECT {_COLUMNS} FROM declared_relation WHERE id = :relation_id"))  # noqa: S608
_WITHDRAW = Statement(
    text(
        "UPDATE declared_relation SET withdrawn_at = :at, withdrawn_by = :actor, reason = :reason "
        "WHERE id = :relation_id AND withdrawn_at IS NULL"
    )
)


def declare(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """The actor is related to whoever has this number: from this commit on the engine hands them none of the requests
    that concern them, acting in one is refused, and what they held goes back. Exactly one of the numbers of `parties`
    is given. Refuses relation_number_wanted, and what reading the number refuses. Says the same whether or not that
    person ever applied for anything."""
    given = [name for name in parties.NUMBERS if body.get(name)]
    if len(given) != 1:
        faults = [Fault("relation_number_wanted", name) for name in given[1:]]
        raise Refusal(faults or [Fault("relation_number_wanted", "national_id")])
    [kind] = given
    _, read = parties.NUMBERS[kind]
    number = read(body[kind], kind)
    person, persons = parties.key(work, kind, number), work.privacy.lookups(number, parties.NUMBERS[kind][0])
    work.write(_DECLARE, id=uuid7(), account=work.actor.id, unit=work.actor.unit, department=work.actor.department,
               kind=kind, person=person, persons=list(persons), at=work.now,
               number=work.privacy.seal(number, field=NUMBER))
    work.write(_LET_GO, account=work.actor.id, person=person)
    work.audit("relation.declared", work.actor.id)
    return {"declared": True}


def listed(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """Relations that were declared, withdrawn ones with why, the newest first: to a head those of the own unit, to
    everybody else their own. With whom is told to nobody."""
    head = work.actor.permits(PERMISSION)
    rows = work.all(_LISTED, unit=work.actor.unit, account=work.actor.id, all=head, before=body["before"],
                    limit=body["limit"])
    return {"relations": [_shown(work, row) for row in rows],
            "next": str(rows[-1].id) if len(rows) == body["limit"] else None}


def withdraw(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """A head takes a relation of the own unit out of effect, with a reason; the record stays, and the person may be
    handed files again. Refuses relation_unknown (another unit's as well), relation_withdrawn, and apart_by_design to
    whoever declared it: nobody lets themselves in."""
    row = work.first(_ONE, relation_id=body["relation_id"])
    if row is None or row.unit != work.actor.unit:
        if row is not None:
            work.deny(PERMISSION, str(row.id))
        raise refuse("relation_unknown", "relation_id")
    if row.account == work.actor.id:
        work.deny(PERMISSION, str(row.id))
        raise refuse("apart_by_design")
    if row.withdrawn_at is not None:
        raise refuse("relation_withdrawn", "relation_id")
    work.write(_WITHDRAW, expect=1, relation_id=row.id, at=work.now, actor=work.actor.id,
               reason=work.privacy.seal(body["reason"], field=REASON))
    work.audit("relation.withdrawn", str(row.id), account=row.account)
    return {"relation_id": str(row.id), "withdrawn_at": work.now.isoformat()}


def number_of(work: UnitOfWork, row: Any) -> str:
    """The number under which a relation was declared: for a new look-up key, and shown to nobody."""
    return work.privacy.open(row.number, field=NUMBER)


def _shown(work: UnitOfWork, row: Any) -> dict[str, Any]:
    return {
        "relation_id": str(row.id),
        "account": row.account,
        "department": row.department,
        "kind": row.kind,
        "declared_at": row.declared_at.isoformat(),
        "withdrawn_at": row.withdrawn_at.isoformat() if row.withdrawn_at else None,
        "withdrawn_by": row.withdrawn_by,
        "reason": work.privacy.open(row.reason, field=REASON) if row.reason else None,
    }
