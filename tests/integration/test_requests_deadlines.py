"""Warnings, escalation, dates that follow the organisation, and extensions, over a real database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import pytest

from chassis.actors import Actor
from chassis.answers import load
from contracts.requests_deadlines import Extend
from rules.refusal import Refusal
from services.requests import extension
from tests.support.deadlines_ground import DEPARTMENT_HEAD, MANAGER, Sweeping
from tests.support.requests_ground import CLERK, HEAD, INSPECTOR, OFFICER, UNIT, Ground, shop, staff
from tests.support.shop_ground import *  # noqa: F403  (fixtures)

LODGED = date(2026, 3, 1)  # sixty calendar days: until 30 April
DUE = date(2026, 4, 30)
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def opened(database_url: Callable[..., str]) -> Iterator[Ground]:
    made = Ground(database_url("requests"))
    made.publish(shop())
    working = {**shop(), "code": "in-working-days"}
    working["period"] = {**working["period"], "days": 10, "kind": "working", "extension": {"days": 5, "times": 1}}
    made.publish(working)
    yield made
    made.close()


def holiday(first: str, *, scope: Any = None) -> dict[str, Any]:
    return {"name": {"ar": "إجازة بقرار", "en": "Decreed"}, "effect": "holiday", "first": first, "last": first,
            "decree": {"number": "1/2026", "date": "2026-01-01"}, "scope": scope}


# -- what is shown ----------------------------------------------------------------------------------------------------


def test_every_date_shown_is_explained(ground: Ground) -> None:
    lodged = ground.submit()
    ground.wait(days=2)
    ground.pay(lodged)
    ground.wait(days=5)
    ground.do(OFFICER, "send_back", reason="صورة العقد غير واضحة")
    ground.wait(days=3)
    [whole] = ground.timeline(lodged)["periods"]
    assert (whole["code"], whole["days"], whole["days_used"], whole["due_on"]) == ("whole", 60, 5, None)
    assert [(line["clock"], line["why"], line["days"]) for line in whole["explanation"]] == [
        ("stopped", "awaiting_inspection_fee", 0), ("running", "document_review", 5), ("stopped", "completion", 0)]


def test_the_holder_of_a_file_sees_its_periods_explained(ground: Ground) -> None:
    ground.reviewed()
    task = ground.next(OFFICER)
    assert task is not None
    [whole] = ground.file(OFFICER, task)["periods"]
    assert whole["due_on"] == DUE.isoformat()
    assert [line["why"] for line in whole["explanation"]] == ["awaiting_inspection_fee", "document_review"]


# -- warnings ---------------------------------------------------------------------------------------------------------


def test_eighty_percent_the_end_and_silence_are_told_once_each(ground: Ground, sweeping: Sweeping) -> None:
    lodged = ground.decided()
    sweeping.at(LODGED + 47 * DAY)
    sweeping.judge()
    assert [one for one in sweeping.told() if one[0] == "whole"] == []
    for day in (48, 48, 57, 58, 61, 62):
        sweeping.at(LODGED + day * DAY)
        sweeping.judge()
        sweeping.judge()
    assert [one for one in sweeping.told() if one[0] == "whole"] == [
        ("whole", "warned", "centre_manager"), ("whole", "silence_near", "unit_head"),
        ("whole", "breached", "unit_head")]
    shown = [one for one in sweeping.warnings(HEAD) if one["period"] == "whole"]
    assert [one["level"] for one in shown] == ["breached", "silence_near"]
    assert shown[0]["tracking_number"] == lodged["tracking_number"]


def test_what_was_missed_while_nothing_ran_is_told_at_once_and_once(ground: Ground, sweeping: Sweeping) -> None:
    ground.decided()
    sweeping.at(LODGED + 90 * DAY)
    sweeping.judge()
    sweeping.judge()
    assert sorted(one[1] for one in sweeping.told() if one[0] == "whole") == ["breached", "silence_near", "warned"]


def test_a_task_left_lying_is_put_before_the_head_of_its_department(ground: Ground, sweeping: Sweeping) -> None:
    ground.reviewed()  # three working days from Sunday 1 March: until Wednesday 4; the head two working days later
    sweeping.at(date(2026, 3, 8))
    sweeping.judge()
    assert sweeping.told() == [("task", "breached", "department_head"), ("task", "warned", "officer")]
    assert ground.rows("SELECT escalated_to FROM task")[0].escalated_to is None
    sweeping.at(date(2026, 3, 9))
    sweeping.judge()
    [task] = ground.rows("SELECT * FROM task")
    assert (task.escalated_to, task.escalated_at) == ("department_head", ground.now)
    assert [one["level"] for one in sweeping.warnings(DEPARTMENT_HEAD)] == ["escalated", "breached"]


def test_warnings_are_seen_by_those_whose_they_are(ground: Ground, sweeping: Sweeping) -> None:
    ground.reviewed()
    sweeping.at(date(2026, 3, 9))
    sweeping.judge()
    elsewhere = staff("other", "department_head", "licensing", unit="EG-C-02")
    other_department = staff("engineers", "department_head", "engineering")
    assert sweeping.warnings(DEPARTMENT_HEAD)
    assert [sweeping.warnings(one) for one in (elsewhere, other_department, INSPECTOR, MANAGER)] == [[]] * 4


def test_nobody_is_warned_of_what_is_done(ground: Ground, sweeping: Sweeping) -> None:
    ground.reviewed()
    sweeping.at(date(2026, 3, 9))
    sweeping.judge()
    ground.do(OFFICER, "accept")
    assert sweeping.warnings(DEPARTMENT_HEAD) == []


def test_the_applicants_own_time_troubles_no_head(ground: Ground, sweeping: Sweeping) -> None:
    ground.sent_back()
    sweeping.at(LODGED + 100 * DAY)
    sweeping.judge()
    assert [one for one in sweeping.told() if one[0] == "whole"] == []


def test_a_warning_is_an_event_of_its_own(ground: Ground, sweeping: Sweeping) -> None:
    lodged = ground.decided()
    sweeping.at(LODGED + 48 * DAY)
    sweeping.judge()
    [warning] = ground.rows("SELECT * FROM warning WHERE period = 'whole'")
    [event] = ground.events(warning.id)
    assert (event.type, event.data["level"], event.data["tracking_number"]) == (
        "requests.warning.raised.v1", "warned", lodged["tracking_number"])


# -- the organisation changes -----------------------------------------------------------------------------------------


def working(ground: Ground) -> dict[str, Any]:
    return ground.reviewed(service_code="in-working-days")


def test_a_holiday_decreed_later_moves_open_dates_and_is_told(ground: Ground, sweeping: Sweeping) -> None:
    lodged, untouched = working(ground), ground.reviewed()
    sweeping.move()
    before, version = ground.row(lodged).due_on, ground.row(lodged).version
    task_before = ground.rows("SELECT due_on FROM task WHERE request_id = :id", id=lodged["request_id"])[0].due_on
    ground.organise("holiday", "eve", {"valid_from": "2026-01-01", "body": holiday("2026-03-03")})
    sweeping.move()
    moved = ground.row(lodged)
    assert (moved.due_on, moved.version) == (before + DAY, version + 1)
    assert ground.status(lodged["tracking_number"])["due_on"] == moved.due_on.isoformat()
    assert ground.rows("SELECT due_on FROM task WHERE request_id = :id",
                       id=lodged["request_id"])[0].due_on == task_before + DAY
    event = ground.events(lodged["request_id"])[-1]
    assert (event.type, event.sequence, event.data["due_before"], event.data["due_on"], event.data["why"]) == (
        "requests.request.due_changed.v1", version + 1, before.isoformat(), moved.due_on.isoformat(), "calendar")
    assert ground.row(untouched).version == 2  # calendar days: a holiday moves nothing
    assert ground.do(OFFICER, "accept")["state"] == "inspection"


def test_a_holiday_of_another_place_moves_nothing(ground: Ground, sweeping: Sweeping) -> None:
    lodged = working(ground)
    sweeping.move()
    body = holiday("2026-03-03", scope={"kind": "unit", "code": "EG-C-02"})
    ground.organise("holiday", "elsewhere", {"valid_from": "2026-01-01", "body": body})
    sweeping.move()
    assert ground.row(lodged).version == 2


def test_a_sweep_that_was_broken_off_goes_on(ground: Ground, sweeping: Sweeping, monkeypatch: pytest.MonkeyPatch
                                             ) -> None:
    from services.requests import moving

    monkeypatch.setattr(moving, "PAGE", 2)
    lodged = [working(ground) for _ in range(5)]
    sweeping.move()
    ground.organise("holiday", "eve", {"valid_from": "2026-01-01", "body": holiday("2026-03-03")})
    assert moving.sweep(ground)
    assert sum(ground.row(one).version == 3 for one in lodged) == 2
    assert not ground.attempt(moving.settled)
    sweeping.move()
    assert [ground.row(one).version for one in lodged] == [3] * 5
    assert ground.attempt(moving.settled)


def test_a_second_change_in_the_middle_begins_anew(ground: Ground, sweeping: Sweeping, monkeypatch: pytest.MonkeyPatch
                                                   ) -> None:
    from services.requests import moving

    monkeypatch.setattr(moving, "PAGE", 2)
    lodged = [working(ground) for _ in range(3)]
    sweeping.move()
    before = ground.row(lodged[0]).due_on
    ground.organise("holiday", "eve", {"valid_from": "2026-01-01", "body": holiday("2026-03-03")})
    moving.sweep(ground)
    ground.organise("holiday", "eve2", {"valid_from": "2026-01-01", "body": holiday("2026-03-04")})
    sweeping.move()
    assert {ground.row(one).due_on for one in lodged} == {before + 2 * DAY + holidays_between(before)}


def holidays_between(before: date) -> timedelta:
    """Two working days more from a Sunday to Thursday week: a weekend lies between when they cross one."""
    after = before + 2 * DAY
    return 2 * DAY if {day.weekday() for day in (before + DAY, after)} & {4, 5} else 0 * DAY


# -- extensions -------------------------------------------------------------------------------------------------------


def extend(ground: Ground, lodged: dict[str, Any], actor: Actor = HEAD, **changes: Any) -> dict[str, Any]:
    body = load(Extend(), {"tracking_number": lodged["tracking_number"], "days": 5, "reason": "تعذرت المعاينة للأمطار",
                           **changes})
    answer: dict[str, Any] = ground.attempt(lambda work: extension.extend(work, body), actor)
    return answer


def refused(ground: Ground, lodged: dict[str, Any], actor: Actor = HEAD, **changes: Any) -> str:
    before = ground.counts()
    with pytest.raises(Refusal) as refusal:
        extend(ground, lodged, actor, **changes)
    assert ground.counts() == before
    return refusal.value.code


def test_a_period_is_extended_with_a_reason_and_the_applicant_is_told(ground: Ground) -> None:
    lodged = working(ground)
    before = ground.row(lodged).due_on
    answer = extend(ground, lodged)
    row = ground.row(lodged)
    assert answer["due_on"] == row.due_on.isoformat()
    assert row.due_on > before
    [whole] = ground.status(lodged["tracking_number"])["periods"]
    assert (whole["days"], whole["extended"], whole["due_on"]) == (15, 5, row.due_on.isoformat())
    event = ground.events(lodged["request_id"])[-1]
    assert (event.data["why"], event.data["due_before"]) == ("extended", before.isoformat())
    assert "الأمطار" not in ground.raw_events()
    assert ground.do(OFFICER, "accept")["state"] == "inspection"  # the next step counts by the longer period
    assert ground.row(lodged).due_on == row.due_on


def test_what_may_not_be_extended(ground: Ground) -> None:
    plain, lodged = ground.reviewed(), working(ground)
    assert refused(ground, plain) == "extension_not_allowed"
    assert refused(ground, lodged, days=6) == "extension_too_long"
    assert refused(ground, lodged, period="elsewhere") == "period_unknown"
    assert refused(ground, lodged, reason=" - ") == "reason_required"
    extend(ground, lodged)
    assert refused(ground, lodged) == "extensions_used_up"


def test_a_late_file_is_not_made_punctual(ground: Ground) -> None:
    lodged = working(ground)
    ground.wait(days=60)
    assert refused(ground, lodged) == "extension_too_late"


def test_only_the_head_of_the_own_unit_who_did_not_take_it_in_extends(ground: Ground) -> None:
    lodged = working(ground)
    elsewhere = staff("far", "unit_head", "leadership", unit="EG-C-02")
    assert refused(ground, lodged, elsewhere) == "forbidden"
    assert refused(ground, lodged, OFFICER) == "forbidden"
    taken = ground.submit(ground.application(service_code="in-working-days"),
                          Actor(id=CLERK.id, kind="staff", roles=("window_clerk", "unit_head"), unit=UNIT,
                                department="leadership"))
    ground.pay(taken)
    both = Actor(id=CLERK.id, kind="staff", roles=("unit_head",), unit=UNIT, department="leadership")
    assert refused(ground, taken, both) == "apart_by_design"


def test_a_longer_period_is_warned_of_again(ground: Ground, sweeping: Sweeping) -> None:
    lodged = working(ground)
    due = ground.row(lodged).due_on
    sweeping.at(due)
    sweeping.judge()
    extend(ground, lodged)
    sweeping.at(ground.row(lodged).due_on)
    sweeping.judge()
    allowances = [row.allowance for row in ground.rows(
        "SELECT allowance FROM warning WHERE period = 'whole' AND level = 'warned' ORDER BY at")]
    assert allowances == [10, 15]
