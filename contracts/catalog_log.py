"""How far catalog has told its story (contracts.watermarks)."""

from __future__ import annotations

from contracts.events import event
from contracts.watermarks import Reached

REACHED = event("catalog.log.reached.v1", Reached)
