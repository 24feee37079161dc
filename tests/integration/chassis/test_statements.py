"""Statements prepared once a connection: what that changes, and what it must not."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest
from sqlalchemy import text

from chassis.database import Database
from chassis.errors import Conflict
from chassis.statements import Each, Statement


@pytest.fixture(scope="module")
def database(database_url):
    made = Database(database_url("catalog"), 1)
    with made.transaction() as connection:
        connection.execute(text("CREATE TABLE thing (id integer PRIMARY KEY, name text, version integer DEFAULT 1)"))
        connection.execute(text("INSERT INTO thing SELECT n, 'n' || n FROM generate_series(1, 20) AS n"))
    yield made
    made.close()


def prepared(database):
    rows = database.read(Statement(text("SELECT statement FROM pg_prepared_statements")), {})
    return [row.statement for row in rows]


def test_a_statement_is_prepared_once_however_often_it_is_called(database):
    named = Statement(text("SELECT name FROM thing WHERE id = :wanted"))
    assert [database.read(named, {"wanted": n})[0].name for n in range(1, 11)] == [f"n{n}" for n in range(1, 11)]
    assert sum("SELECT name FROM thing" in one for one in prepared(database)) == 1


def test_values_of_every_kind_arrive_as_they_are(database):
    echo = Statement(
        text("SELECT CAST(:a AS text) AS a, CAST(:b AS bytea) AS b, CAST(:c AS jsonb) AS c, :a = :a AS same")
    )
    value = "نصّ ' \" \\ % %s $1 ; --"
    row = database.read(echo, {"a": value, "b": b"\x00\xff'", "c": '{"k": [1, "%"]}'})[0]
    assert (row.a, row.b, row.c, row.same) == (value, b"\x00\xff'", {"k": [1, "%"]}, True)


def test_a_statement_that_postgresql_cannot_type_goes_in_full_text(database):
    untyped = Statement(text("SELECT pg_typeof(:a) AS kind"))
    assert database.read(untyped, {"a": 5})[0].kind == "integer"
    assert database.read(untyped, {"a": 6})[0].kind == "integer"


def test_a_percent_sign_in_the_text_means_itself(database):
    like = Statement(text("SELECT count(*) AS n FROM thing WHERE name LIKE 'n1%' AND id > :least"))
    assert database.read(like, {"least": 0})[0].n == 11
    assert database.read(like, {"least": 10})[0].n == 9


def test_a_demand_is_part_of_what_is_prepared(database):
    rename = Statement(text("UPDATE thing SET version = version + 1 WHERE id = :one AND version = :seen"))
    database.commit([(rename, {"one": 1, "seen": 1}, 1)])
    with pytest.raises(Conflict):
        database.commit([(rename, {"one": 1, "seen": 1}, 1)])
    database.commit([(rename, {"one": 1, "seen": 1}, 0)])


def test_a_migration_under_a_running_service_is_met_with_a_new_connection(database):
    everything = Statement(text("SELECT * FROM thing WHERE id = :one"))
    assert not hasattr(database.read(everything, {"one": 2})[0], "added")
    with database.transaction() as connection:
        connection.execute(text("ALTER TABLE thing ADD COLUMN added integer DEFAULT 7"))
    assert database.read(everything, {"one": 2})[0].added == 7


RENAME = Each(
    "UPDATE thing SET name = new.name, version = thing.version + 1 FROM {rows} "
    "WHERE thing.id = new.id AND thing.version = new.seen",
    id="integer", seen="integer", name="text",
)  # fmt: skip


def named(database, *ids):
    rows = database.read(Statement(text("SELECT name, version FROM thing WHERE id = ANY(:ids) ORDER BY id")),
                         {"ids": list(ids)})  # fmt: skip
    return [tuple(row) for row in rows]


def test_writes_of_one_kind_go_out_together_whatever_stands_between_them(database):
    other = Statement(text("UPDATE thing SET name = 'eleven' WHERE id = 11"))
    odd = 'نصّ \' " \\ % {a,b} NULL %s ; --'
    database.commit([(RENAME, {"id": 12, "seen": 1, "name": odd}, 1), (other, {}, 1),
                     (RENAME, {"id": 13, "seen": 1, "name": None}, 1)])  # fmt: skip
    assert named(database, 11, 12, 13) == [("eleven", 1), (odd, 2), (None, 2)]


def test_one_row_that_is_not_as_it_was_seen_undoes_all_of_them(database):
    with pytest.raises(Conflict):
        database.commit([(RENAME, {"id": number, "seen": seen, "name": "x"}, 1) for number, seen in ((14, 1), (15, 9))])
    assert named(database, 14, 15) == [("n14", 1), ("n15", 1)]


def test_what_demands_nothing_is_not_counted_with_what_does(database):
    nobody, sixteen = ({"id": number, "seen": 1, "name": "y"} for number in (99, 16))
    database.commit([(RENAME, nobody, None), (RENAME, sixteen, 1)])
    assert named(database, 16) == [("y", 2)]


def test_a_row_with_a_name_too_few_or_too_many_is_a_fault_of_ours(database):
    with pytest.raises(TypeError):
        database.commit([(RENAME, {"id": 17, "seen": 1}, 1)])


def test_moments_bytes_and_ids_arrive_as_they_are(database):
    keep = Each("INSERT INTO kept SELECT * FROM {rows}", at="timestamptz", raw="bytea", one="uuid", so="boolean")
    moment, one = datetime(2026, 3, 1, 4, 5, 6, 789, tzinfo=UTC), UUID(int=7)
    with database.transaction() as connection:
        connection.execute(text("CREATE TABLE kept (at timestamptz, raw bytea, one uuid, so boolean)"))
    database.commit([(keep, {"at": moment, "raw": b"\x00\\\"\xff", "one": one, "so": True}, 1)])
    row = database.read(Statement(text("SELECT * FROM kept")), {})[0]
    assert tuple(row) == (moment, b"\x00\\\"\xff", one, True)


def test_plans_are_made_anew_once_their_time_is_over(database, monkeypatch):
    named = Statement(text("SELECT name FROM thing WHERE id = :wanted"))
    database.read(named, {"wanted": 1})
    sent = []
    with database._cursor() as cursor:
        connection = cursor.connection
        before = connection._plan_again
        connection.keep_plans_young(Spy(sent))
        assert sent == []
        monkeypatch.setattr("chassis.database.time.monotonic", lambda: before + 1)
        connection.keep_plans_young(Spy(sent))
        assert sent == ["DISCARD PLANS"]
        connection.keep_plans_young(Spy(sent))
        assert sent == ["DISCARD PLANS"]
        assert connection._plan_again - before > 10  # each time they are kept longer
    assert database.read(named, {"wanted": 2})[0].name == "n2"


class Spy:
    """A cursor that only notes what it is asked to run."""

    def __init__(self, sent):
        self.execute = sent.append
