"""A citizen complains, follows the complaint to its answer, and asks to have a rejection looked at anew."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from infra.demo.walk import Walk
from tests.journeys.conftest import Visitor, reads
from tests.journeys.following import follow, pay_cash
from tests.journeys.ways import WAYS

pytestmark = pytest.mark.journey
TEXT = "قدمت الطلب قبل أسبوعين ولم يتصل بي أحد حتى اليوم"
ANSWER = "راجعنا ملفك واعتذرنا عن التأخر، وسيُنجز هذا الأسبوع"


@WAYS
def test_a_complaint_is_made_followed_and_answered(
    visit: Callable[..., Visitor], walk: Walk, device: str, lang: str
) -> None:
    number = walk.lodge()["tracking_number"]
    owner = visit(device, lang)
    page = owner.page
    follow(owner, number, walk.last4)
    owner.press(owner.t("complain.link"))
    owner.press(owner.t("complain.send"))
    expect(page.locator("#faults li")).to_have_count(2)
    owner.see("complain-01-faults")
    page.locator("[name=kind][value=delay]").check()
    page.fill("[name=text]", TEXT)
    owner.press(owner.t("complain.send"))
    page.wait_for_url("**/complaints/K-*")
    reads(page, owner.t("complain.received"), owner.t("complain.due"))
    found = re.search(r"K-C-\d{4}-\d{6}-\w", page.inner_text("main"))
    assert found is not None
    owner.see("complain-02-received")
    owner.press(owner.t("back_to_request"))
    reads(page, found[0])
    owner.see("complain-03-on-the-request")
    walk.post(f"/complaints/{found[0]}/answer", {"upheld": True, "answer": ANSWER}, as_="manager")

    elsewhere = visit(device, lang)  # another device, which has the complaint's number only
    elsewhere.go("/complaints")
    elsewhere.page.fill("[name=number]", found[0].lower())
    elsewhere.page.fill("[name=phone_last4]", walk.last4)
    elsewhere.press(elsewhere.t("complain.show"))
    reads(elsewhere.page, ANSWER, elsewhere.t("complain.upheld"))
    elsewhere.see("complain-04-answered")


@WAYS
def test_a_rejection_is_asked_to_be_looked_at_anew(
    visit: Callable[..., Visitor], walk: Walk, device: str, lang: str
) -> None:
    number = walk.lodge()["tracking_number"]
    pay_cash(walk, number)
    walk.act("officer", "accept", number=number)
    walk.act("inspector", "report", number=number)
    walk.act("head", "reject", reason="غير مطابق للاشتراطات", number=number)
    owner = visit(device, lang)
    page = owner.page
    follow(owner, number, walk.last4)
    reads(page, owner.t("stand.outcome.rejected"), within="#now")
    reads(page, "غير مطابق للاشتراطات")
    owner.see("reopen-01-rejected")
    owner.press(owner.t("reopen.title"))
    page.fill("[name=reason]", "قصير")
    owner.press(owner.t("reopen.send"))
    expect(page.locator("#faults")).to_be_visible()
    page.fill("[name=reason]", "قُدمت الشهادة المطلوبة قبل صدور القرار")
    owner.see("reopen-02-why")
    owner.press(owner.t("reopen.send"))
    page.wait_for_url(f"**/follow/{number}")
    reads(page, owner.t("reopen.state.asked"))
    owner.see("reopen-03-asked")
