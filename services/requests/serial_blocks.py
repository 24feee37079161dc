"""Numbers reserved for a device at a download: each is used once, or void with its reason. A number that is void never
comes back, whatever the device says later."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from chassis.database import Statement
from chassis.ids import uuid7
from chassis.uow import UnitOfWork
from services.requests import tables_mobile as tables
from services.requests import tickets

LICENCE, TRACKING = "licence", "tracking"
NOT_REPORTED, NOT_USED, RETURNED, REVOKED = (
    "not_reported_in_time", "not_used_in_time", "returned_by_device", "device_revoked")  # fmt: skip
_RAN_OUT = {LICENCE: NOT_REPORTED, TRACKING: NOT_USED}

_OPEN = Statement.insert(tables.serial_block, "id", "device_id", "kind", "reserved_at", "ends_at")
_RESERVE = Statement.insert(tables.reserved_serial, "kind", "serial", "number", "block_id", "device_id", "state", "at")
_REGISTERS = {
    LICENCE: Statement(text("INSERT INTO licence_number (serial, reason, at) VALUES (:serial, :reason, :at)")),
    TRACKING: Statement(text("INSERT INTO number_register (serial, reason, at) VALUES (:serial, :reason, :at)")),
}
_LEFT = Statement(
    text(
        "SELECT serial, number, block_id FROM reserved_serial "
        "WHERE device_id = :device_id AND kind = :kind AND state = 'reserved' ORDER BY serial"
    )
)
_PROLONG = Statement(
    text("UPDATE serial_block SET ends_at = greatest(ends_at, :ends_at) WHERE id = :block_id AND closed_at IS NULL")
)
_USED = Statement(
    text(
        "UPDATE reserved_serial SET state = 'used', at = :at "
        "WHERE kind = :kind AND serial = :serial AND device_id = :device_id AND state = 'reserved'"
    )
)
_BLOCKS = Statement(text("SELECT id, kind FROM serial_block WHERE device_id = :device_id AND closed_at IS NULL"))
_ENDED = Statement(
    text("SELECT id, kind FROM serial_block WHERE closed_at IS NULL AND ends_at <= :now ORDER BY ends_at LIMIT 1")
)
_CLOSE = Statement(
    text("UPDATE serial_block SET closed_at = :at, reason = :reason WHERE id = :block_id AND closed_at IS NULL")
)
_VOID_TRACKING = Statement(
    text(
        "WITH gone AS (UPDATE reserved_serial SET state = 'void', reason = :reason, at = :at "
        "WHERE block_id = :block_id AND state = 'reserved' RETURNING serial) "
        "UPDATE number_register SET reason = :reason, at = :at FROM gone "
        "WHERE number_register.serial = gone.serial AND number_register.request_id IS NULL"
    )
)


def reserved_for(device_id: UUID) -> str:
    """What a register says of a number that a device holds."""
    return f"reserved for device {device_id}"


def take(work: UnitOfWork, kind: str, device_id: UUID, drawn: Sequence[tuple[int, str]], ends_at: datetime) -> UUID:
    """Gather a block of numbers (serial, as printed) that were drawn for a device, until a moment."""
    block_id = uuid7()
    work.write(_OPEN, id=block_id, device_id=device_id, kind=kind, reserved_at=work.now, ends_at=ends_at)
    work.write_many(_RESERVE, [
        {"kind": kind, "serial": serial, "number": number, "block_id": block_id, "device_id": device_id,
         "state": "reserved", "at": work.now} for serial, number in drawn])  # fmt: skip
    for serial, _ in drawn:
        work.write(_REGISTERS[kind], serial=serial, reason=reserved_for(device_id), at=work.now)
    work.audit("serials.reserved", str(device_id), kind=kind, numbers=len(drawn), block=str(block_id))
    return block_id


def left(work: UnitOfWork, device_id: UUID, kind: str) -> list[Any]:
    """Rows (serial, number, block_id) of what a device still holds."""
    return work.all(_LEFT, device_id=device_id, kind=kind)


def prolong(work: UnitOfWork, block_ids: set[UUID], ends_at: datetime) -> None:
    """Gather that blocks end later. The commit conflicts when one was closed meanwhile."""
    for block_id in sorted(block_ids):
        work.write(_PROLONG, expect=1, block_id=block_id, ends_at=ends_at)


def used(work: UnitOfWork, kind: str, device_id: UUID, serial: int) -> None:
    """Gather that a reserved number is used. The commit conflicts unless the device still holds it."""
    work.write(_USED, expect=1, kind=kind, serial=serial, device_id=device_id, at=work.now)


def give_back(work: UnitOfWork, device_id: UUID, reason: str) -> dict[str, int]:
    """Gather that all a device holds and did not use is void; answers how many of each kind."""
    held = {"tracking": len(left(work, device_id, TRACKING)), "tickets": len(left(work, device_id, LICENCE))}
    for block in work.all(_BLOCKS, device_id=device_id):
        _close(work, block, reason)
    work.audit("serials.given_up", str(device_id), reason=reason, **held)
    return held


def sweep(work: UnitOfWork) -> bool:
    """Give up the block that ended longest ago. Answers whether there was one."""
    block = work.first(_ENDED, now=work.now)
    if block is None:
        return False
    _close(work, block, _RAN_OUT[block.kind])
    work.audit("serials.given_up", str(block.id), reason=_RAN_OUT[block.kind])
    return True


def _close(work: UnitOfWork, block: Any, reason: str) -> None:
    work.write(_CLOSE, expect=1, block_id=block.id, at=work.now, reason=reason)
    if block.kind == LICENCE:
        tickets.void_block(work, block.id, reason)
    else:
        work.write(_VOID_TRACKING, block_id=block.id, reason=reason, at=work.now)
