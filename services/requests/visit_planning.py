"""What a centre needs to plan a visit: its tablets, and how full the day of each is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import text

from chassis.database import Statement
from chassis.uow import UnitOfWork
from rules import devices as rule
from services.requests import visits

_TABLETS = Statement(
    text(
        "SELECT device.id, label, state, valid_until, coalesce(planned, 0) AS planned FROM device "
        "LEFT JOIN visit_day ON visit_day.device_id = device.id AND visit_day.day = :day "
        "WHERE unit = :unit AND kind = :kind AND state = :certified ORDER BY label, device.id LIMIT 200"
    )
)


def tablets(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """The tablets of the actor's unit that may act now, with how many visits each has on a day and how many it is
    given a day."""
    rows = work.all(_TABLETS, unit=work.actor.unit, day=body["day"], kind=rule.TABLET, certified=rule.CERTIFIED)
    return {"day": body["day"].isoformat(), "capacity": visits.capacity(work.settings), "tablets": [
        {"device_id": str(row.id), "label": row.label, "planned": row.planned} for row in rows
        if rule.standing(row.state, row.valid_until, work.now) == rule.CERTIFIED]}
