"""What the window tells and prints: the fee beforehand, the receipt afterwards."""

from __future__ import annotations

import base64
import io
from typing import Any

import pikepdf
import pytest

from chassis.answers import load
from contracts import requests_intake as language
from rules.refusal import Refusal
from services.requests import document, inquiry, quoting, receipt
from tests.support.requests_ground import LAST4, NAME, Ground, shop
from tests.support.shop_ground import *  # noqa: F403  (fixtures)


def quote(ground: Ground, code: str = "shop-licence", **answers: Any) -> dict[str, Any]:
    return quoting.quote(ground.unit_of_work(), load(language.Quote(), {"service_code": code, "answers": answers}))


def facts(ground: Ground, lodged: dict[str, Any]) -> dict[str, Any]:
    work = ground.unit_of_work()
    return receipt.facts(work, inquiry.admitted(work, {**lodged, "phone_last4": LAST4}))


def test_the_fee_told_beforehand_is_the_fee_of_the_request(ground: Ground) -> None:
    body = ground.application()
    told = quote(ground, **body["answers"])
    lodged = ground.submit(body)
    before = {(stage["stage"], charge["code"], charge["amount"])
              for stage in told["stages"] for charge in stage["charges"]}
    assert before == {(fee["stage"], fee["code"], fee["amount"]) for fee in lodged["fees"]}
    assert told["complete"] and told["total"] == sum(fee["amount"] for fee in lodged["fees"]) > 0


def test_what_is_not_answered_yet_is_named_and_the_rest_is_told(ground: Ground) -> None:
    told = quote(ground, activity="retail", area_m2="42.5")
    assert not told["complete"]
    stages = {stage["stage"]: stage for stage in told["stages"]}
    assert stages["inspection"]["total"] == told["total"] > 0
    assert stages["final"]["charges"] is None and "workers" in stages["final"]["missing"]


def test_answers_that_the_form_refuses_and_services_that_are_not_offered(ground: Ground) -> None:
    with pytest.raises(Refusal, match="answer_below"):
        quote(ground, area_m2="0")
    with pytest.raises(Refusal, match="service_unknown"):
        quote(ground, "no-such-service")
    ground.publish({**shop(), "code": "retired"})
    ground.retire("retired", "2026-02-01")
    with pytest.raises(Refusal, match="service_retired"):
        quote(ground, "retired")


@pytest.mark.parametrize(("kind", "holder"), [("citizen", None), ("company", "شركة النور للتجارة"),
                                              ("heirs", "ورثة حسن محمود")])
def test_a_receipt_says_who_asked_for_what_in_whose_name(ground: Ground, kind: str, holder: str | None) -> None:
    lodged = ground.submit(ground.application_of(kind))
    said = facts(ground, lodged)
    assert (said["name"], said["holder"]) == (NAME, holder)
    assert said["total"] == sum(fee["amount"] for fee in lodged["fees"])
    assert [one["en"] for one in said["documents"]] == [
        "Copy of the national ID card or passport", "Lease contract of the shop"]


def test_the_code_on_the_receipt_leads_to_the_request(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    lodged = ground.submit()
    assert facts(ground, lodged)["qr"] == lodged["tracking_number"]
    monkeypatch.setitem(ground.settings.environ, "SHUBBAK_PUBLIC_URL", "https://node.example/")
    assert facts(ground, lodged)["qr"] == f"https://node.example/ar/follow?number={lodged['tracking_number']}"


@pytest.mark.parametrize("printed_in", ["ar", "en"])
def test_the_receipt_is_one_a5_page(ground: Ground, printed_in: str) -> None:
    lodged = ground.submit()
    body = load(language.Receipt(), {"tracking_number": lodged["tracking_number"], "phone_last4": LAST4,
                                     "language": printed_in})
    found = ground.attempt(lambda work: receipt.printed(work, body))
    assert found["media_type"] == "application/pdf"
    with pikepdf.open(io.BytesIO(base64.b64decode(found["content"]))) as pdf:
        assert len(pdf.pages) == 1
        width, height = (float(pdf.pages[0].mediabox[side]) for side in (2, 3))
        assert (round(width / 72 * 25.4), round(height / 72 * 25.4)) == (148, 210)
    assert [row.subject for row in ground.audited("request.receipt")] == [lodged["request_id"]]


def test_where_no_pdf_can_be_drawn_the_same_page_is_html(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    lodged = ground.submit()
    monkeypatch.setattr(document, "rendering_available", lambda: False)
    content, media_type = receipt.render(facts(ground, lodged), "ar")
    assert media_type.startswith("text/html")
    assert lodged["tracking_number"] in content.decode() and NAME in content.decode()


def test_the_receipt_is_for_who_knows_both_numbers(ground: Ground) -> None:
    lodged = ground.submit()
    body = load(language.Receipt(), {"tracking_number": lodged["tracking_number"], "phone_last4": "0000"})
    with pytest.raises(Refusal, match="tracking_unknown"):
        ground.attempt(lambda work: receipt.printed(work, body))
