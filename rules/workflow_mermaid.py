"""The workflow as a graph in Mermaid's language."""

from __future__ import annotations

from collections.abc import Mapping

from rules.workflow_model import Action, State, Workflow


def mermaid(workflow: Workflow, language: str = "ar", current: str | None = None) -> str:
    """The workflow as a Mermaid state diagram, names in `ar` or `en`, the current state (if any) marked. A parallel
    state is drawn with its branches inside, side by side."""
    lines = ["stateDiagram-v2", "    direction TB"]
    ids = {code: f"s{index}" for index, code in enumerate(workflow.states)}
    for code, state in workflow.states.items():
        lines += _declared(state, ids[code], language)
    if workflow.initial in ids:
        lines.append(f"    [*] --> {ids[workflow.initial]}")
    for code, state in workflow.states.items():
        lines += [f"    {ids[code]} --> {ids[exit_.to]}: {_way(exit_, state, language)}"
                  for exit_ in state.exits if exit_.to in ids]
        if state.kind == "end":
            lines.append(f"    {ids[code]} --> [*]")
    if current in ids:
        lines += ["    classDef current stroke-width:4px,font-weight:bold", f"    class {ids[current]} current"]
    return "\n".join(lines) + "\n"


def _declared(state: State, name: str, language: str) -> list[str]:
    head = f'    state "{_label(state.name, language)}" as {name}'
    if not state.branches:
        return [head]
    lines = [head + " {"]
    for index, branch in enumerate(state.branches):
        lines += ["        --"] if index else []
        lines.append(f'        state "{_label(branch.name, language)}" as {name}b{index}')
    return [*lines, "    }"]


def _way(exit_: Action, state: State, language: str) -> str:
    branch = state.branch(exit_.branch) if exit_.branch else None
    label = _label(exit_.name, language)
    return f"{label} ({_label(branch.name, language)})" if branch else label


def _label(name: Mapping[str, str], language: str) -> str:
    """A name that cannot break out of its place in the diagram."""
    text = name.get(language) or name["ar"]
    return " ".join("".join(char for char in text if char not in '"#;:{}[]<>`%|\\').split())
