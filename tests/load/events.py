"""Figure 4: event log → relay → broker → inbox, against raw batched publishing with py-amqp to the same quorum queue.

The raw side writes the same bytes through the same exchange with all confirms of a batch pipelined, and nothing else:
no database, no consumer. Ours reads them from PostgreSQL, sends them, and commits each in the consumer's inbox.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import amqp
import psycopg2
import psycopg2.extras

from chassis import events
from chassis.ids import uuid7
from contracts.requests import LICENCE_ISSUED
from infra.broker import topology
from tests.load.ground import Ground, line_of
from tests.load.machine import Meter

COUNT = 20_000
ROUNDS = 3
BATCH = 500  # as the relay's
QUEUE = "events.notifications"
_DATA = {"serial": "EG-C-01-2026-0000001", "note": "م" * 300}


def measure(ground: Ground) -> dict[str, Any]:
    """Events a second of both, in turns."""
    raw, ours = [], []
    for _ in range(ROUNDS):
        raw.append(_raw(ground))
        ours.append(_ours(ground))
    middle_raw = sorted(raw)[len(raw) // 2]
    middle = sorted(ours, key=lambda one: one["per_second"])[len(ours) // 2]
    return {
        "ours": {**middle, "rounds": [one["per_second"] for one in ours]},
        "raw_py_amqp": {"per_second": middle_raw, "rounds": raw},
        "bytes": len(_body()),
        "ratio": round(middle["per_second"] / middle_raw, 3),
    }


def _body() -> bytes:
    return events.encode(
        LICENCE_ISSUED, event_id=uuid7(), source="urn:shubbak:EG-C:requests:1", subject=uuid7(), sequence=1,
        occurred=datetime.now(UTC), correlation_id=uuid7().hex, data=_DATA,
    )  # fmt: skip


def _raw(ground: Ground) -> int:
    """Confirmed events a second of plain py-amqp."""
    address = urlsplit(ground.stack.broker.amqp_url())
    connection = amqp.Connection(
        f"{address.hostname}:{address.port}", userid=address.username, password=address.password,
        virtual_host=topology.VHOST,
    )  # fmt: skip
    with connection:
        channel = connection.channel()
        channel.queue_bind(QUEUE, topology.EVENTS, LICENCE_ISSUED.name)
        channel.confirm_select()
        confirmed = [0]

        def on_ack(tag: int, multiple: bool) -> None:
            confirmed[0] = tag if multiple else max(confirmed[0], tag)

        channel.events["basic_ack"].add(on_ack)
        bodies = [_body() for _ in range(COUNT)]
        started = time.monotonic()
        for sent, body in enumerate(bodies, start=1):
            message = amqp.Message(body, delivery_mode=2, content_type=events.MEDIA_TYPE)
            channel.basic_publish(message, topology.EVENTS, LICENCE_ISSUED.name, mandatory=True)
            while sent % BATCH == 0 and confirmed[0] < sent:
                connection.drain_events(timeout=10)
        rate = COUNT / (time.monotonic() - started)
        channel.queue_purge(QUEUE)
    return round(rate)


def _ours(ground: Ground) -> dict[str, Any]:
    """Fill a log, then let relay and inbox run: events a second from the first one in the inbox to the last."""
    requests, notifications = ground.environment("requests"), ground.environment("notifications")
    with ground.child("tests.load.ours", "inbox", env=notifications) as inbox:
        line_of(inbox, "started")
        _fill(requests["SHUBBAK_DATABASE_URL"])
        with ground.child("tests.load.ours", "log", env=requests) as log:
            meter = Meter({"log": log.pid, "inbox": inbox.pid})
            line_of(log, "started")
            before = meter.cpu()
            found = _watch(notifications["SHUBBAK_DATABASE_URL"])
            spent = (meter.cpu() - before).milliseconds_per(COUNT)
    return {**found, "cpu_ms_per_event": spent}


def _fill(url: str) -> None:
    """COUNT committed events of as many aggregates in the log, none of them placed yet."""
    connection = _connect(url)
    with connection, connection.cursor() as cursor:
        # The inbox tells events apart by the id in the envelope, so that column may differ here.
        rows = [(str(uuid7()), LICENCE_ISSUED.name, str(uuid7()), 1, datetime.now(UTC), _body()) for _ in range(COUNT)]
        psycopg2.extras.execute_values(
            cursor, "INSERT INTO event_log (event_id, type, subject, sequence, occurred_at, body) VALUES %s", rows
        )
    connection.close()


def _watch(url: str) -> dict[str, Any]:
    connection = _connect(url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        ends = time.monotonic() + 60
        while time.monotonic() < ends:
            cursor.execute("SELECT count(*) FROM inbox")
            if cursor.fetchone()[0] >= COUNT:
                break
            time.sleep(0.1)
        else:
            raise TimeoutError("the events did not arrive")
        # Those that came with the first commit are left out on one side, the time before it on the other.
        cursor.execute(
            "WITH timed AS (SELECT date_trunc('milliseconds', received_at) AS at FROM inbox), "
            "first AS (SELECT min(at) AS at FROM timed) SELECT count(*), extract(epoch FROM max(timed.at) - first.at) "
            "FROM timed, first WHERE timed.at > first.at + interval '50 milliseconds' GROUP BY first.at"
        )
        count, seconds = cursor.fetchone()
        cursor.execute("TRUNCATE inbox")
    connection.close()
    return {"per_second": round(count / float(seconds)), "events": count}


def _connect(url: str) -> Any:
    return psycopg2.connect(url.replace("+psycopg2", ""))
