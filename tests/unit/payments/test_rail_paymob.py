"""The adapter of Paymob, with the wire as its only fake."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from infra.peers import rail_signing, sample_keys
from rules.refusal import Refusal
from services.payments.rails import base
from services.payments.rails.paymob import Paymob
from tests.unit.payments.conftest import Wire

ORDER = base.Order("ours-1", 12_050, "B-C-2026-000001-2", datetime(2126, 4, 1, tzinfo=UTC),
                   (base.Share("1101", 10_000), base.Share("1102", 2_050)))
REFUND = base.RefundOrder("r-1", "ours-1", "217503754", 2_050, 12_050, "withdrawn")
TRANSACTION = {
    "amount_cents": 12_050, "created_at": "2026-03-01T12:00:00.592345", "currency": "EGP", "error_occured": False,
    "has_parent_transaction": False, "id": 192036465, "integration_id": 100, "is_3d_secure": True, "is_auth": False,
    "is_capture": False, "is_refunded": False, "is_standalone_payment": True, "is_voided": False,
    "order": {"id": 217503754, "merchant_order_id": "ours-1"}, "owner": 302852, "pending": False,
    "source_data": {"pan": "2346", "sub_type": "MasterCard", "type": "card"}, "success": True}


@pytest.fixture
def rail() -> Paymob:
    return Paymob("http://rail.example/", sample_keys.PAYMOB, "http://node.example/callbacks/paymob",
                  "http://node.example/", 3.0)


def heard(rail: Paymob, transaction: dict[str, Any], secret: str = sample_keys.PAYMOB["HMAC"]) -> base.Report:
    body = json.dumps({"type": "TRANSACTION", "obj": transaction})
    return rail.read_callback(body, {"hmac": rail_signing.transaction_hmac(transaction, secret)})


def test_an_intention_names_the_order_and_its_page(rail: Paymob, wire: Wire) -> None:
    wire.answers = [(201, {"client_secret": "se/cret", "intention_order_id": 217503754})]
    report = rail.charge(ORDER)
    assert (report.status, report.reference) == (base.NEW, "217503754")
    assert report.pay_url == (
        "http://rail.example/unifiedcheckout/?publicKey=sample-paymob-public&clientSecret=se%2Fcret")
    [(_, url, options)] = wire.asked
    body = options["json"]
    assert (url, options["headers"]) == ("http://rail.example/v1/intention/",
                                         {"Authorization": "Token sample-paymob-secret"})
    assert (body["amount"], body["currency"], body["payment_methods"]) == (12_050, "EGP", [100])
    assert (body["special_reference"], sum(item["amount"] for item in body["items"])) == ("ours-1", 12_050)
    assert set(body["billing_data"].values()) == {"NA"}


def test_an_order_that_nobody_tried_to_pay_is_new(rail: Paymob, wire: Wire) -> None:
    wire.answers = [(201, {"token": "t-1"}), (404, {"detail": "no transactions"})]
    assert rail.ask("ours-1") == base.Report("ours-1", base.NEW)


def test_a_question_goes_with_a_token_that_is_kept_and_renewed_when_it_is_refused(rail: Paymob, wire: Wire) -> None:
    wire.answers = [(201, {"token": "t-1"}), (200, TRANSACTION), (401, "{}"), (201, {"token": "t-2"}),
                    (200, TRANSACTION)]
    assert rail.ask("ours-1").status == base.PAID
    report = rail.ask("ours-1")
    assert (report.amount, report.paid_at) == (12_050, datetime(2026, 3, 1, 10, 0, 0, 592345, UTC))
    assert not report.claimed
    tokens = [options["json"]["auth_token"] for _, url, options in wire.asked if url.endswith("inquiry")]
    assert tokens == ["t-1", "t-1", "t-2"]


@pytest.mark.parametrize("answer", [
    (500, "{}"), (429, "{}"), (302, ""), (201, ""), (201, "[]"), (201, "{}"), requests.ReadTimeout("slow")])
def test_no_usable_answer_means_ask_again(rail: Paymob, wire: Wire, answer: Any) -> None:
    wire.answers = [answer]
    with pytest.raises(base.RailUnreachable):
        rail.charge(ORDER)


@pytest.mark.parametrize(("changes", "meant", "final"), [
    ({}, base.PAID, True), ({"pending": True, "success": False}, base.NEW, True),
    ({"success": False}, base.FAILED, False), ({"is_refunded": True}, base.REFUNDED, True),
    ({"is_voided": True}, base.REFUNDED, True), ({"has_parent_transaction": True}, base.PARTLY_REFUNDED, True),
    ({"refunded_amount_cents": 50}, base.PARTLY_REFUNDED, True), ({"is_auth": True}, base.NEW, True)])
def test_what_a_transaction_means(rail: Paymob, changes: dict[str, Any], meant: str, final: bool) -> None:
    report = heard(rail, {**TRANSACTION, **changes})
    assert (report.status, report.final, report.reference, report.claimed) == (meant, final, "217503754", True)
    assert report.amount == (12_050 if meant == base.PAID else None)


def test_money_of_another_currency_is_no_amount(rail: Paymob) -> None:
    report = heard(rail, {**TRANSACTION, "currency": "USD"})
    assert (report.status, report.amount) == (base.PAID, None)


def test_a_wrong_or_missing_hmac_is_forged(rail: Paymob) -> None:
    with pytest.raises(Refusal, match="callback_forged"):
        heard(rail, TRANSACTION, "guessed")
    with pytest.raises(Refusal, match="callback_forged"):
        rail.read_callback(json.dumps({"type": "TRANSACTION", "obj": TRANSACTION}), {})


@pytest.mark.parametrize("field", [
    "amount_cents", "created_at", "currency", "has_parent_transaction", "id", "is_refunded", "is_voided", "order",
    "pending", "success"])
def test_a_changed_field_breaks_the_hmac(rail: Paymob, field: str) -> None:
    good = rail_signing.transaction_hmac(TRANSACTION, sample_keys.PAYMOB["HMAC"])
    value = TRANSACTION[field]
    other = {"id": 1, "merchant_order_id": "ours-1"} if field == "order" else (
        not value if isinstance(value, bool) else 1 if isinstance(value, int) else "other")
    with pytest.raises(Refusal, match="callback_forged"):
        rail.read_callback(json.dumps({"type": "TRANSACTION", "obj": {**TRANSACTION, field: other}}), {"hmac": good})


@pytest.mark.parametrize("body", [
    '{"type": "TOKEN", "obj": {}}', '{"type": "TRANSACTION"}', '{"type": "TRANSACTION", "obj": {"id": 1}}', "[1]"])
def test_what_is_no_transaction(rail: Paymob, body: str) -> None:
    with pytest.raises(Refusal, match="callback_malformed"):
        rail.read_callback(body, {"hmac": "0" * 128})


def test_a_refund_names_the_transaction(rail: Paymob, wire: Wire) -> None:
    wire.answers = [(201, {"token": "t"}), (200, {**TRANSACTION, "refunded_amount_cents": 0}),
                    (201, {"id": 77, "success": True, "pending": False})]
    assert rail.refund(REFUND) == base.RefundReport("r-1", base.DONE, 2_050, "77")
    assert wire.asked[-1][2]["json"] == {"transaction_id": 192036465, "amount_cents": 2_050}


@pytest.mark.parametrize(("repeated", "refunded", "raises"), [
    (True, 2_050, None), (False, 2_050, base.RefundUncertain), (True, 100, base.RefundUncertain)])
def test_a_refund_is_not_made_twice(
    rail: Paymob, wire: Wire, repeated: bool, refunded: int, raises: type[Exception] | None
) -> None:
    wire.answers = [(201, {"token": "t"}), (200, {**TRANSACTION, "refunded_amount_cents": refunded})]
    order = base.RefundOrder("r-1", "ours-1", "217503754", 2_050, 12_050, "", 0, repeated)
    if raises is None:
        assert rail.refund(order).status == base.DONE
    else:
        with pytest.raises(raises):
            rail.refund(order)
    assert len(wire.asked) == 2


def test_a_refund_that_is_only_looked_up_is_never_sent(rail: Paymob, wire: Wire) -> None:
    wire.answers = [(201, {"token": "t"}), (200, {**TRANSACTION, "refunded_amount_cents": 0})]
    with pytest.raises(base.RefundUncertain):
        rail.refund(replace(REFUND, repeated=True, only_looked_up=True))
    assert len(wire.asked) == 2


@pytest.mark.parametrize("answers", [
    [(404, "{}")], [(200, {**TRANSACTION, "success": False})],
    [(200, TRANSACTION), (201, {"success": False})], [(200, TRANSACTION), (400, "{}")]])
def test_a_refund_that_the_rail_refuses(rail: Paymob, wire: Wire, answers: list[Any]) -> None:
    wire.answers = [(201, {"token": "t"}), *answers]
    with pytest.raises(base.RailRefused):
        rail.refund(REFUND)
