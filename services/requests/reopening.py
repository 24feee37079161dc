"""Opening a request again: asked for by its applicant, decided by a person who had no hand in its end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import text

from chassis.config import Settings
from chassis.database import Statement
from chassis.ids import uuid7
from chassis.uow import UnitOfWork
from contracts.requests_afterwards import REOPENING_CHANGED
from rules import afterwards as rule
from rules.calendar import cairo_date
from rules.refusal import refuse
from services.requests import inquiry, life, organisation
from services.requests import tables_afterwards as tables
from services.requests.records import sealed_note

DAYS = 60  # after the end, where SHUBBAK_REOPENING_DAYS does not say otherwise
REASON, DECISION = "requests.reopening.reason", "requests.reopening.decision"

_ADD = Statement.insert(
    tables.reopening, "id", "version", "request_id", "unit", "request_version", "reason", "asked_at", "state"
)
_BEFORE = Statement(
    text("SELECT 1 FROM reopening WHERE request_id = :request_id AND request_version = :request_version")
)
_LIST = Statement(
    text(
        "SELECT reopening.id, reopening.request_id, reopening.version, asked_at, reason, tracking_number, "
        "service_code, outcome FROM reopening JOIN request ON request.id = request_id WHERE reopening.state = 'asked' "
        "AND reopening.unit = :unit ORDER BY reopening.id LIMIT 100"
    )
)
_ONE = Statement(
    text(
        "SELECT reopening.*, ending.from_state, ending.actor_id AS ended_by, "  # noqa: S608
        f"{organisation.STAMP} FROM reopening JOIN step AS ending ON ending.request_id = reopening.request_id "
        "AND ending.sequence = reopening.request_version WHERE reopening.id = :reopening_id"
    )
)
_DECIDE = Statement(
    text(
        "UPDATE reopening SET version = version + 1, state = :state, decided_by = :actor, decided_at = :at, "
        "decision = :decision WHERE id = :reopening_id AND version = :seen AND state = 'asked'"
    )
)


def days(settings: Settings) -> int:
    """For how many days after an end it may be asked for. ConfigurationError when that is no number of days."""
    return settings.number("REOPENING_DAYS", DAYS, least=1, most=3650)


def ask(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """The applicant asks that a rejection or a lapse be looked at anew. Refuses reopening_not_possible, and
    reopening_asked_before: once for each end."""
    case = inquiry.admitted(work, body)
    if not rule.may_reopen(case.row.outcome, cairo_date(case.last), cairo_date(work.now), days(work.settings)):
        raise refuse("reopening_not_possible")
    if work.first(_BEFORE, request_id=case.id, request_version=case.row.version) is not None:
        raise refuse("reopening_asked_before")
    reopening_id = uuid7()
    work.write(_ADD, id=reopening_id, version=1, request_id=case.id, unit=case.row.unit,
               request_version=case.row.version, reason=work.privacy.seal(body["reason"], field=REASON),
               asked_at=work.now, state="asked")  # fmt: skip
    _tell(work, reopening_id, 1, case.id, case.row.unit, "asked")
    work.audit("reopening.asked", str(case.id))
    return {"reopening_id": str(reopening_id), "state": "asked"}


def listed(work: UnitOfWork) -> dict[str, Any]:
    """What was asked for in the actor's unit, the oldest first, with the reasons given; reading them is recorded."""
    rows = work.all(_LIST, unit=work.actor.unit)
    if rows:
        work.audit_read("reopening.read", str(work.actor.unit), requests=[str(row.request_id) for row in rows])
    return {"reopenings": [
        {"reopening_id": str(row.id), "version": row.version, "asked_at": row.asked_at.isoformat(),
         "tracking_number": row.tracking_number, "service_code": row.service_code, "outcome": row.outcome,
         "reason": work.privacy.open(row.reason, field=REASON)} for row in rows]}  # fmt: skip


def decide(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """Grant or refuse. Granted, the request stands again where its end was decided, and nowhere else. Whoever ended it
    decides nothing about that; the head of the unit above may decide in any case."""
    row = work.first(_ONE, reopening_id=body["reopening_id"])
    if row is None:
        raise refuse("reopening_unknown", "reopening_id")
    known = organisation.known(work, row.organisation_stamp)
    if work.actor.unit != known.above(row.unit, cairo_date(work.now)):
        work.require("request.reopen", row.unit)
    if row.ended_by == work.actor.id:
        work.deny("request.reopen", str(row.request_id))
        raise refuse("apart_by_design")
    if row.state != "asked":
        raise refuse("reopening_decided")
    if body["version"] is not None and body["version"] != row.version:
        raise refuse("conflict", "version")
    state = "granted" if body["grant"] else "refused"
    work.write(_DECIDE, expect=1, reopening_id=row.id, seen=row.version, state=state, actor=work.actor.id, at=work.now,
               decision=work.privacy.seal(body["reason"], field=DECISION))  # fmt: skip
    _tell(work, row.id, row.version + 1, row.request_id, row.unit, state, sealed_note(work, body["reason"]))
    work.audit(f"reopening.{state}", str(row.request_id))
    moved = {}
    if body["grant"]:
        case = life.by_id(work, row.request_id)
        if case is None or case.row.version != row.request_version:
            raise refuse("reopening_not_possible")
        moved = life.move(work, case, life.REOPEN, reason=body["reason"], reopened_to=row.from_state)
    return {"reopening_id": str(row.id), "state": state, "request_state": moved.get("state")}


def _tell(work: UnitOfWork, reopening_id: Any, version: int, request_id: Any, unit: str, state: str,
          note: str | None = None) -> None:
    work.append(REOPENING_CHANGED, reopening_id, version, {
        "reopening_id": reopening_id, "request_id": request_id, "unit": unit, "state": state,
        "note": note})  # fmt: skip
