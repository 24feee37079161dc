"""Every service of the guide, walked from the window to its ends along seeded ways."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from contracts.definition import authoring, load_definition
from rules import conditions, forms
from rules.workflow import State, Workflow
from tests.support.requests_ground import GUIDE, Ground, staff

WALKS, STEPS = 8, 60
FILES = authoring.files(GUIDE)


@pytest.fixture(scope="module")
def opened(database_url: Callable[..., str]) -> Iterator[Ground]:
    made = Ground(database_url("requests"))
    yield made
    made.close()


def answer(field: Mapping[str, Any], chance: random.Random) -> Any:
    """Something that this field takes."""
    low, high = conditions.number(field.get("min")), conditions.number(field.get("max"))
    least = int(low) if low is not None else 1
    number = chance.randint(least, min(int(high) if high is not None else least + 90, least + 90))
    values = [option["value"] for option in field.get("options") or ()]
    made: dict[str, Callable[[], Any]] = {
        "text": lambda: "نص قصير", "long_text": lambda: "نص", "integer": lambda: number, "decimal": lambda: str(number),
        "choice": lambda: chance.choice(values), "multi_choice": lambda: values[:1], "date": lambda: "2026-05-01",
        "boolean": lambda: chance.random() < 0.5, "national_id": lambda: "28503150101232",
        "mobile": lambda: "01012345678", "email": lambda: "someone@example.org"}
    return made[field["type"]]()


def answers_to(form: list[dict[str, Any]], chance: random.Random) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for field in form:
        if conditions.holds(field.get("when"), given) and (field.get("required") or chance.random() < 0.7):
            given[field["name"]] = answer(field, chance)
    return given


def application(ground: Ground, definition: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    given = answers_to(definition["form"], chance)
    papers = tuple(paper["code"] for paper in forms.required_documents(definition["documents"], given))
    return ground.application(papers=papers, service_code=definition["code"], answers=given,
                              channel=definition["channels"][0], applicant__kind=definition["applicants"][0])


def step(ground: Ground, lodged: dict[str, Any], flow: Workflow, state: State, chance: random.Random) -> str:
    """Take one of the ways out of where the request stands; answers which."""
    action = chance.choice(state.exits)
    if state.kind == "applicant":
        action = chance.choice(state.actions)
        ground.resubmit(lodged, action=action.code, reason="سبب")
    elif state.kind == "payment":
        ground.hear(ground.bill_event(lodged["request_id"], str(state.stage), action.code))
    else:
        described = {one["name"]: one for one in flow.inputs}
        inputs = {name: answer(described[name], chance) for name in action.requires if name != "reason"}
        ground.do(staff("somebody", str(state.role), state.department), action.code, inputs=inputs,
                  reason="سبب قانوني")
    return action.code


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
        assert [part["why"] for part in shown["deadline"]] == [entry["state"] for entry in shown["entries"][:-1]]
        issued = opened.rows("SELECT serial FROM licence")
        assert [one.serial for one in issued] == ([row.licence_serial] if flow.state(row.state).output else [])
        assert not opened.rows("SELECT 1 FROM task WHERE status <> 'done'")
        ended.add(row.state)
    assert ended <= {code for code, state in flow.states.items() if state.kind == "end"}
