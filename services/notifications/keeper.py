"""Who keeps the gate: reads for the messages of one claim what `gate.decide` needs, and counts what goes through.

The count of an address's day is strict. It changes in the claim's own transaction, and only from the number that was
read: two claims that saw the same number cannot both pass, and a process that dies after its claim has counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Date, LargeBinary, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY

from chassis.database import Each, Statement
from chassis.uow import UnitOfWork
from services.notifications import gate, settings_gate
from services.notifications.gate import Hold, OptedOut
from services.notifications.kinds import Lane
from services.notifications.preferences import CHOSEN, Address

# Planned at every call: the count of a day begins empty, and a plan made then would go through all of it at noon.
_FACTS = Statement(
    text(
        "SELECT asked.lookup, p.opted_out_at IS NOT NULL AS opted_out, d.count FROM unnest(:lookups) AS asked (lookup) "
        "LEFT JOIN preference_address AS a ON a.lookup = asked.lookup "
        "LEFT JOIN preference AS p ON p.id = a.preference_id "
        "LEFT JOIN address_day AS d ON d.lookup = asked.lookup AND d.day = :day"
    ).bindparams(bindparam("lookups", type_=ARRAY(LargeBinary)), bindparam("day", type_=Date)), fresh=True)
_FIRST = Each("INSERT INTO address_day (lookup, day, count) SELECT * FROM {rows}",
              lookup="bytea", day="date", count="integer")
_MORE = Each("UPDATE address_day SET count = new.count FROM {rows} WHERE address_day.lookup = new.key "
             "AND address_day.day = new.on_day AND address_day.count = new.seen",
             key="bytea", on_day="date", count="integer", seen="integer")
# While a look-up key is changed, the number stands under the new one too; the old one is what is read and demanded.
_ALSO = Each("INSERT INTO address_day (lookup, day, count) SELECT * FROM {rows} "
             "ON CONFLICT (lookup, day) DO UPDATE SET count = excluded.count",
             lookup="bytea", day="date", count="integer")
_FORGET = Statement(
    text("DELETE FROM address_day WHERE ctid = ANY(ARRAY(SELECT ctid FROM address_day WHERE day < :day LIMIT 1000))")
    .bindparams(bindparam("day", type_=Date)))


class Keeper:
    """The gate for the messages of one claim: their rows with the opened addresses."""

    def __init__(self, work: UnitOfWork, asked: Sequence[tuple[Any, str]]) -> None:
        self._work = work
        self._rules = settings_gate.rules(work.settings)
        self.today = gate.day(work.now)
        keys = {_key(address) for row, address in asked if row.lane != Lane.CODE}
        self._lookup = {key: work.privacy.lookup_settled(key, CHOSEN) for key in keys}
        facts = work.all(_FACTS, lookups=list(self._lookup.values()), day=self.today) if keys else []
        self._opted_out = {row.lookup for row in facts if row.opted_out}
        self._seen = {row.lookup: row.count for row in facts}
        self._passed: dict[str, int] = {}

    def counts(self, row: Any) -> bool:
        """Whether a message takes a place within the daily limit: neither a code nor a legal notice does."""
        return row.lane != Lane.CODE and not row.legal

    def decide(self, row: Any, address: str) -> Hold | OptedOut | None:
        """What holds the message back; None when it may go, and then it is counted. One that has its place of today
        already, because it is tried again, takes no second one."""
        if row.lane == Lane.CODE:
            return None
        key = _key(address)
        lookup = self._lookup[key]
        placed = row.counted_on == self.today
        handed = 0 if placed else (self._seen[lookup] or 0) + self._passed.get(key, 0)
        hold = gate.decide(self._rules, self._work.now, channel=row.channel, lane=row.lane, legal=row.legal,
                           opted_out=lookup in self._opted_out, handed=handed)
        if hold is None and self.counts(row) and not placed:
            self._passed[key] = self._passed.get(key, 0) + 1
        return hold

    def write(self) -> None:
        """Gather the new counts of the day."""
        for key, passed in self._passed.items():
            settled = self._lookup[key]
            seen = self._seen[settled]
            count = (seen or 0) + passed
            if seen is None:
                self._work.write(_FIRST, lookup=settled, day=self.today, count=count)
            else:
                self._work.write(_MORE, expect=1, key=settled, on_day=self.today, count=count, seen=seen)
            for other in self._work.privacy.lookups(key, CHOSEN):
                if other != settled:
                    self._work.write(_ALSO, lookup=other, day=self.today, count=count)


def _key(address: str) -> str:
    return Address("", address).key


def forget(work: UnitOfWork) -> None:
    """Drop the counts of days that are over, some at a time."""
    work.write(_FORGET, day=gate.day(work.now))
