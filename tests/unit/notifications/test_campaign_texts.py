"""What a campaign may say, and what it weighs."""

from __future__ import annotations

import pytest

from rules.refusal import Refusal
from services.notifications import campaign_texts as texts

URL = "https://cairo.example"
WORDING = {
    "sms": {"ar": "[[name? السيد {name}، ]]يعمل المركز غداً.", "en": "Dear {name}, we open at nine."},
    "email": {"ar": {"subject": "مواعيد", "body": ["يعمل المركز غداً.", "رقمك {number}."]},
              "en": {"subject": "Hours for {name}", "body": ["We open at nine."]}}}  # fmt: skip


def codes(wording, known=("name", "number")) -> set[tuple[str, str | None]]:
    return {(fault.code, fault.field) for fault in texts.check(wording, known)}


def test_every_fault_of_every_text_is_named_with_its_field() -> None:
    assert codes(WORDING) == set()
    assert codes(WORDING, ("name",)) == {("wording_placeholder_unknown", "wording/email/ar/body/1")}
    broken = {"sms": {"ar": "<script>alert(1)</script>", "en": "{name.first} [[x"}}
    assert {"wording_markup", "wording_brace"} <= {code for code, _ in codes(broken)}
    assert {field for _, field in codes(broken)} == {"wording/sms/ar", "wording/sms/en"}


def test_before_there_is_an_audience_only_the_marks_are_looked_at() -> None:
    assert texts.check(WORDING, texts.names(WORDING)) == []
    assert texts.used(WORDING, "sms", "en") == {"name"}
    assert texts.used(WORDING, "email", "ar") == {"number"}


def test_a_recipient_without_a_value_gets_the_conditional_text_or_is_refused() -> None:
    assert texts.render(WORDING, "sms", "ar", {}, URL) == {"text": "يعمل المركز غداً."}
    assert texts.render(WORDING, "sms", "ar", {"name": "منى"}, URL) == {"text": "السيد منى، يعمل المركز غداً."}
    with pytest.raises(Refusal, match="wording_value_missing"):
        texts.render(WORDING, "sms", "en", {}, URL)


def test_a_value_is_never_read_for_marks_or_markup() -> None:
    content = texts.render(WORDING, "email", "ar", {"number": "{name} <b>\r\nBcc: x"}, URL, f"{URL}/ar/messages/key")
    assert "&lt;b&gt;" in content["html"] and "<b>" not in content["html"]
    assert "{name}" in content["plain"]
    assert f"{URL}/ar/messages/key" in content["plain"]
    assert 'dir="rtl"' in content["html"]
    subject = texts.render(WORDING, "email", "en", {"name": "a\r\nBcc: b@example.org"}, URL)["subject"]
    assert "\n" not in subject and "\r" not in subject


def test_a_text_weighs_what_the_network_charges() -> None:
    assert texts.weigh("sms", {"text": "م" * 71}) == texts.Weight(71, 2)
    assert texts.weigh("sms", {"text": "m" * 160}) == texts.Weight(160, 1)
    assert texts.weigh("email", {"subject": "s", "plain": "p" * 9, "html": ""}) == texts.Weight(9, 1)


def test_tone_is_remarked_on_and_holds_up_nothing() -> None:
    loud = {"sms": {"ar": "سارع!! http://bad.example/x", "en": "HURRY UP and {name}"}}
    found = {(note.code, note.field) for note in texts.notes(loud, URL)}
    assert {("note_exclamations", "wording/sms/ar"), ("note_foreign_link", "wording/sms/ar"),
            ("note_shouting", "wording/sms/en")} <= found
    assert texts.notes(WORDING, URL) == []
