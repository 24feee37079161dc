"""Dead letters: what an agency did not take in 72 hours. Later events of the same request wait behind one until
somebody has it sent again, or lets go of it with a reason."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import text

from chassis.database import Statement
from rules.refusal import refuse
from services.gateway.agencies import registry, subscriptions

MOST = 200

_LISTED = Statement(text(
    "SELECT d.*, (SELECT count(*) FROM delivery AS b WHERE b.subscription_id = d.subscription_id AND b.lane = d.lane "
    "AND b.position > d.position) AS behind FROM delivery AS d WHERE d.subscription_id = :subscription_id "
    "AND d.state = 'dead' AND d.position > :after ORDER BY d.position LIMIT :size"
))  # fmt: skip
_ONE = Statement(text(
    "SELECT * FROM delivery WHERE subscription_id = :subscription_id AND event_id = :event_id AND state = 'dead'"))
_AGAIN = Statement(text(
    "UPDATE delivery SET state = 'waiting', attempts = 0, first_at = NULL, next_at = :at "
    "WHERE subscription_id = :subscription_id AND position = :position AND state = 'dead'"
))  # fmt: skip
_ALL_AGAIN = Statement(text(
    "UPDATE delivery SET state = 'waiting', attempts = 0, first_at = NULL, next_at = :at "
    "WHERE subscription_id = :subscription_id AND state = 'dead'"
))  # fmt: skip
_LET_GO = Statement(text(
    "DELETE FROM delivery WHERE subscription_id = :subscription_id AND position = :position AND state = 'dead'"))


def listed(work: Any, subscription_id: UUID, after: int = 0, limit: int = 50) -> dict[str, Any]:
    """Dead letters of a subscription in their order: {rows: [{event_id, node, type, received_at, attempts, first_at,
    last_status, last_error, behind}], next}; `behind` counts later events of the same request that wait. Refuses
    subscription_unknown."""
    if work.actor.kind != "partner":
        registry.may(work, registry.READ)
    subscriptions.one(work, subscription_id)
    size = max(1, min(limit, MOST))
    rows = work.all(_LISTED, subscription_id=subscription_id, after=after, size=size + 1)
    shown = [{"event_id": str(row.event_id), "node": row.node, "type": row.type,
              "received_at": row.received_at.isoformat(), "attempts": row.attempts,
              "first_at": row.first_at.isoformat() if row.first_at else None, "last_status": row.last_status,
              "last_error": row.last_error, "behind": row.behind} for row in rows[:size]]  # fmt: skip
    return {"rows": shown, "next": rows[size - 1].position if len(rows) > size else None}


def replay(work: Any, subscription_id: UUID, event_id: UUID | None = None) -> dict[str, Any]:
    """Have a dead letter sent again, or all of them, with 72 hours anew. Refuses dead_letter_unknown,
    subscription_unknown, subscription_ended."""
    if work.actor.kind != "partner":
        registry.may(work, registry.MANAGE)
    subscriptions.standing(work, subscription_id)
    if event_id is None:
        work.write(_ALL_AGAIN, subscription_id=subscription_id, at=work.now)
    else:
        row = _one(work, subscription_id, event_id)
        work.write(_AGAIN, expect=1, subscription_id=subscription_id, position=row.position, at=work.now)
    work.audit("dead_letter.replayed", str(subscription_id), event=str(event_id) if event_id else "all")
    return {"subscription_id": str(subscription_id), "event_id": str(event_id) if event_id else None}


def let_go(work: Any, subscription_id: UUID, event_id: UUID, reason: str) -> dict[str, Any]:
    """Give a dead letter up for good; what waits behind it goes on. The agency never gets it unless it replays from a
    date. Refuses dead_letter_unknown, reason_short."""
    registry.may(work, registry.MANAGE)
    told = registry.long_enough(reason)
    row = _one(work, subscription_id, event_id)
    work.write(_LET_GO, expect=1, subscription_id=subscription_id, position=row.position)
    work.audit("dead_letter.let_go", str(subscription_id), event=str(event_id), type=row.type, reason=told)
    return {"subscription_id": str(subscription_id), "event_id": str(event_id)}


def _one(work: Any, subscription_id: UUID, event_id: UUID) -> Any:
    row = work.first(_ONE, subscription_id=subscription_id, event_id=event_id)
    if row is None:
        raise refuse("dead_letter_unknown")
    return row
