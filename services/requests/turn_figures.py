"""What turns tell of crowding: waiting and service at the windows of a unit by day, and how many visits a request
takes. Computed from the turns themselves; a unit has some hundreds a day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sqlalchemy import text

from chassis.database import Statement
from chassis.uow import UnitOfWork
from contracts.requests_turns import FIGURE_DAYS
from rules.refusal import refuse

_SPREAD = (
    "count({0}) AS {0}_count, floor(avg({0}) + 0.5)::int AS {0}_mean, "
    "percentile_disc(0.5) WITHIN GROUP (ORDER BY {0}) AS {0}_median, "
    "percentile_disc(0.9) WITHIN GROUP (ORDER BY {0}) AS {0}_p90"
)
_QUEUES = Statement(
    text(
        "SELECT unit, day, queue, count(*) AS taken, "  # noqa: S608
        "count(*) FILTER (WHERE state IN ('ended', 'moved')) AS served, "
        "count(*) FILTER (WHERE state = 'missed') AS missed, count(*) FILTER (WHERE state = 'left') AS left_over, "
        f"{_SPREAD.format('waiting_seconds')}, {_SPREAD.format('service_seconds')} "
        "FROM turn WHERE (CAST(:unit AS text) IS NULL OR unit = :unit) AND day >= :since AND day <= :until "
        "GROUP BY unit, day, queue ORDER BY unit, day, queue"
    )
)
# The latest visit of each request that somebody came about in these days.
_VISITS = Statement(
    text(
        "WITH came AS (SELECT unit, request_id, max(visit) AS visit FROM turn_request "
        "WHERE (CAST(:unit AS text) IS NULL OR unit = :unit) AND day >= :since AND day <= :until "
        "GROUP BY unit, request_id) SELECT unit, least(visit, 4) AS visit, count(*) AS requests, sum(visit) AS visits "
        "FROM came GROUP BY unit, least(visit, 4) ORDER BY 1, 2"
    )
)


def figures(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """The figures of a stretch of days, both ends among them. Refuses turn_figures_range, forbidden for another
    unit."""
    since, until = body["since"], body["until"]
    if not timedelta(0) <= until - since < timedelta(days=FIGURE_DAYS):
        raise refuse("turn_figures_range", "until", days=FIGURE_DAYS)
    if body["unit"] is not None:
        work.require("queue.read", body["unit"])
    asked = {"unit": work.actor.unit or body["unit"], "since": since, "until": until}
    units: dict[str, dict[str, Any]] = {}
    for row in work.all(_VISITS, **asked):
        told = units.setdefault(row.unit, {"unit": row.unit, "requests": 0, "visits": 0, "by_visit": {}})
        told["requests"] += row.requests
        told["visits"] += int(row.visits)
        told["by_visit"][str(row.visit)] = row.requests
    return {
        "queues": [
            {"unit": row.unit, "day": row.day.isoformat(), "queue": row.queue, "taken": row.taken,
             "served": row.served, "missed": row.missed, "left": row.left_over,
             "waiting": _spread(row, "waiting_seconds"), "service": _spread(row, "service_seconds")}
            for row in work.all(_QUEUES, **asked)
        ],
        "visits": [{**told, "mean": _mean(told["visits"], told["requests"])} for told in units.values()],
    }  # fmt: skip


def _spread(row: Any, name: str) -> dict[str, int | None]:
    return {part: getattr(row, f"{name}_{part}") for part in ("count", "mean", "median", "p90")}


def _mean(visits: int, requests: int) -> float:
    return float((Decimal(visits) / requests).quantize(Decimal("0.01"), ROUND_HALF_UP))
