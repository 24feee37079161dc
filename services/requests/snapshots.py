"""A request's state as its events tell it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from rules.workflow import State, Transition
from services.requests.guide import Definition


def clock_in(state: State) -> str:
    """Whether the statutory period runs while a request stands in a state."""
    return "ended" if state.kind == "end" else state.clock


def snapshot(
    row: Any,
    definition: Definition,
    transition: Transition,
    state: State,
    due_on: date | None,
    verdicts: Mapping[str, str],
) -> dict[str, Any]:
    """The request's state as its events carry it (contracts.requests.RequestState), without contact."""
    return {
        "request_id": row.id,
        "tracking_number": row.tracking_number,
        "service_code": definition.code,
        "service_version": definition.version,
        "service_name": definition.name,
        "unit": row.unit,
        "channel": row.channel,
        "applicant_kind": row.applicant_kind,
        "state": state.code,
        "state_kind": state.kind,
        "state_name": state.name,
        "stage": state.stage,
        "department": state.department,
        "from_state": transition.from_state,
        "action": transition.action,
        "branch": transition.branch,
        "verdict": transition.verdict,
        "joined": transition.joined,
        "branches": _branches(state, verdicts),
        "note": None,
        "rating": None,
        "fee_inputs": {
            name: row.answers[name]
            for name in definition.fee_inputs
            if name in row.answers and name not in definition.personal_fields
        },
        "lodged_at": row.lodged_at,
        "due_on": due_on,
        "applicant_until": None,
        "clock": clock_in(state),
        "outcome": state.outcome,
        "licence_serial": row.licence_serial,
        "language": row.language,
        "contact": None,
        "inquiry_check": None,
    }


def _branches(state: State, verdicts: Mapping[str, str]) -> list[dict[str, Any]]:
    """The branches of a parallel state as events tell them: who acts, and what has been said."""
    return [
        {
            "code": branch.code,
            "name": branch.name,
            "department": branch.department,
            "body": branch.body,
            "verdict": verdicts.get(branch.code),
        }
        for branch in state.branches
    ]
