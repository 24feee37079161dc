"""Walks through the services of the guide: from the start of a request to each of its ends, by real steps one after
another, with an input of the right kind wherever an action wants one."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import services.catalog
from contracts.definition import load_definition
from contracts.definition.authoring import read_file
from rules import fees, forms
from rules.workflow import FAVOURABLE, LEGAL_REASON, PAID, REASON, UNFAVOURABLE, Branch, Transition, Workflow

GUIDE = Path(services.catalog.__file__).parent / "guide"


@dataclass(frozen=True, slots=True)
class Step:
    """One act on the way: `branch` where a department acts beside others."""

    state: str
    action: str
    branch: str | None = None


Walk = tuple[Step, ...]


def definition_of(code: str) -> dict[str, Any]:
    """The definition of a service of the guide, its bases merged in, loaded as a node loads it."""
    return load_definition(read_file(GUIDE / f"{code}.yaml"))


def walks(definition: Mapping[str, Any]) -> dict[str, Walk]:
    """The shortest walk from the start to each state that can be reached."""
    workflow = Workflow.parse(definition["workflow"])
    found: dict[str, Walk] = {workflow.start().to_state: ()}
    ahead = deque(found)
    while ahead:
        here = ahead.popleft()
        for walk, there in _ways_out(workflow, here):
            if there not in found:
                found[there] = found[here] + walk
                ahead.append(there)
    return found


def usual(definition: Mapping[str, Any]) -> tuple[Walk, str]:
    """The walk of a request that nobody objects to, and its end: bills are paid, departments agree, and everybody takes
    the first action that is offered."""
    workflow = Workflow.parse(definition["workflow"])
    here = workflow.start().to_state
    walk: Walk = ()
    seen: set[str] = set()
    while workflow.state(here).kind != "end":
        assert here not in seen, f"the usual path comes to {here} twice"
        seen.add(here)
        way, here = next(_ways_out(workflow, here))
        walk += way
    return walk, here


def bills(definition: Mapping[str, Any], answers: Mapping[str, Any]) -> dict[str, int]:
    """What an applicant with these answers pays at each payment of the usual path, in piastres."""
    workflow = Workflow.parse(definition["workflow"])
    cleaned = forms.validate(definition["form"], answers)
    return {stage: fees.total(fees.compute(definition["fees"], cleaned, stage))
            for step in usual(definition)[0] if (stage := workflow.state(step.state).stage)}


def _ways_out(workflow: Workflow, code: str) -> Iterator[tuple[Walk, str]]:
    """Each way out of a state that is really taken, the good one first, with the state to which it leads."""
    state = workflow.state(code)
    if state.branches:
        yield from _ways_through_branches(workflow, code)
        return
    exits = sorted(state.exits, key=lambda exit_: exit_.code != PAID) if state.kind == "payment" else state.exits
    for exit_ in exits:
        taken = workflow.act(code, exit_.code, _inputs(workflow, exit_.requires), _reason(exit_.requires),
                             legal_reason=_ground(workflow, exit_.requires))
        yield (Step(code, exit_.code),), taken.to_state


def _ways_through_branches(workflow: Workflow, code: str) -> Iterator[tuple[Walk, str]]:
    branches = workflow.state(code).branches
    yield _joined(workflow, code, objecting=None)
    for branch in branches:
        if _action(branch, UNFAVOURABLE) is not None:
            yield _joined(workflow, code, objecting=branch.code)
        for action in branch.actions:
            if action.to is not None:
                taken = _act(workflow, code, branch, action.code, {})
                yield (Step(code, action.code, branch.code),), taken.to_state


def _joined(workflow: Workflow, code: str, objecting: str | None) -> tuple[Walk, str]:
    """All branches act in turn; the request stays where it is until the last of them has."""
    walk: list[Step] = []
    verdicts: dict[str, Any] = {}
    here = code
    branches = workflow.state(code).branches
    for count, branch in enumerate(branches, start=1):
        action = _action(branch, UNFAVOURABLE if branch.code == objecting else FAVOURABLE)
        assert action is not None, f"{code}/{branch.code} cannot agree"
        taken = _act(workflow, code, branch, action, verdicts)
        assert (taken.joined is None) == (count < len(branches)), f"{code} is left before all branches have acted"
        verdicts[branch.code] = taken.verdict
        walk.append(Step(code, action, branch.code))
        here = taken.to_state
    return tuple(walk), here


def _act(workflow: Workflow, code: str, branch: Branch, action: str, verdicts: Mapping[str, Any]) -> Transition:
    requires = next(one.requires for one in branch.actions if one.code == action)
    return workflow.act(code, action, _inputs(workflow, requires), _reason(requires), branch.code, verdicts,
                        _ground(workflow, requires))


def _action(branch: Branch, verdict: str) -> str | None:
    return next((action.code for action in branch.actions if action.verdict == verdict), None)


def _reason(requires: tuple[str, ...]) -> str | None:
    return "ينقص مستند" if REASON in requires else None


def _ground(workflow: Workflow, requires: tuple[str, ...]) -> str | None:
    return str(workflow.reasons[0]["code"]) if LEGAL_REASON in requires else None


def _inputs(workflow: Workflow, requires: tuple[str, ...]) -> dict[str, Any]:
    described = {one["name"]: one for one in workflow.inputs}
    return {name: _value(described[name]) for name in requires
            if name not in (REASON, LEGAL_REASON)}


def _value(field: Mapping[str, Any]) -> Any:
    kind = field["type"]
    if kind in ("choice", "multi_choice"):
        first = field["options"][0]["value"]
        return [first] if kind == "multi_choice" else first
    return {"integer": field.get("min", 1), "decimal": field.get("min", "1.5"), "boolean": True,
            "date": field.get("min", "2026-11-22")}.get(kind, "نص"[: field.get("max_length", 200)])
