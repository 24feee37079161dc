"""What may not be published as a workflow: everything that is wrong with it, at once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from rules import roles as roles_file
from rules.refusal import Fault
from rules.waiting import WAITING
from rules.workflow_model import (
    APPEALED,
    FAVOURABLE,
    JOINED,
    KINDS,
    LEGAL_REASON,
    OBJECTED,
    OUTCOMES,
    PURPOSES,
    REASON,
    UNFAVOURABLE,
    VERDICTS,
    Branch,
    State,
    Workflow,
)

_HELD = ("task", "external")  # kinds of state that a department holds


def check(workflow: Workflow, fee_stages: Collection[str], roles: Collection[str],
          departments: Collection[str] | None = None, bodies: Collection[str] = (),
          overseers: Collection[str] | None = None) -> list[Fault]:
    """Everything that is wrong with a workflow, at `workflow/…`; empty when every request that enters it can reach an
    end from wherever it gets, every fee is collected somewhere, and every task has somebody to do it. `roles` do tasks,
    `overseers` may be told of late ones; `bodies` are the external bodies of the definition. Without `departments` and
    `overseers`, those of roles.yaml."""
    known = _Known(fee_stages, roles, roles_file.load().departments if departments is None else departments, bodies,
                   _staff() if overseers is None else overseers)
    faults = []
    if workflow.initial not in workflow.states:
        faults.append(Fault("workflow_initial_unknown", "workflow/initial", {"state": workflow.initial}))
    elif workflow.states[workflow.initial].kind == "end":
        faults.append(Fault("workflow_initial_is_end", "workflow/initial", {"state": workflow.initial}))
    input_names = {one["name"] for one in workflow.inputs} | {REASON} | ({LEGAL_REASON} if workflow.reasons else set())
    for state in workflow.states.values():
        faults += _check_exits(state, workflow, input_names)
        faults += _Judge(state, known).faults()
    collected = {state.stage for state in workflow.states.values() if state.kind == "payment"}
    faults += [Fault("workflow_stage_never_collected", "workflow/states", {"stage": stage})
               for stage in sorted(set(fee_stages) - collected)]
    return (faults + _check_reasons(workflow) + _check_appeal(workflow) + _check_bodies(workflow, bodies)
            + _check_graph(workflow))


def _staff() -> set[str]:
    return {code for code, role in roles_file.load().roles.items() if role.staff}


class _Known:
    def __init__(self, stages: Collection[str], roles: Collection[str], departments: Collection[str],
                 bodies: Collection[str], overseers: Collection[str]) -> None:
        self.stages, self.roles, self.departments = stages, roles, departments
        self.bodies, self.overseers = bodies, {*overseers, *roles}


def _check_exits(state: State, workflow: Workflow, input_names: Collection[str]) -> list[Fault]:
    where = f"workflow/states/{state.code}"
    places = {JOINED: f"{where}/join/favourable", OBJECTED: f"{where}/join/unfavourable",
              APPEALED: "workflow/appeal/state"}
    faults = [Fault("workflow_target_unknown", _place(where, exit_.code, exit_.branch, places), {"state": exit_.to})
              for exit_ in state.exits if exit_.to not in workflow.states]
    codes = [exit_.code for exit_ in state.exits if exit_.branch is None]
    faults += [Fault("workflow_action_twice", f"{where}/actions/{code}", {"action": code}) for code in _twice(codes)]
    faults += [Fault("workflow_input_undefined", f"{where}/actions/{action.code}", {"name": name})
               for action in state.actions for name in action.requires if name not in input_names]
    for branch in state.branches:
        at = f"{where}/branches/{branch.code}/actions"
        faults += [Fault("workflow_action_twice", f"{at}/{code}", {"action": code})
                   for code in _twice([action.code for action in branch.actions])]
        faults += [Fault("workflow_input_undefined", f"{at}/{action.code}", {"name": name})
                   for action in branch.actions for name in action.requires if name not in input_names]
    if state.kind == "end" and any(exit_.code != APPEALED for exit_ in state.exits):
        faults.append(Fault("workflow_end_has_exit", where, {"state": state.code}))
    if state.kind != "end" and not state.exits:
        faults.append(Fault("workflow_dead_end", where, {"state": state.code}))
    return faults


def _place(where: str, code: str, branch: str | None, places: Mapping[str, str]) -> str:
    if branch is not None:
        return f"{where}/branches/{branch}/actions/{code}"
    return places.get(code, f"{where}/actions/{code}")


def _twice(codes: list[str]) -> list[str]:
    return sorted({code for code in codes if codes.count(code) > 1})


class _Judge:
    """One state against its kind: what it must have, and what has no place in it."""

    def __init__(self, state: State, known: _Known) -> None:
        self._state, self._known = state, known
        self._where = f"workflow/states/{state.code}"
        self._found: list[Fault] = []

    def faults(self) -> list[Fault]:
        state = self._state
        if state.kind not in KINDS:
            self._wrong("workflow_kind_unknown", "kind", kind=state.kind)
        if state.kind in _HELD:
            self._held(state, "")
        elif state.clock == "running" and state.kind != "parallel":
            self._wrong("workflow_clock_runs_while_waiting", "clock")  # it stops while the file waits for the citizen
        if state.kind == "external" and state.body is None:
            self._wrong("workflow_body_undefined", "body", body=state.body)
        self._payment(state)
        self._waiting(state)
        if state.kind == "end" and state.outcome not in OUTCOMES:
            self._wrong("workflow_outcome_unknown", "outcome", outcome=state.outcome)
        if state.kind != "end" and (state.outcome is not None or state.output is not None):
            self._wrong("workflow_end_only", "outcome")
        self._out_of_place(state)
        if state.kind == "parallel":
            self._parallel(state)
        return self._found

    def _wrong(self, code: str, part: str, **params: Any) -> None:
        self._found.append(Fault(code, f"{self._where}/{part}".rstrip("/"), {"state": self._state.code, **params}))

    def _held(self, holder: State | Branch, at: str) -> None:
        if holder.role not in self._known.roles:
            self._wrong("workflow_role_undefined", f"{at}role", role=holder.role)
        if holder.department not in self._known.departments:
            self._wrong("workflow_department_undefined", f"{at}department", department=holder.department)
        if holder.body is not None and holder.body not in self._known.bodies:
            self._wrong("workflow_body_undefined", f"{at}body", body=holder.body)
        if holder.purpose is not None and holder.purpose not in PURPOSES:
            self._wrong("workflow_key_out_of_place", f"{at}purpose", key="purpose")
        if holder.escalation is not None:
            role = holder.escalation.get("role")
            if role not in self._known.overseers:
                self._wrong("workflow_role_undefined", f"{at}escalation/role", role=role)
            if holder.target is None:
                self._wrong("workflow_escalation_without_target", f"{at}escalation")

    def _payment(self, state: State) -> None:
        if state.kind == "payment":
            if state.stage not in self._known.stages:
                self._wrong("workflow_payment_without_fees", "stage", stage=state.stage)
            if state.next is None:
                self._wrong("workflow_payment_without_next", "next")
        elif state.stage is not None or state.next is not None:
            self._wrong("workflow_payment_only", "stage")
        if state.kind not in ("payment", *WAITING) and state.expired is not None:
            self._wrong("workflow_payment_only", "expired")

    def _waiting(self, state: State) -> None:
        """A wait that may end by itself says when and where to; neither means anything without the other. That of a
        payment ends with its bill."""
        if state.time_limit is not None and state.kind not in WAITING:
            self._wrong("workflow_key_out_of_place", "time_limit", key="time_limit")
        elif state.kind in WAITING and (state.time_limit is None) != (state.expired is None):
            self._wrong("workflow_wait_half_said", "expired" if state.expired is None else "time_limit")

    def _out_of_place(self, state: State) -> None:
        held = state.kind in _HELD
        misplaced = {
            "department": not held, "role": not held, "target": not held, "escalation": not held,
            "body": state.kind != "external", "purpose": state.kind != "task",
            "branches": state.kind != "parallel", "join": state.kind != "parallel",
            "actions": state.kind == "parallel", "shows": not held}
        for key, wrong in misplaced.items():
            if wrong and getattr(state, key):
                self._wrong("workflow_key_out_of_place", key, key=key)

    def _parallel(self, state: State) -> None:
        if len(state.branches) < 2:
            self._wrong("workflow_branches_missing", "branches")
        for code in _twice([branch.code for branch in state.branches]):
            self._wrong("workflow_branch_twice", f"branches/{code}", branch=code)
        for branch in state.branches:
            self._branch(branch)
        objected = any(action.verdict == UNFAVOURABLE for branch in state.branches for action in branch.actions)
        join = state.join or {}
        if join.get(FAVOURABLE) is None:
            self._wrong("workflow_join_missing", "join/favourable", verdict=FAVOURABLE)
        if objected != (join.get(UNFAVOURABLE) is not None):
            self._wrong("workflow_join_missing" if objected else "workflow_join_unused", "join/unfavourable",
                        verdict=UNFAVOURABLE)
        for exit_ in state.exits:  # coming back to where one stands would look like waiting for the others
            if exit_.to == state.code:
                self._wrong("workflow_parallel_leads_to_itself", "join" if exit_.branch is None else
                            f"branches/{exit_.branch}/actions/{exit_.code}")

    def _branch(self, branch: Branch) -> None:
        at = f"branches/{branch.code}"
        self._held(branch, f"{at}/")
        if all(action.verdict != FAVOURABLE for action in branch.actions):
            self._wrong("workflow_branch_never_favourable", at, branch=branch.code)
        for action in branch.actions:
            if (action.verdict is None) == (action.to is None) or action.verdict not in (None, *VERDICTS):
                self._wrong("workflow_branch_action_unsound", f"{at}/actions/{action.code}", action=action.code)


def _check_reasons(workflow: Workflow) -> list[Fault]:
    codes = [str(reason["code"]) for reason in workflow.reasons]
    faults = [Fault("workflow_reason_twice", f"workflow/reasons/{index}/code", {"reason": code})
              for index, code in enumerate(codes) if codes.count(code) > 1]
    required = {name for state in workflow.states.values() for action in state.actions for name in action.requires}
    required |= {name for state in workflow.states.values() for branch in state.branches for action in branch.actions
                 for name in action.requires}
    if codes and LEGAL_REASON not in required:
        faults.append(Fault("workflow_reasons_unused", "workflow/reasons"))
    return faults


def _check_appeal(workflow: Workflow) -> list[Fault]:
    """An appeal is heard by a department, against some rejection, and may be granted."""
    appeal = workflow.appeal
    if appeal is None:
        return []
    heard = workflow.states.get(appeal.state)
    sound = (heard is not None and heard.kind == "task" and reaches(workflow, appeal.state, "approved")
             and any(state.appeal for state in workflow.states.values()))
    return [] if sound else [Fault("workflow_appeal_unsound", "workflow/appeal/state", {"state": appeal.state})]


def _check_bodies(workflow: Workflow, bodies: Collection[str]) -> list[Fault]:
    asked = {state.body for state in workflow.states.values()} | {
        branch.body for state in workflow.states.values() for branch in state.branches}
    return [Fault("external_body_unused", f"external_bodies/{index}/code", {"body": body})
            for index, body in enumerate(bodies) if body not in asked]


def _check_graph(workflow: Workflow) -> list[Fault]:
    """An edge is a step that the engine can take: once every branch may agree, a join's favourable way is one; its
    other way is one where some branch may object."""
    ahead = {code: {exit_.to for exit_ in state.exits if exit_.code != OBJECTED or not exit_.by_system
                    or _objects(state)} for code, state in workflow.states.items()}
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


def _objects(state: State) -> bool:
    return any(action.verdict == UNFAVOURABLE for branch in state.branches for action in branch.actions)


def reaches(workflow: Workflow, start: str, outcome: str) -> bool:
    """Whether an end of this outcome can be reached from a state, without an appeal."""
    ahead = {code: {exit_.to for exit_ in state.exits if exit_.code != APPEALED}
             for code, state in workflow.states.items()}
    return any(workflow.states[code].outcome == outcome
               for code in _spread({start}, ahead) if code in workflow.states)


def _spread(start: Iterable[str], edges: Mapping[str, set[str]]) -> set[str]:
    reached, ahead = set(start), list(start)
    while ahead:
        for code in edges.get(ahead.pop(), set()) - reached:
            reached.add(code)
            ahead.append(code)
    return reached
