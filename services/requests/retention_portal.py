# ruff: noqa: S608  (statements are put together from constants of this module)
"""How long applications of the national portal that a person closed keep what names people. One that waits for a person
is never let go of; of a lodged one nothing is kept but its number and state, and its request has its own term."""

from __future__ import annotations

from chassis.retention import Rule

_IDS = "(SELECT unnest(CAST(:ids AS uuid[])))"
_DOCUMENTS = f"(SELECT document_id FROM portal_part WHERE application_id IN {_IDS})"

CLOSED = Rule(
    "bodies of closed applications of the national portal", 10 * 365,
    "what was applied for, its documents, why a person closed it; number, unit, service, times and state stay",
    "SELECT id::text FROM portal_application WHERE settled_at < :before AND state = 'closed' AND sealed IS NOT NULL "
    "ORDER BY id LIMIT :size",
    (
        f"DELETE FROM document_piece WHERE document_id IN {_DOCUMENTS}",
        f"DELETE FROM document WHERE request_id IS NULL AND id IN {_DOCUMENTS}",
        f"DELETE FROM portal_part WHERE application_id IN {_IDS}",
        f"UPDATE portal_application SET sealed = NULL, faults = NULL, reason = NULL WHERE id IN {_IDS}",
    ),
)

RULES = (CLOSED,)
