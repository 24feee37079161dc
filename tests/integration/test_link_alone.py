"""A message that the database refuses is parked alone: what waited behind it, or came with it, takes effect."""

from __future__ import annotations

from collections.abc import Sequence

import orjson
import pytest
from sqlalchemy import text

from chassis.database import Statement
from chassis.ids import uuid7
from chassis.uow import UnitOfWork
from services.gateway.link import holding, receiving
from services.gateway.link.arrival import Arrival
from tests.support.link_ground import *  # noqa: F403  (fixtures)
from tests.support.link_ground import End, envelope, rated

DIVIDE = Statement(text("SELECT 1 / (CAST(:stars AS integer) - 1)"))


@pytest.fixture
def centre(ends) -> End:
    """A centre whose database refuses a rating of one star."""
    _, centre = ends

    def divide(work: UnitOfWork, arrivals: Sequence[Arrival]) -> None:
        for arrival in arrivals:
            work.write(DIVIDE, stars=arrival.event.data["stars"])

    centre.receiving._appliers = (centre.apply, divide)
    return centre


def said(centre: End, sequence: int, bad: bool = False):
    event_id = uuid7()
    return centre.message(sequence, envelope(event_id, data=rated(event_id, 1 if bad else 5)), event_id=event_id)


def logged(centre: End) -> list[tuple[int, str | None]]:
    rows = centre.rows("SELECT sequence, parked FROM link_log ORDER BY position")
    return [(row.sequence, row.parked) for row in rows]


def applied(centre: End) -> list[int]:
    return [row.applied for row in centre.rows("SELECT applied FROM link_mark ORDER BY epoch")]


def held(centre: End) -> int:
    return int(centre.one("SELECT count(*) AS n FROM link_held").n)


BAD = "not_applied"


def test_what_waits_behind_a_refused_one_is_not_parked_with_it(centre: End) -> None:
    centre.take([said(centre, number) for number in (2, 3, 4)])
    assert held(centre) == 3
    centre.take([said(centre, 1, bad=True)])
    assert logged(centre) == [(1, BAD), (2, None), (3, None), (4, None)]
    assert applied(centre) == [4] and held(centre) == 0
    assert centre.parked() == [(BAD, 1)]


@pytest.mark.parametrize("bad", [2, 3, 5])
def test_a_refused_one_that_waited_itself_is_parked_without_those_that_waited_with_it(centre: End, bad: int) -> None:
    centre.take([said(centre, number, bad=number == bad) for number in (2, 3, 4, 5)])
    taken = centre.take([said(centre, 1)])
    assert logged(centre) == [(number, BAD if number == bad else None) for number in (1, 2, 3, 4, 5)]
    assert (taken.applied, applied(centre), held(centre)) == (5, [5], 0)
    assert len(centre.arrived) == 4 and centre.parked() == [(BAD, 1)]


def test_several_refused_ones_among_many_that_wait_are_parked_alone(centre: End, monkeypatch) -> None:
    for module in (holding, receiving):
        monkeypatch.setattr(module, "FOLLOWING", 4)
    bad = {3, 4, 11, 20}
    centre.take([said(centre, number, bad=number in bad) for number in range(2, 21)])
    centre.take([said(centre, 1)])
    assert logged(centre) == [(number, BAD if number in bad else None) for number in range(1, 21)]
    assert applied(centre) == [20] and held(centre) == 0


def test_a_gap_that_a_batch_leaves_open_is_left_open_though_one_of_it_is_refused(centre: End) -> None:
    centre.take([said(centre, 1), said(centre, 2, bad=True), said(centre, 5), said(centre, 4)])
    assert logged(centre) == [(1, None), (2, BAD)] and applied(centre) == [2] and held(centre) == 2
    centre.take([said(centre, 3)])
    assert applied(centre) == [5] and held(centre) == 0


def test_one_that_waits_and_comes_again_beside_a_refused_one_takes_effect_once(centre: End) -> None:
    early = said(centre, 2)
    centre.take([early])
    taken = centre.take([said(centre, 1, bad=True), early, said(centre, 3)])
    assert logged(centre) == [(1, BAD), (2, None), (3, None)] and held(centre) == 0
    assert taken.applied == 3
    assert len(centre.arrived) == 2


def test_what_was_refused_is_kept_for_a_person_as_it_came(centre: End) -> None:
    one = said(centre, 1, bad=True)
    centre.take([one, said(centre, 2)])
    row = centre.one("SELECT body, sequence, detail FROM link_parked")
    assert bytes(row.body) == one.body and row.sequence == 1 and "division by zero" in row.detail
    assert orjson.loads(bytes(row.body))["data"]["stars"] == 1
