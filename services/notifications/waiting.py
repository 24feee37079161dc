"""Messages that wait: held back until a moment, too old to be sent, or in the hands of a process that died."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from sqlalchemy import BigInteger, DateTime, bindparam, text

from chassis.database import Statement
from chassis.uow import UnitOfWork
from services.notifications import messages, metrics
from services.notifications.gate import Held
from services.notifications.states import State

T = TypeVar("T")
CHANNELS = ("sms", "email")
AT_ONCE = 200

_HELD = Statement(
    text("SELECT * FROM message WHERE channel = :channel AND state = 'created' AND next_at <= :now "
         "ORDER BY next_at LIMIT :most")
    .bindparams(bindparam("now", type_=DateTime(timezone=True)), bindparam("most", type_=BigInteger)))
_STUCK = Statement(
    text("SELECT channel, count(*) AS n FROM message WHERE state IN ('queued','sending','failed_temporarily') "
         "AND state = 'sending' AND next_at <= :now GROUP BY channel")
    .bindparams(bindparam("now", type_=DateTime(timezone=True))))
_WAITING = Statement(
    text("SELECT channel, held, count(*) AS n FROM message WHERE state = 'created' GROUP BY channel, held"))


class Transact(Protocol):
    """Runs a capability in a unit of work of its own and commits it."""

    def __call__(self, work: Callable[[UnitOfWork], T], /) -> T: ...


def move_on(transact: Transact) -> bool:
    """Bring what was held until now into its lane, and give up what is too old. True when there is more to do."""
    more = False
    for channel in CHANNELS:
        released = transact(lambda work, channel=channel: release(work, channel))  # type: ignore[misc]
        given_up = transact(lambda work, channel=channel: messages.expire(work, channel))  # type: ignore[misc]
        if given_up:
            metrics.CHANGED.labels(channel, State.EXPIRED.value).inc(given_up)
        more = more or released == AT_ONCE or given_up == messages.EXPIRED_AT_ONCE
    return more


def release(work: UnitOfWork, channel: str) -> int:
    """Let messages whose waiting is over stand in their lanes, some at a time; returns how many. The gate looks at each
    again when it is claimed. One whose life is over is left to `expire`."""
    rows = work.all(_HELD, channel=channel, now=work.now, most=AT_ONCE)
    for row in rows:
        if row.expires_at > work.now:
            messages.change(work, row, State.QUEUED)
    return len(rows)


def hold(work: UnitOfWork, row: Any, why: Held) -> None:
    """Take a message that stands in its lane out of it, until somebody brings it back; it expires at its time."""
    messages.change(work, row, State.CREATED, held=why.value, next_at=row.expires_at)


def bring_back(work: UnitOfWork, row: Any) -> None:
    """End a hold before its time."""
    messages.change(work, row, State.QUEUED, next_at=work.now)


def measure(work: UnitOfWork) -> None:
    """How much waits, why, and what nobody has in hand any more though it says so."""
    stuck = {row.channel: row.n for row in work.all(_STUCK, now=work.now)}
    held = {(row.channel, row.held): row.n for row in work.all(_WAITING)}
    for channel in CHANNELS:
        metrics.STUCK.labels(channel).set(stuck.get(channel, 0))
        for why in Held:
            metrics.HELD.labels(channel, why.value).set(held.get((channel, why.value), 0))
