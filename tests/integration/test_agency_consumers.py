"""The programs of docs/agencies.md, run as they stand there: each gets every event, in order, and knows a forgery."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
import time
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from chassis.ids import uuid7
from infra.broker import centre
from infra.ca.authority import Authority
from infra.devstack import free_port
from infra.rabbitmq import centre_broker
from services.gateway.agencies import amqp, registry, watching
from services.gateway.agencies.webhooks.engine import Engine
from tests.support.agencies_amqp import Centre
from tests.support.centre_door import Door, served

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = dict(re.findall(r"```python\n# (\w+)\n(.*?)```", (ROOT / "docs/agencies.md").read_text(), re.DOTALL))
EVENTS = 60
# What a program is given: an event is dealt with by writing it down, and the program goes on until it is ended.
_GIVEN = """
import json, os, pathlib
def handle(event):
    with open(os.environ["SEEN"], "a") as file:
        file.write(json.dumps(json.loads(event) if isinstance(event, (bytes, str)) else event) + "\\n")
def wanted():
    return True
def load_cursor():
    return None
def keep_cursor(cursor):
    pathlib.Path(os.environ["SEEN"] + ".cursor").write_text(cursor)
"""


def test_each_has_ten_statements_and_no_more() -> None:
    assert set(PROGRAMS) == {"amqp", "webhook", "feed"}
    for way, program in PROGRAMS.items():
        statements = [node for node in ast.walk(ast.parse(program)) if isinstance(node, ast.stmt)]
        assert len(statements) <= 10, (way, len(statements))


@pytest.fixture
def seen(tmp_path: Path) -> Path:
    return tmp_path / "seen"


@contextmanager
def running(way: str, seen: Path, after: str = "", **environ: str) -> Iterator[subprocess.Popen[bytes]]:
    """The program of the page in a process of its own."""
    process = subprocess.Popen([sys.executable, "-c", _GIVEN + PROGRAMS[way] + after], cwd=ROOT,
                               env={**os.environ, "SEEN": str(seen), **environ})  # fmt: skip
    try:
        yield process
    finally:
        process.terminate()
        process.wait(10)


def events(seen: Path) -> list[dict[str, Any]]:
    """What stands in the file; of the last line perhaps only a part so far."""
    written = seen.read_text() if seen.exists() else ""
    return [json.loads(line) for line in written.splitlines(keepends=True) if line.endswith("\n")]


def until(true: Callable[[], bool], step: Callable[[], Any] = lambda: None, seconds: float = 60) -> None:
    ends = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < ends, "it did not become so"
        step()
        time.sleep(0.02)


def assert_all_in_order(came: list[dict[str, Any]], sent: list[dict[str, Any]]) -> None:
    firsts = {event["id"]: event for event in reversed(came)}
    assert set(firsts) == {one["id"] for one in sent}
    order: dict[str, list[int]] = {}
    for event in reversed(firsts.values()):
        order.setdefault(event["subject"], []).append(int(event["sequence"]))
    assert all(numbers == sorted(numbers) for numbers in order.values())


def test_the_amqp_program_gets_everything_in_order(
    database_url: Callable[[str], str], tmp_path: Path, seen: Path
) -> None:
    authority = Authority.create(tmp_path / "ca")
    papers = {user: authority.client(user).write(tmp_path / "issued", user) for user in ("centre", "agency.reader")}
    with centre_broker(authority, ["EG-C"], ["reader"]) as broker:
        place = Centre(database_url("gateway"), {
            "SHUBBAK_LINK_URL": broker.amqps_url(), "SHUBBAK_LINK_CA": str(authority.root_file),
            "SHUBBAK_LINK_CERTIFICATE": str(papers["centre"][0]),
            "SHUBBAK_LINK_CERTIFICATE_KEY": str(papers["centre"][1])})  # fmt: skip
        mine = place.subscribe(place.agency("reader"))
        sent = place.arrive(EVENTS, requests=9)
        couriers = amqp.Couriers(place.settings, place.unit_of_work)
        try:
            with running("amqp", seen, CA=str(authority.root_file), CERTIFICATE=str(papers["agency.reader"][0]),
                         KEY=str(papers["agency.reader"][1]), QUEUE="agency.reader",
                         BROKER=f"localhost:{broker.tls_port}"):  # fmt: skip
                until(lambda: len(events(seen)) >= EVENTS, couriers.step)
                until(lambda: broker.queue_length(centre.agency_user("reader"), centre.AGENCIES) == 0)
                sent += place.arrive(EVENTS, requests=9)  # after it had nothing to do
                until(lambda: len(events(seen)) >= len(sent), couriers.step)
                until(lambda: watching.watch(place.unit_of_work(), mine)["lag"] == 0, couriers.step)
        finally:
            couriers.stop()
            place.close()
    assert_all_in_order(events(seen), sent)


def test_the_webhook_program_takes_what_is_signed_and_nothing_else(
    database_url: Callable[[str], str], seen: Path
) -> None:
    place, port = Centre(database_url("gateway"), {"SHUBBAK_WEBHOOK_NETWORKS": "127.0.0.0/8"}), free_port()
    of = place.agency("receiver")
    secret: dict[str, str] = {}
    mine = uuid7()
    place.attempt(lambda work: secret.update(_subscribed(work, of, mine, f"http://127.0.0.1:{port}/in")))
    sent = place.arrive(EVENTS, requests=9)
    engine = Engine(place.settings, place.unit_of_work)
    url = f"http://127.0.0.1:{port}/in"
    with running("webhook", seen, f"\napp.run('127.0.0.1', {port})\n", SECRET=secret["secret"]):
        until(lambda: _listens(url))
        until(lambda: watching.watch(place.unit_of_work(), mine)["lag"] == 0 and len(events(seen)) >= EVENTS,
              engine.step)  # fmt: skip
        forged = {"webhook-id": "x", "webhook-timestamp": str(int(time.time())), "webhook-signature": "v1,AAAA"}
        assert requests.post(url, b"{}", headers=forged, timeout=20).status_code == 403
    engine.stop()
    place.close()
    assert len(b64decode(secret["secret"].removeprefix("whsec_"))) == 32
    assert_all_in_order(events(seen), sent)


def _subscribed(work: Any, of: Any, mine: Any, url: str) -> dict[str, str]:
    from services.gateway.agencies import subscriptions

    made = subscriptions.subscribe(work, of[0], {"agreement_id": of[1], "name": "كل شيء", "way": "webhook",
                                                 "endpoint": url, "signing": "hmac"}, mine)
    return {"secret": made["secret"]}


def _listens(url: str) -> bool:
    try:
        return requests.post(url, b"", timeout=10).status_code >= 400
    except requests.RequestException:
        return False


def test_the_feed_program_reads_to_the_end_and_waits_for_more(database_url: Callable[[str], str], seen: Path) -> None:
    place = Centre(database_url("gateway"), {"SHUBBAK_RATE_LIMITS": "off"})
    of = place.agency("asker")
    mine = place.subscribe(of, way="feed")
    key: dict[str, str] = {}
    made = uuid7()
    place.attempt(lambda work: key.update(registry.make_key(
        work, of[0], {"scopes": ["feed.read"], "days": 30, "per_minute": 600}, made)))  # fmt: skip
    sent = place.arrive(EVENTS, requests=9)
    with served(Door(place).app()) as url:  # type: ignore[arg-type]
        with running("feed", seen, URL=url, KEY=key["key"], SUBSCRIPTION=str(mine)):
            until(lambda: len(events(seen)) >= EVENTS)
            sent += place.arrive(20, requests=4, seed=2)
            until(lambda: len(events(seen)) >= EVENTS + 20)
            until(seen.with_name("seen.cursor").exists)
    place.close()
    assert_all_in_order(events(seen), sent)
    assert len(events(seen)) == EVENTS + 20
