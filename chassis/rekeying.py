"""A new look-up key laid under every keyed hash of a service, while it serves.

Hashes cannot be turned into hashes under another key; they are computed again from what is sealed beside them. Each
service says in `services/<service>/hashed.py` how (`Rehashed`), which hashes go by themselves within days (`Passing`),
and which cannot be computed again (`Lasting`: the key under which they stand has to stay).

With the new key in front of the old one (`KEY_LOOKUP=new,old`) everything that is written is found under either key, so
rows behind the run's back need no second look. A run goes through each table in the order of its key, a page in a unit
of work that also keeps how far it came; killed, it goes on there. A row that somebody else changes meanwhile makes the
page a conflict, which is read again. Then the old key is taken out of the environment, and another run lets go of what
still stood under it. `left` asks every row what a run would change: nothing is the proof.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from sqlalchemy import text

from chassis.database import Statement
from chassis.errors import Conflict
from chassis.uow import UnitOfWork, attempt

PAGE = 200

_FAR = Statement(
    text("SELECT reached, done, finished FROM rekey_progress WHERE target = :target AND key = :generation")
)
_KEEP = Statement(
    text(
        "INSERT INTO rekey_progress (target, key, reached, done, finished) "
        "VALUES (:target, :generation, CAST(:reached AS text[]), :done, :finished) "
        "ON CONFLICT (target, key) DO UPDATE SET reached = excluded.reached, done = excluded.done, "
        "finished = excluded.finished, moved_at = clock_timestamp()"
    )
)
_AFRESH = Statement(text("DELETE FROM rekey_progress WHERE target = :target AND key = :generation"))


@dataclass(frozen=True)
class Rehashed:
    """Hashes that are computed again. `page` reads at most :size rows after the key :after (text, NULL at first), in
    the key's order, with that key as `key`; `renew` gathers what a row needs to stand as if it were written now, with
    a demand on the row as it was read, and answers whether it needed anything. `columns` are those it renews."""

    target: str
    columns: tuple[str, ...]
    page: Statement
    renew: Callable[[UnitOfWork, Any], bool]


@dataclass(frozen=True)
class Passing:
    """Hashes that are of no use after so many days; the old key stays configured that long."""

    columns: tuple[str, ...]
    days: int
    why: str


@dataclass(frozen=True)
class Lasting:
    """Hashes of what is kept nowhere. `standing` counts them: while there are any, their key must stay."""

    columns: tuple[str, ...]
    why: str
    standing: Statement


Hashed = Rehashed | Passing | Lasting


@dataclass(frozen=True)
class Progress:
    """How far a table has come; `renewed` of this run."""

    target: str
    seen: int
    renewed: int
    finished: bool


def hashed_of(service: str) -> tuple[Hashed, ...]:
    """What a service keeps hashed; nothing where it has no such module."""
    if find_spec(f"services.{service}.hashed") is None:
        return ()
    found: tuple[Hashed, ...] = importlib.import_module(f"services.{service}.hashed").HASHED
    return found


def run(
    make: Callable[[], UnitOfWork], hashed: Sequence[Hashed], page: int = PAGE, *, under: bytes | None = None
) -> Iterator[Progress]:
    """Go through every table that is computed again, in their order; yields after every committed page. `under` names
    the run (the configured keys, where nothing else is said): a run under a name that came to its end is over."""
    for one in hashed:
        if isinstance(one, Rehashed):
            yield from _table(make, one, page, under)


def afresh(make: Callable[[], UnitOfWork], hashed: Sequence[Hashed]) -> None:
    """Forget how far a run under these keys came."""
    for one in hashed:
        if isinstance(one, Rehashed):
            target = one.target
            attempt(make, lambda work, target=target: work.write(  # type: ignore[misc]
                _AFRESH, target=target, generation=work.privacy.lookup_generation))


def left(make: Callable[[], UnitOfWork], one: Rehashed) -> int:
    """How many rows a run would change. Changes nothing."""
    count, after = 0, None
    while True:
        work = make()
        rows = work.all(one.page, after=after, size=PAGE)
        count += sum(one.renew(work, row) for row in rows)  # gathered, never committed
        if len(rows) < PAGE:
            return count
        after = rows[-1].key


def _table(make: Callable[[], UnitOfWork], one: Rehashed, page: int, under: bytes | None) -> Iterator[Progress]:
    renewed, size = 0, page
    while True:
        try:
            found, changed = attempt(make, lambda work, size=size: _page(work, one, size, under))  # type: ignore[misc]
        except Conflict:
            if size == 1:
                raise
            size = max(size // 4, 1)  # busy rows: fewer at once are done before somebody changes one
            continue
        size, renewed = page, renewed + changed
        yield Progress(one.target, found.seen, renewed, found.finished)
        if found.finished:
            return


def _page(work: UnitOfWork, one: Rehashed, size: int, under: bytes | None) -> tuple[Progress, int]:
    generation = under or work.privacy.lookup_generation
    far = work.first(_FAR, target=one.target, generation=generation)
    if far is not None and far.finished:
        return Progress(one.target, far.done, 0, True), 0
    after = far.reached[0] if far is not None and far.reached else None
    rows = work.all(one.page, after=after, size=size)
    changed = sum(one.renew(work, row) for row in rows)
    seen, finished = (far.done if far else 0) + len(rows), len(rows) < size
    work.write(_KEEP, target=one.target, generation=generation, done=seen, finished=finished,
               reached=[rows[-1].key] if rows else ([after] if after else None))
    return Progress(one.target, seen, changed, finished), changed
