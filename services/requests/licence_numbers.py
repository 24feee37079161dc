"""The register of licence serials: every one drawn is a licence's, reserved for a device, or void with its reason."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from sqlalchemy import text

from chassis.database import Statement
from chassis.uow import UnitOfWork
from rules import numbering
from services.requests.serial_register import Proof, Register

NEVER_USED = "never_used"  # drawn by a step that broke off, or was written under another serial

REGISTER = Register("licence_number", "licence_number_mark", "licence_serial", "licence_id",
                    "(SELECT licence.serial FROM licence WHERE licence.id = n.licence_id)", NEVER_USED)
_CLAIM = Statement(
    text(
        "UPDATE licence_number SET licence_id = :licence_id, reason = NULL, at = :at "
        "WHERE serial = :serial AND licence_id IS NULL"
    )
)

_RELEASED = Statement(
    text("UPDATE licence_number SET reason = :reason, at = :at WHERE serial = :serial AND licence_id IS NULL")
)


def use(work: UnitOfWork, serial: int, licence_id: UUID) -> None:
    """Gather that a licence bears a serial that was drawn for it."""
    REGISTER.use(work, serial, licence_id)


def claim(work: UnitOfWork, serial: int, licence_id: UUID) -> None:
    """Gather that a licence bears a serial that was reserved for a device."""
    work.write(_CLAIM, expect=1, serial=serial, licence_id=licence_id, at=work.now)


def released(work: UnitOfWork, serial: int, device_id: UUID) -> None:
    """Gather that a device handed over the licence of a serial, which waits for the word that it was paid."""
    work.write(_RELEASED, expect=1, serial=serial, reason=f"released by device {device_id}", at=work.now)


def explain(work: UnitOfWork) -> bool:
    """One sweep over what was drawn and not used."""
    return REGISTER.explain(work)


def prove(work: UnitOfWork) -> Proof:
    """Whether every licence serial is accounted for."""
    return REGISTER.prove(work, lambda number: numbering.parse_licence_serial(number).sequence)


def entries(work: UnitOfWork, first: int) -> Iterator[Any]:
    """The register's rows from a serial on."""
    return REGISTER.entries(work, first)
