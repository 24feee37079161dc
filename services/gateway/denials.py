"""Who was turned away at the door: of one minute, one caller and one route, one row of the audit with its count.

Whoever is turned away may try again without end, and the audit is kept for years: so refusals are counted in a table
of their own, and a timer turns each minute that is over into its rows. A caller is the account or the key; of somebody
who is nobody's the keyed hash of the address, which no address can be read from.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import bindparam, delete, select
from sqlalchemy.dialects.postgresql import insert

from chassis.database import Statement
from services.gateway.tables_access import denial

AT_ONCE = 500
MINUTE = timedelta(minutes=1)
_FIELD = "gateway.denial.address"
_KEYS = ("minute", "who", "route", "permission", "unit", "code")

_COUNT = Statement(
    insert(denial)
    .values(**{name: bindparam(name) for name in _KEYS}, count=1)
    .on_conflict_do_update(index_elements=list(_KEYS), set_={"count": denial.c.count + 1})
)
_OVER = Statement(
    select(denial).where(denial.c.minute <= bindparam("before"))
    .order_by(denial.c.minute, denial.c.who, denial.c.route).limit(AT_ONCE)
)  # fmt: skip
# With the count that was told: one that was counted meanwhile is told with the next sweep.
_TOLD = Statement(delete(denial).where(
    *(denial.c[name] == bindparam(f"wanted_{name}") for name in _KEYS), denial.c.count == bindparam("told")
))  # fmt: skip


def count(work: Any, code: str, route: str, permission: str, *, address: str) -> None:
    """Count one refusal of the acting caller, at once."""
    actor = work.actor
    known = actor.kind in ("staff", "citizen", "partner")
    who = actor.id if known else "address:" + work.privacy.lookup(address, _FIELD).hex()[:16]
    work.aside(_COUNT, minute=work.now.replace(second=0, microsecond=0), who=who, route=route[:200],
               permission=permission[:200], unit=actor.unit or "", code=code)  # fmt: skip


def tell(work: Any) -> bool:
    """Write each minute that is over into the audit. True when there may be more."""
    over = work.all(_OVER, before=work.now - MINUTE)
    for row in over:
        work.audit("denied", row.route, permission=row.permission, who=row.who, unit=row.unit or None, code=row.code,
                   count=row.count, minute=row.minute.isoformat())  # fmt: skip
        work.write(_TOLD, expect=1, told=row.count, **{f"wanted_{name}": getattr(row, name) for name in _KEYS})
    return len(over) == AT_ONCE
