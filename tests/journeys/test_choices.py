"""A citizen without scripts chooses what messages come: from the page of the request and by the link of a mail; and a
clerk at the window."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable

import pytest
import requests
from playwright.sync_api import expect

from infra.demo.walk import API, Walk, application
from tests.journeys.conftest import PATIENCE, Visitor, reads
from tests.journeys.test_other_ways import log_in

pytestmark = pytest.mark.journey
PHONES = {"phone": "01120000021", "desktop": "01120000022"}


def lodge(walk: Walk, phone: str, mailbox: str) -> str:
    body = application(walk.papers())
    body["applicant"] |= {"phone": phone, "email": mailbox}
    answer = requests.post(walk.url + API + "/requests", json=body, headers={"Idempotency-Key": uuid.uuid4().hex},
                           timeout=20)  # fmt: skip
    assert answer.status_code == 201, answer.text
    return str(answer.json()["tracking_number"])


def link_of(operator: str, mailbox: str) -> str:
    """The path of the page that a mail to this mailbox leads to."""
    ends = time.monotonic() + PATIENCE
    while True:
        kept = requests.get(f"{operator}/mail", params={"to": mailbox}, timeout=10).json()["messages"]
        found = re.search(r"/ar/messages/[A-Za-z0-9_-]{43}\b", kept[0]["text"]) if kept else None
        if found:
            return found[0]
        assert time.monotonic() < ends, "no mail came"
        time.sleep(0.1)


@pytest.mark.parametrize("device", ["phone", "desktop"])
def test_choose_from_the_request_by_the_link_and_at_the_window(
    visit: Callable[[str], Visitor], walk: Walk, operator: str, device: str
) -> None:
    phone, mailbox = PHONES[device], f"{uuid.uuid4().hex}@example.org"
    number = lodge(walk, phone, mailbox)
    citizen = visit(device)
    page = citizen.page
    citizen.go(f"/ar/follow?number={number}")
    page.locator("[name='phone_last4']").fill(phone[-4:])
    citizen.press(page.locator("main form button"))
    citizen.press("اختر الرسائل التي تصلك ولغتها")
    page.wait_for_url("**/messages")
    reads(page, "الإخطارات القانونية")
    assert phone not in page.content()
    citizen.see("90-choices")
    page.locator("[name='sms/language'][value='en']").check()
    page.locator("[name='email/receive'][value='false']").check()
    citizen.press("احفظ")
    reads(page, "حُفظ اختيارك")
    expect(page.locator("[name='sms/language'][value='en']")).to_be_checked()
    citizen.see("91-choices-saved")

    stranger = visit(device)  # another browser, where nobody followed anything
    path = link_of(operator, mailbox)
    stranger.go(path.replace("/ar/", "/en/"))
    reads(stranger.page, "E-mail to")
    expect(stranger.page.locator("main")).not_to_contain_text("Text messages", use_inner_text=True)
    assert mailbox not in stranger.page.content()
    expect(stranger.page.locator("[name='email/receive'][value='false']")).to_be_checked()
    stranger.see("92-choices-by-link")
    stranger.page.locator("[name='email/receive'][value='true']").check()
    stranger.press("Save")
    reads(stranger.page, "Your choice was saved")
    stranger.go(path[:-1] + ("A" if path[-1] != "A" else "B") + "x")
    expect(stranger.page.locator("h1")).to_be_visible()
    stranger.see("93-choices-link-unknown")

    clerk = visit(device)
    log_in(clerk, "clerk")
    clerk.go("/ar/staff/preferences")
    clerk.page.locator("[name='phone']").fill(phone)
    clerk.press("اعرض")
    reads(clerk.page, "صفحة الطلب")
    clerk.page.locator("[name='receive'][value='false']").check()
    clerk.press("احفظ")
    reads(clerk.page, "الشباك")
    clerk.see("94-choices-window")
