"""How long notifications keeps what names people (`python -m chassis retain notifications`). Receipts go by a timer of
their own."""

from __future__ import annotations

from chassis.retention import COMMANDS, Rule

MESSAGES = Rule(
    "messages", 365, "address, text and parts",
    "SELECT id::text FROM message WHERE created_at < :before AND expires_at < :before ORDER BY id LIMIT :size",
    ("DELETE FROM message WHERE id = ANY(CAST(:ids AS uuid[]))",),
)

RULES = (COMMANDS, MESSAGES)
