"""A day of the mobile district in a node of real processes: ordered, decided, planned, taken along, done without a
line, uploaded; and what a tablet may not send."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from infra.demo.walk import _PDF as PDF
from infra.demo.walk import API, PHONE, Walk
from tests.support.days import working_day
from tests.support.tablet import FieldTablet
from tests.support.tablet_line import HttpLine, LineDown, equip

UNIT = "EG-C-01"
ADDRESS = "15 شارع سليم الأول، الزيتون"
RENEWAL = {"ground": "limited", "former_licence": "SHL-2021-000123", "months_late": 0, "unchanged": True,
           "shop_name": "ركن القهوة", "shop_area": "الزيتون", "shop_street": "شارع سليم الأول", "area_m2": "45"}
PAPERS = {code: PDF + code.encode() for code in ("id_copy", "former_licence", "tenure")}


@pytest.fixture(scope="module")
def walk(node: Any) -> Walk:
    node.employ("trade-head", "department_head", "licensing")
    node.employ("district-manager", "centre_manager", None)
    return Walk(node.url, node.peers.pay)


@pytest.fixture
def line(walk: Walk) -> HttpLine:
    return HttpLine(walk, "field")


@pytest.fixture
def tablet(node: Any, walk: Walk) -> FieldTablet:
    return equip(node, walk, lambda: datetime.now(UTC), UNIT)


@pytest.fixture
def quiet(node: Any, walk: Walk) -> Iterator[None]:
    yield
    walk.until(node.settled, bool)


def applicant(phone: str = PHONE) -> dict[str, Any]:
    return {"kind": "citizen", "name": "محمود عبد الله حسن", "national_id": "28503150101232", "phone": phone,
            "email": None, "language": "ar"}  # fmt: skip


def lodge_renewal(walk: Walk) -> str:
    documents = [{"code": code, "document_id": walk.upload(code)} for code in PAPERS]
    return str(walk.post("/requests", {"service_code": "shop-renewal", "unit": UNIT, "applicant": applicant(),
                                       "answers": RENEWAL, "documents": documents})["tracking_number"])  # fmt: skip


def texts(node: Any, number: str) -> str:
    return " ".join(one["text"] for one in node.peers.sms() if number in one["text"])


def test_a_day_in_the_field(node: Any, walk: Walk, line: HttpLine, tablet: FieldTablet, quiet: None) -> None:
    # the renewal is decided at the node
    number = lodge_renewal(walk)
    walk.act("officer", "accept", number=number)
    walk.act("trade-head", "approve", number=number)
    walk.until(lambda: walk.bill(number, "final"), bool)

    # the citizen orders a visit, the centre plans it
    order = requests.post(f"{node.url}{API}/visits", timeout=20, json={
        "purpose": "renewal", "tracking_number": number, "address": ADDRESS},
        headers={"X-Phone-Last4": walk.last4, "Idempotency-Key": str(uuid.uuid4())})  # fmt: skip
    assert order.status_code == 201, order.text
    visit, day = order.json()["visit_number"], working_day()
    planned = walk.post(f"/visits/{visit}/plan", {"device_id": str(tablet.id), "clerk": "field",
                                                  "day": day.isoformat()}, as_="district-manager")  # fmt: skip
    assert planned["state"] == "planned"
    walk.until(lambda: texts(node, visit), bool)  # told by SMS

    # the tablet takes along what it needs, and the line is cut
    bundle = tablet.take_along(line, day=day.isoformat(), services=["shop-renewal"], numbers=3)
    [given] = bundle["tickets"]
    ticket = given["ticket"]
    assert tablet.visit("renewal")["address"] == ADDRESS and ticket["amount"] == walk.bill(number, "final")["total"]  # type: ignore[index]
    line.up = False

    released = tablet.release(ticket)
    tablet.report(tablet.visit("renewal"), after=released)
    taken = tablet.intake({"service_code": "shop-renewal", "unit": UNIT, "applicant": applicant("01211112222"),
                           "answers": {**RENEWAL, "former_licence": "SHL-2021-000777"}}, PAPERS)  # fmt: skip
    reserved = json.loads(taken.signed["body"])["tracking_number"]
    with pytest.raises(LineDown):
        tablet.upload(line)
    assert walk.get(f"/licences/{ticket['serial']}/verification")["status"] == "not_reported_yet"

    # the line is back
    line.up = True
    answers = tablet.upload(line)
    assert [one["result"] for one in answers] == ["applied"] * 3, answers
    status = walk.until(lambda: walk.status(number), lambda found: found["state_kind"] == "end")
    assert status["licence_serial"] == ticket["serial"]
    verified = walk.get(f"/licences/{ticket['serial']}/verification")
    assert verified["status"] == "valid" and verified["qr"] == json.loads(released.signed["body"])["qr"]
    bill = walk.bill(number, "final")
    assert bill and (bill["state"], bill["total"]) == ("paid", ticket["amount"])
    drawer = node.sql("payments", "SELECT coalesce(sum(amount), 0) AS taken FROM entry WHERE account = %s",
                      f"cash:device.{tablet.id}")[0]
    [receipt] = node.sql("payments", "SELECT * FROM receipt WHERE bill_id = %s", bill["bill_id"])
    assert (drawer.taken, receipt.amount, receipt.book_serial) == (ticket["amount"], ticket["amount"], 1)
    fresh = requests.get(f"{node.url}{API}/requests/{reserved}", headers={"X-Phone-Last4": "2222"}, timeout=20)
    assert fresh.status_code == 200 and fresh.json()["state"] == "document_review"
    walk.until(lambda: texts(node, reserved) and texts(node, number), bool)
    assert requests.get(f"{node.url}{API}/visits/{visit}", headers={"X-Phone-Last4": walk.last4},
                        timeout=20).json()["state"] == "done"  # fmt: skip

    # everything again: the same answers, and nothing twice
    walk.until(node.settled, bool)
    before = node.sql("requests", "SELECT (SELECT count(*) FROM request) AS r, (SELECT count(*) FROM licence) AS l, "
                                  "(SELECT count(*) FROM event_log) AS e")
    assert [tablet.send(line, kept) for kept in tablet.queue] == answers
    walk.until(node.settled, bool)
    assert node.sql("requests", "SELECT (SELECT count(*) FROM request) AS r, (SELECT count(*) FROM licence) AS l, "
                                "(SELECT count(*) FROM event_log) AS e") == before
    standing = line.standing(tablet)
    assert (standing["highest"], standing["missing"], standing["applied"], standing["quarantined"]) == (3, [], 3, 0)
    walk.act("officer", "accept", number=reserved)  # nothing is left open for other tests


def test_the_quarantine_over_http(walk: Walk, line: HttpLine, tablet: FieldTablet, quiet: None) -> None:
    tablet.take_along(line, numbers=1)
    kept = tablet.keep("teleport", "{}")
    [answer] = tablet.upload(line)
    assert answer["result"] == "quarantined" and answer["faults"][0]["code"] == "item_kind_unknown"
    item = kept.signed["item_id"]
    assert item in {one["item_id"] for one in walk.get("/offline-items", as_="district-manager")["items"]}
    assert walk.get(f"/offline-items/{item}", as_="district-manager")["body"] == "{}"
    assert walk.post(f"/offline-items/{item}/retry", {}, as_="district-manager")["result"] == "quarantined"
    closed = walk.post(f"/offline-items/{item}/closing", {"reason": "جُرّب الجهاز فقط"}, as_="district-manager")
    assert closed["state"] == "closed"
    shown = walk.get(f"/offline-items/{item}", as_="district-manager")
    assert (shown["state"], shown["body"], shown["reason"]) == ("closed", "{}", "جُرّب الجهاز فقط")


def test_an_order_of_nobody_known_is_cancelled_again(walk: Walk, node: Any, quiet: None) -> None:
    ordered = walk.post("/visits", {"purpose": "intake", "service_code": "shop-renewal", "unit": UNIT,
                                    "person": {"name": "سعاد علي حسن", "phone": "01155556666"}, "address": ADDRESS})
    path, headers = f"{node.url}{API}/visits/{ordered['visit_number']}", {"X-Phone-Last4": "6666"}
    assert requests.get(path, headers=headers, timeout=20).json()["may_cancel"] is True
    assert requests.get(path, headers={"X-Phone-Last4": "1111"}, timeout=20).json()["code"] == "visit_unknown"
    again = {**headers, "Idempotency-Key": str(uuid.uuid4())}
    for _ in range(2):  # the same answer
        assert requests.post(f"{path}/cancellation", headers=again, timeout=20).json()["state"] == "cancelled"
    walk.until(lambda: texts(node, ordered["visit_number"]), bool)


BAD = [
    ({"body": "x" * (48 * 1024 + 1)}, 413, "item_too_large"), ({"body": "x" * 300_000}, 413, "too_large"),
    ({"number": 0}, 422, "field_invalid"), ({"number": "1"}, 422, "field_invalid"),
    ({"number": 2**60}, 422, "field_invalid"), ({"kind": None}, 422, "field_invalid"),
    ({"device_time": None}, 422, "field_invalid"), ({"signature": "AAAA"}, 403, "item_not_genuine"),
    ({"item_id": "7"}, 422, "field_invalid"), ({"surprise": 1}, 422, "field_unknown"),
    ({"after": "x"}, 422, "field_invalid"), ({"documents": [{"sha256": "x"}]}, 422, "field_invalid"),
    ({"kind": "report\u202e"}, 422, "field_invalid"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "status", "code"), BAD)
def test_what_a_tablet_may_not_send_is_answered_in_both_languages_and_kept_nowhere(
    node: Any, line: HttpLine, tablet: FieldTablet, change: dict[str, Any], status: int, code: str
) -> None:
    tablet.taken = {"bundle_id": str(uuid.uuid4())}
    good = tablet.keep("report", {"visit_id": str(uuid.uuid4()), "outcome": "done"}).signed
    sent = {name: value for name, value in {**good, **change}.items() if name != "device_id"}
    if status == 413 and code == "item_too_large":
        sent = {name: value for name, value in tablet.sign({**good, **change}).items() if name != "device_id"}
    answer = line.offer(str(tablet.id), sent, key=str(uuid.uuid4()))
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (status, code), problem
    for error in problem["errors"]:
        assert error["ar"] and error["en"] and error["ar"] != error["en"] and "{" not in error["ar"] + error["en"]
    assert node.sql("requests", "SELECT count(*) AS n FROM offline_item WHERE device_id = %s", str(tablet.id))[0].n == 0


@pytest.mark.parametrize(("who", "method", "path", "code"), [
    (None, "POST", "/devices/{d}/bundle", "unauthenticated"), ("officer", "POST", "/devices/{d}/bundle", "forbidden"),
    ("cashier", "POST", "/devices/{d}/items", "forbidden"), ("officer", "GET", "/offline-items", "forbidden"),
    ("clerk", "POST", "/devices/{d}/bundle", "forbidden"),  # a tablet is not for a window
    ("field", "GET", "/offline-items", "forbidden"), ("field", "GET", "/visits", "forbidden"),
    ("district-manager", "POST", "/devices/{d}/items", "forbidden"), (None, "GET", "/visits", "unauthenticated"),
    ("clerk", "POST", "/visits/V-C-2026-000001-R/plan", "forbidden")])
def test_only_who_may(
    node: Any, walk: Walk, tablet: FieldTablet, who: str | None, method: str, path: str, code: str
) -> None:
    headers = {"Idempotency-Key": str(uuid.uuid4()), **({"Authorization": f"Bearer {walk.token(who)}"} if who else {})}
    answer = requests.request(method, f"{node.url}{API}{path.format(d=tablet.id)}", headers=headers, timeout=20,
                              json={} if method == "POST" else None)
    assert answer.json()["code"] == code


def test_a_clerk_that_nobody_knows_is_given_no_visit(walk: Walk, node: Any, tablet: FieldTablet) -> None:
    for clerk in ("nobody", "officer", "field\u0001"):
        answer = requests.post(
            f"{node.url}{API}/visits/V-C-2026-000001-R/plan", timeout=20,
            json={"device_id": str(tablet.id), "clerk": clerk, "day": "2030-01-01"},
            headers={"Idempotency-Key": str(uuid.uuid4()),
                     "Authorization": f"Bearer {walk.token('district-manager')}"})  # fmt: skip
        assert answer.json()["code"] == "visit_clerk_unknown"
