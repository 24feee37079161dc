"""What a tablet takes along for a day: its visits with names and addresses, definitions, tickets, numbers, keys.

Each visit that is shown is recorded as a read of personal data, under its request where it has one. Taking a bundle
again answers what stands then; numbers and tickets that the tablet holds are answered again, not given anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from sqlalchemy import text

from chassis.database import Statement
from chassis.ids import uuid7
from chassis.uow import UnitOfWork
from rules import devices as device_rule
from rules import visits as rule
from rules.calendar import cairo_date, opens
from rules.refusal import refuse
from services.requests import devices, guide, licences, life, numbers, releases, tables_visits, visits
from services.requests.guide import IN_FORCE, Definition

CENTRE = "centre"  # of a window clerk whose account names no channel
AHEAD = timedelta(days=7)
GOOD_FOR = timedelta(days=2)  # after the day: a tablet may come back late

_OF_DAY = Statement(
    text(
        f"{visits.COLUMNS} WHERE visit.device_id = :device_id AND visit.clerk_id = :clerk_id "
        "AND ((visit.state = 'planned' AND visit.day = :day) OR (visit.state = 'out' AND visit.day <= :day)) "
        "ORDER BY visit.day, visit.id"
    )
)
_STANDING = Statement(
    text(
        "SELECT (SELECT max(number) FROM offline_item WHERE device_id = :device_id) AS last_item, "
        "(SELECT max(receipt_number) FROM release_told WHERE device_id = :device_id) AS last_receipt, "
        "(SELECT id FROM visit_bundle WHERE device_id = :device_id AND clerk_id = :clerk_id AND day = :day) "
        "AS bundle_id"
    )
)
_TAKEN = Statement.insert(tables_visits.visit_bundle)
_VERSION = Statement(text(f"SELECT version, retired_from FROM {IN_FORCE} AS in_force"))  # noqa: S608


def take(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """The bundle of the actor's day on a device. Refuses device_unknown, device_not_certified, forbidden in another
    unit, bundle_day, service_unknown."""
    device = devices.certified(work, body["device_id"])
    kind = device_rule.KINDS[device.kind]
    work.require(kind.permission, device.unit)
    today = cairo_date(work.now)
    day = body["day"] or today
    if not today <= day <= today + AHEAD:
        raise refuse("bundle_day", "day")
    rows = work.all(_OF_DAY, device_id=device.id, clerk_id=work.actor.id, day=day)
    stand = work.one(_STANDING, device_id=device.id, clerk_id=work.actor.id, day=day)
    bundle_id = stand.bundle_id or uuid7()
    if stand.bundle_id is None:
        work.write(_TAKEN, id=bundle_id, device_id=device.id, clerk_id=work.actor.id, day=day, issued_at=work.now,
                   channel=kind.channel or work.actor.channel or CENTRE)
    until = opens(day + timedelta(days=1))  # a tablet that is stolen releases nothing after its day
    renewals = [row.request_id for row in rows if row.purpose == "renewal"]
    cases = {row.id: visits.case_of(work, row) for row in rows}
    shown = []
    for row in rows:
        if row.state == rule.PLANNED:
            visits.change(work, row, rule.GO_OUT)
        work.audit_read("visit.bundle", str(row.request_id or row.number), visit=row.number, device=str(device.id))
        shown.append(_visit(work, row, cases[row.id]))
    work.audit("visit.bundle_taken", str(device.id), day=day.isoformat(), visits=len(rows))
    return {
        "bundle_id": str(bundle_id),
        "server_time": work.now.isoformat(),
        "day": day.isoformat(),
        "until": until.isoformat(),
        "device": {"device_id": str(device.id), "unit": device.unit, "kind": device.kind,
                   "certificate": device.certificate},
        "keys": licences.public_keys(work),
        "visits": shown,
        "tickets": releases.tickets(work, device, renewals, until) if renewals else [],
        "definitions": _definitions(work, rows, cases, body["services"], day),
        "tracking_numbers": numbers.reserve(work, device.id, body["numbers"]) if body["numbers"] else [],
        "next_receipt_number": (stand.last_receipt or 0) + 1,
        "next_item_number": (stand.last_item or 0) + 1,
    }


def _visit(work: UnitOfWork, row: Any, case: life.Case | None) -> dict[str, Any]:
    return {
        "visit_id": str(row.id),
        "visit_number": row.number,
        "day": row.day.isoformat(),
        "purpose": row.purpose,
        "service_code": row.service_code,
        "service_name": visits.service_name(row),
        "service_version": case.definition.version if case else None,
        "language": row.language,
        **visits.unmasked(work, row),
        "request_id": str(row.request_id) if row.request_id else None,
        "tracking_number": row.tracking_number,
        "state": case.row.state if case else None,
        "state_kind": case.row.state_kind if case else None,
        "state_name": case.state.name if case else None,
        "licence_serial": case.row.licence_serial if case else None,
        "actions": [one.code for one in case.state.actions] if case and case.row.state_kind == "applicant" else [],
    }


def _definitions(
    work: UnitOfWork, rows: list[Any], cases: Mapping[Any, life.Case | None], asked: list[str], day: date
) -> list[dict[str, Any]]:
    """Each definition once: those under which the requests to be visited were lodged, and those in force on the day for
    new applications."""
    found: dict[tuple[str, int], Definition] = {}
    for case in cases.values():
        if case is not None:
            found[case.definition.code, case.definition.version] = case.definition
    new = {row.service_code for row in rows if row.request_id is None} | {guide.code_asked(code) for code in asked}
    for code in sorted(new):
        row = work.first(_VERSION, code=code, today=day)
        definition = guide.definition(work, code, row.version if row else None)
        if row is not None and row.retired_from is None:
            found[code, definition.version] = definition
    return [
        {"code": one.code, "version": one.version, "name": one.name, "channels": one.body["channels"],
         "applicants": one.body["applicants"], "form": one.body["form"], "documents": one.body["documents"],
         "fees": one.body["fees"]}
        for _, one in sorted(found.items())
    ]  # fmt: skip
