"""What people do about applications of the national portal that could not be lodged as they were."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text

from chassis.database import Statement
from chassis.uow import UnitOfWork
from contracts.requests_portal import CLOSED, LODGED, REVIEW, WAITING
from rules.refusal import Fault, Refusal, refuse
from services.requests import documents, offline, portal_applications
from services.requests.portal_applications import FAULTS, UNREADABLE

REASON = "requests.portal_application.reason"

_ONE = Statement(text("SELECT * FROM portal_application WHERE id = :id"))
_LIST = Statement(
    text(
        "SELECT * FROM portal_application WHERE (CAST(:unit AS text) IS NULL OR unit = :unit) AND state = :state "
        "AND (CAST(:after AS uuid) IS NULL OR id > CAST(:after AS uuid)) ORDER BY id LIMIT :limit"
    )
)
_AGAIN = Statement(
    text(
        "UPDATE portal_application SET version = version + 1, state = :state, unit = :unit "
        "WHERE id = :id AND version = :seen AND state = 'review'"
    )
)
_CLOSE = Statement(
    text(
        "UPDATE portal_application SET version = version + 1, state = 'closed', reason = :reason, settled_at = :at, "
        "settled_by = :actor, told = told + 1 WHERE id = :id AND version = :seen AND state = 'review'"
    )
)
_GATHERED = Statement(text("SELECT count(*) FROM document WHERE id = ANY(CAST(CAST(:ids AS text[]) AS uuid[]))"))


def listed(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """Applications of the actor's unit by state; who applied is not named."""
    rows = work.all(_LIST, unit=work.actor.unit, **body)
    last = str(rows[-1].id) if len(rows) == body["limit"] else None
    return {"applications": [_shown(row) for row in rows], "next": last}


def file(work: UnitOfWork, application_id: UUID) -> dict[str, Any]:
    """An application with what was sent, where the node's keys open it, and what stands against it. Reading is
    recorded. Refuses portal_application_unknown."""
    row = _of_unit(work, application_id)
    work.audit_read("portal_application.read", str(row.id), unit=row.unit)
    submission: dict[str, Any] | None = None
    if row.sealed:
        try:
            submission = portal_applications.open_application(work, row).submission
        except Refusal as refusal:  # one of the file's faults
            if refusal.code != UNREADABLE:
                raise
    faults = orjson.loads(work.privacy.open(row.faults, field=FAULTS)) if row.faults else []
    return {
        **_shown(row),
        "submission": submission,
        "documents": submission["documents"] if submission and _gathered(work, row) else [],
        "faults": offline.told([Fault(**fault) for fault in faults]),
        "reason": work.privacy.open(row.reason, field=REASON) if row.reason else None,
    }


def document(work: UnitOfWork, application_id: UUID, document_id: UUID) -> dict[str, Any]:
    """A document of an application that waits for a person. Reading is recorded. Refuses portal_application_unknown,
    document_unknown, document_in_quarantine, and what was found wrong with it."""
    row = _in_review(work, application_id)
    own = {one["document_id"] for one in portal_applications.open_application(work, row).documents}
    if str(document_id) not in own:
        raise refuse("document_unknown", "document_id")
    paper, content = documents.content(work, None, document_id)
    work.audit_read("portal_application.document", str(row.id), document=str(document_id), unit=row.unit)
    return {"media_type": paper.media_type, "content": base64.b64encode(content).decode()}


def retry(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """Lodge an application once more under its number, in another unit where one is given; what stands against it now
    is answered, and it stays. Refuses portal_application_unknown, portal_application_settled."""
    row = _in_review(work, body["application_id"])
    unit = body["unit"] or row.unit
    if not _gathered(work, row):
        work.write(_AGAIN, expect=1, id=row.id, seen=row.version, state=WAITING, unit=unit)
        state, faults = WAITING, []
    else:
        faults = portal_applications.lodge(work, row, unit)
        state = REVIEW if faults else LODGED
    work.audit("portal_application.retried", str(row.id), unit=unit, state=state)
    return {"application_id": str(row.id), "state": state, "tracking_number": row.tracking_number,
            "faults": offline.told(faults)}  # fmt: skip


def close(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """A person dealt with it otherwise, and says how; it stays whole for its time. Refuses portal_application_unknown,
    portal_application_settled."""
    row = _in_review(work, body["application_id"])
    work.write(_CLOSE, expect=1, id=row.id, seen=row.version, at=work.now, actor=work.actor.id,
               reason=work.privacy.seal(body["reason"], field=REASON))  # fmt: skip
    portal_applications.tell(work, row, CLOSED, list(row.codes))
    work.audit("portal_application.closed", str(row.id), unit=row.unit)
    return {"application_id": str(row.id), "state": CLOSED}


def _gathered(work: UnitOfWork, row: Any) -> bool:
    """Whether its documents were put together. An application that does not open is tried from its beginning."""
    if UNREADABLE in row.codes:
        return False
    ids = [one["document_id"] for one in portal_applications.open_application(work, row).documents]
    return not ids or work.scalar(_GATHERED, ids=ids) == len(ids)


def _of_unit(work: UnitOfWork, application_id: UUID) -> Any:
    row = work.first(_ONE, id=application_id)
    if row is None:
        raise refuse("portal_application_unknown", "application_id")
    work.require("offline.review", row.unit)
    return row


def _in_review(work: UnitOfWork, application_id: UUID) -> Any:
    row = _of_unit(work, application_id)
    if row.state != REVIEW:
        raise refuse("portal_application_settled", "application_id")
    return row


def _shown(row: Any) -> dict[str, Any]:
    return {
        "application_id": str(row.id),
        "tracking_number": row.tracking_number,
        "unit": row.unit,
        "service_code": row.service_code,
        "state": row.state,
        "codes": list(row.codes),
        "lodged_at": row.lodged_at.isoformat(),
        "received_at": row.arrived_at.isoformat(),
        "request_id": str(row.request_id) if row.request_id else None,
        "settled_at": row.settled_at.isoformat() if row.settled_at else None,
        "settled_by": row.settled_by,
    }
