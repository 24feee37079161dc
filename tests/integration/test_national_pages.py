"""The national portal as people and programs find it at the centre, over a real database."""

from __future__ import annotations

import io
import re
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient

from services.gateway.web import whose
from tests.support import papers
from tests.support.centre_door import Door, browser
from tests.support.centre_ground import *  # noqa: F403  (fixtures)
from tests.support.centre_ground import NOON, Centre, opened
from tests.support.national_browsing import NUMBER, followed, known, page
from tests.support.requests_ground import EMAIL, NAME, NATIONAL_ID, PHONE
from tests.unit.gateway.ground import hidden

ADDRESS = "EG-C-01:shop-licence"


@pytest.fixture
def person(centre: Centre) -> FlaskClient:
    """A visitor of the national portal, where Cairo offers a shop licence and has given numbers."""
    centre.hear(centre.offer("EG-C"))
    centre.numbers(4)
    return browser(Door(centre).app())


def test_the_home_of_the_centre_leads_from_governorate_to_unit_to_service(person: FlaskClient) -> None:
    home = page(person, "/ar/")
    assert "البوابة القومية" in home and "/ar/governorates/EG-C" in home
    assert "/ar/governorates/EG-GZ" not in home and "الجيزة" in home  # it offers nothing yet
    units = page(person, "/ar/governorates/EG-C")
    assert "/ar/governorates/EG-C/units/EG-C-01" in units
    services = page(person, "/en/governorates/EG-C/units/EG-C-01?q=shop")
    assert f"/en/services/{ADDRESS}" in services
    about = page(person, f"/ar/services/{ADDRESS}")
    assert f"/ar/services/{ADDRESS}/apply" in about
    page(person, "/ar/governorates/EG-XX", 404)
    page(person, "/ar/governorates/EG-C/units/EG-SUZ-01", 422)
    assert "<title>" in page(person, f"/ar/services/{ADDRESS}/form")


def test_an_application_is_filled_in_sent_and_followed_at_the_centre(person: FlaskClient, centre: Centre) -> None:
    base = f"/ar/services/{ADDRESS}/apply"
    steps = {
        "kind": {"applicant/kind": "citizen"},
        "person": {"applicant/name": NAME, "applicant/national_id": NATIONAL_ID},
        "contact": {"applicant/phone": PHONE, "applicant/email": EMAIL},
        "q-shop_name": {"answers/shop_name": "بقالة النور"}, "q-activity": {"answers/activity": "retail"},
        "q-address": {"answers/address": "12 شارع النزهة"}, "q-area_m2": {"answers/area_m2": "42.5"},
        "q-workers": {"answers/workers": "3"}, "q-tenure": {"answers/tenure": "leased"},
    }  # fmt: skip
    assert "الزيتون" in page(person, f"{base}/place") or "EG-C-01" in page(person, f"{base}/place")
    for _ in range(40):
        listed = page(person, base)
        if 'href="' + base + '/check"' in listed:
            break
        left = re.findall(rf'href="{re.escape(base)}/([\w-]+)"[^<]*>[^<]*</a>\s*<strong class="tag (?!good)', listed)
        codes = left or re.findall(rf'href="{re.escape(base)}/([\w-]+)"', listed)
        for code in dict.fromkeys(codes):
            shown = page(person, f"{base}/{code}")
            data: dict[str, Any] = {"csrf": hidden(shown, "csrf"), "once": hidden(shown, "once")}
            if code.startswith("d-"):
                data[f"documents/{code[2:]}"] = (io.BytesIO(papers.ONE_PAGE), "عقد.pdf")
            for values in steps.values():
                data |= {name: value for name, value in values.items() if f'name="{name}"' in shown}
            if 'name="unit"' in shown:
                data["unit"] = "EG-C-01"
            person.post(f"{base}/{code}", data=data, content_type="multipart/form-data")
    check = page(person, f"{base}/check")
    sent = person.post(f"{base}/send", data={"csrf": hidden(check, "csrf"), "draft": hidden(check, "draft")})
    assert sent.status_code == 303, sent.get_data(as_text=True)[:3000]
    number = sent.location.split("/")[-2]
    assert number[:2] == "01"
    assert number in page(person, sent.location) and "نهائي" in page(person, f"/ar/follow/{number}")
    again = person.post(f"{base}/send", data={"csrf": hidden(check, "csrf"), "draft": hidden(check, "draft")})
    assert again.location == sent.location
    [row] = centre.rows("SELECT * FROM national_application")
    whole = centre.events(row.id)[0]
    content = opened(whole.data["sealed"], centre.box("EG-C"))
    assert content["submission"]["unit"] == "EG-C-01" and content["submission"]["applicant"]["phone"] == PHONE
    assert len(content["documents"]) == whole.data["parts"] >= 2
    assert centre.rows("SELECT 1 FROM portal_draft") == []


def test_without_numbers_the_page_of_the_unit_says_where_else_to_go(centre: Centre) -> None:
    centre.hear(centre.offer("EG-C"))
    shown = page(browser(Door(centre).app()), "/ar/governorates/EG-C/units/EG-C-01")
    assert "شباك أقرب مركز" in shown


def test_a_request_of_any_governorate_is_followed_with_its_time(centre: Centre) -> None:
    known(centre)
    client = browser(Door(centre).app())
    answered = followed(client, NUMBER)
    assert (answered.status_code, answered.location) == (303, f"/ar/follow/{NUMBER}")
    shown = page(client, answered.location)
    assert "قيد المراجعة" in shown and "لا شيء مطلوب منك الآن" in shown and "مقطوع" not in shown
    centre.wait(minutes=10)
    cut = page(client, answered.location)
    assert "مقطوع" in cut and "12:00" in cut  # Cairo's noon, when it was last heard of
    assert "The line to Cairo is cut" in page(client, answered.location.replace("/ar/", "/en/"))
    assert page(browser(Door(centre).app()), "/ar/follow")
    assert browser(Door(centre).app()).get(f"/ar/follow/{NUMBER}").status_code == 303


def test_wrong_digits_and_unknown_numbers_are_refused_alike_and_counted(centre: Centre) -> None:
    known(centre)
    client = browser(Door(centre).app())
    wrong, unknown = followed(client, NUMBER, "0000"), followed(client, NUMBER[:-1] + "0", "5678")
    assert wrong.status_code == unknown.status_code == 422
    said = {re.search(r'class="error[^>]*>([^<]+)', one.get_data(as_text=True)) is not None for one in (wrong, unknown)}
    assert len(said) == 1
    for _ in range(8):
        last = followed(client, NUMBER, "0000")
    assert last.status_code == 429 and int(last.headers["Retry-After"]) > 0
    assert followed(client, NUMBER).status_code == 429


def test_the_api_tells_the_same(centre: Centre) -> None:
    known(centre)
    client = browser(Door(centre).app())
    found = client.get(f"/api/v1/national/requests/{NUMBER}", headers={"X-Phone-Last4": "5678"}).get_json()
    assert (found["state"], found["line"], found["as_of"]) == ("review", "up", NOON.isoformat())
    assert "phone" not in str(found) and "inquiry_check" not in found
    assert client.get(f"/api/v1/national/requests/{NUMBER}").status_code == 422
    assert client.get(f"/api/v1/national/requests/{NUMBER}", headers={"X-Phone-Last4": "1111"}).status_code == 404


def test_the_api_lodges_for_any_governorate_once(person: FlaskClient, centre: Centre) -> None:
    def upload() -> str:
        answered = person.post("/api/v1/documents", data=papers.ONE_PAGE, headers={
            "Content-Type": "application/pdf", "Idempotency-Key": str(uuid4())})
        assert answered.status_code == 201, answered.get_data(as_text=True)
        return str(answered.get_json()["document_id"])

    body = {"governorate": "EG-C", "service_code": "shop-licence", "unit": "EG-C-01",
            "applicant": {"kind": "citizen", "name": NAME, "national_id": NATIONAL_ID, "phone": PHONE},
            "answers": {"shop_name": "بقالة النور", "activity": "retail", "address": "12 شارع النزهة",
                        "area_m2": "42.5", "workers": 3, "tenure": "leased"},
            "documents": [{"code": code, "document_id": upload()} for code in ("id_copy", "lease_contract")]}
    key = {"Idempotency-Key": str(uuid4())}
    lodged, again = (person.post("/api/v1/national/requests", json=body, headers=key) for _ in range(2))
    assert lodged.status_code == 201 and lodged.get_json() == again.get_json(), lodged.get_data(as_text=True)
    assert centre.rows("SELECT count(*) AS n FROM national_application")[0].n == 1
    shown = person.get("/api/v1/national/governorates").get_json()["governorates"]
    assert {one["code"]: one["takes"] for one in shown}["EG-C"] and len(shown) == 27
    offered = person.get("/api/v1/national/governorates/EG-C/services?q=محل").get_json()
    assert [one["code"] for one in offered["services"]] == ["shop-licence"]
    wrong = person.post("/api/v1/national/requests", json={**body, "unit": "EG-SUZ-01"},
                        headers={"Idempotency-Key": str(uuid4())}).get_json()
    assert {"unit_unknown", "document_unknown"} <= {one["code"] for one in wrong["errors"]}


@pytest.mark.parametrize("path", ["/ar/my", "/ar/verify", "/ar/staff/window", "/ar/visits", "/ar/complaints",
                                  "/ar/field", "/ar/queue/EG-C-01", "/api/v1/services",
                                  "/api/v1/licences/C-2026-000001-K/verification"])
def test_a_governorates_own_work_says_where_it_is_done(centre: Centre, path: str) -> None:
    answered = browser(Door(centre).app()).get(path)
    said = answered.get_data(as_text=True)
    assert answered.status_code == 404 and ("not_at_the_centre" in said)


def test_every_door_is_somebodys_work_and_names_of_blueprints_are_real(centre: Centre) -> None:
    app = Door(centre).app()
    names = {endpoint.split(".")[0] for endpoint in app.view_functions}
    assert names >= whose.OF_A_NODE
    assert set(app.view_functions) >= whose.OF_BOTH | whose.OF_THE_CENTRE | set(whose.INSTEAD)
