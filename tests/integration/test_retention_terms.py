"""When the time of a request is over: licences in force and open complaints keep its applicant; afterwards the register
and the numbers stay, and nobody is named. The rules run by themselves once a day."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from chassis import retention
from chassis.actors import PUBLIC
from chassis.events import decode
from chassis.ids import uuid7
from contracts.requests_retention import FORGOTTEN
from services.requests import document, licences, register
from services.requests import retention as of_requests
from tests.integration.test_requests_complaints import answer, complain, status
from tests.support.requests_ground import HEAD, NAME, OFFICER, Ground, shop

RULE = of_requests.ENDED
YEAR = 365.25


@pytest.fixture(scope="module")
def opened(database_url: Callable[..., str]) -> Iterator[Ground]:
    made = Ground(database_url("requests"))
    made.publish(shop())
    short = {**shop(), "code": "shop-licence-short", "retention": {"years": 2}}
    made.publish(short)
    yield made
    made.close()


@pytest.fixture
def ground(opened: Ground, monkeypatch: pytest.MonkeyPatch) -> Ground:
    opened.fresh()
    with opened.database.transaction() as connection:
        connection.exec_driver_sql("DELETE FROM retention_run")
    monkeypatch.setattr(document, "render", lambda *_: (b"the licence", document.PDF))
    return opened


def after(ground: Ground, years: float) -> int:
    """Let go of what is over so many years from now."""
    counts = list(retention.apply(ground.database, ground.privacy, RULE, ground.now + timedelta(days=years * YEAR),
                                  "operator"))
    return counts[-1] if counts else 0


def rejected(ground: Ground, **changes: Any) -> dict[str, Any]:
    lodged = ground.decided(**changes)
    reason = shop()["workflow"].get("reasons") or []
    ground.do(HEAD, "reject", reason="لا يطابق الاشتراطات", **({"legal_reason": reason[0]["code"]} if reason else {}))
    return lodged


def test_a_licence_keeps_its_holder_until_its_own_time_is_over(ground: Ground) -> None:
    lodged = ground.issued()
    serial = ground.row(lodged).licence_serial
    while ground.attempt(licences.render_next):
        pass
    until = ground.rows("SELECT valid_until FROM licence")[0].valid_until
    in_force = (until - ground.now.date()).days / YEAR
    assert after(ground, 10.1) == 0  # the request's ten years are over, the licence's are not
    assert after(ground, in_force + 9.9) == 0
    assert after(ground, in_force + 10.1) == 1
    ground.wait(days=(in_force + 10.1) * YEAR)
    shown = licences.verification(ground.unit_of_work(PUBLIC), serial)
    assert (shown["serial"], shown["status"], shown["holder"], shown["qr"]) == (serial, "expired", licences.GONE, "")
    assert NAME not in str(shown)
    assert ground.rows("SELECT document FROM licence")[0].document is None
    assert ground.attempt(licences.render_next) is False  # it is not drawn again
    assert ground.attempt(lambda work: register.entry(work, serial), HEAD)["serial"] == serial


def test_a_licence_without_an_end_is_never_over_while_it_is_in_force(ground: Ground) -> None:
    serial = ground.row(ground.issued()).licence_serial
    with ground.database.transaction() as connection:
        connection.exec_driver_sql("UPDATE licence SET valid_until = NULL")
    assert after(ground, 60) == 0
    body = {"serial": serial, "version": None, "reason": "مخالفة جسيمة"}
    ground.attempt(lambda work: register.cancel(work, body), HEAD)
    assert after(ground, 9.9) == 0
    assert after(ground, 10.1) == 1
    assert ground.rows("SELECT reason FROM licence_act WHERE act = 'cancel'")[0].reason is None


def test_an_open_complaint_keeps_everything_and_an_answered_one_loses_its_words(ground: Ground) -> None:
    number = complain(ground, rejected(ground))["complaint_number"]
    assert after(ground, 30) == 0
    answer(ground, number)
    complaint_id = ground.rows("SELECT id FROM complaint")[0].id
    assert after(ground, 10.1) == 1
    row = ground.rows("SELECT * FROM complaint")[0]
    assert (ground.privacy.open(row.text, field="requests.complaint.text"), row.answer) == ("—", None)
    assert (row.number, row.state, row.upheld) == (number, "answered", True)
    assert ground.rows("SELECT 1 FROM event_log WHERE subject = :s", s=str(complaint_id)) == []
    with pytest.raises(Exception, match="complaint_unknown"):
        status(ground, number)


def test_a_service_may_set_its_own_term(ground: Ground) -> None:
    usual, short = rejected(ground), rejected(ground, service_code="shop-licence-short")
    assert after(ground, 1.9) == 0
    assert after(ground, 2.1) == 1
    kept, gone = (ground.privacy.open(ground.row(one).name, field="requests.request.name") for one in (usual, short))
    assert (kept, gone) == (NAME, "—")


def test_the_others_are_told_once_for_each_request(ground: Ground) -> None:
    lodged = rejected(ground)
    assert after(ground, 11) == 1
    assert after(ground, 12) == 0
    [row] = ground.rows("SELECT body FROM event_log WHERE type = :t", t=FORGOTTEN.name)
    event = decode(bytes(row.body))
    assert (event.sequence, UUID(event.data["request_id"])) == (1, UUID(str(lodged["request_id"])))


def commands(ground: Ground, number: int) -> None:
    for _ in range(number):
        ground.command(lambda _: {}, OFFICER, uuid7(), {})
    with ground.database.transaction() as connection:
        connection.execute(text("UPDATE command SET applied_at = :long_ago"),
                           {"long_ago": ground.now - timedelta(days=40)})


def daily(ground: Ground) -> retention.Daily:
    return retention.Daily(ground.database, ground.privacy, of_requests.RULES, "requests", "urn:test")


def test_the_daily_run_goes_in_bounded_batches_and_rests_until_the_next_day(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    commands(ground, 5)
    run, left, waits = daily(ground), [], []
    for _ in range(5 + len(of_requests.RULES)):
        waits.append(run.step(ground.now))
        left.append(ground.counts()["command"])
    assert left[:4] == [3, 1, 0, 0]
    assert waits[-1] == retention.LOOK
    assert {row.rule: row.count for row in ground.rows("SELECT rule, count FROM retention_run")} == {
        rule.name: 5 if rule is retention.COMMANDS else 0 for rule in of_requests.RULES}
    assert [entry.details["count"] for entry in ground.audited("retention.applied")] == [2, 2, 1]
    assert {entry.actor_id for entry in ground.audited("retention.applied")} == {"system:requests"}


def test_days_on_which_nothing_ran_are_caught_up_and_another_process_goes_on(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    first = daily(ground)
    while first.step(ground.now) != retention.LOOK:
        pass
    ground.wait(days=9)
    commands(ground, 3)
    first.step(ground.now)  # a batch, and then this process is no more
    second = daily(ground)
    while second.step(ground.now) != retention.LOOK:
        pass
    assert ground.counts()["command"] == 0
    assert second.step(ground.now + timedelta(hours=1)) == retention.LOOK
