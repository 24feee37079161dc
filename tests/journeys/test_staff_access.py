"""Somebody new of the staff: the temporary password is changed, an authenticator set up, a lost session ended."""

from __future__ import annotations

import time
from typing import Any

import pyotp
import requests
from playwright.sync_api import expect

from infra.demo.walk import Walk
from tests.journeys.conftest import at, reads
from tests.journeys.ways import WAYS

TEMPORARY, OWN = "a temporary one", "a sentence of my own"


def taken_on(walk: Walk, username: str) -> None:
    """An administrator makes an account, unless an earlier run of this journey did."""
    walk.post("/accounts", {"username": username, "password": TEMPORARY, "display_name": "سلمى فؤاد",
                            "roles": ["officer"], "unit": "EG-C-01", "department": "licensing"}, as_="admin")


@WAYS
def test_a_newcomer_secures_the_log_in_and_ends_a_session_left_open(
    visit: Any, walk: Walk, url: str, device: str, lang: str
) -> None:
    username = f"salma-{device}-{lang}"
    taken_on(walk, username)
    salma = visit(device, lang)
    salma.go("/staff/login")
    salma.page.get_by_label(salma.t("staff.username")).fill(username)
    salma.page.get_by_label(salma.t("staff.password")).fill(TEMPORARY)
    salma.press(salma.t("staff.login_button"))
    at(salma.page, f"/{lang}/staff/account")
    salma.see("account-temporary-password")
    salma.go("/staff")
    at(salma.page, "/staff/account")

    salma.page.get_by_label(salma.t("account.old"), exact=True).fill(TEMPORARY)
    salma.page.get_by_label(salma.t("account.new"), exact=True).fill(OWN)
    salma.page.get_by_label(salma.t("account.again"), exact=True).fill(OWN + "!")
    salma.press(salma.t("account.change"))
    salma.see("account-passwords-differ")
    for name, value in (("old", TEMPORARY), ("new", OWN), ("again", OWN)):
        salma.page.get_by_label(salma.t(f"account.{name}"), exact=True).fill(value)
    salma.press(salma.t("account.change"))
    reads(salma.page, salma.t("account.done.password"))

    salma.page.locator("form[action$='/authenticator'] input[type=password]").fill(OWN)
    salma.press(salma.t("account.factor_begin"))
    salma.see("authenticator")
    app = pyotp.TOTP(salma.page.inner_text("code.secret").replace(" ", ""))
    salma.page.get_by_label(salma.t("authenticator.code")).fill("000000")
    salma.press(salma.t("authenticator.confirm"))
    salma.see("authenticator-wrong-code")
    salma.page.get_by_label(salma.t("authenticator.code")).fill(app.now())
    salma.press(salma.t("authenticator.confirm"))
    expect(salma.page.locator(".recovery-codes code")).to_have_count(10)
    salma.see("recovery-codes")
    codes = salma.page.locator(".recovery-codes code").all_inner_texts()
    salma.press(salma.t("codes.done"))
    expect(salma.page.locator(".recovery-codes")).to_have_count(0)

    elsewhere = requests.post(f"{url}/api/v1/sessions", timeout=20, json={
        "username": username, "password": OWN, "code": codes[0]})
    assert elsewhere.status_code == 201, elsewhere.text
    headers = {"Authorization": f"Bearer {elsewhere.json()['token']}"}
    assert requests.get(f"{url}/api/v1/me", timeout=20, headers=headers).status_code == 200
    salma.press(salma.t("account.title"))
    expect(salma.page.locator(".sessions > li")).to_have_count(2)
    salma.see("account")
    salma.press(salma.t("account.session_end"))
    expect(salma.page.locator(".sessions > li")).to_have_count(1)
    assert requests.get(f"{url}/api/v1/me", timeout=20, headers=headers).status_code == 401

    salma.press(salma.t("staff.logout"))
    salma.page.get_by_label(salma.t("staff.username")).fill(username)
    salma.page.get_by_label(salma.t("staff.password")).fill(OWN)
    salma.press(salma.t("staff.login_button"))
    salma.see("log-in-code")
    # The code of this half minute was taken; the next one holds already, as a telephone's clock may be off.
    salma.page.get_by_label(salma.t("login.code")).fill(app.at(time.time() + 30))
    salma.press(salma.t("staff.login_button"))
    at(salma.page, f"/{lang}/staff")


@WAYS
def test_who_builds_on_the_api_finds_an_operation_and_a_call_to_copy(
    visit: Any, device: str, lang: str
) -> None:
    builder = visit(device, lang)
    builder.go("/developers")
    builder.see("developers")
    builder.page.get_by_label(builder.t("dev.search")).fill("licence verification")
    builder.press(builder.t("search.button"))
    builder.see("developers-found")
    builder.press(builder.page.get_by_role("link", name="/api/v1/licences/{serial}/verification").first)
    builder.see("developers-operation")
    reads(builder.page, "curl ", within="pre >> nth=0")
    builder.go("/developers/lodge")
    builder.see("developers-lodge")
