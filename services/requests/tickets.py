"""Tickets as they stand in the database: which is live, which was used, and how one becomes void with its serial.

`issued` → `reported` (the device released it and said so) → `used` (the licence bears its serial); `void` otherwise.
Here is what the life of a request needs of them; releases.py makes and takes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from chassis.database import Statement
from chassis.uow import UnitOfWork
from rules import places, register, release
from rules.calendar import cairo_date
from rules.refusal import refuse
from services.requests import guide, organisation

REQUEST_MOVED, REQUEST_CORRECTED = "request_moved", "request_corrected"
BODY, QR = "requests.ticket.body", "requests.ticket.qr"

# The reported ticket of a request beside whatever else is read: columns of `ticket` under names of their own.
REPORTED = (
    "ticket.id AS ticket_id, ticket.serial AS ticket_serial, ticket.number AS ticket_number, ticket.qr AS ticket_qr, "
    "ticket.valid_from AS ticket_from, ticket.valid_until AS ticket_until, ticket.device_id AS ticket_device"
)
_BY_NUMBER = Statement(
    text(
        "SELECT ticket.*, request.service_code, request.service_version, "  # noqa: S608
        f"request.unit, {organisation.STAMP} FROM ticket JOIN request ON request.id = ticket.request_id "
        "WHERE number = :number"
    )
)
_RELEASED = Statement(
    text(
        "SELECT ticket.device_id, device.label, released_at, reported_at, receipt_number, clerk FROM ticket "
        "JOIN device ON device.id = ticket.device_id WHERE number = :number AND ticket.state = 'used'"
    )
)
_USED = Statement(text("UPDATE ticket SET state = 'used', state_at = :at WHERE id = :ticket_id AND state = 'reported'"))


def _voiding(which: str) -> Statement:
    """The tickets of a condition become void, and so do their serials, where a register keeps them."""
    return Statement(text(
        "WITH gone AS (UPDATE ticket SET state = 'void', reason = :reason, state_at = :at "  # noqa: S608
        f"WHERE {which} RETURNING serial), "
        "explained AS (UPDATE licence_number SET reason = :reason, at = :at FROM gone "
        "WHERE licence_number.serial = gone.serial AND licence_number.licence_id IS NULL) "
        "UPDATE reserved_serial SET state = 'void', reason = :reason, at = :at FROM gone "
        "WHERE reserved_serial.kind = 'licence' AND reserved_serial.serial = gone.serial"))


_VOID_OF_REQUEST = _voiding("request_id = :request_id AND state IN ('issued', 'reported')")
_VOID_UNREPORTED = _voiding("request_id = :request_id AND state = 'issued'")
_VOID_OF_BLOCK = _voiding(
    "state = 'issued' AND serial IN (SELECT r.serial FROM reserved_serial AS r "
    "WHERE r.block_id = :block_id AND r.kind = 'licence')"
)


def void_request(work: UnitOfWork, request_id: UUID, reason: str = REQUEST_MOVED) -> None:
    """Gather that no device may release the request any more. What was used stays."""
    work.write(_VOID_OF_REQUEST, request_id=request_id, reason=reason, at=work.now)


def void_unreported(work: UnitOfWork, request_id: UUID, reason: str = REQUEST_CORRECTED) -> None:
    """Gather that what a device holds of the request is void, if it was not reported yet."""
    work.write(_VOID_UNREPORTED, request_id=request_id, reason=reason, at=work.now)


def void_block(work: UnitOfWork, block_id: UUID, reason: str) -> None:
    """Gather that what a device did not report of a block is void."""
    work.write(_VOID_OF_BLOCK, block_id=block_id, reason=reason, at=work.now)


def used(work: UnitOfWork, ticket_id: UUID) -> None:
    """Gather that the licence bears the ticket's serial."""
    work.write(_USED, expect=1, ticket_id=ticket_id, at=work.now)


def verification(work: UnitOfWork, number: str, keys: Mapping[str, Any]) -> dict[str, Any]:
    """What anybody is told of a serial that a device holds or held and that no licence of the register bears:
    `not_reported_yet`, with the last day on which its device may report it, or `void`. Refuses licence_unknown."""
    row = work.first(_BY_NUMBER, number=number)
    if row is None:
        raise refuse("licence_unknown", "serial")
    known = organisation.known(work, row.organisation_stamp)
    definition = guide.definition(work, row.service_code, row.service_version)
    unit = known.unit_ever(row.unit)
    shown = {
        "serial": number,
        "service_code": definition.code,
        "service_name": definition.name,
        "unit": row.unit,
        "unit_name": known.unit_name(row.unit, row.valid_from),
        "governorate_name": places.governorates()[unit.governorate if unit else work.settings.node].name,
        "released_on_the_spot": True,
        "qr": None,
    }
    if row.state == "void" or not row.body:  # or its time is over: nobody is named any more
        nothing = dict.fromkeys(("holder", "valid_from", "valid_until", "issued_on", "report_until", "key_id"))
        return {**shown, **nothing, "status": register.VOID, "since": cairo_date(row.state_at).isoformat()}
    ticket = release.read_ticket(work.privacy.open(row.body, field=BODY), keys)
    return {
        **shown,
        "status": register.NOT_REPORTED_YET,
        "since": None,
        "holder": ticket.holder,
        "valid_from": row.valid_from.isoformat(),
        "valid_until": row.valid_until.isoformat() if row.valid_until else None,
        "issued_on": cairo_date(row.issued_at).isoformat(),
        "report_until": cairo_date(row.report_by).isoformat(),
        "key_id": ticket.key_id,
    }


def released(work: UnitOfWork, number: str) -> dict[str, Any] | None:
    """How a licence was released on the spot, for its entry in the register; None where the node issued it."""
    row = work.first(_RELEASED, number=number)
    if row is None:
        return None
    return {"device_id": str(row.device_id), "device_label": row.label, "released_at": _iso(row.released_at),
            "reported_at": _iso(row.reported_at), "receipt_number": row.receipt_number, "by": row.clerk}


def _iso(at: datetime) -> str:
    return at.isoformat()
