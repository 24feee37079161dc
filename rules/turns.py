"""Turns at the windows of a unit as data: the queues, what may become of a turn, who is next, which visit of a request
it is, and how waiting is measured.

A turn is a ticket of one day and one unit: a letter for the queue it was taken for and a number that is dense within
the day. It names nobody. A turn that is sent on to another queue keeps its letter and number, as a new leg.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType

from rules.refusal import refuse


@dataclass(frozen=True, slots=True)
class Queue:
    """What people wait for, and the letter on their tickets: Latin, so that a ticket reads alike in both languages."""

    letter: str
    ar: str
    en: str


QUEUES: Mapping[str, Queue] = MappingProxyType({
    "intake": Queue("A", "تقديم طلب جديد", "New application"),
    "follow_up": Queue("B", "متابعة طلب أو استكماله", "Follow up or complete a request"),
    "cashier": Queue("C", "الخزينة", "Cashier"),
    "collection": Queue("D", "استلام رخصة أو مستند", "Collect a licence or document"),
})

WAITING, CALLED, SERVING = "waiting", "called", "serving"
ENDED, MISSED, MOVED, LEFT = "ended", "missed", "moved", "left"
STATES = (WAITING, CALLED, SERVING, ENDED, MISSED, MOVED, LEFT)
NAMES: Mapping[str, tuple[str, str]] = MappingProxyType({
    WAITING: ("في الانتظار", "waiting"), CALLED: ("نودي عليه", "called"), SERVING: ("أمام الشباك", "at the window"),
    ENDED: ("انتهى", "ended"), MISSED: ("لم يحضر", "did not come"), MOVED: ("حُوّل إلى صف آخر", "sent to another queue"),
    LEFT: ("انتهى اليوم قبل دوره", "the day ended before its turn"),
})
"""Each state in Arabic and English."""
AT_A_WINDOW = (CALLED, SERVING)
"""States in which a turn belongs to one window; a window has one such turn at a time."""

CALL = "call"      # a window takes it out of the queue, or calls somebody who had not come once more
RECALL = "recall"  # the same window calls again
SERVE = "serve"    # the person stands at the window
END = "end"
MISS = "miss"      # nobody came when called
MOVE = "move"      # on to another queue, where it waits again under the same number
CLOSE = "close"    # the day is over
ACTIONS = (CALL, RECALL, SERVE, END, MISS, MOVE, CLOSE)

_TABLE = """
waiting  call    called
missed   call    called
called   recall  called
called   serve   serving
called   end     ended
serving  end     ended
called   miss    missed
called   move    moved
serving  move    moved
waiting  close   left
called   close   missed
serving  close   ended
"""
TRANSITIONS: Mapping[tuple[str, str], str] = MappingProxyType(
    {(left, action): right for left, action, right in (line.split() for line in _TABLE.strip().splitlines())}
)


def step(state: str, action: str) -> str:
    """The state after the action. Refuses turn_not_possible, naming the state and the action."""
    to = TRANSITIONS.get((state, action))
    if to is None:
        arabic, english = NAMES[state]
        raise refuse("turn_not_possible", "turn", state=state, action=action, state_ar=arabic, state_en=english)
    return to


def label(queue: str, number: int) -> str:
    """What stands on the ticket: `A7` is the seventh of the day for a new application."""
    return f"{QUEUES[queue].letter}{number}"


def parse_label(text: str) -> tuple[str, int] | None:
    """The queue and number of what stands on a ticket, however it was typed (`a7`, `A 7`, `a-07`); None when it is no
    label."""
    plain = text.strip().upper()
    queues = {queue.letter: code for code, queue in QUEUES.items()}
    letter, digits = plain[:1], plain[1:].strip(" -")
    if letter not in queues or not digits.isascii() or not digits.isdecimal() or len(digits) > 5 or int(digits) == 0:
        return None
    return queues[letter], int(digits)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A turn that waits. `place` is dense within its queue and day, by arrival."""

    key: str
    queue: str
    priority: bool
    place: int
    since: datetime


def next_of(waiting: Iterable[Waiting], queues: Sequence[str]) -> Waiting | None:
    """Whom a window calls next that serves these queues: who has priority (persons with disabilities, Law 10/2018, and
    the elderly, Law 19/2024) before who has none, then who waits longest; within one queue always by place. None when
    nobody waits."""
    mine = [turn for turn in waiting if turn.queue in queues]
    heads: dict[tuple[str, bool], Waiting] = {}
    for turn in mine:
        head = heads.get((turn.queue, turn.priority))
        if head is None or turn.place < head.place:
            heads[turn.queue, turn.priority] = turn
    return min(heads.values(), key=lambda turn: (not turn.priority, turn.since, turn.queue), default=None)


def visit_of(earlier: Iterable[date], today: date) -> int:
    """Which visit of a request this is: 1 for the first. A visit is a Cairo day on which somebody came about it, so
    going from the window to the cashier, or coming back after noon, makes no second one."""
    return len({day for day in earlier if day < today}) + 1


def seconds(since: datetime | None, until: datetime | None) -> int | None:
    """Whole seconds from one moment to another, never below zero; None where one of them was not recorded."""
    if since is None or until is None:
        return None
    return max(0, int((until - since).total_seconds()))


def percentile(values: Sequence[int], share: float) -> int | None:
    """The nearest-rank percentile: the smallest value that at least this share of all do not exceed (as
    PostgreSQL's percentile_disc). None of none."""
    if not values:
        return None
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


@dataclass(frozen=True, slots=True)
class Spread:
    """How long something took, in whole seconds: of how many, their mean (half up), median and 90th percentile."""

    count: int
    mean: int | None
    median: int | None
    p90: int | None


def spread(values: Sequence[int]) -> Spread:
    """The spread of these seconds."""
    mean = (2 * sum(values) + len(values)) // (2 * len(values)) if values else None
    return Spread(len(values), mean, percentile(values, 0.5), percentile(values, 0.9))
