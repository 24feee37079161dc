"""The ninth to the sixteenth of the things that a service of ours survives; the first eight are in the file beside."""

import os
import re
import subprocess
import sys
import time

import eventlet
import pytest
import requests as http

from chassis.bus import rabbit
from chassis.bus.base import Outgoing
from chassis.errors import Busy, DeadlineExceeded, RemoteFailure
from chassis.ids import uuid7
from tests.integration.chassis.ground import (
    UNHEARD,
    Catalog,
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
from tests.integration.chassis.toy_process import ROOT
from tests.support import amqp_client

# 9 -------------------------------------------------------------------------------------------------------------------


def test_09_an_event_that_no_queue_takes_is_noticed(catalog):
    assert catalog.bus.publish([Outgoing(UNHEARD.name, b"{}"), Outgoing("catalog.definition.published.v1", b"{}")]) == [
        UNHEARD.name]


def test_09_an_event_with_known_consumers_is_held_until_a_queue_takes_it(clean, ask, catalog, database, monkeypatch):
    from chassis import relay

    monkeypatch.setitem(relay.CONSUMERS, UNHEARD.name, ("requests",))
    catalog.attempt(lambda work: write_note(work, uuid7(), "ن", UNHEARD))
    until(lambda: relay_backs_off(catalog))
    assert unsent(database) == 1
    with amqp_client.channel(clean, "operator") as channel:
        channel.queue_bind("events.requests", "events", UNHEARD.name)
        taken = amqp_client.take(channel, "events.requests")
    assert UNHEARD.name in str(taken.body)
    until(lambda: unsent(database) == 0)


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
    until(lambda: catalog._in_flight == 0)  # it has answered, and ends


@pytest.mark.parametrize("message", [b"", b"[]", b"{}", (b'{"method": "catalog.wait", "payload": {}, "actor": null, '
                                     b'"command": 5, "deadline": 1, "correlation": null}')])
def test_10_a_request_that_makes_no_sense_is_refused_and_the_connection_stays(ask, catalog, message):
    source = catalog.bus._source
    assert b"not_found" in ask.bus.call("catalog", message, 20)
    assert catalog.bus._source is source


# 11 ------------------------------------------------------------------------------------------------------------------


def test_11_twenty_slow_queries_run_side_by_side(clean, database, ask, monkeypatch):
    with running(monkeypatch, {"catalog": environment("catalog", database, clean, MAX_WORKERS="20")}):
        at_once(lambda _: ask("catalog.wait", {"seconds": 0}), 20)  # connections are made once
        started = time.monotonic()
        outcomes = at_once(lambda _: ask("catalog.wait", {"seconds": 0.5}, timeout=30), 20)
        took = time.monotonic() - started
    assert [outcome["waited"] for outcome in outcomes] == [0.5] * 20
    assert took < 8, f"one after the other takes 10 s; took {took:.2f} s"


def test_11_the_hub_turns_while_the_database_thinks(database):
    turns = []

    def turn():
        while True:
            turns.append(time.monotonic())
            eventlet.sleep(0.01)

    turning = eventlet.spawn(turn)
    rows(database, "SELECT pg_sleep(2)")
    turning.kill()
    assert len(turns) > 20  # some 200 where nothing else runs; a hub that waits along turns before and after


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
    assert time.monotonic() - started < 4
    with pytest.raises(DeadlineExceeded):
        ask("requests.status", timeout=0.5)


# 15, 16 --------------------------------------------------------------------------------------------------------------


def test_15_a_batch_is_confirmed_with_one_wait(clean, catalog, monkeypatch):
    waits, arrival = [], rabbit.Arrival
    monkeypatch.setattr(rabbit, "Arrival", lambda: waits.append(arrival()) or waits[-1])
    batch = [Outgoing("catalog.definition.published.v1", b"{}")] * 500
    with amqp_client.channel(clean, "operator") as channel:
        assert catalog.bus.publish(batch) == []
        for queue in ("events.requests", "events.gateway", "events.payments"):
            channel.queue_purge(queue)
    assert len(waits) == 1


def test_16_event_queues_are_quorum_queues_that_forgive_crashes_and_never_reject(clean):
    limit = 1_000_000
    for service in ("catalog", "requests", "payments", "notifications", "gateway"):
        shown = clean.evaluate(
            f'{{ok, Q}} = rabbit_amqqueue:lookup(rabbit_misc:r(<<"shubbak">>, queue, <<"events.{service}">>)),'
            ' lists:flatten(io_lib:format("~0p", [rabbit_amqqueue:info(Q, [arguments])])).').replace("\\", "")
        assert '"x-queue-type">>,longstr,<<"quorum">>' in shown, shown
        assert re.search(rf'"x-delivery-limit">>,\w+,{limit}}}', shown), shown
        assert "x-max-length" not in shown  # without a length nothing overflows, so nothing is rejected


# Bounded work --------------------------------------------------------------------------------------------------------


def test_more_than_a_service_holds_is_refused_at_once(clean, database, ask, monkeypatch):
    environ = environment("catalog", database, clean, MAX_IN_FLIGHT="4")
    with running(monkeypatch, {"catalog": environ}) as platforms:
        with held(database) as waiting:
            slow = [eventlet.spawn(ask, "catalog.slow_write", {"note_id": str(uuid7()), "text": "ن"},
                                   command_id=uuid7(), timeout=60) for _ in range(4)]
            until(lambda: waiting() == 4)
            assert platforms["catalog"]._in_flight == 4
            refused = at_once(lambda _: ask("catalog.wait", {"seconds": 0}), 10)
            assert all(isinstance(outcome, Busy) for outcome in refused)
            assert waiting() == 4  # at once, and not when one of them had ended
        assert [one.wait()["version"] for one in slow] == [1] * 4
        until(lambda: platforms["catalog"]._in_flight == 0)
        assert ask("catalog.wait", {"seconds": 0})["waited"] == 0  # and takes again what it can hold


def test_large_payloads_of_many_callers_do_not_mix(ask, catalog):
    texts = [chr(0x0627 + number) * 120_000 for number in range(12)]
    answers = at_once(lambda number: write(ask, texts[number], timeout=15), 12)
    assert [answer["text"] for answer in answers] == texts
