"""A card terminal's slip as a cashier types it in: what stands on it, and the one reference that it makes.

ISO 8583 fields of an approval: card acceptor terminal id (41, eight characters), approval code (38, six), the last four
digits of the card (2), and the batch in which the terminal hands its day to the bank.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from rules.arabic import western_digits
from rules.refusal import Fault, Refusal

TERMINAL = re.compile(r"[A-Z0-9]{8}")
_APPROVAL = re.compile(r"[A-Z0-9]{6}")
_LAST4 = re.compile(r"[0-9]{4}")
_BATCH = re.compile(r"[0-9]{1,6}")


@dataclass(frozen=True, slots=True)
class Slip:
    """One approved card payment at a terminal."""

    terminal_id: str
    batch: int
    approval_code: str
    last4: str

    @property
    def reference(self) -> str:
        """What tells this slip from all others, and what the bank's file is matched by: terminal, batch, approval
        code, last four digits. Issuers number their approvals each for itself, so two cards of one batch may have the
        same code."""
        return f"{self.terminal_id}-{self.batch}-{self.approval_code}-{self.last4}"


def read(terminal_id: str, batch: str, approval_code: str, last4: str) -> Slip:
    """A slip from what was typed; Arabic-Indic digits, spaces and small letters are taken. Refuses slip_field_invalid
    for each field that no terminal prints, all at once."""
    typed = {"terminal_id": (terminal_id, TERMINAL), "batch": (batch, _BATCH),
             "approval_code": (approval_code, _APPROVAL), "last4": (last4, _LAST4)}
    clean = {name: re.sub(r"\s", "", western_digits(value)).upper() for name, (value, _) in typed.items()}
    faults = [Fault("slip_field_invalid", f"slip/{name}") for name, (_, form) in typed.items()
              if not form.fullmatch(clean[name])]
    if faults:
        raise Refusal(faults)
    return Slip(clean["terminal_id"], int(clean["batch"]), clean["approval_code"], clean["last4"])


def of_reference(reference: str) -> Slip:
    """The slip that a reference was made of. Refuses slip_field_invalid."""
    parts = reference.split("-")
    if len(parts) != 4:
        raise Refusal(Fault("slip_field_invalid", "slip"))
    return read(*parts)
