"""Fixtures of all tests: the seed, one broker and one PostgreSQL a session (started when first asked for)."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from datetime import date
from typing import TYPE_CHECKING

import hypothesis
import pytest

from infra.peers.client import Peers
from infra.postgres import Postgres
from infra.rabbitmq import Broker
from tests.support import databases, days
from tests.support.examples import examples

if TYPE_CHECKING:
    from tests.support.callback_door import CallbackDoor

__all__ = [
    "broker",
    "chance",
    "database_url",
    "door",
    "one_day",
    "peers",
    "postgres",
    "pytest_collection_modifyitems",
    "pytest_configure",
    "pytest_report_header",
    "seed",
]

# How long an example takes says how busy the machine is, and nothing about the rule. What an earlier run found is not
# kept beside the seed: the seed alone says what a run tries, also where Hypothesis sees that a CI runs it and would try
# the same examples every time.
hypothesis.settings.register_profile(
    "shubbak", deadline=None, max_examples=examples(100), database=None, derandomize=False)
hypothesis.settings.load_profile("shubbak")

SEED = int(os.environ.get("SHUBBAK_TEST_SEED") or random.SystemRandom().randrange(1_000_000))


@pytest.hookimpl(tryfirst=True)  # before Hypothesis' own plugin reads the option
def pytest_configure(config: pytest.Config) -> None:
    """The examples of every property are drawn from the run's seed, unless Hypothesis is given one of its own."""
    if config.getoption("--hypothesis-seed", None) is None:
        config.option.hypothesis_seed = str(SEED)


def pytest_report_header() -> str:
    return f"seed: {SEED} (repeat with SHUBBAK_TEST_SEED={SEED})"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test's folder is its kind: tests/faults and tests/journeys carry their marker without saying so."""
    for item in items:
        for kind, marker in (("faults", pytest.mark.faults), ("journeys", pytest.mark.journey)):
            if f"tests/{kind}/" in item.path.as_posix():
                item.add_marker(marker)


@pytest.fixture(scope="session")
def seed() -> int:
    """The run's seed; it is printed in the header."""
    return SEED


@pytest.fixture
def chance(request: pytest.FixtureRequest) -> random.Random:
    """Seeded randomness of one test, the same whether it runs alone or with others."""
    return random.Random(f"{SEED}:{request.node.nodeid}")


@pytest.fixture
def one_day() -> date:
    """Today in Cairo, which lasts longer than the test: for what is planned, counted or told of by the day. A test
    that is near to midnight begins after it."""
    return days.within_one_day(60)


@pytest.fixture(scope="session")
def broker() -> Iterator[Broker]:
    """The session's own RabbitMQ, with users, permissions and topology. A test that breaks it mends it."""
    with Broker() as running:
        yield running


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """The session's own PostgreSQL, with a user and an empty database per service."""
    with Postgres() as running:
        yield running


@pytest.fixture(scope="module")
def database_url(postgres: Postgres) -> Iterator[Callable[..., str]]:
    """`database_url(service, migrated=True)` → SQLAlchemy URL of a fresh database owned by the service's user, with
    its tables; the same one all through a module, dropped after it."""
    made: dict[tuple[str, bool], str] = {}

    def fresh(service: str, migrated: bool = True) -> str:
        if (service, migrated) not in made:
            made[service, migrated] = databases.create(postgres, service, migrated=migrated)
        return made[service, migrated]

    yield fresh
    for url in made.values():
        postgres.drop_database(url.rsplit("/", 1)[1])


@pytest.fixture(scope="module")
def peers() -> Iterator[Peers]:
    """The sandboxes of rails, SMS and mail, in a process of their own."""
    with Peers.running() as running:
        yield running


@pytest.fixture(scope="module")
def door() -> Iterator[CallbackDoor]:
    """Where rails bring their callbacks; `door.ground` is who takes them."""
    from tests.support.callback_door import CallbackDoor  # here: it brings all of payments along, for few tests

    made = CallbackDoor()
    yield made
    made.close()
