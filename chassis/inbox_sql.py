"""The inbox's statements; chassis.inbox says what they are for."""

from __future__ import annotations

from sqlalchemy import text

from chassis import tables
from chassis.statements import Statement

KNOWN = Statement(
    text(
        "SELECT subscription, event_id AS id, NULL::bigint AS sequence, state FROM inbox "
        "WHERE subscription = ANY(:names) AND event_id = ANY(:events) UNION ALL "
        "SELECT subscription, subject, sequence, NULL FROM inbox_stream "
        "WHERE subscription = ANY(:names) AND subject = ANY(:subjects) UNION ALL "
        "SELECT subscription, subject, sequence, 'waiting' FROM inbox "
        "WHERE subscription = ANY(:names) AND subject = ANY(:subjects) AND state = 'waiting'"
    )
)
DONE = Statement.insert(tables.inbox, "subscription", "event_id", "state", "subject", "sequence")
SETTLE = Statement(
    text(
        "UPDATE inbox SET state = :state, body = NULL, next_at = NULL, error = NULL "
        "WHERE subscription = :subscription AND event_id = :event_id AND state = 'waiting'"
    )
)
FIRST_OF_STREAM = Statement.insert(tables.inbox_stream)
NEXT_OF_STREAM = Statement(
    text(
        "UPDATE inbox_stream SET sequence = :sequence "
        "WHERE subscription = :subscription AND subject = :subject AND sequence = :seen"
    )
)
RELEASE = Statement(
    text(
        "UPDATE inbox SET next_at = clock_timestamp() WHERE subscription = :subscription AND subject = :subject "
        "AND state = 'waiting' AND sequence = :sequence"
    )
)
OWE = Statement(
    text(
        "INSERT INTO inbox (subscription, event_id, state, subject, sequence, attempts, next_at, error, body) VALUES "
        "(:subscription, :event_id, :state, :subject, :sequence, :attempts, :next_at, :error, :body) "
        "ON CONFLICT (subscription, event_id) DO UPDATE SET state = excluded.state, attempts = excluded.attempts, "
        "next_at = excluded.next_at, error = excluded.error WHERE inbox.state = 'waiting'"
    )
)
ATTEMPTS = Statement(
    text("SELECT attempts, received_at FROM inbox WHERE subscription = :subscription AND event_id = :event_id")
)
DUE = Statement(
    text(
        "SELECT subscription, event_id, body FROM inbox WHERE state = 'waiting' AND next_at <= clock_timestamp() "
        "ORDER BY next_at LIMIT :most"
    )
)
PARK = Statement(
    text(
        "UPDATE inbox SET state = 'parked', next_at = NULL, error = :error "
        "WHERE subscription = :subscription AND event_id = :event_id AND state = 'waiting'"
    )
)
OWED_COUNTS = Statement(
    text(
        "SELECT state, count(*) AS n, min(received_at) AS oldest FROM inbox "
        "WHERE state IN ('waiting', 'parked') GROUP BY state"
    )
)
