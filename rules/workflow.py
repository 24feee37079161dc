"""The path of a request as data: states, the actions that lead on, who holds each. Checked before it is published,
walked one step at a time, printed as a graph.

Kinds of state: `task` (a department's role acts), `payment` (waits for the bill of `stage`; `next` once paid,
`expired` if the bill lapsed), `applicant` (waits for the applicant; `expired` if given up on), `end`.
Where the state has `next` or `expired`, the system's actions `paid` and `expired` exist beside the written ones.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from rules import forms
from rules import roles as roles_file
from rules.refusal import Fault, Refusal, refuse

KINDS = ("task", "payment", "applicant", "end")
OUTCOMES = ("approved", "rejected", "withdrawn", "lapsed")
PAID, EXPIRED = "paid", "expired"
REASON = "reason"
SYSTEM_NAMES = {PAID: {"ar": "تم السداد", "en": "Paid"}, EXPIRED: {"ar": "انقضت المهلة", "en": "Time ran out"}}


@dataclass(frozen=True, slots=True)
class Action:
    """A way out of a state. `requires` names inputs of the workflow, or `reason`. `by_system`: paid and expired."""

    code: str
    name: dict[str, str]
    to: str
    requires: tuple[str, ...] = ()
    by_system: bool = False


@dataclass(frozen=True, slots=True)
class State:
    """One place where a request may stand. `clock` says whether the statutory period runs there; `target` is the
    department's own {days, kind}."""

    code: str
    kind: str
    name: dict[str, str]
    clock: str
    actions: tuple[Action, ...] = ()
    department: str | None = None
    role: str | None = None
    target: dict[str, Any] | None = None
    stage: str | None = None
    next: str | None = None
    expired: str | None = None
    outcome: str | None = None
    output: str | None = None

    @property
    def exits(self) -> tuple[Action, ...]:
        """Every way out: the written actions and the system's."""
        system = tuple(Action(code, SYSTEM_NAMES[code], to, by_system=True)
                       for code, to in ((PAID, self.next), (EXPIRED, self.expired)) if to is not None)
        return self.actions + system

    def action(self, code: str) -> Action | None:
        return next((action for action in self.exits if action.code == code), None)


@dataclass(frozen=True, slots=True)
class Transition:
    """One step taken. `from_state` and `action` are None for the start; `outcome` is set when `to_state` is an end.
    `inputs` are the cleaned inputs of the action."""

    from_state: str | None
    to_state: str
    action: str | None
    outcome: str | None = None
    inputs: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Workflow:
    """The states of a service by code. `inputs` are form fields (rules.forms) that actions may require."""

    initial: str
    states: Mapping[str, State]
    inputs: tuple[Mapping[str, Any], ...] = ()

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> Workflow:
        """Read the workflow of a definition. Refuses workflow_malformed where it lacks the shape; whether it leads
        anywhere is for `check`."""
        try:
            states = {code: _state(code, state) for code, state in data["states"].items()}
            return cls(str(data["initial"]), states, tuple(data.get("inputs") or ()))
        except (KeyError, TypeError, AttributeError) as error:
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
             reason: str | None = None) -> Transition:
        """The step that `action` takes from `state`. Refuses action_unknown (also for anything after an end),
        reason_required, input_required, and what rules.forms refuses of the inputs given (`inputs/<name>`). Who may
        act is not judged here."""
        chosen = self.state(state).action(action)
        if chosen is None:
            raise refuse("action_unknown", "action", action=action, state=state)
        cleaned = self._inputs_of(chosen, inputs or {}, reason)
        target = self.state(chosen.to)
        return Transition(state, target.code, action, target.outcome, cleaned)

    def _inputs_of(self, action: Action, given: Mapping[str, Any], reason: str | None) -> dict[str, Any]:
        faults: list[Fault] = []
        if REASON in action.requires and not any(character.isalnum() for character in reason or ""):
            faults.append(Fault("reason_required", "reason"))
        described = {one["name"]: one for one in self.inputs}
        form = [{**described[name], "required": True} for name in action.requires if name != REASON]
        cleaned: dict[str, Any] = {}
        try:
            cleaned = forms.validate(form, given, "inputs")
        except Refusal as refusal:
            faults += [_input_required(fault, described) for fault in refusal.faults]
        if faults:
            raise Refusal(faults)
        return cleaned


def _input_required(fault: Fault, described: Mapping[str, Mapping[str, Any]]) -> Fault:
    if fault.code != "field_required" or fault.field is None:
        return fault
    name = fault.field.rpartition("/")[2]
    label = described[name]["label"]
    return Fault("input_required", fault.field, {"name": name, "name_ar": label["ar"], "name_en": label["en"]})


def _state(code: str, data: Mapping[str, Any]) -> State:
    kind = data["kind"]
    actions = tuple(Action(action["code"], dict(action["name"]), action["to"], tuple(action.get("requires") or ()))
                    for action in data.get("actions") or ())
    clock = data.get("clock") or ("running" if kind == "task" else "stopped")
    return State(code, kind, dict(data["name"]), clock, actions, **{
        key: data.get(key)
        for key in ("department", "role", "target", "stage", "next", "expired", "outcome", "output")})


def check(workflow: Workflow, fee_stages: Collection[str], roles: Collection[str],
          departments: Collection[str] | None = None) -> list[Fault]:
    """Everything that is wrong with a workflow, at `workflow/…`; empty when every request that enters it can reach an
    end, every fee is collected somewhere, and every task has somebody to do it. Without `departments`, those of
    roles.yaml."""
    departments = roles_file.load().departments if departments is None else departments
    faults = []
    if workflow.initial not in workflow.states:
        faults.append(Fault("workflow_initial_unknown", "workflow/initial", {"state": workflow.initial}))
    elif workflow.states[workflow.initial].kind == "end":
        faults.append(Fault("workflow_initial_is_end", "workflow/initial", {"state": workflow.initial}))
    input_names = {one["name"] for one in workflow.inputs} | {REASON}
    for state in workflow.states.values():
        faults += _check_exits(state, workflow, input_names)
        faults += _check_kind(state, fee_stages, roles, departments)
    collected = {state.stage for state in workflow.states.values() if state.kind == "payment"}
    faults += [Fault("workflow_stage_never_collected", "workflow/states", {"stage": stage})
               for stage in sorted(set(fee_stages) - collected)]
    return faults + _check_graph(workflow)


def _check_exits(state: State, workflow: Workflow, input_names: Collection[str]) -> list[Fault]:
    where = f"workflow/states/{state.code}"
    faults = [Fault("workflow_target_unknown", f"{where}/actions/{exit_.code}", {"state": exit_.to})
              for exit_ in state.exits if exit_.to not in workflow.states]
    codes = [exit_.code for exit_ in state.exits]
    faults += [Fault("workflow_action_twice", f"{where}/actions/{code}", {"action": code})
               for code in sorted({code for code in codes if codes.count(code) > 1})]
    faults += [Fault("workflow_input_undefined", f"{where}/actions/{action.code}", {"name": name})
               for action in state.actions for name in action.requires if name not in input_names]
    if state.kind == "end" and codes:
        faults.append(Fault("workflow_end_has_exit", where, {"state": state.code}))
    if state.kind != "end" and not codes:
        faults.append(Fault("workflow_dead_end", where, {"state": state.code}))
    return faults


def _check_kind(state: State, fee_stages: Collection[str], roles: Collection[str],
                departments: Collection[str]) -> list[Fault]:
    where, faults = f"workflow/states/{state.code}", []

    def wrong(code: str, part: str, **params: Any) -> None:
        faults.append(Fault(code, f"{where}/{part}" if part else where, {"state": state.code, **params}))

    if state.kind not in KINDS:
        wrong("workflow_kind_unknown", "kind", kind=state.kind)
    if state.kind == "task":
        if state.role not in roles:
            wrong("workflow_role_undefined", "role", role=state.role)
        if state.department not in departments:
            wrong("workflow_department_undefined", "department", department=state.department)
    elif state.clock == "running":
        wrong("workflow_clock_runs_while_waiting", "clock")  # it stops while the file waits for the citizen
    if state.kind == "payment":
        if state.stage not in fee_stages:
            wrong("workflow_payment_without_fees", "stage", stage=state.stage)
        if state.next is None:
            wrong("workflow_payment_without_next", "next")
    elif state.stage is not None or state.next is not None:
        wrong("workflow_payment_only", "stage")
    if state.kind in ("task", "end") and state.expired is not None:
        wrong("workflow_payment_only", "expired")
    if state.kind == "end" and state.outcome not in OUTCOMES:
        wrong("workflow_outcome_unknown", "outcome", outcome=state.outcome)
    if state.kind != "end" and (state.outcome is not None or state.output is not None):
        wrong("workflow_end_only", "outcome")
    return faults


def _check_graph(workflow: Workflow) -> list[Fault]:
    ahead = {code: {exit_.to for exit_ in state.exits} for code, state in workflow.states.items()}
    behind: dict[str, set[str]] = {code: set() for code in workflow.states}
    for code, targets in ahead.items():
        for target in targets & behind.keys():
            behind[target].add(code)
    reached = _spread({workflow.initial} & ahead.keys(), ahead)
    ending = _spread({code for code, state in workflow.states.items() if state.kind == "end"}, behind)
    return ([Fault("workflow_unreachable", f"workflow/states/{code}", {"state": code})
             for code in workflow.states if code not in reached]
            + [Fault("workflow_end_unreachable", f"workflow/states/{code}", {"state": code})
               for code in workflow.states if code not in ending])


def _spread(start: Iterable[str], edges: Mapping[str, set[str]]) -> set[str]:
    reached, ahead = set(start), list(start)
    while ahead:
        for code in edges.get(ahead.pop(), set()) - reached:
            reached.add(code)
            ahead.append(code)
    return reached


def mermaid(workflow: Workflow, language: str = "ar", current: str | None = None) -> str:
    """The workflow as a Mermaid state diagram, names in `ar` or `en`, the current state (if any) marked."""
    lines = ["stateDiagram-v2", "    direction TB"]
    ids = {code: f"s{index}" for index, code in enumerate(workflow.states)}
    lines += [f'    state "{_label(state.name, language)}" as {ids[code]}' for code, state in workflow.states.items()]
    if workflow.initial in ids:
        lines.append(f"    [*] --> {ids[workflow.initial]}")
    for code, state in workflow.states.items():
        lines += [f"    {ids[code]} --> {ids[exit_.to]}: {_label(exit_.name, language)}"
                  for exit_ in state.exits if exit_.to in ids]
        if state.kind == "end":
            lines.append(f"    {ids[code]} --> [*]")
    if current in ids:
        lines += ["    classDef current stroke-width:4px,font-weight:bold", f"    class {ids[current]} current"]
    return "\n".join(lines) + "\n"


def _label(name: Mapping[str, str], language: str) -> str:
    """A name that cannot break out of its place in the diagram."""
    text = name.get(language) or name["ar"]
    return " ".join("".join(char for char in text if char not in '"#;:{}[]<>`%|\\').split())
