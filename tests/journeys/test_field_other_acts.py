"""Missing documents brought, a print handed over, somebody who was not at home, and a browser that is killed."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Error, expect

from infra.demo.walk import Walk
from tests.journeys.conftest import CHROMIUM, Visitor
from tests.journeys.field_app import (
    HOLDER,
    HOLDER_PHONE,
    RENEWAL,
    UNIT,
    FieldApp,
    picture,
    planned_visit,
    renewal_visit,
)

DIGITS = HOLDER_PHONE[-4:]


def sent_back(walk: Walk) -> str:
    """A renewal whose officer wants a clearer picture; its number."""
    documents = [{"code": code, "document_id": walk.upload(code)} for code in ("id_copy", "former_licence", "tenure")]
    applicant = {"kind": "citizen", "name": HOLDER, "national_id": "28503150101232", "phone": HOLDER_PHONE,
                 "email": None, "language": "ar"}  # fmt: skip
    number = str(walk.post("/requests", {"service_code": "shop-renewal", "unit": UNIT, "applicant": applicant,
                                         "answers": RENEWAL, "documents": documents})["tracking_number"])  # fmt: skip
    walk.act("officer", "send_back", "صورة البطاقة غير واضحة", number=number)
    return number


def test_missing_documents_are_brought_and_a_print_is_handed_over(visit: Callable[..., Visitor], walk: Walk) -> None:
    visitor = visit("phone")
    app = FieldApp(visitor)
    device_id = app.set_up("لوح المستندات")
    renewal = renewal_visit(walk, device_id)
    missing = sent_back(walk)
    planned_visit(walk, device_id, {"purpose": "documents", "tracking_number": missing}, DIGITS)
    app.log_in()
    app.heading("field.today.title")
    app.take_along()
    app.wait_until_kept()
    app.cut()
    app.visitor.press(app.page.locator("a.card", has_text=f"{app.t('field.purpose.documents')} ·"))
    app.press("field.completion.button")
    app.heading("field.completion.title")
    app.press("field.completion.keep")
    expect(app.page.locator(".summary")).to_contain_text(app.t("field.completion.nothing"))
    app.photograph("documents/id_copy", picture(app.page))
    visitor.see("field-completion")
    app.press("field.completion.keep")
    app.heading("field.report.title")
    app.page.check("[name=outcome][value=done]")
    visitor.see("field-report")
    app.press("field.report.keep")
    app.heading("field.today.title")
    app.visitor.press(app.page.locator("a.card", has_text=f"{app.t('field.purpose.renewal')} ·"))
    app.press("field.release.button")
    app.page.check("[name=way][value=cash]")
    app.page.check("[name=taken]")
    app.press("field.release.confirm")
    app.heading("field.paper.released")
    serial = app.page.locator(".paper .number").first.inner_text()
    app.mend()
    app.sync()
    app.wait_until_synced()
    assert set(app.standing().values()) == {"applied"}
    assert walk.status(missing)["state"] == "document_review"
    walk.until(lambda: walk.status(renewal), lambda found: found["state_kind"] == "end")
    walk.act("officer", "accept", number=missing)

    # the print that the centre drew is brought another time
    walk.fetch_licence(renewal)
    planned_visit(walk, device_id, {"purpose": "delivery", "tracking_number": renewal}, DIGITS)
    app.take_along()
    app.visitor.press(app.page.locator("a.card", has_text=f"{app.t('field.purpose.delivery')} ·"))
    app.press("field.delivery.button")
    app.heading("field.delivery.title")
    app.page.check("[name=receiver][value=representative]")
    app.press("field.delivery.keep")
    expect(app.page.locator(".summary")).to_contain_text(app.t("field.delivery.name_wrong"))
    app.page.fill("[name=receiver_name]", "حسن محمود عبد الله")
    app.sign()
    visitor.see("field-delivery")
    app.press("field.delivery.keep")
    app.heading("field.report.title")
    app.page.check("[name=outcome][value=done]")
    app.press("field.report.keep")
    app.heading("field.today.title")
    app.sync()
    app.wait_until_synced()
    assert set(app.standing().values()) == {"applied"}
    assert walk.get(f"/register/{serial}", as_="head")["status"] == "valid"


def test_whoever_was_not_at_home_is_told_and_the_ticket_is_void(visit: Callable[..., Visitor], walk: Walk) -> None:
    app = FieldApp(visit("phone"))
    device_id = app.set_up("لوح الغائبين")
    number = renewal_visit(walk, device_id)
    app.log_in()
    app.heading("field.today.title")
    app.take_along("shop-renewal")
    app.visitor.press(app.page.locator("a.card", has_text=HOLDER))
    app.press("field.report.button")
    app.heading("field.report.title")
    app.press("field.report.keep")
    expect(app.page.locator(".summary")).to_contain_text(app.t("field.report.choose"))
    app.page.check("[name=outcome][value=missed]")
    app.page.fill("[name=note]", "المحل مغلق")
    app.press("field.report.keep")
    app.heading("field.today.title")
    expect(app.page.locator("a.card .mark")).to_have_text(app.t("field.reported.missed"))
    app.visitor.press(app.page.locator("a.card", has_text=HOLDER))
    app.heading("field.purpose.renewal")
    expect(app.page.get_by_role("button", name=app.t("field.release.button")), "the ticket goes back").to_have_count(0)
    app.sync()
    app.wait_until_synced()
    [ticket] = walk.get(f"/devices/{device_id}", as_="admin")["tickets"]
    assert (ticket["state"], ticket["reason"], ticket["tracking_number"]) == ("void", "visit_missed", number)


def _killed(profile: Path) -> None:
    """The browser of this profile is gone at once, with all its processes."""
    found = subprocess.run(["pgrep", "-f", f"user-data-dir={profile}"], capture_output=True, text=True, check=False)
    pids = [int(pid) for pid in found.stdout.split()]
    assert pids
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def test_a_browser_that_is_killed_has_lost_nothing(browser: Browser, url: str, walk: Walk, tmp_path: Path) -> None:
    profile = tmp_path / "profile"

    def start() -> tuple[BrowserContext, FieldApp]:
        context = browser.browser_type.launch_persistent_context(
            str(profile), executable_path=CHROMIUM, args=["--no-sandbox", "--disable-background-networking"],
            viewport={"width": 360, "height": 740})  # fmt: skip
        return context, FieldApp(Visitor(context.pages[0], url, "phone", []))

    context, app = start()
    device_id = app.set_up("لوح انطفأ")
    number = renewal_visit(walk, device_id)
    app.log_in()
    app.heading("field.today.title")
    app.take_along("shop-renewal")
    app.wait_until_kept()
    app.cut()
    app.visitor.press(app.page.locator("a.card", has_text=HOLDER))
    app.press("field.release.button")
    app.page.check("[name=way][value=cash]")
    app.page.check("[name=taken]")
    app.press("field.release.confirm")
    app.heading("field.paper.released")
    serial = app.page.locator(".paper .number").first.inner_text()
    _killed(profile)
    with contextlib.suppress(Error):
        context.close()

    context, app = start()
    context.set_offline(True)
    app.visitor.go("/field")  # the machine comes up, still without a network
    app.unlock()
    app.heading("field.today.title")
    assert app.standing() == {1: "pending", 2: "pending"}
    context.set_offline(False)
    app.sync()
    app.wait_until_synced()
    status: dict[str, Any] = walk.until(lambda: walk.status(number), lambda found: found["state_kind"] == "end")
    assert status["licence_serial"] == serial
    context.close()
