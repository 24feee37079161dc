"""A window whose line to the node is down: the clerk takes applications on the device all the same, prints a receipt,
and all of it is at the node when the line is back."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect

from infra.demo.walk import Walk
from tests.journeys.conftest import Visitor
from tests.journeys.field_app import PAPER, FieldApp, picture
from tests.journeys.ways import WAYS


@WAYS
def test_a_window_goes_on_without_its_line(visit: Callable[..., Visitor], walk: Walk, device: str, lang: str) -> None:
    app = FieldApp(visit(device, lang))
    device_id = app.set_up(f"شباك {device} {lang}", kind="window")
    app.log_in("clerk")
    app.heading("field.today.window")
    app.take_along("shop-renewal")
    app.page.context.route("**/api/v1/**", lambda route: route.abort("connectionrefused"))  # the node is out of reach

    phone = f"0128000{('phone', 'desktop').index(device)}{('ar', 'en').index(lang)}77"
    numbers = []
    for person in ("رضا عبد العزيز", "نجلاء فوزي"):
        app.page.goto(f"{app.page.url.split('#')[0]}#/")
        app.heading("field.today.window")
        expect(app.page.locator("a.card"), "a window makes no visits").to_have_count(0)
        app.press("field.intake.new")
        app.visitor.press(app.page.locator("button.card").first)
        app.heading("field.step.applicant")
        app.fill_applicant(person, phone)
        app.press("field.next")
        app.heading("field.step.answers")
        app.fill_renewal()
        app.press("field.next")
        app.heading("field.step.documents")
        app.photograph("documents/id_copy", picture(app.page, 800, 500))
        app.photograph("documents/former_licence", PAPER)
        app.photograph("documents/tenure", PAPER)
        app.press("field.next")
        expect(app.page.locator(".summary li")).to_have_count(1)  # one file for two documents
        app.photograph("documents/tenure", {**PAPER, "buffer": PAPER["buffer"] + b"%tenure"})
        app.press("field.next")
        app.heading("field.step.check")
        app.press("field.intake.keep")
        app.heading("field.paper.taken")
        numbers.append(app.page.locator(".paper .big-number").inner_text())
    app.visitor.see("field-window-receipt")
    app.sync()
    expect(app.page.locator(".said")).to_have_text(app.t("field.sync.line", count=2))
    app.kill()  # the page dies, and the machine starts again

    app.page.context.unroute("**/api/v1/**")
    app.unlock()
    app.sync()
    app.wait_until_synced()
    assert app.standing() == {1: "applied", 2: "applied"}
    app.visitor.see("field-window-synced")
    for number in numbers:
        found = walk.http.get(f"{walk.url}/api/v1/requests/{number}", headers={"X-Phone-Last4": phone[-4:]}, timeout=20)
        assert found.status_code == 200 and found.json()["tracking_number"] == number
    standing = walk.get(f"/devices/{device_id}/items", as_="clerk")
    assert (standing["missing"], standing["applied"], standing["quarantined"]) == ([], 2, 0)
