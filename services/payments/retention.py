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

_FORGET_CALLBACKS = (
    "UPDATE charge_report SET body = NULL WHERE charge_id || '|' || news || '|' || status || '|' || amount IN "
    "(SELECT unnest(CAST(:ids AS text[])))")
CALLBACKS = Rule(
    "callbacks for nodes' bills", 1826, "the callback as a rail sent it to the centre, five years after it came; until "
    "then it can be shown to the rail; amount, references and its digest stay",
    "SELECT charge_id || '|' || news || '|' || status || '|' || amount FROM charge_report WHERE body IS NOT NULL "
    "AND taken_at < :before ORDER BY taken_at LIMIT :size",
    (_FORGET_CALLBACKS,),
)

_FORGET_LINES = (
    "UPDATE statement_line AS l SET raw = NULL FROM unnest(CAST(:ids AS text[])) AS gone (id) "
    "WHERE l.statement_id = split_part(gone.id, ':', 1)::uuid AND l.number = split_part(gone.id, ':', 2)::int")
BROKEN_LINES = Rule(
    "lines of statements that could not be read", 365, "the line as it came, which may name a payer, a year after its "
    "statement was read in; its faults and what was decided stay",
    "SELECT l.statement_id || ':' || l.number FROM statement AS s JOIN statement_line AS l ON l.statement_id = s.id "
    "WHERE l.raw IS NOT NULL AND s.started_at < :before ORDER BY s.started_at LIMIT :size",
    (_FORGET_LINES,),
)

RULES = (COMMANDS, REVIEWS, PAY_PAGES, CALLBACKS, BROKEN_LINES)
