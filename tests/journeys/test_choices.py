"""A citizen without scripts chooses what messages come: from the page of the request and by the link of a mail; and a
clerk at the window."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable

import pytest
import requests

from infra.demo.walk import API, Walk, application
from tests.journeys.conftest import Visitor
from tests.journeys.test_other_ways import log_in

pytestmark = pytest.mark.journey
PHONES = {"phone": "01120000021", "desktop": "01120000022"}


def lodge(walk: Walk, phone: str, mailbox: str) -> str:
    body = application([{"code": one, "document_id": walk.upload(f"{one}.pdf")}
                        for one in ("id_copy", "lease_contract")])  # fmt: skip
    body["applicant"] |= {"phone": phone, "email": mailbox}
    answer = requests.post(walk.url + API + "/requests", json=body, headers={"Idempotency-Key": uuid.uuid4().hex},
                           timeout=20)  # fmt: skip
    assert answer.status_code == 201, answer.text
    return str(answer.json()["tracking_number"])


def link_of(operator: str, mailbox: str) -> str:
    """The path of the page that a mail to this mailbox leads to."""
    ends = time.monotonic() + 20
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
    page.locator("main form button").click()
    citizen.press("اختر الرسائل التي تصلك ولغتها")
    page.wait_for_url("**/messages")
    assert "الإخطارات القانونية" in page.inner_text("main") and phone not in page.content()
    citizen.see("90-choices")
    page.locator("[name='sms/language'][value='en']").check()
    page.locator("[name='email/receive'][value='false']").check()
    citizen.press("احفظ")
    assert "حُفظ اختيارك" in page.inner_text("main")
    assert page.locator("[name='sms/language'][value='en']").is_checked()
    citizen.see("91-choices-saved")

    stranger = visit(device)  # another browser, where nobody followed anything
    path = link_of(operator, mailbox)
    stranger.go(path.replace("/ar/", "/en/"))
    shown = stranger.page.inner_text("main")
    assert "E-mail to" in shown and "Text messages" not in shown and mailbox not in stranger.page.content()
    assert stranger.page.locator("[name='email/receive'][value='false']").is_checked()
    stranger.see("92-choices-by-link")
    stranger.page.locator("[name='email/receive'][value='true']").check()
    stranger.press("Save")
    assert "Your choice was saved" in stranger.page.inner_text("main")
    stranger.go(path[:-1] + ("A" if path[-1] != "A" else "B") + "x")
    assert stranger.page.locator("h1").is_visible()
    stranger.see("93-choices-link-unknown")

    clerk = visit(device)
    log_in(clerk, "clerk")
    clerk.go("/ar/staff/preferences")
    clerk.page.locator("[name='phone']").fill(phone)
    clerk.press("اعرض")
    assert "صفحة الطلب" in clerk.page.inner_text("main")
    clerk.page.locator("[name='receive'][value='false']").check()
    clerk.press("احفظ")
    assert "الشباك" in clerk.page.inner_text("main")
    clerk.see("94-choices-window")
