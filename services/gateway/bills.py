"""An index of bills, fed by payments' events: which bill has this number, which bills belong to this request. What a
bill says is always asked of payments; the index only finds it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import insert

from chassis.database import Statement
from contracts.events import Event
from services.gateway.tables import bill

_values = {column.name: bindparam(column.name, type_=column.type) for column in bill.columns}
_insert = insert(bill).values(_values)
_TAKE = Statement(
    _insert.on_conflict_do_update(
        index_elements=["id"],
        set_={"state": _insert.excluded.state, "total": _insert.excluded.total, "sequence": _insert.excluded.sequence},
        where=bill.c.sequence < _insert.excluded.sequence,
    )
)
_BY_NUMBER = Statement(select(bill).where(bill.c.number == bindparam("wanted")))
_BY_TRACKING = Statement(select(bill).where(bill.c.tracking_number == bindparam("wanted")).order_by(bill.c.id.desc()))


def take(work: Any, event: Event) -> None:
    """Keep the newest state of a bill; an older event changes nothing."""
    data = event.data
    work.write(
        _TAKE,
        id=UUID(str(data["bill_id"])),
        number=data["bill_number"],
        tracking_number=data["tracking_number"],
        request_id=UUID(str(data["request_id"])),
        unit=data["unit"],
        state=data["state"],
        total=data["total"],
        sequence=event.sequence,
    )


def find(work: Any, number: str) -> list[Any]:
    """Bills by their own number or by their request's tracking number, newest first."""
    wanted = number.strip().upper()
    return list(work.all(_BY_NUMBER, wanted=wanted)) or list(work.all(_BY_TRACKING, wanted=wanted))
