"""A statement is read in, page by page: what is read is kept at once, so that a reader who is killed goes on where it
stopped, and no file is ever held in memory."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import chain, islice
from typing import Any, BinaryIO, Protocol, TypeVar
from uuid import UUID

from sqlalchemy import bindparam, select, update

from chassis.database import Statement
from chassis.ids import uuid7
from chassis.uow import UnitOfWork
from rules.calendar import cairo_date
from rules.reconciliation import BROKEN
from rules.refusal import Fault, Refusal, refuse
from services.payments import tables_reconciliation as tables
from services.payments.rails import RAILS
from services.payments.reconciliation import formats, matching, settlements
from services.payments.reconciliation.formats import Row, Stated

PERMISSION = "reconciliation.import"
PAGE = 1000
_SUMS = ("gross", "returned", "commission", "agreed_commission", "received", "let_go")
RAW = "payments.statement_line.raw"  # under which a line that cannot be read is sealed
T = TypeVar("T")

_columns = tables.statement.c
_KNOWN = Statement(select(tables.statement).where(
    _columns.rail == bindparam("wanted_rail"), _columns.digest == bindparam("wanted_digest"),
    _columns.state != "set_aside"))
_ADD = Statement.insert(tables.statement)
_LINE = Statement.insert(tables.statement_line)
_PROGRESS = Statement(update(tables.statement).where(
    _columns.id == bindparam("which"), _columns.version == bindparam("seen")
).values(version=bindparam("seen") + 1, last_line=bindparam("last_line"), lines=_columns.lines + bindparam("more"),
         state=bindparam("state")))
_DIFFERENCE = Statement.insert(tables.difference, "id", "rail", "kind", "statement_id", "line", "raised_at")


class Attempt(Protocol):
    """Runs a capability in a unit of work of its own and commits it."""

    def __call__(self, run: Callable[[UnitOfWork], T]) -> T: ...


@dataclass(frozen=True, slots=True)
class File:
    """A rail's file and the Cairo days that it is for."""

    rail: str
    name: str
    format: str
    since: date
    until: date


def read_in(attempt: Attempt, file: File, stream: BinaryIO,
            told: Callable[[str, int], None]) -> dict[str, Any]:
    """Read a statement, hold it against the books and answer what was found (matching.summary). A file that was read
    to a part goes on from there; one that turns out to be damaged further on is set aside. `told` hears of every page:
    phase (`read`, `match`) and how many lines it had. Refuses statement_known, statement_days_reversed,
    statement_days_ahead, rail_unknown, statement_format_unknown and what the format refuses."""
    layout = formats.of(file.format)
    digest = digest_of(stream)
    rows = layout.read(stream)
    first = next(rows, None)  # an unknown heading is found out before anything is written
    standing = attempt(lambda work: _begin(work, file, digest))
    if standing.state == "reading":
        try:
            _read(attempt, standing, chain([first] if first else [], rows), told)
        except Refusal as refusal:  # damaged further on: what was read of it counts as little as the rest
            code = refusal.faults[0].code
            attempt(lambda work: settlements.set_aside(work, {"statement_id": standing.id, "reason": f"file: {code}"}))
            raise
    return matching.run(attempt, standing.id, told)


def digest_of(stream: BinaryIO) -> bytes:
    """SHA-256 of the whole file; the stream stands at its beginning afterwards."""
    seen = hashlib.sha256()
    while piece := stream.read(1 << 20):
        seen.update(piece)
    stream.seek(0)
    return seen.digest()


def check_days(work: UnitOfWork, rail: str, since: date, until: date) -> None:
    """Refuse rail_unknown, statement_days_reversed, statement_days_ahead."""
    faults = [] if rail in RAILS.names else [Fault("rail_unknown", "rail")]
    if until < since:
        faults.append(Fault("statement_days_reversed", "until"))
    if until > cairo_date(work.now):
        faults.append(Fault("statement_days_ahead", "until"))
    if faults:
        raise Refusal(faults)


def check_new(work: UnitOfWork, rail: str, digest: bytes, since: date, until: date) -> Any:
    """The row of a file that was read to a part for these days; None for a new one. Refuses statement_known."""
    standing = work.first(_KNOWN, wanted_rail=rail, wanted_digest=digest)
    if standing is None or (standing.state in ("reading", "matching")
                            and (standing.since, standing.until) == (since, until)):
        return standing
    raise refuse("statement_known", "file", name=standing.name, on=cairo_date(standing.started_at).isoformat())


def _begin(work: UnitOfWork, file: File, digest: bytes) -> Any:
    check_days(work, file.rail, file.since, file.until)
    standing = check_new(work, file.rail, digest, file.since, file.until)
    if standing is not None:
        return standing
    made: dict[str, Any] = {
        "id": uuid7(), "version": 1, "rail": file.rail, "format": file.format, "name": file.name[:200],
        "digest": digest, "since": file.since, "until": file.until, "state": "reading",
        "imported_by": work.actor.id, "started_at": work.now, "matched_at": None, "expected_on": None,
        **dict.fromkeys(("last_line", "lines", *_SUMS), 0)}
    work.write(_ADD, **made)
    work.audit("statement.begun", str(made["id"]), rail=file.rail, digest=digest.hex(), since=file.since.isoformat(),
               until=file.until.isoformat())
    return _Standing(made["id"], 1, file.rail, "reading", 0)


@dataclass(frozen=True, slots=True)
class _Standing:
    id: UUID
    version: int
    rail: str
    state: str
    last_line: int


def _read(attempt: Attempt, standing: Any, rows: Iterator[Row], told: Callable[[str, int], None]) -> None:
    version, last, skipped = standing.version, standing.last_line, 0
    while page := list(islice(rows, PAGE)):
        fresh = [row for row in page if row.number > last]
        skipped += len(page) - len(fresh)
        if fresh:
            seen = version
            attempt(lambda work, fresh=fresh, seen=seen: _keep(work, standing, fresh, seen))  # type: ignore[misc]
            version, last = version + 1, fresh[-1].number
        told("read", len(page))
    attempt(lambda work: work.write(_PROGRESS, expect=1, which=standing.id, seen=version, last_line=last, more=0,
                                    state="matching"))


def _keep(work: UnitOfWork, standing: Any, rows: list[Row], version: int) -> None:
    work.write_many(_LINE, [_line(work, standing, row) for row in rows])
    work.write_many(_DIFFERENCE, [
        {"id": uuid7(), "rail": standing.rail, "kind": BROKEN, "statement_id": standing.id, "line": row.number,
         "raised_at": work.now} for row in rows if not isinstance(row, Stated)])
    work.write(_PROGRESS, expect=1, which=standing.id, seen=version, last_line=rows[-1].number, more=len(rows),
               state="reading")


def _line(work: UnitOfWork, standing: Any, row: Row) -> dict[str, Any]:
    kept: dict[str, Any] = dict.fromkeys(column.name for column in tables.statement_line.columns)
    kept |= {"statement_id": standing.id, "number": row.number, "rail": standing.rail}
    if isinstance(row, Stated):
        return kept | {"reference": row.reference, "merchant_reference": row.merchant_reference,
                       "direction": row.direction, "amount": row.amount, "fee": row.fee, "at": row.at, "day": row.day}
    return kept | {"kind": BROKEN, "raw": work.privacy.seal(row.raw, field=RAW),
                   "faults": [{"code": fault.code, "field": fault.field, "params": dict(fault.params)}
                              for fault in row.faults]}
