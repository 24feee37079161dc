"""Webhooks from the centre's feed to a receiver on this machine, while another agency's receiver hangs: a backlog let
go at once (deliveries a second), then events that arrive at a steady rate (from the commit of an event's arrival until
the receiver has it). The delivery process is the real one, `chassis run gateway.agencies`, on a real PostgreSQL."""

from __future__ import annotations

import signal
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from chassis.database import Database, Statement
from chassis.ids import uuid7
from services.gateway.agencies.keeper import LOOK_EVERY
from services.gateway.tables_link import link_log
from tests.load import profile
from tests.load.ground import Ground, line_of, result_of
from tests.load.machine import Meter
from tests.support.agencies_ground import MOVED, AgencyGround, envelope, settings

BACKLOG, STEADY, SECONDS, EVERY = 15_000, 1_000, 10.0, 0.02
PROFILE_SECONDS = 4.0
REQUESTS = 2_000  # so many different ones, whose events are each in order
DRAIN = 60.0
_DATA = {
    "service_code": "shop-licence", "service_version": 3, "service_name": {"ar": "ترخيص محل", "en": "Shop licence"},
    "unit": "EG-C-01", "channel": "portal", "applicant_kind": "person", "state": "review", "state_kind": "open",
    "state_name": {"ar": "مراجعة المستندات", "en": "Review of documents"}, "stage": "review", "department": "licensing",
    "from_state": "submitted", "action": "accept", "tracking_number": "01-26-21263991-J", "branches": [],
    "lodged_at": "2026-11-21T10:00:00+00:00", "due_on": "2026-12-21", "clock": "running", "outcome": None,
}  # fmt: skip
_LAND = Statement.insert(link_log)


def measure(ground: Ground, backlog: int = BACKLOG, steady: int = STEADY, *, profiled: bool = True) -> dict[str, Any]:
    """Deliveries a second of a backlog, then the added time at a steady rate, one agency hanging all the while."""
    environment = ground.environment("gateway", **_settings())
    database = Database(environment["SHUBBAK_DATABASE_URL"], 4)
    agencies = AgencyGround(database, settings(**{name: value for name, value in environment.items()
                                                  if "_KEY" in name} | _settings()))
    feed = _Feed(database)
    with ground.child("tests.load.webhook_receiver", env={}) as receiver:
        port = int(line_of(receiver, "PORT ").split()[1])
        subscription = _subscribe(agencies, "quick", f"http://127.0.0.1:{port}/events")
        _subscribe(agencies, "hanging", f"http://127.0.0.1:{port}/hang")
        with _delivering(ground, environment) as process:
            meter = Meter({"gateway.agencies": process, "receiver": receiver.pid})
            _until(lambda: not agencies.rows("SELECT FROM subscription_progress WHERE run IS NULL"))
            _set(agencies, "paused")
            time.sleep(2 * LOOK_EVERY)  # until the process has seen it
            first, before = feed.land(backlog), meter.cpu()
            _set(agencies, "active")
            _until(lambda: _delivered(agencies, subscription) >= backlog)
            cpu = meter.cpu() - before
            paced = feed.paced(steady, SECONDS)
            _until(lambda: _delivered(agencies, subscription) >= backlog + len(paced))
            looked = _looked_at(feed, process, backlog) if profiled else {}
        receiver.send_signal(signal.SIGTERM)
        got = result_of(receiver)
    missing = [one for one in (*first, *paced) if str(one) not in got["ids"]]
    if missing:
        raise RuntimeError(f"{len(missing)} events never arrived")
    arrived = sorted(got["ids"][str(one)] for one in first)
    landed = {row.event_id: row.at for row in agencies.rows(
        "SELECT event_id, extract(epoch FROM received_at)::float AS at FROM link_log")}
    late = sorted((got["ids"][str(one)] - landed[one]) * 1000 for one in paced)
    hung = agencies.rows("SELECT failed, failures FROM subscription_progress WHERE delivered = 0")[0]
    database.close()
    return {
        "backlog": backlog, "per_second": round((backlog - 1) / (arrived[-1] - arrived[0]), 1),
        "cpu_ms": cpu.milliseconds_per(backlog), "steady_per_second": round(len(paced) / SECONDS, 1),
        "added_p50_ms": round(statistics.median(late), 1), "added_p99_ms": round(late[int(len(late) * 0.99)], 1),
        "added_max_ms": round(late[-1], 1), "repeated": got["times"] - len(got["ids"]),
        "connections": got["connections"], "hanging": {"attempts": hung.failed, "failures_in_a_row": hung.failures},
        "profile": looked,
    }  # fmt: skip


def _looked_at(feed: _Feed, process: int, backlog: int) -> dict[str, Any]:
    """What the process does while it delivers; not while figures are taken, since looking costs."""
    with profile.watching({"gateway.agencies": process}, PROFILE_SECONDS) as looked:
        feed.land(backlog)
        time.sleep(PROFILE_SECONDS + 0.5)
    return looked


class _Feed:
    """The log of what came up, filled as the line fills it: rows in batches, each batch a commit."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._position = 0
        self._requests = [uuid7() for _ in range(REQUESTS)]

    def land(self, many: int) -> list[UUID]:
        ids: list[UUID] = []
        while len(ids) < many:
            ids += self._batch(min(500, many - len(ids)))
        return ids

    def paced(self, per_second: int, seconds: float) -> list[UUID]:
        """Events at a steady rate."""
        ids: list[UUID] = []
        begun = time.monotonic()
        while (now := time.monotonic() - begun) < seconds:
            ids += self._batch(max(int(per_second * now) - len(ids), 1))
            time.sleep(EVERY)
        return ids

    def _batch(self, many: int) -> list[UUID]:
        rows = []
        for _ in range(many):
            self._position += 1
            request = self._requests[self._position % REQUESTS]
            event_id, _, body = envelope(MOVED, {**_DATA, "request_id": str(request)}, subject=request)
            rows.append({"position": self._position, "peer": "EG-C", "epoch": 1, "sequence": self._position,
                         "event_id": event_id, "type": MOVED, "subject": request, "occurred_at": _now(), "body": body,
                         "key_id": "k1", "signature": b"", "received_at": _now(), "parked": None,
                         "hash": b""})  # fmt: skip
        self._database.commit([(_LAND, rows, None)])
        return [row["event_id"] for row in rows]


def _now() -> datetime:
    return datetime.now(UTC)


def _settings() -> dict[str, str]:
    return {"SHUBBAK_MODE": "training", "SHUBBAK_NODE": "EG", "SHUBBAK_ROLE": "centre", "SHUBBAK_BUS": "local",
            "SHUBBAK_WEBHOOK_NETWORKS": "127.0.0.0/8", "SHUBBAK_WEBHOOK_SECONDS": "5", "SHUBBAK_ADMIN_PORT": "0"}


def _subscribe(ground: AgencyGround, code: str, url: str) -> UUID:
    ground.now = _now()
    agency = ground.agency(code)
    return ground.subscription(agency, ground.agreement(agency), endpoint=url, at_once=16)[0]


@contextmanager
def _delivering(ground: Ground, environment: dict[str, str]) -> Iterator[int]:
    with ground.child("chassis", "run", "gateway.agencies", env=environment) as process:
        yield process.pid


def _set(ground: AgencyGround, state: str) -> None:
    ground.execute(f"UPDATE subscription SET state = '{state}', version = version + 1")


def _delivered(ground: AgencyGround, subscription: UUID) -> int:
    return int(ground.rows("SELECT delivered FROM subscription_progress WHERE subscription_id = :one",
                           one=subscription)[0].delivered)


def _until(true: Callable[[], Any]) -> None:
    ends = time.monotonic() + DRAIN
    while not true():
        if time.monotonic() > ends:
            raise TimeoutError(f"it did not become so within {DRAIN:.0f} s")
        time.sleep(0.02)
