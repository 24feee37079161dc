"""What both ends say about the line: hellos and receipts, the clocks they carry, and each day's counts."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from types import SimpleNamespace

import orjson
import pytest
from click.testing import CliRunner

from chassis.actors import system
from chassis.uow import UnitOfWork
from contracts.link import COUNTED
from infra import secrets
from rules.calendar import cairo_date
from services.gateway.link import control
from services.gateway.link.__main__ import main as operate
from tests.support.link_ground import *  # noqa: F403  (fixtures)
from tests.support.link_ground import LATER, NODE, RATED, End, exchange, sent


def test_a_repeat_of_what_was_said_before_is_not_heard_again(ends) -> None:
    node, centre = ends
    node.tell(5)
    early = centre.speak()
    node.take(early)
    centre.take(node.send())
    node.take(centre.speak())
    before = sent(node)
    assert before.applied == 5
    node.take(early)
    after = sent(node)
    assert (after.applied, after.peer_counter) == (5, before.peer_counter)


def test_of_many_hellos_that_waited_the_last_is_heard(ends) -> None:
    node, centre = ends
    node.tell(5)
    waiting = [one for _ in range(5) for one in node.speak()]
    centre.take(node.send() + waiting)
    [*_, last] = [orjson.loads(one.body)["counter"] for one in waiting]
    assert sent(centre).peer_counter == last and centre.parked() == []


def test_clocks_are_compared_by_the_way_there_and_back(ends, monkeypatch: pytest.MonkeyPatch) -> None:
    node, centre = ends
    passed = [datetime.now(UTC)]

    class Machine(datetime):
        """The clock that what is said carries."""

        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return passed[0].astimezone(tz)

    monkeypatch.setattr(control, "datetime", Machine)
    monkeypatch.setattr(control, "time", SimpleNamespace(
        monotonic=lambda: passed[0].timestamp(), time_ns=lambda: int(passed[0].timestamp() * 1e9)))

    def hear(end: End, said: list, ahead: timedelta = timedelta(0)) -> None:
        passed[0] += timedelta(milliseconds=200)
        end.now = passed[0] + ahead
        end.take(said)

    hear(centre, node.speak())
    hear(node, centre.speak())
    assert sent(node).skew_ms == 0
    hear(centre, node.speak())
    hear(node, centre.speak(), timedelta(seconds=3))  # its clock is set forward between asking and hearing
    assert sent(node).skew_ms == -1500  # half of it: neither nothing nor the whole


def test_both_ends_count_each_day_and_a_difference_is_kept(ends) -> None:
    node, centre = ends
    node.tell(7)
    exchange(node, centre)
    node.now = centre.now = node.now + LATER
    node.tell(2)
    exchange(node, centre)
    told = centre.rows("SELECT day, differs FROM link_told WHERE peer = :peer", peer=NODE)
    assert [(row.day.isoformat(), row.differs) for row in told] == [("2026-11-22", {})]
    assert centre.rows("SELECT 1 FROM link_log WHERE type = :type", type=COUNTED.name)
    assert [one.event.type for one in centre.arrived] == [RATED] * 9
    centre.do("UPDATE link_count SET count = count - 1 WHERE direction = 'in' AND type = :type AND day = '2026-11-23'",
              type=RATED)
    node.now = centre.now = node.now + LATER
    exchange(node, centre)
    differs = {row.day.isoformat(): row.differs for row in centre.rows("SELECT day, differs FROM link_told")}
    assert differs == {"2026-11-22": {}, "2026-11-23": {RATED: [2, 1]}}
    exchange(node, centre)
    assert len(node.rows("SELECT 1 FROM link_out WHERE type = :type", type=COUNTED.name)) == 2  # once a day


def listed(end: End, *words: str) -> list[str]:
    """What the command of the drill prints at an end."""
    settings = {**secrets.keys(), "SHUBBAK_MODE": "training", "SHUBBAK_NODE": end.node, "SHUBBAK_BUS": "local",
                "SHUBBAK_ROLE": end.role.value, "SHUBBAK_GATEWAY_DATABASE_URL": end.url,
                "SHUBBAK_LINK_URL": "amqp://nowhere/line"}
    done = CliRunner().invoke(operate, ["messages", end.peer, *words], env=settings)
    assert done.exit_code == 0, done.stderr
    return [*done.stdout.splitlines(), *(f"! {line}" for line in done.stderr.splitlines())]


def test_the_drill_for_counts_that_differ_finds_what_one_end_only_has(ends) -> None:
    node, centre = ends
    node.tell(3)
    centre.refuses = lambda arrival: arrival.sequence == 3
    exchange(node, centre)
    drill = (Path(__file__).parents[2] / "docs/drills.md").read_text("utf-8").partition("## 6. ")[2]
    command = re.compile(r"services\.gateway\.link messages \S+ (.*) > (\w+)")
    words = {name: said.replace("TYPE", RATED).replace("DAY", str(cairo_date(node.now))).split()
             for said, name in command.findall(drill)}  # fmt: skip
    sent, received = listed(node, *words["sent"]), listed(centre, *words["received"])
    assert len(sent) == 3 and received == [*sent, "! 3 is parked: not_applied"]
    assert sent[0].split()[:2] == ["1", str(node.one("SELECT event_id FROM link_out WHERE sequence = 1").event_id)]
    node.do("UPDATE link_out SET body = '{}' WHERE sequence = 2")
    assert [one == other for one, other in zip(listed(node, *words["sent"]), sent, strict=True)] == [True, False, True]
    assert listed(node, "sent", "--type", RATED, "--day", "2020-01-01") == []
    assert listed(node, *words["sent"], "--epoch", "7") == []


def test_facts_of_the_same_batch_before_the_counts_are_counted_too(ends) -> None:
    node, centre = ends
    node.tell(7)
    node.number()
    node.now = centre.now = node.now + LATER
    node.number()
    centre.take(node.send())
    [row] = centre.rows("SELECT differs FROM link_told")
    assert row.differs == {}


def test_counts_are_told_also_where_another_was_faster_first(ends) -> None:
    node, _ = ends
    node.tell(7)
    node.number()
    node.now += LATER
    node.numbering._count(UnitOfWork(node.context, system("gateway"), "test"), node.peer)  # a try that is undone
    node.number()
    assert len(node.rows("SELECT 1 FROM link_out WHERE type = :type", type=COUNTED.name)) == 1
