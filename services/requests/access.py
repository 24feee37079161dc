"""Who looked at what a request holds of its applicant: told to whoever holds tracking number and phone digits.

It is drawn from the audit, which every read of a file, document or entry writes. It names the department, role and unit
of who read and the time, never the person: whom to hold to account is for the auditor, who has the whole audit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import text

from chassis.database import Statement
from chassis.uow import UnitOfWork
from contracts.requests_access import READS
from rules import roles
from rules.calendar import cairo_date
from services.requests import inquiry
from services.requests.life import Case

# What is kept about a request stands under several subjects: itself, its documents, its licence, letters, complaints.
# A search, and a list of wishes to open again, stands under the unit and names the requests that it showed.
_READS = Statement(
    text(
        "WITH subject AS (SELECT CAST(:request_id AS text) AS id "
        "UNION SELECT id::text FROM document WHERE request_id = :request_id "
        "UNION SELECT serial FROM licence WHERE request_id = :request_id "
        "UNION SELECT number FROM letter WHERE request_id = :request_id AND number IS NOT NULL "
        "UNION SELECT id::text FROM offline_item WHERE request_id = :request_id "
        "UNION SELECT number FROM complaint WHERE request_id = :request_id), "
        "seen AS (SELECT audit.* FROM subject JOIN audit ON audit.subject = subject.id "
        "UNION SELECT audit.* FROM audit WHERE action = 'request.find' "
        "AND details -> 'requests' ? CAST(:request_id AS text) "
        "UNION SELECT audit.* FROM audit WHERE action = 'reopening.read' "
        "AND details -> 'requests' ? CAST(:request_id AS text)) "
        "SELECT seen.id, seen.at, seen.action, seen.actor_unit, seen.details -> 'roles' ->> 0 AS actor_role, "
        "seen.details ->> 'department' AS actor_department, task.role, task.department FROM seen "
        "LEFT JOIN task ON task.id = CAST(seen.details ->> 'task' AS uuid) "
        "WHERE seen.action = ANY(:actions) AND seen.actor_kind = 'staff' "
        "AND (CAST(:before AS bigint) IS NULL OR seen.id < :before) ORDER BY seen.id DESC LIMIT :limit"
    )
)


def log(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """Reads of personal data of a request by staff, the newest first, by keyset. Refuses tracking_unknown alike for
    wrong digits and unknown numbers."""
    case = inquiry.admitted(work, body)
    rows = work.all(_READS, request_id=case.id, actions=sorted(READS), before=body["before"], limit=body["limit"])
    return {
        "tracking_number": case.row.tracking_number,
        "entries": [_entry(row, case) for row in rows],
        "next": rows[-1].id if len(rows) == body["limit"] else None,
    }


def _entry(row: Any, case: Case) -> dict[str, Any]:
    role, department = row.role or row.actor_role, row.department or row.actor_department
    unit = row.actor_unit
    return {
        "at": row.at.isoformat(),
        "act": row.action,
        "act_name": dict(READS[row.action].name),
        "identifies": READS[row.action].identifies,
        "role": role,
        "role_name": {tongue: roles.role_name(role, tongue) for tongue in ("ar", "en")} if role else None,
        "department": department,
        "department_name": (
            {tongue: roles.department_name(department, tongue) for tongue in ("ar", "en")} if department else None
        ),
        "unit": unit,
        "unit_name": case.organisation.unit_name(unit, cairo_date(row.at)) if unit else None,
    }
