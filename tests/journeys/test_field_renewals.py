"""The other licences that the mobile district renews on the spot, beside a shop's: decided at the centre, handed over
without a line from a reserved serial and paid in cash; and an application for one more taken by the same clerk."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from infra.demo.walk import Walk
from rules import conditions
from tests.journeys.applicant import photo
from tests.journeys.conftest import Visitor, reads
from tests.journeys.field_app import HOLDER, HOLDER_PHONE, UNIT, FieldApp, picture, planned_visit
from tests.journeys.test_services_on_a_phone import DEFINITIONS, departments_act
from tests.support.guide_walks import usual

pytestmark = pytest.mark.journey
PERSON = "هدى كمال رزق"


def asked(definition: dict[str, Any]) -> list[str]:
    """The documents that the guide's first example has to bring."""
    answers = definition["examples"][0]["answers"]
    return [one["code"] for one in definition["documents"]
            if one["required"] and conditions.holds(one.get("when"), answers)]  # fmt: skip


def decided(walk: Walk, definition: dict[str, Any]) -> str:
    """A renewal of this service that waits for nothing but its last fee; its number."""
    papers = []
    for code in asked(definition):
        picture: Any = photo(f"{code}.jpg")
        kept = walk.post("/documents", {"file_name": picture["name"],
                                        "content": base64.b64encode(picture["buffer"]).decode()})  # fmt: skip
        papers.append({"code": code, "document_id": kept["document_id"]})
    applicant = {"kind": "citizen", "name": HOLDER, "national_id": "28503150101232", "phone": HOLDER_PHONE,
                 "email": None, "language": "ar"}  # fmt: skip
    number = str(walk.post("/requests", {
        "service_code": definition["code"], "unit": UNIT, "applicant": applicant,
        "answers": definition["examples"][0]["answers"], "documents": papers})["tracking_number"])  # fmt: skip
    states = definition["workflow"]["states"]
    departments_act(walk, definition, number,
                    [step for step in usual(definition)[0] if states[step.state]["kind"] == "task"])
    walk.until(lambda: walk.bill(number, "final"), bool)
    return number


@pytest.mark.parametrize(("code", "device", "lang"), [
    ("road-occupancy-renewal", "phone", "ar"), ("advertisement-renewal", "phone", "en"),
    pytest.param("road-occupancy-renewal", "desktop", "en", marks=pytest.mark.slow),
    pytest.param("advertisement-renewal", "desktop", "ar", marks=pytest.mark.slow),
])
def test_it_is_renewed_on_the_spot(
    visit: Callable[..., Visitor], walk: Walk, code: str, device: str, lang: str
) -> None:
    definition = DEFINITIONS[code]
    phone = f"0115{('phone', 'desktop').index(device)}{len(code):02d}1234"
    app = FieldApp(visit(device, lang))
    device_id = app.set_up(f"لوح {code[:8]} {device}")
    number = decided(walk, definition)
    planned_visit(walk, device_id, {"purpose": "renewal", "tracking_number": number}, HOLDER_PHONE[-4:])
    planned_visit(walk, device_id, {"purpose": "intake", "service_code": code, "unit": UNIT,
                                    "person": {"name": PERSON, "phone": phone}})  # fmt: skip
    app.log_in()
    app.heading("field.today.title")
    app.take_along(code)
    expect(app.page.locator("a.card")).to_have_count(2)
    app.wait_until_kept()
    app.cut()

    app.visitor.press(app.page.locator("a.card", has_text=HOLDER))
    app.press("field.release.button")
    app.heading("field.release.title")
    app.page.check("[name=way][value=cash]")
    app.page.check("[name=taken]")
    app.press("field.release.confirm")
    app.heading("field.paper.released")
    reads(app.page, definition["name"]["ar"])  # the licence's own words
    serial = app.page.locator(".paper .number").first.inner_text()
    app.visitor.see(f"field-released-{code}")

    app.page.goto(f"{app.page.url.split('#')[0]}#/")
    app.visitor.press(app.page.locator("a.card", has_text=PERSON))
    app.press("field.intake.button")
    app.heading("field.step.applicant")
    app.fill_applicant(PERSON, phone)
    app.press("field.next")
    app.heading("field.step.answers")
    app.fill_answers(definition["examples"][0]["answers"])
    app.visitor.see(f"field-answers-{code}")
    app.press("field.next")
    app.heading("field.step.documents")
    for document in asked(definition):
        app.photograph(f"documents/{document}", picture(app.page, 900, 600))
    app.press("field.next")
    app.heading("field.step.check")
    app.press("field.intake.keep")
    app.heading("field.paper.taken")
    taken = app.page.locator(".paper .big-number").inner_text()

    app.mend()
    app.sync()
    app.wait_until_synced()
    assert set(app.standing().values()) == {"applied"}
    status = walk.until(lambda: walk.status(number), lambda found: found["state_kind"] == "end")
    assert status["licence_serial"] == serial
    assert walk.get(f"/licences/{serial}/verification")["status"] == "valid"
    bill = walk.bill(number, "final")
    assert bill is not None and bill["state"] == "paid"
    found = walk.http.get(f"{walk.url}/api/v1/requests/{taken}", headers={"X-Phone-Last4": phone[-4:]}, timeout=20)
    assert found.status_code == 200 and found.json()["service_code"] == code
