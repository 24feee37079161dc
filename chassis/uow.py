"""The unit of work: reads now, writes gathered, everything committed in one round trip or not at all.

What was read is protected optimistically: a gathered update names the version it saw and demands its row (`expect=1`);
when another was faster the whole is undone and the capability runs again. Nothing is locked while Python thinks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID

from chassis import events, tables
from chassis.actors import Actor
from chassis.config import Settings
from chassis.database import Database, Each, Statement
from chassis.errors import Conflict
from chassis.ids import uuid7
from chassis.privacy import Privacy
from contracts.events import EventType
from rules.refusal import refuse

T = TypeVar("T")
TRIES = 5

_APPEND = Statement.insert(
    tables.event_log, "event_id", "type", "subject", "sequence", "occurred_at", "body"
)
_AUDIT = Statement.insert(
    tables.audit, "at", "actor_id", "actor_kind", "actor_unit", "action", "subject", "correlation_id", "details"
)


@dataclass(frozen=True)
class Context:
    """What every unit of work of a service shares."""

    settings: Settings
    database: Database
    privacy: Privacy
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)


class UnitOfWork:
    """One piece of work. Nothing it does is seen by anybody until `commit`."""

    def __init__(self, context: Context, actor: Actor, correlation_id: str) -> None:
        self.settings = context.settings
        self.privacy = context.privacy
        self.now = context.clock()
        self.actor = actor
        self.correlation_id = correlation_id
        self._database = context.database
        self._writes: list[tuple[Statement | Each, Any, int | None]] = []
        self._events: list[dict[str, Any]] = []
        self._after: list[Callable[[], None]] = []
        self._known: dict[tuple[Statement, Any], list[Any]] = {}
        self.appended = 0

    # -- reads -------------------------------------------------------------------------------------------------------

    def all(self, statement: Statement, **params: Any) -> list[Any]:
        """All rows, as named tuples."""
        return self._database.read(statement, params)

    def first(self, statement: Statement, **params: Any) -> Any | None:
        """The first row or None."""
        rows = self._database.read(statement, params)
        return rows[0] if rows else None

    def one(self, statement: Statement, **params: Any) -> Any:
        """The row that must be there; LookupError when it is not."""
        row = self.first(statement, **params)
        if row is None:
            raise LookupError("no row where one was certain")
        return row

    def scalar(self, statement: Statement, **params: Any) -> Any:
        """The first column of the first row, or None."""
        row = self.first(statement, **params)
        return None if row is None else row[0]

    def know(self, statement: Statement, keys: Sequence[Any], key_of: Callable[[Any], Any], **params: Any) -> None:
        """Read now, for many keys at once, what `known` then answers for each; `key_of` is a row's key."""
        self._known.update({(statement, key): [] for key in keys})
        for row in self._database.read(statement, params):
            self._known[statement, key_of(row)].append(row)

    def known(self, statement: Statement, key: Any) -> list[Any] | None:
        """The rows of a key that `know` read; None when it read none of this key: then read yourself."""
        return self._known.get((statement, key))

    # -- writes ------------------------------------------------------------------------------------------------------

    def write(self, statement: Statement | Each, *, expect: int | None = None, **params: Any) -> None:
        """Gather a write. With `expect`, the commit fails as a conflict unless exactly so many rows are touched. What
        is gathered for an Each goes out as one statement, at the place of the first."""
        self._writes.append((statement, params, expect))

    def write_many(self, statement: Statement, rows: Sequence[Mapping[str, Any]]) -> None:
        """Gather one INSERT of several rows."""
        if rows:
            self._writes.append((statement, list(rows), None))

    def append(
        self, event_type: EventType, subject: UUID, sequence: int, data: object, *, occurred: datetime | None = None
    ) -> UUID:
        """Gather an event. `sequence` is the aggregate's version after this change: 1 first, then without a gap. Write
        the aggregate's own row with `expect=1`: events go in last, when the locks of all rows are held."""
        event_id = uuid7()
        when = occurred or self.now
        body = events.encode(
            event_type,
            event_id=event_id,
            source=self.settings.source,
            subject=subject,
            sequence=sequence,
            occurred=when,
            correlation_id=self.correlation_id,
            data=data,
        )
        self._events.append(
            {
                "event_id": event_id,
                "type": event_type.name,
                "subject": subject,
                "sequence": sequence,
                "occurred_at": when,
                "body": body,
            }
        )
        self.appended += 1
        return event_id

    def audit_read(self, action: str, subject: str, **details: Any) -> None:
        """An audit row of a read of personal data: with the reader's roles and department, which the person whom the
        data is about may be told."""
        self.audit(action, subject, **details, roles=list(self.actor.roles), department=self.actor.department)

    def audit(self, action: str, subject: str, **details: Any) -> None:
        """Gather an audit row: who did what to which subject. No personal data in the details."""
        self.write(
            _AUDIT,
            at=self.now,
            actor_id=self.actor.id,
            actor_kind=self.actor.kind,
            actor_unit=self.actor.unit,
            action=action,
            subject=subject,
            correlation_id=self.correlation_id,
            details=details,
        )

    def require(self, permission: str, unit: str | None = None) -> None:
        """Refuse `forbidden` unless the actor may do this (in this unit). The attempt is recorded."""
        if self.actor.permits(permission) and self.actor.reaches(unit):
            return
        self.deny(permission, unit or "")
        raise refuse("forbidden")

    def deny(self, permission: str, subject: str) -> None:
        """Record a refused attempt at once, in a transaction of its own: what was gathered stays uncommitted."""
        kept, self._writes = self._writes, []
        self.audit("denied", subject, permission=permission)
        self._database.commit(self._writes)
        self._writes = kept

    def aside(self, statement: Statement, **params: Any) -> None:
        """Write at once, in a transaction of its own: a note that must stand although what is gathered will not be
        committed (the work is being refused)."""
        self._database.commit([(statement, params, None)])

    def after_commit(self, hint: Callable[[], None]) -> None:
        """Call something of this process after the commit. A hint that may be lost, never an effect."""
        self._after.append(hint)

    def mark(self) -> tuple[int, int, int, int]:
        """How much is gathered so far, for `back_to`."""
        return len(self._writes), len(self._events), len(self._after), self.appended

    def back_to(self, mark: tuple[int, int, int, int]) -> None:
        """Forget what was gathered since the mark."""
        writes, events_, after, self.appended = mark
        del self._writes[writes:], self._events[events_:], self._after[after:]

    def commit(self) -> None:
        """Write everything at once. Raises Conflict or Unavailable; nothing stands after a Conflict."""
        self.write_many(_APPEND, self._events)
        self._events = []
        if self._writes:
            self._database.commit(self._writes)
            self._writes = []
        after, self._after = self._after, []
        for hint in after:
            hint()


def attempt(make: Callable[[], UnitOfWork], work: Callable[[UnitOfWork], T], *, tries: int = TRIES) -> T:
    """Run a capability in a unit of work of its own and commit it; run it again from the start after a conflict.
    Raises `Conflict` when somebody else was faster every time."""
    for remaining in reversed(range(tries)):
        unit = make()
        answer = work(unit)
        try:
            unit.commit()
        except Conflict:
            if not remaining:
                raise
            continue
        return answer
    raise AssertionError("unreachable")
