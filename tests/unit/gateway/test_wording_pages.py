"""Pages about wordings: each kind by its name, and what a citizen reads, in force and as it is being written."""

from __future__ import annotations

import re
from typing import Any

import pytest

from rules.refusal import Fault, Refusal, refuse
from tests.unit.gateway.ground import Service, client_of

NAME = {"ar": "سحب الطلب", "en": "Request withdrawn"}


WORDING = {language: {"sms": f"sms {language}", "subject": f"subject {language}", "body": ["one", "two"],
                      "button": "go"} for language in ("ar", "en")}


def version(number: int, state: str, **more: Any) -> dict[str, Any]:
    """A version as it is told, written by two."""
    return {"version": number, "state": state, "revision": 2, "changed_at": "2026-11-21T10:00:00+00:00",
            "authors": ["a1", "a2"], "proposed_by": "a1", "decided_by": None, "remark": None,
            "differences": [{"field": "ar/body/1", "before": "قبل", "after": "بعد"}], **more}


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
        "code": "withdrawn", "name": NAME, "version": 1, "channels": ["sms", "email"], "wording": WORDING,
        "placeholders": [{"name": "link", "meaning": {"ar": "رابط", "en": "the link"}, "optional": True,
                          "email_only": False}],
        "versions": [version(1001, "proposed"), version(1000, "withdrawn"), version(1, "shipped")]}
    service.answers["notifications.preview_template"] = looks
    return service, client_of(service, service.log_in(role))


@pytest.mark.parametrize("role", ["message_editor", "centre_manager"])
def test_who_writes_and_who_reviews_finds_them_from_the_own_page(role: str) -> None:
    _, client = desk(role)
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


def form_of(page: str, action: str) -> dict[str, str]:
    form = next(one for one in re.findall(r"<form.*?</form>", page, re.S) if action in one)
    return dict(re.findall(r'name="(csrf|once|version|revision)" value="([^"]+)"', form))


def with_open(service: Service, state: str, **more: Any) -> None:
    found = service.answers["notifications.template"]
    found["versions"] = [version(1001, state, **more), version(1, "shipped")]


WRITING = "/en/staff/messages/wordings/withdrawn/writing"
TYPED = {f"wording/{language}/{name}": text for language in ("ar", "en") for name, text in (
    ("sms", " said "), ("subject", "about"), ("body", "one\r\n\r\ntwo\r\nlines\r\n\r\n\r\n"), ("button", "go"))}
SENT = {language: {"sms": "said", "subject": "about", "body": ["one", "two\nlines"], "button": "go"}
        for language in ("ar", "en")}


def test_a_draft_begins_from_what_is_in_force_and_is_kept_once() -> None:
    service, client = desk("message_editor")
    with_open(service, "withdrawn")
    service.answers["notifications.write_template"] = {"code": "withdrawn", "version": 1001, "revision": 1}
    page = client.get(WRITING).text
    assert "sms ar" in page and "one\n\ntwo" in page and "{link}" in page and 'name="version"' not in page
    form = form_of(page, "once")
    for _ in range(2):
        answer = client.post(WRITING, data={**form, **TYPED})
        assert answer.status_code == 303
    sent = [one for one in service.called if one.method == "notifications.write_template"]
    assert sent[0].payload == {"code": "withdrawn", "version": None, "revision": None, "wording": SENT}
    assert len({one.command_id for one in sent}) == 1


def test_what_was_returned_is_written_on_with_the_revision_that_was_read() -> None:
    service, client = desk("message_editor")
    with_open(service, "returned", remark="اختصر")
    service.answers["notifications.template_version"] = {"wording": {**WORDING, "ar": {"sms": "the draft"}}}
    service.answers["notifications.write_template"] = refuse("template_changed")
    page = client.get(WRITING).text
    assert "the draft" in page and "اختصر" in page
    page = client.post(WRITING, data={**form_of(page, "once"), **TYPED})
    assert service.called[-1].payload["revision"] == 2 and service.called[-1].payload["version"] == 1001
    assert page.status_code == 422 and "changed since you read it" in page.text and "two\nlines" in page.text


def test_looking_keeps_nothing_and_shows_both_languages() -> None:
    service, client = desk("message_editor")
    with_open(service, "withdrawn")
    service.answers["notifications.preview_template"] = lambda body: looks({**body, "version": "typed"})
    form = form_of(client.get(WRITING).text, "once")
    page = client.post(WRITING, data={**form, **TYPED, "look": "1"})
    assert page.status_code == 200 and "ar typed" in page.text and "en typed" in page.text
    assert "88 characters, parts: 2" in page.text and "two\nlines" in page.text
    assert not [one for one in service.called if one.command_id]


def test_a_fault_of_a_paragraph_is_said_at_the_text_that_holds_it() -> None:
    service, client = desk("message_editor")
    with_open(service, "withdrawn")
    service.answers["notifications.write_template"] = Refusal([
        Fault("wording_empty", "wording/ar/sms"), Fault("wording_brace", "wording/en/body/1", {"near": "{x"})])
    page = client.post(WRITING, data={**form_of(client.get(WRITING).text, "once"), **TYPED})
    assert page.status_code == 422
    assert 'href="#wording-ar-sms"' in page.text and 'href="#wording-en-body"' in page.text


@pytest.mark.parametrize(("role", "state", "who", "offered"), [
    ("message_editor", "draft", "a9", {"propose", "withdraw"}), ("message_editor", "proposed", "a9", {"withdraw"}),
    ("message_editor", "in_force", "a9", set()), ("centre_manager", "proposed", "a9", {"approve", "return"}),
    ("centre_manager", "proposed", "account:centre_manager", set()), ("centre_manager", "in_force", "a9", {"withdraw"}),
    ("centre_manager", "draft", "a9", set())])
def test_each_is_offered_what_they_may_do_and_no_writer_reviews(
        role: str, state: str, who: str, offered: set[str]) -> None:  # fmt: skip
    service, client = desk(role)
    with_open(service, state, authors=[who])
    page = client.get("/en/staff/messages/wordings/withdrawn").text
    assert set(re.findall(r'/versions/1001/(\w+)"', page)) == offered
    assert ("somebody else puts it in force" in page) is (who == "account:centre_manager")


def test_a_return_wants_a_remark_and_each_act_names_what_was_read() -> None:
    service, client = desk("centre_manager")
    path = "/en/staff/messages/wordings/withdrawn"
    service.answers["notifications.return_template"] = service.answers["notifications.put_template_in_force"] = {}
    form = form_of(client.get(path).text, "/return")
    page = client.post(f"{path}/versions/1001/return", data={**form, "remark": " "})
    assert page.status_code == 422 and 'href="#remark"' in page.text
    assert client.post(f"{path}/versions/1001/return", data={**form, "remark": "اختصر"}).status_code == 303
    assert service.called[-1].payload == {"code": "withdrawn", "version": 1001, "revision": 2, "remark": "اختصر"}
    answer = client.post(f"{path}/versions/1001/approve", data=form_of(client.get(path).text, "/approve"))
    assert answer.headers["Location"] == f"{path}?done=approve"
    assert service.called[-1].method == "notifications.put_template_in_force"


def test_an_act_that_was_refused_is_said_on_the_page() -> None:
    service, client = desk("centre_manager")
    service.answers["notifications.put_template_in_force"] = refuse("template_own", "version")
    path = "/en/staff/messages/wordings/withdrawn"
    page = client.post(f"{path}/versions/1001/approve", data=form_of(client.get(path).text, "/approve"))
    assert page.status_code == 422 and "Ask another person" in page.text


def test_who_reviews_does_not_write() -> None:
    _, client = desk("centre_manager")
    assert client.get(WRITING).status_code == 403
