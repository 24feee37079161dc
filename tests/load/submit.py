"""Figures 3 and 6: a citizen's submission, from HTTP to its commit in PostgreSQL, on a whole node.

Every service is a process of its own on a real broker and a real PostgreSQL (fsync and synchronous_commit on). Relay
and consumers run all the while: each submission is also billed by payments, shown by the gateway, and told to the
citizen by SMS and e-mail. A figure per write includes all of that until every log, queue and inbox is empty; messages
that wait for their provider then are counted apart.
"""

from __future__ import annotations

import base64
import json
import time
import uuid
from pathlib import Path
from typing import Any

from sqlalchemy import text

from chassis.database import Statement
from infra.database import SERVICES
from infra.demo import walk
from services.requests import documents
from tests.load import wrk
from tests.load.machine import Meter
from tests.support.node import Node

CONNECTIONS = 16
SECONDS = 15
PREPARED = 7000  # more than a run can use up
WARM_UP, WARM_UP_SECONDS = 1000, 2
UPLOADS, UPLOAD_SECONDS = 6000, 4
DRAIN = 120.0
MESSAGES_WAIT = 90.0
_BATCH = 200
_QUARANTINED = Statement(text("SELECT count(*) FROM document WHERE status = 'quarantined'"))
_UNSENT = "SELECT count(*) AS n FROM message WHERE state IN ('created', 'queued', 'sending', 'failed_temporarily')"


def measure(folder: Path) -> dict[str, Any]:
    """Run the whole node under submissions; answers rates, latencies, CPU per write by process, and memory."""
    with Node.running({"SHUBBAK_LOG_LEVEL": "WARNING"}) as node:
        applications, warm, uploads = folder / "submit.tsv", folder / "warm.tsv", folder / "upload.tsv"
        _prepare_applications(node, applications, PREPARED)
        _prepare_applications(node, warm, WARM_UP)
        _prepare_uploads(uploads)
        meter = Meter({**{name: process.pid for name, process in node.processes.items()}, **_servers(node)})
        idle = _idle(meter)
        uploaded = _uploads(node, meter, uploads)
        wrk.post(node.url, "/api/v1/requests", warm, seconds=WARM_UP_SECONDS, connections=CONNECTIONS)
        _wait_until_applied(node)
        found = _submissions(node, meter, applications)
        return {**found, "uploads": uploaded, "idle_cpu_percent": idle, "resident_mb": meter.resident_mb()}


def _servers(node: Node) -> dict[str, int]:
    broker, postgres = node.stack.broker.pid, node.stack.postgres.pid
    assert broker is not None and postgres is not None
    return {"RabbitMQ": broker, "PostgreSQL": postgres, "sandboxes": node.peers.process.pid}


def _idle(meter: Meter) -> dict[str, float]:
    """What each process takes of one core while nothing happens."""
    before, seconds = meter.cpu(), 3.0
    time.sleep(seconds)
    return {name: round(spent / seconds * 100, 1) for name, spent in (meter.cpu() - before).by_name.items()}


def _submissions(node: Node, meter: Meter, bodies: Path) -> dict[str, Any]:
    _demand_durable(node)
    stored, before, started = _count(node), meter.cpu(), time.monotonic()
    load = wrk.post(node.url, "/api/v1/requests", bodies, seconds=SECONDS, connections=CONNECTIONS)
    answered = time.monotonic()
    applied = _wait_until_applied(node)
    spent, unsent = meter.cpu() - before, _unsent(node)
    emptied = _wait_until_sent(node)
    told = (meter.cpu() - before) if not _unsent(node) else None
    if load.other or load.broken or load.timeouts:
        raise RuntimeError(f"submissions failed: {load}")
    writes = _count(node) - stored
    if not load.ok <= writes <= load.requests + CONNECTIONS:
        raise RuntimeError(f"{load.ok} answered 201 but {writes} are stored")
    each = spent.milliseconds_per(writes)
    return {
        "per_second": load.rate,
        "per_second_until_applied": round(writes / (applied - started), 1),
        "seconds_until_applied": round(applied - answered, 2),
        "messages_unsent_when_applied": unsent,
        "messages_sent_per_second_then": round((unsent - _unsent(node)) / (emptied - applied), 1) if unsent else None,
        "writes": writes,
        "refused_busy": load.busy,
        "connections": CONNECTIONS,
        "p50_ms": load.p50_ms,
        "p95_ms": load.p95_ms,
        "p99_ms": load.p99_ms,
        "max_ms": load.max_ms,
        "cpu_ms_per_write": {
            "services": round(sum(each[service] for service in SERVICES), 3),
            "with RabbitMQ and PostgreSQL": round(sum(each.values()) - each["sandboxes"], 3),
            "by_process": each,
        },
        "cpu_ms_per_write_until_told": None if told is None else round(_of_ours(told.milliseconds_per(writes)), 3),
    }


def _of_ours(each: dict[str, float]) -> float:
    """Everything but what stands for the providers outside."""
    return sum(each.values()) - each["sandboxes"]


def _uploads(node: Node, meter: Meter, bodies: Path) -> dict[str, Any]:
    """A document's upload: the other write of a citizen, with no event behind it."""
    before = meter.cpu()
    load = wrk.post(node.url, "/api/v1/documents", bodies, seconds=UPLOAD_SECONDS, connections=CONNECTIONS)
    load.demand_clean()
    each = (meter.cpu() - before).milliseconds_per(load.ok)
    return {
        "per_second": load.rate,
        "p50_ms": load.p50_ms,
        "p99_ms": load.p99_ms,
        "cpu_ms_per_write": {
            "services": round(sum(each[service] for service in SERVICES), 3),
            "with RabbitMQ and PostgreSQL": round(sum(each.values()) - each["sandboxes"], 3),
            "by_process": each,
        },
    }


def _demand_durable(node: Node) -> None:
    for setting in ("fsync", "synchronous_commit", "full_page_writes"):
        if node.sql("requests", "SELECT current_setting(%s) AS value", setting)[0].value != "on":
            raise RuntimeError(f"{setting} is not on")


def _count(node: Node) -> int:
    return int(node.sql("requests", "SELECT count(*) AS n FROM request")[0].n)


def _wait_until_applied(node: Node) -> float:
    """When every event had been sent and applied everywhere."""
    ends = time.monotonic() + DRAIN
    while time.monotonic() < ends:
        if node.settled():
            return time.monotonic()
        time.sleep(0.3)
    raise TimeoutError(f"events are still on their way after {DRAIN:.0f} s")


def _unsent(node: Node) -> int:
    return int(node.sql("notifications", _UNSENT)[0].n)


def _wait_until_sent(node: Node) -> float:
    """When every message had been handed to its provider, or when it was not worth waiting any longer."""
    ends = time.monotonic() + MESSAGES_WAIT
    while _unsent(node) and time.monotonic() < ends:
        time.sleep(0.3)
    return time.monotonic()


# -- what is sent -----------------------------------------------------------------------------------------------------


def _prepare_applications(node: Node, path: Path, count: int) -> None:
    """Complete applications for a shop licence, each with an idempotency key and two uploaded documents of its own."""
    content = base64.b64encode(walk._PDF).decode()
    kept: list[str] = []

    def upload(work: Any) -> list[str]:
        paper = {"file_name": "paper.pdf", "content": content}
        return [documents.add(work, paper)["document_id"] for _ in range(_BATCH)]

    while len(kept) < 2 * count:
        node._attempt("requests", lambda work: kept.extend(upload(work)))
    _wait_until_judged(node)
    with path.open("w", encoding="utf-8") as file:
        for number in range(count):
            papers = zip(("id_copy", "lease_contract"), kept[2 * number : 2 * number + 2], strict=True)
            body = walk.application([{"code": code, "document_id": paper} for code, paper in papers])
            file.write(f"{uuid.uuid4()}\t{json.dumps(body, ensure_ascii=False)}\n")


def _wait_until_judged(node: Node) -> None:
    """Until the service has judged what was uploaded: the run is to measure lodging, not what was prepared for it."""
    left: list[int] = [1]
    ends = time.monotonic() + 300
    while left[-1]:
        if time.monotonic() > ends:
            raise RuntimeError(f"{left[-1]} documents are still in quarantine: nothing judges them")
        time.sleep(0.5)
        node._attempt("requests", lambda work: left.append(work.scalar(_QUARANTINED)))


def _prepare_uploads(path: Path) -> None:
    content = base64.b64encode(walk._PDF + b"%" + b"x" * 20_000).decode()
    with path.open("w", encoding="utf-8") as file:
        for number in range(UPLOADS):
            file.write(f"{uuid.uuid4()}\t" + json.dumps({"file_name": f"{number}.pdf", "content": content}) + "\n")
