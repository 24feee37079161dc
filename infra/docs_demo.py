"""The page of the demo's accounts: who plays which part, and which desks each service of the guide goes over."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from contracts.definition import authoring, load_definition
from rules import follow_ups, places, roles
from rules.workflow import Branch, State, Workflow
from services.gateway import demo

GUIDE = Path(__file__).resolve().parent.parent / "services/catalog/guide"
Desk = tuple[str, str]  # department, role
_LEAD = (
    "All have the password `shubbak-demo`, and none of them exists in production. Log in at `/ar/staff`. An account of "
    "a desk is handed the files that lie at that desk, in El Zeitoun (`EG-C-01`); `diwan-head` decides where nobody of "
    "the district may. Inspections after the issue come to the desk of their department when they are due."
)


def page(made: Callable[..., str], table: Callable[[Sequence[str], Iterable[Sequence[str]]], str]) -> str:
    """docs/demo-accounts.md."""
    known = roles.load()
    people = [(f"`{username}`", known.roles[role].name["ar"], name, known.departments[department]["ar"]
               if department else "", "") for username, role, name, department, _ in demo.PEOPLE]
    people += [(f"`{username}`", known.roles[role].name["ar"], name, known.departments[department]["ar"]
                if department else "", _unit(unit) if unit != demo.UNIT else "")
               for username, role, name, unit, department in demo.DESKS]
    by_desk = accounts()
    walked = [(names["ar"], f"`{code}`", ", ".join(f"`{by_desk[desk]}`" for desk in desks))
              for code, names, desks in services()]
    return made("The demo's accounts · حسابات العرض", "`services/gateway/demo.py` and the guide", _LEAD,
                table(("user name", "الدور", "الاسم", "الإدارة", "unit"), people),
                "## Which desks a service goes over", table(("الخدمة", "service", "accounts"), walked))


def accounts() -> dict[Desk, str]:
    """The account that plays each desk."""
    found = {(department, role): username for username, role, _, department, _ in demo.PEOPLE if department}
    return {**{(department, role): username for username, role, _, unit, department in demo.DESKS
               if department and unit == demo.UNIT}, **found}


def services() -> list[tuple[str, dict[str, str], list[Desk]]]:
    """Every service of the guide: code, names, and the desks at which it may have a task, as its states are written."""
    found = []
    for code, raw in sorted(authoring.read_folder(GUIDE).items()):
        definition = load_definition(raw)
        states = [*Workflow.parse(definition["workflow"]).states.values(), *follow_ups.states(definition)]
        holders: list[State | Branch] = [*states, *(branch for state in states for branch in state.branches)]
        desks = [(str(one.department), str(one.role)) for one in holders if one.department]
        found.append((code, dict(definition["name"]), list(dict.fromkeys(desks))))
    return found


def _unit(code: str | None) -> str:
    if code is None:
        return "المحافظة كلها"
    unit = places.unit(code)
    return unit.name_ar if unit else code
