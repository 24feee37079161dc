"""Signatures of the reference-code rail, written apart from the platform's own so that neither confirms itself.

Source: Fawry developer documentation (server APIs, V2 notification). Each is the lower-case hex SHA-256 of the plain
concatenation of the named values; an absent optional value counts as the empty text.
"""

from __future__ import annotations

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


def callback_signature(callback: dict[str, Any], key: str) -> str:
    """`messageSignature` of a V2 callback; amounts are texts with two decimals."""
    return _digest(callback["fawryRefNumber"], callback["merchantRefNumber"], callback["paymentAmount"],
                   callback["orderAmount"], callback["orderStatus"], callback["paymentMethod"],
                   callback.get("paymentRefrenceNumber") or "", key)


def same(left: str, right: str) -> bool:
    """Constant-time comparison of two signatures."""
    return compare_digest(left.encode("utf-8"), right.encode("utf-8"))
