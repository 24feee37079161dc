"""One node of real processes for all tests that only talk to it over HTTP and leave it as they found it."""

from __future__ import annotations

import pytest

from tests.support.node import Node


@pytest.fixture(scope="session")
def node():
    with Node.running() as running:
        yield running


@pytest.fixture(scope="module")
def desks(node):
    """For modules that bring colleagues to the desks of the node's people: they go home at its end. Files are dealt
    among those who are there, and one whom nobody plays any more would be waited for."""
    yield
    node.sql("requests", "UPDATE attendance SET seen_at = seen_at - interval '2 days' RETURNING account")
