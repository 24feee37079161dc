"""A new key under all that requests keeps sealed: resumed after a kill, proved before the old key goes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import orjson
import psycopg2
import psycopg2.errors
import psycopg2.extras
import pytest
from click.testing import CliRunner

from chassis.ids import uuid7
from chassis.privacy import CannotOpen, Privacy
from chassis.reseal_cli import reseal
from infra import secrets
from services.requests import tasks
from tests.integration.chassis.ground import rows, until
from tests.support.backends import gone_after
from tests.support.requests_ground import NAME, OFFICER, PHONE, Ground, shop

OLD = {name: value for name, value in secrets.keys().items() if "GATEWAY" not in name}
STORE, CONTACT = OLD["SHUBBAK_REQUESTS_KEYS_STORE"], OLD["SHUBBAK_KEYS_CONTACT"]
FRESH = secrets.keys()
NEW_STORE = FRESH["SHUBBAK_REQUESTS_KEYS_STORE"].replace("k1:", "k2:")
NEW_CONTACT = FRESH["SHUBBAK_KEYS_CONTACT"].replace("k1:", "k2:")


@pytest.fixture
def ground(database_url: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    monkeypatch.setattr(secrets, "keys", lambda *_: {**FRESH, **OLD})
    made = Ground(database_url("requests"))
    made.fresh()
    with made.database.transaction() as connection:
        connection.exec_driver_sql("TRUNCATE reseal_progress")
    made.publish(shop())
    yield made
    made.close()


def environ(ground: Ground, store: str, contact: str) -> dict[str, str]:
    return {**FRESH, **OLD, "SHUBBAK_MODE": "training", "SHUBBAK_NODE": "EG-C", "SHUBBAK_BUS": "local",
            "SHUBBAK_DATABASE_URL": ground.settings.database_url, "SHUBBAK_REQUESTS_KEYS_STORE": store,
            "SHUBBAK_KEYS_CONTACT": contact}


def run(ground: Ground, *arguments: str, store: str = f"{NEW_STORE},{STORE}",
        contact: str = f"{NEW_CONTACT},{CONTACT}") -> Any:
    return CliRunner().invoke(reseal, ["requests", *arguments], env=environ(ground, store, contact),
                              catch_exceptions=False)


def privacy_of(store: str, contact: str) -> Privacy:
    from chassis.config import decode_key, decode_keyring

    return Privacy({"store": decode_keyring(store), "contact": decode_keyring(contact)},
                   decode_key(OLD["SHUBBAK_REQUESTS_KEY_LOOKUP"]))


def lived(ground: Ground) -> dict[str, Any]:
    """Requests of every kind of applicant; one with a held task."""
    for kind in ("company", "attorney", "heirs", "foreigner"):
        ground.submit(ground.application_of(kind))
    ground.reviewed()
    ground.check_documents()
    for number in range(3):
        ground.command(lambda _, number=number: {"told": number}, OFFICER, uuid7(), {"n": number})
    task = ground.next(OFFICER)
    assert task is not None
    return task


def test_everything_opens_under_the_new_key_alone_and_the_old_one_may_go(ground: Ground) -> None:
    task = lived(ground)
    before = run(ground, "--check")
    assert before.exit_code == 1 and "OLD" in before.output and "event_log.body" in before.output
    done = run(ground)
    assert done.exit_code == 0, done.output
    assert "the old keys can be removed" in done.output and "OLD" not in done.output
    assert run(ground, "--check", store=NEW_STORE, contact=NEW_CONTACT).exit_code == 0

    alone = privacy_of(NEW_STORE, NEW_CONTACT)
    url = ground.settings.database_url
    for row in rows(url, "SELECT name, contact FROM request"):
        assert alone.open(row.name, field="requests.request.name") == NAME
        assert orjson.loads(alone.open(row.contact, ring="contact", field="requests.contact"))["phone"] == "+2" + PHONE
    for row in rows(url, "SELECT body FROM event_log WHERE type = 'requests.request.submitted.v1'"):
        sealed = orjson.loads(bytes(row.body))["data"]["contact"]
        assert orjson.loads(alone.open(sealed, ring="contact", field="requests.contact"))["name"] == NAME
    for row in rows(url, "SELECT answer FROM command"):
        assert "told" in orjson.loads(alone.open_bytes(bytes(row.answer), field="command.answer"))
    ground.context = type(ground.context)(ground.settings, ground.database, alone, lambda: ground.now)
    file = ground.attempt(lambda work: tasks.file(work, task["task_id"]), OFFICER)
    shown = ground.attempt(lambda work: tasks.document(work, task["task_id"], file["documents"][0]["document_id"]),
                           OFFICER)
    assert shown["content"]


def test_a_key_that_is_still_needed_is_told(ground: Ground) -> None:
    lived(ground)
    done = run(ground, store=NEW_STORE, contact=f"{NEW_CONTACT},{CONTACT}")
    assert done.exit_code == 1 and "did not open: keep the old keys" in done.output
    assert "do not open under any key of ring store" in done.stderr


def test_a_killed_run_goes_on_where_it_stood(ground: Ground) -> None:
    url, count = ground.settings.database_url, 6000
    old = privacy_of(STORE, CONTACT)
    with psycopg2.connect(url.replace("+psycopg2", "")) as connection, connection.cursor() as cursor:
        psycopg2.extras.execute_values(
            cursor, "INSERT INTO command (id, method, request_hash, answer) VALUES %s",
            [(str(uuid7()), "test", b"x", old.seal_bytes(b'{"n": %d}' % n, field="command.answer"))
             for n in range(count)])
    far = "SELECT coalesce(max(done), 0) AS done FROM reseal_progress WHERE target = 'command.answer'"
    with gone_after(url):
        process = subprocess.Popen(
            [sys.executable, "-m", "chassis", "reseal", "requests", "--batch", "10"], stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, env={**os.environ, **environ(ground, f"{NEW_STORE},{STORE}",
                                                                     f"{NEW_CONTACT},{CONTACT}")})
        until(lambda: rows(url, far)[0].done > 100, 60, "for the first batches")
        process.send_signal(signal.SIGKILL)
        process.wait()
    stood = rows(url, far)[0].done
    new = "SELECT count(*) AS n FROM command WHERE substring(answer from 2 for 2) = 'k2'"
    assert 100 < stood < count and rows(url, new)[0].n == stood
    first = rows(url, "SELECT id, answer FROM command ORDER BY id LIMIT 1")[0]
    assert run(ground).exit_code == 0
    assert rows(url, new)[0].n == count
    # Not touched a second time: the run went on behind it.
    assert bytes(rows(url, "SELECT answer FROM command ORDER BY id LIMIT 1")[0].answer) == bytes(first.answer)
    alone = privacy_of(NEW_STORE, NEW_CONTACT)
    found = sorted(orjson.loads(alone.open_bytes(bytes(row.answer), field="command.answer"))["n"]
                   for row in rows(url, "SELECT answer FROM command"))
    assert found == list(range(count))


def test_what_a_process_still_seals_under_the_old_key_is_found(ground: Ground) -> None:
    lived(ground)
    assert run(ground).exit_code == 0
    ground.submit()  # a process that was not restarted
    assert run(ground, "--check").exit_code == 1
    assert run(ground).exit_code == 0
    assert run(ground, "--check").exit_code == 0


def test_a_sealed_value_where_nobody_registered_it_keeps_the_old_key(ground: Ground) -> None:
    lived(ground)
    with ground.database.transaction() as connection:
        connection.exec_driver_sql("UPDATE step SET legal_reason = to_jsonb(request.name) FROM request "
                                   "WHERE request.id = step.request_id")
    done = run(ground)
    assert done.exit_code == 1 and "step.legal_reason" in done.output and "not registered" in done.output


def test_the_log_still_refuses_every_other_change(ground: Ground) -> None:
    lived(ground)
    url = ground.settings.database_url
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        rows(url, "UPDATE event_log SET body = body || 'x'::bytea")
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        rows(url, "SET LOCAL shubbak.resealing = 'on'; UPDATE event_log SET type = 'other', body = body || 'x'::bytea")


def test_an_altered_value_is_no_longer_opened(ground: Ground) -> None:
    with pytest.raises(CannotOpen):
        privacy_of(NEW_STORE, NEW_CONTACT).open(privacy_of(STORE, CONTACT).seal("x", field="f"), field="f")
