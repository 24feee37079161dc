"""What a service will cost with these answers, before anything is lodged: computed as the bills will be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import text

from chassis.database import Statement
from chassis.uow import UnitOfWork
from rules import fees, forms
from rules.calendar import cairo_date
from rules.refusal import Refusal, refuse
from services.requests import guide, succession
from services.requests.guide import IN_FORCE, Definition

_IN_FORCE = Statement(
    text(
        "SELECT in_force.version, in_force.retired_from "  # noqa: S608
        f"FROM (SELECT 1) AS always LEFT JOIN LATERAL {IN_FORCE} AS in_force ON true"
    )
)


def quote(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """The charges of each stage in the order of the law's list, and their total in piastres. The answers may be
    incomplete: a stage that cannot be computed yet names the answers it waits for (`missing`) and is left out of the
    total. Refuses answers that the form refuses, service_unknown and service_retired."""
    code = guide.code_asked(body["service_code"])
    found = work.one(_IN_FORCE, code=code, today=cairo_date(work.now))
    definition = guide.definition(work, code, found.version)
    if found.retired_from is not None:
        raise refuse("service_retired", "service_code", code=code, since=found.retired_from.isoformat())
    known = succession.of(work, definition, body["answers"]).answers  # the months of delay are the register's
    stages = of(definition, _cleaned(definition, known))
    return {
        "service_code": code,
        "service_version": definition.version,
        "stages": stages,
        "total": sum(stage["total"] for stage in stages if stage["total"] is not None),
        "complete": all(stage["total"] is not None for stage in stages),
        "currency": "EGP",
    }


def of(definition: Definition, answers: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What each stage costs: {stage, name, charges, total, missing}; charges and total are None where answers are
    missing."""
    lines = definition.body["fees"]
    states = definition.body["workflow"]["states"].values()
    stages = []
    for stage in dict.fromkeys(line["stage"] for line in lines):
        named = (dict(state["name"]) for state in states if state.get("stage") == stage)
        name = next(named, {"ar": stage, "en": stage})
        try:
            charges = fees.compute(lines, answers, stage)
        except Refusal as refusal:
            missing = sorted({(fault.field or "").removeprefix("answers/") for fault in refusal.faults})
            stages.append({"stage": stage, "name": name, "charges": None, "total": None, "missing": missing})
            continue
        stages.append({"stage": stage, "name": name, "charges": [charge.as_dict() for charge in charges],
                       "total": fees.total(charges), "missing": []})  # fmt: skip
    return stages


def _cleaned(definition: Definition, given: Mapping[str, Any]) -> dict[str, Any]:
    """The answers that were given, cleaned; what is still to be asked is no fault here."""
    form = [{**field, "required": False} for field in definition.body["form"]]
    return forms.validate(form, given)
