"""A day of the mobile district on a tablet without a line: a licence on the spot, an application with photos, a tab
that dies, an answer that is lost; afterwards everything is at the node, once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

from infra.demo.walk import Walk
from tests.journeys.conftest import Visitor
from tests.journeys.field_app import (
    ADDRESS,
    HOLDER,
    PAPER,
    UNIT,
    FieldApp,
    lose_answers,
    picture,
    planned_visit,
    renewal_visit,
)
from tests.journeys.ways import WAYS
from tests.support.days import today

AT = {"geolocation": {"latitude": 30.104, "longitude": 31.312}, "permissions": ["geolocation"]}
PERSON = "سعاد علي حسن"


@WAYS
def test_a_day_without_a_line(visit: Callable[..., Visitor], walk: Walk, device: str, lang: str) -> None:
    visitor = visit(device, lang, **AT)
    phone = f"0119876{('phone', 'desktop').index(device)}{('ar', 'en').index(lang)}32"  # one open visit a person
    app = FieldApp(visitor)
    device_id = app.set_up(f"لوح {lang} {device}")
    visitor.see("field-login")
    renewal = renewal_visit(walk, device_id)
    planned_visit(walk, device_id, {"purpose": "intake", "service_code": "shop-renewal", "unit": UNIT,
                                    "person": {"name": PERSON, "phone": phone}})  # fmt: skip
    app.log_in()
    app.heading("field.today.title")
    app.take_along("shop-renewal")
    expect(app.page.locator("a.card")).to_have_count(2)
    visitor.see("field-today")

    # the network is cut: a licence is handed over
    app.wait_until_kept()
    app.cut()
    app.visitor.press(app.page.locator("a.card", has_text=HOLDER))
    expect(app.page.locator("main")).to_contain_text(ADDRESS)
    visitor.see("field-visit")
    app.press("field.release.button")
    app.heading("field.release.title")
    app.photograph("photos", picture(app.page))
    app.press("field.place.ask")
    expect(app.page.locator("[data-field=place] .kept")).to_be_visible()
    app.sign()
    app.press("field.release.confirm")
    expect(app.page.locator(".summary li")).to_have_count(2)  # how it was paid, and that the money is there
    visitor.see("field-release-faults")
    app.page.check("[name=way][value=cash]")
    app.page.check("[name=taken]")
    app.press("field.release.confirm")
    app.heading("field.paper.released")
    code = app.page.locator("svg.qr").get_attribute("data-text")
    assert code is not None and code.startswith("SHB2.")
    serial = app.page.locator(".paper .number").first.inner_text()
    visitor.see("field-licence")
    assert walk.get(f"/licences/{serial}/verification")["status"] == "not_reported_yet"

    # an application is begun; the tab dies and comes back without a network
    app.page.goto(f"{app.page.url.split('#')[0]}#/")
    app.visitor.press(app.page.locator("a.card", has_text=PERSON))
    app.press("field.intake.button")
    app.heading("field.step.applicant")
    expect(app.page.locator("[name='applicant/name']")).to_have_value(PERSON)
    app.press("field.next")
    expect(app.page.locator(".summary")).to_be_visible()  # the national ID is missing
    visitor.see("field-applicant-faults")
    app.fill_applicant(PERSON, phone)
    app.press("field.next")
    app.heading("field.step.answers")
    app.fill_renewal()
    visitor.see("field-answers")
    app.press("field.next")
    app.heading("field.step.documents")
    app.photograph("documents/id_copy", picture(app.page))
    app.kill()
    app.unlock()
    app.heading("field.today.title")
    app.visitor.press(app.page.locator("a.card", has_text=PERSON).first)
    app.heading("field.step.documents")
    expect(app.page.locator("[data-field='documents/id_copy'] .taken li")).to_have_count(1)
    app.photograph("documents/former_licence", picture(app.page, 900, 600))
    app.photograph("documents/tenure", PAPER)
    visitor.see("field-documents")
    app.press("field.next")
    app.heading("field.step.check")
    visitor.see("field-check")
    app.press("field.intake.keep")
    app.heading("field.paper.taken")
    number = app.page.locator(".paper .big-number").inner_text()
    visitor.see("field-taken")

    # what waits is in sight; without a line nothing goes, and nothing is lost
    app.sync()
    expect(app.page.locator(".said")).to_have_text(app.t("field.sync.line", count=3))
    visitor.see("field-outbox")
    assert set(app.standing().values()) == {"pending"}

    # the line is back but loses an answer: the item is sent again and takes effect once
    lost = lose_answers(app.page, f"/devices/{device_id}/items", times=1)
    with app.page.expect_event("requestfailed", lambda request: request.url.endswith("/items")):
        app.mend()  # it uploads by itself
    expect(app.page.locator(".said")).to_have_text(app.t("field.sync.line", count=3))
    assert lost() == 1 and set(app.standing().values()) == {"pending"}
    app.sync()
    app.wait_until_synced()
    assert app.standing() == {1: "applied", 2: "applied", 3: "applied"}
    visitor.see("field-synced")
    status = walk.until(lambda: walk.status(renewal), lambda found: found["state_kind"] == "end")
    assert status["licence_serial"] == serial
    verified = walk.get(f"/licences/{serial}/verification")
    assert (verified["status"], verified["qr"]) == ("valid", code)
    bill = walk.bill(renewal, "final")
    assert bill and bill["state"] == "paid"
    taken = walk.until(lambda: _followed(walk, number, phone[-4:]), bool)
    assert taken["tracking_number"] == number
    standing = walk.get(f"/devices/{device_id}/items", as_="field")
    assert (standing["highest"], standing["missing"], standing["applied"]) == (3, [], 3)
    assert app.page.evaluate("import('/static/field/db.js').then((m) => m.db()).then((b) => b.count('papers'))") == 0


def _followed(walk: Walk, number: str, digits: str) -> dict[str, Any]:
    answer = walk.http.get(f"{walk.url}/api/v1/requests/{number}", headers={"X-Phone-Last4": digits}, timeout=20)
    return dict(answer.json()) if answer.status_code == 200 else {}


def test_a_card_at_the_terminal_is_taken_by_its_slip(visit: Callable[..., Visitor], walk: Walk) -> None:
    visitor = visit("phone")
    app = FieldApp(visitor)
    device_id = app.set_up("لوح البطاقات")
    number = renewal_visit(walk, device_id)
    app.log_in()
    app.heading("field.today.title")
    app.take_along("shop-renewal")
    app.visitor.press(app.page.locator("a.card", has_text=HOLDER).first)
    app.press("field.release.button")
    app.page.check("[name=way][value=slip]")
    app.page.check("[name=taken]")
    app.press("field.release.confirm")
    expect(app.page.locator(".summary li")).to_have_count(4)
    visitor.see("field-slip-faults")
    for name, value in (("terminal_id", "1000 0001"), ("batch", "١٢"), ("approval_code", "a1b2c3"), ("last4", "4242")):
        app.page.fill(f"[name='slip/{name}']", value)
    app.press("field.release.confirm")
    app.heading("field.paper.released")
    expect(app.page.locator(".receipt")).to_contain_text("10000001 / A1B2C3")
    app.sync()
    app.wait_until_synced()
    # No terminal stands in the demo: the money is held for a person, and the licence is the citizen's.
    assert app.standing()[1] == "applied"
    bill = walk.until(lambda: walk.bill(number, "final"), lambda found: bool(found) and found["state"] != "created")
    assert bill["state"] in ("under_review", "paid")


def test_the_evening_before_the_next_days_visits_are_taken_along(visit: Callable[..., Visitor]) -> None:
    visitor = visit("phone")
    app = FieldApp(visitor)
    app.set_up("لوح الغد")
    app.log_in()
    app.heading("field.today.title")
    app.page.goto(f"{app.page.url.split('#')[0]}#/take")
    app.heading("field.take.title")
    days = app.page.locator("[name=day] option")
    assert [one.get_attribute("value") for one in days.all()] == [
        (today() + timedelta(days=ahead)).isoformat() for ahead in range(8)]
    visitor.see("field-take")
    _, tomorrow = days.nth(1).inner_text().split("، ")
    app.page.locator("[name=day]").select_option(index=1)
    app.press("field.take.button")
    expect(app.page.locator(".lead")).to_contain_text(tomorrow)


def test_a_server_that_cannot_be_reached_is_no_line(visit: Callable[..., Visitor]) -> None:
    visitor = visit("phone")
    app = FieldApp(visitor)
    app.set_up("لوح بلا خادم")
    app.page.context.route("**/api/v1/sessions", lambda route: route.abort("connectionrefused"))
    app.log_in()
    expect(app.page.locator(".summary")).to_contain_text(app.t("field.line.none"))
    app.page.context.unroute("**/api/v1/sessions")
    app.choose_pin()
    app.heading("field.today.title")
    app.page.context.route("**/api/v1/**", lambda route: route.abort("connectionrefused"))
    app.press("field.take.button")
    expect(app.page.locator(".notice.bad")).to_contain_text(app.t("field.line.none"))
    visitor.see("field-no-server")


@pytest.mark.parametrize("lang", ["ar", "en"])
def test_it_can_be_installed_and_opens_without_a_network(visit: Callable[..., Visitor], lang: str) -> None:
    visitor = visit("phone", lang)
    app = FieldApp(visitor)
    visitor.go("/field")
    app.heading("field.setup.title")
    visitor.see("field-setup")
    manifest = app.page.evaluate("fetch(document.querySelector('link[rel=manifest]').href).then((a) => a.json())")
    assert manifest["start_url"] == manifest["scope"] == f"/{lang}/field" and manifest["display"] == "standalone"
    assert {"192x192", "512x512"} <= {icon["sizes"] for icon in manifest["icons"]}
    app.wait_until_kept()
    app.cut()
    app.page.reload()
    app.heading("field.setup.title")
    assert app.page.evaluate("document.fonts.ready.then(() => document.fonts.check('16px Cairo'))")
