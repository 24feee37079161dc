"""Inspections that a definition orders after its licence was issued: when each is due, the desk at which it is done and
what may come of it, and what becomes of one when its licence is no longer what it was.

An inspector finds; what follows from a violation for the licence is for a person to decide, never for the machine.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from dateutil.relativedelta import relativedelta

from rules import register
from rules.workflow import Action, State, Workflow

COMPLIANT, VIOLATION = "compliant", "violation"
RESULTS = (COMPLIANT, VIOLATION)
SUSPEND, LEAVE = "suspend", "leave"
DECISIONS = (SUSPEND, LEAVE)
PLANNED, OPEN, DONE, DROPPED = "planned", "open", "done", "dropped"
STATUSES = (PLANNED, OPEN, DONE, DROPPED)
GO_ON, FOLLOW, DROP = "go_on", "follow", "drop"
PREFIX = "follow_up/"  # of the state that a task of a follow-up lies in: no workflow can have such a code
TARGET: Mapping[str, Any] = {"days": 10, "kind": "working"}  # where the definition sets none: each must end some day

_FINDINGS: Mapping[str, Any] = {
    "name": "findings", "type": "long_text", "max_length": 4000,
    "label": {"ar": "نتيجة المتابعة", "en": "Findings of the inspection"}}
_NAMES: Mapping[str, dict[str, str]] = {
    COMPLIANT: {"ar": "ملتزم بالاشتراطات", "en": "Complies with the conditions"},
    VIOLATION: {"ar": "توجد مخالفة", "en": "A violation was found"}}


@dataclass(frozen=True, slots=True)
class Planned:
    """One inspection to come: which of the definition, the how manieth, and from when on it is due."""

    code: str
    number: int
    due_on: date


def plan(definition: Mapping[str, Any], issued_on: date) -> list[Planned]:
    """The first inspection of each kind that the definition orders, for what was issued on a Cairo day."""
    return [Planned(one["code"], 1, issued_on + timedelta(days=one["after_days"]))
            for one in definition.get("follow_up") or ()]


def following(definition: Mapping[str, Any], code: str, number: int, due_on: date) -> Planned | None:
    """The one after this, counted from the date it was due and not from when it was done; None where there is no
    other."""
    written = _written(definition, code)
    months = written.get("every_months") if written else None
    return Planned(code, number + 1, due_on + relativedelta(months=months)) if months else None


def fate(status: str, succeeded: bool) -> str:
    """What becomes of an inspection that is due, by the status of its licence (rules.register): it goes on, follows the
    licence's successor, or is dropped with the licence."""
    if status in (register.VALID, register.NOT_YET_VALID, register.SUSPENDED):
        return GO_ON
    return FOLLOW if succeeded and status in (register.REPLACED, register.TRANSFERRED) else DROP


def workflow(definition: Mapping[str, Any], state: str) -> Workflow | None:
    """The inspection as a workflow of one task, whose actions are the RESULTS and require the findings; None for a
    state that is none of a follow-up of this definition."""
    written = _written(definition, state.removeprefix(PREFIX)) if state.startswith(PREFIX) else None
    if written is None:
        return None
    actions = tuple(Action(code, dict(_NAMES[code]), code, ("findings",)) for code in RESULTS)
    task = State(state, "task", dict(written["name"]), "stopped", actions, department=written["department"],
                 role=written["role"], purpose="inspection", target=dict(written.get("target") or TARGET),
                 escalation=written.get("escalation"))
    ends = {code: State(code, "end", dict(_NAMES[code]), "ended", outcome="approved") for code in RESULTS}
    return Workflow(state, {state: task, **ends}, (_FINDINGS,))


def states(definition: Mapping[str, Any]) -> Iterator[State]:
    """The task of every kind of inspection that the definition orders."""
    for one in definition.get("follow_up") or ():
        found = workflow(definition, PREFIX + one["code"])
        if found is not None:
            yield found.states[found.initial]


def _written(definition: Mapping[str, Any], code: str) -> Mapping[str, Any] | None:
    return next((one for one in definition.get("follow_up") or () if one["code"] == code), None)
