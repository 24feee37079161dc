# ruff: noqa: S608  (statements are put together from constants of this module)
"""What every governorate collected and gave back, by unit, service and Cairo day, as its bills say: to the piastre what
the nodes count. Changes are rows that are folded into the totals later; a total is both together."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import text

from chassis.database import Statement
from chassis.uow import UnitOfWork

_FOLD = Statement(
    text(
        "WITH gone AS (DELETE FROM national_money_delta WHERE id IN (SELECT id FROM national_money_delta "
        "ORDER BY id LIMIT 20000) RETURNING *), sums AS (SELECT governorate, unit, service_code, day, "
        "sum(collected) AS collected, sum(refunded) AS refunded, sum(bills) AS bills FROM gone "
        "GROUP BY governorate, unit, service_code, day) "
        "INSERT INTO national_money AS kept (governorate, unit, service_code, day, collected, refunded, bills) "
        "SELECT * FROM sums ON CONFLICT (governorate, unit, service_code, day) DO UPDATE SET "
        "collected = kept.collected + excluded.collected, refunded = kept.refunded + excluded.refunded, "
        "bills = kept.bills + excluded.bills"
    )
)
_WAITING = Statement(text("SELECT EXISTS (SELECT 1 FROM national_money_delta)"))
_ROWS = "SELECT governorate, unit, service_code, day, collected, refunded, bills FROM"
_BOTH = f"({_ROWS} national_money UNION ALL {_ROWS} national_money_delta) AS one"
_BY = {"governorate": "governorate", "unit": "unit", "service": "service_code", "day": "day::text"}
_TOTALS = {
    by: Statement(
        text(
            f"SELECT {column} AS key, sum(collected)::bigint AS collected, "
            f"sum(refunded)::bigint AS refunded, sum(bills)::bigint AS bills FROM {_BOTH} "
            "WHERE day BETWEEN :since AND :until "
            "AND (CAST(:governorate AS text) IS NULL OR governorate = :governorate) GROUP BY 1 ORDER BY 1"
        )
    )
    for by, column in _BY.items()
}


def fold(work: UnitOfWork) -> bool:
    """Fold what is waiting into the totals. Answers whether there was anything."""
    if not work.scalar(_WAITING):
        return False
    work.write(_FOLD)
    return True


def totals(work: UnitOfWork, by: str, since: date, until: date, governorate: str | None = None) -> dict[str, Any]:
    """{since, until, by, governorate, currency, rows: [{key, collected, refunded, bills}], collected, refunded}: of
    bills paid, and of money given back, on these days; piastres. `by` is governorate, unit, service or day."""
    rows = [{"key": row.key, "collected": row.collected, "refunded": row.refunded, "bills": row.bills}
            for row in work.all(_TOTALS[by], since=since, until=until, governorate=governorate)]  # fmt: skip
    return {
        "since": since.isoformat(), "until": until.isoformat(), "by": by, "governorate": governorate,
        "currency": "EGP", "rows": rows, "collected": sum(row["collected"] for row in rows),
        "refunded": sum(row["refunded"] for row in rows),
    }  # fmt: skip


BY = tuple(_BY)
