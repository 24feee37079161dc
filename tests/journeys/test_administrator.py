"""An administrator takes somebody on, changes what they may do, ends their sessions, and reads who did what."""

from __future__ import annotations

import secrets

from playwright.sync_api import expect

from tests.journeys.conftest import at, reads
from tests.journeys.ways import WAYS

TEMPORARY = "temporary-0001"


@WAYS
def test_somebody_is_taken_on_changed_and_kept_out_and_the_audit_says_so(visit, device, lang):
    admin = visit(device, lang)
    admin.log_in("admin")
    name = f"new-{secrets.token_hex(4)}"
    admin.go("/staff/people")
    admin.see("people")
    admin.press(admin.t("people.new"))
    admin.page.fill("[name=username]", name)
    admin.page.fill("[name=password]", "short")
    admin.press(admin.t("people.create"))
    faults = admin.page.locator("#faults a")
    expect(faults.nth(2), "name, role and password are all said at once").to_be_visible()
    expect(admin.page.locator("[name=username]")).to_have_value(name)
    admin.see("person-faults")
    admin.page.fill("[name=password]", TEMPORARY)
    admin.page.fill("[name=display_name]", "هبة سالم")
    admin.page.check("[name=roles][value=officer]")
    admin.page.select_option("[name=unit]", "EG-C-01")
    admin.page.select_option("[name=department]", "licensing")
    admin.press(admin.t("people.create"))
    admin.page.get_by_text(admin.t("people.done.made")).wait_for()
    admin.see("person")

    colleague = visit("desktop", lang)
    colleague.log_in(name, TEMPORARY)
    colleague.go("/staff/account")
    at(colleague.page, "/staff/account")

    about = admin.page.locator("form.group").first
    about.locator("[name=roles][value=officer]").uncheck()
    about.locator("[name=roles][value=inspector]").check()
    about.locator("[name=reason]").fill("انتقلت إلى المعاينات")
    admin.press(admin.t("people.change"))
    admin.page.get_by_text(admin.t("people.done.changed")).wait_for()

    admin.press(admin.page.locator("summary", has_text=admin.t("people.deactivate")))
    form = admin.page.locator("details[open] form")
    admin.press(form.get_by_role("button"))
    expect(admin.page.locator("#faults a"), "a reason is asked for").to_have_count(1)
    form = admin.page.locator("details[open] form")
    form.locator("[name=reason]").fill("تركت العمل بالمركز")
    admin.press(form.get_by_role("button"))
    admin.page.get_by_text(admin.t("people.done.deactivated")).wait_for()
    colleague.page.reload()
    at(colleague.page, "/login")
    account_id = admin.page.url.rpartition("/")[2].partition("?")[0]

    admin.go("/staff/audit")
    admin.see("audit")
    admin.page.select_option("[name=service]", "gateway")
    admin.page.fill("[name=subject]", account_id)
    admin.press(admin.t("audit.search"))
    reads(admin.page, "account.created", "account.changed", "account.deactivated", within="table")
    admin.see("audit-found")


@WAYS
def test_roles_and_parked_events_are_looked_at(visit, device, lang):
    admin = visit(device, lang)
    admin.log_in("admin")
    admin.go("/staff/roles")
    admin.press(admin.page.locator("summary").nth(3))
    admin.see("roles")
    admin.go("/staff/parked")
    for service in ("catalog", "requests", "payments", "notifications", "gateway"):
        expect(admin.page.get_by_role("link", name=service, exact=True)).to_have_count(1)
    expect(admin.page.get_by_text(admin.t("parked.none"))).to_be_visible()
    admin.see("parked")
