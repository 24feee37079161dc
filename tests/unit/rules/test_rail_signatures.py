import hashlib
import hmac
import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules import rail_signatures as rails
from rules.refusal import Refusal

MERCHANT, KEY = "merchant_code", "fawry_secure_key"
REF = "io5jxf3jp27kfh8m719arcqgw7izo7db"


def test_the_published_vectors_of_fawry():
    assert rails.fawry_charge(MERCHANT, REF, "ocvsydvbu2gcp528wvl64i9z5srdalg5", "PAYATFAWRY", 2050, KEY) == (
        "68a1ff1e7189137f1b3c98784399b3adc49bd644d159593a8ed2fc70a810bd7b")
    assert rails.fawry_refund(MERCHANT, "931337410", 2050, KEY) == (
        "3ddbaf9457ed9b5f6e048e1775ff7eaccd477070e31cf28a90d879e8f9689323")
    assert rails.fawry_status(MERCHANT, REF, KEY) == "7ce8b004c8f18391c273d94c7b3adde7bfa85466104d61c238a27d64fed0d99a"


CALLBACK = {"requestId": "c72827d084ea4b88949d91dd2db4996e", "fawryRefNumber": "970177",
            "merchantRefNumber": "9708f1cea8b5", "paymentAmount": 152.0, "orderAmount": 150, "fawryFees": 2,
            "orderStatus": "PAID", "paymentMethod": "CARD",
            "paymentRefrenceNumber": "34fae3a4c2"}


def signed(callback, key=KEY):
    return {**callback, "messageSignature": rails.fawry_callback(callback, key)}


def test_the_callback_is_signed_over_the_documented_text():
    text = "9701779708f1cea8b5152.00150.00PAIDCARD34fae3a4c2" + KEY
    assert rails.fawry_callback(CALLBACK, KEY) == hashlib.sha256(text.encode()).hexdigest()
    assert rails.fawry_callback_genuine(signed(CALLBACK), KEY)
    without = {key: value for key, value in CALLBACK.items() if key != "paymentRefrenceNumber"}
    assert rails.fawry_callback(without, KEY) == hashlib.sha256(
        ("9701779708f1cea8b5152.00150.00PAIDCARD" + KEY).encode()).hexdigest()
    assert rails.fawry_callback({**without, "paymentRefrenceNumber": None}, KEY) == rails.fawry_callback(without, KEY)


@pytest.mark.parametrize("name, value", [
    ("fawryRefNumber", "970178"), ("merchantRefNumber", "x"), ("paymentAmount", 1), ("orderAmount", "150.01"),
    ("orderStatus", "NEW"), ("paymentMethod", "PAYATFAWRY"), ("paymentRefrenceNumber", ""), ("messageSignature", ""),
    ("messageSignature", None), ("messageSignature", "é" * 64)])
def test_a_changed_callback_is_forged(name, value):
    assert not rails.fawry_callback_genuine({**signed(CALLBACK), name: value}, KEY)


def test_another_key_is_forged():
    assert not rails.fawry_callback_genuine(signed(CALLBACK, "another"), KEY)


@pytest.mark.parametrize("name, value", [
    ("fawryRefNumber", None), ("orderStatus", ""), ("paymentAmount", "many"), ("paymentAmount", True),
    ("orderAmount", None), ("orderAmount", "1e99"), ("orderAmount", "NaN"), ("merchantRefNumber", ["x"])])
def test_a_callback_that_cannot_be_signed_is_malformed(name, value):
    with pytest.raises(Refusal, match="callback_malformed"):
        rails.fawry_callback_genuine({**CALLBACK, name: value}, KEY)


@pytest.mark.parametrize("amount", [20.5, "20.5", "20.50", Decimal("20.500")])
def test_an_amount_is_signed_with_two_decimals_however_it_is_written(amount):
    assert rails.fawry_callback({**CALLBACK, "paymentAmount": amount}, KEY) == rails.fawry_callback(
        {**CALLBACK, "paymentAmount": "20.50"}, KEY)


@given(st.integers(0, 10**12))
def test_amounts_survive_the_way_to_the_rail_and_back(amount):
    assert rails.piastres(rails.two_decimals(amount)) == amount
    assert rails.piastres(json.loads(rails.two_decimals(amount), parse_float=Decimal)) == amount


@pytest.mark.parametrize("amount", ["20.505", "-1", "x", None, True, float("nan"), "1e40", [5]])
def test_what_is_no_amount(amount):
    with pytest.raises(Refusal, match="callback_malformed"):
        rails.piastres(amount)


# The transaction of the rail's public example, whose concatenation it prints.
TRANSACTION = {
    "amount_cents": 100000, "created_at": "2024-06-13T11:33:44.592345", "currency": "EGP", "error_occured": False,
    "has_parent_transaction": False, "id": 192036465, "integration_id": 4097558, "is_3d_secure": True, "is_auth": False,
    "is_capture": False, "is_refunded": False, "is_standalone_payment": True, "is_voided": False,
    "order": {"id": 217503754}, "owner": 302852, "pending": False,
    "source_data": {"pan": "2346", "sub_type": "MasterCard", "type": "card"}, "success": True, "extra": "unsigned"}
PRINTED = ("1000002024-06-13T11:33:44.592345EGPfalsefalse1920364654097558truefalsefalsefalsetruefalse217503754302852"
           "false2346MasterCardcardtrue")


def test_paymob_signs_the_printed_concatenation():
    assert rails.paymob_text(TRANSACTION) == PRINTED
    expected = hmac.new(b"secret", PRINTED.encode(), hashlib.sha512).hexdigest()
    assert rails.paymob_hmac(TRANSACTION, "secret") == expected
    assert rails.paymob_genuine(TRANSACTION, expected.upper(), "secret")
    assert not rails.paymob_genuine(TRANSACTION, expected, "other")
    assert not rails.paymob_genuine({**TRANSACTION, "success": False}, expected, "secret")
    assert not rails.paymob_genuine(TRANSACTION, "", "secret")


@pytest.mark.parametrize("field", ["amount_cents", "order", "success", "source_data"])
def test_a_transaction_without_a_signed_field_is_malformed(field):
    with pytest.raises(Refusal, match="callback_malformed"):
        rails.paymob_hmac({key: value for key, value in TRANSACTION.items() if key != field}, "secret")
