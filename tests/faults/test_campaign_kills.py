"""SIGKILL notifications, again and again, while it feeds a campaign and hands it over. Afterwards there is one message
for each recipient, and the counts say what the messages say.

A twentieth of `SHUBBAK_KILLS` kills (4 when not said, never fewer than 3).
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

import pytest

from infra import processes
from infra.peers.client import ROOT, Peers
from tests.support.campaign_ground import KEYS, Ground, listed, phones

pytestmark = pytest.mark.slow

KILLS = max(int(os.environ.get("SHUBBAK_KILLS", "80")) // 20, 3)
RECIPIENTS = KILLS * 600  # more than between two kills is made at once by a campaign that catches up
START, SETTLE = 120.0, 300.0


@dataclass
class Run:
    ground: Ground
    peers: Peers
    environment: dict[str, str]
    campaign_id: UUID
    kills: list[int] = field(default_factory=list)  # after how many messages

    def start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-m", "chassis", "run", "notifications"], cwd=ROOT,
                                env={**os.environ, **self.environment}, stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL)

    def made(self) -> int:
        return self.ground.sql("SELECT count(*) AS n FROM message WHERE campaign_id IS NOT NULL")[0].n

    def wait(self, condition, seconds: float) -> None:
        ends = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < ends, self.ground.show(self.campaign_id)
            time.sleep(0.005)


@pytest.fixture(scope="module")
def run(database_url, seed: int) -> Iterator[Run]:
    chance = random.Random(f"{seed}:campaigns")
    url = database_url("notifications")
    with Peers.running() as peers:
        own = {
            "SHUBBAK_SMPP_HOST": "127.0.0.1", "SHUBBAK_SMPP_PORT": str(peers.smpp), "SHUBBAK_SMPP_SYSTEM_ID": "node",
            "SHUBBAK_SMPP_PASSWORD": "sample-1", "SHUBBAK_UNCERTAIN_AFTER_SECONDS": "2", "SHUBBAK_QUIET_HOURS": "off",
        }  # fmt: skip
        environment = {
            **KEYS, **own, "SHUBBAK_MODE": "demo", "SHUBBAK_NODE": "EG-C", "SHUBBAK_BUS": "local",
            "SHUBBAK_DATABASE_URL": url, "SHUBBAK_ADMIN_PORT": str(processes.free_port()),
            "SHUBBAK_PUBLIC_URL": "https://cairo.example", "EVENTLET_NO_GREENDNS": "yes",
        }  # fmt: skip
        with Ground.standing(url, **own) as ground:
            ground.now[0] = datetime.now(UTC)
            campaign_id = ground.approved(listed(phones(RECIPIENTS)), hours_from="00:00", hours_until="24:00",
                                          per_minute=12_000)
            done = Run(ground, peers, environment, campaign_id)
            for number in range(1, KILLS + 1):
                process = done.start()
                try:
                    goal = number * RECIPIENTS // (KILLS + 1) + chance.randint(-20, 20)
                    done.wait(lambda goal=goal: done.made() >= goal, START)
                    time.sleep(chance.uniform(0, 0.05))
                finally:
                    process.kill()
                    process.wait()
                done.kills.append(done.made())
            last = done.start()
            try:
                done.wait(lambda: ground.show(campaign_id)["state"] == "done", SETTLE)
                done.wait(lambda: not ground.sql("SELECT 1 FROM campaign_delta"), SETTLE)
                yield done
            finally:
                last.terminate()
                last.wait(30)


def test_it_was_killed_in_the_middle_of_feeding(run: Run) -> None:
    assert len(run.kills) == KILLS
    assert all(0 < made < RECIPIENTS for made in run.kills)


def test_there_is_one_message_for_each_recipient(run: Run) -> None:
    [row] = run.ground.sql("SELECT count(*) AS made, count(DISTINCT address_lookup) AS people, "
                           "count(DISTINCT cause) AS causes FROM message WHERE campaign_id IS NOT NULL")
    assert (row.made, row.people, row.causes) == (RECIPIENTS,) * 3
    progress = run.ground.show(run.campaign_id)["progress"]
    assert (progress["made"], progress["waiting"], progress["failed"], progress["share"]) == (RECIPIENTS, 0, 0, 100.0)


def test_every_handset_got_it_and_twice_at_most_what_was_under_way_at_a_kill(run: Run) -> None:
    got = Counter(one["to"] for one in run.peers.sms())
    assert set(got) == {f"2{phone}" for phone in phones(RECIPIENTS)}
    # What an operator had taken when its answer was lost (README.md, "The one window"): at most a window a kill.
    assert sum(got.values()) - RECIPIENTS <= KILLS * 100
    assert max(got.values()) <= 1 + KILLS


def test_the_counts_are_those_of_the_messages(run: Run) -> None:
    kept = {(row.state, row.reason): row.count for row in run.ground.sql(
        "SELECT state, reason, count FROM campaign_count WHERE count <> 0")}
    there = {(row.state, ""): row.n for row in run.ground.sql(
        "SELECT state, count(*) AS n FROM message WHERE campaign_id IS NOT NULL GROUP BY state")}
    assert kept == there
    [row] = run.ground.sql("SELECT coalesce(sum(sent), 0) AS n FROM campaign_minute")
    assert row.n == RECIPIENTS


def test_the_campaign_was_started_and_ended_once(run: Run) -> None:
    assert [one["change"] for one in run.ground.told(run.campaign_id)] == [
        "written", "audience_chosen", "submitted", "approved", "started", "done"]
