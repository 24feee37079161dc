"""Cash at the counter, a file sent back and completed, doors that stay shut."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from infra.demo.walk import PASSWORD, Walk
from tests.journeys.applicant import file, inquire
from tests.journeys.conftest import Visitor, at, reads

pytestmark = pytest.mark.journey


def log_in(staff: Visitor, username: str) -> None:
    staff.go("/ar/staff")
    staff.page.locator("[name='username']").fill(username)
    staff.page.locator("[name='password']").fill(PASSWORD)
    staff.press("دخول")
    staff.page.wait_for_url(re.compile(r"^(?!.*/staff/login)"), wait_until="domcontentloaded")


def pay_cash_over_the_api(walk: Walk, number: str) -> None:
    """The inspection's bill, paid at the counter; the request has gone on when this returns, to whichever desk."""
    bill = walk.until(lambda: walk.bill(number, "inspection"), bool)
    walk.at_the_counter()
    walk.post(f"/bills/{bill['bill_id']}/payments", {"rail": "cash", "tendered": bill["total"]}, as_="cashier",
              key=str(uuid.uuid4()))  # fmt: skip
    walk.until(lambda: walk.status(number), lambda answer: answer["state_kind"] != "payment")


def test_the_cashier_takes_cash_and_prints_a_receipt(visit: Callable[[str], Visitor], walk: Walk) -> None:
    number = walk.lodge()["tracking_number"]
    walk.at_the_counter()
    cashier = visit("desktop")
    log_in(cashier, "cashier")
    page = cashier.page
    page.locator("[name='number']").fill(number.replace("-", " ").lower())
    cashier.press("بحث")
    cashier.wait_for("150.00")
    cashier.see("20-cashier-found")  # the one bill of the number that can be paid is opened
    page.locator("[name='tendered']").fill("١٠٠")
    cashier.press("حصّل واطبع الإيصال")
    expect(page.locator("#faults")).to_be_visible()
    cashier.see("21-cashier-too-little")
    page.locator("[name='tendered']").fill("200")
    cashier.press("حصّل واطبع الإيصال")
    page.wait_for_url("**/receipt**")
    receipt = page.inner_text("article")
    assert "150.00" in receipt and "50.00" in receipt and "مائة وخمسون" in receipt
    cashier.see("22-receipt")
    page.emulate_media(media="print")
    expect(page.locator("header.top")).not_to_be_visible()
    page.emulate_media(media="screen")
    owner = visit("phone")
    inquire(owner, number, walk.last4)
    owner.wait_for("إيصال سداد")
    owner.see("23-paid-at-the-counter")
    owner.wait_for("مراجعة المستندات")


def test_a_file_is_sent_back_completed_and_goes_on(visit: Callable[[str], Visitor], walk: Walk) -> None:
    number = walk.lodge()["tracking_number"]
    pay_cash_over_the_api(walk, number)
    assert walk.status(number)["state"] == "document_review"
    officer = visit("phone")
    log_in(officer, "officer")
    officer.press("الملف التالي")
    page = officer.page
    reads(page, number)
    officer.press("إعادة للاستيفاء")
    officer.press(officer.t("missing.preview"))  # without saying why
    expect(page.locator("#faults")).to_be_visible()
    officer.see("24-reason-required")
    why = "صورة البطاقة غير واضحة"
    page.locator("[name='reason']").fill(why)
    officer.press(officer.t("missing.preview"))
    officer.press("إعادة للاستيفاء")
    page.wait_for_url("**/ar/staff*")

    owner = visit("phone")
    inquire(owner, number, "0000")
    expect(owner.page.locator("#faults")).to_be_visible()
    owner.see("25-inquiry-refused")
    inquire(owner, number, walk.last4)
    expect(owner.page.get_by_text(why).first).to_be_visible()
    owner.see("26-sent-back")
    owner.press("استوفِ الآن")
    owner.press("أرسل الاستيفاء")  # with nothing
    expect(owner.page.locator("#faults")).to_be_visible()
    owner.press(owner.page.locator("a[href$='/documents/id_copy']"))
    owner.page.locator("[name='file']").set_input_files(file("clear.pdf"))
    owner.press("أضف المستند")
    reads(owner.page, owner.t("completing.there"))
    owner.see("27-complete")
    owner.press("أرسل الاستيفاء")
    owner.wait_for("مراجعة المستندات")
    owner.see("28-back-in-review")
    walk.act("officer", "accept")  # leaves the desk empty for the next journey


def test_doors_stay_shut_for_the_wrong_person(visit: Callable[[str], Visitor]) -> None:
    stranger = visit("phone")
    stranger.go("/ar/staff/cashier")
    at(stranger.page, "/staff/login")
    stranger.page.locator("[name='username']").fill("cashier")
    stranger.page.locator("[name='password']").fill("not the password")
    stranger.press("دخول")
    expect(stranger.page.locator("#faults")).to_be_visible()
    stranger.see("30-login-refused")
    stranger.page.locator("[name='password']").fill(PASSWORD)
    stranger.press("دخول")
    at(stranger.page, "/ar/staff/cashier")  # where the way had been going
    answer: Any = stranger.page.goto(f"{stranger.url}/ar/staff/tasks/{uuid.uuid4()}")
    assert answer.status == 403
    stranger.see("31-forbidden")
    stranger.press("خروج")
    stranger.go("/ar/staff/cashier")
    at(stranger.page, "/staff/login")


def test_a_page_that_is_not_there_and_the_other_language(visit: Callable[[str], Visitor]) -> None:
    visitor = visit("desktop")
    visitor.go("/en/services/time-travel")
    reads(visitor.page, "time-travel")
    visitor.see("32-not-found")
    visitor.press("العربية")
    expect(visitor.page.locator("html")).to_have_attribute("dir", "rtl")
    visitor.go("/verify/C-2026-999999-X")
    expect(visitor.page.locator("#faults")).to_be_visible()
    at(visitor.page, "/ar/verify/C-2026-999999-X")


def test_everything_works_with_the_keyboard_alone(visit: Callable[[str], Visitor]) -> None:
    visitor = visit("desktop")
    visitor.go("/ar/")
    page = visitor.page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type("إشغال")
    page.keyboard.press("Enter")
    page.wait_for_url("**/services?q=**")
    expect(page.locator("a.card").first).to_contain_text("إشغال", use_inner_text=True)
