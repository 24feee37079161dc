"""submit → assign → decide through HTTP, 50 users at once, on a whole node in which much is stored already.

Each user lodges an application as a citizen, then, as an officer of that unit, asks for the next file, reads it and
decides it: four calls, of a service of one task and without fee, document and output. Whose file an officer is dealt
is the engine's affair. Every service is a process of its own on a real broker and a real PostgreSQL (fsync and
synchronous_commit on); relay, consumers, SMS and e-mail run all the while.
"""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections.abc import Mapping
from functools import partial
from typing import Any
from uuid import UUID

from contracts.definition import authoring
from infra.database import SERVICES
from services.catalog import publishing
from services.gateway import accounts, demo
from tests.load import million, profile, users
from tests.load.lived import Lived
from tests.load.machine import Cpu, Meter, backends
from tests.load.report import say
from tests.support.node import GUIDE, Node

USERS = 50
FEW, MANY = 10_000, 1_000_000
UNITS = tuple(f"EG-C-{number:02d}" for number in range(1, 11))  # five officers at each of ten desks
ONE_UNIT = "EG-C-12"  # all fifty at one desk
SERVICE = "bench-decision"
STOCK = 30  # files that wait at each desk before the run, more than the engine looks at; as many wait after it
WARM_UP, SECONDS, ONE_DESK_SECONDS, PROFILE_SECONDS = 4.0, 20.0, 8.0, 8.0
DRAIN = 90.0
SEED = 4

_DECIDED = """
SELECT count(*) FILTER (WHERE outcome IS NOT NULL) AS ended, count(*) AS lodged,
  (SELECT count(*) FROM step JOIN request AS r ON r.id = step.request_id
   WHERE r.service_code = %s AND step.action IN ('approve', 'reject')) AS decisions
FROM request WHERE service_code = %s
"""
_UNDONE = "SELECT xact_rollback AS n FROM pg_stat_database WHERE datname = current_database()"


def measure(stored: int = FEW, *, users_at_once: int = USERS, seconds: float = SECONDS,
            profiled: bool = True) -> dict[str, Any]:
    """A node in which so many requests are stored, under so many users: rates, latencies by kind of call, CPU by
    process, what the processes did, and the same fifty at a single desk."""
    kept: dict[str, Any] = {}
    before = partial(_prepare, stored=stored, users_at_once=users_at_once, kept=kept)
    with Node.running({"SHUBBAK_LOG_LEVEL": "WARNING"}, before) as node:
        desks, one = _log_in(node, users_at_once)
        run = _Run(node)
        stock = [unit for unit in sorted({account.unit for account in (*desks, *one)}) for _ in range(STOCK)]
        stock += [ONE_UNIT] * users_at_once
        asyncio.run(users.lodge(node.url, stock, application, SEED))
        run.load(desks, min(WARM_UP, seconds), seed=SEED)
        run.settle()
        say(f"  lifecycle: warmed up; {users_at_once} users for {seconds:.0f} s")
        kept.update(run.measured(desks, seconds))
        kept["one_desk"] = run.measured(one, min(ONE_DESK_SECONDS, seconds))
        if profiled:
            say(f"  lifecycle: profiles of {PROFILE_SECONDS:.0f} s")
            kept["profile"] = run.profile(desks)
        run.demand_whole(len(stock))
    return {"users": users_at_once, "units": len(UNITS), **kept}


def measure_both() -> dict[str, Any]:
    """With 10 thousand stored, and with a million where MILLION=1 asks for it; then how much slower that is."""
    few = measure(FEW)
    if os.environ.get("MILLION") != "1":
        return {"few": few}
    many = measure(MANY)
    return {"few": few, "many": many, "slower": slower(few, many)}


def slower(few: Mapping[str, Any], many: Mapping[str, Any]) -> dict[str, float]:
    """How many times slower the second run was, by what a shared machine disturbs (rate, latency of the median call)
    and by what it leaves nearly alone (CPU a lifecycle)."""
    return {
        "rate": round(few["per_second"] / many["per_second"], 2),
        "p50": round(many["call"]["p50_ms"] / few["call"]["p50_ms"], 2),
        "cpu": round(many["cpu_ms"]["all"] / few["cpu_ms"]["all"], 2),
    }


class _Run:
    def __init__(self, node: Node) -> None:
        self.node = node
        broker, postgres = node.stack.broker.pid, node.stack.postgres.pid
        assert broker is not None and postgres is not None
        self.postgres = postgres
        pids = {name: process.pid for name, process in node.processes.items()}
        self.pids = dict(pids)
        self.meter = Meter({**pids, "RabbitMQ": broker, "PostgreSQL": postgres, "sandboxes": node.peers.process.pid})

    def load(self, accounts: list[users.Account], seconds: float, *, seed: int) -> users.Seen:
        return asyncio.run(users.live(self.node.url, accounts, seconds, application, seed))

    def measured(self, accounts: list[users.Account], seconds: float) -> dict[str, Any]:
        """One load: CPU from the first request until every event of it is applied, over the lifecycles of it."""
        undone, before, own, begun = self._undone(), self.meter.cpu(), time.process_time(), time.monotonic()
        databases = backends(self.postgres)
        seen = self.load(accounts, seconds, seed=SEED + 1)
        loaded = self.meter.cpu() - before
        own, wall = time.process_time() - own, time.monotonic() - begun
        self.settle()
        applied, spent, undone = time.monotonic() - begun, self.meter.cpu() - before, self._undone() - undone
        return {
            "per_second": round(seen.in_time / seconds, 1),
            "calls_per_second": round(seen.calls_in_time / seconds, 1),
            "lifecycles": seen.lifecycles,
            "per_second_until_applied": round(seen.lifecycles / applied, 1),
            "call": users.percentiles([took for kind in users.KINDS[:-1] for took in seen.took[kind]]),
            "kinds": {kind: users.percentiles(seen.took[kind]) for kind in users.KINDS},
            "said": dict(seen.said),
            "undone_commits": undone,
            "cpu_ms": cpu_each(spent, seen.lifecycles),
            "databases_ms": (backends(self.postgres) - databases).milliseconds_per(max(seen.lifecycles, 1)),
            "cores_busy": {name: round(used / wall, 2) for name, used in {**loaded.by_name, "users": own}.items()},
        }

    def profile(self, accounts: list[users.Account]) -> dict[str, Any]:
        """What the services' processes did under the same load; not while figures are taken, since looking costs."""
        with profile.watching(self.pids, PROFILE_SECONDS) as found:
            self.load(accounts, PROFILE_SECONDS + 1, seed=SEED + 2)
        self.settle()
        return found

    def settle(self) -> None:
        """Until every event has been sent and applied."""
        ends = time.monotonic() + DRAIN
        while not self.node.settled():
            if time.monotonic() > ends:
                raise TimeoutError(f"events are still on their way after {DRAIN:.0f} s")
            time.sleep(0.2)

    def demand_whole(self, waiting: int) -> None:
        """Every request that was lodged was decided once, but those still waiting; and commits were durable."""
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            if self.node.sql("requests", "SELECT current_setting(%s) AS value", setting)[0].value != "on":
                raise RuntimeError(f"{setting} is not on")
        row = self.node.sql("requests", _DECIDED, SERVICE, SERVICE)[0]
        if not row.ended or not row.lodged - waiting == row.ended == row.decisions:
            raise RuntimeError(f"{row.lodged} lodged, {row.ended} ended, {row.decisions} decided")

    def _undone(self) -> int:
        """Transactions of requests' database that were undone, which are the commits that lost to another's."""
        return int(self.node.sql("requests", _UNDONE)[0].n)


def cpu_each(spent: Cpu, lifecycles: int) -> dict[str, Any]:
    """CPU milliseconds a lifecycle: by process, of the five services, and of all that is the node's (not the users, nor
    the sandboxes that stand for providers outside)."""
    each = spent.milliseconds_per(max(lifecycles, 1))
    services = sum(each[name] for name in SERVICES)
    node = services + each["RabbitMQ"] + each["PostgreSQL"]
    return {"services": round(services, 2), "all": round(node, 2), "by_process": each}


# -- what the node is given -------------------------------------------------------------------------------------------


def _prepare(node: Node, *, stored: int, users_at_once: int, kept: dict[str, Any]) -> None:
    """What is stored, the service and the staff, one in ten of whom has relations among those who applied."""
    begun = time.monotonic()
    node._attempt("catalog", lambda work: publishing.load_national(work, definition(), None, adopt=True))
    officers = _employ(node, users_at_once)
    store = Lived(node.stack.postgres.url("requests"), stored)
    try:
        store.fill()
        store.relate(officers[::10])
        kept.update(stored=stored, open=store.open_count(), size_mb=store.size_mb())
    finally:
        store.ground.close()
    node.stack.postgres.sql("CHECKPOINT;")
    kept["filled_seconds"] = round(time.monotonic() - begun)
    say(f"  lifecycle: {stored:,} requests stored in {kept['filled_seconds']} s ({kept['size_mb']:,} MB)")


def definition() -> dict[str, Any]:
    """A service of one task: the guide's shop licence, its form and period, without fee, document and output."""
    given = authoring.read_file(GUIDE / "shop-licence.yaml")
    review = given["workflow"]["states"]["document_review"]
    decide = [{"code": "approve", "name": {"ar": "موافقة", "en": "Approve"}, "to": "granted"},
              {"code": "reject", "name": {"ar": "رفض", "en": "Reject"}, "to": "rejected", "requires": ["reason"]}]
    return {
        **{key: value for key, value in given.items() if key not in _LEFT_OUT},
        "code": SERVICE,
        "fees": [],
        "documents": [],
        "outputs": [],
        "period": {"days": 60, "kind": "calendar", "silence": "none", "source": "law"},
        "workflow": {
            "initial": "document_review",
            "states": {
                "document_review": {**review, "purpose": "decision", "target": {"days": 1, "kind": "working"},
                                    "actions": decide},
                "granted": {"kind": "end", "name": {"ar": "قُبل", "en": "Granted"}, "outcome": "approved"},
                "rejected": {"kind": "end", "name": {"ar": "رُفض", "en": "Rejected"}, "outcome": "rejected"},
            },
        },
    }


_LEFT_OUT = ("follow_up", "overridable", "supersedes", "register", "stage_periods", "inspections", "templates")


def application(chance: random.Random, unit: str) -> dict[str, Any]:
    """A complete application of somebody; one in four gives an e-mail address too."""
    name = " ".join(million.name_of(int(million.NAMES * chance.random() ** 3)) for _ in range(4))
    street = million.NAMES + 1 + int(million.STREETS * chance.random() ** 3)
    return {
        "service_code": SERVICE,
        "unit": unit,
        "applicant": {
            "kind": "citizen", "name": name, "national_id": million.national_id(chance.randrange(1_000_000)),
            "phone": f"010{chance.randrange(10**8):08d}", "language": "ar",
            **({"email": "owner@example.org"} if chance.random() < 0.25 else {}),
        },
        "answers": {
            "shop_name": "بقالة النور", "activity": "retail", "area_m2": "42.5", "workers": 3, "tenure": "leased",
            "address": f"{chance.randrange(1, 300)} شارع {million.place_of(street)}",
        },
        "documents": [],
    }


def _usernames(count: int) -> tuple[dict[str, str], dict[str, str]]:
    """User names and their units: spread over the units, and all at one desk."""
    spread = {f"bench-{number}": UNITS[number % len(UNITS)] for number in range(count)}
    return spread, {f"bench-one-{number}": ONE_UNIT for number in range(count)}


def _employ(node: Node, count: int) -> list[UUID]:
    made: list[UUID] = []

    def employ(work: Any) -> None:
        made.extend(accounts.create(work, username=username, password=demo.PASSWORD, display_name=username,
                                    roles=("officer",), unit=unit, department="licensing")
                    for names in _usernames(count) for username, unit in names.items())

    node._attempt("gateway", employ)
    return made


def _log_in(node: Node, count: int) -> tuple[list[users.Account], list[users.Account]]:
    spread, one = (asyncio.run(users.log_in(node.url, names, demo.PASSWORD)) for names in _usernames(count))
    return spread, one
