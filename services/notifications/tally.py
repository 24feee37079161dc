"""How many messages came into which state, by the Cairo day on which they were made: written as differences in the
commit of what they count, folded in by a timer, read with what still waits. Counts outlive the messages.

A message is counted once in every state it came to: `created` when it was made, `sent` with its parts and price and
the time since nothing held it back, `delivered` with the time until the handset had it, `failed`, `expired`. Where the
handset's word comes after a message was given up, it counts as `delivered` and as given up no more.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import text

from chassis.database import Each, Statement
from chassis.uow import UnitOfWork
from rules.calendar import cairo_date
from services.notifications import durations
from services.notifications import tables_seen as _tables  # noqa: F401  (its tables belong to the service's)
from services.notifications.states import State

AT_ONCE = 10_000  # differences in one fold
COUNTED = (State.SENT, State.DELIVERED, State.FAILED, State.EXPIRED)
DIMENSIONS = ("provider", "template", "unit", "lane")

_ADD = Each(
    "INSERT INTO message_delta (day, channel, provider, template, unit, lane, state, step, messages, parts, price) "
    "SELECT * FROM {rows}",
    day="date", channel="text", provider="text", template="text", unit="text", lane="smallint", state="text",
    step="smallint", messages="integer", parts="integer", price="bigint")
# Two folds at once would wait for each other's rows in no order.
_ALONE = Statement(text("SELECT pg_advisory_xact_lock(hashtext('notifications.tally'))"))
_WAITING = Statement(text("SELECT count(*) FROM (SELECT 1 FROM message_delta LIMIT :most) AS few"))
_FOLD = Statement(text("""
    WITH taken AS (
      DELETE FROM message_delta WHERE id IN (SELECT id FROM message_delta ORDER BY id LIMIT :most)
      RETURNING day, channel, provider, template, unit, lane, state, step, messages, parts, price
    )
    INSERT INTO message_day AS kept (dimension, day, channel, key, state, step, messages, parts, price)
    SELECT seen.dimension, taken.day, taken.channel, seen.key, taken.state, seen.step,
           sum(taken.messages), sum(taken.parts), sum(taken.price)
    FROM taken CROSS JOIN LATERAL (VALUES
      ('provider', taken.provider, taken.step), ('template', taken.template, CAST(-1 AS smallint)),
      ('unit', taken.unit, CAST(-1 AS smallint)), ('lane', CAST(taken.lane AS text), taken.step)
    ) AS seen (dimension, key, step)
    GROUP BY seen.dimension, taken.day, taken.channel, seen.key, taken.state, seen.step
    ORDER BY seen.dimension, taken.day, taken.channel, seen.key, taken.state, seen.step
    ON CONFLICT (dimension, day, channel, key, state, step) DO UPDATE SET
      messages = kept.messages + excluded.messages, parts = kept.parts + excluded.parts,
      price = kept.price + excluded.price"""))


def _question(dimension: str) -> str:
    key, step = {"provider": ("provider", "step"), "lane": ("lane::text", "step")}.get(dimension, (dimension, "-1"))
    return f"""
        SELECT key, channel, state, step, sum(messages) AS messages, sum(parts) AS parts, sum(price) AS price FROM (
          SELECT key, channel, state, step, messages, parts, price FROM message_day
          WHERE dimension = '{dimension}' AND day BETWEEN :since AND :until
          UNION ALL SELECT {key}, channel, state, {step}, messages, parts, price FROM message_delta
          WHERE day BETWEEN :since AND :until) AS seen
        WHERE (CAST(:only AS text) IS NULL OR key = :only)
        GROUP BY key, channel, state, step ORDER BY key, channel"""  # noqa: S608


_QUESTIONS = {dimension: Statement(text(_question(dimension))) for dimension in DIMENSIONS}


def made(work: UnitOfWork, *, created_at: datetime, channel: str, template: str, unit: str | None, lane: int) -> None:
    """Gather that a message was made."""
    _add(work, created_at, channel, "", template, unit, lane, State.CREATED, durations.NONE, 0, 0)


def count(work: UnitOfWork, row: Any, state: State, values: Mapping[str, Any]) -> None:
    """Gather that the message `row`, as it was read, comes into `state` with these new values."""
    if state not in COUNTED:
        return
    before = State(row.state)
    if before in (State.FAILED, State.EXPIRED):
        _add(work, row.created_at, row.channel, row.provider or "", row.template, row.unit, row.lane, before,
             durations.NONE, 0, 0, messages=-1)
    # A handset's word may come before the operator's answer: then both are counted now.
    states = (State.SENT, state) if row.sent_at is None and state is State.DELIVERED else (state,)
    free = row.queued_at or row.created_at
    for reached in states:
        at = {State.SENT: values["sent_at"], State.DELIVERED: values["delivered_at"]}.get(reached)
        step = durations.step((at - free).total_seconds()) if at is not None else durations.NONE
        told = reached is State.SENT
        _add(work, row.created_at, row.channel, values["provider"] or "", row.template, row.unit, row.lane, reached,
             step, values["parts"] or 0 if told else 0, values["price"] or 0 if told else 0)


def _add(work: UnitOfWork, created_at: datetime, channel: str, provider: str, template: str, unit: str | None,
         lane: int, state: State, step: int, parts: int, price: int, messages: int = 1) -> None:
    work.write(_ADD, day=cairo_date(created_at), channel=channel, provider=provider, template=template, unit=unit or "",
               lane=lane, state=state.value, step=step, messages=messages, parts=parts, price=price)


def fold(work: UnitOfWork) -> bool:
    """One sweep: take what waits into the counts. True when there is more."""
    waiting = work.scalar(_WAITING, most=AT_ONCE + 1)
    if not waiting:
        return False
    work.write(_ALONE)
    work.write(_FOLD, most=AT_ONCE)
    return bool(waiting > AT_ONCE)


def counts(work: UnitOfWork, by: str, since: date, until: date, only: str | None = None) -> list[dict[str, Any]]:
    """For each key of the dimension `by` and channel, of the messages made on these Cairo days: how many were made and
    came into each state, parts and price (millièmes), and the seconds within which half and 95 of 100 of those that
    were handed over (`sent`) and delivered were so, None where none was timed. `only` names one key."""
    kept: dict[tuple[str, str], dict[str, Any]] = {}
    ladders: dict[tuple[str, str, str], dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for row in work.all(_QUESTIONS[by], since=since, until=until, only=only):
        one = kept.setdefault((row.key, row.channel), {
            "key": row.key, "channel": row.channel, "parts": 0, "price": 0,
            **{state.value: 0 for state in (State.CREATED, *COUNTED)}})
        one[row.state] += int(row.messages)
        one["parts"] += int(row.parts)
        one["price"] += int(row.price)
        if row.step != durations.NONE:
            ladders[row.key, row.channel, row.state][row.step] += int(row.messages)
    return [{**one, "time": {
        state.value: {"median": durations.percentile(ladders[key, channel, state.value], 0.5),
                      "p95": durations.percentile(ladders[key, channel, state.value], 0.95)}
        for state in (State.SENT, State.DELIVERED)}} for (key, channel), one in kept.items()]
