"""Choosing what messages come, over HTTP against the whole node: by number and digits, by a mailbox's one click, by a
text sent back, at the window."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable
from typing import Any

import pytest
import requests

from infra.demo.walk import API, Walk
from tests.support.citizens import Citizen


@pytest.fixture
def walk(node: Any) -> Walk:
    return Walk(node.url, node.peers.pay)


@pytest.fixture
def citizen(node: Any) -> Citizen:
    return Citizen(node.url, node.peers)


def told(node: Any, number: str) -> dict[str, tuple[str, str]]:
    """What was made for a request: channel and template → language and state."""
    found = node.sql("notifications", "SELECT channel || '/' || template AS told, m.language, m.state FROM message m "
                     "JOIN recipient USING (request_id) WHERE tracking_number = %s", number)
    return {row.told: (row.language, row.state) for row in found}


def until(condition: Callable[[], Any], seconds: float = 60.0) -> Any:
    ends = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < ends, "it did not come to that in time"
        time.sleep(0.05)
    return found


def choose(citizen: Citizen, number: str, *choices: dict[str, Any]) -> requests.Response:
    return requests.post(f"{citizen.url}{API}/requests/{number}/preferences", json={"choices": list(choices)}, headers={
        "X-Phone-Last4": citizen.phone[-4:], "Idempotency-Key": uuid.uuid4().hex}, timeout=20)  # fmt: skip


def test_a_citizen_chooses_a_language_for_texts_and_a_mailbox_stops_mail(
    node: Any, walk: Walk, citizen: Citizen
) -> None:
    mailbox = f"{uuid.uuid4().hex}@example.org"
    first = citizen.lodge(walk.papers(), email=mailbox)
    mail = until(lambda: node.peers.mail(mailbox))[0]
    answer = choose(citizen, first, {"channel": "sms", "receive": True, "language": "en"})
    assert answer.status_code == 200
    shown = {one["channel"]: one for one in answer.json()["addresses"]}
    assert (shown["sms"]["language"], shown["email"]["receive"]) == ("en", True)
    assert shown["email"]["address"] == f"{mailbox[0]}***@example.org"

    page = re.search(rf"{re.escape(node.url)}(/ar/messages/[A-Za-z0-9_-]{{43}})\b", mail["text"])
    assert page is not None
    assert requests.get(node.url + page[1], timeout=20).status_code == 200
    clicked = requests.post(f"{node.url}{page[1]}/stop", data={"List-Unsubscribe": "One-Click"}, timeout=20)
    assert (clicked.status_code, clicked.history) == (200, [])

    second = citizen.lodge(walk.papers(), email=mailbox)
    made = until(lambda: found if "email/payment_needed" in (found := told(node, second)) else None)
    assert "email/request_received" not in made
    assert made["sms/request_received"][0] == "en"  # and the bill, a legal notice, came by mail all the same


def test_wrong_digits_choose_nothing(walk: Walk, citizen: Citizen) -> None:
    number = citizen.lodge(walk.papers())
    citizen.phone = citizen.phone[:-4] + f"{(int(citizen.phone[-4:]) + 1) % 10_000:04d}"
    answer = choose(citizen, number, {"channel": "sms", "receive": False, "language": None})
    assert (answer.status_code, answer.json()["code"]) == (404, "tracking_unknown")


def test_a_text_sent_back_stops_texts_and_a_clerk_lets_them_come_again(
    node: Any, walk: Walk, citizen: Citizen
) -> None:
    citizen.lodge(walk.papers())
    until(lambda: node.peers.sms("2" + citizen.phone))
    node.peers.write_back("2" + citizen.phone, "إيقاف")

    def chosen() -> dict[str, Any]:
        found: dict[str, Any] = walk.post("/preferences/search", {"phone": citizen.phone}, as_="clerk")
        return found

    stopped = until(lambda: None if (found := chosen())["receive"] else found)
    assert [one["door"] for one in stopped["history"]] == ["reply"]
    again = walk.post("/preferences", {"phone": citizen.phone, "receive": True, "language": None}, as_="clerk")
    assert again["receive"] and "القانونية" in again["always"]["ar"]
    assert [one["door"] for one in chosen()["history"]] == ["window", "reply"]
