"""What the silence of the administration means, and when the machine must not speak for it.

Where the law says so, a period that ends without a decision counts as approval or as rejection. The machine writes that
down; it decides nothing. So it waits where a fact may still be missing, and asks a person where something looks wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise

from rules.calendar import cairo_date
from rules.periods import APPROVAL, NONE, Standing
from rules.refusal import refuse
from rules.workflow import Transition, Workflow

SILENCE = "silence"  # the action of the step that silence takes
SILENCE_NAME = {"ar": "انقضت المدة القانونية دون رد", "en": "The statutory period ended without an answer"}
DEEMED_APPROVAL, DEEMED_REJECTION = "deemed_approval", "deemed_rejection"
DECISION = "decision"

NORM_DAYS = 28  # the days before today from which the daily norm is taken
NORM_MULTIPLE = 3
NORM_LEAST = 10  # so many a day are taken for normal where there is no history

BACKWARD = timedelta(minutes=5)  # a clock that is set right by less has not jumped
FORWARD = timedelta(hours=1)  # beyond the time that the process has measured by itself
LONGEST_DOWNTIME = timedelta(hours=72)  # beyond it nobody but a person can tell downtime from a jump
APART = timedelta(minutes=5)  # between this clock and the database server's
STEADY, JUMPED_BACK, JUMPED_AHEAD, LONG_AWAY = "steady", "jumped_back", "jumped_ahead", "long_away"
CLOCKS_DIFFER, UNWITNESSED = "clocks_differ", "unwitnessed"


def document_type(silence: str) -> str:
    """The document that says what silence meant: its own type, never that of a decision."""
    return DEEMED_APPROVAL if silence == APPROVAL else DEEMED_REJECTION


def decided(workflow: Workflow, path: Sequence[str]) -> bool:
    """Whether a person has decided on this path of states: a task whose purpose is the decision was left for a state
    that does not wait for the applicant and in which the request had not been before. Sent back, it is undecided."""
    seen: set[str] = set()
    for here, after in pairwise(path):
        seen.add(here)
        if (workflow.state(here).purpose == DECISION and after not in seen
                and workflow.state(after).kind != "applicant"):
            return True
    return False


def may_speak(standing: Standing, workflow: Workflow, path: Sequence[str]) -> bool:
    """Whether the end of a period would still mean something for a request at the end of `path`: nobody has decided,
    and silence has not spoken already. The period of a part speaks only where the request still stands in the part:
    that it was left, however late, was the answer."""
    if standing.silence == NONE or standing.silence_to is None or workflow.state(path[-1]).kind == "end":
        return False
    if standing.silence_to in path:
        return False
    if standing.states is not None:
        return path[-1] in standing.states
    return not decided(workflow, path)


def takes_effect(standing: Standing, workflow: Workflow, path: Sequence[str], today: date) -> bool:
    """Whether silence means something today: the period is over, and it may speak."""
    on = standing.silence_on
    return on is not None and today >= on and may_speak(standing, workflow, path)


def transition(workflow: Workflow, standing: Standing, state: str) -> Transition:
    """The step that silence takes from a state. Refuses action_unknown where the definition gives silence no
    meaning."""
    if standing.silence == NONE or standing.silence_to is None:
        raise refuse("action_unknown", "action", action=SILENCE, state=state)
    target = workflow.state(standing.silence_to)
    return Transition(state, target.code, SILENCE, target.outcome)


def judge_clock(
    mark: datetime | None, now: datetime, measured: timedelta | None, *, server: datetime | None = None,
    witnessed: bool = True,
) -> str:
    """Whether the clock can be believed. `mark` is the highest instant at which anybody here has looked at it;
    `measured` is how long that was ago by a count that no setting of a clock moves: the process's own, or over its
    restarts the machine's since it was switched on; None where the machine was off. `server` is the database server's
    clock; `witnessed` says that a time server keeps this machine's clock right. Where nothing measured the time,
    nobody witnesses it, and more than an hour and a change of the date in Cairo lie between, a person is asked: a jump
    ahead looks like downtime then, and silence is reckoned in days."""
    if server is not None and abs(server - now) > APART:
        return CLOCKS_DIFFER
    if mark is None:
        return STEADY
    if now < mark - BACKWARD:
        return JUMPED_BACK
    if measured is not None:
        return JUMPED_AHEAD if now - mark - measured > FORWARD else STEADY
    if now - mark > LONGEST_DOWNTIME:
        return LONG_AWAY
    in_doubt = now - mark > FORWARD and cairo_date(now) != cairo_date(mark) and not witnessed
    return UNWITNESSED if in_doubt else STEADY


@dataclass(frozen=True, slots=True)
class Norm:
    """How many acts by silence a day may see before a person is asked, and how that was reckoned."""

    daily: float
    most: int


def norm(history: Iterable[int]) -> Norm:
    """The norm from the numbers of the days before (of NORM_DAYS; days without any count as none)."""
    daily = sum(history) / NORM_DAYS
    return Norm(daily, max(NORM_LEAST, int(daily * NORM_MULTIPLE)))
