"""Cash at the counter, a file sent back and completed, doors that stay shut."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from infra.demo.walk import Walk
from tests.journeys.conftest import Visitor
from tests.journeys.test_shop_licence import PASSWORD, file

pytestmark = pytest.mark.journey


def log_in(staff: Visitor, username: str) -> None:
    staff.go("/ar/staff")
    staff.page.locator("[name='username']").fill(username)
    staff.page.locator("[name='password']").fill(PASSWORD)
    staff.press("دخول")


def inquire(owner: Visitor, number: str, digits: str) -> None:
    owner.go("/ar/follow")
    owner.page.locator("[name='tracking_number']").fill(number)
    owner.page.locator("[name='phone_last4']").fill(digits)
    owner.press("اعرض الطلب")


def pay_cash_over_the_api(walk: Walk, number: str) -> None:
    bill = walk.until(lambda: walk.bill(number, "inspection"), bool)
    walk.at_the_counter()
    walk.post(f"/bills/{bill['bill_id']}/payments", {"rail": "cash", "tendered": bill["total"]}, as_="cashier",
              key=str(uuid.uuid4()))  # fmt: skip


def test_the_cashier_takes_cash_and_prints_a_receipt(visit: Callable[[str], Visitor], walk: Walk) -> None:
    number = walk.lodge()["tracking_number"]
    walk.at_the_counter()
    cashier = visit("desktop")
    log_in(cashier, "cashier")
    page = cashier.page
    page.locator("[name='number']").fill(number.replace("-", " ").lower())
    cashier.press("بحث")
    cashier.wait_for("150.00")
    cashier.see("20-cashier-found")
    page.locator("a.card").first.click()
    page.locator("[name='tendered']").fill("١٠٠")
    cashier.press("حصّل واطبع الإيصال")
    assert page.locator("#faults").is_visible()
    cashier.see("21-cashier-too-little")
    page.locator("[name='tendered']").fill("200")
    cashier.press("حصّل واطبع الإيصال")
    page.wait_for_url("**/receipt**")
    receipt = page.inner_text("article")
    assert "150.00" in receipt and "50.00" in receipt and "مائة وخمسون" in receipt
    cashier.see("22-receipt")
    page.emulate_media(media="print")
    assert not page.locator("header.top").is_visible()
    page.emulate_media(media="screen")
    owner = visit("phone")
    inquire(owner, number, walk.last4)
    owner.wait_for("إيصال سداد")
    owner.see("23-paid-at-the-counter")
    owner.wait_for("مراجعة المستندات")


def test_a_file_is_sent_back_completed_and_goes_on(visit: Callable[[str], Visitor], walk: Walk) -> None:
    number = walk.lodge()["tracking_number"]
    pay_cash_over_the_api(walk, number)
    walk.until(lambda: walk.status(number), lambda answer: answer["state"] == "document_review")
    officer = visit("phone")
    log_in(officer, "officer")
    officer.press("الملف التالي")
    page = officer.page
    assert number in page.inner_text("main")
    officer.press("إعادة للاستيفاء")  # without saying why
    assert page.locator("#faults").is_visible()
    officer.see("24-reason-required")
    why = "صورة البطاقة غير واضحة"
    page.locator("[name='reason']").fill(why)
    officer.press("إعادة للاستيفاء")
    page.wait_for_url("**/ar/staff")

    owner = visit("phone")
    inquire(owner, number, "0000")
    assert owner.page.locator("#faults").is_visible()
    owner.see("25-inquiry-refused")
    inquire(owner, number, walk.last4)
    assert owner.page.get_by_text(why).first.is_visible()
    owner.see("26-sent-back")
    owner.press("استوفِ الآن")
    owner.press("أرسل الاستيفاء")  # with nothing
    assert owner.page.locator("#faults").is_visible()
    owner.page.locator("[name='documents/id_copy']").set_input_files(file("clear.pdf"))
    owner.see("27-complete")
    owner.press("أرسل الاستيفاء")
    owner.wait_for("مراجعة المستندات")
    owner.see("28-back-in-review")
    walk.act("officer", "accept")  # leaves the desk empty for the next journey


def test_doors_stay_shut_for_the_wrong_person(visit: Callable[[str], Visitor]) -> None:
    stranger = visit("phone")
    stranger.go("/ar/staff/cashier")
    assert "/staff/login" in stranger.page.url
    stranger.page.locator("[name='username']").fill("cashier")
    stranger.page.locator("[name='password']").fill("not the password")
    stranger.press("دخول")
    assert stranger.page.locator("#faults").is_visible()
    stranger.see("30-login-refused")
    stranger.page.locator("[name='password']").fill(PASSWORD)
    stranger.press("دخول")
    assert stranger.page.url.endswith("/ar/staff/cashier")  # where the way had been going
    answer: Any = stranger.page.goto(f"{stranger.url}/ar/staff/tasks/{uuid.uuid4()}")
    assert answer.status == 403
    stranger.see("31-forbidden")
    stranger.press("خروج")
    stranger.go("/ar/staff/cashier")
    assert "/staff/login" in stranger.page.url


def test_a_page_that_is_not_there_and_the_other_language(visit: Callable[[str], Visitor]) -> None:
    visitor = visit("desktop")
    visitor.go("/en/services/time-travel")
    assert "time-travel" in visitor.page.inner_text("main")
    visitor.see("32-not-found")
    visitor.press("العربية")
    assert visitor.page.locator("html").get_attribute("dir") == "rtl"
    visitor.go("/verify/C-2026-999999-X")
    assert visitor.page.locator("#faults").is_visible() and visitor.page.url.endswith("/ar/verify/C-2026-999999-X")


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
    assert "إشغال" in page.locator("a.card").first.inner_text()
