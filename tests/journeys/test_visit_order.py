"""A citizen orders a visit of the mobile district, one question a page, follows it and cancels it."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from infra.demo.walk import Walk
from tests.journeys.conftest import Visitor, reads
from tests.journeys.following import follow
from tests.journeys.ways import WAYS

pytestmark = pytest.mark.journey
PHONES = {"phone": "01120000041", "desktop": "01120000042"}


@WAYS
def test_a_visit_for_a_new_application(visit: Callable[..., Visitor], device: str, lang: str) -> None:
    phone = PHONES[device][:-2] + {"ar": "5", "en": "6"}[lang] + PHONES[device][-1]
    owner = visit(device, lang)
    page = owner.page
    owner.go("/follow")
    owner.press(owner.t("visit.title"))
    owner.see("visit-01-begin")
    owner.press(owner.t("visit.order"))
    owner.press(owner.t("go_on"))
    expect(page.locator("#faults")).to_be_visible()  # nothing was chosen
    page.locator("[value=intake]").check()
    owner.see("visit-02-purpose")
    owner.press(owner.t("go_on"))
    page.locator("[name=service_code]").select_option("road-occupancy")
    owner.see("visit-03-service")
    owner.press(owner.t("go_on"))
    page.locator("[name=unit]").select_option("EG-C-01")
    page.fill("[name=address]", "12 شارع سليم الأول، الدور الثالث")
    owner.see("visit-04-place")
    owner.press(owner.t("go_on"))
    page.go_back()
    expect(page.locator("[name=address]")).to_have_value(re.compile("^12 شارع"))
    owner.press(owner.t("go_on"))
    day = page.locator("[name=preferred_on] option").nth(2)
    wished = day.inner_text()
    page.locator("[name=preferred_on]").select_option(day.get_attribute("value"))
    owner.see("visit-05-day")
    owner.press(owner.t("go_on"))
    page.fill("[name=name]", "محمود عبد الله حسن")
    page.fill("[name=phone]", "0223456789")
    owner.press(owner.t("go_on"))
    expect(page.locator("#faults li")).to_have_count(1)
    page.fill("[name=phone]", phone)
    owner.see("visit-06-person")
    owner.press(owner.t("go_on"))
    reads(page, wished, phone)
    owner.see("visit-07-check")
    owner.press(owner.t("visit.send"))
    page.wait_for_url("**/visits/V-*")
    reads(page, wished)
    number = re.search(r"V-C-\d{4}-\d{6}-\w", page.inner_text("main"))
    assert number is not None
    assert phone[-4:] not in page.url.removeprefix(owner.url).replace(number[0], "")
    owner.see("visit-08-ordered")

    elsewhere = visit(device, lang)
    elsewhere.go("/visits")
    elsewhere.page.fill("[name=number]", number[0])
    elsewhere.page.fill("[name=phone_last4]", phone[-4:])
    elsewhere.press(elsewhere.t("visit.show"))
    elsewhere.press(elsewhere.page.locator("summary"))
    elsewhere.see("visit-09-cancel")
    elsewhere.press(elsewhere.page.get_by_role("button", name=elsewhere.t("visit.cancel")))
    expect(elsewhere.page.locator(".state")).to_contain_text(elsewhere.t("visit.state.cancelled"), ignore_case=True)
    elsewhere.see("visit-10-cancelled")


@WAYS
def test_a_visit_for_a_followed_request_asks_neither_who_nor_which(
    visit: Callable[..., Visitor], walk: Walk, device: str, lang: str
) -> None:
    number = walk.lodge()["tracking_number"]
    owner = visit(device, lang)
    page = owner.page
    follow(owner, number, walk.last4)
    owner.press(owner.t("visit.for_request"))
    # Of five, what fits where it stands; a first licence is none that is renewed on the spot.
    expect(page.locator("[name=purpose][value=inspection]")).to_be_visible()
    expect(page.locator("[name=purpose]")).to_have_count(1)
    page.locator("[value=inspection]").check()
    owner.press(owner.t("go_on"))
    expect(page.locator("main")).to_contain_text(owner.t("visit.step", number=2, count=4))
    page.fill("[name=address]", "12 شارع سليم الأول")
    owner.press(owner.t("go_on"))
    owner.press(owner.t("go_on"))  # the first day that is free
    reads(page, number, owner.t("visit.any_day"))
    owner.press(owner.t("visit.send"))
    page.wait_for_url("**/visits/V-*")
    owner.see("visit-11-for-a-request")
    owner.press(owner.t("back_to_request"))
    owner.press(page.locator("main").get_by_role("link", name=re.compile("V-C-")))  # the request leads to it
    page.wait_for_url("**/visits/V-*")
    owner.press(page.locator("summary"))
    owner.press(page.get_by_role("button", name=owner.t("visit.cancel")))
    expect(page.locator(".state")).to_contain_text(owner.t("visit.state.cancelled"), ignore_case=True)
    owner.go(f"/follow/{number}")
    reads(page, owner.t("visit.for_request"))
