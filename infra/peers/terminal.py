"""A card terminal of the sandbox: it approves a card and prints the slip that a cashier types in; the bank's daily file
(`/statements/pos`) speaks of it. No terminal tells us by itself, so there is no callback."""

from __future__ import annotations

import re
import secrets
import time
from decimal import Decimal, InvalidOperation
from typing import Any

from infra.peers.rail import RailError
from infra.peers.rail_store import Charge, ChargeStore

BATCH = "1"
_TERMINAL = re.compile(r"[A-Z0-9]{8}")


def approve(store: ChargeStore, terminal_id: str, given: dict[str, Any]) -> dict[str, str]:
    """Charge a card: `amount` (pounds, a text), and where wanted `last4` and `batch`. Answers what stands on the slip.
    Raises RailError for what no terminal takes."""
    try:
        amount = Decimal(str(given.get("amount")))
    except InvalidOperation as error:
        raise RailError(422, 422, "no amount") from error
    batch, last4 = str(given.get("batch", BATCH)), str(given.get("last4", "4242"))
    sound = _TERMINAL.fullmatch(terminal_id) and re.fullmatch(r"[0-9]{1,6}", batch) and re.fullmatch(
        r"[0-9]{4}", last4)
    if not sound or not amount.is_finite() or amount <= 0 or amount != amount.quantize(Decimal("0.01")):
        raise RailError(422, 422, "no terminal, batch, card or amount")
    code, now = secrets.token_hex(3).upper(), time.time()
    reference = f"{terminal_id}-{int(batch)}-{code}-{last4}"
    store.put(Charge(
        merchant="pos", merchant_reference=reference, profile="", method="CARD", amount=f"{amount:.2f}",
        description="", callback_url="", return_url="", created_at=now, expires_at=None, reference=reference,
        reference_known_at=now, status="PAID", paid_amount=f"{amount:.2f}", paid_at=now, rail="pos"))
    return {"terminal_id": terminal_id, "batch": str(int(batch)), "approval_code": code, "last4": last4,
            "amount": f"{amount:.2f}"}
