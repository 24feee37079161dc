"""Payments with a cashier who sits at the counter; whatever a test does there, the books are right after it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.support.payments_ground import CASHIER, Ground

__all__ = ["ground", "one_ground"]  # what a module of tests takes by *


@pytest.fixture(scope="module")
def one_ground(database_url: Callable[..., str]) -> Iterator[Ground]:
    made = Ground(database_url("payments"))
    made.publish()
    made.at_counter(CASHIER)
    yield made
    made.close()


@pytest.fixture
def ground(one_ground: Ground) -> Iterator[Ground]:
    yield one_ground
    assert one_ground.faults() == []
