"""The national portal on a phone and at a desk: from governorate to unit to service, an application with its documents,
and where a request stands while its governorate is heard of and when it is not. The centre's door is served over a real
database; a node tells it things, without a line between them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chassis.config import Role
from chassis.ids import uuid7
from infra.demo.walk import PASSWORD
from rules import numbering
from services.gateway import accounts
from tests.journeys.applicant import fill, send, values
from tests.journeys.conftest import Visitor, at, reads
from tests.journeys.ways import WAYS
from tests.support.centre_door import Door, served
from tests.support.centre_ground import Centre, request

pytestmark = pytest.mark.journey
Visit = Callable[..., Visitor]
OF_SUEZ = numbering.tracking_number("04", 2026, 7001, b"n" * 32)
OWNER = values({"shop_name": "بقالة النور", "activity": "retail", "address": "12 شارع النزهة", "area_m2": "42.5",
                "workers": 3, "tenure": "leased"})  # fmt: skip


@pytest.fixture(scope="module")
def centre(database_url: Callable[..., str]) -> Iterator[Centre]:
    made = Centre(database_url("gateway"))
    made.now = datetime.now(UTC)
    made.hear(made.offer("EG-C"), made.offer("EG-SUZ"))
    made.numbers(8)
    made.hear(made.arrival("EG-SUZ", "requests.request.submitted.v1", uuid7(), 1,
                           request(OF_SUEZ, unit="EG-SUZ-01", lodged_at=made.now)))
    yield made
    made.close()


@pytest.fixture(scope="module")
def url(centre: Centre) -> Iterator[str]:
    with served(Door(centre).app()) as address:
        yield address


@pytest.fixture(autouse=True)
def empty_desks(centre: Centre) -> None:
    """There are no desks at the centre; everybody is heard of now."""
    centre.now = datetime.now(UTC)
    with centre.database.transaction() as connection:
        connection.exec_driver_sql("UPDATE national_place SET applied_at = now()")


@WAYS
def test_an_application_for_cairo_is_made_at_the_national_portal_and_followed(
    visit: Visit, device: str, lang: str
) -> None:
    person = visit(device, lang)
    page = person.page
    person.go(f"/{lang}/")
    person.see("national-home")
    person.press(page.get_by_role("link", name={"ar": "القاهرة", "en": "Cairo"}[lang]))
    at(page, f"/{lang}/governorates/EG-C")
    person.see("national-governorate")
    person.press(page.get_by_role("link", name={"ar": "الزيتون", "en": "El Zeitoun"}[lang]).or_(
        page.locator("a[href$='/units/EG-C-01']")).first)
    at(page, "/units/EG-C-01")
    person.see("national-unit")
    person.press(page.locator("a.card").first)
    at(page, "/services/EG-C-01:shop-licence")
    person.press(person.t("service.apply"))
    person.see("national-apply")
    person.press(person.t("apply.start"))
    fill(person, OWNER)
    person.see("national-check")
    send(person)
    number = page.locator(".big-number").inner_text().strip()
    assert number.startswith("01-26-")
    person.see("national-received")
    person.press(person.t("received.next"))
    reads(page, number, {"ar": "سُلِّم إلى المحافظة", "en": "Handed to the governorate"}[lang])
    person.see("national-handed")


@WAYS
def test_a_governorate_that_gave_no_numbers_says_where_else_to_go(visit: Visit, device: str, lang: str) -> None:
    person = visit(device, lang)
    person.go("/governorates/EG-SUZ")
    reads(person.page, person.t("national.closed"))
    person.see("national-closed")


@WAYS
def test_a_request_is_followed_while_its_governorate_is_heard_of_and_when_it_is_cut_off(
    visit: Visit, centre: Centre, device: str, lang: str
) -> None:
    person = visit(device, lang)
    page = person.page
    person.go("/follow")
    page.locator("[name='tracking_number']").fill(OF_SUEZ)
    page.locator("[name='phone_last4']").fill("5678")
    person.press(person.t("inquiry.button"))
    at(page, f"/follow/{OF_SUEZ}")
    reads(page, person.t("national.kind.task", governorate={"ar": "السويس", "en": "Suez"}[lang]))
    assert person.t("national.line_down") not in page.inner_text("main")
    person.see("national-status")
    centre.now = centre.now + timedelta(minutes=5)
    page.reload()
    reads(page, person.t("national.line_down"))
    person.see("national-cut")


# -- a person of the unit --------------------------------------------------------------------------------------------

APPLICATION = {
    "application_id": str(uuid7()), "tracking_number": OF_SUEZ, "unit": "EG-SUZ-01", "service_code": "shop-licence",
    "state": "review", "codes": ["unit_unknown"], "lodged_at": "2026-03-01T10:00:00+00:00",
    "received_at": "2026-03-01T10:00:02+00:00", "request_id": None, "settled_at": None, "settled_by": None,
}  # fmt: skip
FILE: dict[str, Any] = {
    **APPLICATION, "reason": None, "documents": [{"code": "id_copy", "document_id": str(uuid7())}],
    "faults": [{"code": "unit_unknown", "field": "unit", "ar": "لا توجد وحدة محلية بهذا الكود.",
                "en": "There is no local unit with this code."}],
    "submission": {"applicant": {"kind": "citizen", "name": "محمود عبد الله", "phone": "+201012345678"},
                   "answers": {"shop_name": "بقالة النور"}},
}  # fmt: skip


@pytest.fixture(scope="module")
def node(centre: Centre) -> Iterator[tuple[str, Door]]:
    """The door of Suez, whose service of requests is played; its manager may come in."""
    door = Door(centre, role=Role.NODE, node="EG-SUZ")
    door.attempt(lambda work: accounts.create(
        work, username="suez-manager", password=PASSWORD, display_name="مدير المركز", roles=("centre_manager",),
        unit="EG-SUZ-01"))
    door.answers |= {
        "requests.portal_applications": {"applications": [APPLICATION], "next": None},
        "requests.portal_application": FILE,
        "requests.work": {}, "requests.attend": {},
        "requests.retry_portal_application": {**APPLICATION, "state": "lodged", "faults": []},
        "requests.close_portal_application": {"state": "closed"},
    }  # fmt: skip
    with served(door.app()) as address:
        yield address, door


@WAYS
def test_a_manager_looks_at_what_could_not_be_lodged_and_lodges_or_closes_it(
    visit: Visit, node: tuple[str, Door], device: str, lang: str
) -> None:
    address, door = node
    manager = visit(device, lang)
    manager.url = address
    page = manager.page
    manager.log_in("suez-manager")
    manager.go("/staff/portal-applications")
    reads(page, OF_SUEZ)
    manager.see("portal-review")
    manager.press(page.locator("a.row"))
    reads(page, FILE["faults"][0][lang], "محمود عبد الله", "بقالة النور")
    manager.see("portal-review-one")
    manager.press(manager.t("portal_review.close"))
    reads(page, {"ar": "هذا الحقل مطلوب", "en": "This field is required"}[lang])
    manager.see("portal-review-faults")
    page.locator("[name='reason']").fill("اتصلت بالمواطن وقُدّم من الشباك")
    manager.press(manager.t("portal_review.close"))
    reads(page, manager.t("portal_review.closed"))
    manager.press(page.locator("a.row"))
    page.locator("select[name='unit']").select_option("EG-SUZ-02")
    manager.press(manager.t("portal_review.retry"))
    reads(page, manager.t("portal_review.lodged"))
    asked = dict(door.called)["requests.retry_portal_application"]
    assert asked == {"application_id": APPLICATION["application_id"], "unit": "EG-SUZ-02"}
