"""The register of tracking numbers: every serial that was drawn is used by one request, or why it is not is recorded.

A serial is drawn while an application is read and used when it is written, so refusals, conflicts and crashes leave
gaps. A refusal records its gap at once. What else was drawn and not used is recorded by a sweep that first notes the
newest serial and a while later gives up those at or below it. Used or given up is one row of one table under one key:
whichever commits first stands, and a request whose serial was given up meanwhile is written under the next. So no
serial is ever both, however slow a request was.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from chassis.database import Statement
from chassis.uow import UnitOfWork
from rules import numbering, places
from rules.calendar import cairo_date
from rules.refusal import Refusal, refuse
from services.requests import serial_blocks
from services.requests.serial_register import Proof, Register

__all__ = ["NEVER_LODGED", "REFUSED", "Proof", "claim_given", "claim_reserved", "draw", "entries", "explain", "prove",
           "reserve", "take_in", "use", "void"]

NEVER_LODGED = "never_lodged"  # drawn by a request that broke off or was written under another number, or skipped
REFUSED = "refused"
RESERVED_FOR = timedelta(days=14)  # that a device may hold numbers for its offline intake

REGISTER = Register("number_register", "number_mark", "tracking_serial", "request_id",
                    "(SELECT request.tracking_number FROM request WHERE request.id = n.request_id)", NEVER_LODGED)

_VOID = Statement(
    text("INSERT INTO number_register (serial, reason, at) VALUES (:serial, :reason, :at) ON CONFLICT DO NOTHING")
)
_DRAW = Statement(text("SELECT nextval('tracking_serial') AS serial FROM generate_series(1, CAST(:many AS integer))"))
_HELD = Statement(
    text(
        "SELECT serial FROM reserved_serial WHERE kind = 'tracking' AND number = :number "
        "AND device_id = :device_id AND state = 'reserved'"
    )
)
# A number that nobody here ever reserved, and no request bears: left out by the jump after a restore, or never drawn.
_UNKNOWN = Statement(
    text(
        "SELECT NOT EXISTS (SELECT 1 FROM reserved_serial WHERE kind = 'tracking' AND (serial = :serial "
        "OR number = :number)) AND NOT EXISTS (SELECT 1 FROM number_register WHERE serial = :serial "
        "AND request_id IS NOT NULL)"
    )
)
_NO_GAP = Statement(text("DELETE FROM number_register WHERE serial = :serial AND request_id IS NULL"))
# The row that says for whom it was reserved makes room for the request's.
_MAKE_ROOM = Statement(text("DELETE FROM number_register WHERE serial = :serial AND request_id IS NULL"))


def use(work: UnitOfWork, serial: int, request_id: UUID) -> None:
    """Gather that a request bears this serial. The commit conflicts when it was given up meanwhile."""
    REGISTER.use(work, serial, request_id)


def void(work: UnitOfWork, serial: int, refusal: Refusal) -> None:
    """Record at once that the request for which a serial was drawn was refused, and the codes of its faults."""
    codes = ", ".join(sorted({fault.code for fault in refusal.faults}))
    work.aside(_VOID, serial=serial, reason=f"{REFUSED}: {codes}", at=work.now)


def reserve(work: UnitOfWork, device_id: UUID, how_many: int) -> list[str]:
    """So many tracking numbers for the offline intake of a device: those that it still holds, and new ones for the
    rest. They are the device's for RESERVED_FOR from now; what it does not use is then given up."""
    ends_at = work.now + RESERVED_FOR
    held = serial_blocks.left(work, device_id, serial_blocks.TRACKING)[:how_many]
    serial_blocks.prolong(work, {row.block_id for row in held}, ends_at)
    numbers = [row.number for row in held]
    if (missing := how_many - len(held)) > 0:
        numbers += draw(work, device_id, missing, ends_at)[1]
    return numbers


def draw(work: UnitOfWork, holder: UUID, how_many: int, ends_at: datetime) -> tuple[UUID, list[str]]:
    """Gather a block of so many new numbers, reserved for a holder until a moment: the block's id, and the numbers."""
    code, year = places.governorates()[work.settings.node].national_id_code, cairo_date(work.now).year
    drawn = [(row.serial, numbering.tracking_number(code, year, row.serial, work.settings.number_key))
             for row in work.all(_DRAW, many=how_many)]  # fmt: skip
    block_id = serial_blocks.take(work, serial_blocks.TRACKING, holder, drawn, ends_at)
    return block_id, [number for _, number in drawn]


def claim_reserved(work: UnitOfWork, device_id: UUID, tracking_number: str) -> int:
    """Gather that a number which the device holds is used; answers its serial, for `use` in the same unit of work.
    Refuses tracking_malformed and number_not_reserved: another device's, used before, given up."""
    number = numbering.parse_tracking(tracking_number)
    row = work.first(_HELD, number=number, device_id=device_id)
    if row is None:
        raise refuse("number_not_reserved", "tracking_number")
    _claim(work, device_id, row.serial)
    return int(row.serial)


def take_in(work: UnitOfWork, holder: UUID, tracking_number: str, ends_at: datetime) -> int | None:
    """Gather that a holder has a number of which this node knows nothing, because it was restored from a backup that is
    older than the block: its serial. None where it is known here already, whosever it is, or is not of this node.
    Two at once, or a request that is written under the serial meanwhile: the commit conflicts."""
    try:
        number = numbering.parse_tracking(tracking_number)
    except Refusal:
        return None
    if number[:2] != places.governorates()[work.settings.node].national_id_code:
        return None
    serial = numbering.tracking_sequence(number, work.settings.number_key)
    if not work.scalar(_UNKNOWN, serial=serial, number=number):
        return None
    work.write(_NO_GAP, serial=serial)
    serial_blocks.take(work, serial_blocks.TRACKING, holder, [(serial, number)], ends_at)
    return serial


def claim_given(work: UnitOfWork, holder: UUID, tracking_number: str, ends_at: datetime) -> int:
    """As `claim_reserved`, of a holder who has proved that the number was given to it: one that is not known here is
    taken in first. Refuses tracking_malformed and number_not_reserved: it stands for another request or holder."""
    serial = take_in(work, holder, tracking_number, ends_at)
    if serial is None:
        return claim_reserved(work, holder, tracking_number)
    _claim(work, holder, serial)
    return serial


def explain(work: UnitOfWork) -> bool:
    """One sweep: give up what was drawn before the last one and is still unused. True when more waits."""
    return REGISTER.explain(work)


def prove(work: UnitOfWork) -> Proof:
    """Whether every tracking serial is used by a request or its gap explained."""
    return REGISTER.prove(work, lambda number: numbering.tracking_sequence(number, work.settings.number_key))


def _claim(work: UnitOfWork, device_id: UUID, serial: int) -> None:
    serial_blocks.used(work, serial_blocks.TRACKING, device_id, serial)
    work.write(_MAKE_ROOM, expect=1, serial=serial)


def entries(work: UnitOfWork, first: int) -> Iterator[Any]:
    """The register's rows (serial, bearer, number, reason, at) from a serial on, page by page."""
    return REGISTER.entries(work, first)
