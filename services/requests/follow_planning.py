"""Inspections after the issue begin with the licence: planned in the commit that issues it."""

from __future__ import annotations

from typing import Any

from chassis.database import Statement
from chassis.ids import uuid7
from chassis.uow import UnitOfWork
from rules import follow_ups as rule
from rules.calendar import cairo_date
from rules.follow_ups import PLANNED, Planned
from services.requests import tables_engine
from services.requests.guide import Definition

_PLAN = Statement.insert(
    tables_engine.follow_up, "id", "version", "serial", "request_id", "unit", "code", "number", "due_on", "status",
)  # fmt: skip


def plan(work: UnitOfWork, definition: Definition, row: Any, serial: str) -> None:
    """Gather what the definition orders for a licence that is issued for a request; nothing where it orders none."""
    for one in rule.plan(definition.body, cairo_date(work.now)):
        add(work, row.id, row.unit, serial, one)


def add(work: UnitOfWork, request_id: Any, unit: str, serial: str, one: Planned) -> None:
    """Gather one planned inspection. Its first event, and with it version 1, comes when it is opened."""
    work.write(_PLAN, id=uuid7(), version=0, serial=serial, request_id=request_id, unit=unit, code=one.code,
               number=one.number, due_on=one.due_on, status=PLANNED)
