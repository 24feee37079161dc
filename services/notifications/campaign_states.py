"""The life of a campaign as data, and the arithmetic of its speed. Pure: the clock is handed in.

`ACTIONS` is the whole life: what may be done, from which states, and where it leads.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from types import MappingProxyType
from zoneinfo import ZoneInfo

CAIRO = ZoneInfo("Africa/Cairo")
AHEAD_MOST = 300  # messages made and not handed over yet
AHEAD_SECONDS = 15  # and never more than the throttle lets go in this time, so that a provider's return is no flood
BURST = timedelta(seconds=2)  # what a late timer may catch up
JUDGED_FROM = 50  # known ends from which on a share of failures says something about the list
DAYS_AHEAD = 366


class State(StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    CANCELLED = "cancelled"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Action:
    """What may be done to a campaign. `to` None: it stays in its state."""

    origins: frozenset[State]
    to: State | None
    done: str  # how the event calls it


def _action(to: State | None, done: str, *origins: State) -> Action:
    return Action(frozenset(origins), to, done)


_S = State
ACTIONS: Mapping[str, Action] = MappingProxyType({
    "write": _action(_S.DRAFT, "written", _S.DRAFT, _S.REFUSED),
    "choose_audience": _action(None, "audience_chosen", _S.DRAFT),
    "submit": _action(_S.SUBMITTED, "submitted", _S.DRAFT),
    "approve": _action(_S.APPROVED, "approved", _S.SUBMITTED),
    "refuse": _action(_S.REFUSED, "refused", _S.SUBMITTED),
    "schedule": _action(None, "scheduled", _S.APPROVED, _S.RUNNING, _S.PAUSED),
    "start": _action(_S.RUNNING, "started", _S.APPROVED),
    "pause": _action(_S.PAUSED, "paused", _S.APPROVED, _S.RUNNING),
    "resume": _action(_S.RUNNING, "resumed", _S.PAUSED),
    "cancel": _action(_S.CANCELLED, "cancelled", _S.DRAFT, _S.SUBMITTED, _S.APPROVED, _S.RUNNING, _S.PAUSED),
    "finish": _action(_S.DONE, "done", _S.RUNNING),
})  # fmt: skip
BY_ITSELF = frozenset({"start", "finish"})  # the platform's own; it may also `pause`
ENDS = frozenset({State.DONE, State.CANCELLED})  # nothing follows: REFUSED may be written anew
APPROVED_STATES = frozenset({State.APPROVED, State.RUNNING, State.PAUSED, State.DONE})


def possible(state: State) -> list[str]:
    """What a person may do now, in the order of the table."""
    return [name for name, action in ACTIONS.items() if state in action.origins and name not in BY_ITSELF]


def time_of(told: str) -> time:
    """A time of day as it is written; `24:00` is the end of the day."""
    return time.max if told == "24:00" else time.fromisoformat(told)


def time_told(at: time) -> str:
    return "24:00" if at == time.max else f"{at:%H:%M}"


def open_at(now: datetime, not_before: datetime | None, hours: tuple[time, time]) -> bool:
    """Whether it may go on now: its day has come, and it is within its hours, Cairo time, the end excluded."""
    if not_before is not None and now < not_before:
        return False
    return hours[0] <= now.astimezone(CAIRO).time() < hours[1]


def allowance(now: datetime, used_until: datetime | None, per_minute: int) -> int:
    """How many messages the throttle lets go now. `used_until` is the moment to which what was let go so far has used
    it up, kept with the campaign so that a restart grants nothing anew. Over any time t no more than
    `per_minute` * (t + BURST) / 60 s + 1 are let go."""
    since = max(used_until, now - BURST) if used_until is not None else now - _each(per_minute)
    return max(int((now - since) / _each(per_minute)), 0)


def used(now: datetime, used_until: datetime | None, per_minute: int, count: int) -> datetime:
    """What to keep after `count` messages, at most the allowance, were let go."""
    since = max(used_until, now - BURST) if used_until is not None else now - _each(per_minute)
    return since + count * _each(per_minute)


def _each(per_minute: int) -> timedelta:
    return timedelta(minutes=1) / per_minute


def ahead(per_minute: int) -> int:
    """How many messages may stand in the lane unsent: enough that sending never waits for feeding."""
    return max(1, min(AHEAD_MOST, per_minute * AHEAD_SECONDS // 60))


def fails_too_often(failed: int, ended: int, percent: int) -> bool:
    """Whether so many of those whose end is known failed for good that the list is likely wrong."""
    return ended >= JUDGED_FROM and failed * 100 >= ended * percent


def expected_end(now: datetime, left: int, per_minute: int, not_before: datetime | None,
                 hours: tuple[time, time]) -> datetime | None:
    """When `left` messages will have gone out at this speed within these hours of the day; None beyond a year."""
    rest = left * _each(per_minute)
    at = max(now, not_before) if not_before is not None else now
    if left <= 0:
        return now
    day = at.astimezone(CAIRO).date()
    for ahead_ in range(DAYS_AHEAD):
        begin, end = (datetime.combine(day + timedelta(days=ahead_), one, CAIRO).astimezone(UTC) for one in hours)
        begin = max(begin, at)
        if begin + rest <= end:
            return begin + rest
        rest -= max(end - begin, timedelta())
    return None
