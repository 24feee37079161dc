"""Licences released on the spot: tickets given to a device, and what the device reports of them.

The node decides, the device releases: a ticket is issued only for a request that went through its workflow and waits
for the payment that ends it with a licence. Reporting a release moves nothing by itself: payments is told of the money,
and its word that the bill is paid ends the request, as at any counter (licences.issue then takes the reported serial).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from chassis.database import Statement
from chassis.ids import named, uuid7
from chassis.uow import UnitOfWork
from contracts.requests_mobile import RELEASE_REPORTED
from rules import devices as device_rule
from rules import fees, numbering, register, slips
from rules import release as rule
from rules.calendar import cairo_date
from rules.refusal import Refusal, refuse
from services.requests import devices, licence_numbers, licences, life, serial_blocks
from services.requests import tables_mobile as tables
from services.requests import tickets as kept
from services.requests.life import Case

REPORT_WITHIN = timedelta(days=3)  # after a ticket's end: the tablet comes back to where there is a network
LONGEST = timedelta(days=7)  # that a ticket may be out
CASH, SLIP = "cash", "slip"
CLOCKS = timedelta(minutes=10)  # by which a tablet's clock may differ from the node's

_CASES = Statement(text(f"SELECT request.*, {life.STEPS} FROM request WHERE id = ANY(:ids)"))  # noqa: S608
# Who acted for a department on the way: they decided it.
_DECIDERS = Statement(
    text(
        "SELECT request_id, array_agg(DISTINCT actor_id) AS accounts FROM step "
        "WHERE request_id = ANY(:ids) AND department IS NOT NULL GROUP BY request_id"
    )
)
_FORMERS = Statement(text("SELECT successor_request, valid_until FROM licence WHERE successor_request = ANY(:ids)"))
_LIVE = Statement(text("SELECT * FROM ticket WHERE request_id = ANY(:ids) AND state IN ('issued', 'reported')"))
_DRAW = Statement(text("SELECT nextval('licence_serial') AS serial FROM generate_series(1, CAST(:many AS integer))"))
_ISSUE = Statement.insert(
    tables.ticket, "id", "request_id", "device_id", "serial", "number", "stage", "amount", "body", "valid_from",
    "valid_until", "issued_at", "release_by", "report_by", "state", "state_at",
)  # fmt: skip
# A ticket stands on the request as it was read: whoever moves it meanwhile comes before or after, never beside.
_AS_READ = Statement(
    text(
        "UPDATE request SET corrected = corrected "
        "WHERE id = :request_id AND version = :seen AND corrected = :corrections"
    )
)
_BY_ID = Statement(
    text(
        "SELECT ticket.*, request.tracking_number, request.unit, request.state_kind, request.outcome, "
        "ARRAY(SELECT DISTINCT actor_id FROM step WHERE step.request_id = ticket.request_id "
        "AND department IS NOT NULL) AS deciders, "
        "EXISTS (SELECT 1 FROM ticket AS other WHERE other.device_id = ticket.device_id AND other.id <> ticket.id "
        "AND other.receipt_number = :receipt_number) AS receipt_taken "
        "FROM ticket JOIN request ON request.id = ticket.request_id WHERE ticket.id = :ticket_id"
    )
)
_REPORT = Statement(
    text(
        "UPDATE ticket SET state = 'reported', state_at = :at, reported_at = :at, qr = :qr, "
        "released_at = :released_at, device_time = :device_time, receipt_number = :receipt_number, clerk = :clerk "
        "WHERE id = :ticket_id AND state = 'issued'"
    )
)
_TOLD = Statement(text("SELECT 1 FROM release_told WHERE id = :told_id"))
_TELL = Statement.insert(tables.release_told)


def tickets(work: UnitOfWork, device: Any, request_ids: list[UUID], until: datetime) -> list[dict[str, Any]]:
    """Issue tickets to a certified device, or answer those again that it holds: for each request, in the order asked,
    {request_id, ticket, refused_code}, ticket None where it cannot be released on the spot. `until`: the last moment
    to release, at most LONGEST from now and no later than the device's certificate. ticket: {ticket_id, ticket (its
    text), serial, tracking_number, stage, amount, holder, service, unit, valid_from, valid_until, release_by}."""
    devices.demand_certified(work, device)
    ends = min(until, work.now + LONGEST, device.valid_until).replace(microsecond=0)
    if ends <= work.now:
        raise refuse("release_out_of_time", "until", until=until.isoformat())
    ids = list(dict.fromkeys(request_ids))
    rows = {row.id: row for row in work.all(_CASES, ids=ids)}
    deciders = {row.request_id: set(row.accounts) for row in work.all(_DECIDERS, ids=ids)}
    live = {row.request_id: row for row in work.all(_LIVE, ids=ids)}
    found: dict[UUID, dict[str, Any]] = {}
    fresh: list[Case] = []
    for request_id in ids:
        standing = live.get(request_id)
        try:
            case = _releasable(work, device, rows.get(request_id), deciders.get(request_id, set()))
            if standing is None:
                fresh.append(case)
            else:
                found[request_id] = _told(request_id, _again(work, device, standing), None)
        except Refusal as refusal:
            found[request_id] = _told(request_id, None, refusal.code)
    for case, ticket in zip(fresh, _issued(work, device, fresh, ends), strict=True):
        found[case.id] = _told(case.id, ticket, None)
    return [found[request_id] for request_id in ids]


def apply(
    work: UnitOfWork, device: Any, body: Mapping[str, Any], device_time: datetime, clerk_id: str
) -> dict[str, Any]:
    """Take a device's report that it released a ticket: {ticket_id, released_at, receipt_number, qr}. Recorded once;
    the same report again answers the same. Refuses with the code for which a person is to look at it:
    device_not_certified, release_forged, release_out_of_time, release_differs, ticket_unknown,
    ticket_of_another_device, ticket_void, ticket_used, device_receipt_used, release_time_implausible,
    release_apart."""
    devices.demand_certified(work, device)
    proved = rule.verify(body["qr"], licences.verifying_keys(work))
    row = _reported_ticket(work, device, body, proved)
    if row.state in ("reported", "used"):
        if row.qr is None or work.privacy.open(row.qr, field=kept.QR) != body["qr"].strip():
            raise refuse("ticket_used", "ticket_id")
        return _answer(row)
    if row.state == "void":
        raise refuse("ticket_void", "ticket_id", **device_rule.why_void(row.reason))
    if row.receipt_taken:
        raise refuse("device_receipt_used", "receipt_number")
    made = proved.release
    if not row.issued_at - CLOCKS <= made.released_at <= min(device_time, work.now) + CLOCKS:
        raise refuse("release_time_implausible", "released_at")
    if clerk_id in {*row.deciders, device.registered_by, device.certified_by}:
        raise refuse("release_apart")
    _slip(body)
    work.write(_REPORT, expect=1, ticket_id=row.id, at=work.now, released_at=made.released_at,
               device_time=device_time, receipt_number=made.receipt_number, clerk=clerk_id,
               qr=work.privacy.seal(body["qr"].strip(), field=kept.QR))
    serial_blocks.used(work, serial_blocks.LICENCE, device.id, row.serial)
    licence_numbers.released(work, row.serial, device.id)
    _tell(work, row, made, clerk_id, _slip(body), applied=True)
    work.audit("release.reported", str(row.request_id), device=str(device.id), ticket=str(row.id), serial=row.number)
    return _answer(row)


def report_cash_only(
    work: UnitOfWork, device: Any, body: Mapping[str, Any], device_time: datetime, clerk_id: str
) -> dict[str, Any]:
    """A release that was refused: payments is told all the same, once, that the device took money (its signed release
    says so), and holds it. Answers {told}; false where the text proves no release of a ticket of this device: then
    there is nothing to book, and a person reads what was uploaded. `device_time` is not judged here."""
    try:
        proved = rule.read(body["qr"], licences.verifying_keys(work))
        row = _reported_ticket(work, device, body, proved)
    except Refusal:
        return {"told": False}
    try:
        slip = _slip(body)
    except Refusal:
        slip = None  # no terminal prints what was typed: the money is held all the same
    told = _tell(work, row, proved.release, clerk_id, slip, applied=False, way=body.get("way", CASH))
    work.audit("release.not_applied", str(row.request_id), device=str(device.id), ticket=str(row.id), told=told)
    return {"told": True}


def _reported_ticket(work: UnitOfWork, device: Any, body: Mapping[str, Any], proved: rule.Released) -> Any:
    """The row of the ticket that a report is about, if report, signed text and row say the same."""
    ticket, made = proved.ticket, proved.release
    if str(body["ticket_id"]) != ticket.ticket_id or body["receipt_number"] != made.receipt_number or (
            _moment(body["released_at"]) != made.released_at):  # fmt: skip
        raise refuse("release_differs", "ticket_id")
    row = work.first(_BY_ID, ticket_id=UUID(ticket.ticket_id), receipt_number=made.receipt_number)
    if row is None:
        raise refuse("ticket_unknown", "ticket_id")
    if row.device_id != device.id or ticket.device_id != str(device.id) or ticket.device_key != device.public_key:
        raise refuse("ticket_of_another_device", "ticket_id")
    if not body["qr"].strip().startswith(work.privacy.open(row.body, field=kept.BODY) + "."):
        raise refuse("release_forged", "qr")
    return row


def _slip(body: Mapping[str, Any]) -> str | None:
    """The reference of the card slip that paid; None for cash. Refuses slip_field_invalid."""
    if body.get("way", CASH) == CASH:
        return None
    typed = body.get("slip")
    if typed is None:
        raise refuse("slip_field_invalid", "slip")
    return slips.read(typed["terminal_id"], typed["batch"], typed["approval_code"], typed["last4"]).reference


def _tell(work: UnitOfWork, row: Any, made: rule.Release, clerk_id: str, slip: str | None, *, applied: bool,
          way: str | None = None) -> bool:  # fmt: skip
    """Gather the event, unless payments was told before. Answers whether it was news."""
    told_id = named("release", str(row.id), str(row.device_id), str(made.receipt_number))
    if work.first(_TOLD, told_id=told_id) is not None:
        return False
    work.write(_TELL, id=told_id, ticket_id=row.id, device_id=row.device_id, receipt_number=made.receipt_number,
               applied="released" if applied else "cash_only", at=work.now)
    work.append(RELEASE_REPORTED, told_id, 1, {
        "ticket_id": row.id, "request_id": row.request_id, "tracking_number": row.tracking_number, "unit": row.unit,
        "stage": row.stage, "amount": row.amount, "device_id": row.device_id, "device_receipt": made.receipt_number,
        "collected_by": clerk_id, "collected_at": made.released_at, "serial": row.number, "applied": applied,
        "way": way or (SLIP if slip else CASH), "slip": slip,
    })  # fmt: skip
    return True


def _releasable(work: UnitOfWork, device: Any, row: Any, deciders: set[str]) -> Case:
    """The case of a request that stands decided. Refuses tracking_unknown, request_of_another_unit,
    request_not_decided, release_apart."""
    if row is None:
        raise refuse("tracking_unknown", "request_id")
    if row.unit != device.unit:
        raise refuse("request_of_another_unit", "request_id")
    case = life.case(work, row)
    if row.state_kind != "payment" or case.state.next is None or not deciders:
        raise refuse("request_not_decided", "request_id")
    if case.definition.workflow.state(case.state.next).output is None:
        raise refuse("request_not_decided", "request_id")
    if work.actor.id in {*deciders, device.registered_by, device.certified_by}:
        raise refuse("release_apart")
    return case


def _again(work: UnitOfWork, device: Any, row: Any) -> dict[str, Any]:
    """The ticket that a device holds already."""
    if row.device_id != device.id:
        raise refuse("ticket_elsewhere", "request_id")
    if row.state != "issued":
        raise refuse("ticket_used", "request_id")
    if row.release_by <= work.now:
        raise refuse("ticket_unreported", "request_id")
    body = work.privacy.open(row.body, field=kept.BODY)
    return _shown(rule.read_ticket(body, licences.verifying_keys(work)), body, row.stage)


def _issued(work: UnitOfWork, device: Any, cases: list[Case], ends: datetime) -> list[dict[str, Any]]:
    if not cases:
        return []
    today = cairo_date(work.now)
    formers = {row.successor_request: row for row in work.all(_FORMERS, ids=[case.id for case in cases])}
    serials = [row.serial for row in work.all(_DRAW, many=len(cases))]
    numbers = [numbering.licence_serial(work.settings.node, today.year, serial) for serial in serials]
    report_by = ends + REPORT_WITHIN
    serial_blocks.take(work, serial_blocks.LICENCE, device.id, list(zip(serials, numbers, strict=True)), report_by)
    key_id, key = licences.signing_key(work.settings)
    given = []
    for case, serial, number in zip(cases, serials, numbers, strict=True):
        ticket = _ticket(work, device, case, formers.get(case.id), number, key_id, ends, today)
        body = rule.issue(ticket, key)
        work.write(_AS_READ, expect=1, request_id=case.id, seen=case.row.version, corrections=case.row.corrected)
        work.write(_ISSUE, id=UUID(ticket.ticket_id), request_id=case.id, device_id=device.id, serial=serial,
                   number=number, stage=case.state.stage, amount=ticket.amount, valid_from=ticket.valid_from,
                   valid_until=ticket.valid_until, issued_at=work.now, release_by=ends, report_by=report_by,
                   state="issued", state_at=work.now, body=work.privacy.seal(body, field=kept.BODY))
        work.audit("ticket.issued", str(case.id), device=str(device.id), ticket=ticket.ticket_id, serial=number)
        given.append(_shown(ticket, body, str(case.state.stage)))
    return given


def _ticket(work: UnitOfWork, device: Any, case: Case, former: Any, number: str, key_id: str, ends: datetime,
            today: date) -> rule.Ticket:  # fmt: skip
    definition, row = case.definition, case.row
    output = definition.output(str(definition.workflow.state(str(case.state.next)).output))
    kind = str(definition.body["supersedes"]["as"]) if former is not None else None
    inputs = {name: row.answers[name] for name in definition.fee_inputs
              if name in row.answers and name not in definition.personal_fields}
    return rule.Ticket(
        key_id=key_id,
        ticket_id=str(uuid7()),
        device_id=str(device.id),
        device_key=device.public_key,
        serial=number,
        holder=licences.holder_of(work, row),
        service=definition.name["ar"],
        unit=case.organisation.unit_name(row.unit, today)["ar"],
        valid_from=today,
        valid_until=register.term(output.get("validity_months"), today, kind,
                                  former.valid_until if former is not None else None),
        amount=fees.total(fees.compute(definition.body["fees"], inputs, case.state.stage)),
        tracking_number=row.tracking_number,
        release_by=ends,
    )


def _shown(ticket: rule.Ticket, body: str, stage: str) -> dict[str, Any]:
    return {
        "ticket_id": ticket.ticket_id,
        "ticket": body,
        "serial": ticket.serial,
        "tracking_number": ticket.tracking_number,
        "stage": stage,
        "amount": ticket.amount,
        "holder": ticket.holder,
        "service": ticket.service,
        "unit": ticket.unit,
        "valid_from": ticket.valid_from.isoformat(),
        "valid_until": ticket.valid_until.isoformat() if ticket.valid_until else None,
        "release_by": ticket.release_by.isoformat(),
    }


def _told(request_id: UUID, ticket: dict[str, Any] | None, refused_code: str | None) -> dict[str, Any]:
    return {"request_id": str(request_id), "ticket": ticket, "refused_code": refused_code}


def _answer(row: Any) -> dict[str, Any]:
    return {"ticket_id": str(row.id), "serial": row.number, "tracking_number": row.tracking_number,
            "amount": row.amount}


def _moment(value: datetime | str) -> datetime:
    """As JSON or as loaded. What is no moment differs from every moment."""
    if isinstance(value, datetime):
        return value
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        raise refuse("release_differs", "released_at") from None
