"""An application that is broken off: the browser closed, the device changed, the line cut, a photo too large."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Route, expect

from tests.journeys.applicant import NAME, fill, photo, send, values
from tests.journeys.conftest import Visitor, at, reads
from tests.journeys.test_citizen_log_in import code_of
from tests.journeys.ways import WAYS

pytestmark = pytest.mark.journey

COMPANY = values({"shop_name": "شركة النور", "activity": "retail", "address": "12 شارع سليم الأول", "area_m2": "30",
                  "workers": 2, "tenure": "leased"}, "company")  # fmt: skip
APPLY = "/services/shop-licence/apply"
# One for each way: a telephone gets no second code within a minute, and the first one holds no more.
MOBILES = {("phone", "ar"): "01120000031", ("desktop", "en"): "01120000032", ("phone", "en"): "01120000033",
           ("desktop", "ar"): "01120000034"}  # fmt: skip


def begin(visitor: Visitor, until: str) -> None:
    visitor.go(APPLY)
    visitor.press(visitor.page.get_by_role("link", name=visitor.t("apply.start")))
    fill(visitor, COMPANY, until=until)


@WAYS
def test_a_company_closes_the_browser_goes_on_and_ends_it_on_another_device(
    visit: Callable[..., Visitor], device: str, lang: str
) -> None:
    at_home = visit(device, lang)
    begin(at_home, until="/apply/company")
    page = at_home.page
    at_home.press(at_home.t("apply.continue"))
    expect(page.locator("#faults").get_by_role("link")).to_have_count(3)
    page.locator("[name='applicant/company/name']").fill("شركة النور للتجارة")
    at_home.press(at_home.t("draft.save"))
    page.wait_for_url("**/apply/saved")
    at_home.see("51-draft-kept")
    code = page.locator(".big-number").inner_text().strip()
    assert re.fullmatch(r"[0-9A-Z]{4}(-[0-9A-Z]{4})+", code) and code not in page.url

    context = page.context
    page.close()  # all that is left is what the browser keeps
    at_home.page = page = context.new_page()
    at_home.go(f"/{lang}/")
    begun = page.get_by_role("heading", name=at_home.t("home.begun"))
    at_home.press(page.locator("section", has=begun).get_by_role("link"))
    reads(page, at_home.t("apply.state.started"))
    at_home.see("52-draft-found-again")
    at_home.press(at_home.t("apply.go_on"))
    at(page, "/apply/company")
    expect(page.locator("[name='applicant/company/name']")).to_have_value("شركة النور للتجارة")

    at_work = visit("desktop", lang)
    at_work.go("/drafts")
    at_work.page.locator("[name='token']").fill(code.lower().replace("-", " "))
    at_work.see("53-draft-asked")
    at_work.press(at_work.t("draft.open"))
    at_work.press(at_work.t("apply.go_on"))
    fill(at_work, COMPANY)
    reads(at_work.page, NAME, "شركة النور للتجارة")
    send(at_work)
    at_home.go(APPLY)  # lodged from the other device: here nothing is left to go on with
    reads(page, at_home.t("apply.start"))
    assert NAME not in page.content()


@WAYS
def test_what_is_begun_in_an_account_is_filled_in_and_found_from_another_device(
    visit: Callable[..., Visitor], operator: str, device: str, lang: str
) -> None:
    national_id, mobile = "28905150101234", MOBILES[device, lang]
    at_home = visit(device, lang)
    page = at_home.page
    at_home.go(APPLY)
    at_home.press(at_home.t("apply.log_in"))
    page.locator("[name='national_id']").fill(national_id)
    page.locator("[name='phone']").fill(mobile)
    at_home.press(page.locator("main form button[type=submit]").first)
    page.locator("[name='code']").fill(code_of(operator, mobile, 1))
    at_home.press(page.locator("main form:has([name='code']) button[type=submit]").first)
    page.wait_for_url("**/apply")  # back where the way had been going
    at_home.press(at_home.t("apply.start"))
    expect(page.locator("[name='applicant/national_id']")).to_have_value(national_id)
    at_home.see("57-filled-in")
    given = {**values({"shop_name": "بقالة الأمل"}), "applicant/national_id": national_id, "applicant/phone": mobile}
    fill(at_home, given, until="/apply/q-activity")

    session = [one for one in page.context.cookies() if one["name"] == "shubbak_citizen"]
    elsewhere = visit("phone", lang)
    elsewhere.page.context.add_cookies(session)  # logged in there too; of the draft that browser knows nothing
    elsewhere.go("/my")
    elsewhere.press(elsewhere.page.locator(f"main a[href$='{APPLY}']"))
    elsewhere.press(elsewhere.t("apply.go_on"))
    at(elsewhere.page, "/apply/q-activity")
    elsewhere.go(f"{APPLY}/q-shop_name")
    expect(elsewhere.page.locator("[name='answers/shop_name']")).to_have_value("بقالة الأمل")

    page.context.clear_cookies(name="shubbak_citizen")  # the session ends; the browser still has the draft's code
    at_home.go(f"{APPLY}/person")
    reads(page, at_home.t("apply.locked"))
    assert national_id not in page.content()
    at_home.see("58-log-in-again")


def test_it_works_without_scripts(visit: Callable[..., Visitor]) -> None:
    visitor = visit("phone", "ar", java_script_enabled=False)
    visitor.go(APPLY)
    visitor.press(visitor.page.get_by_role("link", name=visitor.t("apply.start")))
    passed = fill(visitor, COMPANY)
    assert {"company", "d-id_copy", "d-lease_contract"} <= set(passed)
    send(visitor)


def test_a_photo_of_the_phone_is_shown_made_smaller_and_sent(visit: Callable[..., Visitor]) -> None:
    visitor = visit("phone")
    begin(visitor, until="/apply/d-id_copy")
    page = visitor.page
    taken: Any = photo("IMG_0001.jpg", 3000, 2200)
    assert len(taken["buffer"]) > 5 * 1024 * 1024
    expect(page.get_by_label(visitor.t("apply.photo"))).to_have_attribute("capture", "environment")
    expect(page.get_by_label(visitor.t("apply.photo"))).to_be_visible()
    page.locator("[name='photo']").set_input_files(taken)
    page.locator(".preview img").wait_for()
    page.locator(".upload .said", has_text="صُغّرت").wait_for()
    visitor.see("54-photo")
    visitor.press(visitor.t("apply.continue"))
    page.wait_for_url("**/d-lease_contract")
    visitor.go(f"{APPLY}/d-id_copy")
    kept = page.locator(".kept-file").inner_text()
    kilobytes = re.search(r"\((\d+)", kept)
    assert "IMG_0001.jpg" in kept and kilobytes is not None and 0 < int(kilobytes[1]) < 5 * 1024
    visitor.see("55-photo-kept")
    visitor.press(visitor.t("apply.remove"))
    expect(page.locator(".kept-file")).to_have_count(0)


def test_a_file_that_is_not_taken_is_said_before_it_is_sent(visit: Callable[..., Visitor]) -> None:
    visitor = visit("phone")
    begin(visitor, until="/apply/d-id_copy")
    page = visitor.page
    field = page.locator("[name='documents/id_copy']")
    field.set_input_files({"name": "plan.pdf", "mimeType": "application/pdf", "buffer": bytes(6 * 1024 * 1024)})
    page.locator(".upload .wrong", has_text="5").wait_for()
    visitor.see("56-too-large")
    field.set_input_files({"name": "letter.docx", "mimeType": "application/msword", "buffer": b"letter"})
    page.locator(".upload .wrong", has_text=visitor.t("upload.type")).wait_for()
    assert page.evaluate("document.querySelector('[name=\"documents/id_copy\"]').files.length") == 0


def test_the_line_breaks_while_a_document_goes_and_it_is_sent_again(visit: Callable[..., Visitor]) -> None:
    visitor = visit("phone")
    begin(visitor, until="/apply/d-id_copy")
    page = visitor.page

    def cut(route: Route) -> None:
        route.abort() if route.request.method == "POST" else route.continue_()

    page.route("**/apply/d-id_copy", cut)
    page.locator("[name='photo']").set_input_files(photo("card.jpg"))  # type: ignore[arg-type]
    page.locator(".preview img").wait_for()
    visitor.press(visitor.t("apply.continue"))
    page.locator(".upload .wrong", has_text=visitor.t("upload.failed")).wait_for()
    page.unroute("**/apply/d-id_copy")
    visitor.press(visitor.t("apply.continue"))
    page.wait_for_url("**/d-lease_contract")
