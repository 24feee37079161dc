"""Signatures of the rails, written apart from the platform's own so that neither confirms itself.

Sources: Fawry developer documentation (server APIs, V2 notification): each is the lower-case hex SHA-256 of the plain
concatenation of the named values; an absent optional value counts as the empty text. Paymob documentation (transaction
processed callback): HMAC-SHA512 over the values in alphabetical order of their names.
"""

from __future__ import annotations

import hmac
from hashlib import sha256
from hmac import compare_digest
from typing import Any


def _digest(*values: str) -> str:
    return sha256("".join(values).encode("utf-8")).hexdigest()


def charge_signature(charge: dict[str, Any], key: str) -> str:
    """Signature of a charge request: merchant, merchant reference, profile, method, amount (2 decimals), card token."""
    return _digest(charge["merchantCode"], charge["merchantRefNum"], charge.get("customerProfileId") or "",
                   charge["paymentMethod"], charge["amount"], charge.get("cardToken") or "", key)


def status_signature(merchant: str, merchant_reference: str, key: str) -> str:
    """Signature of a status question."""
    return _digest(merchant, merchant_reference, key)


def refund_signature(refund: dict[str, Any], key: str) -> str:
    """Signature of a refund: merchant, reference number, amount (2 decimals), reason if there is one."""
    return _digest(refund["merchantCode"], refund["referenceNumber"], refund["refundAmount"],
                   refund.get("reason") or "", key)


def callback_signature(callback: dict[str, Any], key: str) -> str:
    """`messageSignature` of a V2 callback; amounts are texts with two decimals."""
    return _digest(callback["fawryRefNumber"], callback["merchantRefNumber"], callback["paymentAmount"],
                   callback["orderAmount"], callback["orderStatus"], callback["paymentMethod"],
                   callback.get("paymentRefrenceNumber") or "", key)


def transaction_hmac(transaction: dict[str, Any], secret: str) -> str:
    """`hmac` of a card transaction."""
    def said(value: Any) -> str:
        return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)

    order, source = transaction["order"], transaction["source_data"]
    names = ("amount_cents", "created_at", "currency", "error_occured", "has_parent_transaction", "id",
             "integration_id", "is_3d_secure", "is_auth", "is_capture", "is_refunded", "is_standalone_payment",
             "is_voided")
    text = "".join(said(transaction[name]) for name in names) + said(order["id"]) + said(transaction["owner"])
    text += said(transaction["pending"]) + said(source["pan"]) + said(source["sub_type"]) + said(source["type"])
    return hmac.digest(secret.encode(), (text + said(transaction["success"])).encode(), "sha512").hex()


def same(left: str, right: str) -> bool:
    """Constant-time comparison of two signatures."""
    return compare_digest(left.encode("utf-8"), right.encode("utf-8"))
