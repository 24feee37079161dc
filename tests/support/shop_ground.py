"""The ground of most tests of requests: its capabilities where a shop licence is offered and nothing was lodged yet."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.support.deadlines_ground import Sweeping
from tests.support.requests_ground import Ground, shop

__all__ = ["ground", "opened", "sweeping"]  # what a module of tests takes by *


@pytest.fixture(scope="module")
def opened(database_url: Callable[..., str]) -> Iterator[Ground]:
    made = Ground(database_url("requests"))
    made.publish(shop())
    yield made
    made.close()


@pytest.fixture
def ground(opened: Ground) -> Ground:
    """Empty of cases, as on the first day."""
    opened.fresh()
    return opened


@pytest.fixture
def sweeping(ground: Ground) -> Sweeping:
    """Its days, one after the other."""
    return Sweeping(ground)
