"""Turns at the windows over a real database: dense numbers, calls in order, one window a turn, what they tell."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import pytest

from chassis.actors import Actor
from chassis.answers import load
from chassis.errors import Conflict
from chassis.ids import uuid7
from contracts import requests_turns as language
from rules import turns as rule
from rules.refusal import Refusal
from services.requests import turns
from tests.support.requests_ground import CLERK, UNIT, shop, staff
from tests.support.round_trips import counted
from tests.support.turns_ground import CASHIER, ELSEWHERE, Hall


@pytest.fixture(scope="module")
def opened(database_url: Callable[..., str]) -> Iterator[Hall]:
    made = Hall(database_url("requests"))
    made.publish(shop())
    yield made
    made.close()


@pytest.fixture
def hall(opened: Hall) -> Hall:
    opened.fresh()
    return opened


def refused(run: Callable[[], Any]) -> str:
    with pytest.raises(Refusal) as refusal:
        run()
    return str(refusal.value.code)


def test_tickets_are_numbered_densely_by_queue_and_day(hall: Hall) -> None:
    labels = [hall.take(queue)["label"] for queue in ("intake", "intake", "cashier", "intake", "collection")]
    assert labels == ["A1", "A2", "C1", "A3", "D1"]
    hall.wait(days=1)
    assert hall.take()["label"] == "A1"
    assert hall.take(actor=staff("k2", "kiosk", unit="EG-C-02"))["label"] == "A1", "each unit counts for itself"


def test_one_screen_gives_out_so_many_tickets_a_minute_and_others_go_on(hall: Hall) -> None:
    for _ in range(turns.A_MINUTE):
        hall.take()
    with pytest.raises(Refusal) as refusal:
        hall.take("cashier")
    [fault] = refusal.value.faults
    assert (fault.code, fault.params) == ("tickets_too_many", {"count": turns.A_MINUTE, "seconds": 60})
    assert hall.take(actor=staff("k9", "kiosk"))["label"] == f"A{turns.A_MINUTE + 1}", "another screen of the hall"
    hall.wait(minutes=1)
    assert hall.take()["label"] == f"A{turns.A_MINUTE + 2}", "no number is lost"


def test_a_day_is_a_day_in_cairo(hall: Hall) -> None:
    hall.wait(hours=13, minutes=59)  # 23:59 in Cairo
    late = hall.take()
    hall.wait(minutes=1)
    early = hall.take()
    assert (late["day"], early["day"]) == ("2026-03-01", "2026-03-02")
    assert (late["label"], early["label"]) == ("A1", "A1")


def test_who_takes_a_ticket_is_told_how_many_are_before(hall: Hall) -> None:
    hall.take(), hall.take()
    assert hall.take()["ahead"] == 2
    assert hall.take(priority=True)["ahead"] == 0
    assert hall.take()["ahead"] == 4


def test_many_tickets_at_once_leave_no_gap_and_no_double(hall: Hall) -> None:
    """Somebody who was slower five times in a row is told so, and asks again."""

    def insist(number: int) -> int:
        while True:
            try:
                return int(hall.take()["label"][1:])
            except Conflict:
                continue

    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(insist, range(20)))
    assert sorted(made) == list(range(1, 21))


def test_no_turn_comes_to_two_windows_however_many_call_at_once(hall: Hall) -> None:
    tickets = [hall.take() for _ in range(12)]
    with ThreadPoolExecutor(4) as pool:
        for round_ in range(3):
            called = list(pool.map(lambda window: hall.call(f"{window}"), range(1, 5)))
            labels = sorted(int(turn["label"][1:]) for turn in called)
            assert labels == list(range(round_ * 4 + 1, round_ * 4 + 5)), "each once, and nobody passed over"
            for turn in called:
                hall.do("end", turn, turn["window"])
    assert hall.call() is None
    rows = hall.rows("SELECT id, calls, state FROM turn")
    assert {str(row.id) for row in rows} == {ticket["turn_id"] for ticket in tickets}
    assert {(row.calls, row.state) for row in rows} == {(1, "ended")}


def test_one_window_that_calls_twice_at_once_has_one_turn(hall: Hall) -> None:
    hall.take(), hall.take()

    def ask(number: int) -> str:
        try:
            return str(hall.call("3")["label"])
        except Refusal as refusal:
            return str(refusal.code)

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(ask, range(2))) == ["A1", "turn_at_window"]


def test_the_same_call_twice_is_answered_alike_and_takes_one_turn(hall: Hall) -> None:
    hall.take(), hall.take()
    command, body = uuid7(), load(language.CallTurn(), {"window": "3", "queues": ["intake"]})
    answers = [hall.command(lambda work: turns.call(work, body), CLERK, command)["turn"]["label"] for _ in range(2)]
    assert answers == ["A1", "A1"]
    assert [row.state for row in hall.rows("SELECT state FROM turn ORDER BY number")] == ["called", "waiting"]


def test_priority_goes_first_and_then_who_waits_longest_in_any_of_the_windows_queues(hall: Hall) -> None:
    hall.take("intake")
    hall.wait(minutes=1)
    hall.take("follow_up")
    hall.take("intake", priority=True)
    order = []
    for _ in range(3):
        turn = hall.call("3", "intake", "follow_up")
        order.append(turn["label"])
        hall.do("end", turn)
    assert order == ["A2", "A1", "B1"]


def test_waiting_and_service_are_measured(hall: Hall) -> None:
    hall.take()
    hall.wait(minutes=10)
    turn = hall.call()
    assert turn["waiting_seconds"] == 600
    hall.wait(seconds=30)
    hall.do("recall", turn)
    hall.do("serve", turn)
    hall.do("serve", turn)  # said twice
    hall.wait(minutes=4)
    ended = hall.do("end", turn)
    assert (ended["state"], ended["waiting_seconds"], ended["service_seconds"]) == ("ended", 600, 240)


def test_who_did_not_come_may_be_called_again_and_has_waited_until_the_first_call(hall: Hall) -> None:
    hall.take()
    hall.wait(minutes=5)
    turn = hall.call()
    hall.do("miss", turn)
    assert [one["label"] for one in hall.desk()["missed"]] == ["A1"]
    assert hall.call() is None
    hall.wait(minutes=20)
    again = hall.call("4", turn_id=turn["turn_id"])
    assert (again["waiting_seconds"], again["calls"], again["window"]) == (300, 2, "4")
    assert hall.do("end", again, "4")["service_seconds"] == 0
    [row] = hall.audited("turn.called_out_of_order")
    assert row.subject == turn["turn_id"]


def test_a_turn_sent_on_keeps_its_number_and_waits_again_at_the_end(hall: Hall) -> None:
    hall.take("cashier")
    hall.take("intake")
    turn = hall.call()
    hall.do("serve", turn)
    hall.wait(minutes=6)
    moved = hall.do("move", turn, queue="cashier")
    assert (moved["state"], moved["service_seconds"], moved["next"]["ahead"]) == ("moved", 360, 1)
    hall.wait(minutes=2)
    first = hall.call("5", "cashier", actor=CASHIER)
    hall.do("end", first, "5", CASHIER)
    second = hall.call("5", "cashier", actor=CASHIER)
    assert (first["label"], second["label"], second["waiting_seconds"]) == ("C1", "A1", 120)
    assert hall.take("cashier")["label"] == "C2", "a leg takes a place in the queue, not a number"


def test_a_turn_belongs_to_its_window_and_its_unit(hall: Hall) -> None:
    hall.take()
    turn = hall.call("3")
    assert refused(lambda: hall.do("end", turn, "4")) == "turn_elsewhere"
    assert refused(lambda: hall.do("end", turn, "3", ELSEWHERE)) == "turn_unknown"
    assert refused(lambda: hall.do("end", {"turn_id": str(uuid7())})) == "turn_unknown"
    assert refused(lambda: hall.take(unit="EG-C-02")) == "forbidden"
    hall.do("end", turn)
    assert refused(lambda: hall.do("end", turn)) == "turn_not_possible"
    assert refused(lambda: hall.take(actor=Actor("staff:roving", "staff", ("kiosk",)))) == "turn_unit_missing"


def test_visits_of_a_request_are_days_on_which_somebody_came_about_it(hall: Hall) -> None:
    number = hall.submit()["tracking_number"]
    told = []
    for shift in (0, 0, 1, 3):
        hall.wait(days=shift)
        hall.take()
        turn = hall.call()
        told.append(hall.link(turn, number)["visit"])
        assert hall.link(turn, number)["visit"] == told[-1], "said twice, counted once"
        assert hall.desk()["requests"] == [{"tracking_number": number, "visit": told[-1]}]
        hall.do("end", turn)
    assert told == [1, 1, 2, 3]
    seen = hall.figures(date(2026, 3, 1), date(2026, 3, 31))["visits"]
    assert seen == [{"unit": UNIT, "requests": 1, "visits": 3, "by_visit": {"3": 1}, "mean": 3.0}]


def test_a_ticket_leads_to_what_its_holder_came_about_on_any_leg(hall: Hall) -> None:
    number = hall.submit()["tracking_number"]
    hall.take()
    turn = hall.call()
    hall.link(turn, number)
    hall.do("move", turn, queue="cashier")
    found = turns.of_label(hall.unit_of_work(CASHIER), {"label": "a 1"})
    assert (found["turn"]["queue"], found["requests"]) == ("cashier", [{"tracking_number": number, "visit": 1}])
    for other, actor in (("A2", CASHIER), (number, CASHIER), ("A1", ELSEWHERE)):
        assert turns.of_label(hall.unit_of_work(actor), {"label": other}) == {"turn": None, "requests": []}


def test_a_turn_is_linked_to_a_request_of_its_own_unit_only(hall: Hall) -> None:
    hall.take()
    turn = hall.call()
    elsewhere = hall.submit(hall.application(unit="EG-C-02"))["tracking_number"]
    assert refused(lambda: hall.link(turn, elsewhere)) == "tracking_unknown"
    assert refused(lambda: hall.link(turn, hall.submit()["tracking_number"], window="9")) == "turn_elsewhere"


def test_figures_are_those_of_the_turns(hall: Hall) -> None:
    waits = []
    for minutes in (1, 2, 3, 10, 30):
        hall.take()
        hall.wait(minutes=minutes)
        turn = hall.call()
        waits.append(minutes * 60)
        hall.do("serve", turn)
        hall.wait(seconds=90)
        hall.do("end", turn)
    hall.take()
    hall.do("miss", hall.call())
    hall.take()
    [told] = hall.figures(date(2026, 3, 1), date(2026, 3, 1))["queues"]
    expected = rule.spread([*waits, 0])
    assert told["waiting"] == {"count": 6, "mean": expected.mean, "median": expected.median, "p90": expected.p90}
    assert told["service"] == {"count": 5, "mean": 90, "median": 90, "p90": 90}
    assert (told["taken"], told["served"], told["missed"], told["left"]) == (7, 5, 1, 0)
    assert hall.figures(date(2026, 3, 2), date(2026, 3, 2))["queues"] == []
    assert refused(lambda: hall.figures(date(2026, 3, 2), date(2026, 3, 1))) == "turn_figures_range"
    assert refused(lambda: hall.figures(date(2026, 1, 1), date(2026, 12, 1))) == "turn_figures_range"
    assert refused(lambda: hall.figures(date(2026, 3, 1), date(2026, 3, 1), unit="EG-C-02")) == "forbidden"


def test_at_the_end_of_a_day_nothing_stays_open(hall: Hall) -> None:
    hall.take(), hall.take(), hall.take()
    served = hall.call("1")
    hall.do("serve", served, "1")
    hall.call("2")
    assert not hall.attempt(turns.close_days), "the day is not over"
    hall.wait(days=1)
    assert hall.attempt(turns.close_days) and not hall.attempt(turns.close_days)
    states = [row.state for row in hall.rows("SELECT state FROM turn ORDER BY number")]
    assert states == ["ended", "missed", "left"]
    [told] = hall.figures(date(2026, 3, 1), date(2026, 3, 1))["queues"]
    assert told["service"]["count"] == 0, "nobody knows when that service ended"


def test_the_hall_shows_numbers_and_windows_and_nobody(hall: Hall) -> None:
    number = hall.submit()["tracking_number"]
    hall.take(), hall.take(), hall.take()
    first = hall.call("3")
    hall.link(first, number)
    hall.wait(seconds=5)
    hall.call("4")
    shown = turns.display(hall.unit_of_work(), {"unit": UNIT})
    assert [(one["label"], one["window"]) for one in shown["called"]] == [("A2", "4"), ("A1", "3")]
    assert next(one for one in shown["waiting"] if one["queue"] == "intake")["waiting"] == 1
    assert number not in str(shown) and CLERK.id not in str(shown)
    assert refused(lambda: turns.display(hall.unit_of_work(), {"unit": "EG-C-99"})) == "unit_unknown"


def test_taking_and_calling_ask_once_and_write_once(hall: Hall) -> None:
    hall.take()  # the organisation is read once a process
    with counted(hall.database) as taken:
        hall.take()
    with counted(hall.database) as called:
        hall.call()
    assert (taken, called) == (["read", "write"], ["read", "write"])
