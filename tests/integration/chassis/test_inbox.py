"""The inbox: every way, every failure, every operator's act, against a real database."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chassis import inbox, operations
from chassis.database import Database
from chassis.errors import Conflict, Unavailable
from chassis.ids import uuid7
from chassis.inbox import Subscription
from tests.integration.chassis.ground import WRITTEN, at_once, environment, rows
from tests.integration.chassis.inbox_ground import Taker, body, park

WAYS = ("each", "latest", "ordered")


@pytest.mark.parametrize("way", WAYS)
def test_an_event_that_comes_three_times_takes_effect_once(take, way):
    taker, subject = take(way), uuid7()
    taker.take(body(subject, 1), body(subject, 1))
    taker.take(body(subject, 1))
    assert taker.effects() == [1]


def test_each_takes_any_order(take):
    taker, subject = take("each"), uuid7()
    taker.take(body(subject, 3), body(subject, 1), body(subject, 2))
    assert sorted(taker.effects()) == [1, 2, 3]


def test_latest_never_goes_back(take):
    taker, subject = take("latest"), uuid7()
    taker.take(body(subject, 3))
    taker.take(body(subject, 2), body(subject, 1))
    assert taker.effects() == [3]
    assert taker.inbox_rows() == []


def test_ordered_waits_for_the_one_before(take):
    taker, subject = take("ordered"), uuid7()
    taker.take(body(subject, 2), body(subject, 3))
    assert taker.effects() == []
    taker.take(body(subject, 1))
    while taker.inbox.retry_due():
        pass  # each applied one releases the next: nothing had to be made due by hand
    assert taker.effects() == [1, 2, 3]


def test_a_failing_event_does_not_spoil_its_batch(take):
    taker, subjects = take("each"), [uuid7() for _ in range(5)]
    taker.failing, begun = {(subjects[2], 1)}, datetime.now(UTC)
    taker.take(*(body(subject, 1) for subject in subjects))
    assert len(taker.effects()) == 4
    (owed,) = [row for row in taker.inbox_rows() if row.state != "done"]
    assert (owed.state, owed.attempts, owed.error) == ("waiting", 1, "RuntimeError: cannot")
    assert owed.next_at >= begun + timedelta(seconds=inbox.RETRY[0])


def test_the_retry_table_is_followed_and_then_the_event_is_parked(take):
    taker, subject = take("each"), uuid7()
    taker.failing, begun = {(subject, 1)}, datetime.now(UTC)
    taker.take(body(subject, 1))
    for attempts, seconds in enumerate(inbox.RETRY, start=1):
        (owed,) = taker.inbox_rows()
        assert (owed.state, owed.attempts) == ("waiting", attempts)
        assert begun <= owed.next_at - timedelta(seconds=seconds) <= datetime.now(UTC)
        if seconds >= 60:  # the others may come due while this machine is busy
            assert taker.inbox.retry_due() == 0  # not before its time
        taker.make_due()
        begun = datetime.now(UTC)
        taker.inbox.retry_due()
    (owed,) = taker.inbox_rows()
    assert (owed.state, owed.next_at, owed.attempts) == ("parked", None, len(inbox.RETRY) + 1)
    taker.take(body(subject, 1))
    assert taker.effects() == []  # another delivery does not bring a parked event back


def cli(taker, *arguments):
    from chassis.cli import main

    return CliRunner().invoke(main, list(arguments), env=environment("requests", taker.url), catch_exceptions=False)


def test_an_operator_lists_and_replays_a_parked_event(take):
    taker, subject = take("each"), uuid7()
    event_id = park(taker, subject, 1)
    listed = cli(taker, "parked", "list", "requests")
    assert str(event_id) in listed.output and "cannot" in listed.output
    taker.failing.clear()
    assert cli(taker, "parked", "replay", "requests", taker.subscription, str(event_id)).exit_code == 0
    taker.inbox.retry_due()
    assert taker.effects() == [1]
    assert str(event_id) not in cli(taker, "parked", "list", "requests").output
    assert [row.action for row in rows(taker.url, "SELECT action FROM audit")] == ["inbox.replay"]
    again = cli(taker, "parked", "replay", "requests", taker.subscription, str(event_id))
    assert again.exit_code == 1 and "not parked" in again.output


def test_the_listing_shows_every_parked_event_once_over_pages(take):
    taker = take("each")
    subjects = [uuid7() for _ in range(7)]
    ids = {park(taker, subject, 1) for subject in subjects}
    database = Database(taker.url, 1)
    seen, after = [], None
    while page := operations.owed(database, after=after, limit=3):
        seen += [owed.event_id for owed in page]
        after = page[-1].event_id
    database.close()
    assert len(seen) == 7 and set(seen) == ids


def test_skipping_takes_a_reason(take):
    taker, subject = take("each"), uuid7()
    event_id = park(taker, subject, 1)
    refused = cli(taker, "parked", "skip", "requests", taker.subscription, str(event_id), "--reason", "bad")
    assert refused.exit_code == 1 and "ten letters" in refused.output
    assert taker.inbox_rows()[0].state == "parked"


@pytest.mark.parametrize("stuck", [1, 2], ids=["first of its stream", "in mid-stream"])
def test_ordered_successors_wait_behind_a_parked_event_and_go_on_after_it_is_skipped(take, stuck):
    taker, subject = take("ordered"), uuid7()
    for sequence in range(1, stuck):
        taker.take(body(subject, sequence))
    event_id = park(taker, subject, stuck)
    taker.take(body(subject, stuck + 1), body(subject, stuck + 2))
    taker.make_due()
    taker.inbox.retry_due()
    assert taker.effects() == list(range(1, stuck))
    assert cli(taker, "parked", "skip", "requests", taker.subscription, str(event_id), "--reason",
               "written twice by mistake").exit_code == 0
    while taker.inbox.retry_due():
        pass  # skipping woke the next one, as applying would have
    assert taker.effects() == [*range(1, stuck), stuck + 1, stuck + 2]
    states = {row.sequence: (row.state, row.reason) for row in taker.inbox_rows()}
    assert states[stuck] == ("skipped", "written twice by mistake")


def test_the_longer_an_event_waits_for_the_one_before_the_less_often_it_looks(take):
    taker, subject = take("ordered"), uuid7()
    taker.take(body(subject, 2))
    for waited, wait in ((0, 2), (10, 10), (30, 30), (3600, 60)):
        begun = datetime.now(UTC)
        rows(taker.url, "UPDATE inbox SET next_at = now(), received_at = now() - %s * interval '1 second'", waited)
        taker.inbox.retry_due()
        took = datetime.now(UTC) - begun  # by which it has waited longer, and looks later
        (row,) = rows(taker.url, "SELECT next_at, attempts FROM inbox")
        assert timedelta(seconds=wait) <= row.next_at - begun <= timedelta(seconds=wait) + 2 * took
        assert row.attempts == 0  # waiting is no failure and never parks
    taker.take(body(subject, 1))
    while taker.inbox.retry_due():
        pass
    assert taker.effects() == [1, 2]


def test_a_latest_event_overtaken_while_it_waited_is_settled(take):
    taker, subject = take("latest"), uuid7()
    taker.failing = {(subject, 1)}
    taker.take(body(subject, 1))
    taker.take(body(subject, 2))
    taker.retry_until_quiet()
    assert taker.effects() == [2]
    assert [row.state for row in taker.inbox_rows()] == ["superseded"]


MALFORMED = {
    "no JSON": b"\xff{",
    "no envelope": b"[]",
    "missing parts": b"{}",
    "an id of another kind": body(uuid7(), 1, id=5),
    "a subject of another kind": body(uuid7(), 1, subject=["x"]),
    "a sequence beyond all counting": body(uuid7(), 1, sequence="99999999999999999999"),
    "a sequence below one": body(uuid7(), 1, sequence="0"),
    "a time of no zone": body(uuid7(), 1, time="2026-01-01T00:00:00"),
    "data that is no object": body(uuid7(), 1, data="text"),
    "a correlation id of another kind": body(uuid7(), 1, correlationid=None),
}


@pytest.mark.parametrize("kind", MALFORMED)
def test_what_is_no_event_is_parked_and_holds_nothing_up(take, kind):
    taker, subject = take("each"), uuid7()
    taker.take(MALFORMED[kind], body(subject, 1), MALFORMED[kind])
    assert taker.effects() == [1]
    (parked,) = [row for row in taker.inbox_rows() if row.state == "parked"]
    assert parked.subscription == "requests.malformed"
    assert bytes(parked.body) == MALFORMED[kind]


def test_replaying_what_nobody_subscribes_to_parks_it_again_instead_of_spinning(take):
    taker = take("each")
    taker.take(b"no event")
    (parked,) = taker.inbox_rows()
    database = Database(taker.url, 1)
    operations.replay(database, parked.subscription, uuid.UUID(str(parked.event_id)), operator="test")
    database.close()
    taker.inbox.retry_due()
    assert taker.inbox.retry_due() == 0
    (parked,) = taker.inbox_rows()
    assert parked.state == "parked"


@pytest.mark.parametrize("words", ["a \x00 in it", "half a \ud800 pair", "م" * 3000, "two\nlines"])
def test_no_error_text_keeps_an_event_from_being_owed(take, words):
    def handle(work, event):
        raise RuntimeError(words)

    taker = take("each", handle)
    taker.take(body(uuid7(), 1))
    (owed,) = taker.inbox_rows()
    assert owed.state == "waiting" and owed.error.startswith("RuntimeError: ") and "\n" not in owed.error


def test_a_value_that_the_database_refuses_is_owed(take):
    taker = take("each")
    taker.take(body(uuid7(), 1, data={"text": "a\x00b"}), body(uuid7(), 1))
    assert sorted(row.state for row in taker.inbox_rows()) == ["done", "waiting"]


def test_with_the_database_away_a_batch_is_not_taken_and_later_is(take, postgres):
    taker, subject = take("each"), uuid7()
    name = taker.url.rsplit("/", 1)[1]
    postgres.sql(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false;'
                 f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}';")
    with pytest.raises(Unavailable):
        taker.take(body(subject, 1), body(subject, 2))
    postgres.sql(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true;')
    taker.take(body(subject, 1), body(subject, 2))
    assert taker.effects() == [1, 2]


def test_eight_takers_of_the_same_events_apply_each_once(take):
    taker, subjects = take("each"), [uuid7() for _ in range(30)]
    bodies = [body(subject, sequence) for subject in subjects for sequence in (1, 2)]
    failures = [error for error in at_once(lambda _: taker.take(*bodies), 8) if error is not None]
    assert failures == []
    taker.retry_until_quiet()
    assert len(taker.effects()) == 60
    assert all(sorted(taker.effects(subject)) == [1, 2] for subject in subjects)


def test_ways_that_follow_a_stream_follow_one_aggregate():
    from tests.integration.chassis.ground import UNHEARD

    with pytest.raises(ValueError, match="one aggregate"):
        Subscription("x", (WRITTEN, UNHEARD), "ordered", print)


def test_skipping_what_is_not_parked_is_refused(take):
    taker, subject = take("each"), uuid7()
    taker.take(body(subject, 1))
    database = Database(taker.url, 1)
    with pytest.raises(Conflict):
        operations.skip(database, taker.subscription, uuid.uuid5(subject, "1"), operator="t", reason="long enough")
    database.close()


@st.composite
def histories(draw):
    """Streams of several aggregates, delivered in any order, repeated, cut into batches, some failing at first."""
    streams = draw(st.integers(1, 3))
    lengths = [draw(st.integers(1, 4)) for _ in range(streams)]
    every = [(stream, sequence) for stream in range(streams) for sequence in range(1, lengths[stream] + 1)]
    repeated = draw(st.lists(st.sampled_from(every), max_size=5))
    deliveries = draw(st.permutations(every + repeated))
    cuts = sorted(draw(st.sets(st.integers(1, len(deliveries)), max_size=4)))
    failing = draw(st.sets(st.sampled_from(every), max_size=3))
    return lengths, deliveries, cuts, failing


@pytest.fixture(scope="module")
def steady(toy_databases):
    takers = {way: Taker(toy_databases("requests"), way) for way in WAYS}
    yield takers
    for taker in takers.values():
        taker.close()
        toy_databases.give_back("requests", taker.url)


@pytest.mark.parametrize("way", WAYS)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(history=histories())
def test_any_history_of_deliveries_and_failures_ends_as_if_each_event_had_come_once_and_in_order(steady, way, history):
    lengths, deliveries, cuts, failing = history
    taker, subjects = steady[way], [uuid7() for _ in lengths]
    taker.failing = {(subjects[stream], sequence) for stream, sequence in failing}
    bodies = [body(subjects[stream], sequence) for stream, sequence in deliveries]
    for start, end in zip([0, *cuts], [*cuts, len(bodies)], strict=True):
        taker.take(*bodies[start:end])
    taker.failing = set()
    taker.retry_until_quiet()
    for stream, length in enumerate(lengths):
        applied = taker.effects(subjects[stream])
        assert len(applied) == len(set(applied)), "an effect twice"
        if way == "each":
            assert sorted(applied) == list(range(1, length + 1))
        else:
            assert applied == sorted(applied), "an effect out of order"
            assert applied[-1] == length
            (kept,) = rows(taker.url, "SELECT text FROM state WHERE way = %s AND subject = %s", way,
                           str(subjects[stream]))
            assert kept.text == f"ن{length}"
        if way == "ordered":
            assert applied == list(range(1, length + 1))
    assert rows(taker.url, "SELECT 1 FROM inbox WHERE state IN ('waiting', 'parked')") == []
