"""Choosing what messages come: by a message's link, beside a followed request, by a mailbox's click, at the window."""

from __future__ import annotations

from typing import Any

import pytest

from rules.refusal import refuse
from tests.unit.gateway.ground import NUMBER, Service, client_of, csrf_of, hidden

TOKEN = "k" * 43
REQUEST_ID = "0198c1de-0000-7000-8000-000000000001"
ALWAYS = {"ar": "الإخطارات القانونية تصلك دائماً", "en": "Legal notices always come"}
SMS = {"channel": "sms", "address": "010******78", "receive": True, "language": None}
MAIL = {"channel": "email", "address": "m***@example.org", "receive": False, "language": "en"}
FOUND = {"addresses": [SMS, MAIL], "always": ALWAYS}
READ, CHOOSE, STOP = "notifications.preferences", "notifications.choose_preferences", "notifications.stop_messages"
OF_ADDRESS, SET = "notifications.address_preference", "notifications.set_preference"


@pytest.fixture
def service() -> Service:
    made = Service()
    made.answers[READ] = FOUND
    made.answers[CHOOSE] = lambda payload: {"always": ALWAYS, "addresses": [
        {**(SMS if one["channel"] == "sms" else MAIL), **one} for one in payload["choices"]]}  # fmt: skip
    made.answers[STOP] = {"stopped": True}
    return made


def said(service: Service, method: str) -> list[Any]:
    return [one.payload for one in service.called if one.method == method]


@pytest.mark.parametrize(("lang", "direction"), [("ar", "rtl"), ("en", "ltr")])
def test_the_page_shows_what_stands_and_what_always_comes(service: Service, lang: str, direction: str) -> None:
    page = client_of(service).get(f"/{lang}/messages/{TOKEN}").get_data(as_text=True)
    assert f'dir="{direction}"' in page and ALWAYS[lang] in page
    assert "010******78" in page and "m***@example.org" in page
    assert page.count('<script') == 1 and 'name="viewport"' in page
    assert page.count('checked') == 4
    assert said(service, READ) == [{"token": TOKEN}]


def choose(service: Service, path: str, **form: str) -> Any:
    client = client_of(service)
    page = client.get(path).get_data(as_text=True)
    return client.post(path, data={"csrf": hidden(page, "csrf"), "once": hidden(page, "once"), **form})


def test_a_choice_by_the_link_is_sent_and_shown_as_saved(service: Service) -> None:
    form = {"sms/receive": "false", "sms/language": "request", "email/receive": "true", "email/language": "ar"}
    answer = choose(service, f"/en/messages/{TOKEN}", **form)
    assert answer.status_code == 200 and "Your choice was saved" in answer.get_data(as_text=True)
    assert said(service, CHOOSE) == [{"token": TOKEN, "choices": [
        {"channel": "sms", "receive": False, "language": None},
        {"channel": "email", "receive": True, "language": "ar"}]}]


@pytest.mark.parametrize("form", [{}, {"sms/receive": "perhaps"}, {"sms/receive": "true", "sms/language": "fr"}])
def test_a_form_that_is_none_of_ours_changes_nothing(service: Service, form: dict[str, str]) -> None:
    assert choose(service, f"/ar/messages/{TOKEN}", **form).status_code == 422
    assert said(service, CHOOSE) == []


def test_without_the_forms_token_nothing_is_changed(service: Service) -> None:
    answer = client_of(service).post(f"/ar/messages/{TOKEN}", data={"sms/receive": "false"})
    assert answer.status_code in (400, 403, 422) and said(service, CHOOSE) == []


def test_a_link_that_is_over_says_what_to_do(service: Service) -> None:
    service.answers[READ] = refuse("preference_link_unknown")
    answer = client_of(service).get(f"/en/messages/{TOKEN}")
    assert answer.status_code == 404 and "link of a later message" in answer.get_data(as_text=True)


# -- one click (RFC 8058) --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["ar", "en"])
@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data"])
def test_a_mailbox_stops_mail_without_cookie_or_page_and_is_not_led_elsewhere(
    service: Service, lang: str, kind: str
) -> None:
    answer = client_of(service).post(f"/{lang}/messages/{TOKEN}/stop", data={"List-Unsubscribe": "One-Click"},
                                     content_type=kind)
    assert answer.status_code == 200
    assert said(service, STOP) == [{"token": TOKEN}]


def test_nobody_stops_mail_by_following_the_address(service: Service) -> None:
    followed = client_of(service).get(f"/ar/messages/{TOKEN}/stop")
    assert followed.status_code == 303 and followed.headers["Location"].endswith(f"/ar/messages/{TOKEN}")
    assert client_of(service).post(f"/ar/messages/{TOKEN}/stop", data={"x": "y"}).status_code == 422
    assert said(service, STOP) == []


# -- beside a followed request ---------------------------------------------------------------------------------------


def test_who_followed_a_request_chooses_for_its_addresses_and_nobody_else_does(service: Service) -> None:
    service.answers["requests.status"] = {"request_id": REQUEST_ID, "tracking_number": NUMBER}
    path = f"/ar/follow/{NUMBER}/messages"
    assert client_of(service).get(path).status_code == 303
    client = client_of(service)
    client.post("/ar/follow", data={"csrf": csrf_of(client), "tracking_number": NUMBER, "phone_last4": "٥٦٧٨"})
    page = client.get(path).get_data(as_text=True)
    answer = client.post(path, data={"csrf": hidden(page, "csrf"), "once": hidden(page, "once"),
                                     "sms/receive": "false", "sms/language": "en"})  # fmt: skip
    assert answer.status_code == 200
    proof = {"request_id": REQUEST_ID, "phone_last4": "5678"}
    assert said(service, READ) == [proof]
    assert said(service, CHOOSE) == [{**proof, "choices": [{"channel": "sms", "receive": False, "language": "en"}]}]


# -- the API ---------------------------------------------------------------------------------------------------------


def test_programs_choose_with_number_and_digits_or_by_the_link(service: Service) -> None:
    service.answers["requests.status"] = {"request_id": REQUEST_ID, "tracking_number": NUMBER}
    client = client_of(service)
    body = {"choices": [{"channel": "sms", "receive": False, "language": None}]}
    digits = {"X-Phone-Last4": "5678"}
    assert client.get(f"/api/v1/requests/{NUMBER}/preferences", headers=digits).json == FOUND
    key = {"Idempotency-Key": "a-key-of-the-client-1"}
    path = f"/api/v1/requests/{NUMBER}/preferences"
    assert client.post(path, json=body, headers={**digits, **key}).json["addresses"][0]["receive"] is False
    assert client.post(f"/api/v1/preferences/{TOKEN}", json=body, headers=key).status_code == 200
    assert client.get(f"/api/v1/preferences/{TOKEN}").json == FOUND
    assert client.post(f"/api/v1/preferences/{TOKEN}", json={"choices": []}, headers=key).status_code == 422
    against_itself = {"choices": [*body["choices"], {"channel": "sms", "receive": True, "language": None}]}
    refused = client.post(f"/api/v1/preferences/{TOKEN}", json=against_itself, headers=key)
    assert (refused.status_code, refused.json["errors"][0]["field"]) == (422, "choices")


def test_an_address_of_each_kind_at_once_is_refused_and_none_of_them_is_set(service: Service) -> None:
    headers = {"Authorization": f"Bearer {service.log_in('window_clerk')}", "Idempotency-Key": "a-key-of-the-client-2"}
    both = {"phone": "01012345678", "email": "a@example.org"}
    client = client_of(service)
    for path, more in (("", {"receive": False, "language": None}), ("/search", {})):
        refused = client.post(f"/api/v1/preferences{path}", json={**both, **more}, headers=headers)
        assert (refused.status_code, refused.json["errors"][0]["field"]) == (422, "email")
    assert service.called == []


# -- at the window ---------------------------------------------------------------------------------------------------


def test_a_clerk_looks_up_a_number_and_sets_what_the_citizen_wishes(service: Service) -> None:
    service.answers[OF_ADDRESS] = {**SMS, "history": [
        {"at": "2026-03-02T10:00:00+00:00", "door": "reply", "actor_id": None, "receive": False, "language": None}]}
    service.answers[SET] = {**SMS, "receive": False, "always": ALWAYS}
    client = client_of(service, service.log_in("window_clerk"))
    page = client.get("/en/staff/preferences").get_data(as_text=True)
    form = {"csrf": hidden(page, "csrf"), "once": hidden(page, "once"), "phone": "01012345678", "email": ""}
    shown = client.post("/en/staff/preferences", data=form).get_data(as_text=True)
    assert "010******78" in shown and "a text sent back" in shown
    assert said(service, SET) == []
    client.post("/en/staff/preferences", data={**form, "receive": "false", "language": "ar"})
    assert said(service, SET) == [{"phone": "01012345678", "email": None, "receive": False, "language": "ar"}]


def test_what_a_clerk_typed_wrong_is_said_beside_it(service: Service) -> None:
    service.answers[OF_ADDRESS] = refuse("phone_landline", "phone")
    client = client_of(service, service.log_in("window_clerk"))
    page = client.get("/ar/staff/preferences").get_data(as_text=True)
    answer = client.post("/ar/staff/preferences", data={
        "csrf": hidden(page, "csrf"), "once": hidden(page, "once"), "phone": "0223456789"})  # fmt: skip
    assert answer.status_code == 422 and 'href="#phone"' in answer.get_data(as_text=True)
