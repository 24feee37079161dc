"""Every service of the guide, walked from the window to its ends along seeded ways."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from math import ceil
from typing import Any

import pytest

from contracts.definition import authoring, load_definition
from rules import conditions, forms
from rules.workflow import LEGAL_REASON, REASON, State, Workflow
from tests.support.requests_ground import EMAIL, GUIDE, NATIONAL_ID, PARTICULARS, PDF, PHONE, Ground, staff

WALKS, STEPS = 8, 200
OPEN = "status IN ('open', 'held')"
PAPERS = {"application/pdf": PDF, "image/jpeg": b"\xff\xd8\xff\xe0" + bytes(100),
          "image/png": b"\x89PNG\r\n\x1a\n" + bytes(100)}
FILES = authoring.files(GUIDE)


@pytest.fixture(scope="module")
def opened(database_url: Callable[..., str]) -> Iterator[Ground]:
    made = Ground(database_url("requests"))
    yield made
    made.close()


def answer(field: Mapping[str, Any], chance: random.Random) -> Any:
    """Something that this field takes."""
    kind, low, high = field["type"], field.get("min"), field.get("max")
    if kind == "date":
        return _day(low, high, chance).isoformat()
    least = ceil(conditions.number(low) or 0) if low is not None else 1
    most = int(conditions.number(high) or 0) if high is not None else least + 90
    number = chance.randint(least, max(least, min(most, least + 90)))
    values = [option["value"] for option in field.get("options") or ()]
    made: dict[str, Callable[[], Any]] = {
        "text": lambda: "نص قصير", "long_text": lambda: "نص", "integer": lambda: number, "decimal": lambda: str(number),
        "choice": lambda: chance.choice(values), "multi_choice": lambda: chance.sample(values, 1),
        "boolean": lambda: chance.random() < 0.5, "national_id": lambda: NATIONAL_ID, "mobile": lambda: PHONE,
        "email": lambda: EMAIL}
    return made[kind]()


def _day(low: str | None, high: str | None, chance: random.Random) -> date:
    first = date.fromisoformat(low) if low else date(2026, 5, 1)
    last = date.fromisoformat(high) if high else first + timedelta(days=60)
    if not low and first > last:
        first = last - timedelta(days=60)
    return first + timedelta(days=chance.randint(0, (last - first).days))


def answers_to(form: list[dict[str, Any]], chance: random.Random) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for field in form:
        if conditions.holds(field.get("when"), given) and (field.get("required") or chance.random() < 0.7):
            given[field["name"]] = answer(field, chance)
    return given


def application(ground: Ground, definition: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    given = answers_to(definition["form"], chance)
    papers = [{"code": paper["code"], "document_id": ground.upload(PAPERS[chance.choice(paper["accepts"])])}
              for paper in forms.required_documents(definition["documents"], given)]
    kind = chance.choice(definition["applicants"])
    return ground.application(papers=(), documents=papers, service_code=definition["code"], answers=given,
                              channel=definition["channels"][0], applicant__kind=kind, **PARTICULARS[kind])


def step(ground: Ground, lodged: dict[str, Any], flow: Workflow, state: State, chance: random.Random) -> str:
    """Take one of the ways out of where the request stands, or let one of several departments act; answers which."""
    if state.branches:
        return branch_step(ground, lodged, flow, state, chance)
    action = chance.choice(state.exits)
    if state.kind == "applicant":
        action = chance.choice(state.actions)
        ground.resubmit(lodged, action=action.code, reason="سبب")
    elif state.kind == "payment":
        ground.hear(ground.bill_event(lodged["request_id"], str(state.stage), action.code))
    else:
        ground.do(staff("somebody", str(state.role), state.department), action.code,
                  inputs=inputs_of(action.requires, flow, chance), reason="سبب قانوني",
                  legal_reason=ground_of(action.requires, flow, chance))
    return action.code


def branch_step(ground: Ground, lodged: dict[str, Any], flow: Workflow, state: State, chance: random.Random) -> str:
    """One of the branches that have not acted yet does."""
    waiting = {row.branch for row in ground.rows(f"SELECT branch FROM task WHERE request_id = :id AND {OPEN}",
                                                 id=lodged["request_id"])}
    desk = chance.choice([branch for branch in state.branches if branch.code in waiting])
    actor = staff("somebody", str(desk.role), desk.department)
    task = ground.next(actor)
    assert task is not None, f"nothing for {desk.code}"
    # Two branches may lie at the same desk: the engine hands out either.
    taken = state.branch(ground.file(actor, task)["branch"])
    assert taken is not None and (taken.department, taken.role) == (desk.department, desk.role)
    action = chance.choice(taken.actions)
    ground.act(actor, task, action.code, inputs=inputs_of(action.requires, flow, chance), reason="سبب قانوني",
               legal_reason=ground_of(action.requires, flow, chance))
    return action.code


def inputs_of(names: tuple[str, ...], flow: Workflow, chance: random.Random) -> dict[str, Any]:
    described = {one["name"]: one for one in flow.inputs}
    return {name: answer(described[name], chance) for name in names if name not in (REASON, LEGAL_REASON)}


def ground_of(names: tuple[str, ...], flow: Workflow, chance: random.Random) -> str | None:
    """A ground in law of the list, where the action must name one."""
    return str(chance.choice(flow.reasons)["code"]) if LEGAL_REASON in names else None


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_way_through_a_service_ends_whole(opened: Ground, path: Any, chance: random.Random) -> None:
    definition = load_definition(authoring.read_file(path))
    opened.publish(definition)
    flow = Workflow.parse(definition["workflow"])
    ended = set()
    for _ in range(WALKS):
        opened.fresh()
        lodged = opened.submit(application(opened, definition, chance))
        taken: list[str] = []
        while flow.state(opened.row(lodged).state).kind != "end":
            assert len(taken) < STEPS, taken
            opened.wait(hours=chance.randint(0, 40))
            state = flow.state(opened.row(lodged).state)
            taken.append(step(opened, lodged, flow, state, chance))
        row, events = opened.row(lodged), opened.events(lodged["request_id"])
        shown = opened.timeline(lodged)
        assert [entry["action"] for entry in shown["entries"]] == [None, *taken]
        assert [event.sequence for event in events] == list(range(1, len(taken) + 2))
        assert row.outcome == flow.state(row.state).outcome == shown["outcome"]
        entered = [entry["state"] for before, entry in zip([None, *shown["entries"]], shown["entries"], strict=False)
                   if entry["branch"] is None or before is None or before["state"] != entry["state"]]
        assert [part["why"] for part in shown["deadline"]] == entered[:-1]
        issued = opened.rows("SELECT serial FROM licence")
        assert [one.serial for one in issued] == ([row.licence_serial] if flow.state(row.state).output else [])
        assert not opened.rows(f"SELECT 1 FROM task WHERE {OPEN}")
        ended.add(row.state)
    assert ended <= {code for code, state in flow.states.items() if state.kind == "end"}
