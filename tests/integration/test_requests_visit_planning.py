"""What a centre needs to plan a visit, over a real database: its tablets, and how full the day of each is."""

from __future__ import annotations

from datetime import date
from typing import Any

from chassis.answers import load
from contracts.requests_desk import VisitTablets
from services.requests import visit_planning, work_waiting
from tests.support.offline_ground import *  # noqa: F403  (fixtures)
from tests.support.visits_ground import MANAGER, VisitsGround

MONDAY, TUESDAY = date(2026, 3, 2), date(2026, 3, 3)


def tablets(ground: VisitsGround, day: date) -> dict[str, int]:
    body = load(VisitTablets(), {"day": day.isoformat()})
    found: dict[str, Any] = visit_planning.tablets(ground.unit_of_work(MANAGER), body)
    assert found["capacity"] >= 1
    return {one["device_id"]: one["planned"] for one in found["tablets"]}


def test_a_tablets_day_counts_what_is_planned_onto_it_and_no_other_day(ground: VisitsGround) -> None:
    tablet, idle = ground.tablet(), ground.tablet()
    ground.plan(ground.order_new(), tablet, MONDAY)
    assert tablets(ground, MONDAY) == {str(tablet.id): 1, str(idle.id): 0}
    assert tablets(ground, TUESDAY) == {str(tablet.id): 0, str(idle.id): 0}


def test_only_tablets_of_the_unit_that_may_act_now_are_offered(ground: VisitsGround) -> None:
    mine, suspended = ground.tablet(), ground.tablet()
    ground.tablet(certified=False)
    ground.tablet(unit="EG-C-02")
    ground.of_device(suspended, "suspend")
    assert set(tablets(ground, MONDAY)) == {str(mine.id)}


def test_a_visit_waits_for_the_manager_until_it_is_planned(ground: VisitsGround) -> None:
    def waiting() -> int:
        return int(work_waiting.counts(ground.unit_of_work(MANAGER))["counts"]["visits"])

    before, visit = waiting(), ground.order_new()
    assert waiting() == before + 1
    ground.plan(visit, ground.tablet(), MONDAY)
    assert waiting() == before
