"""Periods told to the treasury: prepared by one person, closed by another, frozen from then on.

Counted from the totals by day, not from the books' entries; before anything is closed both must say the same.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection, bindparam, select, text

from chassis.config import Settings
from chassis.database import Statement
from chassis.errors import ConfigurationError
from chassis.ids import uuid7
from chassis.uow import UnitOfWork
from contracts import payments_reconciliation as language
from rules import treasury as rules
from rules.calendar import cairo_date, opens
from rules.ledger import REVENUE
from rules.refusal import refuse
from rules.treasury import Export, Key, Moved, Row
from services.payments import tables_reconciliation as tables
from services.payments.reconciliation import scope

EXPORT, CLOSE, READ = "treasury.export", "treasury.close", "reconciliation.read"
_FIRST = date(1970, 1, 1)

_period = tables.treasury_period.c
_ALL = Statement(select(tables.treasury_period).order_by(_period.number.desc()).limit(500))
_LAST = Statement(select(tables.treasury_period).order_by(_period.number.desc()).limit(2))
_ONE = Statement(select(tables.treasury_period).where(_period.id == bindparam("wanted")))
_ROWS = Statement(text("SELECT kind, unit, account, collected, returned FROM treasury_row WHERE period_id = :period "
                       "AND edition = :edition"))
_TOLD = Statement(text("""
    SELECT r.unit, r.account, sum(r.collected)::bigint AS collected, sum(r.returned)::bigint AS returned
    FROM treasury_row AS r JOIN treasury_period AS p ON p.id = r.period_id
    WHERE p.state = 'closed' AND r.edition = p.version - 1 GROUP BY r.unit, r.account"""))
_MOVED = Statement(text(f"""
    SELECT unit, account, sum(credit)::bigint AS collected, sum(debit)::bigint AS returned FROM (
      SELECT unit, account, credit, debit FROM day_balance
      WHERE account >= '{REVENUE}:' AND account < '{REVENUE};' AND day BETWEEN :since AND :until
      UNION ALL
      SELECT unit, account, greatest(-amount, 0), greatest(amount, 0) FROM ledger_delta
      WHERE account LIKE '{REVENUE}:%' AND day BETWEEN :since AND :until) AS seen
    GROUP BY unit, account"""))  # noqa: S608
_ADD = Statement.insert(tables.treasury_period)
_ADD_ROW = Statement.insert(tables.treasury_row)
_AGAIN = Statement(text("""
    UPDATE treasury_period SET version = :seen + 1, until = :until, total = :total, prepared_by = :by, prepared_at = :at
    WHERE id = :which AND version = :seen AND state = 'prepared'"""))
_CLOSE = Statement(text("""
    UPDATE treasury_period SET version = :seen + 1, state = 'closed', closed_by = :by, closed_at = :at,
      csv_digest = :csv_digest, xml_digest = :xml_digest, key_id = :key_id, signature = :signature
    WHERE id = :which AND version = :seen AND state = 'prepared'"""))


def prepare(work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
    """Count a period from the day after the last closed one. Preparing again counts anew, by whoever does it. Refuses
    unit_bound, treasury_since_required, treasury_since_fixed, treasury_days_running."""
    scope.whole_node(work, EXPORT)
    latest = work.all(_LAST)
    standing = latest[0] if latest and latest[0].state == "prepared" else None
    closed = [row for row in latest if row.state == "closed"]
    since = closed[0].until + timedelta(days=1) if closed else standing.since if standing else body["since"]
    if since is None:
        raise refuse("treasury_since_required", "since")
    if body["since"] not in (None, since):
        raise refuse("treasury_since_fixed", "since", day=since.isoformat())
    if body["until"] >= cairo_date(work.now) or body["until"] < since:
        raise refuse("treasury_days_running" if body["until"] >= cairo_date(work.now) else "period_reversed", "until")
    made = _count(work, since, body["until"])
    total = sum(row.moved.net for row in made)
    version = standing.version + 1 if standing else 1
    said: dict[str, Any] = {
        "id": standing.id if standing else uuid7(), "version": version, "since": since, "until": body["until"],
        "number": standing.number if standing else (closed[0].number if closed else 0) + 1, "state": "prepared",
        "total": total, "prepared_by": work.actor.id, "prepared_at": work.now,
        **dict.fromkeys(("closed_by", "closed_at", "csv_digest", "xml_digest", "key_id", "signature"))}
    if standing:
        work.write(_AGAIN, expect=1, which=standing.id, seen=standing.version, until=body["until"], total=total,
                   by=work.actor.id, at=work.now)
    else:
        work.write(_ADD, **said)
    work.write_many(_ADD_ROW, [
        {"period_id": said["id"], "edition": version, "kind": row.kind, "unit": row.unit, "account": row.account,
         "collected": row.moved.collected, "returned": row.moved.returned} for row in made])
    export = Export(work.settings.node, said["number"], since, body["until"], made)
    work.audit("treasury.prepared", str(said["id"]), number=said["number"], total=total)
    return _shown(said, export)


def close(work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
    """Another person closes what was prepared, exactly as it was looked at (`digest` of the XML file); it is signed and
    never changes again. Refuses unit_bound, treasury_unknown, treasury_closed, four_eyes, treasury_file_differs,
    treasury_moved, treasury_unbalanced."""
    scope.whole_node(work, CLOSE)
    at = _one(work, body["period_id"])
    if at.state == "closed":
        raise refuse("treasury_closed", "period_id")
    if at.prepared_by == work.actor.id:
        work.deny(CLOSE, str(at.id))
        raise refuse("four_eyes")
    export = _export(work, at)
    csv_digest, xml_digest = (rules.digest(made) for made in (rules.csv_file(export), rules.xml_file(export)))
    if xml_digest.hex() != body["digest"]:
        raise refuse("treasury_file_differs", "digest")
    if _count(work, at.since, at.until) != export.rows:
        raise refuse("treasury_moved", "period_id")
    if not _balanced(work, at.until, export.total):
        raise refuse("treasury_unbalanced", "period_id")
    key_id, key = signing_key(work.settings)
    signature = base64.b64encode(key.sign(rules.signed_text(export, csv_digest, xml_digest))).decode()
    sealed = {"csv_digest": csv_digest, "xml_digest": xml_digest, "key_id": key_id, "signature": signature}
    work.write(_CLOSE, expect=1, which=at.id, seen=at.version, by=work.actor.id, at=work.now, **sealed)
    work.audit("treasury.closed", str(at.id), number=at.number, total=at.total, digest=xml_digest.hex())
    work.append(language.TREASURY_CLOSED, at.id, 1, {
        "period_id": at.id, "number": at.number, "since": at.since, "until": at.until, "total": at.total,
        "currency": "EGP", "csv_digest": csv_digest.hex(), "xml_digest": xml_digest.hex(), "key_id": key_id,
        "signature": signature})
    return _shown({**at._asdict(), "state": "closed", "closed_by": work.actor.id, "closed_at": work.now, **sealed},
                  export)


def listed(work: UnitOfWork) -> dict[str, Any]:
    """The periods, newest first. Refuses unit_bound."""
    scope.whole_node(work, READ)
    return {"periods": [_shown(row._asdict()) for row in work.all(_ALL)]}


def file(work: UnitOfWork, body: dict[str, Any]) -> dict[str, Any]:
    """A period's file, made anew from its frozen rows. Refuses unit_bound, treasury_unknown; LookupError when it is not
    the file that was closed."""
    scope.whole_node(work, READ)
    at = _one(work, body["period_id"])
    export = _export(work, at)
    content = rules.xml_file(export) if body["format"] == "xml" else rules.csv_file(export)
    told = at.xml_digest if body["format"] == "xml" else at.csv_digest
    if told is not None and rules.digest(content) != bytes(told):
        raise LookupError(f"the file of treasury period {at.number} is not the one that was closed")
    return {"period": _shown(at._asdict(), export), "media_type": "application/xml" if body["format"] == "xml" else
            "text/csv; charset=utf-8", "name": f"treasury-{at.number:04d}.{body['format']}", "body": content.decode()}


def signing_key(settings: Settings) -> tuple[str, Ed25519PrivateKey]:
    """The first key of TREASURY_KEYS (`id:base64 of 32 bytes`, comma between; the newest first). Raises
    ConfigurationError."""
    key_id, _, encoded = settings.secret("TREASURY_KEYS").split(",")[0].strip().partition(":")
    try:
        return key_id, Ed25519PrivateKey.from_private_bytes(base64.b64decode(encoded, validate=True))
    except (binascii.Error, ValueError) as error:
        raise ConfigurationError("SHUBBAK_TREASURY_KEYS must be id:base64 of 32 bytes, comma between") from error


def _one(work: UnitOfWork, period_id: UUID) -> Any:
    row = work.first(_ONE, wanted=period_id)
    if row is None:
        raise refuse("treasury_unknown", "period_id")
    return row


def _export(work: UnitOfWork, at: Any) -> Export:
    edition = at.version - (at.state == "closed")  # closing counts up once more and writes no rows
    made = [Row(row.kind, row.unit, row.account, Moved(row.collected, row.returned))
            for row in work.all(_ROWS, period=at.id, edition=edition)]
    ordered = tuple(sorted(made, key=lambda row: (row.kind, row.unit, row.account)))
    return Export(work.settings.node, at.number, at.since, at.until, ordered)


def _count(work: UnitOfWork, since: date, until: date) -> tuple[Row, ...]:
    return rules.rows(_moved(work.all(_MOVED, since=since, until=until)),
                      _moved(work.all(_MOVED, since=_FIRST, until=since - timedelta(days=1))),
                      _moved(work.all(_TOLD)))


def _moved(found: Iterable[Any]) -> dict[Key, Moved]:
    return {(row.unit, row.account.removeprefix(f"{REVENUE}:")): Moved(row.collected, row.returned) for row in found}


# All that the books hold, less the little that came after the last day: a day for each entry would take a join of the
# whole books (measured with 1,000,000 entries: 0.7 s against 0.1 s).
_OF_REVENUE = f"e.account >= '{REVENUE}:' AND e.account < '{REVENUE};'"
_HELD = Statement(text(f"""
    SELECT ((SELECT coalesce(sum(-e.amount), 0) FROM entry e WHERE {_OF_REVENUE})
          - (SELECT coalesce(sum(-e.amount), 0) FROM journal j JOIN entry e ON e.journal_id = j.id
             WHERE j.at >= :after AND {_OF_REVENUE}))::bigint AS held"""), fresh=True)  # noqa: S608
_TOLD_SO_FAR = Statement(text("SELECT coalesce(sum(total), 0)::bigint AS told FROM treasury_period "
                              "WHERE state = 'closed'"))


def _balanced(work: UnitOfWork, until: date, total: int) -> bool:
    """Whether all that was told, with this period, is what the entries themselves say. Goes through the books: closing
    is rare, and this is what it vouches for."""
    return bool(work.scalar(_HELD, after=opens(until + timedelta(days=1))) == work.scalar(_TOLD_SO_FAR) + total)


def _shown(at: dict[str, Any], export: Export | None = None) -> dict[str, Any]:
    shown = {"period_id": at["id"], "number": at["number"], "since": at["since"].isoformat(),
             "until": at["until"].isoformat(), "state": at["state"], "total": at["total"], "currency": "EGP",
             "prepared_by": at["prepared_by"], "prepared_at": at["prepared_at"].isoformat(),
             "closed_by": at["closed_by"], "closed_at": at["closed_at"].isoformat() if at["closed_at"] else None,
             "csv_digest": bytes(at["csv_digest"]).hex() if at["csv_digest"] else None,
             "xml_digest": bytes(at["xml_digest"]).hex() if at["xml_digest"] else None,
             "key_id": at["key_id"], "signature": at["signature"]}
    if export is None:
        return shown
    return {**shown, "digest": rules.digest(rules.xml_file(export)).hex(), "rows": [
        {"kind": row.kind, "unit": row.unit, "accounting_code": row.account, "collected": row.moved.collected,
         "returned": row.moved.returned, "net": row.moved.net} for row in export.rows]}


CHECKS = {
    "treasury period whose rows are not its total": """
        SELECT p.number FROM treasury_period p LEFT JOIN treasury_row r ON r.period_id = p.id
          AND r.edition = p.version - CASE p.state WHEN 'closed' THEN 1 ELSE 0 END
        GROUP BY p.id HAVING coalesce(sum(r.collected - r.returned), 0) <> p.total""",
    "treasury periods that leave days out": """
        SELECT number FROM (SELECT number, since, lag(until) OVER (ORDER BY number) AS before FROM treasury_period
        ) AS seen WHERE since <> before + 1""",
    "statement whose sums are not those of its lines": """
        SELECT s.name FROM statement s LEFT JOIN statement_line l ON l.statement_id = s.id AND l.journal_id IS NOT NULL
          AND NOT (l.kind = 'amount_differs' AND EXISTS (
            SELECT FROM difference d WHERE d.statement_id = s.id AND d.line = l.number
              AND coalesce(d.decision, '') <> 'accept'))
        WHERE s.state IN ('matched', 'received') GROUP BY s.id
        HAVING coalesce(sum(l.amount) FILTER (WHERE l.direction = 'payment'), 0) <> s.gross
            OR coalesce(sum(l.amount) FILTER (WHERE l.direction = 'refund'), 0) <> s.returned
            OR coalesce(sum(l.fee), 0) <> s.commission""",
    "settlement account that is not what statements wait for": """
        SELECT s.rail || ' ' || s.waiting || ' ' || coalesce(e.held, 0) FROM (
          SELECT rail, sum(gross - returned - commission - received - let_go) AS waiting FROM statement
          WHERE state IN ('matched', 'received') GROUP BY rail) AS s
        LEFT JOIN (SELECT account, sum(amount) AS held FROM entry WHERE account LIKE 'settlement:%' GROUP BY account) e
          ON e.account = 'settlement:' || s.rail WHERE s.waiting <> coalesce(e.held, 0)""",
}


def check(connection: Connection) -> list[str]:
    """Where statements, settlement and periods told are not what the books say. Reads only."""
    return [f"{what}: {row[0]}" for what, query in CHECKS.items() for row in connection.execute(text(query))]
