"""Deadlines of 100,000 open requests in one sweep, computed in this process without a database."""

from __future__ import annotations

import random
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from contracts.definition import authoring, load_definition
from rules.calendar import Calendar, cairo_date
from rules.deadlines import Mark
from rules.workflow import Workflow
from services.requests import due
from services.requests.guide import Definition

REQUESTS = 100_000
GUIDE = Path(__file__).resolve().parents[2] / "services" / "catalog" / "guide"
NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)


def measure() -> dict[str, Any]:
    """Seconds to compute every period of 100,000 requests of the guide's services, each with a path of three to eight
    steps over the last year, with all their dates (due, warning, silence), by calendars with decreed holidays."""
    bodies = map(load_definition, authoring.read_folder(GUIDE).values())
    definitions = [Definition(body["code"], 1, body) for body in bodies]
    chance = random.Random(4)
    cases = [(one, _marks(one.workflow, chance)) for one in chance.choices(definitions, k=REQUESTS)]
    calendars = [Calendar({date(2026, 10, 1) + timedelta(days=n * 9): "بقرار"}) for n in range(12)]
    begun, cpu = time.perf_counter(), time.process_time()
    dated = periods = 0
    for place, (definition, marks) in enumerate(cases):
        found = due.standings(definition, marks, NOW, calendars[place % len(calendars)])
        dates = due.dates(found, definition.workflow, [mark.why for mark in marks], NOW)
        periods += len(found)
        dated += dates.due_on is not None
    seconds = time.perf_counter() - begun
    if not dated:
        raise RuntimeError("no request had a due date: nothing was measured")
    return {"requests": REQUESTS, "periods": periods, "dated": dated, "seconds": round(seconds, 1),
            "cpu_seconds": round(time.process_time() - cpu, 1), "us_each": round(1e6 * seconds / REQUESTS, 1),
            "today": cairo_date(NOW).isoformat()}  # fmt: skip


def _marks(workflow: Workflow, chance: random.Random) -> list[Mark]:
    """A walk through the workflow that is not over yet."""
    at = NOW - timedelta(days=chance.randint(5, 365))
    state = workflow.state(workflow.initial)
    marks = [Mark(at, state.clock, state.code)]
    for _ in range(chance.randint(2, 7)):
        ways = [way.to for way in state.exits if workflow.state(way.to).kind != "end"]
        if not ways:
            break
        state = workflow.state(chance.choice(ways))
        at = min(at + timedelta(hours=chance.randint(1, 400)), NOW)
        marks.append(Mark(at, state.clock, state.code))
    return marks
