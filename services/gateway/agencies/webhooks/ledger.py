"""What a courier has to remember, and how it is written down.

In memory are the events between the place that is written down and the place that was read. The written place moves up
to the first event that is neither delivered nor has a row in `delivery`; so a process that is killed sends again, under
the same id, what was delivered since the last writing, and forgets nothing. Every write names the run and the moves
that it knows: who was overtaken by another process, or by a replay, touches no row and begins anew.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, bindparam, text

from chassis.database import Each, Statement
from services.gateway.tables_agencies import delivery

WAITING, BEHIND, DEAD = "waiting", "behind", "dead"

TAKE_OVER = Statement(text(
    "UPDATE subscription_progress SET run = :run WHERE subscription_id = :subscription_id"))
PROGRESS = Statement(text("SELECT * FROM subscription_progress WHERE subscription_id = :subscription_id"))
LANES = Statement(text(
    "SELECT lane, count(*) AS n FROM delivery WHERE subscription_id = :subscription_id GROUP BY lane"))
# Rows beyond the written place: it stays before what was under way, while a later one had failed already.
BEYOND = Statement(text(
    "SELECT position FROM delivery WHERE subscription_id = :subscription_id AND position > :position"))
DUE = Statement(text(
    "SELECT * FROM delivery WHERE subscription_id = :subscription_id AND state = 'waiting' AND next_at <= :now "
    "ORDER BY position LIMIT :size"
))  # fmt: skip
# Who waits behind them, to go on without asking again.
FOLLOWERS = Statement(text(
    "SELECT * FROM delivery WHERE subscription_id = :subscription_id AND state = 'behind' AND lane = ANY(:lanes) "
    "ORDER BY position LIMIT :size"
).bindparams(bindparam("lanes", type_=ARRAY(Uuid()))))  # fmt: skip
_PROGRESS = Statement(text(
    "UPDATE subscription_progress SET position = :position, delivered = delivered + :delivered, "
    "failed = failed + :failed, failures = :failures, open_until = :open_until, "
    "last_success_at = coalesce(:succeeded, last_success_at), last_failure_at = coalesce(:failed_at, last_failure_at), "
    "last_failure = coalesce(:failure, last_failure), seen_at = :now "
    "WHERE subscription_id = :subscription_id AND run = :run AND moves = :moves"
))  # fmt: skip
_KEEP = Statement.insert(delivery, "subscription_id", "position", "event_id", "node", "type", "lane", "received_at",
                         "state", "attempts", "first_at", "next_at", "last_status", "last_error")  # fmt: skip
_FAILED = Each(
    "UPDATE delivery SET state = new.state, attempts = new.attempts, first_at = new.first_at, next_at = new.next_at, "
    "last_status = new.status, last_error = new.error FROM {rows} "
    "WHERE delivery.subscription_id = new.subscription AND delivery.position = new.place",
    subscription="uuid", place="bigint", state="text", attempts="integer", first_at="timestamptz",
    next_at="timestamptz", status="integer", error="text",
)  # fmt: skip
_DONE = Each("DELETE FROM delivery USING {rows} WHERE delivery.subscription_id = new.subscription "
             "AND delivery.position = new.place", subscription="uuid", place="bigint")  # fmt: skip
# The first of each lane that waits behind nobody any more is the next to go.
_PROMOTE = Statement(text(
    "UPDATE delivery AS d SET state = 'waiting', next_at = :now WHERE d.subscription_id = :subscription_id "
    "AND d.state = 'behind' AND NOT EXISTS (SELECT FROM delivery AS e WHERE e.subscription_id = d.subscription_id "
    "AND e.lane = d.lane AND e.position < d.position)"
), fresh=True)  # fmt: skip
# The receiver as a whole did badly and does well again: what failed meanwhile is not to blame, and goes now.
_HEALED = Statement(text(
    "UPDATE delivery SET next_at = :now WHERE subscription_id = :subscription_id AND state = 'waiting' "
    "AND next_at > :now"
), fresh=True)  # fmt: skip


@dataclass(slots=True)
class Job:
    """One event on its way to one receiver. `attempts` and `first_at` are of its row, where it has one."""

    position: int
    event_id: UUID
    node: str
    type: str
    lane: UUID
    received_at: datetime
    headers: dict[str, str]
    body: bytes
    kept: bool = False
    attempts: int = 0
    first_at: datetime | None = None


@dataclass(slots=True)
class Notes:
    """What happened since the last writing."""

    delivered: int = 0
    failed: int = 0
    succeeded: datetime | None = None
    failed_at: datetime | None = None
    failure: str | None = None
    healed: bool = False
    freed: bool = False
    done: dict[int, UUID] = field(default_factory=dict)  # rows that are to go, with their lanes
    kept: list[dict[str, Any]] = field(default_factory=list)
    changed: dict[int, dict[str, Any]] = field(default_factory=dict)

    @property
    def any(self) -> bool:
        """Whether anything but the place is to be written."""
        return bool(self.delivered or self.failed or self.done or self.kept or self.changed or self.healed
                    or self.freed)  # fmt: skip


class Ledger:
    """Of one subscription. Not safe for threads by itself: the courier's lock is around it."""

    def __init__(self, subscription_id: UUID, run: UUID, row: Any, lanes: dict[UUID, int],
                 beyond: Iterable[int] = ()) -> None:
        self.subscription_id = subscription_id
        self._run = run
        self.moves: int = row.moves
        self.written: int = row.position
        self.scanned: int = row.position
        self._beyond = set(beyond)  # have a row although the written place lies before them
        self._open: set[int] = set()  # read, and neither delivered nor with a row
        self._furthest = row.position  # of those that were settled
        self.lanes = lanes  # rows by lane: who has any waits behind them
        self.notes = Notes()

    @property
    def open(self) -> int:
        """How many events are in memory only."""
        return len(self._open)

    @property
    def reached(self) -> int:
        """Everything up to it is delivered, passed over or has a row."""
        return min(self._open) - 1 if self._open else self.scanned

    def read(self, position: int, *, taken: bool) -> None:
        """An entry was looked at; one that is taken is to be delivered."""
        self.scanned = position
        if taken:
            self._open.add(position)

    def has_row(self, position: int) -> bool:
        """Whether an entry that is read was laid aside by a former run: its row is what is delivered."""
        return position in self._beyond

    def delivered(self, job: Job, now: datetime) -> None:
        """The receiver has it."""
        self.notes.delivered += 1
        self.notes.succeeded = now
        self.settled(job)

    def settled(self, job: Job) -> None:
        """Nothing more is to be done about it."""
        if job.kept:
            self.notes.done[job.position] = job.lane
            self.notes.changed.pop(job.position, None)
            self.notes.freed = True
            self._forget(job.lane)
        else:
            self._open.discard(job.position)
            self._furthest = max(self._furthest, job.position)

    def laid_aside(self, jobs: Iterable[Job], now: datetime) -> None:
        """Give a row to those before the furthest that was settled, so that the written place moves past it: who
        stops in good order has nothing of that repeated, however slow the one before it was."""
        for job in sorted(jobs, key=lambda one: one.position):
            if job.kept or job.position > self._furthest:
                continue
            if job.lane in self.lanes:
                self.behind(job)
            else:
                self._keep(job, {"state": WAITING, "attempts": 0, "first_at": None, "next_at": now,
                                 "last_status": None, "last_error": None})  # fmt: skip

    def failed(self, job: Job, now: datetime, next_at: datetime | None, status: int | None, error: str) -> None:
        """An attempt failed: it gets a row, or its row the next moment; None makes it a dead letter."""
        self.notes.failed += 1
        self.notes.failed_at, self.notes.failure = now, error[:200]
        told = {"state": DEAD if next_at is None else WAITING, "attempts": job.attempts, "first_at": job.first_at,
                "next_at": next_at}  # fmt: skip
        if job.kept:
            self.notes.changed[job.position] = {**told, "status": status, "error": error[:200]}
        else:
            self._keep(job, {**told, "last_status": status, "last_error": error[:200]})

    def behind(self, job: Job) -> None:
        """It waits behind an earlier one of its request that has a row."""
        self._keep(job, {"state": BEHIND, "attempts": 0, "first_at": None, "next_at": None, "last_status": None,
                         "last_error": None})  # fmt: skip

    def found(self, rows: list[Any]) -> None:
        """The rows by lane as the database has them, read when all former notes were written: an operator may have
        let one go. What waited behind it is freed with the next writing."""
        lanes = {row.lane: int(row.n) for row in rows}
        for one in self.notes.kept:
            lanes[one["lane"]] = lanes.get(one["lane"], 0) + 1
        for lane in self.notes.done.values():
            lanes[lane] = lanes.get(lane, 0) - 1
        self.notes.freed |= bool(rows)
        self.lanes = {lane: n for lane, n in lanes.items() if n > 0}

    def write(self, work: Any, notes: Notes, reached: int, failures: int, open_until: datetime | None) -> None:
        """Gather what is to be written of some notes. The commit raises Conflict where another run has taken over or
        the place was moved."""
        mine = {"subscription_id": self.subscription_id}
        work.write(_PROGRESS, expect=1, **mine, run=self._run, moves=self.moves, position=reached,
                   delivered=notes.delivered, failed=notes.failed, failures=failures, open_until=open_until,
                   succeeded=notes.succeeded, failed_at=notes.failed_at, failure=notes.failure,
                   now=work.now)  # fmt: skip
        work.write_many(_KEEP, notes.kept)
        for position, told in notes.changed.items():
            work.write(_FAILED, subscription=self.subscription_id, place=position, **told)
        for position in notes.done:
            work.write(_DONE, subscription=self.subscription_id, place=position)
        if notes.freed:
            work.write(_PROMOTE, **mine, now=work.now)
        if notes.healed:
            work.write(_HEALED, **mine, now=work.now)

    def _keep(self, job: Job, told: dict[str, Any]) -> None:
        self.notes.kept.append({
            "subscription_id": self.subscription_id, "position": job.position, "event_id": job.event_id,
            "node": job.node, "type": job.type, "lane": job.lane, "received_at": job.received_at, **told})  # fmt: skip
        job.kept = True
        self._open.discard(job.position)
        self.lanes[job.lane] = self.lanes.get(job.lane, 0) + 1

    def _forget(self, lane: UUID) -> None:
        left = self.lanes.get(lane, 0) - 1
        if left > 0:
            self.lanes[lane] = left
        else:
            self.lanes.pop(lane, None)
