"""How long notifications keeps what names people (`python -m chassis retain notifications`, and daily by itself). A
request's contact goes when requests lets go of its applicant, and says so; one that has not been heard of for longer
than any term goes by the clock. Receipts go by a timer of their own."""

from __future__ import annotations

from chassis.retention import COMMANDS, Rule

MESSAGES = Rule(
    "messages", 365, "address, text and parts",
    "SELECT id::text FROM message WHERE created_at < :before AND expires_at < :before ORDER BY id LIMIT :size",
    ("DELETE FROM message WHERE id = ANY(CAST(:ids AS uuid[]))",),
)

# Longer than requests keeps any applicant without a licence in force; who is told of one is heard of again and again.
CONTACTS = Rule(
    "contacts of requests not heard of", 20 * 365, "the contact",
    "SELECT request_id::text FROM recipient WHERE contact IS NOT NULL AND outcome IS NOT NULL AND heard_at < :before "
    "ORDER BY heard_at LIMIT :size",
    ("UPDATE recipient SET contact = NULL WHERE request_id IN (SELECT unnest(CAST(:ids AS uuid[])))",),
)

RULES = (COMMANDS, MESSAGES, CONTACTS)
