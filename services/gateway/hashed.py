"""What the gateway keeps as keyed hashes (`python -m chassis rekey gateway`)."""

from __future__ import annotations

from chassis.rekeying import Hashed, Passing

HASHED: tuple[Hashed, ...] = (
    Passing(("failure.key",), 1, "failed attempts are counted for minutes; a new key begins to count anew"),
    Passing(("command.request_hash",), 30, "a command may be repeated so long"),
)
