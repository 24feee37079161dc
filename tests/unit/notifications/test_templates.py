"""Templates are checked as a whole when they are loaded, and render without a way to smuggle anything in."""

import hashlib
import json
import re
import shutil
from pathlib import Path

import pytest

from rules import sms
from rules.refusal import Refusal
from services.notifications import templates
from services.notifications.kinds import KINDS
from services.notifications.templates import TemplateError

VALUES = {
    "tracking_number": "01-26-73634017-B",
    "visit_number": "V-GZ-2026-000123-K",
    "purpose": "تجديد ترخيص",
    "day": "الأربعاء 30 سبتمبر 2026",
    "service": "ترخيص محل تجاري",
    "link": "https://cairo.shubbak.gov.eg/ar/follow/01-26-73634017-B",
    "amount": "12,345.50 ج.م",
    "bill_number": "B-C-2026-000123-J",
    "code": "482915",
    "minutes": "10",
    "reference": "931337410",
    "receipt_number": "R-C-2026-000123-A",
    "missing": "صورة عقد الإيجار موثقة، وشهادة الحماية المدنية سارية",
    "missing_short": "صورة عقد الإيجار موثقة، وشهادة الحماية...",
    "step": "مراجعة الإدارة الهندسية",
    "serial": "C-2026-000123-9",
    "document": "Lease contract of the shop or proof of its ownership",
    "reason": "الملف تالف ولا يمكن فتحه. ارفع نسخة سليمة.",
    "due_on": "28 سبتمبر 2026",
    "until": "28 سبتمبر 2026",
    "number": "D-C-2026-000123-K",
    "note": "ثبت في معاينتين أن المحل يبيع ما لا يسمح به الترخيص، ولم تُزل المخالفة.",
    "note_short": "ثبت في معاينتين أن المحل يبيع ما لا يسمح به...",
}


@pytest.mark.parametrize("code", sorted(KINDS))
@pytest.mark.parametrize("language", ["ar", "en"])
def test_every_kind_fits_three_sms_parts_in_both_languages(code, language):
    values = (
        VALUES
        if language == "ar"
        else {
            **VALUES,
            "purpose": "Completion of documents",
            "day": "Wednesday 30 September 2026",
            "service": "Shop licence",
            "amount": "EGP 12,345.50",
            "note_short": "Two inspections found that the shop sells what...",
            "missing_short": "Copy of the notarised lease, and the...",
            "step": "Engineering review",
            "due_on": "28 September 2026",
            "until": "28 September 2026",
        }
    )
    text = templates.render_sms(templates.library()[code], language, values)
    cut = sms.segments(text)
    assert "{" not in text
    assert cut.encoding == ("ucs2" if language == "ar" else "gsm7")
    assert cut.count <= (3 if language == "ar" else 2)


def test_an_email_in_arabic_reads_from_the_right_and_english_from_the_left():
    for language, direction in (("ar", 'dir="rtl"'), ("en", 'dir="ltr"')):
        mail = templates.render_email(templates.library()["payment_needed"], language, VALUES, "منى السيد")
        assert direction in mail.html
        assert "منى السيد" in mail.plain
        assert "منى السيد" in mail.html
        assert VALUES["amount"] in mail.plain
        assert VALUES["link"] in mail.html


def test_values_cannot_bring_markup_lines_or_placeholders():
    hostile = {
        **VALUES,
        "missing": "<script>alert(1)</script> {name}\r\nBcc: x@example.org",
        "service": "a\r\nSubject: b",
    }
    mail = templates.render_email(templates.library()["completion_needed"], "ar", hostile, 'م"<b>')
    assert "<script>" not in mail.html
    assert "<b>" not in mail.html
    assert "{name}" in mail.plain
    assert "\n" not in mail.subject
    assert "\r" not in mail.plain
    assert "\nBcc" not in mail.plain


def _text(**changed):
    parts = {
        "code": "approved",
        "version": "1",
        "sms": "{tracking_number}",
        "subject": "x",
        "body": "[x]",
        "button": "x",
        **changed,
    }
    wording = (
        f"{{sms: '{parts['sms']}', subject: '{parts['subject']}', body: {parts['body']}, button: '{parts['button']}'}}"
    )
    return f"code: {parts['code']}\nversion: {parts['version']}\nar: {wording}\nen: {wording}\n"


def test_a_right_file_is_taken():
    assert templates.parse("a.yaml", _text()).version == 1


@pytest.mark.parametrize(
    "changed",
    [
        {"code": "unheard_of"},
        {"version": "0"},
        {"version": "one"},
        {"sms": "{amount}"},
        {"sms": "{name}"},
        {"sms": " "},
        {"sms": "{tracking_number.__class__}"},
        {"sms": "{tracking_number!r}"},
        {"sms": "{tracking_number:>9}"},
        {"sms": "{"},
        {"sms": "{0}"},
        {"sms": "{}"},
        {"subject": "{name}"},
        {"button": "{link}"},
        {"body": "[]"},
        {"body": "text"},
    ],
)
def test_a_wrong_file_stops_the_service(changed):
    with pytest.raises(TemplateError, match=r"a\.yaml"):
        templates.parse("a.yaml", _text(**changed))


def test_a_missing_language_and_bad_yaml_stop_the_service():
    with pytest.raises(TemplateError):
        templates.parse("a.yaml", "code: approved\nversion: 1\nar: {}\n")
    with pytest.raises(TemplateError):
        templates.parse("a.yaml", "code: [")


def test_each_kind_has_exactly_one_file(tmp_path):
    folder = tmp_path / "templates"
    shutil.copytree(templates.FOLDER, folder)
    assert set(templates.library(folder)) == set(KINDS)
    (folder / "moved.yaml").rename(folder / "moved.txt")
    templates.library.cache_clear()
    with pytest.raises(TemplateError, match="moved"):
        templates.library(folder)
    (folder / "moved.txt").rename(folder / "moved.yaml")
    shutil.copy(folder / "moved.yaml", folder / "moved2.yaml")
    with pytest.raises(TemplateError, match="two files"):
        templates.library(folder)
    templates.library.cache_clear()


def test_shortening_cuts_at_a_word():
    assert templates.shorten("كلمة", 10) == "كلمة"
    assert templates.shorten("one two three four", 12) == "one two..."
    assert len(templates.shorten("x" * 50, 10)) == 10


SHIPPED = json.loads((Path(__file__).parent / "shipped_wordings.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("code", sorted(KINDS))
def test_a_shipped_version_never_says_something_else(code):
    """Messages name the version they were made of. Who changes words raises the version, and adds its line here."""
    template = templates.library()[code]
    said = json.dumps(template.as_dict(), ensure_ascii=False, sort_keys=True).encode()
    assert SHIPPED[code][str(template.version)] == hashlib.sha256(said).hexdigest()


@pytest.mark.parametrize("language", ["ar", "en"])
@pytest.mark.parametrize("code", sorted(code for code, kind in KINDS.items() if kind.optional))
def test_where_no_reason_was_given_nothing_asks_for_one(code, language):
    values = {**KINDS[code].sample[language], **dict.fromkeys(KINDS[code].optional, "")}
    template = templates.library()[code]
    mail = templates.render_email(template, language, values, "منى")
    for text in (templates.render_sms(template, language, values), mail.plain):
        assert not any(dangling in text for dangling in ("السبب", "الرد", "reason", "answer", ": .", " .", "{", "["))
    assert "<p style=\"margin:0 0 14px\"></p>" not in mail.html


def test_a_value_that_an_email_does_not_have_is_named():
    template = templates.made("approved", 1001, {language: {
        "sms": "{tracking_number}", "subject": "{service}", "body": ["[[service? {link}]]"], "button": "x"}
        for language in ("ar", "en")})
    with pytest.raises(Refusal) as refusal:
        templates.render_email(template, "ar", {"link": "https://x"}, "منى")
    assert [fault.code for fault in refusal.value.faults] == ["wording_value_missing"]


def test_a_value_in_html_is_escaped_isolated_and_counted_as_missing_when_empty():
    template = templates.made("approved", 1001, {language: {
        "sms": "x", "subject": "x", "body": ["a < b & c [[service? ({service})]][[!service? none]]"], "button": "x & y"}
        for language in ("ar", "en")})

    def paragraph(service):
        page = templates.render_email(template, "en", {"service": service, "link": "https://x/?a=1&b=2"}, "M").html
        return re.findall(r"<p style=\"margin:0 0 14px\">(.*?)</p>", page)[1], page

    shown, page = paragraph('"><img src=x onerror=alert(1)>')
    assert shown == "a &lt; b &amp; c (<bdi>&quot;&gt;&lt;img src=x onerror=alert(1)&gt;</bdi>)"
    assert 'href="https://x/?a=1&amp;b=2"' in page and "x &amp; y" in page
    assert paragraph(" ")[0] == "a &lt; b &amp; c none"


def test_a_value_cannot_turn_the_direction_of_what_follows():
    values = {**VALUES, "service": "محل\u202eexe.cod\u2066"}
    template = templates.library()["request_received"]
    mail = templates.render_email(template, "ar", values, "من\u202eى")
    for text in (templates.render_sms(template, "ar", values), mail.plain, mail.html, mail.subject):
        assert not set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069") & set(text)


@pytest.mark.parametrize("language, words", [("ar", "اختر ما يصلك"), ("en", "Choose which messages")])
def test_where_the_citizen_may_choose_the_way_there_is_shown_and_else_is_not(language, words):
    template = templates.library()["moved"]
    without = templates.render_email(template, language, VALUES, "منى")
    assert words not in without.plain + without.html
    mail = templates.render_email(template, language, VALUES, "منى", "https://x/choose?t=1&u=2")
    assert words in mail.plain and "https://x/choose?t=1&u=2" in mail.plain
    assert 'href="https://x/choose?t=1&amp;u=2"' in mail.html


def test_an_email_can_be_read_in_the_dark_and_by_a_screen_reader():
    page = templates.render_email(templates.library()["moved"], "ar", VALUES, "منى").html
    assert "prefers-color-scheme: dark" in page and 'content="light dark"' in page
    assert page.count('role="presentation"') == page.count("<table")
    assert '<html lang="ar" dir="rtl">' in page and "http://" not in page and "<script" not in page


def test_a_number_whose_groups_would_turn_round_after_arabic_is_kept_as_it_is_read_out():
    one = templates.library()["moved"]
    shown = templates.render_email(one, "ar", VALUES, "منى")
    for text in (templates.render_sms(one, "ar", VALUES), shown.subject, shown.plain):
        number = "01-26-73634017-B"
        assert text.count(number) - text.count(f"/{number}") == text.count(f"\u200e{number}") > 0
    assert "\u200e" not in shown.html.partition("</title>")[2]  # isolated there
    english = templates.render_email(one, "en", VALUES, "Mona")
    assert "\u200e" not in templates.render_sms(one, "en", VALUES) + english.subject + english.plain


def test_only_numbers_of_groups_that_begin_with_a_digit_are_marked():
    given = {"serial": "C-2026-000123-9", "amount": "12,345.50 ج.م", "reference": "931337410", "day": "28 سبتمبر 2026",
             "service": "ترخيص محل", "link": "https://shubbak.example/ar/follow/01-26-73634017-B"}
    assert templates.placed(given, "ar") == given
    assert templates.placed({"lodged": "2026-09-28"}, "ar") == {"lodged": "\u200e2026-09-28"}
