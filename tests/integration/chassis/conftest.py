"""Fixtures of the chassis's tests: fresh toy databases, and event queues that hold nothing of other tests."""

import pytest

from tests.integration.chassis.ground import UNHEARD, WRITTEN, Databases
from tests.support import amqp_client

QUEUES = ("events.catalog", "events.requests", "events.gateway", "rpc.catalog", "rpc.requests")


@pytest.fixture(scope="session")
def toy_databases(postgres):
    return Databases(postgres)


@pytest.fixture
def database(toy_databases):
    """URL of an empty toy database of catalog."""
    url = toy_databases("catalog")
    yield url
    toy_databases.give_back("catalog", url)


@pytest.fixture
def listening(toy_databases):
    """URL of an empty toy database of requests."""
    url = toy_databases("requests")
    yield url
    toy_databases.give_back("requests", url)


@pytest.fixture
def clean(broker):
    """The broker, its queues emptied before, the toys' bindings gone after."""
    with amqp_client.channel(broker, "operator") as channel:
        for queue in QUEUES:
            channel.queue_purge(queue)
    yield broker
    with amqp_client.channel(broker, "operator") as channel:
        for event_type in (WRITTEN, UNHEARD):
            channel.queue_unbind("events.requests", "events", event_type.name)
