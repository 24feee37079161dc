"""The figures of a lifecycle: what is computed from what was seen, and what the node is given."""

from __future__ import annotations

import random
from typing import Any

from contracts.definition import load_definition
from contracts.requests import Submit
from rules.workflow import Workflow
from tests.load import lifecycle, lifecycle_report, profile
from tests.load.machine import Cpu

SERVICES = ("gateway", "catalog", "requests", "payments", "notifications")


def test_the_service_is_one_task_without_fee_document_and_output() -> None:
    definition = load_definition(lifecycle.definition())
    workflow = Workflow.parse(definition["workflow"])

    start = workflow.state(workflow.start().to_state)

    assert start.kind == "task" and start.department == "licensing"
    assert {workflow.state(action.to).kind for action in start.exits if action.to} == {"end"}
    assert not definition["fees"] and not definition["documents"] and not definition["outputs"]


def test_applications_are_what_the_door_takes_and_drawn_from_the_seed(chance: random.Random) -> None:
    seed = chance.random()
    first, again = (lifecycle.application(random.Random(seed), "EG-C-01") for _ in range(2))

    assert first == again
    assert not Submit().validate(first)


def test_cpu_is_shared_among_the_lifecycles_and_the_world_outside_counts_nowhere() -> None:
    spent = Cpu({**dict.fromkeys(SERVICES, 1.0), "RabbitMQ": 2.0, "PostgreSQL": 3.0, "sandboxes": 50.0})

    each = lifecycle.cpu_each(spent, 1000)

    assert (each["services"], each["all"]) == (5.0, 10.0)


def run(rate: float, p50: float, cpu: float, **busy: float) -> dict[str, Any]:
    return {"per_second": rate, "call": {"p50_ms": p50}, "cores_busy": busy,
            "cpu_ms": {"all": cpu, "by_process": dict.fromkeys(busy, 1.0)}}


def test_slower_is_more_than_one_in_each_figure() -> None:
    assert lifecycle.slower(run(120, 100, 15), run(100, 110, 18)) == {"rate": 1.2, "p50": 1.1, "cpu": 1.2}


def test_what_bounds_a_run_is_said_by_where_the_cores_went() -> None:
    assert "CPU" in lifecycle_report.bound(run(100, 1, 18, requests=0.4, PostgreSQL=0.8, users=0.7))
    assert "requests is one process" in lifecycle_report.bound(run(100, 1, 18, requests=0.97, PostgreSQL=0.2))
    assert "what else the machine did" in lifecycle_report.bound(run(40, 1, 18, requests=0.2, PostgreSQL=0.3))


def test_a_profile_counts_the_top_of_each_stack_and_every_place_in_it_once() -> None:
    stacks = (
        "run (/srv/chassis/service.py:10);read (/srv/chassis/database.py:5);"
        "execute (/x/site-packages/psycopg2/extras.py:1) 6\n"
        "run (/srv/chassis/service.py:11);run (/srv/chassis/service.py:12) 2\n"
        "not a stack\n"
    )

    found = profile.read(stacks)

    assert found["samples"] == 8
    assert found["own"] == {"psycopg2/extras.py execute": 0.75, "chassis/service.py run": 0.25}
    assert found["within"] == {"chassis/service.py run": 1.0, "chassis/database.py read": 0.75}
