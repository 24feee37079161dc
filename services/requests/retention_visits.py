# ruff: noqa: S608  (statements are put together from constants of this module)
"""How long visits of the mobile district and what tablets uploaded keep what names people. An item in quarantine is
never let go of: a person applies or closes it first."""

from __future__ import annotations

from chassis.retention import Rule

YEARS = 365
_IDS = "(SELECT unnest(CAST(:ids AS uuid[])))"
# Without a date of their own they go with the next sweep of documents that no request took.
_LET_GO = ("UPDATE document SET kept_until = NULL WHERE request_id IS NULL AND id IN (SELECT CAST(value AS uuid) "
           f"FROM offline_item, jsonb_each_text(documents) WHERE offline_item.id IN {_IDS})")

VISITS = Rule(
    "personal data of visits that are over", 2 * YEARS,
    "name, phone, address, notes, reasons, events; number, purpose, unit, day, tablet and clerk stay",
    "SELECT id::text FROM visit WHERE ended_at < :before AND state IN ('done', 'missed', 'cancelled') "
    "AND inquiry_key <> ''::bytea ORDER BY id LIMIT :size",
    (
        ("UPDATE visit SET contact = NULL, person_key = NULL, address = NULL, note = NULL, reason = NULL, "
         f"inquiry_key = ''::bytea WHERE id IN {_IDS}"),
        f"DELETE FROM event_log WHERE subject IN {_IDS}",
    ),
)

APPLIED = Rule(
    "bodies of applied items of tablets", YEARS,
    "what the tablet signed, its photos and signatures; the item, its number, times, tablet and clerk stay, and what "
    "it did stands in its request",
    "SELECT id::text FROM offline_item WHERE settled_at < :before AND state = 'applied' AND body IS NOT NULL "
    "ORDER BY id LIMIT :size",
    (_LET_GO, f"UPDATE offline_item SET body = NULL, faults = NULL, outcome = NULL WHERE id IN {_IDS}"),
)

CLOSED = Rule(
    "bodies of closed items of tablets", 10 * YEARS,
    "what the tablet signed, its documents, why a person closed it; the item, its number, times, tablet and clerk stay",
    "SELECT id::text FROM offline_item WHERE settled_at < :before AND state = 'closed' AND body IS NOT NULL "
    "ORDER BY id LIMIT :size",
    (
        _LET_GO,
        f"UPDATE offline_item SET body = NULL, faults = NULL, outcome = NULL, reason = NULL WHERE id IN {_IDS}",
    ),
)

RULES = (VISITS, APPLIED, CLOSED)
