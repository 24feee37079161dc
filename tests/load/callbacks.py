"""What rails report, from HTTP to the commit in payments: callbacks signed as Fawry and Paymob sign them, each paying a
bill of its own.

A callback's commit holds the payment, the bill, the receipt, the journal and its entries, what they add to the totals,
the event, the audit row and the command's answer. The bills are those of real requests, billed by what payments heard
of them, and each request is moved on by its payment; so a run counts to the last event applied as well. Every service
is a process of its own on a real broker and a real PostgreSQL (fsync and synchronous_commit on). notifications, which
tells the citizen and takes no part in this, is stopped: the messages of requests lodged beforehand would be measured.
"""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from infra.database import SERVICES
from infra.peers.rails import Rails
from tests.load import profile, wrk
from tests.load.ground import ROOT
from tests.load.machine import Meter, backends
from tests.load.report import say
from tests.support import owed
from tests.support.node import RAIL_KEYS, Node
from tests.support.rail_speech import say as spoken

RAILS = ("fawry", "paymob")
CALLBACKS = 5000
CONNECTIONS = 16
WARM_UP, SECONDS, PROFILE_SECONDS, REPEAT_SECONDS = 2.0, 12.0, 5.0, 3.0
DRAIN = 120.0
SEED = 5
_LEFT_OUT = "notifications"
_WITHOUT_ASKING = "UPDATE payment SET next_at = now() + interval '1 hour' WHERE next_at IS NOT NULL RETURNING id"
_PAID = "SELECT count(*) AS n FROM bill WHERE state = 'paid'"
_ENDED = "SELECT count(*) AS n FROM request WHERE outcome IS NOT NULL"
_LOG = ("SELECT (SELECT count(*) FROM event_log WHERE position IS NULL) + (SELECT coalesce(max(position), 0) "
        "FROM event_log) - (SELECT position FROM event_cursor WHERE reader = 'bus') AS unsent, "
        "(SELECT count(*) FROM inbox WHERE state IN ('waiting', 'parked')) AS owed")


def measure(callbacks: int = CALLBACKS, *, seconds: float = SECONDS, profiled: bool = True) -> dict[str, Any]:
    """Rates, latencies, CPU by process and a callback, what payments and the gateway did, and what repeats cost."""
    kept: dict[str, Any] = {}
    with Node.running({"SHUBBAK_LOG_LEVEL": "WARNING"}, owed.publish) as node, \
            tempfile.TemporaryDirectory(prefix="shubbak-callbacks-") as folder:
        files = _prepare(node, callbacks, Path(folder))
        run = _Run(node)
        wrk.post_each(node.url, files["warm"], seconds=WARM_UP, connections=CONNECTIONS)
        run.settle()
        kept.update(run.measured(files["run"], seconds))
        kept["repeats"] = run.repeats(files["run"], kept["refused_busy"])
        if profiled:
            kept["profile"] = run.profile(files["profile"])
        faults = run.faults()
    if faults:
        raise RuntimeError(f"the books are wrong: {faults[:5]}")
    return kept


class _Run:
    def __init__(self, node: Node) -> None:
        self.node = node
        broker, postgres = node.stack.broker.pid, node.stack.postgres.pid
        assert broker is not None and postgres is not None
        self.postgres = postgres
        self.pids = {name: process.pid for name, process in node.processes.items() if process.poll() is None}
        self.meter = Meter({**self.pids, "RabbitMQ": broker, "PostgreSQL": postgres,
                            "sandboxes": node.peers.process.pid})

    def measured(self, file: Path, seconds: float) -> dict[str, Any]:
        """One load: CPU from the first callback until every event of it is applied, over the bills it paid."""
        self._demand_durable()
        paid, before, databases, begun = self._paid(), self.meter.cpu(), backends(self.postgres), time.monotonic()
        load = wrk.post_each(self.node.url, file, seconds=seconds, connections=CONNECTIONS)
        loaded, wall = self.meter.cpu() - before, time.monotonic() - begun
        if load.other or load.broken or load.timeouts:
            raise RuntimeError(f"callbacks failed: {load}")
        handled = self._paid() - paid
        if not load.ok <= handled <= load.requests + CONNECTIONS:
            raise RuntimeError(f"{load.ok} were answered 200 but {handled} bills were paid")
        outbox = self._wait(lambda: self._unsent("payments") == 0) - begun
        self.settle()
        applied, spent = time.monotonic() - begun, self.meter.cpu() - before
        each = {**dict.fromkeys(SERVICES, 0.0), **spent.milliseconds_per(handled)}
        return {
            "callbacks": handled,
            "connections": CONNECTIONS,
            "per_second": load.rate,
            "per_second_until_sent": round(handled / outbox, 1),
            "per_second_until_applied": round(handled / applied, 1),
            "refused_busy": load.busy,
            "p50_ms": load.p50_ms,
            "p95_ms": load.p95_ms,
            "p99_ms": load.p99_ms,
            "max_ms": load.max_ms,
            "cpu_ms": {"payments and gateway": round(each["payments"] + each["gateway"], 3),
                       "all": round(sum(each.values()) - each["sandboxes"], 3), "by_process": each},
            "databases_ms": (backends(self.postgres) - databases).milliseconds_per(handled),
            "cores_busy": {name: round(used / wall, 2) for name, used in loaded.by_name.items()},
        }

    def repeats(self, file: Path, refused: int) -> dict[str, Any]:
        """The same callbacks again: acknowledged, and nothing changes, but for what was refused or cut off before."""
        paid = self._paid()
        load = wrk.post_each(self.node.url, file, seconds=REPEAT_SECONDS, connections=CONNECTIONS).demand_clean()
        if self._paid() - paid > refused + CONNECTIONS:
            raise RuntimeError(f"repeats paid {self._paid() - paid} bills")
        return {"per_second": load.rate, "p50_ms": load.p50_ms, "p99_ms": load.p99_ms}

    def profile(self, file: Path) -> dict[str, Any]:
        """What the processes did under the same load; not while figures are taken, since looking costs."""
        with profile.watching({name: self.pids[name] for name in ("payments", "gateway")}, PROFILE_SECONDS) as found:
            wrk.post_each(self.node.url, file, seconds=PROFILE_SECONDS + 1, connections=CONNECTIONS)
        self.settle()
        return found

    def settle(self) -> None:
        """Until every event has been sent and, where anybody runs to hear it, applied."""
        self._wait(lambda: all(
            not self._unsent(service) and not self.node.stack.broker.queue_length(f"events.{service}")
            and not self.node.sql(service, _LOG)[0].owed for service in SERVICES if service != _LEFT_OUT))

    def faults(self) -> list[str]:
        """What the auditor's command finds, and bills whose requests did not move on."""
        checked = subprocess.run([sys.executable, "-m", "services.payments", "check"], cwd=ROOT, capture_output=True,
                                 text=True, env=self.node.environments["payments"])
        found = [] if checked.returncode == 0 else (checked.stdout or checked.stderr).splitlines()
        paid, ended = self._paid(), int(self.node.sql("requests", _ENDED)[0].n)
        return found + ([f"{paid} bills are paid, {ended} requests moved on"] if paid != ended else [])

    def _unsent(self, service: str) -> int:
        return int(self.node.sql(service, _LOG)[0].unsent)

    def _paid(self) -> int:
        return int(self.node.sql("payments", _PAID)[0].n)

    def _wait(self, true: Any) -> float:
        ends = time.monotonic() + DRAIN
        while not true():
            if time.monotonic() > ends:
                raise TimeoutError(f"events are still on their way after {DRAIN:.0f} s")
            time.sleep(0.05)
        return time.monotonic()

    def _demand_durable(self) -> None:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            if self.node.sql("payments", "SELECT current_setting(%s) AS value", setting)[0].value != "on":
                raise RuntimeError(f"{setting} is not on")


def _prepare(node: Node, callbacks: int, folder: Path) -> dict[str, Path]:
    """Requests, bills and payments, and what the rails will say of them: a tenth to warm up with, a quarter for the
    profile."""
    node.terminate(_LEFT_OUT)
    begun = time.monotonic()
    parts = {"warm": max(callbacks // 10, 10), "run": callbacks, "profile": callbacks // 4}
    owed.lodge(node, sum(parts.values()), random.Random(SEED))
    owed.wait_billed(node, sum(parts.values()))
    node.terminate("payments")  # else it would send the charges to the rails, before it could be given references
    owed.start(node, RAILS)
    given = owed.adopt(node)
    node.sql("payments", _WITHOUT_ASKING)
    node.start("payments")
    node.wait_ready("payments")
    keys, paid_at, files, first = Rails(RAIL_KEYS), time.time(), {}, 0
    for name, many in parts.items():
        files[name] = folder / f"{name}.tsv"
        with files[name].open("w", encoding="utf-8") as file:
            for rail, ours, theirs in given[first : first + many]:
                message = spoken(rail, ours, theirs, paid=owed.TOTAL, ordered=owed.TOTAL, at=paid_at, by=keys)
                query = f"?{urlencode(message.query)}" if message.query else ""
                file.write(f"/api/v1/payments/callbacks/{rail}{query}\t{message.media_type}\t{message.body}\n")
        first += many
    say(f"  callbacks: {len(given):,} bills are owed after {time.monotonic() - begun:.0f} s")
    return files
