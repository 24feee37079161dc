"""What is late in a head's unit or department: whose it is and for whom it waits; why it came to that and what was
done, as the head says it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from chassis.database import Statement
from chassis.ids import uuid7
from chassis.uow import UnitOfWork
from contracts.requests_desk import LATE_CAUSE_RECORDED
from rules import lateness as rule
from rules import numbering
from rules.calendar import Calendar, cairo_date, opens
from rules.refusal import refuse
from services.requests import guide, judging, organisation, tables_desk

WORDS = "requests.late_cause.words"
EXPLAIN = "late.explain"

# A request past the law's date, or with a task past its desk's date; one row for each desk where it lies, one for a
# request that lies at none. `since` is the date that passed first.
_COLUMNS = (
    "SELECT late.*, (SELECT jsonb_build_array(letter.number, letter.status, letter.sent_on) FROM letter "  # noqa: S608
    "WHERE letter.request_id = late.id AND letter.state = late.at_state "
    "AND letter.branch IS NOT DISTINCT FROM late.branch ORDER BY entered DESC LIMIT 1) AS letter, "
    "(SELECT jsonb_build_array(cause, measure, words, by, at) FROM late_cause WHERE late_cause.request_id = late.id "
    f"ORDER BY late_cause.at DESC LIMIT 1) AS cause, {organisation.STAMP} FROM ("
    "SELECT request.id, request.tracking_number, request.service_code, request.service_version, request.unit, "
    "request.state AS request_state, request.state_kind, request.outcome, task.id AS task_id, "
    "task.version AS task_version, coalesce(task.state, request.state) AS at_state, task.branch, task.department, "
    "task.status, task.held_by, task.held_at, request.due_on < :today AND request.outcome IS NULL AS by_law, "
    "least(CASE WHEN request.outcome IS NULL AND request.due_on < :today THEN request.due_on END, "
    "CASE WHEN task.due_on < :today THEN task.due_on END) AS since, coalesce(task.id, request.id) AS key "
    "FROM request LEFT JOIN task ON task.request_id = request.id AND task.status IN ('open', 'held') WHERE request.id "
)
_MINE = "(CAST(:department AS text) IS NULL OR department = CAST(:department AS text)) AND since IS NOT NULL"
_LISTED = Statement(
    text(
        f"{_COLUMNS} IN (SELECT id FROM request WHERE unit = :unit AND outcome IS NULL AND due_on < :today UNION "  # noqa: S608
        "SELECT request_id FROM task WHERE unit = :unit AND status IN ('open', 'held') AND due_on < :today)) AS late "
        f"WHERE {_MINE} AND (CAST(:after_day AS date) IS NULL "
        "OR (since, key) > (CAST(:after_day AS date), CAST(:after_key AS uuid))) ORDER BY since, key LIMIT :limit"
    )
)
_ONE = Statement(
    text(
        f"{_COLUMNS} IN (SELECT id FROM request WHERE tracking_number = :number AND (unit = :unit OR EXISTS "  # noqa: S608
        "(SELECT 1 FROM task WHERE task.request_id = request.id AND task.unit = :unit "
        f"AND status IN ('open', 'held'))))) AS late WHERE {_MINE} ORDER BY since, key LIMIT 1"
    )
)
_KNOWN = Statement(text("SELECT unit FROM request WHERE tracking_number = :number"))
_KEEP = Statement.insert(tables_desk.late_cause)
_COUNTED = Statement(
    text(
        "SELECT unit, department, service_code, cause, measure, count(*) AS requests, sum(days_late) AS days_late "
        "FROM (SELECT DISTINCT ON (request_id) * FROM late_cause WHERE at >= :since AND at < :until "
        "AND (CAST(:unit AS text) IS NULL OR unit = CAST(:unit AS text)) ORDER BY request_id, at DESC) AS last "
        "GROUP BY unit, department, service_code, cause, measure ORDER BY count(*) DESC, unit, cause, measure, "
        "department, service_code LIMIT 2000"
    )
)


def listed(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """What is late before the actor, the longest late first. Refuses late_page_unknown."""
    today, (after_day, after_key) = cairo_date(work.now), _page(body["after"])
    rows = work.all(_LISTED, unit=work.actor.unit, department=_bound(work), today=today, after_day=after_day,
                    after_key=after_key, limit=body["limit"])
    files = [_shown(work, row, today) for row in rows]
    last = f"{rows[-1].since.isoformat()}/{rows[-1].key}" if len(rows) == body["limit"] else None
    return {"files": files, "next": last}


def record(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """Keep why a request before the actor is late and what was done. What was said before stays. Refuses
    tracking_unknown (another unit's as well; the attempt is recorded) and not_late."""
    number, today = numbering.parse_tracking(body["tracking_number"]), cairo_date(work.now)
    row = work.first(_ONE, number=number, unit=work.actor.unit, department=_bound(work), today=today)
    if row is None:
        unit = work.scalar(_KNOWN, number=number)
        if unit is None:
            raise refuse("tracking_unknown", "tracking_number")
        work.require(EXPLAIN, unit)
        raise refuse("not_late", "tracking_number")
    late_cause_id, days = uuid7(), _calendar(work, row).working_days(row.since, today)
    work.write(_KEEP, id=late_cause_id, request_id=row.id, unit=row.unit, department=row.department,
               service_code=row.service_code, state=row.at_state, due_on=row.since, days_late=days,
               cause=body["cause"], measure=body["measure"], by=work.actor.id, at=work.now,
               words=work.privacy.seal(body["words"], field=WORDS))
    work.append(LATE_CAUSE_RECORDED, late_cause_id, 1, {
        "late_cause_id": late_cause_id, "request_id": row.id, "unit": row.unit, "department": row.department,
        "service_code": row.service_code, "due_on": row.since, "days_late": days, "cause": body["cause"],
        "measure": body["measure"]})
    work.audit("late_cause.recorded", str(row.id), cause=body["cause"], measure=body["measure"])
    return {"late_cause_id": str(late_cause_id), "tracking_number": row.tracking_number, "days_late": days}


def counted(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """How many requests were late for which cause, by unit, department and service. Refuses late_dates_unsound, and
    forbidden where somebody of a unit asks for another's."""
    if body["since"] > body["until"]:
        raise refuse("late_dates_unsound", "since")
    unit = body["unit"] or work.actor.unit
    if work.actor.unit is not None:
        work.require("late.read", unit)
    since, until = _of_cairo(body["since"], body["until"])
    rows = work.all(_COUNTED, unit=unit, since=since, until=until)
    return {"causes": [
        {"unit": row.unit, "department": row.department, "service_code": row.service_code, "cause": row.cause,
         "measure": row.measure, "requests": row.requests, "days_late": int(row.days_late)} for row in rows]}


def _of_cairo(since: date, until: date) -> tuple[datetime, datetime]:
    return opens(since), opens(until + timedelta(days=1))


def _page(after: str | None) -> tuple[date | None, UUID | None]:
    if after is None:
        return None, None
    try:
        day, _, key = after.partition("/")
        return date.fromisoformat(day), UUID(key)
    except ValueError:
        raise refuse("late_page_unknown", "after") from None


def _bound(work: UnitOfWork) -> str | None:
    """The department to which the actor's view is bound; None for whoever answers for the whole unit."""
    return None if work.actor.permits("task.oversee_unit") else work.actor.department


def _calendar(work: UnitOfWork, row: Any) -> Calendar:
    return organisation.known(work, row.organisation_stamp).calendar(row.unit)


def _shown(work: UnitOfWork, row: Any, today: date) -> dict[str, Any]:
    definition = guide.definition(work, row.service_code, row.service_version)
    state = definition.desk(row.at_state)
    branch = state.branch(row.branch) if row.branch else None
    body = judging.desk_of(state, row.branch).body if row.task_id else None
    number, status, sent_on = row.letter if row.letter and body else (None, None, None)
    return {
        "request_id": str(row.id),
        "task_id": str(row.task_id) if row.task_id else None,
        "version": row.task_version,
        "tracking_number": row.tracking_number,
        "service_code": row.service_code,
        "service_name": definition.name,
        "state_name": state.name,
        "branch_name": branch.name if branch else None,
        "department": row.department,
        "holder": row.held_by,
        "held_at": row.held_at.isoformat() if row.held_at else None,
        "late_since": row.since.isoformat(),
        "by_law": bool(row.by_law),
        "days_late": _calendar(work, row).working_days(row.since, today),
        "waits_for": rule.waits_for(row.state_kind if row.task_id is None else state.kind, body,
                                    row.status == "held"),
        "body_name": definition.body_name(body),
        "letter": {"number": number, "status": status, "sent_on": sent_on} if status else None,
        "cause": _cause(work, row.cause) if row.cause else None,
    }


def _cause(work: UnitOfWork, kept: list[Any]) -> dict[str, Any]:
    cause, measure, words, by, at = kept
    return {"cause": cause, "measure": measure, "by": by, "at": at,
            "words": work.privacy.open(words, field=WORDS) if words else None}
