"""Pages that no errand leads through, looked at all the same: each is opened by who may, on a phone in Arabic or at a
desk in English, and is in order."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
import requests

from infra.demo.walk import API, Walk
from tests.journeys.conftest import Visitor, reads
from tests.journeys.following import follow
from tests.journeys.test_desk import paid
from tests.journeys.ways import WAYS

pytestmark = pytest.mark.journey
Visit = Callable[..., Visitor]

PUBLIC = ("/services", "/components", "/performance", "/services/shop-licence/form", "/offline", "/drafts", "/visits",
          "/complaints", "/verify", "/queue/EG-C-01")  # fmt: skip
STAFF = {
    "admin": ("/staff/links", "/staff/links/EG", "/staff/links/EG/recovered"),
    "manager": ("/staff/messages", "/staff/messages/wordings", "/staff/shifts", "/staff/visits", "/staff/quarantine",
                "/staff/portal-applications"),
    "clerk": ("/staff/messages/search", "/staff/preferences", "/staff/bindings"),
    "editor": ("/staff/guide/proposals", "/staff/guide/services/shop-licence/retirement", "/staff/guide/files"),
    "cashier": ("/staff/cashier/shift",),
    "accounts": ("/staff/finance/reviews", "/staff/finance/bills/new"),
}


@WAYS
def test_pages_for_everybody(visit: Visit, device: str, lang: str) -> None:
    visitor = visit(device, lang)
    for path in PUBLIC:
        answered = visitor.page.goto(f"{visitor.url}/{lang}{path}")
        assert answered is not None and answered.status == 200, path
        visitor.see("other" + path.replace("/", "-").lower())


@WAYS
@pytest.mark.parametrize("username", sorted(STAFF))
def test_pages_of_the_staff(visit: Visit, username: str, device: str, lang: str) -> None:
    visitor = visit(device, lang)
    visitor.log_in(username)
    for path in STAFF[username]:
        answered = visitor.page.goto(f"{visitor.url}/{lang}{path}")
        assert answered is not None and answered.status == 200, path
        visitor.see("other" + path.replace("/", "-").lower())


@WAYS
def test_a_file_from_the_heads_side_and_what_its_applicant_is_shown(
    visit: Visit, walk: Walk, device: str, lang: str
) -> None:
    number = paid(walk)
    task = walk.post("/tasks/next", {}, as_="officer")["task"]
    head = visit(device, lang)
    _opened(head, "head", f"/staff/desk/{task['task_id']}")
    head.go(f"/staff/late/{number}")
    reads(head.page, number)
    head.see("other-late-cause")
    walk.act("officer", "accept", number=number)
    task = walk.post("/tasks/next", {}, as_="inspector")["task"]
    _opened(visit(device, lang), "inspector", f"/staff/tasks/{task['task_id']}/applicant")


def _opened(person: Visitor, username: str, path: str) -> None:
    person.log_in(username)
    answered = person.page.goto(f"{person.url}/{person.lang}{path}")
    assert answered is not None and answered.status == 200, path
    person.see(f"other-{username}-file")


@WAYS
def test_a_complaint_and_a_visit_from_the_managers_side(visit: Visit, walk: Walk, device: str, lang: str) -> None:
    number = walk.lodge()["tracking_number"]
    manager, owner = visit(device, lang), visit(device, lang)
    follow(owner, number, walk.last4)
    owner.go(f"/follow/{number}/complaints")
    owner.page.locator("[name=kind][value=delay]").check()
    owner.page.fill("[name=text]", "قدمت الطلب قبل أسبوعين ولم يتصل بي أحد حتى اليوم")
    owner.press(owner.t("complain.send"))
    owner.page.wait_for_url("**/complaints/K-*")
    complaint = owner.page.url.rpartition("/")[2]
    manager.log_in("manager")
    manager.go(f"/staff/complaints/{complaint}")
    manager.see("other-staff-complaint")

    ordered = requests.post(f"{walk.url}{API}/visits", timeout=20, headers={
        "X-Phone-Last4": walk.last4, "Idempotency-Key": uuid.uuid4().hex}, json={
        "purpose": "inspection", "tracking_number": number, "address": "15 شارع سليم الأول، الزيتون"})  # fmt: skip
    assert ordered.status_code == 201, ordered.text
    manager.go(f"/staff/visits/{ordered.json()['visit_number']}")
    reads(manager.page, ordered.json()["visit_number"])
    manager.see("other-staff-visit")
