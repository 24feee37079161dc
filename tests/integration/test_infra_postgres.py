"""The PostgreSQL that tests and the demo stand on, and the separation of the services' databases."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg2
import pytest

from infra.database import LINK, SERVICES, create_statements
from infra.postgres import Postgres


def connect(address: str) -> psycopg2.extensions.connection:
    return psycopg2.connect(address.replace("+psycopg2", ""))


def ask(address: str, question: str) -> str:
    connection = connect(address)
    try:
        with connection.cursor() as cursor:
            cursor.execute(question)
            return str(cursor.fetchone()[0])
    finally:
        connection.close()


@pytest.mark.parametrize("service", SERVICES)
def test_each_service_owns_its_database_and_reaches_no_other(postgres: Postgres, service: str) -> None:
    assert ask(postgres.url(service), "SELECT current_database() || ' ' || current_user") == f"{service} {service}"
    for other in {*SERVICES, "postgres"} - {service}:
        if other == "postgres":
            continue
        with pytest.raises(psycopg2.OperationalError, match="permission denied"):
            connect(postgres.url(service, other))
    role = "SELECT rolsuper OR rolcreatedb OR rolcreaterole FROM pg_roles WHERE rolname = current_user"
    assert ask(postgres.url(service), role) == "False"


def test_the_line_reads_the_log_of_every_service_and_nothing_else() -> None:
    with Postgres() as alone:  # other modules make tables in the services' own databases
        for service in SERVICES:
            alone.sql(f"SET ROLE {service}; CREATE TABLE event_log (id int); CREATE TABLE other (id int);", service)
        alone.sql(create_statements(alone.passwords))  # as an operator does once the tables are there
        for service in SERVICES:
            url = alone.url(LINK, service)
            assert ask(url, "SELECT count(*) FROM event_log") == "0"
            for forbidden in ("SELECT count(*) FROM other", "INSERT INTO event_log VALUES (1) RETURNING id",
                              "CREATE TABLE mine (id int)"):
                with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                    ask(url, forbidden)


def test_creating_again_changes_nothing_and_sets_the_passwords(postgres: Postgres) -> None:
    before = postgres.sql("SELECT oid, datname, datdba FROM pg_database ORDER BY oid;")
    postgres.sql(create_statements(postgres.passwords))
    assert postgres.sql("SELECT oid, datname, datdba FROM pg_database ORDER BY oid;") == before
    assert ask(postgres.url("payments"), "SELECT 1") == "1"


def test_commits_are_durable_and_text_does_not_depend_on_the_machine(postgres: Postgres) -> None:
    for setting, value in (("fsync", "on"), ("synchronous_commit", "on"), ("server_encoding", "UTF8")):
        assert ask(postgres.dsn(), f"SHOW {setting}") == value
    assert ask(postgres.dsn(), "SELECT upper('é') || length('شُبّاك')") == "É6"


def test_a_migrated_database_is_fresh_for_each_module(database_url: Callable[..., str]) -> None:
    url = database_url("payments")
    assert database_url("payments") == url
    assert ask(url, "SELECT count(*) FROM event_log") == "0"
    assert ask(url, "SELECT tableowner FROM pg_tables WHERE tablename = 'event_log'") == "payments"
    assert ask(database_url("payments", migrated=False), "SELECT to_regclass('event_log') IS NULL") == "True"


def test_data_survives_a_crash_and_cut_connections_are_cut(postgres: Postgres) -> None:
    connection = connect(postgres.url("catalog"))
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE kept (n int)")
        cursor.execute("INSERT INTO kept VALUES (7)")
        assert postgres.close_all_connections() >= 1
        with pytest.raises(psycopg2.OperationalError):
            cursor.execute("SELECT 1")
    postgres.kill()
    assert postgres.pid is None
    postgres.start()
    assert ask(postgres.url("catalog"), "SELECT n FROM kept") == "7"
    postgres.sql("DROP TABLE kept;", database="catalog")


@pytest.fixture(params=[0o755, 0o700], ids=["open to all", "below somebody's home"])
def place(request: pytest.FixtureRequest) -> Iterator[Path]:
    above = Path(tempfile.mkdtemp())
    above.chmod(request.param)
    yield above / "kept"
    shutil.rmtree(above)


def test_a_kept_folder_is_found_again(place: Path) -> None:
    with Postgres(place) as first:
        first.sql("CREATE TABLE remembered (n int); INSERT INTO remembered VALUES (1);", database="gateway")
        assert (first.folder / "passwords.json").stat().st_mode & 0o077 == 0
    assert first.folder.exists()
    try:
        with Postgres(place) as second:
            assert (second.folder, second.passwords) == (first.folder, first.passwords)
            assert second.sql("SELECT n FROM remembered;", database="gateway") == "1"
        # Root opens up nobody's home for the server's user; it goes elsewhere.
        moved = os.geteuid() == 0 and place.parent.stat().st_mode & 0o077 == 0
        assert (first.folder != place) is moved
    finally:
        shutil.rmtree(first.folder)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=["SIGTERM", "SIGKILL"])
def test_servers_end_with_the_process_that_started_them(number: signal.Signals) -> None:
    """Also when it is killed outright and can clean up nothing."""
    starter = subprocess.Popen([sys.executable, "-m", "infra.devstack"], stdout=subprocess.PIPE, text=True)
    assert starter.stdout is not None
    for line in starter.stdout:
        if line.startswith("administrator:"):
            break
    servers = psutil.Process(starter.pid).children(recursive=True)
    assert {"postgres", "beam.smp", "epmd"} <= {name for server in servers for name in running(server)}
    os.kill(starter.pid, number)
    starter.wait(60)
    deadline = time.monotonic() + 60
    while left := [server for server in servers if running(server)]:
        assert time.monotonic() < deadline, left
        time.sleep(0.05)  # there is no event for the end of somebody else's child


def running(process: psutil.Process) -> list[str]:
    """Its name, while it runs: it may end between two looks at it, as the helpers of servers do all the time."""
    try:
        return [process.name()] if process.is_running() and process.status() != psutil.STATUS_ZOMBIE else []
    except psutil.NoSuchProcess:
        return []
