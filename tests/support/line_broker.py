"""A centre's broker with certificates for those who use the line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import amqp
import pytest

from infra.broker import centre
from infra.ca.authority import Authority
from infra.rabbitmq import Broker, centre_broker
from tests.support import amqp_client

__all__ = ["authority", "centre_of", "emptied", "enter", "papers"]  # what a module of tests takes by *

NODES = ("EG-C", "EG-SUZ")
AGENCY = "tax-authority"
ENTER = Callable[..., AbstractContextManager[amqp.Channel]]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.create(tmp_path_factory.mktemp("line") / "ca")


@pytest.fixture(scope="module")
def centre_of(authority: Authority) -> Iterator[Broker]:
    with centre_broker(authority, NODES, [AGENCY]) as running:
        yield running


@pytest.fixture(scope="module")
def papers(authority: Authority) -> dict[str, tuple[Path, Path]]:
    """Certificate and key of each user of the line."""
    users = ["centre", *map(centre.node_user, NODES), centre.agency_user(AGENCY), "agency.nobody"]
    return {user: authority.client(user).write(authority.folder / "issued", user) for user in users}


@pytest.fixture(scope="module")
def enter(centre_of: Broker, authority: Authority, papers: dict[str, tuple[Path, Path]]) -> ENTER:
    def certified(user: str, vhost: str = centre.LINE) -> AbstractContextManager[amqp.Channel]:
        return amqp_client.certified(centre_of, authority.root_file, *papers[user], vhost)

    return certified


@pytest.fixture(autouse=True)
def emptied(centre_of: Broker) -> None:
    """Nothing of another test lies in the queues."""
    for vhost, queue in [(centre.LINE, centre.LINK_UP), *((centre.LINE, centre.down_queue(node)) for node in NODES)]:
        while centre_of.queue_length(queue, vhost):
            centre_of.evaluate(
                f'{{ok, Q}} = rabbit_amqqueue:lookup(rabbit_misc:r(<<"{vhost}">>, queue, <<"{queue}">>)),'
                " rabbit_amqqueue:purge(Q)."
            )
