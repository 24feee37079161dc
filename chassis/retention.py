"""Retention: what a service lets go of after its time, as data (`services/<service>/retention.py`), in batches.

The platform of every service runs its rules once a Cairo day, one process a database, a batch at a time with a pause
between; a day on which nothing ran is caught up by the next, because what is due stays due. The command does the same
by hand and tells beforehand how much it would be. A rule finds what is due and lets it go in one transaction a batch,
so that a killed run loses nothing and goes on. What is left behind is a row of the audit with the rule's name and the
count. The audit itself is never shortened.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from importlib.util import find_spec
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, TextClause, text

from chassis import events, operations
from chassis.config import Settings
from chassis.database import Database
from chassis.ids import named, uuid7
from chassis.privacy import Privacy
from contracts.events import EventType

BATCH = 500
PAUSE = 1.0  # seconds between the batches of the daily run
LOOK = 600.0  # seconds between looks whether a new day has begun
_CAIRO = ZoneInfo("Africa/Cairo")
_RAN = text("SELECT rule, day, count FROM retention_run")
_RUN = text(
    "INSERT INTO retention_run (rule, day, count, finished_at) VALUES (:rule, :day, :count, :now) "
    "ON CONFLICT (rule) DO UPDATE SET day = excluded.day, count = excluded.count, finished_at = excluded.finished_at"
)
_TELL = text(
    "INSERT INTO event_log (event_id, type, subject, sequence, occurred_at, body) "
    "VALUES (:event_id, :type, :subject, 1, :now, :body)"
)


@dataclass(frozen=True)
class Rule:
    """`due` selects the ids (as text) of at most `:size` things whose time was over at `:before` (it may use `:now`
    where the term stands in the row itself); each statement of `forget` runs with those as `:ids`. `sealed` are values
    that stand in place of what goes: parameter → (ring, field, text). `tells`: the event by which other services hear
    of each thing that was let go of; its data is {request_id}. `setting`: the setting by which a node has another term
    than `days`."""

    name: str
    days: int
    what: str
    due: str
    forget: tuple[str, ...]
    sealed: Mapping[str, tuple[str, str, str]] = field(default_factory=dict)
    tells: EventType | None = None
    setting: str | None = None


COMMANDS = Rule(
    "stored answers of commands", 30, "the whole row; a repeat of the command after that is a new one",
    "SELECT id::text FROM command WHERE applied_at < :before ORDER BY applied_at LIMIT :size",
    ("DELETE FROM command WHERE id = ANY(CAST(:ids AS uuid[]))",),
)


def rules_of(settings: Settings) -> tuple[Rule, ...]:
    """The rules of a service with the terms of this node; none where it has no such module. ConfigurationError for a
    term that is no number of days."""
    service = settings.service
    if find_spec(f"services.{service}") is None or find_spec(f"services.{service}.retention") is None:
        return ()
    found: tuple[Rule, ...] = importlib.import_module(f"services.{service}.retention").RULES
    return tuple(rule if rule.setting is None else
                 replace(rule, days=settings.number(rule.setting, rule.days, least=1, most=36_500)) for rule in found)


def due(connection: Connection, rule: Rule, now: datetime) -> int:
    """How many things a rule would let go of now."""
    found = connection.execute(text(f"SELECT count(*) FROM ({rule.due}) AS due"),  # noqa: S608
                               _terms(rule, now, None))
    return int(found.scalar_one())


def apply(
    database: Database, privacy: Privacy, rule: Rule, now: datetime, operator: str, source: str = "urn:shubbak"
) -> Iterator[int]:
    """Let go of all that is due; yields how many so far, after every committed batch, each with its audit row."""
    done = 0
    while batch := one_batch(database, privacy, rule, now, operator, source):
        done += batch
        yield done


def one_batch(
    database: Database, privacy: Privacy, rule: Rule, now: datetime, operator: str, source: str
) -> int:
    """Let go of at most a batch of what is due, in one transaction with its audit row. Answers how many that were."""
    with database.transaction() as connection:
        ids = list(connection.execute(text(rule.due), _terms(rule, now, BATCH)).scalars())
        if not ids:
            return 0
        connection.execute(text("SET LOCAL shubbak.retention = 'on'"))
        stand_in = {name: privacy.seal(words, ring=ring, field=field_)
                    for name, (ring, field_, words) in rule.sealed.items()}
        for statement in rule.forget:
            connection.execute(*_with(text(statement), {"ids": ids, **stand_in}))
        if rule.tells is not None:
            connection.execute(_TELL, [_told(rule.tells, one, now, source) for one in ids])
        operations.record(connection, operator, "retention.applied", rule.name, {"count": len(ids)})
    return len(ids)


class Daily:
    """The daily run of a service's rules, a batch a step. One process a database leads it."""

    def __init__(self, database: Database, privacy: Privacy, rules: Sequence[Rule], service: str, source: str) -> None:
        self._database = database
        self._privacy = privacy
        self._rules = rules
        self._operator = f"system:{service}"
        self._source = source
        self._done: dict[str, int] = {}

    def step(self, now: datetime) -> float:
        """Do the next batch of the first rule that has not come to its end today. Answers how many seconds to wait."""
        today = now.astimezone(_CAIRO).date()
        rule = self._next(today)
        if rule is None:
            return LOOK
        count = one_batch(self._database, self._privacy, rule, now, self._operator, self._source)
        self._done[rule.name] = self._done.get(rule.name, 0) + count
        if count == BATCH:
            return PAUSE
        with self._database.transaction() as connection:
            connection.execute(_RUN, {"rule": rule.name, "day": today, "now": now,
                                      "count": self._done.pop(rule.name)})
        return PAUSE

    def _next(self, today: date) -> Rule | None:
        with self._database.transaction() as connection:
            ran = {row.rule: row.day for row in connection.execute(_RAN)}
        return next((rule for rule in self._rules if rule.name not in ran or ran[rule.name] < today), None)


def _terms(rule: Rule, now: datetime, size: int | None) -> dict[str, Any]:
    known = {"before": now - timedelta(days=rule.days), "now": now, "size": size}
    return {name: value for name, value in known.items() if f":{name}" in rule.due}


def _with(statement: TextClause, values: Mapping[str, Any]) -> tuple[TextClause, dict[str, Any]]:
    wanted = statement.compile().params
    return statement, {name: value for name, value in values.items() if name in wanted}


def _told(kind: EventType, request_id: str, now: datetime, source: str) -> dict[str, Any]:
    event_id, subject = uuid7(), named(kind.name, request_id)
    body = events.encode(kind, event_id=event_id, source=source, subject=subject, sequence=1, occurred=now,
                         correlation_id=event_id.hex, data={"request_id": UUID(request_id)})
    return {"event_id": event_id, "type": kind.name, "subject": subject, "now": now, "body": body}
