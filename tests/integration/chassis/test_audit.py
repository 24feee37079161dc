"""The tamper-evident trace: what was sealed and signed cannot be changed, dropped or signed by another unnoticed."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chassis import audit, metrics
from chassis.config import decode_key
from chassis.database import Database
from chassis.ids import uuid7
from tests.integration.chassis.ground import (
    KEYS,
    at_once,
    context_of,
    environment,
    maker,
    rows,
    running,
    until,
)
from tests.support.days import within_one_day

KEY = Ed25519PrivateKey.from_private_bytes(decode_key(KEYS["SHUBBAK_CATALOG_AUDIT_PRIVATE_KEY"]))


@pytest.fixture
def trail(database):
    """Thirty acts of three days, sealed, each day signed; gives the database's URL. No day ends during the test."""
    within_one_day(30, UTC)
    context = context_of("catalog", database)
    session = context.database.session()
    for day in (3, 2, 1):
        for number in range(10):
            work = maker(context)()
            work.now = datetime.now(UTC) - timedelta(days=day)
            work.audit("note.write", str(uuid7()), number=number, نص="عربي")
            work.commit()
        seal(session, datetime.now(UTC) - timedelta(days=day - 1))
    session.close()
    context.database.close()
    return database


def seal(session, now):
    with session.cursor() as cursor:
        while audit.seal(cursor):
            pass
        audit.sign_days(cursor, "catalog", KEY, now)


def verify(url):
    from chassis.cli import main

    return CliRunner().invoke(main, ["audit", "verify", "catalog"], env=environment("catalog", url),
                              catch_exceptions=False)


def tamper(url, statement, *values):
    """As somebody who owns the database may."""
    rows(url, f"ALTER TABLE audit DISABLE TRIGGER USER; {statement}; ALTER TABLE audit ENABLE TRIGGER USER", *values)


def test_a_whole_trail_verifies(trail):
    done = verify(trail)
    assert done.exit_code == 0 and "30 rows, 3 signed days: the chain is whole" in done.output


SWAPPED = ("UPDATE audit SET position = 107 WHERE position = 7; UPDATE audit SET position = 7 WHERE position = 8; "
           "UPDATE audit SET position = 8 WHERE position = 107")


@pytest.mark.parametrize(("statement", "says"), [
    ("UPDATE audit SET actor_id = 'somebody else' WHERE position = 7", "does not hash"),
    ("UPDATE audit SET details = '{}' WHERE position = 7", "does not hash"),
    ("UPDATE audit SET at = at - interval '1 hour' WHERE position = 7", "does not hash"),
    ("DELETE FROM audit WHERE position = 7", "position 8 stands where 7 should"),
    ("DELETE FROM audit WHERE position > 25", "a signed row is missing"),
    (SWAPPED, "does not hash"),
    ("UPDATE audit_seal SET signature = decode(repeat('00', 64), 'hex') WHERE position = 20", "does not verify"),
    ("UPDATE audit_seal SET day = day - 10 WHERE position = 20", "does not verify"),
], ids=["actor", "details", "time", "row gone", "end gone", "rows swapped", "signature", "day"])
def test_what_was_changed_is_found_and_named(trail, statement, says):
    tamper(trail, statement)
    done = verify(trail)
    assert done.exit_code == 1 and says in done.output


def test_a_chain_made_anew_by_another_key_is_found(trail):
    tamper(trail, "UPDATE audit SET action = 'harmless', position = NULL, hash = NULL; DELETE FROM audit_seal")
    session = Database(trail, 1).session()
    with session.cursor() as cursor:
        audit.seal(cursor)
        audit.sign_days(cursor, "catalog", Ed25519PrivateKey.generate(), datetime.now(UTC))
    session.close()
    done = verify(trail)
    assert done.exit_code == 1 and "does not verify" in done.output


def test_of_days_without_an_act_every_signature_counts(trail):
    session = Database(trail, 1).session()
    with session.cursor() as cursor:
        for days in (1, 2, 3):
            audit.sign_days(cursor, "catalog", KEY, datetime.now(UTC) + timedelta(days=days))
    session.close()
    assert "6 signed days" in verify(trail).output
    rows(trail, "UPDATE audit_seal SET signature = decode(repeat('00', 64), 'hex') "
                "WHERE day = (SELECT max(day) - 1 FROM audit_seal)")
    assert verify(trail).exit_code == 1


def test_a_day_is_signed_once_and_only_when_it_is_over(trail):
    session = Database(trail, 1).session()
    seal(session, datetime.now(UTC))
    seal(session, datetime.now(UTC))
    session.close()
    assert rows(trail, "SELECT count(*) AS n FROM audit_seal")[0].n == 3


def test_acts_of_many_at_once_are_chained_by_the_running_sealer(database, monkeypatch):
    with running(monkeypatch, {"catalog": environment("catalog", database)}) as platforms:
        def act(number):
            def run(work):
                work.audit("note.write", str(uuid.uuid4()), number=number)

            platforms["catalog"].attempt(run)

        at_once(act, 40)
        until(lambda: rows(database, "SELECT count(*) AS n FROM audit WHERE position IS NULL")[0].n == 0)
    assert "40 rows" in verify(database).output and verify(database).exit_code == 0


def test_rows_that_no_sealer_chains_show_in_the_metrics(database, monkeypatch):
    context = context_of("catalog", database)
    monkeypatch.setattr(audit.Sealer, "_step", lambda *_: 60.0)
    for _ in range(3):
        work = maker(context)()
        work.audit("note.write", "x")
        work.commit()
    context.database.close()
    with running(monkeypatch, {"catalog": environment("catalog", database)}):
        until(lambda: 'shubbak_audit_unsealed{service="catalog"} 3.0' in metrics.render().decode())
