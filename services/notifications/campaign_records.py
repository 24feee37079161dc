"""The campaign as it is kept: found by who may see it, changed only by its actions, each change an event and an audit
row, and shown."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select, update

from chassis.database import Statement
from chassis.uow import UnitOfWork
from contracts.notifications_campaigns import CAMPAIGN_CHANGED
from contracts.problems import told
from rules.refusal import Fault, refuse
from services.notifications import campaign_counts, campaign_states
from services.notifications.campaign_counts import GONE_OUT, PASSED_OVER, WAITING, Counts
from services.notifications.campaign_states import ACTIONS, State
from services.notifications.tables_campaigns import audience, campaign

WRITE, APPROVE, RUN = "campaign.write", "campaign.approve", "campaign.run"

_CHANGING = ("state", "name", "wording", "not_before", "hours_from", "hours_until", "per_minute", "pause_at_percent",
             "audience_id", "estimate", "written_by", "authors", "submitted_by", "approved_by", "approved_at", "reason",
             "changed_at", "started_at", "ended_at", "recipients", "judged_failed", "judged_ended")
FIND = Statement(select(campaign).where(campaign.c.id == bindparam("campaign_id")))
_SET = Statement(
    update(campaign).where(campaign.c.id == bindparam("key"), campaign.c.version == bindparam("seen"))
    .values(version=bindparam("seen") + 1,
            **{name: bindparam(name, type_=campaign.c[name].type) for name in _CHANGING}))
_AUDIENCE = Statement(select(audience).where(audience.c.id == bindparam("audience_id")))


def find(work: UnitOfWork, campaign_id: UUID, permission: str) -> Any:
    """The campaign's row. Refuses campaign_unknown, and forbidden to a person of another unit; the governorate's own
    campaigns are for people of no unit."""
    row = work.first(FIND, campaign_id=campaign_id)
    if row is None:
        raise refuse("campaign_unknown", "campaign_id")
    work.require(permission, unit=row.unit or "")
    return row


def audience_of(work: UnitOfWork, row: Any) -> Any | None:
    """The audience that the campaign has now."""
    return None if row.audience_id is None else work.first(_AUDIENCE, audience_id=row.audience_id)


def demand(row: Any, action: str) -> None:
    """Refuse campaign_state unless this may be done now."""
    if State(row.state) not in ACTIONS[action].origins:
        possible = ", ".join(campaign_states.possible(State(row.state))) or "-"
        raise refuse("campaign_state", "campaign_id", state=row.state, possible=possible)


def authors(work: UnitOfWork, row: Any) -> list[str]:
    """Whoever had a hand in its words or its audience, and now the actor too."""
    return sorted({*row.authors, work.actor.id})


def act(work: UnitOfWork, row: Any, action: str, *, why: str | None = None, **new: Any) -> str:
    """Gather an action: the row, its event, its audit row. Answers the state it leads to. `why` is a word of the
    platform, never a person's text. Refuses campaign_state."""
    demand(row, action)
    state = (ACTIONS[action].to or State(row.state)).value
    values = {**{name: getattr(row, name) for name in _CHANGING}, "changed_at": work.now, **new, "state": state}
    work.write(_SET, expect=1, key=row.id, seen=row.version, **values)
    counts = campaign_counts.read(work, [row.id])[row.id]
    tell(work, row, row.version + 1, state, ACTIONS[action].done, why, values, counts)
    return state


def tell(work: UnitOfWork, row: Any, version: int, state: str, change: str, why: str | None, values: Any,
         counts: Counts) -> None:
    """The event and the audit row of a change."""
    told = {"recipients": values["recipients"], "made": counts.made, "sent": counts.of(*GONE_OUT),
            "delivered": counts.of("delivered"), "failed": counts.of("failed", "expired"),
            "passed_over": counts.of(PASSED_OVER)}  # fmt: skip
    work.append(CAMPAIGN_CHANGED, row.id, version, {
        "campaign_id": row.id, "state": state, "change": change, "why": why, "unit": row.unit,
        "channels": sorted(values["wording"]), **told})
    work.audit(f"campaign.{change}", str(row.id), state=state, why=why, **told)


def shown(work: UnitOfWork, row: Any) -> dict[str, Any]:
    """The whole of it: the campaign, its audience, what it will cost, how far it came."""
    counts = campaign_counts.read(work, [row.id])[row.id]
    rate = campaign_counts.rate(work, row.id, row.started_at, work.now) if row.started_at else 0.0
    return {**listed(row), "wording": row.wording, "audience": audience_shown(audience_of(work, row)),
            "estimate": row.estimate, "progress": progress(row, counts, rate, work)}


def listed(row: Any) -> dict[str, Any]:
    """One line of the list."""
    return {
        "campaign_id": str(row.id), "version": row.version, "state": row.state, "name": row.name, "unit": row.unit,
        "channels": sorted(row.wording), "not_before": row.not_before,
        "hours_from": campaign_states.time_told(row.hours_from),
        "hours_until": campaign_states.time_told(row.hours_until), "per_minute": row.per_minute,
        "pause_at_percent": row.pause_at_percent, "recipients": row.recipients, "reason": row.reason,
        "written_by": row.written_by, "submitted_by": row.submitted_by, "approved_by": row.approved_by,
        "approved_at": row.approved_at, "created_at": row.created_at, "changed_at": row.changed_at,
        "started_at": row.started_at, "ended_at": row.ended_at,
        "possible": campaign_states.possible(State(row.state)),
    }  # fmt: skip


def progress(row: Any, counts: Counts, rate: float, work: UnitOfWork) -> dict[str, Any]:
    """How far it came. `share`: of its recipients, how many are dealt with, in percent."""
    dealt_with = counts.ended + counts.of(PASSED_OVER)
    left = row.recipients - dealt_with
    end = None
    if row.state in (State.APPROVED, State.RUNNING):
        end = campaign_states.expected_end(work.now, left, row.per_minute, row.not_before,
                                           (row.hours_from, row.hours_until))
    return {
        "recipients": row.recipients, "made": counts.made, "waiting": counts.of(*WAITING),
        "sent": counts.of(*GONE_OUT), "delivered": counts.of("delivered"),
        "failed": counts.of("failed", "expired"), "passed_over": counts.of(PASSED_OVER),
        "share": round(dealt_with * 100 / row.recipients, 1) if row.recipients else 0.0,
        "per_minute": rate, "expected_end": end, "counts": counts.rows,
    }  # fmt: skip


def audience_shown(row: Any | None) -> dict[str, Any] | None:
    """Whom it is for, in numbers."""
    if row is None:
        return None
    fault = None if row.fault is None else told(Fault(row.fault, "file", row.fault_params or {}))
    return {
        "audience_id": str(row.id), "kind": row.kind, "state": row.state, "chosen": row.chosen, "format": row.format,
        "size": row.size, "sha256": row.sha256, "columns": row.columns, "fault": fault, "lines": row.lines,
        "broken": row.broken, "doubles": row.doubles, "unreachable": row.unreachable, "members": row.members,
        "tally": row.tally, "made_at": row.made_at, "read_at": row.read_at, "accepted_by": row.accepted_by,
    }  # fmt: skip
