"""A citizen without scripts: log in by a code that comes to the phone, find the own request; and at the window, the
phone bound to the card."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable

import pytest
import requests
from playwright.sync_api import expect

from infra.demo.walk import API, Walk, application
from tests.journeys.conftest import PATIENCE, Visitor, at, reads
from tests.journeys.test_other_ways import log_in

pytestmark = pytest.mark.journey
NATIONAL_IDS = {"phone": "27203120112345", "desktop": "27203120112353"}
PHONES = {"phone": "01120000011", "desktop": "01120000012"}


def code_of(operator: str, phone: str, nth: int) -> str:
    """The nth code that came to the phone."""
    ends = time.monotonic() + PATIENCE
    while True:
        sent = requests.get(f"{operator}/sms", params={"to": "2" + phone}, timeout=10).json()["messages"]
        found = [re.search(r" ([0-9]{6})$", one["text"].partition("\n")[0]) for one in sent]
        codes = list(dict.fromkeys(one[1] for one in found if one))  # a message may come twice
        if len(codes) >= nth:
            return codes[nth - 1]
        assert time.monotonic() < ends, f"no code came: {sent}"
        time.sleep(0.1)


def lodge(walk: Walk, national_id: str, phone: str, token: str | None) -> str:
    """Lodge a shop licence, from an account or from nobody's."""
    body = application(walk.papers())
    body["applicant"] |= {"national_id": national_id, "phone": phone}
    headers = {"Idempotency-Key": str(uuid.uuid4()), **({"Authorization": f"Bearer {token}"} if token else {})}
    answer = requests.post(walk.url + API + "/requests", json=body, headers=headers, timeout=20)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["tracking_number"])


@pytest.mark.parametrize("device", ["phone", "desktop"])
def test_log_in_by_a_code_see_the_own_request_and_have_the_phone_bound(
    visit: Callable[[str], Visitor], walk: Walk, operator: str, device: str
) -> None:
    national_id, phone = NATIONAL_IDS[device], PHONES[device]
    citizen = visit(device)
    page = citizen.page
    citizen.go("/ar/")
    citizen.press("طلباتي")
    at(page, "/ar/my/login?next=%2Far%2Fmy")
    citizen.see("70-log-in")
    page.locator("[name='national_id']").fill("12")
    page.locator("[name='phone']").fill("0223456789")
    citizen.press("أرسل الرمز")
    expect(page.locator("#faults li")).to_have_count(2)
    citizen.see("71-log-in-faults")
    page.locator("[name='national_id']").fill(national_id.translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")))
    page.locator("[name='phone']").fill(phone)
    citizen.press("أرسل الرمز")
    field = page.locator("[name='code']")
    assert (field.get_attribute("autocomplete"), field.get_attribute("inputmode")) == ("one-time-code", "numeric")
    code = code_of(operator, phone, 1)
    citizen.see("72-code")
    field.fill(f"{(int(code) + 1) % 10**6:06d}")
    citizen.press("دخول")
    reads(page, "الرمز غير صحيح")
    citizen.see("73-code-wrong")
    citizen.press("أرسل رمزاً جديداً")
    reads(page, "انتظر", within="#faults")
    page.locator("[name='code']").fill(code.translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")))
    citizen.press("دخول")
    page.wait_for_url("**/ar/my")
    reads(page, "لا طلبات هنا بعد")
    citizen.see("74-nothing-yet")
    assert national_id not in page.content() and phone not in page.content()

    token = next(one["value"] for one in page.context.cookies() if one["name"] == "shubbak_citizen")
    anonymous, own = lodge(walk, national_id, phone, None), lodge(walk, national_id, phone, token)
    citizen.go("/ar/my")
    reads(page, own)
    expect(page.locator("main")).not_to_contain_text(anonymous, use_inner_text=True)
    citizen.see("75-my-requests")
    citizen.press(page.locator("a.card").first)
    page.wait_for_url(f"**/ar/follow/{own}")  # nothing more is asked: the account's phone is the request's
    reads(page, "ترخيص محل")

    clerk = visit("desktop")
    log_in(clerk, "clerk")
    clerk.press("ربط هاتف ببطاقة")
    clerk.page.locator("[name='national_id']").fill(national_id)
    clerk.page.locator("[name='phone']").fill(phone)
    clerk.see(f"76-bind-{device}")
    clerk.press("أرسل الرمز")
    clerk.page.locator("[name='code']").fill(code_of(operator, phone, 2))
    clerk.see(f"77-bind-code-{device}")
    clerk.press("اربط الهاتف")
    reads(clerk.page, "رُبط الهاتف")
    clerk.see(f"78-bound-{device}")

    citizen.go("/ar/my")
    reads(page, own, anonymous)
    citizen.see("79-all-requests")
    citizen.go("/en/my")
    citizen.see("80-my-requests-en")
    citizen.press("Log out")
    citizen.go("/en/my")
    at(page, "/en/my/login")
    citizen.see("81-log-in-en")
