"""How a subscription does: what lies before it, what waits, what failed, when it last succeeded."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, bindparam, text

from chassis.database import Statement
from services.gateway.agencies import feed, metrics, registry, subscriptions

# What an operator is told at a glance, the first that is so.
CONDITIONS = ("ended", "paused", "agreement_over", "circuit_open", "dead_letters", "failing", "behind", "well")
BEHIND_SECONDS = 60.0
_NOT_TO_RUN = ("paused", "agreement_over")

_PROGRESS = Statement(text(
    "SELECT p.*, d.waiting, d.behind, d.dead, d.oldest_at FROM subscription_progress AS p LEFT JOIN LATERAL ("
    "SELECT count(*) FILTER (WHERE state = 'waiting') AS waiting, count(*) FILTER (WHERE state = 'behind') AS behind, "
    "count(*) FILTER (WHERE state = 'dead') AS dead, min(received_at) FILTER (WHERE state <> 'dead') AS oldest_at "
    "FROM delivery WHERE subscription_id = p.subscription_id) AS d ON true WHERE p.subscription_id = ANY(:those)"
).bindparams(bindparam("those", type_=ARRAY(Uuid()))))  # fmt: skip


def watch(work: Any, subscription_id: UUID) -> dict[str, Any]:
    """One subscription and how it does: {…subscriptions.shown, condition, lag, oldest_seconds, waiting, behind, dead,
    delivered, failed, failures, open_until, last_success_at, last_failure_at, last_failure, seen_at, as_of}. `lag`
    counts entries of the feed that were not looked at yet, `oldest_seconds` is the age of the oldest that is not
    delivered (dead letters apart). Refuses subscription_unknown."""
    if work.actor.kind != "partner":
        registry.may(work, registry.READ)
    return _watched(work, [subscriptions.one(work, subscription_id)])[0]


def watched(work: Any, agency_id: UUID | None = None) -> list[dict[str, Any]]:
    """All subscriptions (of an agency), each as `watch` shows it; at most 500."""
    registry.may(work, registry.READ)
    return _watched(work, subscriptions.rows(work, agency_id))


def owned(work: Any) -> list[dict[str, Any]]:
    """Those of the agency whose key asks."""
    return _watched(work, subscriptions.rows(work, registry.own(work).id))


def measure(work: Any) -> None:
    """Tell the gauges of the metrics how all subscriptions do that have not ended. How old the oldest event is, is
    told of those only that are to run: what waits behind a pause waits on purpose."""
    found = _watched(work, [row for row in subscriptions.rows(work) if row.state != subscriptions.ENDED])
    for gauge in (metrics.LAG, metrics.OLDEST, metrics.CIRCUIT, metrics.WAITING):
        gauge.clear()  # of one that ended nothing is told any more
    for one in found:
        labels = one["agency"], one["subscription_id"]
        metrics.LAG.labels(*labels).set(one["lag"])
        if one["condition"] not in _NOT_TO_RUN:
            metrics.OLDEST.labels(*labels).set(one["oldest_seconds"])
        metrics.CIRCUIT.labels(*labels).set(one["open_until"] is not None)
        for state in ("waiting", "behind", "dead"):
            metrics.WAITING.labels(*labels, state).set(one[state])


def _watched(work: Any, rows: list[Any]) -> list[dict[str, Any]]:
    progress = {row.subscription_id: row for row in work.all(_PROGRESS, those=[one.id for one in rows])}
    beyond: dict[int, tuple[int, datetime | None]] = {}  # many stand at the same place
    found = []
    for row in rows:
        done = progress[row.id]
        if done.position not in beyond:
            following = feed.read(work, done.position, 1)
            beyond[done.position] = (feed.distance(work, done.position) if following else 0,
                                     following[0].received_at if following else None)
        found.append(_of(work, row, done, *beyond[done.position]))
    return found


def _of(work: Any, row: Any, done: Any, lag: int, next_at: datetime | None) -> dict[str, Any]:
    oldest = min((one for one in (next_at, done.oldest_at) if one is not None), default=None)
    age = max((work.now - oldest).total_seconds(), 0.0) if oldest else 0.0
    return {
        **subscriptions.shown(row), "condition": _condition(work, row, done, age), "lag": lag,
        "oldest_seconds": round(age, 3), "waiting": done.waiting, "behind": done.behind, "dead": done.dead,
        "delivered": done.delivered, "failed": done.failed, "failures": done.failures,
        "open_until": _moment(done.open_until), "last_success_at": _moment(done.last_success_at),
        "last_failure_at": _moment(done.last_failure_at), "last_failure": done.last_failure,
        "seen_at": _moment(done.seen_at), "as_of": work.now.isoformat(),
    }  # fmt: skip


def _condition(work: Any, row: Any, done: Any, age: float) -> str:
    if row.state in (subscriptions.ENDED, subscriptions.PAUSED):
        return str(row.state)
    if not subscriptions.terms_of(row).hold(work.now):
        return "agreement_over"
    if done.open_until is not None:
        return "circuit_open"
    if done.dead:
        return "dead_letters"
    if done.failures or done.waiting:
        return "failing"
    return "behind" if age > BEHIND_SECONDS else "well"


def _moment(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
