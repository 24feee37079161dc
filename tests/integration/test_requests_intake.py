"""Intake over a real database: who may lodge what, what is refused, what is kept and how."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from chassis.ids import uuid7
from contracts.problems import describe
from rules import numbering
from rules.refusal import Refusal
from services.payments import bills
from services.requests import documents, licences
from tests.support import payments_ground
from tests.support.requests_ground import (
    CLERK,
    EMAIL,
    NAME,
    NATIONAL_ID,
    PARTICULARS,
    PDF,
    PHONE,
    Ground,
    shop,
)
from tests.support.shop_ground import *  # noqa: F403  (fixtures)


def refused(ground: Ground, body: dict[str, Any], **options: Any) -> list[tuple[str, str | None]]:
    """The faults for which an application is refused; it leaves nothing behind."""
    before = ground.counts()
    with pytest.raises(Refusal) as refusal:
        ground.submit(body, **options)
    assert ground.counts() == before
    assert not ground.rows("SELECT 1 FROM document WHERE request_id IS NOT NULL")
    return [(fault.code, fault.field) for fault in refusal.value.faults]


@pytest.mark.parametrize("kind", ["citizen", "company", "attorney", "heirs"])
def test_every_kind_of_applicant_with_a_national_id_is_taken(ground: Ground, kind: str) -> None:
    lodged = ground.submit(ground.application_of(kind))
    row = ground.row(lodged)
    assert (row.applicant_kind, row.version, row.state) == (kind, 1, "awaiting_inspection_fee")
    assert ground.privacy.open(row.national_id, field="requests.request.national_id") == NATIONAL_ID
    assert row.passport is None
    assert (row.particulars is None) == (kind == "citizen")


def test_a_foreigner_is_taken_by_passport(ground: Ground) -> None:
    row = ground.row(ground.submit(ground.application_of("foreigner")))
    assert ground.privacy.open(row.passport, field="requests.request.passport") == "A1234567"
    assert json.loads(ground.privacy.open(row.particulars, field="requests.request.particulars")) == {
        "nationality": "SD"}
    assert (row.national_id, row.national_id_key) == (None, None)


@pytest.mark.parametrize(("kind", "holder"), [("citizen", NAME), ("company", "شركة النور للتجارة"),
                                              ("attorney", "سعاد علي"), ("heirs", "ورثة حسن محمود")])
def test_the_licence_is_issued_to_whom_the_applicant_acts_for(ground: Ground, kind: str, holder: str) -> None:
    lodged = ground.issued(**PARTICULARS[kind], applicant__kind=kind)
    [event] = [one for one in ground.events(lodged["request_id"]) if one.data["licence_serial"]]
    assert licences.verification(ground.unit_of_work(), event.data["licence_serial"])["holder"] == holder


def test_particulars_stand_nowhere_in_the_clear(ground: Ground) -> None:
    for kind in PARTICULARS:
        ground.submit(ground.application_of(kind))
    dump = "".join(str(row.line) for table in ("request", "audit", "command")
                   for row in ground.rows(f"SELECT to_jsonb(one)::text AS line FROM {table} AS one"))
    for secret in ("شركة النور", "331105268", "سعاد", "حسن محمود", "منى"):
        assert secret not in dump + ground.raw_events(), secret


@pytest.mark.parametrize(("kind", "field"), [("foreigner", "passport"), ("citizen", "national_id"),
                                             ("company", "national_id"), ("heirs", "national_id")])
def test_an_applicant_without_what_identifies_this_kind(ground: Ground, kind: str, field: str) -> None:
    body = ground.application_of(kind)
    body["applicant"] |= {"national_id": None, "passport": None}
    assert refused(ground, body) == [("field_required", f"applicant/{field}")]


def test_every_fault_of_person_form_and_papers_is_told_at_once(ground: Ground) -> None:
    papers = [{"code": "id_copy", "document_id": str(uuid7())},
              {"code": "passport_photo", "document_id": ground.upload()}]
    body = ground.application(papers=(), applicant__phone="12", applicant__national_id="99", applicant__email="no",
                              answers__area_m2="0", answers__workers=None, answers__shisha=True, answers__more="x",
                              documents=papers)
    assert set(refused(ground, body)) == {
        ("phone_invalid", "applicant/phone"), ("national_id_length", "applicant/national_id"),
        ("email_invalid", "applicant/email"), ("answer_below", "answers/area_m2"),
        ("field_required", "answers/workers"), ("answer_not_applicable", "answers/shisha"),
        ("field_unknown", "answers/more"), ("document_unknown", "documents/id_copy"),
        ("document_missing", "documents/lease_contract"), ("document_not_asked", "documents/passport_photo")}


@pytest.mark.parametrize(("name", "code"), [("   ", "field_required"), ("1 2 3", "field_required"),
                                            ("محمود\u202eحسن", "answer_not_text"), ("محمود\x00حسن", "answer_not_text")])
def test_a_name_that_cannot_stand_on_a_licence(ground: Ground, name: str, code: str) -> None:
    assert refused(ground, ground.application(applicant__name=name)) == [(code, "applicant/name")]


@pytest.mark.parametrize("unit", ["EG-SUZ-01", "EG-KFS-10", "EG-C-99", "", "EG-C-01\x00"])
def test_a_unit_of_elsewhere_being_fitted_out_or_of_nowhere(ground: Ground, unit: str) -> None:
    assert refused(ground, ground.application(unit=unit)) == [("unit_unknown", "unit")]


def test_a_unit_of_this_node_that_is_still_being_fitted_out(database_url: Callable[..., str]) -> None:
    class There(Ground):
        """A node whose governorate has units without a centre yet."""

    there = There(database_url("requests"))
    object.__setattr__(there.settings, "node", "EG-KFS")
    try:
        assert refused(there, there.application(unit="EG-KFS-10")) == [("unit_unknown", "unit")]
    finally:
        there.close()


def test_a_clerk_takes_files_of_the_own_unit_only(ground: Ground) -> None:
    assert ground.row(ground.submit(actor=CLERK)).taken_by == CLERK.id
    ground.fresh()
    assert refused(ground, ground.application(unit="EG-C-02"), actor=CLERK) == [("forbidden", None)]
    [denied] = ground.audited("denied")
    assert (denied.actor_id, denied.subject) == (CLERK.id, "EG-C-02")


def test_what_the_service_does_not_offer(opened: Ground) -> None:
    opened.fresh()
    opened.publish({**shop(), "code": "narrow", "channels": ["centre"], "applicants": ["company"],
                    "unit_kinds": ["diwan"]})
    body = opened.application(service_code="narrow")
    assert refused(opened, body) == [("unit_not_served", "unit"), ("channel_not_offered", "channel"),
                                     ("applicant_kind_not_allowed", "applicant/kind")]


@pytest.mark.parametrize("code", ["no-such-service", "shop-licence\x00", "", "ترخيص", "a" * 500])
def test_an_unknown_service(ground: Ground, code: str) -> None:
    assert refused(ground, ground.application(service_code=code)) == [("service_unknown", "service_code")]


def test_a_definition_counts_from_the_cairo_day_it_takes_effect(ground: Ground) -> None:
    ground.publish({**shop(), "code": "coming"}, effective_from="2026-03-10")
    ground.now = ground.now.replace(day=9, hour=21, minute=59)  # 23:59 in Cairo
    assert refused(ground, ground.application(service_code="coming")) == [("service_unknown", "service_code")]
    ground.wait(minutes=1)
    assert ground.submit(ground.application(service_code="coming"))["state"] == "awaiting_inspection_fee"


def test_a_request_lives_under_the_version_it_was_lodged_under(ground: Ground) -> None:
    first = {**shop(), "code": "changing"}
    ground.publish(first)
    lodged = ground.submit(ground.application(service_code="changing"))
    later = {**shop(), "code": "changing", "name": {"ar": "اسم آخر", "en": "Another name"}, "fees": []}
    later["workflow"] = {"initial": "over", "inputs": [], "states": {
        "over": {"kind": "end", "name": {"ar": "انتهى", "en": "Over"}, "outcome": "approved"}}}
    ground.publish(later, version=2)

    ground.pay(lodged)

    shown = ground.status(lodged["tracking_number"])
    assert (shown["service_version"], shown["state"]) == (1, "document_review")
    assert shown["service_name"] == first["name"]
    assert {event.data["service_version"] for event in ground.events(lodged["request_id"])} == {1}


def test_a_version_that_arrives_again_changes_nothing(ground: Ground) -> None:
    """A replay of the guide comes under new event ids; what a version says was settled by its first arrival."""
    ground.publish({**shop(), "code": "replayed"})
    ground.publish({**shop(), "code": "replayed", "name": {"ar": "محرّف", "en": "Altered"}})
    [kept] = ground.rows("SELECT body FROM definition WHERE code = 'replayed'")
    assert kept.body["name"] == shop()["name"]


def test_one_document_serves_one_request(ground: Ground) -> None:
    body = ground.application()
    ground.submit(body)
    before = ground.counts()
    with pytest.raises(Refusal) as refusal:
        ground.submit(body)
    assert [fault.code for fault in refusal.value.faults] == ["document_unknown", "document_unknown"]
    assert ground.counts() == before


def test_one_document_does_not_serve_as_two(ground: Ground) -> None:
    one = ground.upload()
    body = ground.application(papers=(), documents=[{"code": "id_copy", "document_id": one},
                                                    {"code": "lease_contract", "document_id": one}])
    assert refused(ground, body) == [("document_unknown", "documents/lease_contract")]


def test_of_two_requests_that_race_for_a_document_one_wins(ground: Ground) -> None:
    for _ in range(5):
        body, gate, ended = ground.application(), threading.Barrier(2), []

        def lodge(body: dict[str, Any] = body, gate: threading.Barrier = gate, ended: list[str] = ended) -> None:
            gate.wait()
            try:
                ground.submit(body)
                ended.append("lodged")
            except Refusal as refusal:
                ended.append(refusal.code)

        threads = [threading.Thread(target=lodge) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(ended) == ["document_unknown", "lodged"]
    assert ground.counts()["request"] == 5


def test_a_document_of_a_kind_or_size_that_the_service_does_not_take(ground: Ground) -> None:
    strict = shop() | {"code": "strict"}
    strict["documents"] = [{**document, "accepts": ["image/png"], "max_bytes": 500_000}
                           for document in strict["documents"]]
    ground.publish(strict)
    big = ground.upload(b"\x89PNG\r\n\x1a\n" + bytes(600_000))
    body = ground.application(papers=("id_copy",), service_code="strict")
    body["documents"].append({"code": "lease_contract", "document_id": big})
    with pytest.raises(Refusal) as refusal:
        ground.submit(body)
    kind, size = refusal.value.faults
    assert (kind.code, kind.field) == ("document_type_not_taken", "documents/id_copy")
    assert "بصيغة PNG فقط" in describe(kind, "ar") and "as PNG only" in describe(kind, "en")
    assert (size.code, size.params) == ("document_too_large", {"limit": "0.476837"})


@pytest.mark.parametrize(("content", "code"), [(b"MZ\x90\x00", "document_type_refused"), (b"", "document_type_refused"),
                                               (b"%PDF-" + bytes(5 * 1024 * 1024), "document_too_large")])
def test_a_file_is_judged_by_its_content(ground: Ground, content: bytes, code: str) -> None:
    with pytest.raises(Refusal, match=code):
        ground.upload(content)
    assert not ground.rows("SELECT 1 FROM document")


def test_fifty_at_once_get_fifty_numbers(ground: Ground) -> None:
    bodies = [ground.application() for _ in range(50)]
    with ThreadPoolExecutor(12) as pool:
        numbers = [lodged["tracking_number"] for lodged in pool.map(ground.submit, bodies)]
    assert len(set(numbers)) == 50
    serials = [numbering.tracking_sequence(number, ground.settings.lookup_key) for number in numbers]
    assert len(set(serials)) == 50
    assert all(number.startswith("01-26-") for number in numbers)


def test_a_number_carries_the_cairo_year(ground: Ground) -> None:
    ground.now = ground.now.replace(year=2026, month=12, day=31, hour=22, minute=30)  # half past midnight in Cairo
    assert ground.submit()["tracking_number"].startswith("01-27-")


def test_nothing_personal_is_kept_or_sent_in_the_clear(ground: Ground) -> None:
    ground.submit()
    dump = "".join(
        str(row.line) for table in ("request", "step", "task", "document", "audit", "command")
        for row in ground.rows(f"SELECT to_jsonb(one)::text AS line FROM {table} AS one")) + ground.raw_events()
    for secret in (NAME, NATIONAL_ID, PHONE, "+201012345678", EMAIL, "paper.pdf", PDF.hex()):
        assert secret not in dump, secret


def test_the_contact_in_the_event_opens_for_those_who_may_reach_the_citizen(ground: Ground) -> None:
    lodged = ground.submit()
    [event] = ground.events(lodged["request_id"])
    opened = ground.privacy.open(event.data["contact"], ring="contact", field="requests.contact")
    assert NAME in opened and "+201012345678" in opened
    assert (event.type, event.sequence) == ("requests.request.submitted.v1", 1)


def personal_shop(code: str) -> dict[str, Any]:
    definition = {**shop(), "code": code}
    definition["form"] = [{**field, "personal": True} if field["name"] in ("notes", "shisha") else field
                          for field in definition["form"]]
    definition["fees"] = [line for line in definition["fees"] if line["code"] in ("inspection", "licence")]
    return definition


def test_answers_marked_personal_are_sealed_and_stay_out_of_events(ground: Ground) -> None:
    ground.publish(personal_shop("private"))
    body = ground.application(service_code="private", answers__notes="أسكن في 7 شارع السر", answers__activity="cafe",
                              answers__shisha=True)
    row = ground.row(ground.submit(body))
    assert row.answers["shop_name"] == "بقالة النور"
    assert ground.privacy.open(row.answers["notes"], field="requests.request.answer") == '"أسكن في 7 شارع السر"'
    assert ground.privacy.open(row.answers["shisha"], field="requests.request.answer") == "true"
    assert "شارع السر" not in ground.raw_events()


def test_a_fee_input_is_never_personal_even_were_it_published(ground: Ground) -> None:
    """Publication refuses such a definition; the event does not rely on that."""
    definition = {**shop(), "code": "leaky"}
    definition["form"] = [{**field, "personal": field["name"] == "area_m2"} for field in definition["form"]]
    ground.publish(definition)
    lodged = ground.submit(ground.application(service_code="leaky"))
    [event] = ground.events(lodged["request_id"])
    assert "area_m2" not in event.data["fee_inputs"] and "42.5" not in ground.raw_events()


def test_the_fees_told_at_the_window_are_the_fees_billed(ground: Ground, database_url: Callable[..., str]) -> None:
    counter = payments_ground.Ground(database_url("payments"))
    try:
        counter.publish(fees=shop()["fees"], code="shop-licence")
        body = ground.application(answers__activity="cafe", answers__shisha=True, answers__area_m2="120",
                                  answers__workers="٧")
        lodged = ground.submit(body)
        [event] = ground.events(lodged["request_id"])
        billed = {}
        for sequence, stage in enumerate(("inspection", "final"), 1):
            event = counter.request_event(lodged["request_id"], sequence, stage=stage, **event.data["fee_inputs"])
            event.data["service_code"] = "shop-licence"
            counter.follow(event)
            [bill] = [one for one in counter.bills(lodged["request_id"]) if one["stage"] == stage]
            billed[stage] = [(line["code"], line["amount"]) for line in bill["lines"]]
        told = {stage: [(fee["code"], fee["amount"]) for fee in lodged["fees"] if fee["stage"] == stage]
                for stage in billed}
        assert told == billed
        assert dict(billed["final"])["workers"] == 7_000
        assert bills.show(counter.unit_of_work(), {"request_id": lodged["request_id"]})["bills"]
    finally:
        counter.close()


def test_a_fee_that_cannot_be_computed_is_told_before_anything_is_taken(ground: Ground) -> None:
    definition = {**shop(), "code": "uncertain"}
    definition["form"] = [{**field, "required": field["name"] != "workers" and field["required"]}
                          for field in definition["form"]]
    ground.publish(definition)
    body = ground.application(service_code="uncertain", answers__workers=None)
    assert refused(ground, body) == [("fee_input_missing", "answers/workers")]


def test_documents_that_nobody_took_are_removed_after_a_while_and_taken_ones_stay(ground: Ground) -> None:
    old, lodged = ground.upload(), ground.submit()
    ground.wait(hours=23)
    young = ground.upload()
    ground.wait(hours=2)
    ground.attempt(lambda work: documents.purge(work, work.now - timedelta(days=1)))
    left = {str(row.id) for row in ground.rows("SELECT id FROM document")}
    assert old not in left and young in left
    assert len(ground.rows("SELECT 1 FROM document WHERE request_id = :r", r=lodged["request_id"])) == 2
    body = ground.application(papers=("lease_contract",))
    body["documents"].append({"code": "id_copy", "document_id": old})
    with pytest.raises(Refusal, match="document_unknown"):
        ground.submit(body)
