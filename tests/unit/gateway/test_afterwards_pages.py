"""The public pages of what comes after: a licence that is not in force says so; a rating by link, without log-in."""

from __future__ import annotations

import re
from typing import Any

import pytest

from rules.refusal import refuse
from tests.unit.gateway.followed import opened, timeline
from tests.unit.gateway.ground import NUMBER, Service, client_of, hidden

TOKEN = "a" * 24
NAMES = {"service_name": {"ar": "ترخيص محل", "en": "Shop licence"}, "unit_name": {"ar": "الزيتون", "en": "El Zeitoun"}}
ASKED = {**NAMES, "outcome": "approved", "rated": False, "stars": None}


def licence(**changes: Any) -> dict[str, Any]:
    return {
        "serial": "C-2026-000001-T", "status": "valid", "holder": "محمود عبد الله", "service_code": "shop-licence",
        **NAMES, "output_name": NAMES["service_name"], "unit": "EG-C-01", "governorate_name": NAMES["unit_name"],
        "valid_from": "2026-03-01", "valid_until": "2031-02-28", "issued_on": "2026-03-01", "qr": "SHB1.x.y",
        "key_id": "k1", "fields": [], "since": None, "supersedes": None, "successor": None, "edition": 1, **changes,
    }  # fmt: skip


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.mark.parametrize(("status", "said"), [
    ("suspended", "موقوفة"), ("cancelled", "أُلغيت"), ("replaced", "حلت محلها"), ("transferred", "نُقلت"),
    ("expired", "انتهت مدتها")])
def test_whoever_checks_a_licence_sees_that_it_is_not_in_force(service: Service, status: str, said: str) -> None:
    service.answers["requests.licence"] = licence(status=status, since="2026-05-01")
    page = client_of(service).get("/ar/verify/C-2026-000001-T").get_data(as_text=True)
    assert said in page and 'class="state rejected"' in page and "رخصة صحيحة وسارية" not in page


def test_the_licence_in_its_place_and_the_edition_that_counts_are_shown(service: Service) -> None:
    service.answers["requests.licence"] = licence(status="replaced", successor="C-2026-000002-S", edition=2)
    page = client_of(service).get("/en/verify/C-2026-000001-T").get_data(as_text=True)
    assert "/en/verify/C-2026-000002-S" in page and "Former prints are void" in page


def post(service: Service, **form: str) -> Any:
    client = client_of(service)
    page = client.get(f"/ar/rate/{TOKEN}").get_data(as_text=True)
    found = re.search(r'name="csrf" value="([^"]+)"', page)
    assert found is not None
    return client.post(f"/ar/rate/{TOKEN}", data={"csrf": found[1], **form})


@pytest.mark.parametrize("lang", ["ar", "en"])
def test_the_link_asks_for_stars_and_names_neither_applicant_nor_number(service: Service, lang: str) -> None:
    service.answers["requests.rating"] = ASKED
    page = client_of(service).get(f"/{lang}/rate/{TOKEN}").get_data(as_text=True)
    assert page.count('type="radio"') == 5 and NAMES["service_name"][lang] in page


def test_a_rating_is_sent_once_and_thanked_for(service: Service) -> None:
    service.answers["requests.rating"] = ASKED
    service.answers["requests.rate"] = lambda payload: service.answers.update(
        {"requests.rating": {**ASKED, "rated": True, "stars": payload["stars"]}}) or {"stars": payload["stars"]}
    answer = post(service, stars="4", comment="خدمة سريعة")
    assert answer.status_code == 200 and "★★★★☆" in answer.get_data(as_text=True)
    [sent] = [one for one in service.called if one.method == "requests.rate"]
    assert sent.payload == {"token": TOKEN, "stars": 4, "comment": "خدمة سريعة"} and sent.actor.kind == "public"


@pytest.mark.parametrize("stars", ["", "0", "6", "x"])
def test_without_stars_nothing_is_sent(service: Service, stars: str) -> None:
    service.answers["requests.rating"] = ASKED
    assert post(service, stars=stars, comment="كلام").status_code == 422
    assert not [one for one in service.called if one.method == "requests.rate"]


def test_a_link_that_nobody_was_given(service: Service) -> None:
    service.answers["requests.rating"] = refuse("rating_unknown", "token")
    assert client_of(service).get(f"/ar/rate/{TOKEN}").status_code == 404


def test_a_complaint_is_asked_about_with_the_digits_and_guessing_ends(service: Service) -> None:
    service.answers["requests.complaint"] = refuse("complaint_unknown")
    client, headers = client_of(service), {"X-Phone-Last4": "5678"}
    seen = [client.get("/api/v1/complaints/K-C-2026-000001-T", headers=headers).status_code for _ in range(9)]
    assert seen == [404] * 8 + [429]
    assert client.get("/api/v1/complaints/K-C-2026-000001-T").status_code == 422


def test_a_followed_request_that_has_ended_leads_to_its_stars() -> None:
    service, client = opened(timeline(state_kind="end", outcome="approved", clock="ended"))
    service.answers |= {"requests.ask_rating": {"token": TOKEN}, "requests.rating": ASKED}
    page = client.get(f"/ar/follow/{NUMBER}").get_data(as_text=True)
    led = client.post(f"/ar/follow/{NUMBER}/rate", data={"csrf": hidden(page, "csrf")})
    assert led.location.endswith(f"/ar/rate/{TOKEN}")
    assert client.get(led.location).get_data(as_text=True).count('type="radio"') == 5


def test_while_it_goes_on_no_stars_are_offered() -> None:
    _, client = opened(timeline())
    assert f"/follow/{NUMBER}/rate" not in client.get(f"/ar/follow/{NUMBER}").get_data(as_text=True)
