"""The first eight things that nameko, eventlet and the broker do to a service, and that a service of ours survives.

One test (or a few) for each, numbered as in docs; the other eight stand in the file beside this one. Real broker, real
database; toy services by the real runner.
"""

import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from itertools import accumulate

import eventlet
import pytest

from chassis.bus import rabbit
from chassis.bus.base import Outgoing
from chassis.errors import DeadlineExceeded, Unavailable
from chassis.ids import uuid7
from chassis.inbox import RETRY
from tests.integration.chassis.ground import (
    UNHEARD,
    WRITTEN,
    Catalog,
    Requests,
    at_once,
    environment,
    held,
    rows,
    running,
    unsent,
    until,
    write,
    write_note,
)
from tests.integration.chassis.test_inbox import body
from tests.integration.chassis.toy_process import ROOT
from tests.support import amqp_client

# 1 -------------------------------------------------------------------------------------------------------------------


def test_01_our_own_runner_needs_no_pkg_resources(toy, database, ask):
    done = subprocess.run(
        [sys.executable, "-c", ("import sys; sys.modules['pkg_resources'] = None\n"
         "import chassis.runner, socket, eventlet.patcher\n"
         "assert eventlet.patcher.is_monkey_patched('socket') and 'nameko.cli' not in ' '.join(sys.modules)")],
        cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    toy("catalog", database).wait_ready()
    assert ask("catalog.wait", {"seconds": 0})["waited"] == 0


# 2 -------------------------------------------------------------------------------------------------------------------


def test_02_sigterm_lets_a_request_in_flight_end_and_exits_0(toy, database, ask):
    process = toy("catalog", database).wait_ready()
    note_id = uuid7()
    with held(database) as waiting:
        asked = eventlet.spawn(ask, "catalog.slow_write", {"note_id": str(note_id), "text": "ن"}, command_id=uuid7(),
                               timeout=30)
        until(lambda: waiting() == 1)
        process.terminate()
        until(lambda: process.health() != 200)
        assert waiting() == 1
    assert asked.wait()["version"] == 1
    assert process.status() == 0, process.log.read_text()
    assert [row.version for row in rows(database, "SELECT version FROM note")] == [1]
    assert rows(database, "SELECT count(*) AS n FROM event_log")[0].n == 1


def test_02_sigterm_amid_events_leaves_nothing_half_done_and_nothing_twice(toy, clean, listening):
    process = toy("requests", listening, "0.02").wait_ready()
    subjects = [uuid7() for _ in range(60)]
    publish(clean, [(subject, 1) for subject in subjects])
    until(lambda: rows(listening, "SELECT 1 FROM effect"))
    process.terminate()
    assert process.status() == 0, process.log.read_text()
    each = rows(listening, "SELECT subject FROM effect WHERE way = 'each'")
    known = rows(listening, "SELECT event_id FROM inbox WHERE subscription = 'requests.each' AND state = 'done'")
    assert len(each) == len(known) == len({row.subject for row in each})
    again = toy("requests", listening).wait_ready()
    until(lambda: rows(listening, "SELECT count(*) AS n FROM effect")[0].n >= 3 * len(subjects))
    until(lambda: clean.queue_length("events.requests") == 0)
    assert again.terminate().status() == 0
    assert rows(listening, "SELECT way, count(*) AS n, count(DISTINCT subject) AS m FROM effect GROUP BY 1 ORDER BY 1"
                ) == [("each", 60, 60), ("latest", 60, 60), ("ordered", 60, 60)]


# 3 -------------------------------------------------------------------------------------------------------------------


def test_03_the_broker_going_away_while_a_worker_answers_costs_the_answer_only(clean, ask, catalog):
    cut, command_id, note_id = [], uuid7(), uuid7()

    def cut_once():
        if not cut:
            cut.append(clean.close_all_connections())

    Catalog.on_write = cut_once
    answer = write(ask, note_id=note_id, command_id=command_id, timeout=10)
    assert cut and answer["version"] == 1
    until(lambda: all(catalog.ready.values()))
    assert write(ask, note_id=note_id)["version"] == 2
    assert catalog.container._died.ready() is False


@pytest.mark.slow
def test_03_a_broker_that_restarts_is_found_again(clean, ask, catalog):
    assert write(ask)["version"] == 1
    clean.restart()
    until(lambda: all(catalog.ready.values()) and ask.bus.ready(), 60)
    assert write(ask, timeout=10)["version"] == 1


# 4 -------------------------------------------------------------------------------------------------------------------


def test_04_under_a_memory_alarm_everything_is_bounded_and_recovers_without_a_restart(
        clean, ask, catalog, database, monkeypatch):
    monkeypatch.setattr(rabbit, "CONFIRM_TIMEOUT", 1.5)
    write(ask)
    until(lambda: unsent(database) == 0)
    clean.set_memory_alarm(True)
    try:
        started = time.monotonic()
        with pytest.raises(Unavailable):
            catalog.bus.publish([Outgoing(WRITTEN.name, b"{}")])
        assert time.monotonic() - started < 10  # once for the relay's own batch, it may be, and once for ours
        started = time.monotonic()
        with pytest.raises(Unavailable):
            write(ask, timeout=2)
        assert time.monotonic() - started < 10
        started = time.monotonic()
        with pytest.raises(Unavailable):  # the alarm is known by now: not one millisecond is waited
            ask.bus.call("catalog", b"{}", 30)
        assert time.monotonic() - started < 15
        assert catalog.ready["database"]
        # What is accepted meanwhile (by HTTP, by a timer) stays in the log.
        catalog.attempt(lambda work: write_note(work, uuid7(), "ن", UNHEARD))
    finally:
        clean.set_memory_alarm(False)
    until(lambda: all(catalog.ready.values()) and ask.bus.ready())
    assert write(ask)["version"] == 1
    until(lambda: unsent(database) == 0)


# 5, 6 ----------------------------------------------------------------------------------------------------------------


def test_05_a_call_without_an_answer_ends_at_its_deadline(ask, catalog):
    started = time.monotonic()
    with pytest.raises(DeadlineExceeded):
        ask("catalog.wait", {"seconds": 10}, timeout=0.6)
    assert 0.5 < time.monotonic() - started < 9  # not the ten seconds that the answer takes
    until(lambda: catalog._in_flight == 0)  # the one who was asked gives up too


def test_05_a_request_that_waited_beyond_its_deadline_is_not_begun(clean, database, ask, monkeypatch):
    with pytest.raises(DeadlineExceeded):
        write(ask, timeout=0.3)
    with running(monkeypatch, {"catalog": environment("catalog", database, clean)}):
        assert ask("catalog.wait", {"seconds": 0})["waited"] == 0
    assert rows(database, "SELECT * FROM note") == []


def test_06_fifty_timeouts_leave_no_channel_and_no_connection_behind(clean, ask):
    def counts():
        return [int(clean.evaluate(f"length({what}).")) for what in ("rabbit_networking:connections()",
                                                                    "rabbit_channel:list()")]

    before = counts()
    outcomes = at_once(lambda _: ask("requests.wait", timeout=0.3), 50)
    assert all(isinstance(outcome, DeadlineExceeded) for outcome in outcomes)
    # What the test before left may still have been counted.
    until(lambda: all(now <= then for now, then in zip(counts(), before, strict=True)))
    assert ask.bus._pending == {}


# 7 -------------------------------------------------------------------------------------------------------------------


def test_07_after_a_cut_the_caller_has_a_new_reply_queue_and_gets_answers(clean, ask, catalog):
    before = ask.bus._reply_queue
    clean.close_all_connections()
    until(lambda: ask.bus._reply_queue != before and ask.bus.ready() and all(catalog.ready.values()))
    assert ask("catalog.wait", {"seconds": 0})["waited"] == 0


def test_07_a_caller_that_waits_when_its_connection_is_cut_is_told_at_once(clean, ask):
    waiting = eventlet.spawn(ask.bus.call, "requests", b"{}", 60)
    until(lambda: ask.bus._pending)
    started = time.monotonic()
    clean.close_all_connections()
    with pytest.raises(Unavailable, match="lost"):
        waiting.wait()
    assert time.monotonic() - started < 20


# 8 -------------------------------------------------------------------------------------------------------------------


def test_08_an_event_whose_handler_fails_is_kept_and_tried_again_by_the_table(clean, ask, pair, listening):
    Requests.failing = {1}
    begun = datetime.now(UTC)
    write(ask)
    (owed,) = until(lambda: rows(listening, "SELECT attempts, error, next_at FROM inbox WHERE state = 'waiting'"))
    assert owed.error == "RuntimeError: cannot" and owed.next_at >= begun + timedelta(seconds=RETRY[0])
    until(lambda: clean.queue_length("events.requests") == 0)  # the broker holds nothing meanwhile
    failed_for = (datetime.now(UTC) - begun).total_seconds()
    Requests.failing = set()
    until(lambda: rows(listening, "SELECT 1 FROM effect WHERE way = 'each'"))
    (done,) = rows(listening, "SELECT state, attempts FROM inbox WHERE subscription = 'requests.each'")
    due = sum(seconds <= failed_for for seconds in accumulate(RETRY))
    assert done.state == "done" and 1 <= done.attempts <= 1 + due


def test_08_consuming_survives_a_cut_while_a_handler_is_at_work(clean, ask, pair, listening):
    entered, go_on = eventlet.event.Event(), eventlet.event.Event()

    def gate():
        if not entered.ready():
            entered.send(None)
            go_on.wait()

    Requests.gate = gate
    write(ask)
    entered.wait()
    clean.close_all_connections()
    until(lambda: all(pair["requests"].ready.values()) and all(pair["catalog"].ready.values()) and ask.bus.ready())
    go_on.send(None)
    write(ask)
    until(lambda: rows(listening, "SELECT count(*) AS n FROM effect WHERE way = 'each'")[0].n >= 2)
    until(lambda: clean.queue_length("events.requests") == 0)
    assert rows(listening, "SELECT count(*) AS n FROM effect WHERE way = 'each'")[0].n == 2


def publish(broker, notes, event_type=WRITTEN):
    """Publish notes' events as catalog would."""
    with amqp_client.channel(broker, "catalog") as channel:
        for subject, sequence in notes:
            amqp_client.publish(channel, "events", event_type.name, body(subject, sequence).decode())
