"""How many requests go on under which version of a service, over a database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import text

from chassis.actors import PUBLIC
from services.requests import standing
from tests.support.requests_ground import Ground, shop


@pytest.fixture
def ground(database_url: Callable[..., str]) -> Iterator[Ground]:
    made = Ground(database_url("requests"))
    made.publish(shop())
    made.fresh()
    yield made
    made.close()


def counted(ground: Ground, code: str) -> list[tuple[int, int]]:
    found: dict[str, Any] = ground.attempt(lambda work: standing.open_of_service(work, code))
    assert found["code"] == code
    return [(one["version"], one["count"]) for one in found["open"]]


def test_open_requests_are_counted_by_the_version_they_go_on_under(ground: Ground) -> None:
    numbers = [ground.submit(ground.application(), PUBLIC)["tracking_number"] for _ in range(3)]
    assert counted(ground, "shop-licence") == [(1, 3)]
    ground.publish(shop(), version=2)
    ground.submit(ground.application(), PUBLIC)
    with ground.database.transaction() as connection:
        ended = text("UPDATE request SET outcome = 'withdrawn' WHERE tracking_number = :number")
        connection.execute(ended, {"number": numbers[0]})
    assert counted(ground, "shop-licence") == [(2, 1), (1, 2)]
    assert counted(ground, "no-such-service") == []
