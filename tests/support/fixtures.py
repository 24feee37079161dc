"""Fixtures of all tests: the seed, one broker and one PostgreSQL a session (started when first asked for)."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from infra.peers.client import Peers
from infra.postgres import Postgres
from infra.rabbitmq import Broker
from tests.support import databases

if TYPE_CHECKING:
    from tests.support.callback_door import CallbackDoor

__all__ = [
    "broker",
    "chance",
    "database_url",
    "door",
    "peers",
    "postgres",
    "pytest_collection_modifyitems",
    "pytest_report_header",
    "seed",
]

SEED = int(os.environ.get("SHUBBAK_TEST_SEED") or random.SystemRandom().randrange(1_000_000))


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
