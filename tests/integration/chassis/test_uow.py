"""The unit of work: state, event, audit and answer stand together or not at all; a lost race is run again."""

import uuid

import psycopg2
import pytest
from sqlalchemy import text

from chassis import commands
from chassis.database import Statement
from chassis.errors import Conflict, Unavailable
from chassis.ids import uuid7
from chassis.uow import attempt
from rules.refusal import Refusal, refuse
from tests.integration.chassis.ground import (
    CHANGE,
    CREATE,
    SLEEP,
    VISITOR,
    WRITTEN,
    at_once,
    context_of,
    maker,
    rows,
    write_note,
)


@pytest.fixture
def context(database):
    made = context_of("catalog", database, pool=20)
    yield made
    made.database.close()


def counts(url):
    return tuple(rows(url, f"SELECT count(*) AS n FROM {table}")[0].n
                 for table in ("note", "event_log", "audit", "command"))


# State and event -----------------------------------------------------------------------------------------------------


def test_nothing_is_seen_before_the_commit_and_everything_after(context, database):
    work = maker(context)()
    write_note(work, uuid7(), "ن")
    work.audit("note.write", "x", length=1)
    assert counts(database) == (0, 0, 0, 0)
    work.commit()
    assert counts(database) == (1, 1, 1, 0)


@pytest.mark.parametrize("spoil", [
    lambda work, _: work.write(CHANGE, expect=1, wanted=uuid7(), seen=1, text="x"),
    lambda work, note_id: work.write(CREATE, id=note_id, version=1, text="x"),
    lambda work, note_id: work.append(WRITTEN, note_id, 1, {"text": "twice"}),
], ids=["a demanded row is not there", "a key is taken", "a sequence stands twice"])
def test_what_fails_at_the_end_takes_everything_with_it(context, database, spoil):
    work, note_id = maker(context)(), uuid7()
    write_note(work, note_id, "ن")
    work.audit("note.write", str(note_id))
    spoil(work, note_id)
    with pytest.raises(Conflict):
        work.commit()
    assert counts(database) == (0, 0, 0, 0)


def test_a_value_that_the_database_refuses_takes_everything_with_it(context, database):
    work = maker(context)()
    write_note(work, uuid7(), "ن")
    work.write(CREATE, id=uuid7(), version=2**40, text="too large a version")
    with pytest.raises(psycopg2.Error):
        work.commit()
    assert counts(database) == (0, 0, 0, 0)


def test_fifty_writers_of_one_note_each_have_their_version_and_no_sequence_is_skipped(context, database):
    note_id = uuid7()
    outcomes = at_once(lambda number: attempt(maker(context), lambda work: write_note(work, note_id, str(number)),
                                              tries=100), 50)
    assert sorted(outcome["version"] for outcome in outcomes) == list(range(1, 51))
    logged = rows(database, "SELECT sequence, convert_from(body, 'UTF8')::jsonb->'data'->>'text' AS words "
                            "FROM event_log ORDER BY sequence")
    assert [row.sequence for row in logged] == list(range(1, 51))
    by_version = {outcome["version"]: outcome["text"] for outcome in outcomes}
    assert {row.sequence: row.words for row in logged} == by_version


def test_a_conflict_that_never_ends_is_told_after_five_tries(context, database):
    tries = []

    def hopeless(work):
        tries.append(1)
        work.write(CHANGE, expect=1, wanted=uuid7(), seen=1, text="x")

    with pytest.raises(Conflict):
        attempt(maker(context), hopeless)
    assert len(tries) == 5


def test_hints_run_after_the_commit_only(context):
    called = []
    work = maker(context)()
    work.after_commit(lambda: called.append(1))
    work.write(CHANGE, expect=1, wanted=uuid7(), seen=1, text="x")
    with pytest.raises(Conflict):
        work.commit()
    assert called == []


def test_a_refused_attempt_is_recorded_and_nothing_else(context, database):
    work = maker(context, VISITOR)()
    write_note(work, uuid7(), "ن")
    with pytest.raises(Refusal) as refusal:
        work.require("guide.edit")
    assert refusal.value.code == "forbidden"
    assert counts(database) == (0, 0, 1, 0)
    assert rows(database, "SELECT action, actor_id FROM audit")[0] == ("denied", "public")


def test_a_used_up_pool_is_told_and_not_doubled(database, monkeypatch):
    context = context_of("catalog", database, pool=2)
    monkeypatch.setattr(context.database.engine.pool, "_timeout", 0.2)
    outcomes = at_once(lambda _: maker(context)().all(SLEEP, seconds=0.6), 8)
    assert sum(isinstance(outcome, Unavailable) for outcome in outcomes) == 6
    used = rows(database, "SELECT count(*) AS n FROM pg_stat_activity WHERE datname = current_database() "
                          "AND application_name = 'shubbak'")[0].n
    context.database.close()
    assert used <= 2


def test_reads_outlive_a_restarted_database_unnoticed(context, database):
    at_once(lambda _: maker(context)().all(SLEEP, seconds=0.02), 5)
    rows(database, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
                   "AND pid <> pg_backend_pid()")
    assert maker(context)().all(Statement(text("SELECT 1 AS one")))[0].one == 1


# Append-only ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("forbidden", [
    "UPDATE event_log SET body = 'x'", "UPDATE event_log SET sequence = 7", "UPDATE event_log SET subject = event_id",
    "UPDATE event_log SET occurred_at = now()", "UPDATE event_log SET recorded_at = now()",
    "UPDATE event_log SET type = 'x'", "UPDATE event_log SET event_id = subject", "DELETE FROM event_log",
    "UPDATE event_log SET position = 1; UPDATE event_log SET position = 2",
    "UPDATE audit SET action = 'x'", "UPDATE audit SET details = '{}'", "DELETE FROM audit",
    "UPDATE audit SET position = 1, hash = 'x'; UPDATE audit SET hash = 'y'",
])
def test_log_and_audit_are_appended_to_and_never_changed(context, database, forbidden):
    work = maker(context)()
    write_note(work, uuid7(), "ن")
    work.audit("note.write", "x", length=1)
    work.commit()
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        rows(database, forbidden)
    assert counts(database) == (1, 1, 1, 0)


# Commands ------------------------------------------------------------------------------------------------------------


def apply(context, command_id, note_id, words="ن", method="catalog.write", run=write_note):
    return commands.apply(maker(context), command_id, method, {"note_id": str(note_id), "text": words},
                          lambda work: run(work, note_id, words))


def test_a_repeated_command_gets_the_first_answer(context, database):
    command_id, note_id = uuid7(), uuid7()
    first = apply(context, command_id, note_id)
    apply(context, uuid7(), note_id, "later")
    assert apply(context, command_id, note_id) == first
    assert counts(database) == (1, 2, 0, 2)


def test_twenty_at_once_of_the_same_id_have_one_effect_and_one_answer(context, database):
    command_id, note_id = uuid7(), uuid7()

    def slowly(work, *args):
        answer = write_note(work, *args)
        work.all(SLEEP, seconds=0.05)
        return answer | {"by": uuid.uuid4().hex}

    answers = at_once(lambda _: apply(context, command_id, note_id, run=slowly), 20)
    assert len({str(answer) for answer in answers}) == 1
    assert counts(database) == (1, 1, 0, 1)


@pytest.mark.parametrize(("words", "method"), [("other", "catalog.write"), ("ن", "catalog.erase")])
def test_an_id_used_for_something_else_is_refused(context, database, words, method):
    command_id, note_id = uuid7(), uuid7()
    apply(context, command_id, note_id)
    with pytest.raises(Refusal) as refusal:
        apply(context, command_id, note_id, words, method)
    assert refusal.value.code == "idempotency_key_reused"
    assert counts(database) == (1, 1, 0, 1)


def test_a_refusal_is_not_kept_so_that_a_mended_world_may_be_tried_again(context, database):
    command_id, note_id = uuid7(), uuid7()

    def refusing(work, *args):
        write_note(work, *args)
        raise refuse("field_invalid", "text")

    with pytest.raises(Refusal):
        apply(context, command_id, note_id, run=refusing)
    assert counts(database) == (0, 0, 0, 0)
    assert apply(context, command_id, note_id)["version"] == 1


def test_a_repeat_after_the_world_moved_on_gets_its_answer_and_not_the_worlds_refusal(context):
    command_id, note_id = uuid7(), uuid7()
    first = apply(context, command_id, note_id)

    def refusing(work, *args):
        raise refuse("conflict")

    assert apply(context, command_id, note_id, run=refusing) == first


def test_an_answer_lost_with_the_connection_is_found_by_the_repeat(context, database, monkeypatch):
    command_id, note_id, real = uuid7(), uuid7(), context.database.commit

    def commit_and_die(render):
        real(render)
        raise Unavailable("connection lost after the commit")

    monkeypatch.setattr(context.database, "commit", commit_and_die)
    assert apply(context, command_id, note_id)["version"] == 1  # found at once, by the same call
    assert counts(database) == (1, 1, 0, 1)


def test_a_connection_lost_before_the_commit_changes_nothing_and_is_told(context, database, monkeypatch):
    def die(render):
        raise Unavailable("connection lost")

    command_id, note_id = uuid7(), uuid7()
    monkeypatch.setattr(context.database, "commit", die)
    with pytest.raises(Unavailable):
        apply(context, command_id, note_id)
    monkeypatch.undo()
    assert counts(database) == (0, 0, 0, 0)
    assert apply(context, command_id, note_id)["version"] == 1


def test_kept_answers_and_requests_show_nothing_in_the_table(context, database):
    words = "رقم الهاتف 01001234567"
    apply(context, uuid7(), uuid7(), words)
    (kept,) = rows(database, "SELECT answer, request_hash FROM command")
    for plain in (b"01001234567", words.encode(), b"version"):
        assert plain not in bytes(kept.answer) and plain not in bytes(kept.request_hash)
    assert len(kept.request_hash) == 32
