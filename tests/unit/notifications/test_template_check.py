"""What may not be written into a message, and what had better not be."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.notifications_templates import NOTES
from services.notifications import template_check, template_review, templates
from services.notifications.kinds import KINDS
from services.notifications.template_check import Note

URL = "https://cairo.shubbak.gov.eg"
CODE = "licence_suspended"


def wording(code=CODE, /, language="ar", **changed):
    """The shipped wording with texts of one language changed."""
    given = templates.library()[code].as_dict()
    return {**given, language: {**given[language], **changed}}


def faults(given, code=CODE):
    return [(fault.code, fault.field) for fault in template_check.faults(code, given)]


def notes(given, code=CODE):
    return [(note.code, note.field) for note in template_check.notes(code, given, URL)]


@pytest.mark.parametrize("code", sorted(KINDS))
def test_what_is_shipped_has_no_fault_and_keeps_to_the_tone_that_others_are_held_to(code):
    given = templates.library()[code].as_dict()
    assert template_check.faults(code, given) == []
    loud = {"note_many_parts", "note_exclamations", "note_shouting", "note_foreign_link", "note_fold_saves",
            "note_unasked"}
    assert [note for note in notes(given, code) if note[0] in loud] == []


@pytest.mark.parametrize("text, code", [
    ("{amount}", "wording_placeholder_unknown"),
    ("{name}", "wording_placeholder_unknown"),  # only an e-mail greets by name
    ("السبب: {note}", "wording_placeholder_long"),
    ("السبب [[note? كما في الصفحة]]", "wording_placeholder_long"),
    ("{serial.x}", "wording_brace"),
    ("[[note_short? x", "wording_brackets"),
    ("[[note_short? [[serial? x]]", "wording_nested"),
    ("<script>alert(1)</script>", "wording_markup"),
    ("<b>مهم</b>", "wording_markup"),
    ("< img src=x onerror=alert(1)>", "wording_markup"),
    ("javascript:alert(1)", "wording_markup"),
    ("java\u200bscript :alert(1)", "wording_markup"),
    ("ｊａｖａｓｃｒｉｐｔ：alert(1)", "wording_markup"),
    ("＜script＞", "wording_markup"),
    ("data:text/html,x", "wording_markup"),
    ("<!-- x -->", "wording_markup"),
    ("a\u202eb", "wording_control"),
    ("a\u2066b", "wording_control"),
    ("a\x00b", "wording_control"),
    ("a\x1bb", "wording_control"),
    ("a\u2028b", "wording_control"),
    ("a\ud800b", "wording_control"),
    ("a\ufeffb", "wording_control"),
    ("  ", "wording_empty"),
    (None, "wording_empty"),
    (7, "wording_empty"),
    ("[[note_short? {note_short}]]", "wording_empty"),  # nothing would be left of it where no reason was given
    ("خبر " * 335, "wording_too_many_parts"),
    ("خبر " * 1000, "wording_too_long"),
])
def test_a_bad_text_is_named_with_its_field(text, code):
    found = faults(wording(sms=text))
    assert (code, "wording/ar/sms") in found
    assert {field for _, field in found} == {"wording/ar/sms"}


def test_a_text_of_twenty_parts_says_how_many_it_takes_and_may_take():
    [fault] = template_check.faults(CODE, wording(sms="خبر " * 332))
    assert (fault.code, fault.params) == ("wording_too_many_parts", {"parts": 20, "most": template_check.MOST_PARTS})


def test_every_fault_of_every_field_is_told_at_once():
    given = wording(sms="{a1}", subject="x" * 151, body=["ok", "{b2}", ""], button="{link}")
    given["en"] = None
    assert faults(given) == [
        ("wording_placeholder_unknown", "wording/ar/sms"), ("wording_too_long", "wording/ar/subject"),
        ("wording_placeholder_unknown", "wording/ar/body/1"), ("wording_empty", "wording/ar/body/2"),
        ("wording_placeholder_unknown", "wording/ar/button"), ("wording_language_missing", "wording/en")]


@pytest.mark.parametrize("body, fault", [
    ([], ("wording_empty", "wording/ar/body")),
    ("text", ("wording_empty", "wording/ar/body")),
    (["x"] * 21, ("wording_too_long", "wording/ar/body")),
])
def test_a_body_is_a_list_of_paragraphs(body, fault):
    assert faults(wording(body=body)) == [fault]


def test_a_message_that_never_goes_by_email_takes_no_text_for_it():
    assert faults(wording("login_code", subject="رمز"), "login_code") == [("wording_no_email", "wording/ar/subject")]


def test_joiners_and_marks_of_direction_are_taken_as_arabic_is_written_with_them():
    assert faults(wording(sms="ترخيص\u200f {serial}\u200c! {link}")) == []


@given(st.text(st.characters(exclude_characters="{}[]<", categories=("L", "N", "P", "Zs")), min_size=1, max_size=60))
def test_plain_text_in_any_script_has_no_fault_of_characters(text):
    assert not {"wording_control", "wording_brace", "wording_brackets"} & {
        fault.code for fault in template_check.faults(CODE, wording(sms="x " + text))}


@pytest.mark.parametrize("text, note", [
    ("عاجل! سارع! {serial} {link}", "note_exclamations"),
    ("عاجل!! {serial} {link}", "note_exclamations"),
    ("PLEASE PAY NOW {serial} {link}", "note_shouting"),
    ("انظر https://bit.ly/x1 {serial} {link}", "note_foreign_link"),
    ("انظر www.example.com {serial} {link}", "note_foreign_link"),
    ("السبب: {note_short} {serial} {link}", "note_unasked"),
    ("كلمة " * 26 + "{serial} {link}", "note_long_sentence"),
    ("خبر. " * 50 + "{serial} {link}", "note_many_parts"),
    ("The licence “{serial}” is suspended: {link}" + "." * 60, "note_fold_saves"),
])
def test_what_had_better_be_otherwise_is_noted_and_holds_up_nothing(text, note):
    given = wording(sms=text) if note != "note_fold_saves" else wording(CODE, "en", sms=text)
    assert faults(given) == []
    assert note in {code for code, _ in notes(given)}


@pytest.mark.parametrize("text", [
    "انظر https://cairo.shubbak.gov.eg/ar/ {serial} {link}",
    "أُوقف الترخيص {serial}.[[note_short? السبب: {note_short}.]] {link}",
    "EG-C-SHOP {serial} {link}",
    "الرسم 12,345.50 ج.م {serial} {link}",
])
def test_what_is_right_is_not_noted(text):
    assert {code for code, _ in notes(wording(sms=text))} <= {"note_one_language"}


def test_a_placeholder_that_only_one_language_has_is_noted():
    [note] = template_check.notes(CODE, wording(sms="{serial}"), URL)
    assert note.code == "note_one_language"
    assert note.params == {"names": "link, note_short"}


def test_reading_counts_sentences_and_words():
    assert template_check.reading("Pay now. Then come to the centre!\nBring a card") == {
        "sentences": 3, "words": 10, "longest": 5}
    assert template_check.reading("") == {"sentences": 0, "words": 0, "longest": 0}


def test_every_hint_has_its_text_in_both_languages_with_the_same_values():
    hints = [Note("note_many_parts", "f", {"parts": 4, "most": 3}), Note("note_fold_saves", "f", {"parts": 1}),
             Note("note_exclamations", "f"), Note("note_shouting", "f", {"near": "PAY"}),
             Note("note_foreign_link", "f", {"link": "x"}), Note("note_long_sentence", "f", {"words": 30, "most": 25}),
             Note("note_unasked", "f", {"name": "note"}), Note("note_one_language", "f", {"names": "link"})]
    assert {note.code for note in hints} == set(NOTES)
    source = Path(template_check.__file__).read_text(encoding="utf-8")
    assert set(re.findall(r"Note\(\"(\w+)\"", source)) == set(NOTES)
    for shown in template_review.noted(hints):
        assert re.search(r"[\u0621-\u064a]", shown["text"]["ar"]) and not re.search(r"[\u0600-\u06ff]",
                                                                                   shown["text"]["en"])
        for value in shown["params"].values():
            assert str(value) in shown["text"]["ar"] and str(value) in shown["text"]["en"]
