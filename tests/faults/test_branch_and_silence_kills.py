"""Services are SIGKILLed, requests above all and in the middle of it, while files lie with three departments at once
and while silence speaks in a whole node: each join once, each silence once, nothing lost, nothing left open.

`SHUBBAK_KILLS` / 3 kills (6 when not said) among `SHUBBAK_CASES` / 4 cases of each service (3 when not said).
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support import aftermath
from tests.support.branch_crowd import (
    BRANCHES,
    SOON_OVER,
    BranchCrowd,
    let_days_pass,
    nobody_answers,
    several_departments,
    the_heads_were_warned_before,
)
from tests.support.life.model import Step, within_the_graph
from tests.support.node import Node

KILLS = int(os.environ.get("SHUBBAK_KILLS", "20")) // 3
CASES = int(os.environ.get("SHUBBAK_CASES", "12")) // 4
GIVE_UP = 240.0

Aftermath = tuple[Node, BranchCrowd, aftermath.Killer]


@pytest.fixture(scope="module")
def lived(seed: int) -> Iterator[Aftermath]:
    """A node on which the crowd has run while its services were being killed, settled again."""
    chance = random.Random(f"{seed}:branches")
    with Node.running({"SHUBBAK_UNCERTAIN_AFTER_SECONDS": "2"}, before=BranchCrowd.before) as node:
        crowd = BranchCrowd(node)
        crowd.employ()
        killer = aftermath.Killer(node, chance, KILLS, lambda: verdicts_and_silences(node))
        killer.start()
        while (killer.kills < KILLS or not crowd.done) and not crowd.failures and killer.error is None:
            crowd.run(CASES, CASES, chance, lambda: time_passes(node))
        killer.stop()
        assert crowd.failures == [], (crowd.failures, silence_waits_for(node))
        aftermath.settle(node)
        yield node, crowd, killer


def verdicts_and_silences(node: Node) -> Any:
    """What the killer watches: a branch has spoken, or silence has."""
    return node.sql("requests", "SELECT count(*) AS n FROM step WHERE verdict IS NOT NULL OR action = 'silence'")[0].n


def time_passes(node: Node) -> None:
    """The period of those whom nobody answers ends; their heads are warned; a day later silence may speak."""
    let_days_pass(node, nobody_answers()["code"], 2 * SOON_OVER)
    ends = time.monotonic() + GIVE_UP
    while not_warned(node):  # by the sweep
        assert time.monotonic() < ends, "nobody was warned"
        time.sleep(0.1)
    the_heads_were_warned_before(node)


def not_warned(node: Node) -> list[Any]:
    return node.sql("requests", "SELECT id FROM request WHERE service_code = %s AND state = 'review' AND id NOT IN "
                                "(SELECT request_id FROM warning WHERE level = 'silence_near')",
                    nobody_answers()["code"])


def silence_waits_for(node: Node) -> list[Any]:
    """What may keep silence from speaking: facts that are owed, how far others told, who was warned, what is asked."""
    return [node.sql("requests", statement) for statement in (
        "SELECT subscription, state, error, left(convert_from(body, 'UTF8'), 200) FROM inbox WHERE state <> 'done'",
        "SELECT * FROM heard", "SELECT * FROM due_sweep", "SELECT * FROM organisation_stamp, silence_clock",
        "SELECT kind, facts, decision FROM silence_review",
        "SELECT state, judge_on, silence_on, version FROM request WHERE outcome IS NULL",
        "SELECT request_id, period, level, allowance, at FROM warning")]


def steps(node: Node, code: str) -> dict[str, list[Step]]:
    found: dict[str, list[Step]] = {}
    for row in node.sql(
            "requests", "SELECT tracking_number, from_state, action, to_state, branch, verdict FROM step JOIN request "
            "ON request.id = request_id WHERE service_code = %s ORDER BY request_id, sequence", code):
        found.setdefault(row.tracking_number, []).append(Step(*row[1:]))
    return found


def test_it_was_killed_in_the_middle(lived: Aftermath) -> None:
    _, _, killer = lived
    assert killer.kills >= KILLS and killer.killed["requests"] >= KILLS // 2
    assert killer.aimed >= max(1, KILLS // 10)


def test_every_request_came_to_its_end_and_none_twice(lived: Aftermath) -> None:
    node, crowd, _ = lived
    assert crowd.failures == []
    accepted = sorted(number for numbers in crowd.accepted.values() for number in numbers)
    assert sorted(told.split()[1] for told in crowd.done) == accepted
    assert [row.tracking_number for row in node.sql(
        "requests", "SELECT tracking_number FROM request ORDER BY tracking_number")] == accepted


@pytest.mark.parametrize("service", [several_departments, nobody_answers])
def test_no_step_was_taken_outside_the_graph(lived: Aftermath, service: Any) -> None:
    node, _, _ = lived
    definition = service()
    for number, taken in steps(node, definition["code"]).items():
        assert within_the_graph(definition["workflow"], definition["period"], taken), (number, taken)


def test_every_stay_before_the_departments_joined_once_or_was_left(lived: Aftermath) -> None:
    """The verdicts of one stay are of different branches; with the last one it joins, and never again."""
    node, _, _ = lived
    for number, taken in steps(node, several_departments()["code"]).items():
        stays: list[list[Step]] = []
        for one in taken:
            if one.to_state == "departments" and one.branch is None:
                stays.append([])
            elif one.from_state == "departments":
                stays[-1].append(one)
        for stay in stays:
            said, left = [one for one in stay if one.verdict], [one for one in stay if one.to_state != "departments"]
            assert len({one.branch for one in said}) == len(said), (number, stay)
            assert left == stay[-1:], (number, stay)
            joined = stay[-1].verdict is not None
            assert (len(said) == BRANCHES) is joined, (number, stay)
            if joined:
                agreed = all(one.verdict == "favourable" for one in said)
                assert stay[-1].to_state == ("decision" if agreed else "objections")
        assert stays


def test_no_answer_of_a_desk_was_lost_and_none_counted_twice(lived: Aftermath) -> None:
    node, crowd, _ = lived
    kept = Counter((row.tracking_number, row.branch, row.action) for row in node.sql(
        "requests", "SELECT tracking_number, branch, action FROM step JOIN request ON request.id = request_id "
                    "WHERE step.department IS NOT NULL"))
    assert kept == crowd.answered


def test_silence_spoke_once_for_each_with_its_document_once(lived: Aftermath) -> None:
    node, crowd, _ = lived
    rows = node.sql(
        "requests", "SELECT (SELECT count(*) FROM deemed WHERE request_id = request.id) AS documents, "
        "(SELECT count(*) FROM step WHERE request_id = request.id AND action = 'silence') AS steps, "
        "(SELECT count(*) FROM audit WHERE subject = request.id::text AND action = 'silence.took_effect') AS audited, "
        "outcome FROM request WHERE service_code = %s", nobody_answers()["code"])
    assert {tuple(row) for row in rows} == {(1, 1, 1, "approved")}
    assert len(rows) == len(crowd.accepted["silent"])
    [told] = node.sql("requests", "SELECT count(*) AS n, count(DISTINCT subject) AS d FROM event_log "
                                  "WHERE type = 'requests.deemed.issued.v1'")
    assert told.n == told.d == len(rows)


def test_every_request_has_one_licence_and_no_task_left_open(lived: Aftermath) -> None:
    node, crowd, _ = lived
    licences = node.sql("requests", "SELECT request_id, serial FROM licence")
    assert len(licences) == len({row.request_id for row in licences}) == len({row.serial for row in licences})
    assert len(licences) == sum(told.startswith("approved") for told in crowd.done)
    aftermath.no_task_is_left_open(node)


def test_everything_adds_up(lived: Aftermath) -> None:
    node, crowd, killer = lived
    aftermath.versions_are_dense(node)
    aftermath.charged_once_a_stage(node, 2, len(crowd.done))
    aftermath.the_ledger_balances(node)
    aftermath.told_once_but_for_the_window(node, killer.killed["notifications"])
    aftermath.every_number_is_explained(node)
    aftermath.the_audit_chains_are_whole(node)
