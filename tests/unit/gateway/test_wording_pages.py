"""Pages about wordings: each kind by its name, and what a citizen reads, in force and as it is being written."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.gateway.ground import Service, client_of

NAME = {"ar": "سحب الطلب", "en": "Request withdrawn"}


def looks(body: Any, *_: Any) -> dict[str, Any]:
    said = f"<b>{body['language']} {body['version']}</b>"
    return {"sms": {"text": said, "characters": 88, "parts": 2, "prices": [{"provider": "smpp", "total": 600}]},
            "email": {"subject": "subject", "plain": "first\n\nsecond"},
            "notes": [{"text": {"ar": "كلمات تُقرأ كصياح", "en": "reads as shouting"}}]}


def desk(role: str) -> tuple[Service, Any]:
    service = Service()
    service.answers["notifications.templates"] = {"templates": [
        {"code": "withdrawn", "name": NAME, "legal": True, "version": 1,
         "open": {"version": 1001, "state": "proposed", "revision": 2}}]}
    service.answers["notifications.template"] = {
        "code": "withdrawn", "name": NAME, "version": 1,
        "versions": [{"version": 1001, "state": "proposed"}, {"version": 1000, "state": "withdrawn"},
                     {"version": 1, "state": "shipped"}]}
    service.answers["notifications.preview_template"] = looks
    return service, client_of(service, service.log_in(role))


@pytest.mark.parametrize("role", ["message_editor", "centre_manager"])
def test_who_writes_and_who_reviews_finds_them_from_the_own_page(role: str) -> None:
    _, client = desk(role)
    assert 'href="/ar/staff/messages/wordings"' in client.get("/ar/staff").get_data(as_text=True)
    page = client.get("/ar/staff/messages/wordings").get_data(as_text=True)
    assert NAME["ar"] in page and "معروضة للمراجعة" in page and 'href="/ar/staff/messages/wordings/withdrawn"' in page


def test_what_is_in_force_and_what_is_being_written_are_seen_in_both_languages_with_their_length_and_price() -> None:
    service, client = desk("centre_manager")
    page = client.get("/en/staff/messages/wordings/withdrawn").get_data(as_text=True)
    asked = [one.payload for one in service.called if one.method == "notifications.preview_template"]
    assert [(one["version"], one["language"]) for one in asked] == [(1, "ar"), (1, "en"), (1001, "ar"), (1001, "en")]
    assert "&lt;b&gt;ar 1001&lt;/b&gt;" in page and "<b>" not in page
    assert all(said in page for said in ("88 characters, parts: 2", "EGP 0.60", "reads as shouting", "second"))


def test_who_may_not_read_them_is_turned_away() -> None:
    _, client = desk("cashier")
    assert client.get("/en/staff/messages/wordings").status_code == 403
