"""The sixteen things that nameko, eventlet and the broker do to a service, and that a service of ours survives.

One test (or a few) for each, numbered as in docs. Real broker, real database; toy services by the real runner.
"""

import itertools
import os
import re
import signal
import subprocess
import sys
import time

import eventlet
import pytest
import requests as http

from chassis.bus.base import Outgoing
from chassis.errors import Busy, DeadlineExceeded, RemoteFailure, Unavailable
from chassis.ids import uuid7
from infra.processes import free_port
from tests.integration.chassis.ground import (
    UNHEARD,
    WRITTEN,
    Catalog,
    Requests,
    asking,
    at_once,
    environment,
    rows,
    running,
    until,
)
from tests.support import amqp_client
from tests.support.node import ROOT


class Toy:
    """A toy service's process."""

    def __init__(self, service, url, broker, *arguments, folder, **extra):
        self.url = url
        self.port = free_port()
        self.log = folder / f"{service}-{self.port}.log"
        environ = {name: value for name, value in os.environ.items() if not name.startswith(("SHUBBAK_", "EVENTLET"))}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.integration.chassis.toy_process", service, *arguments], cwd=ROOT,
            env=environ | environment(service, url, broker, ADMIN_PORT=str(self.port), **extra),
            stdout=self.log.open("ab"), stderr=subprocess.STDOUT)

    def health(self, word="ready"):
        try:
            return http.get(f"http://127.0.0.1:{self.port}/health/{word}", timeout=5).status_code
        except http.RequestException:
            return None

    def wait_ready(self):
        until(lambda: self.health() == 200 or self.process.poll() is not None, 20)
        assert self.process.poll() is None, self.log.read_text()
        return self

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)
        return self

    def status(self, seconds=20):
        return self.process.wait(seconds)


@pytest.fixture
def toy(clean, tmp_path):
    started = []

    def start(service, url, *arguments, **extra):
        started.append(Toy(service, url, clean, *arguments, folder=tmp_path, **extra))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.process.kill()
            one.process.wait()


@pytest.fixture
def ask(clean):
    with asking(clean) as asked:
        yield asked


@pytest.fixture
def catalog(clean, database, monkeypatch):
    """The platform of catalog, running in this process on the broker."""
    with running(monkeypatch, {"catalog": environment("catalog", database, clean)}) as platforms:
        yield platforms["catalog"]


@pytest.fixture
def pair(clean, database, listening, monkeypatch):
    """Platforms of catalog and of requests, which listens to it."""
    environments = {"requests": environment("requests", listening, clean),
                    "catalog": environment("catalog", database, clean)}
    with running(monkeypatch, environments) as platforms:
        yield platforms


def write(ask, text="نص", note_id=None, command_id=None, **options):
    return ask("catalog.write", {"note_id": str(note_id or uuid7()), "text": text},
               command_id=command_id or uuid7(), **options)


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
    asked = eventlet.spawn(ask, "catalog.slow_write", {"note_id": str(note_id), "text": "ن"}, command_id=uuid7())
    until(lambda: rows(database, "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' "
                                 "AND query LIKE '%%pg_sleep%%' AND pid <> pg_backend_pid()"))
    process.terminate()
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


def publish(broker, notes, event_type=WRITTEN):
    """Publish notes' events as catalog would."""
    from tests.integration.chassis.test_inbox import body

    with amqp_client.channel(broker, "catalog") as channel:
        for subject, sequence in notes:
            amqp_client.publish(channel, "events", event_type.name, body(subject, sequence).decode())


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
    until(lambda: all(catalog.ready.values()) and ask.bus.ready(), 30)
    assert write(ask, timeout=10)["version"] == 1


# 4 -------------------------------------------------------------------------------------------------------------------


def test_04_under_a_memory_alarm_everything_is_bounded_and_recovers_without_a_restart(clean, ask, catalog, database):
    write(ask)
    until(lambda: unsent(database) == 0)
    clean.set_memory_alarm(True)
    try:
        started = time.monotonic()
        with pytest.raises(Unavailable):
            catalog.bus.publish([Outgoing(WRITTEN.name, b"{}")])
        assert time.monotonic() - started < 7
        started = time.monotonic()
        with pytest.raises(Unavailable):
            write(ask, timeout=2)
        assert time.monotonic() - started < 2.5
        started = time.monotonic()
        with pytest.raises(Unavailable):  # the alarm is known by now: not one millisecond is waited
            ask.bus.call("catalog", b"{}", 5)
        assert time.monotonic() - started < 0.5
        assert catalog.ready["database"]
        # What is accepted meanwhile (by HTTP, by a timer) stays in the log.
        catalog.attempt(lambda work: write_directly(work, UNHEARD))
    finally:
        clean.set_memory_alarm(False)
    until(lambda: all(catalog.ready.values()) and ask.bus.ready(), 15)
    assert write(ask)["version"] == 1
    until(lambda: unsent(database) == 0, 15)


def write_directly(work, event_type):
    from tests.integration.chassis.ground import write_note

    return write_note(work, uuid7(), "ن", event_type)


def unsent(url):
    return rows(url, "SELECT (SELECT count(*) FROM event_log) - position AS n FROM event_cursor WHERE reader = 'bus'")[0].n


# 5, 6 ----------------------------------------------------------------------------------------------------------------


def test_05_a_call_without_an_answer_ends_at_its_deadline(ask, catalog):
    started = time.monotonic()
    with pytest.raises(DeadlineExceeded):
        ask("catalog.wait", {"seconds": 5}, timeout=0.6)
    assert 0.5 < time.monotonic() - started < 1.0
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
    assert counts() == before
    assert ask.bus._pending == {}


# 7 -------------------------------------------------------------------------------------------------------------------


def test_07_after_a_cut_the_caller_has_a_new_reply_queue_and_gets_answers(clean, ask, catalog):
    before = ask.bus._reply_queue
    clean.close_all_connections()
    until(lambda: ask.bus._reply_queue != before and ask.bus.ready() and all(catalog.ready.values()))
    assert ask("catalog.wait", {"seconds": 0})["waited"] == 0


def test_07_a_caller_that_waits_when_its_connection_is_cut_is_told_at_once(clean, ask):
    waiting = eventlet.spawn(lambda: pytest.raises(Unavailable, ask.bus.call, "requests", b"{}", 20))
    until(lambda: ask.bus._pending)
    started = time.monotonic()
    clean.close_all_connections()
    waiting.wait()
    assert time.monotonic() - started < 5


# 8 -------------------------------------------------------------------------------------------------------------------


def test_08_an_event_whose_handler_fails_is_kept_and_tried_again_by_the_table(clean, ask, pair, listening):
    Requests.failing = {1}
    write(ask)
    (owed,) = until(lambda: rows(listening, "SELECT attempts, error, next_at - now() AS wait FROM inbox "
                                            "WHERE state = 'waiting'"))
    assert owed.error == "RuntimeError: cannot" and owed.wait.total_seconds() > 0
    until(lambda: clean.queue_length("events.requests") == 0)  # the broker holds nothing meanwhile
    Requests.failing = set()
    until(lambda: rows(listening, "SELECT 1 FROM effect WHERE way = 'each'"))
    (done,) = rows(listening, "SELECT state, attempts FROM inbox WHERE subscription = 'requests.each'")
    assert done.state == "done" and done.attempts <= 2


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


# 9 -------------------------------------------------------------------------------------------------------------------


def test_09_an_event_that_no_queue_takes_is_noticed(catalog):
    assert catalog.bus.publish([Outgoing(UNHEARD.name, b"{}"), Outgoing("catalog.definition.published.v1", b"{}")]) == [
        UNHEARD.name]


def test_09_an_event_with_known_consumers_is_held_until_a_queue_takes_it(clean, ask, catalog, database, monkeypatch):
    from chassis import relay

    monkeypatch.setitem(relay.CONSUMERS, UNHEARD.name, ("requests",))
    catalog.attempt(lambda work: write_directly(work, UNHEARD))
    until(lambda: relay_backs_off(catalog))
    assert unsent(database) == 1
    with amqp_client.channel(clean, "operator") as channel:
        channel.queue_bind("events.requests", "events", UNHEARD.name)
    until(lambda: unsent(database) == 0)
    assert clean.queue_length("events.requests") == 1


def relay_backs_off(platform):
    return platform.relay._backoff > 0


# 10 ------------------------------------------------------------------------------------------------------------------


def test_10_a_bug_in_a_timer_or_a_handler_or_a_set_up_leaves_the_service_standing(ask, catalog, monkeypatch):
    with pytest.raises(RemoteFailure):
        ask("catalog.explode")
    seen = Catalog.broken_ticks
    until(lambda: Catalog.broken_ticks >= seen + 2)  # it begins again, and the other timer goes on
    ticks = Catalog.ticks
    until(lambda: Catalog.ticks > ticks)

    def broken(self):
        raise RuntimeError("a bug in the service's own set-up")

    monkeypatch.setattr(Catalog, "__init__", broken)
    with pytest.raises(RemoteFailure):
        ask("catalog.wait", {"seconds": 0})
    monkeypatch.undo()
    assert ask("catalog.wait", {"seconds": 0})["waited"] == 0
    assert catalog._in_flight == 0


@pytest.mark.parametrize("message", [b"", b"[]", b"{}", (b'{"method": "catalog.wait", "payload": {}, "actor": null, '
                                     b'"command": 5, "deadline": 1, "correlation": null}')])
def test_10_a_request_that_makes_no_sense_is_refused_and_the_connection_stays(ask, catalog, message):
    source = catalog.bus._source
    assert b"not_found" in ask.bus.call("catalog", message, 3)
    assert catalog.bus._source is source


# 11 ------------------------------------------------------------------------------------------------------------------


def test_11_twenty_slow_queries_run_side_by_side(clean, database, ask, monkeypatch):
    with running(monkeypatch, {"catalog": environment("catalog", database, clean, MAX_WORKERS="20")}):
        at_once(lambda _: ask("catalog.wait", {"seconds": 0}), 20)  # connections are made once
        started = time.monotonic()
        outcomes = at_once(lambda _: ask("catalog.wait", {"seconds": 0.2}), 20)
        took = time.monotonic() - started
    assert [outcome["waited"] for outcome in outcomes] == [0.2] * 20
    assert took < 1.0, f"one after the other takes 4 s; took {took:.2f} s"


def test_11_the_hub_turns_while_the_database_thinks(database):
    turns = []

    def turn():
        while True:
            turns.append(time.monotonic())
            eventlet.sleep(0.01)

    turning = eventlet.spawn(turn)
    rows(database, "SELECT pg_sleep(0.3)")
    turning.kill()
    assert max(later - sooner for sooner, later in itertools.pairwise(turns)) < 0.2


# 12, 13, 14 ----------------------------------------------------------------------------------------------------------


def test_12_eventlets_own_resolver_is_off_wherever_a_service_starts():
    environ = {name: value for name, value in os.environ.items() if not name.startswith("EVENTLET")}
    for modules in ("chassis.runner", "chassis.patched, chassis.cli"):
        done = subprocess.run(
            [sys.executable, "-c", (f"import {modules}, os, socket; print(os.environ.get('EVENTLET_NO_GREENDNS'), "
             "'greendns' in socket.getaddrinfo.__module__)")], cwd=ROOT, env=environ, capture_output=True, text=True)
        assert done.stdout.split() == ["yes", "False"], (modules, done.stdout, done.stderr)


def test_13_a_container_runs_under_plain_pytest_with_http_that_answers(toy, database):
    process = toy("catalog", database).wait_ready()
    assert (process.health("live"), process.health("ready")) == (200, 200)
    assert "shubbak_in_flight" in http.get(f"http://127.0.0.1:{process.port}/metrics", timeout=5).text


def test_14_a_service_that_nobody_runs_is_answered_for_within_the_deadline(ask):
    started = time.monotonic()
    with pytest.raises(DeadlineExceeded):
        ask("nobody.here", timeout=0.5)
    assert time.monotonic() - started < 1.0
    with pytest.raises(DeadlineExceeded):
        ask("requests.status", timeout=0.5)


# 15, 16 --------------------------------------------------------------------------------------------------------------


def test_15_a_batch_is_confirmed_with_one_wait(clean, catalog):
    batch = [Outgoing("catalog.definition.published.v1", b"{}")] * 500
    with amqp_client.channel(clean, "operator") as channel:
        started = time.monotonic()
        assert catalog.bus.publish(batch) == []
        took = time.monotonic() - started
        for queue in ("events.requests", "events.gateway", "events.payments"):
            channel.queue_purge(queue)
    assert took < 3, f"500 in {took:.2f} s"


def test_16_event_queues_are_quorum_queues_that_forgive_crashes_and_never_reject(clean):
    limit = 1_000_000
    for service in ("catalog", "requests", "payments", "notifications", "gateway"):
        shown = "".join(clean.evaluate(
            f'{{ok, Q}} = rabbit_amqqueue:lookup(rabbit_misc:r(<<"shubbak">>, queue, <<"events.{service}">>)),'
            ' lists:flatten(io_lib:format("~p", [rabbit_amqqueue:info(Q, [arguments])])).').replace("\\n", "").replace("\\", "").split())
        assert '"x-queue-type">>,longstr,<<"quorum">>' in shown, shown
        assert re.search(rf'"x-delivery-limit">>,\w+,{limit}}}', shown), shown
        assert "x-max-length" not in shown  # without a length nothing overflows, so nothing is rejected


# Bounded work --------------------------------------------------------------------------------------------------------


def test_more_than_a_service_holds_is_refused_at_once(clean, database, ask, monkeypatch):
    environ = environment("catalog", database, clean, MAX_IN_FLIGHT="4")
    with running(monkeypatch, {"catalog": environ}) as platforms:
        started = time.monotonic()
        held = [eventlet.spawn(ask, "catalog.wait", {"seconds": 0.8}) for _ in range(4)]
        until(lambda: platforms["catalog"]._in_flight == 4)
        refused = at_once(lambda _: ask("catalog.wait", {"seconds": 0}), 10)
        assert all(isinstance(outcome, Busy) for outcome in refused)
        assert time.monotonic() - started < 0.8
        assert [one.wait()["waited"] for one in held] == [0.8] * 4
        assert ask("catalog.wait", {"seconds": 0})["waited"] == 0  # and takes again what it can hold


def test_large_payloads_of_many_callers_do_not_mix(ask, catalog):
    texts = [chr(0x0627 + number) * 120_000 for number in range(12)]
    answers = at_once(lambda number: write(ask, texts[number], timeout=15), 12)
    assert [answer["text"] for answer in answers] == texts
