"""A citizen's own page: what waits for the citizen stands first, then what was begun, then the rest; from each one
press leads to the request, to who looked at it and to its messages."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from infra.demo.walk import Walk
from tests.journeys.conftest import Visitor, at, reads
from tests.journeys.following import pay_cash
from tests.journeys.test_citizen_log_in import code_of, lodge
from tests.journeys.ways import WAYS

pytestmark = pytest.mark.journey
PHONES = {("phone", "ar"): "01120000081", ("desktop", "en"): "01120000082", ("phone", "en"): "01120000083",
          ("desktop", "ar"): "01120000084"}  # fmt: skip
NATIONAL_ID = "27203120112521"


@WAYS
def test_what_waits_for_me_stands_first(
    visit: Callable[..., Visitor], walk: Walk, operator: str, device: str, lang: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone = PHONES[device, lang]
    monkeypatch.setattr(walk, "last4", phone[-4:])
    me = visit(device, lang)
    page = me.page
    me.go("/my/login")
    page.fill("[name=national_id]", NATIONAL_ID)
    page.fill("[name=phone]", phone)
    me.press(me.t("my.send"))
    page.fill("[name=code]", code_of(operator, phone, 1))
    me.press(me.t("my.enter"))
    page.wait_for_url("**/my")
    reads(page, me.t("my.none"))
    me.see("my-01-nothing")
    token = next(one["value"] for one in page.context.cookies() if one["name"] == "shubbak_citizen")
    waits, at_work = lodge(walk, NATIONAL_ID, phone, token), lodge(walk, NATIONAL_ID, phone, token)
    pay_cash(walk, at_work)
    me.go("/my")
    said = page.inner_text("main")
    assert f"{me.t('my.waiting')} (1)" in said
    assert said.index(waits) < said.index(me.t("my.others")) < said.index(at_work)
    me.see("my-02-waits-first")
    me.press(page.locator("a.card", has_text=waits))
    page.wait_for_url(f"**/follow/{waits}")  # nothing more is asked: the account's phone is the request's
    reads(page, me.t("stand.with.payment"), within="#now")
    me.go("/my")
    me.press(page.locator("li", has_text=at_work).get_by_role("link", name=me.t("my.reads")))
    page.wait_for_url(f"**/follow/{at_work}/reads")
    me.go("/my")
    me.press(page.locator("li", has_text=at_work).get_by_role("link", name=me.t("my.messages")))
    page.wait_for_url(f"**/follow/{at_work}/messages")
    me.press(me.t("staff.logout"))
    page.wait_for_url("**/my/logged-out")
    me.see("my-03-logged-out")
    me.go(f"/follow/{at_work}")
    at(page, f"/follow?number={at_work}")  # closed with the account
    walk.act("officer", "accept", number=at_work)
