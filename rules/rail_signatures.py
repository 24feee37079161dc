"""Signatures of the payment rails, as their public documents give them, compared in constant time.

Fawry: hex SHA-256 over the plain concatenation of fields and the secure key. Paymob: hex HMAC-SHA512 over twenty values
of the transaction joined without separator. Amounts in Fawry's strings have exactly two decimals.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from typing import Any

from rules.refusal import refuse

PAYMOB_FIELDS = (
    "amount_cents", "created_at", "currency", "error_occured", "has_parent_transaction", "id", "integration_id",
    "is_3d_secure", "is_auth", "is_capture", "is_refunded", "is_standalone_payment", "is_voided", "order.id", "owner",
    "pending", "source_data.pan", "source_data.sub_type", "source_data.type", "success")


def two_decimals(piastres: int) -> str:
    """`20.50` for 2050 piastres."""
    return f"{piastres // 100}.{piastres % 100:02d}"


def piastres(amount: object, field: str = "amount") -> int:
    """Piastres of an amount in pounds as a rail's message carries it (number or text). Refuses callback_malformed for
    what is no amount, is negative, or has a part of a piastre. A float is read by its shortest decimal text."""
    exact = _decimal(amount, field) * 100
    if exact != exact.to_integral_value() or not 0 <= exact < 10**15:
        raise refuse("callback_malformed", field)
    return int(exact)


def fawry_charge(merchant_code: str, merchant_ref: str, customer_profile: str, payment_method: str,
                 amount_piastres: int, secure_key: str, card_token: str = "") -> str:
    """Signature of a charge request."""
    return _sha256(merchant_code, merchant_ref, customer_profile, payment_method, two_decimals(amount_piastres),
                   card_token, secure_key)


def fawry_status(merchant_code: str, merchant_ref: str, secure_key: str) -> str:
    """Signature of a payment status request."""
    return _sha256(merchant_code, merchant_ref, secure_key)


def fawry_refund(merchant_code: str, fawry_ref: str, amount_piastres: int, secure_key: str, reason: str = "") -> str:
    """Signature of a refund request."""
    return _sha256(merchant_code, fawry_ref, two_decimals(amount_piastres), reason, secure_key)


def fawry_callback(payload: Mapping[str, Any], secure_key: str) -> str:
    """Signature of a V2 callback. `paymentRefrenceNumber` is spelled as the rail spells it. Refuses callback_malformed
    when a signed field is missing."""
    parts = [_text(payload, "fawryRefNumber"), _text(payload, "merchantRefNumber"),
             _two_decimals_of(payload, "paymentAmount"), _two_decimals_of(payload, "orderAmount"),
             _text(payload, "orderStatus"), _text(payload, "paymentMethod"),
             str(payload.get("paymentRefrenceNumber") or "")]
    return _sha256(*parts, secure_key)


def fawry_callback_genuine(payload: Mapping[str, Any], secure_key: str) -> bool:
    """Whether the callback's `messageSignature` is the one that the key gives. Refuses callback_malformed."""
    return same(str(payload.get("messageSignature") or ""), fawry_callback(payload, secure_key))


def paymob_text(transaction: Mapping[str, Any]) -> str:
    """The signed text of a transaction (`obj` of a processed callback): values in the rail's order, booleans in small
    letters, null as nothing. Refuses callback_malformed when a signed field is missing."""
    return "".join(_paymob_value(transaction, path) for path in PAYMOB_FIELDS)


def paymob_hmac(transaction: Mapping[str, Any], secret: str) -> str:
    """The `hmac` that belongs to a transaction."""
    return hmac.new(secret.encode(), paymob_text(transaction).encode(), hashlib.sha512).hexdigest()


def paymob_genuine(transaction: Mapping[str, Any], given: str, secret: str) -> bool:
    """Whether `?hmac=` is the one that the secret gives. Refuses callback_malformed."""
    return same(given, paymob_hmac(transaction, secret))


def same(given: str, expected: str) -> bool:
    """Constant-time comparison of two hex signatures; letter case does not count."""
    return hmac.compare_digest(given.strip().lower().encode(), expected.lower().encode())


def _sha256(*parts: str) -> str:
    return hashlib.sha256("".join(parts).encode()).hexdigest()


def _text(payload: Mapping[str, Any], name: str) -> str:
    value = payload.get(name)
    if isinstance(value, bool) or not isinstance(value, (str, int)) or value == "":
        raise refuse("callback_malformed", name)
    return str(value)


def _two_decimals_of(payload: Mapping[str, Any], name: str) -> str:
    return str(_decimal(payload.get(name), name).quantize(Decimal("0.01"), rounding=ROUND_HALF_EVEN))


def _decimal(value: object, field: str) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, (str, int, float, Decimal)):
        raise refuse("callback_malformed", field)
    try:
        exact = Decimal(str(value))
    except InvalidOperation:
        raise refuse("callback_malformed", field) from None
    if not exact.is_finite() or exact.adjusted() > 15:
        raise refuse("callback_malformed", field)
    return exact


def _paymob_value(transaction: Mapping[str, Any], path: str) -> str:
    value: Any = transaction
    for part in path.split("."):
        if not isinstance(value, Mapping) or part not in value:
            raise refuse("callback_malformed", path)
        value = value[part]
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return ""
    if not isinstance(value, (str, int)):
        raise refuse("callback_malformed", path)
    return str(value)
