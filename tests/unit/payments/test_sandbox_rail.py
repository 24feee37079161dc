"""The adapter of the sandbox rail, with the wire as its only fake."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from infra.peers import rail_signing
from rules.refusal import Refusal
from services.payments.rails import base
from services.payments.rails.sandbox import SandboxRail

RAIL = SandboxRail("http://rail.example/", "merchant", "key", "http://node.example/callbacks/sandbox", 3.0)
ORDER = base.Order("ours-1", 12_050, "B-C-2026-000001-2 shop-licence", datetime(2026, 4, 1, tzinfo=UTC))
ANSWER = {"merchantRefNumber": "ours-1", "referenceNumber": "9123456789", "orderStatus": "NEW", "paymentAmount": None,
          "payUrl": "http://rail.example/pay/9123456789"}


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Any:
    """What was asked, and the answer that the test sets: (status, body) or an exception."""

    class Wire:
        answer: Any = (200, json.dumps(ANSWER))
        asked: list[tuple[str, str, dict[str, Any]]] = []

        def __call__(self, method: str, url: str, **options: Any) -> requests.Response:
            self.asked.append((method, url, options))
            if isinstance(self.answer, Exception):
                raise self.answer
            response = requests.Response()
            response.status_code, response._content = self.answer[0], self.answer[1].encode()
            return response

    fake = Wire()
    fake.asked = []
    monkeypatch.setattr(requests, "request", fake)
    return fake


def callback(**changes: Any) -> str:
    body = {"fawryRefNumber": "9123456789", "merchantRefNumber": "ours-1", "paymentAmount": "120.50",
            "orderAmount": "120.50", "orderStatus": "PAID", "paymentMethod": "PAYATFAWRY",
            "paymentTime": 1772359200000, **changes}
    return json.dumps({"messageSignature": rail_signing.callback_signature(body, "key"), **body})


def test_a_charge_is_signed_as_the_rail_checks_it(wire: Any) -> None:
    report = RAIL.charge(ORDER)
    assert (report.status, report.reference, report.pay_url) == (base.NEW, "9123456789", ANSWER["payUrl"])
    [(method, url, options)] = wire.asked
    body = options["json"]
    assert (method, url, body["amount"], options["timeout"]) == ("POST", "http://rail.example/charges", "120.50", 3.0)
    assert body["signature"] == rail_signing.charge_signature(body, "key")
    assert body["paymentExpiry"] == 1775001600000


def test_a_question_is_signed(wire: Any) -> None:
    wire.answer = (200, json.dumps({**ANSWER, "orderStatus": "PAID", "paymentAmount": "119.50",
                                    "paymentTime": 1772359200000}))
    report = RAIL.ask("ours-1")
    assert (report.status, report.amount, report.paid_at) == (base.PAID, 11_950, datetime(2026, 3, 1, 10, tzinfo=UTC))
    assert wire.asked[0][2]["params"]["signature"] == rail_signing.status_signature("merchant", "ours-1", "key")


@pytest.mark.parametrize("answer", [
    (500, "{}"), (503, "down"), (429, "{}"), (408, "{}"), (302, ""), (200, ""), (200, "[]"), (200, "<html>"),
    (200, json.dumps({**ANSWER, "orderStatus": "NOT A STATUS"})),
    (200, json.dumps({**ANSWER, "orderStatus": "PAID", "paymentAmount": "1.005"})),
    requests.ConnectTimeout("slow"), requests.ConnectionError("gone"),
])
def test_no_usable_answer_means_ask_again(wire: Any, answer: Any) -> None:
    wire.answer = answer
    with pytest.raises(base.RailUnreachable):
        RAIL.charge(ORDER)


@pytest.mark.parametrize("status", [400, 403, 404, 409])
def test_a_plain_no_is_final(wire: Any, status: int) -> None:
    wire.answer = (status, "{}")
    with pytest.raises(base.RailRefused):
        RAIL.charge(ORDER)


@pytest.mark.parametrize(("said", "meant"), [
    ("NEW", base.NEW), ("PAID", base.PAID), ("FAILED", base.FAILED), ("EXPIRED", base.EXPIRED),
    ("CANCELED", base.CANCELLED), ("REFUNDED", base.REFUNDED), ("PARTIAL_REFUNDED", base.REFUNDED)])
def test_the_words_of_the_rail(said: str, meant: str) -> None:
    report = RAIL.read_callback(callback(orderStatus=said), {})
    assert report.status == meant
    assert (report.amount is None) == (meant != base.PAID)


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


def test_a_rail_is_registered_once() -> None:
    registry = base.Registry()
    registry.register("one")(lambda _: RAIL)
    with pytest.raises(RuntimeError, match="twice"):
        registry.register("one")(lambda _: RAIL)
