"""A shop owner takes a licence home: on a telephone in Arabic, and at a desk in English."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from infra.demo.walk import Walk
from tests.journeys.conftest import Visitor
from tests.support import papers

pytestmark = pytest.mark.journey

PASSWORD = "shubbak-demo"
PDF = papers.ONE_PAGE
PHONE = "01012345678"

# What stands on the screen, in the language of the visitor.
WORDS = {
    "ar": {
        "search": "ترخيص محل",
        "service": "ترخيص محل",
        "apply": "قدّم الآن",
        "check": "تابع للمراجعة",
        "send": "أرسل الطلب",
        "follow": "تابع الطلب",
        "pay": "ادفع",
        "rail": "كود سداد فوري",
        "to_rail": "اذهب إلى صفحة السداد",
        "paid": "تم السداد",
        "reference": "الكود المرجعي للسداد",
        "back": "رجوع إلى الطلب",
        "review": "مراجعة المستندات",
        "licence": "صدرت الرخصة",
        "download": "نزّل الرخصة (PDF)",
        "verify": "التحقق من رخصة",
        "genuine": "رخصة صحيحة وسارية",
        "unit": "الزيتون",
        "find": "بحث",
        "owed": "مطلوب السداد",
        "more": "إجاباتك تستدعي أسئلة أو مستندات أخرى. أكملها ثم تابع.",
    },
    "en": {
        "search": "shop licence",
        "service": "Shop licence",
        "apply": "Apply now",
        "check": "Continue to check",
        "send": "Send the request",
        "follow": "Follow the request",
        "pay": "Pay",
        "rail": "Fawry reference code",
        "to_rail": "Go to the payment page",
        "paid": "Paid",
        "reference": "Reference for the payment",
        "back": "Back to the request",
        "review": "Review of documents",
        "licence": "The licence is issued",
        "download": "Download the licence (PDF)",
        "verify": "Verify a licence",
        "genuine": "Genuine and in force",
        "unit": "El Zeitoun",
        "find": "Search",
        "owed": "To pay",
        "more": "Your answers bring up further questions or documents. Complete them and go on.",
    },
}


def file(name: str) -> dict[str, object]:
    return {"name": name, "mimeType": "application/pdf", "buffer": PDF}


def fill_in(owner: Visitor, words: dict[str, str], *, mistakes: bool) -> None:
    """The form, as it should be or first with mistakes; which contract is asked for comes up on the way."""
    page = owner.page
    page.locator("[name='applicant/name']").fill("محمود عبد الله حسن")
    page.locator("[name='applicant/national_id']").fill("29913450101232" if mistakes else "28503150101232")
    page.locator("[name='applicant/phone']").fill("0101234" if mistakes else PHONE)
    page.locator("[name='unit']").select_option(label=words["unit"])
    page.locator("[name='answers/shop_name']").fill("بقالة النور")
    page.locator("[name='answers/activity'][value='retail']").check()
    page.locator("[name='answers/address']").fill("12 شارع سليم الأول")
    page.locator("[name='answers/area_m2']").fill("٤٥٫٥")
    page.locator("[name='answers/workers']").fill("3")
    page.locator("[name='answers/tenure'][value='leased']").check()
    page.locator("[name='documents/id_copy']").set_input_files(file("id.pdf"))
    owner.press(words["check"])
    if mistakes:
        mend(owner)
    else:
        assert page.get_by_text(words["more"]).is_visible()
    owner.see("04-apply-again")
    page.locator("[name='documents/lease_contract']").set_input_files(file("lease.pdf"))
    owner.press(words["check"])


def mend(owner: Visitor) -> None:
    """The summary names both mistakes (a thirteenth month, a short number) and leads to them; nothing else is lost."""
    page = owner.page
    summary = page.locator("#faults")
    assert summary.get_by_role("link").count() == 2, summary.inner_text()
    owner.see("03-apply-faults")
    summary.get_by_role("link").first.click()
    assert page.evaluate("document.activeElement.name || location.hash") in (
        "applicant/national_id",
        "#applicant-national_id",
    )
    assert page.get_by_text("id.pdf").is_visible()
    page.locator("[name='applicant/national_id']").fill("28503150101232")
    page.locator("[name='applicant/phone']").fill(PHONE)


def pay(owner: Visitor, words: dict[str, str], name: str) -> None:
    """From the request's page: the bill, a reference at the rail, the rail's own page, and back."""
    owner.wait_for(words["owed"])
    owner.see(f"{name}-status-to-pay")
    owner.press(words["pay"])
    owner.see(f"{name}-bill")
    bill = owner.page.url
    owner.press(words["rail"])
    if not owner.page.get_by_role("link", name=words["to_rail"]).is_visible():
        owner.go(bill.removeprefix(owner.url))
        owner.wait_for(words["to_rail"])
    owner.see(f"{name}-bill-reference")
    owner.press(words["to_rail"])
    owner.page.get_by_role("button").first.click()
    owner.go(bill.removeprefix(owner.url))
    owner.wait_for(words["paid"])
    owner.see(f"{name}-bill-paid")
    owner.press(words["back"])


def act(staff: Visitor, username: str, button: str, *, findings: bool = False) -> None:
    """Log in, take the next file, look at it, act, log out."""
    page = staff.page
    staff.go("/ar/staff")
    page.locator("[name='username']").fill(username)
    page.locator("[name='password']").fill(PASSWORD)
    staff.press("دخول")
    staff.see(f"10-{username}-home")
    for _ in range(40):
        staff.press("الملف التالي")
        if "/tasks/" in page.url:
            break
    staff.see(f"11-{username}-file")
    assert PHONE not in page.content() and "محمود" not in page.content()
    if findings:
        staff.press(button)
        assert page.locator("#faults").is_visible()
        page.locator("[name='inputs/findings']").fill("المحل مطابق للاشتراطات والمساحة كما في الطلب")
    staff.press(button)
    page.wait_for_url("**/ar/staff")
    staff.press("خروج")


@pytest.mark.parametrize(("device", "language"), [("phone", "ar"), ("desktop", "en")])
def test_a_shop_owner_takes_a_licence_home(
    visit: Callable[[str], Visitor], walk: Walk, tmp_path: Path, device: str, language: str
) -> None:
    words = WORDS[language]
    owner = visit(device)
    page = owner.page
    owner.go(f"/{language}/")
    assert page.locator("html").get_attribute("dir") == ("rtl" if language == "ar" else "ltr")
    owner.see("01-home")
    page.get_by_role("searchbox").fill(words["search"])
    owner.press(words["find"])
    page.locator("a.card", has_text=words["service"]).first.click()
    owner.see("02-service")
    page.get_by_role("link", name=words["apply"]).first.click()
    fill_in(owner, words, mistakes=device == "phone")
    assert "150.00" in page.inner_text("main") and "28503150101232" in page.inner_text("main")
    owner.see("05-check")
    owner.press(words["send"])
    page.wait_for_url("**/received")
    number = re.search(r"\d\d-\d\d-\d{8}-\w", page.inner_text("main"))
    assert number is not None
    assert page.locator("svg.qr").is_visible()
    owner.see("06-received")
    owner.press(words["follow"])
    pay(owner, words, "07")
    owner.wait_for(words["review"])

    desk = visit(device)
    act(desk, "officer", "قبول المستندات")
    act(desk, "inspector", "تسجيل نتيجة المعاينة", findings=True)
    act(desk, "head", "موافقة")

    owner.page.reload()
    pay(owner, words, "08")
    owner.wait_for(words["licence"])
    owner.see("12-licence-issued")
    link = page.get_by_role("link", name=words["download"])
    ends = time.monotonic() + 20
    while page.request.get(owner.url + (link.get_attribute("href") or "")).headers["content-type"] != "application/pdf":
        assert time.monotonic() < ends, "the licence's document was not made in 20 s"
    with page.expect_download() as download:
        link.click()
    kept = tmp_path / "licence.pdf"
    download.value.save_as(kept)
    assert kept.read_bytes().startswith(b"%PDF-") and kept.stat().st_size > 10_000
    assert PHONE[-4:] not in page.url

    stranger = visit(device)
    serial = download.value.suggested_filename.removesuffix(".pdf")
    stranger.go(f"/{language}/verify")
    stranger.page.locator("[name='given']").fill(serial.lower())
    stranger.page.locator("main button").click()
    assert stranger.page.get_by_text(words["genuine"]).is_visible()
    stranger.see("13-verified")
    text = walk.get(f"/licences/{serial}/verification")["qr"]
    for pasted, genuine in ((text, True), (text[:-8] + "AAAAAAAA", False)):
        stranger.go(f"/{language}/verify")
        stranger.page.locator("[name='given']").fill(pasted)
        stranger.page.locator("main button").click()
        assert stranger.page.get_by_text(words["genuine"]).is_visible() is genuine
        assert stranger.page.locator("#faults").is_visible() is not genuine
