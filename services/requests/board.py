"""Boards: totals by day, folded from what commits added and read with what still waits, and what lies open now, looked
at by a timer. No reading goes through the cases. What each count means stands in docs/glossary.md."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection, text

from chassis.database import Statement
from chassis.uow import UnitOfWork
from contracts.requests_board import SIDES
from rules.board_periods import DATES, period
from rules.calendar import cairo_date
from rules.refusal import refuse
from services.requests.tables_board import COUNTS, KINDS, SUMS

READ, READ_UNIT = "board.read", "board.read_unit"
EVERYWHERE = "*"  # as a place: the whole node, kept beside the units so that nobody adds hundreds of them up
AT_ONCE = 10_000  # differences in one fold
WEEK, MONTH = 7, 30  # days by which something is late, for its age
PERSONS = 200  # of a unit, most at work first, in one answer

# A difference counts in each place that it belongs to, from each side that the place is looked at from. Persons are
# kept by unit: nobody compares people across a governorate by their counts.
_SEEN_FROM = f"""
    CROSS JOIN LATERAL (VALUES ('{EVERYWHERE}', 0), (unit, 1),
      (CASE WHEN department <> '' THEN unit || '/' || department END, 2)) AS at (place, depth)
    CROSS JOIN LATERAL (VALUES ('all', '', true), ('service', service, true), ('channel', channel, true),
      ('unit', unit, depth = 0), ('department', department, department <> '' AND depth < 2),
      ('person', account, account <> '' AND depth > 0)) AS side (dimension, key, wanted)
    WHERE place IS NOT NULL AND wanted"""
_PIVOT = ", ".join(
    [f"coalesce(sum(count) FILTER (WHERE kind = '{kind}'), 0)::bigint AS {kind}" for kind in KINDS]
    + [f"coalesce(sum(amount) FILTER (WHERE kind IN ({', '.join(repr(one) for one in kinds)})), 0)::bigint AS {name}"
       for name, kinds in SUMS.items()])
_NAMES = ", ".join(COUNTS)


def _spread(source: str) -> str:
    """The rows of `board_day` that differences add up to."""
    return f"SELECT place, dimension, day, key, {_PIVOT} FROM {source} {_SEEN_FROM} GROUP BY 1, 2, 3, 4"  # noqa: S608


_ALONE = Statement(text("SELECT pg_advisory_xact_lock(hashtext('requests.board'))"))
_WAITING = Statement(text("SELECT count(*) FROM (SELECT 1 FROM board_delta LIMIT :most) AS few"))
_FOLD = Statement(
    text(
        "WITH taken AS (DELETE FROM board_delta WHERE id IN "  # noqa: S608
        "(SELECT id FROM board_delta ORDER BY id LIMIT :most) RETURNING *) "
        f"INSERT INTO board_day AS kept (place, dimension, day, key, {_NAMES}) {_spread('taken')} "
        "ON CONFLICT (place, dimension, day, key) DO UPDATE SET "
        + ", ".join(f"{name} = kept.{name} + excluded.{name}" for name in COUNTS)
    )
)
# Both spans in one go; the side of all is told by day, the others in sum.
_TOTALS = (
    "WITH span (now, first, last) AS (VALUES (true, CAST(:since AS date), CAST(:until AS date)), "  # noqa: S608
    "(false, CAST(:before_since AS date), CAST(:before_until AS date))) "
    "SELECT dimension, key, CASE WHEN dimension = 'all' THEN day END AS day, now, "
    + ", ".join(f"sum({name})::bigint AS {name}" for name in COUNTS)
    + f" FROM (SELECT kept.dimension, kept.key, kept.day, now, {_NAMES} "  # noqa: S608
    "FROM span JOIN board_day AS kept ON kept.place = :place "
    "AND kept.dimension = ANY(:sides) AND kept.day BETWEEN first AND last "
    f"UNION ALL SELECT waiting.dimension, waiting.key, waiting.day, now, {_NAMES} "
    f"FROM span JOIN ({_spread('board_delta')}) AS waiting "
    "ON waiting.place = :place AND waiting.dimension = ANY(:sides) AND waiting.day BETWEEN first AND last) AS seen "
    "GROUP BY 1, 2, 3, 4"
)
_READ = Statement(text(_TOTALS))

_LOOKED = Statement(text("SELECT nullif(at, '-infinity') AS at FROM board_looked"))
# Through what is open, by its own indexes; what has ended costs nothing, however much it is. Rows that say the same
# stay untouched.
_LOOK_AT_DESKS = Statement(
    text(
        "WITH found AS (SELECT unit, department, coalesce(held_by, '') AS account, count(*) AS open, "
        "count(*) FILTER (WHERE due_on < CAST(:today AS date)) AS late, "
        "count(*) FILTER (WHERE due_on < CAST(:today AS date) - CAST(:week AS integer)) AS late_week, "
        "count(*) FILTER (WHERE due_on < CAST(:today AS date) - CAST(:month AS integer)) AS late_month, "
        "min(due_on) FILTER (WHERE due_on < CAST(:today AS date)) AS oldest "
        "FROM task WHERE status IN ('open', 'held') GROUP BY 1, 2, 3), "
        "gone AS (DELETE FROM board_desk AS kept WHERE NOT EXISTS (SELECT 1 FROM found WHERE found.unit = kept.unit "
        "AND found.department = kept.department AND found.account = kept.account)) "
        "INSERT INTO board_desk AS kept (unit, department, account, open, late, late_week, late_month, oldest) "
        "SELECT * FROM found ON CONFLICT (unit, department, account) DO UPDATE SET open = excluded.open, "
        "late = excluded.late, late_week = excluded.late_week, late_month = excluded.late_month, "
        "oldest = excluded.oldest WHERE (kept.open, kept.late, kept.late_week, kept.late_month, kept.oldest) "
        "IS DISTINCT FROM (excluded.open, excluded.late, excluded.late_week, excluded.late_month, excluded.oldest)"
    )
)
_LOOK_AT_REQUESTS = Statement(
    text(
        "WITH found AS (SELECT unit, service_code AS service, channel, count(*) AS open, "
        "count(*) FILTER (WHERE state_kind IN ('applicant', 'payment')) AS waiting, "
        "count(*) FILTER (WHERE due_on < CAST(:today AS date)) AS late, "
        "min(due_on) FILTER (WHERE due_on < CAST(:today AS date)) AS oldest "
        "FROM request WHERE outcome IS NULL GROUP BY 1, 2, 3), "
        "gone AS (DELETE FROM board_open AS kept WHERE NOT EXISTS (SELECT 1 FROM found WHERE found.unit = kept.unit "
        "AND found.service = kept.service AND found.channel = kept.channel)) "
        "INSERT INTO board_open AS kept (unit, service, channel, open, waiting, late, oldest) "
        "SELECT * FROM found ON CONFLICT (unit, service, channel) DO UPDATE SET open = excluded.open, "
        "waiting = excluded.waiting, late = excluded.late, oldest = excluded.oldest "
        "WHERE (kept.open, kept.waiting, kept.late, kept.oldest) "
        "IS DISTINCT FROM (excluded.open, excluded.waiting, excluded.late, excluded.oldest)"
    )
)
_LOOKED_AT = Statement(text("UPDATE board_looked SET at = :at"))

_DESKS = (
    "sum(open)::int AS open, sum(late)::int AS late, sum(late_week)::int AS late_week, "
    "sum(late_month)::int AS late_month, min(oldest) AS oldest FROM board_desk"
)
_DESKS_EVERYWHERE = Statement(text(f"SELECT unit, department, NULL AS account, {_DESKS} GROUP BY 1, 2"))
_DESKS_OF_UNIT = Statement(
    text(
        f"SELECT unit, department, account, {_DESKS} WHERE unit = :unit "
        "AND (CAST(:department AS text) IS NULL OR department = CAST(:department AS text)) GROUP BY 1, 2, 3"
    )
)
_OPEN = Statement(
    text(
        "SELECT unit, service, channel, open, waiting, late, oldest FROM board_open "
        "WHERE CAST(:unit AS text) IS NULL OR unit = CAST(:unit AS text)"
    )
)


def fold(work: UnitOfWork) -> bool:
    """One sweep: take what waits into the totals. True when there is more."""
    waiting = int(work.scalar(_WAITING, most=AT_ONCE + 1))
    if not waiting:
        return False
    work.write(_ALONE)
    work.write(_FOLD, most=AT_ONCE)
    return waiting > AT_ONCE


def look(work: UnitOfWork) -> None:
    """See anew what lies open at the desks, and with whom."""
    today = cairo_date(work.now)
    work.write(_LOOK_AT_DESKS, today=today, week=WEEK, month=MONTH)
    work.write(_LOOK_AT_REQUESTS, today=today)
    work.write(_LOOKED_AT, at=work.now)


def show(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """What happened in a period and in the one before it, from every side of one place. Refuses forbidden,
    department_needs_unit, period_reversed, period_too_long, period_too_early."""
    unit, department = _place(work, body["unit"], body["department"])
    now = period(DATES, body["since"], body["until"])
    if body["before_since"] is None or body["before_until"] is None:
        earlier = period(DATES, now.since - timedelta(days=now.days), now.since - timedelta(days=1))
    else:
        earlier = period(DATES, body["before_since"], body["before_until"])
    place = EVERYWHERE if unit is None else unit if department is None else f"{unit}/{department}"
    rows = work.all(_READ, place=place, sides=["all", *SIDES], since=now.since, until=now.until,
                    before_since=earlier.since, before_until=earlier.until)
    days, sides = dict[date, dict[str, int]](), {side: dict[str, dict[str, Any]]() for side in SIDES}
    total, before_total = _nothing(), _nothing()
    for row in rows:
        counted = {name: int(getattr(row, name)) for name in COUNTS}
        if row.dimension == "all":
            into = total if row.now else before_total
            for name, value in counted.items():
                into[name] += value
            if row.now:
                days[row.day] = counted
        elif row.key:
            known = sides[row.dimension].setdefault(row.key, {"key": row.key, "now": _nothing(), "before": _nothing()})
            known["now" if row.now else "before"] = counted
    return {
        "since": now.since.isoformat(),
        "until": now.until.isoformat(),
        "before": {"since": earlier.since.isoformat(), "until": earlier.until.isoformat()},
        "unit": unit,
        "department": department,
        "as_of": work.now.isoformat(),
        "total": total,
        "before_total": before_total,
        "days": [{"day": day.isoformat(), **days[day]} for day in sorted(days)],
        "sides": {side: _ordered(found)[:PERSONS] if side == "person" else _ordered(found)
                  for side, found in sides.items()},
    }


def lies_open(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """What lies open now and how much of it is late. Refuses forbidden, department_needs_unit."""
    unit, department = _place(work, body["unit"], body["department"])
    looked = work.scalar(_LOOKED)
    desks = work.all(_DESKS_EVERYWHERE) if unit is None else work.all(_DESKS_OF_UNIT, unit=unit, department=department)
    listed = [{"unit": row.unit, "department": row.department, "account": row.account or None, "open": row.open,
               "late": row.late, "late_week": row.late_week, "late_month": row.late_month, "oldest": _iso(row.oldest)}
              for row in desks]
    return {
        "unit": unit,
        "department": department,
        "as_of": looked.isoformat() if looked else None,
        "desks": sorted(listed, key=lambda one: (-one["late"], -one["open"], one["unit"], one["department"],
                                                 one["account"] or "")),
        "requests": None if department else _requests(work.all(_OPEN, unit=unit)),
    }


def _requests(rows: list[Any]) -> dict[str, Any]:
    found: dict[str, dict[str, dict[str, Any]]] = {"units": {}, "services": {}, "channels": {}, "total": {}}
    for row in rows:
        for side, key in (("units", row.unit), ("services", row.service), ("channels", row.channel), ("total", "")):
            into = found[side].setdefault(key, {"key": key, "open": 0, "waiting": 0, "late": 0, "oldest": None})
            for name in ("open", "waiting", "late"):
                into[name] += getattr(row, name)
            told = [day for day in (into["oldest"], _iso(row.oldest)) if day is not None]
            into["oldest"] = min(told, default=None)
    total = found.pop("total").get("", {"open": 0, "waiting": 0, "late": 0, "oldest": None})
    total.pop("key", None)
    lists = {side: sorted(keys.values(), key=lambda one: (-one["late"], -one["open"], one["key"]))
             for side, keys in found.items()}
    return {**lists, "total": total}


def _place(work: UnitOfWork, unit: str | None, department: str | None) -> tuple[str | None, str | None]:
    """The unit and department that the actor may and wants to see. Who has a unit is bound to it; who may not read a
    whole unit is bound to a department of one."""
    actor = work.actor
    if not actor.permits(READ_UNIT):
        if actor.unit is None or actor.department is None or department not in (None, actor.department):
            work.deny(READ_UNIT, department or "")
            raise refuse("forbidden")
        department = actor.department
    if unit is not None:
        work.require(READ, unit=unit)
    unit = actor.unit or unit
    if department is not None and unit is None:
        raise refuse("department_needs_unit", "department")
    return unit, department


def _nothing() -> dict[str, int]:
    return dict.fromkeys(COUNTS, 0)


def _ordered(found: Mapping[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """The busiest first; by key where they are alike."""
    def weight(one: dict[str, Any]) -> int:
        return sum(one["now"][name] for name in KINDS)

    return sorted(found.values(), key=lambda one: (-weight(one), one["key"]))


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def question() -> str:
    """The SQL of a board, for who wants to see its plan."""
    return _TOTALS


_CHECKED = ", ".join(f"sum({name}) AS {name}" for name in COUNTS)
_CHECK = text(
    f"SELECT place, dimension, day, key, {_CHECKED} FROM ("  # noqa: S608
    f"{_spread('board_fact')} "
    f"UNION ALL SELECT place, dimension, day, key, {', '.join(f'-{name}' for name in COUNTS)} FROM board_day "
    f"UNION ALL SELECT place, dimension, day, key, {', '.join(f'-{name}' for name in COUNTS)} "
    f"FROM ({_spread('board_delta')}) AS waiting) AS both_ways GROUP BY 1, 2, 3, 4 "
    f"HAVING {' OR '.join(f'sum({name}) <> 0' for name in COUNTS)} ORDER BY day, place, dimension, key")


def check(connection: Connection) -> list[str]:
    """Where the totals are not what the cases themselves say (the view `board_fact`). Goes through all cases, for an
    auditor and not for a page."""
    wrong = []
    for row in connection.execute(_CHECK).mappings():
        missing = ", ".join(f"{name} {-int(row[name]):+d}" for name in COUNTS if row[name])
        wrong.append(f"{row['day']} {row['place']} {row['dimension']} {row['key']}: {missing} beside the cases")
    return wrong
