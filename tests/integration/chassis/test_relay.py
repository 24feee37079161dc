"""From the event log to the bus: dense positions, order per aggregate, nothing lost, whoever dies or hangs."""

import random
from collections import Counter, defaultdict

import eventlet
import orjson
import psycopg2
import pytest

from chassis import inbox as inboxes
from chassis.errors import Unavailable
from chassis.ids import uuid7
from chassis.inbox import Inbox, Subscription
from chassis.relay import Relay
from chassis.uow import attempt
from tests.integration.chassis.ground import WRITTEN, apply_note, at_once, context_of, maker, rows, until, write_note


class RecordingBus:
    """Keeps what it is given; can refuse, hang, or die after it took a batch."""

    def __init__(self):
        self.sent = []
        self.mode = "good"
        self.tried = eventlet.event.Event()

    def publish(self, batch):
        if not self.tried.ready():
            self.tried.send(None)
        if self.mode == "away":
            raise Unavailable("away")
        if self.mode == "hanging":
            eventlet.sleep(60)
        self.sent += [outgoing.body for outgoing in batch]
        if self.mode == "dies after":
            raise Unavailable("the confirms were lost")
        return []

    def notes(self):
        return [(envelope["subject"], int(envelope["sequence"])) for envelope in map(orjson.loads, self.sent)]


@pytest.fixture
def start(database):
    """`start(bus)` → a relay of its own on its own connections, as another process has."""
    started = []

    def begin(bus):
        context = context_of("catalog", database, pool=2)
        relay = Relay("catalog", context.database, bus)
        for leader in relay.leaders:
            leader._retry = 0.1
        relay.start()
        started.append((relay, context))
        return relay

    yield begin
    for relay, context in started:
        die(relay)
        context.database.close()


def die(relay):
    """As a process that is no more: its connections close, nothing else is done."""
    for leader in relay.leaders:
        leader._stopping = True
        leader._thread.kill()


@pytest.fixture
def context(database):
    made = context_of("catalog", database, pool=16)
    yield made
    made.database.close()


def say(context, count=1, note_id=None):
    for _ in range(count):
        attempt(maker(context), lambda work: write_note(work, note_id or uuid7(), "ن"))


def sent_to(url):
    return rows(url, "SELECT position FROM event_cursor WHERE reader = 'bus'")[0].position


def positions(url):
    return [row.position for row in rows(url, "SELECT position FROM event_log ORDER BY position")]


def test_many_writers_and_long_transactions_leave_dense_positions_and_order_within_each_aggregate(
        start, database, chance):
    bus, contexts = RecordingBus(), [context_of("catalog", database, pool=2) for _ in range(4)]
    start(bus)
    writers, each = 16, 90

    def write(number):
        mine = random.Random(chance.random())
        connection = psycopg2.connect(database.replace("+psycopg2", ""))
        subjects = [uuid7() for _ in range(3)]
        version = Counter()
        for _ in range(each):
            with connection, connection.cursor() as cursor:  # one transaction, sometimes a long one
                for subject in mine.sample(subjects, mine.randint(1, 2)):
                    version[subject] += 1
                    body = orjson.dumps({"subject": subject, "sequence": str(version[subject])})
                    cursor.execute(
                        "INSERT INTO event_log (event_id, type, subject, sequence, occurred_at, body) "
                        "VALUES (%s, %s, %s, %s, now(), %s)",
                        (str(uuid7()), WRITTEN.name, str(subject), version[subject], body))
                if mine.random() < 0.1:
                    eventlet.sleep(mine.random() * 0.05)
        connection.close()
        return sum(version.values())

    written = sum(at_once(write, writers))
    until(lambda: len(bus.sent) >= written)
    for context in contexts:
        context.database.close()
    assert written > 1500
    assert positions(database) == list(range(1, written + 1))
    assert len(set(bus.notes())) == len(bus.notes()) == written
    in_order(bus.notes())


def in_order(notes):
    streams = defaultdict(list)
    for subject, sequence in notes:
        streams[subject].append(sequence)
    assert all(stream == list(range(1, len(stream) + 1)) for stream in streams.values())


def test_an_event_that_commits_after_a_later_one_is_not_passed_over(start, database, context):
    bus = RecordingBus()
    start(bus)
    slow = psycopg2.connect(database.replace("+psycopg2", ""))
    late = uuid7()
    with slow.cursor() as cursor:
        cursor.execute("INSERT INTO event_log (event_id, type, subject, sequence, occurred_at, body) VALUES "
                       "(%s, 'x', %s, 1, now(), %s)",
                       (str(uuid7()), str(late), orjson.dumps({"subject": late, "sequence": "1"})))
    say(context, 3)
    until(lambda: len(bus.sent) == 3)
    slow.commit()
    slow.close()
    until(lambda: (str(late), 1) in bus.notes())
    assert positions(database) == [1, 2, 3, 4]


def test_of_two_relays_one_leads_and_when_it_dies_the_other_goes_on(start, database, context):
    one, other = RecordingBus(), RecordingBus()
    first = start(one)
    until(lambda: all(leader.leading for leader in first.leaders))
    second = start(other)
    say(context, 5)
    until(lambda: sent_to(database) == 5)  # one that dies before it noted what it sent has it sent again
    assert len(one.sent) == 5
    assert not any(leader.leading for leader in second.leaders)
    die(first)
    say(context, 5)
    until(lambda: len(other.sent) == 5)
    assert len(set(one.notes() + other.notes())) == 10
    assert positions(database) == list(range(1, 11))


def test_a_leader_whose_connection_is_cut_leads_again_or_another_does(start, database, context):
    bus = RecordingBus()
    relay = start(bus)
    say(context, 2)
    until(lambda: sent_to(database) == 2)  # one that is cut before it noted what it sent sends it again
    rows(database, "SELECT pg_terminate_backend(l.pid) FROM pg_locks l JOIN pg_database d ON d.oid = l.database "
                   "WHERE l.locktype = 'advisory' AND d.datname = current_database()")
    say(context, 2)
    until(lambda: len(bus.sent) == 4)
    until(lambda: all(leader.leading for leader in relay.leaders))
    in_order(bus.notes())


def test_a_crash_between_publish_and_cursor_repeats_and_the_inbox_applies_once(start, database, listening, context):
    bus = RecordingBus()
    bus.mode = "dies after"
    say(context, 20)
    start(bus)
    until(lambda: len(bus.sent) >= 40)  # the same twenty at least twice
    bus.mode = "good"
    until(lambda: sent_to(database) == 20)
    assert len(set(bus.sent)) == 20
    taking = context_of("requests", listening)
    taker = Inbox("requests", [Subscription("requests.each", (WRITTEN,), "each",
                                            lambda work, event: apply_note("each", work, event))], maker(taking))
    for start_ in range(0, len(bus.sent), 7):
        taker.take(bus.sent[start_ : start_ + 7])
    taking.database.close()
    assert rows(listening, "SELECT count(*) AS n, count(DISTINCT subject) AS m FROM effect")[0] == (20, 20)


@pytest.mark.parametrize("mode", ["away", "hanging"])
def test_a_bus_that_is_away_or_hangs_holds_up_no_other_reader_of_the_log(start, database, context, mode):
    bus = RecordingBus()
    bus.mode = mode
    start(bus)
    say(context, 1)
    bus.tried.wait()
    say(context, 30)
    until(lambda: positions(database) == list(range(1, 32)))
    assert sent_to(database) == 0


def test_after_the_bus_came_back_everything_goes_out_in_order(start, database, context):
    bus, note_id = RecordingBus(), uuid7()
    bus.mode = "away"
    start(bus)
    say(context, 1, note_id)
    bus.tried.wait()
    say(context, 600, note_id)
    bus.mode = "good"
    until(lambda: sent_to(database) == 601)
    in_order(bus.notes())


def test_the_bytes_that_are_stored_are_the_bytes_that_go_out(start, database, context):
    bus = RecordingBus()
    start(bus)
    say(context, 3)
    until(lambda: len(bus.sent) == 3)
    assert [bytes(body) for body in bus.sent] == [
        bytes(row.body) for row in rows(database, "SELECT body FROM event_log ORDER BY position")]


def test_the_retry_table_grows_and_ends_within_a_working_morning():
    assert list(inboxes.RETRY) == sorted(inboxes.RETRY)
    assert 3600 < sum(inboxes.RETRY) < 4 * 3600
