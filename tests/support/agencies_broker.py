"""The agencies' queues on a real broker of the centre over TLS. A module of tests takes all of it by *, and says in
`CODES` for which agencies queues are declared."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest

from infra.broker import centre
from infra.ca.authority import Authority
from infra.rabbitmq import Broker, centre_broker
from services.gateway.agencies import amqp, watching
from tests.support import amqp_client
from tests.support.agencies_amqp import Centre

__all__ = ["authority", "broker", "couriers", "place"]
ROOM = 300  # messages of a queue here: fewer than in the field


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.create(tmp_path_factory.mktemp("agencies") / "ca")


@pytest.fixture(scope="module")
def broker(authority: Authority, request: pytest.FixtureRequest) -> Iterator[Broker]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(centre, "AGENCY_LENGTH", ROOM)
        with centre_broker(authority, ["EG-C"], request.module.CODES) as running:
            yield running


@pytest.fixture
def place(database_url: Callable[[str], str], broker: Broker, authority: Authority) -> Iterator[Centre]:
    certificate, key = authority.client("centre").write(authority.folder / "issued", "centre")
    found = Centre(database_url("gateway"), {
        "SHUBBAK_LINK_URL": broker.amqps_url(), "SHUBBAK_LINK_CA": str(authority.root_file),
        "SHUBBAK_LINK_CERTIFICATE": str(certificate), "SHUBBAK_LINK_CERTIFICATE_KEY": str(key)})  # fmt: skip
    yield found
    found.close()


@pytest.fixture
def couriers(place: Centre) -> Iterator[amqp.Couriers]:
    running = amqp.Couriers(place.settings, place.unit_of_work)
    yield running
    running.stop()


def until(couriers: amqp.Couriers, done: Callable[[], bool], seconds: float = 60) -> None:
    """Have the couriers go on until it is so."""
    ends = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < ends, "it did not become so"
        if not couriers.step():
            time.sleep(0.02)


def entered(broker: Broker, authority: Authority, code: str) -> AbstractContextManager[Any]:
    """A channel of an agency, by its certificate."""
    user = centre.agency_user(code)
    papers = authority.client(user).write(authority.folder / "issued", user)
    return amqp_client.certified(broker, authority.root_file, *papers, centre.AGENCIES)


class Listener:
    """An agency's program that consumes and settles nothing."""

    def __init__(self, channel: Any, user: str) -> None:
        self._channel, self._cancelled, self.came = channel, False, []
        channel.basic_consume(user, callback=self.came.append, on_cancel=self._on_cancel)

    def _on_cancel(self, _: str) -> None:
        self._cancelled = True

    def __call__(self, many: int) -> list[Any]:
        self._until(lambda: len(self.came) >= many)
        return self.came

    def cancelled(self) -> bool:
        """Whether the broker took the consumer away."""
        self._until(lambda: self._cancelled)
        return self._cancelled

    def _until(self, done: Callable[[], bool]) -> None:
        while not done():
            self._channel.connection.drain_events(timeout=30)


@contextmanager
def listening(broker: Broker, authority: Authority, code: str) -> Iterator[Listener]:
    with entered(broker, authority, code) as channel:
        yield Listener(channel, centre.agency_user(code))


def taken(broker: Broker, authority: Authority, code: str) -> list[dict[str, Any]]:
    """All that lies in an agency's queue, taken by the agency itself with its certificate."""
    user = centre.agency_user(code)
    found = []
    with entered(broker, authority, code) as channel:
        while (message := channel.basic_get(user, no_ack=True)) is not None:
            found.append((message, json.loads(message.body)))
    return found


def watched(place: Centre, subscription_id: Any) -> dict[str, Any]:
    return watching.watch(place.unit_of_work(), subscription_id)


def eventually(done: Callable[[], bool], seconds: float = 60) -> None:
    """Wait for something that another process does."""
    ends = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < ends, "it did not become so"
        time.sleep(0.05)
