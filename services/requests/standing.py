"""How many requests lie open under each version of a service: what a change of the guide leaves as it is."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from chassis.database import Statement
from chassis.uow import UnitOfWork

READ = "proposal.read"

_OPEN = Statement(
    text(
        "SELECT service_version AS version, count(*) AS open FROM request WHERE outcome IS NULL "
        "AND service_code = :code GROUP BY service_version ORDER BY service_version DESC"
    )
)


def open_of_service(work: UnitOfWork, code: str) -> dict[str, Any]:
    """Open requests of a service by version, newest version first; none where there are none. Counted anew each time
    over what is open, for the quiet screens of the guide's editors."""
    return {"code": code, "open": [{"version": row.version, "count": row.open} for row in work.all(_OPEN, code=code)]}
