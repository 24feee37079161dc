"""A citizen's own requests: those lodged from the account that asks and, once a phone was bound to the card's number at
a window, those of its holder. Nobody else's, ever: the account is the signed actor's own, and the number of a card
counts only from an actor who is signed as bound."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import text

from chassis.database import Statement
from chassis.uow import UnitOfWork
from rules import identity
from rules.refusal import refuse
from services.requests import finding
from services.requests.intake import NATIONAL_ID, PASSPORT

OWN, OWN_PERSON = "request.own", "request.own_person"
_LAST = UUID(int=2**128 - 1)

# Each look goes through its own index. What a person has is few and is gathered whole before a page is cut from it:
# with an order and an end in the look itself, PostgreSQL would rather go through all requests from the newest on. A
# passport has no hash of its own in the request; the index of words has one, short enough that its findings are
# compared.
_OWN = Statement(
    text(
        "SELECT r.id, r.tracking_number, r.service_code, r.service_version, r.unit, r.state, r.state_kind, r.outcome, "
        "r.lodged_at, r.due_on, r.account_id, r.passport, "
        "coalesce(r.national_id_key = ANY(CAST(:persons AS bytea[])), false) AS of_person FROM request AS r "
        "WHERE r.id IN (SELECT id FROM ("
        "(SELECT id FROM request WHERE account_id = :account AND id < :after ORDER BY id DESC LIMIT :limit) "
        "UNION SELECT id FROM request WHERE national_id_key = ANY(CAST(:persons AS bytea[])) "
        "UNION SELECT request_id FROM found_by WHERE key = ANY(CAST(:passports AS bigint[]))"
        ") AS own WHERE id < :after ORDER BY id DESC LIMIT :limit) ORDER BY r.id DESC"
    )
)
# What is still to come of the requests on a page: one open visit and one open complaint at a time for each.
_STILL_OPEN = Statement(
    text(
        "SELECT request_id, 'visit' AS what, number, state, day FROM visit "
        "WHERE request_id = ANY(CAST(:requests AS uuid[])) AND state IN ('ordered', 'planned', 'out') "
        "UNION ALL SELECT request_id, 'complaint', number, state, due_on FROM complaint "
        "WHERE request_id = ANY(CAST(:requests AS uuid[])) AND state = 'open'"
    )
)


def listed(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """A page of the own requests. Refuses `forbidden` to anybody but a citizen, and the number of a card to one whose
    phone is not bound."""
    if work.actor.kind != "citizen":
        work.deny(OWN, "")
        raise refuse("forbidden")
    if body["national_id"] or body["passport"]:
        work.require(OWN_PERSON)
    account = UUID(work.actor.id)
    persons: tuple[bytes, ...] = ()
    passports: list[int] = []
    if body["national_id"]:
        number = identity.parse_national_id(body["national_id"], "national_id").digits
        persons = work.privacy.lookups(number, NATIONAL_ID)
    passport = identity.parse_passport(body["passport"], "passport") if body["passport"] else None
    if passport:
        passports = [finding.key_of(work, passport, finding.PASSPORT)]
    rows = work.all(_OWN, account=account, persons=list(persons), passports=passports,
                    after=body["after"] or _LAST, limit=body["limit"] + 1)  # fmt: skip
    more, rows = len(rows) > body["limit"], rows[: body["limit"]]
    own = [row for row in rows if row.account_id == account or row.of_person or _has_passport(work, row, passport)]
    still_open = _still_open(work, [row.id for row in own])
    return {
        "requests": [
            {
                **finding.summary(work, row, named=False),
                "lodged_here": row.account_id == account,
                "visit": still_open.get((row.id, "visit")),
                "complaint": still_open.get((row.id, "complaint")),
            }
            for row in own
        ],
        "next": str(rows[-1].id) if more else None,
    }


def _still_open(work: UnitOfWork, requests: list[UUID]) -> dict[tuple[UUID, str], dict[str, Any]]:
    rows = work.all(_STILL_OPEN, requests=requests) if requests else []
    return {
        (row.request_id, row.what): {
            "number": row.number,
            "state": row.state,
            "on": row.day.isoformat() if row.day else None,
        }
        for row in rows
    }


def _has_passport(work: UnitOfWork, row: Any, passport: str | None) -> bool:
    return bool(passport and row.passport and work.privacy.open(row.passport, field=PASSPORT) == passport)
