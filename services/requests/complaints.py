"""Complaints: each with its own number and its own day, before one head and, when that day passes, before the next."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import text

from chassis.config import Settings
from chassis.database import Statement
from chassis.ids import uuid7
from chassis.uow import UnitOfWork
from contracts.requests_afterwards import COMPLAINT_CHANGED
from rules import afterwards as rule
from rules import numbering
from rules.arabic import western_digits
from rules.calendar import cairo_date
from rules.refusal import Refusal, refuse
from services.requests import board_counts, inquiry, organisation
from services.requests import tables_afterwards as tables
from services.requests.intake import inquiry_key, lets_in
from services.requests.records import sealed_note

DAYS = 5  # working days on each level, where SHUBBAK_COMPLAINT_DAYS does not say otherwise
TEXT, ANSWER = "requests.complaint.text", "requests.complaint.answer"

_NEXT = Statement(
    text(
        "SELECT nextval('complaint_serial') AS serial, "
        "(SELECT number FROM complaint WHERE request_id = :request_id AND state = 'open' LIMIT 1) AS open"
    )
)
_ADD = Statement.insert(
    tables.complaint, "id", "version", "number", "request_id", "unit", "kind", "text", "inquiry_key", "made_at",
    "state", "level", "due_on", "late",
)  # fmt: skip
_ONE = Statement(
    text(
        "SELECT complaint.*, request.tracking_number, request.taken_by, EXISTS (SELECT 1 FROM step "  # noqa: S608
        "WHERE step.request_id = complaint.request_id AND step.actor_id = :actor) AS acted, "
        f"{organisation.STAMP} FROM complaint JOIN request ON request.id = complaint.request_id "
        "WHERE complaint.number = :number"
    )
)
_LIST = Statement(
    text(
        "SELECT number, kind, made_at, level, due_on, late, id FROM complaint WHERE state = 'open' AND unit = :unit "
        "AND level = ANY(:levels) AND (CAST(:after AS uuid) IS NULL OR (due_on, id) > "
        "(SELECT due_on, id FROM complaint WHERE id = CAST(:after AS uuid))) ORDER BY due_on, id LIMIT :limit"
    )
)
_LATE = Statement(
    text(
        f"SELECT complaint.*, {organisation.STAMP} FROM complaint "  # noqa: S608
        "WHERE state = 'open' AND NOT late AND due_on < :today ORDER BY due_on LIMIT 1"
    )
)
_MOVE = Statement(
    text(
        "UPDATE complaint SET version = version + 1, level = :level, unit = :unit, due_on = :due_on, late = :late "
        "WHERE id = :complaint_id AND version = :seen"
    )
)
_ANSWER = Statement(
    text(
        "UPDATE complaint SET version = version + 1, state = 'answered', upheld = :upheld, answer = :answer, "
        "answered_by = :actor, answered_at = :at WHERE id = :complaint_id AND version = :seen AND state = 'open'"
    )
)


def days(settings: Settings) -> int:
    """How many working days each level has. ConfigurationError when that is no number of days."""
    return settings.number("COMPLAINT_DAYS", DAYS, least=1, most=90)


def complain(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """Take a complaint about a request from whoever holds its number and digits. Refuses tracking_unknown,
    complaint_open: one at a time about a request."""
    case = inquiry.admitted(work, body)
    found = work.one(_NEXT, request_id=case.id)
    if found.open is not None:
        raise refuse("complaint_open", number=found.open)
    today = cairo_date(work.now)
    number = numbering.complaint_number(work.settings.node, today.year, found.serial)
    due = case.calendar.add_working_days(today, days(work.settings))
    complaint_id = uuid7()
    work.write(
        _ADD,
        id=complaint_id,
        version=1,
        number=number,
        request_id=case.id,
        unit=case.row.unit,
        kind=body["kind"],
        text=work.privacy.seal(body["text"], field=TEXT),
        inquiry_key=inquiry_key(work, number, western_digits(body["phone_last4"]).strip()),
        made_at=work.now,
        state=rule.OPEN,
        level=0,
        due_on=due,
        late=False,
    )
    board_counts.complained(work, case.row)
    _tell(work, complaint_id, 1, number, case.id, case.row.unit, body["kind"], rule.OPEN, 0, due, False, None)
    work.audit("complaint.made", number)
    return {"complaint_number": number, "due_on": due.isoformat(), "state": rule.OPEN}


def status(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """Where a complaint stands and what was answered, for whoever holds its number and the phone's last four digits.
    Wrong and unknown are refused alike."""
    try:
        number = numbering.parse_complaint_number(body["complaint_number"]).text
    except Refusal:
        raise refuse("complaint_unknown") from None
    row = work.first(_ONE, number=number, actor="")
    if not lets_in(work, row, number, western_digits(body["phone_last4"]).strip()):
        raise refuse("complaint_unknown")
    return _shown(work, row, with_answer=True)


def listed(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """The complaints that lie before the actor, the most urgent first."""
    rows = work.all(_LIST, unit=work.actor.unit, levels=rule.levels_of(work.actor.roles), **body)
    found = [{"complaint_number": row.number, "kind": row.kind, "made_at": row.made_at.isoformat(),
              "level": row.level, "due_on": row.due_on.isoformat(), "late": row.late} for row in rows]  # fmt: skip
    return {"complaints": found, "next": str(rows[-1].id) if len(rows) == body["limit"] else None}


def file(work: UnitOfWork, number: str) -> dict[str, Any]:
    """A complaint as whoever answers it reads it. Reading is recorded: what was written may name people."""
    row = _before_me(work, number)
    work.audit_read("complaint.read", row.number)
    return {**_shown(work, row, with_answer=True), "version": row.version, "tracking_number": row.tracking_number,
            "text": work.privacy.open(row.text, field=TEXT)}  # fmt: skip


def answer(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """Answer a complaint, upheld or not. Refuses complaint_answered, and apart_by_design whoever had a hand in the
    request: nobody judges a complaint about the own work; it goes to the next head."""
    row = _before_me(work, body["complaint_number"])
    if row.state != rule.OPEN:
        raise refuse("complaint_answered")
    if row.acted or row.taken_by == work.actor.id:
        work.deny("complaint.answer", row.number)
        raise refuse("apart_by_design")
    if body["version"] is not None and body["version"] != row.version:
        raise refuse("conflict", "version")
    work.write(_ANSWER, expect=1, complaint_id=row.id, seen=row.version, upheld=body["upheld"], actor=work.actor.id,
               at=work.now, answer=work.privacy.seal(body["answer"], field=ANSWER))  # fmt: skip
    _tell(work, row.id, row.version + 1, row.number, row.request_id, row.unit, row.kind, rule.ANSWERED, row.level,
          row.due_on, row.late, body["upheld"], sealed_note(work, body["answer"]))  # fmt: skip
    work.audit("complaint.answered", row.number, upheld=body["upheld"])
    return {"complaint_number": row.number, "state": rule.ANSWERED, "upheld": body["upheld"]}


def escalate_next(work: UnitOfWork) -> bool:
    """Bring the next complaint that was let lie before the next head; where nobody is above, it is late for good.
    Answers whether there was one."""
    today = cairo_date(work.now)
    row = work.first(_LATE, today=today)
    if row is None:
        return False
    known = organisation.known(work, row.organisation_stamp)
    above = rule.next_level(row.level, row.unit, known.above(row.unit, today))
    level, unit = above or (row.level, row.unit)
    due = known.calendar(unit).add_working_days(today, days(work.settings)) if above else row.due_on
    work.write(_MOVE, expect=1, complaint_id=row.id, seen=row.version, level=level, unit=unit, due_on=due,
               late=above is None)  # fmt: skip
    _tell(work, row.id, row.version + 1, row.number, row.request_id, unit, row.kind, rule.OPEN, level, due,
          above is None, None)  # fmt: skip
    work.audit("complaint.escalated", row.number, level=level)
    return True


def _before_me(work: UnitOfWork, number: str) -> Any:
    row = work.first(_ONE, number=numbering.parse_complaint_number(number).text, actor=work.actor.id)
    if row is None:
        raise refuse("complaint_unknown", "complaint_number")
    work.require("complaint.answer", row.unit)
    if row.level not in rule.levels_of(work.actor.roles):
        work.deny("complaint.answer", row.number)
        raise refuse("forbidden")
    return row


def _shown(work: UnitOfWork, row: Any, *, with_answer: bool) -> dict[str, Any]:
    sealed = row.answer if with_answer else None
    return {
        "complaint_number": row.number,
        "state": row.state,
        "kind": row.kind,
        "made_at": row.made_at.isoformat(),
        "due_on": row.due_on.isoformat(),
        "before": rule.LADDER[row.level],
        "level": row.level,
        "late": row.late,
        "upheld": row.upheld,
        "answer": work.privacy.open(sealed, field=ANSWER) if sealed else None,
    }


def _tell(
    work: UnitOfWork, complaint_id: Any, version: int, number: str, request_id: Any, unit: str, kind: str, state: str,
    level: int, due_on: date, late: bool, upheld: bool | None, note: str | None = None,
) -> None:  # fmt: skip
    work.append(COMPLAINT_CHANGED, complaint_id, version, {
        "complaint_id": complaint_id, "number": number, "request_id": request_id, "unit": unit, "kind": kind,
        "state": state, "level": level, "due_on": due_on, "late": late, "upheld": upheld, "note": note})  # fmt: skip
