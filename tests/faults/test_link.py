"""A node and the centre with a bad line between, with servers and processes that are killed, and restored from backups,
while requests flow: afterwards the centre has everything once, in order, to the piastre, and the operator was told.

`SHUBBAK_LINK_REQUESTS` requests flow while everything is killed (24 when not said; `make faults` 10,000, each service a
process of its own), and a tenth of them, at least 24, over each bad line. `SHUBBAK_LINK_BACKLOG` facts pile up behind a
cut line (2,000 when not said; `make faults LINK=1` a million). The last tests are the drills of docs/drills.md. What
repeats a promise over another kind of bad line, or with more of the same, is `slow`: part of `make faults`.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from chassis import config
from infra.country.places import ROOT, Place
from infra.postgres import Postgres
from infra.processes import free_port
from infra.rabbitmq import Broker
from rules import numbering
from rules.restoring import LEAST
from tests.support.backlog import pile_up
from tests.support.line import Flapping, Line, until
from tests.support.linked import (
    Flow,
    Linked,
    nothing_lost_nothing_doubled,
    parked,
    purged,
    sql,
    waiting,
    ways_to_kill,
    without_link,
)

REQUESTS = int(os.environ.get("SHUBBAK_LINK_REQUESTS", "24"))
OVER_A_LINE = max(24, REQUESTS // 10)
BACKLOG = int(os.environ.get("SHUBBAK_LINK_BACKLOG", "2000"))
SECONDS = 240 + REQUESTS / 2
FEW = 6
WEEK = 7 * 86_400

pytestmark = pytest.mark.faults


@pytest.fixture(scope="module")
def linked() -> Iterator[Linked]:
    with Linked.running(apart=REQUESTS > 1_000) as running:
        yield running


@pytest.fixture
def line(linked: Linked) -> Iterator[Line]:
    assert linked.line is not None
    yield linked.line
    linked.line.mend()


def applied(linked: Linked) -> int:
    """How many messages of the node took effect at the centre."""
    return int(sql(linked.centre, "gateway", "SELECT coalesce(sum(applied), 0) AS n FROM link_mark")[0].n)


def numbered(linked: Linked) -> int:
    """How many messages of the node wait for a receipt."""
    [row] = sql(linked.node, "gateway", "SELECT (SELECT max(sequence) FROM link_out) - applied AS n FROM link_sent")
    return int(row.n or 0)


def paid_case(linked: Linked) -> None:
    """A case in which money moves."""
    walk = linked.walk()
    walk.pay_bill(walk.lodge()["tracking_number"], "inspection")


def flow_over(linked: Linked, trouble: Callable[[], None], mend: Callable[[], None]) -> None:
    """Requests flow; in their midst the line goes bad, and when all are accepted it is mended."""
    flow = Flow(linked, OVER_A_LINE).start()
    until(lambda: len(flow.accepted) >= OVER_A_LINE // 4 or flow.failures, SECONDS)
    trouble()
    flow.finish(SECONDS)
    paid_case(linked)
    assert len(flow.accepted) == OVER_A_LINE
    mend()
    linked.settle()
    nothing_lost_nothing_doubled(linked)


def test_a_line_that_is_cut(linked: Linked, line: Line) -> None:
    at_the_cut = []

    def cut() -> None:
        line.cut()
        at_the_cut.append(applied(linked))

    def mend() -> None:
        assert not linked.settled()
        line.mend()

    flow_over(linked, cut, mend)
    assert applied(linked) > at_the_cut[0]


@pytest.mark.slow
def test_a_black_hole(linked: Linked, line: Line) -> None:
    flow_over(linked, line.black_hole, line.mend)


@pytest.mark.slow
def test_what_a_black_hole_swallowed_for_good_comes_again(linked: Linked, line: Line) -> None:
    """Messages that are on their way when the hole opens are lost with their connection."""

    def mend() -> None:
        line.cut()
        line.mend()

    flow_over(linked, line.black_hole, mend)


@pytest.mark.slow
def test_a_slow_line_of_sixty_milliseconds_at_six_hundred_kilobytes_a_second(linked: Linked, line: Line) -> None:
    before, sent = time.monotonic(), line.passed()[0]
    flow_over(linked, lambda: line.slow(0.06, 600_000), lambda: None)
    assert (line.passed()[0] - sent) / (time.monotonic() - before) < 660_000


def test_a_line_that_comes_and_goes(linked: Linked, line: Line, seed: int) -> None:
    flapping = Flapping(line, random.Random(f"{seed}:flapping"))

    def mend() -> None:
        until(lambda: flapping.times >= 3, 90)
        flapping.stop()

    flow_over(linked, flapping.start, mend)


@pytest.mark.slow
def test_a_backlog_drains(linked: Linked, line: Line) -> None:
    lodge(linked, 1)
    linked.settle()
    before = applied(linked)
    groups = linked.groups[linked.node.code][:-1]
    line.cut()
    for names in groups:
        linked.node.terminate(*names)
    try:
        pile_up(linked.node, BACKLOG)
    finally:
        for names in groups:
            linked.node.start(*names)
            linked.node.wait_ready(*names)
    until(lambda: numbered(linked) >= BACKLOG, 60 + BACKLOG / 1_000)
    begun = time.monotonic()

    line.mend()
    until(lambda: applied(linked) >= before + BACKLOG, 60 + BACKLOG / 500)

    took = time.monotonic() - begun
    print(f"{BACKLOG} facts behind a cut line: applied in {took:.1f} s, {BACKLOG / took:.0f} a second")
    linked.settle()
    nothing_lost_nothing_doubled(linked)


def test_everything_is_killed_while_requests_flow(linked: Linked, seed: int) -> None:
    chance = random.Random(f"{seed}:link kills")
    ways = ways_to_kill(linked)
    killed: Counter[str] = Counter()
    flow = Flow(linked, REQUESTS).start()
    until(lambda: flow.accepted, SECONDS)
    while not flow.over or len(killed) < len(ways):
        name = chance.choice([one for one in ways if killed[one] == min(killed[other] for other in ways)])
        time.sleep(chance.uniform(0.0, 0.5))  # a moment like any other
        ways[name]()
        killed[name] += 1
    flow.finish(SECONDS)
    walk = linked.walk()
    walk.pay_bill(walk.lodge()["tracking_number"], "inspection")

    begun = time.monotonic()
    linked.settle()

    print(f"{REQUESTS} requests, killed {sum(killed.values())} times ({dict(killed)}), "
          f"settled {time.monotonic() - begun:.1f} s after the last")
    assert len(flow.accepted) == len(set(flow.accepted)) == REQUESTS
    assert min(killed.values()) >= 1 and set(killed) == set(ways)
    nothing_lost_nothing_doubled(linked)


def lodge(linked: Linked, how_many: int = FEW) -> list[str]:
    flow = Flow(linked, how_many).start()
    flow.finish(SECONDS)
    return flow.accepted


def link(linked: Linked) -> dict[str, object]:
    """The node's link as the operator is told of it."""
    found: dict[str, object] = linked.walk().get("/links/EG", as_="admin")
    return found


def gateway(place: Place, *command: str) -> str:
    """What an operator's command prints."""
    done = subprocess.run([sys.executable, "-m", "services.gateway", *command], cwd=ROOT, text=True, check=True,
                          env=place.environment("gateway"), capture_output=True)  # fmt: skip
    return done.stdout.strip()


def metric(linked: Linked, name: str) -> float:
    names = linked.groups[linked.node.code][0]
    text = requests.get(f"{linked.node.admin_url(*names)}/metrics", timeout=30).text
    return float(next(line for line in text.splitlines() if line.startswith(name)).rpartition(" ")[2])


def test_a_line_cut_for_a_week(linked: Linked, line: Line) -> None:
    lodge(linked)
    linked.settle()
    line.cut()
    walk = linked.walk()
    numbers = lodge(linked)
    walk.pay_bill(numbers[0], "inspection")  # the governorate works on alone
    until(lambda: link(linked)["sending"]["backlog"], 90)  # type: ignore[index]
    # A week passes: what waits happened seven days ago, and the centre was heard as long ago.
    sql(linked.node, "gateway", "UPDATE link_out o SET occurred_at = occurred_at - interval '7 days' FROM link_sent s "
                                "WHERE o.peer = s.peer AND o.sequence > s.applied")
    sql(linked.node, "gateway", "UPDATE link_sent SET heard_at = heard_at - interval '7 days', "
                                "receipt_at = receipt_at - interval '7 days'")
    told = link(linked)
    assert (told["condition"], told["concerns"]) == ("silent", ["silent"]), parked(linked.node)
    assert told["sending"]["oldest_seconds"] >= WEEK  # type: ignore[index]
    until(lambda: metric(linked, 'shubbak_link_oldest_unreceipted_seconds{peer="EG"}') >= WEEK, 90)
    assert metric(linked, 'shubbak_link_condition{condition="silent",peer="EG"}') == 1

    line.mend()

    linked.settle()
    nothing_lost_nothing_doubled(linked)
    told = link(linked)
    assert (told["condition"], told["sending"]["backlog"]) == ("up", 0)  # type: ignore[index]


def test_a_centre_restored_from_an_older_backup_and_a_node_that_sends_again_what_it_lost(
    linked: Linked, tmp_path: Path
) -> None:
    lodge(linked)
    linked.settle()
    position = int(gateway(linked.centre, "log-position"))
    linked.centre.postgres.back_up(tmp_path / "centre")
    gateway(linked.centre, "backed-up", str(position))
    [kept] = sql(linked.centre, "gateway", "SELECT applied FROM link_mark")
    until(lambda: sql(linked.node, "gateway", "SELECT backed_up FROM link_sent")[0].backed_up == kept.applied, 90)
    lost = lodge(linked)
    linked.settle()
    assert sql(linked.centre, "gateway", "SELECT applied FROM link_mark")[0].applied > kept.applied

    with without_link(linked.centre):
        linked.centre.postgres.kill()
        linked.centre.postgres.restore(tmp_path / "centre")
        linked.centre.postgres.start()
        assert sql(linked.centre, "gateway", "SELECT applied FROM link_mark")[0].applied == kept.applied
        linked.centre.epoch += 1
    new = lodge(linked)

    until(lambda: sql(linked.node, "gateway", "SELECT incarnation FROM link_sent")[0].incarnation
          == linked.centre.epoch, 180)
    linked.settle()
    nothing_lost_nothing_doubled(linked)
    assert {*lost, *new} <= tracking_numbers(linked)


@pytest.mark.slow
def test_a_centre_whose_broker_burnt_with_messages_in_it(linked: Linked) -> None:
    lodge(linked)
    linked.settle()
    with without_link(linked.centre):
        numbers = lodge(linked)
        until(linked.quiet, 180)
        until(lambda: (waiting(linked.centre, "link.up", "line") or 0) >= FEW, 180)
        sent = "SELECT sent > applied AS some FROM link_sent"
        until(lambda: sql(linked.node, "gateway", sent)[0].some, 180)  # confirmed: the node holds them for safe
        until(lambda: purged(linked.centre, "link.up"), 90)

    linked.settle()
    nothing_lost_nothing_doubled(linked)
    assert set(numbers) <= tracking_numbers(linked)


@pytest.mark.slow
def test_a_node_burnt_down_and_restored_on_new_hardware(linked: Linked, tmp_path: Path) -> None:
    before = lodge(linked)
    linked.settle()
    node = linked.node
    node.postgres.back_up(tmp_path / "node")
    walk = linked.walk()
    lost = lodge(linked)
    walk.pay_bill(lost[0], "inspection")
    linked.settle()
    facts_lost = {row.event_id for row in sql(linked.centre, "gateway", "SELECT event_id FROM link_log")}

    node.close()  # all of it: processes, broker with what it held, database
    node.postgres, node.broker, node.http_port = Postgres(), Broker(), free_port()
    node.postgres.restore(tmp_path / "node")
    node.start_servers()
    node.epoch += 1
    facts_lost -= {uuid.UUID(str(one)) for one in linked.told()} | {
        row.event_id for row in sql(linked.centre, "gateway",
                                    "SELECT event_id FROM link_log WHERE type = 'gateway.line.counted.v1'")}
    assert facts_lost
    linked.start_all(node)
    linked.wait_all()
    new = lodge(linked)
    linked.settle()

    assert not {*before, *lost} & set(new)
    key = config.load("requests", node.environment("requests")).number_key
    assert min(numbering.tracking_sequence(one, key) for one in new) >= LEAST
    until(lambda: len(given_back(node)) >= len(facts_lost), 180, linked.tails)
    assert given_back(node) == facts_lost
    told = linked.walk().get("/links/EG/recovered", as_="admin")
    assert {row["data"].get("tracking_number") for row in told["rows"]} >= {lost[0]}
    # What the centre knew stays, what the new epoch tells is there once, and nothing of it is parked.
    here = sql(linked.centre, "gateway", "SELECT event_id, parked FROM link_log "
                                         "WHERE type <> 'gateway.line.counted.v1'")
    effective = [row.event_id for row in here if row.parked is None]
    assert len(effective) == len(set(effective))
    assert set(effective) == facts_lost | {uuid.UUID(str(one)) for one in linked.told()}
    assert {row.parked for row in here} <= {None, "known_already"}
    assert {*before, *lost, *new} <= tracking_numbers(linked)


def given_back(node: Place) -> set[object]:
    """Facts of its own that the centre gave back to a node."""
    return {row.event_id for row in sql(node, "gateway", "SELECT event_id FROM link_recovered")}


def tracking_numbers(linked: Linked) -> set[str]:
    """Those that the centre was told of."""
    rows = sql(linked.centre, "gateway", "SELECT convert_from(body, 'UTF8')::jsonb #>> '{data,tracking_number}' AS n "
                                         "FROM link_log WHERE parked IS NULL AND type LIKE 'requests.request.%%'")
    return {row.n for row in rows}
