"""What payments keeps as keyed hashes (`python -m chassis rekey payments`)."""

from __future__ import annotations

from chassis.rekeying import Hashed, Passing

HASHED: tuple[Hashed, ...] = (
    Passing(("command.request_hash",), 30, "a command may be repeated so long"),
)
