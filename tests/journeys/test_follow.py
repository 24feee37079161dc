"""A citizen follows a request: sees whom it is with and what is to be done, pays by a code and sees the payment arrive
without touching the page, completes it by camera, takes the licence, sees who looked."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
import requests
from playwright.sync_api import expect

from infra.demo.walk import Walk
from tests.journeys.applicant import photo
from tests.journeys.conftest import Visitor, reads
from tests.journeys.following import follow, licensed, pay_cash, send_back
from tests.journeys.ways import WAYS

pytestmark = pytest.mark.journey


def now(owner: Visitor, *texts: str) -> None:
    """Where it stands says so."""
    reads(owner.page, *texts, within="#now")


@WAYS
def test_a_bill_is_paid_by_its_code_and_the_page_learns_of_it_by_itself(
    visit: Callable[..., Visitor], walk: Walk, device: str, lang: str
) -> None:
    number = walk.lodge()["tracking_number"]
    walk.until(lambda: walk.bill(number, "inspection"), bool)
    owner = visit(device, lang)
    page = owner.page
    follow(owner, number, walk.last4)
    now(owner, owner.t("stand.with.payment"), owner.t("stand.to_do"))
    now(owner, owner.t("stand.why.payment"))  # why the count stands still
    owner.see("follow-01-to-pay")
    owner.press(owner.t("status.pay_button"))
    owner.see("follow-02-ways")
    owner.press(owner.t("rail.fawry"))
    code = page.locator(".pay-code .code-number")
    expect(code).to_have_text(re.compile(r"\d{6,}"))
    expect(page.locator(".pay-code svg.qr")).to_be_visible()
    reads(page, owner.t("pay.where.fawry"))
    owner.see("follow-03-code")
    where = page.url
    pay_page = page.get_by_role("link", name=owner.t("bill.go_pay")).get_attribute("href") or ""
    assert requests.post(pay_page, timeout=20).status_code < 400  # the kiosk, on another device
    expect(page.locator("#now .done")).to_be_visible()
    reads(page, owner.t("bill.paid"), within="#now")
    assert page.url == where
    owner.see("follow-04-paid")
    owner.press(owner.t("back_to_request"))
    licensing = {"ar": "إدارة الرخص", "en": "Licensing department"}[lang]
    expect(page.locator("#now")).to_contain_text(owner.t("stand.with.task", name=licensing))
    due = {"ar": r"الموعد القانوني: (ال\S+) \d+ \S+", "en": r"Due by law on (\w+day) \d+ \w+"}[lang]
    expect(page.locator("#now")).to_contain_text(re.compile(due), use_inner_text=True)
    now(owner, owner.t("stand.nothing"))
    owner.see("follow-05-with-a-department")
    walk.act("officer", "accept", number=number)  # leaves no file behind


@WAYS
def test_missing_papers_are_photographed_one_a_page_and_sent(
    visit: Callable[..., Visitor], walk: Walk, device: str, lang: str
) -> None:
    number = walk.lodge()["tracking_number"]
    pay_cash(walk, number)
    why = "صورة البطاقة غير واضحة، واكتب المساحة كما في العقد"
    send_back(walk, number, why, documents=["id_copy"], answers=["area_m2"])
    owner = visit(device, lang)
    page = owner.page
    follow(owner, number, walk.last4)
    now(owner, why, owner.t("stand.why.applicant"))
    owner.see("complete-01-asked")
    owner.press(owner.t("status.complete_button"))
    owner.press(owner.t("completing.send"))
    expect(page.locator("#faults")).to_be_visible()
    owner.see("complete-02-nothing-yet")
    owner.press(page.locator(".task-list").first.get_by_role("link").nth(1))
    page.locator("[name=photo]").set_input_files(photo("id.jpg"))  # type: ignore[arg-type]
    expect(page.locator(".preview img")).to_be_visible()
    owner.see("complete-03-photo")
    owner.press(owner.t("completing.add"))
    owner.press(page.get_by_role("link", name=owner.t("completing.answers")))
    page.locator("[name='answers/area_m2']").fill("many")
    owner.press(owner.t("go_on"))
    expect(page.locator("#faults")).to_be_visible()
    owner.see("complete-04-answer-refused")
    page.locator("[name='answers/area_m2']").fill("٤٧")
    owner.press(owner.t("go_on"))
    expect(page.locator(".tag.good")).to_have_count(2)
    page.reload()
    expect(page.locator(".tag.good")).to_have_count(2)  # nothing is lost by loading again
    owner.see("complete-05-ready")
    owner.press(owner.t("completing.send"))
    page.wait_for_url(f"**/follow/{number}")
    now(owner, owner.t("stand.nothing"))
    owner.see("complete-06-sent")
    walk.act("officer", "accept", number=number)


@WAYS
def test_the_licence_its_receipts_and_who_looked_are_there_when_all_is_done(
    visit: Callable[..., Visitor], walk: Walk, device: str, lang: str
) -> None:
    number, serial = licensed(walk)
    walk.fetch_licence(number)
    owner = visit(device, lang)
    page = owner.page
    follow(owner, number, walk.last4)
    now(owner, serial, owner.t("stand.outcome.approved"))
    owner.see("done-01-licence")
    assert owner.download(owner.t("status.licence_button")).suggested_filename == f"{serial}.pdf"
    owner.press(page.get_by_role("link", name=re.compile(owner.t("receipt.title"))).first)
    expect(page.locator("svg.qr")).to_be_visible()
    owner.see("done-02-receipt")
    receipt = walk.bill(number, "inspection")
    assert receipt is not None
    owner.go(f"/receipts/{receipt['receipt_number']}?code=AAAA")  # a code that the receipt does not bear
    reads(page, owner.t("receipt.not_genuine"))
    owner.see("done-02-receipt-forged")
    owner.go(f"/follow/{number}")
    owner.press(f"★ {owner.t('rate.link')}")
    page.wait_for_url("**/rate/*")
    owner.see("done-02-rate")
    page.check("[name=stars][value='5']")
    owner.press(owner.t("rate.button"))
    expect(page.locator("main").get_by_text(owner.t("rate.thanks"))).to_be_visible()
    owner.see("done-02-rated")
    owner.go(f"/follow/{number}")
    owner.press(owner.t("reads.title"))
    expect(page.locator(".reads li").first).to_be_visible()
    reads(page, owner.t("reads.unnamed"))
    owner.see("done-03-who-looked")
    owner.go(f"/follow/{number}/graph.svg")
    expect(page.locator("svg").first).to_be_visible()


def test_without_scripts_the_same_is_done_by_pressing_refresh(
    browser: object, url: str, walk: Walk, visit: Callable[..., Visitor]
) -> None:
    number = walk.lodge()["tracking_number"]
    walk.until(lambda: walk.bill(number, "inspection"), bool)
    owner = visit("phone", "ar", java_script_enabled=False)
    follow(owner, number, walk.last4)
    owner.press(owner.t("status.pay_button"))
    owner.press(owner.t("rail.fawry"))
    bill = walk.until(lambda: walk.bill(number, "inspection"), lambda found: bool(found and found["reference"]))
    owner.press(owner.t("refresh"))
    reads(owner.page, bill["reference"])
    expect(owner.page.locator("main")).not_to_contain_text(
        owner.t("pay.waiting"), use_inner_text=True)  # it would be no truth here
    walk.at_the_counter()
    walk.post(f"/bills/{bill['bill_id']}/payments", {"rail": "cash", "tendered": bill["total"]}, as_="cashier")
    owner.press(owner.t("refresh"))
    reads(owner.page, owner.t("bill.paid"))
    walk.act("officer", "accept", number=number)  # leaves no file behind, nor one on its way
