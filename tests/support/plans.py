"""What a piece of work asks of the database, and how PostgreSQL would answer it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chassis.database import Database, Statement


def asked(database: Database, run: Callable[[], Any]) -> list[tuple[Statement, dict[str, Any]]]:
    """The statements that a piece of work reads with, with their values."""
    found: list[tuple[Statement, dict[str, Any]]] = []
    read = database.read

    def noting(statement: Statement, params: Any) -> list[Any]:
        found.append((statement, dict(params)))
        return read(statement, params)

    database.read = noting  # type: ignore[method-assign]
    try:
        run()
    finally:
        database.read = read  # type: ignore[method-assign]
    return found


def plan(database: Database, statement: Statement, params: dict[str, Any], mode: str, explain: str = "EXPLAIN") -> str:
    """How PostgreSQL answers it: `mode` is its plan_cache_mode, for the values at hand or for any."""
    form = statement.form()
    connection = database.session()
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"SET plan_cache_mode = {mode}")
            cursor.execute(form.preparation)
            cursor.execute(f"{explain} {form.call}", statement.bind(params))
            return "\n".join(row[0] for row in cursor.fetchall())
    finally:
        connection.close()
