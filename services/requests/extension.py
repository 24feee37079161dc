"""A statutory period is made longer: as far as the definition allows, before it is over, with a reason that stays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import text

from chassis.database import Statement
from chassis.uow import UnitOfWork
from rules import numbering, periods, waiting
from rules.calendar import cairo_date
from rules.periods import WHOLE, Extension
from rules.refusal import refuse
from services.requests import life, moving, tables_deadlines
from services.requests import waiting as waits

REASON = "requests.extension.reason"
PERMISSION = "request.extend"

_BY_NUMBER = Statement(text(f"SELECT request.*, {life.STEPS} FROM request WHERE tracking_number = :number"))  # noqa: S608
_EXTEND = Statement.insert(tables_deadlines.extension)


def extend(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """Make a period of a request of the own unit longer. Refuses tracking_unknown, forbidden (another unit),
    apart_by_design, period_unknown, reason_required, and what rules.periods.check_extension refuses."""
    row = work.first(_BY_NUMBER, number=numbering.parse_tracking(body["tracking_number"]))
    if row is None:
        raise refuse("tracking_unknown", "tracking_number")
    work.require(PERMISSION, unit=row.unit)
    if row.taken_by == work.actor.id:
        work.deny(PERMISSION, str(row.id))
        raise refuse("apart_by_design")
    case = life.case(work, row)
    code, today = body["period"], cairo_date(work.now)
    if row.outcome is None and code == waiting.APPLICANT:
        return _applicants_own(work, case, body)
    standing = next((one for one in case.standings(work.now) if one.code == code), None)
    if standing is None or row.outcome is not None:
        raise refuse("period_unknown", "period", period=code)
    if not any(character.isalnum() for character in body["reason"]):
        raise refuse("reason_required", "reason")
    before = [one for one in case.extensions if one.period == code]
    periods.check_extension(_written(case.definition.body, code), standing, body["days"], len(before), today)
    case.extensions = (*case.extensions, Extension(code, body["days"]))
    dates = moving.dates_of(case, work)
    work.write(
        _EXTEND,
        request_id=case.id,
        sequence=row.version + 1,
        period=code,
        days=body["days"],
        reason=work.privacy.seal(body["reason"], field=REASON),
        actor_id=work.actor.id,
        at=work.now,
    )
    moving.change(work, case, dates, "extended", row.due_on)
    work.audit("request.extended", str(case.id), period=code, days=body["days"])
    return {
        "tracking_number": row.tracking_number,
        "period": code,
        "days": body["days"],
        "due_before": row.due_on.isoformat() if row.due_on else None,
        "due_on": dates.due_on.isoformat() if dates.due_on else None,
    }


def _applicants_own(work: UnitOfWork, case: life.Case, body: Mapping[str, Any]) -> dict[str, Any]:
    """The time that the applicant has to complete the request."""
    if not any(character.isalnum() for character in body["reason"]):
        raise refuse("reason_required", "reason")
    before = waits.until(work, case)
    last_day = waits.extend(work, case, body["days"])
    work.write(_EXTEND, request_id=case.id, sequence=case.row.version + 1, period=waiting.APPLICANT, days=body["days"],
               reason=work.privacy.seal(body["reason"], field=REASON), actor_id=work.actor.id, at=work.now)
    moving.change(work, case, moving.dates_of(case, work), waiting.APPLICANT, case.row.due_on, applicant_until=last_day)
    work.audit("request.extended", str(case.id), period=waiting.APPLICANT, days=body["days"])
    return {"tracking_number": case.row.tracking_number, "period": waiting.APPLICANT, "days": body["days"],
            "due_before": before.isoformat() if before else None, "due_on": last_day.isoformat()}


def _written(definition: Mapping[str, Any], code: str) -> Mapping[str, Any]:
    parts = {one["code"]: one for one in definition.get("stage_periods") or ()}
    written: Mapping[str, Any] = definition["period"] if code == WHOLE else parts[code]
    return written
