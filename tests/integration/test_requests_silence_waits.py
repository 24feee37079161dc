"""Everything that keeps the machine from speaking too early: facts not heard or applied yet, a clock that jumped, too
many at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from rules.silence import NORM_LEAST
from services.requests import silence
from tests.support.deadlines_ground import SOURCES, Sweeping
from tests.support.requests_ground import Ground
from tests.support.silence_ground import *  # noqa: F403  (fixtures)
from tests.support.silence_ground import DAY, DUE, SPEAKS, decide, untouched, warned

# -- it waits ---------------------------------------------------------------------------------------------------------


def test_the_head_is_warned_on_a_day_before(ground: Ground, sweeping: Sweeping) -> None:
    """Nothing ran for a month: the first day back warns, the next one speaks."""
    lodged = ground.reviewed()
    assert sweeping.day(DUE + 30 * DAY) == 0
    assert untouched(ground, lodged)
    assert ("whole", "silence_near", "unit_head") in sweeping.told()
    assert sweeping.day(DUE + 31 * DAY) == 1
    assert sweeping.deemed()[0].effective_at == datetime(2026, 4, 30, 21, tzinfo=UTC)


def test_it_catches_up_after_downtime(ground: Ground, sweeping: Sweeping) -> None:
    lodged = [ground.reviewed() for _ in range(3)]
    warned(sweeping)
    assert sweeping.silence() == 0
    sweeping.watch = sweeping.another_process()
    sweeping.day(DUE - DAY)
    sweeping.watch = sweeping.another_process()  # away from the 29th to the 2nd
    assert sweeping.day(SPEAKS + DAY) == 3
    assert {ground.row(one).state for one in lodged} == {"awaiting_final_fee"}


@pytest.mark.parametrize("state", ["waiting", "parked"])
def test_a_fact_of_the_request_that_was_not_applied_yet_holds_it_and_no_other(
        ground: Ground, sweeping: Sweeping, state: str) -> None:
    held, free = ground.reviewed(), ground.reviewed()
    warned(sweeping)
    owed = sweeping.owe("payments.bill.paid.v1", {"request_id": held["request_id"]}, state)
    assert sweeping.day(SPEAKS) == 1
    assert [ground.row(one).state for one in (held, free)] == ["document_review", "awaiting_final_fee"]
    sweeping.settle(owed)
    assert sweeping.day(SPEAKS + DAY) == 1


@pytest.mark.parametrize(("kind", "spoken"), [
    ("catalog.organisation.changed.v1", 0), ("catalog.definition.published.v1", 1), ("nobody.knows.this.v1", 0)])
def test_a_fact_that_may_concern_every_request_holds_all(ground: Ground, sweeping: Sweeping, kind: str, spoken: int
                                                         ) -> None:
    ground.reviewed()
    warned(sweeping)
    sweeping.owe(kind, {"kind": "holiday"})
    assert sweeping.day(SPEAKS) == spoken


@pytest.mark.parametrize("lagging", SOURCES)
def test_it_waits_for_whoever_has_not_told_everything_yet(ground: Ground, sweeping: Sweeping, lagging: str) -> None:
    ground.reviewed()
    warned(sweeping)
    sweeping.at(SPEAKS, hour=1)
    for source in SOURCES:
        sweeping.tell(source, until=None if source != lagging else ground.now - 3 * timedelta(hours=1))
    sweeping.at(SPEAKS)
    sweeping.judge()
    assert sweeping.silence() == 0
    sweeping.tell(lagging)
    assert sweeping.silence() == 0  # what another process took with it may still be in its hands
    ground.wait(minutes=2)
    assert sweeping.silence() == 1


def test_it_waits_until_every_date_stands_on_the_organisation_of_now(ground: Ground, sweeping: Sweeping) -> None:
    ground.reviewed()
    warned(sweeping)
    sweeping.day(DUE)
    ground.organise("unit", "EG-C-99", {"valid_from": "2026-01-01", "body": {
        "name": {"ar": "جديد", "en": "New"}, "governorate": "EG-C", "kind": "district", "status": "open"}})
    sweeping.at(SPEAKS, hour=1)
    for source in SOURCES:
        sweeping.tell(source)
    sweeping.at(SPEAKS)
    assert sweeping.silence() == 0
    sweeping.move()
    assert sweeping.silence() == 1


# -- the clock --------------------------------------------------------------------------------------------------------


def test_a_clock_that_jumped_ahead_stops_it_and_a_person_is_asked(ground: Ground, sweeping: Sweeping) -> None:
    lodged = ground.reviewed()
    warned(sweeping)
    sweeping.day(DUE - DAY)
    mark = ground.rows("SELECT seen_until FROM silence_clock")[0].seen_until
    stuck = silence.Watch(steady=lambda: 0.0, mark=mark)  # by its own count no time has passed
    sweeping.at(SPEAKS)
    for source in SOURCES:
        sweeping.tell(source)
    ground.wait(minutes=5)
    assert [sweeping.silence(stuck), sweeping.silence(stuck)] == [0, 0]
    assert untouched(ground, lodged)
    [review] = sweeping.reviews()
    assert (review.kind, review.facts["verdict"]) == ("clock", "jumped_ahead")
    assert ground.rows("SELECT seen_until FROM silence_clock")[0].seen_until == mark
    decide(ground, review, "proceed")
    assert sweeping.silence(stuck) == 1


def test_a_clock_that_went_back_stops_it_until_it_is_right_again(ground: Ground, sweeping: Sweeping) -> None:
    ground.reviewed()
    warned(sweeping)
    sweeping.day(DUE)
    right = SPEAKS
    sweeping.at(DUE - 10 * DAY)
    assert sweeping.silence() == 0
    assert sweeping.reviews()[0].facts["verdict"] == "jumped_back"
    assert sweeping.day(right) == 1


def test_after_a_very_long_absence_a_person_says_that_the_clock_is_right(ground: Ground, sweeping: Sweeping) -> None:
    ground.reviewed()
    warned(sweeping)
    sweeping.watch = sweeping.another_process()
    assert sweeping.day(DUE + 20 * DAY) == 0
    assert sweeping.reviews()[0].facts["verdict"] == "long_away"
    decide(ground, sweeping.reviews()[0], "proceed")
    assert sweeping.silence() == 1


# -- too many ---------------------------------------------------------------------------------------------------------


def test_far_beyond_the_daily_norm_a_person_is_asked_before_any_is_issued(ground: Ground, sweeping: Sweeping) -> None:
    lodged = [ground.reviewed() for _ in range(NORM_LEAST + 1)]
    warned(sweeping)
    assert sweeping.days(DUE, SPEAKS) == 0
    [review] = sweeping.reviews()
    assert (review.kind, review.facts["number"], review.facts["most"]) == ("surge", NORM_LEAST + 1, NORM_LEAST)
    decide(ground, review, "proceed")
    assert sweeping.silence() == len(lodged)
    assert len(sweeping.deemed()) == len(lodged)


def test_held_by_a_person_none_is_issued_that_day(ground: Ground, sweeping: Sweeping) -> None:
    for _ in range(NORM_LEAST + 1):
        ground.reviewed()
    warned(sweeping)
    sweeping.days(DUE, SPEAKS)
    decide(ground, sweeping.reviews()[0], "hold")
    assert sweeping.silence() == 0
    assert sweeping.deemed() == []
    assert sweeping.day(SPEAKS + DAY) == 0
    assert len(sweeping.reviews()) == 2  # asked again on the next day


def test_the_norm_itself_passes(ground: Ground, sweeping: Sweeping) -> None:
    for _ in range(NORM_LEAST):
        ground.reviewed()
    warned(sweeping)
    assert sweeping.days(DUE, SPEAKS) == NORM_LEAST
