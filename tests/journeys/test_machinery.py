"""An administrator makes and ends a partner's key, looks over the units and makes a device known by its text; an editor
writes what citizens are told and a reviewer puts it in force."""

from __future__ import annotations

import json
import secrets
import urllib.error
import urllib.request
from datetime import UTC, datetime

from playwright.sync_api import expect

from tests.journeys.conftest import reads
from tests.journeys.ways import WAYS
from tests.support.tablet import FieldTablet

KIND = "/staff/messages/wordings/withdrawn"


def answer_to(url: str, key: str) -> int:
    asked = urllib.request.Request(f"{url}/api/v1/services", headers={"Authorization": f"Bearer {key}"})
    try:
        with urllib.request.urlopen(asked, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        return refused.code


@WAYS
def test_a_partners_key_is_made_shown_once_used_and_ended(visit, url, device, lang):
    admin = visit(device, lang)
    admin.log_in("admin")
    partner = f"بنك النيل {secrets.token_hex(3)}"
    admin.go("/staff/keys")
    admin.press(admin.t("keys.new"))
    admin.page.fill("[name=days]", "0")
    admin.press(admin.t("keys.make"))
    expect(admin.page.locator("#faults a"), "name, scopes and days are all said at once").to_have_count(3)
    admin.see("key-faults")
    admin.page.fill("[name=name]", partner)
    admin.page.check("[name=scopes][value='guide.read']")
    admin.page.fill("[name=days]", "٣٠")
    admin.press(admin.t("keys.make"))
    key = admin.page.locator("#key").inner_text()
    admin.see("key-made")
    assert answer_to(url, key) == 200
    admin.press(admin.t("keys.copied"))
    expect(admin.page.locator("#key")).to_have_count(0)
    assert key not in admin.page.content()
    admin.press(admin.page.locator("summary", has_text=admin.t("keys.revoke")))
    admin.page.fill("[name=reason]", "انتهى التعاقد مع الجهة")
    admin.press(admin.t("keys.revoke"))
    admin.page.get_by_text(admin.t("keys.revoked_done")).wait_for()
    admin.see("key")
    assert answer_to(url, key) == 401, "it ended at once"
    admin.go("/staff/keys")
    expect(admin.page.locator("main").get_by_text(partner)).to_be_visible()
    admin.see("keys")


@WAYS
def test_the_units_are_looked_over(visit, device, lang):
    admin = visit(device, lang)
    admin.log_in("admin")
    admin.go("/staff/units")
    admin.see("units")
    admin.press(admin.page.get_by_role("link", name="El Zeitoun" if lang == "en" else "الزيتون"))
    expect(admin.page.locator("[name=unit]"), "the people of that unit").to_have_value("EG-C-01")


@WAYS
def test_a_device_is_made_known_by_the_text_that_it_shows(visit, device, lang):
    admin = visit(device, lang)
    admin.log_in("admin")
    admin.go("/staff/devices")
    admin.press(admin.t("device_entry.new"))
    admin.page.fill("[name=registration]", "النص")
    admin.press(admin.t("device_entry.register"))
    expect(admin.page.locator("#faults a")).to_have_count(1)
    admin.see("device-new")
    label = f"لوح {secrets.token_hex(3)}"
    tablet = FieldTablet(lambda: datetime.now(UTC), "EG-C-01")
    admin.page.fill("[name=registration]", json.dumps(tablet.registration(label), indent=1))
    admin.press(admin.t("device_entry.register"))
    admin.page.get_by_role("heading", level=1).filter(has_text=label).wait_for()
    admin.press(admin.t("device_entry.uploaded"))
    admin.page.get_by_text(admin.t("device_entry.none")).wait_for()
    admin.see("device-items")


@WAYS
def test_a_wording_is_written_returned_written_anew_and_put_in_force(visit, device, lang):
    editor, reviewer = visit(device, lang), visit(device, lang)
    editor.log_in("wording")
    reviewer.log_in("manager")
    editor.go("/staff/messages/wordings")
    editor.see("wordings")
    editor.go(KIND)
    editor.press(editor.t("wordings.write"))
    sms = editor.page.locator("[name='wording/ar/sms']")
    before = sms.input_value()
    sms.fill(before + " {nobody}")
    editor.press(editor.t("wordings.look"))
    expect(editor.page.locator("#faults a")).to_have_count(1)
    expect(sms).to_have_value(before + " {nobody}")
    sms.fill(before + " شكراً لك.")
    editor.press(editor.t("wordings.look"))
    editor.page.locator("#looks").wait_for()
    expect(editor.page.locator("p.said").first).to_contain_text("شكراً لك")
    editor.see("wording-writing")
    editor.press(editor.t("wordings.keep"))
    editor.page.get_by_text(editor.t("wordings.done.written")).wait_for()
    editor.press(editor.t("wordings.move.propose"))
    editor.page.get_by_text(editor.t("wordings.done.propose")).wait_for()

    reviewer.go(KIND)
    expect(reviewer.page.locator("ins").first).to_contain_text("شكراً لك")
    reviewer.see("wording-review")
    reviewer.press(reviewer.t("wordings.move.return"))
    expect(reviewer.page.locator("#faults a"), "a remark is asked for").to_have_count(1)
    reviewer.page.fill("[name=remark]", "بلا شكر، الرسالة إخطار")
    reviewer.press(reviewer.t("wordings.move.return"))
    reviewer.page.get_by_text(reviewer.t("wordings.done.return")).wait_for()

    editor.go(KIND)
    editor.see("wording-returned")
    editor.press(editor.t("wordings.go_on"))
    sms.fill(before + " احتفظ بالرقم.")
    editor.press(editor.t("wordings.keep"))
    editor.press(editor.t("wordings.move.propose"))
    editor.page.get_by_text(editor.t("wordings.done.propose")).wait_for()
    reviewer.go(KIND)
    reviewer.press(reviewer.t("wordings.move.approve"))
    reviewer.page.get_by_text(reviewer.t("wordings.done.approve")).wait_for()
    reads(reviewer.page, "احتفظ بالرقم")
    reviewer.press(reviewer.t("wordings.withdraw_force"))
    reviewer.page.get_by_text(reviewer.t("wordings.done.withdraw")).wait_for()
    expect(reviewer.page.locator("main"), "the shipped one is in force again").not_to_contain_text("احتفظ بالرقم")


@WAYS
def test_a_provider_of_messages_is_given_another_weight(visit, device, lang):
    admin = visit(device, lang)
    admin.log_in("admin")
    admin.go("/staff/messages/providers")
    admin.press(admin.page.locator("main summary").first)
    form = admin.page.locator("details[open] form")
    form.locator("[name=weight]").fill("200")
    admin.press(form.get_by_role("button"))
    expect(admin.page.locator("#faults a"), "weight and reason").to_have_count(2)
    admin.see("provider-faults")
    form.locator("[name=weight]").fill("60")
    form.locator("[name=reason]").fill("عرض أسعار جديد")
    admin.press(form.get_by_role("button"))
    admin.page.get_by_text(admin.t("providers.steered")).wait_for()
    expect(admin.page.get_by_text("عرض أسعار جديد").first).to_be_visible()
    admin.see("providers")
