"""What a process shows of itself: HTTP that is bounded, health that tells the truth, logs that can be followed."""

import json
import logging
import socket
import subprocess
import sys

import eventlet
import pytest
import requests as http

from chassis import admin_http, logs, metrics, web
from chassis.admin_http import health
from chassis.bus import link
from chassis.ids import uuid7
from chassis.service import Service
from contracts.problems import COMMON
from infra.processes import free_port
from tests.integration.chassis import ground
from tests.integration.chassis.ground import asking, environment, rows, running, until
from tests.support.node import ROOT

SITE = {"hold": None, "entered": 0, "served": [], "read": []}


def site(platform):
    """A WSGI application whose answers can be held back, and which can fall over."""

    def application(environ, start_response):
        SITE["served"].append(environ["PATH_INFO"])
        if environ["PATH_INFO"] == "/falls":
            raise RuntimeError("a bug")
        if environ["PATH_INFO"] == "/held":
            SITE["entered"] += 1
            SITE["hold"].wait()
        if environ["PATH_INFO"] == "/reads":
            SITE["entered"] += 1
            try:
                SITE["read"].append(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
            except TimeoutError as error:
                SITE["read"].append(error)
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "2")])
        return [b"ok"]

    return application


class Front(Service):
    name = "gateway"
    web = web.FlaskServer("tests.integration.chassis.test_doors:site")


@pytest.fixture
def front(toy_databases, monkeypatch):
    """Address and platform of a gateway that holds three requests at most."""
    monkeypatch.setitem(ground.TOYS, "gateway", Front)
    port, url = free_port(), toy_databases("gateway")
    environ = environment("gateway", url, MAX_IN_FLIGHT="3", HTTP_PORT=str(port))
    SITE["hold"], SITE["entered"], SITE["served"], SITE["read"] = eventlet.event.Event(), 0, [], []
    with running(monkeypatch, {"gateway": environ}) as platforms:
        yield f"http://127.0.0.1:{port}", platforms["gateway"]
        if not SITE["hold"].ready():
            SITE["hold"].send(None)
    toy_databases.give_back("gateway", url)


def test_beyond_what_it_may_hold_the_door_answers_503_at_once_and_says_when_to_come_back(front):
    url, _ = front
    held = [eventlet.spawn(http.get, f"{url}/held", timeout=60) for _ in range(3)]
    until(lambda: SITE["entered"] == 3)
    refused = http.get(f"{url}/", timeout=20)  # at once, and not when one of the three has ended
    assert SITE["entered"] == 3 and not SITE["hold"].ready()
    assert refused.status_code == 503
    assert int(refused.headers["Retry-After"]) >= 1
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert refused.json()["code"] == "busy" and COMMON["busy"].status == 503
    assert refused.json()["title_ar"] == COMMON["busy"].ar and refused.json()["title_en"] == COMMON["busy"].en
    assert [error["code"] for error in refused.json()["errors"]] == ["busy"]
    SITE["hold"].send(None)
    assert [one.wait().status_code for one in held] == [200] * 3
    assert http.get(f"{url}/", timeout=20).status_code == 200


def test_a_page_that_falls_over_gives_its_place_back(front):
    url, _ = front
    for _ in range(5):
        assert http.get(f"{url}/falls", timeout=20).status_code == 500
    assert http.get(f"{url}/", timeout=20).status_code == 200
    assert 'shubbak_in_flight{door="http",service="gateway"} 0.0' in metrics.render().decode()


def test_who_asks_a_thousand_things_at_once_does_not_keep_the_door_to_himself(front):
    url, _ = front
    busy = eventlet.connect(("127.0.0.1", int(url.rpartition(":")[2])))
    other = eventlet.connect(busy.getpeername())
    request = "GET {} HTTP/1.1\r\nHost: here\r\n\r\n"
    busy.sendall((request.format("/greedy") * 1000).encode())
    other.sendall(request.format("/modest").encode())
    assert other.recv(200).startswith(b"HTTP/1.1 200")
    assert SITE["served"].count("/greedy") < 50
    busy.close(), other.close()


# Health --------------------------------------------------------------------------------------------------------------


def test_who_sends_no_request_or_half_of_one_is_let_go_and_others_are_served(front, monkeypatch):
    url, _ = front
    monkeypatch.setattr(web, "IDLE_SECONDS", 2)  # in which a busy machine has the quick one say what it wants
    monkeypatch.setattr(web, "HEAD_SECONDS", 2)
    silent, halfway, quick = connected(url), connected(url), connected(url)
    halfway.sendall(b"GET / HTTP/1.1\r\nHost: here\r\nX-More")
    quick.sendall(b"GET / HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n")
    assert said(quick).startswith(b"HTTP/1.1 200 ")
    assert said(silent) == said(halfway) == b""
    assert SITE["served"] == ["/"]


def test_a_body_that_comes_too_slowly_gives_its_place_back(front, monkeypatch):
    url, _ = front
    monkeypatch.setattr(web, "BODY_SECONDS", 2)
    slow, sound = connected(url), connected(url)
    for one in (slow, sound):
        one.sendall(b"POST /reads HTTP/1.1\r\nHost: here\r\nConnection: close\r\nContent-Length: 4\r\n\r\nab")
    until(lambda: SITE["entered"] == 2)
    sound.sendall(b"cd")
    assert said(sound).startswith(b"HTTP/1.1 200 ")
    until(lambda: len(SITE["read"]) == 2)
    assert SITE["read"][0] == b"abcd" and isinstance(SITE["read"][1], TimeoutError)
    slow.close()


def test_one_address_has_a_quarter_of_the_connections_unless_it_is_a_proxys(toy_databases, monkeypatch):
    monkeypatch.setitem(ground.TOYS, "gateway", Front)
    monkeypatch.setattr(web, "CONNECTIONS", 12)
    url = toy_databases("gateway")
    for proxies, held in (("0", 3), ("1", 5)):
        port = free_port()
        SITE["served"] = []
        environ = environment("gateway", url, MAX_IN_FLIGHT="3", HTTP_PORT=str(port), WEB_PROXIES=proxies)
        with running(monkeypatch, {"gateway": environ}):
            lines = [connected(f"http://127.0.0.1:{port}") for _ in range(held)]
            for one in lines:
                one.sendall(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
                assert one.recv(15) == b"HTTP/1.1 200 OK"
            if proxies == "0":
                assert said(connected(f"http://127.0.0.1:{port}")) == b""
            for one in lines:
                one.close()
            until(lambda at=port: served(f"http://127.0.0.1:{at}/"))
    toy_databases.give_back("gateway", url)


def served(url):
    """Whether somebody new is let in, which may be a moment after others left."""
    try:
        return http.get(url, timeout=20).ok
    except http.ConnectionError:
        return False


def connected(url):
    """A connection on which nothing was said yet."""
    host, _, port = url.removeprefix("http://").partition(":")
    return socket.create_connection((host, int(port)), timeout=10)


def said(line):
    """All that comes on a connection until the other side closes it."""
    found = b""
    while piece := line.recv(4096):
        found += piece
    return found


def test_ready_is_true_when_database_and_broker_answer_and_only_then(clean, database, postgres, monkeypatch):
    with running(monkeypatch, {"catalog": environment("catalog", database, clean)}) as platforms:
        platform = platforms["catalog"]

        def asked():
            status, body = health(lambda: {"catalog": platform.ready}, "ready")
            return status, json.loads(body)["services"].get("catalog", {})

        assert asked() == (200, {"database": True, "bus": True, "taking": True})
        name = database.rsplit("/", 1)[1]
        postgres.sql(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false;'
                     f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}';")
        try:
            until(lambda: asked() == (503, {"database": False, "bus": True, "taking": True}))
            assert all(platform.live.values())  # a restart would not help, and is not asked for
        finally:
            postgres.sql(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true;')
        until(lambda: asked()[0] == 200)
        back, connect = eventlet.event.Event(), link.Connection
        monkeypatch.setattr(link, "Connection", lambda *given, **named: back.wait() or connect(*given, **named))
        clean.close_all_connections()
        until(lambda: asked() == (503, {"database": True, "bus": False, "taking": True}))
        back.send(None)
        until(lambda: asked()[0] == 200)
        platform.stop_taking()
        assert asked() == (503, {"database": True, "bus": True, "taking": False})


def test_a_health_check_that_hangs_is_a_no(monkeypatch):
    monkeypatch.setattr(admin_http, "PATIENCE", 0.1)
    assert health(lambda: eventlet.sleep(60) or {}, "ready")[0] == 503


# Following one cause -------------------------------------------------------------------------------------------------


def test_one_correlation_id_runs_from_the_call_to_the_handler_of_the_event(clean, database, listening, monkeypatch):
    seen = []
    monkeypatch.setattr(ground.Requests, "gate", lambda: seen.append(logs.correlation.get()))
    environments = {"requests": environment("requests", listening, clean),
                    "catalog": environment("catalog", database, clean)}
    with running(monkeypatch, environments), asking(clean) as ask:
        for correlation_id in ("first-cause", "second-cause"):
            ask("catalog.write", {"note_id": str(uuid7()), "text": "ن"}, command_id=uuid7(),
                correlation_id=correlation_id)
        until(lambda: rows(listening, "SELECT count(*) AS n FROM effect WHERE way = 'each'")[0].n == 2)
    assert set(seen) == {"first-cause", "second-cause"}
    stored = rows(database, "SELECT convert_from(body, 'UTF8')::jsonb AS body FROM event_log ORDER BY id")
    assert [row.body["correlationid"] for row in stored] == ["first-cause", "second-cause"]


def test_logs_are_json_lines_with_level_logger_and_correlation_id():
    program = ("import logging\nfrom chassis import logs\nlogs.configure()\n"
               "logs.correlation.set('abc')\nlogging.getLogger('x').warning('مرحبا', extra={'n': 1})\n"
               "try:\n    1 / 0\nexcept ZeroDivisionError:\n    logging.exception('fell')")
    done = subprocess.run([sys.executable, "-c", program],
                          cwd=ROOT, capture_output=True, text=True, check=True)
    first, second = (json.loads(line) for line in done.stdout.splitlines())
    assert (first["message"], first["level"], first["logger"], first["correlation_id"], first["n"]) == (
        "مرحبا", "WARNING", "x", "abc", 1)
    assert first["time"] and "ZeroDivisionError" in second["exc_info"]


def test_an_owed_event_is_logged_with_the_correlation_id_of_its_cause(listening, caplog):
    from tests.integration.chassis.test_inbox import Taker, body

    taker, subject = Taker(listening, "each"), uuid7()
    taker.failing = {(subject, 1)}
    seen = []
    handler = logging.Handler()
    handler.emit = lambda _: seen.append(logs.correlation.get())
    logging.getLogger("chassis.inbox").addHandler(handler)
    logs.correlation.set("something older")
    taker.take(body(subject, 1, correlationid="the-cause"))
    logging.getLogger("chassis.inbox").removeHandler(handler)
    taker.close()
    assert seen == ["the-cause"]


def test_the_metrics_that_alerts_and_dashboards_name_are_there():
    shown = metrics.render().decode()
    for name in ("http_seconds", "rpc_seconds", "events_sent_total", "publish_seconds", "oldest_unsent_event_seconds",
                 "events_unroutable_total", "events_applied_total", "inbox_owed", "events_malformed_total", "in_flight",
                 "refused_busy_total", "database_pool", "audit_unsealed"):
        assert f"# TYPE shubbak_{name} " in shown
