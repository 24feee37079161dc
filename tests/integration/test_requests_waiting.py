"""The applicant's own time: warned of, extended, kept, and over on the day after its last one, once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from chassis.actors import Actor
from chassis.answers import load
from contracts.requests_deadlines import Extend
from rules.refusal import Refusal
from services.requests import extension, lapsing
from tests.support.deadlines_ground import Sweeping
from tests.support.requests_ground import CLERK, HEAD, OFFICER, Ground, shop
from tests.support.shop_ground import *  # noqa: F403  (fixtures)

SENT_BACK = date(2026, 3, 1)
LAST = date(2026, 3, 31)  # thirty calendar days
DAY = timedelta(days=1)
WARNED = SENT_BACK + 24 * DAY


@pytest.fixture(scope="module")
def opened(database_url: Callable[..., str]) -> Iterator[Ground]:
    made = Ground(database_url("requests"))
    made.publish(shop())
    returning = {**shop(), "code": "back-to-the-desk"}
    states = returning["workflow"]["states"]
    states["completion"] = {**states["completion"], "expired": "document_review"}
    made.publish(returning)
    yield made
    made.close()


def over(sweeping: Sweeping, day: date, hour: int = 10) -> int:
    sweeping.at(day, hour)
    return lapsing.sweep(sweeping.ground)


def days(sweeping: Sweeping, first: date, last: date) -> int:
    return sum(over(sweeping, first + DAY * n) for n in range((last - first).days + 1))


def longer(ground: Ground, lodged: dict[str, Any], by: int, actor: Actor = HEAD) -> dict[str, Any]:
    body = load(Extend(), {"tracking_number": lodged["tracking_number"], "period": "applicant", "days": by,
                           "reason": "سافر مقدم الطلب للعلاج"})
    found: dict[str, Any] = ground.attempt(lambda work: extension.extend(work, body), actor)
    return found


def reminders(ground: Ground) -> list[Any]:
    return ground.rows("SELECT body FROM event_log WHERE type = 'requests.reminder.sent.v1' ORDER BY occurred_at")


def test_it_is_told_with_the_request_and_stands_in_its_status(ground: Ground) -> None:
    lodged = ground.sent_back()
    assert ground.status(lodged["tracking_number"])["applicant_until"] == LAST.isoformat()
    assert ground.events(lodged["request_id"])[-1].data["applicant_until"] == LAST.isoformat()


def test_the_applicant_is_warned_once_and_the_request_lapses_the_day_after_the_last(
        ground: Ground, sweeping: Sweeping) -> None:
    lodged = ground.sent_back()
    assert days(sweeping, SENT_BACK, WARNED - DAY) == 0 and not reminders(ground)
    assert days(sweeping, WARNED, LAST) == 0 and len(reminders(ground)) == 1
    assert ground.row(lodged).state == "completion"
    assert over(sweeping, LAST + DAY) == 1
    row = ground.row(lodged)
    assert (row.state, row.outcome) == ("lapsed", "lapsed")
    assert over(sweeping, LAST + 2 * DAY) == 0
    steps = [step.action for step in ground.rows("SELECT action FROM step ORDER BY sequence")]
    assert steps.count("expired") == 1
    assert ground.rows("SELECT * FROM waiting") == []
    assert ground.audited("request.time_ran_out")[0].details["last_day"] == LAST.isoformat()


def test_what_follows_may_be_a_desk_and_the_clock_runs_from_the_day_after(ground: Ground, sweeping: Sweeping) -> None:
    lodged = ground.sent_back(service_code="back-to-the-desk")
    days(sweeping, WARNED, LAST)
    assert over(sweeping, LAST + DAY) == 1
    assert ground.row(lodged).state == "document_review"
    assert ground.next(OFFICER) is not None
    [whole] = ground.timeline(lodged)["periods"]
    assert whole["explanation"][-1]["from"] == (LAST + DAY).isoformat()


def test_who_completes_in_time_keeps_the_request(ground: Ground, sweeping: Sweeping) -> None:
    lodged = ground.sent_back()
    over(sweeping, WARNED)
    sweeping.at(LAST, hour=23)
    ground.resubmit(lodged)
    assert over(sweeping, LAST + DAY) == 0
    assert ground.row(lodged).state == "document_review"
    assert ground.status(lodged["tracking_number"])["applicant_until"] is None


def test_each_time_it_is_sent_back_the_time_begins_anew(ground: Ground, sweeping: Sweeping) -> None:
    lodged = ground.sent_back()
    sweeping.at(SENT_BACK + 9 * DAY)
    ground.resubmit(lodged)
    ground.do(OFFICER, "send_back", reason="ما زالت الصورة غير واضحة")
    assert ground.status(lodged["tracking_number"])["applicant_until"] == "2026-04-09"
    assert over(sweeping, LAST + DAY) == 0 and not reminders(ground)


def test_after_a_time_in_which_nothing_ran_the_warning_comes_first_and_the_end_a_day_later(
        ground: Ground, sweeping: Sweeping) -> None:
    lodged = ground.sent_back()
    assert over(sweeping, LAST + 10 * DAY) == 0
    assert len(reminders(ground)) == 1 and ground.row(lodged).state == "completion"
    assert over(sweeping, LAST + 10 * DAY, hour=20) == 0
    assert over(sweeping, LAST + 11 * DAY) == 1
    assert ground.row(lodged).outcome == "lapsed"


def test_nothing_ends_by_a_clock_that_is_not_believed(ground: Ground, sweeping: Sweeping) -> None:
    lodged = ground.sent_back()
    over(sweeping, WARNED)
    with ground.database.transaction() as connection:
        connection.execute(text("UPDATE silence_clock SET seen_until = :at"), {"at": ground.now})
    assert over(sweeping, LAST + DAY) == 0
    assert ground.row(lodged).state == "completion"
    with ground.database.transaction() as connection:
        connection.execute(text("UPDATE silence_clock SET seen_until = :at"), {"at": ground.now})
    assert lapsing.sweep(ground) == 1


# -- more time --------------------------------------------------------------------------------------------------------


def test_an_extension_wins_over_the_sweep_and_is_warned_of_anew(ground: Ground, sweeping: Sweeping) -> None:
    lodged = ground.sent_back()
    days(sweeping, WARNED, LAST)
    assert longer(ground, lodged, 15) == {
        "tracking_number": lodged["tracking_number"], "period": "applicant", "days": 15,
        "due_before": LAST.isoformat(), "due_on": "2026-04-15"}
    assert ground.status(lodged["tracking_number"])["applicant_until"] == "2026-04-15"
    told = ground.events(lodged["request_id"])[-1]
    assert (told.type, told.data["why"], told.data["applicant_until"]) == (
        "requests.request.due_changed.v1", "applicant", "2026-04-15")
    assert days(sweeping, LAST + DAY, date(2026, 4, 15)) == 0
    assert len(reminders(ground)) == 2
    assert over(sweeping, date(2026, 4, 16)) == 1


@pytest.mark.parametrize("by, code", [(16, "extension_too_long"), (0, "extension_too_long")])
def test_an_extension_keeps_to_the_definition(ground: Ground, by: int, code: str) -> None:
    lodged = ground.sent_back()
    before = ground.counts()
    with pytest.raises(Refusal, match=code):
        longer(ground, lodged, by)
    assert ground.counts() == before


def test_it_is_extended_as_often_as_it_says_and_not_after_its_end(ground: Ground, sweeping: Sweeping) -> None:
    lodged = ground.sent_back()
    sweeping.at(LAST + DAY)
    with pytest.raises(Refusal, match="extension_too_late"):
        longer(ground, lodged, 5)
    sweeping.at(LAST)
    longer(ground, lodged, 5)
    with pytest.raises(Refusal, match="extensions_used_up"):
        longer(ground, lodged, 5)


def test_only_a_head_extends_and_only_what_waits(ground: Ground) -> None:
    lodged = ground.reviewed()
    with pytest.raises(Refusal, match="period_unknown"):
        longer(ground, lodged, 5)
    ground.do(OFFICER, "send_back", reason="صورة العقد غير واضحة")
    with pytest.raises(Refusal, match="forbidden"):
        longer(ground, lodged, 5, CLERK)


def test_the_last_day_moves_with_a_holiday_that_is_decreed_and_never_back(ground: Ground, sweeping: Sweeping) -> None:
    lodged = ground.sent_back()
    decree = {"name": {"ar": "إجازة", "en": "Decreed"}, "effect": "holiday", "first": LAST.isoformat(),
              "last": LAST.isoformat(), "decree": {"number": "1/2026", "date": "2026-03-20"}, "scope": None}
    ground.organise("holiday", "decreed", {"valid_from": "2026-01-01", "body": decree})
    moved = ground.status(lodged["tracking_number"])["applicant_until"]
    assert moved == (LAST + DAY).isoformat()
    days(sweeping, WARNED, LAST + DAY)
    assert ground.row(lodged).state == "completion"
    ground.organise("holiday", "decreed", {"valid_from": "2026-01-01", "body": {**decree, "first": "2026-05-05",
                                                                               "last": "2026-05-05"}})
    assert ground.status(lodged["tracking_number"])["applicant_until"] == moved
    assert over(sweeping, LAST + 2 * DAY) == 1


def test_of_completion_and_sweep_at_the_same_moment_one_wins(ground: Ground, sweeping: Sweeping) -> None:
    lodged = [ground.sent_back() for _ in range(4)]
    over(sweeping, WARNED)
    sweeping.at(LAST + DAY)
    refused: list[str] = []

    def complete(one: dict[str, Any]) -> None:
        try:
            ground.resubmit(one)
        except Refusal as refusal:
            refused.append(refusal.faults[0].code)

    threads = [threading.Thread(target=complete, args=(one,)) for one in lodged]
    threads.append(threading.Thread(target=lapsing.sweep, args=(ground,)))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lapsing.sweep(ground)
    states = [ground.row(one).state for one in lodged]
    assert set(states) <= {"document_review", "lapsed"}
    assert len(refused) == states.count("lapsed")
    assert set(refused) <= {"not_waiting_for_applicant"}
    for one in lodged:
        sequences = [event.sequence for event in ground.events(one["request_id"])]
        assert sequences == list(range(1, len(sequences) + 1))
