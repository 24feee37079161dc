"""The public page and API of letters and of what silence meant, by number, at the door of licences."""

from __future__ import annotations

import re
from typing import Any

import pytest

from rules import numbering
from rules.refusal import refuse
from tests.unit.gateway.ground import Service, client_of

LETTER = numbering.letter_number("EG-C", 2026, 12)
DEEMED = numbering.deemed_number("EG-C", 2026, 12)
NAMES = {"service_name": {"ar": "ترخيص محل", "en": "Shop licence"}, "unit_name": {"ar": "الزيتون", "en": "El Zeitoun"},
         "governorate_name": {"ar": "القاهرة", "en": "Cairo"}}


@pytest.fixture
def service() -> Service:
    made = Service()
    made.answers["requests.letter_verification"] = {
        "number": LETTER, "status": "valid", "body": "civil-defence", "body_name": {"ar": "الحماية المدنية",
                                                                                   "en": "Civil Defence"},
        "service_code": "shop-licence", "unit": "EG-C-01", **NAMES, "issued_on": "2026-03-01", "sent_on": "2026-03-02",
        "answered_on": None}
    made.answers["requests.deemed"] = {
        "number": DEEMED, "kind": "deemed_approval", "kind_name": {"ar": "موافقة حكمية", "en": "Deemed approval"},
        "holder": "محمود عبد الله", **NAMES, "due_on": "2026-03-01", "effective_on": "2026-03-02",
        "issued_on": "2026-03-03", "under_review": False, "qr": "SHB1.x.y"}
    return made


@pytest.mark.parametrize("lang", ["ar", "en"])
def test_a_letter_is_verified_by_its_number(service: Service, lang: str) -> None:
    page = client_of(service).get(f"/{lang}/verify/{LETTER}").get_data(as_text=True)
    assert LETTER in page
    assert NAMES["unit_name"][lang] in page
    assert {"ar": "الحماية المدنية", "en": "Civil Defence"}[lang] in page


@pytest.mark.parametrize(("status", "said"), [
    ("answered", "ورد الرد عليه"), ("withdrawn", "سُحب طلبه"), ("closed", "لم يعد الرد")])
def test_what_became_of_a_letter_is_said(service: Service, status: str, said: str) -> None:
    service.answers["requests.letter_verification"]["status"] = status
    assert said in client_of(service).get(f"/ar/verify/{LETTER}").get_data(as_text=True)


def test_a_document_of_silence_is_verified_at_the_same_door(service: Service) -> None:
    page = client_of(service).get(f"/ar/verify/{DEEMED}").get_data(as_text=True)
    assert "موافقة حكمية" in page
    service.answers["requests.deemed"]["under_review"] = True
    assert "قيد المراجعة" in client_of(service).get(f"/ar/verify/{DEEMED}").get_data(as_text=True)


@pytest.mark.parametrize("number", [LETTER, LETTER.lower().replace("-", " "), f"https://node.example/verify/{LETTER}",
                                    f"https://node.example/verify/{LETTER}/"])
def test_typed_or_read_by_a_telephone_it_leads_to_the_letter(service: Service, number: str) -> None:
    client = client_of(service)
    found = re.search(r'name="csrf" value="([^"]+)"', client.get("/ar/verify").get_data(as_text=True))
    assert found is not None
    answer = client.post("/ar/verify", data={"csrf": found[1], "given": number}, follow_redirects=True)
    assert "الحماية المدنية" in answer.get_data(as_text=True)


def test_an_unknown_letter_is_said_to_be_unknown(service: Service) -> None:
    service.answers["requests.letter_verification"] = refuse("letter_number_unknown", "number")
    answer = client_of(service).get(f"/ar/verify/{LETTER}")
    assert answer.status_code == 422
    assert "لا يوجد خطاب بهذا الرقم" in answer.get_data(as_text=True)


def test_the_api_says_the_same_and_nothing_of_the_request(service: Service) -> None:
    answer: Any = client_of(service).get(f"/api/v1/letters/{LETTER}/verification").get_json()
    assert (answer["number"], answer["status"], answer["answered_on"]) == (LETTER, "valid", None)
    assert not {"tracking_number", "request_id", "holder"} & set(answer)
