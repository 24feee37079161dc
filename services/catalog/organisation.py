"""Changes of the organisation as proposals: written by one person, approved for the council and for the follow-up
department by two others, applied as a whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from chassis.uow import UnitOfWork
from contracts.organisation_change import Change, read_change
from rules.calendar import cairo_date
from rules.organisation import ADD, CLOSE, Operation, Organisation
from rules.organisation_check import check as check_change
from rules.organisation_kinds import EMPLOYEE, KINDS
from rules.organisation_relations import named
from rules.refusal import Fault, Refusal
from services.catalog import organisation_people as people
from services.catalog import organisation_records as records
from services.catalog.proposals import Kind, Proposal

SUBJECT = "organisation"
_DIFFERENCES = {ADD: "added", CLOSE: "removed"}


def _subject(body: Mapping[str, Any]) -> str:
    """The entity, where a change is about one; else the organisation."""
    operations = body.get("operations")
    one = operations[0] if isinstance(operations, list) and len(operations) == 1 else None
    if not isinstance(one, dict) or one.get("kind") not in list(KINDS) or not isinstance(one.get("code"), str):
        return SUBJECT
    return f"{one['kind']}/{one['code'][:60]}"


def _keep(work: UnitOfWork, body: Mapping[str, Any], effective_from: date | None) -> dict[str, Any]:
    """The body with its personal data sealed. Refuses what cannot be sealed, with whatever else is wrong."""
    kept, faults = people.sealed(work, body)
    if faults:
        places = {fault.field for fault in faults}
        raise Refusal(faults + [fault for fault in _check(work, kept, effective_from) if fault.field not in places])
    return kept


def _check(work: UnitOfWork, body: Mapping[str, Any], effective_from: date | None) -> list[Fault]:
    _, organisation = records.read(work)
    return _faults(work, organisation, read_change(body, effective_from))


def _faults(work: UnitOfWork, organisation: Organisation, change: Change) -> list[Fault]:
    faults = list(change.faults)
    theirs = records.received(work)
    for index, operation in change.operations.items():
        if operation.key in theirs:
            faults.append(Fault("organisation_kept_by_centre", f"operations/{index}", named(operation.key)))
        if operation.kind == EMPLOYEE and operation.body and people.open_name(work, operation.body) is None:
            faults.append(Fault("organisation_name_unsealed", f"operations/{index}/body/name_sealed"))
    if change.operations or not faults:
        faults += check_change(organisation, change.operations, cairo_date(work.now), change.unread)
    return faults


def _apply(work: UnitOfWork, proposal: Proposal) -> dict[str, Any]:
    """Judged once more against what stands in the very state that this commit demands: of two changes that contradict
    each other and are approved at once, the second is refused with its faults."""
    seen, organisation = records.read(work)
    change = read_change(proposal.body, proposal.effective_from)
    faults = _faults(work, organisation, change)
    if faults:
        raise Refusal(faults)
    entities = records.write(work, seen, organisation, change.operations.values(), proposal.id)
    work.audit("organisation.change", str(proposal.id), entities=len(entities), operations=len(change.operations))
    return {"entities": entities}


def _difference(work: UnitOfWork, body: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Operation by operation: what stands on its day, and what would."""
    _, organisation = records.read(work)
    operations = read_change(body, cairo_date(work.now)).operations
    return [_one_difference(work, organisation, index, operation) for index, operation in operations.items()]


def _one_difference(
    work: UnitOfWork, organisation: Organisation, index: int, operation: Operation
) -> dict[str, Any]:
    before, after = organisation.standing(operation.key, operation.start), operation.body
    changed = sorted(
        name for name in {*(before or {}), *(after or {})} if (before or {}).get(name) != (after or {}).get(name)
    )
    if operation.kind == EMPLOYEE:
        before, after = (None if one is None else people.shown(work, one) for one in (before, after))
        changed = ["name" if name in ("name_sealed", "identity") else name for name in changed]
    return {
        "path": f"operations/{index}",
        "kind": _DIFFERENCES.get(operation.op, "changed"),
        "section": operation.kind,
        "label": {language: f"{names} {operation.code}" for language, names in KINDS[operation.kind].items()},
        "from": operation.start.isoformat(),
        "before": None if before is None else dict(before),
        "after": None if after is None else dict(after),
        "changed": sorted(set(changed)) if before and after else [],
    }


KIND = Kind(
    code="organisation",
    propose="organisation.propose",
    approvals=("organisation.review_council", "organisation.review_follow_up"),
    subject=_subject,
    check=_check,
    apply=_apply,
    difference=_difference,
    keep=_keep,
    read="organisation.read",
)
