"""Whether, and until when, a request's rejection may be appealed against."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from rules import appeals
from rules.calendar import cairo_date
from services.requests.life import Case


def last_day(case: Case) -> date | None:
    """The last day on which the rejection may be appealed against; None where there is none, or none against it."""
    offered = case.definition.workflow.appeal
    if offered is None or case.state.appeal is None:
        return None
    return appeals.last_day(offered, cairo_date(case.marks[-1].at), case.calendar)


def used(case: Case) -> bool:
    """Whether it was appealed before."""
    states = case.definition.workflow.states
    return any(from_state is not None and states[from_state].appeal == to_state
               for _, _, from_state, to_state, *_ in case.row.steps)  # fmt: skip


def shown(case: Case, now: datetime) -> dict[str, Any] | None:
    """What the inquiry tells: {until} while an appeal may be lodged."""
    until = last_day(case)
    if until is None or used(case) or cairo_date(now) > until:
        return None
    return {"until": until.isoformat()}
