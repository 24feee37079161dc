"""Totals by day: written as differences in the commit of what they count, folded in by a timer, read with what still
waits. No row is written by two counters, and no reading goes through the books."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, bindparam, insert, text

from chassis.database import Statement
from chassis.uow import UnitOfWork
from rules.calendar import cairo_date
from rules.ledger import REVENUE, Entry
from rules.refusal import Fault, Refusal
from services.payments import tables_collections as tables

READ = "collections.read"
LONGEST = 366  # days that one question may span
AT_ONCE = 10_000  # differences in one fold


@dataclass(frozen=True, slots=True)
class Source:
    """What a collection was for and how it came: the service's code, `cash` or the rail's name, and the account of the
    person who took it ('' where none did). `receipts` is how many acknowledgements it adds, below zero for money that
    goes back."""

    service: str
    way: str
    cashier: str = ""
    receipts: int = 1


def _rows(table: Any, *names: str) -> Statement:
    # inline: without it SQLAlchemy asks for the new id back, which an INSERT of several rows cannot carry.
    return Statement(insert(table).inline().values({name: bindparam(name, type_=table.c[name].type) for name in names}))


_MOVED = _rows(tables.ledger_delta, "day", "account", "unit", "amount")
_COLLECTED = _rows(tables.collection_delta, "day", "unit", "service", "way", "cashier", "amount", "receipts")

# Two folds at once would each miss what the other adds to a closing balance.
_ALONE = Statement(text("SELECT pg_advisory_xact_lock(hashtext('payments.totals'))"))
_WAITING = Statement(text(
    "SELECT (SELECT count(*) FROM (SELECT 1 FROM ledger_delta LIMIT :most) AS few) AS moved, "
    "(SELECT count(DISTINCT day) FROM (SELECT day FROM ledger_delta LIMIT :most) AS few) AS days, "
    "(SELECT count(*) FROM (SELECT 1 FROM collection_delta LIMIT :most) AS few) AS collected"))
# One day at a time: what an account held at a day's end follows from the day before. A difference of an earlier day
# that commits after a later one was folded moves the later ones too.
_FOLD_BALANCES = Statement(text("""
    WITH taken AS (
      DELETE FROM ledger_delta WHERE id IN (
        SELECT id FROM ledger_delta WHERE day = (SELECT min(day) FROM ledger_delta) ORDER BY id LIMIT :most)
      RETURNING day, account, unit, amount
    ), moved AS (
      SELECT account, unit, day, coalesce(sum(amount) FILTER (WHERE amount > 0), 0) AS debit,
             coalesce(-sum(amount) FILTER (WHERE amount < 0), 0) AS credit, sum(amount) AS net
      FROM taken GROUP BY account, unit, day
    ), known AS (
      INSERT INTO balance (account, unit) SELECT account, unit FROM moved ON CONFLICT DO NOTHING
    ), kept AS (
      INSERT INTO day_balance AS kept (account, unit, day, debit, credit, closing)
      SELECT account, unit, day, debit, credit, net + coalesce((
        SELECT before.closing FROM day_balance AS before WHERE before.account = moved.account
        AND before.unit = moved.unit AND before.day < moved.day ORDER BY before.day DESC LIMIT 1), 0) FROM moved
      ON CONFLICT (account, unit, day) DO UPDATE SET debit = kept.debit + excluded.debit,
        credit = kept.credit + excluded.credit, closing = kept.closing + excluded.debit - excluded.credit
    )
    UPDATE day_balance AS later SET closing = later.closing + moved.net FROM moved
    WHERE later.account = moved.account AND later.unit = moved.unit AND later.day > moved.day"""))
_FOLD_COLLECTIONS = Statement(text("""
    WITH taken AS (
      DELETE FROM collection_delta WHERE id IN (SELECT id FROM collection_delta ORDER BY id LIMIT :most)
      RETURNING day, unit, service, way, cashier, amount, receipts
    )
    INSERT INTO collected AS kept (dimension, unit, key, day, amount, receipts)
    SELECT seen.dimension, place.unit, seen.key, taken.day, sum(taken.amount), sum(taken.receipts)
    FROM taken CROSS JOIN LATERAL (VALUES ('unit', ''), ('service', taken.service), ('way', taken.way),
                                          ('cashier', taken.cashier)) AS seen (dimension, key)
    CROSS JOIN LATERAL (VALUES (taken.unit), ('*')) AS place (unit)
    GROUP BY seen.dimension, place.unit, seen.key, taken.day
    ON CONFLICT (dimension, unit, key, day) DO UPDATE SET amount = kept.amount + excluded.amount,
      receipts = kept.receipts + excluded.receipts"""))

EVERYWHERE = "*"  # as a unit: the whole node, kept beside the units so that nobody adds hundreds of them up
_DAYS = "day BETWEEN :since AND :until"
_OF_UNIT = f"{_DAYS} AND unit = :unit"


def _collected(dimension: str, kept: str, waiting: str, of_unit: bool) -> str:
    each = f"unit <> '{EVERYWHERE}'" if kept == "unit" else f"unit = '{EVERYWHERE}'"
    return f"""
        SELECT key, sum(amount) AS amount, sum(receipts) AS receipts FROM (
          SELECT {kept} AS key, amount, receipts FROM collected
          WHERE dimension = '{dimension}' AND {_OF_UNIT if of_unit else f"{_DAYS} AND {each}"}
          UNION ALL SELECT {waiting}, amount, receipts FROM collection_delta
          WHERE {_OF_UNIT if of_unit else _DAYS}) AS seen
        GROUP BY key ORDER BY key"""  # noqa: S608


def _asked(of_unit: bool) -> dict[str, str]:
    here = _OF_UNIT if of_unit else _DAYS
    return {
        "day": _collected("unit", "day::text", "day::text", of_unit),
        "unit": _collected("unit", "unit", "unit", of_unit),
        **{name: _collected(name, "key", name, of_unit) for name in ("service", "way", "cashier")},
        "account": f"""
            SELECT key, sum(amount) AS amount, NULL AS receipts FROM (
              SELECT account AS key, credit - debit AS amount FROM day_balance
              WHERE account >= '{REVENUE}:' AND account < '{REVENUE};' AND {here}
              UNION ALL SELECT account, -amount FROM ledger_delta WHERE account LIKE '{REVENUE}:%' AND {here}) AS seen
            GROUP BY key ORDER BY key""",  # noqa: S608
    }


# Two of each: a condition that may not hold (`:unit IS NULL OR …`) would keep the index of units out of a kept plan.
_SQL = {(by, of_unit): sql for of_unit in (False, True) for by, sql in _asked(of_unit).items()}
BY = tuple(_asked(True))
_QUESTIONS = {asked: Statement(text(sql)) for asked, sql in _SQL.items()}
_BALANCES = Statement(text("""
    SELECT account, unit, sum(held) AS held FROM (
      SELECT known.account, known.unit, last.closing AS held FROM balance AS known
      CROSS JOIN LATERAL (SELECT closing FROM day_balance AS kept WHERE kept.account = known.account
        AND kept.unit = known.unit AND kept.day <= :day ORDER BY kept.day DESC LIMIT 1) AS last
      UNION ALL SELECT account, unit, amount FROM ledger_delta WHERE day <= :day) AS seen
    WHERE (CAST(:unit AS text) IS NULL OR unit = :unit) GROUP BY account, unit ORDER BY account, unit"""))


def count(work: UnitOfWork, made: Entry, unit: str | None, source: Source | None) -> None:
    """Gather what a journal adds to the totals of its Cairo day. ValueError for revenue that nobody says the source
    of: it would be missing from the collections."""
    day, where = cairo_date(work.now), unit or ""
    work.write_many(_MOVED, [{"day": day, "account": one.account, "unit": where, "amount": one.amount}
                             for one in made.postings])
    earned = -sum(one.amount for one in made.postings if one.account.startswith(f"{REVENUE}:"))
    if not earned:
        return
    if source is None:
        raise ValueError(f"revenue without a source: {made.kind} {made.reference}")
    work.write_many(_COLLECTED, [{"day": day, "unit": where, "service": source.service, "way": source.way,
                                  "cashier": source.cashier, "amount": earned, "receipts": source.receipts}])


def fold(work: UnitOfWork) -> bool:
    """One sweep: take what waits into the totals. True when there is more."""
    waiting = work.one(_WAITING, most=AT_ONCE + 1)
    if not waiting.moved and not waiting.collected:
        return False
    work.write(_ALONE)
    if waiting.moved:
        work.write(_FOLD_BALANCES, most=AT_ONCE)
    if waiting.collected:
        work.write(_FOLD_COLLECTIONS, most=AT_ONCE)
    return max(waiting.moved, waiting.collected) > AT_ONCE or waiting.days > 1


def collections(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """What was collected on Cairo days, seen from one side, with its total. A person of a unit sees its own. Refuses
    forbidden, period_reversed, period_too_long."""
    since, until = body["since"], body["until"]
    if until < since:
        raise Refusal([Fault("period_reversed", "until")])
    if (until - since).days >= LONGEST:
        raise Refusal([Fault("period_too_long", "until", {"days": LONGEST})])
    unit = _unit(work, body["unit"])
    here = {} if unit is None else {"unit": unit}
    rows = work.all(_QUESTIONS[body["by"], unit is not None], since=since, until=until, **here)
    return {
        "since": since.isoformat(),
        "until": until.isoformat(),
        "by": body["by"],
        "unit": unit,
        "currency": "EGP",
        "rows": [{"key": row.key.removeprefix(f"{REVENUE}:"), "amount": int(row.amount),
                  "receipts": None if row.receipts is None else int(row.receipts)} for row in rows],
        "total": sum(int(row.amount) for row in rows),
        "receipts": None if body["by"] == "account" else sum(int(row.receipts) for row in rows),
        "as_of": work.now.isoformat(),
    }


def question(by: str, of_unit: bool) -> str:
    """The SQL of a question about one unit or the whole node, for who wants to see its plan."""
    return _SQL[by, of_unit]


def balances(work: UnitOfWork, day: date, unit: str | None = None) -> list[Any]:
    """What every account of every unit held at the end of a Cairo day, in piastres: rows of account, unit, held."""
    return work.all(_BALANCES, day=day, unit=unit)


def _unit(work: UnitOfWork, asked: str | None) -> str | None:
    if work.actor.unit is None:
        return asked
    if asked is not None:
        work.require(READ, unit=asked)
    return str(work.actor.unit)


_DAY = "(j.at AT TIME ZONE 'Africa/Cairo')::date"
CHECKS = {
    "day's balance that differs from its entries": f"""
        SELECT coalesce(books.account, kept.account) || ' ' || coalesce(books.unit, kept.unit) || ' '
               || coalesce(books.day, kept.day)
        FROM (SELECT e.account, coalesce(j.unit, '') AS unit, {_DAY} AS day, sum(e.amount) AS net
              FROM entry e JOIN journal j ON j.id = e.journal_id GROUP BY 1, 2, 3) AS books
        FULL JOIN (SELECT account, unit, day, sum(net) AS net FROM (
                     SELECT account, unit, day, debit - credit AS net FROM day_balance
                     UNION ALL SELECT account, unit, day, amount FROM ledger_delta) AS all_of_it
                   GROUP BY 1, 2, 3) AS kept USING (account, unit, day)
        WHERE books.net IS DISTINCT FROM kept.net""",  # noqa: S608
    "closing balance that does not follow": """
        SELECT account || ' ' || unit || ' ' || day FROM (
          SELECT account, unit, day, closing, sum(debit - credit) OVER (PARTITION BY account, unit ORDER BY day) AS held
          FROM day_balance) AS kept WHERE closing <> held""",
    "day's collections that differ from its revenue": f"""
        SELECT coalesce(books.unit, kept.unit) || ' ' || coalesce(books.day, kept.day) || ' ' || coalesce(side, '')
        FROM (SELECT coalesce(j.unit, '') AS unit, {_DAY} AS day, -sum(e.amount) AS amount
              FROM entry e JOIN journal j ON j.id = e.journal_id WHERE e.account LIKE '{REVENUE}:%'
              GROUP BY 1, 2) AS books
        FULL JOIN (SELECT unit, day, dimension AS side, sum(amount) AS amount FROM (
                     SELECT unit, day, dimension, amount FROM collected WHERE unit <> '{EVERYWHERE}'
                     UNION ALL SELECT unit, day, side, amount FROM collection_delta
                     CROSS JOIN (VALUES ('unit'), ('service'), ('way'), ('cashier')) AS sides (side)) AS all_of_it
                   GROUP BY 1, 2, 3) AS kept USING (unit, day)
        WHERE books.amount IS DISTINCT FROM kept.amount""",  # noqa: S608
    "day's collections of the whole node that differ from those of its units": f"""
        SELECT dimension || ' ' || key || ' ' || day FROM collected GROUP BY dimension, key, day
        HAVING sum(CASE unit WHEN '{EVERYWHERE}' THEN amount ELSE -amount END) <> 0
            OR sum(CASE unit WHEN '{EVERYWHERE}' THEN receipts ELSE -receipts END) <> 0""",  # noqa: S608
}


def check(connection: Connection) -> list[str]:
    """Where the totals are not what the books say. Goes through the books, for an auditor and not for a page."""
    return [f"{what}: {row[0]}" for what, query in CHECKS.items() for row in connection.execute(text(query))]
