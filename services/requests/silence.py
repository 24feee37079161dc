"""The scheduler that writes down what silence meant: deemed approval or deemed rejection, once for a period.

It speaks only where nothing can be missing: what payments and catalog told until the period ended has come in, no fact
of the request waits or is parked, the clock is believable, the head was warned on a day before, and the day's number is
not far beyond the usual. Everything else waits for the next sweep, or for a person. Only a node runs it, one process of
it at a time; the deemed row's key and the request's version keep a killed one from speaking twice.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text

from chassis import machine
from chassis.database import Statement
from chassis.errors import Conflict
from chassis.uow import UnitOfWork
from contracts.catalog_log import REACHED as CATALOG_REACHED
from contracts.events import Event
from contracts.payments_log import REACHED as PAYMENTS_REACHED
from contracts.requests_deadlines import DEEMED_ISSUED
from rules import silence as rule
from rules.calendar import cairo_date, opens
from rules.periods import SILENCE_NEAR, Standing
from rules.refusal import Refusal
from services.requests import deemed, life, moving, reviews
from services.requests.life import Case

log = logging.getLogger(__name__)

SOURCES = (PAYMENTS_REACHED.service, CATALOG_REACHED.service)  # whose facts may move a period or end it
SETTLE = timedelta(minutes=1)  # after a source was heard of, for what another process still holds in its hands
KEPT = timedelta(days=2)  # how long it is remembered; the newest that has settled counts
PAGE = 100
_DAY = timedelta(days=1)
_NO_BEARING = ("catalog.definition.",)  # facts that touch no request under way

_CLOCK = Statement(text("SELECT seen_until, boot_id, boot_seconds, clock_timestamp() AS server FROM silence_clock"))
_LOOKED = Statement(
    text(
        "UPDATE silence_clock SET seen_until = :now, boot_id = :boot_id, boot_seconds = :boot_seconds "
        "WHERE seen_until IS NULL OR seen_until < :now"
    )
)
_HEARD = Statement(
    text(
        "INSERT INTO heard (source, until, received_at) VALUES (:source, :until, :received_at) "
        "ON CONFLICT DO NOTHING"
    )
)
_FORGET = Statement(text("DELETE FROM heard WHERE source = :source AND received_at < :before"))
_HEARD_UNTIL = Statement(
    text("SELECT source, max(until) AS until FROM heard WHERE received_at <= :settled GROUP BY source")
)
_OWED = Statement(text("SELECT body FROM inbox WHERE state IN ('waiting', 'parked')"))
_CANDIDATES = Statement(
    text(
        "SELECT id, count(*) OVER () AS n FROM request WHERE outcome IS NULL AND silence_on <= :today "
        "AND (CAST(:after AS uuid) IS NULL OR id > CAST(:after AS uuid)) ORDER BY id LIMIT :most"
    )
)
_ISSUED = Statement(
    text("SELECT issued_on, count(*) AS n FROM deemed WHERE issued_on >= :since GROUP BY issued_on")
)
_RELEASED = Statement(
    text(
        "SELECT decision, facts FROM silence_review WHERE kind = 'surge' AND decided_at >= :since "
        "ORDER BY decided_at DESC LIMIT 1"
    )
)
_WARNED = Statement(
    text(
        "SELECT min(at) AS at FROM warning WHERE request_id = :request_id AND period = :period AND level = :level "
        "AND task_id IS NULL AND allowance = :allowance"
    )
)
_WARN_NOW = Statement(text("UPDATE request SET judge_on = :today WHERE id = :request_id AND outcome IS NULL"))
_RECKON = Statement(
    text("UPDATE request SET silence_on = :silence_on WHERE id = :request_id AND version = :seen")
)


@dataclass
class Watch:
    """How this process has seen the clock go: the mark it left, and its own steady count at that moment. `boot`: the
    machine's count since it was switched on, kept beside the mark, so that the next process measures too; `witness`:
    whether a time server keeps the clock right; `compares`: the database server's clock is held against ours."""

    steady: Callable[[], float] = time.monotonic
    mark: datetime | None = None
    counted: float = field(default=0.0)
    boot: Callable[[], tuple[str, float] | None] = lambda: None
    witness: Callable[[], bool] = lambda: True
    compares: bool = False

    @classmethod
    def of_this_machine(cls) -> Watch:
        return cls(boot=machine.running, witness=machine.synchronised, compares=True)

    def since(self, kept: Any) -> timedelta | None:
        """The time since the mark was left by a count that no clock's setting moves: this process's own, or the
        machine's where it was not switched off since. None where there is none."""
        if kept.seen_until is not None and kept.seen_until == self.mark:
            return timedelta(seconds=self.steady() - self.counted)
        running = self.boot()
        if running is None or kept.boot_id != running[0] or kept.boot_seconds is None:
            return None
        return timedelta(seconds=running[1] - kept.boot_seconds)

    def left(self, mark: datetime) -> None:
        self.mark, self.counted = mark, self.steady()


def hear(work: UnitOfWork, event: Event) -> None:
    """A source says that it has told everything up to an instant; what it told before came in before this."""
    work.write(_HEARD, source=event.type.split(".")[0], until=datetime.fromisoformat(event.data["until"]),
               received_at=work.now)
    work.write(_FORGET, source=event.type.split(".")[0], before=work.now - KEPT)


def sweep(platform: Any, watch: Watch) -> int:
    """Let silence take effect where it does. `platform` runs pieces of work (`attempt`). Answers how often it did."""
    if not platform.attempt(lambda work: _believable(work, watch)):
        return 0
    if not platform.attempt(_may_go_on):
        return 0
    issued, after = 0, None
    while True:
        today = cairo_date(platform.unit_of_work().now)
        rows = platform.attempt(
            lambda work, after=after, today=today: work.all(_CANDIDATES, today=today, after=after, most=PAGE))
        for row in rows:
            issued += _attempt_one(platform, row.id)
        if len(rows) < PAGE:
            return issued
        after = rows[-1].id


def take_effect(work: UnitOfWork, request_id: UUID) -> bool:
    """Let the end of a period speak for one request: the step, the document that says so, event and audit in one
    commit. Answers whether it did; where anything speaks against it, it waits."""
    case = life.by_id(work, request_id)
    today = cairo_date(work.now)
    if case is None or case.row.outcome is not None:
        return False
    standing = _speaking(case, work)
    if standing is None:
        found = moving.dates_of(case, work)
        if found.silence_on != case.row.silence_on:
            work.write(_RECKON, request_id=case.id, seen=case.row.version, silence_on=found.silence_on)
        return False
    due_on = standing.deadline.due_on
    if due_on is None:
        return False
    effective = opens(due_on + _DAY)
    if not _all_heard(work, effective) or _owed(work, case.id):
        return False
    warned = work.scalar(_WARNED, request_id=case.id, period=standing.code, level=SILENCE_NEAR,
                         allowance=standing.period.days)
    if warned is None:
        work.write(_WARN_NOW, request_id=case.id, today=today)
        return False
    if cairo_date(warned) >= today:
        return False
    return _speak(work, case, standing, effective)


def _speak(work: UnitOfWork, case: Case, standing: Standing, effective: datetime) -> bool:
    document = deemed.issue(work, case, standing, effective)
    life.move(work, case, rule.SILENCE, occurred=effective, by_silence=standing)
    work.append(DEEMED_ISSUED, document["id"], 1, {
        "request_id": case.id, "number": document["number"], "kind": document["kind"],
        "service_code": case.definition.code, "unit": case.row.unit, "period": standing.code,
        "due_on": standing.deadline.due_on, "effective_at": effective})
    work.audit("silence.took_effect", str(case.id), period=standing.code, number=document["number"])
    return True


def _attempt_one(platform: Any, request_id: UUID) -> bool:
    try:
        return bool(platform.attempt(lambda work: take_effect(work, request_id)))
    except (Conflict, Refusal):  # the others must not wait for it; the next sweep tries it again
        log.exception("silence could not take effect", extra={"request_id": str(request_id)})
        return False


def _believable(work: UnitOfWork, watch: Watch) -> bool:
    kept = work.one(_CLOCK)
    mark = kept.seen_until
    verdict = rule.judge_clock(mark, work.now, watch.since(kept), server=kept.server if watch.compares else None,
                               witnessed=watch.witness())
    if verdict == rule.STEADY:
        if mark is None or work.now > mark:
            boot_id, seconds = watch.boot() or (None, None)
            work.write(_LOOKED, now=work.now, boot_id=boot_id, boot_seconds=seconds)
            work.after_commit(lambda: watch.left(work.now))
        return True
    log.error("the clock is not believed, silence waits: %s", verdict)
    reviews.ask(work, reviews.CLOCK, {"verdict": verdict, "mark": mark.isoformat() if mark else None,
                                      "now": work.now.isoformat()})
    return False


def _may_go_on(work: UnitOfWork) -> bool:
    """What concerns all requests alike: the calendar stands, and the day's number is not far beyond the usual."""
    if not moving.settled(work) or _owed(work, None):
        return False
    today = cairo_date(work.now)
    waiting = work.first(_CANDIDATES, today=today, after=None, most=1)
    if waiting is None:
        return False
    counts = {row.issued_on: row.n for row in work.all(_ISSUED, since=today - _DAY * rule.NORM_DAYS)}
    already = counts.pop(today, 0)
    norm = rule.norm(counts.values())
    number = already + waiting.n
    if number <= norm.most:
        return True
    released = work.first(_RELEASED, since=opens(today))
    if released is not None and released.decision == "proceed" and number <= released.facts["number"]:
        return True
    if released is None or released.decision == "proceed":
        reviews.ask(work, reviews.SURGE, {"number": number, "most": norm.most, "daily": round(norm.daily, 2),
                                          "day": today.isoformat()})
    return False


def _speaking(case: Case, work: UnitOfWork) -> Standing | None:
    today, workflow, path = cairo_date(work.now), case.definition.workflow, case.path
    ready = [one for one in case.standings(work.now) if rule.takes_effect(one, workflow, path, today)]
    return min(ready, key=lambda one: one.silence_on or today, default=None)


def _all_heard(work: UnitOfWork, until: datetime) -> bool:
    heard = {row.source: row.until for row in work.all(_HEARD_UNTIL, settled=work.now - SETTLE)}
    return all(source in heard and heard[source] >= until for source in SOURCES)


def _owed(work: UnitOfWork, request_id: UUID | None) -> bool:
    """Whether a fact waits or is parked that names this request; without one, a fact that may concern any: the
    organisation's, or one that cannot be read."""
    for row in work.all(_OWED):
        try:
            told = orjson.loads(bytes(row.body))
            kind, named = str(told["type"]), told["data"].get("request_id")
        except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
            kind, named = "", None
        if kind.startswith(_NO_BEARING):
            continue
        if named is None or (request_id is not None and str(named) == str(request_id)):
            return True
    return False
