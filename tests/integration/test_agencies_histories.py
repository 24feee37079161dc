"""Seeded histories of a receiver that fails in every way, of processes that die, of operators who pause, replay and
settle dead letters: each event is taken at least once, and of each request first in its order."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest

from chassis.database import Database
from services.gateway.agencies import dead_letters, subscriptions
from services.gateway.agencies.webhooks.engine import Engine
from tests.support.agencies_ground import AgencyGround, Received, receiving

ROUNDS, REQUESTS = 15, 8
REASON = "سبب طويل بما يكفي"


@pytest.fixture
def ground(database_url: Callable[..., str]) -> Iterator[AgencyGround]:
    ground = AgencyGround(Database(database_url("gateway"), 8))
    yield ground
    ground.close()


class History:
    """What was sent, and what was taken, by request and in order."""

    def __init__(self, ground: AgencyGround, chance: random.Random) -> None:
        self.ground, self.chance = ground, chance
        self.requests = [uuid4() for _ in range(REQUESTS)]
        self.sent: dict[str, list[str]] = defaultdict(list)
        self.taken: dict[str, list[str]] = defaultdict(list)
        self.mood = "well"

    def land(self) -> None:
        for _ in range(self.chance.randrange(1, 20)):
            request = self.chance.choice(self.requests)
            sequence = len(self.sent[str(request)]) + 1
            self.sent[str(request)].append(str(self.ground.moved(request, sequence)))

    def answer(self, got: Received) -> int:
        request = got.event["data"]["request_id"]
        sick = {"well": 0.0, "shaky": 0.3, "down": 1.0}[self.mood]
        if self.chance.random() < sick:
            return self.chance.choice((500, 503, 429, 422, 302, 404))
        if got.headers["webhook-id"] not in self.taken[request]:
            self.taken[request].append(got.headers["webhook-id"])
        return self.chance.choice((200, 202, 204))


def test_whatever_happens_each_event_is_taken_and_each_request_in_order(
    ground: AgencyGround, chance: random.Random
) -> None:
    history = History(ground, chance)
    with receiving(history.answer) as receiver:
        agency = ground.agency()
        one, _ = ground.subscription(agency, ground.agreement(agency), endpoint=receiver.url,
                                     at_once=chance.randrange(1, 9))
        engine = _fresh(ground)
        for _ in range(ROUNDS):
            history.land()
            history.mood = chance.choice(("well", "shaky", "shaky", "down"))
            engine = _something(ground, engine, chance, one)
            for _ in range(chance.randrange(1, 15)):
                engine.step()
            ground.later(seconds=chance.choice((0, 1, 10, 600, 20_000, 90_000)))
        history.mood = "well"
        ground.run(lambda work: subscriptions.resume(work, one))
        ground.run(lambda work: dead_letters.replay(work, one))
        ground.later(hours=6)
        engine._looked = float("-inf")
        ground.until(lambda: ground.settled(engine, one)() and not ground.deliveries(one), engine, seconds=60)
        assert history.taken == history.sent
        told = ground.rows("SELECT failures, open_until FROM subscription_progress")[0]
        assert (told.failures, told.open_until) == (0, None)


def _something(ground: AgencyGround, engine: Engine, chance: random.Random, one: object) -> Engine:
    """What people and machines do meanwhile."""
    what = chance.choice(("nothing", "nothing", "killed", "stopped", "paused", "resumed", "dead again", "changed"))
    if what == "killed":  # it is never asked again; what is under way goes on without anybody
        ground.engines.clear()
        return _fresh(ground)
    if what == "stopped":
        engine.stop()
        ground.engines.clear()
        return _fresh(ground)
    if what == "paused":
        ground.run(lambda work: subscriptions.pause(work, one, REASON))  # type: ignore[arg-type]
    if what == "resumed":
        ground.run(lambda work: subscriptions.resume(work, one))  # type: ignore[arg-type]
    if what == "dead again":
        ground.run(lambda work: dead_letters.replay(work, one))  # type: ignore[arg-type]
    if what == "changed":
        ground.run(lambda work: subscriptions.change(work, one, {"at_once": chance.randrange(1, 9)}))  # type: ignore[arg-type]
    engine._looked = float("-inf")
    return engine


def _fresh(ground: AgencyGround) -> Engine:
    return ground.engine()
