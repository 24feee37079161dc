"""What the boards count, written as differences in the commit of what they count. No row is written by two, and all
differences of a commit go out as one statement."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from chassis.database import Each, Statement
from chassis.uow import UnitOfWork
from rules.calendar import cairo_date
from rules.silence import SILENCE

_SECOND = timedelta(seconds=1)
PUBLIC = "public"  # taken in by nobody of the staff
DECIDED = ("approved", "rejected")  # outcomes that an office brought about

# A column of every statement that reads a case: which department acted on it last, and who.
LAST_DESK = (
    "(SELECT jsonb_build_array(department, actor_id) FROM step WHERE step.request_id = request.id "
    "AND department IS NOT NULL ORDER BY sequence DESC LIMIT 1) AS last_desk"
)
_ADD = Each(
    "INSERT INTO board_delta (day, unit, department, account, service, channel, kind, count, amount) "
    "SELECT day, unit, department, account, service, channel, kind, 1, amount FROM {rows}",
    day="date", unit="text", department="text", account="text", service="text", channel="text", kind="text",
    amount="bigint",
)
_ADD_OF_REQUEST = Statement(
    text(
        "INSERT INTO board_delta (day, unit, department, account, service, channel, kind, count, amount) "
        "SELECT CAST(:day AS date), unit, CAST(:department AS text), CAST(:account AS text), service_code, channel, "
        "CAST(:kind AS text), 1, CAST(:amount AS bigint) FROM request WHERE id = :request_id"
    )
)


def lodged(work: UnitOfWork, row: Any) -> None:
    """A request came in on the day that its period counts from, at whose hand it was taken in."""
    _count(work, row, "lodged", cairo_date(row.lodged_at), account="" if row.taken_by == PUBLIC else row.taken_by)


def arrived(work: UnitOfWork, unit: str, department: str, service: str, channel: str) -> None:
    """A task came to lie before a department."""
    _add(work, cairo_date(work.now), unit, department, "", service, channel, "arrived", 0)


def acted(work: UnitOfWork, row: Any) -> None:
    """The actor did a task; `row` is that of tasks.held. Late: after the department's own target."""
    today, took = cairo_date(work.now), (work.now - row.task_created_at) // _SECOND
    desk = (row.task_unit, row.task_department, work.actor.id, row.service_code, row.channel)
    _add(work, today, *desk, "acted", took)
    if row.task_due_on is not None and today > row.task_due_on:
        _add(work, today, *desk, "acted_late", 0)


def moved(work: UnitOfWork, row: Any, outcome: str | None, at: datetime, due_on: date | None, action: str,
          *, issued: bool) -> None:
    """A request's step: out of an end, into one, with its output or without. An end that an office decided belongs to
    the department and the person who acted last, though the citizen's payment came after."""
    if row.outcome is not None:
        _count(work, row, "reopened", cairo_date(at))
    if outcome is None:
        return
    department, account = "", ""
    if action != SILENCE and outcome in DECIDED:
        own = [work.actor.department, work.actor.id] if work.actor.department is not None else row.last_desk
        department, account = own or ("", "")
    _count(work, row, outcome, cairo_date(at), department, account, (at - row.lodged_at) // _SECOND)
    if due_on is not None and cairo_date(at) > due_on:
        _count(work, row, "finished_late", cairo_date(at), department, account)
    if issued:
        _count(work, row, "executed", cairo_date(work.now), department, account)


def overdue(work: UnitOfWork, row: Any, department: str | None) -> None:
    """A request's statutory period was over while it lay with a department, or with none or several."""
    _count(work, row, "overdue", cairo_date(work.now), department or "")


def delivered(work: UnitOfWork, request_id: UUID, at: datetime) -> None:
    """The actor handed over an output."""
    _of_request(work, request_id, "delivered", cairo_date(at), work.actor.id)


def rated(work: UnitOfWork, row: Any, stars: int) -> None:
    """A citizen gave a request so many stars."""
    _of_request(work, row.id, "rated", cairo_date(work.now), amount=stars)


def complained(work: UnitOfWork, row: Any) -> None:
    """A complaint was made about a request."""
    _count(work, row, "complained", cairo_date(work.now))


def _count(work: UnitOfWork, row: Any, kind: str, day: date, department: str = "", account: str = "",
           amount: int = 0) -> None:
    _add(work, day, row.unit, department, account, row.service_code, row.channel, kind, amount)


def _add(work: UnitOfWork, day: date, unit: str, department: str, account: str, service: str, channel: str, kind: str,
         amount: int) -> None:
    work.write(_ADD, day=day, unit=unit, department=department, account=account, service=service, channel=channel,
               kind=kind, amount=amount)


def _of_request(work: UnitOfWork, request_id: UUID, kind: str, day: date, account: str = "", amount: int = 0) -> None:
    work.write(_ADD_OF_REQUEST, request_id=request_id, kind=kind, day=day, department="", account=account,
               amount=amount)
