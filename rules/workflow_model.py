"""A workflow as data: states, the actions that lead on, who holds each; and the walk through it, one step at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rules import forms
from rules.refusal import Fault, Refusal, refuse
from rules.waiting import TimeLimit

KINDS = ("task", "payment", "applicant", "end", "external", "parallel")
OUTCOMES = ("approved", "rejected", "withdrawn", "lapsed")
SHOWS = ("name", "contact")  # what of the applicant a step may need
PURPOSES = ("review", "inspection", "decision", "issue")
FAVOURABLE, UNFAVOURABLE = "favourable", "unfavourable"
VERDICTS = (FAVOURABLE, UNFAVOURABLE)
PAID, EXPIRED, JOINED, OBJECTED, APPEALED = "paid", "expired", "joined", "objected", "appealed"
REASON, LEGAL_REASON = "reason", "legal_reason"
SYSTEM_NAMES = {
    PAID: {"ar": "تم السداد", "en": "Paid"}, EXPIRED: {"ar": "انقضت المهلة", "en": "Time ran out"},
    JOINED: {"ar": "اكتملت آراء الجهات بالموافقة", "en": "All agreed"},
    OBJECTED: {"ar": "اكتملت آراء الجهات وفيها اعتراض", "en": "All acted, some objected"},
    APPEALED: {"ar": "تظلم مقدم الطلب", "en": "The applicant appealed"}}


@dataclass(frozen=True, slots=True)
class Action:
    """A way out of a state. `requires` names inputs of the workflow, `reason` (free words) or `legal_reason` (one of
    the workflow's list). `by_system`: paid, expired, joined, objected, appealed. `branch` names the branch whose
    action it is."""

    code: str
    name: dict[str, str]
    to: str
    requires: tuple[str, ...] = ()
    by_system: bool = False
    branch: str | None = None


@dataclass(frozen=True, slots=True)
class BranchAction:
    """What a branch may do: give its `verdict`, or take the whole request out of the parallel state, `to` another."""

    code: str
    name: dict[str, str]
    verdict: str | None = None
    to: str | None = None
    requires: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Branch:
    """One of the departments that act at the same time. `body`: it asks this external body and records the answer."""

    code: str
    name: dict[str, str]
    actions: tuple[BranchAction, ...]
    department: str | None = None
    role: str | None = None
    body: str | None = None
    purpose: str | None = None
    target: dict[str, Any] | None = None
    escalation: dict[str, Any] | None = None
    shows: tuple[str, ...] = ()

    def action(self, code: str) -> BranchAction | None:
        return next((action for action in self.actions if action.code == code), None)


@dataclass(frozen=True, slots=True)
class State:
    """One place where a request may stand. `clock` says whether the statutory period runs there; `target` is the
    department's own {days, kind}, `escalation` {role, after: {days, kind}} counts from the target's end. `purpose` of a
    task: review, inspection, decision or issue. `join` of a parallel state: {favourable, unfavourable}."""

    code: str
    kind: str
    name: dict[str, str]
    clock: str
    actions: tuple[Action, ...] = ()
    branches: tuple[Branch, ...] = ()
    department: str | None = None
    role: str | None = None
    body: str | None = None
    purpose: str | None = None
    target: dict[str, Any] | None = None
    escalation: dict[str, Any] | None = None
    stage: str | None = None
    next: str | None = None
    expired: str | None = None
    time_limit: TimeLimit | None = None  # of a wait: how long, before `expired` follows (rules.waiting)
    join: dict[str, str] | None = None
    outcome: str | None = None
    output: str | None = None
    appeal: str | None = None  # of a rejection: the state that hears an appeal
    shows: tuple[str, ...] = ()  # what of the applicant the step cannot do without: name, contact

    @property
    def exits(self) -> tuple[Action, ...]:
        """Every way out: the written actions, those of the branches that leave, and the system's."""
        join = self.join or {}
        system = ((PAID, self.next), (EXPIRED, self.expired), (JOINED, join.get(FAVOURABLE)),
                  (OBJECTED, join.get(UNFAVOURABLE)), (APPEALED, self.appeal))
        leaving = tuple(Action(action.code, action.name, action.to, action.requires, branch=branch.code)
                        for branch in self.branches for action in branch.actions if action.to is not None)
        return self.actions + leaving + tuple(
            Action(code, SYSTEM_NAMES[code], to, by_system=True) for code, to in system if to is not None)

    def action(self, code: str) -> Action | None:
        """The way out of this code; of a parallel state only the system's, for its branches have their own."""
        return next((action for action in self.exits if action.code == code and action.branch is None), None)

    def branch(self, code: str) -> Branch | None:
        return next((branch for branch in self.branches if branch.code == code), None)


@dataclass(frozen=True, slots=True)
class Transition:
    """One step taken. `from_state` and `action` are None for the start; `outcome` is set when `to_state` is an end.
    `inputs` are the cleaned inputs of the action. In a parallel state `branch` acted with `verdict` (None when its
    action took the request out); `to_state` is still `from_state` until the last branch has acted, and then `joined` is
    the system's action that followed, joined or objected."""

    from_state: str | None
    to_state: str
    action: str | None
    outcome: str | None = None
    inputs: dict[str, Any] = field(default_factory=dict)
    branch: str | None = None
    verdict: str | None = None
    joined: str | None = None
    legal_reason: dict[str, Any] | None = None  # {code, name, legal_basis}, as the list has it


@dataclass(frozen=True, slots=True)
class Appeal:
    """Against a rejection, once, within `days` (calendar or working, rules.appeals); `state` hears it."""

    days: int
    kind: str
    state: str


@dataclass(frozen=True, slots=True)
class Workflow:
    """The states of a service by code. `inputs` are form fields (rules.forms) that actions may require; `reasons` what
    the law knows as grounds of a decision, {code, name, legal_basis} each."""

    initial: str
    states: Mapping[str, State]
    inputs: tuple[Mapping[str, Any], ...] = ()
    reasons: tuple[Mapping[str, Any], ...] = ()
    appeal: Appeal | None = None

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> Workflow:
        """Read the workflow of a definition. Refuses workflow_malformed where it lacks the shape; whether it leads
        anywhere is for `check`."""
        try:
            heard = data.get("appeal")
            appeal = Appeal(int(heard["days"]), heard["kind"], heard["state"]) if heard else None
            states = {code: _state(code, state, appeal) for code, state in data["states"].items()}
            return cls(str(data["initial"]), states, tuple(data.get("inputs") or ()), tuple(data.get("reasons") or ()),
                       appeal)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise refuse("workflow_malformed", "workflow", reason=repr(error)) from error

    def state(self, code: str) -> State:
        """The state of this code. Refuses state_unknown."""
        if code not in self.states:
            raise refuse("state_unknown", "state", state=code)
        return self.states[code]

    def start(self) -> Transition:
        """The first step of a new request: into the initial state."""
        return Transition(None, self.initial, None, self.states[self.initial].outcome)

    def step(self, state: str, action: str, inputs: Mapping[str, Any] | None = None,
             reason: str | None = None, legal_reason: str | None = None) -> Transition:
        """The step that `action` takes from `state`. Refuses action_unknown (also for anything after an end but an
        appeal, and for everything in a parallel state: there a branch acts, see `act`), reason_required,
        legal_reason_required, legal_reason_unknown, input_required, and what rules.forms refuses of the inputs given
        (`inputs/<name>`). Who may act is not judged here."""
        here = self.state(state)
        chosen = here.action(action) if not here.branches else None
        if chosen is None:
            raise refuse("action_unknown", "action", action=action, state=state)
        cleaned, ground = self._given(chosen.requires, inputs or {}, reason, legal_reason)
        target = self.state(chosen.to)
        return Transition(state, target.code, action, target.outcome, cleaned, legal_reason=ground)

    def act(self, state: str, action: str, inputs: Mapping[str, Any] | None = None, reason: str | None = None,
            branch: str | None = None, verdicts: Mapping[str, str] | None = None,
            legal_reason: str | None = None) -> Transition:
        """The step that `action` takes, of a branch where the state is parallel; `verdicts` are those given so far by
        the branches of this stay. Refuses what `step` refuses, branch_unknown (also where the state has no branches,
        and for verdicts of branches that are none), and branch_done where this branch has given its verdict."""
        here = self.state(state)
        if branch is None:
            return self.step(state, action, inputs, reason, legal_reason)
        given = dict(verdicts or {})
        acting = here.branch(branch)
        if acting is None or any(here.branch(code) is None for code in given):
            unknown = branch if acting is None else next(code for code in given if here.branch(code) is None)
            raise refuse("branch_unknown", "branch", branch=unknown, state=state)
        if branch in given:
            raise refuse("branch_done", "branch", branch=branch, state=state)
        chosen = acting.action(action)
        if chosen is None:
            raise refuse("action_unknown", "action", action=action, state=state)
        cleaned, ground = self._given(chosen.requires, inputs or {}, reason, legal_reason)
        if chosen.to is not None:
            target = self.state(chosen.to)
            return Transition(state, target.code, action, target.outcome, cleaned, branch, legal_reason=ground)
        given[branch] = str(chosen.verdict)
        if len(given) < len(here.branches):
            return Transition(state, state, action, None, cleaned, branch, chosen.verdict, legal_reason=ground)
        agreed = all(verdict == FAVOURABLE for verdict in given.values())
        target = self.state((here.join or {})[FAVOURABLE if agreed else UNFAVOURABLE])
        return Transition(state, target.code, action, target.outcome, cleaned, branch, chosen.verdict,
                          JOINED if agreed else OBJECTED, ground)

    def _given(self, requires: tuple[str, ...], given: Mapping[str, Any], reason: str | None,
               legal_reason: str | None) -> tuple[dict[str, Any], dict[str, Any] | None]:
        """The cleaned inputs, and the ground in law as the list has it. One may be named with any action."""
        faults: list[Fault] = []
        ground = next((dict(one) for one in self.reasons if one["code"] == legal_reason), None)
        if legal_reason and ground is None:
            faults.append(Fault("legal_reason_unknown", LEGAL_REASON, {"reason": legal_reason}))
        elif LEGAL_REASON in requires and ground is None:
            faults.append(Fault("legal_reason_required", LEGAL_REASON))
        if REASON in requires and not any(character.isalnum() for character in reason or ""):
            faults.append(Fault("reason_required", "reason"))
        described = {one["name"]: one for one in self.inputs}
        form = [{**described[name], "required": True} for name in requires if name not in (REASON, LEGAL_REASON)]
        cleaned: dict[str, Any] = {}
        try:
            cleaned = forms.validate(form, given, "inputs")
        except Refusal as refusal:
            faults += [_input_required(fault, described) for fault in refusal.faults]
        if faults:
            raise Refusal(faults)
        return cleaned, ground


def _input_required(fault: Fault, described: Mapping[str, Mapping[str, Any]]) -> Fault:
    if fault.code != "field_required" or fault.field is None:
        return fault
    name = fault.field.rpartition("/")[2]
    label = described[name]["label"]
    return Fault("input_required", fault.field, {"name": name, "name_ar": label["ar"], "name_en": label["en"]})


def _state(code: str, data: Mapping[str, Any], appeal: Appeal | None) -> State:
    kind = data["kind"]
    actions = tuple(Action(action["code"], dict(action["name"]), action["to"], tuple(action.get("requires") or ()))
                    for action in data.get("actions") or ())
    # A department's or a body's work is part of the period unless the law stops it; waiting for the citizen is not.
    clock = data.get("clock") or ("running" if kind in ("task", "external", "parallel") else "stopped")
    branches = tuple(_branch(branch) for branch in data.get("branches") or ())
    return State(code, kind, dict(data["name"]), clock, actions, branches, **{
        key: data.get(key)
        for key in ("department", "role", "body", "target", "escalation", "stage", "next", "expired", "join", "outcome",
                    "output")}, purpose=_purpose(kind, data), shows=tuple(data.get("shows") or ()),
        time_limit=_limit(data.get("time_limit")),
        appeal=appeal.state if appeal and kind == "end" and data.get("outcome") == "rejected" else None)


def _limit(data: Mapping[str, Any] | None) -> TimeLimit | None:
    return TimeLimit(data["days"], data["kind"], data.get("extension")) if data else None


def _branch(data: Mapping[str, Any]) -> Branch:
    actions = tuple(BranchAction(action["code"], dict(action["name"]), action.get("verdict"), action.get("to"),
                                 tuple(action.get("requires") or ())) for action in data["actions"])
    return Branch(data["code"], dict(data["name"]), actions, **{
        key: data.get(key) for key in ("department", "role", "body", "target", "escalation")},
        purpose=_purpose("external" if data.get("body") else "task", data), shows=tuple(data.get("shows") or ()))


def _purpose(kind: str, data: Mapping[str, Any]) -> str | None:
    written: str | None = data.get("purpose")
    return written or ("review" if kind == "task" else None)
