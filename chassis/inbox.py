"""Events take effect once.

The inbox row commits with the effect. A batch of events is applied in one transaction; those whose handler fails are
put aside for the next one, then applied one by one, and what still fails stays in the table with its error and its next
time, then is parked for an operator. Nothing is retried by holding messages unacknowledged.

Ways: `each` applies every event once in any order; `latest` applies an event only if its sequence is above what was
applied for that aggregate (all events carry the whole state); `ordered` applies sequence n+1 only after n, later ones
wait behind a failed one.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from chassis import events, logs, metrics
from chassis import inbox_sql as sql
from chassis.errors import Conflict, NotYet, Unavailable
from chassis.uow import UnitOfWork, attempt
from contracts.events import Event, EventType
from rules.refusal import Refusal

log = logging.getLogger(__name__)

Way = Literal["each", "latest", "ordered"]

# Seconds before the next try after the nth failure; after the last one the event is parked (about two hours in all).
RETRY = (1, 2, 4, 8, 15, 30, 60, 120, 300, 600, 1800, 3600)
# An event that waits for its predecessor is woken by it. In case the two missed each other it also looks again after so
# many seconds, less often the longer it has waited: behind one parked event thousands may stand.
GAP, GAP_MOST = 2, 60
# A stream that is behind catches up within seconds; after so many tries somebody should hear of it.
NOISE_AFTER = 5
DUE_AT_ONCE = 100

@dataclass(frozen=True)
class Subscription:
    """One handler of a service and how it wants its events."""

    name: str
    types: tuple[EventType, ...]
    way: Way
    handle: Callable[[UnitOfWork, Event], None]

    @property
    def ahead(self) -> Callable[[UnitOfWork, Sequence[Event]], None] | None:
        """What reads for all events of a batch at once, before they are handled one by one; None: each reads itself."""
        return getattr(self.handle, "ahead", None)

    def __post_init__(self) -> None:
        if self.way != "each" and len({event_type.aggregate for event_type in self.types}) != 1:
            raise ValueError(f"{self.name}: way {self.way} follows the stream of one aggregate")


@dataclass(frozen=True)
class Owed:
    """An event and the subscription that is to apply it."""

    subscription: Subscription
    event: Event
    body: bytes

    @property
    def key(self) -> tuple[str, UUID]:
        return self.subscription.name, self.event.id

    @property
    def stream(self) -> tuple[str, UUID]:
        return self.subscription.name, self.event.subject


class Waits(Exception):
    """An ordered event whose predecessor has not been applied yet."""


class _Known:
    """What the inbox already says of a batch: states by key, the sequence applied by stream, and what waits in it."""

    def __init__(self, work: UnitOfWork, batch: Sequence[Owed]) -> None:
        self.states: dict[tuple[str, UUID], str] = {}
        self.sequences: dict[tuple[str, UUID], int] = {}
        self.waiting: set[tuple[str, UUID, int]] = set()
        for row in work.all(
            sql.KNOWN,
            names=list({owed.subscription.name for owed in batch}),
            events=[owed.event.id for owed in batch],
            subjects=[owed.event.subject for owed in batch if owed.subscription.way != "each"],
        ):
            if row.sequence is None:
                self.states[row.subscription, row.id] = row.state
            elif row.state is None:
                self.sequences[row.subscription, row.id] = row.sequence
            else:
                self.waiting.add((row.subscription, row.id, row.sequence))


class _Traces:
    """The rows by which a batch will be known again. They go in with one INSERT a table: one each would cost the
    database more than the effects do."""

    def __init__(self) -> None:
        self.done: dict[tuple[str, UUID], dict[str, Any]] = {}
        self.begun: dict[tuple[str, UUID], dict[str, Any]] = {}

    def forget(self, owed: Owed) -> None:
        self.done.pop(owed.key, None)
        self.begun.pop(owed.key, None)

    def write(self, work: UnitOfWork) -> None:
        work.write_many(sql.DONE, list(self.done.values()))
        work.write_many(sql.FIRST_OF_STREAM, list(self.begun.values()))


class Inbox:
    """What one service takes from the bus."""

    def __init__(
        self, service: str, subscriptions: Iterable[Subscription], make: Callable[[], UnitOfWork]
    ) -> None:
        self._service = service
        self._make = make
        self._by_name = {subscription.name: subscription for subscription in subscriptions}
        self._by_type: dict[str, list[Subscription]] = {}
        for subscription in self._by_name.values():
            for event_type in subscription.types:
                self._by_type.setdefault(event_type.name, []).append(subscription)

    @property
    def types(self) -> list[str]:
        return sorted(self._by_type)

    def take(self, bodies: list[bytes]) -> None:
        """Apply a batch. Returns when each of its events is applied, owed in the table, or known already; raises
        Unavailable when the database cannot say so, and the batch is to come again."""
        pairs: list[Owed] = []
        for body in bodies:
            try:
                event = events.decode(body)
            except events.Malformed as error:
                self._park_malformed(body, error)
                continue
            pairs += [Owed(subscription, event, body) for subscription in self._by_type.get(event.type, ())]
        for batch in _rounds(pairs):
            self._apply_batch(batch)

    def retry_due(self) -> int:
        """Try again what is due. Answers how many there were."""
        rows = self._make().all(sql.DUE, most=DUE_AT_ONCE)
        for row in rows:
            subscription = self._by_name.get(row.subscription)
            if subscription is None:
                self._park_unknown(row.subscription, row.event_id)
            else:
                self._apply_alone(Owed(subscription, events.decode(row.body), row.body))
        return len(rows)

    def measure(self) -> None:
        """Report what is owed to the metrics."""
        counts = {row.state: row for row in self._make().all(sql.OWED_COUNTS)}
        for state in ("waiting", "parked"):
            metrics.inbox_owed(self._service, state, counts[state].n if state in counts else 0)

    # -- applying ----------------------------------------------------------------------------------------------------

    def _apply_batch(self, batch: list[Owed]) -> None:
        rest = batch
        while len(rest) > 1:
            aside = self._apply_together(rest)
            if len(aside) == len(rest):
                break
            rest = aside
        for owed in rest:
            self._apply_alone(owed)

    def _apply_together(self, batch: list[Owed]) -> list[Owed]:
        """Apply what can be applied in one transaction. Answers what was put aside: a handler that fails here may only
        want to see what another event of the batch writes, and goes through in the next transaction."""
        work = self._make()
        taken, aside = 0, []
        try:
            known = _Known(work, batch)
            traces = _Traces()
            _read_ahead(work, batch)
            for owed in batch:
                before = work.mark()
                try:
                    taken += self._apply(work, known, owed, traces)
                except Unavailable:
                    raise
                except Exception as error:  # noqa: BLE001  (whatever it is, it is met again alone)
                    log.debug("event put aside: %s", _first_line(error))
                    work.back_to(before)
                    traces.forget(owed)
                    aside.append(owed)
            traces.write(work)
            work.commit()
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001
            log.log(
                logging.DEBUG if isinstance(error, Conflict) else logging.INFO,
                "batch of %d is applied one by one: %s", len(batch), _first_line(error),
            )  # fmt: skip
            return batch
        metrics.events_applied(self._service, taken)
        return aside

    def _apply_alone(self, owed: Owed) -> None:
        def run(work: UnitOfWork) -> bool:
            traces = _Traces()
            applied = self._apply(work, _Known(work, [owed]), owed, traces)
            traces.write(work)
            return applied

        try:
            if attempt(self._make, run):
                metrics.events_applied(self._service, 1)
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001  (kept in the table with its text)
            self._owe(owed, error)

    def _apply(self, work: UnitOfWork, known: _Known, owed: Owed, traces: _Traces) -> bool:
        """Gather the effect of one event and the trace that it was applied. False when there was nothing to do."""
        state = known.states.get(owed.key)
        if state is not None and state != "waiting":
            return False
        event, subscription = owed.event, owed.subscription
        if subscription.way != "each" and not self._step_stream(work, known, owed, traces):
            if state == "waiting":
                self._settle(work, owed, "superseded")
            return False
        if state == "waiting":
            self._settle(work, owed, "done")
        elif subscription.way == "each":
            traces.done[owed.key] = {
                "subscription": subscription.name,
                "event_id": event.id,
                "state": "done",
                "subject": event.subject,
                "sequence": event.sequence,
            }
        work.correlation_id = event.correlation_id
        logs.correlation.set(event.correlation_id)
        subscription.handle(work, event)
        return True

    def _step_stream(self, work: UnitOfWork, known: _Known, owed: Owed, traces: _Traces) -> bool:
        event, subscription = owed.event, owed.subscription
        seen = known.sequences.get(owed.stream)
        if event.sequence <= (seen or 0):
            return False
        if subscription.way == "ordered":
            if event.sequence != (seen or 0) + 1:
                raise Waits(f"sequence {event.sequence} waits for {(seen or 0) + 1}")
            after = (subscription.name, event.subject, event.sequence + 1)
            if after in known.waiting:  # one that begins to wait just now looks again by itself after GAP
                work.write(sql.RELEASE, subscription=after[0], subject=after[1], sequence=after[2])
        where: dict[str, Any] = {
            "subscription": subscription.name,
            "subject": event.subject,
            "sequence": event.sequence,
        }
        if seen is None:
            traces.begun[owed.key] = where
        else:
            work.write(sql.NEXT_OF_STREAM, expect=1, seen=seen, **where)
        return True

    def _settle(self, work: UnitOfWork, owed: Owed, state: str) -> None:
        work.write(
            sql.SETTLE, expect=1, state=state, subscription=owed.subscription.name, event_id=owed.event.id
        )

    # -- owing -------------------------------------------------------------------------------------------------------

    def _owe(self, owed: Owed, error: Exception) -> None:
        logs.correlation.set(owed.event.correlation_id)
        work = self._make()
        row = work.first(sql.ATTEMPTS, subscription=owed.subscription.name, event_id=owed.event.id)
        attempts = row.attempts if row else 0
        state: str
        next_at: datetime | None
        if isinstance(error, Waits):
            waited = (work.now - row.received_at).total_seconds() if row else 0.0
            state, next_at = "waiting", work.now + timedelta(seconds=min(max(waited, GAP), GAP_MOST))
        else:
            attempts += 1
            state, next_at = _next(work.now, attempts)
            log.log(
                logging.INFO if isinstance(error, NotYet) and attempts < NOISE_AFTER else logging.WARNING,
                "event owed",
                extra={
                    "subscription": owed.subscription.name,
                    "event_id": str(owed.event.id),
                    "event_type": owed.event.type,
                    "attempts": attempts,
                    "state": state,
                    "error": _first_line(error),
                },
                exc_info=error if attempts == 1 and not isinstance(error, (Refusal, NotYet)) else None,
            )
        work.write(
            sql.OWE,
            subscription=owed.subscription.name,
            event_id=owed.event.id,
            state=state,
            subject=owed.event.subject,
            sequence=owed.event.sequence,
            attempts=attempts,
            next_at=next_at,
            error=_first_line(error),
            body=owed.body,
        )
        work.commit()

    def _park_unknown(self, subscription: str, event_id: UUID) -> None:
        """No handler goes by this name (any more): replaying it would come due again and again."""
        work = self._make()
        work.write(sql.PARK, subscription=subscription, event_id=event_id, error="no subscription of this name")
        work.commit()

    def _park_malformed(self, body: bytes, error: Exception) -> None:
        """Bytes that are no envelope are kept for a person, once, under the id of their own content."""
        log.error("malformed event parked: %s", _first_line(error))
        metrics.events_malformed(self._service)
        work = self._make()
        work.write(
            sql.OWE,
            subscription=f"{self._service}.malformed",
            event_id=UUID(bytes=hashlib.sha256(body).digest()[:16]),
            state="parked",
            subject=UUID(int=0),
            sequence=0,
            attempts=1,
            next_at=None,
            error=_first_line(error),
            body=body,
        )
        work.commit()


def _next(now: datetime, attempts: int) -> tuple[str, datetime | None]:
    if attempts > len(RETRY):
        return "parked", None
    return "waiting", now + timedelta(seconds=RETRY[attempts - 1])


def _rounds(pairs: list[Owed]) -> Iterable[list[Owed]]:
    """Batches in which each stream occurs once: a handler must see what the one before it wrote."""
    rest = pairs
    while rest:
        batch: list[Owed] = []
        later: list[Owed] = []
        seen: set[tuple[str, UUID]] = set()
        for owed in rest:
            (later if owed.stream in seen else batch).append(owed)
            seen.add(owed.stream)
        yield batch
        rest = later


def _read_ahead(work: UnitOfWork, batch: Sequence[Owed]) -> None:
    """Let each subscription that can read for its events of this batch at once."""
    by_name: dict[str, list[Owed]] = {}
    for owed in batch:
        if owed.subscription.ahead is not None:
            by_name.setdefault(owed.subscription.name, []).append(owed)
    for ours in by_name.values():
        read = ours[0].subscription.ahead
        if read is not None:
            read(work, [owed.event for owed in ours])


def _first_line(error: BaseException) -> str:
    """One line for the table and the log. A database's further lines may quote values and are left out."""
    first: Any = str(error).partition("\n")[0]
    # What a text column cannot hold would make the failure itself unstorable, and the batch come again for ever.
    storable = f"{type(error).__name__}: {first}".replace("\x00", "\ufffd").encode("utf-8", "replace").decode()
    return storable[:500]
