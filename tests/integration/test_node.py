"""The whole node over a real broker: each service its own process with its own users, as containers run them."""

from __future__ import annotations

import pytest

from infra.demo.walk import Walk
from tests.support.node import Node


@pytest.fixture(scope="module")
def node():
    with Node.running() as running:
        yield running


def test_a_shop_owner_takes_a_licence_home(node):
    told = []
    case = Walk(node.url, node.peers.pay, told.append).run()

    assert case["verification"]["status"] == "valid"
    assert len(told) == 12
