"""From an approved proposal to the citizen's request: what catalog tells, heard by requests. Two databases, no bus."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import timedelta

import pytest

from rules.refusal import Refusal
from services.requests.service import Requests
from tests.support.catalog_ground import Desk
from tests.support.requests_ground import Ground, shop

CODE = "shop-licence"


class Both:
    """The editors' desk and the window, on one clock."""

    def __init__(self, desk: Desk, ground: Ground) -> None:
        self.desk, self.ground, self.heard = desk, ground, 0
        ground.now = desk.now

    def tell(self) -> None:
        """Let requests hear what catalog has told since."""
        service = Requests()
        handlers = {"catalog.definition.published.v1": service.keep_definition,
                    "catalog.definition.retired.v1": service.keep_retirement}
        events = self.desk.events()
        for event in events[self.heard:]:
            if event.type in handlers:
                self.ground.attempt(lambda work, event=event: handlers[event.type](work, event))
        self.heard = len(events)

    def wait(self, days: int) -> None:
        self.desk.wait(days=days)
        self.ground.now += timedelta(days=days)


@pytest.fixture
def both(database_url: Callable[..., str]) -> Iterator[Both]:
    desk, ground = Desk(database_url("catalog")), Ground(database_url("requests"))
    desk.fresh()
    ground.fresh()
    yield Both(desk, ground)
    desk.close()
    ground.close()


def test_a_request_keeps_the_version_it_was_lodged_under_until_it_ends(both: Both) -> None:
    both.desk.approved("definition", shop())
    both.desk.approved("adoption", {"code": CODE, "offered": True})
    both.tell()
    first = both.ground.submit()
    assert both.ground.row(first).service_version == 1

    changed = deepcopy(shop())
    changed["name"]["ar"] = "ترخيص محل عام"
    both.desk.approved("definition", changed, effective_from=both.desk.day(2))
    both.tell()
    assert both.ground.row(both.ground.submit()).service_version == 1  # published, not in force yet
    both.wait(days=2)
    second = both.ground.submit()
    assert both.ground.row(second).service_version == 2
    assert both.ground.status(first["tracking_number"])["service_name"]["ar"] == shop()["name"]["ar"]
    assert both.ground.status(second["tracking_number"])["service_name"]["ar"] == "ترخيص محل عام"

    both.desk.approved("retirement", {"code": CODE, "reason": {"ar": "ألغيت", "en": "Abolished"}})
    both.tell()
    third = both.ground.submit()  # it ends tomorrow
    both.wait(days=1)
    with pytest.raises(Refusal) as refusal:
        both.ground.submit()
    assert refusal.value.code in ("service_retired", "service_unknown")
    for lodged, version in ((first, 1), (second, 2), (third, 2)):
        both.ground.pay(lodged)
        row = both.ground.row(lodged)
        assert (row.service_version, row.state_kind) == (version, "task")  # goes on under its own version
