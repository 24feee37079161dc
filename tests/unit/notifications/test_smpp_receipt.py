"""Delivery receipts as operators write them."""

from types import SimpleNamespace

import pytest

from services.notifications.providers import smpp_receipt
from services.notifications.providers.base import Receipt

TEXT = b"id:1A2B sub:001 dlvrd:001 submit date:2601011200 done date:2601011201 stat:%s err:%s text:stat:REJECTD id:9"


def pdu(text=b"", **given):
    fields = {
        "short_message": text,
        "source_addr": b"201012345678",
        "esm_class": 4,
        "receipted_message_id": None,
        "message_state": None,
        "user_message_reference": None,
        **given,
    }
    return SimpleNamespace(**fields)


def test_the_text_is_enough():
    assert smpp_receipt.read(pdu(TEXT % (b"DELIVRD", b"000"))) == Receipt("1A2B", True, None, None, "+201012345678")
    assert smpp_receipt.read(pdu(TEXT % (b"UNDELIV", b"069"))) == Receipt(
        "1A2B", False, "receipt_undeliv_069", None, "+201012345678"
    )


def test_the_optional_parameters_win_over_the_text():
    read = smpp_receipt.read(
        pdu(TEXT % (b"DELIVRD", b"000"), receipted_message_id=b"77\x00", message_state=5, user_message_reference=16001)
    )
    assert (read.provider_message_id, read.delivered, read.reference) == ("77", False, 16001)


@pytest.mark.parametrize(
    "given",
    [
        pdu(TEXT % (b"ENROUTE", b"000")),
        pdu(TEXT % (b"ACCEPTD", b"000")),
        pdu(TEXT % (b"UNKNOWN", b"000")),
        pdu(b""),
        pdu(b"stat:DELIVRD"),
        pdu(message_state=2),
        pdu(receipted_message_id=b"1", message_state=1),
        pdu(b"\xff\xfe\x00"),
    ],
)
def test_what_says_nothing_final_is_no_receipt(given):
    assert smpp_receipt.read(given) is None


@pytest.mark.parametrize(
    "esm_class, receipt", [(0x04, True), (0x44, True), (0x00, False), (0x08, False), (0x10, False), (None, False)]
)
def test_the_message_type_bits_tell_a_receipt_from_a_text(esm_class, receipt):
    assert smpp_receipt.is_receipt(pdu(esm_class=esm_class)) is receipt
