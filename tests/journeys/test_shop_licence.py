"""A shop owner takes a licence home: on a telephone in Arabic, and at a desk in English."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from infra.demo.walk import Walk
from tests.journeys.applicant import PHONE, fill, pay, send, values
from tests.journeys.conftest import PATIENCE, Visitor, reads
from tests.journeys.ways import WAYS

pytestmark = pytest.mark.journey

SEARCH = {"ar": ("ترخيص محل", "ترخيص محل"), "en": ("shop licence", "Shop licence")}
REVIEW = {"ar": "مراجعة المستندات", "en": "Review of documents"}
GIVEN = values({"shop_name": "بقالة النور", "activity": "retail", "address": "12 شارع سليم الأول", "area_m2": "٤٥٫٥",
                "workers": 3, "tenure": "leased"})  # fmt: skip


def make_mistakes(owner: Visitor) -> None:
    """On the page of the person: a thirteenth month and no name. The summary leads to both; what was typed is kept."""
    page = owner.page
    page.locator("[name='applicant/national_id']").fill("29913450101232")
    owner.press(owner.t("apply.continue"))
    summary = page.locator("#faults")
    expect(summary.get_by_role("link")).to_have_count(2)
    expect(page).to_have_title(re.compile("^" + re.escape(owner.t("apply.fault_title"))))
    owner.see("03-apply-faults")
    owner.press(summary.get_by_role("link").last)
    page.wait_for_function("() => document.activeElement.name === 'applicant/national_id'"
                           " || location.hash === '#applicant-national_id'")  # fmt: skip
    expect(page.locator("[name='applicant/national_id']")).to_have_value("29913450101232")


def change_an_answer(owner: Visitor) -> None:
    """From the check: bought, not leased, so another contract is asked for; and back to the check."""
    page = owner.page
    owner.press(page.locator("#answers-tenure").get_by_role("link"))
    page.locator("[name='answers/tenure'][value='owned']").check()
    owner.press(owner.t("apply.continue"))
    page.wait_for_url("**/d-ownership_contract?from=check")
    page.go_back()
    expect(page.locator("[name='answers/tenure'][value='owned']")).to_be_checked()
    page.locator("[name='answers/tenure'][value='leased']").check()
    owner.press(owner.t("apply.continue"))
    page.wait_for_url("**/apply/check")


@WAYS
def test_a_shop_owner_takes_a_licence_home(
    visit: Callable[..., Visitor], walk: Walk, tmp_path: Path, device: str, lang: str
) -> None:
    owner = visit(device, lang)
    page = owner.page
    owner.go(f"/{lang}/")
    expect(page.locator("html")).to_have_attribute("dir", "rtl" if lang == "ar" else "ltr")
    owner.see("01-home")
    words, service = SEARCH[lang]
    page.get_by_role("searchbox").fill(words)
    owner.press(owner.t("search.button"))
    owner.press(page.locator("a.card", has_text=service).first)
    owner.see("02-service")
    owner.press(page.get_by_role("link", name=owner.t("service.apply")).first)
    owner.see("03-apply-list")
    owner.press(page.get_by_role("link", name=owner.t("apply.start")))
    if device == "phone":
        fill(owner, GIVEN, until="/apply/person")
        make_mistakes(owner)
    looked: set[str] = set()

    def look(code: str) -> None:
        """One of each kind of page."""
        if code.partition("-")[0] not in looked or code == "q-activity":
            looked.add(code.partition("-")[0])
            owner.see(f"04-apply-{code}")

    fill(owner, GIVEN, look=look)
    reads(page, "150.00", "28503150101232")
    owner.see("05-check")
    change_an_answer(owner)
    number = send(owner)
    expect(page.locator("svg.qr")).to_be_visible()
    owner.see("06-received")
    owner.press(owner.t("received.next"))
    pay(owner, lambda name: owner.see(f"07-{name}"))
    owner.wait_for(REVIEW[lang])

    for username, action in (("officer", "accept"), ("inspector", "report"), ("head", "approve")):
        walk.act(username, action, number=number)
    owner.page.reload()
    pay(owner)
    owner.wait_for(owner.t("status.licence"))
    owner.see("12-licence-issued")
    link = page.get_by_role("link", name=owner.t("status.licence_button"))
    ends = time.monotonic() + PATIENCE
    while page.request.get(owner.url + (link.get_attribute("href") or "")).headers["content-type"] != "application/pdf":
        assert time.monotonic() < ends, "the licence's document was not made"
        page.wait_for_timeout(100)
    download = owner.download(link)
    kept = tmp_path / "licence.pdf"
    download.save_as(kept)
    assert kept.read_bytes().startswith(b"%PDF-") and kept.stat().st_size > 10_000
    assert PHONE[-4:] not in page.url.removeprefix(owner.url).replace(number, "")

    stranger = visit(device, lang)
    serial = download.suggested_filename.removesuffix(".pdf")
    genuine_licence = stranger.t("verify.valid")
    stranger.go("/verify")
    stranger.page.locator("[name='given']").fill(serial.lower())
    stranger.press(stranger.t("verify.button"))
    expect(stranger.page.get_by_text(genuine_licence)).to_be_visible()
    stranger.see("13-verified")
    text = walk.get(f"/licences/{serial}/verification")["qr"]
    for pasted, genuine in ((text, True), (text[:-8] + "AAAAAAAA", False)):
        stranger.go("/verify")
        stranger.page.locator("[name='given']").fill(pasted)
        stranger.press(stranger.t("verify.button"))
        said = stranger.page.get_by_text(genuine_licence), stranger.page.locator("#faults")
        expect(said[0] if genuine else said[1]).to_be_visible()
        expect(said[1] if genuine else said[0]).not_to_be_visible()
