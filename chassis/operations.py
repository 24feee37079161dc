"""What an operator does to a service's database by hand, each act with an audit row.

Parked events are listed, replayed, or skipped with a reason; events are sent again for a consumer that was added later.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Connection, text

from chassis.bus.base import Bus, Outgoing
from chassis.database import Database
from chassis.errors import Conflict

_PAGE = 500
_AUDIT = text(
    "INSERT INTO audit (at, actor_id, actor_kind, action, subject, correlation_id, details) "
    "VALUES (clock_timestamp(), :actor, 'operator', :action, :subject, :subject, CAST(:details AS jsonb))"
)

# What a stream is told when one of its events was given up. One that failed at its first event has no row yet.
STREAM_BEGINS = (
    "INSERT INTO inbox_stream (subscription, subject, sequence) "
    "SELECT :subscription, CAST(:subject AS uuid), CAST(:sequence AS bigint) WHERE CAST(:sequence AS bigint) = 1 "
    "ON CONFLICT DO NOTHING"
)
STREAM_PASSES = (
    "UPDATE inbox_stream SET sequence = :sequence "
    "WHERE subscription = :subscription AND subject = :subject AND sequence = :sequence - 1"
)
NEXT_MAY_GO = (
    "UPDATE inbox SET next_at = clock_timestamp() WHERE subscription = :subscription "
    "AND subject = :subject AND sequence = :sequence + 1 AND state = 'waiting'"
)


@dataclass(frozen=True)
class OwedEvent:
    """An event that a subscription still owes."""

    subscription: str
    event_id: UUID
    state: str
    attempts: int
    next_at: datetime | None
    error: str
    sequence: int
    subject: UUID


def owed(
    database: Database, *, parked_only: bool = True, after: UUID | None = None, limit: int = 100
) -> list[OwedEvent]:
    """Parked (and waiting) events, in order of their ids; `after` continues a listing."""
    states = ["parked"] if parked_only else ["parked", "waiting"]
    with database.transaction() as connection:
        rows = connection.execute(
            text(
                "SELECT subscription, event_id, state, attempts, next_at, coalesce(error, '') AS error, "
                "sequence, subject FROM inbox WHERE state = ANY(:states) "
                "AND (CAST(:after AS uuid) IS NULL OR event_id > :after) ORDER BY event_id, subscription LIMIT :limit"
            ),
            {"states": states, "after": after, "limit": limit},
        )
        return [OwedEvent(**row._mapping) for row in rows]


def replay(database: Database, subscription: str, event_id: UUID, *, operator: str) -> None:
    """Have a parked event tried again at once. Conflict when it is not parked."""
    with database.transaction() as connection:
        _settle(connection, subscription, event_id, "state = 'waiting', attempts = 0, next_at = clock_timestamp()", {})
        record(connection, operator, "inbox.replay", event_id, {"subscription": subscription})


def skip(database: Database, subscription: str, event_id: UUID, *, operator: str, reason: str) -> None:
    """Give a parked event up, with the reason. For an ordered or latest subscription the stream goes on behind it."""
    if len(reason.strip()) < 10:
        raise ValueError("give the reason in ten letters or more: an auditor will read it")
    with database.transaction() as connection:
        row = _settle(connection, subscription, event_id, "state = 'skipped', reason = :reason, body = NULL",
                      {"reason": reason})
        stream = {"subscription": subscription, "subject": row.subject, "sequence": row.sequence}
        for statement in (STREAM_BEGINS, STREAM_PASSES, NEXT_MAY_GO):
            connection.execute(text(statement), stream)
        record(connection, operator, "inbox.skip", event_id, {"subscription": subscription, "reason": reason})


def resend(database: Database, bus: Bus, *, event_type: str, since: datetime, operator: str) -> Iterator[int]:
    """Publish the log's events of one type again, oldest first, for a consumer that was added later. Those who know
    them ignore them. Yields how many have been sent so far, page by page."""
    position, sent = 0, 0
    with database.transaction() as connection:
        record(connection, operator, "events.resend", event_type, {"since": since.isoformat()})
    while True:
        with database.transaction() as connection:
            page = connection.execute(
                text(
                    "SELECT position, type, body FROM event_log WHERE position > :position AND type = :type "
                    "AND recorded_at >= :since ORDER BY position LIMIT :page"
                ),
                {"position": position, "type": event_type, "since": since, "page": _PAGE},
            ).all()
        if not page:
            return
        bus.publish([Outgoing(row.type, row.body) for row in page])
        position, sent = page[-1].position, sent + len(page)
        yield sent


def _settle(connection: Connection, subscription: str, event_id: UUID, change: str, values: dict[str, Any]) -> Any:
    row = connection.execute(
        text(
            f"UPDATE inbox SET {change} WHERE subscription = :subscription AND event_id = :event_id "  # noqa: S608
            "AND state = 'parked' RETURNING subject, sequence"
        ),
        {"subscription": subscription, "event_id": event_id, **values},
    ).first()
    if row is None:
        raise Conflict(f"{event_id} is not parked for {subscription}")
    return row


def record(connection: Connection, operator: str, action: str, subject: object, details: dict[str, Any]) -> None:
    """An operator's act in the audit. No personal data in the details."""
    connection.execute(
        _AUDIT,
        {"actor": operator, "action": action, "subject": str(subject), "details": orjson.dumps(details).decode()},
    )
