"""Statements prepared once a connection: what that changes, and what it must not."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from chassis.database import Database
from chassis.errors import Conflict
from chassis.statements import Statement


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
