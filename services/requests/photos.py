"""Pictures that an inspector takes: documents like all others, checked like them, attached to the step that reports."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from chassis.database import Statement
from chassis.uow import UnitOfWork
from rules.refusal import Fault, Refusal, refuse
from rules.workflow import State
from services.requests import documents, tables_assignment

CODE = "step/photo"  # no definition can ask for a paper of this code
INSPECTION = "inspection"
_CAPTION = "requests.step_photo.caption"
_ASKED: list[Mapping[str, Any]] = [{
    "code": CODE, "name": {"ar": "صورة المعاينة", "en": "Photo of the inspection"}, "required": False,
    "accepts": ["image/jpeg", "image/png"],
}]  # fmt: skip

_KEEP = Statement.insert(tables_assignment.step_photo)
# A column of a statement that reads the request, for `shown`.
OF_REQUEST = (
    "(SELECT jsonb_agg(jsonb_build_array(document_id, sequence, caption) ORDER BY document_id) "
    "FROM step_photo WHERE step_photo.request_id = request.id) AS pictures"
)


def wanted(state: State, branch: str | None) -> bool:
    """Whether whoever acts here, or in this branch, inspects."""
    desk = state.branch(branch) if branch else None
    return (desk.purpose if desk else state.purpose) == INSPECTION


def attach(
    work: UnitOfWork, request_id: UUID, state: State, branch: str | None, sequence: int,
    given: Iterable[Mapping[str, Any]], follow_up_id: UUID | None = None,
) -> None:  # fmt: skip
    """Bind uploaded pictures to the step of this sequence, or to an inspection after the issue (sequence 0). Refuses
    photos_not_asked outside an inspection, and all that is wrong with the files at `photos/<index>`. A picture must
    have been checked: one found broken later would be asked again of the applicant, who never brought it."""
    given = list(given)
    if not given:
        return
    if not wanted(state, branch):
        raise refuse("photos_not_asked", "photos")
    untaken = documents.untaken(work, given)
    faults: list[Fault] = []
    seen: set[str] = set()
    for index, photo in enumerate(given):
        one = {"code": CODE, "document_id": photo["document_id"]}
        if str(photo["document_id"]) in seen:
            faults.append(Fault("document_unknown", f"photos/{index}/document_id"))
        seen.add(str(photo["document_id"]))
        try:
            documents.check(_ASKED, {}, [one], untaken)
            if untaken[str(photo["document_id"])]["status"] != "clean":
                faults.append(Fault("document_in_quarantine", f"photos/{index}/document_id"))
        except Refusal as refusal:
            faults += [Fault(fault.code, f"photos/{index}/document_id", fault.params) for fault in refusal.faults]
    if faults:
        raise Refusal(faults)
    documents.take(work, request_id, [{"code": CODE, "document_id": photo["document_id"]} for photo in given])
    for photo in given:
        caption = photo.get("caption")
        work.write(
            _KEEP,
            document_id=photo["document_id"],
            request_id=request_id,
            sequence=sequence,
            caption=work.privacy.seal(caption, field=_CAPTION) if caption else None,
            follow_up_id=follow_up_id,
        )


def shown(work: UnitOfWork, rows: Iterable[Sequence[Any]]) -> dict[str, tuple[int, str | None]]:
    """The step and the caption of each picture of a request, by document, of rows that OF_REQUEST brought."""
    return {
        str(document_id): (sequence, work.privacy.open(caption, field=_CAPTION) if caption else None)
        for document_id, sequence, caption in rows
    }
