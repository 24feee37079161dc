"""Who applied, for the one step that cannot do without: to call before an inspection, to write a name on a paper."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import orjson

from chassis.uow import UnitOfWork
from rules.refusal import refuse
from services.requests import tasks
from services.requests.intake import CONTACT
from services.requests.licences import NAME


def applicant(work: UnitOfWork, task_id: UUID) -> dict[str, Any]:
    """Name and contact as far as the definition says that this step shows them. Refuses what reading the file refuses,
    and applicant_not_shown where the step needs nothing; that attempt is recorded like the unmasking itself."""
    case, row = tasks.held(work, task_id)
    desk = case.state.branch(row.task_branch) if row.task_branch else None
    shows = (desk or case.state).shows
    if not shows:
        work.deny("applicant.unmask", str(case.id))
        raise refuse("applicant_not_shown", "task_id")
    work.audit("applicant.unmask", str(case.id), task=str(task_id), shows=list(shows))
    contact = orjson.loads(work.privacy.open(case.row.contact, ring="contact", field=CONTACT))
    return {
        "name": work.privacy.open(case.row.name, field=NAME) if "name" in shows else None,
        "phone": contact["phone"] if "contact" in shows else None,
        "email": contact["email"] if "contact" in shows else None,
    }
