"""Licences released on the spot over a real database: the node decides, one device releases, payments is told."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from chassis import retention as chassis_retention
from chassis.answers import load
from contracts import requests_intake, requests_outputs
from contracts import requests_mobile as language
from rules import licence as licence_rule
from rules import release
from rules.refusal import Refusal
from services.requests import (
    corrections,
    devices,
    licence_numbers,
    licences,
    register,
    releases,
    retention,
    serial_blocks,
)
from tests.support.requests_ground import CLERK, HEAD, INSPECTOR, OFFICER, Ground, shop, staff
from tests.support.shop_ground import *  # noqa: F403  (fixtures)
from tests.support.tablets import ADMINISTRATOR, MOBILE, Tablet


@pytest.fixture
def tablet(ground: Ground) -> Tablet:
    return Tablet(ground).certified()


@pytest.fixture
def decided(ground: Ground) -> dict[str, Any]:
    """A request that the head approved: it waits for its last fee."""
    lodged = ground.decided()
    ground.do(HEAD, "approve")
    return lodged


def ticket_of(ground: Ground, tablet: Tablet, lodged: dict[str, Any], **until: float) -> dict[str, Any]:
    [found] = tablet.tickets(lodged, until=ground.now + timedelta(**(until or {"hours": 10})))
    assert found["refused_code"] is None, found
    ticket: dict[str, Any] = found["ticket"]
    return ticket


def told(ground: Ground) -> list[Any]:
    return [json.loads(bytes(row.body))["data"] for row in ground.rows(
        "SELECT body FROM event_log WHERE type = 'requests.release.reported.v1' ORDER BY occurred_at")]


def verified(ground: Ground, serial: str) -> dict[str, Any]:
    return licences.verification(ground.unit_of_work(), serial)


def test_what_the_node_decided_is_released_by_the_tablet_and_is_the_licence(
        ground: Ground, tablet: Tablet, decided: dict[str, Any]) -> None:
    ticket = ticket_of(ground, tablet, decided)
    assert verified(ground, ticket["serial"])["status"] == "not_reported_yet"
    ground.wait(hours=2)
    body = tablet.released(ticket)
    ground.wait(hours=5)
    assert tablet.report(body)["serial"] == ticket["serial"]
    [event] = told(ground)
    assert (event["applied"], event["amount"], event["device_receipt"], event["collected_by"]) == (
        True, ticket["amount"], 1, MOBILE.id)
    ground.hear(ground.bill_event(decided["request_id"], "final", collected_by=MOBILE.id))
    assert ground.row(decided).licence_serial == ticket["serial"]
    shown = verified(ground, ticket["serial"])
    assert (shown["status"], shown["qr"], shown["released_on_the_spot"]) == ("valid", body["qr"], True)
    keys = {key: licence_rule.public_key(text)
            for key, text in licences.public_keys(ground.unit_of_work()).items()}
    assert licence_rule.verify(body["qr"], keys).holder == shown["holder"]
def codes(found: list[dict[str, Any]]) -> list[str | None]:
    return [one["refused_code"] for one in found]


def pay(ground: Ground, lodged: dict[str, Any], by: str | None = None) -> None:
    ground.hear(ground.bill_event(lodged["request_id"], "final", collected_by=by))


def serials(ground: Ground) -> dict[str, int]:
    """The gaps of the register of licence serials, once everything in it is proved."""
    proof = licence_numbers.prove(ground.unit_of_work())
    assert proof.wrong == []
    return dict(proof.gaps)


def refused(code: str, run: Callable[[], Any]) -> Refusal:
    with pytest.raises(Refusal) as refusal:
        run()
    assert refusal.value.code == code, refusal.value
    return refusal.value


# what may be released


def test_only_what_stands_decided_gets_a_ticket(ground: Ground, tablet: Tablet, decided: dict[str, Any]) -> None:
    finished = ground.decided()
    ground.do(HEAD, "approve")
    pay(ground, finished)
    fresh = ground.submit()
    nobody = {"request_id": "019b0000-0000-7000-8000-000000000001"}
    found = tablet.tickets(fresh, nobody, finished, decided, until=ground.now + timedelta(hours=9))
    assert codes(found) == ["request_not_decided", "tracking_unknown", "request_not_decided", None]
    assert [one["request_id"] for one in found][3] == decided["request_id"]


def test_a_device_of_another_unit_gets_none(ground: Ground, decided: dict[str, Any]) -> None:
    other = Tablet(ground, unit="EG-C-02")
    body = load(language.RegisterDevice(), other.registration())
    made = ground.attempt(lambda work: devices.register(work, body), staff("a", "administrator", unit="EG-C-02"))
    other.id = UUID(made["device_id"])
    certify = load(language.CertifyDevice(), {"device_id": str(other.id)})
    ground.attempt(lambda work: devices.certify(work, certify), staff("a", "administrator", unit="EG-C-02"))
    assert codes(other.tickets(decided, until=ground.now + timedelta(hours=9))) == ["request_of_another_unit"]


def test_who_decided_the_request_is_given_no_ticket_of_it(
        ground: Ground, tablet: Tablet, decided: dict[str, Any]) -> None:
    for one in (HEAD, OFFICER, INSPECTOR, ADMINISTRATOR):
        assert codes(tablet.tickets(decided, until=ground.now + timedelta(hours=9), actor=one)) == ["release_apart"]


def test_the_same_download_again_answers_the_same_ticket_and_draws_no_serial(
        ground: Ground, tablet: Tablet, decided: dict[str, Any]) -> None:
    first = ticket_of(ground, tablet, decided)
    ground.wait(hours=1)
    assert ticket_of(ground, tablet, decided) == first
    assert serials(ground) == {f"reserved for device {tablet.id}": 1}


def test_a_request_is_released_by_one_device(ground: Ground, tablet: Tablet, decided: dict[str, Any]) -> None:
    ticket_of(ground, tablet, decided)
    other = Tablet(ground).certified()
    assert codes(other.tickets(decided, until=ground.now + timedelta(hours=9))) == ["ticket_elsewhere"]


def test_a_ticket_says_what_the_request_costs_and_until_when(
        ground: Ground, tablet: Tablet, decided: dict[str, Any]) -> None:
    ticket = ticket_of(ground, tablet, decided, days=30)
    read = release.read_ticket(ticket["ticket"], licences.verifying_keys(ground.unit_of_work()))
    final = [fee["amount"] for fee in decided["fees"] if fee["stage"] == "final"]
    assert read.amount == sum(final) > 0
    assert read.release_by == ground.now + releases.LONGEST, "not longer than a week, whatever was asked"
    assert (read.device_key, read.tracking_number) == (tablet.public_key, decided["tracking_number"])


# the report, once


def test_a_report_that_comes_again_is_recorded_once(ground: Ground, tablet: Tablet, decided: dict[str, Any]) -> None:
    body = tablet.released(ticket_of(ground, tablet, decided))
    assert tablet.report(body) == tablet.report(body)
    assert serials(ground) == {f"released by device {tablet.id}": 1}
    pay(ground, decided, MOBILE.id)
    assert tablet.report(body)["serial"] == ground.row(decided).licence_serial
    assert len(told(ground)) == len(ground.rows("SELECT 1 FROM licence")) == 1
    assert serials(ground) == {}


def test_the_register_says_who_released_it_and_when_it_was_heard(
        ground: Ground, tablet: Tablet, decided: dict[str, Any]) -> None:
    ticket = ticket_of(ground, tablet, decided)
    ground.wait(hours=1)
    body = tablet.released(ticket)
    ground.wait(hours=6)
    tablet.report(body)
    pay(ground, decided, MOBILE.id)
    entry = ground.attempt(lambda work: register.entry(work, ticket["serial"]), HEAD)
    assert entry["released"] == {
        "device_id": str(tablet.id), "device_label": "لوح 1", "released_at": body["released_at"],
        "reported_at": ground.now.isoformat(), "receipt_number": 1, "by": MOBILE.id}
    other = ground.issued()
    assert ground.attempt(lambda work: register.entry(work, ground.row(other).licence_serial), HEAD)["released"] is None


def test_nobody_takes_collects_and_decides_alone(ground: Ground, tablet: Tablet, decided: dict[str, Any]) -> None:
    """The clerk of the release decided nothing of it, and neither registered nor certified the tablet."""
    body = tablet.released(ticket_of(ground, tablet, decided))
    for one in (HEAD, OFFICER, INSPECTOR, ADMINISTRATOR):
        refused("release_apart", lambda one=one: tablet.report(body, clerk=one.id))
    assert told(ground) == [] and ground.rows("SELECT state FROM ticket")[0].state == "issued"


# what becomes void


def test_what_is_not_reported_in_time_is_void_with_its_serial(
        ground: Ground, tablet: Tablet, decided: dict[str, Any]) -> None:
    ticket = ticket_of(ground, tablet, decided, hours=8)
    body = tablet.released(ticket)
    ground.now += timedelta(hours=8) + releases.REPORT_WITHIN - timedelta(seconds=1)
    assert not ground.attempt(serial_blocks.sweep)
    shown = verified(ground, ticket["serial"])
    assert (shown["status"], shown["report_until"]) == ("not_reported_yet", "2026-03-04")
    ground.wait(seconds=1)
    assert ground.attempt(serial_blocks.sweep)
    shown = verified(ground, ticket["serial"])
    assert (shown["status"], shown["holder"]) == ("void", None)
    refused("ticket_void", lambda: tablet.report(body))
    assert serials(ground) == {"not_reported_in_time": 1}
    assert ticket_of(ground, tablet, decided)["serial"] != ticket["serial"], "the request may be released anew"


def test_a_release_is_reported_after_its_ticket_ended_but_was_made_before(
        ground: Ground, tablet: Tablet, decided: dict[str, Any]) -> None:
    ticket = ticket_of(ground, tablet, decided, hours=8)
    ground.wait(hours=7)
    body = tablet.released(ticket)
    ground.wait(days=2)
    assert codes(tablet.tickets(decided, until=ground.now + timedelta(hours=9))) == ["ticket_unreported"]
    assert tablet.report(body)["serial"] == ticket["serial"]


def test_given_back_in_the_evening_the_ticket_is_void(
        ground: Ground, tablet: Tablet, decided: dict[str, Any]) -> None:
    ticket = ticket_of(ground, tablet, decided)
    assert tablet.act("return_serials") == {"tracking": 0, "tickets": 1}
    assert verified(ground, ticket["serial"])["status"] == "void"
    assert serials(ground) == {"returned_by_device": 1}


def test_a_request_taken_back_or_paid_elsewhere_leaves_no_ticket(
        ground: Ground, tablet: Tablet, decided: dict[str, Any]) -> None:
    ticket = ticket_of(ground, tablet, decided)
    pay(ground, decided)
    assert ground.row(decided).licence_serial != ticket["serial"]
    assert verified(ground, ticket["serial"])["status"] == "void"
    assert verified(ground, ground.row(decided).licence_serial)["status"] == "valid"
    assert serials(ground) == {"request_moved": 1}


def test_the_bill_may_expire_while_the_tablet_is_offline(ground: Ground, tablet: Tablet) -> None:
    """The licence is still the tablet's: the money came before, and payments says so when it hears."""
    lapsing = shop()
    ended = next(code for code, state in lapsing["workflow"]["states"].items() if state.get("outcome") == "lapsed")
    lapsing["workflow"]["states"]["awaiting_final_fee"]["expired"] = ended
    ground.publish({**lapsing, "code": "shop-lapsing"})
    lodged = ground.decided(service_code="shop-lapsing")
    ground.do(HEAD, "approve")
    ticket = ticket_of(ground, tablet, lodged)
    body = tablet.released(ticket)
    ground.wait(hours=1)
    ground.hear(ground.bill_event(lodged["request_id"], "final", state="expired"))
    assert ground.row(lodged).outcome == "lapsed"
    tablet.report(body)
    pay(ground, lodged, MOBILE.id)
    assert (ground.row(lodged).outcome, ground.row(lodged).licence_serial) == ("approved", ticket["serial"])


def test_a_corrected_name_voids_the_ticket_that_bears_the_wrong_one(
        ground: Ground, tablet: Tablet, decided: dict[str, Any]) -> None:
    ticket = ticket_of(ground, tablet, decided)

    def correct(**changes: str) -> None:
        body = load(requests_intake.Correct(), {"tracking_number": decided["tracking_number"],
                                                "applicant": changes, "reason": "خطأ كتابي في الاسم"})
        ground.attempt(lambda work: corrections.correct(work, body), CLERK)

    correct(email="new@example.org")
    assert ticket_of(ground, tablet, decided) == ticket
    correct(name="محمود عبد اللاه حسن")
    assert verified(ground, ticket["serial"])["status"] == "void"
    assert serials(ground) == {"request_corrected": 1}
    again = ticket_of(ground, tablet, decided)
    assert (again["holder"], ticket["holder"]) == ("محمود عبد اللاه حسن", "محمود عبد الله حسن")


def test_a_ticket_and_a_step_at_once_leave_no_ticket_of_a_request_that_moved(
        ground: Ground, tablet: Tablet, decided: dict[str, Any]) -> None:
    """The bill is paid between the reading of the request and the writing of its ticket."""
    unit, slow = ground.unit_of_work, []

    def late(*given: Any) -> Any:
        work = unit(*given)
        if not slow:
            slow.append(work)
            commit = work.commit

            def after_the_payment() -> None:
                pay(ground, decided)
                commit()

            work.commit = after_the_payment  # type: ignore[method-assign]
        return work

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(ground, "unit_of_work", late)
        assert codes(tablet.tickets(decided, until=ground.now + timedelta(hours=9))) == ["request_not_decided"]
    assert ground.rows("SELECT 1 FROM ticket") == []
    assert len(ground.rows("SELECT 1 FROM licence")) == 1


def test_two_downloads_at_once_give_one_ticket(ground: Ground, tablet: Tablet, decided: dict[str, Any]) -> None:
    until, gate = ground.now + timedelta(hours=9), threading.Barrier(2)

    def take(_: int) -> str:
        gate.wait()
        [found] = tablet.tickets(decided, until=until)
        return str(found["ticket"]["serial"])

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(take, range(2))
    assert first == second
    assert len(ground.rows("SELECT 1 FROM ticket")) == 1


def test_the_same_report_twice_at_once_is_told_once(ground: Ground, tablet: Tablet, decided: dict[str, Any]) -> None:
    body, gate = tablet.released(ticket_of(ground, tablet, decided)), threading.Barrier(2)

    def report(_: int) -> str:
        gate.wait()
        return str(tablet.report(body)["serial"])

    with ThreadPoolExecutor(2) as pool:
        assert len(set(pool.map(report, range(2)))) == 1
    assert len(told(ground)) == 1


def test_when_the_time_of_its_request_is_over_a_ticket_names_nobody(
        ground: Ground, tablet: Tablet, decided: dict[str, Any]) -> None:
    ticket = ticket_of(ground, tablet, decided)
    tablet.report(tablet.released(ticket))
    pay(ground, decided, MOBILE.id)
    act = load(requests_outputs.ChangeLicence(), {"serial": ticket["serial"], "reason": "بناء على طلبه"})
    ground.attempt(lambda work: register.cancel(work, act), HEAD)
    at = ground.now + timedelta(days=retention.ENDED.days + 1)
    assert list(chassis_retention.apply(ground.database, ground.privacy, retention.ENDED, at, "operator"))[-1] == 1
    [row] = ground.rows("SELECT body, qr, state, number FROM ticket")
    assert (row.body, row.qr, row.state, row.number) == ("", None, "used", ticket["serial"])
    assert told(ground) == []
    assert serials(ground) == {}
