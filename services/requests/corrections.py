"""Typing errors put right by a clerk of the unit, with a reason and a trace of both values.

Who applies and how to reach them (name, numbers, contact, particulars; not the kind of applicant) may be corrected
until the request ends. Answers may be corrected until a department has acted on them; from then on only the applicant
changes them, when the file is sent back. An answer on which a fee hangs may be corrected only before that fee was
billed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import orjson
from sqlalchemy import bindparam, text, update

from chassis.database import Statement
from chassis.ids import named
from chassis.uow import UnitOfWork
from contracts.requests_intake import CORRECTED
from rules import applicants, fee_lines, forms, numbering
from rules.calendar import cairo_date
from rules.refusal import Fault, Refusal, refuse
from services.requests import answers as kept_answers
from services.requests import documents, finding, life, national_check, parties, succession, tables, tickets
from services.requests.intake import (
    CONTACT,
    NATIONAL_ID,
    PARTICULARS,
    PASSPORT,
    in_whose_name,
    inquiry_key,
    look_up_key,
    sealed_contact,
    sealed_value,
)
from services.requests.licences import NAME
from services.requests.life import Case

VALUE, REASON = "requests.correction.value", "requests.correction.reason"

_BY_NUMBER = Statement(
    text(
        f"SELECT request.*, {life.STEPS}, EXISTS (SELECT 1 FROM step WHERE step.request_id = request.id "  # noqa: S608
        "AND step.department IS NOT NULL) AS department_acted FROM request WHERE tracking_number = :number"
    )
)
_COLUMNS = ("name", "national_id", "national_id_key", "passport", "contact", "inquiry_key", "particulars", "holder",
            "answers")  # fmt: skip
_CORRECT = Statement(
    update(tables.request)
    .where(
        tables.request.c.id == bindparam("request_id"),
        tables.request.c.version == bindparam("seen"),
        tables.request.c.corrected == bindparam("corrections"),
    )
    .values(
        corrected=tables.request.c.corrected + 1,
        **{f"{name}": bindparam(f"new_{name}", type_=tables.request.c[name].type) for name in _COLUMNS},
    )
)
_TRACE = Statement.insert(tables.correction)
_TRACES = Statement(
    text("SELECT number, field, before, after, reason, at, actor_id FROM correction "
         "WHERE request_id = :request_id ORDER BY number, field")
)


def show(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """What a clerk of the unit sees before correcting, and what was corrected so far. That it was read is recorded."""
    case = _case(work, body["tracking_number"])
    work.audit_read("request.correction_read", str(case.id))
    applicant = applicant_of(work, case)
    return {
        "request_id": str(case.id),
        "tracking_number": case.row.tracking_number,
        "corrected": case.row.corrected,
        "applicant": applicant,
        "answers": kept_answers.opened(work, case.definition, case.row.answers),
        "may_correct": {"applicant": case.row.outcome is None, "answers": sorted(_open_answers(case))},
        "corrections": [
            {
                "number": row.number,
                "field": row.field,
                "before": _value(work, row.before),
                "after": _value(work, row.after),
                "reason": work.privacy.open(row.reason, field=REASON),
                "at": row.at.isoformat(),
                "actor_id": row.actor_id,
            }
            for row in work.all(_TRACES, request_id=case.id)
        ],
    }


def correct(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """Put values right. `applicant` and `answers` hold only what changes. Refuses, with every fault at once, what
    intake refuses, correction_too_late, correction_of_billed_fee, nothing_corrected; conflict where somebody corrected
    or moved the request since it was read (`corrected`)."""
    case = _case(work, body["tracking_number"])
    row = case.row
    if row.outcome is not None:
        raise refuse("correction_too_late", "tracking_number")
    if body["corrected"] is not None and body["corrected"] != row.corrected:
        raise refuse("conflict", "corrected")
    before = applicant_of(work, case)
    after, faults = before, list[Fault]()
    if body["applicant"]:
        after, faults = applicants.read({**_typed(before), **body["applicant"]}, cairo_date(work.now))
    given = kept_answers.opened(work, case.definition, row.answers)
    corrected = given
    if body["answers"]:
        try:
            corrected = _answers(work, case, given, body["answers"])
        except Refusal as refusal:
            faults += refusal.faults
    if faults:
        raise Refusal(faults)
    changes = _changes("applicant", before, after) | _changes("answers", given, corrected)
    if not changes:
        raise refuse("nothing_corrected", "tracking_number")
    _write(work, case, before, after, corrected, changes, body["reason"])
    return {"tracking_number": row.tracking_number, "corrected": row.corrected + 1, "fields": sorted(changes)}


def _case(work: UnitOfWork, number: str) -> Case:
    row = work.first(_BY_NUMBER, number=numbering.parse_tracking(number))
    if row is None:
        raise refuse("tracking_unknown", "tracking_number")
    work.require("request.correct", unit=row.unit)
    return life.case(work, row)


def phone_of(work: UnitOfWork, contact: str) -> str:
    """The phone in a sealed contact."""
    return str(orjson.loads(work.privacy.open(contact, ring="contact", field=CONTACT))["phone"])


def applicant_of(work: UnitOfWork, case: Any) -> dict[str, Any]:
    """The applicant as rules.applicants gave it at intake."""
    row = case.row
    contact = orjson.loads(work.privacy.open(row.contact, ring="contact", field=CONTACT))

    def opened(value: str | None, field: str) -> str | None:
        return work.privacy.open(value, field=field) if value else None

    particulars = opened(row.particulars, PARTICULARS)
    return {
        "kind": row.applicant_kind,
        "name": work.privacy.open(row.name, field=NAME),
        "national_id": opened(row.national_id, NATIONAL_ID),
        "passport": opened(row.passport, PASSPORT),
        "phone": contact["phone"],
        "email": contact["email"],
        "language": row.language,
        "particulars": orjson.loads(particulars) if particulars else None,
    }


def _typed(applicant: Mapping[str, Any]) -> dict[str, Any]:
    """A kept applicant in the shape in which intake takes one."""
    particulars = dict(applicant["particulars"] or {})
    if deceased := particulars.get("deceased"):
        died_on = deceased["died_on"]
        particulars["deceased"] = {**deceased, "died_on": date.fromisoformat(died_on) if died_on else None}
    return {**{name: value for name, value in applicant.items() if name != "particulars"}, **particulars}


def _answers(
    work: UnitOfWork, case: Case, given: Mapping[str, Any], changed: Mapping[str, Any]
) -> dict[str, Any]:
    may = _open_answers(case)
    if case.row.department_acted:
        faults = [Fault("correction_too_late", f"answers/{name}") for name in changed]
    else:
        faults = [Fault("correction_of_billed_fee", f"answers/{name}") for name in changed
                  if name not in may and name in {field["name"] for field in case.definition.body["form"]}]
    if faults:
        raise Refusal(faults)
    found = kept_answers.corrected(case.definition, given, changed)
    closed = {name for name in given.keys() | found.keys() if given.get(name) != found.get(name)} - may
    if closed:  # dropped, because it hung on what was corrected
        raise Refusal([Fault("correction_of_billed_fee", f"answers/{name}") for name in sorted(closed)])
    if fixed := succession.fixed(work, case.definition, case.id, given, found):
        raise Refusal(fixed)
    kept_answers.charges(case.definition, found)
    held = documents.of_request(work, case.id, case.definition.body["documents"])
    forms.check_documents(case.definition.body["documents"], found, [one["code"] for one in held])
    return found


def _open_answers(case: Case) -> set[str]:
    """The answers that a clerk may still correct."""
    if case.row.outcome is not None or case.row.department_acted:
        return set()
    workflow = case.definition.workflow
    billed = {workflow.state(mark.why).stage for mark in case.marks}
    fixed: set[str] = set()
    for line in case.definition.body["fees"]:
        if line["stage"] in billed:
            fixed |= fee_lines.inputs(line)
    return {field["name"] for field in case.definition.body["form"]} - fixed


def _changes(prefix: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Field by field what differs; particulars by their parts."""
    found: dict[str, tuple[Any, Any]] = {}
    for name in before.keys() | after.keys():
        old, new = before.get(name), after.get(name)
        if name == "particulars":
            found |= _changes(prefix, old or {}, new or {})
        elif old != new:
            found[f"{prefix}/{name}"] = (old, new)
    return found


def _write(
    work: UnitOfWork,
    case: Case,
    before: Mapping[str, Any],
    after: dict[str, Any],
    corrected: dict[str, Any],
    changes: Mapping[str, tuple[Any, Any]],
    reason: str,
) -> None:
    row, number = case.row, case.row.corrected + 1
    told = any(f"applicant/{name}" in changes for name in ("name", "phone", "email", "language"))
    contact = sealed_contact(work, after) if told else row.contact
    work.write(
        _CORRECT,
        expect=1,
        request_id=case.id,
        seen=row.version,
        corrections=row.corrected,
        new_name=work.privacy.seal(after["name"], field=NAME),
        new_national_id=sealed_value(work, after["national_id"], NATIONAL_ID),
        new_national_id_key=look_up_key(work, after["national_id"], NATIONAL_ID),
        new_passport=sealed_value(work, after["passport"], PASSPORT),
        new_contact=contact,
        new_inquiry_key=inquiry_key(work, row.tracking_number, after["phone"][-4:]),
        new_answers=kept_answers.sealed(work, case.definition, corrected),
        **{f"new_{name}": value for name, value in in_whose_name(work, after).items()},
    )
    former = applicants.holder(before["name"], before["particulars"])
    if former != applicants.holder(after["name"], after["particulars"]):
        tickets.void_unreported(work, case.id)  # a tablet would hand over a licence in the name that was wrong
    parties.keep(work, case.id, after, again=True)
    finding.change(work, case.id, row.unit, finding.person_keys(work, before), finding.person_keys(work, after))
    finding.answers_changed(work, row, case.definition, kept_answers.sealed(work, case.definition, corrected))
    for field, (old, new) in changes.items():
        work.write(
            _TRACE,
            request_id=case.id,
            number=number,
            field=field,
            before=_seal(work, old),
            after=_seal(work, new),
            reason=work.privacy.seal(reason, field=REASON),
            at=work.now,
            actor_id=work.actor.id,
        )
    work.append(
        CORRECTED,
        named("requests.corrections", str(case.id)),
        number,
        {
            "request_id": case.id,
            "tracking_number": row.tracking_number,
            "corrected": sorted(changes),
            "contact": contact if told else None,
            "inquiry_check": national_check.of_contact(work, row.tracking_number, contact) if told else None,
            "language": row.language,
        },
    )
    work.audit("request.correct", str(case.id), number=number, fields=sorted(changes))


def _seal(work: UnitOfWork, value: Any) -> str | None:
    return None if value is None else work.privacy.seal(orjson.dumps(value).decode(), field=VALUE)


def _value(work: UnitOfWork, stored: str | None) -> Any:
    return None if stored is None else orjson.loads(work.privacy.open(stored, field=VALUE))
