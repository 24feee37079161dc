"""A ground in the field, and a tablet that has had no line since the morning."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.support.tablet import FieldTablet
from tests.support.visits_ground import VisitsGround, field_ground

__all__ = ["ground", "opened", "tablet"]  # what a module of tests takes by *


@pytest.fixture(scope="module")
def opened(database_url: Callable[..., str]) -> Iterator[VisitsGround]:
    made = field_ground(database_url)
    yield made
    made.close()


@pytest.fixture
def ground(opened: VisitsGround) -> VisitsGround:
    opened.fresh()
    return opened


@pytest.fixture
def tablet(ground: VisitsGround) -> FieldTablet:
    """A tablet that took its bundle along this morning and has had no line since."""
    tablet = ground.tablet()
    tablet.take_along(ground.line(), numbers=5)
    return tablet
