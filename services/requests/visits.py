"""Visits: ordered by a citizen, given a tablet, a clerk and a day by the centre, and what became of them.

Who is told what stands in rules.visits. Name, phone and address of a visit are sealed; the centre's list names nobody,
and opening one visit is recorded.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text

from chassis.config import Settings
from chassis.database import Statement
from chassis.ids import uuid7
from chassis.uow import UnitOfWork
from contracts.requests_visits import VISIT_CHANGED
from rules import identity, numbering
from rules import visits as rule
from rules.arabic import western_digits
from rules.calendar import cairo_date
from rules.devices import TABLET
from rules.refusal import Fault, Refusal, refuse
from services.requests import devices, guide, inquiry, life, organisation, tables_visits
from services.requests.guide import IN_FORCE, Definition
from services.requests.intake import CONTACT, inquiry_key, lets_in
from services.requests.licences import NAME

A_DAY = 8  # visits of a tablet, where SHUBBAK_VISITS_A_DAY does not say otherwise
CHANNEL = "mobile_district"
ADDRESS, NOTE, REASON, PERSON = (
    "requests.visit.address", "requests.visit.note", "requests.visit.reason", "requests.visit.person")

_ASKED = Statement(
    text(
        "SELECT nextval('visit_serial') AS serial, in_force.version, in_force.retired_from, "  # noqa: S608
        "(SELECT number FROM visit WHERE state IN ('ordered', 'planned', 'out') AND "
        "(request_id = CAST(:request_id AS uuid) OR person_key = ANY(CAST(:person_keys AS bytea[]))) LIMIT 1) AS open, "
        f"{organisation.STAMP} FROM (SELECT 1) AS always LEFT JOIN LATERAL {IN_FORCE} AS in_force ON true"
    )
)
_ADD = Statement.insert(
    tables_visits.visit, "id", "version", "number", "inquiry_key", "request_id", "unit", "service_code", "purpose",
    "state", "contact", "person_key", "address", "note", "language", "ordered_at", "ordered_by", "preferred_on",
)  # fmt: skip
# Of a visit with its request; personal data among them, sealed.
COLUMNS = (
    "SELECT visit.*, request.tracking_number, request.name AS request_name, request.contact AS request_contact, "  # noqa: S608
    "(SELECT body -> 'name' FROM definition WHERE code = visit.service_code ORDER BY version DESC LIMIT 1) "
    f"AS service_name, {organisation.STAMP} FROM visit LEFT JOIN request ON request.id = visit.request_id "
)
_ONE = Statement(text(f"{COLUMNS} WHERE visit.number = :number"))
_BY_ID = Statement(text(f"{COLUMNS} WHERE visit.id = :visit_id"))
_LIST = Statement(
    text(
        f"{COLUMNS} WHERE (CAST(:unit AS text) IS NULL OR visit.unit = :unit) "
        "AND (CAST(:state AS text) IS NULL OR visit.state = :state) "
        "AND (CAST(:day AS date) IS NULL OR visit.day = :day) "
        "AND (CAST(:device_id AS uuid) IS NULL OR visit.device_id = :device_id) "
        "AND (CAST(:after AS uuid) IS NULL OR visit.id > :after) ORDER BY visit.id LIMIT :limit"
    )
)
_PLANNED_SO_FAR = Statement(text("SELECT planned FROM visit_day WHERE device_id = :device_id AND day = :day"))
_TAKE_PLACE = Statement(
    text(
        "INSERT INTO visit_day (device_id, day, planned) VALUES (:device_id, :day, 1) ON CONFLICT (device_id, day) "
        "DO UPDATE SET planned = visit_day.planned + 1 WHERE visit_day.planned < :capacity"
    )
)
_GIVE_PLACE = Statement(
    text("UPDATE visit_day SET planned = planned - 1 WHERE device_id = :device_id AND day = :day AND planned > 0")
)
_CHANGE = Statement(
    text(
        "UPDATE visit SET version = version + 1, state = :state, device_id = :device_id, clerk_id = :clerk_id, "
        "day = :day, ended_at = :ended_at, reason = :reason WHERE id = :visit_id AND version = :seen"
    )
)
_PASSED = Statement(
    text(f"{COLUMNS} WHERE visit.state = 'planned' AND visit.day < :today ORDER BY visit.day, visit.id LIMIT 1")
)


def capacity(settings: Settings) -> int:
    """How many visits a tablet is given a day. ConfigurationError when that is no such number."""
    return settings.number("VISITS_A_DAY", A_DAY, least=1, most=100)


def order(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """Order a visit, for a request that is there or for an application to be made. Refuses, with all faults at once,
    what intake would refuse of person, unit and service, visit_purpose, visit_day_*, visit_open."""
    today = cairo_date(work.now)
    if body["tracking_number"] is not None:
        return _for_request(work, body, today)
    return _for_new(work, body, today)


def _for_request(work: UnitOfWork, body: Mapping[str, Any], today: date) -> dict[str, Any]:
    case = inquiry.admitted(work, {"tracking_number": body["tracking_number"],
                                   "phone_last4": body["phone_last4"] or ""})  # fmt: skip
    row = case.row
    faults = [Fault("field_unknown", name) for name in ("person", "service_code", "unit") if body[name] is not None]
    faults += rule.fits(body["purpose"], state_kind=row.state_kind, outcome=row.outcome,
                        licensed=row.licence_serial is not None, renewal=rule.renews(case.definition.body))
    faults += _wish(body, today, case.calendar)
    if faults:
        raise Refusal(faults)
    found = work.one(_ASKED, code=row.service_code, today=today, request_id=case.id, person_keys=[])
    last4 = western_digits(body["phone_last4"]).strip()
    return _ordered(work, body, found, case.definition, row.unit, last4, row.language, request=row)


def _for_new(work: UnitOfWork, body: Mapping[str, Any], today: date) -> dict[str, Any]:
    faults = [Fault("field_required", name) for name in ("service_code", "unit", "person") if body[name] is None]
    if rule.PURPOSES[body["purpose"]].needs is not None:
        faults.append(Fault("field_required", "tracking_number"))
    if faults:
        raise Refusal(faults)
    person, faults = _person(body["person"])
    code = guide.code_asked(body["service_code"])
    keys = work.privacy.lookups(f"{person['phone']}/{code}", PERSON)
    found = work.one(_ASKED, code=code, today=today, request_id=None, person_keys=list(keys))
    known = organisation.known(work, found.organisation_stamp)
    unit = known.unit(body["unit"], today)
    definition = guide.definition(work, code, found.version)
    if found.retired_from is not None:
        faults.append(Fault("service_retired", "service_code", {"since": found.retired_from.isoformat()}))
    if unit is None or unit.governorate != work.settings.node or unit.status != "open":
        faults.append(Fault("unit_unknown", "unit"))
    elif unit.kind not in definition.body["unit_kinds"]:
        faults.append(Fault("unit_not_served", "unit"))
    if CHANNEL not in definition.body["channels"]:
        faults.append(Fault("channel_not_offered", "service_code"))
    faults += _wish(body, today, known.calendar(body["unit"]))
    if faults:
        raise Refusal(faults)
    contact = work.privacy.seal(
        orjson.dumps({**person, "language": body["language"]}).decode(), ring="contact", field=CONTACT)
    return _ordered(work, body, found, definition, body["unit"], person["phone"][-4:], body["language"],
                    contact=contact, person_key=keys[0])


def _person(given: Mapping[str, Any]) -> tuple[dict[str, Any], list[Fault]]:
    person, faults = {"name": given["name"], "phone": "", "email": None}, []
    try:
        person["phone"] = identity.parse_mobile(given["phone"], "person/phone")
    except Refusal as refusal:
        faults += refusal.faults
    try:
        person["email"] = identity.parse_email(given["email"], "person/email") if given["email"] else None
    except Refusal as refusal:
        faults += refusal.faults
    return person, faults


def _wish(body: Mapping[str, Any], today: date, calendar: Any) -> list[Fault]:
    day = body["preferred_on"]
    return rule.day_faults(day, today, calendar, "preferred_on") if day is not None else []


def _ordered(
    work: UnitOfWork, body: Mapping[str, Any], found: Any, definition: Definition, unit: str, last4: str, language: str,
    *, request: Any = None, contact: str | None = None, person_key: bytes | None = None,
) -> dict[str, Any]:  # fmt: skip
    if found.open is not None:
        raise refuse("visit_open", number=found.open)
    number = numbering.visit_number(work.settings.node, cairo_date(work.now).year, found.serial)
    visit_id = uuid7()
    work.write(
        _ADD,
        id=visit_id,
        version=1,
        number=number,
        inquiry_key=inquiry_key(work, number, last4),
        request_id=request.id if request else None,
        unit=unit,
        service_code=definition.code,
        purpose=body["purpose"],
        state=rule.ORDERED,
        contact=contact,
        person_key=person_key,
        address=work.privacy.seal(body["address"], field=ADDRESS),
        note=work.privacy.seal(body["note"], field=NOTE) if body["note"] else None,
        language=language,
        ordered_at=work.now,
        ordered_by=work.actor.id,
        preferred_on=body["preferred_on"],
    )
    work.append(VISIT_CHANGED, visit_id, 1, {
        "visit_id": visit_id, "number": number, "request_id": request.id if request else None,
        "tracking_number": request.tracking_number if request else None, "unit": unit, "service_code": definition.code,
        "service_name": definition.name, "purpose": body["purpose"], "state": rule.ORDERED, "change": None, "day": None,
        "device_id": None, "language": language, "contact": contact})  # fmt: skip
    work.audit("visit.ordered", number, purpose=body["purpose"], unit=unit)
    return {"visit_number": number, "state": rule.ORDERED, "purpose": body["purpose"], "unit": unit,
            "preferred_on": body["preferred_on"].isoformat() if body["preferred_on"] else None}  # fmt: skip


def show(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """Where a visit stands, for whoever holds its number and the phone's last four digits: no name, no address."""
    row = _mine(work, body)
    known = organisation.known(work, row.organisation_stamp)
    return {**_shown(row), "unit_name": known.unit_name(row.unit, cairo_date(work.now)),
            "may_cancel": (row.state, rule.CANCEL) in rule.TRANSITIONS}  # fmt: skip


def cancel(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """The citizen takes the order back. Refuses visit_unknown, visit_not_possible."""
    return change(work, _mine(work, body), rule.CANCEL)


def listed(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """Visits of the actor's unit (of the node, who has none), the oldest order first; nobody is named."""
    rows = work.all(_LIST, unit=work.actor.unit, **body)
    return {"visits": [{**_shown(row), "visit_id": str(row.id), "clerk_id": row.clerk_id, "version": row.version}
                       for row in rows],
            "next": str(rows[-1].id) if len(rows) == body["limit"] else None}  # fmt: skip


def file(work: UnitOfWork, number: str) -> dict[str, Any]:
    """A visit as whoever plans it reads it, with name, phone and address. Reading is recorded."""
    row = _of_unit(work, number)
    work.audit_read("visit.read", str(row.request_id or row.number), visit=row.number)
    return {**_shown(row), **unmasked(work, row), "visit_id": str(row.id), "clerk_id": row.clerk_id,
            "version": row.version}  # fmt: skip


def plan(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """Give a visit its tablet, clerk and day, or others than before. Refuses visit_unknown, conflict, device_unknown,
    device_not_certified, device_of_another_unit, device_not_for_visits, visit_not_possible, and all that
    rules.visits.plan_faults says."""
    row = _of_unit(work, body["visit_number"])
    if body["version"] is not None and body["version"] != row.version:
        raise refuse("conflict", "version")
    device = devices.certified(work, body["device_id"])
    if device.unit != row.unit:
        raise refuse("device_of_another_unit", "device_id")
    if device.kind != TABLET:
        raise refuse("device_not_for_visits", "device_id")
    rule.step(row.state, rule.PLAN)
    known, today, day = organisation.known(work, row.organisation_stamp), cairo_date(work.now), body["day"]
    most = capacity(work.settings)
    there = work.scalar(_PLANNED_SO_FAR, device_id=device.id, day=day) or 0
    stays = row.state in (rule.PLANNED, rule.OUT) and (row.device_id, row.day) == (device.id, day)
    if faults := rule.plan_faults(day, today, known.calendar(row.unit), 0 if stays else there, most):
        raise Refusal(faults)
    if not stays:
        work.write(_TAKE_PLACE, expect=1, device_id=device.id, day=day, capacity=most)
    answer = change(work, row, rule.PLAN, device_id=device.id, clerk_id=body["clerk_id"], day=day, stays=stays)
    return {**answer, "device_id": str(device.id), "planned": there if stays else there + 1}


def call_off(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """The centre takes a visit back, with a reason."""
    return change(work, _of_unit(work, body["visit_number"]), rule.CALL_OFF, reason=body["reason"])


def miss(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """A person of the centre records that nobody was met, with a reason."""
    return change(work, _of_unit(work, body["visit_number"]), rule.MISS, reason=body["reason"])


def miss_next(work: UnitOfWork) -> bool:
    """Record the next visit as missed whose day is over and which no tablet took along: the citizen waited for nobody
    and is told. Answers whether there was one. A visit that is out is left to its tablet, which may have no line."""
    row = work.first(_PASSED, today=cairo_date(work.now))
    if row is None:
        return False
    change(work, row, rule.MISS)
    return True


def by_id(work: UnitOfWork, visit_id: UUID) -> Any:
    """The row of a visit. Refuses visit_unknown."""
    row = work.first(_BY_ID, visit_id=visit_id)
    if row is None:
        raise refuse("visit_unknown", "visit_id")
    return row


def change(
    work: UnitOfWork, row: Any, action: str, *, device_id: UUID | None = None, clerk_id: str | None = None,
    day: date | None = None, reason: str | None = None, at: Any = None, stays: bool = False,
) -> dict[str, Any]:  # fmt: skip
    """Take one step of a visit: state, event, audit row. A tablet's day gets its place back when the visit leaves it
    before it took place. Refuses visit_not_possible."""
    state = rule.step(row.state, action)
    planned = action == rule.PLAN
    new_day = day if planned else row.day
    if not stays and row.state in (rule.PLANNED, rule.OUT) and (planned or state == rule.CANCELLED):
        work.write(_GIVE_PLACE, device_id=row.device_id, day=row.day)
    ended = state not in rule.OPEN
    work.write(
        _CHANGE,
        expect=1,
        visit_id=row.id,
        seen=row.version,
        state=state,
        device_id=device_id if planned else row.device_id,
        clerk_id=clerk_id if planned else row.clerk_id,
        day=new_day,
        ended_at=(at or work.now) if ended else None,
        reason=work.privacy.seal(reason, field=REASON) if reason else None,
    )
    work.append(VISIT_CHANGED, row.id, row.version + 1, {
        "visit_id": row.id, "number": row.number, "request_id": row.request_id, "tracking_number": row.tracking_number,
        "unit": row.unit, "service_code": row.service_code, "service_name": service_name(row),
        "purpose": row.purpose, "state": state, "change": rule.told(row.state, state, row.day, new_day),
        "day": new_day, "device_id": device_id if planned else row.device_id, "language": row.language,
        "contact": row.contact}, occurred=at)  # fmt: skip
    work.audit(f"visit.{action}", row.number, state=state)
    return {"visit_number": row.number, "state": state, "day": new_day.isoformat() if new_day else None}


def unmasked(work: UnitOfWork, row: Any) -> dict[str, Any]:
    """Who is to be visited, where; whoever calls this records it."""
    sealed = row.contact or row.request_contact
    contact = orjson.loads(work.privacy.open(sealed, ring="contact", field=CONTACT)) if sealed else {}
    name = work.privacy.open(row.request_name, field=NAME) if row.request_name else contact.get("name")
    return {
        "name": name,
        "phone": contact.get("phone"),
        "address": work.privacy.open(row.address, field=ADDRESS) if row.address else None,
        "note": work.privacy.open(row.note, field=NOTE) if row.note else None,
    }


def service_name(row: Any) -> dict[str, str]:
    """What the service of a visit is called now."""
    return dict(row.service_name) if row.service_name else {"ar": row.service_code, "en": row.service_code}


def _shown(row: Any) -> dict[str, Any]:
    return {
        "visit_number": row.number,
        "state": row.state,
        "purpose": row.purpose,
        "purpose_name": {"ar": rule.PURPOSES[row.purpose].ar, "en": rule.PURPOSES[row.purpose].en},
        "service_code": row.service_code,
        "service_name": service_name(row),
        "unit": row.unit,
        "tracking_number": row.tracking_number,
        "ordered_at": row.ordered_at.isoformat(),
        "preferred_on": row.preferred_on.isoformat() if row.preferred_on else None,
        "day": row.day.isoformat() if row.day else None,
        "device_id": str(row.device_id) if row.device_id else None,
    }


def _mine(work: UnitOfWork, body: Mapping[str, Any]) -> Any:
    """The visit, for whoever knows both numbers. Wrong and unknown are refused alike, in about the same time."""
    try:
        number = numbering.parse_visit_number(body["visit_number"]).text
    except Refusal:
        raise refuse("visit_unknown") from None
    row = work.first(_ONE, number=number)
    if not lets_in(work, row, number, western_digits(body["phone_last4"]).strip()):
        raise refuse("visit_unknown")
    return row


def _of_unit(work: UnitOfWork, number: str) -> Any:
    row = work.first(_ONE, number=numbering.parse_visit_number(number).text)
    if row is None:
        raise refuse("visit_unknown", "visit_number")
    work.require("visit.plan", row.unit)
    return row


def case_of(work: UnitOfWork, row: Any) -> life.Case | None:
    """The case of a visit's request, or None where it is about a new application."""
    return life.by_id(work, row.request_id) if row.request_id else None
