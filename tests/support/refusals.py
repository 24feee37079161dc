"""What every refusal of a running node must be: a clear problem in both languages that names the field, after which
nothing has changed."""

from __future__ import annotations

from typing import Any

import requests

from tests.support.node import Node

# Tables that a refusal, or time, may change: audit, since an attempt leaves its trace; the register of numbers, where
# the gap of a refused application is explained; what the machinery and the timers keep for themselves, the totals
# that are folded from the books among them.
MAY_CHANGE = {"audit", "audit_seal", "number_register", "number_mark", "attendance", "event_cursor", "alembic_version",
              "silence_clock", "due_sweep", "heard", "inbox", "inbox_stream", "organisation_stamp", "definition",
              "organisation", "licence_number_mark", "retention_run", "ledger_delta", "collection_delta", "day_balance",
              "balance", "collected", "message_delta", "message_day", "message_part", "receipt", "address_day",
              "board_delta", "board_day", "board_desk", "board_open", "board_looked"}
# An event gets its place in the log after the commit that wrote it. Messages of before go out meanwhile: that none is
# added is looked at, and not how far they are.
_ROWS = {"event_log": "(SELECT event_id, body FROM event_log WHERE type <> 'notifications.message.changed.v1')",
         "message": "(SELECT id, request_id, cause, template FROM message)"}
LOOKED_AT = ("requests", "payments", "notifications")


def state(node: Node) -> dict[tuple[str, str], tuple[int, str]]:
    """A digest of all rows of all tables that a refusal may not change."""
    found: dict[tuple[str, str], tuple[int, str]] = {}
    for service in LOOKED_AT:
        names = [row.tablename for row in node.sql(
            service, "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename")]
        digest = "md5(coalesce(string_agg(r::text, ';' ORDER BY r::text), ''))"
        rows = node.sql(service, " UNION ALL ".join(
            f"SELECT '{name}' AS name, count(*) AS n, {digest} AS d FROM {_ROWS.get(name, name)} r"
            for name in names if name not in MAY_CHANGE))
        found |= {(service, row.name): (row.n, row.d) for row in rows}
    return found


def problem(response: requests.Response, status: int, code: str, field: str | None = None) -> dict[str, Any]:
    """The problem that was answered, held against what it must be."""
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"].startswith("application/problem+json")
    body: dict[str, Any] = response.json()
    found = [(error["code"], error["field"]) for error in body["errors"]]
    assert code in [one for one, _ in found], found
    if field is not None:
        assert (code, field) in found
    for error in body["errors"]:
        assert error["ar"] and error["en"] and error["ar"] != error["en"]
        assert "{" not in error["ar"] + error["en"], error
        assert any("\u0600" <= letter <= "\u06ff" for letter in error["ar"]), error
    return body
