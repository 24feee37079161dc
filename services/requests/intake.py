"""Intake: one complete application, one commit, one tracking number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text

from chassis.database import Statement
from chassis.ids import uuid7
from chassis.uow import UnitOfWork
from contracts.requests import SUBMITTED
from rules import applicants, forms, numbering, places
from rules.calendar import Calendar, cairo_date
from rules.deadlines import Mark
from rules.organisation_overlay import Overlay
from rules.refusal import Fault, Refusal, refuse
from services.requests import (
    board_counts,
    documents,
    due,
    finding,
    guide,
    life,
    national_check,
    numbers,
    organisation,
    parties,
    snapshots,
    succession,
    tables,
)
from services.requests.answers import charges, sealed
from services.requests.guide import IN_FORCE, Definition
from services.requests.licences import HOLDER, NAME

CONTACT = "requests.contact"
PARTICULARS = "requests.request.particulars"
NATIONAL_ID = "requests.request.national_id"
_INQUIRY = "requests.inquiry"
PUBLIC = "public"
PASSPORT = "requests.request.passport"

_LOOK_UP = Statement(
    text(
        "SELECT in_force.version, in_force.retired_from, nextval('tracking_serial') AS serial, "  # noqa: S608
        f"{documents.UNTAKEN} AS untaken, {organisation.STAMP} "
        f"FROM (SELECT 1) AS always LEFT JOIN LATERAL {IN_FORCE} AS in_force ON true"
    )
)
# The same without another serial: the number was reserved before.
_LOOK_UP_RESERVED = Statement(
    text(
        "SELECT in_force.version, in_force.retired_from, CAST(:serial AS bigint) AS serial, "  # noqa: S608
        f"{documents.UNTAKEN} AS untaken, {organisation.STAMP} "
        f"FROM (SELECT 1) AS always LEFT JOIN LATERAL {IN_FORCE} AS in_force ON true"
    )
)
_INSERT = Statement.insert(
    tables.request,
    *(column.name for column in tables.request.columns
      if column.name not in ("outcome", "licence_serial", "corrected")),
)


@dataclass(frozen=True)
class Reserved:
    """An application that was taken without a line: when, its serial, and the number of it that a tablet gave; without
    one, the serial's own of today."""

    at: datetime
    serial: int
    tracking_number: str | None


def submit_reserved(work: UnitOfWork, body: Mapping[str, Any], reserved: Reserved) -> dict[str, Any]:
    """Lodge a request that was taken without a line, under the definition of that day; its clock runs from then on.
    Refuses as `submit` does; the number is then still reserved."""
    today = cairo_date(reserved.at)
    found = work.one(
        _LOOK_UP_RESERVED,
        code=guide.code_asked(body["service_code"]),
        today=today,
        serial=reserved.serial,
        documents=[document["document_id"] for document in body["documents"]],
    )
    return _examined(work, body, found, today, reserved)


def submit(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """Lodge a request. Refuses, with every fault at once, what the definition in force does not accept; then nothing
    is kept but a gap in the serials, with its reason."""
    today = cairo_date(work.now)
    found = work.one(
        _LOOK_UP,
        code=guide.code_asked(body["service_code"]),
        today=today,
        documents=[document["document_id"] for document in body["documents"]],
    )
    try:
        return _examined(work, body, found, today)
    except Refusal as refusal:
        numbers.void(work, found.serial, refusal)
        raise


def _examined(
    work: UnitOfWork, body: Mapping[str, Any], found: Any, today: date, reserved: Reserved | None = None
) -> dict[str, Any]:
    """Lodge what was read, if all of it is accepted; refuse before anything is written."""
    known = organisation.known(work, found.organisation_stamp)
    unit = _unit(work, known, body["unit"], today)
    definition = guide.definition(work, body["service_code"], found.version)
    if found.retired_from is not None:
        raise refuse("service_retired", "service_code", code=definition.code, since=found.retired_from.isoformat())
    applicant, faults = applicants.read(body["applicant"], today)
    succeeds = succession.of(work, definition, body["answers"])
    answers, more = _accepted(definition, unit, {**body, "answers": succeeds.answers}, found.untaken)
    faults += more + succeeds.faults
    if succeeds.former is not None:
        faults += succession.same_holder(
            succeeds.former, applicant["kind"], _own(work, applicant["national_id"]),
            definition.body["supersedes"])  # fmt: skip
    if faults:
        raise Refusal(faults)
    given = reserved.tracking_number if reserved else None
    number = given or numbering.tracking_number(
        places.governorates()[work.settings.node].national_id_code,
        today.year,
        found.serial,
        work.settings.number_key,
    )
    at = reserved.at if reserved else work.now
    lodged = _lodge(work, definition, known.calendar(unit.code), body, applicant, answers, number, at)
    numbers.use(work, found.serial, UUID(lodged["request_id"]))
    if succeeds.former is not None:
        succession.claim(work, succeeds.former, UUID(lodged["request_id"]))
    return lodged


def _lodge(
    work: UnitOfWork,
    definition: Definition,
    calendar: Calendar,
    body: Mapping[str, Any],
    applicant: Mapping[str, Any],
    answers: dict[str, Any],
    number: str,
    at: datetime,
) -> dict[str, Any]:
    request_id, transition = uuid7(), definition.workflow.start()
    state = definition.workflow.state(transition.to_state)
    mark = Mark(at, snapshots.clock_in(state), state.code)
    standings = due.standings(definition, [mark], work.now, calendar)
    dates = due.dates(standings, definition.workflow, [state.code], work.now)
    contact = sealed_contact(work, applicant)
    # Nobody of the staff took in what a citizen lodged: whoever it was, it keeps nobody from deciding.
    account_id = UUID(work.actor.id) if work.actor.kind == "citizen" else None
    row = SimpleNamespace(
        id=request_id,
        version=1,
        tracking_number=number,
        service_code=definition.code,
        service_version=definition.version,
        unit=body["unit"],
        channel=body["channel"],
        applicant_kind=applicant["kind"],
        name=work.privacy.seal(applicant["name"], field=NAME),
        national_id=sealed_value(work, applicant["national_id"], NATIONAL_ID),
        national_id_key=look_up_key(work, applicant["national_id"], NATIONAL_ID),
        passport=sealed_value(work, applicant["passport"], PASSPORT),
        contact=contact,
        inquiry_key=inquiry_key(work, number, applicant["phone"][-4:]),
        language=applicant["language"],
        answers=sealed(work, definition, answers),
        state=state.code,
        state_kind=state.kind,
        lodged_at=at,
        due_on=dates.due_on,
        judge_on=dates.judge_on,
        silence_on=dates.silence_on,
        taken_by=PUBLIC if account_id else work.actor.id,
        account_id=account_id,
        **in_whose_name(work, applicant),
    )
    work.write(_INSERT, **vars(row))
    parties.keep(work, request_id, applicant)
    words = finding.person_keys(work, applicant) | finding.address_keys(work, definition, answers)
    finding.keep(work, request_id, body["unit"], words)
    documents.take(work, request_id, body["documents"])
    life.record(work, request_id, transition, state, 1, at, dates.due_on)
    life.hand_out(work, row, state, calendar)
    board_counts.lodged(work, row)
    row.licence_serial = None
    data = snapshots.snapshot(row, definition, transition, state, dates.due_on, {})
    check = national_check.of_contact(work, number, contact)
    work.append(SUBMITTED, request_id, 1, {**data, "contact": contact, "inquiry_check": check}, occurred=at)
    work.audit("request.submit", str(request_id), service=definition.code, channel=body["channel"])
    return {
        "request_id": str(request_id),
        "tracking_number": number,
        "service_code": definition.code,
        "service_name": definition.name,
        "state": state.code,
        "state_kind": state.kind,
        "state_name": state.name,
        "lodged_at": at.isoformat(),
        "due_on": dates.due_on.isoformat() if dates.due_on else None,
        "fees": charges(definition, answers),
    }


def in_whose_name(work: UnitOfWork, applicant: Mapping[str, Any]) -> dict[str, str | None]:
    """The columns that say for whom the applicant acts, sealed; NULL where it is the applicant alone."""
    particulars = applicant["particulars"]
    holder = applicants.holder(applicant["name"], particulars)
    told = orjson.dumps(particulars).decode() if particulars else None
    return {
        "particulars": sealed_value(work, told, PARTICULARS),
        "holder": sealed_value(work, holder if holder != applicant["name"] else None, HOLDER),
    }


def sealed_contact(work: UnitOfWork, applicant: Mapping[str, Any]) -> str:
    """How to reach the applicant, under the ring of those who may."""
    told = {key: applicant[key] for key in ("name", "phone", "email", "language")}
    return work.privacy.seal(orjson.dumps(told).decode(), ring="contact", field=CONTACT)


def inquiry_key(work: UnitOfWork, number: str, last4: str) -> bytes:
    """The keyed hash by which whoever knows the number and the phone's last four digits is let in."""
    return work.privacy.lookup(f"{number}/{last4}", _INQUIRY)


def _own(work: UnitOfWork, national_id: str | None) -> tuple[bytes, ...]:
    return work.privacy.lookups(national_id, NATIONAL_ID) if national_id else ()


def lets_in(work: UnitOfWork, row: Any, number: str, last4: str) -> bool:
    """Whether these numbers open a row with an `inquiry_key`; the same work is done where there is no row."""
    return work.privacy.known(row.inquiry_key if row is not None else b"", f"{number}/{last4}", _INQUIRY)


def _unit(work: UnitOfWork, known: Overlay, code: str, today: date) -> places.Unit:
    unit = known.unit(code, today)
    if unit is None or unit.governorate != work.settings.node or unit.status != "open":
        raise refuse("unit_unknown", "unit")
    if work.actor.unit is not None and work.actor.unit != code:
        work.require("request.submit", unit=code)
    return unit


def _accepted(
    definition: Definition, unit: places.Unit, body: Mapping[str, Any], untaken: Mapping[str, Any]
) -> tuple[dict[str, Any], list[Fault]]:
    """The cleaned answers, and all for which the definition does not accept the application."""
    faults: list[Fault] = []
    if unit.kind not in definition.body["unit_kinds"]:
        faults.append(Fault("unit_not_served", "unit"))
    if body["channel"] not in definition.body["channels"]:
        faults.append(Fault("channel_not_offered", "channel"))
    if body["applicant"]["kind"] not in definition.body["applicants"]:
        faults.append(Fault("applicant_kind_not_allowed", "applicant/kind"))
    answers: dict[str, Any] = {}
    try:
        answers = forms.validate(definition.body["form"], body["answers"])
    except Refusal as refusal:
        faults += refusal.faults
        answers = dict(body["answers"])
    try:
        documents.check(definition.body["documents"], answers, body["documents"], untaken)
    except Refusal as refusal:
        faults += refusal.faults
    return answers, faults


def sealed_value(work: UnitOfWork, value: str | None, field: str) -> str | None:
    """A value as it is stored; None stays None."""
    return work.privacy.seal(value, field=field) if value else None


def look_up_key(work: UnitOfWork, value: str | None, field: str) -> bytes | None:
    """The keyed hash that finds an equal value again; None stays None."""
    return work.privacy.lookup(value, field) if value else None
