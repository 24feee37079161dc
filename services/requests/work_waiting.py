"""How much of each kind waits for somebody, in one read: what a person sees when the day begins."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from chassis.database import Statement
from chassis.uow import UnitOfWork
from rules import afterwards
from rules.calendar import cairo_date
from services.requests import reviews

_MOST = 1000  # counted no further: more than anybody does in a day

_MINE = "(CAST(:department AS text) IS NULL OR task.department = CAST(:department AS text))"
_LATE = "(task.due_on < :today OR (request.due_on < :today AND request.outcome IS NULL))"
# Of each kind the permission without which it is not told, and what is counted.
_KINDS: tuple[tuple[str, str, str], ...] = (
    ("held", "task.list", "FROM task WHERE held_by = :actor AND status = 'held'"),
    ("open", "task.oversee", f"FROM task WHERE unit = :unit AND status = 'open' AND {_MINE}"),
    ("late", "late.read", (f"FROM task JOIN request ON request.id = task.request_id WHERE task.unit = :unit "
                          f"AND task.status IN ('open', 'held') AND {_LATE} AND {_MINE}")),
    ("complaints", "complaint.answer",
     "FROM complaint WHERE state = 'open' AND unit = :unit AND level = ANY(CAST(:levels AS integer[]))"),
    ("reopenings", "request.reopen", "FROM reopening WHERE state = 'asked' AND unit = :unit"),
    ("silence", "silence.review", ("FROM silence_review WHERE decided_at IS NULL "
                                  "AND (unit = :unit OR (unit IS NULL AND CAST(:whole AS boolean)))")),
    ("licence_questions", "licence.suspend", "FROM licence_question WHERE unit = :unit AND decision IS NULL"),
    ("visits", "visit.plan", "FROM visit WHERE unit = :unit AND state IN ('ordered', 'missed')"),
    ("quarantine", "offline.review", "FROM offline_item WHERE unit = :unit AND state = 'quarantined'"),
)
_COUNT = Statement(
    text(
        "SELECT " + ", ".join(  # noqa: S608
            f"CASE WHEN CAST(:may_{kind} AS boolean) THEN "  # noqa: S608
            f"(SELECT count(*) FROM (SELECT 1 {counted} LIMIT {_MOST}) AS counted) END AS {kind}"
            for kind, _, counted in _KINDS)
    )
)


def counts(work: UnitOfWork) -> dict[str, Any]:
    """{counts: {kind: number}} of the kinds that the actor may deal with, up to 1,000 each."""
    actor = work.actor
    may = {f"may_{kind}": actor.permits(permission) for kind, permission, _ in _KINDS}
    row = work.one(_COUNT, actor=actor.id, unit=actor.unit, today=cairo_date(work.now),
                   department=None if actor.permits("task.oversee_unit") else actor.department,
                   levels=afterwards.levels_of(actor.roles), whole=actor.permits(reviews.RELEASE), **may)
    return {"counts": {kind: getattr(row, kind) for kind, *_ in _KINDS if may[f"may_{kind}"]}}
