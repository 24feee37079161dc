"""Reading a deliver_sm or data_sm: is it a delivery receipt, and what does it say."""

from __future__ import annotations

import re
from typing import Any

from services.notifications.providers.base import Receipt

RECEIPT = 0x04  # esm_class bits 5-2, SMPP 3.4 section 5.2.12: short message contains SMSC delivery receipt
TYPE_BITS = 0x3C

# message_state (SMPP 3.4 section 5.2.28) and its spelling in the text of a receipt (appendix B)
FINAL = {2: True, 3: False, 4: False, 5: False, 8: False}
FINAL_WORDS = {"DELIVRD": True, "EXPIRED": False, "DELETED": False, "UNDELIV": False, "REJECTD": False}

_FIELD = re.compile(r"(id|stat|err):\s*([^\s]+)", re.IGNORECASE)


def is_receipt(pdu: Any) -> bool:
    return bool(int(pdu.esm_class or 0) & TYPE_BITS == RECEIPT)


def read(pdu: Any) -> Receipt | None:
    """The receipt in a deliver_sm or data_sm, or None when it says nothing final (on its way, accepted, unknown) or
    names no message. The optional parameters win over the text, whose form the protocol leaves to each operator."""
    said = _text(getattr(pdu, "short_message", None)) or _text(getattr(pdu, "message_payload", None))
    words = {name.lower(): value for name, value in _FIELD.findall(said.split("text:")[0])}
    named = _text(getattr(pdu, "receipted_message_id", None)) or words.get("id", "")
    state = getattr(pdu, "message_state", None)
    delivered = FINAL.get(int(state)) if state is not None else FINAL_WORDS.get(words.get("stat", "").upper())
    if not named or delivered is None:
        return None
    reference = getattr(pdu, "user_message_reference", None)
    reason = None if delivered else "_".join(filter(None, ("receipt", words.get("stat", "").lower(), words.get("err"))))
    return Receipt(named, delivered, reason, None if reference is None else int(reference),
                   "+" + _text(pdu.source_addr).lstrip("+"))


def _text(value: Any) -> str:
    if value is None:
        return ""
    text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
    return text.rstrip("\x00")
