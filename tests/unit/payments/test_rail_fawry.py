"""The adapter of Fawry, with the wire as its only fake."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from infra.peers import rail_signing
from rules.refusal import Refusal
from services.payments.rails import base
from services.payments.rails.fawry import Fawry

API = "http://rail.example/ECommerceWeb/Fawry/payments"
RAIL = Fawry("http://rail.example/", "merchant", "key", "http://node.example/callbacks/fawry", 3.0,
             pay_page="http://rail.example/pay")
ORDER = base.Order("ours-1", 12_050, "B-C-2026-000001-2 shop-licence", datetime(2026, 4, 1, tzinfo=UTC),
                   (base.Share("1101", 10_000), base.Share("1102", 2_050)))
REFUND = base.RefundOrder("r-1", "ours-1", "9123456789", 2_050, 12_050, "withdrawn")
CHARGED = {"type": "ChargeResponse", "merchantRefNumber": "ours-1", "referenceNumber": "9123456789", "statusCode": 200}


def status(said: str, **more: Any) -> dict[str, Any]:
    return {"statusCode": 200, "merchantRefNumber": "ours-1", "fawryRefNumber": "9123456789", "orderStatus": said,
            "paymentAmount": "120.50", "orderAmount": "120.50", "paymentMethod": "PAYATFAWRY", **more}


def callback(**changes: Any) -> str:
    body = {"fawryRefNumber": "9123456789", "merchantRefNumber": "ours-1", "paymentAmount": "120.50",
            "orderAmount": "120.50", "orderStatus": "PAID", "paymentMethod": "PAYATFAWRY",
            "paymentTime": 1772359200000, **changes}
    return json.dumps({"messageSignature": rail_signing.callback_signature(body, "key"), **body})


def test_a_charge_is_signed_as_the_rail_checks_it(wire: Any) -> None:
    wire.answers = [(200, CHARGED)]
    report = RAIL.charge(ORDER)
    assert (report.status, report.reference) == (base.NEW, "9123456789")
    assert report.pay_url == "http://rail.example/pay/9123456789"
    [(method, url, options)] = wire.asked
    body = options["json"]
    assert (method, url, body["amount"], options["timeout"]) == ("POST", f"{API}/charge", 120.5, 3.0)
    assert body["signature"] == rail_signing.charge_signature({**body, "amount": "120.50"}, "key")
    assert [(item["itemId"], item["price"]) for item in body["chargeItems"]] == [("1101", 100.0), ("1102", 20.5)]
    assert (body["paymentExpiry"], body["orderWebHookUrl"]) == (1775001600000, "http://node.example/callbacks/fawry")


def test_a_question_is_signed(wire: Any) -> None:
    wire.answers = [(200, status("PAID", paymentAmount=119.5, paymentTime=1772359200000))]
    report = RAIL.ask("ours-1")
    assert (report.status, report.amount, report.paid_at) == (base.PAID, 11_950, datetime(2026, 3, 1, 10, tzinfo=UTC))
    [(method, url, options)] = wire.asked
    assert (method, url) == ("GET", f"{API}/status/v2")
    assert options["params"]["signature"] == rail_signing.status_signature("merchant", "ours-1", "key")


def test_an_answer_with_a_wrong_signature_is_not_believed(wire: Any) -> None:
    wire.answers = [(200, status("PAID", messageSignature="0" * 64))]
    with pytest.raises(base.RailUnreachable, match="signature"):
        RAIL.ask("ours-1")


def test_a_no_inside_an_answer_200_is_a_no(wire: Any) -> None:
    wire.answers = [(200, {"statusCode": 9927})]
    with pytest.raises(base.RailRefused, match="9927"):
        RAIL.charge(ORDER)


@pytest.mark.parametrize("answer", [
    (500, "{}"), (503, "down"), (429, "{}"), (408, "{}"), (302, ""), (200, ""), (200, "[]"), (200, "<html>"),
    (200, {**CHARGED, "orderStatus": "NOT A STATUS"}), (200, {"statusCode": 500}),
    (200, {**CHARGED, "orderStatus": "PAID", "paymentAmount": "1.005"}),
    requests.ConnectTimeout("slow"), requests.ConnectionError("gone"),
])
def test_no_usable_answer_means_ask_again(wire: Any, answer: Any) -> None:
    wire.answers = [answer]
    with pytest.raises(base.RailUnreachable):
        RAIL.charge(ORDER)


@pytest.mark.parametrize("code", [400, 403, 404, 409])
def test_a_plain_no_is_final(wire: Any, code: int) -> None:
    wire.answers = [(code, "{}")]
    with pytest.raises(base.RailRefused):
        RAIL.ask("ours-1")


def test_a_refund_is_signed_as_the_rail_checks_it(wire: Any) -> None:
    wire.answers = [(200, {"type": "ResponseDataModel", "statusCode": 200})]
    assert RAIL.refund(REFUND) == base.RefundReport("r-1", base.DONE, 2_050)
    [(_, url, options)] = wire.asked
    body = options["json"]
    assert (url, body["refundAmount"], body["reason"]) == (f"{API}/refund", 20.5, "withdrawn")
    assert body["signature"] == rail_signing.refund_signature({**body, "refundAmount": "20.50"}, "key")


def test_a_refused_refund(wire: Any) -> None:
    wire.answers = [(200, {"statusCode": 9935})]
    with pytest.raises(base.RailRefused, match="9935"):
        RAIL.refund(REFUND)


@pytest.mark.parametrize(("said", "changes", "calls"), [
    ("PAID", {}, 2), ("PARTIAL_REFUNDED", {}, 1), ("REFUNDED", {"amount": 12_050}, 1),
    ("PARTIAL_REFUNDED", {"amount": 10_000, "refunded_before": 2_050}, 2)])
def test_a_repeated_refund_is_looked_up_before_it_is_sent(
    wire: Any, said: str, changes: dict[str, Any], calls: int
) -> None:
    wire.answers = [(200, status(said)), (200, {"statusCode": 200})]
    order = base.RefundOrder(**{"refund_reference": "r-1", "merchant_reference": "ours-1", "reference": "9123456789",
                                "amount": 2_050, "paid_amount": 12_050, "reason": "", "repeated": True, **changes})
    assert RAIL.refund(order).status == base.DONE
    assert len(wire.asked) == calls


@pytest.mark.parametrize(("said", "done"), [("PAID", False), ("PARTIAL_REFUNDED", True)])
def test_a_refund_that_is_only_looked_up_is_never_sent(wire: Any, said: str, done: bool) -> None:
    wire.answers = [(200, status(said))]
    order = base.RefundOrder("r-1", "ours-1", "9", 2_050, 12_050, "", repeated=True, only_looked_up=True)
    if done:
        assert RAIL.refund(order).status == base.DONE
    else:
        with pytest.raises(base.RefundUncertain):
            RAIL.refund(order)
    assert len(wire.asked) == 1


@pytest.mark.parametrize(("said", "before"), [("PARTIAL_REFUNDED", 1_000), ("REFUNDED", 0), ("PAID", 1_000)])
def test_a_repeated_refund_of_which_nobody_can_tell_is_for_a_person(wire: Any, said: str, before: int) -> None:
    wire.answers = [(200, status(said))]
    with pytest.raises(base.RefundUncertain):
        RAIL.refund(base.RefundOrder("r-1", "ours-1", "9", 2_050, 12_050, "", before, repeated=True))


@pytest.mark.parametrize(("said", "meant"), [
    ("NEW", base.NEW), ("PAID", base.PAID), ("FAILED", base.FAILED), ("EXPIRED", base.EXPIRED),
    ("CANCELED", base.CANCELLED), ("REFUNDED", base.REFUNDED), ("PARTIAL_REFUNDED", base.PARTLY_REFUNDED)])
def test_the_words_of_the_rail(said: str, meant: str) -> None:
    report = RAIL.read_callback(callback(orderStatus=said), {})
    assert report.status == meant
    assert (report.amount is None) == (meant != base.PAID)
    assert RAIL.reply(report) is None


@pytest.mark.parametrize(("changes", "code"), [
    ({"messageSignature": "0" * 64}, "callback_forged"),
    ({"messageSignature": ""}, "callback_forged"),
    ({"orderStatus": "GIFTED"}, "callback_malformed"),
    ({"paymentAmount": "-5.00"}, "callback_malformed"),
    ({"paymentTime": "yesterday"}, "callback_malformed"),
    ({"paymentTime": 10**30}, "callback_malformed"),
])
def test_what_is_refused(changes: dict[str, Any], code: str) -> None:
    with pytest.raises(Refusal, match=code):
        RAIL.read_callback(callback(**changes), {})


@pytest.mark.parametrize("field", ["fawryRefNumber", "merchantRefNumber", "paymentAmount", "orderAmount",
                                   "orderStatus", "paymentMethod"])
def test_a_changed_field_breaks_the_signature(field: str) -> None:
    body = json.loads(callback())
    body[field] = {"paymentAmount": "1.00", "orderAmount": "1.00", "orderStatus": "NEW"}.get(field, "another")
    with pytest.raises(Refusal, match="callback_forged"):
        RAIL.read_callback(json.dumps(body), {})
