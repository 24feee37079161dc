"""Ordering a visit of the mobile district one question a page, following it, cancelling it."""

from __future__ import annotations

import re
from typing import Any

import pytest

from rules.refusal import Fault, Refusal, refuse
from tests.unit.gateway.followed import LODGED, NAME, opened, timeline
from tests.unit.gateway.ground import NUMBER, Service, client_of, csrf_of, hidden

VISIT = "V-C-2026-000001-R"
ORDER = "/ar/visits/order"
SHOWN: dict[str, Any] = {
    "visit_number": VISIT, "state": "planned", "purpose": "intake", "purpose_name": {"ar": "طلب", "en": "New"},
    "service_code": "road-occupancy", "service_name": NAME, "unit": "EG-C-01", "unit_name": NAME,
    "tracking_number": None, "ordered_at": LODGED, "preferred_on": None, "day": "2025-03-04", "device_id": None,
    "may_cancel": True}  # fmt: skip


def service_of_visits() -> Service:
    service = Service()
    service.answers |= {"requests.order_visit": {"visit_number": VISIT, "state": "ordered"}, "requests.visit": SHOWN}
    return service


def answer(client: Any, step: str, **given: str) -> Any:
    return client.post(f"{ORDER}/{step}", data={"csrf": csrf_of(client), **given})


def options(client: Any, step: str, name: str) -> list[str]:
    page = client.get(f"{ORDER}/{step}").get_data(as_text=True)
    [select] = re.findall(rf'<select id="{name}".*?</select>', page, re.S)
    return [one for one in re.findall(r'<option value="([^"]*)"', select) if one]


def all_answered(client: Any) -> None:
    client.get(ORDER)
    assert answer(client, "purpose", purpose="intake").location.endswith("/service")
    answer(client, "service", service_code=options(client, "service", "service_code")[0])
    answer(client, "place", unit=options(client, "place", "unit")[0], address="12 شارع سليم الأول", note="")
    assert answer(client, "day", preferred_on="").location.endswith("/person")
    assert answer(client, "person", name="محمود حسن", phone="٠١٠١٢٣٤٥٦٧٨", email="").location.endswith("/check")


def test_each_question_leads_to_the_next_and_the_check_to_the_order() -> None:
    service = service_of_visits()
    client = client_of(service)
    all_answered(client)
    page = client.get(f"{ORDER}/check").get_data(as_text=True)
    assert "12 شارع سليم الأول" in page and f"{ORDER}/place" in page
    form = {"csrf": hidden(page, "csrf"), "once": hidden(page, "once")}
    ordered = client.post(f"{ORDER}/check", data=form)
    assert ordered.status_code == 303 and ordered.location.endswith(f"/ar/visits/{VISIT}?new=1")
    [sent] = [one for one in service.called if one.method == "requests.order_visit"]
    assert sent.payload["person"] == {"name": "محمود حسن", "phone": "٠١٠١٢٣٤٥٦٧٨", "email": None}
    assert sent.payload["purpose"] == "intake" and sent.payload["preferred_on"] is None
    told = client.get(ordered.location).get_data(as_text=True)
    assert VISIT in told and "الثلاثاء 4 مارس 2025" in told
    assert service.called[-1].payload["phone_last4"] == "5678"


def test_nobody_jumps_over_an_open_question_and_what_was_answered_stays() -> None:
    client = client_of(service_of_visits())
    client.get(ORDER)
    assert client.get(f"{ORDER}/check").location.endswith("/purpose")
    assert client.get(f"{ORDER}/day").location.endswith("/purpose")
    all_answered(client)
    back = client.get(f"{ORDER}/place").get_data(as_text=True)
    assert "12 شارع سليم الأول" in back
    assert answer(client, "place", unit=options(client, "place", "unit")[0],
                  address="شارع آخر").location.endswith("/check")  # fmt: skip


def test_only_working_days_are_offered_with_the_day_of_the_week() -> None:
    client = client_of(service_of_visits())
    all_answered(client)
    page = client.get(f"{ORDER}/day").get_data(as_text=True)
    days = re.findall(r'<option value="\d{4}-\d\d-\d\d">([^<]+)<', page)
    assert len(days) == 12 and not [day for day in days if day.startswith(("الجمعة", "السبت"))]
    assert answer(client, "day", preferred_on="2020-01-01").status_code == 422


@pytest.mark.parametrize(("step", "given", "fields"), [
    ("purpose", {"purpose": "party"}, ["purpose"]), ("service", {"service_code": "none"}, ["service_code"]),
    ("place", {"unit": "", "address": "قص"}, ["unit", "address"]),
    ("person", {"name": "م", "phone": "123", "email": "x"}, ["name", "phone", "email"])])
def test_every_fault_of_a_question_is_told_at_once(step: str, given: dict[str, str], fields: list[str]) -> None:
    client = client_of(service_of_visits())
    all_answered(client)
    refused = answer(client, step, **given)
    page = refused.get_data(as_text=True)
    assert refused.status_code == 422
    for field in fields:
        assert f'href="#{field}"' in page, field


def test_what_the_order_is_refused_for_is_shown_at_its_question() -> None:
    service = service_of_visits()
    client = client_of(service)
    all_answered(client)
    service.answers["requests.order_visit"] = Refusal([Fault("phone_landline", "person/phone")])
    page = client.get(f"{ORDER}/check").get_data(as_text=True)
    refused = client.post(f"{ORDER}/check", data={"csrf": hidden(page, "csrf"), "once": hidden(page, "once")})
    text = refused.get_data(as_text=True)
    assert refused.status_code == 422 and 'id="phone-wrong-1"' in text and "محمود حسن" in text


def test_for_a_followed_request_only_what_fits_is_offered_and_neither_person_nor_number_asked() -> None:
    service, client = opened(timeline(state_kind="applicant", service_code="shop-renewal"))
    service.answers |= {"requests.order_visit": {"visit_number": VISIT, "state": "ordered"}, "requests.visit": SHOWN}
    page = client.get(f"/ar/follow/{NUMBER}/visit", follow_redirects=True).get_data(as_text=True)
    assert re.findall(r'name="purpose" value="(\w+)"', page) == ["renewal", "documents", "inspection"]
    assert answer(client, "purpose", purpose="documents").location.endswith("/place")
    answer(client, "place", address="12 شارع سليم", note="الدور الثالث")
    assert answer(client, "day", preferred_on="").location.endswith("/check")
    assert [re.findall(r"خطوة (\d) من (\d)", client.get(f"{ORDER}/{step}").get_data(as_text=True))
            for step in ("purpose", "place", "day")] == [[("1", "4")], [("2", "4")], [("3", "4")]]  # fmt: skip
    check = client.get(f"{ORDER}/check").get_data(as_text=True)
    client.post(f"{ORDER}/check", data={"csrf": hidden(check, "csrf"), "once": hidden(check, "once")})
    [sent] = [one for one in service.called if one.method == "requests.order_visit"]
    assert sent.payload == {"purpose": "documents", "address": "12 شارع سليم", "note": "الدور الثالث",
                            "preferred_on": None, "language": "ar", "tracking_number": NUMBER,
                            "phone_last4": "5678"}  # fmt: skip


def test_a_first_licence_is_not_offered_to_be_renewed_on_the_spot_and_no_forged_form_says_so() -> None:
    _, client = opened(timeline(state_kind="task", service_code="shop-licence"))
    page = client.get(f"/ar/follow/{NUMBER}/visit", follow_redirects=True).get_data(as_text=True)
    assert re.findall(r'name="purpose" value="(\w+)"', page) == ["inspection"]
    answer(client, "purpose", purpose="renewal")
    refused = answer(client, "request", tracking_number=NUMBER, phone_last4="5678")
    assert refused.status_code == 422 and 'id="tracking_number-wrong-1"' in refused.get_data(as_text=True)


def test_a_request_whose_visit_is_still_to_come_leads_to_it() -> None:
    service, client = opened(timeline(visit={"number": VISIT, "state": "planned", "on": "2025-03-04"}))
    service.answers["requests.visit"] = SHOWN
    page = client.get(f"/ar/follow/{NUMBER}").get_data(as_text=True)
    assert VISIT in page and "الثلاثاء 4 مارس 2025" in page
    led = client.get(f"/ar/follow/{NUMBER}/visit")
    assert led.location.endswith(f"/ar/visits/{VISIT}")
    assert VISIT in client.get(led.location).get_data(as_text=True)


def test_a_visit_is_opened_by_number_and_digits_and_cancelled_once() -> None:
    service = service_of_visits()
    service.answers["requests.cancel_visit"] = {"visit_number": VISIT, "state": "cancelled", "day": None}
    client = client_of(service)
    found = client.post("/ar/visits", data={"csrf": csrf_of(client), "number": VISIT, "phone_last4": "5678"})
    page = client.get(found.location).get_data(as_text=True)
    form = {"csrf": hidden(page, "csrf"), "once": hidden(page, "once")}
    for _ in range(2):
        assert client.post(found.location, data=form).status_code == 303
    sent = [one for one in service.called if one.method == "requests.cancel_visit"]
    assert len({one.command_id for one in sent}) == 1 and sent[0].payload["visit_number"] == VISIT


def test_wrong_digits_of_a_visit_are_told_and_counted() -> None:
    service = service_of_visits()
    service.answers["requests.visit"] = refuse("visit_unknown")
    client = client_of(service)
    codes = [client.post("/ar/visits", data={"csrf": csrf_of(client), "number": VISIT, "phone_last4": "1111"}
                         ).status_code for _ in range(9)]  # fmt: skip
    assert codes == [422] * 8 + [429]
    assert client.get(f"/ar/visits/{VISIT}").location.endswith(f"/ar/visits?number={VISIT}")
