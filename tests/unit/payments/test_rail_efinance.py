"""The adapter of e-finance, with the wire as its only fake: our reading of it, against the other side's own code."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree as Xml

import pytest

from infra.peers import sample_keys
from infra.peers.rail_sealing import Envelopes
from rules.refusal import Refusal
from services.payments.rails import base
from services.payments.rails.efinance import EFinance
from services.payments.rails.efinance_envelope import Seals, element, private_key, public_key
from tests.support.rail_speech import say
from tests.unit.payments.conftest import Wire


def bare(name: str) -> str:
    return str(getattr(sample_keys, name)).removeprefix("sample-")


SEALS = Seals("SHUBBAK", "EFINANCE", private_key(bare("NODE_PRIVATE")), public_key(bare("CENTRE_PUBLIC")))
CENTRE = Envelopes("EFINANCE", "SHUBBAK", sample_keys.CENTRE_PRIVATE, sample_keys.NODE_PUBLIC)
RAIL = EFinance("http://rail.example/", SEALS, "1001", {"1101": "SA-1", "1102": "SA-2"},
                "http://node.example/callbacks/efinance", 3.0)
ORDER = base.Order("ours-1", 12_050, "B-C-2026-000001-2 رخصة", datetime(2026, 4, 1, 10, tzinfo=UTC),
                   (base.Share("1101", 10_000), base.Share("1102", 2_050)))
REFUND = base.RefundOrder("r-1", "ours-1", "8123456789", 2_050, 12_050, "withdrawn")


def answer(**texts: str) -> tuple[int, str]:
    return 200, CENTRE.close("PaymentResponse", element("PaymentResult", **{
        "Response_Code": "000", "SenderRequestNumber": "ours-1", "Status": "NEW", "Currency": "818", **texts}))


PAID = {"Status": "PAID", "PaymentReference": "8123456789", "PaidAmount": "120.50",
        "PaymentDate": "2026-03-01T12:00:00+02:00", "RefundedAmount": "0.00"}


def test_a_charge_names_the_money_of_each_settlement_account(wire: Wire) -> None:
    wire.answers = [answer(PaymentReference="8123456789")]
    assert RAIL.charge(ORDER) == base.Report("ours-1", base.NEW, "8123456789")
    [(method, url, options)] = wire.asked
    assert (method, url) == ("POST", "http://rail.example/payments")
    inner = CENTRE.open("PaymentRequest", options["data"])
    said = {name: inner.findtext(name) for name in (
        "SenderRequestNumber", "ServiceCode", "Currency", "TotalAmount", "ConfirmationUrl", "ExpiryDate")}
    assert said == {"SenderRequestNumber": "ours-1", "ServiceCode": "1001", "Currency": "818", "TotalAmount": "120.50",
                    "ConfirmationUrl": "http://node.example/callbacks/efinance",
                    "ExpiryDate": "2026-04-01T12:00:00+02:00"}
    assert [(part.findtext("SettlementAccountCode"), part.findtext("Amount")) for part in inner.iter(
        "SettlementAmount")] == [("SA-1", "100.00"), ("SA-2", "20.50")]


def test_what_goes_over_the_wire_is_the_known_envelope(wire: Wire) -> None:
    wire.answers = [answer()]
    RAIL.charge(ORDER)
    outer = Xml.fromstring(wire.asked[0][2]["data"])
    assert [child.tag for child in outer] == ["SenderID", "RandomSecret", "RequestObject", "RequestHash", "Signature"]
    sealed = base64.b64decode(outer.findtext("RequestObject") or "")
    assert len(sealed) % 16 == 0
    assert b"ours-1" not in sealed
    assert len(outer.findtext("RequestHash") or "") == 64


def test_an_accounting_code_without_a_settlement_account_is_never_sent_elsewhere(wire: Wire) -> None:
    with pytest.raises(base.RailRefused, match="1999"):
        RAIL.charge(base.Order("ours-1", 100, "x", None, (base.Share("1999", 100),)))
    assert wire.asked == []


def test_a_question(wire: Wire) -> None:
    wire.answers = [answer(**PAID)]
    report = RAIL.ask("ours-1")
    assert (report.status, report.amount, report.refunded) == (base.PAID, 12_050, 0)
    assert report.paid_at == datetime(2026, 3, 1, 10, tzinfo=UTC)


@pytest.mark.parametrize("given", [
    (200, "<html/>"), (200, ""), (200, "not xml"), (503, "down"), answer(Status="GIFTED"),
    answer(**{**PAID, "PaidAmount": "1.005"}), answer(SenderRequestNumber=""),
    (200, Envelopes("EFINANCE", "SHUBBAK", sample_keys.FORGER_PRIVATE, sample_keys.NODE_PUBLIC).close(
        "PaymentResponse", element("PaymentResult", Response_Code="000", SenderRequestNumber="ours-1", **PAID)))])
def test_no_usable_answer_means_ask_again(wire: Wire, given: Any) -> None:
    wire.answers = [given]
    with pytest.raises(base.RailUnreachable):
        RAIL.ask("ours-1")


def test_another_response_code_is_a_no(wire: Wire) -> None:
    wire.answers = [answer(Response_Code="012")]
    with pytest.raises(base.RailRefused, match="012"):
        RAIL.charge(ORDER)


def test_a_confirmation_is_read_as_the_body_or_as_a_field_of_a_form_and_answered_000() -> None:
    said = say("efinance", "ours-1", "8123456789")
    report = RAIL.read_callback(said.body, {}, said.media_type)
    assert report == RAIL.read_callback(urlencode({"request": said.body}), {}, "application/x-www-form-urlencoded")
    assert (report.status, report.reference, report.amount) == (base.PAID, "8123456789", 12_050)
    reply = RAIL.reply(report)
    assert reply.media_type == "application/xml"
    assert Xml.fromstring(reply.body).findtext("Response_Code") == "000"


@pytest.mark.parametrize(("said", "meant"), [
    ("NEW", base.NEW), ("FAILED", base.FAILED), ("EXPIRED", base.EXPIRED), ("CANCELED", base.CANCELLED),
    ("REFUNDED", base.REFUNDED), ("PARTIAL_REFUNDED", base.PARTLY_REFUNDED)])
def test_the_words_of_the_rail(said: str, meant: str) -> None:
    report = RAIL.read_callback(say("efinance", "ours-1", "8123456789", said).body, {})
    assert (report.status, report.amount) == (meant, None)


def test_money_of_another_currency_is_no_amount() -> None:
    content = element("Confirmation", SenderRequestNumber="ours-1", Currency="840", **PAID)
    report = RAIL.read_callback(CENTRE.close("PaymentConfirmation", content), {})
    assert (report.status, report.amount) == (base.PAID, None)


def tampered(name: str, value: str | None) -> str:
    outer = Xml.fromstring(say("efinance", "ours-1", "8123456789").body)
    found = outer.find(name)
    assert found is not None
    found.text = value
    return Xml.tostring(outer, "unicode")


def with_own_hash(sealed: str) -> str:
    """A forger who knows how the hash is made."""
    import hashlib
    outer = Xml.fromstring(tampered("RequestObject", sealed))
    hashed = outer.find("RequestHash")
    assert hashed is not None
    hashed.text = hashlib.sha256(sealed.encode()).hexdigest()
    return Xml.tostring(outer, "unicode")


@pytest.mark.parametrize("body", [
    say("efinance", "ours-1", "8123456789", forged=True).body, tampered("RequestHash", "0" * 64),
    tampered("RequestHash", ""), tampered("SenderID", "SOMEBODY"), tampered("Signature", "AAAA"),
    tampered("Signature", ""), with_own_hash("AAAA"), tampered("RandomSecret", "AAAA")])
def test_an_envelope_that_the_centre_did_not_make_is_forged(body: str) -> None:
    with pytest.raises(Refusal, match="callback_forged"):
        RAIL.read_callback(body, {})


@pytest.mark.parametrize("body", [
    "", "{}", "<a/>", "<PaymentConfirmation/>", tampered("RequestObject", None), tampered("RandomSecret", None),
    tampered("Signature", "not base64!"), "<!DOCTYPE x [<!ENTITY y 'z'>]><PaymentConfirmation/>", "x" * 70_000,
    CENTRE.close("PaymentResponse", element("PaymentResult", **PAID)),
    CENTRE.close("PaymentConfirmation", element("Confirmation", SenderRequestNumber="ours-1"))])
def test_what_is_no_confirmation_is_malformed(body: str) -> None:
    with pytest.raises(Refusal, match="callback_malformed"):
        RAIL.read_callback(body, {})


def test_a_refund_carries_our_number_and_asks_first_what_was_given_back(wire: Wire) -> None:
    wire.answers = [answer(**PAID), answer(Status="PARTIALLY_REFUNDED", RefundReference="77")]
    assert RAIL.refund(REFUND) == base.RefundReport("r-1", base.DONE, 2_050, "77")
    inner = CENTRE.open("PaymentRequest", wire.asked[1][2]["data"])
    assert (inner.findtext("RefundRequestNumber"), inner.findtext("Amount")) == ("r-1", "20.50")


def test_a_refund_that_is_only_looked_up_is_never_sent(wire: Wire) -> None:
    wire.answers = [answer(**PAID)]
    with pytest.raises(base.RefundUncertain):
        RAIL.refund(replace(REFUND, repeated=True, only_looked_up=True))
    assert len(wire.asked) == 1


def test_a_refund_is_left_to_a_person_where_the_centre_does_not_say_what_it_gave_back(wire: Wire) -> None:
    wire.answers = [answer(PaymentReference="8123456789")]
    with pytest.raises(base.RefundUncertain):
        RAIL.refund(REFUND)


def test_keys_that_are_too_weak_or_no_rsa_keys_are_refused() -> None:
    for given in ("", "AAAA", bare("NODE_PUBLIC")):
        with pytest.raises(ValueError, match=r"."):
            private_key(given)
