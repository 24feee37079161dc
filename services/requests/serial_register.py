"""A register of serials: every one that was drawn from a sequence is borne by something, or why it is not is recorded.

Borne or given up is one row of one table under one key: whichever commits first stands. What was drawn and is in no row
after a while is given up by a sweep, which first notes the newest serial and a grace later gives up what is at or below
it. The table's columns are serial, the bearer's id, reason, at; the mark's since, explained, seen, seen_at.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import text

from chassis.database import Statement
from chassis.uow import UnitOfWork

GRACE = timedelta(seconds=60)  # no command lives as long
_AT_ONCE = 10_000
_PAGE = 5_000


@dataclass
class Proof:
    """What the register shows. `open` serials were drawn too recently to be given up; `wrong` is what must not be."""

    since: int
    drawn: int
    explained: int
    used: int = 0
    gaps: Counter[str] = field(default_factory=Counter)
    open: int = 0
    wrong: list[str] = field(default_factory=list)


class Register:
    """The register `table` of `sequence`, whose `bearer` column names what bears a serial."""

    def __init__(self, table: str, mark: str, sequence: str, bearer: str, number: str, unused: str) -> None:
        """`number`: a scalar subquery for what the bearer has printed, over the row `n`; `unused`: the reason of what
        the sweep gives up."""
        self._unused = unused
        self._use = Statement(text(
            f"INSERT INTO {table} (serial, {bearer}, at) VALUES (:serial, :bearer, :at)"))  # noqa: S608
        self._stand = Statement(text(
            "SELECT since, explained, seen, seen_at, (SELECT CASE WHEN is_called THEN last_value "  # noqa: S608
            f"ELSE last_value - 1 END FROM {sequence}) AS drawn FROM {mark}"))
        self._give_up = Statement(text(
            f"INSERT INTO {table} (serial, reason, at) SELECT serial, :reason, :at "  # noqa: S608
            "FROM generate_series(CAST(:first AS bigint), CAST(:last AS bigint)) AS serial "
            f"WHERE NOT EXISTS (SELECT 1 FROM {table} AS r WHERE r.serial = serial.serial) ON CONFLICT DO NOTHING"))
        self._mark = Statement(text(
            f"UPDATE {mark} SET explained = :explained, seen = :newest, seen_at = :at "  # noqa: S608
            "WHERE explained = :was_explained AND seen = :was_seen"))
        self._page = Statement(text(
            f"SELECT n.serial, n.reason, n.at, n.{bearer} AS bearer, {number} AS number "  # noqa: S608
            f"FROM {table} AS n WHERE n.serial >= :first ORDER BY n.serial LIMIT :most"))

    def use(self, work: UnitOfWork, serial: int, bearer: Any) -> None:
        """Gather that something bears this serial. The commit conflicts when it was given up meanwhile."""
        work.write(self._use, serial=serial, bearer=bearer, at=work.now)

    def explain(self, work: UnitOfWork) -> bool:
        """One sweep: give up what was drawn before the last one and is still unused. True when more waits."""
        stand = work.one(self._stand)
        if work.now - stand.seen_at < GRACE:
            return False
        last = min(stand.seen, stand.explained + _AT_ONCE)
        if last > stand.explained:
            work.write(self._give_up, first=stand.explained + 1, last=last, reason=self._unused, at=work.now)
        more = last < stand.seen
        work.write(self._mark, expect=1, explained=last, newest=stand.seen if more else stand.drawn,
                   at=stand.seen_at if more else work.now, was_explained=stand.explained, was_seen=stand.seen)
        return more

    def prove(self, work: UnitOfWork, sequence_of: Callable[[str], int]) -> Proof:
        """Go through the register from its first serial to the newest: each serial is there once, each used one is
        borne by something whose printed number comes to this serial again, and none below the explained mark is
        missing."""
        stand = work.one(self._stand)
        proof = Proof(stand.since, stand.drawn, stand.explained)
        expected = stand.since
        for row in self.entries(work, stand.since):
            if row.serial > stand.drawn:
                break  # drawn since we began
            _missing(proof, expected, row.serial)
            expected = row.serial + 1
            if row.bearer is None:
                proof.gaps[row.reason] += 1
                continue
            proof.used += 1
            if row.number is None:
                proof.wrong.append(f"serial {row.serial}: what bears it ({row.bearer}) is not there")
            elif sequence_of(row.number) != row.serial:
                proof.wrong.append(f"serial {row.serial}: {row.number} comes from another serial")
        _missing(proof, expected, stand.drawn + 1)
        return proof

    def entries(self, work: UnitOfWork, first: int) -> Iterator[Any]:
        """The register's rows from a serial on, page by page."""
        while rows := work.all(self._page, first=first, most=_PAGE):
            yield from rows
            first = rows[-1].serial + 1


def _missing(proof: Proof, start: int, end: int) -> None:
    for serial in range(start, end):
        if serial > proof.explained:
            proof.open += 1
        else:
            proof.wrong.append(f"serial {serial}: neither used nor explained")
