"""A message to thousands of citizens while one-time codes go out: how long a code takes from its making to the
operator, how fast the bulk goes, and the memory of the process that does it. Everything a process of its own, on a real
broker; the bulk is a list that is uploaded, read, weighed and fed. `BULK=200000` for the whole of it."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psutil
import requests

from chassis.ids import uuid7
from infra.peers.client import Peers
from services.notifications import messages
from services.notifications.kinds import KINDS, Lane
from services.notifications.messages import Draft
from services.notifications.preferences import ADDRESS
from tests.load.ground import Ground as Bench
from tests.load.report import say
from tests.support.campaign_ground import Ground, listed, phones

COUNT = int(os.environ.get("BULK", "20000"))
PER_MINUTE = 12_000
CODE_EVERY = 0.5  # seconds
LOOK_EVERY = 20.0  # seconds; the sandbox keeps the last 10,000 messages
_OWN = {"SHUBBAK_SMPP_SYSTEM_ID": "bench", "SHUBBAK_SMPP_PASSWORD": "sample-1", "SHUBBAK_SMPP_WINDOW": "50",
        "SHUBBAK_PUBLIC_URL": "https://cairo.example", "SHUBBAK_QUIET_HOURS": "off"}
CODE = next(code for code, kind in KINDS.items() if kind.lane is Lane.CODE)


def measure(bench: Bench) -> dict[str, Any]:
    """Seconds, messages a second, p50 and p99 of a code in seconds, and resident memory in MB: idle, when the list was
    read, in the middle, at the end, and how much it grew from a tenth of the way to the end."""
    with Peers.running() as peers:
        environment = bench.environment("notifications", **_OWN, SHUBBAK_SMPP_HOST=peers.host,
                                        SHUBBAK_SMPP_PORT=str(peers.smpp))
        own = {name: value for name, value in environment.items() if name.startswith("SHUBBAK_")}
        with Ground.standing(own["SHUBBAK_DATABASE_URL"], lambda: datetime.now(UTC), **own) as ground, \
                bench.child("chassis", "run", "notifications", env=environment) as process:
            return _Run(ground, peers, psutil.Process(process.pid)).go()


class _Run:
    def __init__(self, ground: Ground, peers: Peers, process: psutil.Process) -> None:
        self._ground = ground
        self._peers = peers
        self._process = process
        self._codes = 0
        self._made: dict[str, float] = {}  # code's number → when it was made
        self._took: dict[str, float] = {}
        self._memory: list[tuple[float, float]] = []  # share done, MB

    def go(self) -> dict[str, Any]:
        ground = self._ground
        idle = self._settled()
        campaign_id = ground.write(hours_from="00:00", hours_until="24:00", per_minute=PER_MINUTE)
        ground.upload(campaign_id, listed([f"{phone},{number}" for number, phone in enumerate(phones(COUNT))],
                                          "phone,number"))
        began = time.monotonic()
        for _ in self._ticking():
            if (ground.show(campaign_id)["estimate"] or {}).get("done"):
                break
        reading, read = time.monotonic() - began, self._rss()
        ground.submit(campaign_id)
        ground.decide(campaign_id)
        self._made, self._took = {}, {}  # what counts are the codes that go out beside the bulk
        cpu, began = self._process.cpu_times(), time.monotonic()
        looks: list[float] = []
        for _ in self._ticking():
            at = time.perf_counter()
            shown = ground.show(campaign_id)
            looks.append(time.perf_counter() - at)
            self._memory.append((shown["progress"]["share"] / 100, self._rss()))
            if shown["state"] == "done":
                break
        seconds, after = time.monotonic() - began, self._process.cpu_times()
        self._look()
        return self._told(idle, read, reading, seconds, after.user + after.system - cpu.user - cpu.system, looks,
                          campaign_id)

    def _ticking(self) -> Iterator[None]:
        """A code every CODE_EVERY seconds, as long as somebody asks for the next one."""
        looked = time.monotonic()
        while True:
            self._send_code()
            yield
            if time.monotonic() - looked > LOOK_EVERY:
                self._look()
                looked = time.monotonic()
            time.sleep(CODE_EVERY)  # the pace of people logging in

    def _send_code(self) -> None:
        self._codes += 1
        number = f"+2012{self._codes:08d}"
        draft = Draft("sms", number, CODE, 1, "ar", {"text": "رمز الدخول 123456"}, lane=Lane.CODE)
        self._made[number.lstrip("+")] = time.time()
        self._ground.attempt(lambda work: messages.create(work, None, uuid7(), [draft]))

    def _look(self) -> None:
        """Which codes the operator has. One that is too busy to say is asked again later."""
        try:
            arrived = self._peers.sms()
        except requests.Timeout:
            say("the sandbox was too busy to say what it has")
            return
        for one in arrived:
            if one["to"] in self._made:
                self._took.setdefault(one["to"], one["at"] - self._made[one["to"]])

    def _overlooked(self) -> None:
        """Codes that the operator's log had let go of before anybody looked: until its answer was written down, which
        is later than it came."""
        for row in self._ground.sql("SELECT address, extract(epoch FROM sent_at - created_at) AS took FROM message "
                                    "WHERE lane = 0 AND sent_at IS NOT NULL"):
            number = self._ground.context.privacy.open(row.address, field=ADDRESS).lstrip("+")
            if number in self._made:
                self._took.setdefault(number, float(row.took))

    def _rss(self) -> float:
        return round(self._process.memory_info().rss / 1e6, 1)

    def _settled(self) -> float:
        """The memory of a process that has started and sent something."""
        for _ in self._ticking():
            if self._codes > 10:
                return self._rss()
        raise AssertionError("unreachable")

    def _told(self, idle: float, read: float, reading: float, seconds: float, cpu: float, looks: list[float],
              campaign_id: UUID) -> dict[str, Any]:
        progress = self._ground.show(campaign_id)["progress"]
        [row] = self._ground.sql("SELECT count(DISTINCT address_lookup) AS n FROM message WHERE campaign_id = :id",
                                 id=campaign_id)
        deadline = time.monotonic() + 30
        while len(self._took) < len(self._made) and time.monotonic() < deadline:
            time.sleep(1)
            self._look()
            self._overlooked()
        if row.n != COUNT or progress["sent"] != COUNT or len(self._took) < len(self._made):
            raise RuntimeError(f"not all arrived: {row.n}, {progress}, {len(self._took)} of {len(self._made)} codes")
        took = sorted(self._took.values())
        early = next(mb for share, mb in self._memory if share >= 0.1)
        middle = next(mb for share, mb in self._memory if share >= 0.5)
        end = self._memory[-1][1]
        return {
            "recipients": COUNT, "seconds": round(seconds, 1), "per_second": round(COUNT / seconds, 1),
            "cpu_ms_each": round(cpu * 1000 / COUNT, 2), "reading_seconds": round(reading, 1), "codes": len(took),
            "code_p50": round(took[len(took) // 2], 3), "code_p99": round(took[math.ceil(len(took) * 0.99) - 1], 3),
            "code_worst": round(took[-1], 3), "look_ms": round(sorted(looks)[len(looks) // 2] * 1000, 1),
            "mb_idle": idle, "mb_read": read, "mb_early": early, "mb_middle": middle, "mb_end": end,
            "mb_grown": round(end - early, 1),
        }  # fmt: skip


def main() -> None:
    """Only this part."""
    with Bench.standing("notifications") as bench:
        for name, value in measure(bench).items():
            say(f"{name}: {value}")


if __name__ == "__main__":
    main()
