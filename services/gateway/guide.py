"""The guide as this process reads it: published definitions kept in the gateway's own database and in memory, so that
reading, searching and exporting the guide asks no other service.

Each version and each retirement is kept by its own row, so events may arrive in any order. Rows never change, so a
process reads only those it does not hold yet. What is in force on a Cairo day is one `Edition` with its search index
and its tag; it is made when the rows or the day change, and every answer comes from one edition whole.
"""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from sqlalchemy import String, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY, insert

from chassis.database import Statement
from chassis.errors import Unavailable
from chassis.offload import offload
from contracts.events import Event
from rules import editions
from rules.refusal import Fault, Refusal
from rules.search import ANYTHING, Filters, Hit, Index
from services.gateway.tables import definition, retirement

log = logging.getLogger(__name__)
CAIRO = ZoneInfo("Africa/Cairo")
FRESH_SECONDS = 1.0
"""How long a process of the gateway may go on with what it holds after a version was taken."""
SHAPE = 1
"""Counts up when the same guide is answered in another shape, so that what clients hold is no longer confirmed."""
OFFLOADED = 200
"""Services from which on an index is built on a thread: 2,000 take 0.6 s, in which the hub must go on turning."""

_TAKE = Statement(
    insert(definition)
    .values({c.name: bindparam(c.name, type_=c.type) for c in definition.columns})
    .on_conflict_do_nothing(index_elements=["code", "version"])
)
_RETIRE = Statement(
    insert(retirement)
    .values({c.name: bindparam(c.name, type_=c.type) for c in retirement.columns})
    .on_conflict_do_nothing(index_elements=["code", "retired_from"])
)
_STAMP = Statement(
    select(
        select(func.count()).select_from(definition).scalar_subquery(),
        select(func.count()).select_from(retirement).scalar_subquery(),
    )
)
_KEYS = Statement(select(definition.c.code, definition.c.version))
_DOCUMENTS = Statement(
    select(definition.c.code, definition.c.version, definition.c.effective_from, definition.c.document).where(
        definition.c.code == func.any(bindparam("codes", type_=ARRAY(String)))
    )
)
_RETIREMENTS = Statement(select(retirement.c.code, retirement.c.retired_from))


@dataclass(frozen=True, slots=True)
class Entry:
    """One version of one service. `digest` is of its content, in hexadecimal."""

    code: str
    version: int
    effective_from: date
    document: Mapping[str, Any]
    digest: str


@dataclass(frozen=True, slots=True)
class Page:
    """A part of what a search found, best first. `next` continues after it; None where nothing follows."""

    entries: Sequence[Entry]
    next: str | None
    total: int
    facets: Mapping[str, Mapping[str, int]]


class Edition:
    """The guide as it is in force on one Cairo day."""

    def __init__(self, day: date, entries: Iterable[Entry]) -> None:
        self.day = day
        self.entries = sorted(entries, key=lambda entry: entry.code)
        self._by_code = {entry.code: entry for entry in self.entries}
        documents = [entry.document for entry in self.entries]
        self._index = offload(Index, documents) if len(documents) >= OFFLOADED else Index(documents)
        content = [[entry.code, entry.version, entry.effective_from, entry.digest] for entry in self.entries]
        self.tag = hashlib.sha256(orjson.dumps([SHAPE, day, content])).hexdigest()[:32]
        self._made: dict[str, Any] = {}
        self._making = threading.Lock()

    def get(self, code: str) -> Entry | None:
        return self._by_code.get(code)

    def find(self, query: str, filters: Filters, *, after: str | None = None, limit: int | None = None) -> Page:
        """Services that the words and filters find, from `after` (a page's `next`) on. Refuses `cursor_invalid`."""
        found = self._index.search(query, filters)
        first = bisect_right(found.hits, _read_cursor(after)) if after else 0
        last = len(found.hits) if limit is None else first + limit
        hits = found.hits[first:last]
        more = _write_cursor(hits[-1]) if hits and last < len(found.hits) else None
        return Page([self._by_code[hit.code] for hit in hits], more, len(found.hits), found.facets)

    def made(self, name: str, make: Callable[[Edition], Any]) -> Any:
        """What `make` makes of this edition, made once however many ask for it; it computes on a thread."""
        if name not in self._made:
            with self._making:
                if name not in self._made:
                    self._made[name] = offload(make, self)
        return self._made[name]


@dataclass(slots=True)
class _Held:
    """The rows that were read, and what they were when they were."""

    stamp: tuple[int, ...]
    versions: dict[str, list[Entry]] = field(default_factory=dict)
    retired: dict[str, list[date]] = field(default_factory=dict)


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


def take_retirement(work: Any, event: Event) -> None:
    """Keep the day from which a service is offered no more; taking it again changes nothing."""
    data = event.data
    work.write(
        _RETIRE,
        code=data["code"],
        retired_from=_as_date(data["retired_from"]),
        reason=data.get("reason"),
        taken_at=work.now,
    )


def _as_date(value: Any) -> date:
    return value if isinstance(value, date) else date.fromisoformat(str(value))


class Guide:
    """All versions in memory, read on when the gateway's database has taken another one."""

    def __init__(self, read: Callable[..., list[Any]], clock: Callable[[], datetime]) -> None:
        self._read = read
        self._clock = clock
        self._lock = threading.Lock()
        self._looked = float("-inf")
        self._held: _Held | None = None
        self._edition: Edition | None = None

    def edition(self) -> Edition:
        """The guide of today, a Cairo day. Raises Unavailable where this process has never seen one."""
        today = self._clock().astimezone(CAIRO).date()
        current = self._edition
        if current is None or current.day != today:
            with self._lock:
                return self._look(today)
        # While one looks whether there is more, the others go on with what is held.
        if self._due() and self._lock.acquire(blocking=False):
            try:
                return self._look(today)
            finally:
                self._lock.release()
        return current

    def in_force(self) -> list[Entry]:
        """One entry a service: the version of today, by code."""
        return self.edition().entries

    def get(self, code: str) -> Entry | None:
        """The version of today of one service."""
        return self.edition().get(code)

    def version(self, code: str, version: int | None) -> Entry | None:
        """One version of a service, in force or not: a request keeps the version it was lodged under."""
        self.edition()
        versions = self._held.versions.get(code, []) if self._held else []
        return next((entry for entry in versions if version in (None, entry.version)), None)

    def history(self, code: str) -> tuple[Sequence[Entry], Sequence[date]]:
        """All versions of a service, newest first, and the days from which it was offered no more."""
        self.edition()
        held = self._held
        return (held.versions.get(code, []), held.retired.get(code, [])) if held else ([], [])

    def search(self, query: str, filters: Filters = ANYTHING) -> Sequence[Entry]:
        """The services of today in which every word of the query is met (rules.search), best first."""
        return self.edition().find(query, filters).entries

    def _due(self) -> bool:
        return time.monotonic() - self._looked >= FRESH_SECONDS

    def _look(self, today: date) -> Edition:
        held = self._held
        if held is None or self._due():
            self._looked = time.monotonic()
            try:
                held = self._read_on()
            except Unavailable:
                # A guide that was read once goes on being read; only a process that never saw one has nothing to show.
                if held is None:
                    raise
                log.warning("the guide's copy could not be looked at; going on with what is held")
            except BaseException:
                self._looked = float("-inf")
                raise
        if self._edition is None or self._edition.day != today or held is not self._held:
            self._held = held
            self._edition = Edition(today, _of_day(held, today))
        return self._edition

    def _read_on(self) -> _Held:
        """What the database holds now: the same object as long as nothing was added. Reads only what is new."""
        stamp = tuple(self._read(_STAMP)[0])
        if self._held is not None and self._held.stamp == stamp:
            return self._held
        known = {(entry.code, entry.version): entry for entries in self._held.versions.values() for entry in entries} \
            if self._held else {}
        wanted = [(row.code, row.version) for row in self._read(_KEYS)]
        if missing := sorted({code for code, version in wanted if (code, version) not in known}):
            for row in self._read(_DOCUMENTS, codes=missing):
                known.setdefault((row.code, row.version), _entry(row))
        held = _Held(stamp)
        for key in wanted:
            held.versions.setdefault(key[0], []).append(known[key])
        for versions in held.versions.values():
            versions.sort(key=lambda entry: -entry.version)
        for row in self._read(_RETIREMENTS):
            held.retired.setdefault(row.code, []).append(_as_date(row.retired_from))
        return held


def _entry(row: Any) -> Entry:
    digest = hashlib.sha256(orjson.dumps(row.document, option=orjson.OPT_SORT_KEYS)).hexdigest()
    return Entry(row.code, row.version, _as_date(row.effective_from), row.document, digest)


def _of_day(held: _Held, day: date) -> Iterable[Entry]:
    """Of each service the version in force on a day (rules.editions)."""
    for code, versions in held.versions.items():
        entry = editions.in_force(versions, held.retired.get(code, ()), day)
        if entry is not None:
            yield entry


def _write_cursor(hit: Hit) -> str:
    return f"{hit.typos}.{-hit.rank}.{hit.code}"


def _read_cursor(text: str) -> Hit:
    typos, _, rest = text.partition(".")
    rank, _, code = rest.partition(".")
    if not (_is_number(typos) and _is_number(rank) and 0 < len(code) <= 60):
        raise Refusal(Fault("cursor_invalid", "after"))
    return Hit(int(typos), -int(rank), code)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 9
