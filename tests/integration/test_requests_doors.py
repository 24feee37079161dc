"""The whole node over HTTP: a file that was sent back is withdrawn by its applicant, who is told so; another one goes
to two desks at once."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
import requests

from infra.demo.walk import API, PHONE, Walk


@pytest.fixture
def walk(node: Any) -> Walk:
    return Walk(node.url, node.peers.pay)


def test_a_file_sent_back_is_withdrawn_by_its_applicant(node: Any, walk: Walk) -> None:
    number = walk.lodge()["tracking_number"]
    walk.pay_bill(number, "inspection")
    walk.act("officer", "send_back", "ينقص عقد إيجار موثق", number)
    inquiry = {"X-Phone-Last4": walk.last4}
    timeline = f"{node.url}{API}/requests/{number}/timeline"
    shown = walk.until(lambda: requests.get(timeline, headers=inquiry, timeout=20).json(),
                       lambda found: found["state_kind"] == "applicant")
    assert [action["code"] for action in shown["actions"]] == ["resubmit", "withdraw"]

    headers = {**inquiry, "Idempotency-Key": str(uuid.uuid4())}
    answers = [requests.post(f"{node.url}{API}/requests/{number}/completion", json={"action": "withdraw"},
                             headers=headers, timeout=20) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200], answers[0].text
    assert answers[0].json() == answers[1].json()
    ended = requests.get(timeline, headers=inquiry, timeout=20).json()
    assert (ended["outcome"], ended["actions"], len(ended["entries"])) == ("withdrawn", [], 4)
    walk.until(node.settled, bool)
    walk.until(lambda: any(number in sms["text"] and "ينقص عقد" in sms["text"] for sms in node.peers.sms()), bool)
    told = node.sql("notifications", "SELECT template FROM message WHERE request_id = %s", ended["request_id"])
    assert "withdrawn" in {row.template for row in told}


ANSWERS = {"card_number": "77120045", "plate": "س م ر 4521", "beside": "home", "place_area": "حدائق القبة",
           "place_street": "شارع مصر والسودان", "place_building_number": "112", "garage": False}
PAPERS = ("id_copy", "services_card", "car_licence", "residence")


def test_a_file_that_goes_to_two_desks_at_once(node: Any, walk: Walk) -> None:
    """A place for a disabled driver's car: the roads department looks at it and asks the traffic police meanwhile."""
    for username, role, department in (("window", "officer", "citizens_service"), ("surveyor", "inspector", "roads"),
                                       ("letters", "officer", "roads")):  # fmt: skip
        node.employ(username, role, department)
    lodged = walk.post("/requests", {
        "service_code": "disability-parking", "unit": "EG-C-01", "answers": ANSWERS,
        "applicant": {"kind": "citizen", "name": "هدى سمير", "national_id": "28503150101232", "phone": PHONE},
        "documents": [{"code": code, "document_id": walk.upload(f"{code}.pdf")} for code in PAPERS]})  # fmt: skip
    number = lodged["tracking_number"]
    walk.act("window", "accept", number=number)

    shown = walk.status(number)
    assert (shown["state_kind"], shown["department"]) == ("parallel", None)
    assert [(one["code"], one["done"]) for one in shown["branches"]] == [("roads", False), ("traffic", False)]
    assert shown["branches"][1]["body"]["en"] and shown["branches"][0]["body"] is None
    assert walk.act("letters", "agree", number=number)["state_kind"] == "parallel"
    assert [one["done"] for one in walk.status(number)["branches"]] == [False, True]
    assert walk.act("surveyor", "agree", number=number)["state"] == "decision"
    walk.act("head", "approve", number=number)
    walk.act("letters", "marked", number=number)

    ended = walk.status(number)
    assert (ended["outcome"], ended["branches"]) == ("approved", [])
    timeline = walk.get(f"/requests/{number}/timeline", headers={"X-Phone-Last4": walk.last4})
    assert [(one["branch"], one["department"]) for one in timeline["entries"][2:4]] == [
        ("traffic", "roads"), ("roads", "leadership")]  # fmt: skip
    walk.until(node.settled, bool)
    told = node.sql("notifications", "SELECT template FROM message WHERE request_id = %s AND channel = 'sms' "
                    "ORDER BY created_at", lodged["request_id"])  # fmt: skip
    assert [row.template for row in told][:4] == ["request_received", "moved", "moved", "moved"]
    assert len(node.sql("payments", "SELECT 1 AS n FROM bill WHERE request_id = %s", lodged["request_id"])) == 0
