"""The line as it runs: a node and the centre, each with its own servers and its own process of the line, over TLS."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import UUID

import psutil
import psycopg2
import psycopg2.extras
import pytest

from chassis import events
from chassis.ids import uuid7
from contracts.event_schemas import every
from infra.country.places import ROOT, Country, Place
from tests.support.line import until
from tests.support.link_ground import RATED, rated

LINK = "gateway.link"


@pytest.fixture(scope="module")
def country() -> Iterator[Country]:
    with Country(["EG-SUZ"], more=lambda _: {"SHUBBAK_LINK_HELLO": "1", "SHUBBAK_LINK_PROVERS": "1"}) as made:
        made.start_servers()
        made.migrate()
        for place in made.places:
            place.start(LINK)
        for place in made.places:
            place.wait_ready(LINK)
        yield made


@pytest.fixture
def node(country: Country) -> Place:
    return country.nodes["EG-SUZ"]


@pytest.fixture
def centre(country: Country) -> Place:
    return country.centre


def sql(place: Place, service: str, statement: str, *values: object) -> list:
    address = place.postgres.url(service).replace("+psycopg2", "")
    connection = psycopg2.connect(address, cursor_factory=psycopg2.extras.NamedTupleCursor)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


def tell(place: Place, service: str, count: int, event_type: str = RATED, data: dict | None = None) -> list[UUID]:
    """Facts of a service stand in its log, placed."""
    [last] = sql(place, service, "SELECT coalesce(max(position), 0) AS position FROM event_log")
    ids = []
    for number in range(count):
        event_id, about = uuid7(), uuid7()
        body = events.encode(every()[event_type], event_id=event_id, source=f"urn:shubbak:{place.code}:{service}:1",
                             subject=about, sequence=1, occurred=datetime.now(UTC), correlation_id="c",
                             data=data or rated(about))
        sql(place, service, "INSERT INTO event_log (position, event_id, type, subject, sequence, occurred_at, body) "
            "VALUES (%s, %s, %s, %s, 1, now(), %s)", last.position + number + 1, str(event_id), event_type, str(about),
            body)
        ids.append(event_id)
    return ids


def tell_many(place: Place, count: int) -> list[UUID]:
    """As `tell`, of ratings, in one statement."""
    [last] = sql(place, "requests", "SELECT coalesce(max(position), 0) AS position FROM event_log")
    ids = [uuid7() for _ in range(count)]
    bodies = [events.encode(every()[RATED], event_id=one, source=f"urn:shubbak:{place.code}:requests:1", subject=one,
                            sequence=1, occurred=datetime.now(UTC), correlation_id="c", data=rated(one)) for one in ids]
    sql(place, "requests", "INSERT INTO event_log (position, event_id, type, subject, sequence, occurred_at, body) "
        "SELECT %s + n, id, %s, id, 1, now(), body "
        "FROM unnest(%s::uuid[], %s::bytea[]) WITH ORDINALITY AS t (id, body, n)",
        last.position, RATED, [str(one) for one in ids], bodies)
    return ids


def helpers(place: Place) -> list[int]:
    """The processes that prove signatures for the place's line."""
    children = psutil.Process(place.processes[LINK,].pid).children()
    return [one.pid for one in children if any(word.endswith("prover.py") for word in words(one))]


def words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:
        return []


def runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def arrived(place: Place, event_type: str) -> list[UUID]:
    return [UUID(str(row.event_id)) for row in sql(
        place, "gateway", "SELECT event_id FROM link_log WHERE type = %s ORDER BY position", event_type)]


def receipted(place: Place) -> bool:
    [row] = sql(place, "gateway", "SELECT s.applied, (SELECT max(sequence) FROM link_out) AS last FROM link_sent s")
    return row.applied == row.last


def test_facts_go_up_and_down_over_tls_and_are_receipted(node: Place, centre: Place) -> None:
    before = arrived(centre, RATED)
    told = tell(node, "requests", 30)
    retired = {"code": "shop-licence", "retired_from": "2026-12-01", "reason": {"ar": "سبب", "en": "x"}}
    down = tell(centre, "catalog", 1, "catalog.national.retired.v1", retired)
    until(lambda: arrived(centre, RATED) == before + told, 30, lambda: centre.tail(LINK))
    until(lambda: arrived(node, "catalog.national.retired.v1")[-1:] == down, 30, lambda: node.tail(LINK))
    until(lambda: receipted(node) and receipted(centre), 30, lambda: node.tail(LINK))
    [appended] = sql(node, "gateway", "SELECT type FROM event_log WHERE type LIKE 'gateway.guide.%%'")
    assert appended.type == "gateway.guide.received.v1"
    until(lambda: sql(node, "gateway", "SELECT 1 FROM link_sent WHERE skew_ms IS NOT NULL AND state = 'linked'"), 30)


def test_processes_that_are_killed_lose_nothing_and_repeat_nothing(node: Place, centre: Place) -> None:
    before = arrived(centre, RATED)
    told = []
    for killed in (node, centre, node, centre):
        told += tell(node, "requests", 40)
        killed.kill(LINK)
        told += tell(node, "requests", 40)
        killed.start(LINK)
    until(lambda: arrived(centre, RATED) == before + told, 60, lambda: centre.tail(LINK))
    until(lambda: receipted(node), 30, lambda: node.tail(LINK))
    assert not sql(centre, "gateway", "SELECT 1 FROM link_parked")


def test_a_broker_that_is_killed_keeps_what_it_had_confirmed(node: Place, centre: Place) -> None:
    before = arrived(centre, RATED)
    told = tell(node, "requests", 50)
    centre.broker.kill()
    told += tell(node, "requests", 50)
    centre.broker.start()
    until(lambda: arrived(centre, RATED) == before + told, 60, lambda: centre.tail(LINK))
    until(lambda: receipted(node), 30, lambda: node.tail(LINK))


def test_helpers_that_are_killed_while_a_backlog_is_applied_lose_nothing_and_end_with_their_process(
    node: Place, centre: Place
) -> None:
    before = arrived(centre, RATED)
    centre.kill(LINK)
    told = tell_many(node, 5_000)
    until(lambda: sql(node, "gateway", "SELECT 1 FROM link_sent WHERE sent = (SELECT max(sequence) FROM link_out) "
                                       "AND sent >= %s", len(told)), 60, lambda: node.tail(LINK))
    centre.start(LINK)
    killed: set[int] = set()

    def kill_helpers() -> None:
        for pid in set(helpers(centre)) - killed:
            os.kill(pid, signal.SIGKILL)
            killed.add(pid)

    def all_there() -> bool:
        if len(killed) < 4:
            kill_helpers()
        return len(arrived(centre, RATED)) >= len(before) + len(told)

    until(all_there, 60, lambda: centre.tail(LINK))
    assert arrived(centre, RATED) == before + told
    assert killed
    assert not sql(centre, "gateway", "SELECT 1 FROM link_parked")
    left = helpers(centre)
    centre.kill(LINK)
    until(lambda: not any(runs(pid) for pid in left), 30)
    centre.start(LINK)
    centre.wait_ready(LINK)


@pytest.mark.usefixtures("one_day")  # on the next one the counts of this one go up as well
def test_an_operator_sees_how_far_the_line_is_and_revokes_a_key_from_a_place_on(node: Place, centre: Place) -> None:
    def run(*words: str) -> str:
        done = subprocess.run([sys.executable, "-m", "services.gateway.link", *words], cwd=ROOT, text=True,
                              env=centre.environment(LINK), capture_output=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    [reached] = sql(centre, "gateway", "SELECT applied FROM link_mark WHERE peer = 'EG-SUZ'")
    assert f"from EG-SUZ: epoch 1, applied {reached.applied}" in run("status")
    before = arrived(centre, RATED)
    run("revoke", "EG-SUZ", "k1", "--from", f"1:{reached.applied + 3}", "--reason", "a laptop was stolen")
    told = tell(node, "requests", 4)
    until(lambda: sql(centre, "gateway", "SELECT 1 FROM link_parked WHERE reason = 'key_revoked'"), 30)
    until(lambda: arrived(centre, RATED) == before + told[:2], 30, lambda: centre.tail(LINK))
    assert "key_revoked" in run("parked")
    assert f"revoked from 1:{reached.applied + 3}" in run("status")


def test_without_an_address_of_the_line_the_process_says_that_this_place_is_not_linked(node: Place) -> None:
    environment = {name: value for name, value in node.environment(LINK).items() if not name.endswith("LINK_URL")}
    done = subprocess.run([sys.executable, "-m", "chassis", "run", LINK], cwd=ROOT, text=True, env=environment,
                          capture_output=True, timeout=60)
    assert done.returncode == 2
    assert "SHUBBAK_LINK_URL is not set: this place is not linked" in done.stderr
