"""The line between a node and the centre: how fast it catches up, against a bare shovel in the same run, and how soon
the centre answers what happened at a node.

Catching up is timed from the thousandth message to the last: first what the node sends and the centre's broker
confirms while nobody applies it, then what the centre applies of it. The shovel (prefetch 200, acknowledged on confirm)
moves messages of the same bodies, headers and properties out of a quorum queue of the node into the very queue that the
line sends to, under the node's own certificate: over TLS, as the line has to, and once more without. It signs nothing,
keeps no order when it comes back, and nothing takes effect. Neither goes through anything that plays a bad line.
"""

from __future__ import annotations

import base64
import json
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any
from urllib.parse import urlencode

import amqp
import psutil
import psycopg2
import requests

from infra.broker import centre as line_at_centre
from infra.broker import topology
from infra.demo.walk import API
from infra.rabbitmq import CONTROL, Broker
from tests.load.machine import Cpu, Meter
from tests.support import amqp_client
from tests.support.backlog import pile_up
from tests.support.line import until
from tests.support.linked import LINK, Linked, sql

BACKLOG, SKIPPED, PREFETCH = 40_000, 1_000, 200
INQUIRIES = 200
QUEUE = "bench.shovel"
CENTRE_WEB = ("catalog", "payments", "notifications", "gateway")
LOOK = 0.02  # seconds between two looks, over a connection that stays


def measure() -> dict[str, Any]:
    """{per_second, sent_per_second, shovel_per_second, shovel_plain_per_second, share, sent_share, bytes, backlog,
    cpu_us, national: {…}}. Shares are of the shovel over TLS; `cpu_us` is what a message costs that is applied, by who
    pays."""
    with Linked.running(at_centre=(CENTRE_WEB, LINK)) as linked:
        national = _national(linked)
        size = _fill(linked)
        sent, applied, cpu = _catch_up(linked)
        shovel, plain = _shovels(linked)
    return {
        "backlog": BACKLOG, "bytes": size, "per_second": round(applied), "sent_per_second": round(sent),
        "shovel_per_second": round(shovel), "shovel_plain_per_second": round(plain),
        "share": round(applied / shovel, 2), "sent_share": round(sent / shovel, 2), "cpu_us": cpu, "national": national,
    }  # fmt: skip


def _fill(linked: Linked) -> int:
    """Pile facts up behind a cut line, numbered and signed; answers the bytes of one as it is stored."""
    assert linked.line is not None
    groups = linked.groups[linked.node.code][:-1]
    linked.line.cut()
    for names in groups:
        linked.node.terminate(*names)
    pile_up(linked.node, BACKLOG)
    waits = "SELECT (SELECT max(sequence) FROM link_out) - applied AS n FROM link_sent"
    until(lambda: (sql(linked.node, "gateway", waits)[0].n or 0) >= BACKLOG, 300)
    linked.node.kill(*LINK)
    [row] = sql(linked.node, "gateway", "SELECT octet_length(body) AS n FROM link_out ORDER BY sequence DESC LIMIT 1")
    return int(row.n)


def _catch_up(linked: Linked) -> tuple[float, float, dict[str, float]]:
    """How fast the node sends while nobody applies, which is what a shovel does, and how fast the centre then applies
    what lies in its queue and at what cost. The node is at rest meanwhile: of both, the other end is the broker
    alone."""
    linked.direct = True
    with psycopg2.connect(linked.centre.postgres.url("gateway").replace("+psycopg2", "")) as database:
        database.autocommit = True
        look = database.cursor()

        def applied() -> int:
            look.execute("SELECT coalesce(sum(applied), 0) FROM link_mark")
            return int(look.fetchone()[0])

        before = applied()
        linked.centre.kill(*LINK)
        with _looking(linked) as queued:
            linked.node.start(*LINK)
            sending, _ = _pace(queued)
        linked.node.kill(*LINK)
        linked.centre.start(*LINK)
        applying, cost = _pace(lambda: applied() - before, partial(_cpu, linked))
        until(lambda: not _length(linked), 60)
        linked.centre.kill(*LINK)
    database.close()
    return sending, applying, cost


def _cpu(linked: Linked) -> Cpu:
    """CPU seconds of those who apply: the process of the link, its helpers, database and broker of the centre."""
    centre = linked.centre
    pids = {"link": centre.processes[LINK].pid, "database": centre.postgres.pid or 0, "broker": centre.broker.pid or 0}
    spent = dict(Meter(pids).cpu().by_name)
    alone = psutil.Process(pids["link"]).cpu_times()
    own = alone.user + alone.system
    return Cpu({**spent, "link": own, "helpers": spent["link"] - own})


def _pace(count: Callable[[], int], cpu: Callable[[], Cpu] = lambda: Cpu({})) -> tuple[float, dict[str, float]]:
    """How many a second a count grows by, from SKIPPED to BACKLOG, and what one of them costs, in µs by name."""
    begun: tuple[float, int, Cpu] | None = None
    ends = time.monotonic() + 300
    while time.monotonic() < ends:
        now, seen = time.monotonic(), count()
        if begun is None and seen >= SKIPPED:
            begun = (now, seen, cpu())
        if begun is not None and seen >= BACKLOG:
            each = {name: round(seconds * 1e6 / (seen - begun[1]), 1)
                    for name, seconds in (cpu() - begun[2]).by_name.items()}  # fmt: skip
            return (seen - begun[1]) / max(now - begun[0], 0.001), each
        time.sleep(LOOK)
    raise TimeoutError(f"no end after 300 s: {count()}")


@contextmanager
def _looking(linked: Linked) -> Iterator[Callable[[], int]]:
    """Answers how many messages wait at the centre for what the line brings."""
    certificate, key = linked.country.certificate(linked.node.code)
    with amqp_client.certified(linked.centre.broker, linked.country.authority.root_file, certificate, key) as channel:
        yield lambda: int(channel.queue_declare(line_at_centre.LINK_UP, passive=True).message_count)


def _length(linked: Linked) -> int:
    return linked.centre.broker.queue_length(line_at_centre.LINK_UP, line_at_centre.LINE)


def _shovels(linked: Linked) -> tuple[float, float]:
    """A second of a shovel over TLS, and of one without."""
    node, centre = linked.node.broker, linked.centre.broker
    node.evaluate(f'rabbit_auth_backend_internal:set_permissions(<<"{topology.OPERATOR}">>, <<"{topology.VHOST}">>, '
                  '<<".*">>, <<".*">>, <<".*">>, <<"bench">>).')
    node.evaluate(f'rabbit_amqqueue:declare(rabbit_misc:r(<<"{topology.VHOST}">>, queue, <<"{QUEUE}">>), true, '
                  'false, [{<<"x-queue-type">>, longstr, <<"quorum">>}], none, <<"bench">>).')
    centre.evaluate(f'rabbit_auth_backend_internal:set_permissions(<<"{topology.OPERATOR}">>, '
                    f'<<"{line_at_centre.LINE}">>, <<"">>, <<"^up$">>, <<"">>, <<"bench">>).')
    subprocess.run([*node.control()[:-1], str(CONTROL.with_name("rabbitmq-plugins")), "enable", "rabbitmq_shovel"],
                   check=True, capture_output=True)  # fmt: skip
    certificate, key = linked.country.certificate(linked.node.code)
    # Who is at the other end is proved once a connection; the records are the same without.
    shown = urlencode({"cacertfile": linked.country.authority.root_file, "certfile": certificate, "keyfile": key,
                       "verify": "verify_none", "auth_mechanism": "external"}, safe="/")
    user = line_at_centre.node_user(linked.node.code)
    over_tls = _shovel(linked, f"{centre.amqps_url()}?{shown}", {"user_id": user})
    operator = centre.amqp_url(topology.OPERATOR)
    return over_tls, _shovel(linked, f"{operator.rpartition('/')[0]}/{line_at_centre.LINE}", {})


def _shovel(linked: Linked, uri: str, proved: dict[str, str]) -> float:
    """The same messages by a shovel from a queue of the node to the one that the line sends to."""
    node, centre = linked.node.broker, linked.centre.broker
    _publish(linked)
    shovel = {
        "src-protocol": "amqp091", "src-uri": node.amqp_url(topology.OPERATOR), "src-queue": QUEUE,
        "src-prefetch-count": PREFETCH, "dest-protocol": "amqp091", "dest-uri": uri,
        "dest-exchange": line_at_centre.UP, "dest-publish-properties": proved, "ack-mode": "on-confirm",
    }  # fmt: skip
    with _looking(linked) as queued:
        _control(node, "set_parameter", "-p", topology.VHOST, "shovel", "bench", json.dumps(shovel))
        pace, _ = _pace(queued)
    until(lambda: not node.queue_length(QUEUE), 60)
    _control(node, "clear_parameter", "-p", topology.VHOST, "shovel", "bench")
    centre.evaluate(f'{{ok, Q}} = rabbit_amqqueue:lookup(rabbit_misc:r(<<"{line_at_centre.LINE}">>, queue, '
                    f'<<"{line_at_centre.LINK_UP}">>)), {{ok, _}} = rabbit_amqqueue:purge(Q).')
    return pace


def _control(broker: Broker, *command: str) -> None:
    done = subprocess.run([*broker.control(), *command], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"rabbitmqctl {command[0]}: {done.stdout}{done.stderr}")


def _publish(linked: Linked) -> None:
    """Lay into the shovel's queue what the line sent, as it sent it."""
    broker, node = linked.node.broker, linked.node.code
    rows = sql(linked.node, "gateway", "SELECT * FROM link_out ORDER BY sequence DESC LIMIT %s", BACKLOG)
    with amqp_client.channel(broker, topology.OPERATOR) as channel:
        channel.exchange_declare(QUEUE, "topic", durable=True, auto_delete=False)
        channel.queue_bind(QUEUE, QUEUE, "#")
        for place, row in enumerate(rows, 1):
            headers = {"sender": node, "receiver": row.peer, "epoch": row.epoch, "sequence": row.sequence,
                       "key": row.key_id, "schema": 1, "signature": base64.b64encode(row.signature).decode()}
            message = amqp.Message(bytes(row.body), content_type="application/cloudevents+json", delivery_mode=2,
                                   message_id=str(row.event_id), type=row.type, application_headers=headers)
            send = channel.basic_publish if place == len(rows) else channel._basic_publish
            send(message, QUEUE, f"{node}.{row.type}")
    until(lambda: broker.queue_length(QUEUE) >= len(rows), 120)


def _national(linked: Linked) -> dict[str, Any]:
    """From the commit at the node to the centre's answer over HTTP, one inquiry after the other."""
    walk, took, asked = linked.walk(), [], []
    known = "SELECT 1 FROM national_request WHERE tracking_number = %s"
    for _ in range(INQUIRIES):
        number = walk.lodge()["tracking_number"]
        until(lambda number=number: sql(linked.centre, "gateway", known, number), 30)  # type: ignore[misc]
        begun = time.monotonic()
        answer = requests.get(f"{linked.centre.url}{API}/national/requests/{number}",
                              headers={"X-Phone-Last4": walk.last4}, timeout=30)  # fmt: skip
        answer.raise_for_status()
        at, asked_for = time.time(), time.monotonic() - begun
        [row] = sql(linked.node, "requests", "SELECT recorded_at FROM event_log WHERE "
                    "convert_from(body, 'UTF8')::jsonb #>> '{data,tracking_number}' = %s ORDER BY id LIMIT 1", number)
        took.append(at - row.recorded_at.timestamp())
        asked.append(asked_for)
    took.sort(), asked.sort()
    return {"inquiries": INQUIRIES, "p50_ms": _ms(took, 0.5), "p99_ms": _ms(took, 0.99),
            "answer_p50_ms": _ms(asked, 0.5)}  # fmt: skip


def _ms(seconds: list[float], share: float) -> float:
    return round(seconds[min(len(seconds) - 1, int(len(seconds) * share))] * 1000, 1)
