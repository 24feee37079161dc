"""Money that a rail of the centre's took for governorates: the centre's page of it, a refund of which only the rail's
statement can tell, and how such a refund stands at its governorate. The doors are served over a real database; the
services of money are played."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from chassis.config import Role
from infra.demo.walk import PASSWORD
from services.gateway import accounts
from tests.journeys.conftest import Visitor, at, reads
from tests.journeys.ways import WAYS
from tests.support.centre_door import Door, served
from tests.support.centre_ground import Centre
from tests.unit.gateway.test_charge_pages import CHARGE, DAYS, DOUBT, OTHER_ID, of_centre

pytestmark = pytest.mark.journey
Visit = Callable[..., Visitor]
CHARGES: list[dict[str, Any]] = [
    {**CHARGE, "stands": "told", "paid_amount": 12_050, "given_back": 0},
    {**CHARGE, "node": "EG-SUZ", "bill_number": "B-SUZ-2026-000007-4", "stands": "refunded"},
    {**CHARGE, "node": "EG-ASN", "bill_number": "B-ASN-2026-000003-1", "stands": "paid", "paid_amount": 12_050,
     "given_back": 0},
    {**CHARGE, "bill_number": "B-C-2026-000002-9", "stands": "wished", "paid_amount": None, "paid_at": None,
     "given_back": 0},
    {**CHARGE, "bill_number": "B-C-2026-000003-7", "stands": "ended", "paid_amount": None, "paid_at": None,
     "reference": None, "given_back": 0}]


def door_of(ground: Centre, role: Role, node: str, user: str) -> Door:
    door = Door(ground, role=role, node=node)
    door.attempt(lambda work: accounts.create(
        work, username=user, password=PASSWORD, display_name="مدير الشئون المالية", roles=("finance_officer",),
        unit=None))
    door.answers |= {"requests.work": {}, "requests.attend": {}}
    return door


@pytest.fixture(scope="module")
def ground(database_url: Callable[..., str]) -> Iterator[Centre]:
    made = Centre(database_url("gateway"))
    made.now = datetime.now(UTC)
    yield made
    made.close()


@pytest.fixture(scope="module")
def centre(ground: Centre) -> Iterator[tuple[str, Door]]:
    door = door_of(ground, Role.CENTRE, "EG", "centre-finance")
    with served(door.app()) as address:
        yield address, door


@pytest.fixture(scope="module")
def node(ground: Centre) -> Iterator[tuple[str, Door]]:
    door = door_of(ground, Role.NODE, "EG-SUZ", "suez-finance")
    with served(door.app()) as address:
        yield address, door


@pytest.fixture(scope="module")
def url(centre: tuple[str, Door]) -> str:
    return centre[0]


@pytest.fixture(autouse=True)
def empty_desks() -> None:
    """There are no desks here."""


@WAYS
def test_finance_at_the_centre_sees_what_came_for_whom_and_says_what_a_statement_shows(
    visit: Visit, centre: tuple[str, Door], device: str, lang: str
) -> None:
    _, door = centre
    door.answers |= {"payments.charges": {"charges": CHARGES, "next": None},
                     "payments.charges_by_day": {"days": DAYS, "in_doubt": [DOUBT], "in_doubt_more": 0},
                     "payments.settle_charge_refund": {"refund_id": OTHER_ID, "state": "done"}}
    officer = visit(device, lang)
    page = officer.page
    officer.log_in("centre-finance")
    officer.go("/staff/finance/charges")
    reads(page, "361.50", {"ar": "السويس", "en": "Suez"}[lang], officer.t("charges.in_doubt"))
    officer.see("charges")
    page.locator("[name='until']").fill("2026-03-01")
    page.locator("[name='since']").fill("2026-03-05")
    officer.press(officer.t("board.show"))
    reads(page, {"ar": "92", "en": "92 days at most"}[lang])
    officer.see("charges-faults")
    officer.go("/staff/finance/charges?node=EG-SUZ&stands=refunded")
    asked = dict(door.called)["payments.charges"]
    assert (asked["node"], asked["stands"]) == ("EG-SUZ", "refunded")
    officer.press(page.locator("a.card.late"))
    at(page, f"/staff/finance/charges/refunds/{OTHER_ID}")
    reads(page, DOUBT["bill_number"])
    officer.press(officer.t("charges.tell"))
    reads(page, {"ar": "هذا الحقل مطلوب", "en": "This field is required"}[lang])
    officer.see("charge-refund-faults")
    page.locator("[name='given_back'][value='yes']").check()
    page.locator("[name='reference']").fill("R-9")
    page.locator("[name='reason']").fill("كشف فوري ليوم 2 مارس")
    officer.see("charge-refund")
    officer.press(officer.t("charges.tell"))
    reads(page, officer.t("charges.settled.done"))
    said = dict(door.called)["payments.settle_charge_refund"]
    assert (said["refund_id"], said["given_back"], said["reference"]) == (OTHER_ID, True, "R-9")


@WAYS
def test_finance_of_a_governorate_sees_where_a_refund_at_the_centre_stands(
    visit: Visit, node: tuple[str, Door], device: str, lang: str
) -> None:
    address, door = node
    officer = visit(device, lang)
    officer.url = address
    page = officer.page
    officer.log_in("suez-finance")
    for state, error in (("sent", "rail_unreachable: timed out"), ("refused", "rail_refused: code 9935"),
                         ("uncertain", None)):
        door.answers["payments.refunds"] = {"refunds": [of_centre(state, error)], "credits": []}
        officer.go("/staff/finance/refunds")
        reads(page, officer.t("finance.way_centre"))
        officer.press(page.locator("a.card"))
        reads(page, officer.t(f"finance.at_centre.{'waits' if state == 'sent' else state}"))
        if error:
            reads(page, officer.t(f"finance.centre_why.{error.partition(':')[0]}"))
        officer.see(f"refund-at-centre-{state}")
