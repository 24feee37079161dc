"""How long gateway keeps what may name people (`python -m chassis retain gateway`)."""

from __future__ import annotations

from chassis.retention import COMMANDS, Rule

_FORGET = (
    "DELETE FROM citizen_session WHERE account_id = ANY(CAST(:ids AS uuid[]))",
    "DELETE FROM citizen_account WHERE id = ANY(CAST(:ids AS uuid[]))",
)
UNUSED = Rule(
    "accounts of citizens that nobody used", 3 * 365,
    "number, phone, binding and sessions; the requests stay, and are found again once the phone is bound anew",
    "SELECT id::text FROM citizen_account WHERE greatest(seen_at, bound_at) < :before AND ended_at IS NULL "
    "ORDER BY id LIMIT :size",
    _FORGET,
)  # fmt: skip
ENDED = Rule(
    "accounts of citizens that ended", 365,
    "number, phone and binding; that it was bound and ended, and by whom, stays in the audit",
    "SELECT id::text FROM citizen_account WHERE ended_at < :before AND tell_since IS NULL ORDER BY id LIMIT :size",
    _FORGET,
)  # fmt: skip

PORTAL = Rule(
    "checks of applications of the national portal", 10 * 365,
    "the check by which the applicant is let in; number, governorate, unit, service, times and state stay",
    "SELECT id::text FROM national_application WHERE lodged_at < :before AND inquiry_check IS NOT NULL "
    "ORDER BY id LIMIT :size",
    ("UPDATE national_application SET inquiry_check = NULL WHERE id = ANY(CAST(:ids AS uuid[]))",),
)  # fmt: skip

RULES = (COMMANDS, UNUSED, ENDED, PORTAL)
