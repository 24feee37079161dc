"""The life of a request over a real database: every way from intake to an end, what the applicant may see and do."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from chassis.actors import PUBLIC
from chassis.answers import load
from chassis.ids import uuid7
from contracts.requests import Submit
from rules.refusal import Refusal
from services.requests import intake
from tests.support.life_ground import *  # noqa: F403  (fixtures)
from tests.support.life_ground import refusal_of, whole
from tests.support.requests_ground import (
    HEAD,
    INSPECTOR,
    LAST4,
    NAME,
    NATIONAL_ID,
    OFFICER,
    PHONE,
    Ground,
    shop,
)


def test_from_the_window_to_the_licence(ground: Ground) -> None:
    lodged = ground.issued()
    row = ground.row(lodged)
    assert (row.state, row.outcome, row.version) == ("issued", "approved", 6)
    assert row.licence_serial and ground.events(lodged["request_id"])[-1].data["licence_serial"] == row.licence_serial
    whole(ground, lodged)
    assert [entry["action"] for entry in ground.timeline(lodged)["entries"]] == [
        None, "paid", "accept", "report", "approve", "paid"]


def test_a_file_sent_back_is_completed_and_goes_on(ground: Ground) -> None:
    lodged = ground.sent_back("صورة العقد غير واضحة")
    shown = ground.timeline(lodged)
    assert (shown["state_kind"], shown["clock"], shown["due_on"]) == ("applicant", "stopped", None)
    assert shown["entries"][-1]["note"] == "صورة العقد غير واضحة"

    note = ground.events(lodged["request_id"])[-1].data["note"]
    assert "العقد" not in ground.raw_events()  # free text may name people
    assert ground.privacy.open(note, ring="contact", field="requests.note") == "صورة العقد غير واضحة"

    paper = {"code": "lease_contract", "document_id": ground.upload()}
    ground.resubmit(lodged, documents=[paper], answers={"area_m2": "٦٠", "workers": 4})

    row = ground.row(lodged)
    assert (row.state, row.answers["area_m2"], row.answers["workers"]) == ("document_review", "60", 4)
    assert row.answers["shop_name"] == "بقالة النور"
    assert ground.events(lodged["request_id"])[-1].data["fee_inputs"]["area_m2"] == "60"
    held = ground.rows("SELECT code FROM document WHERE request_id = :r ORDER BY code", r=lodged["request_id"])
    assert [one.code for one in held] == ["id_copy", "lease_contract", "lease_contract"]
    ground.do(OFFICER, "accept")
    whole(ground, lodged)


def test_a_reason_between_departments_is_not_the_applicants_to_read(ground: Ground) -> None:
    lodged = ground.decided()
    ground.do(HEAD, "inspect_again", reason="يخص جار المحل")
    assert [entry["note"] for entry in ground.timeline(lodged)["entries"]] == [None] * 5
    assert all(event.data["note"] is None for event in ground.events(lodged["request_id"]))
    dump = str(ground.rows("SELECT * FROM step WHERE request_id = :r", r=lodged["request_id"]))
    assert "جار" not in dump


def test_corrected_answers_that_are_personal_are_sealed_again(ground: Ground) -> None:
    definition = {**shop(), "code": "private"}
    definition["form"] = [{**field, "personal": field["name"] == "notes"} for field in definition["form"]]
    ground.publish(definition)
    lodged = ground.sent_back(service_code="private", answers__notes="سر أول")
    ground.resubmit(lodged, answers={"shop_name": "بقالة الهدى"})  # an untouched one stays as it was
    first = ground.row(lodged).answers
    assert ground.privacy.open(first["notes"], field="requests.request.answer") == '"سر أول"'

    ground.do(OFFICER, "send_back", reason="مرة أخرى")
    ground.resubmit(lodged, answers={"notes": "سر ثان"})

    kept = ground.row(lodged).answers
    assert kept["shop_name"] == "بقالة الهدى"
    assert ground.privacy.open(kept["notes"], field="requests.request.answer") == '"سر ثان"'
    task = ground.next(OFFICER)
    assert task and "notes" not in [line["name"] for line in ground.file(OFFICER, task)["answers"]]
    whole(ground, lodged)


def test_a_correction_may_make_other_answers_and_papers_necessary(ground: Ground) -> None:
    lodged = ground.sent_back(answers__activity="cafe", answers__shisha=True)
    before = ground.counts()
    assert refusal_of(lambda: ground.resubmit(lodged, answers={"tenure": "owned", "area_m2": "0"})) == [
        ("answer_below", "answers/area_m2")]
    assert refusal_of(lambda: ground.resubmit(lodged, answers={"tenure": "owned"})) == [
        ("document_missing", "documents/ownership_contract")]
    assert refusal_of(lambda: ground.resubmit(lodged, documents=[
        {"code": "lease_contract", "document_id": str(uuid7())}])) == [("document_unknown", "documents/lease_contract")]
    assert ground.counts() == before

    # Whoever no longer runs a coffee shop need not take the question about shisha back by hand.
    ground.resubmit(lodged, answers={"activity": "retail"})
    assert "shisha" not in ground.row(lodged).answers


def test_only_whoever_knows_the_phone_completes_and_only_when_asked(ground: Ground) -> None:
    lodged = ground.reviewed()
    assert refusal_of(lambda: ground.resubmit(lodged)) == [("not_waiting_for_applicant", None)]
    assert refusal_of(lambda: ground.resubmit(lodged, last4="0000")) == [("tracking_unknown", None)]


def test_the_applicant_withdraws(ground: Ground) -> None:
    lodged = ground.sent_back()
    paper = {"code": "lease_contract", "document_id": ground.upload()}
    assert refusal_of(lambda: ground.resubmit(lodged, action="withdraw", documents=[paper])) == [
        ("document_not_asked", "documents/lease_contract")]
    for action in ("expired", "accept", "approve", "nonsense"):
        refused = refusal_of(lambda action=action: ground.resubmit(lodged, action=action))
        assert refused == [("action_unknown", "action")]

    ground.resubmit(lodged, action="withdraw")

    shown = ground.status(lodged["tracking_number"])
    assert (shown["state"], shown["outcome"], shown["clock"]) == ("withdrawn", "withdrawn", "ended")
    assert refusal_of(lambda: ground.resubmit(lodged)) == [("not_waiting_for_applicant", None)]
    whole(ground, lodged)


def test_rejection_needs_a_legal_reason_and_tells_it(ground: Ground) -> None:
    lodged = ground.decided()
    task = ground.next(HEAD)
    assert task is not None
    for reason in (None, "", "   "):
        given = {"reason": reason, "legal_reason": "conditions_unmet"}
        assert refusal_of(lambda given=given: ground.act(HEAD, task, "reject", **given)) == [
            ("reason_required", "reason")]
    assert refusal_of(lambda: ground.act(HEAD, task, "reject", reason="مخالف")) == [
        ("legal_reason_required", "legal_reason")]
    ground.act(HEAD, task, "reject", reason="مخالفة المادة 5 من القانون 154 لسنة 2019", legal_reason="conditions_unmet")
    shown = ground.timeline(lodged)
    assert (shown["outcome"], shown["licence_serial"]) == ("rejected", None)
    assert shown["entries"][-1]["note"] == "مخالفة المادة 5 من القانون 154 لسنة 2019"
    assert not ground.rows("SELECT 1 FROM licence")
    whole(ground, lodged)


def test_an_inspection_without_findings_is_none(ground: Ground) -> None:
    ground.reviewed()
    ground.do(OFFICER, "accept")
    task = ground.next(INSPECTOR)
    assert task is not None
    assert refusal_of(lambda: ground.act(INSPECTOR, task, "report")) == [("input_required", "inputs/findings")]
    assert refusal_of(lambda: ground.act(INSPECTOR, task, "report", inputs={"findings": "x", "more": 1})) == [
        ("field_unknown", "inputs/more")]


# -- inquiry ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("last4", ["0000", "", "05678", "٠٠٠٠", "567", "x" * 400, "5678\x00"])
def test_wrong_digits_and_unknown_numbers_are_refused_alike(ground: Ground, last4: str) -> None:
    number = ground.submit()["tracking_number"]
    wrong = refusal_of(lambda: ground.status(number, last4))
    for other in ("01-26-00000000-0", "", "nonsense", "\x00", "../..", number[:-1]):
        assert refusal_of(lambda other=other: ground.status(other, LAST4)) == wrong == [("tracking_unknown", None)]


def test_a_number_is_found_however_it_was_typed(ground: Ground) -> None:
    number = ground.submit()["tracking_number"]
    arabic = number.translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))
    for typed in (arabic, number.replace("-", ""), f" {number.lower()} ", number.replace("-", " ")):
        assert ground.status(typed, " ٥٦٧٨ ")["tracking_number"] == number


def test_what_the_inquiry_shows_names_nobody(ground: Ground) -> None:
    lodged = ground.decided()
    shown = json.dumps(ground.timeline(lodged), ensure_ascii=False)
    for hidden in (NAME, NATIONAL_ID, PHONE, "شارع النزهة", "مطابق للاشتراطات", OFFICER.id, INSPECTOR.id):
        assert hidden not in shown


# -- two at once ------------------------------------------------------------------------------------------------------


def at_once(*runs: Callable[[], Any]) -> list[Any]:
    """What each of these, let loose together, ended with: an answer or a refusal's code."""
    gate = threading.Barrier(len(runs))

    def one(run: Callable[[], Any]) -> Any:
        gate.wait()
        try:
            return run()
        except Refusal as refusal:
            return refusal.code

    with ThreadPoolExecutor(len(runs)) as pool:
        return list(pool.map(one, runs))


def test_an_application_sent_again_while_it_is_being_taken_is_one_request(ground: Ground) -> None:
    body = load(Submit(), ground.application())
    command_id = uuid7()

    def send() -> Any:
        return ground.command(lambda work: intake.submit(work, body), PUBLIC, command_id, "the same body")

    answers = at_once(*[send] * 6)
    assert len({answer["tracking_number"] for answer in answers}) == 1
    assert (ground.counts()["request"], ground.counts()["event_log"], ground.counts()["command"]) == (1, 1, 1)


def test_payment_and_expiry_at_once_or_in_any_order_mean_paid(ground: Ground) -> None:
    for _ in range(5):
        lodged = ground.submit()
        paid = ground.bill_event(lodged["request_id"])
        expired = ground.bill_event(lodged["request_id"], state="expired")
        at_once(lambda paid=paid: ground.hear(paid), lambda expired=expired: ground.hear(expired))
        assert ground.row(lodged).state == "document_review"
        whole(ground, lodged)
    assert len(ground.audited("payment.beside_the_request")) + len(ground.audited("request.revived")) == 5


def test_completing_and_withdrawing_at_once_is_one_after_the_other(ground: Ground) -> None:
    """Whoever comes first: a request that was completed is withdrawn afterwards, one that was withdrawn takes nothing
    more."""
    for _ in range(5):
        ground.fresh()  # the officer's desk holds this file only
        lodged = ground.sent_back()
        papers = [{"code": "lease_contract", "document_id": ground.upload()}]
        completed, withdrawn = at_once(
            lambda lodged=lodged, papers=papers: ground.resubmit(lodged, documents=papers),
            lambda lodged=lodged: ground.resubmit(lodged, action="withdraw"))
        assert withdrawn["state"] == ground.row(lodged).state == "withdrawn"
        held = ground.rows("SELECT 1 FROM document WHERE request_id = :r", r=lodged["request_id"])
        taken = len(held) == 3
        assert taken or (len(held), completed) == (2, "not_waiting_for_applicant")
        assert not taken or completed["state"] == "document_review"
        whole(ground, lodged)


@pytest.mark.parametrize("completed_first", [True, False])
def test_completing_and_withdrawing_in_either_order(ground: Ground, completed_first: bool) -> None:
    lodged = ground.sent_back()
    papers = [{"code": "lease_contract", "document_id": ground.upload()}]
    if completed_first:
        assert ground.resubmit(lodged, documents=papers)["state"] == "document_review"
    assert ground.resubmit(lodged, action="withdraw")["state"] == "withdrawn"
    if not completed_first:
        assert refusal_of(lambda: ground.resubmit(lodged, documents=papers)) == [("not_waiting_for_applicant", None)]
    held = ground.rows("SELECT 1 FROM document WHERE request_id = :r", r=lodged["request_id"])
    assert len(held) == (3 if completed_first else 2)
    whole(ground, lodged)
