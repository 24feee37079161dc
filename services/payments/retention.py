"""How long payments keeps what may name people (`python -m chassis retain payments`, and daily by itself). Bills,
receipts, journal and entries name nobody and stay, as books do."""

from __future__ import annotations

from chassis.retention import COMMANDS, Rule

REVIEWS = Rule(
    "what rails sent about payers", 365, "the report as it came, a year after a person settled it; amount, references "
    "and the decision stay",
    "SELECT id::text FROM review WHERE body IS NOT NULL AND settled_at < :before ORDER BY settled_at LIMIT :size",
    ("UPDATE review SET body = NULL WHERE id IN (SELECT unnest(CAST(:ids AS uuid[])))",),
)

PAY_PAGES = Rule(
    "addresses of rails' pages", 90, "the address at the rail where a payment was made; it may show the payer",
    "SELECT id::text FROM payment WHERE pay_url IS NOT NULL AND settled_at < :before ORDER BY settled_at LIMIT :size",
    ("UPDATE payment SET pay_url = NULL WHERE id IN (SELECT unnest(CAST(:ids AS uuid[])))",),
)

RULES = (COMMANDS, REVIEWS, PAY_PAGES)
