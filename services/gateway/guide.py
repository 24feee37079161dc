"""The guide as this process reads it: published definitions kept in the gateway's own database and in memory, so that
reading and searching the guide asks no other service. Each version is kept by its own row, so events may arrive in any
order; the version in force is the newest whose day has come (a Cairo day).
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, func, select
from sqlalchemy.dialects.postgresql import insert

from chassis.database import Statement
from chassis.errors import Unavailable
from contracts.events import Event
from rules import arabic
from services.gateway.tables import definition

log = logging.getLogger(__name__)
CAIRO = ZoneInfo("Africa/Cairo")
FRESH_SECONDS = 1.0
"""How long a process of the gateway may go on with what it holds after a version was taken."""

_insert = insert(definition).values({c.name: bindparam(c.name, type_=c.type) for c in definition.columns})
_TAKE = Statement(_insert.on_conflict_do_nothing(index_elements=["code", "version"]))
_STAMP = Statement(select(func.count(), func.max(definition.c.taken_at)).select_from(definition))
_ALL = Statement(select(definition.c.code, definition.c.version, definition.c.effective_from, definition.c.document))


@dataclass(frozen=True, slots=True)
class Entry:
    """One version of one service, with its words folded for search."""

    code: str
    version: int
    effective_from: date
    document: Mapping[str, Any]
    name_words: str
    all_words: str


def take(work: Any, event: Event) -> None:
    """Keep one published version; taking it again changes nothing."""
    data = event.data
    work.write(
        _TAKE,
        code=data["code"],
        version=data["version"],
        effective_from=_as_date(data["effective_from"]),
        document=data["definition"],
        taken_at=work.now,
    )


def _as_date(value: Any) -> date:
    return value if isinstance(value, date) else date.fromisoformat(str(value))


class Guide:
    """All versions in memory, read again when the gateway's database has taken another one."""

    def __init__(self, read: Callable[..., list[Any]], clock: Callable[[], datetime]) -> None:
        self._read = read
        self._clock = clock
        self._lock = threading.Lock()
        self._looked = float("-inf")
        self._stamp: Any = None
        self._versions: dict[str, list[Entry]] = {}

    def in_force(self) -> list[Entry]:
        """One entry a service: the version of today, by code."""
        self._refresh()
        today = self._clock().astimezone(CAIRO).date()
        found = (self._of_day(versions, today) for versions in self._versions.values())
        return sorted((entry for entry in found if entry), key=lambda entry: entry.code)

    def get(self, code: str) -> Entry | None:
        """The version of today of one service."""
        self._refresh()
        return self._of_day(self._versions.get(code, []), self._clock().astimezone(CAIRO).date())

    def version(self, code: str, version: int | None) -> Entry | None:
        """One version of a service, in force or not: a request keeps the version it was lodged under."""
        self._refresh()
        return next((entry for entry in self._versions.get(code, []) if version in (None, entry.version)), None)

    def search(self, query: str) -> list[Entry]:
        """Services in which every word of the query occurs, whatever way its letters are written; those whose name has
        them come first. An empty query finds all."""
        words = arabic.fold(query).split()
        found = [entry for entry in self.in_force() if all(word in entry.all_words for word in words)]
        return sorted(found, key=lambda entry: (-sum(word in entry.name_words for word in words), entry.code))

    @staticmethod
    def _of_day(versions: list[Entry], today: date) -> Entry | None:
        return next((entry for entry in versions if entry.effective_from <= today), None)

    def _refresh(self) -> None:
        now = time.monotonic()
        if now - self._looked < FRESH_SECONDS:
            return
        with self._lock:
            if now - self._looked < FRESH_SECONDS:
                return
            self._looked = now
            try:
                stamp = tuple(self._read(_STAMP)[0])
                if stamp != self._stamp:
                    self._versions = _by_code(self._read(_ALL))
                    self._stamp = stamp
            except Unavailable:
                # A guide that was read once goes on being read; only a process that never saw one has nothing to show.
                if self._stamp is None:
                    self._looked = float("-inf")
                    raise
                log.warning("the guide's copy could not be looked at; going on with what is held")
            except BaseException:
                self._looked = float("-inf")
                raise


def _by_code(rows: list[Any]) -> dict[str, list[Entry]]:
    versions: dict[str, list[Entry]] = {}
    for row in rows:
        document = row.document
        name = " ".join(_texts(document.get("name")))
        rest = " ".join((row.code, *_texts(document.get("summary")), *_texts(document.get("keywords"))))
        versions.setdefault(row.code, []).append(
            Entry(
                row.code,
                row.version,
                _as_date(row.effective_from),
                document,
                arabic.fold(name),
                arabic.fold(f"{name} {rest}"),
            )
        )
    for entries in versions.values():
        entries.sort(key=lambda entry: -entry.version)
    return versions


def _texts(value: Any) -> list[str]:
    """Every text in a value, both languages alike."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping):
        return [text for inner in value.values() for text in _texts(inner)]
    if isinstance(value, list):
        return [text for inner in value for text in _texts(inner)]
    return []
