"""Fixtures of the chassis's tests: fresh toy databases, and event queues that hold nothing of other tests."""

import pytest

from tests.integration.chassis.ground import UNHEARD, WRITTEN, Databases, asking, environment, running, until
from tests.integration.chassis.inbox_ground import Taker
from tests.integration.chassis.toy_process import Toy
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


@pytest.fixture
def toy(clean, tmp_path):
    started = []

    def start(service, url, *arguments, **extra):
        started.append(Toy(service, url, clean, *arguments, folder=tmp_path, **extra))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.process.kill()
            one.process.wait()


@pytest.fixture(scope="module")
def caller(broker):
    with asking(broker) as asked:
        yield asked


@pytest.fixture
def ask(clean, caller):
    """`ask(method, payload, …)` over the broker, as the gateway."""
    until(caller.bus.ready)
    return caller


@pytest.fixture
def catalog(clean, database, monkeypatch):
    """The platform of catalog, running in this process on the broker."""
    with running(monkeypatch, {"catalog": environment("catalog", database, clean)}) as platforms:
        yield platforms["catalog"]


@pytest.fixture
def pair(clean, database, listening, monkeypatch):
    """Platforms of catalog and of requests, which listens to it."""
    environments = {"requests": environment("requests", listening, clean),
                    "catalog": environment("catalog", database, clean)}
    with running(monkeypatch, environments) as platforms:
        yield platforms


@pytest.fixture
def take(toy_databases):
    """`take("ordered")`: an inbox of its own, on a database of its own."""
    made = []

    def make(way, handle=None):
        made.append(Taker(toy_databases("requests"), way, handle))
        return made[-1]

    yield make
    for taker in made:
        taker.close()
        toy_databases.give_back("requests", taker.url)
