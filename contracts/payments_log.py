"""How far payments has told its story (contracts.watermarks)."""

from __future__ import annotations

from contracts.events import event
from contracts.watermarks import Reached

REACHED = event("payments.log.reached.v1", Reached)
