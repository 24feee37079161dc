"""Bad days: killed consumers, cut databases, rubbish on the queue, late consumers. And the bus of one process."""

import random
import time
from datetime import UTC, datetime, timedelta

import eventlet
import pytest
from click.testing import CliRunner

from chassis.bus.base import Outgoing
from chassis.bus.local import LocalBus
from chassis.errors import DeadlineExceeded, Unavailable
from chassis.ids import uuid7
from tests.integration.chassis.ground import (
    UNHEARD,
    WRITTEN,
    at_once,
    environment,
    rows,
    running,
    until,
    write,
    write_note,
)
from tests.integration.chassis.test_inbox import body
from tests.support import amqp_client


def test_two_consumers_one_of_them_killed_apply_every_event_once_and_streams_in_order(toy, clean, listening, chance):
    doomed, other = toy("requests", listening, "0.005"), toy("requests", listening)
    doomed.wait_ready()
    other.wait_ready()
    subjects, length = [uuid7() for _ in range(25)], 8
    deliveries = [(subject, sequence) for sequence in range(1, length + 1) for subject in subjects]
    for start in range(0, len(deliveries), 40):  # streams shuffled into each other, now and then a repetition
        part = deliveries[start : start + 40]
        chance.shuffle(part)
        deliveries[start : start + 40] = part
    with amqp_client.channel(clean, "catalog") as channel:
        for number, (subject, sequence) in enumerate(deliveries):
            for _ in range(chance.choice((1, 1, 1, 2))):
                amqp_client.publish(channel, "events", WRITTEN.name, body(subject, sequence).decode())
            if number == len(deliveries) // 2:
                until(lambda: rows(listening, "SELECT 1 FROM effect"))
                doomed.process.kill()
    every = len(deliveries)
    until(lambda: rows(listening, "SELECT count(*) AS n FROM effect WHERE way <> 'latest'")[0].n >= 2 * every, 60)
    until(lambda: clean.queue_length("events.requests") == 0)
    # What the two took from each other five times is tried again a second later; a newer state may have come meanwhile.
    until(lambda: not rows(listening, "SELECT 1 FROM inbox WHERE state = 'waiting'"))
    assert rows(listening, "SELECT 1 FROM inbox WHERE state NOT IN ('done', 'superseded')") == []
    assert rows(listening, "SELECT 1 FROM inbox WHERE state = 'superseded' AND subscription <> 'requests.latest'") == []
    for way in ("each", "ordered"):
        applied = rows(listening, "SELECT subject, sequence FROM effect WHERE way = %s ORDER BY id", way)
        assert len(applied) == len(set(applied)) == every
        if way == "ordered":
            for subject in subjects:
                mine = [row.sequence for row in applied if str(row.subject) == str(subject)]
                assert mine == list(range(1, length + 1))
    kept = rows(listening, "SELECT text FROM state WHERE way = 'latest'")
    assert [row.text for row in kept] == [f"ن{length}"] * len(subjects)


def test_commands_while_the_database_is_cut_again_and_again_each_take_effect_once(clean, ask, database, monkeypatch):
    with running(monkeypatch, {"catalog": environment("catalog", database, clean)}):
        over = []

        def cut():
            while not over:
                rows(database, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE "
                               "datname = current_database() AND pid <> pg_backend_pid()")
                eventlet.sleep(0.15)

        cutting = eventlet.spawn(cut)
        notes = [uuid7() for _ in range(60)]
        chance = random.Random(7)

        def ask_patiently(number):
            command_id = uuid7()
            eventlet.sleep(chance.random())
            for _ in range(10):
                try:
                    return write(ask, note_id=notes[number], command_id=command_id, timeout=5)
                except Unavailable:
                    continue
            raise AssertionError("never accepted")

        answers = at_once(ask_patiently, 60)
        over.append(True)
        cutting.wait()
        assert [answer["version"] for answer in answers] == [1] * 60
        until(lambda: rows(database, "SELECT position AS n FROM event_cursor WHERE reader = 'bus'")[0].n == 60)
    counted = rows(database, "SELECT (SELECT count(*) FROM note) AS notes, (SELECT count(*) FROM event_log) AS events, "
                             "(SELECT count(*) FROM command) AS commands")
    assert counted == [(60, 60, 60)]


def test_rubbish_on_the_queue_is_parked_and_what_comes_after_it_is_applied(clean, ask, pair, listening):
    write(ask)
    with amqp_client.channel(clean, "operator") as channel:
        amqp_client.publish(channel, "events", WRITTEN.name, "\x00 this is no event")
    write(ask)
    until(lambda: rows(listening, "SELECT count(*) AS n FROM effect WHERE way = 'each'")[0].n == 2)
    until(lambda: clean.queue_length("events.requests") == 0)
    (parked,) = rows(listening, "SELECT subscription, length(body) AS n FROM inbox WHERE state = 'parked'")
    assert parked == ("requests.malformed", len("\x00 this is no event"))


def test_a_batch_that_goes_astray_inside_the_service_comes_again(clean, ask, pair, listening, monkeypatch):
    bus, astray = pair["requests"].bus, []
    handed_over = bus._hand_over

    def once_astray(batch, take):
        if not astray:
            astray.append(len(batch))
            raise RuntimeError("a bug of ours between queue and inbox")
        handed_over(batch, take)

    monkeypatch.setattr(bus, "_hand_over", once_astray)
    write(ask)
    until(lambda: rows(listening, "SELECT 1 FROM effect WHERE way = 'each'"))
    assert astray == [1]


def test_events_are_sent_again_for_a_consumer_that_came_later(clean, database, listening, monkeypatch):
    from chassis.cli import main

    with running(monkeypatch, {"catalog": environment("catalog", database, clean)}) as platforms:
        for _ in range(7):
            platforms["catalog"].attempt(lambda work: write_note(work, uuid7(), "ن", WRITTEN))
        platforms["catalog"].attempt(lambda work: write_note(work, uuid7(), "ن", UNHEARD))
        until(lambda: rows(database, "SELECT position AS n FROM event_cursor WHERE reader = 'bus'")[0].n == 8)
    since = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    with running(monkeypatch, {"requests": environment("requests", listening, clean)}):
        for _ in range(2):  # the second time nobody minds
            done = CliRunner().invoke(main, ["resend", "catalog", "--type", WRITTEN.name, "--since", since],
                                      env=environment("catalog", database, clean), catch_exceptions=False)
            assert done.exit_code == 0 and "7 sent" in done.output
        until(lambda: rows(listening, "SELECT count(*) AS n FROM effect WHERE way = 'ordered'")[0].n == 7)
        until(lambda: clean.queue_length("events.requests") == 0)
    assert rows(listening, "SELECT way, count(*) AS n FROM effect GROUP BY 1 ORDER BY 1") == [
        ("each", 7), ("latest", 7), ("ordered", 7)]
    assert [row.action for row in rows(database, "SELECT action FROM audit")] == ["events.resend"] * 2


# The bus of one process ----------------------------------------------------------------------------------------------


def test_locally_a_service_that_is_not_here_is_told_at_once():
    with pytest.raises(Unavailable):
        LocalBus().call("nobody", b"", 5)


def test_locally_an_answer_that_never_comes_ends_at_the_deadline_and_a_late_one_harms_nobody():
    bus, replies = LocalBus(), []
    bus.serve("slow", lambda _, reply: replies.append(reply))
    started = time.monotonic()
    with pytest.raises(DeadlineExceeded):
        bus.call("slow", b"", 0.1)
    assert time.monotonic() - started < 3
    replies[0](b"late")
    bus.serve("quick", lambda body, reply: reply(body) or reply(b"twice"))
    assert bus.call("quick", b"once", 1) == b"once"


def test_locally_an_event_counts_as_sent_only_when_the_inbox_has_it():
    bus, taken = LocalBus(), []
    bus.consume("requests", [WRITTEN.name], taken.extend)
    assert bus.publish([Outgoing(WRITTEN.name, b"1"), Outgoing(UNHEARD.name, b"2")]) == [UNHEARD.name]
    assert taken == [b"1"]

    def away(bodies):
        raise Unavailable("database away")

    bus.consume("requests", [WRITTEN.name], away)
    with pytest.raises(Unavailable):
        bus.publish([Outgoing(WRITTEN.name, b"3")])
