"""What money does to a request, also when it comes at the wrong moment, and the date due that runs from it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from chassis.errors import NotYet
from chassis.ids import uuid7
from tests.support.life_ground import *  # noqa: F403  (fixtures)
from tests.support.life_ground import whole
from tests.support.requests_ground import (
    HEAD,
    MORNING,
    OFFICER,
    Ground,
)

# -- money ------------------------------------------------------------------------------------------------------------


def test_an_expired_bill_lets_the_request_lapse(ground: Ground) -> None:
    lodged = ground.submit()
    ground.hear(ground.bill_event(lodged["request_id"], state="expired"))
    assert ground.row(lodged).outcome == "lapsed"
    whole(ground, lodged)


@pytest.mark.parametrize("stage", ["inspection", "final"])
def test_a_late_success_at_the_rail_revives_what_lapsed_for_want_of_it(ground: Ground, stage: str) -> None:
    lodged = ground.submit() if stage == "inspection" else ground.decided()
    if stage == "final":
        ground.do(HEAD, "approve")
    ground.wait(days=31)
    ground.hear(ground.bill_event(lodged["request_id"], stage, "expired"))
    ground.wait(days=2)
    late = ground.bill_event(lodged["request_id"], stage, at=ground.now - timedelta(days=5))
    ground.hear(late)

    row = ground.row(lodged)
    assert (row.state, row.outcome) == (("document_review", None) if stage == "inspection" else ("issued", "approved"))
    [revived] = ground.audited("request.revived")
    assert (revived.subject, revived.details) == (lodged["request_id"], {"bill": late.data["bill_id"], "stage": stage})
    whole(ground, lodged)
    shown = ground.timeline(lodged)
    assert [entry["action"] for entry in shown["entries"]][-2:] == ["expired", "paid"]
    if stage == "inspection":
        assert row.due_on == date(2026, 4, 1) + timedelta(days=60)  # not before the lapse was known
        ground.do(OFFICER, "accept")
    ground.pay(lodged, stage)  # the same money told again by another bill's event
    assert len(ground.audited("payment.beside_the_request")) == 1


def test_money_that_comes_after_a_persons_end_reopens_nothing_and_is_recorded(ground: Ground) -> None:
    withdrawn = ground.sent_back()
    ground.resubmit(withdrawn, action="withdraw")
    lapsed = ground.submit()
    ground.hear(ground.bill_event(lapsed["request_id"], state="expired"))
    late = [ground.bill_event(withdrawn["request_id"]), ground.bill_event(lapsed["request_id"], "final")]
    for event in late:
        ground.hear(event)
    assert [ground.row(one).outcome for one in (withdrawn, lapsed)] == ["withdrawn", "lapsed"]
    assert [(entry.subject, entry.details) for entry in ground.audited("payment.beside_the_request")] == [
        (withdrawn["request_id"], {"bill": late[0].data["bill_id"], "state": "withdrawn"}),
        (lapsed["request_id"], {"bill": late[1].data["bill_id"], "state": "lapsed"})]


def test_a_second_payment_of_a_stage_moves_nothing_and_is_recorded(ground: Ground) -> None:
    lodged = ground.submit()
    ground.pay(lodged)
    ground.pay(lodged)
    assert ground.row(lodged).version == 2
    assert len(ground.audited("payment.beside_the_request")) == 1
    assert ground.counts()["task"] == 1


def test_an_expiry_that_arrives_after_the_payment_changes_nothing(ground: Ground) -> None:
    lodged = ground.submit()
    ground.pay(lodged)
    ground.hear(ground.bill_event(lodged["request_id"], state="expired"))
    assert ground.row(lodged).state == "document_review"


@pytest.mark.parametrize("state", ["failed", "cancelled", "under_review"])
def test_a_bill_that_is_tried_in_vain_leaves_the_request_waiting(ground: Ground, state: str) -> None:
    lodged = ground.submit()
    ground.hear(ground.bill_event(lodged["request_id"], state=state))
    assert ground.row(lodged).version == 1
    assert not ground.audited("payment.beside_the_request")


def test_money_of_another_stage_does_not_open_this_one(ground: Ground) -> None:
    lodged = ground.submit()
    ground.pay(lodged, "final")
    assert ground.row(lodged).state == "awaiting_inspection_fee"
    assert len(ground.audited("payment.beside_the_request")) == 1


def test_a_payment_known_before_its_request_waits_for_it(ground: Ground) -> None:
    with pytest.raises(NotYet):
        ground.hear(ground.bill_event(uuid7()))


# -- the date due -----------------------------------------------------------------------------------------------------


def test_the_period_runs_from_the_payment_and_stops_while_the_citizen_is_asked(ground: Ground) -> None:
    lodged = ground.submit()
    assert lodged["due_on"] is None  # the clock stands until the fee is paid
    ground.wait(days=10)
    ground.pay(lodged)
    assert ground.row(lodged).due_on == date(2026, 3, 11) + timedelta(days=60)

    ground.wait(days=5)
    ground.do(OFFICER, "send_back", reason="ينقص العقد")
    assert ground.row(lodged).due_on is None
    ground.wait(days=20)
    assert ground.timeline(lodged)["days_left"] == 55
    ground.resubmit(lodged)
    assert ground.row(lodged).due_on == date(2026, 3, 11) + timedelta(days=80)

    shown = ground.timeline(lodged)
    assert [(part["from"], part["to"], part["clock"], part["why"]) for part in shown["deadline"]] == [
        ("2026-03-01", "2026-03-11", "stopped", "awaiting_inspection_fee"),
        ("2026-03-11", "2026-03-16", "running", "document_review"),
        ("2026-03-16", "2026-04-05", "stopped", "completion"),
        ("2026-04-05", None, "running", "document_review")]
    assert (shown["late"], shown["days_left"]) == (False, 55)
    ground.wait(days=55)
    assert ground.timeline(lodged)["late"] is False
    ground.wait(days=1)
    assert ground.timeline(lodged)["late"] is True


def test_the_clock_starts_when_the_rail_took_the_money_not_when_we_heard(ground: Ground) -> None:
    lodged = ground.submit()
    paid_at = ground.now + timedelta(days=1)
    ground.wait(days=4)
    ground.pay(lodged, at=paid_at)
    assert ground.row(lodged).due_on == date(2026, 3, 2) + timedelta(days=60)
    assert ground.events(lodged["request_id"])[-1].time == paid_at


@pytest.mark.parametrize("wrong", [timedelta(days=-30), timedelta(days=300)])
def test_a_rail_whose_clock_is_wrong_moves_no_date(ground: Ground, wrong: timedelta) -> None:
    """Before the request was lodged counts as then; in days to come as now."""
    lodged = ground.submit()
    ground.wait(days=2)
    ground.pay(lodged, at=ground.now + wrong)
    at = MORNING if wrong < timedelta() else ground.now
    assert ground.events(lodged["request_id"])[-1].time == at
    assert ground.row(lodged).due_on == at.date() + timedelta(days=60)
    whole(ground, lodged)


@pytest.mark.parametrize(("paid", "due"), [
    (datetime(2026, 3, 1, 21, 59, tzinfo=UTC), date(2026, 4, 30)),
    (datetime(2026, 3, 1, 23, 30, tzinfo=UTC), date(2026, 5, 1)),  # half past one of the next day in Cairo
    (datetime(2026, 7, 1, 21, 30, tzinfo=UTC), date(2026, 8, 31)),  # summer time: half past midnight
])
def test_days_are_cairo_days(ground: Ground, paid: datetime, due: date) -> None:
    lodged = ground.submit()
    ground.now = paid
    ground.pay(lodged)
    assert ground.row(lodged).due_on == due


def test_an_ended_request_keeps_its_date_and_its_clock_stands(ground: Ground) -> None:
    lodged = ground.decided()
    due = ground.row(lodged).due_on
    ground.do(HEAD, "reject", reason="مخالف", legal_reason="conditions_unmet")
    ground.wait(days=365)
    shown = ground.timeline(lodged)
    assert ground.row(lodged).due_on == due
    assert (shown["clock"], shown["late"], shown["due_on"]) == ("ended", False, due.isoformat())
    assert shown["deadline"][-1]["to"] == "2026-03-01"
