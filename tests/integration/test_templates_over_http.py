"""What citizens are told, changed through a whole node: written by an editor, put in force by the centre's manager, and
heard by the next applicant."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
import requests

from infra.demo.walk import API, Walk
from tests.integration.test_bad_input import problem

PATH = "/message-templates/request_received"
SMS = "سُجل طلبك {tracking_number}.[[service? الخدمة: {service}.]] تابعه: {link}"


@pytest.fixture
def walk(node: Any) -> Walk:
    for name, role, unit in (("wording", "message_editor", None), ("wording-2", "message_editor", None),
                             ("manager", "centre_manager", "EG-C-01")):
        if not node.sql("gateway", "SELECT 1 FROM account WHERE username = %s", name):
            node.employ(name, role, None, unit)
    return Walk(node.url, node.peers.pay)


def refused(walk: Walk, path: str, body: Any, as_: str, status: int, code: str) -> dict[str, Any]:
    answer = requests.post(f"{walk.url}{API}{path}", json=body, timeout=20, headers={
        "Idempotency-Key": str(uuid.uuid4()), "Authorization": f"Bearer {walk.token(as_)}"})
    problem(answer, status, code)
    return dict(answer.json())


def heard(node: Any, walk: Walk) -> str:
    """The first SMS about a fresh request."""
    number = walk.lodge()["tracking_number"]

    def sms() -> str | None:
        return next((one["text"] for one in node.peers.sms()
                     if one["complete"] and number in one["text"] and "150.00" not in one["text"]), None)  # no bill

    return str(walk.until(sms, bool))


def test_a_wording_is_written_reviewed_heard_and_withdrawn(node: Any, walk: Walk) -> None:
    listed = {one["code"]: one for one in walk.get("/message-templates", as_="manager")["templates"]}
    assert listed["request_received"]["origin"] == "shipped"
    given = walk.get(PATH, as_="wording")["wording"]
    given["ar"]["sms"] = SMS
    looks = walk.post(f"{PATH}/preview", {"wording": given, "values": {"service": "رخصة بناء"}}, as_="wording")
    assert looks["sms"]["text"].startswith("سُجل طلبك \u200e01-26-73634017-B. الخدمة: رخصة بناء. تابعه: ")
    assert node.url in looks["sms"]["text"] and looks["sms"]["parts"] == 2 and 'dir="rtl"' in looks["email"]["html"]

    written = walk.post(f"{PATH}/versions", {"wording": given}, as_="wording")
    at = f"{PATH}/versions/{written['version']}"
    refused(walk, f"{at}/approval", {"revision": 1}, "wording", 403, "forbidden")
    proposed = walk.post(f"{at}/submission", {"revision": written["revision"]}, as_="wording")
    assert heard(node, walk).startswith("استلمنا طلبك")
    refused(walk, f"{at}/approval", {"revision": 1}, "manager", 409, "template_changed")
    stands = walk.post(f"{at}/approval", {"revision": proposed["revision"]}, as_="manager")
    assert stands["state"] == "in_force"
    walk.until(lambda: heard(node, walk), lambda text: text.startswith("سُجل طلبك"))
    told = node.sql("notifications", "SELECT DISTINCT template_version AS v FROM message "
                    "WHERE template = 'request_received' ORDER BY 1")
    assert {1, written["version"]} <= {row.v for row in told}
    old = walk.get(f"{PATH}/versions/1", as_="manager")
    assert old["wording"]["ar"]["sms"].startswith("استلمنا طلبك")

    walk.post(f"{at}/withdrawal", {"revision": stands["revision"]}, as_="manager")
    walk.until(lambda: heard(node, walk), lambda text: text.startswith("استلمنا طلبك"))


def test_a_bad_wording_is_answered_with_every_fault_and_nothing_of_it_is_kept(node: Any, walk: Walk) -> None:
    given = walk.get(PATH, as_="wording")["wording"]
    given["ar"] |= {"sms": "خبر " * 335, "body": ["<script>alert(1)</script>", "{amount}"], "button": "\u202eافتح"}
    given["en"] = None
    answer = refused(walk, f"{PATH}/versions", {"wording": given}, "wording-2", 422, "wording_too_many_parts")
    assert {(one["code"], one["field"]) for one in answer["errors"]} == {
        ("wording_too_many_parts", "wording/ar/sms"), ("wording_markup", "wording/ar/body/0"),
        ("wording_placeholder_unknown", "wording/ar/body/1"), ("wording_control", "wording/ar/button"),
        ("wording_language_missing", "wording/en")}
    refused(walk, f"{PATH}/preview", {"wording": given}, "wording-2", 422, "wording_too_many_parts")
    refused(walk, f"{PATH}/preview", {"values": {"service": ""}}, "wording-2", 422, "wording_value_missing")
    refused(walk, "/message-templates/unheard_of/versions", {"wording": given}, "wording-2", 404,
            "message_kind_unknown")
    open_ones = node.sql("notifications", "SELECT 1 FROM template_version WHERE state IN ('draft', 'proposed')")
    assert open_ones == []
