"""Typing errors corrected with a trace, and requests withdrawn, over a real database."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chassis.actors import PUBLIC, Actor
from chassis.answers import load
from contracts import requests_intake as language
from contracts.requests_finding import FindRequests
from rules.refusal import Refusal
from services.requests import corrections, finding, inquiry, licences, life, paid
from tests.support.requests_ground import CLERK, HEAD, LAST4, NAME, OFFICER, Ground, shop, staff
from tests.support.shop_ground import *  # noqa: F403  (fixtures)

SHOP_NAME = "بقالة الهدى"


def correct(ground: Ground, lodged: dict[str, Any], actor: Actor = CLERK, **body: Any) -> dict[str, Any]:
    given = {"tracking_number": lodged["tracking_number"], "reason": "خطأ في الكتابة", **body}
    loaded = load(language.Correct(), given)
    answer: dict[str, Any] = ground.attempt(lambda work: corrections.correct(work, loaded), actor)
    return answer


def seen(ground: Ground, lodged: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = ground.attempt(
        lambda work: corrections.show(work, {"tracking_number": lodged["tracking_number"]}), CLERK)
    return found


def refused(run: Callable[[], Any]) -> set[tuple[str, str | None]]:
    with pytest.raises(Refusal) as refusal:
        run()
    return {(fault.code, fault.field) for fault in refusal.value.faults}


def withdraw(ground: Ground, lodged: dict[str, Any], last4: str = LAST4) -> dict[str, Any]:
    body = load(language.Withdraw(), {"tracking_number": lodged["tracking_number"], "phone_last4": last4})
    answer: dict[str, Any] = ground.attempt(lambda work: inquiry.withdraw(work, body), PUBLIC)
    return answer


# -- corrections -------------------------------------------------------------------------------------------------------


def test_a_corrected_name_and_answer_are_kept_with_what_they_were_and_why(ground: Ground) -> None:
    lodged = ground.submit()
    before = ground.row(lodged)
    done = correct(ground, lodged, applicant={"name": "محمود عبدالله حسين"}, answers={"shop_name": SHOP_NAME})
    assert done["fields"] == ["answers/shop_name", "applicant/name"]
    after, found = ground.row(lodged), seen(ground, lodged)
    assert found["applicant"]["name"] == "محمود عبدالله حسين" and found["answers"]["shop_name"] == SHOP_NAME
    assert (after.version, after.state, after.corrected) == (before.version, before.state, 1)
    assert [(one["field"], one["before"], one["after"], one["reason"]) for one in found["corrections"]] == [
        ("answers/shop_name", "بقالة النور", SHOP_NAME, "خطأ في الكتابة"),
        ("applicant/name", NAME, "محمود عبدالله حسين", "خطأ في الكتابة")]
    assert ground.audited("request.correct")[0].actor_id == CLERK.id


def test_a_request_is_found_by_its_corrected_name_and_no_longer_by_the_wrong_one(ground: Ground) -> None:
    lodged = ground.submit()
    correct(ground, lodged, applicant={"name": "محمود عبد الله حسين"}, answers={"address": "7 شارع سليم"})

    def found(**by: str) -> list[str]:
        body = load(FindRequests(), by)
        answer = ground.attempt(lambda work: finding.find(work, body), CLERK)
        return [one["tracking_number"] for one in answer["requests"]]

    assert found(name="حسين") == [lodged["tracking_number"]] and found(name="حسن") == []
    assert found(address="سليم") == [lodged["tracking_number"]] and found(address="النزهة") == []


def test_what_was_corrected_stands_nowhere_in_the_clear(ground: Ground) -> None:
    lodged = ground.submit()
    correct(ground, lodged, applicant={"name": "محمود عبدالله حسين", "phone": "01112345679"})
    dump = "".join(str(row.line) for table in ("request", "correction", "audit", "event_log")
                   for row in ground.rows(f"SELECT to_jsonb(one)::text AS line FROM {table} AS one"))
    dump += ground.raw_events()
    for secret in (NAME, "حسين", "01112345679", "+201112345679", "خطأ في الكتابة"):
        assert secret not in dump, secret


def test_a_corrected_phone_opens_the_inquiry_and_the_wrong_one_no_longer(ground: Ground) -> None:
    lodged = ground.submit()
    correct(ground, lodged, applicant={"phone": "01112349999"})
    assert ground.status(lodged["tracking_number"], "9999")["state"] == "awaiting_inspection_fee"
    assert refused(lambda: ground.status(lodged["tracking_number"])) == {("tracking_unknown", None)}
    [event] = [one for row in ground.rows("SELECT DISTINCT subject FROM event_log")
               for one in ground.events(row.subject) if one.type == "requests.request.corrected.v1"]
    assert (event.sequence, event.data["corrected"]) == (1, ["applicant/phone"])
    assert "+201112349999" in ground.privacy.open(event.data["contact"], ring="contact", field="requests.contact")


def test_the_licence_bears_the_corrected_name(ground: Ground) -> None:
    lodged = ground.decided()
    correct(ground, lodged, applicant={"name": "محمود عبدالله حسين"})
    ground.do(HEAD, "approve")
    ground.pay(lodged, "final")
    [event] = [one for one in ground.events(lodged["request_id"]) if one.data["licence_serial"]]
    assert licences.verification(ground.unit_of_work(), event.data["licence_serial"])["holder"] == "محمود عبدالله حسين"


@pytest.mark.parametrize(("body", "fault"), [
    ({"applicant": {"phone": "12"}}, ("phone_invalid", "applicant/phone")),
    ({"applicant": {"national_id": "99"}}, ("national_id_length", "applicant/national_id")),
    ({"applicant": {"company": {"name": "شركة"}}}, ("particulars_not_asked", "applicant/company")),
    ({"answers": {"workers": -1}}, ("answer_below", "answers/workers")),
    ({"answers": {"more": "x"}}, ("field_unknown", "answers/more")),
    ({"answers": {"tenure": "owned"}}, ("document_missing", "documents/ownership_contract")),
    ({}, ("nothing_corrected", "tracking_number")),
    ({"applicant": {"name": NAME}}, ("nothing_corrected", "tracking_number")),
    ({"applicant": {"name": "محمود"}, "corrected": 3}, ("conflict", "corrected"))])
def test_what_intake_would_refuse_and_what_changes_nothing(ground: Ground, body: dict[str, Any],
                                                           fault: tuple[str, str]) -> None:
    lodged = ground.submit()
    before = ground.row(lodged)
    assert fault in refused(lambda: correct(ground, lodged, **body))
    assert ground.row(lodged) == before and not ground.rows("SELECT 1 FROM correction")


def test_an_answer_is_corrected_only_before_its_fee_is_billed(ground: Ground) -> None:
    """The inspection fee, billed at once, hangs on the area; the workers count in the licence fee, billed last."""
    lodged = ground.submit()
    assert refused(lambda: correct(ground, lodged, answers={"area_m2": "45"})) == {
        ("correction_of_billed_fee", "answers/area_m2")}
    correct(ground, lodged, answers={"workers": 4})
    found = seen(ground, lodged)
    assert (found["answers"]["workers"], found["answers"]["area_m2"]) == (4, "42.5")
    assert "workers" in found["may_correct"]["answers"] and "area_m2" not in found["may_correct"]["answers"]


def test_what_a_department_has_judged_is_no_longer_corrected_at_the_window(ground: Ground) -> None:
    lodged = ground.reviewed()
    correct(ground, lodged, answers={"shop_name": SHOP_NAME})
    ground.do(OFFICER, "accept")
    assert refused(lambda: correct(ground, lodged, answers={"shop_name": "اسم"})) == {
        ("correction_too_late", "answers/shop_name")}
    assert correct(ground, lodged, applicant={"email": "new@example.org"})["corrected"] == 2


def test_nothing_is_corrected_after_the_end(ground: Ground) -> None:
    lodged = ground.issued()
    assert refused(lambda: correct(ground, lodged, applicant={"name": "محمود"})) == {
        ("correction_too_late", "tracking_number")}


@pytest.mark.parametrize("actor", [OFFICER, HEAD, PUBLIC, staff("elsewhere", "window_clerk", unit="EG-C-02")])
def test_only_a_clerk_of_the_unit_corrects_and_who_else_tried_is_recorded(ground: Ground, actor: Actor) -> None:
    lodged = ground.submit()
    assert refused(lambda: correct(ground, lodged, actor, applicant={"name": "محمود حسين"})) == {("forbidden", None)}
    assert [row.actor_id for row in ground.audited("denied")] == [actor.id]


def test_a_step_that_read_the_request_before_it_was_corrected_runs_again(ground: Ground) -> None:
    """Otherwise the step would write back the answers it had read, and a licence the name."""
    lodged = ground.submit()
    moves: list[int] = []
    event = ground.bill_event(lodged["request_id"])

    def move(work: Any) -> None:
        paid.go_on(work, event)
        if not moves:
            correct(ground, lodged, answers={"shop_name": SHOP_NAME})
        moves.append(1)

    ground.attempt(move)
    assert len(moves) == 2
    row = ground.row(lodged)
    assert (row.state, row.answers["shop_name"]) == ("document_review", SHOP_NAME)


# -- withdrawal --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stage", ["submit", "reviewed", "sent_back", "decided"])
def test_the_applicant_withdraws_wherever_nothing_has_ended_the_request(ground: Ground, stage: str) -> None:
    lodged = getattr(ground, stage)()
    assert ground.status(lodged["tracking_number"])["may_withdraw"]
    done = withdraw(ground, lodged)
    assert (done["state_kind"], done["outcome"]) == ("end", "withdrawn")
    shown = ground.timeline(lodged)
    assert not shown["may_withdraw"]
    assert shown["entries"][-1]["action_name"] == {"ar": "سحب الطلب", "en": "Withdraw the request"}
    assert not ground.rows("SELECT 1 FROM task WHERE status IN ('open', 'held')")
    assert ground.events(lodged["request_id"])[-1].data["outcome"] == "withdrawn"


def test_who_does_not_know_the_digits_withdraws_nothing(ground: Ground) -> None:
    lodged = ground.submit()
    assert refused(lambda: withdraw(ground, lodged, "0000")) == {("tracking_unknown", None)}
    assert ground.row(lodged).outcome is None


def test_what_has_ended_is_not_withdrawn(ground: Ground) -> None:
    lodged = ground.issued()
    assert refused(lambda: withdraw(ground, lodged)) == {("withdrawal_not_offered", "action")}
    again = ground.submit()
    withdraw(ground, again)
    assert refused(lambda: withdraw(ground, again)) == {("withdrawal_not_offered", "action")}


def test_a_service_whose_workflow_has_no_such_end_knows_no_withdrawal(ground: Ground) -> None:
    plain = {**shop(), "code": "no-withdrawal"}
    states = {code: dict(state) for code, state in plain["workflow"]["states"].items()}
    states["withdrawn"]["outcome"] = "lapsed"
    plain["workflow"] = {**plain["workflow"], "states": states}
    ground.publish(plain)
    lodged = ground.submit(ground.application(service_code="no-withdrawal"))
    assert not ground.status(lodged["tracking_number"])["may_withdraw"]
    assert refused(lambda: withdraw(ground, lodged)) == {("withdrawal_not_offered", "action")}


def test_of_a_decision_and_a_withdrawal_at_once_one_stands(ground: Ground) -> None:
    lodged = ground.reviewed()
    task = ground.next(OFFICER)
    assert task is not None

    tries: list[int] = []

    def late(work: Any) -> None:
        case = life.by_id(work, ground.row(lodged).id)
        assert case is not None
        if not tries:
            withdraw(ground, lodged)
        tries.append(1)
        life.move(work, case, "accept")

    with pytest.raises(Refusal, match="action_unknown"):
        ground.attempt(late)
    assert len(tries) == 2 and ground.row(lodged).outcome == "withdrawn"
