"""Which provider of a channel takes how much: weights, health, and the small steps in which health moves. Pure: it
knows no database, no provider, and no clock but the moment handed in.

`share` is the part in a hundred of what a channel sends, from weight × health over all that are switched on. Health
falls by one step for errors or slowness and rises by one when things have gone well, and a channel takes at most one
step an interval: a mistake of this rule moves a tenth, and a person sees it coming. An instance never falls below a
step's worth while another lives, because only messages show that it has recovered. (The way of GOV.UK Notify.)
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

FULL, STEP, FLOOR = 100, 10, 10


class Condition(StrEnum):
    GOOD = "good"
    BAD = "bad"
    UNCLEAR = "unclear"  # between the thresholds: no step either way, so that health does not swing


@dataclass(frozen=True, slots=True)
class Policy:
    """When a provider counts as ill, as parts of what was seen in the window; `least` answers say something."""

    window: timedelta = timedelta(minutes=2)
    interval: timedelta = timedelta(seconds=60)
    least: int = 10
    bad_errors: float = 0.10
    good_errors: float = 0.02
    bad_slow: float = 0.25
    good_slow: float = 0.10
    slow_after: timedelta = timedelta(seconds=5)  # to the provider's answer
    late_after: timedelta = timedelta(minutes=4)  # from its answer to the handset


@dataclass(frozen=True, slots=True)
class Figures:
    """What was seen of one instance since the last step: its answers, how many were errors, how many came slowly; of
    `told` messages old enough to have arrived, how many came late; whether it cannot be reached at this moment."""

    answers: int = 0
    errors: int = 0
    slow: int = 0
    told: int = 0
    late: int = 0
    away: bool = False

    def shown(self) -> dict[str, int | bool]:
        return {"answers": self.answers, "errors": self.errors, "slow": self.slow, "told": self.told,
                "late": self.late, "away": self.away}


@dataclass(frozen=True, slots=True)
class Standing:
    """How an instance stands. `weight` 1 to 100, `health` FLOOR to FULL."""

    name: str
    weight: int = 100
    health: int = FULL
    on: bool = True


@dataclass(frozen=True, slots=True)
class Step:
    """A step of health: whose, from where to where, and why (a stable code)."""

    name: str
    before: int
    after: int
    reason: str


def shares(standings: Iterable[Standing]) -> dict[str, int]:
    """The share of each instance that is switched on: whole numbers that add up to 100, none of them 0. Empty when
    none is on; the only one has all."""
    parts = {one.name: one.weight * one.health for one in standings if one.on}
    total = sum(parts.values())
    if not parts:
        return {}
    exact = {name: part * FULL / total for name, part in parts.items()}
    given = {name: max(1, int(value)) for name, value in exact.items()}
    # What is left to a hundred goes to the largest remainders; what lifted ones have too much comes from the others.
    while (left := FULL - sum(given.values())) != 0:
        sign = 1 if left > 0 else -1
        able = [name for name in exact if sign > 0 or given[name] > 1]
        chosen = max(able, key=lambda one: (sign * (exact[one] - given[one]), given[one], one))
        given[chosen] += sign
    return given


def condition(figures: Figures, policy: Policy) -> tuple[Condition, str]:
    """How an instance does, and the reason as a code: away, errors, slow, late; well or unclear."""
    if figures.away:
        return Condition.BAD, "away"
    parts = (("errors", figures.errors, figures.answers, policy.bad_errors, policy.good_errors),
             ("slow", figures.slow, figures.answers, policy.bad_slow, policy.good_slow),
             ("late", figures.late, figures.told, policy.bad_slow, policy.good_slow))
    for reason, bad, seen, limit, _ in parts:
        if seen >= policy.least and bad >= limit * seen:
            return Condition.BAD, reason
    # Silence proves nothing: who was asked nothing stays where it is.
    if figures.answers and all(bad <= limit * seen for _, bad, seen, _, limit in parts):
        return Condition.GOOD, "well"
    return Condition.UNCLEAR, "unclear"


def step(standings: Mapping[str, Standing], figures: Mapping[str, Figures], last: datetime | None, now: datetime,
         policy: Policy) -> Step | None:
    """The one step that is due, or None: the fall of the worst instance before the rise of a recovered one. Nothing
    moves within an interval of the `last` step of the channel, and nothing falls unless another instance that is
    switched on does well enough to take what it loses."""
    if last is not None and now - last < policy.interval:
        return None
    on = [one for one in standings.values() if one.on]
    found = {one.name: condition(figures.get(one.name, Figures()), policy) for one in on}
    falling = [one for one in on if found[one.name][0] is Condition.BAD and one.health > FLOOR
               and any(found[other.name][0] is not Condition.BAD for other in on if other is not one)]
    if falling:
        worst = min(falling, key=lambda one: (not figures.get(one.name, Figures()).away, -one.health, one.name))
        return Step(worst.name, worst.health, max(worst.health - STEP, FLOOR), found[worst.name][1])
    rising = [one for one in on if found[one.name][0] is Condition.GOOD and one.health < FULL]
    if rising:
        best = min(rising, key=lambda one: (one.health, one.name))
        return Step(best.name, best.health, min(best.health + STEP, FULL), found[best.name][1])
    return None


class Window:
    """What one instance answered lately."""

    def __init__(self) -> None:
        self._seen: deque[tuple[datetime, int, int, int]] = deque()

    def note(self, at: datetime, answers: int, errors: int, slow: int) -> None:
        """So many answers came at this moment."""
        if answers:
            self._seen.append((at, answers, errors, slow))

    def figures(self, now: datetime, policy: Policy, since: datetime | None = None, *, away: bool = False,
                told: int = 0, late: int = 0) -> Figures:
        """What was seen within the window and after the last step: each step stands on news of its own."""
        begin = now - policy.window
        while self._seen and self._seen[0][0] < begin:
            self._seen.popleft()
        fresh = [one for one in self._seen if since is None or one[0] > since]
        return Figures(sum(one[1] for one in fresh), sum(one[2] for one in fresh), sum(one[3] for one in fresh), told,
                       late, away)
