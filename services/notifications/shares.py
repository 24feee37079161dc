"""The shares of a channel's providers: kept, moved by health in single steps, set by people; every change is told.

A step writes every row of its channel under the version that was read. Two processes that step at once cannot both
succeed: the second runs again, finds the first one's step, and waits out the interval.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Text, bindparam, delete, or_, select

from chassis.database import Each, Statement
from chassis.uow import UnitOfWork
from rules.refusal import refuse
from services.notifications import health, metrics
from services.notifications.health import FULL, Figures, Policy, Standing
from services.notifications.tables_providers import provider_change, provider_share

STEER = "provider.steer"

_ROWS = Statement(select(provider_share).where(provider_share.c.channel == bindparam("of"))
                  .order_by(provider_share.c.name))
_ALL = Statement(select(provider_share).order_by(provider_share.c.channel, provider_share.c.name))
_ADD = Each("INSERT INTO provider_share (name, channel, version, weight, health, is_on) SELECT * FROM {rows}",
            name="text", channel="text", version="integer", weight="smallint", health="smallint", is_on="boolean")
_WRITE = Each(
    "UPDATE provider_share SET version = new.seen + 1, weight = new.weight, set_weight = new.set_weight, "
    "health = new.health, is_on = new.is_on, stepped_at = new.stepped_at FROM {rows} "
    "WHERE provider_share.name = new.key AND provider_share.version = new.seen",
    key="text", seen="integer", weight="smallint", set_weight="smallint", health="smallint", is_on="boolean",
    stepped_at="timestamptz")
_REMOVE = Statement(delete(provider_share).where(provider_share.c.name == bindparam("key"),
                                                 provider_share.c.version == bindparam("seen")))
_CHANGE = Statement.insert(provider_change, "at", "channel", "name", "what", "reason", "actor_id", "actor_kind",
                           "before", "after", "figures")
_HISTORY = Statement(
    select(provider_change)
    .where(or_(bindparam("of", type_=Text).is_(None), provider_change.c.channel == bindparam("of", type_=Text)),
           or_(bindparam("called", type_=Text).is_(None), provider_change.c.name == bindparam("called", type_=Text)),
           or_(bindparam("below", type_=BigInteger).is_(None),
               provider_change.c.id < bindparam("below", type_=BigInteger)))
    .order_by(provider_change.c.id.desc()).limit(bindparam("most", type_=BigInteger)))


@dataclass(frozen=True, slots=True)
class Configured:
    """An instance as the settings name it."""

    name: str
    weight: int


def standing(row: Any) -> Standing:
    return Standing(row.name, row.set_weight or row.weight, row.health, row.is_on)


def look(work: UnitOfWork, channel: str, configured: Sequence[Configured]) -> dict[str, int]:
    """The shares of a channel as they are now. What the settings say since the last time is written down first."""
    rows = {row.name: row for row in work.all(_ROWS, of=channel)}
    after = {row.name: standing(row) for row in rows.values()}
    before = dict(after)
    told: list[tuple[str, str, str]] = []
    for one in configured:
        row = rows.get(one.name)
        if row is None:
            work.write(_ADD, expect=1, name=one.name, channel=channel, version=1, weight=one.weight, health=FULL,
                       is_on=True)
            after[one.name] = Standing(one.name, one.weight)
            told.append((one.name, "added", "settings"))
        elif row.weight != one.weight:
            _write(work, row, weight=one.weight)
            after[one.name] = replace(after[one.name], weight=row.set_weight or one.weight)
            told.append((one.name, "weight_from_settings", "settings"))
    for name in rows.keys() - {one.name for one in configured}:
        work.write(_REMOVE, expect=1, key=name, seen=rows[name].version)
        del after[name]
        told.append((name, "removed", "settings"))
    for name, what, reason in told:
        _tell(work, channel, name, what, reason, before, after, {})
    shares = health.shares(after.values())
    for known in after.values():
        metrics.PROVIDER_SHARE.labels(channel, known.name).set(shares.get(known.name, 0))
        metrics.PROVIDER_HEALTH.labels(channel, known.name).set(known.health)
    return shares


def last_step(work: UnitOfWork, channel: str) -> datetime | None:
    """When a channel took its last step."""
    return max((row.stepped_at for row in work.all(_ROWS, of=channel) if row.stepped_at), default=None)


def step(work: UnitOfWork, channel: str, figures: Mapping[str, Figures], policy: Policy) -> health.Step | None:
    """Take the one step of health that is due, or none."""
    rows = {row.name: row for row in work.all(_ROWS, of=channel)}
    before = {row.name: standing(row) for row in rows.values()}
    last = max((row.stepped_at for row in rows.values() if row.stepped_at), default=None)
    due = health.step(before, figures, last, work.now, policy)
    if due is None:
        return None
    for row in rows.values():
        _write(work, row, stepped_at=work.now, health=due.after if row.name == due.name else row.health)
    after = {**before, due.name: replace(before[due.name], health=due.after)}
    _tell(work, channel, due.name, "health_fell" if due.after < due.before else "health_rose", due.reason, before,
          after, figures)
    return due


def steer(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """A person sets the weight of an instance, or takes it out or back in, and says why."""
    row = next((one for one in work.all(_ALL) if one.name == body["name"]), None)
    if row is None:
        raise refuse("provider_unknown", "name")
    if body["weight"] is None and body["on"] is None:
        raise refuse("field_required", "weight")
    rows = {one.name: one for one in work.all(_ROWS, of=row.channel)}
    before = {one.name: standing(one) for one in rows.values()}
    if row.name not in before:
        raise refuse("provider_unknown", "name")
    row, after, told = rows[row.name], dict(before), []
    wanted: dict[str, Any] = {}
    if body["weight"] is not None:
        wanted["set_weight"] = body["weight"] or None
        after[row.name] = replace(after[row.name], weight=body["weight"] or row.weight)
        told.append("weight_set" if body["weight"] else "weight_released")
    if body["on"] is not None and body["on"] != row.is_on:
        wanted["is_on"] = body["on"]
        after[row.name] = replace(after[row.name], on=body["on"])
        told.append("switched_on" if body["on"] else "switched_off")
        if not any(one.on for one in after.values()):
            raise refuse("provider_last", "on")
    if wanted:
        # Every row is written: who switched the other one off at the same moment must meet this one.
        for one in rows.values():
            _write(work, one, **(wanted if one.name == row.name else {}))
    for what in told:
        _tell(work, row.channel, row.name, what, body["reason"], before, after, {})
        work.audit(f"provider.{what}", row.name, channel=row.channel, weight=body["weight"])
    return _shown(row.name, row.channel, after[row.name], wanted.get("set_weight", row.set_weight), row.stepped_at,
                  health.shares(after.values()))


def show(work: UnitOfWork) -> dict[str, Any]:
    """Every instance with its share."""
    rows = work.all(_ALL)
    shares: dict[str, int] = {}
    for channel in {row.channel for row in rows}:
        shares |= health.shares([standing(row) for row in rows if row.channel == channel])
    return {"providers": [_shown(row.name, row.channel, standing(row), row.set_weight, row.stepped_at, shares)
                          for row in rows]}


def history(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """How the shares came about, newest first."""
    rows = work.all(_HISTORY, of=body["channel"], called=body["name"], below=body["after"], most=body["limit"] + 1)
    page = rows[:body["limit"]]
    return {"changes": [{"id": row.id, "at": row.at, "channel": row.channel, "name": row.name, "what": row.what,
                         "reason": row.reason, "actor": row.actor_id, "before": row.before, "after": row.after,
                         "figures": row.figures} for row in page],
            "next": page[-1].id if len(rows) > len(page) else None}


def _write(work: UnitOfWork, row: Any, **new: Any) -> None:
    values = {name: getattr(row, name) for name in ("weight", "set_weight", "health", "is_on", "stepped_at")} | new
    work.write(_WRITE, expect=1, key=row.name, seen=row.version, **values)


def _tell(work: UnitOfWork, channel: str, name: str, what: str, reason: str, before: Mapping[str, Standing],
          after: Mapping[str, Standing], figures: Mapping[str, Figures]) -> None:
    work.write(_CHANGE, at=work.now, channel=channel, name=name, what=what, reason=reason, actor_id=work.actor.id,
               actor_kind=work.actor.kind, before=_side(name, before), after=_side(name, after),
               figures={one: seen.shown() for one, seen in figures.items()})


def _side(name: str, standings: Mapping[str, Standing]) -> dict[str, Any] | None:
    one = standings.get(name)
    return None if one is None else {"weight": one.weight, "health": one.health, "on": one.on,
                                     "share": health.shares(standings.values()).get(name, 0)}


def _shown(name: str, channel: str, one: Standing, set_weight: int | None, stepped_at: datetime | None,
           shares: Mapping[str, int]) -> dict[str, Any]:
    return {"name": name, "channel": channel, "weight": one.weight, "weight_set": set_weight is not None,
            "health": one.health, "on": one.on, "share": shares.get(name, 0), "stepped_at": stepped_at}
