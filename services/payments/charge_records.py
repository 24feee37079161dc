"""Charges at the centre's rails as they stand in the database, and the one way in which a charge changes: by the
version that was seen."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select, text, update

from chassis.database import Statement
from chassis.uow import UnitOfWork
from services.payments import tables_centre


@dataclass(frozen=True, slots=True)
class Charge:
    """One wish of a node and how it stands at the rail. Amounts in piastres; `paid_amount` is all that came. `version`
    counts what was told of it."""

    id: UUID
    version: int
    node: str
    bill_id: UUID
    bill_number: str
    service_code: str
    rail: str
    merchant_reference: str
    state: str
    amount: int
    shares: list[dict[str, Any]]
    expires_at: datetime | None
    wished_at: datetime
    taken_at: datetime
    attempts: int
    next_at: datetime | None
    reference: str | None = None
    pay_url: str | None = None
    paid_amount: int | None = None
    paid_at: datetime | None = None
    error: str | None = None


_t = tables_centre.charge
_CHANGES = ("state", "attempts", "next_at", "reference", "pay_url", "paid_amount", "paid_at", "error")
_COLUMNS = [_t.c[field.name] for field in fields(Charge)]
_ONE = Statement(select(*_COLUMNS).where(_t.c.id == bindparam("wanted")))
_BY_OURS = Statement(select(*_COLUMNS).where(_t.c.rail == bindparam("wanted_rail"),
                                             _t.c.merchant_reference == bindparam("wanted")))
_BY_THEIRS = Statement(select(*_COLUMNS).where(_t.c.rail == bindparam("wanted_rail"),
                                               _t.c.reference == bindparam("wanted")))
_INSERT = Statement.insert(_t)
_UPDATE = Statement(update(_t).where(_t.c.id == bindparam("which"), _t.c.version == bindparam("seen")).values(
    version=bindparam("seen") + 1, **{name: bindparam(name, type_=_t.c[name].type) for name in _CHANGES}))
# What changes without news for the node: when to try or ask next.
_PUT_OFF = Statement(text("UPDATE charge SET attempts = :attempts, next_at = :next_at, error = :error "
                          "WHERE id = :which AND version = :seen"))


def known(work: UnitOfWork, charge_id: UUID) -> Charge | None:
    row = work.first(_ONE, wanted=charge_id)
    return None if row is None else Charge(**row._asdict())


def one(work: UnitOfWork, charge_id: UUID) -> Charge:
    return Charge(**work.one(_ONE, wanted=charge_id)._asdict())


def meant(work: UnitOfWork, rail: str, wanted: str, *, theirs: bool) -> Charge | None:
    """The charge under a reference at a rail: ours, or the rail's own."""
    row = work.first(_BY_THEIRS if theirs else _BY_OURS, wanted_rail=rail, wanted=wanted)
    return None if row is None else Charge(**row._asdict())


def add(work: UnitOfWork, new: Charge) -> None:
    work.write(_INSERT, **asdict(new))


def change(work: UnitOfWork, old: Charge, **changes: Any) -> Charge:
    new = replace(old, version=old.version + 1, **changes)
    work.write(_UPDATE, expect=1, which=old.id, seen=old.version, **{name: getattr(new, name) for name in _CHANGES})
    return new


def put_off(work: UnitOfWork, seen: Charge, next_at: datetime | None, error: str | None) -> None:
    """Try or ask again later, unless something was heard meanwhile. It is no news, so the version stays."""
    work.write(_PUT_OFF, which=seen.id, seen=seen.version, attempts=seen.attempts + 1, next_at=next_at, error=error)
