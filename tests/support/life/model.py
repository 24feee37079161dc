"""What must hold of one request, told from its definition alone: where it stands, who may act, which steps it took.

Nothing here asks the services. Dates are those of the pure engine (rules.periods) over the model's own marks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from rules import deadlines, periods, waiting
from rules.calendar import Calendar, cairo_date, opens
from rules.deadlines import Mark
from rules.periods import Extension, Standing
from rules.waiting import TimeLimit, Waiting

RUNNING_UNLESS_SAID = ("task", "external", "parallel")


class Step(NamedTuple):
    """One step as the database keeps it."""

    from_state: str | None
    action: str | None
    to_state: str
    branch: str | None
    verdict: str | None


class Desk(NamedTuple):
    """Whose task it is."""

    branch: str | None
    department: str
    role: str


@dataclass
class Wait:
    """A wait that ends by itself. `last_day` is what the applicant was told, and never becomes less; nobody is warned
    `before`."""

    limit: TimeLimit
    since: date
    last_day: date
    warned_on: date | None = None
    before: date = date.min
    extended: int = 0
    times: int = 0

    def dates(self, calendar: Calendar) -> Waiting:
        found = waiting.dates(self.limit, self.since, self.extended, calendar)
        return Waiting(max(found.last_day, self.last_day), found.warn_on)


@dataclass
class Life:
    """The request as it must be. `collected` took its money, `decided` decided what was appealed against: with
    `taken_by` they act in none of its tasks. `dues` counts the versions at which only a date moved."""

    body: Mapping[str, Any]
    id: str
    number: str
    person: str
    taken_by: str
    calendar: Calendar
    state: str
    steps: list[Step] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    actors: list[str] = field(default_factory=list)
    verdicts: dict[str, str] = field(default_factory=dict)
    extensions: list[Extension] = field(default_factory=list)
    collected: set[str] = field(default_factory=set)
    decided: set[str] = field(default_factory=set)
    dues: int = 0
    corrected: int = 0
    due_on: date | None = None
    licence: str | None = None  # its state in the register
    complaint: str | None = None
    asked_at_version: set[int] = field(default_factory=set)
    wait: Wait | None = None
    rated: bool = False

    # -- where it stands ----------------------------------------------------------------------------------------------

    @property
    def states(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.body["workflow"]["states"]
        return found

    @property
    def here(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.states[self.state]
        return found

    @property
    def kind(self) -> str:
        return str(self.here["kind"])

    @property
    def outcome(self) -> str | None:
        return self.here.get("outcome")

    @property
    def version(self) -> int:
        return len(self.steps) + self.dues

    @property
    def desks(self) -> set[Desk]:
        """Whose tasks must be open or held now, and nobody else's."""
        if self.kind in ("task", "external"):
            return {Desk(None, self.here["department"], self.here["role"])}
        return {Desk(one["code"], one["department"], one["role"]) for one in self.here.get("branches", ())
                if one["code"] not in self.verdicts}

    def barred(self, account: str) -> bool:
        """Whether the account may act in none of its tasks (a declared relation beside)."""
        return account == self.taken_by or account in self.collected | self.decided

    def actions(self, branch: str | None) -> list[Mapping[str, Any]]:
        """What the holder of a task, or the applicant, may do here."""
        if branch is None:
            return list(self.here.get("actions", ()))
        return next(list(one["actions"]) for one in self.here["branches"] if one["code"] == branch)

    def within_the_graph(self) -> bool:
        return within_the_graph(self.body["workflow"], self.body["period"], self.steps)

    # -- what becomes of it -------------------------------------------------------------------------------------------

    def lead(self, action: str | None, to: str, actor: str, at: datetime, now: datetime, *, branch: str | None = None,
             verdict: str | None = None, out_of: str | None = None) -> None:
        """It takes a step. A verdict of a branch that is not the last leaves it where it is."""
        self.steps.append(Step(out_of or (self.state if self.steps else None), action, to, branch, verdict))
        self.actors.append(actor)
        if verdict is not None and to == self.state:
            self.verdicts[str(branch)] = verdict
            return
        self.state, self.verdicts = to, {}
        at = max([min(at, now), *([self.last] if self.marks else [])])
        self.marks.append(Mark(at, self._clock(), to))
        self.last = at
        self._begin_to_wait(now)
        if self.kind == "end":
            self.licence = "in_force" if self.here.get("output") else self.licence
        else:
            self.reckon(now)

    last: datetime = field(init=False)

    def _begin_to_wait(self, now: datetime) -> None:
        self.wait, said = None, self.here.get("time_limit")
        if said:
            limit, today = TimeLimit(said["days"], said["kind"], said.get("extension")), cairo_date(now)
            self.wait = Wait(limit, today, waiting.dates(limit, today, 0, self.calendar).last_day)

    def a_day_of_waiting(self, today: date) -> datetime | None:
        """What a sweep makes of the wait: nothing, a warning, or its end, and then since when."""
        if self.wait is None:
            return None
        found, warned_on = self.wait.dates(self.calendar), self.wait.warned_on
        if today > found.last_day and (self.kind != "applicant" or (warned_on is not None and warned_on < today)):
            return max([opens(found.over_on)] + ([opens(warned_on + timedelta(days=1))] if warned_on else []))
        if self.kind == "applicant" and warned_on is None and today >= max(found.warn_on, self.wait.before):
            self.wait.warned_on = today
        self.wait.last_day = found.last_day
        return None

    def answer(self, branch: str, action: Mapping[str, Any]) -> str:
        """Where an action of a branch leads."""
        if "to" in action:
            return str(action["to"])
        said = {**self.verdicts, branch: action["verdict"]}
        if len(said) < len(self.here["branches"]):
            return self.state
        agreed = set(said.values()) == {"favourable"}
        return str(self.here["join"]["favourable" if agreed else "unfavourable"])

    def withdrawn_to(self) -> str | None:
        """Where taking it back leads from here."""
        if self.kind == "end":
            return None
        return next((code for code, one in self.states.items() if one.get("outcome") == "withdrawn"), None)

    def deciders(self) -> set[str]:
        """Who decided so far: at a desk whose purpose that is, or by ending it."""
        return {actor for step, actor in zip(self.steps, self.actors, strict=True) if step.action is not None
                and (self.states[str(step.from_state)].get("purpose") == "decision"
                     or self.states[step.to_state]["kind"] == "end")}

    # -- periods ------------------------------------------------------------------------------------------------------

    def standing(self, now: datetime) -> Standing:
        """Where the period of the whole stands."""
        ended = self.marks[-1].at if self.outcome else None
        found = periods.standings(self.body, self.marks, cairo_date(now), self.calendar, self.extensions, ended)
        return next(one for one in found if one.code == periods.WHOLE)

    def reckon(self, now: datetime) -> None:
        self.due_on = self.standing(now).deadline.due_on

    def _clock(self) -> str:
        said = self.here.get("clock") or ("running" if self.kind in RUNNING_UNLESS_SAID else "stopped")
        return deadlines.STOPPED if self.kind == "end" else str(said)


def edges(workflow: Mapping[str, Any], period: Mapping[str, Any]) -> Iterator[tuple[str | None, str | None, str, Any]]:
    """(from, action, to, branch) of every step that any request of a service may ever take, but opening again: that
    leads from an end back to the state from which it was reached."""
    yield None, None, workflow["initial"], None
    states = workflow["states"]
    gone = next((code for code, one in states.items() if one.get("outcome") == "withdrawn"), None)
    for code, one in states.items():
        for action in one.get("actions", ()):
            yield code, action["code"], action["to"], None
        for branch in one.get("branches", ()):
            for action in branch["actions"]:
                for to in {action["to"]} if "to" in action else {code, *one["join"].values()}:
                    yield code, action["code"], to, branch["code"]
        if one["kind"] == "payment":
            yield code, "paid", one["next"], None
        if one.get("expired"):
            yield code, "expired", one["expired"], None
        if one.get("outcome") == "rejected" and workflow.get("appeal"):
            yield code, "appealed", workflow["appeal"]["state"], None
        if one["kind"] != "end":
            if period.get("silence_to"):
                yield code, "silence", period["silence_to"], None
            if gone:
                yield code, "withdraw", gone, None


def within_the_graph(workflow: Mapping[str, Any], period: Mapping[str, Any], steps: Sequence[Step]) -> bool:
    """Whether every step is one that the graph has."""
    allowed = set(edges(workflow, period))
    return all(step[:4] in allowed or (before is not None and _reopens(before, step))
               for before, step in zip([None, *steps], steps, strict=False))


def _reopens(ending: Step, step: Step) -> bool:
    return step.action == "reopen" and (step.from_state, step.to_state) == (ending.to_state, ending.from_state)
