"""Callbacks that nobody signed: each is refused; those of one minute, source and rail are one row of the audit.

A stranger may send them without end, and the audit is kept for years: so they are counted in a table of their own, and
a timer turns each minute that is over into its row. A genuine callback is met by none of this, wherever it comes from.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import bindparam, delete, select
from sqlalchemy.dialects.postgresql import insert

from chassis.database import Statement
from chassis.uow import UnitOfWork
from services.payments import tables

AT_ONCE = 500
MINUTE = timedelta(minutes=1)
_FIELD = "payments.forged.source"

_table = tables.forged_callback
_COUNT = Statement(insert(_table).values(
    rail=bindparam("rail"), source=bindparam("source"), minute=bindparam("minute"), count=1
).on_conflict_do_update(index_elements=["minute", "rail", "source"], set_={"count": _table.c.count + 1}))
_OVER = Statement(select(_table).where(_table.c.minute <= bindparam("before"))
                  .order_by(_table.c.minute, _table.c.rail, _table.c.source).limit(AT_ONCE))
# With the count that was told: one that was counted meanwhile is told with the next sweep.
_TOLD = Statement(delete(_table).where(
    _table.c.minute == bindparam("wanted_minute"), _table.c.rail == bindparam("wanted_rail"),
    _table.c.source == bindparam("wanted_source"), _table.c.count == bindparam("told")))


def count(work: UnitOfWork, rail: str, address: str) -> None:
    """Count one at once, although the work is refused. The address is kept as a keyed hash."""
    work.aside(_COUNT, rail=rail, source=work.privacy.lookup(address, _FIELD).hex()[:16],
               minute=work.now.replace(second=0, microsecond=0))


def tell(work: UnitOfWork) -> bool:
    """Write each minute that is over into the audit: rail, source, count. True when there may be more."""
    over = work.all(_OVER, before=work.now - MINUTE)
    for row in over:
        work.audit("denied", f"forged:{row.rail}", permission="bill.callback", source=row.source, count=row.count,
                   minute=row.minute.isoformat())
        work.write(_TOLD, expect=1, wanted_minute=row.minute, wanted_rail=row.rail, wanted_source=row.source,
                   told=row.count)
    return len(over) == AT_ONCE
