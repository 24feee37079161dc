"""What comes over the line and waits for a person: an agency's answer that fits no letter, at a node's desk; and what
the centre orders of a node. The services behind the doors are played."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from chassis.config import Role
from chassis.ids import uuid7
from infra.demo.walk import PASSWORD
from services.gateway import accounts
from services.gateway.tables import metadata
from tests.journeys.conftest import Visitor, reads
from tests.journeys.ways import WAYS
from tests.support.centre_door import Door, served
from tests.support.centre_ground import Centre

pytestmark = pytest.mark.journey
Visit = Callable[..., Visitor]
AT = "2026-11-22T10:00:00+00:00"
ANSWER: dict[str, Any] = {
    "answer_id": str(uuid7()), "number": "L-C-2026-000004-F", "body": "civil-defence", "agency": "civil-defence",
    "agency_name": {"ar": "الحماية المدنية", "en": "Civil Defence"}, "opinion": "refused",
    "answered_on": "2026-11-20", "reference": "ص/77", "has_note": True, "given_at": AT, "arrived_at": AT,
    "state": "aside", "why": "withdrawn", "unit": "EG-C-01", "tracking_number": None, "settled_at": None,
    "settled_by": None, "letter_number": None}  # fmt: skip
LETTER = {"number": "L-C-2026-000009-K", "tracking_number": "01-26-0000009-4", "sent_on": "2026-11-18"}


@pytest.fixture(scope="module")
def ground(database_url: Callable[..., str]) -> Iterator[Centre]:
    made = Centre(database_url("gateway"))
    yield made
    made.close()


def _door(ground: Centre, role: Role, node: str, username: str, *roles: str, **where: str) -> Door:
    door = Door(ground, role=role, node=node)
    door.attempt(lambda work: accounts.create(
        work, username=username, password=PASSWORD, display_name="موظف", roles=roles,
        unit=where.get("unit"), department=where.get("department")))
    return door


@pytest.fixture(scope="module")
def node(ground: Centre) -> Iterator[tuple[str, Door]]:
    door = _door(ground, Role.NODE, "EG-C", "line-officer", "department_head", unit="EG-C-01", department="licensing")
    door.answers |= {
        "requests.letter_answers": {"answers": [ANSWER], "next": None},
        "requests.letter_answer": {**ANSWER, "note": "لا مانع بشرط", "candidates": [LETTER]},
        "requests.attach_letter_answer": {"answer_id": ANSWER["answer_id"], "state": "recorded",
                                          "number": LETTER["number"]},
        "requests.settle_letter_answer": {"answer_id": ANSWER["answer_id"], "state": "seen"},
        "requests.work": {}, "requests.attend": {},
    }  # fmt: skip
    with served(door.app()) as address:
        yield address, door


@pytest.fixture(scope="module")
def url(ground: Centre) -> Iterator[str]:
    door = _door(ground, Role.CENTRE, "EG", "line-operator", "administrator")
    with served(door.app()) as address:
        yield address


@pytest.fixture(autouse=True)
def empty_desks() -> None:
    """There are no desks behind these doors."""


@WAYS
def test_an_answer_that_fits_no_letter_is_read_and_dealt_with(
    visit: Visit, node: tuple[str, Door], device: str, lang: str
) -> None:
    address, door = node
    officer = visit(device, lang)
    officer.url = address
    officer.log_in("line-officer")
    officer.go("/staff/letter-answers")
    reads(officer.page, ANSWER["number"], ANSWER["agency_name"][lang])
    officer.see("letter-answers")
    officer.go(f"/staff/letter-answers/{ANSWER['answer_id']}")
    reads(officer.page, "لا مانع بشرط")
    officer.see("letter-answer")
    officer.page.locator("[name='remark']").fill("أُبلغت الوحدة")
    officer.press(officer.page.locator("main form button").last)
    officer.page.wait_for_url("**done=answer_settled*")
    asked = dict(door.called)["requests.settle_letter_answer"]
    assert asked == {"answer_id": ANSWER["answer_id"], "remark": "أُبلغت الوحدة"}


@WAYS
def test_an_answer_that_quoted_another_number_is_recorded_on_the_letter_that_waits_for_it(
    visit: Visit, node: tuple[str, Door], device: str, lang: str
) -> None:
    address, door = node
    officer = visit(device, lang)
    officer.url = address
    officer.log_in("line-officer")
    officer.go(f"/staff/letter-answers/{ANSWER['answer_id']}")
    reads(officer.page, LETTER["number"], LETTER["tracking_number"])
    officer.page.locator("[name='number']").fill(LETTER["number"])
    officer.page.locator("[name='because']").fill("أكدته الجهة هاتفياً")
    officer.press(officer.page.locator("form[action$='/letter'] button"))
    officer.page.wait_for_url("**done=answer_attached*")
    asked = dict(door.called)["requests.attach_letter_answer"]
    assert asked == {"answer_id": ANSWER["answer_id"], "number": LETTER["number"], "remark": "أكدته الجهة هاتفياً"}


@WAYS
def test_the_centre_orders_of_a_node_what_is_declared(visit: Visit, device: str, lang: str) -> None:
    operator = visit(device, lang)
    operator.log_in("line-operator")
    operator.go("/staff/links/EG-SUZ/commands?command=resend")
    reads(operator.page, {"ar": "السويس", "en": "Suez"}[lang])
    operator.see("link-commands")


def restored(ground: Centre) -> None:
    """The centre was restored; Suez has given back nothing, its counts differ, and one of its messages is parked."""
    rows = {
        "link_sent": {"epoch": 2, "sent": 40, "applied": 40, "backed_up": 12, "incarnation": 1,
                      "receipt_at": ground.now, "heard_at": ground.now, "skew_ms": 40, "version": "1.8.0",
                      "state": "restored", "peer_epoch": 1, "peer_counter": 1, "counter": 1,
                      "lost": {"1": [801, 1000]}, "written_off": {}},
        "link_parked": {"id": uuid7(), "epoch": 1, "sequence": 77, "type": "requests.request.moved.v1",
                        "reason": "not_applied", "detail": "NotItsOwn: EG-SUZ tells of unit EG-C-01", "digest": b"d",
                        "position": 5, "body": b"b", "count": 3, "first_at": ground.now, "last_at": ground.now},
        "link_told": {"day": ground.now.date() - timedelta(days=1), "told_at": ground.now,
                      "differs": {"payments.bill.paid.v1": [10, 9]}},
    }  # fmt: skip
    with ground.database.transaction() as connection:
        for name, row in rows.items():
            table = metadata.tables[name]
            connection.execute(table.delete().where(table.c.peer == "EG-SUZ"))
            connection.execute(table.insert().values(peer="EG-SUZ", **row))


@WAYS
def test_what_a_restored_centre_waits_for_in_vain_is_written_off(
    ground: Centre, visit: Visit, device: str, lang: str
) -> None:
    restored(ground)
    operator = visit(device, lang)
    operator.log_in("line-operator")
    operator.go("/staff/links")
    operator.see("links")
    operator.go("/staff/links/EG-SUZ")
    reads(operator.page, "801", {"ar": "لا تستقبل البوابة القومية", "en": "takes no application"}[lang])
    operator.press(operator.page.locator("section[aria-labelledby='lost'] summary"))
    operator.see("link-lost")
    form = operator.page.locator("form[action$='/write-off']")
    operator.press(form.locator("button"))
    reads(operator.page, {"ar": "اكتب السبب", "en": "Give the reason"}[lang])
    operator.see("link-lost-unexplained")
    form.locator("[name='reason']").fill("أكد مشغل السويس أنها لم تعد عندهم")
    operator.press(form.locator("button"))
    operator.page.wait_for_selector("form[action$='/write-off']", state="detached")
    [row] = ground.rows("SELECT lost, written_off FROM link_sent WHERE peer = 'EG-SUZ'")
    assert (row.lost, row.written_off) == ({}, {"1": 1000})
