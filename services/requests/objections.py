"""What the applicant did about a request beside its path, as its timeline tells it: complaints with their day, the wish
to have its end looked at anew, and the visit of the mobile district that is still to come."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from chassis.database import Statement
from chassis.uow import UnitOfWork
from rules import afterwards as rule
from rules.calendar import cairo_date
from services.requests import reopening
from services.requests.life import Case

MOST = 20  # complaints that are told, the newest first

_SAID = Statement(
    text(
        "SELECT (SELECT jsonb_agg(to_jsonb(told) ORDER BY told.made_at DESC) FROM (SELECT number, kind, state, "
        "made_at, due_on, level, late, upheld FROM complaint WHERE request_id = :request_id "
        "ORDER BY made_at DESC LIMIT :most) AS told) AS complaints, "
        "(SELECT state FROM reopening WHERE request_id = :request_id "
        "AND request_version = :request_version LIMIT 1) AS reopening, "
        "(SELECT jsonb_build_object('number', number, 'state', state, 'on', day) FROM visit "
        "WHERE request_id = :request_id AND state IN ('ordered', 'planned', 'out') LIMIT 1) AS visit"
    )
)


def told(work: UnitOfWork, case: Case) -> dict[str, Any]:
    """{complaints: [{complaint_number, kind, state, made_at, due_on, before, late, upheld}], reopening, visit}:
    `reopening` is {state} where it was asked for, {until} where it may still be, otherwise None; `visit` is the open
    one, {number, state, on}, or None. Texts and answers are told under the complaint's own number."""
    row = work.one(_SAID, request_id=case.id, request_version=case.row.version, most=MOST)
    return {
        "complaints": [
            {
                "complaint_number": one["number"],
                "kind": one["kind"],
                "state": one["state"],
                "made_at": one["made_at"],
                "due_on": one["due_on"],
                "before": rule.LADDER[one["level"]],
                "late": one["late"],
                "upheld": one["upheld"],
            }
            for one in row.complaints or ()
        ],
        "reopening": _reopening(work, case, row.reopening),
        "visit": row.visit,
    }


def _reopening(work: UnitOfWork, case: Case, state: str | None) -> dict[str, Any] | None:
    if state is not None:
        return {"state": state}
    if case.row.outcome is None:
        return None
    ended, days = cairo_date(case.last), reopening.days(work.settings)
    if not rule.may_reopen(case.row.outcome, ended, cairo_date(work.now), days):
        return None
    return {"until": rule.reopen_until(ended, days).isoformat()}
