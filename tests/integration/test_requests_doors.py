"""The whole node over HTTP: a file that was sent back is withdrawn by its applicant, who is told so."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
import requests

from infra.demo.walk import API, Walk


@pytest.fixture
def walk(node: Any) -> Walk:
    return Walk(node.url, node.peers.pay)


def test_a_file_sent_back_is_withdrawn_by_its_applicant(node: Any, walk: Walk) -> None:
    number = walk.lodge()["tracking_number"]
    walk.pay_bill(number, "inspection")
    walk.act("officer", "send_back", "ينقص عقد إيجار موثق")
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
