"""Letters begin when a request comes to a body outside: in the commit that brings it there."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from chassis.database import Statement
from chassis.ids import uuid7
from chassis.uow import UnitOfWork
from contracts.requests_outputs import LETTER_CHANGED
from rules.workflow import State
from services.requests import tables_outputs as tables

DRAFTED, SENT, ANSWERED = "drafted", "sent", "answered"

_OPEN = Statement.insert(
    tables.letter, "id", "version", "request_id", "entered", "state", "branch", "body", "unit", "status", "created_at",
    "draw_at",
)  # fmt: skip


def letters(work: UnitOfWork, row: Any, state: State, entered: int) -> None:
    """Begin the letters to all bodies that a request meets in the state it comes to. `entered` is the request's version
    then: a file that comes back is written about again."""
    asked = [(None, state.body)] if state.body else [(one.code, one.body) for one in state.branches if one.body]
    for branch, body in asked:
        letter_id = uuid7()
        work.write(_OPEN, id=letter_id, version=1, request_id=row.id, entered=entered, state=state.code, branch=branch,
                   body=body, unit=row.unit, status=DRAFTED, created_at=work.now, draw_at=work.now)  # fmt: skip
        tell(work, letter_id, 1, row.id, body, DRAFTED)


def tell(
    work: UnitOfWork, letter_id: UUID, version: int, request_id: UUID, body: str | None, status: str,
    sent_on: date | None = None, answered_on: date | None = None, number: str | None = None,
) -> None:  # fmt: skip
    """The letter's event."""
    work.append(LETTER_CHANGED, letter_id, version, {
        "letter_id": letter_id, "request_id": request_id, "number": number, "body": body, "status": status,
        "sent_on": sent_on, "answered_on": answered_on})  # fmt: skip
