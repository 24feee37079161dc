"""What the boards count, over a real database: one case from every side, what lies open, and who sees which of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from chassis.actors import Actor
from rules.calendar import cairo_date
from rules.refusal import Refusal
from services.requests import board
from services.requests.tables_board import COUNTS
from tests.support.boards_ground import *  # noqa: F403  (fixtures)
from tests.support.boards_ground import (
    DEPUTY,
    MANAGER,
    at_the_window,
    by_key,
    counts,
    deliver,
    fold,
    licensed,
    lying,
    open_again,
    rate,
    reject,
    shown,
    withdraw,
    wrong,
)
from tests.support.deadlines_ground import Sweeping
from tests.support.plans import asked, plan
from tests.support.requests_ground import CLERK, HEAD, INSPECTOR, OFFICER, UNIT, Ground, staff
from tests.support.round_trips import counted

LICENSING_HEAD = staff("licensing-head", "department_head", "licensing")

# -- one case from every side ------------------------------------------------------------------------------------------


def test_a_case_is_seen_alike_from_every_side_before_and_after_the_fold(ground: Ground) -> None:
    lodged = at_the_window(ground)
    licensed(ground, lodged)
    deliver(ground, lodged)
    rate(ground, lodged, 4)
    waiting = shown(ground)
    fold(ground)
    assert not ground.rows("SELECT 1 FROM board_delta")
    folded = shown(ground)
    assert {**folded, "as_of": ""} == {**waiting, "as_of": ""}
    whole = {"lodged": 1, "arrived": 3, "acted": 3, "approved": 1, "executed": 1, "delivered": 1, "rated": 1,
             "stars": 4}
    assert counts(folded["total"]) == whole
    assert [counts(one) for one in folded["days"]] == [whole]
    assert by_key(folded, "unit") == {UNIT: whole}
    assert by_key(folded, "service") == {"shop-licence": whole}
    assert by_key(folded, "channel") == {"centre": whole}
    assert by_key(folded, "department") == {
        "licensing": {"arrived": 1, "acted": 1}, "engineering": {"arrived": 1, "acted": 1},
        # The head decided, though the request ended when its last fee was paid.
        "leadership": {"arrived": 1, "acted": 1, "approved": 1, "executed": 1}}
    assert by_key(folded, "person") == {}  # people are told inside one unit only
    assert by_key(shown(ground, HEAD), "person") == {
        CLERK.id: {"lodged": 1, "delivered": 1}, OFFICER.id: {"acted": 1}, INSPECTOR.id: {"acted": 1},
        HEAD.id: {"acted": 1, "approved": 1, "executed": 1}}
    assert wrong(ground) == []


def test_what_a_citizen_lodged_was_taken_in_by_nobody(ground: Ground) -> None:
    ground.submit(ground.application(documents=[]))
    found = shown(ground, HEAD)
    assert counts(found["total"]) == {"lodged": 1} and by_key(found, "person") == {}
    assert by_key(found, "channel") == {"portal": {"lodged": 1}}


def test_how_long_it_took_is_summed_in_seconds(ground: Ground) -> None:
    lodged = ground.submit(ground.application(documents=[]))
    ground.pay(lodged)
    task = ground.next(OFFICER)
    assert task is not None
    ground.wait(hours=5)
    ground.act(OFFICER, task, "accept")
    assert shown(ground)["total"]["acted_seconds"] == 5 * 3600
    ground.do(INSPECTOR, "report", inputs={"findings": "مطابق"})
    ground.wait(hours=1)
    reject(ground)
    assert shown(ground)["total"]["finished_seconds"] == 6 * 3600
    assert wrong(ground) == []


def test_a_request_that_is_opened_again_ends_twice_and_stands_open_in_between(ground: Ground) -> None:
    lodged = ground.decided(documents=[])
    reject(ground)
    open_again(ground, lodged)
    assert counts(shown(ground)["total"])["reopened"] == 1
    ground.do(DEPUTY, "approve")
    ground.pay(lodged, "final")
    found = counts(shown(ground)["total"])
    assert (found["rejected"], found["reopened"], found["approved"], found["lodged"]) == (1, 1, 1, 1)
    assert by_key(shown(ground, HEAD), "person")[DEPUTY.id] == {"acted": 1, "approved": 1, "executed": 1}
    assert wrong(ground) == []


def test_what_is_done_and_ended_after_its_day_is_late_and_passing_the_day_is_told_once(ground: Ground) -> None:
    sweeping = Sweeping(ground)
    ground.decided(documents=[])
    ground.wait(days=120)
    for _ in range(2):
        sweeping.judge()
    assert shown(ground)["total"]["overdue"] == 1
    assert by_key(shown(ground), "department")["leadership"] == {"overdue": 1}
    reject(ground)
    found = counts(shown(ground)["total"])
    assert found == {"overdue": 1, "acted": 1, "acted_late": 1, "rejected": 1, "finished_late": 1}
    assert by_key(shown(ground, HEAD), "person")[HEAD.id] == {
        "acted": 1, "acted_late": 1, "rejected": 1, "finished_late": 1}
    assert wrong(ground) == []


def test_what_silence_or_the_citizen_ended_is_nobodys_decision(ground: Ground) -> None:
    lodged = ground.sent_back(documents=[])
    withdraw(ground, lodged)
    found = shown(ground, HEAD)
    assert counts(found["total"])["withdrawn"] == 1
    assert all("withdrawn" not in one for side in ("person", "department") for one in by_key(found, side).values())
    assert wrong(ground) == []

# -- what lies open ----------------------------------------------------------------------------------------------------


def test_late_files_are_told_by_desk_and_hand_with_their_age(ground: Ground) -> None:
    first = ground.reviewed(documents=[])
    ground.reviewed(documents=[])
    ground.submit(ground.application(documents=[]))  # waits for the citizen, before nobody's desk
    assert ground.next(OFFICER) is not None
    found = lying(ground, HEAD)
    assert [(one["department"], one["account"], one["open"], one["late"]) for one in found["desks"]] == [
        ("licensing", None, 1, 0), ("licensing", OFFICER.id, 1, 0)]
    assert found["requests"]["total"] == {"open": 3, "waiting": 1, "late": 0, "oldest": None}
    due = ground.rows("SELECT due_on FROM task WHERE request_id = :r", r=first["request_id"])[0].due_on
    ground.wait(days=(due - cairo_date(ground.now)).days + 9)
    found = lying(ground, HEAD)
    assert [(one["late"], one["late_week"], one["late_month"], one["oldest"]) for one in found["desks"]] == [
        (1, 1, 0, due.isoformat())] * 2
    assert lying(ground)["desks"][0] == {"unit": UNIT, "department": "licensing", "account": None, "open": 2, "late": 2,
                                         "late_week": 2, "late_month": 0, "oldest": due.isoformat()}
    withdraw(ground, first)
    assert sum(one["open"] for one in lying(ground)["desks"]) == 1


def test_a_look_that_finds_the_same_touches_no_row(ground: Ground) -> None:
    ground.reviewed(documents=[])
    ground.attempt(board.look)
    before = ground.rows("SELECT xmin::text AS x FROM board_desk UNION ALL SELECT xmin::text FROM board_open")
    ground.attempt(board.look)
    assert ground.rows("SELECT xmin::text AS x FROM board_desk UNION ALL SELECT xmin::text FROM board_open") == before

# -- who sees what -----------------------------------------------------------------------------------------------------


def test_a_head_of_a_department_sees_it_and_no_other(ground: Ground) -> None:
    licensed(ground, at_the_window(ground))
    found = shown(ground, LICENSING_HEAD)
    assert (found["unit"], found["department"]) == (UNIT, "licensing")
    assert counts(found["total"]) == {"arrived": 1, "acted": 1}
    assert by_key(found, "person") == {OFFICER.id: {"acted": 1}} and by_key(found, "department") == {}
    assert lying(ground, LICENSING_HEAD)["requests"] is None
    for others in ({"department": "engineering"}, {"unit": "EG-C-02"}):
        with pytest.raises(Refusal, match="forbidden"):
            shown(ground, LICENSING_HEAD, **others)
    assert len(ground.audited("denied")) == 2


@pytest.mark.parametrize("actor", [HEAD, MANAGER])
def test_who_answers_for_a_unit_sees_all_of_it_and_no_other_unit(ground: Ground, actor: Actor) -> None:
    licensed(ground, at_the_window(ground))
    assert shown(ground, actor)["unit"] == UNIT
    assert counts(shown(ground, actor, department="engineering")["total"]) == {"arrived": 1, "acted": 1}
    with pytest.raises(Refusal, match="forbidden"):
        shown(ground, actor, unit="EG-C-02")
    with pytest.raises(Refusal, match="forbidden"):
        lying(ground, actor, unit="EG-C-02")


def test_the_governorate_sees_every_unit_and_people_only_inside_one(ground: Ground) -> None:
    at_the_window(ground)
    elsewhere = staff("clerk-2", "window_clerk", unit="EG-C-02")
    ground.submit(ground.application(documents=[], channel="centre", unit="EG-C-02"), elsewhere)
    assert set(by_key(shown(ground), "unit")) == {UNIT, "EG-C-02"} and not shown(ground)["sides"]["person"]
    inside = shown(ground, unit="EG-C-02")
    assert by_key(inside, "person") == {elsewhere.id: {"lodged": 1}} and by_key(inside, "unit") == {}
    with pytest.raises(Refusal, match="department_needs_unit"):
        shown(ground, department="licensing")


@pytest.mark.parametrize(("since", "until", "code"), [
    ("2026-03-02", "2026-03-01", "period_reversed"), ("2025-01-01", "2026-03-01", "period_too_long"),
    ("1999-01-01", "1999-01-02", "period_too_early")])
def test_a_period_that_is_none_is_refused(ground: Ground, since: str, until: str, code: str) -> None:
    with pytest.raises(Refusal, match=code):
        shown(ground, since=since, until=until)


def test_the_period_before_stands_beside(ground: Ground) -> None:
    at_the_window(ground)
    ground.wait(days=1)
    at_the_window(ground)
    at_the_window(ground)
    fold(ground)
    found = shown(ground)
    yesterday = (cairo_date(ground.now) - timedelta(days=1)).isoformat()
    assert found["before"] == {"since": yesterday, "until": yesterday}
    assert (found["total"]["lodged"], found["before_total"]["lodged"]) == (2, 1)
    [service] = found["sides"]["service"]
    assert (service["now"]["lodged"], service["before"]["lodged"]) == (2, 1)

# -- what it costs -----------------------------------------------------------------------------------------------------


def test_a_board_is_one_reading_and_goes_by_the_key_of_its_place_and_days(ground: Ground) -> None:
    at_the_window(ground)
    fold(ground)
    with counted(ground.database) as trips:
        shown(ground)
    assert trips == ["read"]
    names = ", ".join(COUNTS)
    with ground.database.transaction() as connection:  # two years of a governorate's units
        connection.execute(text(
            f"INSERT INTO board_day (place, dimension, day, key, {names}) SELECT 'EG-C-' || unit, 'all', "
            f"date '2024-01-01' + day, '', {', '.join('1' for _ in COUNTS)} "
            "FROM generate_series(100, 140) AS unit, generate_series(0, 730) AS day"))
        connection.execute(text("ANALYZE board_day"))
    [(statement, params)] = asked(ground.database, lambda: shown(ground))
    for mode in ("force_generic_plan", "force_custom_plan"):
        told = plan(ground.database, statement, params, mode)
        assert "board_day_pkey" in told and "Seq Scan on board_day" not in told, told
