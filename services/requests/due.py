"""When a case is due, when somebody must look at it next, and why: rules.periods over the marks of a case."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from rules import periods, silence
from rules.calendar import Calendar, cairo_date
from rules.deadlines import Mark
from rules.periods import WHOLE, Extension, Standing
from rules.workflow import State, Workflow
from services.requests.guide import Definition

# A column of every statement that reads a case: the extensions it was given.
EXTENSIONS = (
    "(SELECT jsonb_agg(jsonb_build_array(period, days) ORDER BY sequence) "
    "FROM extension WHERE extension.request_id = request.id) AS extensions"
)
DEPARTMENTS = ("task", "external", "parallel")  # kinds of state in which an office acts
HEAD = "unit_head"  # who hears of what no escalation names


@dataclass(frozen=True, slots=True)
class Dates:
    """What a request's row keeps of its periods: the statutory due date of the whole, the next date on which a sweep
    judges them, and the first on which silence may mean something. None while the clock stands, or there is none."""

    due_on: date | None
    judge_on: date | None
    silence_on: date | None


def extensions_of(rows: Sequence[Sequence[Any]] | None) -> tuple[Extension, ...]:
    """The extensions as EXTENSIONS reads them."""
    return tuple(Extension(period, days) for period, days in rows or ())


def standings(
    definition: Definition, marks: Sequence[Mark], now: datetime, calendar: Calendar,
    extensions: Sequence[Extension] = (), ended: datetime | None = None,
) -> tuple[Standing, ...]:
    """Where every period of a case stands that has begun."""
    return periods.standings(definition.body, marks, cairo_date(now), calendar, extensions, ended)


def whole(found: Sequence[Standing]) -> Standing | None:
    """The period of the whole, where the law gives one."""
    return next((one for one in found if one.code == WHOLE), None)


def dates(found: Sequence[Standing], workflow: Workflow, path: Sequence[str], now: datetime) -> Dates:
    """What the row keeps, for a request that stands at the end of `path`. A level that is reached already is judged
    today."""
    today, state = cairo_date(now), workflow.state(path[-1])
    told = [one for one in found if concerns(one, state)]
    reached = any(one.levels(today) for one in told)
    following = [on for one in told if (on := one.next_on(today)) is not None]
    the_whole = whole(found)
    return Dates(
        the_whole.deadline.due_on if the_whole else None,
        today if reached else min(following, default=None),
        min((on for one in found if (on := one.silence_on) is not None
             and silence.may_speak(one, workflow, path)), default=None),
    )


def concerns(standing: Standing, state: State) -> bool:
    """Whether an office is to be told of a period now: its own work runs in it. The applicant's time is not its."""
    return state.kind in DEPARTMENTS and (standing.states is None or state.code in standing.states)


def shown(found: Sequence[Standing], now: datetime, calendar: Calendar, *, explained: bool = False
          ) -> list[dict[str, Any]]:
    """The periods as answers tell them: [{code, name, days, kind, extended, silence, due_on, days_used, days_left,
    late}], with `explanation` [{from, to, clock, why, days}] where it is asked for."""
    today = cairo_date(now)
    return [one.as_dict(today, calendar, explained=explained) for one in found]
