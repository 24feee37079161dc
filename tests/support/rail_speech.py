"""What each rail says to its merchant, made and signed by the sandboxes' own code."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from infra.peers.rail import two_decimals
from infra.peers.rail_store import Charge
from infra.peers.rails import Rails

RAILS = ("efinance", "fawry", "paymob")
NOON = 1772359200.0  # 2026-03-01 10:00 UTC
SANDBOX = Rails({})
FORGED = """
    SELECT coalesce((SELECT sum(count) FROM forged_callback), 0) + coalesce((
      SELECT sum((details->>'count')::int) FROM audit WHERE starts_with(subject, 'forged:')), 0) AS n"""
"""How many forged callbacks payments has counted, told in the audit or not yet."""


@dataclass(frozen=True)
class Message:
    """A callback as it goes over the wire."""

    body: str
    query: dict[str, str]
    media_type: str


def pounds(piastres: int) -> str:
    return f"{piastres // 100}.{piastres % 100:02d}"


def say(rail: str, ours: str, theirs: str, status: str = "PAID", *, paid: int = 12_050, ordered: int = 12_050,
        forged: bool = False, refunds: tuple[int, ...] = (), at: float = NOON, by: Rails = SANDBOX) -> Message:
    """A callback about the charge that is `ours` to us and `theirs` to the rail, paid at a moment. Amounts in piastres;
    `refunds` are those done so far; `by` holds the keys it is signed with. A card page knows no expiry and no
    cancelling: it says that a card was declined."""
    if rail == "paymob" and status in ("EXPIRED", "CANCELED"):
        status = "FAILED"
    charge = Charge(
        merchant="", merchant_reference=ours, profile="", method="PAYATFAWRY", amount=two_decimals(pounds(ordered)),
        description="", callback_url="http://node.example/callbacks", return_url="", created_at=at, expires_at=None,
        reference=theirs, reference_known_at=0.0, paid_amount=pounds(paid), paid_at=at,
        payment_reference="123456789012", rail=rail,
        refunds=[{"id": f"55{number}", "order": "", "amount": pounds(one)} for number, one in enumerate(refunds)])
    made = by.rail.dialects[rail].message(charge, status, forged=forged)
    return Message(made["body"], dict(parse_qsl(urlsplit(made["url"]).query)), made["media_type"])
