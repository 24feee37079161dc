"""One node of real processes for all tests that only talk to it over HTTP and leave it as they found it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.node import Node

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items):
    """Modules that talk to the node come last, so that its processes make their rounds for no longer than needed."""
    of_the_node = {item.path for item in items if item.path.is_relative_to(HERE) and "node" in item.fixturenames}
    items.sort(key=lambda item: item.path in of_the_node)


@pytest.fixture(scope="session")
def node():
    with Node.running() as running:
        yield running


@pytest.fixture(autouse=True)
def on_one_day(request):
    """The node goes by the real clock: no test of it begins on one day and ends on the next."""
    if "node" in request.fixturenames:
        request.getfixturevalue("one_day")


@pytest.fixture(scope="module")
def desks(node):
    """For modules that bring colleagues to the desks of the node's people: they go home at its end. Files are dealt
    among those who are there, and one whom nobody plays any more would be waited for."""
    yield
    node.sql("requests", "UPDATE attendance SET seen_at = seen_at - interval '2 days' RETURNING account")
