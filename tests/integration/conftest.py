"""One node of real processes for all tests that only talk to it over HTTP and leave it as they found it."""

from __future__ import annotations

import pytest

from tests.support.node import Node


@pytest.fixture(scope="session")
def node():
    with Node.running() as running:
        yield running
