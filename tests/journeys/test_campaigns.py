"""A message to many citizens: written, corrected, said whom it is for, submitted; approved by somebody else; followed,
paused and given up."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from rules.calendar import cairo_date
from tests.journeys.conftest import Visitor, reads
from tests.journeys.ways import WAYS

pytestmark = pytest.mark.journey
ALL = "/staff/messages/campaigns"


def people(*lines: str) -> dict[str, object]:
    text = "\n".join(("phone,email,language,name", *lines)) + "\n"
    return {"name": "people.csv", "mimeType": "text/csv", "buffer": text.encode()}


def done(person: Visitor, what: str) -> None:
    expect(person.page.locator(".notice.good")).to_have_text(person.t(f"campaigns.done.{what}"))


@WAYS
def test_a_campaign_from_its_first_word_to_its_end(visit: Callable[..., Visitor], device: str, lang: str) -> None:
    name = f"مواعيد المركز {secrets.token_hex(3)}"
    editor, manager = visit(device, lang), visit(device, lang)
    page = editor.page
    editor.log_in("wording")
    editor.go(ALL)
    editor.press(editor.t("campaigns.new"))
    page.fill("[name=name]", name)
    page.fill("[name='sms/ar']", "أهلاً {name}، يعمل المركز التكنولوجي غداً من التاسعة صباحاً.")
    page.fill("[name=hours_from]", "20:00")  # it ends before it begins, and one language is missing
    page.fill("[name=hours_until]", "09:00")
    editor.press(editor.t("campaigns.keep"))
    expect(page.locator("#faults li").first).to_be_visible()
    expect(page.locator("[name=name]")).to_have_value(name)
    editor.see("campaign-faults")
    page.fill("[name='sms/en']", "Hello {name}, the centre opens at nine tomorrow.")
    page.fill("[name=hours_from]", "٠٩:٠٠")
    page.fill("[name=hours_until]", "20:00")
    # Not before tomorrow: whatever the hour of this journey, it is approved and does not begin.
    tomorrow = cairo_date(datetime.now(UTC)) + timedelta(days=1)
    page.fill("[name=not_before]", f"{tomorrow.isoformat()}T10:00")
    editor.press(editor.t("campaigns.keep"))
    done(editor, "written")
    editor.see("campaign-draft")

    editor.press(page.locator("summary", has_text=editor.t("campaigns.list")))
    page.locator("#file").set_input_files(people("01012345678,,ar,منى", "12,,ar,سامي", "01112345678,,en,John"))
    editor.press(editor.t("campaigns.upload"))
    accept = page.get_by_role("button", name=editor.t("campaigns.accept", count=1), exact=True)
    editor.until(lambda: accept.is_visible(), page.url)
    editor.see("campaign-broken-lines")
    editor.press(accept)
    done(editor, "accepted")
    price = page.locator("#campaign-now strong", has_text="ج.م" if lang == "ar" else "EGP")
    expect(price).to_be_visible()  # the page learns of it by itself
    page.reload()
    reads(page, "أهلاً منى" if lang == "ar" else "Hello John")
    editor.see("campaign-ready")
    editor.press(editor.t("campaigns.act.submit"))
    done(editor, "submit")
    expect(page.get_by_role("button", name=editor.t("campaigns.act.approve"))).to_have_count(0)

    manager.log_in("manager")
    manager.go(ALL)
    manager.see("campaigns")
    manager.press(manager.page.locator("a.card", has_text=name))
    manager.see("campaign-to-decide")
    manager.press(manager.t("campaigns.act.approve"))
    done(manager, "approve")
    manager.press(manager.page.locator("summary", has_text=manager.t("campaigns.act.pause")))
    manager.press(manager.page.locator("details[open] button"))  # without a reason
    expect(manager.page.locator("#faults a[href='#reason-pause']")).to_be_visible()
    manager.page.fill("#reason-pause", "الموعد تغير وينتظر التأكيد")
    manager.press(manager.page.locator("details[open] button"))
    done(manager, "pause")
    manager.see("campaign-paused")
    manager.press(manager.page.locator("summary", has_text=manager.t("campaigns.act.cancel")))
    manager.page.fill("#reason-cancel", "ألغيت الفعالية بقرار المحافظ")
    manager.press(manager.page.locator("details[open] button"))
    done(manager, "cancel")
    reads(manager.page, manager.t("campaigns.state.cancelled"), "ألغيت الفعالية بقرار المحافظ")


def test_applicants_of_a_service_are_chosen(visit: Callable[..., Visitor]) -> None:
    editor = visit("phone", "ar")
    page = editor.page
    editor.log_in("wording")
    editor.go(f"{ALL}/new")
    page.fill("[name=name]", f"أصحاب المحال {secrets.token_hex(3)}")
    page.fill("[name='sms/ar']", "تجديد رخص المحال متاح على الموقع.")
    page.fill("[name='sms/en']", "Shop licences are renewed on the portal.")
    editor.press(editor.t("campaigns.keep"))
    done(editor, "written")
    page.select_option("#services", "shop-licence")
    page.fill("#since", "2026-03-02")
    page.fill("#until", "2026-03-01")
    editor.press(editor.t("campaigns.choose"))
    expect(page.locator("#faults a[href='#until']")).to_be_visible()
    page.select_option("#services", "shop-licence")
    page.fill("#since", "2026-01-01")
    page.fill("#until", "")
    editor.press(editor.t("campaigns.choose"))
    done(editor, "chosen")
    reads(page, editor.t("campaigns.audience.applicants"))
    editor.press(editor.t("campaigns.rewrite"))
    expect(page.locator("[name='sms/ar']")).to_have_value("تجديد رخص المحال متاح على الموقع.")
    editor.see("campaign-writing")
