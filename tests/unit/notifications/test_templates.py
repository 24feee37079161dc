"""Templates are checked as a whole when they are loaded, and render without a way to smuggle anything in."""

import shutil

import pytest

from rules import sms
from services.notifications import templates
from services.notifications.kinds import KINDS
from services.notifications.templates import TemplateError

VALUES = {
    "tracking_number": "EG-C-7K3M-9Q2X-4",
    "visit_number": "V-GZ-2026-000123-K",
    "purpose": "تجديد ترخيص",
    "day": "الأربعاء 30 سبتمبر 2026",
    "service": "ترخيص محل تجاري",
    "link": "https://cairo.shubbak.gov.eg/ar/follow/EG-C-7K3M-9Q2X-4",
    "amount": "12,345.50 ج.م",
    "bill_number": "C-2026-0001234",
    "code": "482915",
    "minutes": "10",
    "reference": "931337410",
    "receipt_number": "C-2026-R-0001234",
    "missing": "صورة عقد الإيجار موثقة، وشهادة الحماية المدنية سارية",
    "missing_short": "صورة عقد الإيجار موثقة، وشهادة الحماية...",
    "step": "مراجعة الإدارة الهندسية",
    "serial": "EG-C-SHOP-2026-000123",
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
